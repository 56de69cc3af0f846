"""What the entries of a scenario cost until the end of a run, where the file says so; results never depend on it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..model.measures import ConversionMeasure, DwellingsMeasure, PlacesMeasure
from .contradictions import Laid
from .parts import plain
from .town import Town


def costs(entries: Sequence[Laid], town: Town) -> dict[str, float]:
    """Euros by entry (its id, or its place in the file), undiscounted and at the prices the file was written in."""
    return {
        entry.written.change.id or entry.written.label: cost
        for entry in entries
        if (cost := _cost(entry, town)) is not None
    }


def _cost(entry: Laid, town: Town) -> float | None:
    cost = entry.written.change.cost
    if cost is None:
        return None
    units = units_there(entry, town)
    once, unit_year, year = (0.0 if c is None else plain(c) for c in (cost.per_unit, cost.per_unit_year, cost.per_year))
    lasting = max((town.until_step + 1 if entry.end is None else entry.end) - entry.start, 0)
    built = np.maximum(np.diff(np.maximum.accumulate(units), prepend=0.0), 0.0).sum()
    return float(once * built + unit_year * units.sum() / 4 + year * lasting / 4)


def units_there(entry: Laid, town: Town) -> np.ndarray:
    """Places added, or dwellings completed, given up or converted so far, by step of the run, float64 [steps]; 0 for others."""
    first = town.start_step + 1
    units = np.zeros(town.until_step - town.start_step)
    for m in entry.effects.measures:
        if isinstance(m, DwellingsMeasure | ConversionMeasure):
            units[m.step - first :] += abs(m.dwellings)
        elif isinstance(m, PlacesMeasure):
            amount = m.amount * (len(m.quartiere) if m.quartiere is not None and m.unit == "places" else 1)
            if m.unit == "percent":
                amount *= town.places(m.kind, m.age_from, m.age_to, m.quartiere, m.facilities) / 100
            units[m.start - first : None if m.end is None else m.end - first] += amount
    return units
