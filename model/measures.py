"""Dated measures: what a scenario does to places and dwellings. The model sees measures, never a scenario."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FACILITY_KINDS = ("childcare_centre",)
"""Kinds of facility a process of the model knows."""


@dataclass(frozen=True)
class PlacesMeasure:
    """Places of one kind of facility added (or taken away) from a date on.

    ``unit`` places: ``amount`` places in each named Quartier (all Quartiere: in total, spread as the existing places);
    ``unit`` percent: per cent of the places there were at the start, at every facility of the Quartiere named.
    ``start`` and ``end`` are absolute quarters (start included, end excluded, None = for good). ``age_from``/``age_to``
    in completed years limit the age bands it touches. ``quartiere`` are indices, None = the whole town.
    """

    kind: str
    amount: float
    unit: Literal["places", "percent"]
    start: int
    end: int | None = None
    quartiere: tuple[int, ...] | None = None
    age_from: int = 0
    age_to: int = 6
    name: str = ""


@dataclass(frozen=True)
class DwellingsMeasure:
    """New dwellings completed in one Quartier in one step."""

    quartier: int
    rooms: int
    dwellings: int
    step: int
    name: str = ""


Measure = PlacesMeasure | DwellingsMeasure
