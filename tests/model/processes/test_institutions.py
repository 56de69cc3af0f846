"""Homes for disabled people and other communal accommodation: places stay, residents turn over, orphans leave at 18."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import towns
import toy
from crowd import CERTAIN, book, z_limit, z_of
from quartier.model.columns import Kind, Reason, Role
from quartier.model.model import QuartierModel
from quartier.model.processes.births import BEAR
from quartier.model.processes.deaths import DIE
from quartier.model.processes.institutions import FILL_INSTITUTIONS, KINDS
from quartier.model.processes.migration import IN_MIGRATE, OUT_MIGRATE
from quartier.model.processes.moves import MOVE
from quartier.model.rates import Modifier, read_rate_book
from quartier.model.synthesis import synthesise
from quartier.model.thresholds import AGES, pad_ages

RATES = read_rate_book("00")
STEPS = (DIE, BEAR, OUT_MIGRATE, FILL_INSTITUTIONS, MOVE)
PEOPLE = (DIE, BEAR, OUT_MIGRATE, IN_MIGRATE, FILL_INSTITUTIONS, MOVE)
FOR_EVER = book({"institution_leaving": 0.0})


@pytest.fixture(scope="module")
def start():
    """A town of 40,000 in four Quartiere."""
    return synthesise(towns.national(40_000, 4), RATES, 1)


def model_of(start, rates=RATES, processes=STEPS, **options):
    """A model of it."""
    options = {"check_each_step": True, **options}
    return QuartierModel(towns.national(40_000, 4), rates, start, processes=processes, **options)


def living_there(model) -> np.ndarray:
    """Rows of the residents, counted over all people."""
    p = model.people
    return np.flatnonzero((p.present == 1) & np.isin(model.households.kind[np.maximum(p.household, 0)], KINDS))


def town(people, rates, kind: Kind = Kind.DISABILITY_HOME, **options):
    """A toy town whose homes (households of residents) are of this kind."""
    start = toy.start(people, **options)
    start.households["kind"][start.households["kind"] == Kind.NURSING_HOME] = kind
    return QuartierModel(toy.region(1), rates, start, processes=(FILL_INSTITUTIONS,), check_each_step=True)


def test_every_place_is_filled_again_in_the_same_quarter(start):
    model = model_of(start)
    homes, places = (model.side["fill_institutions"][k].copy() for k in ("homes", "places"))
    before = set(model.people.id[living_there(model)].tolist())
    persons = int((model.people.present == 1).sum())
    assert places.sum() == len(before) > 100
    for _ in range(6):
        model.step()
        assert model.households.size[homes].tolist() == places.tolist()
        events = {k: int(v.sum()) for k, v in model.events.items()}
        persons += (
            events["births"] - events["deaths"] - events["out_migration_germany"] - events["out_migration_abroad"]
        )
        assert (model.people.present == 1).sum() == persons
    rows = living_there(model)
    assert sorted(model.people.id[rows]) == sorted(model.side["fill_institutions"]["residents"])
    assert (model.people.role[rows] == Role.RESIDENT).all()
    assert set(model.people.id[rows].tolist()) != before


def test_residents_of_age_leave_at_the_rate():
    n = 2000
    people = [{"age": 45, "sex": i % 2, "household": 0, "role": 2} for i in range(n)]
    model = town(people, book({"institution_leaving": 0.4}))
    model.step()
    gone = int((model.people.role == Role.ADULT).sum())
    chance = -np.expm1(-0.1)
    assert abs(z_of(gone, n * chance, n * chance * (1 - chance))) < z_limit(1)
    own = model.people.household[model.people.role == Role.ADULT]
    assert (model.households.reason[own] == Reason.NEW_HOUSEHOLD).all() and np.unique(own).size == gone


def test_minors_leave_only_to_a_parent_and_the_grown_by_the_share():
    people = [
        {"age": 40, "sex": 1, "household": 0},
        *(
            {"age": age, "sex": 0, "household": 1, "role": 2, "mother": mother}
            for age, mother in ((9, 0), (9, -1), (25, 0), (60, -1))
        ),
    ]
    for share, home_of_grown in ((1.0, True), (0.0, False)):
        model = town(people, book({"institution_leaving": 50.0, "institution_to_parent": share}))
        model.side["fill_institutions"]["places"][:] = 0
        model.step()
        p = model.people
        assert p.household[1] == 0 and p.role[1] == Role.CHILD
        assert p.household[2] == 1 and p.role[2] == Role.RESIDENT
        assert (p.household[3] == 0) == home_of_grown
        assert p.household[4] not in (0, 1) and p.role[4] == Role.ADULT


def test_a_free_place_is_taken_by_somebody_of_a_fitting_age_without_partner_and_minor_children():
    people = [
        {"age": 44, "sex": 0, "household": 0, "role": 2},
        {"age": 44, "sex": 1, "household": 1, "partner": 2, "union_state": 1},
        {"age": 44, "sex": 0, "household": 1, "partner": 1, "union_state": 1},
        {"age": 44, "sex": 1, "household": 2},
        {"age": 9, "sex": 1, "household": 2, "role": 1, "mother": 3},
        {"age": 70, "sex": 1, "household": 3},
        {"age": 44, "sex": 0, "household": 3, "role": 1, "mother": 5},
    ]
    model = town(people, FOR_EVER)
    side, p = model.side["fill_institutions"], model.people
    side["places"][:] = 2
    side["entrants"] = [(np.arange(side["entrants"][0].size) >= 44).astype(float)] * 2  # men of 44 and nobody else
    model.step()
    assert p.household[[0, 6]].tolist() == [0, 0] and p.role[6] == Role.RESIDENT
    assert p.household[[1, 2, 3, 4, 5]].tolist() == [1, 1, 2, 2, 3]
    side["places"][:] = 3
    model.step()
    assert model.households.size[0] == 2  # nobody else fits: the place stays free


def test_who_came_to_other_accommodation_as_a_minor_leaves_at_eighteen():
    people = [
        {"age": 17, "sex": 0, "household": 0, "role": 2, "quarter": 2},
        {"age": 17, "sex": 1, "household": 0, "role": 2, "quarter": 3},
        {"age": 50, "sex": 1, "household": 0, "role": 2},
        {"age": 50, "sex": 1, "household": 1},
    ]
    here = {Kind.OTHER_COMMUNAL: [False, True, True], Kind.DISABILITY_HOME: [True, True, True]}
    for kind, first in here.items():
        model = town(people, FOR_EVER, kind)
        model.side["fill_institutions"]["places"][:] = 0
        stays = []
        for _ in range(3):
            model.step()
            stays.append((model.people.role[:3] == Role.RESIDENT).tolist())
        assert stays[-1] == ([False, False, True] if kind == Kind.OTHER_COMMUNAL else first)
        assert stays[0][0] or kind == Kind.OTHER_COMMUNAL


def test_an_orphan_placed_in_an_institution_leaves_it_at_eighteen():
    people = [
        {"age": 90, "sex": 1, "household": 0},
        {"age": 17, "sex": 0, "household": 0, "role": 1, "mother": 0, "quarter": 1},
    ]
    rates = RATES.with_modifiers(
        [Modifier("mortality", "value", 0.0), Modifier("mortality", "value", CERTAIN, age_from=89)]
    )
    model = QuartierModel(
        toy.region(1), rates, toy.start(people), processes=(DIE, FILL_INSTITUTIONS), check_each_step=True
    )
    model.step()
    child = model.rows_of(np.array([1]))
    assert model.people.role[child] == Role.RESIDENT and model.side["fill_institutions"]["residents"].tolist() == [1]
    ages = []
    while model.people.role[child := model.rows_of(np.array([1]))] == Role.RESIDENT:
        ages.append(int(model.ages(child)[0]))
        model.step()
    assert ages and max(ages) == 17 and model.ages(child) == 18
    assert model.people.role[child] == Role.ADULT and model.side["fill_institutions"]["residents"].size == 0
    assert model.side["fill_institutions"]["places"].sum() == 0  # a makeshift has no places


def share_of(kind: Kind) -> np.ndarray:
    """Share of people who live in homes of this kind [sex, age], from the table."""
    table = RATES["institution_share"]
    return pad_ages(table.values[table.labels[0].index(kind.name.lower())])


def test_ages_of_residents_stay_those_of_the_table(start):
    """Whoever enters is younger than those who live there, by about the time they stay."""
    model = model_of(start, processes=PEOPLE)
    entry = np.diff(np.sum(model.side["fill_institutions"]["entrants"], axis=0), prepend=0)
    at_entry = np.average(np.arange(entry.size) % AGES, weights=entry)
    assert 4 < model.ages(living_there(model)).mean() - at_entry < 10
    apart = []
    for replicate in range(4):  # of one life the mean age has a standard error of 1.4 years
        model = model_of(start, processes=PEOPLE, replicate=replicate, check_each_step=False)
        model.run(model.now + 32)
        p, rows = model.people, living_there(model)
        assert rows.size == model.side["fill_institutions"]["places"].sum()
        here = np.flatnonzero(p.present == 1)
        wanted = sum(share_of(kind)[p.sex[here], model.ages(here)] for kind in KINDS)
        apart.append(model.ages(rows).mean() - np.average(model.ages(here), weights=wanted))
    assert np.mean(apart) == pytest.approx(0, abs=2)


def test_the_order_of_people_does_not_matter(start):
    order = np.random.default_rng(1).permutation(start.people["key"].size)
    model = model_of(start)
    mixed = model_of(dataclasses.replace(start, people={k: v[order] for k, v in start.people.items()}))
    for m in (model, mixed):
        m.run(m.now + 3)
    there = [np.sort(m.people.key[living_there(m)]) for m in (model, mixed)]
    assert there[0].tolist() == there[1].tolist()
