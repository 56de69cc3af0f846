"""German office files are read as they come: separators, encodings, numbers, table signs, keys, any order of rows."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from datetime import date

import numpy as np
import pandas as pd
import pytest
from quartier.model.region.cells import parse_count, parse_date, parse_measure
from quartier.model.region.geometry import area_and_centroid, contains, distance_km, rings_of
from quartier.model.region.read import check_region, load_region, read_region
from quartier.model.region.region import Region

P, Q = "population.csv", "quartiere.csv"


def same(a: Region, b: Region, but: tuple[str, ...] = ("inputs",)) -> bool:
    """Whether two regions are equal, but for some fields."""
    for field in fields(Region):
        one, two = getattr(a, field.name), getattr(b, field.name)
        if field.name not in but:
            equal = one.equals(two) if isinstance(one, pd.DataFrame) else one == two
            assert equal, (field.name, one, two)
    return True


@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_separators_and_encodings_make_no_difference(town, separator, encoding):
    town.replace(Q, "Hafen", "Südöstliche Höhe")
    expected = read_region(town.folder)
    for path in town.folder.glob("*.csv"):
        path.write_bytes(path.read_text(encoding="utf-8").replace(";", separator).encode(encoding))
    assert same(read_region(town.folder), expected)
    assert expected.quartiere["name"].tolist() == ["Altstadt", "Südöstliche Höhe"]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_endings_make_no_difference_and_blank_lines_keep_the_line_numbers(town, ending):
    expected = read_region(town.folder)
    for path in town.folder.glob("*.csv"):
        path.write_bytes(path.read_text(encoding="utf-8").replace("\n", ending).encode())
    assert same(read_region(town.folder), expected)
    town.write(P, (town.folder / P).read_bytes().replace(b"02;2022", ending.encode() * 2 + b"99;2022", 1))
    assert [f.row for f in check_region(town.folder) if f.id == "unknown_quartier"] == [10]


def test_a_separator_line_for_excel_is_understood(town):
    expected = read_region(town.folder)
    text = (town.folder / P).read_text()
    town.write(P, "sep=,\n" + text.replace(";", ","))
    assert same(read_region(town.folder), expected)


def test_decimal_commas_are_read(town):
    expected = read_region(town.folder)
    for file in (Q, "facilities.csv"):
        text = (town.folder / file).read_text()
        for number in ("9.43", "9.44", "54.79", "54.80", "9.431", "9.441", "54.791", "54.801"):
            text = text.replace(number + ";", number.replace(".", ",") + ";").replace(number + "\n", number.replace(".", ",") + "\n")
        assert "." not in text
        town.write(file, text)
    town.replace("indicators.csv", "12.5", "12,5")
    assert same(read_region(town.folder), expected)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1234", 1234), ("1.234", 1234), ("1 234", 1234), ("1\u00a0234", 1234), ("1\u202f234", 1234), ("1\u2009234", 1234),
        ("1.234.567", 1234567), ("1,234,567", 1234567), ("1.234,00", 1234), ("1,234.00", 1234), ("2930,00", 2930),
        ("15.0", 15), ("0", 0), ("-", 0), ("–", 0), ("+5", 5), ("(12)", 12), ("−3", -3),
    ],
)  # fmt: skip
def test_counts_are_read_in_every_usual_writing(text, value):
    assert parse_count(text).value == value


@pytest.mark.parametrize("text", ["", ".", "..", "...", "…", "x", "X", "*", "/", "•"])
def test_signs_for_unknown_are_unknown_not_zero(text):
    assert np.isnan(parse_count(text).value)
    assert parse_count(text).problem == ("unreliable_value" if text == "/" else None)


@pytest.mark.parametrize("text", ["12a", "1e5", "1.23.456", "nan", "inf", "١٢", "1,,2", "--", "1 23", "0x10", "1_000"])
def test_what_is_no_number_is_refused(text):
    assert parse_count(text).problem == "not_a_number"
    assert parse_measure(text, ".").problem == "not_a_number"


def test_a_comma_before_three_digits_is_never_guessed_in_a_count():
    assert parse_count("1,234").problem == "ambiguous_number"
    assert parse_measure("1,234", ",").value == 1.234


def test_points_before_three_digits_follow_the_columns_decimal_sign(town):
    assert parse_measure("1.234", ",").value == 1234 and parse_measure("1.234", ".").value == 1.234
    town.append("indicators.csv", "02;2022-12-31;sgb2_share;per cent;1.234,5")
    town.replace("indicators.csv", "12.5", "2.345")
    region, faults = load_region(town.folder)
    assert region is not None and faults == [] and region.indicators["value"].tolist() == [2345.0, 1234.5]
    town.replace("indicators.csv", "1.234,5", "1.234")
    assert [(f.id, f.column) for f in check_region(town.folder)] == [("unclear_decimals", "value")]


@pytest.mark.parametrize(
    ("text", "day"),
    [("2022-12-31", date(2022, 12, 31)), ("31.12.2022", date(2022, 12, 31)), ("2022", date(2022, 12, 31)),
     ("2022-12-31 00:00:00", date(2022, 12, 31)), ("30.02.2022", None), ("12/31/2022", None), ("44926", None), ("", None)],
)  # fmt: skip
def test_dates_are_read_in_german_and_iso(text, day):
    assert parse_date(text) == day


def test_keys_keep_their_leading_zeros_and_a_lost_zero_is_recognised(town):
    assert read_region(town.folder).quartiere["quartier_id"].tolist() == ["01", "02"]
    town.replace(P, "02;2022-12-31;t;0", "2;2022-12-31;t;0")
    (fault,) = [f for f in check_region(town.folder) if f.id == "unknown_quartier"]
    assert "„02“" in fault.remedy


def test_nothing_is_zero_and_unknown_is_left_out_or_counted_as_zero_with_a_warning(town):
    town.replace(P, "01;2022-12-31;t;0;17;160", "01;2022-12-31;t;0;17;-")
    town.replace("age_margins.csv", "t;0;6;55", "t;0;6;.")
    region, faults = load_region(town.folder)
    assert region is not None and faults == []
    assert region.start_population["persons"].tolist() == [0, 840, 100, 400]
    assert len(region.age_margins) == 3
    town.replace(P, "01;2022-12-31;t;0;17;-", "01;2022-12-31;t;0;17;x")
    region, faults = load_region(town.folder)
    assert [f.id for f in faults] == ["unknown_count"] and region is not None
    assert region.start_population["persons"].tolist() == [0, 840, 100, 400]


def test_german_words_for_the_sexes_are_understood(town):
    town.append(P, "01;2022-12-31;männlich;0;;480", "01;2022-12-31;W;0;;520")
    region = read_region(town.folder)
    totals = region.age_margins[(region.age_margins["quartier_id"] == "01") & (region.age_margins["sex"] != "t")]
    assert dict(zip(totals["sex"], totals["persons"], strict=True)) == {"f": 520, "m": 480}
    assert set(region.population["sex"]) == {"t"}  # the bands of both are finer and stay


def test_shuffled_rows_give_an_identical_region(town):
    expected = read_region(town.folder)
    for path in town.folder.glob("*.csv"):
        head, *rows = path.read_text(encoding="utf-8").splitlines()
        path.write_text("\n".join([head, *rows[::-1]]) + "\n", encoding="utf-8")
    assert same(read_region(town.folder), expected)


def test_shuffled_columns_give_an_identical_region(town):
    expected = read_region(town.folder)
    for path in town.folder.glob("*.csv"):
        rows = [line.split(";")[::-1] for line in path.read_text(encoding="utf-8").splitlines()]
        path.write_text("\n".join(map(";".join, rows)) + "\n", encoding="utf-8")
    assert same(read_region(town.folder), expected)


def test_the_hash_of_every_file_is_kept(town):
    inputs = read_region(town.folder).inputs
    assert inputs == {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(town.folder.iterdir())}


def test_only_three_files_are_required_and_the_rest_is_estimated(town):
    town.remove(*(p.name for p in town.folder.glob("*.csv") if p.name not in (P, Q)))
    region, faults = load_region(town.folder)
    assert faults == [] and region is not None
    assert region.estimated == {
        "sex", "single_ages", "households", "dwellings", "care_facilities", "childcare_facilities", "births", "deaths", "moves",
    }  # fmt: skip
    assert region.places.columns.tolist() == ["facility_id", "date", "age_from", "age_to", "places"]
    assert region.quartiere["area_km2"].isna().all()


def test_the_types_of_the_tables_are_those_the_model_expects(town):
    region = read_region(town.folder)
    for table in (region.population, region.age_margins, region.pyramid, region.flows, region.places):
        assert [str(t) for t in table.dtypes[["age_from", "age_to"]]] == ["int64", "int64"]
        assert str(table.dtypes.iloc[-1]) == "int64"
        assert {type(d) for d in table["date"]} == {date}
    assert region.population["age_to"].min() == -1
    opens = region.facilities.set_index("facility_id")["opens"]
    assert opens["K2"] == date(2021, 8, 1) and opens["K1"] is None


def test_areas_and_centroids_come_from_the_map(town):
    ring = [[9.0, 54.0], [9.1, 54.0], [9.1, 54.1], [9.0, 54.1], [9.0, 54.0]]
    hole = [[9.04, 54.04], [9.06, 54.04], [9.06, 54.06], [9.04, 54.06], [9.04, 54.04]]
    rings = rings_of({"type": "Polygon", "coordinates": [ring, hole]})
    area, lon, lat = area_and_centroid(rings)
    whole = (0.1 * 111.32) ** 2 * np.cos(np.radians(54.05))
    assert area == pytest.approx(whole * 0.96, rel=1e-3)
    assert (lon, lat) == (pytest.approx(9.05), pytest.approx(54.05))
    assert contains(rings, 9.02, 54.02) and not contains(rings, 9.05, 54.05) and not contains(rings, 9.2, 54.05)
    assert distance_km(rings, 9.05, 54.15) == pytest.approx(0.05 * 111.32, rel=1e-6)
