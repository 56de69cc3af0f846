"""The search for a dwelling: streets are drawn, vacancies in them compared, the best of what is left is taken.

Who must move looks at more streets in a quarter than who could stay. Options are compared as in a race: an option of
utility ``v`` arrives after ``E exp(-v)`` with ``E`` exponential, keyed by seeker and dwelling, and the first wins, which is
the multinomial logit. Seekers choose one after the other, by priority class, then by lottery. As all dwellings rank seekers
alike, that is deferred acceptance (Gale & Shapley 1962), without its rounds; and one more vacancy is handed on down the order
only. Freed dwellings enter the market in the next step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from ..columns import BARRIER_FREE_BIT, TENURE_SHIFT, Tenure
from ..luck import _LOW, _S32, TWO32, Decision, pair_bits, philox4x32
from .dwelling_search import GUIDE_SHIFT, Search

if TYPE_CHECKING:
    from ..model import QuartierModel

MOST_ROOMS = 7
"""Largest class of rooms in the stock's tables: seven and more."""
BOUND = int(Tenure.BOUND) << TENURE_SHIFT
TWO53 = 9007199254740992.0
MOST_DRAWS = 14
"""Streets drawn in a quarter, early and later ones each, at most (a range of luck)."""


@dataclass
class Seekers:
    """Who looks for a dwelling in this step, one entry each.

    key : u64; group : i64, of `attraction`; quartier : where they come from; anywhere : bool, no place in town to be near
    to; rooms : rooms needed; priority : smaller is served first; stay : float64, when staying arrives in the race (inf
    for those who must move); kin : i64, Quartier of a parent who lives elsewhere in town, -1 for none; needs : bool, a
    dwelling without barriers; entitled : bool, to dwellings whose rent is bound; budget : float64, the most it may cost a year.
    """

    key: np.ndarray
    group: np.ndarray
    quartier: np.ndarray
    anywhere: np.ndarray
    rooms: np.ndarray
    priority: np.ndarray
    stay: np.ndarray
    kin: np.ndarray
    needs: np.ndarray
    entitled: np.ndarray
    budget: np.ndarray

    @property
    def n(self) -> int:
        """Number of seekers."""
        return self.key.size


@dataclass
class Places:
    """What is on offer, one entry each.

    key : u64; quartier : row; rooms; later : bool, completed since the start; features : u8, as of dwellings; cost : float64,
    a year.
    """

    key: np.ndarray
    quartier: np.ndarray
    rooms: np.ndarray
    later: np.ndarray
    features: np.ndarray
    cost: np.ndarray


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


@nb.njit(cache=True)
def _choose(luck, order, offer, early, later, seekers, tastes, taken, match):
    """In their order, seekers look through their streets and take the best of what is left there."""
    stream, step, search = luck
    begin, rooms, place_key, features, cost = offer
    quartiere, number, first, chance, guide = early
    later_quartiere, later_number, later_first, later_chance, later_guide, more = later
    key, group, origin, need, tries, stay, kin, needs, entitled, budget = seekers
    below, above, loss, barrier_loss, kin_gain, kin_look = tastes
    k0, k1 = stream & _LOW, stream >> _S32
    near = words = (np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(0))
    for i in order:
        low, high, best, bound = need[i] - below, need[i] + above, np.int64(-1), stay[i]
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
                if rooms[k] < low or rooms[k] > high or taken[k] or cost[k] > budget[i]:
                    continue
                if features[k] & BOUND == BOUND and not entitled[i]:
                    continue
                bits = pair_bits(mine, place_key[k])
                u, scale = (np.float64(bits >> np.uint64(11)) + 0.5) / TWO53, loss[abs(np.int64(rooms[k]) - need[i])]
                if q == kin[i]:
                    scale *= kin_gain
                if needs[i] and features[k] & BARRIER_FREE_BIT == 0:
                    scale *= barrier_loss
                if (1.0 - u) * scale < bound:  # -log(u) is not less than 1 - u: else it need not be worked out
                    wait = -np.log(u) * scale
                    if wait < bound:
                        best, bound = k, wait
        if best >= 0:
            taken[best], match[i] = True, best


def vacant_dwellings(model: QuartierModel) -> np.ndarray:
    """Rows of the dwellings on the market: those vacant before this round of moves; what the round frees comes next."""
    d = model.dwellings
    rows = np.flatnonzero(d.household < 0)
    return rows[d.rooms[rows] > 0]


def allocate(model: QuartierModel, seekers: Seekers, places: Places, search: Search) -> np.ndarray:
    """Give seekers places; returns the position of the place per seeker (i64), -1 for those who find none."""
    match = np.full(seekers.n, -1, np.int64)
    if not places.key.size or not seekers.n:
        return match
    rates, early, later = model.rates, search.early, search.later
    rooms = np.minimum(places.rooms, MOST_ROOMS).astype(np.int8)
    begin, order = _by_street(search, places)
    numbers = (model.now, Decision.DWELLING_SEARCH // 4)
    tastes = (
        int(rates.parameter("rooms_below_need")),
        int(rates.parameter("rooms_above_need")),
        np.exp(rates.parameter("room_mismatch") * np.arange(MOST_ROOMS)),
        float(np.exp(rates.parameter("barrier_loss"))),
        float(np.exp(-rates.parameter("kin_bonus"))),
        rates.parameter("kin_look"),
    )
    with np.errstate(over="ignore"):
        _choose(
            (model.luck.stream, *(np.uint64(n) for n in numbers)),
            _in_turn(model, seekers),
            (begin, *(x[order] for x in (rooms, places.key, places.features, places.cost))),
            (early.quartiere, early.number, early.first, early.chance, early.guide),
            (later.quartiere, later.number, later.first, later.chance, later.guide, search.more()),
            _entries(model, seekers),
            tastes,
            np.zeros(places.key.size, np.bool_),
            match,
        )
    return np.where(match >= 0, order[np.maximum(match, 0)], -1).astype(np.int64)


def _in_turn(model: QuartierModel, seekers: Seekers) -> np.ndarray:
    """Positions of the seekers in the order in which they choose: by priority, then by lottery.

    Sorted by sixteen bits at a time, the last first, which is linear; the lottery has 46 bits, so that ties do not occur.
    """
    words = model.luck.words(Decision.DWELLING_LOTTERY, model.now, seekers.key)
    order = np.argsort((seekers.key & np.uint64(0xFFFF)).astype(np.uint16), kind="stable")
    order = order[np.argsort((words & 0xFFFF).astype(np.uint16)[order], kind="stable")]
    last = (seekers.priority.astype(np.uint16) << 14) | (words >> 18).astype(np.uint16)
    return order[np.argsort(last[order], kind="stable")]


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
        seekers.needs,
        seekers.entitled,
        seekers.budget,
    )
