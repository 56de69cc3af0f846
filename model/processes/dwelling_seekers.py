"""Who looks for a dwelling in a step, and what for: households with a reason, and people with a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from ..columns import BARRIER_FREE_BIT, CARE_GRADE_BITS, TENURE_BITS, TENURE_SHIFT, Plan, Reason, Role, Tenure
from ..fetch import fetch
from ..households import with_children
from ..luck import TWO32, Decision
from ..thresholds import AGES, SLACK
from ..timeline import DT
from .attraction import group_of
from .budget import affordable, income_ranks
from .dwelling_market import Seekers

if TYPE_CHECKING:
    from ..model import QuartierModel

OWNER_BITS, OWNED = int(TENURE_BITS), int(Tenure.OWNED) << TENURE_SHIFT
SPACE, BARRIER, OTHER = np.uint8(Reason.SPACE), np.uint8(Reason.BARRIER), np.uint8(Reason.OTHER)


@nb.njit(cache=True)
def _describe(
    homes, first, following, birth, key, role, care, of_age, grade, head, born, family, adults, minors, needs
):
    """Per household the oldest member (ties by key) and its birth, whether a minor lives there as a child, persons of age and
    minors, and whether somebody needs a dwelling without barriers.

    One member of each household after the other, so that the reads overlap.
    """
    n, m = homes.size, 0
    who, at = np.empty(n, np.uint32), np.empty(n, np.int32)
    head[:] = fetch(first, homes)
    born[:] = fetch(birth, head)
    grades, next_one = fetch(care, head), fetch(following, head)
    for k in range(n):
        minor, after = born[k] > of_age, next_one[k]
        family[k], needs[k] = minor and role[head[k]] == 1, grades[k] & 7 >= grade
        minors[k], adults[k] = minor, not minor
        who[m], at[m] = k, after
        m += after >= 0
    while m > 0:
        n, m = m, 0
        births, grades, next_one = fetch(birth, at[:n]), fetch(care, at[:n]), fetch(following, at[:n])
        for j in range(n):
            k, i, its_birth, after = who[j], at[j], births[j], next_one[j]
            minor, older = its_birth > of_age, its_birth < born[k]
            family[k] |= minor and role[i] == 1
            needs[k] |= grades[j] & 7 >= grade
            minors[k] += minor
            adults[k] += not minor
            if its_birth == born[k]:
                older = key[i] < key[head[k]]
            head[k], born[k] = i if older else head[k], its_birth if older else born[k]
            who[m], at[m] = k, after
            m += after >= 0


@nb.njit(cache=True)
def _place(homes, head, born, family, adults, minors, needs, households, key, dwellings, now, group_at, scale_of, out):
    """Per household the reference person's key and group, where it lives, whether it came from elsewhere, rooms needed,
    priority, since when it waits if it has no dwelling (else 0), and what multiplies the time until staying arrives.

    ``group_at`` [with minors, age of the oldest]; ``scale_of`` [a dwelling without barriers is missing, difference of rooms] is
    for those who have a dwelling.
    """
    dwelling, quartier, reason, wait_since = households
    rooms, features = dwellings
    keys, group, where, anywhere, need, priority, waited, scale = out
    keys[:], where[:], own = fetch(key, head), fetch(quartier, homes), fetch(dwelling, homes)
    reasons, since, place = fetch(reason, homes), fetch(wait_since, homes), np.maximum(own, 0)
    its_rooms, its_features = fetch(rooms, place), fetch(features, place)
    for k in range(homes.size):
        settled, persons = own[k] >= 0, adults[k] + minors[k]
        group[k] = group_at[np.int64(family[k]), (now - np.int64(born[k])) >> 2]
        need[k], anywhere[k], priority[k] = persons + 1, reasons[k] == 1, 1 + settled
        waited[k] = (now - np.int64(since[k])) * (not settled)
        missing = needs[k] & (its_features[k] & BARRIER_FREE_BIT == 0)
        stays = scale_of[np.int64(missing), abs(np.int64(its_rooms[k]) - persons - 1)]
        scale[k] = stays if settled else np.inf


@nb.njit(cache=True)
def _parents(rows, of_both, row_of_id, household, quartier, where):
    """Quartier of the mother, else the father, who lives in another household in town; else -1.

    Step by step for all, so that the reads overlap. Only who is present has a household.
    """
    who, at = np.empty(rows.size + 1, np.uint32), np.empty(rows.size + 1, np.int32)
    where[:] = -1
    for parent in of_both:
        n = m = 0
        for k in range(rows.size):
            named = parent[np.uint32(rows[k])]
            who[n], at[n] = k, named
            n += (named >= 0) & (where[k] < 0)
        for j in range(n):
            row = row_of_id[np.uint32(at[j])]
            who[m], at[m] = who[j], row
            m += row >= 0
        for j in range(m):
            i, k = np.uint32(at[j]), who[j]
            away = (household[i] >= 0) & (household[i] != household[np.uint32(rows[k])])
            where[k] = np.int32(quartier[i]) if away else -1


@nb.njit(cache=True)
def _could_wish(
    rows, words, everybody, people, households, dwellings, class_of, base, most, now, kept, home, annual, fit
):
    """Those of these people, and their homes, who are grown, whose home has a dwelling and does not look for another yet, and
    whose luck (words) does not rule out the wish already; ``most`` [room to spare, owned] and ``base`` bound the hazard.

    Returns how many they are; with ``everybody``, luck rules out nobody. ``annual`` takes their ``base``, ``fit`` how the
    dwelling fits: 4 x row of ``most`` + 2 if it is owned + 1 if it has barriers. Without a branch, so that the reads overlap.
    """
    household, role, birth, sex = people
    kind, reason, dwelling, moved_at, size, quartier = households
    rooms, features = dwellings
    at_least = np.array([most[row:].max() for row in range(most.shape[0])])
    middle, oldest, classes = most.shape[0] // 2, base.shape[2] - 1, base.shape[0]
    luck, n, m = np.empty(rows.size, np.uint32), 0, 0
    roles, homes = fetch(role, rows), fetch(household, rows)
    for k in range(rows.size):  # who lives as a child lives with a parent, who is older
        kept[n], home[n], luck[n] = rows[k], homes[k], words[k]
        n += roles[k] != 1
    births, sexes, sizes = fetch(birth, kept[:n]), fetch(sex, kept[:n]), fetch(size, home[:n])
    places = fetch(quartier, home[:n]) if classes > 1 else np.zeros(n, np.uint16)
    for k in range(n):  # a dwelling has one room at least: with few persons not many can be missing
        age, word, persons = min((now - np.int64(births[k])) >> 2, oldest), luck[k], sizes[k]
        its_base = base[class_of[places[k]] if classes > 1 else 0, sexes[k], age]
        kept[m], home[m], luck[m], sizes[m], annual[m] = kept[k], home[k], word, persons, its_base
        m += everybody | (np.float64(word) <= its_base * at_least[max(middle - np.int64(persons), 0)])
    n, m, own = m, 0, fetch(dwelling, home[:m])
    places_there = np.maximum(own, 0)
    its_rooms, its_features = fetch(rooms, places_there), fetch(features, places_there)
    for k in range(n):
        spare = min(max(np.int64(its_rooms[k]) - np.int64(sizes[k]) - 1, -middle), middle) + middle
        owned, barriers = its_features[k] & OWNER_BITS == OWNED, its_features[k] & BARRIER_FREE_BIT == 0
        possible = np.float64(luck[k]) <= annual[k] * most[spare, np.int64(owned)]
        kept[m], home[m], annual[m], fit[m] = kept[k], home[k], annual[k], 4 * spare + 2 * owned + barriers
        m += (own[k] >= 0) & (everybody | possible)
    n, kinds, reasons, moved = 0, fetch(kind, home[:m]), fetch(reason, home[:m]), fetch(moved_at, home[:m])
    for k in range(m):
        kept[n], home[n], annual[n], fit[n] = kept[k], home[k], annual[k], fit[k]
        n += (kinds[k] == 0) & (reasons[k] == 0) & (moved[k] < now)
    return n


@nb.njit(cache=True)
def _leads(rows, home, first, following, birth, key, care, grade, factor, annual, fit, why):
    """Those named who are the oldest of their household, with the hazard and the reason of the wish; returns how many.

    ``annual`` is multiplied by the factor of the dwelling's fit, into which it counts whether somebody there needs one
    without barriers. One member of each household after the other, so that the reads overlap.
    """
    n = rows.size
    who, at, mine = np.arange(n), fetch(first, home), fetch(birth, rows)
    leads, needs = np.ones(n, np.bool_), np.zeros(n, np.bool_)
    while n > 0:
        m = 0
        births, grades, next_one = fetch(birth, at[:n]), fetch(care, at[:n]), fetch(following, at[:n])
        for j in range(n):
            k, i, after = who[j], at[j], next_one[j]
            older = births[j] < mine[k]
            if (births[j] == mine[k]) & (i != rows[k]):
                older = key[i] < key[rows[k]]
            leads[k] = not older
            needs[k] |= grades[j] & 7 >= grade
            who[m], at[m] = k, after
            m += (after >= 0) & (not older)
        n = m
    middle = factor.shape[1] // 2
    for k in range(rows.size):
        spare, in_the_way = np.int64(fit[k] >> 2), needs[k] & (fit[k] & 1 == 1)
        rows[n], home[n] = rows[k], home[k]
        annual[n] = annual[k] * factor[np.int64(in_the_way), spare, np.int64(fit[k] >> 1 & 1)]
        why[n] = SPACE if spare < middle else (BARRIER if in_the_way else OTHER)
        n += leads[k]
    return n


def settled_leads(
    model: QuartierModel,
    rows: np.ndarray,
    words: np.ndarray,
    class_of: np.ndarray,
    base: np.ndarray,
    factor: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Those of these people who are the reference person of a household that could form a wish to move, and likely do.

    Parameters
    ----------
    words : u32, their luck. class_of, base : annual hazard [class of the Quartier, sex, age] of who lives in a fitting
    dwelling. factor : float64 [barriers in the way, rooms to spare, owned], on it; the middle row is for none to spare.

    Returns
    -------
    rows : of people. home : rows of their households. hazard : float64, annual, of the wish. why : u8, the reason there would be.
    """
    p, h, d, n = model.people, model.households, model.dwellings, rows.size + 1
    kept, home, annual, fit = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n), np.empty(n, np.uint8)
    n = _could_wish(
        rows.astype(np.int32), np.ascontiguousarray(words), model.audit is not None,
        (p.household, p.role, p.birth, p.sex), (h.kind, h.reason, h.dwelling, h.moved_at, h.size, h.quartier),
        (d.rooms, d.features), class_of, base, factor.max(axis=0) * (TWO32 * DT * SLACK), model.now, kept, home, annual, fit,
    )  # fmt: skip
    rows, home, annual, why = kept[:n], home[:n], annual[:n], np.empty(n, np.uint8)
    grade = int(model.rates.parameter("barrier_care_grade"))
    n = _leads(rows, home, h.first_member, p.next_member, p.birth, p.key, p.care, grade, factor, annual, fit[:n], why)
    return rows[:n], home[:n], annual[:n], why[:n]


def parents_quartier(model: QuartierModel, rows: np.ndarray) -> np.ndarray:
    """Quartier (i32) of the mother, else the father, who lives in another household in town; -1 for none."""
    p, where = model.people, np.empty(rows.size, np.int32)
    _parents(rows.astype(np.int32), (p.mother, p.father), model.row_of_id, p.household, p.quartier, where)
    return where


def household_seekers(model: QuartierModel, homes: np.ndarray) -> Seekers:
    """What these private households look for."""
    p, h, d, rates, n = model.people, model.households, model.dwellings, model.rates, homes.size
    head, born, adults, minors = (np.empty(n, its_type) for its_type in (np.int32, np.uint16, np.int16, np.int16))
    family, needs = np.empty(n, np.bool_), np.empty(n, np.bool_)
    of_age = model.latest_adult_birth
    grade = int(rates.parameter("barrier_care_grade"))
    _describe(
        homes, h.first_member, p.next_member, p.birth, p.key, p.role, p.care, of_age, grade, head, born, family, adults,
        minors, needs,
    )  # fmt: skip
    types = (np.uint64, np.uint8, np.uint16, np.bool_, np.uint8, np.uint8, np.int32, np.float64)
    key, group, where, anywhere, rooms, priority, waited, scale = out = tuple(np.empty(n, t) for t in types)
    loss = rates.parameter("room_mismatch") * np.arange(256) + rates.parameter("barrier_loss") * np.arange(2)[:, None]
    _place(
        homes, head, born, family, adults, minors, needs, (h.dwelling, h.quartier, h.reason, h.wait_since), p.key,
        (d.rooms, d.features), model.now,
        group_of(np.arange(AGES), np.array([[False], [True]])).astype(np.uint8), np.exp(loss - rates.parameter("stay_bonus")), out,
    )  # fmt: skip
    rank = income_ranks(model, key)
    return Seekers(
        key=key,
        group=group,
        quartier=where,
        anywhere=anywhere,
        rooms=rooms,
        priority=priority,
        stay=-np.log(model.luck.uniform(Decision.DWELLING_CHOICE, model.now, key)) * scale,
        kin=parents_quartier(model, head),
        needs=needs,
        entitled=rank <= rates.parameter("bound_entitled_rank"),
        budget=affordable(rates, rank, adults, minors, waited),
    )


def people_with_plans(model: QuartierModel, planning: np.ndarray) -> np.ndarray:
    """Those of these rows whose plan is still to be carried out; plans that have become void are dropped."""
    p = model.people
    other = model.rows_of(p.partner[planning])
    void = p.role[planning] == Role.RESIDENT
    void |= (p.plan[planning] == Plan.JOIN_PARTNER) & ((other < 0) | (p.role[np.maximum(other, 0)] == Role.RESIDENT))
    p.plan[planning[void]] = Plan.NONE
    return planning[~void & (p.plan[planning] > 0) & (p.present[planning] == 1)]


def person_seekers(model: QuartierModel, leaders: np.ndarray) -> tuple[np.ndarray, np.ndarray, Seekers]:
    """Everyone who would move with each of these people with a plan, whose position that is, and what they look for."""
    p, rates = model.people, model.rates
    joins = p.plan[leaders] == Plan.JOIN_PARTNER
    partner = model.rows_of(p.partner[leaders[joins]])
    both = np.concatenate((leaders, partner))
    belongs = np.concatenate((np.arange(leaders.size), np.flatnonzero(joins)))
    rows, leader = with_children(model, both)
    group = belongs[leader]
    size = np.bincount(group, minlength=leaders.size)
    adults = np.bincount(belongs, minlength=leaders.size)
    separated = (p.plan[leaders] == Plan.SEPARATED) & (size > 1)
    in_need = p.care[rows] & CARE_GRADE_BITS >= rates.parameter("barrier_care_grade")
    rank = income_ranks(model, p.key[leaders])
    seekers = Seekers(
        key=p.key[leaders],
        group=group_of(model.ages(leaders), size > adults),
        quartier=p.quartier[leaders].astype(np.int64),
        anywhere=np.zeros(leaders.size, bool),
        rooms=size + 1,
        priority=np.where(separated, 0, 1),
        stay=np.full(leaders.size, np.inf),
        kin=parents_quartier(model, leaders),
        needs=np.bincount(group, in_need, minlength=leaders.size) > 0,
        entitled=rank <= rates.parameter("bound_entitled_rank"),
        budget=affordable(rates, rank, adults, size - adults, model.now - p.plan_since[leaders].astype(np.int64)),
    )
    return rows, group, seekers


def together(a: Seekers, b: Seekers) -> Seekers:
    """Two lists of seekers as one."""
    return Seekers(*(np.concatenate((x, y)) for x, y in zip(vars(a).values(), vars(b).values(), strict=True)))
