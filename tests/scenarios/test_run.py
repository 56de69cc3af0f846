"""The runner around stand-ins for synthesis, simulation and results: what appears when, and what never does."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from quartier.model.errors import InputError
from quartier.scenarios import run as runner
from quartier.scenarios.executor import Failure, Job, ReplicatesFailedError
from quartier.scenarios.precision import Figure, Precision
from quartier.scenarios.request import RunRequest, default_out, last_step, option_faults, out_faults
from quartier.scenarios.resume import PARTS, RESULTS


@pytest.fixture
def request_of(tmp_path, monkeypatch, region, rates):
    """A request whose town, synthesis and results are stand-ins; the results are one file."""
    monkeypatch.setattr(runner, "find_region", lambda name, language: Path(name))
    monkeypatch.setattr(runner, "load_region", lambda folder, language: (region, []))
    monkeypatch.setattr(runner, "read_rate_book", lambda state: rates)

    class Work(SimpleNamespace):
        def steps(self, job: Job) -> int:
            return 3 * len(job.scenarios)

        def part(self, replicate: int, scenario: str) -> Path:
            return self.folder / PARTS / f"{scenario}-{replicate}.npz"

        def compile_ahead(self) -> None:
            pass

        def done(self, replicate: int, scenario: str) -> bool:
            return self.part(replicate, scenario).exists()

        def do(self, job: Job, tick) -> list:
            for name in job.scenarios:
                for _ in range(3):
                    tick()
                self.part(job.replicate, name).parent.mkdir(exist_ok=True)
                self.part(job.replicate, name).write_text("whole")
            return []

    monkeypatch.setattr(runner, "_synthesise", lambda plan, report: (Work(folder=plan.partial), None))
    monkeypatch.setattr(
        runner, "_precision",
        lambda plan, work, n: Precision(n, 0.1, (Figure("baseline", "persons", 1.0, 0.0, 1.0 / n, None),)),
    )

    def write(plan, work, fit, replicates, began, report):
        names = sorted(p.stem for p in (plan.partial / PARTS).iterdir())
        plan.results.mkdir()
        (plan.results / "forecast.xlsx").write_text(" ".join(names))
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
@pytest.mark.parametrize("where", ["_synthesise", "do_all"])
def test_nothing_is_left_when_a_run_is_cut_short_before_anything_is_done(
    request_of, tmp_path, monkeypatch, error, where
):
    def cut(*_, **__):
        assert (tmp_path / "out.partial").is_dir()
        raise error

    monkeypatch.setattr(runner, where, cut)
    with pytest.raises(error):
        runner.run(request_of())
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_keeps_the_replicates_that_are_done_and_resume_does_only_the_others(request_of, tmp_path, monkeypatch):
    def cut(stage, done, total):
        if stage == "simulate" and done == 7:
            raise KeyboardInterrupt

    with pytest.raises(runner.InterruptedRunError) as interrupted:
        runner.run(request_of(replicates=4), cut)
    assert interrupted.value.partial == tmp_path / "out.partial"
    assert sorted(p.stem for p in (tmp_path / "out.partial" / PARTS).iterdir()) == ["baseline-0", "baseline-1"]
    with pytest.raises(InputError) as refused:  # without --resume it is nobody's to overwrite
        runner.run(request_of(replicates=4))
    assert "--resume" in refused.value.faults[0].remedy
    steps = []
    runner.run(request_of(replicates=4, resume=True), lambda stage, done, total: steps.append((stage, total)))
    assert ("simulate", 6) in steps
    assert (tmp_path / "out" / "forecast.xlsx").read_text() == "baseline-0 baseline-1 baseline-2 baseline-3"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_failing_replicate_leaves_no_folder_that_looks_finished(request_of, tmp_path, monkeypatch):
    failure = Failure("baseline", 3, "Traceback …\nValueError: oh")
    monkeypatch.setattr(runner, "do_all", lambda *_, **__: [failure])
    with pytest.raises(ReplicatesFailedError) as failed:
        runner.run(request_of())
    assert failed.value.failures == [failure]
    assert [p.name for p in tmp_path.iterdir()] == ["out.partial"]
    log = (tmp_path / "out.partial" / "error.log").read_text()
    assert "baseline, replicate 3" in log and "ValueError: oh" in log
    assert not (tmp_path / "out.partial" / RESULTS).exists()


def test_a_wished_precision_is_reached_batch_by_batch_or_given_up_at_the_most(request_of, tmp_path):
    """In the stand-in the half width is 1 / n, and 10 % are wished for."""
    finished = runner.run(request_of(replicates=4, precision="10%"))
    assert finished.precision.replicates == 12 and finished.precision.reached
    assert len((tmp_path / "out" / "forecast.xlsx").read_text().split()) == 12
    (tmp_path / "out").rename(tmp_path / "before")
    finished = runner.run(request_of(replicates=4, precision="10 %", most_replicates=6))
    assert finished.precision.replicates == 6 and not finished.precision.reached


@pytest.mark.parametrize("text", ["0%", "much", "-1%", "101%", "nan"])
def test_a_precision_that_is_none_is_refused(text, faults_of):
    def refuse():
        raise InputError(option_faults(RunRequest("toy", precision=text)))

    assert [f.id for f in faults_of(refuse)] == ["unknown_precision"]


def test_a_precision_may_be_written_as_people_write_it():
    for text in ("1%", "1 %", "1", "1,0%", " 1.0 %"):
        assert RunRequest("toy", precision=text).wished == 0.01
    assert option_faults(RunRequest("toy", precision="1%", replicates=300))[0].file == "--max-replicates"


def test_fewer_replicates_than_workers_are_shared_out_by_scenario(request_of):
    plan = runner.prepare(request_of(scenarios=("baseline", "no_migration"), replicates=2, workers=4))
    both = ("baseline", "no_migration")
    assert plan.jobs(2, lambda r, name: r == 0 and name == "baseline") == [
        Job(0, ("no_migration",)), Job(1, ("baseline",)), Job(1, ("no_migration",)),
    ]
    assert plan.jobs(4, lambda r, name: r < 2) == [Job(2, both), Job(3, both)]


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
    assert default_out("toy", ["baseline"], runs, resume=True).name == "toy-baseline-2"
    assert default_out("toy", ["other"], runs, resume=True).name == "toy-other"


def test_the_last_quarter_counts_from_the_reference_date(region):
    day = region.reference_date
    assert last_step(None, day, "") == (4 * 2042 + 3, [])
    assert last_step(2023, day, "") == (4 * 2023 + 3, [])
    assert last_step(2022, day, "")[1] and last_step(2123, day, "")[1]
    assert last_step(2022, day.replace(month=6, day=30), "") == (4 * 2022 + 3, [])


def test_an_output_folder_below_a_folder_that_is_missing_is_fine(tmp_path):
    assert out_faults(tmp_path / "a" / "b" / "c") == []
    assert not (tmp_path / "a").exists()
