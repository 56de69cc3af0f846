"""A sample of Germany under the inputs of the UN projection, against its results and those of the 16th projection.

    python benchmarks/germany.py            a 1 % sample (834,560 persons), 2024 to 2050; about two minutes
    python benchmarks/germany.py --full     the same with every process of the model's step
    python benchmarks/germany.py --check    12,000 persons; some seconds

Needs the shared data: QUARTIER_DATA, by default ../shared/data.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from quartier.calibration import germany as g
from quartier.calibration.sample import sample_region
from quartier.model.processes import STEP
from quartier.model.rates import read_rate_book
from quartier.model.synthesis.synthesise import synthesise

YEARS = (2024, 2025, 2030, 2035, 2040, 2045, 2050)
GROUPS = ((0, 19), (20, 66), (67, 79), (80, 110))
PERSONS_PER_QUARTIER = 30_000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--replicates", type=int, default=1)
    parser.add_argument("-n", type=int, default=834_560)
    options = parser.parse_args()
    data = Path(os.environ.get("QUARTIER_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not data.is_dir():
        print(f"no shared data at {data}; set QUARTIER_DATA")
        return 0 if options.check else 2
    persons, rounds = (12_000, 1) if options.check else (options.n, 2)
    rates, prospects = read_rate_book("00"), g.read_prospects(data)
    pyramid = g.official_pyramid(rates)
    region = sample_region(pyramid, persons, max(persons // PERSONS_PER_QUARTIER, 2))
    start = synthesise(region, rates, 1)
    names = tuple(p.name for p in STEP) if options.full else g.DEMOGRAPHY
    guess = np.zeros(g.AGES)
    guess[g.FERTILE] = np.exp(-0.5 * ((np.arange(15, 50) + 0.5 - 31.5) / 5.3) ** 2)
    path = g.companion(prospects, pyramid, guess)
    levels = g.fit_levels(region, rates, start, prospects, path, rounds)
    book = g.driven(rates, prospects, path, levels)
    watch = g.sample_run(region, book, start, 0, names)
    for replicate in range(1, 1 if options.check else options.replicates):
        watch.add(g.sample_run(region, book, start, replicate, names))
    path = g.companion(prospects, pyramid, g.fertility_shape(watch))
    worst = report(prospects, watch, path, levels)
    official(data, watch, pyramid)
    good = worst["population"] < 0.01 and worst["life"] < 0.2
    return 0 if good or options.check else 1


def report(prospects: g.Prospects, watch: g.Watch, path: np.ndarray, levels: g.Levels) -> dict[str, float]:
    years, fertility = prospects.years, watch.total_fertility()
    own = np.array([p.sum() for p in watch.population])
    published = years["population"].to_numpy()
    growth, wanted, given = own / own[0], published / published[0], path.sum(axis=(1, 2)) / path[0].sum()
    print(f"sample {own[0]:,.0f} of {path[0].sum():,.0f} (official, end of 2023); WPP's own base {published[0]:,.0f}")
    print(
        f"{'year':>5} {'WPP':>8} {'model':>8} {'model/WPP':>10} {'companion/WPP':>14} {'TFR WPP':>8} {'model':>6} {'factor':>7}"
    )
    for year in YEARS:
        k = year - g.FIRST_YEAR + 1
        print(
            f"{year:>5} {wanted[k]:8.4f} {growth[k]:8.4f} {growth[k] / wanted[k]:10.4f} {given[k] / wanted[k]:14.4f} "
            f"{years['tfr'].iloc[k]:8.3f} {fertility[k - 1]:6.3f} {levels.births[k - 1]:7.3f}"
        )
    print("life expectancy, men and women: published, from the run's deaths (years together), difference")
    largest = 0.0
    for first in range(0, len(fertility) - 2, 5):
        span = slice(first, first + 5 if first + 7 < len(fertility) else len(fertility))
        seen = g.observed_life_expectancy(watch, span)
        said = years[["m", "f"]].to_numpy(float)[1:][span].mean(axis=0)
        largest = max(largest, float(np.abs(seen - said).max()))
        last = g.FIRST_YEAR + span.stop - 1
        print(f"  {g.FIRST_YEAR + first}-{last}: {said.round(2)} {seen.round(2)} {(seen - said).round(2)}")
    off = float(np.abs(growth / wanted - 1).max())
    print(f"largest deviation of the population {100 * off:.2f} %, of life expectancy {largest:.2f} years")
    return {"population": off, "life": largest}


def official(data: Path, watch: g.Watch, pyramid: np.ndarray) -> None:
    read: Any = pd.read_csv
    table = read(data / "germany" / "projection16_v2_population_sex_age.csv")
    scale = pyramid.sum() / watch.population[0].sum()
    print("against the 16th coordinated projection, variant 2 (million persons: projection, model, difference in %)")
    for year in (2025, 2030, 2040, 2050):
        at = table.loc[(table["reference_date"] == f"{year}-12-31") & table["sex"].isin(("m", "f"))]
        own = watch.population[year - g.FIRST_YEAR + 1].sum(axis=0) * scale / 1e6
        cells = []
        for low, high in (*GROUPS, (0, 110)):
            said = float(at.loc[(at["age"] >= low) & (at["age"] <= high), "population_thousand"].sum()) / 1000
            seen = float(own[low : high + 1].sum())
            cells.append(f"{low}-{high if high < 110 else ''}: {said:.2f} {seen:.2f} {100 * (seen / said - 1):+.1f}")
        print(f"  {year}  " + " | ".join(cells))


if __name__ == "__main__":
    sys.exit(main())
