"""Childcare facilities: named Mesa agents for those who look at them, arrays over all of them for the processes.

Those of care are in `care_facilities`. A facility has places in three bands of age, opens and closes, and changes by
dated measures. The arrays keep their length through a run: a facility that a measure needs is there from the start,
without places.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import mesa
import numpy as np
import pandas as pd

from .facility_places import BANDS, closed_early, dated_places, estimated_places, measured_places, opening
from .luck import Domain, derive_keys, text_key
from .measures import CHILDCARE_KINDS, PlacesMeasure

if TYPE_CHECKING:
    from .agents import Quartier
    from .model import QuartierModel

COLUMNS: Final = ["facility_id", "kind", "name", "quartier_id", "provider", "opens", "closes", "lon", "lat"]


class Facility(mesa.Agent):
    """One named facility: a view of the arrays of `Facilities` at its index."""

    model: QuartierModel  # pyright: ignore[reportIncompatibleVariableOverride]

    def __init__(self, model: QuartierModel, index: int, facility_id: str, kind: str, name: str, provider: str) -> None:
        super().__init__(model)
        self.index, self.facility_id, self.kind, self.name, self.provider = index, facility_id, kind, name, provider

    @property
    def quartier(self) -> Quartier:
        """The Quartier it lies in."""
        return self.model.quartiere[int(self.model.facilities.quartier[self.index])]

    @property
    def places(self) -> dict[str, int]:
        """Places it may fill now, by band of age; all 0 while it is closed."""
        return dict(zip(BANDS, self.model.facilities.operable[self.index].tolist(), strict=True))

    @property
    def attending(self) -> int:
        """Children who hold a place here."""
        people = self.model.people
        return int(np.count_nonzero((people.place == self.index) & (people.present == 1)))

    @property
    def waiting_list(self) -> list[int]:
        """Ids of the children it has refused and who hold no place anywhere, first in line first."""
        if "place_children" not in self.model.side:
            return []
        return self.model.side["place_children"].waiting_list(self.index)

    @property
    def waiting(self) -> int:
        """Length of the waiting list; a child refused by several facilities stands on the list of each."""
        return len(self.waiting_list)


class Facilities:
    """All facilities of childcare, in the order of their ids.

    Attributes
    ----------
    ids, names, providers, kinds : lists of text.
    key : u64, whose luck. quartier : u16. lon, lat : float64, degrees; of the Quartier where they are not known.
    opens, closes : i64, first open step and first closed step.
    places : i32 [n, band], approved places now, 0 while closed. operable : i32 [n, band], those that can be filled.
    mixed : i32 [n], how many of them are in groups of mixed ages and may go to the other band when left over.
    estimated : whether the places come from the state profile, not from the region.
    agents : one `Facility` per row.

    Without any facility listed there is one pool per Quartier; with facilities but no places, the town's estimated
    places are shared equally among them.
    """

    lon: np.ndarray
    lat: np.ndarray
    places: np.ndarray
    operable: np.ndarray
    mixed: np.ndarray

    def __init__(self, model: QuartierModel) -> None:
        self.model = model
        frame, pooled = _listed(model)
        listed = len(frame)
        self._measures = [m for m in model.measures if isinstance(m, PlacesMeasure) and m.kind in CHILDCARE_KINDS]
        self._describe(pd.concat([frame, *_for_measures(model, self._measures, frame)], ignore_index=True))
        self._tables = dated_places(model, self.ids, self.key, self._opening)
        self.estimated = not set(model.region.places["facility_id"]) & set(self.ids)
        if self.estimated:
            pools = estimated_places(model, pooled, self.quartier, self.key, listed)
            self._tables = [(0, pools, np.zeros(len(self), np.int64))]
        base = self._listed_places(model.now)[0] * self._opening.open_at(model.now)[:, None]
        when = self._opening
        self._added = [
            measured_places(m, base, self.quartier, self.key, when, self._meant(m)) for m in self._measures
        ]
        self._step = -1
        self.update(model.now)
        texts = zip(self.ids, self.kinds, self.names, self.providers, strict=True)
        self.agents = [Facility(model, i, *described) for i, described in enumerate(texts)]

    def __len__(self) -> int:
        return len(self.ids)

    def _describe(self, frame: pd.DataFrame) -> None:
        model = self.model
        self.ids, self.names, self.providers, self.kinds = (
            frame[c].fillna("").astype(str).tolist() for c in ("facility_id", "name", "provider", "kind")
        )
        self._of_kind: dict[str, np.ndarray] = {}
        index = {q.quartier_id: q.index for q in model.quartiere}
        self.quartier = np.array([index[q] for q in frame["quartier_id"]], np.uint16)
        named = np.array([text_key(f"{model.region.ags}/{i}") for i in self.ids], np.uint64)
        self.key = derive_keys(Domain.FACILITY, named)
        for column in ("lon", "lat"):
            own = np.asarray(pd.to_numeric(frame[column], errors="coerce"), float)
            centroid = model.region.quartiere[column].to_numpy(float)[self.quartier]
            setattr(self, column, np.where(np.isfinite(own), own, centroid))
        self._opening = closed_early(opening(frame), self.ids, model.measures)
        self.opens, self.closes = self._opening.opens, self._opening.closes
        shifts = np.arange(0, 16 * len(BANDS), 16, dtype=np.uint64)
        self._rounding = ((self.key[:, None] >> shifts & np.uint64(0xFFFF)).astype(float) + 0.5) / 65536

    def _listed_places(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        return [(places, mixed) for since, places, mixed in self._tables if since <= step][-1]

    def update(self, step: int) -> None:
        """Bring `places` and `operable` to a step: opening, closing, dated places, measures; done once per step."""
        if step == self._step:
            return
        self._step = step
        listed, mixed = self._listed_places(step)
        places, staffed = listed.copy(), np.zeros(listed.shape, np.int64)
        for measure, added in zip(self._measures, self._added, strict=True):
            if step >= measure.start and (measure.end is None or step < measure.end):
                changed = staffed if measure.operable_only else places
                changed += added
        is_open = self._opening.open_at(step)
        places = np.maximum(places, 0) * is_open[:, None]
        lost = self.model.rates.parameter("childcare_inoperable_share")
        self.places = places.astype(np.int32)
        # rounded by a number of the facility's own, so that totals are right and no facility depends on another
        operable = np.floor(places * (1 - lost) + self._rounding * (lost > 0)).astype(np.int64)
        self.operable = np.clip(operable + staffed, 0, places).astype(np.int32)
        self.mixed = (mixed * is_open).astype(np.int32)

    def _meant(self, measure: PlacesMeasure) -> np.ndarray:
        """Which facilities (bool [n]) a measure may touch: those of its kind, or those it names."""
        named = measure.facilities
        return self.of_kind(measure.kind) & np.array([named is None or i in named for i in self.ids], bool)

    def open_at(self, step: int) -> np.ndarray:
        """Which facilities (bool [n]) are open at the end of a step."""
        return self._opening.open_at(step)

    def of_kind(self, kind: str) -> np.ndarray:
        """Which facilities (bool [n]) are of a kind."""
        if kind not in self._of_kind:
            self._of_kind[kind] = np.array([k == kind for k in self.kinds], bool)
        return self._of_kind[kind]

    def places_by_quartier(
        self, bands: Sequence[int] = (0, 1), kind: str = "childcare_centre", operable: bool = False
    ) -> np.ndarray:
        """Approved (or operable) places now, i64 [n_quartiere], where the facilities lie, of some bands together."""
        self.update(self.model.now)
        chosen = (self.operable if operable else self.places)[:, list(bands)].sum(axis=1) * self.of_kind(kind)
        return np.bincount(self.quartier, weights=chosen, minlength=self.model.n_quartiere).astype(np.int64)


def _pool(model: QuartierModel, quartiere: Sequence[int], prefix: str, label: str, kind: str) -> pd.DataFrame:
    named = [model.quartiere[q] for q in quartiere]
    rows = [
        (f"{prefix}/{q.quartier_id}", kind, f"{label} {q.name}", q.quartier_id, "", "", "", np.nan, np.nan)
        for q in named
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _listed(model: QuartierModel) -> tuple[pd.DataFrame, bool]:
    """The region's facilities in the order of their ids, or one pool per Quartier; and whether these are pools."""
    table = model.region.facilities
    known = table["kind"].isin(CHILDCARE_KINDS).to_numpy(bool)
    frame = table.loc[known].reindex(columns=COLUMNS).sort_values("facility_id").reset_index(drop=True)
    if len(frame):
        return frame, False
    return _pool(model, range(model.n_quartiere), "estimated", "Places in", CHILDCARE_KINDS[0]), True


def _for_measures(model: QuartierModel, measures: list[PlacesMeasure], frame: pd.DataFrame) -> list[pd.DataFrame]:
    """A new facility for every Quartier in which a measure adds places and none of its kind is open then."""
    missing: dict[str, set[int]] = {}
    for measure in measures:
        if measure.unit == "percent" or measure.operable_only or measure.amount <= 0:
            continue
        is_open = opening(frame).open_at(measure.start) & (frame["kind"] == measure.kind).to_numpy()
        served = set(frame["quartier_id"][is_open])
        without = {q for q in measure.quartiere or () if model.quartiere[q].quartier_id not in served}
        missing.setdefault(measure.kind, set()).update(without)
    return [
        _pool(model, sorted(missing[kind]), f"measure/{kind}", "New places in", kind)
        for kind in sorted(missing) if missing[kind]
    ]
