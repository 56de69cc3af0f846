"""The partner market: a few draws per proposer, in rounds.

Holders stand on a line, ordered by area, age and a place within the year of age that changes every step. In each round
every proposer who is still alone draws a point on it: an area near by, an age from the kernel of age differences, a place
within the year. Whom she finds is the holder nearest to the point; a holder who is still alone too takes the best by luck of
those who found him in this round. So the ages of couples follow the kernel however many seek, and cost grows linearly with the
number of seekers. This is deferred acceptance (Gale & Shapley 1962) under scores both sides agree on, earlier rounds first:
nobody is ever given up for a better one, and one seeker more takes draws from the two beside him on the line only and
disturbs few couples.
"""

from __future__ import annotations

from typing import Final

import numba as nb
import numpy as np

from ..luck import _LOW, _S32, TWO32, Decision, Luck, philox4x32

DRAWS: Final = 8
"""Rounds of a step: they bound the cost."""
NEAR_CELLS: Final = 8
"""Areas searched besides the own one."""
_CELL_SHIFT, _AGE_SHIFT = np.uint64(40), np.uint64(32)


@nb.njit(inline="always")
def _related(kin, i, other, j):
    """Parent and child, or siblings; a row of either table holds own id, mother, father."""
    own, mother, father = kin[i, 0], kin[i, 1], kin[i, 2]
    return (
        own == other[j, 0]
        or own == other[j, 1]
        or own == other[j, 2]
        or mother == other[j, 0]
        or father == other[j, 0]
        or (mother >= 0 and mother == other[j, 1])
        or (father >= 0 and father == other[j, 2])
    )


@nb.njit(inline="always")
def _nearest(line, first, last, point):
    """Position of the entry of ``line[first:last]`` (ascending, not empty) next to a point."""
    low, high = first, last
    while low < high:
        middle = (low + high) // 2
        if line[middle] < point:
            low = middle + 1
        else:
            high = middle
    if low == last or (low > first and point - line[low - 1] < line[low] - point):
        return low - 1
    return low


@nb.njit(cache=True)
def _meet(
    stream, step, block, key, cell, age, kin, near, share, first_age, chance, line, first, holder_age, holder_kin, met
):
    """Round by round: who is alone draws a point; whom she finds and who is alone too takes the best of the round."""
    holder_taken = np.zeros(line.size, np.bool_)
    best, score = np.full(line.size, -1, np.int32), np.empty(line.size, np.uint64)
    alone, asked = np.arange(key.size, dtype=np.int32), np.empty(key.size, np.int32)
    n, width = key.size, chance.shape[1]
    for draw in range(DRAWS):
        asks = 0
        for i in alone[:n]:
            where, years, place, luck = philox4x32(
                key[i] & _LOW, key[i] >> _S32, step, block + np.uint64(draw), stream & _LOW, stream >> _S32
            )
            c, u = 0, nb.float64(where) / TWO32
            while u >= share[cell[i], c]:
                c += 1
            c = near[cell[i], c]
            if first[c] == first[c + 1]:
                continue
            own, u, gap = age[i], nb.float64(years) / TWO32, width // 2
            while gap > 0 and u < chance[own, gap - 1]:
                gap -= 1
            while u >= chance[own, gap]:
                gap += 1
            sought = np.uint64(first_age[own] + gap)
            j = _nearest(line, first[c], first[c + 1], np.uint64(c) << _CELL_SHIFT | sought << _AGE_SHIFT | place)
            gap = holder_age[j] - first_age[own]
            beyond = gap < 0 or gap >= width or (gap > 0 and chance[own, gap - 1] >= 1.0)
            if beyond or holder_taken[j] or _related(kin, i, holder_kin, j):
                continue
            other = best[j]
            if other < 0:
                asked[asks] = j
                asks += 1
            if other < 0 or luck < score[j] or (luck == score[j] and key[i] < key[other]):
                best[j], score[j] = i, luck
        for j in asked[:asks]:
            met[best[j]], holder_taken[j] = j, True
        left = 0
        for i in alone[:n]:
            if met[i] < 0:
                alone[left] = i
                left += 1
        n = left


def age_weights(
    years: np.ndarray, below: np.ndarray | float, above: np.ndarray | float, freedom: np.ndarray | float
) -> np.ndarray:
    """Density, up to a constant, of an age difference by its distance from the mode: a Student t with two scales."""
    z = years / np.where(years < 0, below, above)
    return (1 + z**2 / freedom) ** (-(freedom + 1) / 2)


def age_chances(difference: dict[str, np.ndarray], widest: int, youngest: int) -> tuple[np.ndarray, np.ndarray]:
    """Running sums of the chances of each age of a partner, by the proposer's age.

    Parameters
    ----------
    difference : mode, below, above (scales), freedom of the age difference in years, by the proposer's age (float64 [ages]).
    widest : largest difference from the most frequent age.
    youngest : no partner is younger.

    Returns
    -------
    first : i64 [ages], the youngest age in reach.
    chance : float64 [ages, years in reach], running sum from that age on, 1 from the oldest age in reach on.
    """
    mode, below, above, freedom = (difference[name][:, None] for name in ("mode", "below", "above", "freedom"))
    centre = np.arange(mode.size)[:, None] + mode
    first = np.maximum(np.rint(centre).astype(np.int64) - widest, 0)
    partner = first + np.arange(2 * widest + 1)
    weight = age_weights(partner - centre, below, above, freedom)
    weight[(np.abs(partner - np.rint(centre)) > widest) | (partner < youngest)] = 0
    chance = np.cumsum(weight, axis=1)
    chance[chance[:, -1] == 0] = 1.0  # too young to find anyone: never asked
    last = chance >= chance[:, -1:]
    return first[:, 0], np.where(last, 1.0, chance / chance[:, -1:])


def near_areas(distance: np.ndarray, persons: np.ndarray, weight: float) -> tuple[np.ndarray, np.ndarray]:
    """The areas a proposer of each area looks in, and the running sum of how often she looks in each.

    Parameters
    ----------
    distance : float64 [area, area], km.
    persons : residents of each area.
    weight : how much the logarithm of the distance counts.

    Returns
    -------
    near : i64 [area, k], the nearest ones, the own first.
    share : float64 [area, k], running sum; the last is 1.
    """
    own = np.eye(len(distance), dtype=bool)
    near = np.argsort(np.where(own, -1.0, distance), axis=1, kind="stable")[:, : NEAR_CELLS + 1]
    looks = (persons[near] + 1e-9) / (1 + np.take_along_axis(distance, near, axis=1)) ** weight
    share = np.cumsum(looks, axis=1)
    share /= share[:, -1:]
    share[:, -1] = 1.0
    return near, share


def match(
    luck: Luck,
    step: int,
    proposers: dict[str, np.ndarray],
    holders: dict[str, np.ndarray],
    areas: tuple[np.ndarray, np.ndarray],
    ages: tuple[np.ndarray, np.ndarray],
) -> np.ndarray:
    """Match proposers with holders.

    Parameters
    ----------
    proposers, holders : key (u64), cell (area, i64), age (i64; of proposers the row of ``ages``), kin (i32 [n, 3]: own id,
        mother, father).
    areas : of `near_areas`.
    ages : of `age_chances`.

    Returns
    -------
    i32 per proposer: position of the holder, -1 for none. Independent of the order of either side.
    """
    key, cell, age = (holders[name] for name in ("key", "cell", "age"))
    lot = luck.words(Decision.PARTNER_PLACE, step, key)
    place = cell.astype(np.uint64) << _CELL_SHIFT | age.astype(np.uint64) << _AGE_SHIFT | lot  # area, age, and where within it
    order = np.argsort(place)
    if (place[order[1:]] == place[order[:-1]]).any():
        order = np.lexsort((key, place))
    first = np.searchsorted(cell[order], np.arange(len(areas[0]) + 1))
    met = np.full(proposers["key"].size, -1, np.int32)
    _meet(
        luck.stream,
        np.uint64(step),
        np.uint64(Decision.PARTNER_SEARCH // 4),
        proposers["key"],
        proposers["cell"],
        proposers["age"],
        proposers["kin"],
        *areas,
        *ages,
        place[order],
        first,
        age[order],
        holders["kin"][order],
        met,
    )
    return np.where(met >= 0, order[met], -1).astype(np.int32)
