"""Where within Germany people come from and go to: the surroundings of up to 30 km, or farther.

Both have one profile by age (the rates across state and across district borders have the same shape; model-demography.md 9),
so a move within Germany is first drawn as one and then told near or far. A scenario may change either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..thresholds import pad_ages
from .local_levels import flows_before_start

if TYPE_CHECKING:
    from ..model import QuartierModel

EVENT_OF_WAY = {"in": "in_move", "out": "out_move"}
DISTANCES = ("surroundings", "farther")


def distance_rates(way: str) -> tuple[str, str]:
    """Names of the two levels that a scenario may change; ``way`` is in or out."""
    return f"{way}_moves_{DISTANCES[0]}", f"{way}_moves_{DISTANCES[1]}"


def surroundings_share(model: QuartierModel, way: str) -> float:
    """Share of the moves within Germany that end or begin within 30 km, as registered, else as in the country."""
    side = model.side.setdefault("origins", {})
    if way not in side:
        found = flows_before_start(model, EVENT_OF_WAY[way])
        near, far = (found.origins.get(name, 0.0) if found else 0.0 for name in ("surroundings", "germany"))
        side[way] = near / (near + far) if near + far > 0 else model.rates.parameter("surroundings_share")
    return side[way]


def distance_mix(model: QuartierModel, way: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What scenarios do to moves within Germany, and where they lead.

    Returns
    -------
    class_of : u8 [n_quartiere], classes of Quartiere.
    level : float64 [class, sex, age], all moves within Germany against the usual; 1 without a scenario.
    near : float64 [class, sex, age], share of them that ends or begins in the surroundings.
    """
    names, rates = distance_rates(way), model.rates
    side = model.side.setdefault("origins", {})
    version = (way, rates.version(names, model.now))
    if version not in side:
        share = surroundings_share(model, way)
        (class_near, near), (class_far, far) = (rates.resolve(name, model.now, model.n_quartiere) for name in names)
        classes, class_of = np.unique(np.stack((class_near, class_far)), axis=1, return_inverse=True)
        near, far = share * pad_ages(near)[classes[0]], (1 - share) * pad_ages(far)[classes[1]]
        part = np.divide(near, near + far, out=np.zeros_like(near), where=near + far > 0)
        side[version] = (class_of.ravel().astype(np.uint8), near + far, part)
    return side[version]
