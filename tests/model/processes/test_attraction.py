"""Quartiere keep their age profile: each group of movers is drawn to where it already lives."""

import numpy as np
import pytest
import toy
from quartier.model.columns import Kind
from quartier.model.processes.attraction import FAMILY, attraction, group_of, household_groups
from quartier.model.processes.moves import MOVE


def old_and_young() -> list[dict]:
    """600 households: Quartier 0 of people of 22, Quartier 1 of people of 72, a couple with a child in each."""
    people = [{"age": 22 if i % 2 == 0 else 72, "sex": i // 2 % 2, "household": i, "quartier": i % 2} for i in range(600)]
    for quartier in (0, 1):
        mother = len(people)
        people.append({"age": 35, "sex": 1, "household": 600 + quartier, "quartier": quartier})
        people.append({"age": 3, "sex": 0, "household": 600 + quartier, "quartier": quartier, "role": 1, "mother": mother})
    return people


def test_a_household_belongs_to_the_group_of_its_oldest_member_or_to_the_families():
    assert group_of(np.array([18, 25, 29, 30, 44, 45, 65]), np.zeros(7, bool)).tolist() == [0, 1, 1, 2, 2, 3, 4]
    assert group_of(np.array([18, 70]), np.ones(2, bool)).tolist() == [FAMILY, FAMILY]
    model = toy.town(old_and_young(), (), quartiere=2)
    groups = household_groups(model, np.flatnonzero(model.households.kind == Kind.PRIVATE))
    assert np.bincount(groups, minlength=6).tolist() == [300, 0, 0, 0, 300, 2]


def test_the_attraction_is_the_ratio_of_shares_shrunken_towards_the_town():
    model = toy.town(old_and_young(), (), quartiere=2)
    k = model.rates.parameter("attraction_shrinkage")
    weight = attraction(model)
    assert weight[0] == pytest.approx([(300 + k) / (150 + k), (0 + k) / (150 + k)], rel=1e-9)
    assert weight[FAMILY] == pytest.approx([1.0, 1.0])
    assert weight[1] == pytest.approx([1.0, 1.0])  # nobody of 25-29: all Quartiere alike


def test_without_persistence_all_groups_choose_alike():
    people = old_and_young()
    rates = toy.read_rate_book("01")
    rates.parameters["attraction_persistence"] = 0.0
    assert (attraction(toy.town(people, (), quartiere=2, rates=rates)) == 1.0).all()


def test_young_people_who_look_for_a_dwelling_mostly_find_it_among_the_young():
    people = old_and_young()
    seekers = range(40)
    for i in seekers:  # they have lost their dwelling and come from anywhere
        people[i].update(age=22)
    model = toy.town(people, (MOVE,), quartiere=2, vacant_rooms=[2] * 200, check=False)
    h, d = model.households, model.dwellings
    d.household[h.dwelling[:40]] = -1
    h.dwelling[:40], h.reason[:40] = -1, 1
    model.step()
    assert (h.dwelling[:40] >= 0).all()
    assert np.mean(h.quartier[:40] == 0) > 0.7  # half if all groups chose alike
