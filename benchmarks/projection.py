"""The full model against a cohort-component projection with the same tables, at town level.

`python benchmarks/projection.py` (a national town of 200,000 people, 20 years, four replicates, about two minutes);
`--check`: a small town, one year.
"""

from __future__ import annotations

import sys

import numpy as np
from quartier.calibration.projection import LAST_AGE, Assumptions, project
from quartier.model import QuartierModel
from quartier.model.processes.births import birth_hazards, fertile_women
from quartier.model.processes.migration import ORIGINS
from quartier.model.rates import read_rate_book
from quartier.model.synthesis import synthesise
from quartier.model.thresholds import AGES
from speed import national  # pyright: ignore[reportMissingImports]

GROUPS = {"0-17": (0, 18), "18-29": (18, 30), "30-44": (30, 45), "45-64": (45, 65), "65-79": (65, 80), "80+": (80, 121)}


def stock(model: QuartierModel) -> np.ndarray:
    """Persons [1, sex, quarter of age] now."""
    p, counts = model.people, np.zeros((1, 2, 4 * (LAST_AGE + 1)))
    here = np.flatnonzero(p.present == 1)
    np.add.at(counts, (0, p.sex[here], model.now - p.birth[here].astype(np.int64)), 1)
    return counts


def assumptions(model: QuartierModel) -> Assumptions:
    """The model's own tables, without households: births by age only, in-moves as the model makes them."""
    rates, p, templates = model.rates, model.people, model.side["in_migrate"]
    women = fertile_women(model)
    births = np.bincount(model.ages(women), birth_hazards(model, women), minlength=AGES)
    everyone = np.bincount(model.ages(np.flatnonzero((p.sex == 1) & (p.present == 1))), minlength=AGES)
    arrivals = sum(templates.persons_per_year(model, origin) for origin in range(len(ORIGINS)))
    per_quarter = np.zeros((1, 2, 4 * (LAST_AGE + 1)))
    per_quarter[0] = np.repeat(arrivals[:, : LAST_AGE + 1] / 16, 4, axis=1)
    return Assumptions(
        mortality=rates["mortality"].values, decline=rates["mortality_decline"].values,
        base_year=int(rates.parameter("mortality_base_year")), fertility=births / np.maximum(everyone, 1),
        births_per_confinement=rates.parameter("births_per_confinement"),
        share_of_boys=rates.parameter("share_of_boys"),
        out_migration=sum(rates[f"out_migration_{d}"].values for d in ORIGINS), in_migration=per_quarter,
    )


def compare(persons: int, years: int, replicates: int) -> np.ndarray:
    """Print persons by age group, model and projection; return their ratio."""
    region, rates = national(persons), read_rate_book("00")
    start = synthesise(region, rates, 1)
    ends = []
    for replicate in range(replicates):
        model = QuartierModel(region, rates, start, replicate=replicate)
        if replicate == 0:
            before, given = stock(model), assumptions(model)
        model.run(model.now + 4 * years)
        ends.append(stock(model)[0])
    after = project(before, start.step, 4 * years, given)[-1, 0]
    print(f"{'age':8s}{'start':>10s}{'projection':>12s}{'model':>10s}{'ratio':>8s}")
    ratios = []
    for name, (first, last) in GROUPS.items():
        cells = slice(4 * first, 4 * last)
        model_persons = float(np.mean([end[:, cells].sum() for end in ends]))
        ratios.append(model_persons / after[:, cells].sum())
        print(f"{name:8s}{before[0][:, cells].sum():10.0f}{after[:, cells].sum():12.0f}{model_persons:10.0f}{ratios[-1]:8.3f}")
    total = float(np.mean([end.sum() for end in ends]))
    print(f"{'all':8s}{before.sum():10.0f}{after.sum():12.0f}{total:10.0f}{total / after.sum():8.3f}")
    return np.array(ratios)


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(bool(np.abs(compare(20_000, 1, 2) - 1).max() > 0.03))
    compare(200_000, 20, 4)
