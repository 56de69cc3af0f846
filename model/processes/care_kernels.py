"""Compiled questions of care: put exactly to a few people, put to all old people, and the target of a move."""

from __future__ import annotations

import numba as nb
import numpy as np

from ..columns import CARE_GRADE_BITS, DEMENTIA_BIT
from ..luck import Decision, unit
from ..screen import BLOCK, _draw
from ..timeline import STEPS_PER_YEAR

_GRADES = 5
_TARGET = int(Decision.CARE_TARGET)


@nb.njit(cache=True)
def asked(step, rows, words, group, sex, birth, table, out):
    """Whether the event happens to each of some people, by thresholds u32 [group, sex, quarters lived].

    ``rows``, ``words`` (of luck), ``group`` and ``out`` have one entry per person asked; ``sex`` and ``birth`` are columns.
    """
    last = table.shape[2] - 1
    for j in range(rows.size):
        i = rows[j]
        out[j] = words[j] < table[group[j], sex[i], min(np.int64(step) - np.int64(birth[i]), last)]


@nb.njit(cache=True)
def old_ones(stream, step, decision, latest, keys, birth, bound, rows, luck):
    """Rows and words of those born up to ``latest`` whose word lies below the bound (u32) of the quarters lived; how many.

    Per block the old are picked out first, so that luck is drawn for nobody else.
    """
    at, old = np.empty(BLOCK, np.uint32), np.empty(BLOCK, np.uint64)
    words, near, most = np.empty(4 * BLOCK, np.uint32), np.empty(BLOCK, np.uint32), bound.max()
    low, block, last = np.empty(BLOCK, np.uint32), decision >> np.uint64(2), np.uint32(bound.size - 1)
    which = np.int64(decision & np.uint64(3))
    drawn = words[which * BLOCK : (which + 1) * BLOCK]
    now, found = np.uint32(step), 0
    for start in range(0, keys.size, BLOCK):
        born, key = birth[start : start + BLOCK], keys[start : start + BLOCK]
        count = 0
        for i in range(born.size):
            at[count] = np.uint32(i)
            count += born[i] <= latest
        for j in range(count):
            old[j] = key[at[j]]
        _draw(stream, step, block, old[:count], words)
        hits = 0
        for j in range(count):
            near[hits] = at[j]
            low[hits] = drawn[j]
            hits += drawn[j] < most
        for j in range(hits):
            if low[j] < bound[min(np.uint32(now - np.uint32(born[near[j]])), last)]:
                rows[found], luck[found] = start + near[j], low[j]
                found += 1
    return found


@nb.njit(cache=True)
def grade_reached(stream, step, rows, keys, care, sex, birth, onset, upgrade, worse, downgrade, recovery, out):
    """The grade to which people go who are known to move; by inverse CDF from the lowest grade up.

    ``onset``, ``upgrade`` (nil from grade 5), ``recovery`` : float64 [sex, age, 5]; ``worse`` : factor on an upgrade
    [dementia, sex, age, grade]. Ages are those at the start of the quarter.
    """
    weight = np.empty(_GRADES + 1)
    last = onset.shape[1] - 1
    for j in range(rows.size):
        i = rows[j]
        g = min(np.int64(care[i] & CARE_GRADE_BITS), _GRADES)
        demented = np.int64((care[i] & DEMENTIA_BIT) != 0)
        age = min(max((np.int64(step) - 1 - np.int64(birth[i])) // STEPS_PER_YEAR, 0), last)
        weight[:] = 0.0
        if g == 0:
            for to in range(_GRADES):
                weight[to + 1] = onset[sex[i], age, to]
        else:
            weight[min(g + 1, _GRADES)] = upgrade[sex[i], age, g - 1] * worse[demented, sex[i], age, g]
            weight[g - 1] += downgrade if g > 1 else 0.0
            weight[0] += recovery[sex[i], age, g - 1]
        for to in range(_GRADES):
            weight[to + 1] += weight[to]
        drawn = unit(stream, step, _TARGET, keys[i]) * weight[_GRADES]
        reached = 0
        for to in range(_GRADES):
            reached += drawn >= weight[to]
        out[j] = reached
