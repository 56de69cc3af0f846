"""The lever `mortality`: a higher or lower risk of dying."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..parts import Aged, Amounts
from .lever import Effects, Setting
from .percent import above_minus_100, factors


class Mortality(Aged):
    """The yearly risk of dying, changed by some per cent against what it would be."""

    name: Literal["mortality"]
    percent: Amounts = Field(description="more (or, negative, fewer) deaths per person of an age, in per cent")
    sex: Literal["m", "f"] | None = Field(None, description="m or f; without it both")
    _check = above_minus_100("percent")

    def effects(self, setting: Setting) -> Effects:
        """A factor on the rate `mortality`."""
        return Effects(factors(setting, self, self.percent, ("mortality",), self.sex))
