"""Hours of need filled by relatives, children outside the town and others, beside services (model-care.md 3.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numba as nb
import numpy as np

from ..columns import Sex
from ..luck import TWO32
from ..tables import NONE
from .care_carers import Cases, Tie
from .care_kin_cache import CaseTraits
from .care_kin_choice import Candidates
from .care_kin_rules import FULL_TIME, Rules, chance_of_strain
from .care_review import Services

if TYPE_CHECKING:
    from ..model import QuartierModel

_MALE, _FULL_TIME = int(Sex.MALE), int(FULL_TIME)
_PARENT, _CHILD_IN_HOUSEHOLD, _WITHIN_REACH = int(Tie.PARENT), int(Tie.CHILD_IN_HOUSEHOLD), int(Tie.WITHIN_REACH)
_RANKS = 2 * len(Tie)
_LUCK_BREAKS_TIES = 1e-9


def _scratch(model: QuartierModel) -> np.ndarray:
    """A number (f64) per row of people that is 0 between steps; no state."""
    known = model.side.get("care_scratch")
    if known is None or known.size < len(model.people):
        known = model.side["care_scratch"] = np.zeros(model.people.capacity)
    return known


class Hours(NamedTuple):
    """Core hours a week by giver, f64 per case, and who helps: ``away`` u8 [sex, case] children outside the town who
    would, ``other`` u8 other kin or neighbours (0, 1) who would, ``helpers`` u8 all who do, ``main`` i64 the main carer
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


@nb.njit(inline="always")
def _rank(tie, sex, in_law):
    """Order in which relatives give: partner, mother, father, children at home, then by distance daughters before sons and
    partners of children."""
    second = (tie == _PARENT and sex == _MALE) or (tie >= _WITHIN_REACH and (sex == _MALE or in_law != 0))
    return 2 * tie + int(second)


@nb.njit(cache=True)
def fill_needs(needs, further, least, begin, rank, capacity, hours, together):
    """Fill the need of each person; ``together``: hours of relatives and of ``further`` helpers, at most the need.

    Everybody who gives, gives a least part, all of them less where even that is too much; what is left falls to the
    first in the order of ranks, equals in proportion to capacity.
    """
    for c in range(needs.size):
        need, total, ranks, a, b = needs[c], further[c], 0, begin[c], begin[c + 1]
        for k in range(a, b):
            hours[k] = min(least, capacity[k])
            total += hours[k]
            ranks |= np.int64(capacity[k] > least) << np.int64(rank[k])
        remaining, r = need - total, 0
        if remaining <= 0:
            for k in range(a, b):
                hours[k] *= need / total
            together[c] = need
            continue
        while ranks != 0 and remaining > 0:
            if ranks & 1:
                offered = 0.0
                for k in range(a, b):
                    offered += (capacity[k] - hours[k]) * (rank[k] == r)
                taken = min(offered, remaining)
                for k in range(a, b):
                    hours[k] += (capacity[k] - hours[k]) * (rank[k] == r) * (taken / offered)
                remaining -= taken
            ranks >>= 1
            r += 1
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
def _main(terms, who, hours, demented, out):
    """The main carer of each case, who gives most, and whether under high strain."""
    begin, luck, works, under_14, main, strained = (
        who.begin, who.strain, who.employment, who.under_14, out.main, out.strained
    )  # fmt: skip
    serviced, guests = out.service, out.day_care
    s = (terms[0], terms[1], terms[2], terms[3], terms[4], terms[5], terms[6])
    for c in range(main.size):
        best, most = 0.0, -1
        for k in range(begin[c], begin[c + 1]):
            given = hours[k] * (1 + _LUCK_BREAKS_TIES * ((luck[k] + 0.5) / TWO32))
            most = k if given > best else most
            best = max(given, best)
        main[c] = most
    for c in range(main.size):
        k = main[c]
        if k >= 0:
            full, service, day = works[k] == _FULL_TIME, serviced[c] > 0, guests[c] > 0
            strained[c] = (luck[k] + 0.5) / TWO32 < chance_of_strain(
                s, hours[k], demented[c], under_14[k], full, service, day
            )


@nb.njit(cache=True)
def _of_several(need, case, who, once, twice, load, several):
    """Candidates (listed in ``several``, how many) who care for more than one person; ``load``: the need that each faces.

    ``once``, ``twice``: a bit per row, 0 before. ``load`` is 0 again for all others.
    """
    rows, most, n, found = who.row, who.capacity, 0, 0
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
def _capacities(need, case, who, several, load, rank, capacity):
    """Rank and capacity of each candidate for a person; who cares for several divides the capacity by their need.

    ``load`` is 0 again afterwards.
    """
    rows, ties, sexes, in_law, most = who.row, who.tie, who.sex, who.in_law, who.capacity
    for k in range(rows.size):
        capacity[k], rank[k] = most[k], _rank(ties[k], sexes[k], in_law[k])
    for k in several:
        capacity[k] = most[k] * need[case[k]] / load[rows[k]]
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
def _help_of_others(rules, at_home, traits, who, out, together):
    """Who helps from outside the town and among other kin, of people at home, and their hours ``together``."""
    begin, ties, capacity, chance, hours = who.begin, who.tie, who.capacity, rules.chance_other, rules.capacity_other
    further, would, luck, away, other = traits.further, traits.away, traits.other, out.away, out.other
    for c in range(at_home.size):
        child = further[c] > 0
        for k in range(begin[c], begin[c + 1]):
            child |= (capacity[k] > 0) & (ties[k] >= _CHILD_IN_HOUSEHOLD)
        away[0, c], away[1, c] = would[0, c] * at_home[c], would[1, c] * at_home[c]
        helps = (luck[c] < chance[np.int64(child)]) & at_home[c]
        other[c] = helps
        together[c] = further[c] + hours * helps


@nb.njit(cache=True)
def _share_out(rules, at_home, service, day, begin, together, hours, out):
    """Hours of relatives, services and others, and how many help."""
    replaces, day_core, needs, away, other, helpers = (
        rules.service_replaces, rules.day_core, out.need, out.away, out.other, out.helpers
    )  # fmt: skip
    kins, serviced, guests, unmet = out.kin, out.service, out.day_care, out.unmet
    for c in range(needs.size):
        if not at_home[c]:
            continue
        need, could = needs[c], together[c]
        kin, served, guest = shares(replaces, day_core, need, could, service[c], float(day[c]))
        left, number = kin / could if could > 0 else 0.0, 0
        for k in range(begin[c], begin[c + 1]):
            hours[k] *= left
            number += hours[k] > 0
        helpers[c] = (number + away[0, c] + away[1, c] + other[c]) * (left > 0)
        kins[c], serviced[c], guests[c], unmet[c] = kin, served, guest, need - kin - served - guest


def fill_hours(
    model: QuartierModel,
    rules: Rules,
    cases: Cases,
    need: np.ndarray,
    at_home: np.ndarray,
    services: Services,
    who: Candidates,
    case: np.ndarray,
    traits: CaseTraits,
) -> tuple[Hours, np.ndarray, np.ndarray]:
    """Hours by giver of each case (0 for those in institutions) and of each candidate (f64); reported hours of each carer over all
    persons cared for, at the first of them. ``case``: whose candidate each is."""  # fmt: skip
    n, load, words = need.size, _scratch(model), len(model.people) // 64 + 1
    kin, service, day_care, volunteers, unmet = np.zeros((5, n))
    small, nobody = np.zeros((5, n), np.uint8), np.full(n, NONE, np.int64)
    out = Hours(need, kin, service, day_care, volunteers, unmet, small[:2], small[2], small[3], nobody, small[4])
    rank, several = np.empty(who.row.size, np.uint8), np.empty(who.row.size + 1, np.int32)
    capacity, hours, reported = np.empty((3, who.row.size))
    once, twice = np.zeros((2, words), np.uint64)
    several = several[: _of_several(need, case, who, once, twice, load, several)]
    _capacities(need, case, who, several, load, rank, capacity)
    further, together = np.empty((2, n))
    _help_of_others(rules, at_home, traits, who, out, further)
    fill_needs(need, further, rules.least, who.begin, rank, capacity, hours, together)
    _share_out(rules, at_home, services.hours, services.day.view(np.uint8), who.begin, together, hours, out)
    _main(rules.strain, who, hours, cases.demented, out)
    _add_up(who.row, several, hours, rules.reported, load, reported)
    return out, hours, reported
