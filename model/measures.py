"""Dated measures: what a scenario does to places and dwellings. The model sees measures, never a scenario."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CHILDCARE_KINDS = ("childcare_centre",)
CARE_KINDS = (
    "nursing_home", "ambulatory", "day_care", "short_term", "shared_flat", "serviced_housing", "advice_hub",
)  # fmt: skip
FACILITY_KINDS = CHILDCARE_KINDS + CARE_KINDS
"""Kinds of facility a process of the model knows."""


@dataclass(frozen=True)
class PlacesMeasure:
    """Places of one kind of facility added (or taken away) from a date on.

    ``unit`` places: ``amount`` places in each named Quartier (all Quartiere: in total, spread as the existing places);
    ``unit`` percent: per cent of the places there were at the start, at every facility of the Quartiere named.
    ``start`` and ``end`` are absolute quarters (start included, end excluded, None = for good). ``age_from``/``age_to``
    in completed years limit the age bands it touches (childcare only). ``quartiere`` are indices, None = the whole town;
    ``facilities`` are ids, and then the amount counts for these facilities together. ``operable_only`` leaves the
    approved places as they are and changes those that can be filled: staff that is missing (or comes back).
    ``percent_of_ages``: ages whose places the per cent are of, where they are not those of the ages it touches.
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
    facilities: tuple[str, ...] | None = None
    operable_only: bool = False
    percent_of_ages: tuple[int, int] | None = None


@dataclass(frozen=True)
class ClosingMeasure:
    """A facility that is closed from a step on: who holds a place there has to look for another one."""

    facility: str
    step: int
    name: str = ""


@dataclass(frozen=True)
class DwellingsMeasure:
    """New dwellings completed in one Quartier in one step; fewer than none: so many go from then on, as they fall vacant."""

    quartier: int
    rooms: int
    dwellings: int
    step: int
    name: str = ""


@dataclass(frozen=True)
class ConversionMeasure:
    """Dwellings made barrier-free in one step; so many of them first where somebody in need of care lives.

    ``quartiere`` are indices, None = the whole town. Where there are fewer left that are not barrier-free, only those.
    """

    dwellings: int
    for_need: int
    step: int
    quartiere: tuple[int, ...] | None = None
    name: str = ""


Measure = PlacesMeasure | ClosingMeasure | DwellingsMeasure | ConversionMeasure
