"""The runner around stand-ins for synthesis, simulation and results: what appears when, and what never does."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from quartier.model.errors import InputError
from quartier.scenarios import run as runner
from quartier.scenarios.executor import Failure, Job, ReplicatesFailedError
from quartier.scenarios.request import RunRequest, default_out, last_step, out_faults


@pytest.fixture
def request_of(tmp_path, monkeypatch, region, rates):
    """A request whose town, synthesis and results are stand-ins; the results are one file."""
    monkeypatch.setattr(runner, "find_region", lambda name, language: Path(name))
    monkeypatch.setattr(runner, "load_region", lambda folder, language: (region, []))
    monkeypatch.setattr(runner, "read_rate_book", lambda state: rates)

    class Work(SimpleNamespace):
        steps = 3

        def do(self, job: Job, tick) -> None:
            for _ in range(self.steps):
                tick()
            (self.folder / f"{job.scenario}-{job.replicate}").write_text("whole")

    monkeypatch.setattr(runner, "_synthesise", lambda plan, report: (Work(folder=plan.partial), None))

    def write(plan, work, fit, began, report):
        names = sorted(p.name for p in plan.partial.iterdir())
        (plan.partial / "forecast.xlsx").write_text(" ".join(names))
        return "summary"

    monkeypatch.setattr(runner, "_write", write)
    return lambda **options: RunRequest("toy", out=tmp_path / "out", **options)


def test_results_of_every_scenario_and_replicate_appear_at_the_end(request_of, tmp_path):
    seen = []
    finished = runner.run(
        request_of(scenarios=("baseline", "no_migration"), replicates=2, until=2030),
        lambda stage, done, total: seen.append((stage, done, total, (tmp_path / "out").exists())),
    )
    assert finished.folder == tmp_path / "out" and finished.summary == "summary"
    assert (tmp_path / "out" / "forecast.xlsx").read_text() == "baseline-0 baseline-1 no_migration-0 no_migration-1"
    assert not any(exists for *_, exists in seen)
    assert ("simulate", 12, 12, False) in seen
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("where", ["_synthesise", "do_all", "_write"])
def test_nothing_is_left_when_a_run_is_cut_short(request_of, tmp_path, monkeypatch, error, where):
    def cut(*_):
        assert (tmp_path / "out.partial").is_dir()
        raise error

    monkeypatch.setattr(runner, where, cut)
    with pytest.raises(error):
        runner.run(request_of())
    assert list(tmp_path.iterdir()) == []


def test_a_failing_replicate_leaves_no_folder_that_looks_finished(request_of, tmp_path, monkeypatch):
    failure = Failure(Job("baseline", 3), "Traceback …\nValueError: oh")
    monkeypatch.setattr(runner, "do_all", lambda *_: [failure])
    with pytest.raises(ReplicatesFailedError) as failed:
        runner.run(request_of())
    assert failed.value.failures == [failure]
    assert [p.name for p in tmp_path.iterdir()] == ["out.partial"]
    log = (tmp_path / "out.partial" / "error.log").read_text()
    assert "baseline, replicate 3" in log and "ValueError: oh" in log
    assert not (tmp_path / "out.partial" / "forecast.xlsx").exists()


def test_a_refused_request_creates_nothing(request_of, tmp_path, monkeypatch):
    monkeypatch.setattr(runner, "_synthesise", lambda *_: pytest.fail("too late"))
    with pytest.raises(InputError) as refused:
        runner.run(request_of(replicates=0, scenarios=("baselin",)))
    assert [f.file for f in refused.value.faults] == ["--replicates", "--scenario"]
    assert list(tmp_path.iterdir()) == []


def test_the_default_folder_takes_the_next_free_number(tmp_path):
    runs = tmp_path / "runs"
    assert default_out("toy", ["baseline"], runs) == runs / "toy-baseline"
    (runs / "toy-baseline").mkdir(parents=True)
    (runs / "toy-baseline-2.partial").mkdir()
    assert default_out("toy", ["baseline"], runs) == runs / "toy-baseline-3"
    assert default_out("toy", ["a/mine.toml", "baseline"], runs).name == "toy-mine-baseline"


def test_the_last_quarter_counts_from_the_reference_date(region):
    day = region.reference_date
    assert last_step(None, day, "") == (4 * 2042 + 3, [])
    assert last_step(2023, day, "") == (4 * 2023 + 3, [])
    assert last_step(2022, day, "")[1] and last_step(2123, day, "")[1]
    assert last_step(2022, day.replace(month=6, day=30), "") == (4 * 2022 + 3, [])


def test_an_output_folder_below_a_folder_that_is_missing_is_fine(tmp_path):
    assert out_faults(tmp_path / "a" / "b" / "c") == []
    assert not (tmp_path / "a").exists()
