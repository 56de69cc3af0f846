"""What the arrangement of care and those who give it tell each other: cases, relatives, ties, and who is able to care."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..columns import CARE_GRADE_BITS, DEMENTIA_BIT, FRAIL_BIT
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
    """Able relatives of people in need, case by case: position in `Cases` (i64), row of the relative (i32), `Tie` (u8)."""

    case: np.ndarray
    carer: np.ndarray
    tie: np.ndarray


class Limits(NamedTuple):
    """Who is able to care: by the care column (bool [32]), and earliest births (quarters) of the able by tie."""

    able: np.ndarray
    partner: int
    parent: int
    child: int
    youngest: int
    parent_until: int


def limits_of(model: QuartierModel) -> Limits:
    """Who is able to care now."""
    r, care = model.rates, np.arange(32)
    well = (care & CARE_GRADE_BITS <= r.parameter("care_carer_highest_grade")) & (
        care & (DEMENTIA_BIT | FRAIL_BIT) == 0
    )

    def earliest(name: str) -> int:
        return model.now - STEPS_PER_YEAR * (int(r.parameter(name)) + 1) + 1

    return Limits(
        well,
        earliest("care_carer_oldest_partner"),
        earliest("care_carer_oldest"),
        earliest("care_child_oldest"),
        model.latest_adult_birth,
        int(r.parameter("care_parent_carer_until")),
    )
