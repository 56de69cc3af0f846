"""Many scenarios and replicates of Flensburg: time, memory, and how well two processes share the work.

    python benchmarks/scenarios.py               5 scenarios x 20 replicates x 25 years on 2 processes, from the command to the files
    python benchmarks/scenarios.py --efficiency  the steps alone, over two processes against one: 5 alternated pairs
    python benchmarks/scenarios.py --memory      peak memory of the largest process with 2 and with 12 replicates
    python benchmarks/scenarios.py --check       2 scenarios x 2 replicates x 2 years: the same values from 1 process and 2
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import numpy as np

PROGRAM: Final = "from quartier.app.main import main; main()"
YEARS: Final = 25
CHANGES: Final = {
    "births": ("birth_hazard", 2026),
    "marriages": ("marriage_from_cohabitation", 2029),
    "moves": ("moves_within_town", 2033),
    "mortality": ("mortality", 2038),
}
"""Scenarios that part from the baseline at different dates: the rate each raises by a tenth, and from when."""


def scenario_files(folder: Path) -> list[str]:
    """The baseline and the scenarios of `CHANGES`, written as files."""
    for name, (rate, year) in CHANGES.items():
        text = f'title.de = "{name}"\n[[rate]]\nname = "{rate}"\nkind = "factor"\namount = 1.1\nfrom = {year}\n'
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return ["baseline", *(str(folder / f"{name}.toml") for name in CHANGES)]


def run(out: Path, scenarios: list[str], replicates: int, years: int, workers: int) -> dict[str, float]:
    """One `quartier run` in a process of its own: seconds, and the peak memory (MiB) of the largest of its processes."""
    watch = (
        "import resource, subprocess, sys, json\n"
        "code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        "print(json.dumps([code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024]))\n"
    )
    named = [part for name in scenarios for part in ("-s", name)]
    command = [sys.executable, "-c", PROGRAM, "run", "flensburg", "--out", str(out), "--until", str(2022 + years),
               "--replicates", str(replicates), "--workers", str(workers), *named]
    began = time.perf_counter()
    said = subprocess.run([sys.executable, "-c", watch, *command], capture_output=True, text=True, check=True)
    code, peak = json.loads(said.stdout)
    if code:
        raise SystemExit(f"the run ended with {code}")
    return {"seconds": time.perf_counter() - began, "peak": peak}


def values(folder: Path) -> dict[str, np.ndarray]:
    """Every variable and label of the results."""
    from quartier.outputs.store import open_results

    with open_results(folder / "results.zarr") as results:
        return {str(name): results[name].to_numpy() for name in results.variables}


def size(folder: Path) -> float:
    """MiB on disk."""
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) / 2**20


def check() -> None:
    """The same values, labels and number of files from one process and from two."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scenarios = [*scenario_files(folder)[:1], str(folder / "births.toml")]
        (folder / "births.toml").write_text((folder / "births.toml").read_text().replace("2026", "2024"))
        for workers in (1, 2):
            run(folder / str(workers), scenarios, 2, 2, workers)
        one, two = values(folder / "1"), values(folder / "2")
        if one.keys() != two.keys() or not all(np.array_equal(one[k], two[k]) for k in one):
            raise SystemExit("one process and two give different values")
        if np.array_equal(one["events"][0], one["events"][1]):
            raise SystemExit("the scenario has no effect")
    print("the same values from one process and two")


def batch() -> None:
    """The whole job, and what its files take."""
    from quartier.scenarios.tree import steps_to_simulate

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scenarios = scenario_files(folder)
        found = run(folder / "out", scenarios, 20, YEARS, 2)
        lives = 20 * steps_to_simulate(_resolved(scenarios), _start_step(), _start_step() + 4 * YEARS)
        alone = 20 * 5 * 4 * YEARS
        print(
            f"5 scenarios x 20 replicates x {YEARS} years, 2 processes: {found['seconds']:.0f} s from the command to the "
            f"files; {lives:,} quarters simulated instead of {alone:,} ({1 - lives / alone:.0%} shared); largest process "
            f"{found['peak']:.0f} MiB; {size(folder / 'out'):.0f} MiB of results"
        )


def _start_step() -> int:
    from quartier.model.timeline import step_of

    return step_of(_town()[0].reference_date)


def _town() -> tuple[Any, Any]:
    from quartier.model.rates import read_rate_book
    from quartier.model.region.read import find_region, load_region

    region, _ = load_region(find_region("flensburg", "en"), "en")
    return region, read_rate_book(region.state)


def _resolved(scenarios: list[str]) -> list[Any]:
    from quartier.scenarios.resolve import resolve

    region, rates = _town()
    start = _start_step()
    return [resolve(name, region, rates, start, start + 4 * YEARS) for name in scenarios]


def memory() -> None:
    """Peak memory with few and with many replicates: bounded by workers, not by replicates."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scenarios = scenario_files(folder)[:2]
        for replicates in (2, 12):
            found = run(folder / str(replicates), scenarios, replicates, 10, 2)
            print(f"{replicates} replicates: largest process {found['peak']:.0f} MiB, {found['seconds']:.0f} s")


def step_for(replicates: list[int], start: Path, years: int, together: Any, seconds: Any) -> None:
    """In a process of its own: build and warm up, wait for the others, then step all replicates and say how long."""
    from quartier.model.model import QuartierModel
    from quartier.model.start import Start
    from quartier.outputs.recorder import record

    region, rates = _town()
    population = Start.load(start)
    models = [QuartierModel(region, rates, population, seed=1, replicate=r) for r in replicates]
    for model in models:
        record(model, model.now + 4 * (years + 1))
        model.run(model.now + 4)
    together.wait()
    began = time.perf_counter()
    for model in models:
        model.run(model.now + 4 * years)
    seconds.put(time.perf_counter() - began)


def steps(shares: list[list[int]], start: Path, years: int) -> float:
    """Seconds until the last of so many processes has stepped its share; start-up apart."""
    context = multiprocessing.get_context("spawn")
    together, seconds = context.Barrier(len(shares)), context.SimpleQueue()
    processes = [context.Process(target=step_for, args=(s, start, years, together, seconds)) for s in shares]
    for process in processes:
        process.start()
    taken = [seconds.get() for _ in processes]
    for process in processes:
        process.join()
    return max(taken)


def efficiency(pairs: int, years: int) -> None:
    """The steps of two replicates by one process and by two, alternately."""
    from quartier.model.synthesis import synthesise

    region, rates = _town()
    with tempfile.TemporaryDirectory() as name:
        start = Path(name) / "start.npz"
        synthesise(region, rates, 1).save(start)
        steps([[0]], start, 1)  # so that nothing is left to be compiled
        found = []
        for _ in range(pairs):
            one, two = steps([[0, 1]], start, years), steps([[0], [1]], start, years)
            found.append(one / (2 * two))
            print(f"one process {one:.2f} s, two {two:.2f} s: {found[-1]:.2f}", flush=True)
    print(f"parallel efficiency: {statistics.median(found):.2f} ({min(found):.2f} to {max(found):.2f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--efficiency", action="store_true")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--years", type=int, default=10)
    chosen = parser.parse_args()
    if chosen.check:
        check()
    elif chosen.efficiency:
        efficiency(chosen.pairs, chosen.years)
    elif chosen.memory:
        memory()
    else:
        batch()


if __name__ == "__main__":
    main()
