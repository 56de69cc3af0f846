"""What may be right but is unlikely: warnings a planner should look at before believing a forecast."""

from __future__ import annotations

import pandas as pd

from .checks import without_wrong
from .draft import Draft, exclusive
from .forms import SPECIAL_KINDS
from .geometry import contains, distance_km, in_germany, rings_of
from .texts import Faults

FACTOR = 3.0
"""A Quartier that grows by this factor, or shrinks to its inverse, within a year is worth a second look."""
FEWEST = 10
"""Quartiere that stay smaller than this are not looked at: there a factor of three is one family."""
BORDER_KM = 0.3
"""Further than this outside its Quartier a facility's coordinates are worth a second look."""


def check_plausibility(draft: Draft, faults: Faults) -> None:
    """All warnings about unlikely values."""
    if "population" in draft.tables:
        unlikely_growth(draft, faults)
    if "facilities" in draft.tables:
        facilities_without_places(draft, faults)
        places_for_more_than_live_there(draft, faults)
        if draft.geometry is not None:
            facilities_elsewhere(draft, faults)


def unlikely_growth(draft: Draft, faults: Faults) -> None:
    """A Quartier triples or loses two thirds within a year (per year, where the dates are further apart)."""
    counted, _ = exclusive(without_wrong(draft, "population", faults).dropna(subset=["age_from", "age_to"]))
    counted = counted[[d is not None for d in counted["date"]]]
    if counted.empty:
        return
    known = counted.groupby(["quartier_id", "date"])["persons"].agg(["sum", "count", "size"])
    known = known[known["count"] == known["size"]]["sum"]
    lines = counted.reset_index().groupby(["quartier_id", "date"])["line"].first()
    for quartier, totals in known.groupby(level=0):
        series = totals.droplevel(0).sort_index()
        for (day, before), (next_day, after) in zip(series.items(), list(series.items())[1:], strict=False):
            if max(before, after) < FEWEST:
                continue
            years = max(1.0, (pd.Timestamp(next_day) - pd.Timestamp(day)).days / 365.25)
            limit = FACTOR**years
            if after >= limit * before or before >= limit * after:
                faults.add(
                    "unlikely_growth",
                    draft.files["population"],
                    int(lines[(quartier, next_day)]),
                    "persons",
                    f"{before:.0f} → {after:.0f}",
                    quartier=quartier,
                    before=day,
                    after=next_day,
                )


def facilities_without_places(draft: Draft, faults: Faults) -> None:
    """A childcare centre or nursing home whose places are not given has none."""
    places = draft.tables.get("places")
    if faults.wrong_lines("places.csv"):  # an unknown key there may be the one that is missing here
        return
    having = set() if places is None else set(places["facility_id"])
    table = draft.tables["facilities"]
    housing = ["childcare_centre", "nursing_home", *SPECIAL_KINDS]
    for line, row in table[table["kind"].isin(housing)].iterrows():
        if row["facility_id"] and row["facility_id"] not in having:
            faults.add(
                "facility_without_places", draft.files["facilities"], int(str(line)), "facility_id", row["facility_id"]
            )


def places_for_more_than_live_there(draft: Draft, faults: Faults) -> None:
    """A residence for special groups has more places than its Quartier has residents: refused, unless they are not counted there."""
    start = draft.start_date()
    if not {"places", "population"} <= set(draft.tables) or start is None:
        return
    table, places = draft.tables["facilities"], draft.tables["places"]
    counted, _ = exclusive(draft.tables["population"].dropna(subset=["age_from", "age_to"]))
    residents = counted[counted["date"] == start].groupby("quartier_id")["persons"].sum()
    homes = table[table["kind"].isin(list(SPECIAL_KINDS)) & (table["in_register"] != "no")]
    for line, home in homes.iterrows():
        own = places[(places["facility_id"] == home["facility_id"]) & places["date"].notna()]
        if own.empty or home["quartier_id"] not in residents.index:
            continue
        offered = own[own["date"] == max(own["date"])]["places"].sum()
        living = residents[home["quartier_id"]]
        if offered > living:
            faults.add(
                "places_exceed_residents",
                draft.files["facilities"],
                int(str(line)),
                "facility_id",
                home["facility_id"],
                places=f"{offered:.0f}",
                residents=f"{living:.0f}",
                quartier=home["quartier_id"],
            )


def facilities_elsewhere(draft: Draft, faults: Faults) -> None:
    """A facility's coordinates lie in another Quartier than it says (a warning), or in none at all (refused).

    Where the map lacks a Quartier, what lies outside all the others may lie there: a warning too.
    """
    assert draft.geometry is not None
    rings = {f["properties"]["quartier_id"]: rings_of(f["geometry"]) for f in draft.geometry["features"]}
    whole = set(draft.tables["quartiere"]["quartier_id"]) <= set(rings) if "quartiere" in draft.tables else False
    table = draft.tables["facilities"].dropna(subset=["lon", "lat"])
    for line, row in table.iterrows():
        own, point = rings.get(row["quartier_id"]), (row["lon"], row["lat"])
        if not in_germany(*point) or own is None or contains(own, *point) or distance_km(own, *point) < BORDER_KM:
            continue
        other = next((key for key, r in rings.items() if contains(r, *point)), None)
        nowhere = whole and other is None and all(distance_km(r, *point) >= BORDER_KM for r in rings.values())
        faults.add(
            "facility_outside_town" if nowhere else "facility_elsewhere",
            draft.files["facilities"],
            int(str(line)),
            "lon" if nowhere else "quartier_id",
            f"{point[0]:.6g}, {point[1]:.6g}" if nowhere else row["quartier_id"],
            other=other or "–",
            facility=row["facility_id"],
            quartier=row["quartier_id"],
        )
