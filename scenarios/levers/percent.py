"""What levers share: per cent, shares and numbers, and rates raised or lowered by some per cent."""

from __future__ import annotations

from typing import Any

from pydantic import field_validator

from ...model.rates import Modifier
from ..parts import Aged, Dated, DatedAmount, Range, every
from .lever import Setting


def above_minus_100(*fields: str) -> Any:
    """A validator of fields that hold per cent: more than everything cannot be taken away."""

    def check(amounts: float | Range | list[DatedAmount]) -> float | Range | list[DatedAmount]:
        if min(every(amounts)) < -100:
            raise ValueError("at least -100 per cent|correct the number")
        return amounts

    return field_validator(*fields, mode="after")(check)


def share(amounts: float | Range | list[DatedAmount]) -> float | Range | list[DatedAmount]:
    """Refuses what is no share in per cent."""
    if not 0 <= min(every(amounts)) <= max(every(amounts)) <= 100:
        raise ValueError("a share from 0 to 100 per cent|correct the number")
    return amounts


def positive(amount: float | Range) -> float | Range:
    """Refuses what is not above 0."""
    if min(every(amount)) <= 0:
        raise ValueError("a number above 0|correct the number")
    return amount


def factors(
    setting: Setting,
    change: Dated,
    percent: float | Range | list[DatedAmount],
    rates: tuple[str, ...],
    sex: str | None = None,
) -> list[Modifier]:
    """Factors 1 + percent / 100 on rates, for the Quartiere and (if the entry has them) ages of an entry."""
    ages = (change.age_from, change.age_to) if isinstance(change, Aged) else (None, None)
    return [
        Modifier(
            rate, "factor", 1 + piece.amount / 100, "scenario", piece.start, piece.end, setting.quartiere, sex, *ages
        )
        for rate in rates
        for piece in setting.course(change, percent)
    ]
