"""The kin of people of 65 and over, counted: partner, nearest child, kin in the Quartier and the town.

Most people are nobody's child of 65 and over; two bits per id tell before any parent is looked up, and what is noted of
the old lies close together, in the order of ids, where their children find it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numba as nb
import numpy as np

from .columns import Sex
from .kin_distance import BITS, MOST, PLACES
from .timeline import STEPS_PER_YEAR

if TYPE_CHECKING:
    from .model import QuartierModel

OLD: Final = 65
"""Age from which the kin of a person are reported (the age limit of the statistics of care and pensions)."""
MEASURES: Final = (
    "persons",
    "partner",
    "partner_household",
    "child_household",
    "child_quartier",
    "child_town",
    "child_25_km",
    "child_100_km",
    "child_farther",
    "no_child",
    "kin_quartier",
    "kin_town",
    "children_town",
    "children_25_km",
    "children_100_km",
    "children_farther",
    "relatives_quartier",
    "relatives_town",
)
"""What is counted of people of 65 and over: persons; with a partner, and who lives with him or her; then by the nearest living
child, each person once: in the household, the same Quartier, the town, up to 25 km, up to 100 km, farther, none; with any kin in
the same Quartier (the household included), in the town; last, numbers of children by place, and of kin in the Quartier and
the town. Kin are partner, parents, children and siblings; siblings are known by a mother who has lived in the town."""

_PLACES: Final = len(PLACES)
_NEAREST: Final = 4 + _PLACES
"""Where the nearest child is: household, Quartier, town, a place outside, nowhere."""
_OLD, _HAS_OLD = 1, 2
"""Marks of an id: a person of 65 and over in town; the mother of one."""
_IDS: Final = 16
"""Ids whose two marks share a word."""
_HOUSEHOLD, _QUARTIER, _CHILDREN, _SIBLINGS = range(4)
"""What is noted of everybody of 65 and over, side by side, in the order of ids. Children are three numbers of eight bits:
in town, in the same Quartier, in the same household; siblings two: in town, in the same Quartier."""
_NEAR, _HOUSED, _NUMBER = 8, 16, 255
_BLOCK: Final = 2048


@nb.njit(inline="always")
def _slot(number):
    """Word and shift of an id's marks; nobody, -1, has a place too."""
    slot = np.uint32(number + 1)
    return slot // np.uint32(_IDS), np.uint32(2) * (slot % np.uint32(_IDS))


@nb.njit(inline="always")
def _set_mark(marks, number, mark):
    word, shift = _slot(number)
    marks[word] |= np.uint32(mark) << shift


@nb.njit(inline="always")
def _marks_of(marks, number):
    word, shift = _slot(number)
    return marks[word] >> shift & np.uint32(3)


@nb.njit(inline="always")
def _old_below(word):
    """How many of the ids of a word are old."""
    word &= np.uint32(0x55555555)
    word = (word & np.uint32(0x33333333)) + (word >> np.uint32(2) & np.uint32(0x33333333))
    word = word + (word >> np.uint32(4)) & np.uint32(0x0F0F0F0F)
    return np.uint64(word) * np.uint64(0x01010101) >> np.uint64(24) & np.uint64(_NUMBER)


@nb.njit(inline="always")
def _position(marks, before, number):
    """Which of the old, in the order of ids, somebody is."""
    word, shift = _slot(number)
    return before[word] + _old_below(marks[word] & (np.uint32(1) << shift) - np.uint32(1))


@nb.njit(cache=True)
def _find_old(people, latest, rows, marks, before):
    """Rows of those of 65 and over; marks of them and of their mothers, and how many of the old have ids before each word."""
    present, birth, id_, _, _, mother, _ = people
    n = 0
    for i in range(present.size):
        rows[n] = i  # written for each, kept for the old: no branch to guess wrong
        n += np.int64(present[i] & np.uint8(birth[i] <= latest))
    for k in range(n):
        _set_mark(marks, id_[rows[k]], _OLD)
        _set_mark(marks, mother[rows[k]], _HAS_OLD)
    marks[0] &= ~np.uint32(3)  # nobody is nobody's mother
    total = 0
    for word in range(marks.size):
        before[word] = total
        total += _old_below(marks[word])
    return n


@nb.njit(cache=True)
def _note_children(people, rows, marks, before, old, related):
    """Note who is old, and all children of each; list who shares a mother with one of them.

    Block by block: first the few whom it concerns, then their parents. Returns how many are listed.
    """
    present, _, id_, household, quartier, mother, father = people
    for i in rows:
        k = _position(marks, before, id_[i])
        old[k, _HOUSEHOLD], old[k, _QUARTIER] = household[i], quartier[i]
    concerned, marked = np.empty(_BLOCK + 1, np.int32), np.empty(_BLOCK + 1, np.uint32)
    child, parent = np.empty(2 * _BLOCK + 1, np.int32), np.empty(2 * _BLOCK + 1, np.int32)
    listed = 0
    for start in range(0, present.size, _BLOCK):
        mothers, fathers = mother[start : start + _BLOCK], father[start : start + _BLOCK]
        here = present[start : start + _BLOCK]
        found = links = 0
        for j in range(here.size):
            mark = _marks_of(marks, mothers[j]) | (_marks_of(marks, fathers[j]) & np.uint32(_OLD)) << np.uint32(2)
            concerned[found], marked[found] = start + j, mark
            found += np.int64((mark != 0) & (here[j] != 0))
        for k in range(found):
            i, mark = concerned[k], np.int64(marked[k])
            related[listed] = i
            listed += mark >> 1 & 1
            child[links], parent[links] = i, mother[i]
            links += mark & 1
            child[links], parent[links] = i, father[i]
            links += mark >> 2
        for link in range(links):
            parent[link] = _position(marks, before, parent[link])
        for link in range(links):
            i, k = np.uint32(child[link]), np.uint32(parent[link])
            near, housed = old[k, _QUARTIER] == quartier[i], old[k, _HOUSEHOLD] == household[i]
            old[k, _CHILDREN] += 1 + (np.int64(near) << _NEAR) + (np.int64(housed) << _HOUSED)
    return listed


@nb.njit(cache=True)
def _note_siblings(related, id_, quartier, marks, before, old):
    """The others of each mother's children; ``related`` (mother and row in one word) are sorted: her children follow each other."""
    begin = 0
    for end in range(1, related.size + 1):
        if end < related.size and related[end] >> np.uint64(32) == related[begin] >> np.uint64(32):
            continue
        for a in range(begin, end):
            i = np.uint32(related[a])
            if _marks_of(marks, id_[i]) & np.uint32(_OLD):
                near = -1
                for b in range(begin, end):
                    near += quartier[np.uint32(related[b])] == quartier[i]
                old[_position(marks, before, id_[i]), _SIBLINGS] = end - begin - 1 + (near << _NEAR)
        begin = end


@nb.njit(inline="always")
def _is_here(people, row, i):
    """Whether somebody found at ``row`` (-1 = nowhere) is in town, in the Quartier and in the household of ``i``."""
    present, _, _, household, quartier, _, _ = people
    j = np.uint32(max(row, 0))
    here = np.int64((row >= 0) & (present[j] != 0))
    return here, here & np.int64(quartier[j] == quartier[i]), here & np.int64(household[j] == household[i])


@nb.njit(cache=True)
def _count(people, links, row_of_id, noted, states, sums):
    """Count people by partner (none, apart, together), nearest child and nearest kin (none, town, Quartier); add up numbers.

    Block by block, what lies far away fetched first, so that one fetch does not wait for another.
    """
    _, _, id_, _, quartier, mother, father = people
    partner, kin_away, sex = links
    rows, marks, before, old = noted
    of_partner, at = np.empty(_BLOCK, np.int32), np.empty(_BLOCK, np.uint32)
    for start in range(0, rows.size, _BLOCK):
        block = rows[start : start + _BLOCK]
        for b in range(block.size):
            link = partner[np.uint32(block[b])]
            row = row_of_id[np.uint32(max(link, 0))]
            of_partner[b] = row if link >= 0 else np.int32(-1)
        for b in range(block.size):
            at[b] = _position(marks, before, id_[np.uint32(block[b])])
        for b in range(block.size):
            i, children, others = np.uint32(block[b]), np.int64(old[at[b], _CHILDREN]), np.int64(old[at[b], _SIBLINGS])
            number, near_children, housed = children & _NUMBER, children >> _NEAR & _NUMBER, children >> _HOUSED
            here, close, together = _is_here(people, of_partner[b], i)
            town, near = number + (others & _NUMBER) + here, near_children + (others >> _NEAR) + close
            for parent in (mother[i], father[i]):
                if parent >= 0:
                    in_town, close, _ = _is_here(people, row_of_id[np.uint32(parent)], i)
                    town, near = town + in_town, near + close
            nearest = 3 - np.int64(number > 0) - np.int64(near_children > 0) - np.int64(housed > 0)
            its_quartier, of_sex = np.uint32(quartier[i]), np.uint32(sex[i])
            for place in range(_PLACES):
                away = np.int64(kin_away[i]) >> (BITS * place) & MOST
                sums[its_quartier, of_sex, 1 + place] += away
                nearest += np.int64((nearest == 3 + place) & (away == 0))
            sums[its_quartier, of_sex, 0] += number
            sums[its_quartier, of_sex, 1 + _PLACES] += near
            sums[its_quartier, of_sex, 2 + _PLACES] += town
            kin = np.uint32(town > 0) + np.uint32(near > 0)
            states[its_quartier, of_sex, np.uint32(here + together), np.uint32(nearest), kin] += 1


def kin_counts(model: QuartierModel) -> np.ndarray:
    """Kin of people of 65 and over, i64 [quartier, sex, measure] in the order of `MEASURES`."""
    p, n = model.people, len(model.people)
    people = (p.present, p.birth, p.id, p.household, p.quartier, p.mother, p.father)
    rows, marks = np.empty(n + 1, np.int32), np.zeros(model.next_id // _IDS + 1, np.uint32)
    before = np.empty(marks.size, np.uint32)
    rows = rows[: _find_old(people, np.int64(model.now - STEPS_PER_YEAR * OLD), rows, marks, before)]
    old, related = np.zeros((rows.size, 4), np.int32), np.empty(n + 1, np.int32)
    related = related[: _note_children(people, rows, marks, before, old, related)]
    related = np.sort(p.mother[related].astype(np.uint64) << np.uint64(32) | related.astype(np.uint64))
    _note_siblings(related, p.id, p.quartier, marks, before, old)
    states = np.zeros((model.n_quartiere, len(Sex), 3, _NEAREST, 3), np.int64)
    sums = np.zeros((model.n_quartiere, len(Sex), 3 + _PLACES), np.int64)
    noted = (rows, marks, before, old)
    _count(people, (p.partner, p.kin_away, p.sex), model.row_of_id, noted, states, sums)
    by_partner, by_child, by_kin = states.sum(axis=(3, 4)), states.sum(axis=(2, 4)), states.sum(axis=(2, 3))
    persons, coupled, with_kin = by_partner.sum(axis=2), by_partner[..., 1:].sum(axis=2), by_kin[..., 1:].sum(axis=2)
    columns = (persons, coupled, by_partner[..., 2], *np.moveaxis(by_child, 2, 0), by_kin[..., 2], with_kin)
    return np.concatenate((np.stack(columns, axis=-1), sums), axis=2)
