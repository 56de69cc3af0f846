"""The persons while households are being made: plain columns in the order of Quartier, sex, age and ordinal."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..luck import Decision, Domain, Luck, derive_keys, pair_keys, text_key
from ..region.region import Region
from ..tables import NONE

RESIDENT = -1
"""`arrangement` of those who live in an institution."""


@dataclass
class Persons:
    """Working columns, one entry per person.

    ``arrangement`` indexes `figures.ARRANGEMENTS` (-1 = resident of an institution, then ``kind`` > 0); ``partner``,
    ``mother``, ``father`` and ``head`` (whose household one belongs to) are positions in these columns, -1 = none;
    ``youngest`` of the head of a family is one of the kinds of `youngest`.
    """

    quartier: np.ndarray
    sex: np.ndarray
    age: np.ndarray
    key: np.ndarray
    birth: np.ndarray
    arrangement: np.ndarray
    kind: np.ndarray
    partner: np.ndarray = field(init=False)
    mother: np.ndarray = field(init=False)
    father: np.ndarray = field(init=False)
    head: np.ndarray = field(init=False)
    union_since: np.ndarray = field(init=False)
    married_since: np.ndarray = field(init=False)
    former: np.ndarray = field(init=False)
    parity: np.ndarray = field(init=False)
    last_birth: np.ndarray = field(init=False)
    kin_away: np.ndarray = field(init=False)
    youngest: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        n = self.key.size
        for name in ("partner", "mother", "father", "head"):
            setattr(self, name, np.full(n, NONE, np.int32))
        for name in ("union_since", "married_since", "former", "parity", "last_birth", "kin_away", "youngest"):
            setattr(self, name, np.zeros(n, np.int32))

    def __len__(self) -> int:
        return self.key.size

    def rows(self, chosen: np.ndarray) -> np.ndarray:
        """Positions (i64) where a condition holds."""
        return np.flatnonzero(chosen)


def quartier_keys(region: Region) -> np.ndarray:
    """The keys (u64) that name the Quartiere: of the AGS and the Quartier's id."""
    return np.array([text_key(f"{region.ags}/{q}") for q in region.quartiere["quartier_id"]], np.uint64)


def make_persons(region: Region, luck: Luck, step: int, private: np.ndarray, residents: np.ndarray) -> Persons:
    """Everyone counted in the cells.

    Parameters
    ----------
    private : i64 [quartier, sex, age, arrangement].
    residents : i64 [quartier, sex, age, kind of institution].
    """
    cells = np.concatenate((private, residents), axis=-1)
    n_arrangements, n_options = private.shape[-1], cells.shape[-1]
    cell = np.repeat(np.arange(cells.size), cells.ravel())
    option = (cell % n_options).astype(np.int8)
    whole = cell // n_options
    n_ages = cells.shape[2]
    age, sex, quartier = whole % n_ages, whole // n_ages % 2, whole // (2 * n_ages)
    counts = cells.sum(axis=-1).ravel()
    ordinal = np.arange(cell.size) - np.repeat(np.cumsum(counts) - counts, counts)
    keys = derive_keys(Domain.START_PERSON, quartier_keys(region)[quartier], sex * 128 + age, ordinal)
    quarter = luck.words(Decision.START_BIRTH_QUARTER, step, keys) >> np.uint32(30)
    return Persons(
        quartier=quartier.astype(np.int32),
        sex=sex.astype(np.int8),
        age=age.astype(np.int32),
        key=keys,
        birth=(step - 4 * age - quarter.astype(np.int64)).astype(np.int32),
        arrangement=np.where(option < n_arrangements, option, RESIDENT).astype(np.int8),
        kind=np.where(option < n_arrangements, 0, option - n_arrangements + 1).astype(np.int8),
    )


def other_keys(keys: np.ndarray, number: int) -> np.ndarray:
    """Further keys (u64) of the same persons, for a second draw of one decision that must not repeat the first."""
    return pair_keys(keys, np.array([number], np.uint64))


def first_of_each(group: np.ndarray, order: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The first ``wanted[g]`` of every group by ascending ``order`` (bool mask); ties by position."""
    place = np.lexsort((order, group))
    return _within(group, place, wanted)


def _within(group: np.ndarray, place: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    count = np.bincount(group, minlength=wanted.size)
    rank = np.arange(place.size) - (np.cumsum(count) - count)[group[place]]
    chosen = np.zeros(group.size, bool)
    chosen[place] = rank < wanted[group[place]]
    return chosen


def rank_in_group(group: np.ndarray) -> np.ndarray:
    """Position of every entry within its run of equal groups; ``group`` is sorted."""
    starts = np.flatnonzero(np.concatenate(([True], group[1:] != group[:-1]))) if group.size else np.empty(0, np.int64)
    return np.arange(group.size) - np.repeat(starts, np.diff(np.concatenate((starts, [group.size]))))
