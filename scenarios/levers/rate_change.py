"""The lever `[[rate]]`: any named rate of the model, changed for some time, Quartiere, ages or one sex."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from ...model.rates import Modifier
from ..parts import Aged, Amounts, Line, every
from .lever import Effects, Setting


class RateChange(Aged):
    """A change of a named rate: ``factor`` multiplies, ``add`` adds, ``value`` replaces, ``cap`` limits from above."""

    name: Line = Field(description="name of the rate")
    kind: Literal["factor", "add", "value", "cap"] = Field(description="how the amount is meant")
    amount: Amounts = Field(description="in the unit of the rate; a plain number for a factor")
    sex: Literal["m", "f"] | None = Field(None, description="m or f; without it both")

    @model_validator(mode="after")
    def _possible(self) -> RateChange:
        if min(every(self.amount)) < 0 and self.kind != "add":
            raise ValueError('amount|a number that is not negative|only `kind = "add"` may take something away')
        if self.kind in ("value", "cap") and (self.ramp_up or self.half_life):
            key = "ramp_up" if self.ramp_up else "half_life"
            raise ValueError(
                f"{key}|a factor or an addition, which alone can grow and fade|delete the line, or give dated amounts"
            )
        return self

    def effects(self, setting: Setting) -> Effects:
        """One modifier for every piece of the amount's course."""
        selection = (setting.quartiere, self.sex, self.age_from, self.age_to)
        course = setting.course(self, self.amount, 1.0 if self.kind == "factor" else 0.0)
        return Effects(
            [Modifier(self.name, self.kind, s.amount, "scenario", s.start, s.end, *selection) for s in course]
        )
