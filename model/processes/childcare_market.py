"""The market for childcare places: who may ask where, and one round of matching children with free places."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numba as nb
import numpy as np

from ..childcare_need import ENTRY_QUARTER
from ..facility_places import THREE_TO_SCHOOL, UNDER_3
from ..luck import Decision, pair_key, unit
from ..matching import deferred_acceptance
from ..reach import Reach
from ..tables import NONE
from ..timeline import STEPS_PER_YEAR, quarter_of

if TYPE_CHECKING:
    from ..model import QuartierModel

NEAR: Final = 8
"""Nearest centres that parents ask, besides those of their Quartier."""
WIDE: Final = 32
"""Nearest centres that those ask who were refused by the near ones; only for places that nobody there wanted."""


@dataclass
class Side:
    """What the process keeps beside the columns.

    Attributes
    ----------
    lists : candidate lists of all points by band and length, renewed when the set of facilities with places changes.
    refused_ids, refused_by, scores : the last rounds' refused children (i32 ids) and the facilities that refused them
        (i32 [children, width], -1 padded) with the child's score there.
    """

    model: QuartierModel
    reach: Reach
    lists: dict[tuple[int, int], tuple[bytes, np.ndarray, np.ndarray]] = field(default_factory=dict)
    refused_ids: list[np.ndarray] = field(default_factory=list)
    refused_by: list[np.ndarray] = field(default_factory=list)
    scores: list[np.ndarray] = field(default_factory=list)

    def candidates(self, band: int, near: int) -> tuple[np.ndarray, np.ndarray]:
        """Candidate facilities and distances of every point, of facilities with places in a band."""
        has_places = self.model.facilities.operable[:, band] > 0
        if (band, near) not in self.lists or self.lists[band, near][0] != has_places.tobytes():
            found = self.reach.nearest(np.flatnonzero(has_places), near)
            self.lists[band, near] = (has_places.tobytes(), *found)
        return self.lists[band, near][1:]

    def waiting_list(self, facility: int) -> list[int]:
        """Ids of the children a facility has refused and who have no place, in the order of their score."""
        entries = []
        for ids, by, scores in zip(self.refused_ids, self.refused_by, self.scores, strict=True):
            i, column = np.nonzero(by == facility)
            entries += [(-scores[a, b], int(ids[a])) for a, b in zip(i, column, strict=True)]
        p = self.model.people
        ids = [child for _, child in sorted(entries)]
        rows = self.model.rows_of(np.array(ids, np.int64))
        return [child for child, row in zip(ids, rows, strict=True) if row >= 0 and p.place[row] == NONE]


@dataclass
class Children:
    """The children of one step as parallel arrays; `place`, `lower` and `since` are written back at its end."""

    rows: np.ndarray
    key: np.ndarray
    age: np.ndarray
    quartier: np.ndarray
    household: np.ndarray
    point: np.ndarray
    applied: np.ndarray
    place: np.ndarray
    lower: np.ndarray
    since: np.ndarray
    displaced: np.ndarray
    paused: np.ndarray

    def release(self, who: np.ndarray) -> None:
        """Take their places from some (bool)."""
        self.place[who], self.lower[who] = NONE, False


def occupied(c: Children, n_facilities: int) -> np.ndarray:
    """Places taken, i64 [facility, band]."""
    held = c.place >= 0
    band = np.where(c.lower[held], UNDER_3, THREE_TO_SCHOOL)
    return np.bincount(c.place[held] * 2 + band, minlength=2 * n_facilities).reshape(n_facilities, 2)


@nb.njit(cache=True)
def _rank(stream, kita_year, seekers, near, distance, facilities, weights, choices, scores):
    """What each seeker finds acceptable, best first, and the score each facility gives; returns nothing."""
    key, point, quartier, sibling, points, within = seekers
    facility_key, facility_quartier = facilities
    scale, sibling_utility, taste, limit, limit_own, sibling_score = weights
    width = near.shape[1]
    utility = np.empty(width)
    for i in range(key.size):
        n = 0
        for w in range(width):
            f, d = near[point[i], w], np.float64(distance[point[i], w])
            if f < 0 or d >= within[i] or d > (limit_own if facility_quartier[f] == quartier[i] else limit):
                continue
            pair = pair_key(key[i], facility_key[f])
            u = -d / scale - taste * np.log(-np.log(unit(stream, 0, Decision.CHILDCARE_TASTE, pair)))
            score = points[i] + unit(stream, kita_year, Decision.CHILDCARE_LOTTERY, pair)
            if f == sibling[i]:
                u += sibling_utility
                score += sibling_score
            j = n
            while j > 0 and utility[j - 1] < u:
                utility[j], choices[i, j], scores[i, j] = utility[j - 1], choices[i, j - 1], scores[i, j - 1]
                j -= 1
            utility[j], choices[i, j], scores[i, j] = u, f, score
            n += 1


def _sibling_place(c: Children, who: np.ndarray) -> np.ndarray:
    """The facility (i32) where the eldest sibling in the household with a place is, -1 without one."""
    sought = np.zeros(int(c.household.max(initial=-1)) + 1, bool)
    sought[c.household[who]] = True
    placed = np.flatnonzero((c.place >= 0) & sought[c.household])
    placed = placed[np.lexsort((c.key[placed], -c.age[placed], c.household[placed]))]
    households, first = np.unique(c.household[placed], return_index=True)
    if households.size == 0:
        return np.full(who.size, NONE, np.int32)
    at = np.minimum(np.searchsorted(households, c.household[who]), households.size - 1)
    return np.where(households[at] == c.household[who], c.place[placed[first[at]]], NONE).astype(np.int32)


def matching_round(
    model: QuartierModel,
    side: Side,
    c: Children,
    band: int,
    who: np.ndarray,
    points: np.ndarray,
    within: np.ndarray,
    near: int = NEAR,
    left_over: bool = False,
) -> None:
    """One matching of some children with the free places of a band.

    ``points``: a child's score apart from sibling and lottery. ``within``: only centres nearer than this (km) count.
    ``near``: how many nearest centres are asked. ``left_over``: only places in groups of mixed ages, for children of
    the other band's age. Those refused by the near centres stand on their waiting lists.
    """
    f, rates = model.facilities, model.rates
    lists = side.candidates(band, near)
    free = f.operable[:, band] - occupied(c, len(f))[:, band]
    if left_over:
        free = np.minimum(free, f.mixed)
    choices = np.full((who.size, lists[0].shape[1]), NONE, np.int32)
    scores = np.zeros(choices.shape)
    weights = tuple(
        rates.parameter(f"childcare_{name}")
        for name in (
            "distance_scale",
            "sibling_utility",
            "taste",
            "acceptable_distance",
            "acceptable_distance_own",
            "score_sibling",
        )
    )
    seekers = (c.key[who], c.point[who], c.quartier[who], _sibling_place(c, who), points, within)
    kita_year = model.now - (quarter_of(model.now) - ENTRY_QUARTER) % STEPS_PER_YEAR
    facilities = (f.key, f.quartier)
    _rank(model.luck.stream, np.uint64(kita_year), seekers, *lists, facilities, weights, choices, scores)
    match = deferred_acceptance(choices, scores, c.key[who], free.astype(np.int64))
    placed = match >= 0
    c.place[who[placed]], c.lower[who[placed]] = match[placed], band == UNDER_3
    if left_over or near != NEAR:
        return
    refused = ~placed & (c.place[who] == NONE)
    side.refused_ids.append(model.people.id[c.rows[who[refused]]])
    side.refused_by.append(choices[refused])
    side.scores.append(scores[refused])
