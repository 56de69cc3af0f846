"""The embedded region: its sums are the published ones, and the script makes it anew bit for bit."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from quartier.model.region.geometry import contains, rings_of
from quartier.model.region.read import EMBEDDED, load_region, read_region
from quartier.model.region.region import Region
from shared_data import data_folder

FOLDER = EMBEDDED / "flensburg"


@pytest.fixture(scope="module")
def flensburg() -> Region:
    """The embedded region."""
    return read_region("flensburg")


def test_it_has_no_faults_and_no_warnings():
    assert load_region(FOLDER)[1] == []


def test_residents_and_bands_are_the_published_ones(flensburg):
    now = flensburg.start_population
    assert flensburg.n_quartiere == 13 and flensburg.quartiere["quartier_id"].tolist() == [f"{i:02d}" for i in range(1, 14)]
    assert flensburg.start_date == date(2022, 12, 31) and now["persons"].sum() == 99_341
    assert now.groupby("age_from")["persons"].sum().to_dict() == {
        0: 15_295, 18: 19_406, 30: 20_036, 45: 25_121, 65: 12_930, 80: 6_553,
    }  # fmt: skip
    totals = flensburg.population.groupby("date")["persons"].agg(["sum", "size"])
    assert {day.year: tuple(row) for day, row in totals.iterrows()} == {
        2011: (89_448, 39), 2012: (90_099, 39), 2017: (95_447, 39), 2018: (96_182, 39), 2019: (96_915, 39),
        2020: (96_726, 39), 2021: (97_877, 78), 2022: (99_341, 78),
    }  # fmt: skip


def test_the_overlapping_bands_are_margins(flensburg):
    margins = flensburg.age_margins
    assert set(zip(margins["age_from"], margins["age_to"], strict=True)) == {(0, 6), (60, -1)}
    assert len(margins) == 13 * 2 * 2


def test_the_towns_pyramid_is_the_official_count(flensburg):
    assert flensburg.pyramid["persons"].sum() == 90_164 and len(flensburg.pyramid) == 34


def test_there_are_70_centres_with_unique_keys_and_4475_places(flensburg):
    centres, places = flensburg.facilities, flensburg.places
    assert len(centres) == 70 and centres["facility_id"].is_unique and not centres["name"].is_unique
    assert set(centres["kind"]) == {"childcare_centre"}
    assert places["places"].sum() == 4_475 and set(places["facility_id"]) == set(centres["facility_id"])
    by_band = places.groupby(["age_from", "age_to"])["places"].sum()
    assert by_band.sum() - by_band[6, 13] == pytest.approx(3_874, abs=5)  # places without school groups, guide of childcare


def test_places_of_a_centre_are_divided_by_its_groups(flensburg):
    places = flensburg.places.set_index(["facility_id", "age_from"])["places"]
    # Kinderhaus: 60 places in one group each of 0-3 (10), 1-6 (15: two of five years below 3), 3-6 (20), 6-14 (17)
    assert places["K0101"].to_dict() == {0: 16, 3: 28, 6: 16}
    # Nystadens Børne- og Ungdomshus: school groups only
    assert places["K0201"].to_dict() == {6: 75}


def test_centres_lie_in_their_quartier_but_for_one_office_across_the_border(flensburg):
    assert flensburg.geometry is not None
    rings = {f["properties"]["quartier_id"]: rings_of(f["geometry"]) for f in flensburg.geometry["features"]}
    outside = [c.name for c in flensburg.facilities.itertuples() if not contains(rings[c.quartier_id], c.lon, c.lat)]
    assert outside == ["Waldkiga"]


def test_neighbours_share_their_borders_after_the_simplification(flensburg):
    assert flensburg.geometry is not None
    points: dict[tuple[float, ...], int] = {}
    for feature in flensburg.geometry["features"]:
        for point in feature["geometry"]["coordinates"][0][:-1]:
            points[tuple(point)] = points.get(tuple(point), 0) + 1
    shared = sum(n > 1 for n in points.values())
    assert shared > 0.4 * len(points)
    assert (FOLDER / "quartiere.geojson").stat().st_size < 120_000
    assert flensburg.quartiere["area_km2"].sum() == pytest.approx(48.9, abs=1.0)


def test_births_are_flows_into_the_quartiere(flensburg):
    births = flensburg.flows
    assert set(births["event"]) == {"birth"} and set(births["from_id"]) == {""}
    by_year = births.groupby([d.year for d in births["date"]])["persons"].sum()
    assert by_year[2022] == 830 and by_year[2019] == 1_007 and len(births) == 13 * 8


def test_what_the_city_does_not_publish_is_marked_as_estimated(flensburg):
    assert flensburg.estimated == {
        "sex", "single_ages", "households", "dwellings", "care_facilities", "deaths", "moves",
    }  # fmt: skip


def test_every_table_names_its_source_and_licence(flensburg):
    tables = {Path(name).stem for name in flensburg.inputs} - {"region"}
    assert set(flensburg.sources) == (tables | {"geometry"})
    assert all(s["what"] and s["publisher"] and s["licence"] and s["year"] for s in flensburg.sources.values())


def test_the_script_makes_the_same_files_again(tmp_path):
    data = data_folder()
    root = Path(__file__).parents[3]
    shutil.copy(root / "calibration" / "make_flensburg.py", tmp_path / "make_flensburg.py")
    text = (tmp_path / "make_flensburg.py").read_text(encoding="utf-8")
    place = 'Path(__file__).resolve().parents[1] / "model" / "regions" / "flensburg"'
    assert place in text
    (tmp_path / "make_flensburg.py").write_text(text.replace(place, f"Path({str(tmp_path / 'made')!r})"), encoding="utf-8")
    subprocess.run([sys.executable, str(tmp_path / "make_flensburg.py"), str(data)], check=True, capture_output=True)
    made = {p.name: p.read_bytes() for p in (tmp_path / "made").iterdir()}
    assert made == {p.name: p.read_bytes() for p in FOLDER.iterdir() if p.is_file()}


def test_the_geometry_keeps_every_area_within_two_per_cent():
    raw = data_folder() / "regions" / "flensburg" / "raw" / "flensburg_stadtteile.geojson"
    from quartier.model.region.geometry import area_and_centroid

    areas = {f["properties"]["AREA_NAME"][:2]: area_and_centroid(rings_of(f["geometry"]))[0]
             for f in json.loads(raw.read_text(encoding="utf-8"))["features"]}  # fmt: skip
    ours = read_region("flensburg").quartiere.set_index("quartier_id")["area_km2"]
    assert (ours / pd.Series(areas) - 1).abs().max() < 0.02
