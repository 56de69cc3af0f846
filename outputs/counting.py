"""Compiled passes that count a town into tables; each reads a few narrow columns once.

Where most additions would hit the same cell as the one before, neighbours go to alternating halves of the table, so that an
addition need not wait for the last; the halves are summed afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numba as nb
import numpy as np

from ..model.care_places_needed import wants_home
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
_TYPES: Final = len(HOUSEHOLD_TYPES)


def group_of_age(starts: tuple[float, ...]) -> np.ndarray:
    """Index (u8) of the group an age in quarters belongs to, given the groups' lower ends in years."""
    ages = np.arange(OLDEST * STEPS_PER_YEAR) / STEPS_PER_YEAR
    return (np.searchsorted(np.asarray(starts, float), ages, side="right") - 1).astype(np.uint8)


_BLOCK: Final = 2048


@nb.njit(inline="always")
def _concerned(start, present, care, disability, flags, hits):
    """Who of a block, from row ``start`` on, is in need of care or holds a card: rows into ``hits``; returns how many."""
    needs, cards, here = (
        care[start : start + _BLOCK],
        disability[start : start + _BLOCK],
        present[start : start + _BLOCK],
    )
    for j in range(here.size):  # vectorises
        flags[j] = np.uint8(((needs[j] & np.uint8(_GRADE)) | (cards[j] & np.uint8(_CARD))) != 0) & here[j]
    found = 0
    for j in range(here.size):
        hits[found] = start + j  # written for each, kept for those with a flag: no branch to guess wrong
        found += np.int64(flags[j])
    return found


@nb.njit(cache=True)
def _states(quartier, present, care, setting, disability, counts, wanting):
    flags, hits = np.empty(_BLOCK, np.uint8), np.empty(_BLOCK + 1, np.uint32)
    want = 0
    for start in range(0, quartier.size, _BLOCK):
        for k in range(_concerned(start, present, care, disability, flags, hits)):
            i = hits[k]
            needs = np.uint32((care[i] & _GRADE) != 0)
            resides = needs & np.uint32(setting[i] == _RESIDENTIAL)
            holds = np.uint32(disability[i] & _CARD)
            counts[np.uint32(quartier[i]) * np.uint32(8) + needs + np.uint32(2) * resides + np.uint32(4) * holds] += 1
            wanting[want] = i
            want += np.int64(wants_home(care[i]))
    return want


def count_states(model: QuartierModel) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """People in need of care, those of them in a home, holders of a disability card, i64 [quartiere] each; and the rows of
    those who want a place in a home."""
    p = model.people
    counts, wanting = np.zeros(model.n_quartiere * 8, np.int64), np.empty(len(p) + 1, np.int32)
    wanting = wanting[: _states(p.quartier, p.present, p.care, p.setting, p.disability, counts, wanting)]
    counts = counts.reshape(model.n_quartiere, 2, 2, 2)  # card, home, care
    return {
        "care_recipients": counts[:, :, :, 1].sum(axis=(1, 2)),
        "care_residential": counts[:, :, 1, :].sum(axis=(1, 2)),
        "severely_disabled": counts[:, 1].sum(axis=(1, 2)),
    }, wanting


@nb.njit(cache=True)
def _by_age(quartier, present, sex, birth, care, setting, disability, groups, now, population, in_need, disabled):
    bin_of, care_group_of, disability_group_of = groups
    last = np.uint32(bin_of.size - 1)
    bins, cares, disabilities = population.shape[2], in_need.shape[2], disabled.shape[2]
    everybody, needing, holding = population.ravel(), in_need.ravel(), disabled.ravel()
    for i in range(quartier.size):
        age = min(np.uint32(now - np.int64(birth[i])), last)
        place = np.uint32(quartier[i]) * np.uint32(2) + np.uint32(sex[i])
        everybody[place * np.uint32(bins) + np.uint32(bin_of[age])] += np.int32(present[i])
    flags, hits = np.empty(_BLOCK, np.uint8), np.empty(_BLOCK + 1, np.uint32)
    for start in range(0, quartier.size, _BLOCK):
        for k in range(_concerned(start, present, care, disability, flags, hits)):
            i = hits[k]
            age = min(np.uint32(now - np.int64(birth[i])), last)
            place = np.uint32(quartier[i]) * np.uint32(2) + np.uint32(sex[i])
            grade = np.uint32(care[i] & _GRADE)
            of_grade = np.uint32(max(grade, np.uint32(1))) - np.uint32(1)
            cell = (place * np.uint32(cares) + np.uint32(care_group_of[age])) * np.uint32(_GRADES) + of_grade
            needing[cell * np.uint32(_SETTINGS) + np.uint32(setting[i])] += np.int32(grade > 0)
            cell = place * np.uint32(disabilities) + np.uint32(disability_group_of[age])
            holding[cell] += np.int32(disability[i] & _CARD)


_GROUPS: Final = tuple(group_of_age(starts) for starts in (AGE_BIN_STARTS, CARE_AGE_STARTS, DISABILITY_AGE_STARTS))


def count_by_age(model: QuartierModel) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Population [quartier, sex, age bin], people in need [quartier, sex, age group, grade, setting], severely disabled people
    [quartier, sex, age group]; i32."""
    p, n = model.people, model.n_quartiere
    population = np.zeros((n, 2, len(AGE_BIN_STARTS)), np.int32)
    in_need = np.zeros((n, 2, len(CARE_AGE_STARTS), _GRADES, _SETTINGS), np.int32)
    disabled = np.zeros((n, 2, len(DISABILITY_AGE_STARTS)), np.int32)
    columns = (p.quartier, p.present, p.sex, p.birth, p.care, p.setting, p.disability)
    _by_age(*columns, _GROUPS, np.int64(model.now), population, in_need, disabled)
    return population, in_need, disabled


_AGED, _CHILDREN = 1 << 16, (1 << 16) - 1
"""In a household's notes: one member of pension age, the number of members who live as children."""


@nb.njit(cache=True)
def _members(present, household, role, partner, leads, birth, row_of_id, old, notes, couple):
    """Note for every household (row plus one): members who live as children, of pension age, partners who live together.

    Block by block and without branches; the gone, whose household is -1, share a place that nobody looks at.
    """
    noted = np.empty(_BLOCK, np.uint32)
    for start in range(0, present.size, _BLOCK):
        where, roles, births = household[start : start + _BLOCK], role[start : start + _BLOCK], birth[start : start + _BLOCK]
        for j in range(where.size):  # vectorises
            noted[j] = np.uint32(roles[j] == _CHILD) + np.uint32(_AGED) * np.uint32(births[j] <= old)
        for j in range(where.size):
            notes[np.uint32(where[j] + 1)] += noted[j]
    pairs, others = np.empty(_BLOCK + 1, np.int32), np.empty(_BLOCK, np.int32)
    for start in range(0, present.size, _BLOCK):
        first, here, found = leads[start : start + _BLOCK], present[start : start + _BLOCK], 0
        for j in range(here.size):
            pairs[found] = start + j
            found += np.int64(first[j] & here[j])
        for k in range(found):
            others[k] = row_of_id[np.uint32(partner[np.uint32(pairs[k])])]
        for k in range(found):
            home, other = household[np.uint32(pairs[k])], others[k]
            couple[np.uint32(home + 1)] |= (other >= 0) & (household[np.uint32(max(other, 0))] == home)


@nb.njit(inline="always")
def _type(private, alone, aged, couple, children, only_children):
    """Type of a household of which these things are true or not."""
    if not private:
        return _INSTITUTION
    if alone:
        return _OLD if aged else _ALONE
    if couple:
        return _FAMILY if children else _COUPLE
    return _LONE if only_children else _OTHER


@nb.njit(cache=True)
def _types_and_sizes(quartier, size, kind, notes, couple, counts):
    types = np.empty(64, np.uint8)
    for answers in range(64):
        asked = [answers >> bit & 1 for bit in range(6)]
        types[answers] = _type(asked[0], asked[1], asked[2], asked[3], asked[4], asked[5])
    for h in range(quartier.size):
        members, note = np.uint32(size[h]), notes[h + 1]
        children = note & np.uint32(_CHILDREN)
        answers = np.uint32(kind[h] == _PRIVATE) | np.uint32(members == 1) << np.uint32(1)
        answers |= np.uint32(note >= np.uint32(_AGED)) << np.uint32(2) | np.uint32(couple[h + 1]) << np.uint32(3)
        answers |= np.uint32(children > 0) << np.uint32(4) | np.uint32(children + np.uint32(1) == members) << np.uint32(
            5
        )
        cell = np.uint32(quartier[h]) * np.uint32(_TYPES) + np.uint32(types[answers])
        counts[cell * np.uint32(_SIZES) + min(max(members, np.uint32(1)), np.uint32(_SIZES)) - np.uint32(1)] += (
            members > 0
        )


def count_types_and_sizes(model: QuartierModel) -> tuple[np.ndarray, np.ndarray]:
    """Households by type [quartier, type], institutions among them, and private ones by size [quartier, size]; i64.

    A couple are two partners who live together; children are members who live as a child with a parent, at any age.
    """
    p, h, n = model.people, model.households, model.n_quartiere
    notes, couple = np.zeros(len(h) + 1, np.uint32), np.zeros(len(h) + 1, np.bool_)
    old = np.int64(model.now - _PENSION_AGE * STEPS_PER_YEAR)
    _members(p.present, p.household, p.role, p.partner, p.leads, p.birth, model.row_of_id, old, notes, couple)
    counts = np.zeros(n * _TYPES * _SIZES, np.int64)
    _types_and_sizes(h.quartier, h.size, h.kind, notes, couple, counts)
    counts = counts.reshape(n, _TYPES, _SIZES)
    return counts.sum(axis=2), counts.sum(axis=1) - counts[:, _INSTITUTION]
