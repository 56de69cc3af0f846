"""Student residences and refugee accommodation: occupation stays, residents turn over, and Quartiere are estimated without them."""

from __future__ import annotations

import dataclasses
from datetime import date

import numpy as np
import pandas as pd
import pytest
import towns
from quartier.model.columns import Kind, Role
from quartier.model.model import QuartierModel
from quartier.model.processes.attraction import attraction_from_shares
from quartier.model.processes.births import BEAR
from quartier.model.processes.deaths import DIE
from quartier.model.processes.local_levels import residents, special_residents, town_cohort_change
from quartier.model.processes.migration import IN_MIGRATE, OUT_MIGRATE
from quartier.model.processes.moves import MOVE
from quartier.model.processes.special_populations import FILL_SPECIAL_PLACES, leaving_hazards
from quartier.model.rates import read_rate_book
from quartier.model.synthesis import synthesise

RATES = read_rate_book("00")
STEPS = (DIE, BEAR, OUT_MIGRATE, IN_MIGRATE, FILL_SPECIAL_PLACES, MOVE)


def region(*homes: tuple[str, str, int], **columns: object):
    """A town of 12,000 in two Quartiere with residences (kind, Quartier, places)."""
    table = pd.DataFrame(
        [
            {"facility_id": f"S{i}", "kind": kind, "name": "Haus", "quartier_id": quartier, "provider": "", "opens": None,
             "closes": None, "in_register": "", "lon": np.nan, "lat": np.nan, **columns}
            for i, (kind, quartier, _) in enumerate(homes)
        ]
    )  # fmt: skip
    places = pd.DataFrame(
        [
            {"facility_id": f"S{i}", "date": date(2023, 12, 31), "age_from": 0, "age_to": -1, "places": n}
            for i, (_, _, n) in enumerate(homes)
        ]
    )
    return dataclasses.replace(towns.national(12_000, 2), facilities=table, places=places)


HOMES = (("student_residence", "01", 300), ("refugee_accommodation", "02", 100))


@pytest.fixture(scope="module")
def start():
    """The start population of the town with both residences."""
    return synthesise(region(*HOMES), RATES, 1)


def model_of(start, processes=STEPS):
    """A model of it."""
    return QuartierModel(region(*HOMES), RATES, start, processes=processes, check_each_step=True)


def living_in(model, kind: Kind) -> np.ndarray:
    """Rows of the residents of a kind."""
    p = model.people
    return np.flatnonzero((p.present == 1) & (model.households.kind[np.maximum(p.household, 0)] == kind))


def test_the_synthesis_puts_people_of_fitting_ages_into_the_listed_places(start):
    model = model_of(start, ())
    students, refugees = (living_in(model, k) for k in (Kind.STUDENT_RESIDENCE, Kind.REFUGEE_ACCOMMODATION))
    ages = model.ages(students)
    assert (students.size, refugees.size) == (285, 95)  # 95 of 100 places
    assert ages.min() >= 18 and ages.max() <= 30 and (model.people.quartier[students] == 0).all()
    assert (model.people.role[students] == Role.RESIDENT).all() and (model.people.quartier[refugees] == 1).mean() > 0.97
    asked = start.fit.set_index(["margin", "quartier"])
    assert asked.loc[("residents student_residence", "01"), "reached"] == 285


@pytest.mark.parametrize("columns", [{"in_register": "no"}, {"closes": date(2020, 1, 1)}, {"opens": date(2030, 1, 1)}])
def test_who_is_not_registered_or_whose_residence_is_closed_does_not_live_there(columns):
    made = synthesise(region(HOMES[0], **columns), RATES, 1)
    model = QuartierModel(region(HOMES[0], **columns), RATES, made, processes=())
    assert living_in(model, Kind.STUDENT_RESIDENCE).size == 0
    assert len(model.people) == towns.national(12_000, 2).population["persons"].sum()


def test_occupation_stays_and_residents_turn_over_at_the_rates(start):
    model = model_of(start)
    before = {
        k: set(model.people.id[living_in(model, k)].tolist())
        for k in (Kind.STUDENT_RESIDENCE, Kind.REFUGEE_ACCOMMODATION)
    }
    hazard, _ = leaving_hazards(model, living_in(model, Kind.STUDENT_RESIDENCE))
    expected = np.exp(-hazard).sum()
    for _ in range(4):
        model.step()
        students = living_in(model, Kind.STUDENT_RESIDENCE)
        assert model.ages(students).max() <= 31
    after = {k: set(model.people.id[living_in(model, k)].tolist()) for k in before}
    assert len(after[Kind.STUDENT_RESIDENCE]) >= 0.9 * 285
    stayed = len(before[Kind.STUDENT_RESIDENCE] & after[Kind.STUDENT_RESIDENCE])
    assert stayed == pytest.approx(expected, abs=4 * np.sqrt(285) / 2 + 25)  # those of 30 leave all
    assert len(after[Kind.REFUGEE_ACCOMMODATION]) <= 95
    refugees = model.rows_of(np.array(sorted(after[Kind.REFUGEE_ACCOMMODATION] - before[Kind.REFUGEE_ACCOMMODATION])))
    assert refugees.size > 0 and model.ages(refugees).min() >= 18


def test_refugees_leave_at_their_rate_and_minors_stay(start):
    model = model_of(start)
    rows = living_in(model, Kind.REFUGEE_ACCOMMODATION)
    hazard, share = leaving_hazards(model, rows)
    of_age = model.ages(rows) >= 18
    assert (hazard[of_age] == RATES.parameter("refugee_leaving")).all() and (hazard[~of_age] == 0).all()
    assert (share == RATES.parameter("refugee_leaves_town")).all()


def test_arrivals_are_not_raised_by_residences(start):
    model, plain = model_of(start), model_of(start, tuple(s for s in STEPS if s is not FILL_SPECIAL_PLACES))
    for m in (model, plain):
        m.step()
    for origin in ("germany", "abroad"):
        kind = f"in_migration_{origin}"
        assert model.events[kind].sum() == plain.events[kind].sum()


def test_a_town_without_residences_pays_nothing_and_changes_nothing():
    town = towns.national(3_000, 1)
    made = synthesise(town, RATES, 1)
    people = [
        QuartierModel(town, RATES.with_parameters({"refugee_leaving": r}), made, processes=STEPS) for r in (0.2, 0.6)
    ]
    for model in people:
        model.run(model.now + 4)
    kinds = people[0].households.kind[people[0].side["fill_special_places"]["homes"]]
    assert Kind.STUDENT_RESIDENCE not in kinds
    if not kinds.size:
        assert people[0].people.key.tolist() == people[1].people.key.tolist()


def test_a_quartier_is_estimated_without_its_residences(start):
    """The same people, once as residents and once as the Quartier's own: the young are drawn there only in the second case."""
    model = model_of(start, ())
    apart = special_residents(model)
    assert apart.sum() == 380 and apart[0, :, 18:31].sum() == 285
    plain = synthesise(towns.national(12_000, 2), RATES, 1)
    without = QuartierModel(towns.national(12_000, 2), RATES, plain, processes=())
    assert attraction_from_shares(model)[0, 0] < attraction_from_shares(without)[0, 0]
    early = region(*HOMES)
    more = early.population.assign(date=date(2018, 12, 31))
    both = dataclasses.replace(early, population=pd.concat([more, early.population], ignore_index=True))
    with_register = QuartierModel(both, RATES, start, processes=())
    change = town_cohort_change(with_register)
    assert change is not None
    assert change.residents.sum() == pytest.approx(residents(model).sum() - 380, abs=5)
