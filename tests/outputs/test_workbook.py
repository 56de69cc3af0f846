"""What planners open: the workbook and the file for a German Excel."""

from __future__ import annotations

import csv

import numpy as np
import openpyxl
import pytest
from quartier.outputs.forecast_csv import COLUMNS, decimal_comma, guarded, write_csv
from quartier.outputs.planner_tables import PlannerTables
from quartier.outputs.rounding import round_people, round_whole
from quartier.outputs.store import open_results, read_part
from quartier.outputs.workbook import write_workbook

SHEETS = [
    "Übersicht",
    "Quartiere",
    "Bevölkerung",
    "Bewegungen",
    "Kita",
    "Pflege",
    "Pflegeangebote",
    "Pflegende",
    "Hilfe zu Hause",
    "Pflegepersonal",
    "Wohnen",
    "Behinderung",
    "Haushalte",
    "Angehörige",
    "Methodenblatt",
    "Anpassungsbericht",
]


@pytest.fixture(scope="session")
def book(written):
    return openpyxl.load_workbook(written.folder / "forecast.xlsx")


def table(sheet):
    """Header and rows of a sheet as dicts."""
    header, *rows = list(sheet.iter_rows(min_row=4, values_only=True))
    return [dict(zip(header, row, strict=True)) for row in rows]


def test_the_workbook_has_all_sheets_each_with_title_note_and_frozen_header(book):
    assert book.sheetnames == SHEETS
    for sheet in book:
        assert sheet["A1"].value and sheet["A1"].font.bold
        assert "Stichtag" in sheet["A2"].value
        assert "Zufallsstreuung" in sheet["A2"].value
        assert sheet.freeze_panes.endswith("5")
        assert sheet.print_title_rows == "$4:$4"


def test_no_cell_is_a_formula_even_where_a_name_begins_like_one(book):
    texts = set()
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f"
                texts.add(cell.value)
    assert {"=1+1", "@x", "=SUM(A1)"} <= texts


def test_no_cell_of_a_table_is_empty(book):
    for sheet in book:
        for row in sheet.iter_rows(min_row=4):
            assert all(cell.value not in (None, "") for cell in row), (sheet.title, row[0].row)


def test_estimated_columns_are_named_so_and_set_in_italics(book):
    header = {cell.value: cell for cell in book["Quartiere"][4]}
    estimated = header["Wohnungen (geschätzt)"]
    assert estimated.font.italic
    assert book["Quartiere"].cell(6, estimated.column).font.italic
    counted = header["Einwohner"]
    assert not counted.font.italic
    assert not book["Quartiere"].cell(6, counted.column).font.italic
    assert "Kita-Plätze, unter 3 Jahren" in header


def test_people_are_rounded_to_five_and_the_town_is_rounded_from_unrounded_numbers(book, written):
    rows = [r for r in table(book["Quartiere"]) if r["Szenario"] == "Status quo" and r["Jahr"] == 2023]
    persons = np.mean(
        [read_part(written.parts["baseline", r])["population"][0].sum(axis=(1, 2)) for r in range(3)], axis=0
    )
    assert [r["Name"] for r in rows] == ["Gesamtstadt", "Altstadt", "=1+1", "@x", "Jürgensby"]
    assert [r["Einwohner"] for r in rows] == [5 * np.floor(v / 5 + 0.5) for v in (persons.sum(), *persons)]


def test_places_are_not_rounded_to_five(book):
    places = [r["Kita-Plätze, unter 3 Jahren"] for r in table(book["Quartiere"])]
    assert any(v % 5 for v in places)


def test_a_balance_of_two_estimates_is_not_shown(book):
    assert {r["Saldo Wohnungen (geschätzt)"] for r in table(book["Wohnen"])} == {"x"}
    assert "Kein Saldo" in book["Wohnen"]["A2"].value
    kita = table(book["Kita"])
    assert all(isinstance(r["Saldo Plätze, unter 3 Jahren (geschätzt)"], int | float) for r in kita)
    assert "Kein Saldo" not in book["Kita"]["A2"].value


def test_the_balance_is_places_minus_need(book):
    for r in table(book["Kita"]):
        shown = r["Saldo Plätze, unter 3 Jahren (geschätzt)"]
        difference = r["Kita-Plätze, unter 3 Jahren"] - r["Bedarf an Kita-Plätzen, unter 3 Jahren (geschätzt)"]
        assert abs(shown - difference) <= 5.5


def test_every_area_has_one_year_of_highest_need(book):
    rows = [r for r in table(book["Kita"]) if r["Szenario"] == "Status quo" and r["Name"] == "Jürgensby"]
    assert [r["Jahr des höchsten Bedarfs, unter 3 Jahren"] for r in rows].count("ja") == 1


def test_age_groups_add_up_to_the_residents(written):
    with open_results(written.folder / "results.zarr") as results:
        tables = PlannerTables(results, frozenset(), rounding="none")
        columns = {c.header: c.values for c in tables.population().columns}
    groups = sum(v for name, v in columns.items() if name.startswith("Alter "))
    assert np.allclose(groups, columns["Einwohner"], atol=1.0)


def test_movements_are_sums_over_the_calendar_year(book, written):
    births = np.mean([read_part(written.parts["baseline", r])["events"][1:5, :, 0].sum() for r in range(3)])
    rows = [r for r in table(book["Bewegungen"]) if r["Szenario"] == "Status quo" and r["Name"] == "Gesamtstadt"]
    by_year = {r["Jahr"]: next(v for k, v in r.items() if k.startswith("Geburten")) for r in rows}
    assert by_year[2023] == "x"
    assert by_year[2024] == 5 * np.floor(births / 5 + 0.5)


def test_the_method_sheet_names_seed_version_sources_and_hashes(book):
    rows = {(r["Thema"], r["Angabe"]): r["Inhalt"] for r in table(book["Methodenblatt"])}
    assert rows["Lauf", "Startzahl (Seed)"] == "7"
    assert rows["Prüfsumme der Eingabe (SHA-256)", "population.csv"] == "ab" * 32
    assert "CC0" in rows["Quellen", "population"]
    assert ("geschätzt", "Wohnungen") in rows


def test_the_fit_report_shows_what_was_asked_and_reached(book):
    assert [tuple(r.values()) for r in table(book["Anpassungsbericht"])] == [
        ("persons", "01", 100, 100, 0),
        ("=SUM(A1)", "town", 200, 199, -1),
    ]


def test_the_workbook_can_be_english(written, tmp_path):
    with written.tables(language="en") as tables:
        write_workbook(tmp_path / "english.xlsx", tables, written.region, written.run, written.fit)
    english = openpyxl.load_workbook(tmp_path / "english.xlsx")
    assert english.sheetnames[:3] == ["Overview", "Quartiere", "Population"]
    assert any(cell.value == "dwellings (estimated)" for cell in english["Quartiere"][4])


def read_csv(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def test_the_csv_is_for_a_german_excel(written):
    raw = (written.folder / "forecast.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.split(b"\r\n")[0].decode("utf-8-sig") == ";".join(COLUMNS)
    rows = read_csv(written.folder / "forecast.csv")
    assert len(rows) == 2 * 5 * 13 * 19
    names = {r["quartier_name"] for r in rows}
    assert names == {"Gesamtstadt", "Altstadt", "'=1+1", "'@x", "Jürgensby"}
    assert {r["estimated"] for r in rows if r["indicator"] == "Einwohner"} == {"nein"}
    assert {r["estimated"] for r in rows if r["indicator"] == "Wohnungen"} == {"ja"}


def test_unrounded_csv_values_read_back_with_a_decimal_comma(written, tmp_path):
    with written.tables(rounding="none") as tables:
        write_csv(tmp_path / "exact.csv", tables)
    rows = [
        r
        for r in read_csv(tmp_path / "exact.csv")
        if (r["scenario"], r["quartier"], r["indicator"])
        == ("Status quo", "01", "Pflegebedürftige (Pflegegrad 1 bis 5)")
    ]
    values = np.mean([read_part(written.parts["baseline", r])["indicators"][:, 0, 2] for r in range(3)], axis=0)
    assert "," in "".join(r["mean"] for r in rows)
    assert "." not in "".join(r["mean"] for r in rows)
    assert np.allclose([float(r["mean"].replace(",", ".")) for r in rows], values, atol=0.051)


def test_the_same_results_give_the_same_workbook_csv_and_run_description(written, tmp_path):
    with written.tables() as tables:
        write_workbook(tmp_path / "forecast.xlsx", tables, written.region, written.run, written.fit)
        write_csv(tmp_path / "forecast.csv", tables)
    written.run.write(tmp_path / "run.json")
    for name in ("forecast.xlsx", "forecast.csv", "run.json"):
        assert (tmp_path / name).read_bytes() == (written.folder / name).read_bytes(), name


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("five", [0, 5, 5, -5, 10]), ("ten", [0, 0, 10, 0, 10]), ("none", [2.4, 2.5, 7.4, -2.6, 7.5])],
)
def test_people_are_rounded_to_the_nearest_multiple(mode, expected):
    assert round_people(np.array([2.4, 2.5, 7.4, -2.6, 7.5]), mode).tolist() == expected


def test_an_unknown_rounding_is_refused():
    with pytest.raises(ValueError, match="five, ten"):
        round_people(np.zeros(1), "seven")  # type: ignore[arg-type]


def test_places_are_rounded_to_whole_numbers():
    assert round_whole(np.array([2.4, 2.5]), "five").tolist() == [2, 3]


def test_texts_like_formulas_are_guarded_in_csv():
    given = ["=1", "+1", "-1", "@a", " =1", "a=1"]
    assert guarded(np.array(given, object)).tolist() == ["'=1", "'+1", "'-1", "'@a", "' =1", "a=1"]


def test_numbers_are_written_with_a_decimal_comma():
    assert decimal_comma(np.array([1235.0, 2.5, -0.1])) == ["1235", "2,5", "-0,1"]
