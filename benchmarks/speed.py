"""Cost of the full model per person-step, by process, at one or more sizes; and the state per row.

`python benchmarks/speed.py 1000000 10000000` (a national town of that many people; 10 million take about five minutes).
Start population and files are not counted. `--check`: a small town whose events, counted by process, are those of a run
without the stopwatch.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from quartier.model import QuartierModel, households
from quartier.model.rates import read_rate_book
from quartier.model.region.region import Region
from quartier.model.synthesis import synthesise
from quartier.model.timeline import is_year_end

PEOPLE_PER_QUARTIER = 8_000
STEPS = 8


def national(persons: int) -> Region:
    """The nation as one town of equal Quartiere, from the toy region of the tests."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
    import towns  # pyright: ignore[reportMissingImports]

    return towns.national(persons, max(persons // PEOPLE_PER_QUARTIER, 1))


def town(persons: int) -> QuartierModel:
    """The full model of a national town."""
    region, rates = national(persons), read_rate_book("00")
    return QuartierModel(region, rates, synthesise(region, rates, 1))


def timed_steps(model: QuartierModel, steps: int) -> tuple[dict[str, float], int]:
    """Seconds per process over some steps, the first one (which compiles) left out; and the person-steps they took."""
    seconds: dict[str, float] = {}
    person_steps = 0
    for number in range(steps + 1):
        model.now += 1
        for counts in model.events.values():
            counts[:] = 0
        people = int(np.count_nonzero(model.people.present))
        for process in model.processes:
            began = time.process_time()
            process.step(model)
            if number:
                seconds[process.name] = seconds.get(process.name, 0.0) + time.process_time() - began
        if is_year_end(model.now) and households.many_gone(model):
            began = time.process_time()
            households.compact(model)
            seconds["compact"] = seconds.get("compact", 0.0) + time.process_time() - began
        person_steps += people if number else 0
    return seconds, person_steps


def report(sizes: Sequence[int]) -> None:
    """Print cost by process and size, and the ratio of the largest to the smallest."""
    totals = []
    for size in sizes:
        model = town(size)
        tables = {"person": model.people, "household": model.households, "dwelling": model.dwellings}
        seconds, person_steps = timed_steps(model, STEPS)
        totals.append(1e9 * sum(seconds.values()) / person_steps)
        print(f"\n{size:,} people, {model.n_quartiere} Quartiere: {totals[-1]:.1f} ns per person-step")
        for name, spent in sorted(seconds.items(), key=lambda item: -item[1]):
            print(f"  {name:22s}{1e9 * spent / person_steps:8.1f} ns")
        print("  bytes per row: " + ", ".join(f"{name} {table.bytes_per_row()}" for name, table in tables.items()))
        print(f"  peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB")
    if len(totals) > 1:
        print(f"\ncost at {sizes[-1]:,} over that at {sizes[0]:,}: {totals[-1] / totals[0]:.2f}")


def check() -> bool:
    """Whether stepping with the stopwatch gives the same history as stepping without."""
    watched, plain = town(8_000), town(8_000)
    timed_steps(watched, 3)
    for _ in range(4):
        plain.step()
    a, b = (m.people.frame().query("present == 1").sort_values("key", ignore_index=True) for m in (watched, plain))
    columns = ["key", "birth", "quartier", "union_state", "care", "place"]
    return bool(a[columns].equals(b[columns]))


if __name__ == "__main__":
    if "--check" in sys.argv:
        same = check()
        print("same history with and without the stopwatch:", same)
        sys.exit(not same)
    report([int(argument) for argument in sys.argv[1:]] or [1_000_000])
