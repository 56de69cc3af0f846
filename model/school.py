"""When a child enters school: a pure function of its birth, its rank and the state's cut-off; no column is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numba as nb
import numpy as np

from .timeline import STEPS_PER_YEAR

if TYPE_CHECKING:
    from .rates import RateBook

_MONTHS: Final = 3
"""Months in a quarter."""


class SchoolRule(NamedTuple):
    """The state's rule of entry: cut-off month, age in quarters, share of early entrants, who is deferred.

    ``deferred`` : float64 [12], by whole months from the sixth birthday to the cut-off the rank within a month from
    which children are deferred.
    """

    cutoff: int
    age: int
    early: float
    deferred: np.ndarray


def school_rule(rates: RateBook) -> SchoolRule:
    """The rule of entry of the state."""
    p0, tau = rates.parameter("school_deferral_at_cutoff"), rates.parameter("school_deferral_decay_months")
    return SchoolRule(
        int(rates.parameter("school_cutoff_month")),
        STEPS_PER_YEAR * int(rates.parameter("school_age")),
        float(rates.parameter("school_early_entry_share")),
        1 - p0 * np.exp(-np.arange(12) / tau),
    )


@nb.njit(inline="always")
def enters(birth, rank, cutoff, age, early_share, deferred):
    """The third quarter (absolute) in which one child enters school; for use inside kernels, with the rule taken apart."""
    within = rank * _MONTHS
    month = min(np.int64(within), _MONTHS - 1)
    rank_in_month = within - month
    six = (np.int64(birth) + age) * _MONTHS + month
    year = (six - cutoff + 12) // 12
    before = 12 * year + cutoff - 1 - six  # whole months from the sixth birthday to the cut-off, 0 to 11
    early = before >= 12 - _MONTHS and rank_in_month < early_share
    late = (not early) and rank_in_month >= deferred[before]
    return STEPS_PER_YEAR * (year - np.int64(early) + np.int64(late)) + 2


@nb.njit(cache=True)
def _entries(birth, rank, rule, out):
    cutoff, age, early_share, deferred = rule
    for i in range(birth.size):
        out[i] = enters(birth[i], rank[i], cutoff, age, early_share, deferred)


def entry_step(birth: np.ndarray, rank: np.ndarray, rates: RateBook) -> np.ndarray:
    """The third quarter (absolute, i64) in which children enter school.

    Due are those whose sixth birthday lies on or before the end of the state's cut-off month. Of children born ``m``
    whole months before the cut-off a share ``p0 exp(-m / tau)`` is deferred by a year; of those born in the three
    months after it a share enters a year early. The month within the quarter of birth and the deferral both come from
    one rank per child: low ranks within a month enter earlier, high ranks later.

    Parameters
    ----------
    birth : absolute quarters of birth.
    rank : numbers in (0, 1), fixed for life.

    Source: guide "model-family-housing" §5 (deferral: two equations on 6 % of the due in Baden-Württemberg and the
    children of 7 and over still in childcare, Destatis 22541-0017).
    """
    out = np.empty(birth.size, np.int64)
    _entries(birth.astype(np.int64), rank.astype(np.float64), school_rule(rates), out)
    return out



def expected_share_not_at_school(rates: RateBook, step: int, quarters: int) -> np.ndarray:
    """Share (float64 [quarters]) of those born ``0, 1, …`` quarters before a step who are not at school at its end."""
    ranks = (np.arange(600) + 0.5) / 600
    births = step - np.arange(quarters)
    entries = entry_step(np.repeat(births, ranks.size), np.tile(ranks, quarters), rates)
    return (entries.reshape(quarters, ranks.size) > step).mean(axis=1)
