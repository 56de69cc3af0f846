"""Texts, schema, run description and the table at the end of a run."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from quartier.outputs import texts
from quartier.outputs.compare_groups import Verdict
from quartier.outputs.labels import Labels, year_ends
from quartier.outputs.run_info import portable
from quartier.outputs.schema import AGE_BIN_STARTS, DIMENSION, DIMENSIONS, INDICATORS, TABLES
from quartier.outputs.spread import replicates_of
from quartier.outputs.store import open_results
from quartier.outputs.texts import read_po, translator

PACKAGE = Path(texts.__file__).parent


def message_ids() -> set[str]:
    """Every English text that outputs hands to a translator."""
    found = set()
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                if name == "_" and isinstance(node.args[0].value, str):
                    found.add(node.args[0].value)
    return found | {i.unit for i in INDICATORS}


def test_every_text_has_a_german_translation_and_none_is_left_over():
    catalogue = read_po(PACKAGE / "texts" / "de.po")
    ids = message_ids()
    assert len(ids) > 80
    assert ids - catalogue.keys() == set()
    assert all(catalogue.values())
    estimated = {
        "sex",
        "single_ages",
        "care_facilities",
        "childcare_facilities",
        "births",
        "deaths",
        "moves",
        "none",
        "five",
        "ten",
        "forecast",
        "age group",
        "type of household",
        *get_args(Verdict),
    }
    assert catalogue.keys() - ids - estimated == set()


def test_what_is_inserted_into_texts_survives_translation():
    inserted = re.compile(r"\{\w+\}")
    for english, german in read_po(PACKAGE / "texts" / "de.po").items():
        assert sorted(inserted.findall(english)) == sorted(inserted.findall(german)), english


def test_english_texts_are_their_own_ids_and_an_unknown_language_is_refused():
    assert translator("en")("persons") == "persons"
    assert translator("de")("persons") == "Personen"
    assert translator("de")("never translated") == "never translated"
    with pytest.raises(ValueError, match="de, en"):
        translator("fr")


def test_a_catalogue_of_another_folder_is_added(tmp_path):
    (tmp_path / "de.po").write_text('msgid "a"\nmsgstr "eins "\n"zwei\\n"\n', encoding="utf-8")
    assert translator("de", tmp_path)("a") == "eins zwei\n"
    assert translator("de", tmp_path)("persons") == "Personen"


def test_a_broken_catalogue_names_the_line(tmp_path):
    (tmp_path / "de.po").write_text('msgid "a"\nmsgst "b"\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"de\.po, line 2"):
        read_po(tmp_path / "de.po")


def test_every_dimension_and_label_has_two_different_enough_names():
    for dimension in DIMENSIONS:
        assert dimension.en and dimension.de
        assert len(set(dimension.ids)) == len(dimension.labels)
        for label in dimension.labels:
            assert label.en and label.de
    assert {d for t in TABLES for d in t.dims} <= DIMENSION.keys()


def test_age_bins_are_half_years_below_eleven_then_years_to_a_hundred():
    assert len(AGE_BIN_STARTS) == 112
    assert AGE_BIN_STARTS[:3] == (0.0, 0.5, 1.0)
    assert AGE_BIN_STARTS[21:24] == (10.5, 11.0, 12.0)
    assert AGE_BIN_STARTS[-1] == 100.0


def test_years_are_those_whose_end_lies_in_the_run():
    assert year_ends(8091, 8099) == [2022, 2023, 2024]
    assert year_ends(8092, 8094) == []


def test_dates_are_the_last_days_of_the_quarters(written):
    labels = Labels.of(written.region, {"a": "A"}, 1, 8091, 8093)
    assert [d.isoformat() for d in labels.dates] == ["2022-12-31", "2023-03-31", "2023-06-30"]


def test_importing_outputs_stays_cheap():
    heavy = "xarray", "matplotlib", "zarr", "pandas", "numba", "mesa"
    code = f"import sys, quartier.outputs; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent.parent
    )
    assert done.stdout.strip() == "[]"


def test_the_command_is_written_down_without_places_on_this_machine():
    assert portable(["run", "/home/anna/town", "--out=/tmp/x", r"C:\towns\b", "flensburg", "a/b"]) == (
        "run",
        "town",
        "--out=x",
        "b",
        "flensburg",
        "a/b",
    )


def test_the_run_description_repeats_and_keeps_times_apart(written, tmp_path):
    slow = replace(written.run, timing={"seconds": 12.5, "workers": 2})
    slow.write(tmp_path / "run.json")
    ours, theirs = (
        json.loads(p.read_text(encoding="utf-8")) for p in (tmp_path / "run.json", written.folder / "run.json")
    )
    assert ours["run"] == theirs["run"]
    assert ours["timing"] == {"seconds": 12.5, "workers": 2}
    assert ours["run"]["seed"] == 7
    assert ours["run"]["until"] == "2026-12-31"
    assert ours["run"]["command"][2] == "town"
    assert len(ours["run"]["inputs_sha256"]) == 64


def test_the_table_at_the_end_shows_start_middle_and_end_with_ranges(written):
    summary = written.summary
    assert summary.years == (2023, 2024, 2026)
    assert {len(row.values) for row in summary.rows} == {3}
    care = next(row for row in summary.rows if row.label.startswith("Pflegebedürftige"))
    assert care.estimated and care.label.endswith(" *")
    assert any(note.startswith("* geschätzt") for note in summary.notes)
    assert "–" in care.values[1]
    assert {row.scenario for row in summary.rows} == {"Status quo", "Mehr Kita-Plätze"}


def test_the_table_at_the_end_says_what_changes_the_number_of_residents(written):
    """The first scenario's sentence, against the events of its replicates after the start, rounded to 5."""
    note = next(n for n in written.summary.notes if n.startswith("Status quo, 2024 bis 2026: "))
    shown = [
        int(n.replace("−", "-").replace("\u202f", "")) for n in re.findall(r"[+−]?[\d\u202f]+", note.split(":", 1)[1])
    ]
    results = open_results(written.folder / "results.zarr")
    after = results["events"][0, replicates_of(results, 0), 1:].sum(("time", "quartier")).mean("replicate")
    of = {str(name): float(after.sel(event=name)) for name in results["event"].values}
    came = sum(of[f"in_migration_{where}"] for where in ("germany", "abroad"))
    left = sum(of[f"out_migration_{where}"] for where in ("germany", "abroad"))
    assert shown == pytest.approx([of["births"] - of["deaths"], came - left], abs=2.5)
    assert any(n.startswith("Mehr Kita-Plätze, 2024 bis 2026: ") for n in written.summary.notes)
