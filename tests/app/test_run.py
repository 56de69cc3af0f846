"""`quartier run` from a folder of tables to a folder of results, on a town of 1,200 people."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from quartier.outputs.store import open_results

FILES = {"forecast.xlsx", "forecast.csv", "results.zarr", "summary.zarr", "run.json", "charts"}


def values(folder: Path) -> dict[str, np.ndarray]:
    """Every variable and label of the results."""
    with open_results(folder / "results.zarr") as results:
        return {str(name): results[name].to_numpy() for name in results.variables}


def same(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> bool:
    return first.keys() == second.keys() and all(np.array_equal(first[name], second[name]) for name in first)


def test_a_run_leaves_the_promised_files_and_no_single_persons(quartier, town, tmp_path):
    said = quartier("run", town, "--until", 2024, "--replicates", 2, "--workers", 1, "--check", "--out", tmp_path / "new")
    assert said.code == 0, said.err
    assert {p.name for p in (tmp_path / "new").iterdir()} == FILES
    assert not (tmp_path / "new.partial").exists()
    for word in ("2022", "2024", "Einwohner", str(tmp_path / "new")):
        assert word in said.out.replace("\n", "")
    assert max(len(line) for line in said.out.splitlines() if "Ergebnisse" not in line) <= 80
    run = json.loads((tmp_path / "new" / "run.json").read_text(encoding="utf-8"))["run"]
    assert run["seed"] == 1 and run["replicates"] == 2 and run["until"] == "2024-12-31"
    assert {"rates and parameters", "scenario baseline", "population.csv"} <= run["inputs"].keys()
    assert int(values(tmp_path / "new")["population"][0, 0, 0].sum()) == 1200


def test_without_a_folder_the_results_go_to_runs_and_are_never_overwritten(quartier, town):
    for _ in range(2):
        assert quartier("run", town, "--until", 2023, "--replicates", 1, "--workers", 1, "--language", "en").code == 0
    assert sorted(p.name for p in Path("runs").iterdir()) == ["town-baseline", "town-baseline-2"]
    assert same(values(Path("runs/town-baseline")), values(Path("runs/town-baseline-2")))


def test_a_scenario_that_changes_nothing_equals_the_baseline_and_one_that_does_differs(quartier, town, tmp_path):
    (tmp_path / "nothing.toml").write_text(
        'title.de = "Nichts"\n[[rate]]\nname = "mortality"\nkind = "factor"\namount = 1\n', encoding="utf-8"
    )
    said = quartier("run", town, "--until", 2025, "--replicates", 1, "--workers", 1, "--out", tmp_path / "new",
                    "-s", "baseline", "-s", tmp_path / "nothing.toml", "-s", "no_migration")
    assert said.code == 0, said.err
    found = values(tmp_path / "new")
    assert found["scenario"].tolist() == ["baseline", "nothing", "no_migration"]
    assert np.array_equal(found["population"][0], found["population"][1])
    assert np.array_equal(found["events"][0], found["events"][1])
    moves = [i for i, event in enumerate(found["event"].tolist()) if "_migration_" in event]
    assert len(moves) == 6  # of them two that are a part of others: from and to the surroundings
    assert found["events"][0][..., moves].sum() > 0 and found["events"][2][..., moves].sum() == 0


def command(town: Path, out: Path, *more: object) -> list[str]:
    program = "from quartier.app.main import main; main()"
    return [sys.executable, "-c", program, "run", str(town), "--out", str(out), *map(str, more)]


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="sends Ctrl-C to a group of processes")
@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_ends_a_run_within_seconds_and_leaves_nothing_that_looks_finished(town, tmp_path, workers):
    out = tmp_path / "results" / "new"
    run = subprocess.Popen(
        command(town, out, "--workers", workers, "--until", 2100, "--replicates", 50), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert run.stderr is not None
    for line in run.stderr:
        if line.startswith("Rechnen"):
            break
    time.sleep(3)  # in the midst of it
    assert out.with_name("new.partial").is_dir()
    began = time.monotonic()
    os.killpg(run.pid, signal.SIGINT)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 130 and time.monotonic() - began < 20
    assert "Abgebrochen" in said and "Traceback" not in said
    left = [p.name for p in (tmp_path / "results").iterdir()]
    assert left == (["new.partial"] if "--resume" in said else [])  # what is done is kept, if anything is
