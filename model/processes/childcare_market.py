"""The market for childcare places: who may ask where, and one round of matching children with free places."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from ..childcare_need import ENTRY_QUARTER
from ..columns import BUILT_SHIFT, JUST_BUILT
from ..facility_places import THREE_TO_SCHOOL, UNDER_3
from ..matching import deferred_acceptance
from ..reach import POINTS, Reach
from ..tables import NONE
from ..timeline import STEPS_PER_YEAR, quarter_of
from .childcare_kernels import Children, link_siblings, rank, sibling_places, unlink, write_back

if TYPE_CHECKING:
    from ..model import QuartierModel

NEAR: Final = 8
"""Nearest centres that parents ask, besides those of their Quartier."""
WIDE: Final = 32
"""Nearest centres that those ask who were refused by the near ones; only for places that nobody there wanted."""
REFUSED: Final = tuple(f"refused_{what}" for what in ("id", "band", "point", "quartier", "sibling", "points", "within"))
"""What is remembered of a child that the near centres refused; from it the waiting lists are made when asked for."""


@dataclass
class Side:
    """What the process keeps beside the columns.

    Attributes
    ----------
    lists : candidate lists of all points by band and length, renewed when the set of facilities with places changes.
    refused_id, refused_band, … : the last step's refused children, one array per round: id, band asked for, where the
        child lives, the facility of its sibling (-1 none), score and farthest centre (km) as in `matching_round`.
    last_child, before : chains of the children of each household, see `link_siblings`; only within a step.
    taken : places taken, i64 [facility, band]; only within a step.
    spot_of, spots_from : what `spots` gave, and the count of reorderings of the dwellings then.
    """

    model: QuartierModel
    reach: Reach
    lists: dict[tuple[int, int], tuple[bytes, np.ndarray, np.ndarray]] = field(default_factory=dict)
    refused_id: list[np.ndarray] = field(default_factory=list)
    refused_band: list[np.ndarray] = field(default_factory=list)
    refused_point: list[np.ndarray] = field(default_factory=list)
    refused_quartier: list[np.ndarray] = field(default_factory=list)
    refused_sibling: list[np.ndarray] = field(default_factory=list)
    refused_points: list[np.ndarray] = field(default_factory=list)
    refused_within: list[np.ndarray] = field(default_factory=list)
    last_child: np.ndarray = field(default_factory=lambda: np.empty(0, np.int32))
    before: np.ndarray = field(default_factory=lambda: np.empty(0, np.int32))
    taken: np.ndarray = field(default_factory=lambda: np.empty((0, 2), np.int64))
    spot_of: np.ndarray = field(default_factory=lambda: np.empty(0, np.uint8))
    spots_from: int = -1

    def candidates(self, band: int, near: int) -> tuple[np.ndarray, np.ndarray]:
        """Acceptable candidate facilities and distances of every point, of facilities with places in a band."""
        has_places = self.model.facilities.operable[:, band] > 0
        if (band, near) not in self.lists or self.lists[band, near][0] != has_places.tobytes():
            found = self.reach.nearest(np.flatnonzero(has_places), near)
            self.lists[band, near] = (has_places.tobytes(), *_within(*found, float(max(limits(self.model)))))
        return self.lists[band, near][1:]

    def spots(self) -> np.ndarray:
        """Point of every dwelling within its Quartier (u8), a byte that lies near instead of a key that lies far away.

        Dwellings keep their rows; new and replaced ones, who have other keys, are marked as just built in their first step.
        """
        d = self.model.dwellings
        known = self.spot_of if self.spots_from == d.reordered else self.spot_of[:0]
        if known.size < len(d):
            known = np.concatenate((known, (d.key[known.size :] % POINTS).astype(np.uint8)))
        built = np.flatnonzero(d.features >= JUST_BUILT << BUILT_SHIFT)
        known[built] = d.key[built] % POINTS
        self.spot_of, self.spots_from = known, d.reordered
        return known

    def begin(self, c: Children) -> None:
        """Note the siblings at the beginning of a step's rounds; no place is taken yet."""
        if self.last_child.size < len(self.model.households):
            self.last_child = np.full(self.model.households.capacity, NONE, np.int32)
        self.before = np.empty(c.rows.size, np.int32)
        link_siblings(c.household, self.last_child, self.before)
        self.taken = np.zeros((len(self.model.facilities), 2), np.int64)
        for name in REFUSED:
            getattr(self, name).clear()

    def end(self, c: Children) -> None:
        """Take the chains of siblings apart, write places, bands and waiting into the columns."""
        unlink(c.household, self.last_child)
        p = self.model.people
        write_back(c, p.place, p.place_wait_since, p.childcare)

    def give(self, c: Children, who: np.ndarray, places: np.ndarray, band: int) -> None:
        """Give places of one band to some children, who leave those they had."""
        left = who[c.place[who] >= 0]
        cells = 2 * c.place[left] + np.where(c.lower[left], UNDER_3, THREE_TO_SCHOOL)
        self.taken -= np.bincount(cells, minlength=self.taken.size).reshape(self.taken.shape)
        self.taken[:, band] += np.bincount(places, minlength=len(self.taken))
        c.place[who], c.lower[who] = places, band == UNDER_3

    def note_refused(self, *columns: np.ndarray) -> None:
        """Add the children refused in one round; columns in the order of `REFUSED`."""
        for name, column in zip(REFUSED, columns, strict=True):
            getattr(self, name).append(column)

    def waiting_list(self, facility: int) -> list[int]:
        """Ids of the children a facility has refused and who have no place, in the order of their score."""
        p, entries = self.model.people, []
        everywhere = np.ones(len(self.model.facilities), np.int64)
        noted = [np.concatenate(getattr(self, name)) for name in REFUSED] if self.refused_id else []
        for band in np.unique(noted[1]) if noted else ():
            ids, _, point, _, sibling, points, within = (column[noted[1] == band] for column in noted)
            rows = self.model.rows_of(ids)
            still = np.flatnonzero((rows >= 0) & (p.place[rows] == NONE))
            seekers = (p.key[rows[still]], point[still].astype(np.int32), within[still])
            choices, scores = ranked(self, int(band), NEAR, seekers, sibling[still], points[still], everywhere)
            child, column = np.nonzero(choices == facility)
            entries += zip((-scores[child, column]).tolist(), ids[still][child].tolist(), strict=True)
        return [child for _, child in sorted(entries)]


def limits(model: QuartierModel) -> np.ndarray:
    """Acceptable paths (km) to a centre in another Quartier and in the own one."""
    return np.array([model.rates.parameter(f"childcare_acceptable_distance{where}") for where in ("", "_own")], float)


def _within(candidates: np.ndarray, distances: np.ndarray, limit: float) -> tuple[np.ndarray, np.ndarray]:
    """Lists as `Reach.nearest` makes them without what lies beyond a limit (km), as narrow as they can be."""
    good = (candidates >= 0) & (distances <= limit)
    order = np.argsort(~good, axis=1, kind="stable")[:, : max(int(good.sum(axis=1).max(initial=0)), 1)]
    found = np.take_along_axis(np.where(good, candidates, NONE), order, axis=1)
    return found.astype(np.int32), np.take_along_axis(distances, order, axis=1)


def ranked(
    side: Side,
    band: int,
    near: int,
    seekers: tuple[np.ndarray, ...],
    sibling: np.ndarray,
    points: np.ndarray,
    free: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """What seekers (key, point, within) find acceptable among centres with free places, and their scores there.

    Returns choices (i32 [seekers, width], best first, then -1) and scores (float64, same shape).
    """
    model = side.model
    parameter, now, f = model.rates.parameter, model.now, model.facilities
    lists = side.candidates(band, near)
    choices = np.full((seekers[0].size, lists[0].shape[1]), NONE, np.int32)
    scores = np.zeros(choices.shape)
    kita_year = now - (quarter_of(now) - ENTRY_QUARTER) % STEPS_PER_YEAR
    names = ("distance_scale", "sibling_utility", "taste", "score_sibling")
    rank(
        model.luck.stream,
        np.uint64(kita_year),
        seekers,
        sibling,
        points,
        *lists,
        (f.key, f.quartier.astype(np.int64), free),
        limits(model),
        tuple(parameter(f"childcare_{name}") for name in names),
        choices,
        scores,
    )
    return choices, scores


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
    the other band's age. Those refused by the near centres stand on their waiting lists. Centres that are full are not
    asked: they could only refuse.
    """
    if who.size == 0:
        return
    f = model.facilities
    free = f.operable[:, band] - side.taken[:, band]
    if left_over:
        free = np.minimum(free, f.mixed)
    free = free.astype(np.int64)
    sibling = np.empty(who.size, np.int32)
    sibling_places(c, who, side.last_child, side.before, sibling)
    placed = np.zeros(who.size, bool)
    if (free > 0).any():
        seekers = (c.key[who], c.point[who], within)
        choices, scores = ranked(side, band, near, seekers, sibling, points, free)
        match = deferred_acceptance(choices, scores, c.key[who], free)
        placed = match >= 0
        side.give(c, who[placed], match[placed], band)
    if left_over or near != NEAR:
        return
    refused = np.flatnonzero(~placed & (c.place[who] == NONE))
    them = who[refused]
    side.note_refused(
        model.people.id[c.rows[them]],
        np.full(them.size, band, np.int8),
        c.point[them].astype(np.int64),
        c.point[them].astype(np.int64) // POINTS,
        sibling[refused],
        points[refused],
        within[refused],
    )
