"""Deferred acceptance (Gale & Shapley 1962): who asks proposes, who has places keeps the best; linear in proposals."""

from __future__ import annotations

import numba as nb
import numpy as np


@nb.njit(inline="always")
def _below(scores, keys, position, a, b):
    """Whether seeker ``a`` ranks below ``b`` at the place-giver both ask now."""
    score_a, score_b = scores[a, position[a]], scores[b, position[b]]
    return score_a < score_b or (score_a == score_b and keys[a] > keys[b])


@nb.njit(cache=True)
def _rise(heap, base, j, asks, scores, keys, position):
    while j > 0:
        parent = heap[base + (j - 1) // 2]
        if not _below(scores, keys, position, asks, parent):
            break
        heap[base + j] = parent
        j = (j - 1) // 2
    heap[base + j] = asks


@nb.njit(cache=True)
def _sink(heap, base, size, asks, scores, keys, position):
    j = 0
    while 2 * j + 1 < size:
        child = 2 * j + 1
        if child + 1 < size and _below(scores, keys, position, heap[base + child + 1], heap[base + child]):
            child += 1
        if not _below(scores, keys, position, heap[base + child], asks):
            break
        heap[base + j] = heap[base + child]
        j = child
    heap[base + j] = asks


@nb.njit(cache=True)
def _accept(choices, scores, keys, free, match):
    n, width = choices.shape
    offset = np.zeros(free.size + 1, np.int64)
    for f in range(free.size):
        offset[f + 1] = offset[f] + max(free[f], 0)
    heap = np.empty(offset[-1], np.int32)  # of each place-giver: whom it has accepted, the worst on top
    size = np.zeros(free.size, np.int64)
    position = np.zeros(n, np.int32)
    for first in range(n):
        asks = np.int32(first)
        while position[asks] < width and choices[asks, position[asks]] >= 0:
            f = choices[asks, position[asks]]
            capacity = offset[f + 1] - offset[f]
            if size[f] < capacity:
                size[f] += 1
                _rise(heap, offset[f], size[f] - 1, asks, scores, keys, position)
                match[asks] = f
                break
            if capacity > 0:
                worst = heap[offset[f]]
                if _below(scores, keys, position, worst, asks):
                    _sink(heap, offset[f], capacity, asks, scores, keys, position)
                    match[asks], match[worst] = f, -1
                    asks = worst
            position[asks] += 1


def deferred_acceptance(choices: np.ndarray, scores: np.ndarray, keys: np.ndarray, free: np.ndarray) -> np.ndarray:
    """The stable matching that is best for those who ask; the same whatever the order of the rows.

    Parameters
    ----------
    choices : i32 [seekers, width], what each finds acceptable, best first, then -1.
    scores : float64 [seekers, width], how the place-giver named in `choices` ranks the seeker; higher is better.
    keys : u64 [seekers], settle equal scores (the smaller key is preferred).
    free : i64 [place-givers], free places; negative counts as none.

    Returns
    -------
    match : i32 [seekers], the place-giver, or -1 for those refused everywhere.
    """
    match = np.full(keys.size, -1, np.int32)
    _accept(choices, scores, keys, free, match)
    return match
