"""What happens to carers: they rest, work less or not at all, and care ends (model-care.md 3.4).

Kept from step to step, by person id: a carer's state (bits, see `care_kin_choice`) and the quarter in which care ended;
and of everybody cared for at home the main carer. Nothing here changes another process: carers' employment is no column.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numba as nb
import numpy as np

from ..cases import remembered
from ..columns import CARE_GRADE_BITS, Kind
from ..luck import BLOCK, TWO32, Decision, draw_block, four_words
from ..timeline import STEPS_PER_YEAR
from .care_carers import Cases, Tie, limits_of
from .care_kin_cache import Place
from .care_kin_choice import CARED, CARES, GAVE_UP, WORK_BITS, Candidates
from .care_kin_hours import Hours
from .care_kin_rules import Events

if TYPE_CHECKING:
    from ..model import QuartierModel

SIDE: Final = "give_care"
"""Name of the side table in `model.side`."""
_CACHE: Final = "care_main_rows"
"""Where the rows of those cared for are kept from step to step; no state."""
TIES: Final = ("partner", "parent", "child_in_household", "child_in_reach", "child_in_town", "childs_partner")
ENDS: Final = (
    "person_died_or_left", "person_in_home", "person_recovered", "carer_died_or_left", "carer_in_need", "gave_up", "moved",
)  # fmt: skip
"""Why a main carer's care ended, in the order in which the reasons are looked for."""
_GONE, _IN_HOME, _RECOVERED, _CARER_GONE, _CARER_ILL, _GAVE_UP_END, _MOVED = range(len(ENDS))
_CARER_QUARTER, _PRIVATE, _PARENT, _IN_LAW = int(Decision.CARER_QUARTER), int(Kind.PRIVATE), int(Tie.PARENT), len(Tie)
_GRADE, _YEAR = int(CARE_GRADE_BITS), int(STEPS_PER_YEAR)
_CARES_8 = np.uint64(CARES * 0x0101010101010101)
"""The same bit in each of eight bytes."""
_NO_WORK_BITS, _NO_CARED, _NO_GAVE_UP = (255 ^ bits for bits in (WORK_BITS, CARED, GAVE_UP))


class Counts(NamedTuple):
    """Carers where they live: ``carers`` [quartier, sex, age group, employment], ``bands`` [quartier, band of reported
    hours], ``work`` [quartier, reduced / given up]; where the person in need lives: ``ties`` [quartier, tie], ``main``
    [quartier, main carers / strained / child under 14], ``ended`` [quartier, reason], ``homes`` [quartier, people at
    home with no, one, two, three and more who help], ``away`` [quartier, sex] and ``other`` [quartier, 1] helpers who
    are no persons of the model, ``short`` [quartier, 1] people insufficiently cared for."""

    carers: np.ndarray
    bands: np.ndarray
    work: np.ndarray
    ties: np.ndarray
    main: np.ndarray
    ended: np.ndarray
    homes: np.ndarray
    away: np.ndarray
    other: np.ndarray
    short: np.ndarray


def by_id(model: QuartierModel, name: str, dtype: type) -> np.ndarray:
    """One array of the side table by person id (a live view), with room for all ids there are now."""
    side = model.side.setdefault(SIDE, {})
    array = side.get(name, np.zeros(0, dtype))
    if array.size < model.next_id:
        grown = np.zeros(8 * ((model.next_id + model.next_id // 4 + 16) // 8), dtype)
        grown[: array.size] = array
        array = side[name] = grown
    return array


@nb.njit(inline="always")
def _changed_work(stops, reduces, u, state):
    """The state after a quarter in which work may be reduced or given up."""
    new = state
    if u < stops:
        new = (state & _NO_WORK_BITS) | 2
    elif u < stops + reduces and state & WORK_BITS == 0:
        new = state | 1
    return new


@nb.njit(cache=True)
def _givers(hours, reported, kin, state, gives, keys):
    """List the candidates who give care, and their keys, and note in their state that they do; returns how many."""
    ids, n = np.empty(hours.size, np.uint32), np.uint64(0)
    for k in range(hours.size):
        gives[n] = k
        n += np.uint64(hours[k] > 0)
    for m in range(n):
        one = kin[np.uint32(gives[m])]
        keys[m], ids[m] = one["key"], one["id"]
    for m in range(n):
        state[ids[m]] |= np.uint8(CARES) * np.uint8(reported[np.uint32(gives[m])] > 0)
    return n


@nb.njit(cache=True)
def _count_carers(gives, where, reported, who, age_group, band_starts, counts):
    """Count pairs by tie, and carers once each; ``where``: the Quartier of each case."""
    kin, case = who.kin, who.case
    pairs, carers, bands, work, oldest = counts.ties, counts.carers, counts.bands, counts.work, age_group.size - 1
    for k in gives:
        one = kin[k]
        pairs[where[case[k]], _IN_LAW if one["in_law"] else one["tie"]] += 1
        once, place, band = np.int64(reported[k] > 0), one["quartier"], 0
        carers[place, one["sex"], age_group[min(np.int64(one["age"]), oldest)], one["employment"]] += once
        for b in range(1, band_starts.size):
            band += reported[k] >= band_starts[b]
        bands[place, band] += once
        changed = one["state"] & WORK_BITS
        if changed:
            work[place, changed - 1] += once


@nb.njit(cache=True)
def _draw_for(events, stream, now, gives, keys, some, luck):
    """List, of those who give care, whose luck of a quarter lets them give up or change work if anybody's does.

    Returns how many; ``luck`` (f64 [2, givers]) of those: whether they give up, and whether their work changes.
    """
    words, block, n = np.empty(4 * BLOCK, np.uint32), np.uint64(_CARER_QUARTER >> 2), 0
    up, change = events.gives_up.max() * TWO32, (events.stops + events.reduces).max() * TWO32
    for start in range(0, gives.size, BLOCK):
        last = min(BLOCK, gives.size - start)
        draw_block(stream, np.uint64(now), block, keys[start : start + last], words)
        for j in range(last):
            some[n] = gives[start + j]
            luck[0, n], luck[1, n] = (words[j] + 0.5) / TWO32, (words[BLOCK + j] + 0.5) / TWO32
            n += (words[j] <= up) | (words[BLOCK + j] <= change)
    return n


@nb.njit(cache=True)
def _live(events, now, some, where, who, reported, given, luck, state, ended, gave_up):
    """Let a quarter pass for some who give care: work may change, main carers (but parents) may give up."""
    kin, case, main, strained = who.kin, who.case, given.main, given.strained
    stops, reduces, gives_up, of_age, until, least, much, spread = (
        events.stops, events.reduces, events.gives_up, events.of_age, events.work_until, events.least_hours,
        events.many_hours, events.spread,
    )  # fmt: skip
    for m in range(some.size):
        k = some[m]
        one, c = kin[k], case[k]
        i, age = one["id"], np.int64(one["age"])
        u, v, now_is, many = luck[0, m], luck[1, m], state[i], np.int64(reported[k] >= much)
        touched = (one["employment"] > 0) & (of_age <= age) & (age < until) & (reported[k] >= least) & (reported[k] > 0)
        if touched & (v < stops[many] + reduces[many]):
            now_is = _changed_work(stops[many], reduces[many], v, now_is)
        chance = gives_up[strained[c]]
        if (main[c] == k) & (one["tie"] != _PARENT) & (u < chance):
            now_is |= GAVE_UP
            ended[i] = now - int(spread * u / chance)
            gave_up[where[c]] += 1
        state[i] = now_is


@nb.njit(cache=True)
def _count_cases(at_home, where, candidates, given, unmet_from, counts, table):
    """Count people at home by those who help them, main carers, and hours by giver, where the person in need lives."""
    mains, strained, helpers, away, other = given.main, given.strained, given.helpers, given.away, given.other
    unmet, need, homes, outside, others, short, main = (
        given.unmet, given.need, counts.homes, counts.away, counts.other, counts.short, counts.main
    )  # fmt: skip
    kin, service, day_care, volunteers = given.kin, given.service, given.day_care, given.volunteers
    (here, cared), n, m = np.empty((2, where.size + 1), np.uint32), np.uint64(0), np.uint64(0)
    for c in range(where.size):
        here[n], cared[m] = c, c
        n += np.uint64(at_home[c])
        m += np.uint64(at_home[c] & (mains[c] >= 0))
    for c in here[:n]:
        q, helped = np.uint32(where[c]), np.int64(helpers[c] > 0)
        table[q, 0] += need[c]
        table[q, 1] += kin[c]
        table[q, 2] += service[c]
        table[q, 3] += day_care[c]
        table[q, 4] += volunteers[c]
        table[q, 5] += unmet[c]
        homes[q, np.uint32(min(helpers[c], 3))] += 1
        outside[q, 0] += helped * away[0, c]
        outside[q, 1] += helped * away[1, c]
        others[q, 0] += helped * other[c]
        short[q, 0] += unmet[c] >= unmet_from * need[c]
    for c in cared[:m]:
        q = np.uint32(where[c])
        main[q, 0] += 1
        main[q, 1] += strained[c]
        main[q, 2] += candidates[np.uint32(mains[c])]["under_14"]


@nb.njit(cache=True)
def _main_carers(main, ids, rows, kin, persons, carers, their_rows):
    """Who has a main carer and who that is (ids), and rows of those who have one; returns how many."""
    n = 0
    for c in range(main.size):
        persons[n], their_rows[n], carers[n] = ids[c], rows[c], main[c]
        n += main[c] >= 0
    for m in range(n):
        carers[m] = kin[carers[m]]["id"]
    return n


@nb.njit(cache=True)
def _no_more(cared_for, cared_by, were, rows, ids, carers, some):
    """List whom the same person cares for no more; returns how many.

    ``were``: rows of those cared for; ``rows``, ``ids``, ``carers`` (ids): who has which main carer now. Both lists follow
    the rows of people, but for a compaction in between: then more people are looked at, with the same result.
    """
    next_, n = 0, 0
    for j in range(cared_for.size):
        if next_ < rows.size and ids[next_] == cared_for[j] and carers[next_] == cared_by[j]:
            next_ += 1
            continue
        person = were[j]
        while next_ < rows.size and rows[next_] < person:
            next_ += 1
        if next_ < rows.size and rows[next_] == person and carers[next_] == cared_by[j]:
            continue
        some[n] = j
        n += person >= 0
    return n


@nb.njit(cache=True)
def _end(some, cared_for, cared_by, row_of_id, present, care, able, household, kind, quartier, state, ended):
    """Count why the care of those ended who were main carers a quarter ago; state as it is now.

    The reasons are looked up one by one for all, so that the processor fetches for many at a time.
    """
    n = some.size
    row, carer, home = np.empty((3, n), np.int32)
    gone, grade, carer_gone, carer_care, still, elsewhere = np.empty((6, n), np.uint8)
    for m in range(n):
        row[m], carer[m] = row_of_id[cared_for[some[m]]], row_of_id[cared_by[some[m]]]
    for m in range(n):
        gone[m], grade[m], home[m] = present[row[m]] == 0, care[row[m]] & _GRADE, household[row[m]]
    for m in range(n):
        other = max(carer[m], 0)
        carer_gone[m], carer_care[m] = (carer[m] < 0) | (present[other] == 0), care[other] & 31
    for m in range(n):
        elsewhere[m] = kind[max(home[m], 0)] != _PRIVATE
        still[m] = state[cared_by[some[m]]] & (CARES | GAVE_UP)
    for m in range(n):
        if gone[m]:
            why = _GONE
        elif elsewhere[m]:
            why = _IN_HOME
        elif grade[m] == 0:
            why = _RECOVERED
        elif carer_gone[m]:
            why = _CARER_GONE
        elif not able[carer_care[m]]:
            why = _CARER_ILL
        elif still[m]:
            continue
        else:
            why = _MOVED
        ended[quartier[row[m]], why] += 1


@nb.njit(cache=True)
def _pass_quarter(events, stream, now, row_of_id, present, key, state, ended):
    """Note whose care has ended, end rests, and let some of those whose care ended within a year return to work."""
    eight, n = state.view(np.uint64), 0
    some, left = np.empty(eight.size + 1, np.int32), np.empty(eight.size + 1, np.uint64)
    for g in range(eight.size):  # carers of now eight at a time, without a branch to guess; the others are listed
        word = eight[g]
        cares = word & _CARES_8
        eight[g] = (word ^ cares) | (cares >> np.uint64(1))
        others = word & ~((cares >> np.uint64(4)) * np.uint64(255))
        some[n], left[n] = g, others
        n += others != 0
    ids, m = np.empty(8 * n + 1, np.int32), 0
    for g in range(n):
        for byte in range(8):
            ids[m] = 8 * some[g] + byte
            m += ((left[g] >> np.uint64(8 * byte)) & np.uint64(255)) != 0
    rows = np.empty(m, np.int32)
    for j in range(m):
        rows[j] = row_of_id[ids[j]]
    for j in range(m):
        rows[j] = rows[j] if present[max(rows[j], 0)] != 0 else -1
    for j in range(m):
        i, row = ids[j], rows[j]
        s = state[i]
        if row < 0:
            state[i] = 0
            continue
        if s & CARED and s & GAVE_UP == 0:
            ended[i] = now
        s &= _NO_CARED
        since = now - np.int64(ended[i])
        if s & GAVE_UP and since >= events.rest:
            s &= _NO_GAVE_UP
        if s & WORK_BITS and 0 < since <= _YEAR:
            _, _, _, d = four_words(stream, now, _CARER_QUARTER, key[row])
            if (d + 0.5) / TWO32 < events.returns:
                s &= _NO_WORK_BITS
        state[i] = s


def empty_counts(n: int, age_groups: int, bands: int) -> Counts:
    """Counts of nothing (i64) for ``n`` Quartiere."""
    shapes = ((2, age_groups, 3), (bands,), (2,), (len(TIES),), (3,), (len(ENDS),), (4,), (2,), (1,), (1,))
    return Counts(*(np.zeros((n, *shape), np.int64) for shape in shapes))


def _rows_of(model: QuartierModel, cared_for: np.ndarray) -> np.ndarray:
    """Rows (i32) of those cared for a quarter ago, as they were unless rows of people have moved since."""
    reordered, ids, rows = model.side.get(_CACHE, (-1, None, None))
    return rows if reordered == model.people.reordered and ids is cared_for else model.row_of_id[cared_for]


def live(
    model: QuartierModel,
    events: Events,
    cases: Cases,
    place: Place,
    who: Candidates,
    hours: np.ndarray,
    reported: np.ndarray,
    given: Hours,
    counts: Counts,
    table: np.ndarray,
    starts: tuple[np.ndarray, np.ndarray],
) -> None:
    """Count everything into ``counts``, add up hours in ``table`` [quartier, giver], let a quarter pass for carers.

    ``starts``: for each age its group, and the lower ends of the bands of reported hours.
    """  # fmt: skip
    p, h, luck, where, kin = model.people, model.households, model.luck.stream, place.where, who.kin
    state, ended = by_id(model, "carer", np.uint8), by_id(model, "ended", np.uint16)
    gives, keys = np.empty(hours.size + 1, np.int32), np.empty(hours.size, np.uint64)
    n = _givers(hours, reported, kin, state, gives, keys)
    gives, keys = gives[:n], keys[:n]
    _count_cases(place.at_home, where, kin, given, model.rates.parameter("care_unmet_from"), counts, table)
    _count_carers(gives, where, reported, who, *starts, counts)
    some, u = np.empty(gives.size + 1, np.int32), np.empty((2, gives.size + 1))
    some = some[: _draw_for(events, luck, model.now, gives, keys, some, u)]
    _live(events, model.now, some, where, who, reported, given, u, state, ended, counts.ended[:, _GAVE_UP_END])
    side, none = model.side[SIDE], np.zeros(0, np.int32)
    ids, carers, rows = np.empty((3, given.main.size + 1), np.int32)
    n = _main_carers(given.main, remembered(model, "id"), cases.rows, kin, ids, carers, rows)
    ids, carers, rows = ids[:n].copy(), carers[:n].copy(), rows[:n].copy()
    cared_for, cared_by = side.get("cared_for", none), side.get("cared_by", none)
    some = np.empty(cared_for.size + 1, np.int32)
    some = some[: _no_more(cared_for, cared_by, _rows_of(model, cared_for), rows, ids, carers, some)]
    _end(
        some, cared_for, cared_by, model.row_of_id, p.present, p.care, limits_of(model).able, p.household, h.kind, p.quartier, state,
        counts.ended,
    )  # fmt: skip
    side["cared_for"], side["cared_by"] = ids, carers
    model.side[_CACHE] = (p.reordered, ids, rows)
    known = state[: 8 * (model.next_id // 8 + 1)]
    _pass_quarter(events, luck, model.now, model.row_of_id, p.present, p.key, known, ended)
