"""Polygons of the Quartiere: reading GeoJSON, area, centroid, which polygon a point lies in."""

from __future__ import annotations

import json
from typing import Any, Final

import numpy as np

from .texts import Faults

GERMANY: Final = (5.5, 47.0, 15.5, 55.2)
"""Bounding box of Germany in degrees: west, south, east, north (with some room)."""
KM_PER_DEGREE: Final = 111.32
"""Length of a degree of latitude (mean of the WGS 84 ellipsoid at German latitudes, to 0.1 %)."""
_KEY_NAMES: Final = ("quartier_id", "area_id")

Rings = list[list[np.ndarray]]
"""The polygons of one Quartier; each a list of rings (outer, then holes), each f64[n, 2] of lon, lat."""


def in_germany(lon: float, lat: float) -> bool:
    """Whether a point can lie in Germany."""
    west, south, east, north = GERMANY
    return west <= lon <= east and south <= lat <= north


def rings_of(geometry: dict[str, Any]) -> Rings:
    """The rings of a Polygon or MultiPolygon.

    Raises
    ------
    ValueError, TypeError, KeyError : it is neither.
    """
    polygons = {"Polygon": lambda c: [c], "MultiPolygon": lambda c: c}[geometry["type"]](geometry["coordinates"])
    rings = [[np.array([point[:2] for point in ring], dtype=np.float64) for ring in polygon] for polygon in polygons]
    if not rings or any(
        not polygon or any(r.ndim != 2 or len(r) < 4 or r.shape[1] != 2 for r in polygon) for polygon in rings
    ):
        raise ValueError("a ring needs four points")
    if not all(np.isfinite(ring).all() for polygon in rings for ring in polygon):
        raise ValueError("not finite")
    return rings


def read_geometry(text: str, file: str, known: frozenset[str], faults: Faults) -> dict[str, Any] | None:
    """A feature collection in the order of its keys, each feature with the property `quartier_id` alone, or None."""
    try:
        features = json.loads(text)["features"]
        found = [(_key(feature["properties"]), feature["geometry"]) for feature in features]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        faults.add("bad_geojson", file, row=getattr(error, "lineno", None), value=getattr(error, "msg", None))
        return None
    kept: dict[str, dict[str, Any]] = {}
    for number, (key, geometry) in enumerate(found, 1):
        if key is None:
            faults.add("geometry_without_key", file, value=f"#{number}")
        elif key in kept:
            faults.add("geometry_twice", file, column="quartier_id", value=key)
        elif key not in known:
            faults.add("unknown_area", file, column="quartier_id", value=key, hint=faults.suggestion(key, known))
        elif _good(geometry, key, file, faults):
            kept[key] = geometry
    for key in sorted(known - set(kept)) if kept else ():
        faults.add("quartier_without_geometry", file, column="quartier_id", value=key)
    collection = [
        {"type": "Feature", "properties": {"quartier_id": key}, "geometry": kept[key]} for key in sorted(kept)
    ]
    return {"type": "FeatureCollection", "features": collection} if kept else None


def _key(properties: dict[str, Any]) -> str | None:
    return next((str(properties[name]) for name in _KEY_NAMES if properties.get(name) is not None), None)


def _good(geometry: Any, key: str, file: str, faults: Faults) -> bool:
    try:
        rings = rings_of(geometry)
    except (ValueError, TypeError, KeyError, IndexError):
        faults.add("bad_polygon", file, column="quartier_id", value=key)
        return False
    for point in (
        extreme(np.concatenate(rings[0]).T) for extreme in (lambda p: p.min(axis=1), lambda p: p.max(axis=1))
    ):
        if not in_germany(*point):
            faults.add("outside_germany", file, column="coordinates", value=f"{key}: {point[0]:.6g}, {point[1]:.6g}")
            return False
    return True


def area_and_centroid(rings: Rings) -> tuple[float, float, float]:
    """Area in km² (equirectangular projection about the polygon) and the centroid's lon, lat in degrees."""
    lon0, lat0 = rings[0][0][:, 0].mean(), rings[0][0][:, 1].mean()
    scale = np.array([KM_PER_DEGREE * np.cos(np.radians(lat0)), KM_PER_DEGREE])
    total, moment = 0.0, np.zeros(2)
    for polygon in rings:
        for number, ring in enumerate(polygon):
            p = (ring - [lon0, lat0]) * scale
            q = np.roll(p, -1, axis=0)
            cross = p[:, 0] * q[:, 1] - q[:, 0] * p[:, 1]
            sign = np.sign(cross.sum()) * (1 if number == 0 else -1)  # holes count against, whichever way they turn
            total += sign * cross.sum() / 2
            moment += sign * ((p + q) * cross[:, None]).sum(axis=0) / 6
    if total <= 0:
        return 0.0, float(lon0), float(lat0)
    lon, lat = moment / total / scale + [lon0, lat0]
    return float(total), float(lon), float(lat)


def contains(rings: Rings, lon: float, lat: float) -> bool:
    """Whether a point lies in the polygons (even-odd rule)."""
    inside = False
    for polygon in rings:
        for ring in polygon:
            x, y = ring[:, 0], ring[:, 1]
            x2, y2 = np.roll(x, -1), np.roll(y, -1)
            crosses = (y > lat) != (y2 > lat)
            with np.errstate(divide="ignore", invalid="ignore"):
                east = lon < (x2 - x) * (lat - y) / (y2 - y) + x
            inside ^= bool(np.count_nonzero(crosses & east) % 2)
    return inside


def distance_km(rings: Rings, lon: float, lat: float) -> float:
    """Distance in km from a point to the nearest edge of the polygons."""
    scale = np.array([KM_PER_DEGREE * np.cos(np.radians(lat)), KM_PER_DEGREE])
    best = np.inf
    for polygon in rings:
        for ring in polygon:
            a = (ring - [lon, lat]) * scale
            step = np.roll(a, -1, axis=0) - a
            length = np.maximum((step**2).sum(axis=1), 1e-18)
            along = np.clip(-(a * step).sum(axis=1) / length, 0, 1)
            best = min(best, float(np.sqrt(((a + along[:, None] * step) ** 2).sum(axis=1)).min()))
    return best
