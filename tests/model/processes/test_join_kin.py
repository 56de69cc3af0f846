"""Old people in need of care who move in with a child: who may, to whom, and how often."""

from __future__ import annotations

import numpy as np
import pytest
import toy
from crowd import book, run, z_limit, z_of
from quartier.model.columns import Plan, Role
from quartier.model.processes.join_kin import JOIN_KIN

SOON = {"join_kin_hazard": 40.0}


def mother(**more: int) -> dict:
    return {"age": 84, "sex": 1, "household": 0, "care": 3, **more}


def child(household: int, **more: int) -> dict:
    return {"age": 55, "sex": 1, "household": household, "mother": 0, **more}


def test_a_mother_in_need_moves_in_with_her_child_and_her_dwelling_is_vacant():
    model = run(toy.town([mother(), child(1), child(2, mother=-1)], (JOIN_KIN,), rates=book(SOON)), 1)
    p = model.people
    assert p.household.tolist() == [1, 1, 2]
    assert (p.role[0], p.plan[0]) == (Role.OTHER, Plan.NONE)
    assert model.dwellings.household[0] == -1


def test_a_father_moves_too_and_a_child_in_an_institution_takes_nobody_in():
    people = [mother(sex=0), child(1, mother=-1, father=0, role=2), child(2, mother=-1, father=0)]
    model = run(toy.town(people, (JOIN_KIN,), rates=book(SOON)), 1)
    assert model.people.household[0] == model.people.household[2]


@pytest.mark.parametrize("other", [{"age": 78}, {"care": 2}, {"role": 2}])
def test_who_is_younger_or_less_in_need_or_in_a_home_stays(other: dict[str, int]):
    model = run(toy.town([mother(**other), child(1)], (JOIN_KIN,), rates=book(SOON)), 1)
    assert model.people.household[0] == 0


def test_who_has_a_partner_or_lives_with_a_child_stays():
    couple = {"union_state": 2, "union_since": 100}
    people = [mother(partner=1, **couple), {"age": 83, "sex": 0, "household": 0, "partner": 0, **couple}, child(1)]
    model = run(toy.town(people, (JOIN_KIN,), rates=book(SOON)), 1)
    assert model.people.household.tolist() == [0, 0, 1]
    model = run(toy.town([mother(), child(1), child(0, role=1)], (JOIN_KIN,), rates=book(SOON)), 1)
    assert model.people.household.tolist() == [0, 1, 0]


def test_several_children_are_chosen_alike():
    n = 300
    people = []
    for i in range(n):
        people.append(mother(household=3 * i))
        people += [child(3 * i + k, mother=3 * i) for k in (1, 2)]
    model = run(toy.town(people, (JOIN_KIN,), rates=book(SOON), check=False), 1)
    p = model.people
    first = int((p.household[0::3] == p.household[1::3]).sum())
    second = int((p.household[0::3] == p.household[2::3]).sum())
    assert first + second == n
    assert abs(z_of(first, n / 2, n / 4)) < z_limit(1)


def test_as_many_move_as_the_hazard_says():
    n, hazard, steps = 2000, 0.1, 4
    people = [person for i in range(n) for person in (mother(household=2 * i), child(2 * i + 1, mother=2 * i))]
    model = run(toy.town(people, (JOIN_KIN,), rates=book({"join_kin_hazard": hazard}), check=False), steps)
    moved = int((model.people.role[0::2] == Role.OTHER).sum())
    share = -np.expm1(-hazard * steps / 4)
    assert abs(z_of(moved, n * share, n * share * (1 - share))) < z_limit(1)
