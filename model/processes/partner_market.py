"""The partner market: a few draws per proposer and deferred acceptance.

Holders stand on a line, ordered by area, age and a place within the year of age that changes every step. A proposer draws
points on it: an area near by, an age from the kernel of age differences, a place within the year; whom she finds is the
holder nearest to the point. So the ages of couples follow the kernel however many seek, cost grows linearly with the number of
seekers, and one holder more takes draws from the two beside him only. Every draw has a score of its own; proposals go
down each proposer's list, and a holder keeps the best offer (Gale & Shapley 1962). As both sides rank by the same scores, a change
runs down the scores and ends soon.
"""

from __future__ import annotations

from typing import Final

import numba as nb
import numpy as np

from ..luck import _LOW, _S32, TWO32, Decision, Luck, philox4x32, word
from ..matching import deferred_acceptance

DRAWS: Final = 8
"""Points a proposer draws in a step: they bound the cost."""
NEAR_CELLS: Final = 8
"""Areas searched besides the own one."""
_CELL_SHIFT, _AGE_SHIFT = np.uint64(40), np.uint64(32)


@nb.njit(inline="always")
def _related(a, b):
    """Parent and child, or siblings; each of a, b holds own id, mother, father."""
    return (
        a[0] == b[0]
        or a[0] == b[1]
        or a[0] == b[2]
        or a[1] == b[0]
        or a[2] == b[0]
        or (a[1] >= 0 and a[1] == b[1])
        or (a[2] >= 0 and a[2] == b[2])
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
def _propose(
    stream,
    step,
    block,
    key,
    cell,
    age,
    kin,
    near,
    share,
    youngest,
    chance,
    line,
    first,
    holder_age,
    holder_kin,
    found,
    scores,
):
    """Whom every proposer finds, the best first; -1 where there are fewer."""
    for i in range(key.size):
        n = 0
        gaps = chance[age[i]]
        for draw in range(found.shape[1]):
            where, years, place, luck = philox4x32(
                key[i] & _LOW, key[i] >> _S32, step, block + np.uint64(draw), stream & _LOW, stream >> _S32
            )
            c, u = 0, nb.float64(where) / TWO32
            while u >= share[cell[i], c]:
                c += 1
            c = near[cell[i], c]
            if first[c] == first[c + 1]:
                continue
            gap, u = 0, nb.float64(years) / TWO32
            while u >= gaps[gap]:
                gap += 1
            sought = np.uint64(youngest[age[i]] + gap)
            j = _nearest(line, first[c], first[c + 1], np.uint64(c) << _CELL_SHIFT | sought << _AGE_SHIFT | place)
            gap = holder_age[j] - youngest[age[i]]
            if gap < 0 or gap >= gaps.size or (gap > 0 and gaps[gap - 1] >= 1.0) or _related(kin[i], holder_kin[j]):
                continue
            score, k = nb.float64(luck), n
            while k > 0 and scores[i, k - 1] < score:
                found[i, k], scores[i, k] = found[i, k - 1], scores[i, k - 1]
                k -= 1
            found[i, k], scores[i, k] = j, score
            n += 1


@nb.njit(cache=True)
def _places(stream, step, decision, key, cell, age, out):
    """Everyone's point on the line: area, age, place within the year of age."""
    for i in range(key.size):
        place = word(stream, step, decision, key[i])
        out[i] = np.uint64(cell[i]) << _CELL_SHIFT | np.uint64(age[i]) << _AGE_SHIFT | place


def age_chances(
    location: np.ndarray, scale: np.ndarray, freedom: np.ndarray, widest: np.ndarray, youngest: int
) -> tuple[np.ndarray, np.ndarray]:
    """Running sums of the chances of each age of a partner, by the proposer's age.

    Parameters
    ----------
    location, scale, freedom : Student t of the age difference in years by the proposer's age (float64 [ages]).
    widest : i64 [ages], largest difference from the age sought.
    youngest : no partner is younger.

    Returns
    -------
    first : i64 [ages], the youngest age in reach.
    chance : float64 [ages, years in reach], running sum from that age on, 1 from the oldest age in reach on.
    """
    ages = np.arange(location.size)
    centre = ages + location
    first = np.maximum(np.rint(centre).astype(np.int64) - widest, 0)
    partner = first[:, None] + np.arange(2 * widest.max() + 1)
    z = (partner - centre[:, None]) / scale[:, None]
    weight = (1 + z**2 / freedom[:, None]) ** (-(freedom[:, None] + 1) / 2)
    weight[(np.abs(partner - np.rint(centre)[:, None]) > widest[:, None]) | (partner < youngest)] = 0
    chance = np.cumsum(weight, axis=1)
    chance[chance[:, -1] == 0] = 1.0  # too young to find anyone: never asked
    last = chance >= chance[:, -1:]
    return first, np.where(last, 1.0, chance / chance[:, -1:])


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
    proposers, holders : key (u64), cell (area, i64), age (i64), kin (i32 [n, 3]: own id, mother, father).
    areas : of `near_areas`.
    ages : of `age_chances`.

    Returns
    -------
    i32 per proposer: position of the holder, -1 for none. Independent of the order of either side.
    """
    key, cell, age = (holders[name] for name in ("key", "cell", "age"))
    place = np.empty(key.size, np.uint64)
    _places(luck.stream, np.uint64(step), np.uint64(Decision.PARTNER_PLACE), key, cell, age, place)
    order = np.lexsort((key, place))
    first = np.searchsorted(cell[order], np.arange(len(areas[0]) + 1))
    n = proposers["key"].size
    found, scores = np.full((n, DRAWS), -1, np.int32), np.zeros((n, DRAWS))
    _propose(
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
        found,
        scores,
    )
    taken = deferred_acceptance(found, scores, proposers["key"], np.ones(key.size, np.int64))
    return np.where(taken >= 0, order[taken], -1).astype(np.int32)
