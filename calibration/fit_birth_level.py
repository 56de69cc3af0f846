"""Fit the level of fertility by year of the run: `python -m quartier.calibration.fit_birth_level` (about two minutes).

Constant hazards by union, parity and age do not hold total fertility (model-demography.md 6: 1.376 at the composition of
2023, 1.347 five years later). In the full model it rises: women of the start have borne more children than women who live by
the model's rates at the same ages, unions of the young become more, and births of the start are spaced otherwise. Which of
them is true nobody knows; a forecast keeps the fertility of its first year. A few national towns are run for twenty years with
all processes, the level is moved by what is left, and it is smoothed over the years. Writes `model/data/birth_level.csv`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd
from quartier.calibration.sample import national_pyramid, sample_region
from quartier.calibration.tables import write_table
from quartier.model.model import QuartierModel
from quartier.model.processes.births import OLDEST, YOUNGEST, birth_hazards, fertile_women
from quartier.model.rates import RateBook, read_rate_book
from quartier.model.region.region import Region
from quartier.model.start import Start
from quartier.model.synthesis.synthesise import synthesise

PERSONS, PERSONS_PER_QUARTIER, YEARS, ROUNDS, REPLICATES = 400_000, 8_000, 21, 4, 2
DEGREE: Final = 4
"""Of the polynomial in the square root of the years through the levels: the first years change most."""


def total_fertility(model: QuartierModel) -> float:
    """Births per woman at the hazards and the composition of now: expected values, so there is no noise of births in them."""
    women = fertile_women(model)
    age, n = model.ages(women) - YOUNGEST, OLDEST - YOUNGEST + 1
    births = np.bincount(age, birth_hazards(model, women), minlength=n)
    return float((births / np.maximum(np.bincount(age, minlength=n), 1)).sum())


def path(region: Region, rates: RateBook, start: Start, replicate: int) -> np.ndarray:
    """Total fertility of each year of a run, float64 [YEARS]; that of a year is the mean of its four steps."""
    model = QuartierModel(region, rates, start, replicate=replicate)
    steps = []
    for _ in range(4 * YEARS):
        model.step()
        steps.append(total_fertility(model))
    return np.array(steps).reshape(YEARS, 4).mean(axis=1)


def smooth(level: np.ndarray) -> np.ndarray:
    """The level as a polynomial in the root of the years, 1 in the first year."""
    root = np.sqrt(np.arange(level.size))
    terms = root[:, None] ** np.arange(1, DEGREE + 1)
    coefficients, *_ = np.linalg.lstsq(terms, level - 1, rcond=None)
    return 1 + terms @ coefficients


def fit(rates: RateBook) -> np.ndarray:
    """Levels, float64 [YEARS], after some rounds, each with other luck."""
    region = sample_region(national_pyramid(rates), PERSONS, PERSONS // PERSONS_PER_QUARTIER, "town")
    start, level = synthesise(region, rates, 1), np.ones(YEARS)
    for number in range(ROUNDS):
        years = tuple(range(YEARS))
        changed = replace(rates["birth_level"], labels=(years,), values=level)
        book = replace(rates, rates={**rates.rates, "birth_level": changed}, _cache={})
        found = np.mean([path(region, book, start, REPLICATES * number + r) for r in range(REPLICATES)], axis=0)
        print(f"round {number}, total fertility by year: {np.array2string(found, precision=3)}", flush=True)
        level = smooth(level * found[0] / found)
    return level


def main() -> None:
    """Write the model's own table."""
    write_table("birth_level.csv", pd.DataFrame({"run_year": range(YEARS), "level": fit(read_rate_book("00")).round(4)}))


if __name__ == "__main__":
    main()
