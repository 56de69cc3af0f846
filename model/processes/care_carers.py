"""Who could care for a person in need: somebody in the household, a child within reach, nobody (model-care.md 3.1).

There is no index of children. One pass over all people asks of the parents of those who have any whether they are in need
at home, by a bit per id: an eighth of a byte per person, small enough to stay near the processor. The bits set before an
id say which case it is. What follows costs the few found.
"""

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


_IN_HOUSEHOLD, _DISABILITY_HOME = int(Carer.IN_HOUSEHOLD), int(Kind.DISABILITY_HOME)
_CHUNK = 4096
"""People looked at together (a speed, no figure)."""


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


@nb.njit(inline="always")
def _ones(x):
    """How many bits are set."""
    x = x - ((x >> np.uint64(1)) & np.uint64(0x5555555555555555))
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (x * np.uint64(0x0101010101010101)) >> np.uint64(56)


@nb.njit(cache=True)
def _mark(ids, bits, before, position):
    """Set the bit of everybody in need (an id's bit is the one after it; no parent, -1, is the first).

    ``before``: how many bits are set before each word; ``position``: which case the n-th bit set belongs to.
    """
    for i in ids:
        bit = np.uint32(i + 1)
        bits[bit >> np.uint32(6)] |= np.uint64(1) << np.uint64(bit & np.uint32(63))
    n = 0
    for w in range(bits.size):
        before[w] = n
        n += _ones(bits[w])
    for c in range(ids.size):
        bit = np.uint32(ids[c] + 1)
        w = bit >> np.uint32(6)
        lower = (np.uint64(1) << np.uint64(bit & np.uint32(63))) - np.uint64(1)
        position[before[w] + np.uint32(_ones(bits[w] & lower))] = c


@nb.njit(inline="always")
def _is_set(bits, bit):
    return ((bits[bit >> np.uint32(6)] >> np.uint64(bit & np.uint32(63))) & np.uint64(1)) != 0


@nb.njit(inline="always")
def _of_the_marked(first, last, mother, father, bits, found):
    """Rows of people with a parent whose bit is set: of those who have a parent at all, a third."""
    k = n = 0
    for i in range(first, last):
        found[k] = i
        k += ((mother[i] + 1) | (father[i] + 1)) != 0
    for j in range(k):
        i = found[j]
        found[n] = i
        n += _is_set(bits, np.uint32(mother[i] + 1)) | _is_set(bits, np.uint32(father[i] + 1))
    return n


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


@nb.njit(inline="always")
def _empty(n):
    return np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.uint8)


@nb.njit(cache=True)
def _of_children(columns, limits, marks, home, where, reach):
    """Pairs of people in need and their able grown-up children, in the order of the children's rows.

    Some people at a time, so that what has been read of their parents is still near the processor; every loop writes for
    each and keeps for some, without a branch to guess. Who is gone has no household.
    """
    mother, father, birth, care, household, quartier = columns
    bits, before, position = marks
    able, child, youngest, n = limits.able, limits.child, limits.youngest, 0
    found, parent = np.empty(_CHUNK, np.int32), np.empty(2 * _CHUNK + 1, np.uint32)
    case, carer, tie = _empty(4 * home.size + 2 * _CHUNK + 1)
    for first in range(0, mother.size, _CHUNK):
        if n + 2 * _CHUNK >= case.size:
            old = case[:n], carer[:n], tie[:n]
            case, carer, tie = _empty(2 * case.size)
            case[:n], carer[:n], tie[:n] = old
        start = n
        last = min(first + _CHUNK, mother.size)
        for j in range(_of_the_marked(first, last, mother, father, bits, found)):
            i = found[j]
            fit = (birth[i] >= child) & (birth[i] <= youngest) & able[care[i] & 31] & (household[i] >= 0)
            for link in (mother[i], father[i]):
                bit = np.uint32(link + 1)
                parent[n - start], carer[n] = bit, i
                n += fit & _is_set(bits, bit)
        for j in range(start, n):
            bit, i = parent[j - start], carer[j]
            lower = (np.uint64(1) << np.uint64(bit & np.uint32(63))) - np.uint64(1)
            w = bit >> np.uint32(6)
            c = position[before[w] + np.uint32(_ones(bits[w] & lower))]
            same = np.uint8(home[c] == household[i])
            case[j], tie[j] = c, 2 * same + (1 - same) * (4 - np.uint8(reach[quartier[i], where[c]]))
    return case[:n], carer[:n], tie[:n]


@nb.njit(cache=True)
def _housemates(chosen, rows, link, earliest, able, row_of_id, household, home, care, birth, case, row):
    """Of the cases ``chosen`` those who name, by ``link``, somebody able in the same household, and that one's row.

    Several loops without a branch to guess, so that the processor fetches for many cases at a time. Who is gone has no
    household.
    """
    n = 0
    for j in range(chosen.size):
        c = chosen[j]
        named = link[rows[c]]
        case[n], row[n] = c, named
        n += named >= 0
    for j in range(n):
        row[j] = row_of_id[row[j]]
    m = 0
    for j in range(n):
        c, i = case[j], row[j]
        k = max(i, 0)
        case[m], row[m] = c, i
        m += (i >= 0) & (household[k] == home[c]) & (birth[k] >= earliest) & able[care[k] & 31]
    return m


@nb.njit(cache=True)
def _where(rows, household, quartier, home, where):
    """Household and Quartier of each case."""
    for c in range(rows.size):
        home[c], where[c] = household[rows[c]], quartier[rows[c]]


@nb.njit(cache=True)
def _younger(age, limit, chosen):
    n = 0
    for c in range(age.size):
        chosen[n] = c
        n += age[c] < limit
    return n


@nb.njit(cache=True)
def _count(case, count):
    for c in case:
        count[c] += 1


@nb.njit(cache=True)
def _begin(count):
    """Where each case's pairs begin, from how many each has, in place; returns how many there are."""
    n = 0
    for c in range(count.size):
        here = count[c]
        count[c] = n
        n += here
    return n


@nb.njit(cache=True)
def _list(case, carer, tie, step, cursor, of_case, of_carer, of_tie):
    """Write pairs behind those of the same person in need that are there already; ``step`` 0: all have the first tie."""
    for n in range(case.size):
        c = case[n]
        j = cursor[c]
        of_case[j], of_carer[j], of_tie[j] = c, carer[n], tie[n * step]
        cursor[c] = j + 1


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


def _in_households(model: QuartierModel, cases: Cases, limits: _Limits, home: np.ndarray) -> list[Pairs]:
    """Able partners, mothers and fathers in the household (i32 ``home``); parents of the young only."""
    p, out = model.people, []
    place = (limits.able, model.row_of_id, p.household, home, p.care, p.birth)
    young = np.empty(cases.rows.size + 1, np.int32)
    young = young[: _younger(cases.age, limits.parent_until, young)]
    every = np.arange(cases.rows.size, dtype=np.int32)
    for chosen, link, earliest, tie in (
        (every, p.partner, limits.partner, Tie.PARTNER),
        (young, p.mother, limits.parent, Tie.PARENT),
        (young, p.father, limits.parent, Tie.PARENT),
    ):
        case, row = np.empty((2, chosen.size + 1), np.int32)
        n = _housemates(chosen, cases.rows, link, earliest, *place, case, row)
        out.append(Pairs(case[:n], row[:n], np.array([tie], np.uint8)))
    return out


def _children(model: QuartierModel, ids: np.ndarray, limits: _Limits, home: np.ndarray, where: np.ndarray) -> Pairs:
    """Able grown-up children in the town of people given by id, household and Quartier, in the order of the children's rows."""
    p, words = model.people, model.next_id // 64 + 1
    reach = distances(model.region) <= model.rates.parameter("care_reach")
    bits, before, position = np.zeros(words, np.uint64), np.empty(words, np.uint32), np.empty(ids.size, np.int32)
    _mark(ids, bits, before, position)
    columns = (p.mother, p.father, p.birth, p.care, p.household, p.quartier)
    return Pairs(*_of_children(columns, limits, (bits, before, position), home, where, reach))


def able_relatives(model: QuartierModel, cases: Cases, ids: np.ndarray | None = None) -> Pairs:
    """Who could care: partner and parents (of a person below 60) in the household, grown-up children in the town.

    Able is who has at most Pflegegrad 1, no dementia, does not want a nursing home (so that no place, but the person
    decides who is able) and is not too old. ``ids`` of the cases (i32) are looked up if they are not given.
    """
    p, rows, limits = model.people, cases.rows, limits_of(model)
    if rows.size == 0:
        return _room(0)
    home, where = np.empty(rows.size, np.int32), np.empty(rows.size, np.uint16)
    _where(rows, p.household, p.quartier, home, where)
    of_children = _children(model, p.id[rows] if ids is None else ids, limits, home, where)
    near, cursor = _in_households(model, cases, limits, home), np.zeros(rows.size, np.int32)
    for part in (*near, of_children):
        _count(part.case, cursor)
    pairs = _room(_begin(cursor))
    for part in near:
        _list(*part, 0, cursor, *pairs)
    _list(*of_children, 1, cursor, *pairs)
    return pairs


@nb.njit(cache=True)
def _situations(case, tie, situation, parents):
    for j in range(case.size):
        c = case[j]
        here = 0 if tie[j] <= 2 else (1 if tie[j] == 3 else 2)
        situation[c] = min(situation[c], here)
        parents[c] |= tie[j] == 1


@nb.njit(cache=True)
def _looked_after(rows, household, kind, situation):
    for c in range(rows.size):
        situation[c] = situation[c] if kind[household[rows[c]]] != _DISABILITY_HOME else _IN_HOUSEHOLD


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
    _looked_after(cases.rows, model.people.household, model.households.kind, situation)
    return situation, parents
