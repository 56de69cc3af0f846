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
    quartier: np.ndarray
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
    number, flag = np.int64, np.bool_
    whole = (number, np.uint64, number, np.uint16, number, np.int32, number, flag, np.int32, flag, np.uint16)
    none = np.zeros(n), np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    return Children._make((*(np.empty(n, t) for t in whole), *none))


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
    """Those of an age before school: rows (ascending), keys, quarters of birth, and the step of entering school."""

    rows: np.ndarray
    key: np.ndarray
    birth: np.ndarray
    entry: np.ndarray


def empty_young(n: int) -> Young:
    """Room for ``n``."""
    return Young(np.empty(n, np.int32), np.empty(n, np.uint64), np.empty(n, np.uint16), np.empty(n, np.uint16))


@nb.njit(cache=True)
def renew(stream, birth, present, keys, first, since_row, rule: SchoolRule, old, young):
    """Those of ``old`` who are present and born in the quarter ``first`` or later, and whom the rows from ``since_row`` on add.

    Column by column and without branches: a branch on what was just fetched would wait for each fetch. Fills ``young``
    (with room for all) and returns how many there are.
    """
    old_rows, old_key, old_birth, old_entry = old
    rows, key, born, entry = young
    cutoff, age, early, deferred = rule
    n = 0
    for j in range(old_rows.size):
        rows[n], key[n], born[n], entry[n] = old_rows[j], old_key[j], old_birth[j], old_entry[j]
        n += (old_birth[j] >= first) & (present[old_rows[j]] == 1)
    known = n
    for i in range(since_row, birth.size):
        rows[n] = i
        n += (birth[i] >= first) & (present[i] == 1)
    for j in range(known, n):
        born[j], key[j] = birth[rows[j]], keys[rows[j]]
    for j in range(known, n):
        entry[j] = enters(born[j], unit(stream, 0, _SCHOOL, key[j]), cutoff, age, early, deferred)
    return n


@nb.njit(cache=True)
def wish_and_apply(stream, now, young, quartiere, childcare, class_of_need, need, class_of_applied, applied):
    """Set the bits of wish and application of these children, by their ranks and half-year of age.

    ``need``, ``applied`` : float64 [class of Quartier, half-year]. ``quartiere``, ``childcare`` : columns.
    """
    rows, keys, births, entry = young
    last = need.shape[1] - 1
    k0, k1 = stream & _LOW, stream >> _S32
    share, part = np.empty(rows.size), np.empty(rows.size)
    for j in range(rows.size):
        half_year = min((now - np.int64(births[j])) // 2, last)
        quartier = quartiere[rows[j]]
        share[j] = need[class_of_need[quartier], half_year]
        part[j] = applied[class_of_applied[quartier], half_year]
    wishes, applies = np.empty(rows.size, np.bool_), np.empty(rows.size, np.bool_)
    for j in range(rows.size):
        key = keys[j]
        a, b, _, _ = philox4x32(key & _LOW, key >> _S32, np.uint64(0), np.uint64(_RANKS), k0, k1)
        wishes[j] = (nb.float64(a) + 0.5) / TWO32 < share[j]
        applies[j] = (nb.float64(b) + 0.5) / TWO32 < part[j]
    for j in range(rows.size):
        wish = wishes[j] & (entry[j] > now)
        bits = np.uint8(wish) * np.uint8(_WISH) | np.uint8(wish & applies[j]) * np.uint8(_APPLIED)
        childcare[rows[j]] = (childcare[rows[j]] & np.uint8(_LOWER)) | bits


@nb.njit(cache=True)
def gather(now, young, columns, dwelling_of, dwelling_keys, c):
    """Fill ``c`` with the children whom places concern: who applied, holds one, or waits; returns how many.

    ``columns`` : present, quartier, household, childcare, place, place_wait_since.
    """
    present, quartiere, households, childcare, places, since = columns
    rows, keys, births, entries = young
    # taken out of the tuple once: inside the loop numba would count references
    to_row, to_key, to_age, to_entry, to_quartier, to_household, to_point, to_applied, to_place, to_lower, to_since = c[:11]
    bits, place, waits = np.empty(rows.size, np.uint8), np.empty(rows.size, np.int16), np.empty(rows.size, np.uint16)
    for j in range(rows.size):
        bits[j] = childcare[rows[j]] * present[rows[j]]
    for j in range(rows.size):
        place[j] = places[rows[j]]
    for j in range(rows.size):
        waits[j] = since[rows[j]]
    n = 0
    for j in range(rows.size):
        to_row[n], to_key[n], to_entry[n] = rows[j], keys[j], entries[j]
        to_age[n], to_place[n], to_since[n] = now - np.int64(births[j]), place[j], waits[j]
        to_applied[n], to_lower[n] = (bits[j] & _APPLIED) != 0, (bits[j] & _LOWER) != 0
        n += ((bits[j] & _APPLIED) != 0) | (place[j] != NONE) | (waits[j] != 0)
    for k in range(n):
        to_quartier[k] = quartiere[to_row[k]]
    for k in range(n):
        to_household[k] = households[to_row[k]]
    for k in range(n):
        to_point[k] = dwelling_of[to_household[k]]
    for k in range(n):
        dwelling = to_point[k]
        spot = np.int64(dwelling_keys[max(dwelling, 0)] % np.uint64(POINTS)) if dwelling_keys.size else np.int64(0)
        to_point[k] = to_quartier[k] * POINTS + spot * np.int64(dwelling >= 0)
    return n


@nb.njit(cache=True)
def end_places(stream, now, c, centres, kept, kept_own, gives_up):
    """School, closing, moving away and giving up (threshold u32) end a place; those at school also stop waiting."""
    _, key, _, entry, quartier, _, point, _, place, lower, since, path, displaced, paused = c
    is_open, centre_quartier, x, y, point_x, point_y, path_factor = centres
    for j in range(key.size):
        if entry[j] <= now:
            place[j], lower[j], since[j] = NONE, False, 0
            continue
        f = place[j]
        if f == NONE:
            continue
        if f >= 0:
            dx, dy = point_x[point[j]] - x[f], point_y[point[j]] - y[f]
            path[j] = path_factor * np.sqrt(dx * dx + dy * dy)
            limit = kept_own if centre_quartier[f] == quartier[j] else kept
            displaced[j] = not is_open[f]
            if displaced[j] or path[j] > limit:
                place[j], lower[j] = NONE, False
                continue
        if np.uint32(word(stream, now, _GIVE_UP, key[j])) < gives_up:
            place[j], lower[j], paused[j] = NONE, False, True


@nb.njit(cache=True)
def taken(place, lower, counts):
    """Add up the places held, i64 [facility, band]: the lower band first."""
    for j in range(place.size):
        if place[j] >= 0:
            counts[place[j], 0 if lower[j] else 1] += 1


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
    keys, point, quartier, within = seekers
    centre_keys, centre_quartier, free = centres
    n = 0
    for i in range(keys.size):
        for w in range(near.shape[1]):
            f = near[point[i], w]
            if f < 0 or free[f] <= 0:
                continue
            d = np.float64(distance[point[i], w])
            if d >= within[i] or d > limits[np.int64(centre_quartier[f] == quartier[i])]:
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

    ``seekers`` : key, point, quartier, and the path (km) beyond which nothing counts. ``centres`` : key, quartier, free
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
        i = rows[j]
        place[i], since[i] = to_place[j], to_since[j]
        childcare[i] = (childcare[i] & (_WISH | _APPLIED)) | (_LOWER if to_lower[j] else 0)


COUNTED = ("children", "need", "applied", "attending", "attending_outside", "waiting", "occupied")
"""What `count_children` counts, in this order."""


@nb.njit(cache=True)
def count_children(now, young, columns, centre_quartier, counts):
    """Count the children not yet at school into ``counts``, i64 [quartier, under three or older, `COUNTED`].

    ``columns`` : present, quartier, childcare, place, place_wait_since. Places held count at the centre and by its band.
    """
    present, quartiere, childcare, places, since = columns
    rows, _, births, entry = young
    for j in range(rows.size):
        i = rows[j]
        if present[i] == 0 or entry[j] <= now:
            continue
        bits, place = childcare[i], places[i]
        cell = counts[quartiere[i], np.int64(now - np.int64(births[j]) >= THREE)]
        cell[0] += 1
        cell[1] += (bits & _WISH) != 0
        cell[2] += (bits & _APPLIED) != 0
        cell[3] += place >= 0
        cell[4] += place == OUTSIDE_PLACE
        cell[5] += since[i] > 0
        if place >= 0:
            counts[centre_quartier[place], np.int64((bits & _LOWER) == 0), 6] += 1
