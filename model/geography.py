"""Distances between Quartiere."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np

from .rates import RateBook
from .region.region import Region

KM_PER_DEGREE: Final = 111.32
"""Length of a degree of latitude (geometry of the Earth; WGS84 mean)."""


def kilometres(lon_a: np.ndarray, lat_a: np.ndarray, lon_b: np.ndarray, lat_b: np.ndarray) -> np.ndarray:
    """Air-line distance in km for places a town apart (flat approximation); arrays broadcast."""
    x = (lon_a - lon_b) * np.cos(np.radians((lat_a + lat_b) / 2)) * KM_PER_DEGREE
    y = (lat_a - lat_b) * KM_PER_DEGREE
    return np.hypot(x, y)


def distances(region: Region) -> np.ndarray:
    """Distances between the Quartiere's centroids in km, float64 [n, n]; inside a Quartier ``0.5 * sqrt(area)``.

    A Quartier without coordinates is as far from all others as they are from each other on average; without an area it
    gets the mean area, and 1 km2 where none is known.
    """
    if _last.get("of") is not region.quartiere:
        columns = (tuple(region.quartiere[name]) for name in ("lon", "lat", "area_km2"))
        _last["km"], _last["of"] = _distances(*columns), region.quartiere
    return _last["km"]


_last: dict[str, Any] = {}
"""The table asked for last and its distances: reading the columns anew costs more than a step asks."""


@lru_cache(maxsize=4)
def _distances(lon: tuple[float, ...], lat: tuple[float, ...], area: tuple[float, ...]) -> np.ndarray:
    x, y, size = np.array(lon, float), np.array(lat, float), np.array(area, float)
    d = kilometres(x[:, None], y[:, None], x[None], y[None])
    apart = d[~np.eye(len(d), dtype=bool)]
    known = apart[np.isfinite(apart)]
    d = np.where(np.isfinite(d), d, known.mean() if known.size else 1.0)
    finite = size[np.isfinite(size)]
    size = np.where(np.isfinite(size), size, finite.mean() if finite.size else 1.0)
    np.fill_diagonal(d, 0.5 * np.sqrt(size))
    d.setflags(write=False)
    return d


def decay(region: Region, rates: RateBook) -> np.ndarray:
    """Weight of a tie between Quartiere [from, to]: ``d^-exponent``, with a bonus inside the Quartier.

    Fitted to the moves between Munich's districts (2011-2024; model-demography.md 11); kin live apart as moves have taken them.
    """
    d = np.maximum(distances(region), rates.parameter("distance_floor"))
    weight = d ** -rates.parameter("distance_exponent")
    return weight * np.where(np.eye(len(d), dtype=bool), np.exp(rates.parameter("same_quartier_bonus")), 1.0)


def nearest_first(region: Region, quartier: int) -> np.ndarray:
    """All Quartiere, the given one first, then by distance."""
    d = distances(region)[quartier].copy()
    d[quartier] = -1
    return np.argsort(d, kind="stable")
