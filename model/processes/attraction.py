"""Which Quartier suits whom: what keeps the age profile of the Quartiere through twenty years of moves.

An area's level of net migration hardly persists, its age profile does (model-demography.md 9, Berlin 2010-2020). So a
mover of a group (by age, families apart) weighs the Quartiere: by what two register years tell of their net migration by age,
or else by the group's share among a Quartier's households at the start. Fixed before the run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from ..cohort_change import EDGES, CohortChange, net_rates
from ..columns import Kind
from ..geography import decay
from ..rates import RateBook
from ..thresholds import AGES, pad_ages
from .local_levels import residents, town_cohort_change
from .out_moves import ORIGINS
from .reference import reference_persons

if TYPE_CHECKING:
    from ..model import QuartierModel

GROUPS = 6
"""Under 25, 25-29, 30-44, 45-64, 65 and over, and households with minor children whatever the age."""
FAMILY = 5
EDGES_OF_GROUPS = np.array([25, 30, 45, 65])
ROUNDS = 10
"""Rounds of fitting the weights; they settle within a few."""


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
    return np.where(family, FAMILY, np.searchsorted(EDGES_OF_GROUPS, age, side="right"))


def household_groups(model: QuartierModel, households: np.ndarray) -> np.ndarray:
    """Group of each of these private households (i64); none may be empty."""
    p, family = model.people, np.zeros(households.size, np.bool_)
    minor = np.int64(model.latest_adult_birth)
    _with_minors(
        households.astype(np.int32), model.households.first_member, p.next_member, p.birth, p.role, minor, family
    )
    return group_of(model.ages(reference_persons(model, households)), family)


def attraction(model: QuartierModel) -> np.ndarray:
    """Weight of every Quartier for every group of movers, float64 [group, Quartier], fixed before the run.

    Fitted to the net migration by Quartier and age that two register years show (`attraction_from_cohorts`); without
    them, by which groups live there at the start (`attraction_from_shares`).
    """
    change = town_cohort_change(model)
    return attraction_from_shares(model) if change is None else attraction_from_cohorts(model, change)


def attraction_from_shares(model: QuartierModel) -> np.ndarray:
    """Weights [group, Quartier] by the groups among the households of the start, 1 where as frequent as in the town."""
    h = model.households
    private = np.flatnonzero((h.kind == Kind.PRIVATE) & (h.size > 0))
    if not private.size:
        return np.ones((GROUPS, model.n_quartiere))
    cell = household_groups(model, private) * model.n_quartiere + h.quartier[private]
    observed = np.bincount(cell, minlength=GROUPS * model.n_quartiere).reshape(GROUPS, -1).astype(float)
    expected = observed.sum(axis=1, keepdims=True) * observed.sum(axis=0) / observed.sum()
    k = model.rates.parameter("attraction_shrinkage")
    return ((observed + k) / (expected + k)) ** model.rates.parameter("attraction_persistence")


def attraction_from_cohorts(model: QuartierModel, change: CohortChange) -> np.ndarray:
    """Weights [group, Quartier] that bring each Quartier the arrivals by age that its cohorts tell of.

    Wanted are the departures by the rates plus the net migration forecast from the cohorts. Expected are arrivals from
    outside and movers from all Quartiere, who choose by dwellings left, distance and the weights. A few rounds of
    ``alpha += ln((wanted + k) / (expected + k))`` fit the weights (model-demography.md 10).
    """
    rates, persons = model.rates, residents(model)
    inside = persons * pad_ages(rates["moves_within_town"].values) * rates.parameter("moves_level")
    outside = persons * sum(pad_ages(rates[f"out_migration_{d}"].values) for d in ORIGINS)
    of_age = int(rates.parameter("age_of_majority"))
    movers, left, net = (_by_group(x, of_age) for x in (inside, outside, _yearly_net(rates, change, persons)))
    wanted = np.maximum(movers + left + net, rates.parameter("in_migration_floor") * (movers + left))
    arrivals = np.maximum((left + net).sum(axis=1), 0.0)
    dwellings = (movers + left).sum(axis=0)
    weight, k = np.ones((GROUPS, model.n_quartiere)), rates.parameter("attraction_shrinkage")
    near = decay(model.region, rates)
    for _ in range(ROUNDS):
        pull = dwellings * weight
        chance = near * pull[:, None, :]
        chance /= np.maximum(chance.sum(axis=2, keepdims=True), 1e-300)
        expected = np.einsum("gi,gij->gj", movers, chance)
        expected += arrivals[:, None] * pull / np.maximum(pull.sum(axis=1, keepdims=True), 1e-300)
        target = wanted * (expected.sum(axis=1) / np.maximum(wanted.sum(axis=1), 1e-300))[:, None]
        weight *= (target + k) / (expected + k)
    return weight ** rates.parameter("attraction_persistence")


def _yearly_net(rates: RateBook, change: CohortChange, persons: np.ndarray) -> np.ndarray:
    """Persons a year whom migration adds [quartier, sex, age at the move], by the forecast of the rates.

    A rate belongs to a cohort that is ``years`` older at the end of the span; it moves half a span before that, on average.
    """
    forecast, half = net_rates(change, rates).forecast(rates), change.years // 2
    ages = np.arange(AGES)
    group = np.searchsorted(EDGES, ages + half, side="right") - 1
    return forecast[:, None, group] / change.years * persons[:, :, np.maximum(ages - half, 0)]


def _by_group(persons: np.ndarray, of_age: int) -> np.ndarray:
    """Sum [quartier, sex, age] to the groups of movers [group, quartier]; minors count as families."""
    by_age = persons.sum(axis=1)
    group = np.searchsorted(EDGES_OF_GROUPS, np.arange(AGES), side="right")
    group[:of_age] = FAMILY
    return np.stack([by_age[:, group == g].sum(axis=1) for g in range(GROUPS)])
