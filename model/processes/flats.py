"""Shared flats: young people who leave home or arrive alone join others, where a flat has a room free."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from ..columns import Plan, Reason, Role
from ..households import join
from ..luck import Decision
from .attraction import group_of
from .dwelling_market import Places, Seekers, allocate

if TYPE_CHECKING:
    from ..model import QuartierModel


def _flats(model: QuartierModel) -> tuple[np.ndarray, np.ndarray]:
    """Households of unrelated young people with a room free, and the key each is known by (its oldest such member's)."""
    p, h, d, rates = model.people, model.households, model.dwellings, model.rates
    youngest = model.now - 4 * int(rates.parameter("shared_flat_age"))
    mates = np.flatnonzero(p.role == Role.OTHER)
    mates = mates[(p.birth[mates] > youngest) & (p.present[mates] == 1) & (p.plan[mates] == Plan.NONE)]
    order = np.lexsort((p.key[mates], p.birth[mates], p.household[mates]))
    homes, first = np.unique(p.household[mates][order], return_index=True)
    keys = p.key[mates][order][first]
    housed = h.dwelling[homes] >= 0
    rooms = np.where(housed, d.rooms[np.maximum(h.dwelling[homes], 0)], 0)
    open_ = (
        housed & (h.size[homes] < np.minimum(rooms, rates.parameter("shared_flat_size"))) & _no_families(model, homes)
    )
    return homes[open_], keys[open_]


@nb.njit(cache=True)
def _without_family(homes, first, following, role, partner, free):
    for k in range(homes.size):
        i = first[homes[k]]
        while i >= 0:
            if role[i] == 1 or partner[i] >= 0:
                free[k] = False
            i = following[i]


def _no_families(model: QuartierModel, homes: np.ndarray) -> np.ndarray:
    """Whether nobody lives there as a child or in a couple (bool per household)."""
    p, free = model.people, np.ones(homes.size, np.bool_)
    _without_family(homes.astype(np.int32), model.households.first_member, p.next_member, p.role, p.partner, free)
    return free


def _seekers(model: QuartierModel) -> np.ndarray:
    """Rows of those who would rather share: leaving home without children, or just arrived alone, and young."""
    p, h, rates = model.people, model.households, model.rates
    young = model.now - 4 * int(rates.parameter("shared_flat_age"))
    leaving = np.flatnonzero(p.plan == Plan.LEAVE_HOME)
    leaving = leaving[(p.birth[leaving] > young) & (p.present[leaving] == 1) & (p.parity[leaving] == 0)]
    new = np.flatnonzero(h.reason == Reason.ARRIVED)
    lonely = (h.size[new] == 1) & (h.wait_since[new] == model.now) & (h.dwelling[new] < 0)
    arrived = h.first_member[new[lonely]]
    arrived = arrived[(p.birth[arrived] > young) & (p.role[arrived] != Role.RESIDENT)]
    rows = np.concatenate((leaving, arrived))
    share = rates.parameter("shared_flat_share")
    return rows[model.luck.uniform(Decision.HOME_DESTINATION, 0, p.key[rows]) < share]


def share_flats(model: QuartierModel) -> None:
    """One round of the market for rooms in shared flats; each flat takes at most one newcomer in a step."""
    p, h = model.people, model.households
    rows = _seekers(model)
    homes, keys = _flats(model)
    n = rows.size
    seekers = Seekers(
        p.key[rows],
        group_of(model.ages(rows), np.zeros(n, bool)),
        p.quartier[rows].astype(np.int64),
        p.plan[rows] != Plan.LEAVE_HOME,
        np.ones(n, np.int64),
        np.ones(n),
        np.full(n, -np.inf),
        np.full(n, -1),
    )
    got = allocate(
        model, seekers, Places(keys, h.quartier[homes], np.ones(homes.size, np.int64)), model.side["move"]["attraction"]
    )
    served = got >= 0
    newcomers = rows[served]
    model.count("leaving_home", p.quartier[newcomers[p.plan[newcomers] == Plan.LEAVE_HOME]])
    join(model, newcomers, homes[got[served]])
    p.role[newcomers], p.plan[newcomers] = Role.OTHER, Plan.NONE
