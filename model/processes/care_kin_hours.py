"""Hours of need filled by relatives, children outside the town and others, beside services (model-care.md 3.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numba as nb
import numpy as np

from ..luck import TWO32
from .care_carers import Cases, Tie
from .care_kin_cache import Place, Traits
from .care_kin_choice import Candidates
from .care_kin_rules import FULL_TIME, Rules, logit_of_strain
from .care_review import Services

if TYPE_CHECKING:
    from ..model import QuartierModel

_FULL_TIME, _CHILD_IN_HOUSEHOLD = int(FULL_TIME), int(Tie.CHILD_IN_HOUSEHOLD)
_LUCK_BREAKS_TIES = 1e-9
_NOBODY, _SEVERAL = -1, -2
_LOGITS = np.concatenate(([-np.inf], np.log(np.arange(1, 256) / np.arange(255, 0, -1)), [np.inf]))
"""Logits of the 256th parts of luck: what lies above the upper end of the part is sure to happen, below the lower end not to."""


def _scratch(model: QuartierModel) -> np.ndarray:
    """A number (f64) per row of people that is 0 between steps; no state."""
    known = model.side.get("care_scratch")
    if known is None or known.size < len(model.people):
        known = model.side["care_scratch"] = np.zeros(model.people.capacity)
    return known


class Hours(NamedTuple):
    """Core hours a week by giver, f64 per case, and who helps: ``away`` u8 [sex, case] children outside the town who
    would, ``other`` u8 other kin or neighbours (0, 1) who would, ``helpers`` u8 all who do, ``main`` i32 the main carer
    (a place in `Candidates`, -1 none in town), ``strained`` u8 (0, 1) the main carer under high strain."""

    need: np.ndarray
    kin: np.ndarray
    service: np.ndarray
    day_care: np.ndarray
    volunteers: np.ndarray
    unmet: np.ndarray
    away: np.ndarray
    other: np.ndarray
    helpers: np.ndarray
    main: np.ndarray
    strained: np.ndarray


@nb.njit(cache=True)
def who_gives(case, capacity, only):
    """Who of a case's candidates gives care: a place in `Candidates`, `_NOBODY` or `_SEVERAL`."""
    only[:] = _NOBODY
    for k in range(capacity.size):
        c = np.uint32(case[k])
        one = k if only[c] == _NOBODY else _SEVERAL
        only[c] = one if capacity[k] > 0 else only[c]


@nb.njit(cache=True, error_model="numpy")
def fill_needs(needs, further, least, begin, only, rank, capacity, hours, together):
    """Fill the need of each person; ``together``: hours of relatives and of ``further`` helpers, at most the need.

    Everybody who gives, gives a least part, all of them less where even that is too much; what is left falls to the
    first in the order of ranks, equals in proportion to capacity. Most have nobody or one (``only``, see `who_gives`): for
    them there is no loop, and no branch to guess.
    """
    (one, several), n, m = np.empty((2, needs.size + 1), np.uint32), np.uint64(0), np.uint64(0)
    for k in range(capacity.size):
        hours[k] = min(least, capacity[k])
    for c in range(needs.size):
        remaining = needs[c] - further[c]
        together[c] = needs[c] - max(remaining, 0.0)
        one[n], several[m] = c, c
        n += np.uint64(only[c] >= 0)
        m += np.uint64(only[c] == _SEVERAL)
    for c in one[:n]:
        k, need = np.uint32(only[c]), needs[c]
        total = further[c] + hours[k]
        remaining, offered = need - total, capacity[k] - hours[k]
        taken = min(offered, remaining)
        more = hours[k] + offered * (taken / offered) if offered > 0 else hours[k]
        hours[k] = more if remaining > 0 else hours[k] * (need / total)
        together[c] = need - max(remaining - taken, 0.0)
    for c in several[:m]:
        need, total, ranks, a, b = needs[c], further[c], 0, begin[c], begin[c + 1]
        for k in range(a, b):
            total += hours[k]
            ranks |= np.int64(capacity[k] > least) << np.int64(rank[k])
        remaining = need - total
        if remaining <= 0:
            for k in range(a, b):
                hours[k] *= need / total
            together[c] = need
            continue
        while ranks != 0 and remaining > 0:
            first, offered = ranks & -ranks, 0.0
            for k in range(a, b):
                offered += (capacity[k] - hours[k]) * (first == np.int64(1) << np.int64(rank[k]))
            taken = min(offered, remaining)
            for k in range(a, b):
                hours[k] += (capacity[k] - hours[k]) * (first == np.int64(1) << np.int64(rank[k])) * (taken / offered)
            remaining -= taken
            ranks ^= first
        together[c] = need - remaining


@nb.njit(inline="always")
def shares(replaces, day_core, need, could, service, day):
    """Hours of relatives, service and day care, together no more than the need.

    ``could``: what relatives would give alone. An hour of a service first replaces part of an hour of theirs.
    """
    served = min(service, need)
    guest = min(day_core * day, need - served)
    kin = max(min(could - replaces * served, need - served - guest), 0.0)
    return kin, served, guest


@nb.njit(cache=True)
def _of_several(need, who, once, twice, load, several):
    """Candidates (listed in ``several``, how many) who care for more than one person; ``load``: the need that each faces.

    ``once``, ``twice``: a bit per row, 0 before. ``load`` is 0 again for all others.
    """
    rows, case, most, n, found = who.row, who.case, who.capacity, 0, 0
    for k in range(rows.size):
        row = np.uint32(rows[k])
        at, bit = row >> np.uint32(6), np.uint64(most[k] > 0) << np.uint64(row & np.uint32(63))
        twice[at] |= once[at] & bit
        once[at] |= bit
    for k in range(rows.size):
        row = np.uint32(rows[k])
        several[n] = k
        n += (most[k] > 0) & (((twice[row >> np.uint32(6)] >> np.uint64(row & np.uint32(63))) & np.uint64(1)) != 0)
    for m in range(n):
        load[rows[several[m]]] += need[case[several[m]]]
    for m in range(n):
        k = several[m]
        several[found] = k
        found += load[rows[k]] != need[case[k]]
    return found


@nb.njit(cache=True)
def _divide(need, who, several, load):
    """Who cares for several divides the capacity by their need; ``load`` is 0 again afterwards."""
    rows, case, capacity = who.row, who.case, who.capacity
    for k in several:
        capacity[k] = capacity[k] * need[case[k]] / load[rows[k]]
    for k in several:
        load[rows[k]] = 0.0


@nb.njit(cache=True)
def _add_up(row, several, hours, factor, load, reported):
    """Reported hours of every carer over all persons cared for, at the first of them (else 0); ``load`` is 0 afterwards."""
    for k in range(row.size):
        reported[k] = hours[k] * factor
    for k in several:
        load[row[k]] += reported[k]
    for k in several:
        if hours[k] > 0:
            reported[k] = load[row[k]]
            load[row[k]] = 0.0


@nb.njit(cache=True)
def _help_of_others(rules, at_home, traits, who, child, other, together):
    """Who is helped by other kin or neighbours, of people at home, and the hours ``together`` with those from outside.

    ``child`` (u8, 0): whether a child gives care.
    """
    case, rank, capacity, chance, hours = who.case, who.rank, who.capacity, rules.chance_other, rules.capacity_other
    further, luck, without, with_child = traits.further, traits.other, chance[0], chance[1]
    for k in range(case.size):
        child[case[k]] |= (capacity[k] > 0) & (rank[k] >= 2 * _CHILD_IN_HOUSEHOLD)
    for c in range(at_home.size):
        some = (child[c] != 0) | (further[c] > 0)
        helps = (luck[c] < (with_child if some else without)) & at_home[c]
        other[c], together[c] = helps, further[c] + hours * helps


@nb.njit(cache=True, error_model="numpy")
def _share_out(rules, at_home, service, day, only, who, together, hours, out):
    """Hours of relatives, services and others, how many help, and the main carer, who gives most."""
    replaces, day_core, begin, luck = rules.service_replaces, rules.day_core, who.begin, who.kin["strain"]
    needs, away, other, helpers, main = out.need, out.away, out.other, out.helpers, out.main
    kins, serviced, guests, unmet = out.kin, out.service, out.day_care, out.unmet
    (one, several), left = np.empty((2, needs.size + 1), np.uint32), np.empty(needs.size)
    n = m = np.uint64(0)
    for c in range(needs.size):
        need, could, here = needs[c], together[c], at_home[c]
        kin, served, guest = shares(replaces, day_core, need, could, service[c], float(day[c]))
        left[c] = kin / could if could > 0 else 0.0
        kins[c], serviced[c], guests[c] = kin if here else 0.0, served if here else 0.0, guest if here else 0.0
        unmet[c] = need - kin - served - guest if here else 0.0
        helpers[c] = (away[0, c] + away[1, c] + other[c]) * ((left[c] > 0) & here)
        main[c], one[n], several[m] = -1, c, c
        n += np.uint64(only[c] >= 0)
        m += np.uint64(only[c] == _SEVERAL)
    for c in one[:n]:
        k = np.uint32(only[c])
        hours[k] *= left[c]
        gives = hours[k] > 0
        main[c] = only[c] if gives else -1
        helpers[c] += gives
    for c in several[:m]:
        best, most, number = 0.0, -1, 0
        for k in range(begin[c], begin[c + 1]):
            hours[k] *= left[c]
            number += hours[k] > 0
            given = hours[k] * (1 + _LUCK_BREAKS_TIES * ((luck[k] + 0.5) / TWO32))
            most = k if given > best else most
            best = max(given, best)
        main[c] = most
        helpers[c] += number


@nb.njit(cache=True)
def _strain(rules, demented, kin, hours, out):
    """Which main carers are under strain. Where the luck's first eight bits tell already, no exponential is computed."""
    t, main, strained, served, guest = rules.strain, out.main, out.strained, out.service, out.day_care
    terms = (t[0], t[1], t[2], t[3], t[4], t[5], t[6])
    (some, open_), n, m = np.empty((2, main.size + 1), np.uint32), np.uint64(0), np.uint64(0)
    logit = np.empty(main.size + 1)
    for c in range(main.size):
        some[n], strained[c] = c, 0
        n += np.uint64(main[c] >= 0)
    for c in some[:n]:
        k = np.uint32(main[c])
        one = kin[k]
        full, luck = one["employment"] == _FULL_TIME, one["strain"] >> np.uint32(24)
        v = logit_of_strain(terms, hours[k], demented[c], one["under_14"], full, served[c] > 0, guest[c] > 0)
        strained[c] = v >= _LOGITS[luck + np.uint32(1)]
        open_[m], logit[m] = c, v
        m += np.uint64((v > _LOGITS[luck]) & (v < _LOGITS[luck + np.uint32(1)]))
    for j in range(m):
        u = (kin[np.uint32(main[open_[j]])]["strain"] + 0.5) / TWO32
        strained[open_[j]] = u < 1.0 / (1.0 + np.exp(-logit[j]))


def fill_hours(
    model: QuartierModel, rules: Rules, cases: Cases, need: np.ndarray, place: Place, services: Services, who: Candidates,
    traits: Traits,
) -> tuple[Hours, np.ndarray, np.ndarray]:
    """Hours by giver of each case (0 for those in institutions) and of each candidate (f64); reported hours of each carer over all
    persons cared for, at the first of them. Who cares for several divides the capacity in ``who``."""  # fmt: skip
    n, load, words = need.size, _scratch(model), len(model.people) // 64 + 1
    (kin, service, day_care, unmet), volunteers, main = np.empty((4, n)), np.zeros(n), np.empty(n, np.int32)
    child, (other, helpers, strained) = np.zeros(n, np.uint8), np.empty((3, n), np.uint8)
    out = Hours(need, kin, service, day_care, volunteers, unmet, traits.away, other, helpers, main, strained)
    several, (hours, reported) = np.empty(who.row.size + 1, np.int32), np.empty((2, who.row.size))
    once, twice = np.zeros((2, words), np.uint64)
    several = several[: _of_several(need, who, once, twice, load, several)]
    _divide(need, who, several, load)
    further, together = np.empty((2, n))
    _help_of_others(rules, place.at_home, traits, who, child, other, further)
    only, day = np.empty(n, np.int32), services.day.view(np.uint8)
    who_gives(who.case, who.capacity, only)
    fill_needs(need, further, rules.least, who.begin, only, who.rank, who.capacity, hours, together)
    _share_out(rules, place.at_home, services.hours, day, only, who, together, hours, out)
    _strain(rules, cases.demented, who.kin, hours, out)
    _add_up(who.row, several, hours, rules.reported, load, reported)
    return out, hours, reported
