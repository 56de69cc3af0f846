"""The town and the period a scenario is laid over, and the stocks of the start that amounts may be relative to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

import numpy as np
import pandas as pd

from ..model.facility_places import bands_of, bands_touched
from ..model.measures import CHILDCARE_KINDS
from ..model.rates import RateBook
from ..model.region.region import Region
from ..model.timeline import last_day

OPEN_END: Final = -1
LARGEST, SMALLEST = "@largest", "@smallest"


@dataclass(frozen=True)
class Town:
    """A region, its rates, and the quarters simulated: from the one after ``start_step`` up to ``until_step``."""

    region: Region
    rates: RateBook = field(repr=False)
    start_step: int
    until_step: int

    @property
    def first_day(self) -> date:
        """The first day simulated."""
        return last_day(self.start_step) + timedelta(days=1)

    @property
    def last_day(self) -> date:
        """The last day simulated."""
        return last_day(self.until_step)

    @property
    def ids(self) -> list[str]:
        """Ids of the Quartiere in their order."""
        return [str(i) for i in self.region.quartiere["quartier_id"]]

    def persons(self, age_from: int, age_to: int) -> np.ndarray:
        """Residents of some ages (completed years, inclusive) at the start, float64 [n_quartiere], not whole numbers.

        A band of the region's table that lies partly inside counts with the share that the state's age pyramid has there.
        """
        pyramid = self.rates["population_pyramid"]
        state = self.region.state if self.region.state in pyramid.labels[0] else "00"
        by_age = pyramid.values[pyramid.labels[0].index(state)].sum(axis=0)
        ages = np.array(pyramid.labels[2], int)
        wanted = (ages >= age_from) & (ages <= age_to)
        table, persons = self.region.start_population, np.zeros(self.region.n_quartiere)
        index = {name: i for i, name in enumerate(self.ids)}
        columns = (table[c].tolist() for c in ("quartier_id", "age_from", "age_to", "persons"))
        for quartier, low, high, count in zip(*columns, strict=True):
            band = (ages >= low) & ((ages <= high) | (high == OPEN_END))
            share = by_age[band & wanted].sum() / max(by_age[band].sum(), 1e-9)
            persons[index[str(quartier)]] += float(count) * share
        return persons

    def dwellings(self) -> np.ndarray:
        """Dwellings at the start, float64 [n_quartiere]; where the region lists none, two residents count as one dwelling."""
        table = self.region.dwellings
        if table.empty:
            return self.persons(0, 999) / 2
        latest = table.loc[table["date"] == table["date"].max()]
        stock = latest.groupby("quartier_id")["dwellings"].sum()
        return np.array([float(stock.get(i, 0)) for i in self.ids])

    def by_size(self, token: str) -> int:
        """The Quartier that `@largest` or `@smallest` means: with most or fewest residents at the start (not none)."""
        persons = self.persons(0, 999)
        inhabited = np.flatnonzero(persons > 0)
        best = np.argmax if token == LARGEST else np.argmin
        return int(inhabited[best(persons[inhabited])])

    def places(
        self,
        kind: str,
        age_from: int,
        age_to: int,
        quartiere: Sequence[int] | None = None,
        facilities: Sequence[str] | None = None,
    ) -> float:
        """Places that the region lists at the latest date, of a kind, ages, Quartiere and facilities; None means all.

        Places for mixed ages count for each of them.
        """
        region = self.region
        if region.facilities.empty or region.places.empty:
            return 0.0
        named = region.facilities[["facility_id", "kind", "quartier_id"]]
        at: pd.DataFrame = region.places.merge(named, on="facility_id")
        at = at.loc[at["kind"] == kind]
        if kind in CHILDCARE_KINDS:
            touched = set(bands_touched(age_from, age_to))
            ages = zip(at["age_from"].tolist(), at["age_to"].tolist(), strict=True)
            at = at.loc[[bool(touched & set(bands_of(int(low), int(high)))) for low, high in ages]]
        if quartiere is not None:
            at = at.loc[at["quartier_id"].isin([self.ids[q] for q in quartiere])]
        if facilities is not None:
            at = at.loc[at["facility_id"].isin(list(facilities))]
        latest = dict(sorted(zip(at["facility_id"], at["date"], strict=True), key=lambda pair: pair[1]))
        now = [day == latest[facility] for facility, day in zip(at["facility_id"], at["date"], strict=True)]
        return float(at["places"].to_numpy(float)[now].sum())

    def places_under_3(self, quartiere: Sequence[int] | None = None, facilities: Sequence[str] | None = None) -> float:
        """Places for under-threes alone; where the region lists no places at all, as many as the state's children attend."""
        if not self.region.places.empty:
            mixed = self.places("childcare_centre", 3, 6, quartiere, facilities)
            both = self.places("childcare_centre", 0, 6, quartiere, facilities)
            return both - mixed
        persons = self.persons(0, 2)
        children = persons.sum() if quartiere is None else persons[list(quartiere)].sum()
        return float(children * np.mean(self.rates["childcare_attendance"].values[:6]))

    def facility_ids(self, kinds: Sequence[str]) -> list[str]:
        """Ids of the facilities of some kinds that the region lists."""
        table = self.region.facilities
        return [] if table.empty else [str(i) for i in table.loc[table["kind"].isin(list(kinds)), "facility_id"]]
