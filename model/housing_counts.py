"""What a planner asks of the housing market: households, those who wait, dwellings, vacancies; one pass over each table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from .columns import Kind

if TYPE_CHECKING:
    from .model import QuartierModel


@nb.njit(cache=True)
def _count_planning(quartier, present, plan, planning):
    """People with a plan for which they need a dwelling; almost nobody, so eight are looked at together."""
    whole = plan.size // 8 * 8
    eights = plan[:whole].view(np.uint64)
    for e in range(eights.size):
        if eights[e] != 0:
            for i in range(8 * e, 8 * e + 8):
                planning[quartier[i]] += np.int64((plan[i] > 0) & (present[i] == 1))
    for i in range(whole, plan.size):
        planning[quartier[i]] += np.int64((plan[i] > 0) & (present[i] == 1))


@nb.njit(cache=True)
def _count_households(quartier, size, kind, dwelling, private, counts):
    """Households with members: in a dwelling, and private ones without; i64 [2, 2, quartiere], halves as in `counting`."""
    for h in range(quartier.size):
        lives = np.int64(size[h] > 0)
        housed = np.int64(dwelling[h] >= 0)
        counts[h & 1, 0, quartier[h]] += lives & housed
        counts[h & 1, 1, quartier[h]] += lives & (1 - housed) & np.int64(kind[h] == private)


@nb.njit(cache=True)
def _count_dwellings(quartier, household, rooms, counts):
    """All dwellings that stand, and the vacant ones; i64 [2, 2, quartiere]."""
    for d in range(quartier.size):
        stands = np.int64(rooms[d] > 0)
        counts[d & 1, 0, quartier[d]] += stands
        counts[d & 1, 1, quartier[d]] += stands & np.int64(household[d] < 0)


def housing_counts(model: QuartierModel) -> dict[str, np.ndarray]:
    """Households, dwellings and who waits now, i64 [n_quartiere] each.

    households : private households that have a dwelling, and those that have none. waiting : households without one, and
    people who want to found one. dwellings, vacant : the stock. needed : households and waiting people, plus the vacancy
    reserve on top.
    """
    p, h, d, n = model.people, model.households, model.dwellings, model.n_quartiere
    planning = np.zeros(n, np.int64)
    homes, stock = np.zeros((2, 2, n), np.int64), np.zeros((2, 2, n), np.int64)
    _count_planning(p.quartier, p.present, p.plan, planning)
    _count_households(h.quartier, h.size, h.kind, h.dwelling, np.uint8(Kind.PRIVATE), homes)
    _count_dwellings(d.quartier, d.household, d.rooms, stock)
    housed, homeless = homes.sum(axis=0)
    dwellings, vacant = stock.sum(axis=0)
    waiting = homeless + planning
    reserve = 1 - model.rates.parameter("vacancy_reserve")
    return {
        "households": housed + homeless,
        "waiting": waiting,
        "dwellings": dwellings,
        "vacant": vacant,
        "needed": np.ceil((housed + waiting) / reserve).astype(np.int64),
    }
