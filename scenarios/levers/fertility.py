"""The lever `fertility`: more or fewer births of women of any age."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..parts import Aged, Amounts
from .lever import Effects, Setting
from .percent import above_minus_100, factors


class Fertility(Aged):
    """Births per woman, changed by some per cent against what they would be."""

    name: Literal["fertility"]
    percent: Amounts = Field(description="more (or, negative, fewer) births per woman of an age, in per cent")
    _check = above_minus_100("percent")

    def effects(self, setting: Setting) -> Effects:
        """A factor on the rate `birth_hazard`."""
        return Effects(factors(setting, self, self.percent, ("birth_hazard",)))
