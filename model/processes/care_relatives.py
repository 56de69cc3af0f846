"""Who could care for a person in need: somebody in the household, a child within reach, nobody (model-care.md 3.1).

Partners and parents are looked up by name, once, and again where a verb has changed the household (`changed_homes`). There is
no index of children: the short list of grown-up people with a parent by name is read, and of these parents is asked whether
they are in need at home, by a bit per id: an eighth of a byte per person, small enough to stay near the processor. The bits
set before an id say which case it is. What follows costs the few found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numba as nb
import numpy as np

from ..cases import Memory, places_before
from ..columns import Kind
from ..geography import distances
from ..grown_children import grown_children
from ..households import changed_homes
from ..tables import NONE
from .care_carers import Carer, Cases, Pairs, Tie, limits_of

if TYPE_CHECKING:
    from ..model import QuartierModel

_IN_HOUSEHOLD, _NO_CARER, _DISABILITY_HOME = int(Carer.IN_HOUSEHOLD), int(Carer.NONE), int(Kind.DISABILITY_HOME)
_PARTNER, _PARENT, _CHILD = int(Tie.PARTNER), int(Tie.PARENT), int(Tie.CHILD_IN_HOUSEHOLD)
_WITHIN_REACH, _IN_TOWN = int(Tie.WITHIN_REACH), int(Tie.IN_TOWN)
_CHUNK = 4096
"""Children looked at together (a speed, no figure)."""
_ANY_AGE = 1 << 30
_SIDE = "care_housemates"


class Home(NamedTuple):
    """Where and with whom people in need live, one entry per case: household (i32), Quartier (u16), kind of the household (u8);
    rows (i32) of the partner, the mother and the father in the same household, -1 = none. Parents are known of the young."""

    home: np.ndarray
    where: np.ndarray
    kind: np.ndarray
    partner: np.ndarray
    mother: np.ndarray
    father: np.ndarray


class Relatives(NamedTuple):
    """Able relatives of people in need, and one entry per case: carer situation (u8, a `Carer`), whether a parent in the
    household is the carer (bool), and where and with whom the person lives."""

    pairs: Pairs
    situation: np.ndarray
    parents: np.ndarray
    lives: Home


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
def _look_up(rows, age, young, before, old, changed, links, people, lives):
    """Where and with whom people live: taken over from the step before, looked up for those who are new (``before`` -1) or whose
    household has changed; the marks of change become seen.

    In loops that fetch or decide, but not both, so that the processor fetches for many at once. Who is gone has no household.
    """
    row_of_id, household, quartier, kind = people
    home, where, kinds = lives.home, lives.where, lives.kind
    all_mates, limits = (lives.partner, lives.mother, lives.father), (_ANY_AGE, young, young)
    anew, mate, n = np.empty(rows.size + 1, np.uint32), np.empty(rows.size, np.int32), np.uint64(0)
    for c in range(rows.size):
        j = np.uint32(max(before[c], 0))
        home[c], where[c], kinds[c] = old.home[j], old.where[j], old.kind[j]
        lives.partner[c], lives.mother[c], lives.father[c] = old.partner[j], old.mother[j], old.father[j]
        anew[n] = c
        n += np.uint64((before[c] < 0) | (changed[np.uint32(home[c])] != 0))
    for c in anew[:n]:
        i = np.uint32(rows[c])
        home[c], where[c] = household[i], quartier[i]
    for c in anew[:n]:
        kinds[c] = kind[np.uint32(home[c])]
    for k in range(len(links)):
        link, theirs, limit = links[k], all_mates[k], limits[k]
        for m in range(n):
            c = anew[m]
            mate[m] = link[np.uint32(rows[c])] if age[c] < limit else -1
        for m in range(n):
            row = row_of_id[np.uint32(max(mate[m], 0))]
            mate[m] = row if mate[m] >= 0 else -1
        for m in range(n):
            here = (mate[m] >= 0) & (household[np.uint32(max(mate[m], 0))] == home[anew[m]])
            theirs[anew[m]] = mate[m] if here else -1
    for h in range(changed.size):
        changed[h] = np.uint8(2) * np.uint8(changed[h] != 0)


@nb.njit(cache=True)
def _housemates(age, lives, limits, birth, care, situation, case, carer, tie):
    """Able partners, then mothers, then fathers of the young, who live in the same household; how many pairs there are.

    ``situation``: who is looked after by a home for disabled people; else nobody is known yet.
    """
    able, n = limits.able, np.uint64(0)
    for c in range(age.size):
        situation[c] = _IN_HOUSEHOLD if lives.kind[c] == _DISABILITY_HOME else _NO_CARER
    for mates, parent in ((lives.partner, False), (lives.mother, True), (lives.father, True)):
        first, earliest = n, limits.parent if parent else limits.partner
        for c in range(age.size):
            case[n], carer[n] = c, mates[c]
            n += np.uint64((mates[c] >= 0) & ((not parent) | (age[c] < limits.parent_until)))
        last, n = n, first
        for j in range(first, last):
            i = np.uint32(carer[j])
            case[n], carer[n], tie[n] = case[j], carer[j], _PARENT if parent else _PARTNER
            n += np.uint64((birth[i] >= earliest) & able[care[i] & 31])
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


def relatives(model: QuartierModel, cases: Cases, known: Memory | None = None) -> Relatives:
    """Who could care: partner and parents (of a person below 60) in the household, grown-up children in the town.

    Able is who has at most Pflegegrad 1, no dementia, does not want a nursing home (so that no place, but the person
    decides who is able) and is not too old. In the household count the partner, a parent and a grown-up child; a home for
    disabled people counts as a carer. Elsewhere a grown-up child no farther than `care_reach` counts. Children outside the
    town are not counted. Without ``known`` (the side table of these cases) nothing is taken over from the step before.
    """
    p, limits, age, size = model.people, limits_of(model), cases.age, cases.rows.size
    lives, ids = _lives(model, cases, known, limits.parent_until), p.id[cases.rows] if known is None else known.id
    listed, situation = grown_children(model), np.empty(size, np.uint8)
    most = 3 * size + 2 * listed.row.size + 1  # room for one more to be written than is kept
    found = np.empty(most, np.int32), np.empty(most, np.int32), np.empty(most, np.uint8)
    n = _housemates(age, lives, limits, p.birth, p.care, situation, *found)
    columns, marks = (p.care, p.household, p.quartier), _marks(model, ids)
    reach = distances(model.region) <= model.rates.parameter("care_reach")
    rest = (column[n:] for column in found)
    n += _of_children(listed, columns, limits, marks, lives.home, lives.where, reach, *rest)
    pairs = Pairs(np.empty(n, np.int64), np.empty(n, np.int32), np.empty(n, np.uint8))
    parents, cursor = np.empty(size, np.bool_), np.zeros(size, np.int32)
    _by_case(Pairs(*(column[:n] for column in found)), pairs, cursor, situation, parents)
    return Relatives(pairs, situation, parents, lives)


def _lives(model: QuartierModel, cases: Cases, known: Memory | None, young: int) -> Home:
    p, n = model.people, cases.rows.size
    people, links = (model.row_of_id, p.household, p.quartier, model.households.kind), (p.partner, p.mother, p.father)
    reordered, old = model.side.get(_SIDE, (-1, None))
    if known is None or reordered != p.reordered or old.home.size == 0:
        before, old = np.full(n, NONE, np.int32), Home(*(np.zeros_like(column) for column in _room(1)))
    else:
        before = places_before(model)
    lives, changed = _room(n), changed_homes(model)
    _look_up(cases.rows, cases.age, young, before, old, changed, links, people, lives)
    return lives


def keep_lives(model: QuartierModel, lives: Home) -> None:
    """Keep where and with whom people live for the next step; in the order of the side table, as it is then."""
    model.side[_SIDE] = (model.people.reordered, lives)


def _room(n: int) -> Home:
    """Entries to be filled."""
    (home, partner, mother, father), where = np.empty((4, n), np.int32), np.empty(n, np.uint16)
    return Home(home, where, np.empty(n, np.uint8), partner, mother, father)


def _marks(model: QuartierModel, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    words = model.next_id // 64 + 1
    marks = np.zeros(words, np.uint64), np.empty(words, np.uint32), np.empty(ids.size, np.int32)
    _mark(ids, *marks)
    return marks
