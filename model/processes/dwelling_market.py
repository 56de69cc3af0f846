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
from ..marked import rows_without
from .dwelling_search import GUIDE_SHIFT, Search

if TYPE_CHECKING:
    from ..model import QuartierModel

MOST_ROOMS = 7
"""Largest class of rooms in the stock's tables: seven and more."""
BOUND = int(Tenure.BOUND) << TENURE_SHIFT
TWO53 = 9007199254740992.0
MOST_DRAWS = 14
"""Streets drawn in a quarter, early and later ones each, at most (a range of luck)."""
MOST_STREETS = 2 * MOST_DRAWS + 1
TAKEN = -100
"""Rooms of a dwelling that is taken already: none that anybody looks for."""


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
def _look(luck, order, begin, early, later, seekers, kin_look, first, looked_at):
    """The streets that seekers draw, those with something vacant only: twice the number, plus one in the parent's Quartier.

    Those of the ``j``-th in their order are ``looked_at[first[j] : first[j + 1]]``; returns everyone's luck for the race.
    """
    stream, step, search = luck
    quartiere, number, first_of, chance, guide = early
    later_quartiere, later_number, later_first, later_chance, later_guide, more = later
    key, group, origin, tries, kin = seekers
    k0, k1 = stream & _LOW, stream >> _S32
    words, mine, n = (np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(0)), np.empty(order.size, np.uint64), 0
    for j in range(order.size):
        i = order[j]
        a, b, g, o, early_draws = key[i] & _LOW, key[i] >> _S32, group[i], origin[i], tries[i]
        once = philox4x32(a, b, step, search + np.uint64(14), k0, k1)
        extra, mine[j] = 0, once[0] << _S32 | once[1]
        if more[g, o] > 0:
            extra = min(int(early_draws * more[g, o] + (np.float64(once[2]) + 0.5) / TWO32), MOST_DRAWS)
        if kin[i] >= 0 and number[kin[i]] > 0:
            near = philox4x32(a, b, step, search + np.uint64(15), k0, k1)
            if (np.float64(near[0]) + 0.5) / TWO32 < kin_look:
                street = first_of[kin[i]] + np.int64((near[1] * np.uint64(number[kin[i]])) >> _S32)
                looked_at[n] = 2 * street + 1
                n += begin[street] < begin[street + 1]
        for c in range(0 if quartiere.size else early_draws, early_draws + extra):
            t = c if c < early_draws else c - early_draws
            if t % 2 == 0 or c == early_draws:
                words = philox4x32(a, b, step, search + np.uint64(t // 2 + 7 * (c >= early_draws)), k0, k1)
            else:
                words = (words[2], words[3], words[2], words[3])
            if c < early_draws:
                q = quartiere[_drawn(chance, guide, g, o, words[0])]
                street = first_of[q] + np.int64((words[1] * np.uint64(number[q])) >> _S32)
            else:
                q = later_quartiere[_drawn(later_chance, later_guide, g, o, words[0])]
                street = later_first[q] + np.int64((words[1] * np.uint64(later_number[q])) >> _S32)
            looked_at[n] = 2 * street + (q == kin[i])
            n += begin[street] < begin[street + 1]
        first[j + 1] = n
    return mine


@nb.njit(cache=True)
def _choose(order, begin, offer, first, looked_at, mine, seekers, tastes, seen, match):
    """In their order, seekers look through their streets and take the best of what is left there.

    What is taken has no rooms any more. What comes into question is listed first (``seen``), without a branch.
    """
    rooms, place_key, features, cost = offer
    need, stay, needs, entitled, budget = seekers
    below, above, loss, barrier_loss, kin_gain = tastes
    for j in range(order.size):
        i, n = order[j], 0
        wanted, may, most, bound, best = need[i], entitled[i], budget[i], stay[i], np.int64(-1)
        for s in range(first[j], first[j + 1]):
            street, near = looked_at[s] >> 1, looked_at[s] & 1
            for k in range(begin[street], begin[street + 1]):
                seen[n] = 2 * k + near
                fits = (rooms[k] >= wanted - below) & (rooms[k] <= wanted + above) & (rooms[k] != TAKEN)
                n += fits & (not cost[k] > most) & (may | (features[k] & BOUND != BOUND))
        for s in range(n):
            k = seen[s] >> 1
            bits = pair_bits(mine[j], place_key[k])
            u, scale = (np.float64(bits >> np.uint64(11)) + 0.5) / TWO53, loss[abs(np.int64(rooms[k]) - wanted)]
            if seen[s] & 1:
                scale *= kin_gain
            if needs[i] and features[k] & BARRIER_FREE_BIT == 0:
                scale *= barrier_loss
            if (1.0 - u) * scale < bound:  # -log(u) is not less than 1 - u: else it need not be worked out
                wait = -np.log(u) * scale
                if wait < bound:
                    best, bound = k, wait
        if best >= 0:
            rooms[best], match[i] = TAKEN, best


def vacant_dwellings(model: QuartierModel) -> np.ndarray:
    """Rows of the dwellings on the market: those vacant before this round of moves; what the round frees comes next."""
    d = model.dwellings
    rows = rows_without(d.household)
    return rows[d.rooms[rows] > 0]


def allocate(model: QuartierModel, seekers: Seekers, places: Places, search: Search) -> np.ndarray:
    """Give seekers places; returns the position of the place per seeker (i64), -1 for those who find none."""
    match = np.full(seekers.n, -1, np.int64)
    if not places.key.size or not seekers.n:
        return match
    rates, early, later = model.rates, search.early, search.later
    rooms = np.minimum(places.rooms, MOST_ROOMS).astype(np.int8)
    begin, order = _by_street(search, places)
    tastes = (
        int(rates.parameter("rooms_below_need")),
        int(rates.parameter("rooms_above_need")),
        np.exp(rates.parameter("room_mismatch") * np.arange(MOST_ROOMS)),
        float(np.exp(rates.parameter("barrier_loss"))),
        float(np.exp(-rates.parameter("kin_bonus"))),
    )
    turn, (who, asks) = _in_turn(model, seekers), _entries(model, seekers)
    first = np.zeros(seekers.n + 1, np.int64)
    looked_at = np.empty(seekers.n * MOST_STREETS, np.int32)  # takes memory only where it is written
    with np.errstate(over="ignore"):
        mine = _look(
            (model.luck.stream, np.uint64(model.now), np.uint64(Decision.DWELLING_SEARCH // 4)),
            turn,
            begin,
            (early.quartiere, early.number, early.first, early.chance, early.guide),
            (later.quartiere, later.number, later.first, later.chance, later.guide, search.more()),
            who,
            rates.parameter("kin_look"),
            first,
            looked_at,
        )
        offer = tuple(x[order] for x in (rooms, places.key, places.features, places.cost))
        seen = np.empty(int(np.diff(begin).max()) * MOST_STREETS + 1, np.int32)
        _choose(turn, begin, offer, first, looked_at, mine, asks, tastes, seen, match)
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


def _entries(model: QuartierModel, seekers: Seekers) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
    """The columns of seekers as the kernels take them: for the streets, and for what is vacant there."""
    rates = model.rates
    tries = np.where(np.isfinite(seekers.stay), rates.parameter("streets_to_stay"), rates.parameter("streets_to_move"))
    who = (
        seekers.key,
        seekers.group.astype(np.int64),
        np.where(seekers.anywhere, model.n_quartiere, seekers.quartier).astype(np.int64),
        np.minimum(tries, MOST_DRAWS).astype(np.int64),
        seekers.kin.astype(np.int64),
    )
    need = np.minimum(seekers.rooms, MOST_ROOMS).astype(np.int64)
    return who, (need, seekers.stay.astype(float), seekers.needs, seekers.entitled, seekers.budget)
