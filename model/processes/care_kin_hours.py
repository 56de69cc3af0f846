"""Hours of need filled by relatives, children outside the town and others, beside services (model-care.md 3.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numba as nb
import numpy as np

from ..cases import remembered
from ..columns import Sex
from ..kin_distance import BITS, MOST
from ..luck import TWO32, Decision, pair_words
from ..tables import NONE
from .care_carers import Cases, Tie
from .care_kin_choice import Candidates
from .care_kin_rules import FULL_TIME, Rules, chance_of_strain, employment
from .care_review import Services

if TYPE_CHECKING:
    from ..model import QuartierModel

_KIN_AWAY_PAIR = int(Decision.KIN_AWAY_PAIR)
_MALE, _FULL_TIME = int(Sex.MALE), int(FULL_TIME)
_PARENT, _CHILD_IN_HOUSEHOLD, _WITHIN_REACH = int(Tie.PARENT), int(Tie.CHILD_IN_HOUSEHOLD), int(Tie.WITHIN_REACH)
_RANKS = 2 * len(Tie)
_LUCK_BREAKS_TIES = 1e-9


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


@nb.njit(cache=True)
def _from_outside(rules, stream, key, age, packed, away, hours):
    """Hours of children outside the town, each with luck, sex and employment of its own; counted in ``away``."""
    employed, full, full_until = rules.employed, rules.full, rules.full_until
    chance, capacity = rules.chance_away, rules.capacity_away
    for c in range(key.size):
        child_age = age[c] - rules.generation
        if packed[c] == 0 or child_age < rules.of_age or child_age > rules.child_oldest:
            continue
        for place in range(capacity.size):
            for n in range((np.int64(packed[c]) >> (BITS * place)) & MOST):
                a, b, d, _ = pair_words(stream, _KIN_AWAY_PAIR, key[c], np.uint64((MOST + 1) * place + n + 1))
                sex = int(d & np.uint64(1))
                work = employment(employed, full, full_until, (b + 0.5) / TWO32, sex, child_age, 0)
                if (a + 0.5) / TWO32 < chance[sex, int(work == _FULL_TIME), place]:
                    hours[c] += capacity[place]
                    away[sex, c] += 1


@nb.njit(inline="always")
def _rank(tie, sex, in_law):
    """Order in which relatives give: partner, mother, father, children at home, then by distance daughters before sons and
    partners of children."""
    second = (tie == _PARENT and sex == _MALE) or (tie >= _WITHIN_REACH and (sex == _MALE or in_law != 0))
    return 2 * tie + int(second)


@nb.njit(cache=True)
def fill_need(need, further, least, begin, end, rank, capacity, hours):
    """Fill one person's need; returns the hours of relatives and of ``further`` helpers together, at most the need.

    Everybody who gives, gives a least part, all of them less where even that is too much; what is left falls to the
    first in the order of ranks, equals in proportion to capacity.
    """
    total, ranks = further, 0
    for k in range(begin, end):
        hours[k] = min(least, capacity[k])
        total += hours[k]
        if capacity[k] > least:
            ranks |= 1 << int(rank[k])
    if total >= need:
        for k in range(begin, end):
            hours[k] *= need / total
        return need
    remaining = need - total
    for r in range(_RANKS):
        if (ranks >> r) & 1 == 0 or remaining <= 0:
            continue
        offered = 0.0
        for k in range(begin, end):
            if rank[k] == r:
                offered += capacity[k] - hours[k]
        taken = min(offered, remaining)
        for k in range(begin, end):
            if rank[k] == r:
                hours[k] += (capacity[k] - hours[k]) * (taken / offered)
        remaining -= taken
    return need - remaining


@nb.njit(cache=True)
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
    for c in range(main.size):
        best = 0.0
        for k in range(begin[c], begin[c + 1]):
            given = hours[k] * (1 + _LUCK_BREAKS_TIES * luck[k])
            if given > best:
                best, main[c] = given, k
        k = main[c]
        if k >= 0:
            full, service, day = works[k] == _FULL_TIME, out.service[c] > 0, out.day_care[c] > 0
            strained[c] = luck[k] < chance_of_strain(terms, hours[k], demented[c], under_14[k], full, service, day)


@nb.njit(cache=True)
def _capacities(need, who, load, rank, capacity, several):
    """Rank and capacity of each candidate for a person; who cares for ``several`` divides the capacity by their need.

    ``load`` is 0 again for all others.
    """
    begin, rows, ties, sexes, in_law, most = who.begin, who.row, who.tie, who.sex, who.in_law, who.capacity
    for k in range(rows.size):
        capacity[k] = load[rows[k]]
        rank[k] = _rank(ties[k], sexes[k], in_law[k])
    for c in range(need.size):
        for k in range(begin[c], begin[c + 1]):
            faces, gives = capacity[k], most[k] > 0
            several[k] = gives & (faces != need[c])
            capacity[k] = most[k] * need[c] / faces if several[k] else most[k]
    for k in range(rows.size):
        if most[k] > 0 and not several[k]:
            load[rows[k]] = 0.0


@nb.njit(cache=True)
def _add_up(row, several, hours, factor, load, reported):
    """Reported hours of every carer over all persons cared for, at the first of them (else 0); ``load`` is 0 afterwards."""
    for k in range(row.size):
        if several[k]:
            load[row[k]] = 0.0
    for k in range(row.size):
        reported[k] = hours[k] * factor
        if several[k]:
            load[row[k]] += reported[k]
    for k in range(row.size):
        if several[k] and hours[k] > 0:
            reported[k] = load[row[k]]
            load[row[k]] = 0.0


@nb.njit(cache=True)
def _fill(rules, stream, at_home, key, service, day, who, rank, capacity, further, hours, out):
    """Hours of relatives, services and others, and how many help; ``further``: hours of children outside the town."""
    begin, ties, chance_other = who.begin, who.tie, rules.chance_other
    capacity_other, replaces, day_core = rules.capacity_other, rules.service_replaces, rules.day_core
    least = rules.least
    needs, away, other, helpers = out.need, out.away, out.other, out.helpers
    kins, serviced, guests, unmet = out.kin, out.service, out.day_care, out.unmet
    for c in range(needs.size):
        a, b, need = begin[c], begin[c + 1], needs[c]
        if not at_home[c]:
            away[0, c], away[1, c] = 0, 0
            continue
        child = further[c] > 0
        for k in range(a, b):
            child |= capacity[k] > 0 and ties[k] >= _CHILD_IN_HOUSEHOLD
        luck, _, _, _ = pair_words(stream, _KIN_AWAY_PAIR, key[c], np.uint64(0))
        helps = (luck + 0.5) / TWO32 < chance_other[int(child)]
        could = fill_need(need, further[c] + capacity_other * helps, least, a, b, rank, capacity, hours)
        kin, served, guest = shares(replaces, day_core, need, could, service[c], float(day[c]))
        left, number = kin / could if could > 0 else 0.0, 0
        for k in range(a, b):
            hours[k] *= left
            number += hours[k] > 0
        other[c] = helps
        helpers[c] = number + away[0, c] + away[1, c] + other[c] if left > 0 else 0
        kins[c], serviced[c], guests[c], unmet[c] = kin, served, guest, need - kin - served - guest


def fill_hours(
    model: QuartierModel,
    rules: Rules,
    cases: Cases,
    need: np.ndarray,
    at_home: np.ndarray,
    services: Services,
    who: Candidates,
    load: np.ndarray,
) -> tuple[Hours, np.ndarray, np.ndarray]:
    """Hours by giver of each case (0 for those in institutions) and of each candidate (f64); reported hours of each carer over all
    persons cared for, at the first of them. ``load`` is 0 again afterwards."""  # fmt: skip
    p, n = model.people, need.size
    kin, service, day_care, volunteers, unmet = np.zeros((5, n))
    small, nobody = np.zeros((5, n), np.uint8), np.full(n, NONE, np.int64)
    out = Hours(need, kin, service, day_care, volunteers, unmet, small[:2], small[2], small[3], nobody, small[4])
    rank = np.empty(who.row.size, np.uint8)
    capacity, hours, reported = np.empty((3, who.row.size))
    several = np.empty(who.row.size, np.bool_)
    _capacities(need, who, load, rank, capacity, several)
    key, day, luck, further = remembered(model, "key"), services.day.astype(np.uint8), model.luck.stream, np.zeros(n)
    _from_outside(rules, luck, key, cases.age, p.kin_away[cases.rows], out.away, further)
    _fill(rules, luck, at_home, key, services.hours, day, who, rank, capacity, further, hours, out)
    _main(rules.strain, who, hours, cases.demented, out)
    _add_up(who.row, several, hours, rules.reported, load, reported)
    return out, hours, reported
