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

from ..columns import BARRIER_FREE_BIT, TENURE_BITS, TENURE_SHIFT, Tenure
from ..luck import _LOW, _S32, TWO32, Decision, pair_bits, philox4x32
from ..marked import rows_without
from ..screen import BLOCK, _draw
from .dwelling_search import GUIDE_SHIFT, Search
from .first_occupation import FRESH, households_of, weights

if TYPE_CHECKING:
    from ..model import QuartierModel

MOST_ROOMS = 7
"""Largest class of rooms in the stock's tables: seven and more."""
BOUND = int(Tenure.BOUND) << TENURE_SHIFT
TWO53 = 9007199254740992.0
GLANCE = np.uint64(Decision.FIRST_OCCUPATION)
MOST_DRAWS = 14
"""Streets drawn in a quarter, early and later ones each, at most (a range of luck)."""
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


@nb.njit(inline="always")
def _later_lot(luck, key, t):
    """Two words of luck for the ``t``-th draw of a later street."""
    stream, step, search = luck
    a, b, block = key & _LOW, key >> _S32, search + np.uint64(7 + t // 2)
    words = philox4x32(a, b, step, block, stream & _LOW, stream >> _S32)
    return (words[0], words[1]) if t % 2 == 0 else (words[2], words[3])


@nb.njit(cache=True)
def _lots(luck, keys, blocks, lots):
    """Words of luck (u32 [block, keys by the 2,048, word, key]) of some blocks of the search; apart, so that it vectorises."""
    stream, step, search = luck
    for b in range(blocks.size):
        for c in range(lots.shape[1]):
            _draw(
                stream, step, search + np.uint64(blocks[b]), keys[BLOCK * c : BLOCK * (c + 1)], lots[b, c].reshape(-1)
            )


@nb.njit(cache=True)
def _look(luck, order, begin, early, later, seekers, lots, kin_look, first, looked_at):
    """The streets that seekers draw, those with something vacant only: twice the number, plus one in the parent's Quartier.

    Those of the ``j``-th in their order are ``looked_at[first[j] : first[j + 1]]``. The luck for the early streets is
    ``lots[2:]``, two draws a block, for the parent's ``lots[1]``, for the number of later ones ``lots[0]``.
    """
    quartiere, number, first_of, chance, guide = early
    later_quartiere, later_number, later_first, later_chance, later_guide, more = later
    key, group, origin, tries, kin = seekers
    n = 0
    for j in range(order.size):
        i = order[j]
        g, o, parents, c, e = group[i], origin[i], kin[i], j // BLOCK, j % BLOCK
        if parents >= 0 and number[parents] > 0 and (np.float64(lots[1, c, 0, e]) + 0.5) / TWO32 < kin_look:
            street = first_of[parents] + np.int64((np.uint64(lots[1, c, 1, e]) * np.uint64(number[parents])) >> _S32)
            looked_at[n] = 2 * street + 1
            n += begin[street] < begin[street + 1]
        for t in range(tries[i] if quartiere.size else 0):
            lot, w = lots[2 + t // 2, c], t % 2 * 2
            drawn, second = np.uint64(lot[w, e]), np.uint64(lot[w + 1, e])
            q = quartiere[_drawn(chance, guide, g, o, drawn)]
            street = first_of[q] + np.int64((second * np.uint64(number[q])) >> _S32)
            looked_at[n] = 2 * street + (q == parents)
            n += begin[street] < begin[street + 1]
        extra = 0
        if more[g, o] > 0:
            extra = min(int(tries[i] * more[g, o] + (np.float64(lots[0, c, 2, e]) + 0.5) / TWO32), MOST_DRAWS)
        for t in range(extra):
            words = _later_lot(luck, key[i], t)
            q = later_quartiere[_drawn(later_chance, later_guide, g, o, words[0])]
            street = later_first[q] + np.int64((words[1] * np.uint64(later_number[q])) >> _S32)
            looked_at[n] = 2 * street + (q == parents)
            n += begin[street] < begin[street + 1]
        first[j + 1] = n


@nb.njit(cache=True)
def _choose(order, begin, offer, first, looked_at, lots, seekers, tastes, seen, match):
    """In their order, seekers look through their streets and take the best of what is left there.

    What is taken has no rooms any more. What comes into question is listed first (``seen``), without a branch.
    """
    rooms, place_key, features, cost = offer
    need, stay, needs, entitled, budget, kind = seekers
    below, above, loss, barrier_loss, kin_gain, weight_of = tastes
    for j in range(order.size):
        i, n = order[j], 0
        mine = np.uint64(lots[j // BLOCK, 0, j % BLOCK]) << _S32 | np.uint64(lots[j // BLOCK, 1, j % BLOCK])
        wanted, may, most, bound, best = need[i], entitled[i], budget[i], stay[i], np.int64(-1)
        for s in range(first[j], first[j + 1]):
            street, near = looked_at[s] >> 1, looked_at[s] & 1
            for k in range(begin[street], begin[street + 1]):
                seen[n] = 2 * k + near
                fits = (rooms[k] >= wanted - below) & (rooms[k] <= wanted + above) & (rooms[k] != TAKEN)
                n += fits & (not cost[k] > most) & (may | (features[k] & BOUND != BOUND))
        for s in range(n):
            k = seen[s] >> 1
            bits = pair_bits(mine, place_key[k])
            u, scale = (np.float64(bits >> np.uint64(11)) + 0.5) / TWO53, loss[abs(np.int64(rooms[k]) - wanted)]
            if seen[s] & 1:
                scale *= kin_gain
            if needs[i] and features[k] & BARRIER_FREE_BIT == 0:
                scale *= barrier_loss
            if features[k] >= FRESH:
                weight = weight_of[kind[i], (features[k] & TENURE_BITS) >> TENURE_SHIFT]
                glance = pair_bits(pair_bits(mine, GLANCE), place_key[k])
                if (np.float64(glance >> np.uint64(11)) + 0.5) / TWO53 >= weight:
                    continue
                scale /= max(weight, 1.0)
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
        weights(rates),
    )
    turn, (who, asks) = _in_turn(model, seekers), _entries(model, seekers)
    luck = (model.luck.stream, np.uint64(model.now), np.uint64(Decision.DWELLING_SEARCH // 4))
    blocks = np.concatenate(([14, 15], np.arange((int(who[3].max()) + 1) // 2)))
    lots = np.empty((blocks.size, -(-seekers.n // BLOCK), 4, BLOCK), np.uint32)
    first = np.zeros(seekers.n + 1, np.int64)
    most_streets = 1 + int(who[3].max()) + (MOST_DRAWS if later.number.any() else 0)
    looked_at = np.empty(seekers.n * most_streets + 1, np.int32)
    with np.errstate(over="ignore"):
        _lots(luck, seekers.key[turn], blocks, lots)
        _look(
            luck,
            turn,
            begin,
            (early.quartiere, early.number, early.first, early.chance, early.guide),
            (later.quartiere, later.number, later.first, later.chance, later.guide, search.more()),
            who,
            lots,
            rates.parameter("kin_look"),
            first,
            looked_at,
        )
        offer = tuple(x[order] for x in (rooms, places.key, places.features, places.cost))
        seen = np.empty(int(np.diff(begin).max()) * most_streets + 1, np.int32)
        _choose(turn, begin, offer, first, looked_at, lots[0], asks, tastes, seen, match)
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
    kind = households_of(seekers.group, seekers.rooms)
    return who, (need, seekers.stay.astype(float), seekers.needs, seekers.entitled, seekers.budget, kind)
