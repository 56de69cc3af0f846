"""`quartier compare` and `quartier explore` as a planner meets them."""

from __future__ import annotations

from pathlib import Path

import pytest
from comparing import DIFFERENCES, STEPS, made_results

SHIFTS = [("childcare_attending_under_3", 0, slice(6, STEPS), DIFFERENCES)]


@pytest.fixture
def results(tmp_path) -> Path:
    return made_results(tmp_path / "run", {"baseline": [], "more": SHIFTS, "network": SHIFTS},
                        about={"network": {"evidence": ["C"]}})


def test_a_comparison_is_shown_on_80_columns_and_written_beside_the_results(quartier, results):
    said = quartier("compare", results, "--rounding", "none", "--against", "more")
    assert said.code == 0 and said.err == ""
    assert max(map(len, said.out.splitlines())) <= 80
    assert "more gegenüber baseline, 31. Dezember 2027" in said.out
    row = next(line for line in said.out.splitlines() if line.startswith("Betreut unter 3"))
    assert "+4" in row and "100 %" in row and "besser" in row and "2025/2" in row
    assert "nur Zufallsstreuung" in " ".join(said.out.split())
    folder = results.with_name("run-comparison")
    assert {p.name for p in folder.iterdir()} == {"comparison.xlsx", "comparison.csv", "charts"}


def test_a_soft_measure_is_called_so_on_the_screen(quartier, results):
    said = quartier("compare", results, "--against", "network", "--year", "2026")
    text = " ".join(said.out.split())
    assert "(Wirkung nicht belegt)" in text and "nicht belegt (Evidenzgrad C)" in text and "2026" in text


@pytest.mark.parametrize(("arguments", "words"), [
    (("--base", "baselin"), ("--base", "Meinten Sie „baseline“?")),
    (("--against", "mor"), ("--against", "Meinten Sie „more“?")),
    (("--year", "2050"), ("--year", "ein Jahr von 2023 bis 2027")),
    (("--indicator", "person"), ("--indicator", "Meinten Sie „persons“?")),
    (("--rounding", "fife"), ("--rounding", "Meinten Sie „five“?")),
    (("--against", "baseline"), ("--against", "ein anderes Szenario als die Basis")),
    (("--out", "."), ("--out",)),
])
def test_what_cannot_be_compared_is_refused_before_anything_is_written(quartier, results, arguments, words):
    said = quartier("compare", results, *arguments)
    assert said.code == 2 and "Traceback" not in said.err
    text = " ".join(said.err.split())
    for word in words:
        assert word in text
    assert [p.name for p in results.parent.iterdir() if "comparison" in p.name] == []


def test_results_of_another_town_or_seed_are_named_and_refused_in_german(quartier, results, tmp_path):
    for other in (made_results(tmp_path / "town", {"a": []}, name="Anderstadt"),
                  made_results(tmp_path / "seed", {"a": []}, seed=8)):
        said = quartier("compare", results, other)
        text = " ".join(said.err.split())
        assert said.code == 2 and other.name in text and "derselben Stadt, Startzahl und Zahlen" in text
        for english in ("the same", "a folder", "compare ", "name the"):
            assert english not in text
    assert "ein Ordner mit results.zarr" in " ".join(quartier("compare", tmp_path / "nothing").err.split())
    assert quartier("compare", results, results, results).code == 2


@pytest.mark.parametrize(("arguments", "words"), [
    (("--samples", "3"), ("--samples", "eine Zahl von 16 bis 2000")),
    (("--parameters", "care_trnd"), ("--parameters", "Meinten Sie „care_trend“?")),
    (("-s", "mor_childcare"), ("--scenario", "Meinten Sie „more_childcare“?")),
])
def test_what_cannot_be_explored_is_refused(quartier, town, arguments, words):
    said = quartier("explore", town, *arguments)
    assert said.code == 2 and list(Path().iterdir()) == []
    for word in words:
        assert word in " ".join(said.err.split())


def test_a_screen_of_an_exploration_fits_80_columns(capsys, monkeypatch):
    from quartier.app.explore import show_exploration
    from quartier.app.screen import Screen
    from quartier.outputs.explore_write import Exploration, ExplorationRow

    monkeypatch.setenv("COLUMNS", "80")
    row = ExplorationRow("Pflegeperson zu Hause statt Heim", "−2,2 … −0,8", "100\u202f300", "99\u202f553", "0,50", False)
    headers = ("Annahme", "Spanne", "wenn klein", "wenn groß", "Gewicht")
    show_exploration(Screen("de"), Exploration(headers, (("Einwohner: Mittel 99\u202f989", (row,)),), ("Notiz",)))
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80 and "(0,50)" in out
