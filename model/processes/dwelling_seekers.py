"""Who looks for a dwelling in a step, and what for: households with a reason, and people with a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from ..columns import BARRIER_FREE_BIT, CARE_GRADE_BITS, TENURE_BITS, TENURE_SHIFT, Plan, Role, Tenure
from ..households import with_children
from ..luck import TWO32, Decision
from ..shortlist import SLACK
from ..timeline import DT
from .attraction import EDGES_OF_GROUPS, group_of
from .budget import affordable, income_ranks
from .dwelling_market import Seekers

if TYPE_CHECKING:
    from ..model import QuartierModel

OWNER_BITS, OWNED = int(TENURE_BITS), int(Tenure.OWNED) << TENURE_SHIFT


@nb.njit(cache=True)
def _describe(homes, first, following, birth, key, role, care, of_age, grade, head, family, adults, minors, needs):
    """Per household the oldest member (ties by key), whether a minor lives there as a child, persons of age and minors, and
    whether somebody needs a dwelling without barriers.

    One member of each household after the other, so that the reads overlap.
    """
    who, at, n = np.arange(homes.size), np.empty(homes.size, np.int32), homes.size
    for k in range(homes.size):
        at[k] = first[homes[k]]
        head[k] = at[k]
    while n > 0:
        m = 0
        for j in range(n):
            k, i = who[j], at[j]
            minor = birth[i] > of_age
            family[k] |= (role[i] == 1) & minor
            needs[k] |= care[i] & 7 >= grade
            minors[k] += minor
            adults[k] += not minor
            older = birth[i] < birth[head[k]]
            if (birth[i] == birth[head[k]]) & (i != head[k]):
                older = key[i] < key[head[k]]
            head[k] = i if older else head[k]
            who[m], at[m] = k, following[i]
            m += at[m] >= 0
        n = m


@nb.njit(cache=True)
def _place(homes, head, family, households, people, dwellings, now, edges, out):
    """Per household the reference person's key and group, where it lives, whether it came from elsewhere, since when it waits
    if it has no dwelling (else 0), rooms of the dwelling it has (-1 without one) and whether that is barrier-free."""
    dwelling, quartier, reason, wait_since = households
    key, birth = people
    rooms, features = dwellings
    keys, group, where, anywhere, waited, own, free = out
    for k in range(homes.size):
        h, i = homes[k], head[k]
        keys[k], where[k], anywhere[k] = key[i], quartier[h], reason[h] == 1
        age, g = (now - np.int64(birth[i])) // 4, 0
        for edge in edges:
            g += age >= edge
        group[k] = edges.size + 1 if family[k] else g
        waited[k] = (now - np.int64(wait_since[h])) * (dwelling[h] < 0)
        own[k] = dwelling[h]
    for k in range(homes.size):
        if own[k] >= 0:
            free[k] = features[own[k]] & BARRIER_FREE_BIT > 0
            own[k] = rooms[own[k]]


@nb.njit(cache=True)
def _parents(rows, mother, father, row_of_id, household, quartier, where):
    """Quartier of the mother, else the father, who lives in another household in town; without a branch.

    Only who is present has a household.
    """
    for k in range(rows.size):
        home, a, b = household[rows[k]], mother[rows[k]], father[rows[k]]
        m, f = row_of_id[max(a, 0)], row_of_id[max(b, 0)]
        at_m, at_f = household[max(m, 0)], household[max(f, 0)]
        her = (a >= 0) & (m >= 0) & (at_m >= 0) & (at_m != home)
        his = (b >= 0) & (f >= 0) & (at_f >= 0) & (at_f != home)
        there = np.int64(quartier[max(m if her else f, 0)])
        where[k] = there if her | his else -1


@nb.njit(cache=True)
def _could_wish(rows, words, everybody, people, households, dwellings, class_of, base, most, now, kept, home):
    """Those of these people, and their homes, who are grown, whose home has a dwelling and does not look for another yet, and
    whose luck (words) does not rule out the wish already; ``most`` [room to spare, owned] and ``base`` bound the hazard.

    Returns how many they are; with ``everybody``, luck rules out nobody.
    """
    household, role, birth, sex = people
    kind, reason, dwelling, moved_at, size, quartier = households
    rooms, features = dwellings
    n = m = 0
    luck = np.empty(rows.size, np.uint32)
    for k in range(rows.size):
        home[k] = household[rows[k]]
    for k in range(rows.size):  # without a branch, so that the reads overlap
        i, h = rows[k], home[k]
        able = (kind[h] == 0) & (reason[h] == 0) & (dwelling[h] >= 0) & (moved_at[h] < now)
        kept[n], home[n], luck[n] = i, h, words[k]
        n += able & (role[i] != 1)  # who lives as a child lives with a parent, who is older
    for k in range(n):
        i, h = kept[k], home[k]
        d, middle = dwelling[h], most.shape[0] // 2
        spare = min(max(np.int64(rooms[d]) - np.int64(size[h]) - 1, -middle), middle) + middle
        age = min((now - np.int64(birth[i])) // 4, base.shape[2] - 1)
        bound = base[class_of[quartier[h]], sex[i], age] * most[spare, np.int64(features[d] & OWNER_BITS == OWNED)]
        kept[m], home[m] = i, h
        m += everybody | (np.float64(luck[k]) <= bound)
    return m


@nb.njit(cache=True)
def _leads(rows, home, first, following, birth, key, care, grade, leads, needs):
    """Which of those named are the oldest of their household, and whether somebody there needs a dwelling without barriers.

    One member of each household after the other, so that the reads overlap.
    """
    who, at, n = np.arange(rows.size), np.empty(rows.size, np.int32), rows.size
    for k in range(rows.size):
        at[k] = first[home[k]]
        leads[k] = True
    while n > 0:
        m = 0
        for j in range(n):
            k, i = who[j], at[j]
            me = rows[k]
            older = birth[i] < birth[me]
            if (birth[i] == birth[me]) & (i != me):
                older = key[i] < key[me]
            leads[k] = not older
            needs[k] |= care[i] & 7 >= grade
            who[m], at[m] = k, following[i]
            m += (at[m] >= 0) & (not older)
        n = m


def settled_leads(
    model: QuartierModel, rows: np.ndarray, words: np.ndarray, class_of: np.ndarray, base: np.ndarray, most: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Those of these people who are the reference person of a household that could form a wish to move, and likely do.

    Parameters
    ----------
    words : u32, their luck. class_of, base : annual hazard [class of the Quartier, sex, age] of who lives in a fitting
    dwelling. most : float64 [rooms to spare, owned], bound of the factor on it; the middle row is for none to spare.

    Returns
    -------
    rows : of people. needs : bool, whether somebody in the household needs a dwelling without barriers.
    """
    p, h, d = model.people, model.households, model.dwellings
    kept, home = np.empty(rows.size + 1, np.int32), np.empty(rows.size + 1, np.int32)
    n = _could_wish(
        rows.astype(np.int32), np.ascontiguousarray(words), model.audit is not None,
        (p.household, p.role, p.birth, p.sex), (h.kind, h.reason, h.dwelling, h.moved_at, h.size, h.quartier),
        (d.rooms, d.features), class_of, base, most * (TWO32 * DT * SLACK), model.now, kept, home,
    )  # fmt: skip
    rows, leads, needs = kept[:n], np.empty(n, np.bool_), np.zeros(n, np.bool_)
    grade = int(model.rates.parameter("barrier_care_grade"))
    _leads(rows, home, h.first_member, p.next_member, p.birth, p.key, p.care, grade, leads, needs)
    return rows[leads], needs[leads]


def parents_quartier(model: QuartierModel, rows: np.ndarray) -> np.ndarray:
    """Quartier (i64) of the mother, else the father, who lives in another household in town; -1 for none."""
    p, where = model.people, np.empty(rows.size, np.int64)
    _parents(rows.astype(np.int32), p.mother, p.father, model.row_of_id, p.household, p.quartier, where)
    return where


def household_seekers(model: QuartierModel, homes: np.ndarray) -> Seekers:
    """What these private households look for."""
    p, h, d, rates = model.people, model.households, model.dwellings, model.rates
    head, family, needs = np.empty(homes.size, np.int32), np.zeros(homes.size, np.bool_), np.zeros(homes.size, np.bool_)
    adults, minors = np.zeros(homes.size, np.int64), np.zeros(homes.size, np.int64)
    of_age = model.now - 4 * int(rates.parameter("age_of_majority"))
    _describe(
        homes, h.first_member, p.next_member, p.birth, p.key, p.role, p.care, of_age,
        int(rates.parameter("barrier_care_grade")), head, family, adults, minors, needs,
    )  # fmt: skip
    n, need = homes.size, adults + minors + 1
    types = (np.uint64, np.int64, np.int64, np.bool_, np.int64, np.int32, np.bool_)
    key, group, where, anywhere, waited, rooms, free = out = tuple(np.empty(n, t) for t in types)
    _place(
        homes, head, family, (h.dwelling, h.quartier, h.reason, h.wait_since), (p.key, p.birth), (d.rooms, d.features),
        model.now, EDGES_OF_GROUPS, out,
    )  # fmt: skip
    inside, stay = np.flatnonzero(rooms >= 0), np.full(n, np.inf)
    loss = rates.parameter("room_mismatch") * np.abs(rooms[inside] - need[inside])
    loss += rates.parameter("barrier_loss") * (needs & ~free)[inside]
    stay[inside] = -np.log(model.luck.uniform(Decision.DWELLING_CHOICE, model.now, key[inside]))
    stay[inside] *= np.exp(loss - rates.parameter("stay_bonus"))
    rank = income_ranks(model, key)
    return Seekers(
        key=key,
        group=group,
        quartier=where,
        anywhere=anywhere,
        rooms=need,
        priority=np.where(rooms >= 0, 2, 1),
        stay=stay,
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
