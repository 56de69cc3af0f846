"""The lever `childcare_staff_shortage`: approved places that cannot be filled, because there is nobody to look after them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ...model.measures import PlacesMeasure
from ..parts import Aged, Amounts
from .lever import Effects, Setting
from .percent import above_minus_100


class ChildcareStaffShortage(Aged):
    """Some per cent of the childcare places (more than today) stay empty for lack of staff; nobody is expelled."""

    name: Literal["childcare_staff_shortage"]
    percent: Amounts = Field(
        description="of the places at the start, that cannot be filled in addition to today's, in per cent"
    )
    _check = above_minus_100("percent")

    def effects(self, setting: Setting) -> Effects:
        """Measures on the operable places; approved places stay."""
        ages = (self.age_from or 0, 6 if self.age_to is None else self.age_to)
        return Effects(
            measures=[
                PlacesMeasure(
                    "childcare_centre",
                    -p.amount,
                    "percent",
                    p.start,
                    p.end,
                    setting.quartiere,
                    *ages,
                    self.note,
                    operable_only=True,
                )
                for p in setting.course(self, self.percent)
            ]
        )
