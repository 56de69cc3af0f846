"""Who could care for a person in need: somebody in the household, a child within reach, nobody (model-care.md 3.1)."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import numba as nb
import numpy as np

from ..columns import CARE_GRADE_BITS, DEMENTIA_BIT, FRAIL_BIT, Kind
from ..geography import distances
from ..timeline import STEPS_PER_YEAR

if TYPE_CHECKING:
    from ..model import QuartierModel


class Carer(IntEnum):
    """Carer situation of a person in need."""

    IN_HOUSEHOLD = 0
    CHILD_WITHIN_REACH = 1
    NONE = 2


class Tie(IntEnum):
    """How a relative is tied to a person in need, in the order in which relatives give care."""

    PARTNER = 0
    PARENT = 1
    CHILD_IN_HOUSEHOLD = 2
    WITHIN_REACH = 3
    IN_TOWN = 4


class Cases(NamedTuple):
    """People in need of care: rows (i32), completed age (i64), Pflegegrad 1..5 (u8), dementia (0, 1; u8)."""

    rows: np.ndarray
    age: np.ndarray
    grade: np.ndarray
    demented: np.ndarray


def cases_of(model: QuartierModel, rows: np.ndarray) -> Cases:
    """What the choices read of people in need, once."""
    care = model.people.care[rows]
    age = (model.now - model.people.birth[rows].astype(np.int64)) >> 2
    return Cases(rows, age, care & CARE_GRADE_BITS, (care & DEMENTIA_BIT) // DEMENTIA_BIT)


class Pairs(NamedTuple):
    """Able relatives of people in need: position in `Cases` (i64), row of the relative (i32), `Tie` (u8)."""

    case: np.ndarray
    carer: np.ndarray
    tie: np.ndarray


@nb.njit(cache=True)
def _find_children(
    position,
    mother,
    father,
    present,
    birth,
    youngest,
    oldest,
    care,
    grade,
    household,
    quartier,
    row_of_id,
    reach,
    pairs,
):
    """Able grown-up children of people in need: case, row and tie (2 household, 3 within reach, 4 in town)."""
    case, carer, tie = pairs
    n = 0
    for i in range(mother.size):
        if birth[i] > youngest or birth[i] < oldest or present[i] == 0:
            continue
        if (care[i] & 7) > grade or (care[i] & 24) != 0:
            continue
        for parent in (mother[i], father[i]):
            if parent < 0 or position[parent] < 0:
                continue
            row = row_of_id[parent]
            case[n], carer[n] = position[parent], i
            if household[row] == household[i]:
                tie[n] = 2
            elif reach[quartier[i], quartier[row]]:
                tie[n] = 3
            else:
                tie[n] = 4
            n += 1
    return n


def _lives_with(model: QuartierModel, cases: np.ndarray, ids: np.ndarray, oldest: float) -> np.ndarray:
    """Row (i32 per case) of the person named by id who is able and lives in the case's household, else -1."""
    p = model.people
    out = np.full(cases.size, -1, np.int32)
    named = np.flatnonzero(ids >= 0)
    rows = model.row_of_id[ids[named]]
    named, rows = named[rows >= 0], rows[rows >= 0]
    together = p.household[rows] == p.household[cases[named]]
    named, rows = named[together], rows[together]
    well = p.care[rows] & CARE_GRADE_BITS <= model.rates.parameter("care_carer_highest_grade")
    well &= p.care[rows] & (DEMENTIA_BIT | FRAIL_BIT) == 0
    able = well & (model.ages(rows) <= oldest) & (p.present[rows] == 1)
    out[named[able]] = rows[able]
    return out


def able_relatives(model: QuartierModel, cases: Cases) -> Pairs:
    """Who could care: partner and parents (of a person below 60) in the household, grown-up children in the town.

    Able is who has at most Pflegegrad 1, no dementia, does not want a nursing home (so that no place, but the person
    decides who is able) and is not too old.
    """
    p, rates, rows = model.people, model.rates, cases.rows
    oldest = rates.parameter("care_carer_oldest")
    position = np.full(model.next_id, -1, np.int32)
    position[p.id[rows]] = np.arange(rows.size, dtype=np.int32)
    youngest = model.now - STEPS_PER_YEAR * int(rates.parameter("age_of_majority"))
    first_birth = model.now - STEPS_PER_YEAR * (int(rates.parameter("care_child_oldest")) + 1) + 1
    reach = distances(model.region) <= rates.parameter("care_reach")
    grade = int(rates.parameter("care_carer_highest_grade"))
    found = (np.empty(2 * len(p), np.int32), np.empty(2 * len(p), np.int32), np.empty(2 * len(p), np.uint8))
    n = _find_children(
        position,
        p.mother,
        p.father,
        p.present,
        p.birth,
        youngest,
        first_birth,
        p.care,
        grade,
        p.household,
        p.quartier,
        model.row_of_id,
        reach,
        found,
    )
    parts = [tuple(column[:n].copy() for column in found)]
    partner = _lives_with(model, rows, p.partner[rows], rates.parameter("care_carer_oldest_partner"))
    parts.append(_as_pairs(np.arange(rows.size), partner, Tie.PARTNER))
    young = np.flatnonzero(cases.age < rates.parameter("care_parent_carer_until"))
    for parent in (p.mother, p.father):
        parts.append(_as_pairs(young, _lives_with(model, rows[young], parent[rows[young]], oldest), Tie.PARENT))
    case, carer, tie = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return Pairs(case.astype(np.int64), carer, tie)


def _as_pairs(case: np.ndarray, carer: np.ndarray, tie: Tie) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    there = carer >= 0
    return case[there], carer[there], np.full(int(there.sum()), tie, np.uint8)


def carer_situation(model: QuartierModel, cases: Cases, pairs: Pairs | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Carer situation of people in need, from their able relatives (found here if they are not given).

    In the household count the partner, a parent of a person below 60 and a grown-up child; a home for disabled people
    counts as a carer. Elsewhere a grown-up child no farther than `care_reach` counts. Children outside the town are not
    counted.

    Returns
    -------
    situation : u8 [cases], a `Carer`.
    parents : bool [cases], whether a parent in the household is the carer.
    """
    if pairs is None:
        pairs = able_relatives(model, cases)
    situation = np.full(cases.rows.size, Carer.NONE, np.uint8)
    situation[pairs.case[pairs.tie == Tie.WITHIN_REACH]] = Carer.CHILD_WITHIN_REACH
    situation[pairs.case[pairs.tie <= Tie.CHILD_IN_HOUSEHOLD]] = Carer.IN_HOUSEHOLD
    parents = np.zeros(cases.rows.size, bool)
    parents[pairs.case[pairs.tie == Tie.PARENT]] = True
    looked_after = model.households.kind[model.people.household[cases.rows]] == Kind.DISABILITY_HOME
    situation[looked_after] = Carer.IN_HOUSEHOLD
    return situation, parents
