"""The lever `barrier_free_conversion`: dwellings that are made barrier-free where they stand."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import AfterValidator, Field

from ...model.measures import ConversionMeasure
from ..parts import Amount, Duration, Entry, FirstDay, QuartierIds, plain
from .lever import Effects, Setting
from .percent import positive, share


class BarrierFreeConversion(Entry):
    """Dwellings are made barrier-free quarter by quarter, from a day on; some of them first for people in need of care."""

    name: Literal["barrier_free_conversion"]
    quartiere: QuartierIds | None = Field(
        None, description="ids of the Quartiere as text, @largest or @smallest; without it the whole town"
    )
    dwellings: Annotated[Amount, AfterValidator(positive)] = Field(description="how many in all, in the unit given")
    unit: Literal["dwellings", "per_1000_dwellings"] = Field(
        "dwellings", description="per_1000_dwellings: of the town's dwellings at the start"
    )
    percent_for_need: Annotated[Amount, AfterValidator(share)] = Field(
        0.0,
        description="per cent of these that go first to where somebody with care grade 2 or higher lives; 0: without regard to need",
    )
    start: FirstDay = Field(
        alias="from", description="first conversions: a date, a year, or “+2 years” after the start"
    )
    over: Duration = Field(1, description="how long it takes until all are converted, e.g. “10 years”; without it, one quarter")

    def effects(self, setting: Setting) -> Effects:
        """One measure for every quarter; whole dwellings, their sum is the amount."""
        per_1000 = setting.town.dwellings().sum() / 1000 if self.unit == "per_1000_dwellings" else 1
        total = round(plain(self.dwellings) * per_1000)
        in_need = round(total * plain(self.percent_for_need) / 100)
        done, first = (
            np.diff(np.floor(number * np.arange(self.over + 1) / self.over + 1e-9)).astype(int)
            for number in (total, in_need)
        )
        return Effects(
            measures=[
                ConversionMeasure(int(done[t]), int(first[t]), setting.start + t, setting.quartiere, self.note)
                for t in np.flatnonzero(done).tolist()
                if setting.start + t <= setting.town.until_step
            ]
        )
