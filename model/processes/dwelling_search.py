"""Where a seeker looks for a dwelling: streets, drawn by what is fixed before the run.

The dwellings of a Quartier are dealt into streets of some hundred by their keys. A seeker draws streets - the Quartier by the
dwellings of the start, distance and what attracts the group - and sees all that is vacant there. No draw depends on where
dwellings are vacant now, so one more vacancy is seen by those who have drawn its street, and changes no other draw.
Dwellings completed later join the streets there are. Only where more have been completed than stood at the start, a new
Quartier above all, they have streets of their own, for which a seeker draws more often instead of otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numba as nb
import numpy as np

from ..geography import decay
from ..luck import _LOW, _S32, TWO32

if TYPE_CHECKING:
    from ..model import QuartierModel

GUIDE_BITS: Final = 7
GUIDE_SHIFT: Final = np.uint64(32 - GUIDE_BITS)


@nb.njit(cache=True)
def _lay_guide(chance, guide):
    """Position in each row of running shares up to which all are at most the least draw with these first bits."""
    for row in range(len(chance)):
        position = 0
        for bits in range(guide.shape[1]):
            least = np.uint64(bits) << np.uint64(GUIDE_SHIFT)
            while position < chance.shape[1] - 1 and np.uint64(chance[row, position]) <= least:
                position += 1
            guide[row, bits] = position


@nb.njit(cache=True)
def _streets(key, quartier, completed, number, first, later_number, later_first, street):
    """Street in which each place stands, by its key; a Quartier without any is a street of number 0."""
    for k in range(key.size):
        q = quartier[k]
        apart = completed[k] & (later_number[q] > 0)
        among, begin = later_number[q] if apart else number[q], later_first[q] if apart else first[q]
        street[k] = begin + np.int64(((key[k] & _LOW) * np.uint64(among)) >> _S32)


@dataclass(frozen=True)
class Streets:
    """Streets and how they are drawn.

    quartiere : i64 [m], the Quartiere that have any. number : i64 [Quartier], streets in each; first : i64 [Quartier],
    the number of its first one. chance : u32 [group, origin, m], running share of the draws, of 2**32; the last origin is
    for those who come from anywhere. weight : float64 [group, origin], sum of the weights behind it. guide : u16 [group,
    origin, 128], where to begin in the running shares, by the first seven bits of the draw.
    """

    quartiere: np.ndarray
    number: np.ndarray
    first: np.ndarray
    chance: np.ndarray
    weight: np.ndarray
    guide: np.ndarray

    @classmethod
    def of(cls, number: np.ndarray, pull: np.ndarray, attraction: np.ndarray, first: int = 0) -> Streets:
        """Streets by number per Quartier, ``pull`` [origin, Quartier] and ``attraction`` [group, Quartier]."""
        some = np.flatnonzero(number)
        weight = np.zeros((len(attraction), len(pull)))
        chance = np.zeros((*weight.shape, some.size), np.uint32)
        guide = np.zeros((*weight.shape, 1 << GUIDE_BITS), np.uint16)
        for group in range(len(attraction) if some.size else 0):
            share = np.cumsum(pull[:, some] * (attraction[group, some] * number[some]), axis=1)
            weight[group] = share[:, -1]
            share *= TWO32 / np.where(share[:, -1:] > 0, share[:, -1:], 1.0)
            chance[group] = np.minimum(share, TWO32 - 1)
            _lay_guide(chance[group], guide[group])
        return cls(some, number, first + np.cumsum(number) - number, chance, weight, guide)


@dataclass(frozen=True)
class Search:
    """The streets of the start, and what is needed to lay later ones.

    size : dwellings in a street. rows : number of dwellings at the start; rows from there on have been completed since.
    dwellings : those of the start by Quartier (float64).
    pull : float64 [origin, Quartier]; attraction : float64 [group, Quartier].
    """

    size: float
    rows: int
    dwellings: np.ndarray
    pull: np.ndarray
    attraction: np.ndarray
    early: Streets
    later: Streets

    @classmethod
    def of(cls, model: QuartierModel, attraction: np.ndarray, dwellings: np.ndarray, size: float) -> Search:
        """The streets of a stock of dwellings (counts per Quartier), ``size`` in each."""
        pull = np.concatenate((decay(model.region, model.rates), np.ones((1, model.n_quartiere))))
        number = np.where(dwellings > 0, np.maximum(np.rint(dwellings / size), 1), 0).astype(np.int64)
        early = Streets.of(number, pull, attraction)
        return cls(
            size, len(model.dwellings), dwellings, pull, attraction, early, _later(early, pull, attraction, 0 * number)
        )

    def with_completed(self, completed: np.ndarray) -> Search:
        """The same with streets for the dwellings completed since the start (counts per Quartier)."""
        needed = np.ceil(
            np.log2(np.maximum(completed / self.size, 1.0))
        )  # doubled at a time: laid anew as rarely as can be
        number = np.where(completed > self.dwellings, 2**needed, 0).astype(np.int64)
        if np.array_equal(number, self.later.number):
            return self
        later = _later(self.early, self.pull, self.attraction, number)
        return replace(self, later=later)

    def streets(self, key: np.ndarray, quartier: np.ndarray, later: np.ndarray) -> np.ndarray:
        """Street (i64) of places, of which some (bool) have been completed since the start."""
        street = np.empty(key.size, np.int64)
        _streets(
            key,
            quartier.astype(np.uint16),
            later,
            self.early.number,
            self.early.first,
            self.later.number,
            self.later.first,
            street,
        )
        return street

    @cached_property
    def more(self) -> np.ndarray:
        """Draws of later streets per draw of an early one, float64 [group, origin]; one where there are no early ones."""
        early, later = self.early.weight, self.later.weight
        return np.where(early > 0, later / np.where(early > 0, early, 1.0), later > 0)


def _later(early: Streets, pull: np.ndarray, attraction: np.ndarray, number: np.ndarray) -> Streets:
    return Streets.of(number, pull, attraction, int(early.number.sum()))
