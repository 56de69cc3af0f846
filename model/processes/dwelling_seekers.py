"""Who looks for a dwelling in a step, and what for: households with a reason, and people with a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from ..columns import Plan, Reason, Role
from ..households import with_children
from ..luck import Decision
from .attraction import group_of
from .dwelling_market import Seekers

if TYPE_CHECKING:
    from ..model import QuartierModel


@nb.njit(inline="always")
def _row(identity, row_of_id, present):
    """Row of a person present, or -1."""
    if identity < 0 or row_of_id[identity] < 0 or present[row_of_id[identity]] == 0:
        return np.int32(-1)
    return row_of_id[identity]


@nb.njit(cache=True)
def _describe(homes, first, following, birth, key, role, minor, head, family):
    """The oldest member of each household (ties by key), and whether a minor lives there as a child."""
    for k in range(homes.size):
        oldest = first[homes[k]]
        i = oldest
        while i >= 0:
            if birth[i] < birth[oldest] or (birth[i] == birth[oldest] and key[i] < key[oldest]):
                oldest = i
            family[k] |= role[i] == 1 and birth[i] > minor
            i = following[i]
        head[k] = oldest


@nb.njit(cache=True)
def _kin_quartier(rows, mother, father, row_of_id, present, household, quartier, where):
    for k in range(rows.size):
        where[k] = -1
        for link in (mother[rows[k]], father[rows[k]]):
            parent = _row(link, row_of_id, present)
            if parent >= 0 and household[parent] != household[rows[k]]:
                where[k] = quartier[parent]
                break


@nb.njit(cache=True)
def _leads(rows, role, household, kind, dwelling, reason, moved_at, now, first, following, birth, key, leads):
    """Which of these people are the oldest of a private household that has a dwelling and does not look for another yet."""
    for k in range(rows.size):
        me = rows[k]
        if role[me] == 1:  # lives with a parent, who is older
            continue
        h = household[me]
        if kind[h] != 0 or reason[h] != 0 or dwelling[h] < 0 or moved_at[h] >= now:
            continue
        i, oldest = first[h], True
        while i >= 0 and oldest:
            oldest = birth[i] > birth[me] or (birth[i] == birth[me] and key[i] >= key[me])
            i = following[i]
        leads[k] = oldest


def settled_leads(model: QuartierModel, rows: np.ndarray) -> np.ndarray:
    """Those of these people who are the reference person of a household that could form a wish to move."""
    p, h, leads = model.people, model.households, np.zeros(rows.size, np.bool_)
    _leads(
        rows, p.role, p.household, h.kind, h.dwelling, h.reason, h.moved_at, model.now, h.first_member, p.next_member, p.birth,
        p.key, leads,
    )  # fmt: skip
    return rows[leads]


def parents_quartier(model: QuartierModel, rows: np.ndarray) -> np.ndarray:
    """Quartier (i64) of the mother, else the father, who lives in another household in town; -1 for none."""
    p, where = model.people, np.empty(rows.size, np.int64)
    _kin_quartier(rows, p.mother, p.father, model.row_of_id, p.present, p.household, p.quartier, where)
    return where


def household_seekers(model: QuartierModel, homes: np.ndarray) -> Seekers:
    """What these private households look for."""
    p, h, d, rates = model.people, model.households, model.dwellings, model.rates
    head, family = np.empty(homes.size, np.int32), np.zeros(homes.size, np.bool_)
    minor = model.now - 4 * int(rates.parameter("age_of_majority"))
    _describe(homes, h.first_member, p.next_member, p.birth, p.key, p.role, minor, head, family)
    key, dwelling = p.key[head], h.dwelling[homes]
    need = h.size[homes].astype(np.int64) + 1
    off = np.abs(d.rooms[np.maximum(dwelling, 0)].astype(np.int64) - need)
    race = -np.log(model.luck.uniform(Decision.DWELLING_CHOICE, model.now, key))
    stay = race * np.exp(rates.parameter("room_mismatch") * off - rates.parameter("stay_bonus"))
    return Seekers(
        key,
        group_of((model.now - p.birth[head].astype(np.int64)) // 4, family),
        h.quartier[homes].astype(np.int64),
        h.reason[homes] == Reason.ARRIVED,
        need,
        np.where(dwelling < 0, 1, 2),
        np.where(dwelling < 0, np.inf, stay),
        parents_quartier(model, head),
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
    p = model.people
    joins = p.plan[leaders] == Plan.JOIN_PARTNER
    partner = model.rows_of(p.partner[leaders[joins]])
    both = np.concatenate((leaders, partner))
    belongs = np.concatenate((np.arange(leaders.size), np.flatnonzero(joins)))
    rows, leader = with_children(model, both)
    group = belongs[leader]
    size = np.bincount(group, minlength=leaders.size)
    separated = (p.plan[leaders] == Plan.SEPARATED) & (size > 1)
    seekers = Seekers(
        p.key[leaders],
        group_of(model.ages(leaders), size > np.bincount(belongs, minlength=leaders.size)),
        p.quartier[leaders].astype(np.int64),
        np.zeros(leaders.size, bool),
        size + 1,
        np.where(separated, 0, 1),
        np.full(leaders.size, np.inf),
        parents_quartier(model, leaders),
    )
    return rows, group, seekers


def together(a: Seekers, b: Seekers) -> Seekers:
    """Two lists of seekers as one."""
    return Seekers(*(np.concatenate((x, y)) for x, y in zip(vars(a).values(), vars(b).values(), strict=True)))
