"""Shared flats: young people who leave home or arrive alone join others, where a flat has a room free."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from ..columns import BUILT_SHIFT, Plan, Role
from ..households import join
from ..luck import Decision
from ..marked import rows_with
from .attraction import group_of
from .dwelling_market import Places, Seekers, allocate

if TYPE_CHECKING:
    from ..model import QuartierModel


@nb.njit(cache=True)
def _speaks(mates, young, most, household, dwelling, size, rooms, first, following, birth, key, role, plan, partner):
    """Those of these people who are the oldest young member of a flat of unrelated people with a room free."""
    n = m = r = 0
    for mate in mates:  # without a branch, so that the reads overlap
        mates[m] = mate
        m += birth[np.uint32(mate)] > young
    homes = np.empty(m + 1, np.int32)
    for k in range(m):
        me = np.uint32(mates[k])
        home = household[me]
        h = np.uint32(max(home, 0))
        mates[r], homes[r] = me, home
        r += (plan[me] == 0) & (home >= 0) & (dwelling[h] >= 0) & (size[h] < most)
    for k in range(r):
        me, h = mates[k], homes[k]
        if size[h] >= rooms[dwelling[h]]:
            continue
        i, speaks = first[h], True
        while i >= 0 and speaks:
            speaks = role[i] != 1 and partner[i] < 0
            if role[i] == 3 and birth[i] > young and plan[i] == 0:
                speaks &= birth[i] > birth[me] or (birth[i] == birth[me] and key[i] >= key[me])
            i = following[i]
        if speaks:
            mates[n] = me
            n += 1
    return mates[:n]


def open_flats(model: QuartierModel) -> tuple[np.ndarray, np.ndarray]:
    """Households of unrelated young people with a room free, and the key each is known by (its oldest such member's)."""
    p, h, rates = model.people, model.households, model.rates
    young = model.now - 4 * int(rates.parameter("shared_flat_age"))
    mates, most = rows_with(p.role, Role.OTHER), int(rates.parameter("shared_flat_size"))
    speakers = _speaks(
        mates, young, most, p.household, h.dwelling, h.size, model.dwellings.rooms, h.first_member, p.next_member, p.birth,
        p.key, p.role, p.plan, p.partner,
    )  # fmt: skip
    return p.household[speakers], p.key[speakers]


def _seekers(model: QuartierModel, planning: np.ndarray, alone: np.ndarray) -> np.ndarray:
    """Rows of those who would rather share: leaving home without children, or just arrived alone, and young."""
    p, rates = model.people, model.rates
    young = model.now - 4 * int(rates.parameter("shared_flat_age"))
    leaving = planning[p.plan[planning] == Plan.LEAVE_HOME]
    leaving = leaving[(p.birth[leaving] > young) & (p.present[leaving] == 1) & (p.parity[leaving] == 0)]
    arrived = alone[(p.birth[alone] > young) & (p.role[alone] != Role.RESIDENT)]
    rows = np.concatenate((leaving, arrived))
    share = rates.parameter("shared_flat_share")
    return rows[model.luck.uniform(Decision.HOME_DESTINATION, 0, p.key[rows]) < share]


def share_flats(model: QuartierModel, planning: np.ndarray, alone: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One round of the market for rooms in shared flats; each flat takes at most one newcomer in a step.

    Parameters
    ----------
    planning, alone : people with a plan, and people who came in this step alone.

    Returns
    -------
    rows of the households that nobody is left in, and of the dwellings that are vacant by that.
    """
    p, h, d = model.people, model.households, model.dwellings
    rows = _seekers(model, planning, alone)
    homes, keys = open_flats(model)
    n, search = rows.size, model.side["move"]["flats"]
    seekers = Seekers(
        key=p.key[rows],
        group=group_of(model.ages(rows), np.zeros(n, bool)),
        quartier=p.quartier[rows].astype(np.int64),
        anywhere=p.plan[rows] != Plan.LEAVE_HOME,
        rooms=np.ones(n, np.int64),
        priority=np.ones(n),
        stay=np.full(n, np.inf),
        kin=np.full(n, -1),
        needs=np.zeros(n, bool),
        entitled=np.ones(n, bool),
        budget=np.full(n, np.inf),
    )
    m, dwelling = homes.size, h.dwelling[homes]
    features = d.features[dwelling] & np.uint8((1 << BUILT_SHIFT) - 1)  # a room is no new dwelling
    offer = Places(keys, h.quartier[homes], np.ones(m, np.int64), dwelling >= search.rows, features, np.zeros(m))
    got = allocate(model, seekers, offer, search)
    served = got >= 0
    newcomers = rows[served]
    model.count("leaving_home", p.quartier[newcomers[p.plan[newcomers] == Plan.LEAVE_HOME]])
    left = p.household[newcomers]
    dwelling = h.dwelling[left]
    join(model, newcomers, homes[got[served]])
    p.role[newcomers], p.plan[newcomers] = Role.OTHER, Plan.NONE
    empty = h.size[left] == 0
    return left[empty], dwelling[empty & (dwelling >= 0)]
