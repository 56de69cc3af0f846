"""The lever `care_onset`: need of care arises more or less often."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..parts import Aged, Amounts
from .lever import Effects, Setting
from .percent import above_minus_100, factors


class CareOnset(Aged):
    """How often people without need of care become in need of it, changed by some per cent."""

    name: Literal["care_onset"]
    percent: Amounts = Field(description="more (or, negative, fewer) onsets per person of an age, in per cent")
    sex: Literal["m", "f"] | None = Field(None, description="m or f; without it both")
    _check = above_minus_100("percent")

    def effects(self, setting: Setting) -> Effects:
        """A factor on the rate `care_onset_level`."""
        return Effects(factors(setting, self, self.percent, ("care_onset_level",), self.sex))
