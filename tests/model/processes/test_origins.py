"""Moves within Germany from and to the surroundings and farther: counted apart, and changed one by one."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
import toy
from crowd import book, crowd, run, z_of
from quartier.model.processes.migration import IN_MIGRATE, OUT_MIGRATE
from quartier.model.processes.origins import distance_mix, surroundings_share
from quartier.model.processes.out_moves import expected_by_destination
from quartier.model.rates import Modifier

PEOPLE = crowd(1500, quartiere=2)


def town(*changes: Modifier, flows: pd.DataFrame | None = None):
    """The crowd in two Quartiere, with migration only."""
    rates = book().with_modifiers(changes)
    tables = {} if flows is None else {"flows": flows}
    return toy.town(PEOPLE, (OUT_MIGRATE, IN_MIGRATE), quartiere=2, rates=rates, check=False, **tables)


def year(model) -> dict[str, int]:
    """Events of eight quarters."""
    seen = dict.fromkeys(model.events, 0)
    for _ in range(8):
        model.step()
        for kind, n in model.events.items():
            seen[kind] += int(n.sum())
    return seen


@pytest.fixture(scope="module")
def plain() -> dict[str, int]:
    """Events without any change."""
    return year(town())


def test_half_of_the_moves_within_germany_lead_to_or_come_from_the_surroundings(plain):
    for way in ("in", "out"):
        all_moves, near = plain[f"{way}_migration_germany"], plain[f"{way}_migration_surroundings"]
        assert all_moves > 200
        assert (
            abs(z_of(near, 0.5 * all_moves, 2 * 0.25 * all_moves)) < 3.3
        )  # households of up to about three move as one


@pytest.mark.parametrize("way", ["in", "out"])
def test_a_scenario_changes_one_distance_and_leaves_the_other(way, plain):
    more = year(town(Modifier(f"{way}_moves_surroundings", "factor", 3.0)))
    near, far = (
        f"{way}_migration_surroundings",
        lambda seen: seen[f"{way}_migration_germany"] - seen[f"{way}_migration_surroundings"],
    )
    assert more[near] == pytest.approx(3 * plain[near], rel=0.25)
    assert far(more) == pytest.approx(far(plain), rel=0.25)
    left = 0.94 if way == "out" else 1.0  # fewer are there to go abroad: 0.94 over eight seeds, 0.88 to 0.99
    assert more[f"{way}_migration_abroad"] == pytest.approx(left * plain[f"{way}_migration_abroad"], rel=0.1)
    none = year(town(Modifier(f"{way}_moves_farther", "value", 0.0)))
    assert none[near] == none[f"{way}_migration_germany"] > 0


def test_without_a_change_the_level_is_exactly_one_and_a_factor_on_one_half_gives_half_of_it():
    class_of, level, near = distance_mix(town(), "out")
    assert class_of.tolist() == [0, 0] and (level == 1).all() and (near == 0.5).all()
    _, level, near = distance_mix(
        town(Modifier("out_moves_surroundings", "factor", 3.0, age_from=30, age_to=39)), "out"
    )
    assert level[0, 0, [29, 30, 39, 40]].tolist() == [1, 2, 2, 1] and near[0, 1, 35] == 0.75


def flows(**events: float) -> pd.DataFrame:
    """Moves of 2023 by origin: keys ``in_germany`` and the like."""
    rows = [
        {"date": date(2023, 12, 31), "event": f"{name.partition('_')[0]}_move", "from_id": "", "to_id": "", "sex": "t",
         "origin": name.partition("_")[2], "age_from": 0, "age_to": -1, "persons": persons}
        for name, persons in events.items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_registered_origins_give_the_share_of_the_surroundings_and_the_level_of_each_destination():
    base = expected_by_destination(town()).sum(axis=(1, 2))
    told = flows(
        out_surroundings=0.3 * base[0],
        out_germany=0.9 * base[0],
        out_abroad=2 * base[1],
        in_germany=90,
        in_surroundings=10,
    )
    model = town(flows=told)
    assert surroundings_share(model, "out") == pytest.approx(0.25) and surroundings_share(model, "in") == pytest.approx(
        0.1
    )
    assert expected_by_destination(model).sum(axis=(1, 2)) == pytest.approx([1.2 * base[0], 2 * base[1]], rel=0.02)


def test_registered_in_moves_from_abroad_set_their_level():
    model = town(flows=flows(in_abroad=123, in_germany=300, in_surroundings=300))
    assert model.side["in_migrate"].persons_per_year(model, 1).sum() == pytest.approx(123, rel=0.01)


def test_partners_who_leave_together_go_to_the_same_place():
    people = [
        {"age": 30, "sex": i % 2, "household": i // 2, "partner": i ^ 1, "union_state": 2, "quarter": i % 4}
        for i in range(800)
    ]
    model = toy.town(
        people, (OUT_MIGRATE,), rates=book(out_migration_germany=0.4, out_migration_abroad=0.0), check=False
    )
    near = []
    for _ in range(4):
        run(model, 1)
        near.append(int(model.events["out_migration_surroundings"].sum()))
    assert sum(near) > 20 and all(n % 2 == 0 for n in near)
    assert np.ptp(near) > 0
