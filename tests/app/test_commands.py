"""The commands as a planner meets them: what they say, and how they end."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

COMMANDS = ("run", "compare", "explore", "check", "regions", "scenarios", "describe")


@pytest.mark.parametrize("command", [(), *((c,) for c in COMMANDS)])
@pytest.mark.parametrize("language", ["de", "en"])
def test_the_help_fits_the_screen_and_speaks_one_language(quartier, command, language):
    said = quartier(*command, "--help", "--language", language) if command else quartier("--help")
    assert said.code == 0 and said.err == ""
    assert max(map(len, said.out.splitlines())) <= 80
    if command and language == "en":
        assert "Show this help." in said.out and "Sprache" not in said.out
    else:
        assert "Diese Hilfe zeigen." in said.out and "Show" not in said.out


def test_the_help_avoids_words_of_programmers(quartier):
    out = quartier("run", "--help").out.lower()
    for word in ("traceback", "worker-", "thread", "pool", "replikat", "default", "none]", "boolean", "path"):
        assert word not in out


def test_the_help_needs_none_of_the_heavy_libraries():
    program = (
        "import sys\nfrom quartier.app.main import commands\n"
        "try: commands([])(['run', '--help'])\nexcept SystemExit: pass\n"
        "heavy = ('numba', 'numpy', 'pandas', 'mesa', 'xarray', 'matplotlib', 'pydantic')\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]"


def test_scenarios_are_listed_with_title_and_question(quartier):
    said = quartier("scenarios")
    assert said.code == 0 and "more_childcare  Mehr Kita-Plätze" in said.out and "?" in said.out
    assert "More childcare places" in quartier("scenarios", "--language", "en").out


def test_the_schema_is_printed_as_pure_json(quartier):
    assert json.loads(quartier("scenarios", "--schema").out)["title"] == "ScenarioFile"


def test_an_unknown_language_is_refused(quartier):
    said = quartier("regions", "--language", "fr")
    assert said.code == 2 and "--language" in said.err and "fr" in said.err


@pytest.mark.parametrize("arguments", [
    (), ("nothing",), ("run",), ("run", "x", "--seed", "one"), ("run", "x", "--sed", "1"),
])
def test_a_command_that_cannot_be_understood_ends_with_2(quartier, arguments):
    assert quartier(*arguments).code == 2


@pytest.mark.parametrize(("arguments", "words"), [
    (("--replicates", "0"), ("--replicates", "gefunden  0", "eine ganze Zahl ab 1")),
    (("--workers", "0"), ("--workers", "eine ganze Zahl ab 1")),
    (("--seed", "-1"), ("--seed", "eine ganze Zahl ab 0")),
    (("--until", "2022"), ("--until", "gefunden  2022", "ein Jahr von 2023 bis 2122")),
    (("--until", "20300"), ("--until", "ein Jahr von 2023 bis 2122")),
    (("--rounding", "fife"), ("--rounding", "Meinten Sie „five“?")),
    (("-s", "baselin"), ("--scenario", "Meinten Sie „baseline“?")),
    (("-s", "baseline", "-s", "baseline"), ("--scenario", "jedes Szenario einmal")),
    (("-s", "nix.toml"), ("--scenario", "eine Szenariodatei, die es gibt")),
])
def test_what_cannot_be_run_is_refused_before_anything_is_written(quartier, town, arguments, words):
    said = quartier("run", town, *arguments)
    assert said.code == 2
    text = " ".join(said.err.split())
    for word in words:
        assert " ".join(word.split()) in text
    assert "Traceback" not in said.err and list(Path().iterdir()) == []


def test_a_scenario_that_begins_after_the_run_is_refused_with_its_line(quartier, town, tmp_path):
    scenario = "title.de = 'Spät'\n[[places]]\nfacility = 'childcare_centre'\namount = 10\nunit = 'percent'\nfrom = 2026-08-01\n"
    (tmp_path / "late.toml").write_text(scenario, encoding="utf-8")
    said = quartier("run", town, "-s", tmp_path / "late.toml", "--until", "2025")
    assert said.code == 2 and "late.toml, Zeile 6, Schlüssel places 1 from" in " ".join(said.err.split())


def test_all_faults_of_a_command_are_named_at_once(quartier, town):
    (town / "population.csv").unlink()
    said = quartier("run", town, "--replicates", "0", "-s", "nothing", "--rounding", "x", "--out", ".")
    assert said.code == 2
    for place in ("--replicates", "--rounding", "population.csv", "--scenario", "--out"):
        assert place in said.err


def test_an_unknown_town_is_refused_with_the_nearest_name(quartier):
    for command in ("run", "check"):
        said = quartier(command, "flensbrg")
        assert said.code == 2 and "flensburg" in said.err


def test_an_existing_folder_is_refused_and_left_alone(quartier, town, tmp_path):
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "mine.txt").write_text("mine")
    said = quartier("run", town, "--out", tmp_path / "old")
    assert said.code == 2 and "nie überschrieben" in " ".join(said.err.split())
    assert [p.name for p in (tmp_path / "old").iterdir()] == ["mine.txt"]


def test_an_unfinished_run_is_refused_and_left_alone(quartier, town, tmp_path):
    (tmp_path / "new.partial").mkdir()
    said = quartier("run", town, "--out", tmp_path / "new")
    assert said.code == 2 and "unfertiger Lauf" in " ".join(said.err.split())
    assert (tmp_path / "new.partial").is_dir()


def test_a_folder_that_cannot_be_made_is_refused(quartier, town, tmp_path):
    (tmp_path / "file").write_text("")
    said = quartier("run", town, "--out", tmp_path / "file" / "new")
    assert said.code == 2 and "ist eine Datei" in " ".join(said.err.split())
    said = quartier("run", town, "--out", tmp_path / ("x" * 300) / "new")
    assert said.code == 2 and "--out" in said.err


def test_check_lists_every_fault_and_ends_with_2(quartier, town):
    table = (town / "population.csv").read_text().replace(";t;0;5;20", ";t;0;5;-20", 1).replace("03;2022", "04;2022", 1)
    (town / "population.csv").write_text(table)
    said = quartier("check", town)
    assert said.code == 2 and "population.csv, Zeile 2, Spalte persons" in said.out and "-20" in said.out
    assert "Fehler" in said.out and "noch nicht gerechnet" in said.out


def test_check_of_a_sound_town_ends_with_0(quartier, town):
    said = quartier("check", town)
    assert said.code == 0 and "Kein Fehler" in said.out and "kann gerechnet werden" in said.out


def test_brackets_in_a_file_are_shown_and_not_read_as_markup(quartier, town):
    table = (town / "population.csv").read_text().replace(";20\n", ";[red]x[/red]\n", 1)
    (town / "population.csv").write_text(table)
    assert "[red]x[/red]" in quartier("check", town).out


def test_a_defect_of_ours_ends_with_1_and_shows_the_traceback_only_on_request(quartier, town, monkeypatch):
    import quartier.scenarios.run as run

    def broken(*_: object) -> None:
        raise RuntimeError("what now")

    monkeypatch.setattr(run, "load_region", broken)
    said = quartier("run", town)
    assert said.code == 1 and "RuntimeError: what now" in said.err and "Traceback" not in said.err
    assert "Traceback" in quartier("run", town, "--debug").err
    assert list(Path().iterdir()) == []


def test_an_interruption_ends_with_130(quartier, town, monkeypatch):
    import quartier.scenarios.run as run

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "load_region", interrupted)
    said = quartier("run", town)
    assert said.code == 130 and "Abgebrochen" in said.err


def test_a_failing_replicate_is_named_and_ends_with_1(quartier, town, monkeypatch, tmp_path):
    import quartier.scenarios.run as run
    from quartier.scenarios.executor import Failure

    failure = Failure("baseline", 7, "Traceback (most recent call last):\n  …\nValueError: oh")
    monkeypatch.setattr(run, "_synthesise", lambda *_: (SimpleNamespace(done=lambda *_: False), None))
    monkeypatch.setattr(run, "do_all", lambda *_, **__: [failure])
    said = quartier("run", town, "--out", tmp_path / "new")
    assert said.code == 1
    text = " ".join(said.err.split())
    assert "Durchlauf 7 des Szenarios baseline ist gescheitert: ValueError: oh" in text and "error.log" in text
    assert "Traceback" not in text and not (tmp_path / "new").exists()


def test_a_full_disk_is_not_called_a_defect(quartier, town, monkeypatch):
    import quartier.scenarios.run as run

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(run, "_synthesise", full)
    said = quartier("run", town)
    assert said.code == 1 and "No space left" in said.err and "Fehler in Quartier" not in said.err
    assert list(Path("runs").iterdir()) == []


def test_what_is_odd_about_a_town_is_said_at_the_end_of_a_run(capsys):
    from quartier.app.screen import Screen
    from quartier.model.errors import Fault

    odd = Fault("odd", "warning", "population.csv", 3, "persons", "900", "e", "r")
    Screen("de").finished(Path("runs/x"), [odd, odd])
    assert "2 Hinweise" in capsys.readouterr().out



def test_a_warning_of_a_scenario_is_told_whole_at_the_end_of_a_run(capsys):
    from quartier.app.screen import Screen
    from quartier.model.errors import Fault

    odd = Fault("wide", "warning", "mine.toml", 7, "amount", "0.9", "a value of 0.1 to 0.5", "look at the source")
    Screen("de").finished(Path("runs/x"), [odd])
    told = capsys.readouterr().out
    assert "mine.toml" in told
    assert "0.9" in told
    assert "quartier check" not in told
