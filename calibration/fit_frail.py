"""The share of frail that the wishes of the model lead to, by sex and age: from a national run, once and for all.

`python -m quartier.calibration.fit_frail [persons] [towns]` (default 2,000,000 and 2; six minutes). Towns with Germany's pyramid,
rates constant, without migration, moves and childcare; the mean of the ends of the years 2 to 8. Writes
`model/data/care_frail.csv`, the table with which the mortality of the frail is normalised (`model/frailty.py`). To be run
again when the choice of a nursing home changes.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd
from quartier.calibration.sample import SEXES, national_pyramid, sample_region
from quartier.calibration.tables import write_table
from quartier.model import QuartierModel
from quartier.model.columns import CARE_GRADE_BITS, FRAIL_BIT
from quartier.model.processes import STEP
from quartier.model.rates import read_rate_book
from quartier.model.synthesis import synthesise

LEFT_OUT: Final = ("out_migrate", "in_migrate", "move", "form_need", "place_children")
YEARS: Final = range(2, 9)
GROUPS: Final = 20
PEOPLE_PER_QUARTIER: Final = 20_000


def counts(model: QuartierModel) -> np.ndarray:
    """Persons in need and the frail among them, [2, sex, age group]."""
    p = model.people
    rows = np.flatnonzero((p.present == 1) & (p.care & CARE_GRADE_BITS > 0))
    cell = p.sex[rows].astype(np.int64) * GROUPS + np.minimum(model.ages(rows) // 5, GROUPS - 1)
    frail = (p.care[rows] & FRAIL_BIT) > 0
    return np.stack([np.bincount(cell, w, minlength=2 * GROUPS) for w in (np.ones(rows.size), frail)]).reshape(2, 2, GROUPS)


def fitted(persons: int, towns: int) -> np.ndarray:
    """Share of frail among persons in need, float64 [sex, age group]."""
    rates = read_rate_book("00")
    rates = replace(rates, parameters={**rates.parameters, "care_trend": 0.0}, _cache={})
    region = sample_region(national_pyramid(rates), persons, max(persons // PEOPLE_PER_QUARTIER, 2))
    processes = tuple(process for process in STEP if process.name not in LEFT_OUT)
    total = np.zeros((2, 2, GROUPS))
    for seed in range(1, towns + 1):
        model = QuartierModel(region, rates, synthesise(region, rates, seed), seed=seed, processes=processes)
        for year in range(max(YEARS) + 1):
            if year in YEARS:
                total += counts(model)
            model.run(model.now + 4)
    return total[1] / np.maximum(total[0], 1)


def main() -> None:
    """Write the table."""
    persons, towns = [int(argument) for argument in sys.argv[1:]] or (2_000_000, 2)
    share = fitted(persons, towns)
    index = pd.MultiIndex.from_product([SEXES, range(0, 5 * GROUPS, 5)], names=["sex", "age_group"])
    write_table("care_frail.csv", pd.DataFrame({"share": share.ravel().round(4)}, index=index).reset_index())


if __name__ == "__main__":
    main()
