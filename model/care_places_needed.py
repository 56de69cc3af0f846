"""Places in nursing homes needed so that at most a share of those who want one wait longer than one quarter.

A person's wish begins and ends at dates that no place changes (model-care.md 4.2: who lives how long does not depend on
places). So the queue of any number of places can be replayed from the wishes of one run: first come, first served, the
classes of priority aside, which change who waits, not how many. Method: model-care.md 4.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from .columns import CARE_GRADE_BITS, FRAIL_BIT

if TYPE_CHECKING:
    from .model import QuartierModel

STILL = 2**31 - 1
"""End of a wish that lasts beyond the run."""
_FRAIL, _GRADE = np.uint8(FRAIL_BIT), np.uint8(CARE_GRADE_BITS)


@nb.njit(inline="always")
def wants_home(care):
    """Whether a person with these bits of `people.care` wants a place in a home; for use inside kernels."""
    return ((care & _FRAIL) != 0) & ((care & _GRADE) != 0)


@nb.njit(cache=True)
def _compare(before, since_before, ids, now, since, begun):
    """Since when each of ``ids`` wants a home, and since when those did who are not among them any more; both sorted.

    Returns how many these are.
    """
    ended = j = 0
    for k in range(ids.size):
        while j < before.size and before[j] < ids[k]:
            begun[ended] = since_before[j]
            ended += 1
            j += 1
        still = j < before.size and before[j] == ids[k]
        since[k] = since_before[j] if still else now
        j += still
    while j < before.size:
        begun[ended] = since_before[j]
        ended += 1
        j += 1
    return ended


class Wishes:
    """Notes when wishes for a nursing home begin and end; look once at the start and after every step.

    Attributes
    ----------
    begin, end : lists of i64 arrays, one pair per look: steps of the wishes that ended at this look. Wishes from before
        the start begin at the start.
    """

    def __init__(self) -> None:
        self.ids, self.since = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self.begin: list[np.ndarray] = []
        self.end: list[np.ndarray] = []

    def look(self, model: QuartierModel, rows: np.ndarray | None = None) -> None:
        """Compare who wants a home now with who did at the last look; ``rows`` are the people who do, if known."""
        p = model.people
        if rows is None:
            rows = np.flatnonzero((p.care & FRAIL_BIT > 0) & (p.care & CARE_GRADE_BITS > 0) & (p.present == 1))
        ids = np.sort(p.id[rows]).astype(np.int64)
        since, begun = np.empty(ids.size, np.int64), np.empty(self.ids.size, np.int64)
        begun = begun[: _compare(self.ids, self.since, ids, model.now, since, begun)].copy()
        self.begin.append(begun)
        self.end.append(np.full(begun.size, model.now, np.int64))
        self.ids, self.since = ids, since

    def save(self) -> dict[str, np.ndarray]:
        """All that has been noted, as plain arrays; `restore` goes on from them."""
        begin, end = (np.concatenate((*c, np.zeros(0, np.int64))) for c in (self.begin, self.end))
        return {"wish_ids": self.ids, "wish_since": self.since, "wish_begin": begin, "wish_end": end}

    def restore(self, saved: Mapping[str, np.ndarray]) -> None:
        """Go on from what `save` gave."""
        self.ids, self.since = saved["wish_ids"], saved["wish_since"]
        self.begin, self.end = [saved["wish_begin"]], [saved["wish_end"]]

    def spells(self) -> tuple[np.ndarray, np.ndarray]:
        """Begin and end (`STILL` = not yet) of all wishes noted, i64, sorted by begin."""
        begin = np.concatenate((*self.begin, self.since))
        end = np.concatenate((*self.end, np.full(self.since.size, STILL, np.int64)))
        order = np.lexsort((end, begin))
        return begin[order], end[order]


@nb.njit(cache=True)
def _replay(begin, stay, fixed_end, capacity, waits):
    """Step of entry less step of wish for every person, -1 for those whose wish ends before; first come first served."""
    leaves = np.empty(begin.size, np.int64)  # a heap of the ends of those inside, the earliest on top
    inside = 0
    for i in range(begin.size):
        waits[i] = -1
    for i in range(begin.size):
        enter = begin[i]
        while inside > 0 and leaves[0] <= enter:
            inside = _pop(leaves, inside)
        if inside >= capacity:
            if capacity == 0:
                waits[i] = stay[i]
                continue
            if fixed_end and leaves[0] >= begin[i] + stay[i]:
                waits[i] = stay[i]  # the wish ends while waiting
                continue
            enter = leaves[0]
            inside = _pop(leaves, inside)
        waits[i] = enter - begin[i]
        inside = _push(leaves, inside, begin[i] + stay[i] if fixed_end else enter + stay[i])


@nb.njit(inline="always")
def _push(heap, size, value):
    j = size
    while j > 0 and heap[(j - 1) // 2] > value:
        heap[j] = heap[(j - 1) // 2]
        j = (j - 1) // 2
    heap[j] = value
    return size + 1


@nb.njit(inline="always")
def _pop(heap, size):
    value = heap[size - 1]
    size -= 1
    j = 0
    while 2 * j + 1 < size:
        child = 2 * j + 1
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= value:
            break
        heap[j] = heap[child]
        j = child
    heap[j] = value
    return size


def waiting(begin: np.ndarray, stay: np.ndarray, capacity: int, fixed_end: bool = True) -> np.ndarray:
    """How long (i64, steps) each waits for one of ``capacity`` places, first come, first served.

    Parameters
    ----------
    begin : i64, steps at which wishes begin, ascending. stay : i64 > 0, steps.
    fixed_end : whether ``stay`` counts from the wish (people die while waiting as they would inside) or from the entry
        (the textbook's queue). Whose wish ends while waiting has waited all of it.
    """
    waits = np.empty(begin.size, np.int64)
    _replay(begin.astype(np.int64), stay.astype(np.int64), fixed_end, capacity, waits)
    return waits


def places_needed(begin: np.ndarray, end: np.ndarray, first: int, last: int, most: float, longest: int = 1) -> int:
    """The fewest places with which at most a share ``most`` of the wishes of the steps first..last wait over ``longest``.

    Whose wish ends within the time counts as waiting only if it was longer. 0 where there are no wishes.
    """
    asked = (begin >= first) & (begin <= last)
    if not asked.any():
        return 0
    low, high = 0, int(np.bincount(begin - begin.min()).cumsum().max())
    while low < high:
        middle = (low + high) // 2
        waits = waiting(begin, end - begin, middle)[asked]
        if (waits > longest).mean() <= most:
            high = middle
        else:
            low = middle + 1
    return low
