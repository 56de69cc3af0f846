"""The reference person of each household."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from ..tables import NONE

if TYPE_CHECKING:
    from ..model import QuartierModel


@nb.njit(cache=True)
def _oldest_member(household, birth, key, reference):
    for i in range(household.size):
        h = household[i]
        if h < 0:
            continue
        j = reference[h]
        if j < 0 or birth[i] < birth[j] or (birth[i] == birth[j] and key[i] < key[j]):
            reference[h] = i


def reference_persons(model: QuartierModel) -> np.ndarray:
    """Row (i32) of each household's reference person, the oldest member, ties by key; -1 for empty households."""
    p = model.people
    reference = np.full(len(model.households), NONE, np.int32)
    _oldest_member(p.household, p.birth, p.key, reference)
    return reference
