"""The lever `childcare_expansion`: more childcare places, and, if wished, the births that follow from them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from ...model.measures import PlacesMeasure
from ...model.rates import Modifier
from ..parts import Amount, Duration, Range, plain
from ..phases import phased
from .lever import Effects, Setting
from .places_change import PlacesChange


class ChildcareExpansion(PlacesChange):
    """Childcare places opened; more places for under-threes let birth rates rise a little, years later."""

    name: Literal["childcare_expansion"]
    facility: Literal["childcare_centre"] = Field("childcare_centre", description="always childcare_centre")  # pyright: ignore[reportIncompatibleVariableOverride]
    births_per_point: Amount | None = Field(
        None,
        description="rise of the birth rate per percentage point of places for under-threes, e.g. 0.003; without it none",
    )
    births_after: Duration = Field(4, description="how long after the opening the births begin to rise")
    births_within: Duration = Field(4, description="how long it then takes until the rise is complete")

    @model_validator(mode="after")
    def _births_known(self) -> ChildcareExpansion:
        if self.births_per_point is not None and self.ages[1] > 2:
            raise ValueError(
                "births_per_point|places for under-threes, for which alone the effect is known|"
                "add age_to = 2, or delete the line"
            )
        return self

    def effects(self, setting: Setting) -> Effects:
        """The measures of `[[places]]`, and a factor on `birth_hazard` in the whole town, as centres serve all of it."""
        places = super().effects(setting)
        if self.births_per_point is None:
            return places
        points = 100 * self._added(setting) / max(setting.town.persons(0, 2).sum(), 1.0)
        rise = plain(self.births_per_point) * points
        later = [(setting.start + self.births_after, rise)]
        end = None if setting.end is None else setting.end + self.births_after
        pieces = phased(later, end, setting.town.until_step, self.births_within)
        modifiers = [
            Modifier("birth_hazard", "factor", float(1 + p.amount), "scenario", p.start, p.end) for p in pieces
        ]
        return Effects(modifiers, places.measures)

    def _added(self, setting: Setting) -> float:
        """Places for under-threes added in all when the lever is in full force."""
        amount = self.amount[-1].amount if isinstance(self.amount, list) else self.amount
        number: float = plain(amount) if isinstance(amount, Range) else amount
        if self.unit == "percent":
            return number / 100 * setting.town.places_under_3(setting.quartiere, self.facilities)
        one = self.model_copy(update={"amount": number, "ramp_up": None, "half_life": None, "births_per_point": None})
        measures = [m for m in PlacesChange.effects(one, setting).measures if isinstance(m, PlacesMeasure)]
        times = len(setting.quartiere) if self.unit == "places" and setting.quartiere else 1
        return times * sum(m.amount for m in measures)
