"""The search for a dwelling: streets are drawn, vacancies in them compared; deferred acceptance with keyed lotteries.

Who must move looks at more streets in a quarter than who could stay. Options are compared as in a race: an option of
utility ``v`` arrives after ``E exp(-v)`` with ``E`` exponential, keyed by seeker and dwelling, and the first wins, which is
the multinomial logit. Dwellings hold the best seeker by priority class, then by lottery; freed dwellings enter the market
in the next step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from ..luck import _LOW, _S32, TWO32, Decision, pair_bits, philox4x32
from ..matching import deferred_acceptance
from .dwelling_search import GUIDE_SHIFT, Search

if TYPE_CHECKING:
    from ..model import QuartierModel

MOST_ROOMS = 7
"""Largest class of rooms in the stock's tables: seven and more."""
MOST_CANDIDATES = 8
"""Dwellings a seeker remembers, the best of those seen (a size of arrays)."""
MOST_DRAWS = 14
"""Streets drawn in a quarter, early and later ones each, at most (a range of luck)."""


@dataclass
class Seekers:
    """Who looks for a dwelling in this step, one entry each.

    key : u64; group : i64, of `attraction`; quartier : where they come from; anywhere : bool, no place in town to be near
    to; rooms : rooms needed; priority : smaller is served first; stay : float64, when staying arrives in the race (inf
    for those who must move); kin : i64, Quartier of a parent who lives elsewhere in town, -1 for none.
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


@dataclass
class Places:
    """What is on offer, one entry each: key (u64), quartier (row), rooms, whether completed since the start (bool)."""

    key: np.ndarray
    quartier: np.ndarray
    rooms: np.ndarray
    later: np.ndarray


@nb.njit(inline="always")
def _drawn(running, guide, group, origin, wanted):
    """Position of the first running share above ``wanted``, else the last; the guide says where to begin."""
    position = np.int64(guide[group, origin, wanted >> GUIDE_SHIFT])
    while position < running.shape[2] - 1 and running[group, origin, position] <= wanted:
        position += 1
    return position


@nb.njit(cache=True)
def _deal(street, first, order):
    """Places in the order of their streets: those of street ``s`` are ``order[first[s] : first[s + 1]]``."""
    for s in street:
        first[s + 2] += 1
    for s in range(2, first.size):
        first[s] += first[s - 1]
    for k in range(street.size):
        order[first[street[k] + 1]] = k
        first[street[k] + 1] += 1


@nb.njit(inline="always")
def _remember(i, n, place, wait, score, found, waits, scores):
    """Put a place among the seeker's best, unless it is there already; returns how many there are then."""
    for j in range(n):
        if found[i, j] == place:
            return n
    if n == found.shape[1]:
        if wait >= waits[i, n - 1]:
            return n
        n -= 1
    j = n
    while j > 0 and waits[i, j - 1] > wait:
        found[i, j], waits[i, j], scores[i, j] = found[i, j - 1], waits[i, j - 1], scores[i, j - 1]
        j -= 1
    found[i, j], waits[i, j], scores[i, j] = place, wait, score
    return n + 1


@nb.njit(cache=True)
def _look(luck, offer, early, later, seekers, tastes, found, waits, scores):
    """Every seeker's best places, best first, -1 where there are fewer; and the seeker's score at each."""
    stream, step, search = luck
    begin, rooms, place_key = offer
    quartiere, number, first, chance, guide = early
    later_quartiere, later_number, later_first, later_chance, later_guide, more = later
    key, group, origin, need, tries, stay, kin, priority = seekers
    below, above, loss, kin_gain, kin_look = tastes
    k0, k1 = stream & _LOW, stream >> _S32
    near = words = (np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(0))
    for i in range(key.size):
        low, high, n, bound = need[i] - below, need[i] + above, 0, stay[i]
        a, b = key[i] & _LOW, key[i] >> _S32
        once = philox4x32(a, b, step, search + np.uint64(14), k0, k1)
        extra, with_kin, mine = 0, 0, once[0] << _S32 | once[1]
        if more[group[i], origin[i]] > 0:
            extra = min(int(tries[i] * more[group[i], origin[i]] + (np.float64(once[2]) + 0.5) / TWO32), MOST_DRAWS)
        if kin[i] >= 0 and number[kin[i]] > 0:
            near = philox4x32(a, b, step, search + np.uint64(15), k0, k1)
            with_kin = int((np.float64(near[0]) + 0.5) / TWO32 < kin_look)
        for c in range(-with_kin, tries[i] + extra):
            if c < 0:
                q = kin[i]
                street = first[q] + np.int64((near[1] * np.uint64(number[q])) >> _S32)
            else:
                t = c if c < tries[i] else c - tries[i]
                if t % 2 == 0:
                    words = philox4x32(a, b, step, search + np.uint64(t // 2 + 7 * (c >= tries[i])), k0, k1)
                else:
                    words = (words[2], words[3], words[2], words[3])
                if c < tries[i]:
                    if not quartiere.size:
                        continue
                    q = quartiere[_drawn(chance, guide, group[i], origin[i], words[0])]
                    street = first[q] + np.int64((words[1] * np.uint64(number[q])) >> _S32)
                else:
                    q = later_quartiere[_drawn(later_chance, later_guide, group[i], origin[i], words[0])]
                    street = later_first[q] + np.int64((words[1] * np.uint64(later_number[q])) >> _S32)
            for k in range(begin[street], begin[street + 1]):
                if rooms[k] < low or rooms[k] > high:
                    continue
                bits = pair_bits(mine, place_key[k])
                u, scale = (np.float64(bits >> _S32) + 0.5) / TWO32, loss[abs(np.int64(rooms[k]) - need[i])]
                if q == kin[i]:
                    scale *= kin_gain
                if (1.0 - u) * scale >= bound:  # -log(u) is not less: no need to work it out
                    continue
                wait = -np.log(u) * scale
                if wait < stay[i]:
                    lottery = (np.float64(bits & _LOW) + 0.5) / TWO32
                    n = _remember(i, n, k, wait, -priority[i] - lottery, found, waits, scores)
                    bound = waits[i, n - 1] if n == found.shape[1] else stay[i]


def vacant_dwellings(model: QuartierModel) -> np.ndarray:
    """Rows of the dwellings on the market: those vacant before this round of moves; what the round frees comes next."""
    d = model.dwellings
    return np.flatnonzero(d.household < 0)


def allocate(model: QuartierModel, seekers: Seekers, places: Places, search: Search) -> np.ndarray:
    """Give seekers places; returns the position of the place per seeker (i64), -1 for those who find none."""
    if not places.key.size or not seekers.n:
        return np.full(seekers.n, -1, np.int64)
    rates = model.rates
    early, later = search.early, search.later
    found = np.full((seekers.n, MOST_CANDIDATES), -1, np.int32)
    waits, scores = np.empty(found.shape), np.empty(found.shape)
    rooms = np.minimum(places.rooms, MOST_ROOMS).astype(np.int8)
    begin, order = _by_street(search, places)
    numbers = (model.now, Decision.DWELLING_SEARCH // 4)
    tastes = (
        int(rates.parameter("rooms_below_need")),
        int(rates.parameter("rooms_above_need")),
        np.exp(rates.parameter("room_mismatch") * np.arange(MOST_ROOMS)),
        float(np.exp(-rates.parameter("kin_bonus"))),
        rates.parameter("kin_look"),
    )
    with np.errstate(over="ignore"):
        _look(
            (model.luck.stream, *(np.uint64(n) for n in numbers)),
            (begin, rooms[order], places.key[order]),
            (early.quartiere, early.number, early.first, early.chance, early.guide),
            (later.quartiere, later.number, later.first, later.chance, later.guide, search.more()),
            _entries(model, seekers),
            tastes,
            found,
            waits,
            scores,
        )
    match = deferred_acceptance(found, scores, seekers.key, np.ones(places.key.size, np.int64))
    return np.where(match >= 0, order[np.maximum(match, 0)], -1).astype(np.int64)


def _by_street(search: Search, places: Places) -> tuple[np.ndarray, np.ndarray]:
    """Places by street: where each street's begin (one entry more than streets), and their positions."""
    street = search.streets(places.key, places.quartier, places.later)
    first = np.zeros(int(search.early.number.sum() + search.later.number.sum()) + 2, np.int32)
    order = np.empty(places.key.size, np.int32)
    _deal(street, first, order)
    return first[:-1], order


def _entries(model: QuartierModel, seekers: Seekers) -> tuple[np.ndarray, ...]:
    """The columns of seekers as the kernel takes them."""
    rates = model.rates
    tries = np.where(np.isfinite(seekers.stay), rates.parameter("streets_to_stay"), rates.parameter("streets_to_move"))
    return (
        seekers.key,
        seekers.group.astype(np.int64),
        np.where(seekers.anywhere, model.n_quartiere, seekers.quartier).astype(np.int64),
        np.minimum(seekers.rooms, MOST_ROOMS).astype(np.int64),
        np.minimum(tries, MOST_DRAWS).astype(np.int64),
        seekers.stay.astype(float),
        seekers.kin.astype(np.int64),
        seekers.priority.astype(float),
    )
