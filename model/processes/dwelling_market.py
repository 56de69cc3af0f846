"""The search for a dwelling: candidates by size, vacancy and distance; deferred acceptance with keyed lotteries.

A seeker draws up to a dozen vacant dwellings; who need not move spreads them over the quarters of the search. The
Quartier comes from the running sum of vacancies times distance decay times what attracts the group; inside it the
dwelling is the next one on a ring of keys, so that one more vacancy changes only the draws that fall on it.
Dwellings hold the best seeker by priority class, then by lottery; freed dwellings enter the market in the next step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from ..geography import distances
from ..luck import _LOW, _S32, TWO32, Decision, pair_unit, philox4x32
from ..matching import deferred_acceptance

if TYPE_CHECKING:
    from ..model import QuartierModel

MOST_ROOMS = 7
"""Largest class of rooms in the stock's tables: seven and more."""


@dataclass
class Seekers:
    """Who looks for a dwelling in this step, one entry each.

    key : u64; group : i64, of `attraction`; quartier : where they come from; anywhere : bool, no place in town to be near
    to; rooms : rooms needed; priority : smaller is served first; stay : float64, utility of staying (-inf for those who
    must move); kin : i64, Quartier of a parent who lives elsewhere in town, -1 for none.
    """

    key: np.ndarray
    group: np.ndarray
    quartier: np.ndarray
    anywhere: np.ndarray
    rooms: np.ndarray
    priority: np.ndarray
    stay: np.ndarray
    kin: np.ndarray

    @property
    def n(self) -> int:
        """Number of seekers."""
        return self.key.size


@nb.njit(inline="always")
def _chosen(running, width, wanted):
    """Position of the first of the ascending running sums that is not smaller than ``wanted``; no branch to mispredict."""
    position, step = 0, width
    while step > 0:
        position += step * (running[position + step - 1] < wanted)
        step >>= 1
    return position


@nb.njit(inline="always")
def _next_on_ring(ring, rooms, a, b, low, high, w):
    """The place of acceptable size whose mark follows ``w`` next on the Quartier's ring ``a .. b``; one must exist.

    Marks are spread evenly, so the search starts where the mark would be expected.
    """
    k = a + np.int64((w * np.uint64(b - a)) >> _S32)
    while k > a and ring[k - 1] >= w:
        k -= 1
    while k < b and ring[k] < w:
        k += 1
    if k == b:
        k = a
    while rooms[k] < low or rooms[k] > high:
        k += 1
        if k == b:
            k = a
    return k


@nb.njit(cache=True)
def _draw(luck, market, weights, seekers, limits, tastes, found, utility):
    """Candidates of every seeker, best first; -1 where there are fewer."""
    stream, step, search, choice = luck
    first, ring, rooms, place_key, acceptable = market
    decay, attraction = weights
    key, row, group, origin, need, tries, stay, kin = seekers
    below, above, n_rooms = limits
    mismatch, near_kin = tastes
    n_quartiere = decay.shape[1]
    width = 1
    while 2 * width <= n_quartiere:
        width *= 2
    running, filled = np.full(2 * width, np.inf), np.int64(-1)
    words = (np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(0))
    for i in range(key.size):
        if row[i] != filled:  # seekers come in the order of their rows: one running sum serves all of a row
            filled, total = row[i], 0.0
            for q in range(n_quartiere):
                total += acceptable[need[i] - 1, q] * decay[origin[i], q] * attraction[group[i], q]
                running[q] = total
        total = running[n_quartiere - 1]
        if total <= 0:
            continue
        low, high = max(need[i] - below, 1), min(need[i] + above, n_rooms)
        n = 0
        for c in range(tries[i]):
            if c % 2 == 0:
                words = philox4x32(
                    key[i] & _LOW, key[i] >> _S32, step, search + np.uint64(c // 2), stream & _LOW, stream >> _S32
                )
                w_place, w = words[0], words[1]
            else:
                w_place, w = words[2], words[3]
            u = (np.float64(w_place) + 0.5) / TWO32
            place = min(_chosen(running, width, u * total), n_quartiere - 1)
            if acceptable[need[i] - 1, place] == 0:
                continue
            best = _next_on_ring(ring, rooms, first[place], first[place + 1], low, high, w)
            seen = False
            for j in range(n):
                seen |= found[i, j] == best
            if seen:
                continue
            g = pair_unit(stream, step, choice, key[i], place_key[best])
            value = -mismatch * abs(rooms[best] - need[i]) + near_kin * (place == kin[i]) - np.log(-np.log(g))
            if value <= stay[i]:
                continue
            j = n
            while j > 0 and utility[i, j - 1] < value:
                utility[i, j], found[i, j] = utility[i, j - 1], found[i, j - 1]
                j -= 1
            utility[i, j], found[i, j] = value, best
            n += 1


@nb.njit(cache=True)
def _lottery(stream, step, decision, key, priority, found, dwelling_key, rank):
    for i in range(key.size):
        for c in range(found.shape[1]):
            if found[i, c] < 0:
                break
            u = pair_unit(stream, step, decision, key[i], dwelling_key[found[i, c]])
            rank[i, c] = priority[i] + u


def decay(model: QuartierModel) -> np.ndarray:
    """Weight of a move between Quartiere [from, to]: ``d^-exponent``, with a bonus inside the Quartier (Munich, 2011-2024)."""
    rates = model.rates
    d = np.maximum(distances(model.region), rates.parameter("distance_floor"))
    weight = d ** -rates.parameter("distance_exponent")
    return weight * np.where(np.eye(len(d), dtype=bool), np.exp(rates.parameter("same_quartier_bonus")), 1.0)


@dataclass
class Places:
    """What is on offer, one entry each: key (u64), quartier (row), rooms."""

    key: np.ndarray
    quartier: np.ndarray
    rooms: np.ndarray


def vacant_dwellings(model: QuartierModel) -> np.ndarray:
    """Rows of the dwellings on the market: those vacant before this round of moves; what the round frees comes next."""
    d = model.dwellings
    return np.flatnonzero(d.household < 0)


def allocate(model: QuartierModel, seekers: Seekers, places: Places, attraction: np.ndarray) -> np.ndarray:
    """Give seekers places; returns the position of the place per seeker (i64), -1 for those who find none.

    ``attraction`` is the weight of every Quartier for every group of seekers [group, Quartier].
    """
    if not places.key.size or not seekers.n:
        return np.full(seekers.n, -1, np.int64)
    rates, n_q = model.rates, model.n_quartiere
    below, above = int(rates.parameter("rooms_below_need")), int(rates.parameter("rooms_above_need"))
    spot = model.luck.words(Decision.DWELLING_CHOICE, model.now, places.key).astype(np.uint64)
    rooms = np.minimum(places.rooms, MOST_ROOMS).astype(np.int64)
    order = np.lexsort((places.key, spot, places.quartier))
    first = np.searchsorted(places.quartier[order], np.arange(n_q + 1))
    cell = places.quartier.astype(np.int64) * MOST_ROOMS + rooms - 1
    count, keys = np.bincount(cell, minlength=n_q * MOST_ROOMS), places.key[order]
    candidates = int(rates.parameter("dwelling_candidates"))
    near, entries = _in_rows(model, seekers, candidates)
    found, utility = np.full((seekers.n, candidates), -1, np.int32), np.zeros((seekers.n, candidates))
    numbers = (model.now, Decision.DWELLING_SEARCH // 4, Decision.DWELLING_CHOICE, Decision.DWELLING_LOTTERY)
    stream, now, search, choice, lottery = (model.luck.stream, *(np.uint64(n) for n in numbers))
    _draw(
        (stream, now, search, choice),
        (first, spot[order], rooms[order], keys, _acceptable(count.reshape(n_q, MOST_ROOMS), below, above)),
        (np.concatenate((decay(model), np.ones((1, n_q)))), attraction),
        entries,
        (below, above, MOST_ROOMS),
        (rates.parameter("room_mismatch"), rates.parameter("kin_bonus")),
        found,
        utility,
    )
    rank = np.zeros((seekers.n, candidates))
    _lottery(stream, now, lottery, entries[0], seekers.priority[near].astype(np.float64), found, keys, rank)
    match = np.empty(seekers.n, np.int64)
    match[near] = deferred_acceptance(found, -rank, entries[0], np.ones(places.key.size, np.int64))
    return np.where(match >= 0, order[np.maximum(match, 0)], -1)


def _in_rows(model: QuartierModel, seekers: Seekers, candidates: int) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """The seekers in the order of group, origin and need, those who choose alike together: their order, and their columns."""
    n_q = model.n_quartiere
    need = np.minimum(seekers.rooms, MOST_ROOMS).astype(np.int64)
    origin = np.where(seekers.anywhere, n_q, seekers.quartier.astype(np.int64))
    row = (seekers.group * (n_q + 1) + origin) * MOST_ROOMS + need - 1
    leisurely = max(candidates // int(model.rates.parameter("seek_steps")), 1)
    tries = np.where(np.isfinite(seekers.stay), leisurely, candidates)
    near = np.argsort(row, kind="stable")
    return near, tuple(
        x[near] for x in (seekers.key, row, seekers.group, origin, need, tries, seekers.stay, seekers.kin)
    )


def _acceptable(vacant: np.ndarray, below: int, above: int) -> np.ndarray:
    """Vacancies acceptable to a seeker [rooms needed - 1, Quartier], float64, from vacancies [Quartier, rooms - 1]."""
    by_need = [
        vacant[:, max(r - below, 1) - 1 : min(r + above, MOST_ROOMS)].sum(axis=1) for r in range(1, MOST_ROOMS + 1)
    ]
    return np.stack(by_need).astype(float)
