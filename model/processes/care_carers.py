"""Who could care for a person in need: somebody in the household, a child within reach, nobody (model-care.md 3.1).

There is no index of children. One pass over all people asks of everybody's parents whether they are in need at home, by a
bit per id: an eighth of a byte per person, small enough to stay near the processor. What follows costs the few found.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import numba as nb
import numpy as np

from ..columns import CARE_GRADE_BITS, DEMENTIA_BIT, FRAIL_BIT, Kind
from ..geography import distances
from ..tables import NONE
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


class _Limits(NamedTuple):
    """Who is able to care: by the care column (bool [32]), and earliest births (quarters) of the able by tie."""

    able: np.ndarray
    partner: int
    parent: int
    child: int
    youngest: int
    parent_until: int


@nb.njit(cache=True)
def _grown_children(mother, father, birth, present, care, bits, limits, found):
    """Rows of able grown-up people with a parent whose bit is set; written for each, kept for those: no branch to guess."""
    n = 0
    for i in range(mother.size):
        m, f = np.uint32(mother[i] + 1), np.uint32(father[i] + 1)
        parent = (bits[m >> np.uint32(6)] >> np.uint64(m & np.uint32(63))) | (
            bits[f >> np.uint32(6)] >> np.uint64(f & np.uint32(63))
        )
        age = (birth[i] >= limits.child) & (birth[i] <= limits.youngest) & (present[i] != 0)
        found[n] = i
        n += ((parent & np.uint64(1)) != 0) & age & limits.able[care[i] & 31]
    return n


@nb.njit(cache=True)
def _mark(rows, ids, bits, position):
    """Set the bit of everybody in need (an id's bit is the one after it; no parent, -1, is the first) and note the place."""
    for c in range(rows.size):
        i = ids[rows[c]]
        position[i] = c
        bit = np.uint32(i + 1)
        bits[bit >> np.uint32(6)] |= np.uint64(1) << np.uint64(bit & np.uint32(63))


@nb.njit(cache=True)
def _lives_with(rows, link, earliest, able, row_of_id, household, care, birth, present, out):
    """Row of the person each case names by ``link`` who is able and lives in the same household, else -1.

    Two loops without a branch to guess, so that the processor fetches for many cases at a time.
    """
    for c in range(rows.size):
        named = link[rows[c]]
        row = row_of_id[max(named, 0)]
        out[c] = row if named >= 0 else -1
    for c in range(rows.size):
        row = max(out[c], 0)
        here = (household[row] == household[rows[c]]) & (present[row] != 0) & (birth[row] >= earliest)
        out[c] = out[c] if here & able[care[row] & 31] else -1


@nb.njit(cache=True)
def _of_children(children, mother, father, bits, position, home, where, household, quartier, reach, pairs, count):
    """Pairs of people in need and their able children, in the order of the children's rows; and how many each has."""
    n = 0
    for i in children:
        for parent in (mother[i], father[i]):
            bit = np.uint32(parent + 1)
            if (bits[bit >> np.uint32(6)] >> np.uint64(bit & np.uint32(63))) & np.uint64(1):
                c = position[parent]
                pairs.case[n], pairs.carer[n] = c, i
                if home[c] == household[i]:
                    pairs.tie[n] = 2
                else:
                    pairs.tie[n] = 3 if reach[quartier[i], where[c]] else 4
                count[c] += 1
                n += 1
    return n


@nb.njit(cache=True)
def _list_pairs(near, children, cursor, pairs):
    """Write the pairs, those of a person in need side by side; ``cursor``: where each one's begin."""
    for c in range(near.shape[1]):
        for k in range(3):
            if near[k, c] >= 0:
                j = cursor[c]
                pairs.case[j], pairs.carer[j], pairs.tie[j] = c, near[k, c], min(k, 1)
                cursor[c] += 1
    for n in range(children.case.size):
        c = children.case[n]
        j = cursor[c]
        pairs.case[j], pairs.carer[j], pairs.tie[j] = c, children.carer[n], children.tie[n]
        cursor[c] += 1


def _room(n: int) -> Pairs:
    return Pairs(np.empty(n, np.int64), np.empty(n, np.int32), np.empty(n, np.uint8))


def limits_of(model: QuartierModel) -> _Limits:
    """Who is able to care now."""
    r, care = model.rates, np.arange(32)
    well = (care & CARE_GRADE_BITS <= r.parameter("care_carer_highest_grade")) & (
        care & (DEMENTIA_BIT | FRAIL_BIT) == 0
    )

    def earliest(name: str) -> int:
        return model.now - STEPS_PER_YEAR * (int(r.parameter(name)) + 1) + 1

    return _Limits(
        well,
        earliest("care_carer_oldest_partner"),
        earliest("care_carer_oldest"),
        earliest("care_child_oldest"),
        model.now - STEPS_PER_YEAR * int(r.parameter("age_of_majority")),
        int(r.parameter("care_parent_carer_until")),
    )


def _in_households(model: QuartierModel, cases: Cases, limits: _Limits) -> np.ndarray:
    """Rows (i32 [3, cases]) of the able partner, mother and father in the household, else -1; parents of the young only."""
    p, near = model.people, np.full((3, cases.rows.size), NONE, np.int32)
    place = (limits.able, model.row_of_id, p.household, p.care, p.birth, p.present)
    _lives_with(cases.rows, p.partner, limits.partner, *place, near[0])
    young = np.flatnonzero(cases.age < limits.parent_until)
    for k, link in ((1, p.mother), (2, p.father)):
        found = np.empty(young.size, np.int32)
        _lives_with(cases.rows[young], link, limits.parent, *place, found)
        near[k, young] = found
    return near


def able_relatives(model: QuartierModel, cases: Cases) -> Pairs:
    """Who could care: partner and parents (of a person below 60) in the household, grown-up children in the town.

    Able is who has at most Pflegegrad 1, no dementia, does not want a nursing home (so that no place, but the person
    decides who is able) and is not too old.
    """
    p, rows, limits = model.people, cases.rows, limits_of(model)
    reach = distances(model.region) <= model.rates.parameter("care_reach")
    bits, position = np.zeros(model.next_id // 64 + 1, np.uint64), np.empty(model.next_id, np.int32)
    _mark(rows, p.id, bits, position)
    found = np.empty(len(p) + 1, np.int32)
    children = found[: _grown_children(p.mother, p.father, p.birth, p.present, p.care, bits, limits, found)]
    count, of_children = np.zeros(rows.size + 1, np.int64), _room(2 * children.size)
    place = (p.household[rows], p.quartier[rows], p.household, p.quartier, reach)
    n = _of_children(children, p.mother, p.father, bits, position, *place, of_children, count[1:])
    near = _in_households(model, cases, limits)
    count[1:] += (near >= 0).sum(axis=0)
    begin = np.cumsum(count)
    pairs = _room(int(begin[-1]))
    _list_pairs(near, Pairs(*(column[:n] for column in of_children)), begin[:-1], pairs)
    return pairs


@nb.njit(cache=True)
def _situations(case, tie, situation, parents):
    for j in range(case.size):
        c = case[j]
        here = 0 if tie[j] <= 2 else (1 if tie[j] == 3 else 2)
        situation[c] = min(situation[c], here)
        parents[c] |= tie[j] == 1


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
    situation, parents = np.full(cases.rows.size, Carer.NONE, np.uint8), np.zeros(cases.rows.size, bool)
    _situations(pairs.case, pairs.tie, situation, parents)
    looked_after = model.households.kind[model.people.household[cases.rows]] == Kind.DISABILITY_HOME
    situation[looked_after] = Carer.IN_HOUSEHOLD
    return situation, parents
