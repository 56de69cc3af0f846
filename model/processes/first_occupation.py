"""First occupation: in the two quarters after its completion a dwelling is not shown to everybody.

New areas begin with young families, more of them than the market would bring (model-demography.md 12). So households that look for a
dwelling weigh one just completed by a table (`first_occupation`, by tenure and household): a weight below 1 is the chance to see it
at all, drawn for the pair; one above 1 multiplies the odds of choosing it. After two quarters it is a dwelling like any other, and
whatever follows - children who are born, grow up and leave - is not imposed.

The age of a dwelling stands in two bits of its features: in the quarter of completion 3, in the next 2, then 1; 0 = of the start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..columns import BUILT_SHIFT, SECOND_QUARTER
from ..rates import RateBook
from .attraction import FAMILY

if TYPE_CHECKING:
    from ..model import QuartierModel

FRESH = SECOND_QUARTER << BUILT_SHIFT
"""Features from here on are those of a dwelling in its first two quarters."""
FIRST_BITS = np.uint64(FRESH * 0x0101010101010101)
ALONE, TWO, THREE, SMALL_FAMILY, LARGE_FAMILY = range(5)


def grow_old(model: QuartierModel) -> None:
    """Dwellings in their first two quarters are a quarter older."""
    features = model.dwellings.features
    # eight bytes at once: the first bit of each is set while it is fresh, and half of that is what a quarter takes
    whole = features.size // 8 * 8
    for part, first_bit in ((features[:whole].view(np.uint64), FIRST_BITS), (features[whole:], np.uint8(FRESH))):
        part -= (part & first_bit) >> part.dtype.type(1)


def households_of(group: np.ndarray, rooms: np.ndarray) -> np.ndarray:
    """Type (i64) of seekers by group of movers and rooms needed: persons and one."""
    size = rooms.astype(np.int64) - 1
    return np.where(group == FAMILY, np.where(size >= 4, LARGE_FAMILY, SMALL_FAMILY), np.clip(size, 1, 3) - 1)


def weights(rates: RateBook) -> np.ndarray:
    """Weight of a fresh dwelling for a type of household, float64 [type, tenure]."""
    return rates["first_occupation"].values.T
