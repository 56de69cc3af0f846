"""Children outside the town by distance: three numbers of a parent, packed into one 16-bit word (`people.kin_away`).

Five bits each: children up to 25 km away, 25 to 100 km, and farther (abroad included). A column of zeros means none, so
whether somebody has children elsewhere is one comparison.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numba as nb
import numpy as np

from .luck import Decision, fill_unit

if TYPE_CHECKING:
    from .model import QuartierModel
    from .rates import RateBook

PLACES: Final = ("up to 25 km", "25 to 100 km", "farther")
BITS: Final = 5
"""Bits of the word for each place."""
MOST: Final = (1 << BITS) - 1
"""Most children that can be counted in one place; nobody comes near it."""


def away_counts(packed: np.ndarray) -> np.ndarray:
    """Children outside the town by place, i64 [..., place], from values of `people.kin_away`."""
    shifts = BITS * np.arange(len(PLACES))
    return (packed.astype(np.int64)[..., None] >> shifts) & MOST


def away_total(packed: np.ndarray) -> np.ndarray:
    """Children outside the town (i64 per person), wherever they live."""
    return away_counts(packed).sum(axis=-1)


def one_child(place: np.ndarray) -> np.ndarray:
    """What one child at a place (index of `PLACES`) adds to `people.kin_away` (u16)."""
    return np.left_shift(1, BITS * np.asarray(place, np.int64)).astype(np.uint16)


@nb.njit(inline="always")
def take_one(packed, u):
    """A value of `people.kin_away` (i64, at least one child) with one child fewer, each as likely as any other (``u``: 0 to 1)."""
    near, middle = packed & MOST, (packed >> BITS) & MOST
    which = np.floor(u * (near + middle + (packed >> (2 * BITS))))
    return packed - (1 << (BITS * (int(which >= near) + int(which >= near + middle))))


def start_bounds(rates: RateBook) -> np.ndarray:
    """Shares of the places but the last, summed up: of a child outside the town at the start, or when its parent arrives."""
    shares = np.array([rates.parameter(f"kin_{name}") for name in ("within_25_km", "25_to_100_km", "beyond_100_km")])
    return np.cumsum(shares)[:-1] / shares.sum()


def start_place(rates: RateBook, u: np.ndarray) -> np.ndarray:
    """Where a child outside the town lives at the start, or when its parent arrives: place by uniform number."""
    return (u[:, None] >= start_bounds(rates)).sum(axis=1)


@nb.njit(cache=True)
def _add(stream, now, rows, abroad, near, beyond, people, kin_away):
    """Add those who leave to the parents who are here; luck is drawn for those who have one here."""
    key, present, row_of_id, mother, father = people
    child, parent = np.empty(2 * rows.size, np.int32), np.empty(2 * rows.size, np.int32)
    # the lookups of each loop overlap, because there is no branch
    for k in range(rows.size):
        parent[2 * k], parent[2 * k + 1] = mother[rows[k]], father[rows[k]]
    for q in range(parent.size):
        j = row_of_id[np.uint32(max(parent[q], 0))]
        parent[q] = j if parent[q] >= 0 else -1
    n = 0
    for q in range(parent.size):
        child[n], parent[n] = q >> 1, parent[q]
        n += np.int64((parent[q] >= 0) & (present[np.uint32(max(parent[q], 0))] == 1))
    keys, luck = np.empty(n, np.uint64), np.empty(n)
    for q in range(n):
        keys[q] = key[rows[child[q]]]
    fill_unit(stream, np.uint64(now), np.uint64(Decision.KIN_DISTANCE), keys, luck)
    for q in range(n):
        place = int(luck[q] >= near) + int(luck[q] >= beyond)
        if abroad.size > 0 and abroad[child[q]]:
            place = len(PLACES) - 1
        kin_away[parent[q]] += np.uint16(1 << (BITS * place))


def count_leavers(model: QuartierModel, rows: np.ndarray, abroad: np.ndarray | None) -> None:
    """Add people who leave the town to their parents' `kin_away`, by where they go.

    Parameters
    ----------
    rows : who leaves.
    abroad : bool per row, who leaves the country (far away); None = nobody. The others' distance is drawn from the shares
        of moves inside the district, inside the state and beyond.
    """
    p, rates = model.people, model.rates
    near, far = rates.parameter("leavers_within_25_km"), rates.parameter("leavers_beyond_100_km")
    going = np.zeros(0, np.bool_) if abroad is None else abroad
    people = (p.key, p.present, model.row_of_id, p.mother, p.father)
    _add(model.luck.stream, np.int64(model.now), rows.astype(np.int32), going, near, 1 - far, people, p.kin_away)
