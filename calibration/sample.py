"""Made-up regions with a national age structure: for demonstrations that need no particular town."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd

from ..model.rates import RateBook
from ..model.region.region import Region

SEXES: Final = ("m", "f")
AGES: Final = 111
REFERENCE: Final = date(2023, 12, 31)
SPACING_KM: Final = 1.5
"""Distance of neighbouring pseudo-Quartiere: that of districts in a large town."""
_TABLES: Final = {
    "population": ("quartier_id", "date", "sex", "age_from", "age_to", "persons"),
    "age_margins": ("quartier_id", "date", "sex", "age_from", "age_to", "persons"),
    "pyramid": ("date", "sex", "age_from", "age_to", "persons"),
    "households": ("quartier_id", "date", "household_type", "households"),
    "dwellings": ("quartier_id", "date", "rooms_from", "rooms_to", "dwellings"),
    "facilities": ("facility_id", "kind", "name", "quartier_id", "provider", "opens", "closes", "lon", "lat"),
    "places": ("facility_id", "date", "age_from", "age_to", "places"),
    "indicators": ("quartier_id", "date", "indicator", "unit", "value"),
    "flows": ("date", "event", "from_id", "to_id", "sex", "age_from", "age_to", "persons"),
}


def national_pyramid(rates: RateBook) -> np.ndarray:
    """Persons of Germany at the end of 2023 by the model's own table, float64 [sex, age]."""
    pyramid = rates["population_pyramid"]
    return pyramid.values[pyramid.labels[0].index("00")]


def sample_region(pyramid: np.ndarray, persons: int, quartiere: int, key: str = "sample") -> Region:
    """A made-up region with a given pyramid, cut into equal Quartiere on a grid.

    Parameters
    ----------
    pyramid : persons [sex, age], a shape.
    persons : how many live there; every cell is a whole number and the total is met exactly.
    quartiere : how many Quartiere.
    """
    share = pyramid / pyramid.sum() * persons
    town = _whole(share.ravel()).reshape(share.shape)
    number = np.arange(quartiere)
    each = town[None] // quartiere
    rest = town - each[0] * quartiere
    turn = (np.cumsum(rest.ravel()) - rest.ravel()).reshape(rest.shape)  # leftovers go round, so that totals stay equal
    cells = each + ((number[:, None, None] - turn) % quartiere < rest)
    ids = [f"{i + 1:03d}" for i in number]
    side = int(np.ceil(np.sqrt(quartiere)))
    q, sex, age = np.nonzero(cells)
    frames: dict[str, Any] = {
        name: pd.DataFrame({column: [] for column in columns}) for name, columns in _TABLES.items()
    }
    frames["population"] = pd.DataFrame(
        {
            "quartier_id": np.array(ids, object)[q],
            "date": REFERENCE,
            "sex": np.array(SEXES, object)[sex],
            "age_from": age,
            "age_to": age,
            "persons": cells[q, sex, age],
        }
    )
    places = {
        "quartier_id": ids,
        "name": [f"Quartier {i}" for i in ids],
        "parent_id": "",
        "lon": 10.0 + (number % side) * SPACING_KM / (111.32 * np.cos(np.radians(51.0))),
        "lat": 51.0 + (number // side) * SPACING_KM / 111.32,
        "area_km2": SPACING_KM**2,
    }
    return Region(
        key=key,
        name="Germany, sample",
        ags="00000000",
        state="00",
        reference_date=REFERENCE,
        quartiere=pd.DataFrame(places),
        estimated=frozenset(
            {"households", "dwellings", "care_facilities", "childcare_facilities", "births", "deaths", "moves"}
        ),
        **frames,
    )


def _whole(values: np.ndarray) -> np.ndarray:
    """Whole numbers with the same (whole) total: the largest fractions are rounded up, ties in order."""
    low = np.floor(values).astype(np.int64)
    short = round(float(values.sum())) - int(low.sum())
    low[np.argsort(low - values, kind="stable")[:short]] += 1
    return low
