"""Which Quartier suits whom: what keeps the age profile of the Quartiere through twenty years of moves.

An area's level of net migration hardly persists, its age profile does (model-demography.md 9, Berlin 2010-2020). So a
mover of a group (by age, families apart) weighs a Quartier by the group's share among its households at the start,
against the town's share, shrunken towards it where numbers are small. Fixed before the run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from ..columns import Kind
from .reference import reference_persons

if TYPE_CHECKING:
    from ..model import QuartierModel

GROUPS = 6
"""Under 25, 25-29, 30-44, 45-64, 65 and over, and households with minor children whatever the age."""
FAMILY = 5
EDGES = np.array([25, 30, 45, 65])


@nb.njit(cache=True)
def _with_minors(households, first, following, birth, role, minor, family):
    for k in range(households.size):
        i = first[households[k]]
        while i >= 0:
            if role[i] == 1 and birth[i] > minor:
                family[k] = True
            i = following[i]


def group_of(age: np.ndarray, family: np.ndarray) -> np.ndarray:
    """Group of movers by the reference person's age and whether there are minor children (i64)."""
    return np.where(family, FAMILY, np.searchsorted(EDGES, age, side="right"))


def household_groups(model: QuartierModel, households: np.ndarray) -> np.ndarray:
    """Group of each of these private households (i64); none may be empty."""
    p, family = model.people, np.zeros(households.size, np.bool_)
    minor = np.int64(model.now - 4 * int(model.rates.parameter("age_of_majority")))
    _with_minors(
        households.astype(np.int32), model.households.first_member, p.next_member, p.birth, p.role, minor, family
    )
    return group_of(model.ages(reference_persons(model, households)), family)


def attraction(model: QuartierModel) -> np.ndarray:
    """Weight of every Quartier for every group, float64 [group, Quartier], 1 where the group is as frequent as in the town."""
    h = model.households
    private = np.flatnonzero((h.kind == Kind.PRIVATE) & (h.size > 0))
    if not private.size:
        return np.ones((GROUPS, model.n_quartiere))
    cell = household_groups(model, private) * model.n_quartiere + h.quartier[private]
    observed = np.bincount(cell, minlength=GROUPS * model.n_quartiere).reshape(GROUPS, -1).astype(float)
    expected = observed.sum(axis=1, keepdims=True) * observed.sum(axis=0) / observed.sum()
    k = model.rates.parameter("attraction_shrinkage")
    return ((observed + k) / (expected + k)) ** model.rates.parameter("attraction_persistence")
