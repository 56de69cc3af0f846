"""Who could care for a person in need: somebody in the household, a child within reach, nobody (model-care.md 3.1)."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import numba as nb
import numpy as np

from ..columns import CARE_GRADE_BITS, DEMENTIA_BIT, Kind
from ..geography import distances
from ..timeline import STEPS_PER_YEAR

if TYPE_CHECKING:
    from ..model import QuartierModel


class Carer(IntEnum):
    """Carer situation of a person in need."""

    IN_HOUSEHOLD = 0
    CHILD_WITHIN_REACH = 1
    NONE = 2


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


@nb.njit(cache=True)
def _note_children(
    mark, mother, father, present, birth, youngest, oldest, care, grade, household, quartier, row_of_id, reach
):
    """Lower the mark of people who have an able grown-up child: 1 in the household, 2 within reach, 3 neither."""
    for i in range(mother.size):
        if birth[i] > youngest or birth[i] < oldest or present[i] == 0:
            continue
        if (care[i] & 7) > grade or (care[i] & 8) != 0:
            continue
        for parent in (mother[i], father[i]):
            if parent < 0 or mark[parent] == 0:
                continue
            row = row_of_id[parent]
            if household[row] == household[i]:
                mark[parent] = 1
            elif mark[parent] == 3 and reach[quartier[i], quartier[row]]:
                mark[parent] = 2


def _lives_with(model: QuartierModel, cases: np.ndarray, ids: np.ndarray, oldest: float) -> np.ndarray:
    """Whether the person named by id is able and lives in the case's household (bool per case)."""
    p = model.people
    out = np.zeros(cases.size, bool)
    named = np.flatnonzero(ids >= 0)
    rows = model.row_of_id[ids[named]]
    named, rows = named[rows >= 0], rows[rows >= 0]
    together = p.household[rows] == p.household[cases[named]]
    named, rows = named[together], rows[together]
    well = p.care[rows] & CARE_GRADE_BITS <= model.rates.parameter("care_carer_highest_grade")
    out[named] = well & (p.care[rows] & DEMENTIA_BIT == 0) & (model.ages(rows) <= oldest) & (p.present[rows] == 1)
    return out


def carer_situation(model: QuartierModel, cases: Cases) -> tuple[np.ndarray, np.ndarray]:
    """Carer situation of people in need.

    Able is who has at most Pflegegrad 1, no dementia and is not too old. In the household count the partner, a parent
    of a person below 60 and a grown-up child; a home for disabled people counts as a carer. Elsewhere a grown-up child
    no farther than `care_reach` counts. Children outside the town are not counted.

    Returns
    -------
    situation : u8 [cases], a `Carer`.
    parents : bool [cases], whether a parent in the household is the carer.
    """
    p, rates, rows = model.people, model.rates, cases.rows
    oldest = rates.parameter("care_carer_oldest")
    mark = np.zeros(model.next_id, np.uint8)
    mark[p.id[rows]] = 3
    youngest = model.now - STEPS_PER_YEAR * int(rates.parameter("age_of_majority"))
    first_birth = model.now - STEPS_PER_YEAR * (int(oldest) + 1) + 1
    reach = distances(model.region) <= rates.parameter("care_reach")
    grade = int(rates.parameter("care_carer_highest_grade"))
    _note_children(
        mark,
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
    )
    situation = mark[p.id[rows]] - np.uint8(1)
    partner = _lives_with(model, rows, p.partner[rows], rates.parameter("care_carer_oldest_partner"))
    young = np.flatnonzero(cases.age < rates.parameter("care_parent_carer_until"))
    parents_care = np.zeros(rows.size, bool)
    for parent in (p.mother, p.father):
        parents_care[young] |= _lives_with(model, rows[young], parent[rows[young]], oldest)
    looked_after = model.households.kind[p.household[rows]] == Kind.DISABILITY_HOME
    situation[partner | parents_care | looked_after] = Carer.IN_HOUSEHOLD
    return situation, parents_care
