"""The reference person of a household: the oldest member, ties by key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

if TYPE_CHECKING:
    from ..model import QuartierModel


@nb.njit(cache=True)
def _oldest_members(households, first, following, birth, key, reference):
    for k in range(households.size):
        oldest = first[households[k]]
        i = oldest
        while i >= 0:
            if birth[i] < birth[oldest] or (birth[i] == birth[oldest] and key[i] < key[oldest]):
                oldest = i
            i = following[i]
        reference[k] = oldest


def reference_persons(model: QuartierModel, households: np.ndarray) -> np.ndarray:
    """Row (i32) of the reference person of each of these private households; -1 for empty ones."""
    p, reference = model.people, np.empty(households.size, np.int32)
    _oldest_members(
        households.astype(np.int32), model.households.first_member, p.next_member, p.birth, p.key, reference
    )
    return reference
