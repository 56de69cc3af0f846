"""A small change makes a small difference: the same luck in both worlds, and nothing that spreads one life's change to all."""

from __future__ import annotations

import numpy as np
import pytest
import toy
from crowd import book, crowd
from quartier.calibration.sample import national_pyramid, sample_region
from quartier.model.model import QuartierModel
from quartier.model.processes import STEP
from quartier.model.processes.market_areas import area_distances, market_areas
from quartier.model.processes.migration import OUT_MIGRATE
from quartier.model.processes.out_moves import moving_units
from quartier.model.rates import Modifier, read_rate_book
from quartier.model.synthesis.synthesise import synthesise

WITHOUT_MOVES = "die bear separate marry form_union leave_home return_home out_migrate in_migrate"


def differences(persons: int, years: int, replicates: int, names: str, change: Modifier) -> np.ndarray:
    """Paired differences of the population, one per replicate."""
    rates = read_rate_book("00")
    region = sample_region(national_pyramid(rates), persons, 3)
    start = synthesise(region, rates, 1)
    processes = tuple(p for p in STEP if p.name in names.split())

    def end(book, replicate: int) -> int:
        model = QuartierModel(region, book, start, replicate=replicate, processes=processes)
        model.run(start.step + 4 * years)
        return int((model.people.present == 1).sum())

    changed = rates.with_modifiers([change])
    return np.array([end(changed, r) - end(rates, r) for r in range(replicates)])


def test_in_births_and_deaths_alone_a_difference_has_the_noise_of_its_own_events():
    d = differences(8_000, 5, 12, "die bear", Modifier("mortality", "factor", 0.9, start=toy.START + 1))
    assert d.min() > 0
    assert d.var(ddof=1) < 3 * d.mean()


@pytest.mark.long
def test_unions_and_migration_do_not_spread_a_change_of_mortality():
    d = differences(20_000, 8, 12, WITHOUT_MOVES, Modifier("mortality", "factor", 0.95, start=toy.START + 1))
    assert d.mean() > 0
    assert d.var(ddof=1) < 8 * d.mean()  # 3 and the sampling error of a variance from 12 pairs; not shared: hundreds


def test_a_small_town_is_one_partner_market_and_a_large_one_is_cut_into_areas_of_neighbours():
    rates = read_rate_book("00")
    region = sample_region(national_pyramid(rates), 1_600, 16)
    start = synthesise(region, rates, 1)
    form = tuple(p for p in STEP if p.name == "form_union")
    whole = QuartierModel(region, rates, start, processes=form)
    assert set(market_areas(whole)) == {0}
    small = QuartierModel(region, rates.with_parameters({"partner_area_persons": 450}), start, processes=form)
    area = market_areas(small)
    persons = np.bincount(area[small.people.quartier])
    assert persons.size == 4
    assert persons.max() <= 450
    distance = area_distances(small, area)
    assert (np.diag(distance)[:, None] <= distance + 1e-9).all()


def test_a_quartier_larger_than_an_area_is_an_area_of_its_own():
    form = tuple(p for p in STEP if p.name == "form_union")
    model = toy.town(crowd(50, 3), form, quartiere=3, rates=book({"partner_area_persons": 1}))
    assert sorted(market_areas(model)) == [0, 1, 2]


def test_who_leaves_the_town_does_not_hang_on_who_has_found_a_dwelling():
    couple = {"union_state": 1, "union_since": toy.START - 2}
    people = [
        {"age": 24, "sex": 1, "household": 0, "role": 1, "mother": 2, "partner": 3, "plan": 3, **couple},
        {"age": 22, "sex": 0, "household": 0, "role": 1, "mother": 2, "plan": 1},
        {"age": 50, "sex": 1, "household": 0},
        {"age": 25, "sex": 0, "household": 1, "role": 1, "mother": 4, "partner": 0, **couple},
        {"age": 52, "sex": 1, "household": 1},
        {"age": 21, "sex": 1, "household": 1, "role": 1, "mother": 4},
    ]
    model = toy.town(people, (OUT_MIGRATE,))
    assert moving_units(model, np.arange(6)).tolist() == [3, 1, 1, 3, 1, 5]


def test_a_couple_leaves_by_the_luck_of_the_one_who_leads_whatever_the_partner():
    def gone(partner_key: int) -> list[int]:
        people = []
        for i in range(400):
            union = {"household": i, "union_state": 2, "union_since": toy.START - 40}
            people += [{"age": 30, "sex": 1, "partner": 2 * i + 1, **union}, {"age": 30, "sex": 0, "partner": 2 * i, **union}]
        model = toy.town(people, (OUT_MIGRATE,), rates=book(out_migration_germany=0.3, out_migration_abroad=0.0))
        men = model.people.sex == 0
        model.people.key[men] += np.uint64(partner_key)
        model.step()
        return model.people.id[(model.people.present == 0) & (model.people.sex == 1)].tolist()

    first = gone(0)
    assert len(first) > 10
    assert gone(12345) == first
