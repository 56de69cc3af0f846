"""Total fertility stays what it is in the first year, while parity, unions and spacing settle."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import towns
from quartier.calibration.fit_birth_level import total_fertility
from quartier.model import QuartierModel
from quartier.model.rates import read_rate_book
from quartier.model.synthesis import synthesise

RATES = read_rate_book("00")


REPLICATES = 4
BAND = 0.03
"""Half of what six years without the level add (5.6 %), and 3.5 standard errors: one town of 200,000 scatters by 1.7 %."""


def change_in_six_years(rates) -> float:
    """Total fertility of the sixth year over that of the first, less one; mean of some towns of 200,000."""
    region = towns.national(200_000, 8)
    start = synthesise(region, RATES, 1)
    found = []
    for replicate in range(REPLICATES):
        model = QuartierModel(region, rates, start, replicate=replicate)
        steps = []
        for _ in range(24):
            model.step()
            steps.append(total_fertility(model))
        found.append(np.mean(steps[20:]) / np.mean(steps[:4]) - 1)
    return float(np.mean(found))


@pytest.mark.long
def test_total_fertility_is_kept_by_the_level_and_would_rise_without_it():
    flat = replace(RATES["birth_level"], labels=((0,),), values=np.ones(1))
    assert abs(change_in_six_years(RATES)) < BAND
    assert change_in_six_years(replace(RATES, rates={**RATES.rates, "birth_level": flat}, _cache={})) > BAND


def test_the_first_year_of_a_run_is_at_the_level_of_the_table():
    level = RATES["birth_level"]
    assert level.values[0] == 1 and (np.diff(level.values) < 0).all() and level.values[-1] > 0.9
