"""Compiled loops over the children: who they are, who wishes a place, whose place ends, who is whose sibling, who asks where."""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np

from ..childcare_need import THREE
from ..columns import CHILDCARE_APPLIED_BIT, CHILDCARE_LOWER_BAND_BIT, CHILDCARE_WISH_BIT, OUTSIDE_PLACE
from ..luck import _LOW, _S32, TWO32, Decision, pair_key, philox4x32, unit, word
from ..reach import POINTS
from ..school import SchoolRule, enters
from ..tables import NONE

_RANKS = int(Decision.NEED_RANK) // 4
"""Block of luck with the ranks of wish and application (its first two words)."""
_SCHOOL, _GIVE_UP = int(Decision.SCHOOL_ENTRY), int(Decision.CHILDCARE_GIVE_UP)
_TASTE, _LOTTERY = int(Decision.CHILDCARE_TASTE), int(Decision.CHILDCARE_LOTTERY)
_WISH, _APPLIED, _LOWER = int(CHILDCARE_WISH_BIT), int(CHILDCARE_APPLIED_BIT), int(CHILDCARE_LOWER_BAND_BIT)


class Children(NamedTuple):
    """The children of one step as parallel arrays; `place`, `lower` and `since` are written back at its end.

    ``age`` in quarters, ``entry`` into school as a step, ``point`` where the child lives (see `reach`), ``path`` km to
    the place held when the step began, ``displaced`` whose centre has closed, ``paused`` who gave up in this step.
    """

    rows: np.ndarray
    key: np.ndarray
    age: np.ndarray
    entry: np.ndarray
    household: np.ndarray
    point: np.ndarray
    applied: np.ndarray
    place: np.ndarray
    lower: np.ndarray
    since: np.ndarray
    path: np.ndarray
    displaced: np.ndarray
    paused: np.ndarray


def empty_children(n: int) -> Children:
    """Room for ``n`` children."""
    number, flag, step = np.int32, np.bool_, np.uint16
    types = (number, np.uint64, number, step, number, number, flag, number, flag, step, np.float64)
    return Children._make((*(np.empty(n, t) for t in types), np.zeros(n, np.bool_), np.zeros(n, np.bool_)))


class Centres(NamedTuple):
    """What children ask of the centres: whether open, Quartier, and the plan of the town in km, see `reach`."""

    is_open: np.ndarray
    quartier: np.ndarray
    x: np.ndarray
    y: np.ndarray
    point_x: np.ndarray
    point_y: np.ndarray
    path_factor: float


class Young(NamedTuple):
    """Children before school: rows (ascending), keys, quarters of birth, the step of entering school, and for life the ranks
    (32 bits) of wish and application."""

    rows: np.ndarray
    key: np.ndarray
    birth: np.ndarray
    entry: np.ndarray
    wish: np.ndarray
    application: np.ndarray


def empty_young(n: int) -> Young:
    """Room for ``n``."""
    types = (np.int32, np.uint64, np.uint16, np.uint16, np.uint32, np.uint32)
    return Young(*(np.empty(n, t) for t in types))


@nb.njit(inline="always")
def _pack(young, begin, end, n, now, present):
    """Move those of the entries ``begin`` to ``end`` together, from ``n`` on, who are present and do not go to school yet.

    Column by column and without branches: a branch on what was just fetched would wait for each fetch.
    """
    rows, key, born, entry, wish, application = young
    for j in range(begin, end):
        stays = (entry[j] >= now) & (present[np.uint32(rows[j])] == 1)
        rows[n], key[n], born[n], entry[n] = rows[j], key[j], born[j], entry[j]
        wish[n], application[n] = wish[j], application[j]
        n += np.int64(stays)
    return n


@nb.njit(cache=True)
def renew(stream, now, columns, added, rule: SchoolRule, young, known, drop):
    """Append those of ``added`` who are not at school since before this step to the first ``known`` entries.

    ``columns`` : birth, present, key. ``added`` : rows of possible children. ``drop`` : whether those who are gone or at
    school are dropped first. Returns how many there are; there is room.
    """
    birth, present, keys = columns
    rows, key, born, entry, wish, application = young
    cutoff, age, early, deferred = rule
    k0, k1 = stream & _LOW, stream >> _S32
    begin = _pack(young, 0, known, 0, now, present) if drop else known
    for k in range(added.size):
        rows[begin + k] = added[k]
        born[begin + k], key[begin + k] = birth[added[k]], keys[added[k]]
    for j in range(begin, begin + added.size):
        a, b, _, _ = philox4x32(key[j] & _LOW, key[j] >> _S32, np.uint64(0), np.uint64(_RANKS), k0, k1)
        wish[j], application[j] = a, b
    for j in range(begin, begin + added.size):
        entry[j] = enters(born[j], unit(stream, 0, _SCHOOL, key[j]), cutoff, age, early, deferred)
    return _pack(young, begin, begin + added.size, begin, now, present)


@nb.njit(cache=True)
def wish_and_apply(now, young, columns, class_of_need, need, class_of_applied, applied):
    """Set the bits of wish and application of these children, by their ranks and half-year of age.

    ``need``, ``applied`` : float64 [class of Quartier, half-year]. ``columns`` : present, quartier, childcare.
    """
    rows, _, births, entry, wish, application = young
    present, quartiere, childcare = columns
    last = need.shape[1] - 1
    share, part = np.empty(rows.size), np.empty(rows.size)
    for j in range(rows.size):
        half_year = np.uint32(min((now - np.int64(births[j])) // 2, last))
        quartier = quartiere[np.uint32(rows[j])]
        share[j] = need[class_of_need[quartier], half_year]
        part[j] = applied[class_of_applied[quartier], half_year]
    bits = np.empty(rows.size, np.uint8)
    for j in range(rows.size):
        wishes = ((nb.float64(wish[j]) + 0.5) / TWO32 < share[j]) & (entry[j] > now)
        applies = wishes & ((nb.float64(application[j]) + 0.5) / TWO32 < part[j])
        bits[j] = np.uint8(wishes) * np.uint8(_WISH) | np.uint8(applies) * np.uint8(_APPLIED)
    for j in range(rows.size):
        i = np.uint32(rows[j])
        before = childcare[i]
        childcare[i] = (before & np.uint8(_LOWER)) | bits[j] if present[i] else before


@nb.njit(cache=True)
def gather(now, young, columns, dwelling_of, spots, c):
    """Fill ``c`` with the children whom places concern: who applied, holds one, or waits; returns how many.

    ``columns`` : present, quartier, household, childcare, place, place_wait_since. ``spots`` : point of each dwelling
    within its Quartier.
    """
    present, quartiere, households, childcare, places, since = columns
    rows, keys, births, entries, _, _ = young
    # taken out of the tuple once: inside the loop numba would count references
    to_row, to_key, to_age, to_entry, to_household, to_point, to_applied, to_place, to_lower, to_since = c[:10]
    concerned, bits = np.empty(rows.size + 1, np.uint32), np.empty(rows.size + 1, np.uint8)
    n = 0
    for j in range(rows.size):
        i = np.uint32(rows[j])
        of_child, place, waits = childcare[i], places[i], since[i]
        concerned[n], bits[n], to_place[n], to_since[n] = j, of_child, place, waits
        n += np.int64(((of_child & _APPLIED) != 0) | (place != NONE) | (waits != 0)) & np.int64(present[i])
    for k in range(n):
        j = concerned[k]
        to_row[k], to_key[k], to_entry[k], to_age[k] = rows[j], keys[j], entries[j], now - np.int64(births[j])
        to_applied[k], to_lower[k] = (bits[k] & _APPLIED) != 0, (bits[k] & _LOWER) != 0
    for k in range(n):
        to_household[k] = households[np.uint32(to_row[k])]
    for k in range(n):
        to_point[k] = dwelling_of[np.uint32(to_household[k])]
    for k in range(n):
        dwelling = to_point[k]
        spot = spots[np.uint32(max(dwelling, 0))] if spots.size else np.uint8(0)
        to_point[k] = np.int64(quartiere[np.uint32(to_row[k])]) * POINTS + np.int64(spot) * np.int64(dwelling >= 0)
    return n


@nb.njit(cache=True)
def end_places(stream, now, c, centres, limits, gives_up, taken, due, without):
    """School, closing, moving away and giving up (threshold u32) end a place; those at school also stop waiting.

    ``limits`` : path (km) beyond which a place elsewhere and one in the own Quartier is given up. Adds up the places still
    held into ``taken``, i64 [facility, band]; lists who should move up to the band from three on, and who applied and has
    none. Returns how many these are.
    """
    _, key, age, entry, _, point, applied, place, lower, since, path, displaced, paused = c
    is_open, centre_quartier, x, y, point_x, point_y, path_factor = centres
    kept, kept_own = limits
    lots = np.empty(key.size, np.uint32)
    for j in range(key.size):  # vectorises
        lots[j] = np.uint32(word(stream, now, _GIVE_UP, key[j]))
    n_due = n_without = 0
    for j in range(key.size):
        f = place[j]
        if entry[j] <= now:
            f, lower[j], since[j] = NONE, False, 0
        if f >= 0:
            spot, centre = np.uint32(point[j]), np.uint32(f)
            dx, dy = point_x[spot] - x[centre], point_y[spot] - y[centre]
            path[j] = path_factor * np.sqrt(dx * dx + dy * dy)
            limit = kept_own if centre_quartier[centre] == spot // np.uint32(POINTS) else kept
            displaced[j] = not is_open[centre]
            if displaced[j] or path[j] > limit:
                f, lower[j] = NONE, False
        if f != NONE and lots[j] < gives_up:
            f, lower[j], paused[j] = NONE, False, True
        place[j] = f
        if f >= 0:
            taken[np.uint32(f), np.uint32(not lower[j])] += 1
        waits = (f == NONE) & applied[j]
        since[j] *= np.uint16(waits)
        due[n_due], without[n_without] = j, j  # written for each, kept for those whom it concerns
        n_due += np.int64(lower[j] & (f >= 0) & (age[j] >= THREE))
        n_without += np.int64(waits)
    return n_due, n_without


@nb.njit(cache=True)
def in_main_round(c, acceptable, centre_quartier, has_upper, who, within):
    """Who asks in the main round, and within which path (km) of a centre: seekers anywhere, and those who would change.

    Who lives too far from the centre looks for a nearer one; who is three in a centre without places for that age looks
    for any. Both keep their place until they have another. Returns how many ask.
    """
    _, _, age, _, _, point, applied, place, lower, _, path, _, paused = c
    n = 0
    for j in range(age.size):
        f, most = place[j], 0.0
        if f == NONE or (f >= 0 and lower[j] and age[j] >= THREE and not has_upper[f]):
            most = np.inf
        elif f >= 0 and path[j] > acceptable and centre_quartier[f] != np.uint32(point[j]) // np.uint32(POINTS):
            most = path[j]
        who[n], within[n] = j, most
        n += np.int64((most > 0) & applied[j] & (not paused[j]))
    return n


@nb.njit(cache=True)
def link_siblings(household, last, before):
    """Chain the children of each household: ``before`` (i32) names another child, -1 ends the chain.

    ``last`` : i32 by household, all -1; then where the chain of every household with a child begins.
    """
    for j in range(household.size):
        before[j] = last[household[j]]
        last[household[j]] = j


@nb.njit(cache=True)
def unlink(household, last):
    """Leave ``last`` as `link_siblings` found it."""
    for j in range(household.size):
        last[household[j]] = NONE


@nb.njit(cache=True)
def sibling_places(c, who, last, before, out):
    """For each of some children the facility where the eldest child of the household with a place is, else -1."""
    key, age, household, place = c.key, c.age, c.household, c.place
    for w in range(who.size):
        best, j = NONE, last[household[who[w]]]
        while j != NONE:
            older = np.int64(0) if best == NONE else age[j] - age[best]
            if place[j] >= 0 and (best == NONE or older > 0 or (older == 0 and key[j] < key[best])):
                best = j
            j = before[j]
        out[w] = place[best] if best >= 0 else NONE


@nb.njit(cache=True)
def _pairs(seekers, near, distance, centres, limits, who, option, path, key, centre_key):
    """All pairs of a seeker and a centre with free places within reach; returns how many."""
    keys, point, within = seekers
    centre_keys, centre_quartier, free = centres
    n = 0
    for i in range(keys.size):
        for w in range(near.shape[1]):
            f = near[point[i], w]
            if f < 0 or free[f] <= 0:
                continue
            d = np.float64(distance[point[i], w])
            if d >= within[i] or d > limits[np.int64(centre_quartier[f] == point[i] // POINTS)]:
                continue
            who[n], option[n], path[n], key[n], centre_key[n] = i, f, d, keys[i], centre_keys[f]
            n += 1
    return n


@nb.njit(cache=True)
def _pair_luck(stream, kita_year, key, centre_key, taste, lottery):
    """Taste (for life) and lottery (of a year) of every pair, as words."""
    k0, k1 = stream & _LOW, stream >> _S32
    for j in range(key.size):
        key[j] = pair_key(key[j], centre_key[j])
    for j in range(key.size):
        a, _, _, _ = philox4x32(key[j] & _LOW, key[j] >> _S32, np.uint64(0), np.uint64(_TASTE // 4), k0, k1)
        taste[j] = np.uint32(a)
    for j in range(key.size):
        _, _, _, d = philox4x32(key[j] & _LOW, key[j] >> _S32, kita_year, np.uint64(_LOTTERY // 4), k0, k1)
        lottery[j] = np.uint32(d)


@nb.njit(cache=True)
def rank(stream, kita_year, seekers, sibling, points, near, distance, centres, limits, weights, choices, scores):
    """What each seeker finds acceptable, best first, and the score each centre gives; full centres are left out.

    ``seekers`` : key, point, and the path (km) beyond which nothing counts. ``centres`` : key, quartier, free
    places. ``limits`` : acceptable path to a centre elsewhere and in the own Quartier. ``weights`` : scale of distance,
    utility of a sibling's centre, of taste, and the score for a sibling.
    """
    scale, sibling_utility, taste_weight, sibling_score = weights
    most = seekers[0].size * near.shape[1]
    who, option, path = np.empty(most, np.int32), np.empty(most, np.int32), np.empty(most)
    key, centre_key = np.empty(most, np.uint64), np.empty(most, np.uint64)
    n = _pairs(seekers, near, distance, centres, limits, who, option, path, key, centre_key)
    taste, lottery = np.empty(n, np.uint32), np.empty(n, np.uint32)
    _pair_luck(stream, kita_year, key[:n], centre_key[:n], taste, lottery)
    utility = np.empty(near.shape[1])
    before, listed = np.int32(-1), 0
    for j in range(n):
        i, f = who[j], option[j]
        listed = 0 if i != before else listed
        before = i
        u = -path[j] / scale - taste_weight * np.log(-np.log((nb.float64(taste[j]) + 0.5) / TWO32))
        score = points[i] + (nb.float64(lottery[j]) + 0.5) / TWO32
        if f == sibling[i]:
            u += sibling_utility
            score += sibling_score
        at = listed
        while at > 0 and utility[at - 1] < u:
            utility[at], choices[i, at], scores[i, at] = utility[at - 1], choices[i, at - 1], scores[i, at - 1]
            at -= 1
        utility[at], choices[i, at], scores[i, at] = u, f, score
        listed += 1


@nb.njit(cache=True)
def write_back(c, place, since, childcare):
    """Write places, bands and waiting into the columns."""
    rows, to_place, to_lower, to_since = c.rows, c.place, c.lower, c.since
    for j in range(rows.size):
        i = np.uint32(rows[j])
        place[i], since[i] = to_place[j], to_since[j]
        childcare[i] = (childcare[i] & np.uint8(_WISH | _APPLIED)) | np.uint8(_LOWER) * np.uint8(to_lower[j])


COUNTED = ("children", "need", "applied", "attending", "attending_outside", "waiting")
"""What `count_children` tells apart; all but the first are bits of a child's state."""


@nb.njit(cache=True)
def count_children(now, young, columns, states, occupied):
    """Count the children not yet at school.

    ``columns`` : present, quartier, childcare, place, place_wait_since. ``states`` : i64 [quartier, under three or older,
    state], the bits of a state in the order of `COUNTED`. ``occupied`` : i64 [facility plus two, band], by the band of the
    place; the first two for those who hold none in the town.
    """
    present, quartiere, childcare, places, since = columns
    for j in range(young.rows.size):
        i = np.uint32(young.rows[j])
        counted = np.int64(present[i]) * np.int64(young.entry[j] > now)
        bits, place = childcare[i], np.int64(places[i])
        state = np.uint32((bits & _WISH) != 0) | np.uint32((bits & _APPLIED) != 0) << np.uint32(1)
        state |= np.uint32(place >= 0) << np.uint32(2) | np.uint32(place == OUTSIDE_PLACE) << np.uint32(3)
        state |= np.uint32(since[i] > 0) << np.uint32(4)
        states[quartiere[i], np.uint32(now - np.int64(young.birth[j]) >= THREE), state] += counted
        occupied[np.uint32(place + 2), np.uint32((bits & _LOWER) == 0)] += counted
