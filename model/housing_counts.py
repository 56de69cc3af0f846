"""What a planner asks of the housing market: households, those who wait, dwellings, vacancies, barriers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from .columns import CARE_GRADE_BITS, MOST_ROOMS, Kind
from .dwelling_features import barrier_free
from .marked import rows_marked
from .tables import distinct

if TYPE_CHECKING:
    from .model import QuartierModel


@nb.njit(cache=True)
def _count_households(quartier, size, kind, dwelling, private, members, homes):
    """Members of all households, and private ones by state: without a dwelling 1, with one 2; the rest is 0.

    ``members`` i64 [2, quartiere], ``homes`` i64 [2, quartiere * 3]: halves as in `counting`.
    """
    for h in range(quartier.size):
        counted = np.uint32(size[h] > 0) & np.uint32(kind[h] == private)
        state = counted + (counted & np.uint32(dwelling[h] >= 0))
        homes[h & 1, np.uint32(3) * np.uint32(quartier[h]) + state] += 1
        members[h & 1, quartier[h]] += size[h]


def household_counts(model: QuartierModel) -> dict[str, np.ndarray]:
    """Everybody who lives in a household, and private households in a dwelling and without one; i64 [n_quartiere] each."""
    h, n = model.households, model.n_quartiere
    members, homes = np.zeros((2, n), np.int64), np.zeros((2, 3 * n), np.int64)
    _count_households(h.quartier, h.size, h.kind, h.dwelling, np.uint8(Kind.PRIVATE), members, homes)
    _, homeless, housed = homes.sum(axis=0).reshape(n, 3).T
    return {"persons": members.sum(axis=0), "households": housed + homeless, "housed": housed, "homeless": homeless}


@nb.njit(cache=True)
def _count_standing(quartier, rooms, counts):
    """Dwellings that stand, i64 [2, quartiere], halves as in `counting`."""
    for d in range(quartier.size):
        counts[d & 1, quartier[d]] += np.int64(rooms[d] > 0)


@nb.njit(cache=True)
def _count_dwellings(quartier, household, rooms, counts):
    most = np.uint32(MOST_ROOMS)
    for d in range(quartier.size):
        cell = np.uint32(quartier[d]) * (most + np.uint32(1)) + min(np.uint32(rooms[d]), most)
        counts[d & 1, np.uint32(2) * cell + np.uint32(household[d] < 0)] += 1


def dwelling_counts(model: QuartierModel) -> np.ndarray:
    """Dwellings that stand, i64 [n_quartiere, rooms from 1 to `MOST_ROOMS` and more, occupied or vacant]."""
    d, shape = model.dwellings, (model.n_quartiere, MOST_ROOMS + 1, 2)
    halves = np.zeros((2, int(np.prod(shape))), np.int64)
    _count_dwellings(d.quartier, d.household, d.rooms, halves)
    return halves.sum(axis=0).reshape(shape)[:, 1:]


def housing_counts(model: QuartierModel, homes: dict[str, np.ndarray] | None = None) -> dict[str, np.ndarray]:
    """Households, dwellings and who waits now, i64 [n_quartiere] each; ``homes`` are `household_counts`, if known.

    households : private households that have a dwelling, and those that have none. waiting : households without one, and
    people who want to found one. dwellings, vacant : the stock. needed : households and waiting people, plus the vacancy
    reserve on top.
    """
    p, d, n = model.people, model.dwellings, model.n_quartiere
    homes = homes or household_counts(model)
    planning = rows_marked(p.plan)
    planning = np.bincount(p.quartier[planning[p.present[planning] == 1]], minlength=n)
    halves = np.zeros((2, n), np.int64)
    _count_standing(d.quartier, d.rooms, halves)
    dwellings = halves.sum(axis=0)
    waiting = homes["homeless"] + planning
    reserve = 1 - model.rates.parameter("vacancy_reserve")
    return {
        "households": homes["households"],
        "waiting": waiting,
        "dwellings": dwellings,
        "vacant": dwellings - homes["housed"],  # one household each
        "needed": np.ceil((homes["housed"] + waiting) / reserve).astype(np.int64),
    }


def in_need_of_no_barriers(model: QuartierModel) -> np.ndarray:
    """Dwellings (rows, ascending) where somebody with care grade 2 and more lives (parameter `barrier_care_grade`)."""
    p = model.people
    rows = rows_marked(p.care)
    needs = (p.care[rows] & CARE_GRADE_BITS >= model.rates.parameter("barrier_care_grade")) & (p.present[rows] == 1)
    home = model.households.dwelling[p.household[rows[needs]]]
    return distinct(home[home >= 0])


def barrier_counts(model: QuartierModel) -> np.ndarray:
    """Barrier-free dwellings, households that need one, and of these those that live in one; i64 [n_quartiere, 3].

    Both differences tell: the stock against the need, and the need against those who are served (planning.md (c) 10).
    """
    d, free = model.dwellings, barrier_free(model.dwellings.features)
    in_need = in_need_of_no_barriers(model)
    groups = (np.flatnonzero(free & (d.rooms > 0)), in_need, in_need[free[in_need]])
    return np.stack([np.bincount(d.quartier[rows], minlength=model.n_quartiere) for rows in groups], axis=1)
