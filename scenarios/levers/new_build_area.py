"""The lever `new_build_area`: many dwellings of several sizes, completed over some years."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import AfterValidator, Field

from ...model.facility_places import largest_remainder
from ...model.measures import DwellingsMeasure
from ..parts import Amount, Duration, Entry, FirstDay, QuartierIds, plain
from .lever import Effects, Setting
from .percent import positive


def _mix(rooms: dict[str, float]) -> dict[str, float]:
    if not rooms or not set(rooms) <= set("1234567") or min(rooms.values()) < 0 or abs(sum(rooms.values()) - 1) > 0.005:
        raise ValueError("shares of dwellings with 1 to 7 rooms that add up to 1|correct the shares")
    return rooms


class NewBuildArea(Entry):
    """Dwellings completed quarter by quarter, from a day on, in some Quartiere in proportion to their dwellings."""

    name: Literal["new_build_area"]
    quartiere: QuartierIds = Field(description="ids of the Quartiere as text, or @largest or @smallest")
    dwellings: Annotated[Amount, AfterValidator(positive)] = Field(description="how many in all, in the unit given")
    unit: Literal["dwellings", "per_1000_dwellings"] = Field(
        "dwellings", description="per_1000_dwellings: of the town's dwellings at the start"
    )
    rooms: Annotated[dict[str, float], AfterValidator(_mix)] = Field(
        description="shares by number of rooms, kitchens counted, 7 = seven and more, e.g. { 3 = 0.6, 4 = 0.4 }"
    )
    start: FirstDay = Field(
        alias="from", description="first completions: a date, a year, or “+2 years” after the start"
    )
    over: Duration = Field(1, description="how long it takes until all are completed, e.g. “3 years”")

    def effects(self, setting: Setting) -> Effects:
        """One measure for every Quartier, number of rooms and quarter; whole dwellings, their sum is the amount."""
        stock, where = setting.town.dwellings(), np.array(setting.quartiere or (), int)
        if not where.size:
            return Effects()
        total = round(plain(self.dwellings) * (stock.sum() / 1000 if self.unit == "per_1000_dwellings" else 1))
        sizes = np.array(sorted(int(r) for r in self.rooms))
        cells = np.outer(np.maximum(stock[where], 1), [self.rooms[str(r)] for r in sizes])
        whole = largest_remainder(cells.ravel(), total, np.arange(cells.size)).reshape(cells.shape)
        measures = []
        for quarter in range(self.over):
            done = np.floor(whole * (quarter + 1) / self.over + 1e-9) - np.floor(whole * quarter / self.over + 1e-9)
            measures += [
                DwellingsMeasure(int(where[i]), int(sizes[j]), int(done[i, j]), setting.start + quarter, self.note)
                for i, j in zip(*np.nonzero(done), strict=True)
                if setting.start + quarter <= setting.town.until_step
            ]
        return Effects(measures=measures)
