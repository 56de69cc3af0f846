"""The verbs that write who lives with whom: by hand, and people conserved over whole runs."""

from __future__ import annotations

import numpy as np
import pytest
import toy
from crowd import crowd, row, run
from quartier.model import households as verbs
from quartier.model.columns import Former, Kind, Plan, Role, Union
from quartier.model.invariants import check
from quartier.model.kin_distance import away_total
from quartier.model.model import QuartierModel
from quartier.model.processes.births import BEAR
from quartier.model.processes.deaths import DIE
from quartier.model.processes.home import LEAVE_HOME, RETURN_HOME
from quartier.model.processes.migration import IN_MIGRATE, OUT_MIGRATE
from quartier.model.processes.moves import MOVE
from quartier.model.processes.partnership import FORM_UNION, MARRY, SEPARATE
from quartier.model.tables import NONE

DEMOGRAPHY = (DIE, BEAR, SEPARATE, MARRY, FORM_UNION, LEAVE_HOME, RETURN_HOME, OUT_MIGRATE, IN_MIGRATE, MOVE)


def family(**union: int) -> list[dict[str, int]]:
    """Mother, father, a child of 5, one of 20 and the father's child of 8 in household 0; a single man in household 1."""
    couple = {"household": 0, "union_state": Union.MARRIED, **union}
    return [
        {"age": 45, "sex": 1, "partner": 1, **couple}, {"age": 47, "sex": 0, "partner": 0, **couple},
        {"age": 5, "sex": 0, "household": 0, "role": 1, "mother": 0, "father": 1},
        {"age": 20, "sex": 1, "household": 0, "role": 1, "mother": 0, "father": 1},
        {"age": 8, "sex": 1, "household": 0, "role": 1, "mother": -1, "father": 1},
        {"age": 30, "sex": 0, "household": 1},
    ]


def rows(model: QuartierModel, *people: int) -> np.ndarray:
    return model.rows_of(np.array(people))


def test_arrivals_get_fresh_ids_and_the_tables_grow():
    model = toy.town(family())
    before = model.people.capacity
    new = verbs.arrive(model, 1000, key=np.arange(1000, dtype=np.uint64), birth=model.now - 4 * 30)
    verbs.join(model, new, verbs.found(model, np.zeros(1000, int)))
    assert model.people.capacity > before
    assert model.people.id[new].tolist() == list(range(6, 1006))
    check(model)


def test_joining_empties_the_old_home_and_frees_its_dwelling():
    model = toy.town(family())
    home, dwelling = 1, model.households.dwelling[1]
    verbs.join(model, rows(model, 5), np.array([0]))
    assert model.households.size.tolist() == [6, 0]
    assert (model.households.dwelling[home], model.dwellings.household[dwelling]) == (NONE, NONE)
    check(model)


def test_an_emptied_household_is_used_again():
    model = toy.town(family())
    verbs.join(model, rows(model, 5), np.array([0]))
    assert verbs.found(model, np.array([0, 0])).tolist() == [1, 2]


def test_people_who_swap_homes_empty_none():
    model = toy.town(toy.singles([30, 40, 50], [0, 1, 0]))
    verbs.join(model, rows(model, 0, 1, 2), np.array([1, 2, 0]))
    assert model.households.size.tolist() == [1, 1, 1]
    assert (model.dwellings.household >= 0).all()
    check(model)


def moves(model: QuartierModel) -> tuple[list[int], list[int]]:
    """People who left and reached each Quartier in this step, as counted."""
    return model.events["moves_out"].tolist(), model.events["moves_in"].tolist()


def test_every_member_of_a_household_that_moves_to_another_quartier_is_counted():
    model = toy.town(family(), vacant_rooms=[6, 6, 6], quartiere=2)  # the vacant ones in the first, second, first Quartier
    verbs.settle(model, np.array([0]), np.array([2]))
    assert moves(model) == ([0, 0], [0, 0])  # inside the Quartier
    verbs.settle(model, np.array([0]), np.array([3]))
    assert moves(model) == ([5, 0], [0, 5])
    check(model)


def test_a_household_that_finds_its_first_dwelling_has_arrived_and_not_moved():
    model = toy.town(family(), vacant_rooms=[6, 6], quartiere=2)
    model.dwellings.household[model.households.dwelling[0]], model.households.dwelling[0] = NONE, NONE
    verbs.settle(model, np.array([0]), np.array([3]))
    assert moves(model) == ([0, 0], [0, 0]) and model.people.quartier[:5].tolist() == [1] * 5


def test_who_joins_a_household_of_another_quartier_is_counted_and_who_comes_to_town_is_not():
    people = [{"age": 30, "sex": 0, "household": i, "quartier": i} for i in range(3)]
    model = toy.town(people, quartiere=3)
    verbs.join(model, rows(model, 2), np.array([0]))
    assert moves(model) == ([0, 0, 1], [1, 0, 0])
    new = verbs.arrive(model, 1, key=np.array([7], np.uint64), birth=model.now - 4 * 30)
    verbs.join(model, new, np.array([1]))
    assert moves(model) == ([0, 0, 1], [1, 0, 0])


def test_joining_takes_the_quartier_of_the_home():
    model = toy.town([{"age": 30, "sex": 0, "household": i, "quartier": i} for i in range(3)], quartiere=3)
    verbs.join(model, rows(model, 0), np.array([2]))
    assert model.people.quartier.tolist() == [2, 1, 2]


def test_settling_moves_all_members_and_frees_the_old_dwelling():
    model = toy.town(family(), quartiere=2, vacant_rooms=[5, 5])
    vacant = int(np.flatnonzero((model.dwellings.household < 0) & (model.dwellings.quartier == 1))[0])
    verbs.settle(model, np.array([0]), np.array([vacant]))
    assert model.people.quartier.tolist() == [1, 1, 1, 1, 1, 0]
    assert model.dwellings.household[0] == NONE
    assert model.households.moved_at[0] == model.now
    check(model)


def test_a_death_widows_the_partner():
    model = toy.town(family())
    verbs.remove(model, rows(model, 0), died=True)
    p, widower = model.people, row(model, 1)
    assert (p.partner[widower], p.union_state[widower], p.former_union[widower]) == (NONE, Union.NONE, Former.WIDOWED)
    assert p.kin_away.sum() == 0
    check(model)


def test_who_leaves_the_town_alone_is_separated_and_counts_as_child_away():
    model = toy.town(family())
    verbs.remove(model, rows(model, 1, 3), died=False)
    p, mother = model.people, row(model, 0)
    assert (p.partner[mother], p.former_union[mother]) == (NONE, Former.SEPARATED)
    assert away_total(p.kin_away[mother]) == 1
    check(model)


def test_a_mother_who_leaves_with_her_child_is_counted_nowhere():
    model = toy.town(family())
    verbs.remove(model, rows(model, 0, 1, 2, 3, 4), died=False)
    assert model.people.kin_away.sum() == 0
    check(model)


def test_both_partners_can_die_in_the_same_step():
    model = toy.town(family())
    verbs.join(model, rows(model, 2, 3, 4), np.array([1, 1, 1]))
    verbs.remove(model, rows(model, 0, 1), died=True)
    assert model.people.present.tolist() == [0, 0, 1, 1, 1, 1]
    assert (model.people.partner == NONE).all()
    check(model)


def test_ending_a_union_ends_the_wish_to_live_together():
    model = toy.town(family())
    p = model.people
    p.plan[:2] = Plan.JOIN_PARTNER
    p.plan[5] = Plan.LEAVE_HOME
    verbs.end_unions(model, rows(model, 1), Former.SEPARATED)
    assert p.plan[:2].tolist() == [Plan.NONE, Plan.NONE]
    assert p.plan[5] == Plan.LEAVE_HOME


@pytest.mark.parametrize(("leaders", "under", "expected"), [
    ([0], None, {0: 0, 2: 0, 3: 0}),
    ([1], None, {1: 1, 2: 1, 3: 1, 4: 1}),
    ([0], 18, {0: 0, 2: 0}),
    ([1, 0], None, {0: 0, 1: 1, 2: 0, 3: 0, 4: 1}),  # common children go with the mother
    ([0, 3], None, {0: 0, 2: 0, 3: 3}),  # a child who is a leader goes alone
    ([5], None, {5: 5}),
])
def test_children_follow_their_parent(leaders: list[int], under: int | None, expected: dict[int, int]):
    model = toy.town(family())
    who, leader = verbs.with_children(model, rows(model, *leaders), under)
    assert {int(r): leaders[k] for r, k in zip(who, leader, strict=True)} == expected


def test_who_is_separated_leaves_the_common_children_and_takes_the_own():
    model = toy.town(family())
    model.people.role[1] = Role.OTHER
    who, _ = verbs.with_children(model, rows(model, 1))
    assert who.tolist() == [1, 4]
    model.people.role[0] = Role.OTHER  # two parents on the move: the children are not left behind
    assert verbs.with_children(model, rows(model, 0, 1))[0].tolist() == [0, 1, 2, 3, 4]


def test_a_couple_of_two_women_is_led_by_the_smaller_key():
    model = toy.town(toy.singles([30, 31, 40, 41], [1, 1, 1, 0]))
    verbs.unite(model, rows(model, 0, 2), rows(model, 1, 3), np.array([False, True]))
    p = model.people
    assert p.leads[:2].tolist() == (p.key[:2] == p.key[:2].min()).astype(int).tolist()
    assert p.leads[2:].tolist() == [1, 0]
    assert p.union_state.tolist() == [1, 1, 2, 2]
    check(model)


def test_compacting_drops_the_absent_and_keeps_every_link():
    model = toy.town(family())
    verbs.remove(model, rows(model, 0), died=True)
    children = model.people.id[rows(model, 2, 3)]
    verbs.compact(model)
    assert len(model.people) == 5
    assert model.rows_of(np.array([0])).tolist() == [-1]
    assert (model.people.father[model.rows_of(children)] == 1).all()
    check(model)


def test_an_institution_is_never_used_again_and_has_no_dwelling():
    model = toy.town(family())
    home = verbs.found(model, np.array([0]), Kind.NURSING_HOME)
    verbs.join(model, rows(model, 5), home)
    model.people.role[5] = Role.RESIDENT
    check(model)
    verbs.remove(model, rows(model, 5), died=True)
    assert home[0] not in model.empty_households
    check(model)


def test_people_are_conserved_and_consistent_through_two_years_of_everything():
    model = toy.town(crowd(1500, 4), DEMOGRAPHY, quartiere=4, vacant_rooms=[2, 3, 4, 5] * 20)
    gains = ("births", "in_migration_germany", "in_migration_abroad")
    losses = ("deaths", "out_migration_germany", "out_migration_abroad")
    seen = dict.fromkeys(model.events, 0)
    for _ in range(8):
        before = int((model.people.present == 1).sum())
        model.step()
        for kind, count in model.events.items():
            seen[kind] += int(count.sum())
        balance = sum(int(model.events[k].sum()) for k in gains) - sum(int(model.events[k].sum()) for k in losses)
        assert int((model.people.present == 1).sum()) - before == balance
    for kind in (*gains, *losses, "unions", "marriages", "separations", "leaving_home", "moves_in"):
        assert seen[kind] > 0, kind


def test_a_population_that_outgrows_its_arrays_grows_them():
    from crowd import book
    from quartier.model.rates import Modifier

    rates = book({"in_migration_level": 30.0}, out_migration_germany=Modifier("out_migration_germany", "factor", 1.0))
    model = toy.town(crowd(60), (DIE, BEAR, IN_MIGRATE, MOVE), rates=rates, vacant_rooms=[3] * 5)
    before = (model.people.capacity, model.households.capacity, model.row_of_id.size)
    run(model, 8)
    assert all(now > then for now, then in zip(
        (model.people.capacity, model.households.capacity, model.row_of_id.size), before, strict=True))
