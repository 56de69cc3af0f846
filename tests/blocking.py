"""Stability of a matching, checked by looking at every pair."""

from __future__ import annotations

import numpy as np


def blocking_pairs(
    choices: np.ndarray, scores: np.ndarray, keys: np.ndarray, free: np.ndarray, match: np.ndarray
) -> list[tuple[int, int]]:
    """Pairs who would both rather have each other, found by looking at all of them."""
    rank = {
        f: sorted((-scores[i, choices[i].tolist().index(f)], int(keys[i])) for i in np.flatnonzero(match == f))
        for f in range(free.size)
    }
    pairs = []
    for i in range(keys.size):
        for w, f in enumerate(choices[i]):
            if f < 0 or f == match[i]:
                break
            mine = (-scores[i, w], int(keys[i]))
            if len(rank[f]) < max(free[f], 0) or (rank[f] and free[f] > 0 and mine < rank[f][-1]):
                pairs.append((i, int(f)))
    return pairs
