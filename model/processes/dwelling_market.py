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

from ..columns import BARRIER_FREE_BIT, MOST_ROOMS, TENURE_BITS, TENURE_SHIFT, Tenure
from ..fetch import fetch
from ..luck import _LOW, _S32, BLOCK, TWO32, Decision, draw_block, pair_bits, philox4x32
from ..rates import RateBook
from .attraction import GROUPS
from .dwelling_search import GUIDE_SHIFT, Search
from .first_occupation import FRESH, households_of, weights

if TYPE_CHECKING:
    from ..model import QuartierModel

BOUND = int(Tenure.BOUND) << TENURE_SHIFT
TWO53 = 9007199254740992.0
GLANCE = np.uint64(Decision.FIRST_OCCUPATION)
MOST_DRAWS = 14
"""Streets drawn in a quarter, early and later ones each, at most (a range of luck)."""
TAKEN = np.uint32(0x7F)
"""Label of a dwelling that is taken already: more rooms than anybody looks for."""
GUARD, TRAITS = np.uint32(0x80808080), np.uint32(24)


@dataclass
class Seekers:
    """Who looks for a dwelling in this step, one entry each.

    key : u64; group : u8, of `attraction`; quartier : u16, where they come from; anywhere : bool, no place in town to be near
    to; rooms : u8, rooms needed; priority : u8, smaller is served first; stay : float64, when staying arrives in the race (inf
    for those who must move); kin : i32, Quartier of a parent who lives elsewhere in town, -1 for none; needs : bool, a
    dwelling without barriers; entitled : bool, to dwellings whose rent is bound; budget : float64, the most it may cost a year.
    Arrays of other types are turned into these.
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

    def __post_init__(self) -> None:
        """Turn the columns into the types that the kernels take."""
        types = (
            np.uint64,
            np.uint8,
            np.uint16,
            np.bool_,
            np.uint8,
            np.uint8,
            np.float64,
            np.int32,
            np.bool_,
            np.bool_,
            np.float64,
        )
        for (name, column), its_type in zip(list(vars(self).items()), types, strict=True):
            setattr(self, name, np.asarray(column, its_type))

    @property
    def n(self) -> int:
        """Number of seekers."""
        return self.key.size


@dataclass
class Places:
    """What is on offer, one entry each.

    key : u64; quartier : u16, row; rooms : u8; later : bool, completed since the start; features : u8, as of dwellings;
    cost : float64, a year. Arrays of other types are turned into these.
    """

    key: np.ndarray
    quartier: np.ndarray
    rooms: np.ndarray
    later: np.ndarray
    features: np.ndarray
    cost: np.ndarray

    def __post_init__(self) -> None:
        """Turn the columns into the types that the kernels take."""
        types = (np.uint64, np.uint16, np.uint8, np.bool_, np.uint8, np.float64)
        for (name, column), its_type in zip(list(vars(self).items()), types, strict=True):
            setattr(self, name, np.asarray(column, its_type))


@nb.njit(inline="always")
def _drawn(running, guide, group, origin, wanted):
    """Position of the first running share above ``wanted``, else the last; the guide says where to begin."""
    position, last = np.uint64(guide[group, origin, wanted >> GUIDE_SHIFT]), np.uint64(running.shape[2] - 1)
    for _ in range(2):  # as far as most have to go; a branch would be guessed wrong
        position += np.uint64((position < last) & (running[group, origin, position] <= wanted))
    while position < last and running[group, origin, position] <= wanted:
        position += np.uint64(1)
    return position


@nb.njit(cache=True)
def _deal(street, places, first, order, dealt):
    """Places in the order of their streets: those of street ``s`` are ``order[first[s] : first[s + 1]]``.

    ``dealt`` takes, in that order, what seekers compare: label, key, features, cost.
    """
    keys, rooms, features, costs = places
    label, key, feature, cost = dealt
    for s in street:
        first[s + 2] += 1
    for s in range(2, first.size):
        first[s] += first[s - 1]
    for k in range(street.size):
        at = first[street[k] + 1]
        first[street[k] + 1] += 1
        order[at] = k
        label[at] = _label(min(np.int64(rooms[k]), MOST_ROOMS), features[k])
        key[at], feature[at], cost[at] = keys[k], features[k], costs[k]


@nb.njit(cache=True)
def _queue(priority, words, keys, bits, order):
    """Positions by priority (below 4), then by lottery: first and last bits of words (u32), 30 in all, and 16 of the keys.

    Dealt by the first ``bits``, into about as many heaps as there are seekers, then put right among the few of a heap.
    """
    begins, rank = np.zeros((1 << bits) + 1, np.int32), np.empty(keys.size, np.uint64)
    sorted_rank, shift, low = np.empty(keys.size, np.uint64), np.uint64(48 - bits), np.uint64(0xFFFF)
    for k in range(keys.size):
        word, last = np.uint64(words[k]), keys[k] & low
        lottery = (word >> np.uint64(18)) << np.uint64(32) | (word & low) << np.uint64(16) | last
        rank[k] = np.uint64(priority[k]) << np.uint64(46) | lottery
        begins[(rank[k] >> shift) + np.uint64(1)] += 1
    for b in range(1, begins.size):
        begins[b] += begins[b - 1]
    for k in range(keys.size):
        b = rank[k] >> shift
        order[begins[b]], sorted_rank[begins[b]] = k, rank[k]
        begins[b] += 1
    for k in range(1, keys.size):
        mine, position, j = sorted_rank[k], order[k], k
        while j > 0 and sorted_rank[j - 1] > mine:
            sorted_rank[j], order[j] = sorted_rank[j - 1], order[j - 1]
            j -= 1
        sorted_rank[j], order[j] = mine, position


@nb.njit(inline="always")
def _later_lot(luck, key, t):
    """Two words of luck for the ``t``-th draw of a later street."""
    stream, step, search = luck
    a, b, block = key & _LOW, key >> _S32, search + np.uint64(7 + t // 2)
    words = philox4x32(a, b, step, block, stream & _LOW, stream >> _S32)
    return (words[0], words[1]) if t % 2 == 0 else (words[2], words[3])


@nb.njit(cache=True)
def _lots(luck, keys, blocks, lots):
    """Words of luck (u32 [block, word, key]) of some blocks of the search; apart, so that it vectorises."""
    stream, step, search = luck
    for b in range(blocks.size):
        draw_block(stream, step, search + np.uint64(blocks[b]), keys, lots[b].reshape(-1))


@nb.njit(inline="always")
def _span(begin, street, near):
    """Where the places of a street begin and end, and whether it is near the parents: 32, 31 bits and one in between."""
    return np.uint64(begin[street]) << np.uint64(33) | np.uint64(near) << _S32 | np.uint64(begin[street + np.uint64(1)])


@nb.njit(cache=True)
def _look(luck, order, begin, early, later, seekers, lots, kin_look, tries, first, looked_at):
    """The streets that seekers draw, those with something vacant only, as the span of their places (see `_span`).

    Those of the ``j``-th in their order are ``looked_at[first[j] : first[j + 1]]``. ``tries`` : early streets drawn by who
    could stay and by who must move. The luck for these is ``lots[2:]``, two draws a block, for the parent's ``lots[1]``,
    for the number of later ones ``lots[0]``.
    """
    quartiere, number, first_of, chance, guide = early
    later_quartiere, later_number, later_first, later_chance, later_guide, more = later
    key, group, quartier, anywhere, stay, kin = seekers
    n, one, outside = np.uint64(0), np.uint64(1), np.uint64(more.shape[1] - 1)
    for j in range(order.size):
        i, e = np.uint32(order[j]), np.uint64(j)
        g, o, parents = np.uint64(group[i]), outside if anywhere[i] else np.uint64(quartier[i]), np.int64(kin[i])
        draws = tries[np.int64(stay[i] == np.inf)]
        if parents >= 0 and number[parents] > 0 and (np.float64(lots[1, 0, e]) + 0.5) / TWO32 < kin_look:
            street = np.uint64(first_of[parents]) + ((np.uint64(lots[1, 1, e]) * np.uint64(number[parents])) >> _S32)
            looked_at[n] = _span(begin, street, True)
            n += np.uint64(begin[street] < begin[street + one])
        for t in range(draws if quartiere.size else 0):
            block, w = np.uint64(2 + t // 2), np.uint64(t % 2 * 2)
            q = np.uint64(quartiere[_drawn(chance, guide, g, o, np.uint64(lots[block, w, e]))])
            street = np.uint64(first_of[q]) + ((np.uint64(lots[block, w + one, e]) * np.uint64(number[q])) >> _S32)
            looked_at[n] = _span(begin, street, np.int64(q) == parents)
            n += np.uint64(begin[street] < begin[street + one])
        extra = 0
        if more[g, o] > 0:
            extra = min(int(draws * more[g, o] + (np.float64(lots[0, 2, e]) + 0.5) / TWO32), MOST_DRAWS)
        for t in range(extra):
            words = _later_lot(luck, key[i], t)
            q = np.uint64(later_quartiere[_drawn(later_chance, later_guide, g, o, words[0])])
            street = np.uint64(later_first[q]) + ((words[1] * np.uint64(later_number[q])) >> _S32)
            looked_at[n] = _span(begin, street, np.int64(q) == parents)
            n += np.uint64(begin[street] < begin[street + one])
        first[j + 1] = n


@nb.njit(inline="always")
def _label(rooms, features):
    """What seekers compare of a place in one number (u32); the last byte first: rooms, how many fewer than the most they are,
    whether the rent is bound, and the traits that matter for the taste: rooms, 8 for barriers, 16 for just completed."""
    bound, barriers, fresh = features & BOUND == BOUND, features & BARRIER_FREE_BIT == 0, features >= FRESH
    traits = np.uint32(rooms) | np.uint32(barriers) << np.uint32(3) | np.uint32(fresh) << np.uint32(4)
    label = np.uint32(rooms) | np.uint32(MOST_ROOMS - rooms) << np.uint32(8) | np.uint32(bound) << np.uint32(16)
    return label | traits << TRAITS


@nb.njit(inline="always")
def _limit(need, entitled, below, above):
    """What a seeker accepts, beside the label of a place: the most rooms, the same for the fewest, whether bound rents are open.

    Each byte has its first bit set, which none of a label has. It lasts in the difference where the place keeps to the limit.
    """
    most = np.uint32(min(need + above, MOST_ROOMS))
    fewest = np.uint32(MOST_ROOMS - min(max(need - below, 0), MOST_ROOMS))
    return np.uint32(0xFF808080) | most | fewest << np.uint32(8) | np.uint32(entitled) << np.uint32(16)


@nb.njit(cache=True)
def _choose(order, offer, first, looked_at, lots, seekers, tastes, seen, match):
    """In their order, seekers look through their streets and take the best of what is left there.

    What comes into question is listed first (``seen``), without a branch. ``tastes`` : rooms accepted below and above the
    need; what multiplies the time until a place arrives in the race [a dwelling without barriers is needed, rooms needed, it
    is near the parents, it has barriers, rooms], flat; weight of what is fresh [group, rooms needed, tenure].
    """
    label, place_key, features, cost = offer
    group, need, stay, needs, entitled, budget = seekers
    below, above, scale_of, weight_of = tastes
    one, eleven = np.uint32(1), np.uint64(11)
    for j in range(order.size):
        i, n = order[j], np.uint64(0)
        mine = np.uint64(lots[0, 0, j]) << _S32 | np.uint64(lots[0, 1, j])
        wanted, most, bound, best = min(np.int64(need[i]), MOST_ROOMS), budget[i], stay[i], np.int64(-1)
        limit, taste = _limit(wanted, entitled[i], below, above), np.uint32((needs[i] * 8 + wanted) * 32)
        for s in range(first[j], first[j + 1]):
            span = looked_at[s]
            k, near, end = np.uint32(span >> np.uint64(33)), np.uint32(span >> _S32) & one, np.uint32(span & _LOW)
            while k < end:
                seen[n] = k << one | near
                n += np.uint64(((limit - label[k]) & GUARD == GUARD) & (cost[k] <= most))
                k += one
        for s in range(np.int64(n)):
            k, near = seen[s] >> one, seen[s] & one
            traits = label[k] >> TRAITS
            bits, scale = (
                pair_bits(mine, place_key[k]),
                scale_of[taste + (near << np.uint32(4) | traits & np.uint32(15))],
            )
            u = (np.float64(bits >> eleven) + 0.5) / TWO53
            if traits >= 16:
                weight = weight_of[group[i], wanted, (features[k] & TENURE_BITS) >> TENURE_SHIFT]
                glance = pair_bits(pair_bits(mine, GLANCE), place_key[k])
                if (np.float64(glance >> eleven) + 0.5) / TWO53 >= weight:
                    continue
                scale /= max(weight, 1.0)
            if (1.0 - u) * scale < bound:  # -log(u) is not less than 1 - u: else it need not be worked out
                wait = -np.log(u) * scale
                if wait < bound:
                    best, bound = np.int64(k), wait
        if best >= 0:
            label[best], match[i] = TAKEN, best


@nb.njit(cache=True)
def _serve(luck, order, begin, offer, early, later, seekers, asks, kin_look, tries, most_streets, tastes, match):
    """Let seekers draw streets and choose in their order, 2,048 at a time, so that what they drew stays at hand."""
    blocks = np.empty(2 + (tries.max() + 1) // 2, np.int64)
    blocks[:2], blocks[2:] = (14, 15), np.arange(blocks.size - 2)
    lots, keys = np.empty((blocks.size, 4, BLOCK), np.uint32), np.empty(BLOCK, np.uint64)
    first, looked_at = np.zeros(BLOCK + 1, np.int64), np.empty(BLOCK * most_streets + 1, np.uint64)
    seen = np.empty((begin[1:] - begin[:-1]).max() * most_streets + 1, np.uint32)
    for start in range(0, order.size, BLOCK):
        turn = order[start : start + BLOCK]
        for j in range(turn.size):
            keys[j] = seekers[0][turn[j]]
        _lots(luck, keys[: turn.size], blocks, lots)
        _look(luck, turn, begin, early, later, seekers, lots, kin_look, tries, first, looked_at)
        _choose(turn, offer, first, looked_at, lots, asks, tastes, seen, match)


@nb.njit(cache=True)
def _show(vacant, dwellings, cost_of, early, out):
    """What those of the vacant dwellings are like that still stand, and their rows; returns how many."""
    keys, quartiere, all_rooms, all_features = dwellings
    rows, key, quartier, rooms, later, features, cost = out
    its_key, its_quartier = fetch(keys, vacant), fetch(quartiere, vacant)
    its_rooms, its_features = fetch(all_rooms, vacant), fetch(all_features, vacant)
    n = 0
    for k in range(vacant.size):
        row, r, f = vacant[k], its_rooms[k], its_features[k]
        rows[n], key[n], quartier[n], rooms[n], later[n], features[n] = (
            row,
            its_key[k],
            its_quartier[k],
            r,
            row >= early,
            f,
        )
        cost[n] = cost_of[f, min(r, np.uint8(MOST_ROOMS))]
        n += r > 0
    return n


def on_offer(model: QuartierModel, vacant: np.ndarray) -> tuple[np.ndarray, Places]:
    """Those of these dwellings, in which no household lives, that have not been lost: their rows, and what seekers see."""
    d, side, n = model.dwellings, model.side["move"], vacant.size + 1
    types = (np.int64, np.uint64, np.uint16, np.uint8, np.bool_, np.uint8, np.float64)
    out = tuple(np.empty(n, its_type) for its_type in types)
    n = _show(vacant, (d.key, d.quartier, d.rooms, d.features), side["cost"], side["search"].rows, out)
    rows, *columns = (column[:n] for column in out)
    return rows, Places(*columns)


def allocate(model: QuartierModel, seekers: Seekers, places: Places, search: Search) -> np.ndarray:
    """Give seekers places; returns the position of the place per seeker (i64), -1 for those who find none."""
    match = np.full(seekers.n + 1, -1, np.int64)
    if not places.key.size or not seekers.n:
        return match[: seekers.n]
    rates, early, later = model.rates, search.early, search.later
    begin, order, offer = _by_street(search, places)
    turn, who = np.empty(seekers.n, np.int32), seekers
    words = model.luck.words(Decision.DWELLING_LOTTERY, model.now, who.key)
    _queue(who.priority, words, who.key, who.n.bit_length(), turn)
    tries = np.array([min(int(rates.parameter(f"streets_to_{what}")), MOST_DRAWS) for what in ("stay", "move")])
    luck = (model.luck.stream, np.uint64(model.now), np.uint64(Decision.DWELLING_SEARCH // 4))
    most_streets = 1 + int(tries.max()) + (MOST_DRAWS if later.number.any() else 0)
    with np.errstate(over="ignore"):
        _serve(
            luck, turn, begin, offer, (early.quartiere, early.number, early.first, early.chance, early.guide),
            (later.quartiere, later.number, later.first, later.chance, later.guide, search.more),
            (who.key, who.group, who.quartier, who.anywhere, who.stay, who.kin),
            (who.group, who.rooms, who.stay, who.needs, who.entitled, who.budget),
            rates.parameter("kin_look"), tries, most_streets, rates.once(_tastes), match,
        )  # fmt: skip
    got = match[: who.n]
    return np.where(got >= 0, order[got], -1).astype(np.int64)


def _tastes(rates: RateBook) -> tuple[int, int, np.ndarray, np.ndarray]:
    """What `_choose` takes as tastes, by the parameters."""
    rooms, (group, need) = np.arange(MOST_ROOMS + 1), np.indices((GROUPS, MOST_ROOMS + 1))
    loss = np.exp(rates.parameter("room_mismatch") * rooms)[np.abs(rooms - rooms[:, None])]
    scale = loss[:, None, None, :] * np.array([1.0, np.exp(-rates.parameter("kin_bonus"))])[:, None, None]
    in_the_way = np.array([[1.0, 1.0], [1.0, np.exp(rates.parameter("barrier_loss"))]])
    scale = scale * in_the_way[:, None, None, :, None]
    accepted = int(rates.parameter("rooms_below_need")), int(rates.parameter("rooms_above_need"))
    return *accepted, scale.ravel(), weights(rates)[households_of(group, need)]


def _by_street(search: Search, places: Places) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, ...]]:
    """Places by street: where each street's begin (one entry more than streets), their positions, what seekers compare."""
    street, n = search.streets(places.key, places.quartier, places.later), places.key.size
    first = np.zeros(int(search.early.number.sum() + search.later.number.sum()) + 2, np.int32)
    order = np.empty(n, np.int32)
    dealt = tuple(np.empty(n, its_type) for its_type in (np.uint32, np.uint64, np.uint8, np.float64))
    _deal(street, (places.key, places.rooms, places.features, places.cost), first, order, dealt)
    return first[:-1].astype(np.uint32), order, dealt
