"""Migration: who goes with whom, how many leave and arrive by age, and what a town without dwellings does."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import toy
from crowd import CERTAIN, Ledger, book, crowd, run
from quartier.model import QuartierModel
from quartier.model.columns import Former, Reason, Role
from quartier.model.kin_distance import away_total
from quartier.model.processes import STEP
from quartier.model.processes.home import leaving_hazard
from quartier.model.processes.migration import IN_MIGRATE, OUT_MIGRATE
from quartier.model.processes.moves import MOVE
from quartier.model.processes.out_moves import expected_out_moves, moving_units, out_hazards
from quartier.model.rates import DATA, Modifier, read_rate_book
from quartier.model.synthesis import synthesise
from towns import national

STAY = {"out_migration_germany": 0.0, "out_migration_abroad": 0.0}


def leaving(from_age: int, to_age: int, **options: float):
    """Only people of these ages leave, for elsewhere in Germany."""
    rates = book({"out_migration_ceiling": 40.0, "out_migration_ceiling_partner": 40.0, **options}, **STAY)
    return rates.with_modifiers([Modifier("out_migration_germany", "value", CERTAIN, age_from=from_age, age_to=to_age)])


FAMILY = [
    {"age": 40, "sex": 1, "household": 0, "partner": 1, "union_state": 2},
    {"age": 45, "sex": 0, "household": 0, "partner": 0, "union_state": 2},
    {"age": 8, "sex": 1, "household": 0, "role": 1, "mother": 0, "father": 1},
    {"age": 20, "sex": 1, "household": 0, "role": 1, "mother": 0, "father": 1},
    {"age": 70, "sex": 1, "household": 1},
]


def test_a_couple_leaves_together_with_its_minors_and_the_grown_child_stays():
    model = run(toy.town(FAMILY, (OUT_MIGRATE,), rates=leaving(39, 42)), 1)
    p = model.people
    assert p.present.tolist() == [0, 0, 0, 1, 1]
    assert p.role[3] == Role.ADULT
    assert model.events["out_migration_germany"].sum() == 3
    assert model.events["out_migration_abroad"].sum() == 0


def test_a_grown_child_leaves_alone_and_counts_as_child_away():
    model = toy.town(FAMILY, (OUT_MIGRATE,), rates=leaving(19, 21))
    for _ in range(40):
        model.step()
    p = model.people
    assert sorted(p.id[p.present == 1].tolist()) == [0, 1, 2, 4]
    assert away_total(p.kin_away[model.rows_of(np.array([0]))]).tolist() == [1]


def test_a_child_is_never_left_behind_alone():
    people = [{"age": 30, "sex": 1, "household": 0}, {"age": 4, "sex": 1, "household": 0, "role": 1, "mother": 0}]
    model = run(toy.town(people, (OUT_MIGRATE,), rates=leaving(30, 31)), 1)
    assert (model.people.present == 0).all()


def test_a_couple_who_lives_apart_is_parted_when_one_leaves():
    people = [
        {"age": 30, "sex": 1, "household": 0, "partner": 1, "union_state": 1},
        {"age": 50, "sex": 0, "household": 1, "partner": 0, "union_state": 1},
    ]
    model = run(toy.town(people, (OUT_MIGRATE,), rates=leaving(30, 31)), 1)
    p = model.people
    assert p.present.tolist() == [0, 1]
    assert (p.partner[1], p.former_union[1]) == (-1, Former.SEPARATED)


def test_residents_of_homes_and_children_do_not_leave_on_their_own():
    people = [{"age": 85, "sex": 1, "household": 0, "role": 2}, *[
        {**person, "household": 1} for person in (
            {"age": 50, "sex": 1}, {"age": 16, "sex": 0, "role": 1, "mother": 1}, {"age": 18, "sex": 0, "role": 1, "mother": 1})]]
    model = toy.town(people, (OUT_MIGRATE,))
    assert moving_units(model, np.arange(4)).tolist() == [0, 2, 0, 5]


def test_nobody_can_leave_both_alone_and_as_a_minor_with_the_parents():
    """Who goes along with a parent who leaves is counted with her, and never draws on the own account."""
    for age in (16, 17, 18, 19):
        people = [{"age": 45, "sex": 1, "household": 0}, {"age": age, "sex": 0, "household": 0, "role": 1, "mother": 0}]
        model = toy.town(people, (OUT_MIGRATE,), rates=leaving(45, 46))
        own_account = moving_units(model, np.arange(2))[1] > 0
        goes_along = run(model, 1).people.present.tolist() == [0, 0]
        assert goes_along != own_account
        assert goes_along == (age < 18)


@pytest.mark.parametrize("destination", ["germany", "abroad"])
def test_every_age_keeps_its_rate_on_the_national_composition(destination: str):
    """In a synthetic national town the moves expected are the table's at every age of 20 to 74, whoever goes with whom."""
    region, rates = national(60_000, 4), read_rate_book("00")
    other = {"germany": "abroad", "abroad": "germany"}[destination]
    rates = rates.with_modifiers([Modifier(f"out_migration_{other}", "value", 0.0)])
    model = QuartierModel(region, rates, synthesise(region, rates, 1), processes=(OUT_MIGRATE,))
    p, age = model.people, model.ages()
    table = pd.read_csv(DATA / "migration.csv")
    base = np.stack([table[table.sex == s].sort_values("age")[destination].to_numpy() for s in ("m", "f")])
    wanted = np.zeros((2, 132))
    np.add.at(wanted, (p.sex, age), base[p.sex, np.minimum(age, 110)])
    edges = [20, 30, 40, 50, 60, 75]
    moves = np.add.reduceat(expected_out_moves(model), edges, axis=1).sum(axis=0)[:5]
    assert moves == pytest.approx(np.add.reduceat(wanted, edges, axis=1).sum(axis=0)[:5], rel=0.04)


def test_partners_together_leave_as_often_as_one_alone():
    hazard = out_hazards(toy.town(FAMILY, (OUT_MIGRATE,)))[1][0, 0]
    assert hazard[3, 0, 40] + hazard[3, 1, 40] == pytest.approx((hazard[1, 0, 40] + hazard[1, 1, 40]) / 2)
    assert hazard[2, 1, 30] / hazard[1, 1, 30] < 0.68


def test_leaving_by_sex_age_and_unit_is_noise_around_the_hazards():
    model = toy.town(crowd(9000, 2), (OUT_MIGRATE,), quartiere=2, check=False)
    hazard = out_hazards(model)[1][:, 0].sum(axis=0)
    p, step = model.people, model.now + 1
    unit, ledger = moving_units(model, np.arange(len(model.people))), Ledger(6 * 2 * 4)
    age = (step - p.birth.astype(int)) // 4
    chance = -np.expm1(-hazard[unit, p.sex, age] / 4)
    partner = model.rows_of(p.partner)
    coupled = (unit == 3) | (unit == 4)
    chance[coupled] = 1 - (1 - chance[coupled]) * (1 - chance[partner[coupled]])
    draws = (unit > 0) & (~coupled | (p.sex == 1))  # one entry per couple
    model.step()
    gone = model.people.present == 0
    cell = (unit.astype(int) * 2 + p.sex) * 4 + np.minimum(age // 25, 3)
    ledger.add(cell[draws], chance[draws], gone[draws])
    z, limit = ledger.largest_z(5)
    assert ledger.seen.sum() > 100
    assert z < limit


def test_arrivals_by_sex_and_age_are_the_rates_times_the_start_population():
    years = 4
    model = toy.town(crowd(3000), (IN_MIGRATE,), check=False)
    side = model.side["in_migrate"]
    side.profile[:] = 1.0  # no net migration of its own; that is tested in test_in_moves.py
    side.fitted.clear()
    p = model.people
    table = pd.read_csv(DATA / "migration.csv")
    rate = {k: np.stack([table[table.sex == s].sort_values("age")[k].to_numpy() for s in ("m", "f")]) for k in ("germany", "in_abroad")}
    stock = np.zeros((2, 111))
    np.add.at(stock, (p.sex, np.minimum(model.ages(), 110)), 1)
    expected = {"germany": rate["germany"] * stock, "abroad": rate["in_abroad"] * stock.sum(axis=1, keepdims=True)}
    seen = {"germany": np.zeros((2, 20)), "abroad": np.zeros((2, 20))}
    for _ in range(4 * years):
        before = model.next_id
        model.step()
        new = model.rows_of(np.arange(before, model.next_id))
        split = int(model.events["in_migration_germany"].sum())
        for kind, rows in (("germany", new[:split]), ("abroad", new[split:])):
            np.add.at(seen[kind], (model.people.sex[rows], np.minimum(model.ages(rows) // 5, 19)), 1)
    for kind, moves in expected.items():
        want = years * np.add.reduceat(moves, np.arange(0, 100, 5), axis=1)
        assert seen[kind].sum() == pytest.approx(want.sum(), rel=0.03)
        big = want >= 40
        # systematic rounding: less than Poisson noise
        assert np.abs((seen[kind] - want) / np.sqrt(np.maximum(want, 1)))[big].max() < 3.0


def test_arrivals_are_whole_households_who_look_for_a_dwelling():
    model = toy.town(crowd(400), (IN_MIGRATE,))
    first = model.next_id
    model.step()
    p, h = model.people, model.households
    new = model.rows_of(np.arange(first, model.next_id))
    homes = np.unique(p.household[new])
    assert np.bincount(p.household[new], minlength=len(h))[homes].tolist() == h.size[homes].tolist()
    assert (h.dwelling[homes] < 0).all()
    assert (h.reason[homes] == Reason.ARRIVED).all()
    children = new[p.role[new] == Role.CHILD]
    assert (p.mother[children] >= first).all()
    assert children.size and (p.partner[new] >= 0).any()


def test_without_a_dwelling_arrivals_wait_and_are_counted_and_a_new_dwelling_serves_one():
    model = run(toy.town(crowd(400), (IN_MIGRATE, MOVE), rates=book(moves_within_town=0.0)), 4)
    waiting = int(((model.households.dwelling < 0) & (model.households.size > 0)).sum())
    assert waiting > 3
    assert model.events["unserved_seekers"].sum() == waiting


@pytest.mark.parametrize("people", [
    pytest.param(toy.singles([40], [0]), id="one inhabitant"),
    pytest.param(toy.singles([40, 50, 60], [1, 1, 1]), id="no men"),
    pytest.param([{"age": 80, "sex": 1, "household": 0, "role": 2}], id="a nursing home alone"),
])
def test_a_strange_town_runs(people: list[dict]):
    model = run(toy.town(people, (OUT_MIGRATE, IN_MIGRATE, MOVE)), 12)
    assert (model.people.birth <= model.now).all()


def test_a_quartier_without_people_runs():
    people = [{"age": 30 + i, "sex": i % 2, "household": i, "quartier": 2 * (i % 2)} for i in range(60)]
    model = run(toy.town(people, (OUT_MIGRATE, IN_MIGRATE, MOVE), quartiere=3, vacant_rooms=[2] * 9), 12)
    assert model.events["in_migration_germany"].shape == (3,)


def test_no_migration_means_nobody_comes_or_goes():
    zero = {f"{way}_migration_{where}": 0.0 for way in ("in", "out") for where in ("germany", "abroad")}
    model = toy.town(crowd(300), (OUT_MIGRATE, IN_MIGRATE), rates=book(**zero))
    n = len(model.people)
    run(model, 8)
    assert len(model.people) == n


def test_a_scenario_on_leaving_home_reaches_those_who_leave_the_town_and_nobody_else():
    rates = read_rate_book("01")
    usual, more = (
        toy.town(FAMILY, STEP, rates=rates.with_modifiers([Modifier("leaving_home", "factor", f)])) for f in (1.0, 1.5)
    )
    (_, before), (_, after) = out_hazards(usual), out_hazards(more)
    assert (after[:, 0, 1:5] == before[:, 0, 1:5]).all()
    young = slice(19, 25)
    assert (after[:, 0, 5, :, young] >= before[:, 0, 5, :, young]).all()
    assert (after[:, 0, 5, :, young] > 1.3 * before[:, 0, 5, :, young]).mean() > 0.8
    # what leaves by union, for the town's border and for a dwelling in town is the scenario's gross leaving, or the floor's
    union, gross = rates["union_formation_mid"].values[:, young], 1.5 * rates["leaving_home"].values[:, young]
    out = after[:, 0, 5, :, young].sum(axis=0) / rates.parameter("out_migration_level")
    total = union + out + leaving_hazard(more)[0][:, young]
    assert total == pytest.approx(gross, rel=1e-9)


def test_minors_whose_parents_do_not_come_arrive_alone_and_are_taken_in():
    rates = book({}, in_migration_germany=0.0, in_migration_abroad=0.0)
    rates = rates.with_modifiers([Modifier("in_migration_germany", "value", 0.05, age_from=6, age_to=14)])
    model = toy.town(crowd(3000, 2), (OUT_MIGRATE, IN_MIGRATE), quartiere=2, rates=rates)
    templates = model.side["in_migrate"]
    p, n = model.people, len(model.people)
    asked = templates._in_moves(model, "in_migration_germany").sum()
    brought = templates.persons_per_year(model, 0)
    assert brought.sum() == pytest.approx(asked, rel=0.01)
    assert brought[:, 18:].sum() == 0
    model.step()  # checks that no child lives without an adult
    came = np.arange(n, len(p))
    assert came.size == pytest.approx(asked / 4, abs=1)
    assert model.events["orphans"].sum() == came.size
    assert (model.households.size[p.household[came]] > 1).all()


def test_where_families_come_no_minor_arrives_alone():
    model = toy.town(crowd(3000, 2), (IN_MIGRATE,), quartiere=2, check=False)
    templates = model.side["in_migrate"]
    for origin in range(2):
        weight = templates.households_per_year(model, origin)
        assert weight[templates.lone :].sum() < 0.005 * weight.sum()
