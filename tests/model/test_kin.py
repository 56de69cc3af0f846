"""Kin across households: who has a partner and children where, and the children outside the town."""

from __future__ import annotations

import numpy as np
import pytest
import toy
from crowd import book, row, z_of
from quartier.model import households as verbs
from quartier.model.kin import LOSE_KIN
from quartier.model.kin_counts import MEASURES, kin_counts
from quartier.model.kin_distance import MOST, away_counts, away_total, one_child, take_one
from quartier.model.processes.migration import IN_MIGRATE

NEAR, MIDDLE, FAR = (int(one_child(np.array(place))) for place in range(3))
OLD = {
    "mother": {"age": 70, "sex": 1, "household": 0, "partner": 1, "union_state": 2, "kin_away": FAR},
    "father": {"age": 72, "sex": 0, "household": 0, "partner": 0, "union_state": 2, "kin_away": FAR},
}


def counts(people: list[dict], **options) -> dict[str, np.ndarray]:
    """Measures [Quartier, sex] by name."""
    table = kin_counts(toy.town(people, quartiere=2, **options))
    return dict(zip(MEASURES, np.moveaxis(table, -1, 0), strict=True))


def child(household: int, quartier: int = 0, mother: int = 0, father: int = 1) -> dict:
    return {"age": 40, "sex": 0, "household": household, "quartier": quartier, "mother": mother, "father": father}


@pytest.mark.parametrize(
    ("household", "quartier", "nearest"), [(0, 0, "child_household"), (1, 0, "child_quartier"), (1, 1, "child_town")]
)
def test_each_parent_is_counted_once_by_the_nearest_child(household, quartier, nearest):
    found = counts([*OLD.values(), child(household, quartier)])
    assert found["persons"].tolist() == [[1, 1], [0, 0]]
    assert found["partner_household"].tolist() == [[1, 1], [0, 0]]
    places = {name: int(found[name].sum()) for name in MEASURES if name.startswith("child_") or name == "no_child"}
    assert places == {**dict.fromkeys(places, 0), nearest: 2}
    assert found["children_town"].sum() == 2
    assert found["children_farther"].sum() == 2
    assert found["kin_town"].sum() == found["kin_quartier"].sum() == 2  # each other, at least
    assert found["relatives_town"].sum() == 4
    assert found["relatives_quartier"].sum() == 2 + 2 * (quartier == 0)


def test_the_nearest_of_several_children_counts():
    found = counts([*OLD.values(), child(1, 1), child(2, 0), child(3, 1)])
    assert found["child_quartier"].sum() == 2
    assert found["child_town"].sum() == 0
    assert found["children_town"].sum() == 6


def test_who_has_children_only_outside_the_town_or_none_is_told_apart():
    both = NEAR + FAR
    found = counts([
        {**OLD["mother"], "partner": -1}, {"age": 80, "sex": 1, "household": 1}, {**OLD["mother"], "partner": -1, "kin_away": both},
    ])  # fmt: skip
    assert (found["child_farther"].sum(), found["child_25_km"].sum(), found["no_child"].sum()) == (1, 1, 1)
    assert (found["children_25_km"].sum(), found["children_100_km"].sum(), found["children_farther"].sum()) == (1, 0, 2)
    assert found["partner"].sum() == found["kin_town"].sum() == 0


def test_parents_and_siblings_are_kin_too():
    mother = {"age": 90, "sex": 1, "household": 0}
    found = counts([
        mother,
        {"age": 68, "sex": 0, "household": 1, "mother": 0},
        {"age": 66, "sex": 1, "household": 2, "quartier": 1, "mother": 0},
        {"age": 60, "sex": 1, "household": 3, "quartier": 1, "mother": 0},
        {"age": 66, "sex": 1, "household": 4, "quartier": 1},
    ])  # fmt: skip
    assert found["kin_town"].tolist() == [[1, 1], [0, 1]]
    assert found["kin_quartier"].tolist() == [[1, 1], [0, 1]]
    assert found["relatives_town"].tolist() == [[3, 3], [0, 3]]
    assert found["relatives_quartier"].tolist() == [[1, 1], [0, 1]]


def test_children_elsewhere_are_counted_by_place_and_taken_one_by_one():
    packed = np.array([0, NEAR, 2 * NEAR + 3 * FAR, MIDDLE * MOST + FAR], np.uint16)
    assert away_counts(packed).tolist() == [[0, 0, 0], [1, 0, 0], [2, 0, 3], [0, MOST, 1]]
    assert away_total(packed).tolist() == [0, 1, 5, MOST + 1]

    def taken(value: np.uint16, u: float) -> list[int]:
        return away_counts(np.array(take_one.py_func(int(value), u))).tolist()

    assert [taken(value, 0.5) for value in packed[1:]] == [[0, 0, 0], [2, 0, 2], [0, MOST - 1, 1]]
    fewer = [taken(packed[2], u) for u in np.linspace(0.001, 0.999, 500)]
    assert (fewer.count([1, 0, 3]), fewer.count([2, 0, 2])) == (200, 300)


def test_who_leaves_for_abroad_is_far_away_and_the_others_in_the_shares_of_moves():
    people = [{"age": 60, "sex": 1, "household": i} for i in range(3000)]
    people += [{"age": 30, "sex": 0, "household": 3000 + i, "mother": i} for i in range(3000)]
    model = toy.town(people, check=False)
    leavers, abroad = np.arange(3000, 6000), np.arange(3000) < 1000
    verbs.remove(model, leavers, died=False, abroad=abroad)
    by_place = away_counts(model.people.kin_away[:3000])
    assert by_place[:1000].sum(axis=0).tolist() == [0, 0, 1000]
    near, far = (model.rates.parameter(f"leavers_{name}_km") for name in ("within_25", "beyond_100"))
    expected = np.array([near, 1 - near - far, far])
    deviation = by_place[1000:].sum(axis=0) - 2000 * expected
    assert (np.abs(deviation) < 3.5 * np.sqrt(2000 * expected * (1 - expected))).all()


def test_people_under_65_are_not_counted():
    assert sum(v.sum() for v in counts([{"age": 64, "sex": 1, "household": 0}]).values()) == 0


def test_the_dead_are_nobodys_child_and_those_who_leave_are_children_elsewhere_of_both_parents():
    model = toy.town([*OLD.values(), child(1), child(2)], quartiere=2)
    verbs.remove(model, np.array([row(model, 2)]), died=True)
    assert kin_counts(model)[..., MEASURES.index("children_town")].sum() == 2
    verbs.remove(model, np.array([row(model, 3)]), died=False)
    assert away_total(model.people.kin_away[[row(model, 0), row(model, 1)]]).tolist() == [2, 2]
    outside = [MEASURES.index(name) for name in ("child_25_km", "child_100_km", "child_farther")]
    assert kin_counts(model)[..., outside].sum() == 2


def test_children_outside_the_town_die_by_the_life_table_at_the_parents_age_less_29():
    rates = book(mortality=0.2, mortality_decline=0.0)
    people = toy.singles([60] * 3000, [1] * 3000, kin_away=NEAR + FAR)
    model = toy.town(people, (LOSE_KIN,), rates=rates, check=False)
    model.run(model.now + 4)
    left = away_counts(model.people.kin_away).sum(axis=0)
    lost = 6000 - int(left.sum())
    assert abs(z_of(int(left[0]), 3000 - lost / 2, lost / 4)) < 3.3  # near and far are hit alike
    p = 1 - np.exp(-2 * 0.2)  # at most one of the two is counted
    assert abs(z_of(lost, 3000 * p, 3000 * p * (1 - p))) < 3.3


def test_nothing_is_lost_between_year_ends():
    model = toy.town(toy.singles([90] * 100, [1] * 100, kin_away=3 * MIDDLE), (LOSE_KIN,), rates=book(mortality=5.0))
    model.run(model.now + 3)
    assert away_total(model.people.kin_away).sum() == 300


def test_an_arriving_mother_has_left_as_many_children_behind_as_did_not_come_along():
    mother = {"age": 55, "sex": 1, "household": 0, "parity": 2}
    at_home = {"age": 20, "sex": 0, "household": 0, "role": 1, "mother": 0}
    people = [mother, at_home, *toy.singles([40] * 50, [0] * 50)]
    for i, person in enumerate(people[2:]):
        person["household"] = i + 1
    rates = book(in_migration_germany=8.0, in_migration_abroad=0.0)
    model = toy.town(people, (IN_MIGRATE, LOSE_KIN), rates=rates, vacant_rooms=[3] * 5)
    model.run(model.now + 2)
    p = model.people
    arrived = np.flatnonzero((p.sex == 1) & (p.id >= len(people)) & (model.ages() >= 50))
    assert arrived.size > 0
    assert set(away_total(p.kin_away[arrived]).tolist()) <= {0, 1}
    assert 1 in away_total(p.kin_away[arrived])
    assert (p.kin_away[(p.sex == 1) & (p.id >= len(people)) & (model.ages() < 40)] == 0).all()
