"""Compiled questions of care: put exactly to a few people, who is old enough for dementia, and the target of a move."""

from __future__ import annotations

import numba as nb
import numpy as np

from ..columns import CARE_GRADE_BITS, DEMENTIA_BIT
from ..luck import Decision, unit

_GRADES = 5
_TARGET = int(Decision.CARE_TARGET)


@nb.njit(cache=True)
def asked(step, rows, words, column, class_of, groups, quartier, sex, birth, table, happened):
    """Whether the event happens to each of some people, by thresholds u32 [class and group, sex, quarters lived].

    ``rows``, ``words`` (of luck) and ``happened`` have one entry per person asked. The group is what the column says; each
    class of Quartiere has ``groups`` of them, 0 if all Quartiere are alike.
    """
    now, last, count = np.uint64(step), np.uint64(table.shape[2] - 1), np.uint64(groups)
    differ = np.uint32(groups != 0)
    for j in range(rows.size):
        i = np.uint32(rows[j])
        place = np.uint64(column[i]) + count * np.uint64(class_of[quartier[i * differ]])
        happened[j] = words[j] < table[place, sex[i], min(now - np.uint64(birth[i]), last)]


@nb.njit(cache=True)
def old_enough_for_dementia(rows, words, sex, birth, latest, fertile, above, kept, luck):
    """Rows of those born up to ``latest``, and their luck: their words, which for women born after ``fertile`` are counted from
    ``above`` on, so that lower ones come last. Returns how many.
    """
    n = 0
    for j in range(rows.size):
        i = np.uint32(rows[j])
        woman = (sex[i] == 1) & (birth[i] > fertile)
        kept[n], luck[n] = i, (np.int64(words[j]) - above * woman) & 0xFFFFFFFF
        n += birth[i] <= latest
    return n


@nb.njit(cache=True)
def grades_reached(stream, step, rows, columns, moves, out):
    """The grade to which people go who are known to move; by inverse CDF from the lowest grade up.

    Moves are ``onset``, ``upgrade`` (nil from grade 5), ``worse`` (factor on an upgrade [dementia, sex, age, grade]),
    ``downgrade`` (one number), ``recovery``: float64 [sex, age, 5]. Ages are those at the start of the quarter.
    """
    (keys, care, sex, birth), (onset, upgrade, worse, downgrade, recovery) = columns, moves
    weight, last, key = np.empty(_GRADES + 1), onset.shape[1] - 1, np.empty(rows.size, np.uint64)
    for j in range(rows.size):  # fetched by themselves many are on their way at once
        key[j] = keys[np.uint32(rows[j])]
    for j in range(rows.size):
        i = np.uint32(rows[j])
        code, s = np.int64(care[i]), np.int64(sex[i])
        g, demented = min(code & CARE_GRADE_BITS, _GRADES), np.int64((code & DEMENTIA_BIT) != 0)
        age = min(max((np.int64(step) - 1 - np.int64(birth[i])) >> 2, 0), last)
        if g == 0:
            weight[0] = 0.0
            for to in range(_GRADES):
                weight[to + 1] = onset[s, age, to]
        else:
            weight[:] = 0.0
            weight[min(g + 1, _GRADES)] = upgrade[s, age, g - 1] * worse[demented, s, age, g]
            weight[g - 1] += downgrade if g > 1 else 0.0
            weight[0] += recovery[s, age, g - 1]
        for to in range(_GRADES):
            weight[to + 1] += weight[to]
        share = unit(stream, step, _TARGET, key[j]) * weight[_GRADES]
        reached = 0
        for to in range(_GRADES):
            reached += share >= weight[to]
        out[j] = reached
