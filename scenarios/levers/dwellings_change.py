"""The lever `[[dwellings]]`: new dwellings of one size, completed in one Quartier on one day."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from ...model.measures import DwellingsMeasure
from ..parts import Amount, Entry, FirstDay, QuartierId, Range, every, plain
from .lever import Effects, Setting


def count(amount: float | Range) -> float | Range:
    """Refuses numbers below 1, and fractions unless they are the ends of a range."""
    if min(every(amount)) < 1:
        raise ValueError("at least 1|correct the number")
    if not isinstance(amount, Range) and amount != round(amount):
        raise ValueError("a whole number|write it without quotation marks")
    return amount


Count = Annotated[Amount, AfterValidator(count)]


class DwellingsChange(Entry):
    """New dwellings completed in one Quartier."""

    quartier: QuartierId = Field(description="id of the Quartier as text, or @largest or @smallest")
    rooms: int = Field(strict=True, ge=1, le=7, description="rooms, kitchens counted; 7 = seven and more")
    dwellings: Count = Field(description="how many")
    date: FirstDay = Field(description="date of completion, or “+2 years” after the start")

    def effects(self, setting: Setting) -> Effects:
        """One measure in one step."""
        if not setting.quartiere:
            return Effects()
        measure = DwellingsMeasure(
            setting.quartiere[0], self.rooms, round(plain(self.dwellings)), setting.start, self.note
        )
        return Effects(measures=[measure])
