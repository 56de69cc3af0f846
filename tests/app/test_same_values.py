"""The same values, labels and files from one process, two, a cluster, and a run that was killed again and again."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from quartier.model.errors import InputError
from quartier.outputs.store import open_results
from quartier.scenarios.dask_executor import check_cluster
from quartier.scenarios.request import RunRequest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks and sends signals")

REPLICATES, UNTIL = 3, 2025
LATER = {  # a chain: each builds on the one before and parts from it later
    "more_births": '[[rate]]\nname = "birth_hazard"\nkind = "factor"\namount = 1.5\nfrom = 2024\n',
    "fewer_moves": 'base = "more_births.toml"\n[[rate]]\nname = "moves_within_town"\nkind = "factor"\namount = 0.5\n'
    'from = 2025-04-01\n',
}


def values(folder: Path) -> dict[str, np.ndarray]:
    """Every variable and label of the results."""
    with open_results(folder / "results.zarr") as results:
        return {str(name): results[name].to_numpy() for name in results.variables}


def assert_same(reference: Path, other: Path) -> None:
    """Values and labels, what planners read, and the part of `run.json` that repeats."""
    first, second = values(reference), values(other)
    assert first.keys() == second.keys()
    assert [name for name in first if not np.array_equal(first[name], second[name])] == []
    for name in ("forecast.xlsx", "forecast.csv"):
        assert (reference / name).read_bytes() == (other / name).read_bytes()
    runs = [json.loads((folder / "run.json").read_text(encoding="utf-8"))["run"] for folder in (reference, other)]
    assert runs[0] == runs[1]
    assert not other.with_name(other.name + ".partial").exists()


@pytest.fixture(scope="module")
def town(lasting_town: Path) -> Path:
    return lasting_town


@pytest.fixture(scope="module")
def scenarios(town: Path) -> list[str]:
    """The baseline and two scenarios that part from it, and from each other, at different dates."""
    for name, text in LATER.items():
        base, _, rest = text.partition("\n") if text.startswith("base") else ("", "", text)
        (town / f"{name}.toml").write_text(f'title.de = "{name}"\n{base}\n{rest}', encoding="utf-8")
    return ["baseline", *(str(town / f"{name}.toml") for name in LATER)]


def wanted(town: Path, scenarios: list[str], out: Path, **more: object) -> RunRequest:
    return RunRequest(str(town), tuple(scenarios), UNTIL, REPLICATES, out=out, **more)  # type: ignore[arg-type]


def compute(request: RunRequest) -> None:
    """A whole run in this process (a child of the test), but for the pictures, which take longest and hold no values."""
    from quartier.outputs import charts
    from quartier.scenarios.run import run

    charts.write_charts = lambda *_: None
    run(request)


def in_a_child(request: RunRequest, kill_after: float | None = None) -> bool:
    """Run in a forked process, which needs no second to start; returns whether it came to its end before the kill."""
    child = multiprocessing.get_context("fork").Process(target=compute, args=(request,))
    child.start()
    child.join(kill_after)
    finished = child.exitcode is not None
    if not finished and child.pid is not None:
        os.kill(child.pid, signal.SIGKILL)
    child.join()
    assert not finished or child.exitcode == 0
    return finished


def call(arguments: list[str]) -> None:
    """A whole run as a command; its complaint is the test's."""
    said = subprocess.run(arguments, capture_output=True, text=True, timeout=200)
    assert said.returncode == 0, said.stderr


def command(town: Path, scenarios: list[str], out: Path, *more: object) -> list[str]:
    program = "from quartier.app.main import main; main()"
    named = [part for name in scenarios for part in ("-s", name)]
    return [sys.executable, "-c", program, "run", str(town), "--out", str(out), *named, "--until", str(UNTIL),
            "--replicates", str(REPLICATES), *map(str, more)]


@pytest.fixture(scope="module")
def reference(town: Path, scenarios: list[str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """The results of one process that nobody disturbs, and the seconds it took."""
    out = tmp_path_factory.mktemp("reference") / "out"
    began = time.monotonic()
    assert in_a_child(wanted(town, scenarios, out))
    return out, time.monotonic() - began


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[str]:
    """A scheduler and two workers on the loopback address, ended by their own ids."""
    port_file = tmp_path / "scheduler.json"
    dask = [sys.executable, "-m", "dask"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    started = [subprocess.Popen(
        [*dask, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(port_file)],
        **quiet,
    )]
    try:
        end = time.monotonic() + 60
        while not port_file.exists():
            assert time.monotonic() < end and started[0].poll() is None, "the scheduler did not start"
            time.sleep(0.05)
        address = json.loads(port_file.read_text())["address"]
        for number in range(2):
            started.append(subprocess.Popen(
                [*dask, "worker", address, "--host", "127.0.0.1", "--no-dashboard", "--no-nanny", "--nthreads", "1",
                 "--local-directory", str(tmp_path / f"worker-{number}")],
                **quiet,
            ))
        _wait_for_workers(address, 2)
        yield address
    finally:
        for process in reversed(started):
            process.kill()  # they keep nothing; asked politely, a worker waits for its scheduler
            process.wait(30)


def _wait_for_workers(address: str, number: int) -> None:
    from distributed import Client

    with Client(address, set_as_default=False, timeout=30) as client:
        client.wait_for_workers(number, timeout=60)


@pytest.mark.long
def test_two_workers_give_the_same_results_as_one(town, scenarios, tmp_path, reference):
    found = values(reference[0])
    assert found["complete"].all() and found["scenario"].tolist() == ["baseline", *LATER]
    assert len({found["events"][s].tobytes() for s in range(3)}) == 3
    call(command(town, scenarios, tmp_path / "two", "--workers", 2))
    assert_same(reference[0], tmp_path / "two")


@pytest.mark.long
def test_a_cluster_gives_the_same_results(town, scenarios, tmp_path, reference, cluster):
    call(command(town, scenarios, tmp_path / "dask", "--dask", cluster))
    assert_same(reference[0], tmp_path / "dask")


@pytest.mark.long
def test_a_run_killed_at_ten_random_moments_gives_the_same_results(town, scenarios, tmp_path, reference):
    """Each kill hits whatever is going on: synthesis, simulation or writing; a run that ends in between is looked at."""
    expected, lasts = reference
    rng, kills, whole = np.random.default_rng(2026), 0, 0
    while True:
        out = tmp_path / f"killed-{whole}"
        request = wanted(town, scenarios, out, resume=out.with_name(out.name + ".partial").exists())
        moment = None if kills == 10 else float(rng.uniform(0.02, 0.9) * lasts)
        if not in_a_child(request, moment):
            kills += 1
            continue
        assert_same(expected, out)
        whole += 1
        if kills == 10:
            break


@pytest.mark.long
def test_a_run_of_two_workers_killed_in_the_midst_is_resumed_by_one(town, scenarios, tmp_path, reference):
    out, parts = tmp_path / "out", tmp_path / "out.partial" / "parts"
    run = subprocess.Popen(
        command(town, scenarios, out, "--workers", 2), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    end = time.monotonic() + 120
    while not any(parts.glob("*.npz")):
        assert time.monotonic() < end and run.poll() is None
        time.sleep(0.01)
    run.kill()
    run.wait()
    kept = {p.name: p.stat().st_mtime_ns for p in parts.glob("*.npz")}
    assert kept and len(kept) < 3 * REPLICATES
    said = subprocess.run(
        command(town, scenarios, out, "--workers", 1, "--seed", 2, "--resume"), capture_output=True, text=True, timeout=200
    )
    assert said.returncode == 2 and "--seed" in said.stderr  # another run: refused, and nothing touched
    assert kept.items() <= {p.name: p.stat().st_mtime_ns for p in parts.glob("*.npz")}.items()
    assert in_a_child(wanted(town, scenarios, out, resume=True))
    assert_same(reference[0], out)


@pytest.mark.long
def test_every_scenario_of_the_library_ends_in_a_tree_as_it_does_alone(town):
    """Whatever a lever builds, remembers or numbers: 12 quarters of the town, all scenarios in one tree and each alone."""
    from quartier.model.rates import read_rate_book
    from quartier.model.region.read import load_region
    from quartier.model.synthesis import synthesise
    from quartier.model.timeline import step_of
    from quartier.scenarios.executor import Job
    from quartier.scenarios.files import library
    from quartier.scenarios.replicate import Replicates
    from quartier.scenarios.resolve import resolve

    region, _ = load_region(town, "en")
    rates, start_step = read_rate_book(region.state), step_of(region.reference_date)
    scenarios = tuple(resolve(name, region, rates, start_step, start_step + 12) for name in library())
    start = synthesise(region, rates, 1)
    work = Replicates(region, rates, scenarios, start, town, start_step, start_step + 12, seed=1)

    def grown(*names: str) -> dict[str, dict[str, np.ndarray]]:
        found: dict[str, dict[str, np.ndarray]] = {}
        failures = work.simulate(
            Job(0, names), lambda: None, lambda _, name, tables: found.update({name: {k: np.array(v) for k, v in tables.items()}})
        )
        assert failures == []
        return found

    names = [scenario.name for scenario in scenarios]
    assert work.steps(Job(0, tuple(names))) < 12 * len(names)
    tree = grown(*names)
    for name in names:
        alone = grown(name)[name]
        assert (name, [table for table in alone if not np.array_equal(alone[table], tree[name][table])]) == (name, [])


def test_an_address_where_nobody_answers_is_refused(monkeypatch):
    import quartier.scenarios.dask_executor as dask

    monkeypatch.setattr(dask, "CONNECT_SECONDS", 0.3)
    for address in ("tcp://127.0.0.1:1", "nonsense://x"):
        with pytest.raises(InputError) as refused:
            check_cluster(address)
        assert refused.value.faults[0].id == "no_cluster" and refused.value.faults[0].value == address


@pytest.mark.long
def test_a_cluster_without_workers_or_with_others_is_refused_and_a_failing_job_is_told(monkeypatch, tmp_path):
    from distributed import LocalCluster
    from quartier.scenarios import dask_executor
    from quartier.scenarios.executor import Failure, Job

    with LocalCluster(  # pyright: ignore
        n_workers=0, threads_per_worker=1, processes=False, host="127.0.0.1", protocol="tcp://", dashboard_address=None
    ) as local:
        address = local.scheduler_address
        with pytest.raises(InputError) as refused:
            check_cluster(address)
        assert refused.value.faults[0].id == "no_dask_workers"
        local.scale(2)
        check_cluster(address)
        with monkeypatch.context() as patch:
            here = dict(dask_executor.program())
            patch.setattr(dask_executor, "program", Elsewhere(here))
            with pytest.raises(InputError) as refused:
                check_cluster(address)
            assert refused.value.faults[0].id == "other_workers" and "numpy" in refused.value.faults[0].remedy
        work = Toy(tmp_path)
        seen: list[tuple[int, int]] = []
        jobs = [Job(r, ("a", "b")) for r in range(5)]
        failures = dask_executor.do_on_cluster(work, jobs, lambda d, t: seen.append((d, t)), address)
        assert [(f.scenario, f.replicate) for f in failures] == [("b", 2), ("a", 3), ("b", 3)]
        assert isinstance(failures[0], Failure) and "ValueError" in failures[1].reason
        assert seen[-1] == (10, 10) and seen == sorted(seen)
        expected = {f"a-{r}" for r in (0, 1, 2, 4)} | {f"b-{r}" for r in (0, 1, 4)}
        assert {p.stem for p in tmp_path.glob("*.npy")} == expected


class Elsewhere:
    """A program that is another one here than what the workers say."""

    def __init__(self, here: dict[str, str]) -> None:
        self.here, self.calls = here, 0

    def __call__(self) -> dict[str, str]:
        self.calls += 1
        return self.here if self.calls == 1 else {**self.here, "numpy": "0.1"}


class Toy:
    """Work whose scenario b fails in replicate 2, and which breaks as a whole in replicate 3."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def steps(self, job) -> int:
        return 2

    def compile_ahead(self) -> None:
        pass

    def done(self, replicate: int, scenario: str) -> bool:
        return (self.folder / f"{scenario}-{replicate}.npy").exists()

    def carried(self):
        return self

    def keep(self, replicate: int, scenario: str, tables) -> None:
        np.save(self.folder / f"{scenario}-{replicate}.npy", tables["x"])

    def do(self, job, tick):
        raise AssertionError("on a cluster nothing is written by those who compute")

    def simulate(self, job, tick, keep):
        from quartier.scenarios.executor import Failure

        if job.replicate == 3:
            raise ValueError("no such luck")
        for name in job.scenarios:
            if (name, job.replicate) != ("b", 2):
                keep(job.replicate, name, {"x": np.array([job.replicate])})
        return [Failure("b", 2, "branch")] if job.replicate == 2 else []
