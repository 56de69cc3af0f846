"""Staff of care: people and full-time equivalents needed against the supply that ages, retires and is trained.

Pure functions (model-care.md 5): one year of a branch's staff by age, the balance of need and supply that the outputs
show, and which places are lost where staff is short. Where a region lists no staff, supply equals need at the start;
staff reacts to nothing, there are no wages. Two variants: the staff grows as in 2019-2023 (trend), or entrants follow the
town's population of 18 to 34 (status quo). The process that lets a shortage act is `processes.care_staffing`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np

from .rates import RateBook

Branch = Literal["home", "ambulatory"]
BRANCHES: Final[tuple[Branch, ...]] = ("home", "ambulatory")
"""Branches of the statistics: homes with day care and short-term care, and ambulatory services."""
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
    leaving, paths = exits(rates), []
    for trend in (True, False):
        heads, out, first = start * start_ages(rates, branch), [start], None
        for year in range(1, young.size):
            entrants = trend_entrants(rates, branch, heads)
            first = entrants if first is None else first
            if not trend:
                entrants = first * young[year] / young[0] if young[0] > 0 else 0.0
            heads = a_year_later(heads, leaving, entrants)
            out.append(heads.sum())
        paths.append(np.array(out))
    return paths[0], paths[1]


def trend_entrants(rates: RateBook, branch: Branch, heads: np.ndarray) -> float:
    """People who must enter a branch within a year for it to grow as in 2019-2023; ``heads`` by age 20..69."""
    stays = (heads * (1 - exits(rates)))[:-1].sum()  # whoever turns 70 goes
    return max(heads.sum() * (1 + rates.parameter(f"care_staff_{branch}_growth")) - stays, 0.0)


def a_year_later(heads: np.ndarray, leaving: np.ndarray, entrants: float) -> np.ndarray:
    """Staff by age 20..69 after a year of exits (probabilities) and of entrants, who are spread over 20 to 34."""
    heads = np.concatenate(([0.0], (heads * (1 - leaving))[:-1]))
    heads[ENTRY] += entrants / ENTRY.stop
    return heads


def units_lost(lacking: float, needed: np.ndarray, own: np.ndarray, most: float, keys: np.ndarray) -> np.ndarray:
    """Full-time equivalents (float64) that each facility must do without; together at least what is lacking.

    The facility with the highest shortage of its own loses first, and no more than the share ``most`` of its need; only
    when all have come so far, all lose more in the same proportion (model-care.md 5).

    Parameters
    ----------
    lacking : full-time equivalents the branch lacks. needed, own : float64, per facility, what its places take and what it
        has. keys : u64, settle equal shortages.
    """
    lost = np.zeros(needed.size)
    total = needed.sum()
    if lacking <= 0 or total <= 0:
        return lost
    with np.errstate(divide="ignore", invalid="ignore"):
        short = np.where(needed > 0, 1 - own / needed, -np.inf)
    order = np.lexsort((keys, -short))
    may_lose = most * needed[order]
    before = np.cumsum(may_lose) - may_lose
    lost[order] = np.clip(lacking - before, 0, may_lose)
    beyond = min(lacking, total) - lost.sum()
    return lost + max(beyond, 0) * (needed - lost) / max((needed - lost).sum(), 1e-12)


def balance(
    rates: RateBook,
    residents: np.ndarray,
    clients: np.ndarray,
    young: np.ndarray,
    covered: Sequence[float] = (1.0, 1.0),
) -> np.ndarray:
    """Staff by year and `MEASURES`, float64 [years, 10].

    Parameters
    ----------
    residents, clients : float64 [years], people who live in or wait for a nursing home, who have or want a service.
    young : float64 [years], the town's population of 18 to 34.
    covered : share of the need of the first year that has staff, by branch.
    """
    home = residents / rates.parameter("nursing_home_occupancy") * rates.parameter("care_staff_home_fte")
    ceiling = residents * rates.parameter("care_staff_home_ceiling")
    ambulatory = clients * rates.parameter("care_staff_ambulatory_fte")
    columns = [home, ceiling, ceiling * rates.parameter("care_staff_home_qualified")]
    branches: tuple[tuple[Branch, np.ndarray], ...] = (("home", home), ("ambulatory", ambulatory))
    for (branch, needed), share in zip(branches, covered, strict=True):
        heads = needed / rates.parameter(f"care_staff_{branch}_fte_per_head")
        there = supply(rates, branch, float(heads[0]) * share, young)
        columns += [needed] * (branch == "ambulatory") + [heads, *there]
    return np.stack(columns, axis=1)
