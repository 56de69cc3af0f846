"""Where people live inside a Quartier, and which facilities are near: 64 points per Quartier, foot paths in km."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from .geography import KM_PER_DEGREE

if TYPE_CHECKING:
    from .model import QuartierModel
    from .region.region import Region

POINTS: Final = 64
"""Points a Quartier is represented by; a dwelling lives at one of them, for good."""


class Reach:
    """Points, distances and lists of near facilities.

    A Quartier is a circle of its area around its centroid (without an area: of its registered residents at a usual
    density), filled evenly by a spiral of 64 points (Vogel 1979). A centroid alone puts 100 % of Flensburg's residents
    within 1,000 m of a centre, the circle 79 %, the true polygon 77 % (guide "model-family-housing" §9).

    Attributes
    ----------
    x, y : km east and north of the town's middle, float64 [Quartiere * 64].
    facility_x, facility_y : the same for facilities; without coordinates they stand at their Quartier's centroid.
    """

    def __init__(self, model: QuartierModel) -> None:
        self.model = model
        rates, table = model.rates, model.region.quartiere
        self.path_factor = rates.parameter("path_per_air_line")
        lon, lat = _filled(table["lon"].to_numpy(float)), _filled(table["lat"].to_numpy(float))
        self._scale = (KM_PER_DEGREE * np.cos(np.radians(lat.mean())), KM_PER_DEGREE)
        self._origin = (lon.mean(), lat.mean())
        area = table["area_km2"].to_numpy(float)
        settled = registered_residents(model.region) / rates.parameter("usual_population_density")
        area = np.where(np.isfinite(area) & (area > 0), area, settled)
        i = np.arange(POINTS)
        r = np.sqrt(area / np.pi)[:, None] * np.sqrt((i + 0.5) / POINTS)
        angle = i * np.pi * (3 - np.sqrt(5))
        self.x = (((lon - self._origin[0]) * self._scale[0])[:, None] + r * np.cos(angle)).ravel()
        self.y = (((lat - self._origin[1]) * self._scale[1])[:, None] + r * np.sin(angle)).ravel()
        f = model.facilities
        self.facility_x = (np.where(np.isfinite(f.lon), f.lon, lon[f.quartier]) - self._origin[0]) * self._scale[0]
        self.facility_y = (np.where(np.isfinite(f.lat), f.lat, lat[f.quartier]) - self._origin[1]) * self._scale[1]

    def distance(self, points: np.ndarray, facilities: np.ndarray) -> np.ndarray:
        """Foot path in km (float64) from points to facilities, pair by pair."""
        dx, dy = self.x[points] - self.facility_x[facilities], self.y[points] - self.facility_y[facilities]
        return self.path_factor * np.hypot(dx, dy)

    def nearest(self, facilities: np.ndarray, near: int = 8, own: int = 8) -> tuple[np.ndarray, np.ndarray]:
        """Of these facilities the ``near`` nearest of every point, and up to ``own`` further ones of its own Quartier.

        Returns
        -------
        candidates : i32 [points, near + own], -1 where there is none.
        distances : float32 [points, near + own], foot path in km.
        """
        from scipy.spatial import KDTree  # slow to import, and only this needs it

        n = self.x.size
        candidates = np.full((n, near + own), -1, np.int32)
        distances = np.full((n, near + own), np.inf, np.float32)
        if facilities.size == 0:
            return candidates, distances
        k = min(near, facilities.size)
        tree = KDTree(np.column_stack((self.facility_x[facilities], self.facility_y[facilities])))
        found = np.asarray(tree.query(np.column_stack((self.x, self.y)), k=k)[1])
        candidates[:, :k] = facilities[found.reshape(n, k)]
        in_quartier = self.model.facilities.quartier[facilities]
        for q in np.unique(in_quartier):
            block = slice(int(q) * POINTS, (int(q) + 1) * POINTS)
            candidates[block, near:] = self._further(block, facilities[in_quartier == q], candidates[block, :near], own)
        points, columns = np.nonzero(candidates >= 0)
        distances[points, columns] = self.distance(points, candidates[points, columns])
        return candidates, distances

    def _further(self, block: slice, local: np.ndarray, listed: np.ndarray, own: int) -> np.ndarray:
        """Up to ``own`` facilities of one Quartier, nearest first, that are not listed yet, for each of its points."""
        dx = self.x[block, None] - self.facility_x[local]
        dy = self.y[block, None] - self.facility_y[local]
        air = np.where((local[None, :, None] == listed[:, None, :]).any(axis=2), np.inf, np.hypot(dx, dy))
        order = np.argsort(air, axis=1, kind="stable")[:, :own]
        out = np.full((POINTS, own), -1, np.int32)
        chosen = np.where(np.isfinite(np.take_along_axis(air, order, axis=1)), local[order], -1)
        out[:, : order.shape[1]] = chosen
        return out


def registered_residents(region: Region) -> np.ndarray:
    """Residents of every Quartier (float64) in the region's latest register, 0 where it says nothing.

    Taken from the register and not from the people of the model, so that one person more moves no dwelling.
    """
    table = region.population
    dates = pd.to_datetime(table["date"])
    latest = table[(dates == dates[dates <= pd.Timestamp(region.reference_date)].max()).to_numpy(bool)]
    index = {quartier: i for i, quartier in enumerate(region.quartiere["quartier_id"])}
    rows = [index[quartier] for quartier in latest["quartier_id"]]
    return np.bincount(np.array(rows, np.int64), np.asarray(latest["persons"], float), region.n_quartiere)


def _filled(degrees: np.ndarray) -> np.ndarray:
    """Unknown coordinates of centroids become the town's mean (or zero where all are unknown)."""
    known = np.isfinite(degrees)
    return np.where(known, degrees, degrees[known].mean() if known.any() else 0.0)
