"""Berlin 2020 from the original register matrix: 448 areas, 3.77 million people, read, built and run for five years.

    python benchmarks/berlin.py            times of reading, building and every process, and peak memory; some minutes
    python benchmarks/berlin.py --care     the same, and where those in need live at the end of every year
    python benchmarks/berlin.py --check    the whole matrix read, twelve of its areas built and run for a year; some seconds

The matrix lies in the shared data (QUARTIER_DATA, default ../shared/data). One processor; compiled code is kept, and what is
not yet compiled is compiled beforehand by a run of twelve areas, which is not counted.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from quartier.model.columns import CARE_GRADE_BITS, Setting
from quartier.model.invariants import check
from quartier.model.model import QuartierModel
from quartier.model.process import Process
from quartier.model.processes import STEP
from quartier.model.processes.care_origin import place_counts
from quartier.model.rates import read_rate_book
from quartier.model.region.berlin import read_berlin_register
from quartier.model.region.region import Region
from quartier.model.start import Start
from quartier.model.synthesis import synthesise
from quartier.model.timeline import last_day
from quartier.outputs.recorder import record

DATA: Final = (
    Path(os.environ.get("QUARTIER_DATA", Path(__file__).parents[2] / "shared" / "data")) / "regions" / "berlin"
)
MATRIX: Final = DATA / "raw" / "ewr_plr" / "EWR202012E_Matrix.csv"
AREAS, PERSONS, FEW = 448, 3_769_962, 12


def peak() -> float:
    """Largest memory of this process so far, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def read(matrix: Path) -> Region:
    """The register with the names and centres of its areas and their borders."""
    tidy = DATA / "tidy"
    return read_berlin_register(matrix, tidy / "areas_plr.csv", tidy / "plr.geojson")


def first_areas(folder: Path) -> Path:
    """A matrix of the first twelve areas."""
    header, *rows = MATRIX.read_text(encoding="utf-8").splitlines()
    path = folder / MATRIX.name
    path.write_text("\n".join([header, *rows[:FEW]]) + "\n", encoding="utf-8")
    return path


def timed(processes: tuple[Process, ...], seconds: dict[str, float]) -> tuple[Process, ...]:
    """The same processes, each adding up the time its steps take."""

    def watched(process: Process) -> Process:
        def step(model: QuartierModel) -> None:
            began = time.process_time()
            process.step(model)
            seconds[process.name] += time.process_time() - began

        return replace(process, step=step)

    return tuple(watched(process) for process in processes)


def few_areas() -> QuartierModel:
    """Twelve areas built and run for a year, with what the whole needs compiled on the way."""
    with tempfile.TemporaryDirectory() as folder:
        region = read_berlin_register(first_areas(Path(folder)), DATA / "tidy" / "areas_plr.csv")
    rates = read_rate_book(region.state)
    model = QuartierModel(region, rates, synthesise(region, rates, 1), processes=STEP)
    until = model.now + 4
    recorder = record(model, until)
    model.run(until)
    recorder.tables()
    return model


def problems() -> list[str]:
    """What is wrong with the register as it is read, and with a year of twelve areas."""
    region, found = read(MATRIX), []
    persons = int(region.start_population["persons"].sum())
    if (region.n_quartiere, persons) != (AREAS, PERSONS):
        found.append(f"{region.n_quartiere} areas and {persons} persons read")
    if region.age_margins["persons"].sum() != persons:
        found.append("men and women do not add up to the residents")
    model = few_areas()
    check(model)
    if not 0.9 < int((model.people.present == 1).sum()) / int(model.region.start_population["persons"].sum()) < 1.1:
        found.append("a tenth of the people came or went within a year")
    return found


class Clock:
    """Seconds on the wall and of this process's own work since the last look: they differ where the machine is shared."""

    def __init__(self) -> None:
        self.wall, self.work = time.perf_counter(), time.process_time()

    def tell(self, what: str) -> float:
        """Say what has taken how long; returns the seconds of work."""
        wall, work = time.perf_counter() - self.wall, time.process_time() - self.work
        print(f"{what}: {work:.1f} s of work ({wall:.1f} s on the wall), peak {peak():.2f} GB", flush=True)
        self.__init__()
        return work


def build(clock: Clock) -> tuple[Region, Start]:
    """Read and synthesise."""
    region = read(MATRIX)
    clock.tell(f"reading {region.n_quartiere} areas, {region.start_population['persons'].sum()} persons")
    start = synthesise(region, read_rate_book(region.state), 1)
    clock.tell(f"building {len(start.people['key'])} persons in {len(start.households['size'])} households")
    return region, start


def tell_care(model: QuartierModel) -> None:
    """Print how many are in need and where they live, and what has become of them by place."""
    p = model.people
    need = (p.present == 1) & (p.care & CARE_GRADE_BITS > 0)
    share = 100 * np.bincount(p.setting[need], minlength=len(Setting)) / need.sum()
    line = ", ".join(f"{setting.name.lower()} {share[setting]:.1f} %" for setting in Setting if share[setting] > 0)
    print(f"    {last_day(model.now)}: {need.sum()} in need: {line}")
    if model.now > model.start_step and (places := place_counts(model)) is not None:
        known, there, *entries = places.sum(axis=0)
        near = sum(entries[:2]) / max(sum(entries), 1)
        print(f"    in the Quartier where need began: {there / known:.3f}; entries into homes below 1 km: {near:.2f}")


def main() -> None:
    """Print the figures, or check a small part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="correctness only")
    parser.add_argument("--care", action="store_true", help="settings of care at the end of every year")
    parser.add_argument("--years", type=int, default=5)
    given = parser.parse_args()
    if given.check:
        if found := problems():
            sys.exit("\n".join(found))
        print(f"Berlin 2020: {AREAS} areas and {PERSONS} persons read; {FEW} areas built and run for a year: ok")
        return
    few_areas()
    whole, clock, seconds = Clock(), Clock(), defaultdict[str, float](float)
    region, start = build(clock)
    model = QuartierModel(region, read_rate_book(region.state), start, processes=timed(STEP, seconds))
    until = model.now + 4 * given.years
    recorder = record(model, until)
    clock.tell("setting up the model")
    lived = 0
    for step in range(4 * given.years):
        if given.care and step % 4 == 0:
            tell_care(model)
        model.step()
        lived += int((model.people.present == 1).sum())
    steps = clock.tell(f"{4 * given.years} steps")
    seconds["recorder and the rest"] = steps - sum(seconds.values())
    for name, spent in sorted(seconds.items(), key=lambda item: -item[1]):
        print(f"    {name:22} {spent:6.1f} s {1e9 * spent / lived:6.1f} ns per person and step")
    if given.care:
        tell_care(model)
    print(
        f"{len(np.flatnonzero(model.people.present == 1))} persons, {recorder.tables()['events'].sum()} events counted"
    )
    whole.tell("all")


if __name__ == "__main__":
    main()
