"""From the checked draft to the region: final types, canonical order, centroids and areas, what is left to estimate."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .draft import Draft, exclusive
from .forms import CARE_KINDS, FORMS, Form
from .geometry import area_and_centroid, rings_of
from .region import Region
from .textfile import Frame

_WHOLE = ("age", "age_to", "count")


def assemble(draft: Draft) -> Region:
    """The region of a draft without errors; the order of rows in the files leaves no trace."""
    tables = {name: draft.tables.get(name, _empty(form)) for name, form in FORMS.items()}
    population, redundant = exclusive(tables["population"])
    start = draft.start_date()
    unknown_now = population["persons"].isna() & (population["date"] == start)
    tables["population"] = population.assign(persons=population["persons"].mask(unknown_now, 0.0))
    margins = [t for t in (tables["age_margins"], redundant) if len(t)]
    if margins:
        tables["age_margins"] = pd.concat(margins).drop_duplicates(list(FORMS["age_margins"].key))
    final = {name: _canonical(tables[name], form) for name, form in FORMS.items()}
    quartiere = _with_geometry(final.pop("quartiere"), draft)
    description = draft.description
    return Region(
        key=draft.key,
        name=description.name,
        ags=description.ags,
        state=description.state,
        reference_date=draft.reference_date,
        quartiere=quartiere,
        **final,
        geometry=draft.geometry,
        estimated=_estimated(final, start),
        inputs=dict(sorted(draft.inputs.items())),
        sources={name: source.model_dump() for name, source in sorted(description.sources.items())},
    )


def _empty(form: Form) -> Frame:
    return pd.DataFrame(
        {f.name: pd.Series(dtype="float64" if f.holds in (*_WHOLE, "amount", "measure") else object) for f in form.fields}
    )


def _canonical(table: Frame, form: Form) -> Frame:
    """Rows with a known value in the order of the key; whole numbers int64, text object, dates `datetime.date`."""
    value = form.fields[-1]
    if value.holds in ("count", "measure") and value.name not in ("lon", "lat"):
        table = table.dropna(subset=[value.name])
    ordered = table.sort_values(list(form.key), kind="stable").reset_index(drop=True)
    for field in form.fields:
        ordered[field.name] = ordered[field.name].astype(
            "int64" if field.holds in _WHOLE else "float64" if field.holds in ("amount", "measure") else object
        )
    return ordered[list(form.columns)]


def _with_geometry(quartiere: Frame, draft: Draft) -> Frame:
    """Areas from the polygons, and centroids where the table has no coordinates."""
    quartiere["area_km2"] = np.nan
    measures = {
        f["properties"]["quartier_id"]: area_and_centroid(rings_of(f["geometry"]))
        for f in (draft.geometry or {}).get("features", ())
    }
    for row, quartier in enumerate(quartiere["quartier_id"]):
        if quartier in measures:
            area, lon, lat = measures[quartier]
            quartiere.loc[row, "area_km2"] = area
            if np.isnan(quartiere.loc[row, "lon"]):
                quartiere.loc[row, ["lon", "lat"]] = lon, lat
    return quartiere


def _estimated(tables: dict[str, Frame], start: object) -> frozenset[str]:
    """What the region does not give and the state profile has to fill."""
    now = tables["population"][tables["population"]["date"] == start]
    margins = tables["age_margins"][tables["age_margins"]["date"] == start]
    kinds, events = set(tables["facilities"]["kind"]), set(tables["flows"]["event"])
    wide = (now["age_to"] > now["age_from"]) | ((now["age_to"] < 0) & (now["age_from"] < 85))
    missing = {
        "sex": "t" in set(now["sex"]) and not {"m", "f"} <= set(margins["sex"]),
        "single_ages": bool(wide.any()),
        "households": tables["households"].empty,
        "dwellings": tables["dwellings"].empty,
        "care_facilities": not kinds & set(CARE_KINDS),
        "childcare_facilities": "childcare_centre" not in kinds,
        "births": "birth" not in events,
        "deaths": "death" not in events,
        "moves": not events & {"in_move", "out_move", "move"},
    }
    return frozenset(name for name, is_missing in missing.items() if is_missing)
