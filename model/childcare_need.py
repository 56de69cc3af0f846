"""How many children wish a place: the need by half-year of age, with the state's level, and the children there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from .school import expected_share_not_at_school
from .timeline import STEPS_PER_YEAR

if TYPE_CHECKING:
    from .model import QuartierModel
    from .rates import RateBook

CHILD_QUARTERS: Final = 9 * STEPS_PER_YEAR
"""Nobody of this age, in quarters, is still before school, not even a child deferred by a year."""
THREE: Final = 3 * STEPS_PER_YEAR
"""The third birthday in quarters; half-year 6."""
ENTRY_QUARTER: Final = 3
"""The Kita year begins on 1 August."""


def need_by_half_year(rates: RateBook, step: int, n_quartiere: int) -> tuple[np.ndarray, np.ndarray]:
    """Share of the children not yet at school whose parents wish a place.

    Under three the national logit is shifted by the state's level; from one half-year to the next the share never falls
    (who wishes a place goes on wishing it).

    Returns
    -------
    class_of_quartier : u8 [n_quartiere].
    need : float64 [class, half-year of age], the last half-year stands for all older children.
    """
    class_of_quartier, values = rates.resolve("childcare_need", step, n_quartiere)
    need = np.clip(values, 0.0, 1.0)
    young = np.arange(need.shape[1]) < THREE // 2
    shift = np.exp(rates.parameter("childcare_need_shift_under_3"))
    need = np.where(young, need * shift / (1 - need + need * shift), need)
    return class_of_quartier, np.maximum.accumulate(need, axis=1)


def by_band(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums of float64 [..., half-year of age] over the two bands: under three, and three to school."""
    return values[..., : THREE // 2].sum(axis=-1), values[..., THREE // 2 :].sum(axis=-1)


def expected_children(model: QuartierModel, half_years: int) -> np.ndarray:
    """Children present who are expected not to be at school, float64 [n_quartiere, half_years].

    The last half-year takes all older children.
    """
    p = model.people
    age = model.now - p.birth.astype(np.int64)
    rows = np.flatnonzero((age < CHILD_QUARTERS) & (p.present == 1))
    cell = p.quartier[rows].astype(np.int64) * CHILD_QUARTERS + age[rows]
    counts = np.bincount(cell, minlength=model.n_quartiere * CHILD_QUARTERS).reshape(-1, CHILD_QUARTERS)
    counts = counts * expected_share_not_at_school(model.rates, model.now, CHILD_QUARTERS)
    by_half_year = counts.reshape(model.n_quartiere, -1, 2).sum(axis=2)
    by_half_year[:, half_years - 1] = by_half_year[:, half_years - 1 :].sum(axis=1)
    return by_half_year[:, :half_years]
