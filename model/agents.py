"""The agents that are few, named and looked at; people and households are agents in substance, columns in form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mesa
import numpy as np

if TYPE_CHECKING:
    from .model import QuartierModel


class Quartier(mesa.Agent):
    """A neighbourhood: owns no people, only what is true of the place."""

    model: QuartierModel  # pyright: ignore[reportIncompatibleVariableOverride] (Mesa declares the base class)

    def __init__(self, model: QuartierModel, index: int, quartier_id: str, name: str, lon: float, lat: float) -> None:
        super().__init__(model)
        self.index, self.quartier_id, self.name, self.lon, self.lat = index, quartier_id, name, lon, lat

    @property
    def population(self) -> int:
        """Residents now."""
        people = self.model.people
        return int(np.count_nonzero((people.quartier == self.index) & (people.present == 1)))

    @property
    def vacant_dwellings(self) -> int:
        """Dwellings without a household now."""
        dwellings = self.model.dwellings
        return int(np.count_nonzero((dwellings.quartier == self.index) & (dwellings.household < 0) & (dwellings.rooms > 0)))
