"""Compiled passes that count a town into tables; each reads a few narrow columns once.

Where most additions would hit the same cell as the one before, neighbours go to alternating halves of the table, so that an
addition need not wait for the last; the halves are summed afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numba as nb
import numpy as np

from ..model.columns import CARE_GRADE_BITS, DISABILITY_CARD_BIT, Kind, Role, Setting
from ..model.timeline import STEPS_PER_YEAR
from .schema import (
    AGE_BIN_STARTS,
    CARE_AGE_STARTS,
    CARE_GRADES,
    DIMENSION,
    DISABILITY_AGE_STARTS,
    HOUSEHOLD_SIZES,
    HOUSEHOLD_TYPES,
)

if TYPE_CHECKING:
    from ..model.model import QuartierModel

OLDEST: Final = 160
"""Ages in years that the lookup tables cover; older people fall into the last, open group."""

_TYPE: Final = {label.id: i for i, label in enumerate(HOUSEHOLD_TYPES)}
_ALONE, _OLD, _COUPLE, _FAMILY, _LONE, _OTHER, _INSTITUTION = (
    _TYPE[name]
    for name in (
        "alone_under_65", "alone_65_plus", "couple_without_children", "couple_with_children", "lone_parent", "other",
        "institution",
    )
)  # fmt: skip
_PRIVATE, _CHILD, _PENSION_AGE = int(Kind.PRIVATE), int(Role.CHILD), 65
_GRADE, _CARD, _RESIDENTIAL = CARE_GRADE_BITS, DISABILITY_CARD_BIT, int(Setting.RESIDENTIAL_CARE)
_SETTINGS, _GRADES, _SIZES = len(DIMENSION["setting"].labels), len(CARE_GRADES), len(HOUSEHOLD_SIZES)


def group_of_age(starts: tuple[float, ...]) -> np.ndarray:
    """Index (u8) of the group an age in quarters belongs to, given the groups' lower ends in years."""
    ages = np.arange(OLDEST * STEPS_PER_YEAR) / STEPS_PER_YEAR
    return (np.searchsorted(np.asarray(starts, float), ages, side="right") - 1).astype(np.uint8)


@nb.njit(cache=True)
def _states(quartier, present, care, setting, disability, counts):
    for i in range(quartier.size):
        needs = np.uint32((care[i] & _GRADE) != 0)
        resides = needs & np.uint32(setting[i] == _RESIDENTIAL)
        holds = np.uint32(disability[i] & _CARD)
        cell = np.uint32(quartier[i]) * np.uint32(8) + needs + np.uint32(2) * resides + np.uint32(4) * holds
        counts[i & 1, cell] += present[i]


def count_states(model: QuartierModel) -> dict[str, np.ndarray]:
    """Everybody, people in need of care, those of them in a home, holders of a disability card; i64 [quartiere] each."""
    p = model.people
    halves = np.zeros((2, model.n_quartiere * 8), np.int64)
    _states(p.quartier, p.present, p.care, p.setting, p.disability, halves)
    counts = halves.sum(axis=0).reshape(model.n_quartiere, 2, 2, 2)  # card, home, care
    return {
        "persons": counts.sum(axis=(1, 2, 3)),
        "care_recipients": counts[:, :, :, 1].sum(axis=(1, 2)),
        "care_residential": counts[:, :, 1, :].sum(axis=(1, 2)),
        "severely_disabled": counts[:, 1].sum(axis=(1, 2)),
    }


@nb.njit(cache=True)
def _by_age(quartier, present, sex, birth, care, setting, disability, groups, now, population, in_need, disabled):
    bin_of, care_group_of, disability_group_of = groups
    last = np.int64(bin_of.size - 1)
    bins, cares, disabilities = population.shape[2], in_need.shape[2], disabled.shape[2]
    everybody, needing, holding = population.ravel(), in_need.ravel(), disabled.ravel()
    for i in range(quartier.size):
        age = min(now - np.int64(birth[i]), last)
        place = np.uint32(quartier[i]) * np.uint32(2) + sex[i]
        everybody[place * np.uint32(bins) + bin_of[age]] += present[i]
        grade = np.int64(care[i] & _GRADE)
        if grade > 0:
            cell = (place * np.uint32(cares) + care_group_of[age]) * np.uint32(_GRADES) + np.uint32(grade - 1)
            needing[cell * np.uint32(_SETTINGS) + setting[i]] += present[i]
        if disability[i] & _CARD:
            holding[place * np.uint32(disabilities) + disability_group_of[age]] += present[i]


_GROUPS: Final = tuple(group_of_age(starts) for starts in (AGE_BIN_STARTS, CARE_AGE_STARTS, DISABILITY_AGE_STARTS))


def count_by_age(model: QuartierModel) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Population [quartier, sex, age bin], people in need [quartier, sex, age group, grade, setting], severely disabled people
    [quartier, sex, age group]; i64."""
    p, n = model.people, model.n_quartiere
    population = np.zeros((n, 2, len(AGE_BIN_STARTS)), np.int64)
    in_need = np.zeros((n, 2, len(CARE_AGE_STARTS), _GRADES, _SETTINGS), np.int64)
    disabled = np.zeros((n, 2, len(DISABILITY_AGE_STARTS)), np.int64)
    columns = (p.quartier, p.present, p.sex, p.birth, p.care, p.setting, p.disability)
    _by_age(*columns, _GROUPS, np.int64(model.now), population, in_need, disabled)
    return population, in_need, disabled


@nb.njit(cache=True)
def _households(quartier, size, kind, counts):
    for h in range(quartier.size):
        counts[h & 1, quartier[h]] += np.int64((size[h] > 0) & (kind[h] == _PRIVATE))


def count_households(model: QuartierModel) -> np.ndarray:
    """Private households with members by Quartier, i64."""
    h = model.households
    halves = np.zeros((2, model.n_quartiere), np.int64)
    _households(h.quartier, h.size, h.kind, halves)
    return halves.sum(axis=0)


@nb.njit(cache=True)
def _members(present, household, role, partner, leads, birth, row_of_id, old, children, couple, aged):
    """Note for every household: members who live as children, partners who live together, a member of pension age."""
    for i in range(household.size):
        h = household[i]
        if present[i] == 0 or h < 0:
            continue
        children[h] += role[i] == _CHILD
        aged[h] |= birth[i] <= old
        if leads[i]:
            other = row_of_id[partner[i]]
            couple[h] |= other >= 0 and household[other] == h


@nb.njit(cache=True)
def _types_and_sizes(quartier, size, kind, children, couple, aged, types, sizes):
    most = sizes.shape[1]
    for h in range(quartier.size):
        if size[h] == 0:
            continue
        if kind[h] != _PRIVATE:
            of_type = _INSTITUTION
        else:
            sizes[quartier[h], min(np.int64(size[h]), most) - 1] += 1
            if size[h] == 1:
                of_type = _OLD if aged[h] else _ALONE
            elif couple[h]:
                of_type = _FAMILY if children[h] else _COUPLE
            else:
                of_type = _LONE if children[h] == size[h] - 1 else _OTHER
        types[quartier[h], of_type] += 1


def count_types_and_sizes(model: QuartierModel) -> tuple[np.ndarray, np.ndarray]:
    """Households by type [quartier, type], institutions among them, and private ones by size [quartier, size]; i64.

    A couple are two partners who live together; children are members who live as a child with a parent, at any age.
    """
    p, h, n = model.people, model.households, model.n_quartiere
    types, sizes = np.zeros((n, len(HOUSEHOLD_TYPES)), np.int64), np.zeros((n, _SIZES), np.int64)
    children, couple, aged = np.zeros(len(h), np.uint16), np.zeros(len(h), np.bool_), np.zeros(len(h), np.bool_)
    old = np.int64(model.now - _PENSION_AGE * STEPS_PER_YEAR)
    columns = (p.present, p.household, p.role, p.partner, p.leads, p.birth, model.row_of_id)
    _members(*columns, old, children, couple, aged)
    _types_and_sizes(h.quartier, h.size, h.kind, children, couple, aged, types, sizes)
    return types, sizes
