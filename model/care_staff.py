"""Staff of care: people and full-time equivalents needed against the supply that ages, retires and is trained.

A balance beside the run (model-care.md 5): nothing reacts to it, no wages, and no place closes by itself; a scenario takes
places away (`operable_only`). At the start supply equals need. Two variants: the staff grows as in 2019-2023 (trend), or
entrants follow the town's population of 18 to 34 (status quo).
"""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

from .rates import RateBook

Branch = Literal["home", "ambulatory"]
YOUNGEST, OLDEST = 20, 70
"""Ages of staff that are looked at; entrants are 20 to 34."""
ENTRY: Final = slice(0, 15)
MEASURES: Final = (
    "home_fte_needed",
    "home_fte_ceiling",
    "home_fte_qualified",
    "home_heads_needed",
    "home_heads_trend",
    "home_heads_status_quo",
    "ambulatory_fte_needed",
    "ambulatory_heads_needed",
    "ambulatory_heads_trend",
    "ambulatory_heads_status_quo",
)


def start_ages(rates: RateBook, branch: Branch) -> np.ndarray:
    """Shares (float64) of staff by single age 20..69: the statistics' groups below 50, 50 to 59, 60 and over, flat inside
    (the last to 66)."""
    from_50, from_60 = (rates.parameter(f"care_staff_{branch}_from_{age}") for age in (50, 60))
    ages = np.arange(YOUNGEST, OLDEST)
    shares = np.select(
        [ages < 50, ages < 60, ages < 67], [(1 - from_50 - from_60) / 30, from_50 / 10, from_60 / 7], 0.0
    )
    return shares / shares.sum()


def exits(rates: RateBook) -> np.ndarray:
    """Probability (float64) of leaving within a year by single age 20..69."""
    ages = np.arange(YOUNGEST, OLDEST)
    hazard = np.select(
        [ages < 60, ages < 65],
        [rates.parameter("care_staff_leave"), rates.parameter("care_staff_retire_60")],
        rates.parameter("care_staff_retire_65"),
    )
    return -np.expm1(-hazard)


def supply(rates: RateBook, branch: Branch, start: float, young: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """People in a branch at the end of each year by trend and by status quo, float64 [years] each.

    Parameters
    ----------
    start : people at the end of the first year. young : float64 [years], the town's population of 18 to 34.
    """
    growth, leaving = rates.parameter(f"care_staff_{branch}_growth"), exits(rates)
    paths = []
    for trend in (True, False):
        heads, out, first = start * start_ages(rates, branch), [start], None
        for year in range(1, young.size):
            stays = heads * (1 - leaving)
            entrants = heads.sum() * (1 + growth) - stays[:-1].sum()  # whoever turns 70 goes
            first = entrants if first is None else first
            if not trend:
                entrants = first * young[year] / young[0] if young[0] > 0 else 0.0
            heads = np.concatenate(([0.0], stays[:-1]))
            heads[ENTRY] += max(entrants, 0.0) / ENTRY.stop
            out.append(heads.sum())
        paths.append(np.array(out))
    return paths[0], paths[1]


def balance(rates: RateBook, residents: np.ndarray, clients: np.ndarray, young: np.ndarray) -> np.ndarray:
    """Staff by year and `MEASURES`, float64 [years, 10].

    Parameters
    ----------
    residents, clients : float64 [years], people who live in or wait for a nursing home, who have or want a service.
    young : float64 [years], the town's population of 18 to 34.
    """
    home = residents / rates.parameter("nursing_home_occupancy") * rates.parameter("care_staff_home_fte")
    ceiling = residents * rates.parameter("care_staff_home_ceiling")
    ambulatory = clients * rates.parameter("care_staff_ambulatory_fte")
    columns = [home, ceiling, ceiling * rates.parameter("care_staff_home_qualified")]
    branches: tuple[tuple[Branch, np.ndarray], ...] = (("home", home), ("ambulatory", ambulatory))
    for branch, needed in branches:
        heads = needed / rates.parameter(f"care_staff_{branch}_fte_per_head")
        columns += [needed] * (branch == "ambulatory") + [heads, *supply(rates, branch, float(heads[0]), young)]
    return np.stack(columns, axis=1)
