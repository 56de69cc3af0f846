"""The lever `childcare_wish`: parents wish a place more or less often."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ...model.rates import Modifier
from ..parts import Aged, Amounts
from .lever import Effects, Setting


class ChildcareWish(Aged):
    """The share of parents who wish a place, changed by some percentage points."""

    name: Literal["childcare_wish"]
    points: Amounts = Field(
        description="percentage points more (or, negative, fewer) of the parents of an age wish a place"
    )

    def effects(self, setting: Setting) -> Effects:
        """An addition to the rate `childcare_need`, which never rises above 1."""
        selection = (setting.quartiere, None, self.age_from, self.age_to)
        pieces = setting.course(self, self.points)
        added = [
            Modifier("childcare_need", "add", p.amount / 100, "scenario", p.start, p.end, *selection) for p in pieces
        ]
        return Effects([*added, *[Modifier("childcare_need", "cap", 1.0, "scenario", m.start, m.end) for m in added]])
