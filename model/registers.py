"""What a region's register says of past years, as plain arrays."""

from __future__ import annotations

from datetime import date

import numpy as np

from .region.region import Region


def totals(region: Region) -> dict[date, float]:
    """Residents of the town at each reference date up to the region's own, oldest first."""
    found: dict[date, float] = {}
    for day, persons in zip(region.population["date"].tolist(), region.population["persons"].tolist(), strict=True):
        if day <= region.reference_date:
            found[day] = found.get(day, 0.0) + float(persons)
    return dict(sorted(found.items()))


def births(region: Region, last_year: int, years: int) -> tuple[np.ndarray, int]:
    """Registered births by Quartier over the ``years`` up to ``last_year``.

    Returns
    -------
    float64 [n_quartiere], summed over the years the region has, and how many these are (0: none).
    """
    index = {name: i for i, name in enumerate(region.quartiere["quartier_id"].tolist())}
    by_quartier, seen = np.zeros(region.n_quartiere), set[int]()
    columns = (region.flows[name].tolist() for name in ("date", "event", "to_id", "persons"))
    for day, event, where, persons in zip(*columns, strict=True):
        if event == "birth" and last_year - years < day.year <= last_year and where in index:
            by_quartier[index[where]] += float(persons)
            seen.add(day.year)
    return by_quartier, len(seen)
