"""Deaths: who is widowed, orphaned, taken in; deaths against the table; the life expectancy they add up to."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import toy
from crowd import CERTAIN, Ledger, book, crowd, row, run, z_limit, z_of
from quartier.model.columns import Former, Kind, Plan, Role
from quartier.model.processes.deaths import DIE, death_hazards
from quartier.model.rates import DATA, Modifier
from quartier.model.thresholds import hazard_thresholds

PUBLISHED = {"m": 78.8, "f": 83.4}
"""Life expectancy at birth, Destatis life table 2023/2025."""


def deadly(from_age: int, to_age: int = 200, sex: str | None = None):
    rates = book(mortality=0.0, mortality_decline=0.0)
    return rates.with_modifiers([Modifier("mortality", "value", CERTAIN, age_from=from_age, age_to=to_age, sex=sex)])


def hazards_by_hand(year: int) -> np.ndarray:
    """Annual hazards [sex, age] straight from the file: level, trend, and an eighth of the exposure half a step younger."""
    frame = pd.read_csv(DATA / "mortality.csv")
    base = np.stack([frame[frame.sex == s].sort_values("age").hazard.to_numpy() for s in ("m", "f")])
    decline = np.stack([frame[frame.sex == s].sort_values("age").decline.to_numpy() for s in ("m", "f")])
    base = base * np.exp(-decline * (year - 2024))
    mixed = base * 7 / 8
    mixed[:, 1:] += base[:, :-1] / 8
    mixed[:, 0] *= 4 / 3
    return mixed


def test_a_death_widows_and_leaves_the_children_with_the_other_parent():
    people = [
        {"age": 80, "sex": 0, "household": 0, "partner": 1, "union_state": 2},
        {"age": 50, "sex": 1, "household": 0, "partner": 0, "union_state": 2},
        {"age": 9, "sex": 1, "household": 0, "role": 1, "mother": 1, "father": 0},
        {"age": 90, "sex": 1, "household": 1}, {"age": 30, "sex": 0, "household": 2},
    ]
    model = run(toy.town(people, (DIE,), rates=deadly(79)), 1)
    p = model.people
    assert [row(model, i) >= 0 for i in range(5)] == [False, True, True, False, True]
    widow = row(model, 1)
    assert (p.partner[widow], p.union_state[widow], p.former_union[widow]) == (-1, 0, Former.WIDOWED)
    assert p.household[row(model, 2)] == p.household[widow]
    assert model.dwellings.household.tolist() == [0, -1, 2]
    assert model.events["deaths"].sum() == 2
    assert model.events["orphans"].sum() == 0


ORPHAN = {"age": 4, "sex": 0, "household": 0, "role": 1, "mother": 0}
MOTHER = {"age": 90, "sex": 1, "household": 0}


@pytest.mark.parametrize(("others", "home"), [
    pytest.param([{"age": 45, "sex": 0, "household": 1}, {"age": 60, "sex": 1, "household": 2}], 1, id="the other parent"),
    pytest.param([{"age": 60, "sex": 1, "household": 1}, {"age": 70, "sex": 1, "household": 2}], 2, id="a grandmother"),
    pytest.param([{"age": 60, "sex": 1, "household": 1}, {"age": 25, "sex": 1, "household": 2, "mother": 0}], 2, id="a grown sibling"),
    pytest.param([
        {"age": 60, "sex": 1, "household": 1}, {"age": 40, "sex": 1, "household": 2},
        {"age": 6, "sex": 1, "household": 2, "role": 1, "mother": 3},
    ], 2, id="a family nearby"),
    pytest.param([{"age": 60, "sex": 1, "household": 1}], 1, id="any adult"),
])
def test_an_orphan_is_taken_in_by(others: list[dict], home: int, request: pytest.FixtureRequest):
    case = request.node.callspec.id
    child, mother = dict(ORPHAN), dict(MOTHER)
    if case == "the other parent":
        child["father"] = 2
    if case == "a grandmother":
        mother["mother"] = 3
    model = run(toy.town([mother, child, *others], (DIE,), rates=deadly(89)), 1)
    orphan = row(model, 1)
    assert model.people.household[orphan] == home
    assert model.people.role[orphan] == Role.CHILD
    assert model.events["orphans"].sum() == 1


def test_orphans_of_a_town_without_adults_live_in_an_institution_together():
    sister = {**ORPHAN, "age": 16, "sex": 1}
    model = run(toy.town([MOTHER, ORPHAN, sister], (DIE,), rates=deadly(89)), 1)
    p = model.people
    homes = p.household[[row(model, 1), row(model, 2)]]
    assert homes[0] == homes[1]
    assert model.households.kind[homes[0]] == Kind.OTHER_COMMUNAL
    assert (p.role[p.present == 1] == Role.RESIDENT).all()
    assert model.events["orphans"].sum() == 2


def test_both_parents_die_in_the_same_step():
    people = [
        {"age": 90, "sex": 0, "household": 0, "partner": 1, "union_state": 1},
        {"age": 90, "sex": 1, "household": 0, "partner": 0, "union_state": 1},
        {"age": 15, "sex": 1, "household": 0, "role": 1, "mother": 1, "father": 0},
        {"age": 19, "sex": 1, "household": 0, "role": 1, "mother": 1, "father": 0},
        {"age": 40, "sex": 0, "household": 1},
    ]
    model = run(toy.town(people, (DIE,), rates=deadly(89)), 1)
    p, grown = model.people, row(model, 3)
    assert p.role[grown] == Role.ADULT
    assert p.household[row(model, 2)] == p.household[grown]
    assert model.dwellings.household[0] == p.household[grown]


def test_who_waited_to_move_out_keeps_the_dwelling_when_the_other_dies():
    people = [
        {"age": 90, "sex": 1, "household": 0},
        {"age": 60, "sex": 0, "household": 0, "role": Role.OTHER, "plan": Plan.SEPARATED, "plan_since": toy.START},
    ]
    model = run(toy.town(people, (DIE,), rates=deadly(89)), 1)
    assert (model.people.role[1], model.people.plan[1]) == (Role.ADULT, Plan.NONE)


def test_a_town_can_die_out():
    model = run(toy.town(toy.singles([30], [1]), (DIE,), rates=deadly(0)), 5)
    assert len(model.people) == 0
    assert (model.dwellings.household == -1).all()


def test_a_quartier_with_other_mortality_uses_its_own():
    rates = book(mortality=0.0, mortality_decline=0.0).with_modifiers(
        [Modifier("mortality", "value", CERTAIN, quartiere=(1,))]
    )
    people = [{"age": 50, "sex": i % 2, "household": i, "quartier": i % 3} for i in range(9)]
    model = run(toy.town(people, (DIE,), rates=rates, quartiere=3), 1)
    assert model.events["deaths"].tolist() == [0, 3, 0]


def test_deaths_by_sex_age_and_quartier_are_noise_around_the_table():
    model = toy.town(crowd(12_000, 3), (DIE,), quartiere=3)
    ledger = Ledger(3 * 2 * 12)
    for _ in range(12):
        p, step = model.people, model.now + 1
        here = np.flatnonzero(p.present == 1)
        ids, age = p.id[here], (step - p.birth[here].astype(int)) // 4
        chance = -np.expm1(-hazards_by_hand(step // 4)[p.sex[here], np.minimum(age, 110)] / 4)
        cell = (p.quartier[here].astype(int) * 2 + p.sex[here]) * 12 + np.minimum(age // 10, 11)
        model.step()
        ledger.add(cell, chance, model.rows_of(ids) < 0)
    z, limit = ledger.largest_z()
    assert ledger.seen.sum() > 1000
    assert z < limit


def test_a_cohort_lives_as_long_as_the_life_table():
    model = toy.town(toy.singles([30], [1]), (DIE,), rates=book(mortality_decline=0.0))
    chance = hazard_thresholds(death_hazards(model))[0, 0] / 2**32
    for sex, label in enumerate(("m", "f")):
        steps = 1 - chance[sex][np.arange(1, 4 * 130) // 4]
        alive = np.concatenate(([1.0], np.cumprod(steps)))
        assert alive.sum() / 4 == pytest.approx(PUBLISHED[label], abs=0.1)


def test_life_expectancy_rises_as_the_trend_says():
    model = toy.town(toy.singles([30], [1]), (DIE,))
    model.now = 4 * 2050
    chance = hazard_thresholds(death_hazards(model))[0, 0] / 2**32
    expected = {0: 83.2, 1: 86.5}  # model-demography.md 5
    for sex, e0 in expected.items():
        alive = np.concatenate(([1.0], np.cumprod(1 - chance[sex][np.arange(1, 4 * 130) // 4])))
        assert alive.sum() / 4 == pytest.approx(e0, abs=0.15)


@pytest.mark.long
def test_a_simulated_cohort_dies_at_the_ages_of_the_life_table():
    n = 20_000
    model = toy.town(toy.singles(np.full(n, 18), np.arange(n) % 2), (DIE,), rates=book(mortality_decline=0.0), check=False)
    model.people.birth[:] = toy.START - 4 * 18
    lived = np.zeros(2)
    for _ in range(4 * 95):
        lived += np.bincount(model.people.sex[model.people.present == 1], minlength=2)
        model.step()
    hazard = hazards_by_hand(2024)
    for sex in range(2):
        age = np.minimum((4 * 18 + 1 + np.arange(4 * 95)) // 4, 110)
        alive = np.concatenate(([1.0], np.cumprod(np.exp(-hazard[sex][age] / 4))))
        expected = alive[:-1].sum()
        spread = np.sqrt((2 * (np.arange(alive.size - 1) + 0.5) * alive[:-1]).sum() - expected**2) / np.sqrt(n / 2)
        assert abs(z_of(lived[sex] / (n / 2), expected, spread**2)) < z_limit(2)
