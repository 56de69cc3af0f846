"""The lever `[[parameter]]`: another value of one of the model's single figures, for the whole run."""

from __future__ import annotations

import math

from pydantic import Field

from ...model.errors import nearest
from ..parts import Amount, Entry, Line, plain
from .lever import Effects, Setting


class ParameterChange(Entry):
    """Another value of a parameter of the model; it holds for the whole run, a parameter has no dates."""

    name: Line = Field(description="name of the parameter")
    value: Amount = Field(description="its value, in the parameter's unit")

    def effects(self, setting: Setting) -> Effects:
        """The parameter's value; outside its documented range there is a warning."""
        rates, value = setting.town.rates, plain(self.value)
        if self.name not in rates.parameters:
            setting.refuse(
                "unknown_parameter", "name", self.name, "the name of a parameter", nearest(self.name, rates.parameters)
            )
            return Effects()
        low, high, unit = self._documented(setting)
        if unit in SWITCHES and not (value == round(value) and low <= value <= high):
            setting.refuse(
                "impossible_parameter",
                "value",
                f"{value:g}",
                f"a whole number from {low:g} to {high:g}",
                "choose one of the variants",
            )
        elif not low <= value <= high:
            setting.warn(
                "parameter_outside_range",
                "value",
                f"{value:g}",
                f"a value from {low:g} to {high:g}, the range thought possible",
                "check the value and its unit; it is used as it stands",
            )
        return Effects(parameters={self.name: value})

    def _documented(self, setting: Setting) -> tuple[float, float, str]:
        table = setting.town.rates.parameter_table
        row = table.loc[table["parameter"] == self.name].iloc[0]
        low, high = float(row["low"]), float(row["high"])
        return (-math.inf if math.isnan(low) else low), (math.inf if math.isnan(high) else high), str(row["unit"])


SWITCHES = ("variant", "0/1", "0/1/2")
"""Units of parameters that choose among variants."""
