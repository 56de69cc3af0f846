"""The lever `outpatient_first`: fewer people in need come to want a nursing home."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ...model.rates import Modifier
from ..parts import Amounts, Dated
from .lever import Effects, Setting
from .percent import share


class OutpatientFirst(Dated):
    """Of those who would newly want a nursing home, some per cent are cared for at home instead."""

    name: Literal["outpatient_first"]
    percent: Annotated[Amounts, AfterValidator(share)] = Field(
        description="of those who would newly want a nursing home, cared for at home instead, in per cent"
    )

    def effects(self, setting: Setting) -> Effects:
        """A factor on `care_home_wish_level`; wishes that are there already stay."""
        return Effects(
            [
                Modifier("care_home_wish_level", "factor", 1 - p.amount / 100, "scenario", p.start, p.end, setting.quartiere)
                for p in setting.course(self, self.percent)
            ]
        )
