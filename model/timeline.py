"""Time is the absolute calendar quarter `4 * year + q - 1` (u16), one step of the model."""

from __future__ import annotations

from datetime import date
from typing import Final

STEPS_PER_YEAR: Final = 4
DT: Final = 1.0 / STEPS_PER_YEAR
"""Length of a step in years."""


def step_of(day: date) -> int:
    """The quarter a day lies in.

    >>> step_of(date(2022, 12, 31))
    8091
    """
    return STEPS_PER_YEAR * day.year + (day.month - 1) // 3


def year_of(step: int) -> int:
    """Calendar year of a step."""
    return step // STEPS_PER_YEAR


def quarter_of(step: int) -> int:
    """Calendar quarter of a step, 1 to 4."""
    return step % STEPS_PER_YEAR + 1


def last_day(step: int) -> date:
    """The reference day of the stocks at the end of a step.

    >>> last_day(8091)
    datetime.date(2022, 12, 31)
    """
    year, quarter = year_of(step), quarter_of(step)
    return date(year, 3 * quarter, 31 if quarter in (1, 4) else 30)


def is_year_end(step: int) -> bool:
    """Whether the step ends on 31 December, the reference day of yearly tables."""
    return quarter_of(step) == STEPS_PER_YEAR
