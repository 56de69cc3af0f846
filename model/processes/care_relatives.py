"""Who could care for a person in need: somebody in the household, a child within reach, nobody (model-care.md 3.1).

Partners and parents are looked up by name. There is no index of children: the short list of grown-up people with a parent by
name is read, and of these parents is asked whether they are in need at home, by a bit per id: an eighth of a byte per
person, small enough to stay near the processor. The bits set before an id say which case it is. What follows costs the few
found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numba as nb
import numpy as np

from ..columns import Kind
from ..geography import distances
from ..grown_children import grown_children
from .care_carers import Carer, Cases, Pairs, Tie, limits_of

if TYPE_CHECKING:
    from ..model import QuartierModel

_IN_HOUSEHOLD, _NO_CARER, _DISABILITY_HOME = int(Carer.IN_HOUSEHOLD), int(Carer.NONE), int(Kind.DISABILITY_HOME)
_PARTNER, _PARENT, _CHILD = int(Tie.PARTNER), int(Tie.PARENT), int(Tie.CHILD_IN_HOUSEHOLD)
_WITHIN_REACH, _IN_TOWN = int(Tie.WITHIN_REACH), int(Tie.IN_TOWN)
_CHUNK, _CASES = 4096, 4096
"""Children, and people in need, looked at together (a speed, no figure)."""


class Relatives(NamedTuple):
    """Able relatives of people in need, and one entry per case: carer situation (u8, a `Carer`), and whether a parent in the
    household is the carer (bool)."""

    pairs: Pairs
    situation: np.ndarray
    parents: np.ndarray


@nb.njit(inline="always")
def _ones(x):
    """How many bits are set."""
    x = x - ((x >> np.uint64(1)) & np.uint64(0x5555555555555555))
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (x * np.uint64(0x0101010101010101)) >> np.uint64(56)


@nb.njit(cache=True)
def _mark(ids, bits, before, position):
    """Set the bit of everybody in need (an id's bit is the one after it; nobody, 0, is the first).

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


@nb.njit(cache=True)
def _housemates(rows, age, links, limits, people, kind, place, case, carer, tie):
    """Able partners, then mothers, then fathers of the young, who live in the same household; how many pairs there are.

    ``place`` takes household and Quartier of each case, and who is looked after by a home for disabled people; else nobody
    is known yet. Some cases at a time, so that the columns are fetched once, and in loops that fetch or decide, but not
    both, so that the processor fetches for many cases at once. Who is gone has no household.
    """
    row_of_id, household, quartier, birth, care = people
    home, where, situation = place
    (who, at), mate, fits = np.empty((2, _CASES + 1), np.uint32), np.empty(_CASES, np.int32), np.empty(_CASES, np.bool_)
    able, n = limits.able, np.uint64(0)
    for first in range(0, rows.size, _CASES):
        m = np.uint32(min(_CASES, rows.size - first))
        for j in range(m):
            who[j] = np.uint32(first) + j
        for j in range(m):
            i = np.uint32(rows[who[j]])
            home[who[j]], where[who[j]] = household[i], quartier[i]
        earliest, link_tie = limits.partner, _PARTNER
        for link in links:
            for j in range(m):
                mate[j] = link[np.uint32(rows[who[j]])]
            for j in range(m):
                mates_row = row_of_id[np.uint32(max(mate[j], 0))]
                mate[j] = mates_row if mate[j] >= 0 else -1
            for j in range(m):
                fits[j] = (mate[j] >= 0) & (household[np.uint32(max(mate[j], 0))] == home[who[j]])
            here = np.uint32(0)
            for j in range(m):
                at[here] = j
                here += np.uint32(fits[j])
            for f in range(here):
                row = np.uint32(mate[at[f]])
                fits[f] = (birth[row] >= earliest) & able[care[row] & 31]
            for f in range(here):
                case[n], carer[n], tie[n] = who[at[f]], mate[at[f]], link_tie
                n += np.uint64(fits[f])
            if link_tie == _PARTNER:
                few = np.uint32(0)
                for j in range(m):
                    who[few] = who[j]
                    few += np.uint32(age[who[j]] < limits.parent_until)
                m, earliest, link_tie = few, limits.parent, _PARENT
    for c in range(rows.size):
        situation[c] = _IN_HOUSEHOLD if kind[np.uint32(home[c])] == _DISABILITY_HOME else _NO_CARER
    return n


@nb.njit(cache=True)
def _of_children(listed, columns, limits, marks, home, where, reach, case, carer, tie):
    """Pairs of people in need and their able grown-up children, in the order of the children's rows; how many.

    Some people at a time, so that what has been read of their parents is still near the processor; every loop writes for
    each and keeps for some, without a branch to guess. Who is gone has no household.
    """
    rows, mother, father, birth = listed
    care, household, quartier = columns
    bits, before, position = marks
    able, child, youngest = limits.able, limits.child, limits.youngest
    found, parent = np.empty(_CHUNK + 1, np.uint32), np.empty(2 * _CHUNK + 1, np.uint32)
    fits, n = np.empty(_CHUNK, np.bool_), np.uint64(0)
    for first in range(0, rows.size, _CHUNK):
        start, k = n, np.uint32(0)
        for j in range(np.uint32(first), np.uint32(min(first + _CHUNK, rows.size))):
            found[k] = j
            k += np.uint32(_is_set(bits, mother[j]) | _is_set(bits, father[j]))
        for f in range(k):  # by itself, so that nothing written waits for what is fetched
            j = found[f]
            i = np.uint32(rows[j])
            fits[f] = (birth[j] >= child) & (birth[j] <= youngest) & able[care[i] & 31] & (household[i] >= 0)
        for f in range(k):
            j = found[f]
            for bit in (mother[j], father[j]):
                parent[n - start], carer[n] = bit, rows[j]
                n += np.uint64(fits[f] & _is_set(bits, bit))
        for j in range(start, n):
            bit, i = parent[j - start], np.uint32(carer[j])
            lower = (np.uint64(1) << np.uint64(bit & np.uint32(63))) - np.uint64(1)
            w = bit >> np.uint32(6)
            c = np.uint32(position[before[w] + np.uint32(_ones(bits[w] & lower))])
            elsewhere = _WITHIN_REACH if reach[quartier[i], where[c]] else _IN_TOWN
            case[j], tie[j] = c, _CHILD if home[c] == household[i] else elsewhere
    return n


@nb.njit(cache=True)
def _by_case(found, pairs, cursor, situation, parents):
    """Pairs in the order of cases, in the order given within each; and who the best of each case's relatives is."""
    (case, carer, tie), (of_case, of_carer, of_tie) = found, pairs
    for c in case:
        cursor[c] += 1
    begin = 0
    for c in range(cursor.size):
        count = cursor[c]
        cursor[c], parents[c] = begin, False
        begin += count
    for n in range(case.size):
        c, t = case[n], tie[n]
        j = cursor[c]
        of_case[j], of_carer[j], of_tie[j] = c, carer[n], t
        cursor[c] = j + 1
        situation[c] = min(situation[c], np.uint8(max(t, _CHILD) - _CHILD))
        parents[c] |= t == _PARENT


def relatives(model: QuartierModel, cases: Cases, ids: np.ndarray | None = None) -> Relatives:
    """Who could care: partner and parents (of a person below 60) in the household, grown-up children in the town.

    Able is who has at most Pflegegrad 1, no dementia, does not want a nursing home (so that no place, but the person
    decides who is able) and is not too old. In the household count the partner, a parent and a grown-up child; a home for
    disabled people counts as a carer. Elsewhere a grown-up child no farther than `care_reach` counts. Children outside the
    town are not counted. ``ids`` of the cases (i32) are looked up if they are not given.
    """
    p, limits, (rows, age) = model.people, limits_of(model), cases[:2]
    listed, size = grown_children(model), rows.size
    place = home, where, situation = np.empty(size, np.int32), np.empty(size, np.uint16), np.empty(size, np.uint8)
    most = 3 * size + 2 * listed.row.size + 1  # room for one more to be written than is kept
    found = np.empty(most, np.int32), np.empty(most, np.int32), np.empty(most, np.uint8)
    links, people = (p.partner, p.mother, p.father), (model.row_of_id, p.household, p.quartier, p.birth, p.care)
    n = _housemates(rows, age, links, limits, people, model.households.kind, place, *found)
    columns, marks = (p.care, p.household, p.quartier), _marks(model, p.id[rows] if ids is None else ids)
    reach = distances(model.region) <= model.rates.parameter("care_reach")
    n += _of_children(listed, columns, limits, marks, home, where, reach, *(column[n:] for column in found))
    pairs = Pairs(np.empty(n, np.int64), np.empty(n, np.int32), np.empty(n, np.uint8))
    parents, cursor = np.empty(size, np.bool_), np.zeros(size, np.int32)
    _by_case(Pairs(*(column[:n] for column in found)), pairs, cursor, situation, parents)
    return Relatives(pairs, situation, parents)


def _marks(model: QuartierModel, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    words = model.next_id // 64 + 1
    marks = np.zeros(words, np.uint64), np.empty(words, np.uint32), np.empty(ids.size, np.int32)
    _mark(ids, *marks)
    return marks
