"""The lever `childcare_conversion`: places from three years on are turned into places for under-threes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ...model.measures import PlacesMeasure
from ..parts import Amount, Dated, FirstDay, plain
from .lever import Effects, Setting
from .percent import share

YOUNGER, OLDER = (0, 2), (3, 6)


class ChildcareConversion(Dated):
    """Groups from three years to school are turned into smaller groups for under-threes."""

    name: Literal["childcare_conversion"]
    start: FirstDay = Field(  # pyright: ignore[reportIncompatibleVariableOverride]
        alias="from", description="first day: a date, a year, or “+2 years” after the start"
    )
    percent: Annotated[Amount, AfterValidator(share)] = Field(
        description="of the places from three years on, in per cent"
    )
    places_per_place: Annotated[Amount, Field()] = Field(
        description="places for under-threes that come from one place from three years on; groups of 10 and 25 children: 0.4"
    )

    def effects(self, setting: Setting) -> Effects:
        """Two measures at the same centres: fewer places from three years on, more for under-threes."""
        measures = []
        for piece in setting.course(self, self.percent):
            when = (piece.start, piece.end, setting.quartiere)
            gained = piece.amount * plain(self.places_per_place)
            measures += [
                PlacesMeasure("childcare_centre", -piece.amount, "percent", *when, *OLDER, self.note),
                PlacesMeasure("childcare_centre", gained, "percent", *when, *YOUNGER, self.note, percent_of_ages=OLDER),
            ]
        return Effects(measures=measures)
