"""Noise in a scenario's difference: a town of 100,000 with and without a small change, under the same luck.

    python benchmarks/noise.py                    20 replicates, 20 years, demographic processes; some minutes on 2 cores
    python benchmarks/noise.py --shortage         with too few dwellings
    python benchmarks/noise.py --only deaths      births and deaths alone, the floor
    python benchmarks/noise.py --only no_moves    without the dwelling market
    python benchmarks/noise.py --check            2,000 persons, 2 years, 3 replicates; some seconds

Dwellings are built as fast as households grow, so that the dwelling market works; with --shortage only as the model builds of
itself, which on a national structure falls behind and turns the market into a queue.

With d the paired difference of the population after the last year it prints the mean of d, Var(d) / |mean d| (the aim is 3
or less), and the same ratio for runs whose luck is not shared.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache

import numpy as np
from quartier.calibration.sample import national_pyramid, sample_region
from quartier.model.measures import DwellingsMeasure
from quartier.model.model import QuartierModel
from quartier.model.processes import STEP
from quartier.model.rates import Modifier, RateBook, read_rate_book
from quartier.model.region.region import Region
from quartier.model.start import Start
from quartier.model.synthesis.synthesise import synthesise

PROCESSES = {
    "all": "die bear separate marry form_union leave_home return_home out_migrate in_migrate move",
    "no_moves": "die bear separate marry form_union leave_home return_home out_migrate in_migrate",
    "no_unions": "die bear leave_home return_home out_migrate in_migrate move",
    "deaths": "die bear",
}
CHANGES = ("none", "mortality", "fertility", "dwellings")
PERSONS_PER_QUARTIER = 7_700
BUILT, ROOMS = 200, 4
YEARLY = 195
"""Dwellings a year for 100,000 persons that keep the share of vacant ones at two to four per cent over 20 years."""


@cache
def town(persons: int) -> tuple[Region, RateBook, Start]:
    rates = read_rate_book("00")
    region = sample_region(national_pyramid(rates), persons, max(persons // PERSONS_PER_QUARTIER + 1, 2), "town")
    return region, rates, synthesise(region, rates, 1)


def yearly(quartiere: int, persons: int, first: int, years: int) -> Iterator[DwellingsMeasure]:
    """Dwellings completed every year, of two to four rooms in turn, the same in every Quartier."""
    each = max(round(YEARLY * persons / 100_000 / quartiere), 1)
    for year in range(years):
        for quartier in range(quartiere):
            yield DwellingsMeasure(quartier, 2 + (quartier + year) % 3, each, first + 4 * year)


def population(job: tuple[int, str, str, int, int, bool]) -> int:
    """Persons after some years of one replicate under one change."""
    persons, processes, change, replicate, years, shortage = job
    region, rates, start = town(persons)
    first = start.step + 1
    if change == "mortality":
        rates = rates.with_modifiers([Modifier("mortality", "factor", 0.99, start=first)])
    elif change == "fertility":
        rates = rates.with_modifiers([Modifier("birth_hazard", "factor", 1.02, start=first)])
    built = DwellingsMeasure(region.n_quartiere // 3, ROOMS, BUILT * persons // 100_000 or 1, first + 4)
    measures = [] if shortage else list(yearly(region.n_quartiere, persons, first, years))
    measures += [built] if change == "dwellings" else []
    names = PROCESSES[processes].split()
    model = QuartierModel(
        region,
        rates,
        start,
        replicate=replicate,
        measures=measures,
        processes=tuple(p for p in STEP if p.name in names),
    )
    model.run(start.step + 4 * years)
    return int((model.people.present == 1).sum())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--shortage", action="store_true")
    parser.add_argument("--only", choices=PROCESSES, default="all")
    parser.add_argument("--replicates", type=int, default=20)
    parser.add_argument("--changes", nargs="*", choices=CHANGES[1:], default=CHANGES[1:])
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    persons, years, replicates = (2_000, 2, 3) if options.check else (100_000, 20, options.replicates)
    base: np.ndarray | None = None
    with ProcessPoolExecutor(1 if options.check else options.workers) as pool:
        for change in ("none", *options.changes):
            jobs = [
                (persons, options.only, change, replicate, years, options.shortage) for replicate in range(replicates)
            ]
            found = np.array(list(pool.map(population, jobs)), float)
            if base is None:
                base = found
                print(
                    f"{persons} persons, {years} years, {replicates} replicates, {options.only}: {base.mean():.0f} at the end"
                )
                continue
            report(change, base, found)
    return 0


def report(change: str, base: np.ndarray, changed: np.ndarray) -> None:
    d = changed - base
    mean, variance = float(d.mean()), float(d.var(ddof=1))
    apart = float(base.var(ddof=1) + changed.var(ddof=1))
    error = variance * np.sqrt(2 / (d.size - 1))
    ratio = f"{variance / abs(mean):.2f} (standard error {error / abs(mean):.2f})" if mean else "-"
    print(
        f"{change:10} mean d {mean:8.1f} (standard error {np.sqrt(variance / d.size):.1f})  Var(d) {variance:8.1f}  "
        f"Var(d)/|mean d| {ratio}  with luck not shared {apart / abs(mean) if mean else np.inf:.0f}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
