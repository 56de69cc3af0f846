"""The lever `migration`: more or fewer moves into or out of the town."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..parts import Aged, Amounts
from .lever import Effects, Setting
from .percent import above_minus_100, factors


class Migration(Aged):
    """Moves across the town's border, changed by some per cent against what they would be."""

    name: Literal["migration"]
    direction: Literal["in", "out"] = Field(description="into the town or out of it")
    area: Literal["germany", "abroad", "both", "surroundings", "farther"] = Field(
        "both",
        description="moves within Germany, from and to abroad, or both; or of those within Germany only the ones of up to "
        "30 km (surroundings) or beyond (farther)",
    )
    percent: Amounts = Field(description="more (or, negative, fewer) moves, in per cent")
    _check = above_minus_100("percent")

    def effects(self, setting: Setting) -> Effects:
        """A factor on `in_migration_…` or `out_migration_…`, on `in_moves_…` or `out_moves_…` of one distance."""
        if self.area in ("surroundings", "farther"):
            return Effects(factors(setting, self, self.percent, (f"{self.direction}_moves_{self.area}",)))
        areas = ("germany", "abroad") if self.area == "both" else (self.area,)
        return Effects(factors(setting, self, self.percent, tuple(f"{self.direction}_migration_{a}" for a in areas)))
