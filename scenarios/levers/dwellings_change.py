"""The lever `[[dwellings]]`: dwellings of one size in one Quartier, completed on one day or taken away from then on."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from ...model.measures import DwellingsMeasure
from ..parts import Amount, Entry, FirstDay, QuartierId, Range, every, plain
from .lever import Effects, Setting


def count(amount: float | Range) -> float | Range:
    """Refuses numbers nearer to 0 than 1, ranges across 0, and fractions unless they are the ends of a range."""
    if not (min(every(amount)) >= 1 or max(every(amount)) <= -1):
        raise ValueError("at least 1, or at most -1 for dwellings that are taken away|correct the number")
    if not isinstance(amount, Range) and amount != round(amount):
        raise ValueError("a whole number|write it without quotation marks")
    return amount


Count = Annotated[Amount, AfterValidator(count)]


class DwellingsChange(Entry):
    """New dwellings completed in one Quartier, or old ones taken away there as they fall vacant."""

    quartier: QuartierId = Field(description="id of the Quartier as text, or @largest or @smallest")
    rooms: int = Field(strict=True, ge=1, le=7, description="rooms, kitchens counted; 7 = seven and more")
    dwellings: Count = Field(description="how many; negative: so many of that size are taken away there, as they fall vacant")
    date: FirstDay = Field(description="date of completion, or from when on they are taken away, or “+2 years” after the start")

    def effects(self, setting: Setting) -> Effects:
        """One measure in one step."""
        if not setting.quartiere:
            return Effects()
        measure = DwellingsMeasure(
            setting.quartiere[0], self.rooms, round(plain(self.dwellings)), setting.start, self.note
        )
        return Effects(measures=[measure])
