"""Going on with an interrupted run: only the very same one, and only where nobody else is at it."""

from __future__ import annotations

import json
import multiprocessing
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from quartier.model.errors import InputError
from quartier.model.start import Start
from quartier.scenarios import resume
from quartier.scenarios.request import RunRequest
from quartier.scenarios.resolve import resolve
from quartier.scenarios.run import Plan


@pytest.fixture
def plan(tmp_path, region, rates, write) -> Plan:
    scenarios = tuple(resolve(name, region, rates, 8091, 8123) for name in ("baseline", write("")))
    return Plan(RunRequest("toy", resume=True), region, rates, scenarios, 8091, 8123, tmp_path / "out")


@pytest.fixture
def unfinished(plan: Plan) -> Plan:
    plan.partial.mkdir()
    resume.write_identity(plan)
    return plan


def test_the_same_run_may_go_on_with_other_workers_words_and_numbers_of_replicates(unfinished):
    request = replace(unfinished.request, workers=4, language="en", rounding="ten", replicates=99, check=True)
    assert resume.other_run_faults(replace(unfinished, request=request)) == []


@pytest.mark.parametrize(("change", "id"), [
    (lambda p: replace(p, request=replace(p.request, seed=2)), "other_seed"),
    (lambda p: replace(p, until=8127), "other_period"),
    (lambda p: replace(p, region=replace(p.region, name="Anderswo")), "other_region"),
    (lambda p: replace(p, region=replace(p.region, inputs={"population.csv": "1"})), "other_region"),
    (lambda p: replace(p, scenarios=p.scenarios[:1]), "other_scenarios"),
    (lambda p: replace(p, scenarios=p.scenarios[::-1]), "other_scenarios"),
    (lambda p: replace(p, scenarios=(p.scenarios[0], replace(p.scenarios[1], hash="0" * 64))), "other_scenarios"),
])
def test_another_run_is_refused_by_name(unfinished, faults_of, change, id):
    def refuse() -> None:
        raise InputError(resume.other_run_faults(change(unfinished)))

    (fault,) = faults_of(refuse)
    assert fault.id == id and str(unfinished.partial) in fault.remedy
    assert f"({fault.value})" not in fault.remedy  # what is asked for, against what lies there


@pytest.mark.parametrize(("key", "says"), [
    ("quartier", "0.0.9 (0123456789ab), results 1"), ("libraries", "numpy 1.0"), ("rates", "00000000"),
])
def test_another_version_is_refused_by_name(unfinished, faults_of, key, says):
    file = unfinished.partial / resume.PLAN
    file.write_text(json.dumps(json.loads(file.read_text()) | {key: says}))

    def refuse() -> None:
        raise InputError(resume.other_run_faults(unfinished))

    (fault,) = faults_of(refuse)
    assert fault.id == "other_version" and says in fault.remedy


@pytest.mark.parametrize("text", ["", "[]", "{}", "\x00"])
def test_a_plan_that_cannot_be_read_is_refused(unfinished, faults_of, text):
    (unfinished.partial / resume.PLAN).write_text(text)

    def refuse() -> None:
        raise InputError(resume.other_run_faults(unfinished))

    assert [f.id for f in faults_of(refuse)] == ["unreadable_plan"]


def test_there_must_be_something_unfinished(tmp_path, faults_of):
    def refuse() -> None:
        raise InputError(resume.folder_faults(tmp_path / "out"))

    assert "out.partial" in faults_of(refuse)[0].expected
    (tmp_path / "out.partial").mkdir()
    assert resume.folder_faults(tmp_path / "out") == []
    (tmp_path / "out").mkdir()
    assert "complete" in faults_of(refuse)[0].expected


def test_what_was_left_half_done_is_cleared_and_whole_parts_stay(tmp_path):
    for name in ("parts/scenario-00-replicate-0000.npz", "parts/.scenario-00-replicate-0001.npz.123.tmp",
                 "results/results.zarr/zarr.json", "error.log", "start.npz.tmp.npz", "start.npz", "plan.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    resume.clear(tmp_path)
    left = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file())
    assert left == ["parts/scenario-00-replicate-0000.npz", "plan.json", "start.npz"]
    assert resume.worth_keeping(tmp_path)


def hold(out: str, held, let_go) -> None:
    with resume.alone(Path(out)):
        held.set()
        let_go.wait(30)


@pytest.mark.skipif(sys.platform == "win32", reason="no locks there")
def test_two_processes_cannot_work_on_the_same_run(tmp_path, faults_of):
    (tmp_path / "out.partial").mkdir()
    context = multiprocessing.get_context("fork")
    held, let_go = context.Event(), context.Event()
    other = context.Process(target=hold, args=(str(tmp_path / "out"), held, let_go))
    other.start()
    try:
        assert held.wait(30)

        def enter() -> None:
            with resume.alone(tmp_path / "out"):
                pass

        assert [f.id for f in faults_of(enter)] == ["running"]
    finally:
        let_go.set()
        other.join(30)
    with resume.alone(tmp_path / "out"):
        pass


def test_the_start_population_comes_back_with_its_fit_report(tmp_path):
    fit = pd.DataFrame({"margin": ["a", "b"], "quartier": ["01", "town"], "asked": [1.5, 1 / 3], "n": [3, 4]})
    columns = {"id": np.arange(3, dtype=np.int32)}
    start = Start(8091, columns, {"size": np.ones(3, np.uint8)}, {"rooms": np.array([2], np.uint8)}, fit)
    start.save(tmp_path / "start.npz")
    again = Start.load(tmp_path / "start.npz")
    assert again.step == 8091 and again.people["id"].dtype == np.int32
    pd.testing.assert_frame_equal(again.fit, fit)
    assert [p.name for p in tmp_path.iterdir()] == ["start.npz"]
