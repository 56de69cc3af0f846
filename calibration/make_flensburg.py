"""Make the embedded region Flensburg from the shared figures: `python calibration/make_flensburg.py DATA`.

Writes `model/regions/flensburg/`: the figures the model needs, in the tables of `quartier.model.region.forms`. Sources
and licences are in its region.toml; what is done to the figures is said at each function.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from quartier.calibration.tables import data_argument
from quartier.model.region.geometry import KM_PER_DEGREE, area_and_centroid, contains, rings_of
from quartier.model.region.textfile import Frame

REGION: Final = Path(__file__).resolve().parents[1] / "model" / "regions" / "flensburg"
REFERENCE_YEAR: Final = 2022
AGS: Final = "01001000"
TOLERANCE_M: Final = 8.0
"""The borders are simplified by at most this much."""

SIX_BANDS: Final = {
    "age_under_18": (0, 17), "age_18_to_under_30": (18, 29), "age_30_to_under_45": (30, 44),
    "age_45_to_under_65": (45, 64), "age_65_to_under_80": (65, 79), "age_80_and_above": (80, -1),
}  # fmt: skip
OVERLAPPING_BANDS: Final = {"age_0_to_under_7": (0, 6), "age_60_and_above": (60, -1)}

GROUP_SIZE: Final = {
    "group_0_3": 10, "group_1_6": 15, "group_3_6": 20, "group_6_14": 17, "nature_3_6": 15, "integrational": 9,
}  # fmt: skip
"""Places per group, derived: non-negative least squares of the places on the groups over the 67 centres whose columns
add up to groups_total (9.9, 15.1, 19.6, 17.0, 14.9, 9.4), rounded. Only their proportions within one centre matter."""
PLACE_BANDS: Final = ((0, 2), (3, 5), (6, 13))
YEARS_OF_GROUP: Final = {
    "group_0_3": (0, 2), "group_1_6": (1, 5), "group_3_6": (3, 5), "group_6_14": (6, 13), "nature_3_6": (3, 5),
    "integrational": (3, 5),
}  # fmt: skip

INDICATORS: Final = {
    ("migration_background", "foreign_citizenship"): ("foreign_residents", "persons"),
    ("migration_background", "german_citizenship"): ("german_residents_with_migration_background", "persons"),
    ("employed_with_pension_insurance", "residents"): ("employed_subject_to_social_insurance", "persons"),
    ("employed_with_pension_insurance", "employment_rate"): ("employment_rate", "per cent"),
    ("unemployed_residents", "residents"): ("unemployed", "persons"),
    ("beneficiaries", "residents"): ("sgb2_recipients", "persons"),
    ("beneficiaries_age_15_to_under_65", "percentage_of_total_residents"): ("sgb2_share_15_to_64", "per cent"),
    ("beneficiaries_characteristics", "percentage_single_parents"): ("sgb2_lone_parents_share", "per cent"),
    ("inactive_beneficiaries_households", "residents"): ("sgb2_not_employable", "persons"),
    ("basic_benefits_income", "age_65_and_above"): ("basic_income_support_65_and_over", "persons"),
    ("housing_benefit", "residents"): ("housing_benefit_recipients", "persons"),
    ("risk_homelessness", "residents"): ("threatened_by_homelessness", "persons"),
}
INDICATOR_YEARS: Final = (2021, 2022)

TOML: Final = """\
name = "Flensburg"
ags = "01001000"
state = "01"
reference_date = 2022-12-31

[sources.quartiere]
what = "13 Stadtteile: Namen, Schwerpunkte der Flächen"
year = "2018"
publisher = "Stadt Flensburg (Kleinräumige Gliederung)"
licence = "CC0 1.0"
url = "https://github.com/oklabflensburg/open-kita-map"

[sources.geometry]
what = "Grenzen der Stadtteile, um höchstens 8 m vereinfacht"
year = "2018"
publisher = "Stadt Flensburg (Kleinräumige Gliederung)"
licence = "CC0 1.0"
url = "https://github.com/oklabflensburg/open-kita-map"

[sources.population]
what = "Einwohner nach Altersgruppen (Melderegister): sechs 2021 und 2022, drei 2011, 2012, 2017 bis 2020"
year = "2011-2022"
publisher = "Stadt Flensburg, Sozialatlas"
licence = "CC0 1.0"
url = "https://github.com/oklabflensburg/open-social-map"
note = "2017 bis 2020 ergeben die Altersgruppen vier bis fünf Personen weniger als die Einwohner insgesamt. Das Register \
zählt mehr als die amtliche Fortschreibung (2019: 96.920 gegen 90.164)."

[sources.age_margins]
what = "Einwohner von 0 bis 6 und ab 60 Jahren (überschneiden die sechs Altersgruppen)"
year = "2021-2022"
publisher = "Stadt Flensburg, Sozialatlas"
licence = "CC0 1.0"
url = "https://github.com/oklabflensburg/open-social-map"

[sources.pyramid]
what = "Bevölkerung der Stadt nach Geschlecht und 17 Altersgruppen, 12411-0018 (nur die Form, nicht die Höhe)"
year = "2019"
publisher = "Statistische Ämter des Bundes und der Länder"
licence = "dl-de/by-2-0"
url = "https://github.com/pmurati/DemographyAnalysis"

[sources.flows]
what = "Geborene nach Stadtteilen"
year = "2011-2022"
publisher = "Stadt Flensburg, Sozialatlas"
licence = "CC0 1.0"
url = "https://github.com/oklabflensburg/open-social-map"

[sources.indicators]
what = "Soziale Lage nach Stadtteilen (Auswahl)"
year = "2021-2022"
publisher = "Stadt Flensburg, Sozialatlas"
licence = "CC0 1.0"
url = "https://github.com/oklabflensburg/open-social-map"

[sources.facilities]
what = "70 Kindertageseinrichtungen mit Lage"
year = "2024"
publisher = "Land Schleswig-Holstein / Stadt Flensburg (Open Data)"
licence = "CC0 1.0"
url = "https://github.com/oklabflensburg/open-kita-map"

[sources.places]
what = "Plätze der Kindertageseinrichtungen; nach Altersgruppen aufgeteilt im Verhältnis der Gruppen (abgeleitet)"
year = "2024"
publisher = "Land Schleswig-Holstein / Stadt Flensburg (Open Data); Aufteilung: dieses Projekt"
licence = "CC0 1.0"
url = "https://github.com/oklabflensburg/open-kita-map"
note = "Stand 2024; gilt hier ab dem Stichtag, weil kein früherer Stand bekannt ist. Von 283 Gruppen sind 38 für \
6- bis 13-Jährige."
"""


def main() -> None:
    """Write all tables; stop where a figure is not what it should be."""
    raw = data_argument() / "regions" / "flensburg" / "raw"
    REGION.mkdir(parents=True, exist_ok=True)
    atlas = raw / "sozialatlas"
    names = {f"{row.id:02d}": row.name for row in read(atlas / "fl_district.csv").itertuples(index=False)}
    rings = polygons(raw / "flensburg_stadtteile.geojson", names)
    write("quartiere", quartiere(names, rings))
    population, margins = residents(atlas)
    write("population", population)
    write("age_margins", margins)
    write("pyramid", pyramid(raw.parents[1] / "kreise" / "tidy" / "population_age_sex_2019.csv"))
    facilities, places = centres(raw / "kitas_in_flensburg_ohne_personen.csv", names, rings)
    write("facilities", facilities)
    write("places", places)
    write("flows", births(atlas))
    write("indicators", indicators(atlas))
    write_geometry(rings)
    (REGION / "region.toml").write_text(TOML, encoding="utf-8")


def read(path: Path, **options: Any) -> Frame:
    """One of the shared tables."""
    return pd.read_csv(path, **options)


def write(name: str, frame: Frame) -> None:
    """Semicolon, decimal point, UTF-8; an open upper age is an empty cell."""
    frame = frame.copy()
    if "age_to" in frame:
        frame["age_to"] = ["" if age < 0 else str(age) for age in frame["age_to"]]
    frame.to_csv(REGION / f"{name}.csv", sep=";", index=False, lineterminator="\n", encoding="utf-8")
    print(f"{name}.csv: {len(frame)} rows")


def key_of(district: Frame) -> Frame:
    """The Quartier's key: the number of the Stadtteil, two digits as text."""
    return district.astype(int).map("{:02d}".format)


def day_of(year: Frame) -> Frame:
    """The figures are of 31 December."""
    return year.astype(int).astype(str) + "-12-31"


def residents(atlas: Path) -> tuple[Frame, Frame]:
    """Six age bands where there are (2021, 2022), else three; the bands that overlap them apart."""
    six = read(atlas / "fl_age_groups_by_district.csv")
    three = {
        (0, 17): "fl_children_age_under_18_by_district.csv",
        (18, 64): "fl_residents_age_18_to_under_65_by_district.csv",
        (65, -1): "fl_residents_age_65_and_above_by_district.csv",
    }
    parts = [bands(six["year"], six["district_id"], six[column], *band) for column, band in SIX_BANDS.items()]
    for band, file in three.items():
        table = read(atlas / file)
        table = table[~table["year"].isin(six["year"])]
        parts.append(bands(table["year"], table["district_id"], table["residents"], *band))
    population = in_order(pd.concat(parts))
    total = population.loc[population["date"] == f"{REFERENCE_YEAR}-12-31", "persons"].sum()
    require(total == 99_341, f"{total} residents at the reference date")
    margins = [bands(six["year"], six["district_id"], six[column], *band) for column, band in OVERLAPPING_BANDS.items()]
    return population, in_order(pd.concat(margins))


def bands(year: Frame, district: Frame, persons: Frame, age_from: int, age_to: int) -> Frame:
    """One age band in the tidy form."""
    return pd.DataFrame(
        {"quartier_id": key_of(district), "date": day_of(year), "sex": "t", "age_from": age_from, "age_to": age_to,
         "persons": persons.astype(int)}
    )  # fmt: skip


def in_order(frame: Frame) -> Frame:
    """Rows by date, then Quartier, then age."""
    return frame.sort_values(["date", "quartier_id", "age_from", "age_to"], kind="stable")


def pyramid(path: Path) -> Frame:
    """The town's residents by sex and 17 age groups in 2019, official count: a shape, never a level."""
    table = read(path, dtype=str)
    table = table[table["area_id"] == AGS[:5]]
    require(len(table) == 34, f"{len(table)} rows of the town's pyramid")
    frame = pd.DataFrame(
        {"date": day_of(table["year"]), "sex": table["sex"], "age_from": table["age_from"].astype(int),
         "age_to": table["age_to"].fillna("-1").astype(int), "persons": table["persons"].astype(int)}
    )  # fmt: skip
    return frame.sort_values(["sex", "age_from"], kind="stable")


def births(atlas: Path) -> Frame:
    """Births by Stadtteil and year, as flows into the Quartier."""
    table = read(atlas / "fl_births_by_district.csv").sort_values(["year", "district_id"])
    return pd.DataFrame(
        {"date": day_of(table["year"]), "event": "birth", "from_id": "", "to_id": key_of(table["district_id"]),
         "persons": table["births"].astype(int)}
    )  # fmt: skip


def indicators(atlas: Path) -> Frame:
    """The measures of the social atlas a planner looks at first, for the last two years."""
    parts = []
    for (name, measure), (indicator, unit) in INDICATORS.items():
        table = read(atlas / f"fl_{name}_by_district.csv")
        table = table.dropna(subset=["district_id", measure])  # some persons belong to no Stadtteil
        table = table[table["year"].isin(INDICATOR_YEARS)]
        parts.append(
            pd.DataFrame(
                {"quartier_id": key_of(table["district_id"]), "date": day_of(table["year"]), "indicator": indicator,
                 "unit": unit, "value": table[measure].map("{:g}".format)}
            )
        )  # fmt: skip
    return pd.concat(parts).sort_values(["indicator", "date", "quartier_id"], kind="stable")


def centres(path: Path, names: dict[str, str], rings: dict[str, Any]) -> tuple[Frame, Frame]:
    """The childcare centres with a unique key (names are not unique) and their places by age band.

    The Quartier is the district the list names; where the coordinates lie in another Stadtteil, this is printed (the
    office of the forest kindergarten, a few steps over the border).
    """
    table = read(path)
    key_of_name = {name: key for key, name in names.items()}
    facilities, places, count = [], [], Counter()
    for row in table.itertuples(index=False):
        key = key_of_name[str(row.district)]
        count[key] += 1
        facility = f"K{key}{count[key]:02d}"
        found = next((k for k, r in rings.items() if contains(r, row.lon, row.lat)), "none")
        if found != key:
            print(f"  {facility} {row.facility}: the list says {key}, the coordinates lie in {found}")
        facilities.append((facility, "childcare_centre", row.facility, key, row.institution, row.lon, row.lat))
        groups = {name: int(getattr(row, name)) for name in GROUP_SIZE}
        split = apportion(int(row.childcare_places), groups)
        day = f"{REFERENCE_YEAR}-12-31"
        places += [(facility, day, *band, n) for band, n in zip(PLACE_BANDS, split, strict=True) if n]
    frame: Frame = pd.DataFrame(places, columns=["facility_id", "date", "age_from", "age_to", "places"])
    require(len(facilities) == 70 and int(frame["places"].sum()) == 4_475, "70 centres, 4,475 places")
    columns = ["facility_id", "kind", "name", "quartier_id", "provider", "lon", "lat"]
    listed = pd.DataFrame(facilities, columns=columns).sort_values("facility_id")
    return listed, frame.sort_values(["facility_id", "age_from"])


def apportion(places: int, groups: dict[str, int]) -> list[int]:
    """A centre's places by age band, whole numbers that add up.

    Each group counts with its usual size; a group across bands (1 to 6) is divided by its years of age (two years below
    3, three from 3). The places are shared out in these proportions by largest remainder, ties to the younger band.
    """
    weights = [0.0] * len(PLACE_BANDS)
    for name, n in groups.items():
        first, last = YEARS_OF_GROUP[name]
        for i, (low, high) in enumerate(PLACE_BANDS):
            years = max(0, min(last, high) - max(first, low) + 1)
            weights[i] += n * GROUP_SIZE[name] * years / (last - first + 1)
    shares = [places * w / sum(weights) for w in weights]
    whole = [int(share) for share in shares]
    by_remainder = sorted(range(len(shares)), key=lambda i: (whole[i] - shares[i], i))
    for i in by_remainder[: places - sum(whole)]:
        whole[i] += 1
    return whole


def quartiere(names: dict[str, str], rings: dict[str, Any]) -> Frame:
    """Key, name and centroid of the Stadtteile."""
    centres = {key: area_and_centroid(rings[key])[1:] for key in names}
    rows = [(key, name, f"{centres[key][0]:.5f}", f"{centres[key][1]:.5f}") for key, name in sorted(names.items())]
    return pd.DataFrame(rows, columns=["quartier_id", "name", "lon", "lat"])


def polygons(path: Path, names: dict[str, str]) -> dict[str, Any]:
    """The rings of each Stadtteil, whose number and name stand in AREA_NAME ("03 Nordstadt")."""
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    found = {}
    for feature in features:
        key, name = feature["properties"]["AREA_NAME"].split(" ", 1)
        require(names.get(key) == name, f"polygon {key} {name}")
        found[key] = rings_of(feature["geometry"])
    require(set(found) == set(names), "a polygon for every Stadtteil")
    return dict(sorted(found.items()))


def write_geometry(rings: dict[str, Any]) -> None:
    """The polygons, simplified border by border so that neighbours still share theirs."""
    simple = simplify({key: polygon[0] for key, (polygon, *_) in rings.items()}) if one_ring(rings) else {}
    features = [
        {"type": "Feature", "properties": {"quartier_id": key}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
        for key, ring in simple.items()
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features}, separators=(",", ":"))
    text = text.replace('{"type":"Feature"', '\n{"type":"Feature"') + "\n"
    (REGION / "quartiere.geojson").write_text(text, encoding="utf-8")
    print(f"quartiere.geojson: {len(text)} bytes, {sum(map(len, simple.values()))} points")


def one_ring(rings: dict[str, Any]) -> bool:
    """Whether every Stadtteil is one polygon without holes, as `simplify` takes for granted."""
    require(all(len(r) == 1 and len(r[0]) == 1 for r in rings.values()), "one ring per Stadtteil")
    return True


def simplify(rings: dict[str, np.ndarray]) -> dict[str, list[list[float]]]:
    """Douglas-Peucker on the borders between points where three areas (or the outside) meet: each border once."""
    points = {key: [(round(x, 5), round(y, 5)) for x, y in ring[:-1].tolist()] for key, ring in rings.items()}
    areas: dict[tuple[float, float], set[str]] = {}
    for key, ring in points.items():
        for point in ring:
            areas.setdefault(point, set()).add(key)
    result = {}
    for key, ring in points.items():
        mine = [areas[p] for p in ring]
        n = len(ring)
        corners = [i for i in range(n) if mine[i] != mine[i - 1] or mine[i] != mine[(i + 1) % n]] or [0]
        out: list[tuple[float, float]] = []
        for start, end in zip(corners, [*corners[1:], corners[0] + len(ring)], strict=True):
            border = [ring[i % len(ring)] for i in range(start, end + 1)]
            forward = border[0] <= border[-1]  # the neighbour walks the same border the other way: simplify it one way
            kept = thin(border if forward else border[::-1])
            out += (kept if forward else kept[::-1])[:-1]
        result[key] = [list(p) for p in [*out, out[0]]]
    return result


def thin(line: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Douglas-Peucker: drop points nearer than the tolerance to the line between those that stay."""
    if len(line) < 3:
        return line
    p = np.array(line)
    p = (p - p[0]) * [KM_PER_DEGREE * np.cos(np.radians(p[0, 1])), KM_PER_DEGREE] * 1000.0
    chord = p[-1]
    length = float(np.hypot(*chord))
    away = np.abs(p[:, 0] * chord[1] - p[:, 1] * chord[0]) / length if length > 0 else np.hypot(p[:, 0], p[:, 1])
    worst = int(away.argmax())
    if away[worst] <= TOLERANCE_M:
        return [line[0], line[-1]]
    return thin(line[: worst + 1])[:-1] + thin(line[worst:])


def require(holds: bool, what: str) -> None:
    """Stop where the figures are not those described in SOURCES.md."""
    if not holds:
        raise SystemExit(f"the figures are not as described: {what}")


if __name__ == "__main__":
    main()
