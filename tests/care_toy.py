"""Many people who live alone, with the age structure of a stationary population, for the processes of care."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import toy
from quartier.model.care_hazards import AGES, life_table
from quartier.model.luck import Domain, derive_keys
from quartier.model.measures import Measure
from quartier.model.model import QuartierModel
from quartier.model.process import Process
from quartier.model.rates import RateBook, read_rate_book
from quartier.model.start import Start


def constant_rates(state: str = "00", **parameters: float) -> RateBook:
    """The rate book without a trend of need and without a trend of mortality."""
    rates = read_rate_book(state)
    still = replace(rates["mortality_decline"], values=np.zeros_like(rates["mortality_decline"].values))
    return replace(
        rates, rates={**rates.rates, "mortality_decline": still},
        parameters={**rates.parameters, "care_trend": 0.0, **parameters}, _cache={},
    )


def old_and_young(n: int, youngest: int = 0, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sex, age and quarter of ``n`` people of a stationary population from an age on."""
    rng = np.random.default_rng(seed)
    alive = np.exp(-np.cumsum(life_table(read_rate_book("00"), 2024), axis=1))
    alive[:, :youngest] = 0
    cell = rng.choice(2 * AGES, n, p=(alive / alive.sum()).ravel())
    return cell // AGES, cell % AGES, rng.integers(0, 4, n)


def singles(
    n: int, processes: tuple[Process, ...], rates: RateBook, *, youngest: int = 0, quartiere: int = 3, seed: int = 1,
    measures: Sequence[Measure] = (), **columns: np.ndarray,
) -> QuartierModel:
    """A town of ``n`` people who live alone."""
    sex, age, quarter = old_and_young(n, youngest)
    row = np.arange(n)
    people = {
        "key": derive_keys(Domain.START_PERSON, row), "id": row, "birth": toy.START - 4 * age - quarter, "sex": sex,
        "household": row, "quartier": row % quartiere, **columns,
    }
    households = {"dwelling": row, "quartier": row % quartiere, "size": np.ones(n, int)}
    dwellings = {
        "key": derive_keys(Domain.DWELLING, row), "quartier": row % quartiere, "rooms": np.full(n, 2), "household": row,
    }
    start = Start(toy.START, people, households, dwellings)
    return QuartierModel(toy.region(quartiere), rates, start, seed=seed, measures=measures, processes=processes)
