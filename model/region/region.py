"""The region in memory: what a folder of tables says, checked, and what it leaves open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pandas as pd

from .forms import FORMS


@dataclass(frozen=True)
class Region:
    """A municipality as read from its folder; every table is in canonical order, whatever the order of its rows was.

    Keys and texts are Python strings (dtype object), dates `datetime.date` (dtype object; compare with ``==``), counts
    and ages int64, measures float64 (NaN = unknown). Rows with an unknown value are left out; in the population at the
    start they count 0.

    Attributes
    ----------
    key : the folder's name.
    name, ags, state : name; official key, 8 digits as text; the first two of them.
    reference_date : the day the simulation starts from; the latest date of `population` at or before it counts.
    quartiere : quartier_id (text), name, parent_id (text, may be empty), lon, lat (degrees, may be NaN), area_km2 (may
        be NaN; from the geometry where there is one); in the order of `quartier_id`. The row number is the index of the
        Quartier.
    population : quartier_id, date, sex (m, f, t), age_from, age_to (completed years, inclusive; age_to -1 = and older),
        persons; every resident once: a Quartier and date has m and f, or t.
    age_margins : like `population`; further bands that overlap those of `population`, totals by sex; extra margins. May
        be empty.
    pyramid : date, sex, age_from, age_to, persons of the whole town, possibly of another year or another register: a
        shape, never a level. May be empty.
    households : quartier_id, date, household_type (one of `forms.HOUSEHOLD_TYPES`), households. May be empty.
    dwellings : quartier_id, date, rooms_from, rooms_to (-1 = and more), dwellings. May be empty.
    facilities : facility_id, kind (one of `forms.FACILITY_KINDS`), name, quartier_id, provider, opens, closes
        (`datetime.date` or None), in_register (yes, no, "" = yes), staff (float64, full-time equivalents), lon, lat. May be empty.
    places : facility_id, date, age_from, age_to, places from that date on. May be empty.
    indicators : quartier_id, date, indicator, unit, value. May be empty.
    flows : date (of the year's end), event (birth, death, in_move, out_move, move), from_id, to_id ("" = outside, or not
        told), origin (see `forms.ORIGINS`; "" = all), sex, age_from, age_to, persons; see `flows`. May be empty.
    geometry : GeoJSON feature collection whose features carry the property `quartier_id`, or None.
    estimated : what the region does not give and the state profile fills, out of ``sex`` (no split by sex at all),
        ``single_ages``, ``households``, ``dwellings``, ``care_facilities``, ``childcare_facilities``, ``births``,
        ``deaths``, ``moves``.
    inputs : SHA-256 of every file read, by name.
    sources : the `[sources]` of region.toml: what, year, publisher, licence, per table.
    """

    key: str
    name: str
    ags: str
    state: str
    reference_date: date
    quartiere: pd.DataFrame
    population: pd.DataFrame
    age_margins: pd.DataFrame
    pyramid: pd.DataFrame
    households: pd.DataFrame
    dwellings: pd.DataFrame
    facilities: pd.DataFrame
    places: pd.DataFrame
    indicators: pd.DataFrame
    flows: pd.DataFrame
    geometry: dict[str, Any] | None = None
    estimated: frozenset[str] = frozenset()
    inputs: dict[str, str] = field(default_factory=dict)
    sources: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def empty(
        cls, key: str, name: str, ags: str, reference_date: date, quartier_ids: Sequence[str], names: Sequence[str]
    ) -> Region:
        """A region of these Quartiere, without coordinates, whose other tables are empty; the state is that of the ``ags``."""
        places = {"quartier_id": list(quartier_ids), "name": list(names), "parent_id": ""}
        quartiere = pd.DataFrame({**places, "lon": float("nan"), "lat": float("nan"), "area_km2": float("nan")})
        tables: dict[str, Any] = {form: pd.DataFrame({c: [] for c in f.columns}) for form, f in FORMS.items() if form != "quartiere"}
        return cls(key, name, ags, ags[:2], reference_date, quartiere, **tables)

    @property
    def n_quartiere(self) -> int:
        """Number of Quartiere."""
        return len(self.quartiere)

    @property
    def start_date(self) -> date:
        """The latest date of `population` at or before the reference date."""
        return max(day for day in set(self.population["date"]) if day <= self.reference_date)

    @property
    def start_population(self) -> pd.DataFrame:
        """The rows of `population` at `start_date`: every resident once."""
        return self.population.loc[self.population["date"] == self.start_date].reset_index(drop=True)
