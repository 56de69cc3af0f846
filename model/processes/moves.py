"""Moves inside the town: who looks for a dwelling, who finds one, who stays unserved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..asking import ask
from ..columns import Kind, Plan, Reason, Role
from ..households import found, join, settle, with_children
from ..luck import Decision
from ..process import Process
from ..shortlist import shortlist
from ..tables import NONE
from ..thresholds import pad_ages
from .attraction import group_of, household_groups
from .building import complete_dwellings, start_building
from .dwelling_market import Places, Seekers, allocate, vacant_dwellings
from .flats import share_flats
from .migration import leave_town
from .reference import reference_persons
from .repair import repair

if TYPE_CHECKING:
    from ..model import QuartierModel

MOST_MISFIT = 3
"""Rooms missing or to spare beyond which the wish to move grows no more (bounds the hazard)."""


def _wish_to_move(model: QuartierModel) -> None:
    """Households whose dwelling does not fit any more, or who have another reason, start to look for one."""
    p, h, rates = model.people, model.households, model.rates
    rows = shortlist(model, Decision.ADJUSTMENT_MOVE)
    homes = p.household[rows]
    settled = (h.kind[homes] == Kind.PRIVATE) & (h.dwelling[homes] >= 0) & (h.reason[homes] == Reason.NONE)
    settled &= h.moved_at[homes] < model.now
    rows, homes = rows[settled], homes[settled]
    leads = reference_persons(model, homes) == rows
    rows, homes = rows[leads], homes[leads]
    class_of, rate = rates.resolve("moves_within_town", model.now, model.n_quartiere)
    base = pad_ages(rate)[class_of[h.quartier[homes]], p.sex[rows], model.ages(rows)]
    rooms = model.dwellings.rooms[h.dwelling[homes]].astype(np.int64)
    spare = rooms - (h.size[homes].astype(np.int64) + 1)
    wants = ask(
        model, "wish_to_move", Decision.ADJUSTMENT_MOVE, rows, base * _wish_level(model) * _misfit(model, spare)
    )
    h.reason[homes[wants]] = np.where(spare[wants] < 0, Reason.SPACE, Reason.OTHER)
    h.wait_since[homes[wants]] = model.now


def _wish_level(model: QuartierModel) -> float:
    return model.rates.parameter("moves_level") * model.rates.parameter("move_reference_rate_share")


def _misfit(model: QuartierModel, spare: np.ndarray) -> np.ndarray:
    """Factor on the wish to move by rooms to spare, negative where rooms are missing; no more than three count."""
    missing, over = np.clip(-spare, 0, MOST_MISFIT), np.clip(spare, 0, MOST_MISFIT)
    rates = model.rates
    return np.exp(rates.parameter("move_missing_room") * missing + rates.parameter("move_spare_room") * over)


def _wish_bound(model: QuartierModel) -> np.ndarray:
    _, rate = model.rates.resolve("moves_within_town", model.now, model.n_quartiere)
    worst = _misfit(model, np.array([-MOST_MISFIT, MOST_MISFIT])).max()
    return pad_ages(rate).max(axis=0) * _wish_level(model) * worst


def _household_seekers(model: QuartierModel) -> tuple[np.ndarray, Seekers]:
    p, h, d, rates = model.people, model.households, model.dwellings, model.rates
    rows = np.flatnonzero(h.reason > 0)
    rows = rows[(h.kind[rows] == Kind.PRIVATE) & (h.size[rows] > 0)]
    heads = reference_persons(model, rows)
    key = p.key[heads]
    need = h.size[rows].astype(np.int64) + 1
    homeless = h.dwelling[rows] < 0
    off = np.abs(d.rooms[np.maximum(h.dwelling[rows], 0)].astype(np.int64) - need)
    gumbel = -np.log(-np.log(model.luck.uniform(Decision.DWELLING_CHOICE, model.now, key)))
    stay = -rates.parameter("room_mismatch") * off + rates.parameter("stay_bonus") + gumbel
    priority = np.where(homeless, 1, 2)
    return rows, Seekers(
        key,
        household_groups(model, rows),
        h.quartier[rows].astype(np.int64),
        h.reason[rows] == Reason.ARRIVED,
        need,
        priority,
        np.where(homeless, -np.inf, stay),
        _parents_quartier(model, heads),
    )


def _parents_quartier(model: QuartierModel, rows: np.ndarray) -> np.ndarray:
    """Quartier (i64) of the mother, else the father, who lives in another household in town; -1 for none."""
    p, where = model.people, np.full(rows.size, NONE, np.int64)
    for parent in (model.rows_of(p.father[rows]), model.rows_of(p.mother[rows])):
        apart = (parent >= 0) & (p.household[np.maximum(parent, 0)] != p.household[rows])
        where[apart] = p.quartier[parent[apart]]
    return where


def _person_seekers(model: QuartierModel) -> tuple[np.ndarray, np.ndarray, np.ndarray, Seekers]:
    """People with a plan, everyone who would move with each of them, and what they look for."""
    p = model.people
    p.plan[p.role == Role.RESIDENT] = Plan.NONE
    planning = np.flatnonzero((p.plan > 0) & (p.present == 1)).astype(np.int32)
    other = model.rows_of(p.partner[planning])
    void = (p.plan[planning] == Plan.JOIN_PARTNER) & ((other < 0) | (p.role[np.maximum(other, 0)] == Role.RESIDENT))
    p.plan[planning[void]] = Plan.NONE
    leaders = planning[~void]
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
        np.full(leaders.size, -np.inf),
        _parents_quartier(model, leaders),
    )
    return leaders, rows, group, seekers


def _join_seekers(a: Seekers, b: Seekers) -> Seekers:
    return Seekers(*(np.concatenate((x, y)) for x, y in zip(vars(a).values(), vars(b).values(), strict=True)))


def move(model: QuartierModel) -> None:
    """One round of the dwelling market: arrivals, new households, separated people and households that want another home."""
    complete_dwellings(model)
    share_flats(model)
    _wish_to_move(model)
    homes, households = _household_seekers(model)
    leaders, rows, group, people = _person_seekers(model)
    vacant = vacant_dwellings(model)
    offer = Places(model.dwellings.key[vacant], model.dwellings.quartier[vacant], model.dwellings.rooms[vacant])
    got = allocate(model, _join_seekers(households, people), offer, model.side["move"]["attraction"])
    got = np.where(got >= 0, vacant[np.maximum(got, 0)], NONE) if vacant.size else got
    got_home, got_person = got[: homes.size], got[homes.size :]
    _move_households(model, homes[got_home >= 0], got_home[got_home >= 0])
    _move_people(model, leaders, rows, group, got_person)
    _give_up(model)


def _move_households(model: QuartierModel, homes: np.ndarray, dwellings: np.ndarray) -> None:
    h, d = model.households, model.dwellings
    inside = h.dwelling[homes] >= 0
    model.count("moves_out", h.quartier[homes[inside]])
    model.count("moves_in", d.quartier[dwellings[inside]])
    settle(model, homes, dwellings)


def _move_people(
    model: QuartierModel, leaders: np.ndarray, rows: np.ndarray, group: np.ndarray, got: np.ndarray
) -> None:
    p, d = model.people, model.dwellings
    served = got >= 0
    if not served.any():
        return
    homes = np.full(leaders.size, NONE, np.int64)
    homes[served] = found(model, d.quartier[got[served]])
    moving = served[group]
    rows, group = rows[moving], group[moving]
    from_home = p.plan[leaders[served]] == Plan.LEAVE_HOME
    model.count("leaving_home", p.quartier[leaders[served][from_home]])
    model.count("moves_out", p.quartier[leaders[served]])
    model.count("moves_in", d.quartier[got[served]])
    left = p.household[rows]
    settle(model, homes[served], got[served])
    join(model, rows, homes[group])
    heads = leaders[served]
    partner = model.rows_of(p.partner[heads[p.plan[heads] == Plan.JOIN_PARTNER]])
    p.role[heads], p.role[partner] = Role.ADULT, Role.ADULT
    p.plan[heads] = Plan.NONE
    repair(model, left)


def _give_up(model: QuartierModel) -> None:
    """Wishes expire; who is separated and has found nothing for long leaves the town; all still looking are counted."""
    p, h, rates = model.people, model.households, model.rates
    looking = (h.reason > 0) & (h.size > 0)
    waiting = np.flatnonzero((p.plan > 0) & (p.present == 1))
    model.count("unserved_seekers", np.concatenate((h.quartier[looking], p.quartier[waiting])))
    steps = rates.parameter("seek_steps")
    late = looking & (h.dwelling >= 0) & (model.now - h.wait_since.astype(np.int64) >= steps - 1)
    h.reason[late] = Reason.NONE
    waited = model.now - p.plan_since[waiting].astype(np.int64)
    p.plan[waiting[(p.plan[waiting] == Plan.LEAVE_HOME) & (waited >= steps - 1)]] = Plan.NONE
    gone = waiting[(p.plan[waiting] == Plan.SEPARATED) & (waited >= rates.parameter("separated_leave_town_steps"))]
    if gone.size:
        p.plan[gone] = Plan.NONE
        leave_town(model, gone.astype(np.int32), np.zeros(gone.size, bool))


MOVE = Process(
    "move",
    reads=("households.size", "dwellings.rooms", "dwellings.household", "people.plan", "people.birth"),
    writes=(
        "households.settle",
        "households.found",
        "households.join",
        "households.remove",
        "people.plan",
        "people.role",
    ),
    rates=("moves_within_town",),
    step=move,
    start=start_building,
    bounds={Decision.ADJUSTMENT_MOVE: _wish_bound},
)
