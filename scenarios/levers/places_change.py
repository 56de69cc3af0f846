"""The lever `[[places]]`: places of a facility kind opened, enlarged or taken away, or not to be filled for lack of staff."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field, model_validator

from ...model.measures import CHILDCARE_KINDS, FACILITY_KINDS, PlacesMeasure
from ..parts import OLDEST, Aged, Amounts, FirstDay, Line, Range, every
from ..phases import Segment
from .lever import Effects, Setting

Unit = Literal[
    "places",
    "percent",
    "per_1000_residents",
    "per_100_aged_under_3",
    "per_100_aged_3_to_6",
    "per_1000_aged_65",
    "per_1000_aged_80",
]
RELATIVE: Final = {
    "per_1000_residents": (0, 999, 1000),
    "per_100_aged_under_3": (0, 2, 100),
    "per_100_aged_3_to_6": (3, 6, 100),
    "per_1000_aged_65": (65, 999, 1000),
    "per_1000_aged_80": (80, 999, 1000),
}
"""Units relative to the residents at the start: youngest and oldest age, and how many residents."""
UNTIL_SCHOOL: Final = 6
"""Oldest age of children before school."""


class PlacesChange(Aged):
    """Places opened (or taken away, with a negative amount) from a date on."""

    facility: Literal[FACILITY_KINDS] = Field(description="kind of facility")  # type: ignore[valid-type]
    amount: Amounts = Field(
        description="places in every Quartier named (whole town, or facilities named: in total), or in the unit given"
    )
    unit: Unit = Field(
        description="what the amount counts; percent: of the places at the start; per …: of residents at the start"
    )
    facilities: Annotated[list[Line], Field(min_length=1)] | None = Field(
        None, description="ids of facilities, if only these are meant"
    )
    operable_only: bool = Field(
        False, description="approved places stay; only those that can be filled with staff change"
    )
    # narrower than in the base: here it always has a value (the parts are frozen, so this is safe)
    start: FirstDay = Field(  # pyright: ignore[reportIncompatibleVariableOverride]
        alias="from", description="first day: a date, a year, or “+2 years” after the start"
    )

    @model_validator(mode="after")
    def _possible(self) -> PlacesChange:
        amounts = every(self.amount)
        if not any(amounts):
            raise ValueError("amount|a number other than 0|give an amount or delete the entry")
        if self.unit == "places" and not isinstance(self.amount, Range) and any(a != round(a) for a in amounts):
            raise ValueError("amount|a whole number of places|round the number")
        if self.unit == "percent" and min(amounts) < -100:
            raise ValueError("amount|at least -100 per cent|more than all places cannot close")
        if self.facilities and (self.quartiere or self.unit in RELATIVE):
            raise ValueError(
                "facilities|places or per cent of facilities, without Quartiere|delete the other key or this one"
            )
        if self.facility not in CHILDCARE_KINDS:
            for key in ("age_from", "age_to", "facilities", "operable_only"):
                if getattr(self, key) not in (None, False):
                    raise ValueError(f"{key}|a childcare centre, for which alone this is known|delete the line")
        return self

    @property
    def ages(self) -> tuple[int, int]:
        """Youngest and oldest age of the children the places are for; all ages where it is not childcare."""
        if self.facility not in CHILDCARE_KINDS:
            return 0, OLDEST
        young = self.age_from or 0
        return young, max(young, UNTIL_SCHOOL) if self.age_to is None else self.age_to

    def effects(self, setting: Setting) -> Effects:
        """One measure for every piece of the amount's course; of each Quartier its own where amounts are relative."""
        setting.refuse_unknown_facilities(self.facilities or (), (self.facility,))
        course = setting.course(self, self.amount)
        return Effects(measures=[m for piece in course for m in self._measures(setting, piece)])

    def _measures(self, setting: Setting, piece: Segment) -> list[PlacesMeasure]:
        def measure(amount: float, unit: Literal["places", "percent"], where: tuple[int, ...] | None) -> PlacesMeasure:
            named = tuple(self.facilities) if self.facilities else None
            return PlacesMeasure(
                self.facility,
                amount,
                unit,
                piece.start,
                piece.end,
                where,
                *self.ages,
                self.note,
                named,
                self.operable_only,
            )

        if self.unit == "percent":
            return [measure(piece.amount, "percent", setting.quartiere)]
        if self.unit == "places":
            return [measure(float(round(piece.amount)), "places", setting.quartiere)] if round(piece.amount) else []
        low, high, per = RELATIVE[self.unit]
        exact = setting.town.persons(low, high) * piece.amount / per
        if setting.quartiere is None:
            return [measure(float(round(exact.sum())), "places", None)]
        whole = np.diff(np.round(np.cumsum(exact[list(setting.quartiere)])), prepend=0.0)  # their sum is right
        return [measure(float(n), "places", (q,)) for q, n in zip(setting.quartiere, whole, strict=True) if n]
