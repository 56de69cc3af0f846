"""What a dwelling is like besides its rooms: whose it is, whether it is barrier-free, how dear it is; packed in one byte.

Drawn once per dwelling, keyed by the dwelling (model-family-housing.md 8): tenure by size and age of the household that lives
there at the start, barrier-free by tenure and independent of need, the rent per m2 in eight classes of equal frequency.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from .columns import (
    BARRIER_FREE_BIT,
    BUILT_SHIFT,
    JUST_BUILT,
    RENT_CLASSES,
    RENT_SHIFT,
    TENURE_BITS,
    TENURE_SHIFT,
    Tenure,
)
from .luck import Decision, Luck
from .rates import RateBook


def draw_features(luck: Luck, rates: RateBook, key: np.ndarray, owned: np.ndarray, new: bool = False) -> np.ndarray:
    """Features (u8) of dwellings.

    Parameters
    ----------
    key : u64, of the dwellings. owned : probability that each is an owner's. new : whether they are built now.
    """

    def u(decision: Decision) -> np.ndarray:
        return luck.uniform(decision, 0, key)

    of_owner = u(Decision.OWNED) < owned
    bound = ~of_owner & (u(Decision.RENT_BOUND) * (1 - owned) < rates.parameter("bound_share"))
    tenure = np.where(of_owner, Tenure.OWNED, np.where(bound, Tenure.BOUND, Tenure.LET))
    share = np.where(of_owner, rates.parameter("barrier_free_owned"), rates.parameter("barrier_free_let"))
    free = u(Decision.BARRIER_FREE) < (rates.parameter("barrier_free_new") if new else share)
    rent = (u(Decision.RENT_CLASS) * RENT_CLASSES).astype(np.int64)
    built = JUST_BUILT << BUILT_SHIFT if new else 0
    return (free * BARRIER_FREE_BIT | tenure << TENURE_SHIFT | rent << RENT_SHIFT | built).astype(np.uint8)


def barrier_free(features: np.ndarray) -> np.ndarray:
    """Whether dwellings are barrier-free (bool)."""
    return features & BARRIER_FREE_BIT > 0


def tenure_of(features: np.ndarray) -> np.ndarray:
    """Tenure (i64) of dwellings."""
    return (features & TENURE_BITS).astype(np.int64) >> TENURE_SHIFT


def yearly_cost(rates: RateBook, features: np.ndarray, rooms: np.ndarray) -> np.ndarray:
    """What dwellings cost a year who moves in (EUR, float64): gross cold rent; an owner's costs what it would be let for."""
    middle = (np.arange(RENT_CLASSES) + 0.5) / RENT_CLASSES
    square_metre = np.exp(rates.parameter("rent_spread") * ndtri(middle))
    square_metre *= (
        12 * rates.parameter("rent_level") * rates.parameter("rent_asked") * rates.parameter("rent_with_costs")
    )
    area = rates["dwelling_area"].values[np.clip(rooms, 1, 7).astype(np.int64) - 1]
    bound = tenure_of(features) == Tenure.BOUND
    return (
        square_metre[(features >> RENT_SHIFT) % RENT_CLASSES] * area * np.where(bound, 1 - rates.parameter("rent_bound_discount"), 1.0)
    )
