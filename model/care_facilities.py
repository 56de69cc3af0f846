"""Services of care with capacity: nursing homes, shared flats, ambulatory services, day and short-term care, housing, advice.

A region may list them (`facilities.csv`, `places.csv`). Where it lists none of a kind, one pooled facility is made for
the kind (nursing homes and shared flats: one per Quartier that has residents; advice: none) and marked as estimated.
Estimated places hold what is used at the start, at the usual occupancy, and grow with demand: an estimate must not create
a shortage that nobody observed (serviced housing, for which nobody waits here, does not grow). A scenario freezes them by
setting the rate `care_estimated_places_grow` to 0.

Capacity units: nursing_home, shared_flat and short_term places; day_care places per day; ambulatory hours of work with
clients per week; serviced_housing dwellings; advice_hub persons a year. Facilities and places follow from region, measures
and the start population; they are no state of a run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import mesa
import numpy as np
import pandas as pd

from .columns import Kind
from .facilities import COLUMNS as OF_EVERY_FACILITY
from .facility_places import ALWAYS, closed_early, largest_remainder, opening
from .geography import distances, kilometres
from .luck import Domain, derive_keys, text_key
from .measures import CARE_KINDS, PlacesMeasure
from .timeline import step_of

if TYPE_CHECKING:
    from .model import QuartierModel

NURSING_HOME, AMBULATORY, DAY_CARE, SHORT_TERM, SHARED_FLAT, SERVICED_HOUSING, ADVICE_HUB = range(len(CARE_KINDS))
_COLUMNS: Final = [*OF_EVERY_FACILITY, "staff"]
RESIDENTIAL: Final = (NURSING_HOME, SHARED_FLAT)
"""Kinds people move into."""
_NEVER_ESTIMATED: Final = ("advice_hub",)
_LABEL: Final = (
    "Nursing home in", "Ambulatory services of", "Day care in", "Short-term care in", "Shared flats in",
    "Serviced housing of", "Advice in",
)  # fmt: skip


class CareFacility(mesa.Agent):
    """One named service of care: a view of the arrays of `CareFacilities` at its index."""

    model: QuartierModel  # pyright: ignore[reportIncompatibleVariableOverride] (Mesa declares the base class)

    def __init__(self, model: QuartierModel, index: int, facility_id: str, kind: str, name: str, provider: str) -> None:
        super().__init__(model)
        self.index, self.facility_id, self.kind, self.name, self.provider = index, facility_id, kind, name, provider

    @property
    def capacity(self) -> int:
        """What it can give now, in the unit of its kind (estimated ones: without their growth); 0 while closed."""
        return int(self.model.side["care_facilities"].operable(self.model.now)[self.index])


class CareFacilities:
    """All services of care, sorted by kind and id.

    Attributes
    ----------
    ids, names, providers : lists of text. kind : u8 [n], index into `CARE_KINDS`. estimated : bool [n].
    key : u64 [n]. quartier : u16 [n]. lon, lat : float64 [n]; of the Quartier where not known.
    staff : float64 [n], full-time equivalents at the start as the region lists them, NaN where it does not.
    distance : float64 [n_quartiere, n], km from the Quartier's centroid (inside it half the root of its area).
    agents : one `CareFacility` per row.
    """

    lon: np.ndarray
    lat: np.ndarray

    def __init__(self, model: QuartierModel) -> None:
        self.model = model
        frames = [self._of_kind(model, kind) for kind in CARE_KINDS]
        frame = pd.concat(frames, ignore_index=True)
        self.ids, self.names, self.providers = (
            frame[c].fillna("").astype(str).tolist() for c in ("facility_id", "name", "provider")
        )
        self.kind = np.array([CARE_KINDS.index(kind) for kind in frame["kind"]], np.uint8)
        self._residential = np.isin(self.kind, RESIDENTIAL)
        self.estimated = frame["estimated"].to_numpy(bool)
        index = {q.quartier_id: q.index for q in model.quartiere}
        self.quartier = np.array([index[q] for q in frame["quartier_id"]], np.uint16)
        named = np.array([text_key(f"{model.region.ags}/{i}") for i in self.ids], np.uint64)
        self.key = derive_keys(Domain.FACILITY, named)
        self.staff = np.asarray(pd.to_numeric(frame["staff"], errors="coerce"), float)
        self._locate(frame)
        self.opening = closed_early(opening(frame), self.ids, model.measures)
        self._dated = self._dated_places(frame)
        self._measures = [m for m in model.measures if isinstance(m, PlacesMeasure) and m.kind in CARE_KINDS]
        self._added: list[np.ndarray] | None = None
        self._base = np.zeros(len(self), np.int64)
        texts = zip(self.ids, frame["kind"].tolist(), self.names, self.providers, strict=True)
        self.agents = [CareFacility(model, i, *described) for i, described in enumerate(texts)]

    def __len__(self) -> int:
        return len(self.ids)

    def _of_kind(self, model: QuartierModel, kind: str) -> pd.DataFrame:
        """The listed facilities of a kind, else pools; new ones where a measure adds places and there is none."""
        table = model.region.facilities
        known = (table["kind"] == kind).to_numpy(bool)
        frame = table.loc[known].reindex(columns=_COLUMNS).sort_values("facility_id")
        estimated = not len(frame)
        if estimated:
            in_quartiere = CARE_KINDS.index(kind) in RESIDENTIAL
            where = _quartiere_with_homes(model) if in_quartiere else [largest_quartier(model)]
            frame = _pools(model, kind, [] if kind in _NEVER_ESTIMATED else where, f"estimated/{kind}")
        served = set(frame["quartier_id"])
        wanted = {
            q
            for m in model.measures
            if isinstance(m, PlacesMeasure) and m.kind == kind and m.unit == "places" and m.amount > 0
            if not m.operable_only
            for q in m.quartiere or ()
        }
        missing = sorted(q for q in wanted if model.quartiere[q].quartier_id not in served)
        return pd.concat([frame, _pools(model, kind, missing, f"measure/{kind}")]).assign(estimated=estimated)

    def _locate(self, frame: pd.DataFrame) -> None:
        table = self.model.region.quartiere
        for column in ("lon", "lat"):
            own = np.asarray(pd.to_numeric(frame[column], errors="coerce"), float)
            centroid = table[column].to_numpy(float)[self.quartier]
            setattr(self, column, np.where(np.isfinite(own), own, centroid))
        between = distances(self.model.region)
        lon, lat = (table[c].to_numpy(float)[:, None] for c in ("lon", "lat"))
        km = kilometres(lon, lat, self.lon[None], self.lat[None])
        least = np.diagonal(between)[:, None]
        self.distance = np.where(np.isfinite(km), np.maximum(km, least), between[:, self.quartier])

    def _dated_places(self, frame: pd.DataFrame) -> list[tuple[int, np.ndarray]]:
        """Listed places by date (since step, i64 [n]), the earliest date of a facility from the beginning."""
        table = self.model.region.places
        rows = table.loc[table["facility_id"].isin(frame["facility_id"]).to_numpy(bool)]
        since = np.array([step_of(day.date()) for day in pd.to_datetime(rows["date"])], np.int64)
        facility = pd.Index(frame["facility_id"]).get_indexer(pd.Index(rows["facility_id"]))
        places = np.asarray(rows["places"], np.int64)
        earliest = np.full(len(frame), ALWAYS)
        np.minimum.at(earliest, facility, since)
        since[since == earliest[facility]] = 0
        current, out = np.zeros(len(frame), np.int64), []
        for step in np.union1d(since, [0]):
            chosen = since == step
            current[np.unique(facility[chosen])] = 0
            np.add.at(current, facility[chosen], places[chosen])
            out.append((int(step), current.copy()))
        return out

    def estimate(self, used: np.ndarray) -> None:
        """Fix the places of estimated facilities at the start: i64 [n] in the unit of the kind."""
        self._base = np.where(self.estimated, used, 0).astype(np.int64)
        self._added = None

    def _listed(self, step: int) -> np.ndarray:
        return self._base + [places for since, places in self._dated if since <= step][-1]

    def places(self, step: int) -> np.ndarray:
        """Places (i64 [n]) at a step, with measures, 0 while closed; without the growth of estimated facilities."""
        places = self._listed(step) + self._changes(step, operable_only=False)
        return np.maximum(places, 0) * self.opening.open_at(step)

    def operable(self, step: int) -> np.ndarray:
        """Of these the places (i64 [n]) that can be filled: staff that is missing takes some away, by a measure or because
        the staff of the town does not suffice (`processes.care_staffing`; what is lost holds from one year to the next)."""
        places = self.places(step)
        lost = self.model.side.get("staff_services", {}).get("lost", 0)
        return np.clip(places + self._changes(step, operable_only=True) - lost, 0, places)

    def _changes(self, step: int, operable_only: bool) -> np.ndarray:
        if self._added is None:
            self._added = [self._measured(m) for m in self._measures]
        out = np.zeros(len(self), np.int64)
        for measure, added in zip(self._measures, self._added, strict=True):
            active = step >= measure.start and (measure.end is None or step < measure.end)
            if active and measure.operable_only == operable_only:
                out += added
        return out

    def _measured(self, m: PlacesMeasure) -> np.ndarray:
        """What a measure adds (i64 [n]): spread by the places at the start; without any there, equally."""
        base = self._listed(self.model.start_step)
        named = np.array([m.facilities is None or i in m.facilities for i in self.ids], bool)
        member = self.of_kind(CARE_KINDS.index(m.kind)) & named & self.opening.open_at(m.start)
        added = np.zeros(len(self), np.int64)
        every = np.arange(self.model.n_quartiere) if m.quartiere is None else np.array(m.quartiere)
        together = m.quartiere is None or m.facilities is not None or m.unit == "percent"
        for group in [every] if together else list(every[:, None]):
            rows = np.flatnonzero(member & np.isin(self.quartier, group))
            weight = base[rows].astype(float)
            amount = m.amount * weight.sum() / 100 if m.unit == "percent" else m.amount
            weight = weight if weight.sum() > 0 else np.ones(rows.size)
            parts = largest_remainder(weight, abs(round(amount)), self.key[rows])
            added[rows] += parts if amount >= 0 else -parts
        return added

    def of_kind(self, kind: int) -> np.ndarray:
        """Which (bool [n]) are of a kind, given as index into `CARE_KINDS`."""
        return self.kind == kind

    def residential(self) -> np.ndarray:
        """Which (bool [n]) people move into: nursing homes and shared flats."""
        return self._residential

    def growing(self, step: int) -> np.ndarray:
        """Which (bool [n]) are estimated and grow with demand in a step."""
        class_of, grow = self.model.rates.resolve("care_estimated_places_grow", step, self.model.n_quartiere)
        return self.estimated & (grow[class_of[self.quartier], self.kind] > 0)


def largest_quartier(model: QuartierModel) -> int:
    """The Quartier with the most people at the start, the first of equals; pools of the town stand there."""
    p = model.people
    return int(np.bincount(p.quartier[p.present == 1], minlength=model.n_quartiere).argmax())


def _quartiere_with_homes(model: QuartierModel) -> list[int]:
    h = model.households
    homes = np.unique(h.quartier[(h.kind == Kind.NURSING_HOME) & (h.size > 0)])
    return homes.tolist() if homes.size else [largest_quartier(model)]


def _pools(model: QuartierModel, kind: str, quartiere: list[int], prefix: str) -> pd.DataFrame:
    named = [model.quartiere[q] for q in quartiere]
    label = _LABEL[CARE_KINDS.index(kind)]
    rows = [
        (f"{prefix}/{q.quartier_id}", kind, f"{label} {q.name}", q.quartier_id, "", "", "", np.nan, np.nan, np.nan)
        for q in named
    ]
    return pd.DataFrame(rows, columns=_COLUMNS)
