"""The lever `longevity`: how fast mortality goes on falling."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ...model.rates import Modifier
from ..parts import Amount, Entry, Range, every, plain
from .lever import Effects, Setting


def _not_negative(amount: float | Range) -> float | Range:
    if min(every(amount)) < 0:
        raise ValueError("a number that is not negative|correct the number")
    return amount


class Longevity(Entry):
    """The pace at which mortality falls; it holds for the whole run, because the fall adds up over the years."""

    name: Literal["longevity"]
    pace: Annotated[Amount, AfterValidator(_not_negative)] = Field(
        description="1 = as in the baseline, 0 = mortality stays as it is, 1.5 = falls half as fast again"
    )

    def effects(self, setting: Setting) -> Effects:
        """A factor on the rate `mortality_decline`, for good."""
        return Effects([Modifier("mortality_decline", "factor", plain(self.pace), "scenario", setting.start)])
