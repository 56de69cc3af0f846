"""The town's own level of deaths, out-moves and moves inside, from registered flows."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
import toy
from crowd import crowd
from quartier.model.processes.deaths import DIE, death_hazards
from quartier.model.processes.in_moves import register_net
from quartier.model.processes.local_levels import residents
from quartier.model.processes.migration import IN_MIGRATE, OUT_MIGRATE
from quartier.model.processes.moves import MOVE
from quartier.model.processes.out_moves import expected_out_moves, out_hazards
from quartier.model.rates import read_rate_book
from quartier.model.thresholds import pad_ages

RATES = read_rate_book("01")
PEOPLE = crowd(1500, quartiere=3)


def flows(*rows: tuple) -> pd.DataFrame:
    """Rows (event, from, to, sex, first age, last age, persons) of 2023."""
    columns = ["event", "from_id", "to_id", "sex", "age_from", "age_to", "persons"]
    return pd.DataFrame(rows, columns=columns).assign(date=date(2023, 12, 31), origin="")


def town(processes, *rows: tuple):
    """The crowd in three Quartiere, with these flows if any."""
    return toy.town(PEOPLE, processes, quartiere=3, check=False, **({"flows": flows(*rows)} if rows else {}))


def expected_deaths() -> np.ndarray:
    """Deaths of 2023 by the life table [sex]."""
    decline = RATES["mortality_decline"].values
    hazard = RATES["mortality"].values * np.exp(-decline * (2023 - RATES.parameter("mortality_base_year")))
    return (pad_ages(hazard) * residents(town(())).sum(axis=0)).sum(axis=1)


def test_without_flows_every_level_is_exactly_one():
    model = town((DIE, OUT_MIGRATE, IN_MIGRATE, MOVE))
    assert (model.side["die"]["level"] == 1).all() and (model.side["out_migrate"]["level"] == 1).all()
    assert model.side["move"]["level"] == 1.0


def test_the_level_of_mortality_is_deaths_over_expected_shrunken_by_fifty_and_by_sex():
    men, women = expected_deaths()
    model = town((DIE,), ("death", "", "", "m", 0, -1, 2 * men), ("death", "", "", "f", 0, -1, women))
    k = RATES.parameter("mortality_shrinkage")
    assert model.side["die"]["level"] == pytest.approx([(2 * men + k) / (men + k), 1.0])
    ratio = death_hazards(model) / death_hazards(town((DIE,)))
    assert ratio[0, 0, 0, 70] == pytest.approx((2 * men + k) / (men + k)) and ratio[0, 0, 1, 70] == pytest.approx(1)


def test_deaths_without_a_split_by_sex_give_one_level_for_both():
    total = expected_deaths().sum()
    model = town((DIE,), *[("death", f"{q:02d}", "", "t", 0, -1, 1.5 * total / 3) for q in (1, 2, 3)])
    k = RATES.parameter("mortality_shrinkage")
    assert model.side["die"]["level"] == pytest.approx([(1.5 * total + k) / (total + k)] * 2)


def test_the_town_sends_away_as_many_as_are_registered():
    plain = expected_out_moves(town((OUT_MIGRATE,))).sum()
    model = town((OUT_MIGRATE,), ("out_move", "", "", "t", 0, -1, 1.4 * plain))
    assert expected_out_moves(model).sum() == pytest.approx(1.4 * plain, rel=0.01)  # ceilings of the few at 17-19
    assert (model.side["out_migrate"]["level"] == pytest.approx(1.4)) is True


def test_out_moves_by_age_give_each_band_its_own_level_shrunken_towards_the_towns():
    plain = expected_out_moves(town((OUT_MIGRATE,)))
    young, old = plain[:, :30].sum(), plain[:, 30:].sum()
    rows = (("out_move", "", "", "t", 0, 29, 3 * young), ("out_move", "", "", "t", 30, -1, old))
    level = town((OUT_MIGRATE,), *rows).side["out_migrate"]["level"][0]
    all_ages, k = (3 * young + old) / (young + old), RATES.parameter("out_moves_shrinkage")
    assert level[0, 20] == pytest.approx(all_ages * (3 * young + k) / (all_ages * young + k))
    assert level[1, 40] == pytest.approx(all_ages * (old + k) / (all_ages * old + k))
    assert level[0, 20] > all_ages > level[0, 40]


def test_more_people_are_received_where_more_leave_and_the_net_is_the_registered_one():
    plain = expected_out_moves(town((OUT_MIGRATE,))).sum()
    rows = (("out_move", "", "", "t", 0, -1, 1.5 * plain), ("in_move", "", "", "t", 0, -1, 1.5 * plain + 10))
    model = town((OUT_MIGRATE, IN_MIGRATE), *rows)
    assert register_net(model, residents(model).sum(axis=0)) == pytest.approx(10)
    arrivals = sum(model.side["in_migrate"].persons_per_year(model, o).sum() for o in range(len(out_hazards(model)[1])))
    assert arrivals - expected_out_moves(model).sum() == pytest.approx(10, rel=0.05)


def test_in_moves_by_age_are_met_in_their_shares():
    plain = expected_out_moves(town((OUT_MIGRATE,))).sum()
    rows = [("out_move", "", "", "t", 0, -1, plain)]
    rows += [("in_move", "", "", "t", a, b, share * plain) for a, b, share in ((0, 17, 0.1), (18, 29, 0.7), (30, -1, 0.2))]
    model = town((OUT_MIGRATE, IN_MIGRATE), *rows)
    templates = model.side["in_migrate"]
    by_age = sum(templates.persons_per_year(model, o) for o in range(len(out_hazards(model)[1]))).sum(axis=0)
    shares = np.array([by_age[:18].sum(), by_age[18:30].sum(), by_age[30:].sum()]) / by_age.sum()
    assert shares == pytest.approx([0.1, 0.7, 0.2], abs=0.03)


def test_moves_inside_the_town_raise_or_lower_the_wish_to_move():
    expected = (pad_ages(RATES["moves_within_town"].values) * residents(town(()))).sum()
    more = town((MOVE,), ("move", "", "", "t", 0, -1, 1.2 * expected))
    assert more.side["move"]["level"] == pytest.approx(1.4)  # half of the moves are structural: the wish must rise by 40 %
    none = town((MOVE,), ("move", "", "", "t", 0, -1, 0.1 * expected))
    assert none.side["move"]["level"] == RATES.parameter("moves_level_least")
    between = [("move", a, b, "t", 0, -1, expected / 6) for a in ("01", "02", "03") for b in ("01", "02", "03") if a != b]
    assert town((MOVE,), *between).side["move"]["level"] > 1.4  # those inside a Quartier come on top
