"""The lever `facility_closing`: facilities that close."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ...model.measures import CHILDCARE_KINDS, ClosingMeasure
from ..parts import Entry, FirstDay, Line
from .lever import Effects, Setting


class FacilityClosing(Entry):
    """Named childcare centres close on a day for good; who holds a place there has to look for another one."""

    name: Literal["facility_closing"]
    facilities: Annotated[list[Line], Field(min_length=1)] = Field(description="ids of the facilities")
    start: FirstDay = Field(alias="from", description="first day closed: a date, a year, or “+2 years” after the start")

    def effects(self, setting: Setting) -> Effects:
        """One measure for every facility."""
        setting.refuse_unknown_facilities(self.facilities, CHILDCARE_KINDS)
        return Effects(measures=[ClosingMeasure(i, setting.start, self.note) for i in self.facilities])
