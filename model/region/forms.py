"""The tables of a region, declared once: columns, what they hold, keys and order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

Holds = Literal["key", "quartier", "facility", "text", "choice", "sex", "date", "age", "age_to", "count", "amount", "measure"]

SEXES: Final = ("m", "f", "t")
CARE_KINDS: Final = ("nursing_home", "day_care", "short_term", "ambulatory", "shared_flat", "serviced_housing")
FACILITY_KINDS: Final = (
    "childcare_centre", "childminding", *CARE_KINDS, "advice_hub", "volunteer_network", "disability_home",
    "refugee_accommodation", "student_residence", "other_communal", "school",
)  # fmt: skip
SPECIAL_KINDS: Final = ("disability_home", "refugee_accommodation", "student_residence", "other_communal")
"""Kinds of facilities whose places say how many live there at the start, apart from private households."""
EVENTS: Final = ("birth", "death", "in_move", "out_move", "move")
ORIGINS: Final = ("surroundings", "germany", "abroad")
"""Where in-moves come from and out-moves go to: up to 30 km away, farther inside Germany, abroad."""
HOUSEHOLD_TYPES: Final = (
    "total", "one_person", "couple_without_children", "couple_with_children", "couple_with_grown_up_children",
    "lone_parent", "other", "two_persons", "three_persons", "four_persons", "five_or_more_persons",
)  # fmt: skip


@dataclass(frozen=True)
class Field:
    """One column.

    Parameters
    ----------
    name, holds : the column and what it holds.
    meaning : for the description of the format.
    required : whether the column must be there.
    empty : whether a cell may be empty (text), unknown (figures) or left out (dates).
    default : value of every row where the column is not there.
    choices : the valid words.
    """

    name: str
    holds: Holds
    meaning: str
    required: bool = True
    empty: bool = False
    default: object = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Form:
    """One table: its fields, the columns that are its key (and canonical order), whether a region must have it."""

    name: str
    meaning: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    required: bool = False

    @property
    def file(self) -> str:
        """The file's name in the region's folder."""
        return f"{self.name}.csv"

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns, in order."""
        return tuple(f.name for f in self.fields)


_QUARTIER = Field("quartier_id", "quartier", "key of the Quartier, as in quartiere.csv")
_DATE = Field("date", "date", "reference day; a year alone means its 31 December")
_SEX = Field("sex", "sex", "m men, f women, t both (no split)", choices=SEXES)
_AGE_FROM = Field("age_from", "age", "first age of the band, completed years")
_AGE_TO = Field("age_to", "age_to", "last age of the band, inclusive; empty = and older", empty=True)
_LON = Field("lon", "measure", "longitude, degrees east (WGS 84)", required=False, empty=True)
_LAT = Field("lat", "measure", "latitude, degrees north (WGS 84)", required=False, empty=True)
_BANDS = (_QUARTIER, _DATE, _SEX, _AGE_FROM, _AGE_TO, Field("persons", "count", "residents", empty=True))
_BAND_KEY = ("quartier_id", "date", "sex", "age_from", "age_to")

QUARTIERE: Final = Form(
    "quartiere",
    "the neighbourhoods",
    (
        Field("quartier_id", "key", "key, text; leading zeros are kept"),
        Field("name", "text", "name"),
        Field("parent_id", "text", "key of the larger area it belongs to", required=False, empty=True, default=""),
        _LON,
        _LAT,
    ),
    ("quartier_id",),
    required=True,
)
POPULATION: Final = Form("population", "residents by age band, split by sex or not", _BANDS, _BAND_KEY, required=True)
FORMS: Final[dict[str, Form]] = {
    form.name: form
    for form in (
        QUARTIERE,
        POPULATION,
        Form(
            "age_margins", "further age bands that overlap those of the population, or totals by sex", _BANDS, _BAND_KEY
        ),
        Form(
            "pyramid",
            "residents of the whole town by sex and age: a shape, never a level",
            (_DATE, _SEX, _AGE_FROM, _AGE_TO, Field("persons", "count", "residents", empty=True)),
            ("date", "sex", "age_from", "age_to"),
        ),
        Form(
            "households",
            "private households by type",
            (
                _QUARTIER,
                _DATE,
                Field("household_type", "choice", "type of household", choices=HOUSEHOLD_TYPES),
                Field("households", "count", "households", empty=True),
            ),
            ("quartier_id", "date", "household_type"),
        ),
        Form(
            "dwellings",
            "dwellings by number of rooms, kitchens counted",
            (
                _QUARTIER,
                _DATE,
                Field("rooms_from", "count", "fewest rooms of the class"),
                Field("rooms_to", "age_to", "most rooms of the class; empty = and more", empty=True),
                Field("dwellings", "count", "dwellings", empty=True),
            ),
            ("quartier_id", "date", "rooms_from", "rooms_to"),
        ),
        Form(
            "facilities",
            "childcare centres, nursing homes and other facilities",
            (
                Field("facility_id", "key", "key, unique in the town"),
                Field("kind", "choice", "kind of facility", choices=FACILITY_KINDS),
                Field("name", "text", "name"),
                _QUARTIER,
                Field("provider", "text", "who runs it", required=False, empty=True, default=""),
                Field("opens", "date", "first day, empty = open already", required=False, empty=True),
                Field("closes", "date", "last day, empty = stays open", required=False, empty=True),
                Field(
                    "in_register",
                    "choice",
                    "whether the population counts those who live there; empty = yes",
                    required=False,
                    empty=True,
                    default="",
                    choices=("yes", "no"),
                ),
                Field(
                    "staff",
                    "amount",
                    "of services of care: full-time equivalents of staff there are; empty = as much as the places take",
                    required=False,
                    empty=True,
                ),
                _LON,
                _LAT,
            ),
            ("facility_id",),
        ),
        Form(
            "places",
            "places of the facilities, by age band where they are bound to ages",
            (
                Field("facility_id", "facility", "key of the facility, as in facilities.csv"),
                _DATE,
                _AGE_FROM,
                _AGE_TO,
                Field("places", "count", "places from this day on", empty=True),
            ),
            ("facility_id", "date", "age_from", "age_to"),
        ),
        Form(
            "indicators",
            "social indicators",
            (
                _QUARTIER,
                _DATE,
                Field("indicator", "key", "name of the indicator"),
                Field("unit", "text", "unit, e.g. persons or per cent"),
                Field("value", "measure", "value", empty=True),
            ),
            ("quartier_id", "date", "indicator"),
        ),
        Form(
            "flows",
            "births, deaths and moves of a year; `date` is the year's end. Rows split by Quartier, sex, age or origin tell the "
            "same events as rows that are not",
            (
                _DATE,
                Field("event", "choice", "kind of event", choices=EVENTS),
                Field(
                    "from_id",
                    "quartier",
                    "Quartier of origin; empty = from outside",
                    required=False,
                    empty=True,
                    default="",
                ),
                Field(
                    "to_id",
                    "quartier",
                    "Quartier of destination; empty = to outside",
                    required=False,
                    empty=True,
                    default="",
                ),
                Field(
                    "origin",
                    "choice",
                    "of in- and out-moves: surroundings (up to 30 km), germany (farther), abroad; empty = all",
                    required=False,
                    empty=True,
                    default="",
                    choices=ORIGINS,
                ),
                Field("sex", "sex", "m, f, t", required=False, default="t", choices=SEXES),
                Field("age_from", "age", "first age", required=False, default=0),
                Field("age_to", "age_to", "last age; empty = and older", required=False, empty=True, default=-1),
                Field("persons", "count", "events", empty=True),
            ),
            ("date", "event", "from_id", "to_id", "origin", "sex", "age_from", "age_to"),
        ),
    )
}
