"""The lever `care_training`: more or fewer people enter care occupations each year."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ...model.rates import Modifier
from ..parts import Amounts, Dated
from .lever import Effects, Setting
from .percent import above_minus_100


class CareTraining(Dated):
    """Entrants into nursing homes and ambulatory services of the town, changed by some per cent."""

    name: Literal["care_training"]
    percent: Amounts = Field(
        description="more (or, negative, fewer) people entering care occupations a year, in per cent"
    )
    _check = above_minus_100("percent")

    def effects(self, setting: Setting) -> Effects:
        """A factor on `care_staff_entrants`, whose value is one; staff is the whole town's."""
        course = setting.course(self, self.percent)
        return Effects(
            [Modifier("care_staff_entrants", "factor", 1 + p.amount / 100, "scenario", p.start, p.end) for p in course]
        )
