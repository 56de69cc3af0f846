"""A cohort-component projection by Quartier, sex and age, in quarters, written apart from the model.

It reads the same rate tables and goes through a step in the same order (die, bear, leave, arrive), but shares no code with
the processes: expected numbers instead of people, one array instead of a table. Where fertility and mortality depend on
age and sex only, the mean of many runs of the model must be this projection.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

QUARTERS = 4
LAST_AGE = 120
"""Completed years of the open age group (a size of arrays)."""


@dataclass(frozen=True)
class Assumptions:
    """What the projection needs, all as annual hazards by sex (0 men, 1 women) and completed age.

    Attributes
    ----------
    mortality, decline : float64 [2, ages]; level of ``base_year``, and yearly fall of its logarithm.
    base_year : the calendar year of the level.
    fertility : float64 [ages]; births per woman and year.
    births_per_confinement, share_of_boys : of the births.
    out_migration : float64 [2, ages].
    in_migration : float64 [Quartier, 2, quarters of age]; persons who arrive per quarter, or None for nobody.
    fertility_level : float64 [years]; factor on fertility by year of the projection, the last holds on; None = 1.
    """

    mortality: np.ndarray
    decline: np.ndarray
    base_year: int
    fertility: np.ndarray
    births_per_confinement: float
    share_of_boys: float
    out_migration: np.ndarray | None = None
    in_migration: np.ndarray | None = None
    fertility_level: np.ndarray | None = None


def _by_quarter_of_age(by_age: np.ndarray) -> np.ndarray:
    """Spread values by completed age over quarters of age; who is older than the table takes its last value."""
    age = np.minimum(np.arange(QUARTERS * (LAST_AGE + 1)) // QUARTERS, by_age.shape[-1] - 1)
    return by_age[..., age]


def survival(assumptions: Assumptions, year: int) -> np.ndarray:
    """Probability of living through a quarter, float64 [sex, quarter of age at the quarter's end].

    During a quarter people are half a quarter younger than at its end, so an eighth of the year at a completed age is
    lived at the age before; the first year of life has three quarters of exposure for seven eighths of its hazard.
    """
    h = assumptions.mortality * np.exp(-assumptions.decline * (year - assumptions.base_year))
    lived = np.empty_like(h)
    lived[:, 1:] = (7 * h[:, 1:] + h[:, :-1]) / 8
    lived[:, 0] = h[:, 0] * 7 / 6
    return np.exp(-_by_quarter_of_age(lived) / QUARTERS)


def project(stock: np.ndarray, start: int, steps: int, assumptions: Assumptions) -> np.ndarray:
    """Project a population.

    Parameters
    ----------
    stock : float64 [Quartier, sex, quarter of age], persons at the end of the quarter ``start``; a person born in that
        quarter has the quarter of age 0.
    start : absolute quarter (4 * year + quarter - 1).
    steps : quarters to project.

    Returns
    -------
    float64 [step, Quartier, sex, quarter of age], with ``steps + 1`` entries; the first is ``stock``.

    Raises
    ------
    ValueError : ``stock`` has not one entry per quarter of age up to `LAST_AGE`.
    """
    if stock.shape[1:] != (2, QUARTERS * (LAST_AGE + 1)):
        raise ValueError(f"stock must have the shape [Quartier, 2, {QUARTERS * (LAST_AGE + 1)}]")
    level = np.ones(1) if assumptions.fertility_level is None else assumptions.fertility_level
    confinements = _by_quarter_of_age(assumptions.fertility) / assumptions.births_per_confinement / QUARTERS
    chance = -np.expm1(-level[:, None] * confinements)
    births_per_woman = chance * assumptions.births_per_confinement
    sexes = np.array([assumptions.share_of_boys, 1 - assumptions.share_of_boys])
    stays = 1.0
    if assumptions.out_migration is not None:
        stays = np.exp(-_by_quarter_of_age(assumptions.out_migration) / QUARTERS)
    path = np.empty((steps + 1, *stock.shape))
    path[0] = stock
    for step in range(1, steps + 1):
        now = np.zeros_like(stock, dtype=float)
        now[..., 1:] = path[step - 1, ..., :-1]
        now[..., -1] += path[step - 1, ..., -1]
        now *= survival(assumptions, (start + step) // QUARTERS)
        now[..., 0] = (now[:, 1] @ births_per_woman[min((step - 1) // QUARTERS, level.size - 1)])[:, None] * sexes
        now *= stays
        if assumptions.in_migration is not None:
            now += assumptions.in_migration
        path[step] = now
    return path


def by_age_group(population: np.ndarray, years: int = 10) -> np.ndarray:
    """Sum quarters of age (last axis) to groups of ``years`` completed years."""
    return np.add.reduceat(population, np.arange(0, population.shape[-1], QUARTERS * years), axis=-1)


def life_expectancy(assumptions: Assumptions, year: int) -> np.ndarray:
    """Life expectancy at birth in years [men, women] with the mortality of one year.

    Birth and death both fall in the middle of their quarters on average, so quarters between them are quarters lived.
    """
    alive = np.cumprod(survival(assumptions, year)[:, 1:], axis=1)
    return (1 + alive.sum(axis=1)) / QUARTERS
