"""The issue's list of bad input, line by line, through both commands: one clear message, exit code 2, nothing written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

PEOPLE = "population.csv"
Spoil = Callable[[Path], object]


def cell(old: str, new: str, file: str = PEOPLE) -> Spoil:
    """Write something else in one place of a file."""

    def change(town: Path) -> None:
        text = (town / file).read_text(encoding="utf-8")
        assert old in text
        (town / file).write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def content(data: bytes, file: str = PEOPLE) -> Spoil:
    return lambda town: (town / file).write_bytes(data)


def added(file: str, text: str) -> Spoil:
    return lambda town: (town / file).write_text(text, encoding="utf-8")


SUM = "quartier_id;date;sex;age_from;age_to;persons\n01;2022-12-31;m;0;;150\n01;2022-12-31;f;0;;249\n"
BAD = {
    "a missing file": (lambda town: (town / PEOPLE).unlink(), ("population.csv", "Legen Sie")),
    "a missing column": (cell(";persons", ";people"), ("population.csv, Zeile 1, Spalte persons", "people")),
    "a negative count": (cell(";20\n", ";-20\n"), ("population.csv, Zeile 2, Spalte persons", "-20")),
    "a count that is no number": (cell(";20\n", ";viele\n"), ("population.csv, Zeile 2, Spalte persons", "viele")),
    "an unknown Quartier": (cell("\n02;", "\n09;"), ("population.csv, Zeile 9, Spalte quartier_id", "09", "01, 02, 03")),
    "a duplicate key": (cell("\n02;Hafen", "\n01;Hafen", "quartiere.csv"), ("quartiere.csv, Zeile 3", "01")),
    "overlapping bands": (cell(";6;17;", ";5;17;"), ("population.csv, Zeile 3, Spalte age_from", "5–17")),
    "gapped bands": (cell(";6;17;", ";7;17;"), ("population.csv, Zeile 3, Spalte age_from", "Lücke")),
    "a sum that does not match": (added("age_margins.csv", SUM), ("age_margins.csv", "399")),
    "a wrong encoding": (content(b"quartier_id\x81;date\n"), ("population.csv", "CSV UTF-8")),
    "an empty file": (content(b""), ("population.csv ist leer",)),
    "a spreadsheet renamed to csv": (content(b"PK\x03\x04\x14\x00\x06\x00"), ("population.csv ist eine Excel-Datei",)),
    "a formula as a count": (cell(";20\n", ";=1+2\n"), ("population.csv, Zeile 2, Spalte persons", "=1+2")),
}


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize("name", BAD)
def test_bad_tables_are_refused_with_place_and_remedy(quartier, town, command, name):
    spoil, words = BAD[name]
    spoil(town)
    said = quartier(command, town)
    assert said.code == 2
    text = " ".join((said.out + said.err).split())
    for word in (*words, "erwartet", "Abhilfe"):
        assert word in text, (name, word, text)
    assert "Traceback" not in text and list(Path().iterdir()) == []


def test_names_that_begin_like_a_formula_are_warnings_and_texts_in_excel(quartier, town, tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    names = ["=Altstadt", "+Hafen", "@Neustadt", "-Kleinstadt"]
    for name, file in zip(names, ["quartiere.csv"] * 3 + ["region.toml"], strict=True):
        cell(name[1:], name, file)(town)
    said = quartier("check", town)
    assert said.code == 0 and said.out.count("Hinweis") >= 4
    out = tmp_path / "out"
    assert quartier("run", town, "--until", 2023, "--replicates", 1, "--workers", 1, "--out", out).code == 0
    cells = [c for sheet in openpyxl.load_workbook(out / "forecast.xlsx") for row in sheet.iter_rows() for c in row]
    assert set(names) <= {c.value for c in cells}
    assert all(c.data_type != "f" for c in cells)


@pytest.mark.parametrize(("text", "words"), [
    ('title.de = "x"\n[[rates]]\n', ("x.toml, Zeile 2", "Meinten Sie „rate“?")),
    ('title.de = "x"\n[[rate]]\nname = "mortalty"\nkind = "factor"\namount = 2\n', ("x.toml, Zeile 3", "mortality")),
    ('title.de = "x"\n[[rate]]\nname = "mortality"\nkind = "factor"\namount = 2\nfrom = 2099-01-01\n', ("x.toml, Zeile 6", "2099")),
])
def test_a_scenario_with_an_unknown_key_name_or_a_date_outside_the_run_is_refused(quartier, town, tmp_path, text, words):
    (tmp_path / "x.toml").write_text(text, encoding="utf-8")
    said = quartier("run", town, "--until", 2030, "-s", tmp_path / "x.toml")
    assert said.code == 2
    for word in (*words, "Abhilfe"):
        assert word in " ".join(said.err.split())
    assert "Traceback" not in said.err and list(Path().iterdir()) == []
