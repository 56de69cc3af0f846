"""The age structure of a state at the end of any year, and the death hazards of a calendar year."""

from __future__ import annotations

import numpy as np

from .rates import RateBook
from .thresholds import pad_ages


def death_hazards_of(rates: RateBook, year: int, level: np.ndarray) -> np.ndarray:
    """Annual death hazards of a calendar year, float64 [sex, age], with the town's level by sex."""
    trend = np.exp(-rates["mortality_decline"].values * (year - rates.parameter("mortality_base_year")))
    return pad_ages(rates["mortality"].values * trend) * level[:, None]


def pyramid_of_year(rates: RateBook, state: str, year: int) -> np.ndarray:
    """Persons of a state (of Germany where it has no profile) at the end of a year, float64 [sex, age].

    The cohorts of the one known year, with the deaths between: who was born in a strong year stays one of many. The youngest
    of later years are as many as those of the known year; migration between is left where it led.
    """
    pyramid = rates["population_pyramid"]
    known, states = int(rates.parameter("pyramid_year")), pyramid.labels[0]
    persons = pyramid.values[states.index(state if state in states else "00")]
    for between in range(min(year, known) + 1, max(year, known) + 1):
        stay = np.exp(-death_hazards_of(rates, between, np.ones(2)))[:, : persons.shape[1]]
        if year < known:
            persons = np.concatenate((persons[:, 1:] / stay[:, :-1], persons[:, -1:]), axis=1)
        else:
            persons = np.concatenate((persons[:, :1], (persons * stay)[:, :-1]), axis=1)
    return persons
