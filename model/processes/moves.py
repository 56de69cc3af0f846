"""Moves inside the town: who looks for a dwelling, who finds one, who stays unserved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from ..asking import ask
from ..columns import Plan, Reason, Role
from ..fetch import fetch
from ..households import found, join, settle
from ..luck import Decision
from ..marked import rows_marked, rows_without
from ..process import Process
from ..shortlist import shortlist_with_newcomers
from ..tables import NONE
from ..thresholds import pad_ages
from .building import complete_dwellings, start_building
from .dwelling_market import allocate, on_offer
from .dwelling_seekers import household_seekers, people_with_plans, person_seekers, settled_leads, together
from .flats import share_flats
from .migration import leave_town
from .repair import repair

if TYPE_CHECKING:
    from ..model import QuartierModel

UNSERVED = {
    Reason.ARRIVED: "unserved_arrived",
    Reason.NEW_HOUSEHOLD: "unserved_new_household",
    Reason.SEPARATION: "unserved_separated",
    Reason.SPACE: "unserved_space",
    Reason.BARRIER: "unserved_barrier",
    Reason.OTHER: "unserved_other",
}
"""The event that counts seekers without success, by why they look."""
REASON_OF_PLAN = np.array([Reason.NONE, Reason.NEW_HOUSEHOLD, Reason.SEPARATION, Reason.NEW_HOUSEHOLD], np.uint8)
ARRIVED = np.uint8(Reason.ARRIVED)
MOST_MISFIT = 2
"""Rooms missing or to spare beyond which the wish to move grows no more (bounds the hazard)."""


def _wish_to_move(model: QuartierModel) -> np.ndarray:
    """Households whose dwelling does not fit any more, or who have another reason, start to look for one; their rows."""
    h = model.households
    class_of, rate = model.rates.resolve("moves_within_town", model.now, model.n_quartiere)
    base = _of_age(model, pad_ages(rate)) * _wish_level(model)
    asked = shortlist_with_newcomers(model, Decision.ADJUSTMENT_MOVE)
    rows, homes, hazard, why = settled_leads(model, *asked, class_of, base, _factors(model))
    wants = ask(model, "wish_to_move", Decision.ADJUSTMENT_MOVE, rows, hazard)
    homes = homes[wants]
    h.reason[homes] = why[wants]
    h.wait_since[homes] = model.now
    return homes


def _factors(model: QuartierModel) -> np.ndarray:
    """Factor on the wish to move [barriers in the way, rooms to spare (at most two, missing ones negative), owned]."""
    rates, fits = model.rates, _misfit(model, np.arange(-MOST_MISFIT, MOST_MISFIT + 1))
    factor = np.minimum(fits * np.array([[1.0], [rates.parameter("move_barrier")]]), _worst(model))
    return factor[:, :, None] * np.array([1.0, rates.parameter("move_owner")])


def _of_age(model: QuartierModel, rate: np.ndarray) -> np.ndarray:
    """Rates [..., age] without those of children, who move with their household."""
    return np.where(np.arange(rate.shape[-1]) < model.rates.parameter("youngest_seeker"), 0.0, rate)


def _wish_level(model: QuartierModel) -> float:
    rates, side = model.rates, model.side.get("move", {})
    level = rates.parameter("moves_level") * rates.parameter("move_reference_rate_share")
    return side.get("level", 1.0) / side.get("tenure", 1.0) * level


def _misfit(model: QuartierModel, spare: np.ndarray) -> np.ndarray:
    """Factor on the wish to move by rooms to spare, negative where rooms are missing; no more than two count."""
    missing, over = np.clip(-spare, 0, MOST_MISFIT), np.clip(spare, 0, MOST_MISFIT)
    rates = model.rates
    return np.exp(rates.parameter("move_missing_room") * missing + rates.parameter("move_spare_room") * over)


def _worst(model: QuartierModel) -> float:
    """Largest factor that an unfitting dwelling puts on the wish to move."""
    return float(_misfit(model, np.array([-MOST_MISFIT, MOST_MISFIT])).max())


def _wish_bound(model: QuartierModel) -> np.ndarray:
    _, rate = model.rates.resolve("moves_within_town", model.now, model.n_quartiere)
    return _of_age(model, pad_ages(rate).max(axis=0)) * _wish_level(model) * _worst(model)


def move(model: QuartierModel) -> None:
    """One round of the dwelling market: arrivals, new households, separated people and households that want another home."""
    p, h, d = model.people, model.households, model.dwellings
    vacant = complete_dwellings(model, rows_without(d.household))
    planning, looking = rows_marked(p.plan), rows_marked(h.reason)
    looking, homes, alone = _look_now(model, looking)
    empty, freed = share_flats(model, planning, alone)
    new = _wish_to_move(model)
    looking, homes = (np.concatenate((_without(rows, empty), new)) for rows in (looking, homes))
    leaders = people_with_plans(model, planning)
    rows, group, people = person_seekers(model, leaders)
    vacant, offer = on_offer(model, np.concatenate((vacant, freed)))
    got = allocate(model, together(household_seekers(model, homes), people), offer, model.side["move"]["search"])
    got = np.append(vacant, NONE)[got]
    got_home, got_person = got[: homes.size], got[homes.size :]
    served = np.flatnonzero(got_home >= 0)
    settle(model, homes[served], got_home[served])
    _move_people(model, leaders, rows, group, got_person)
    _give_up(model, looking, leaders[got_person < 0])


def _without(rows: np.ndarray, dropped: np.ndarray) -> np.ndarray:
    """Ascending rows without a few of them; those to be dropped that are not among them do not matter."""
    at = np.searchsorted(rows, dropped)
    inside = at < rows.size
    at, dropped = at[inside], dropped[inside]
    return np.delete(rows, at[rows[at] == dropped])


@nb.njit(cache=True)
def _sort_out(looking, households, first, now, every, homes, alone):
    """Those that are private, those of them whose turn it is, and who came in this step alone; how many of each.

    Without a branch, so that the reads overlap.
    """
    reason, kind, size, dwelling, wait_since = households
    n = m = single = 0
    kinds, sizes = fetch(kind, looking), fetch(size, looking)
    for k in range(looking.size):
        looking[n], sizes[n] = looking[k], sizes[k]
        n += (kinds[k] == 0) & (sizes[k] > 0)
    private = looking[:n]
    since, own, reasons = fetch(wait_since, private), fetch(dwelling, private), fetch(reason, private)
    for k in range(n):
        row, waited, nowhere = private[k], np.uint32(now - np.int64(since[k])), own[k] < 0
        homes[m], alone[single] = row, row
        m += nowhere | (waited % np.uint32(every) == 0)
        single += nowhere & (waited == 0) & (reasons[k] == ARRIVED) & (sizes[k] == 1)
    alone[:single] = fetch(first, alone[:single])
    return n, m, single


def _look_now(model: QuartierModel, looking: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Private households that look for a dwelling, those of them that look in this quarter, and people who came alone.

    Who has no dwelling always looks, else one looks in the first quarter of the search and in turn. Overwrites ``looking``.
    """
    h, every = model.households, int(model.rates.parameter("look_again_steps"))
    homes, alone = np.empty(looking.size + 1, np.int64), np.empty(looking.size + 1, np.int32)
    columns = (h.reason, h.kind, h.size, h.dwelling, h.wait_since)
    n, m, single = _sort_out(looking, columns, h.first_member, model.now, every, homes, alone)
    return looking[:n], homes[:m], alone[:single]


@nb.njit(cache=True)
def _end_searches(looking, reason, size, quartier, dwelling, wait_since, now, steps, unserved):
    """Count the households that still look, by reason and Quartier; who has a dwelling gives up after some steps."""
    n, reasons, still = 0, fetch(reason, looking), np.empty(looking.size + 1, np.uint32)
    for k in range(looking.size):
        still[n] = looking[k]
        n += reasons[k] != 0
    still = still[:n]
    reasons, sizes, quartiere = fetch(reason, still), fetch(size, still), fetch(quartier, still)
    since, own = fetch(wait_since, still), fetch(dwelling, still)
    for k in range(n):
        lives = sizes[k] > 0
        unserved[reasons[k], quartiere[k]] += lives
        ends = lives & (own[k] >= 0) & (now - np.int64(since[k]) >= steps - 1)
        reason[still[k]] = 0 if ends else reasons[k]


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
    left = p.household[rows]
    settle(model, homes[served], got[served])
    join(model, rows, homes[group])
    heads = leaders[served]
    partner = model.rows_of(p.partner[heads[p.plan[heads] == Plan.JOIN_PARTNER]])
    p.role[heads], p.role[partner] = Role.ADULT, Role.ADULT
    p.plan[heads] = Plan.NONE
    repair(model, left)


def _give_up(model: QuartierModel, looking: np.ndarray, waiting: np.ndarray) -> None:
    """Wishes expire; who is separated and has found nothing for long leaves the town; all still looking are counted.

    Parameters
    ----------
    looking, waiting : households that looked, and people with a plan that have found nothing.
    """
    p, h, rates = model.people, model.households, model.rates
    waiting = waiting[(p.plan[waiting] > 0) & (p.present[waiting] == 1)]
    steps, unserved = rates.parameter("seek_steps"), np.zeros((len(Reason), model.n_quartiere), np.int64)
    _end_searches(looking, h.reason, h.size, h.quartier, h.dwelling, h.wait_since, model.now, steps, unserved)
    np.add.at(unserved, (REASON_OF_PLAN[p.plan[waiting]], p.quartier[waiting]), 1)
    model.events["unserved_seekers"] += unserved.sum(axis=0)
    for reason, kind in UNSERVED.items():
        model.events[kind] += unserved[reason]
    waited = model.now - p.plan_since[waiting].astype(np.int64)
    p.plan[waiting[(p.plan[waiting] == Plan.LEAVE_HOME) & (waited >= steps - 1)]] = Plan.NONE
    gone = waiting[(p.plan[waiting] == Plan.SEPARATED) & (waited >= rates.parameter("separated_leave_town_steps"))]
    if gone.size:
        p.plan[gone] = Plan.NONE
        leave_town(model, gone.astype(np.int32), np.zeros(gone.size, bool))


MOVE = Process(
    "move",
    reads=(
        "households.size",
        "dwellings.rooms",
        "dwellings.features",
        "dwellings.household",
        "people.plan",
        "people.birth",
        "people.care",
    ),
    writes=(
        "households.settle",
        "households.found",
        "households.join",
        "households.remove",
        "people.plan",
        "people.role",
    ),
    rates=(
        "moves_within_town",
        "household_income_a",
        "household_income_b",
        "household_income_c",
        "dwelling_area",
        "first_occupation",
    ),
    step=move,
    start=start_building,
    remembers=("lost", "demolished"),
    bounds={Decision.ADJUSTMENT_MOVE: _wish_bound},
)
