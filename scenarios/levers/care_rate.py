"""The lever `care_rate`: how the share of people in need of care of an age goes on."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from ..parts import Entry
from .lever import Effects, Setting

VARIANTS: Final = ("constant", "damped", "full")


class CareRate(Entry):
    """The trend of the care rate until 2027; it holds for the whole run."""

    name: Literal["care_rate"]
    variant: Literal["constant", "damped", "full"] = Field(
        description="constant: as at the end of 2023; damped: the rise since 2017 peters out until 2027; full: it goes on until 2027"
    )

    def effects(self, setting: Setting) -> Effects:
        """The parameter `care_trend`."""
        return Effects(parameters={"care_trend": float(VARIANTS.index(self.variant))})
