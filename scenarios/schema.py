"""The scenario file: what it may say. Reading it is in `files`, laying it over a town in `resolve`."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from ..model.measures import FACILITY_KINDS

OLDEST = 120
"""Ages above this are refused as typing errors."""

Evidence = Literal["A", "B", "C", "law", "none"]


def _day(value: object) -> object:
    """Only dates, or text written as one: pydantic would read 2026.5 and "2026" as seconds since 1970."""
    if isinstance(value, str):
        return date.fromisoformat(value)
    if type(value) is not date:
        raise ValueError("not a date")
    return value


def _first_day(value: object) -> object:
    """A bare year begins on its first of January."""
    return date(value, 1, 1) if type(value) is int and 1900 <= value <= 2999 else _day(value)


def _last_day(value: object) -> object:
    """A bare year ends on its 31 December."""
    return date(value, 12, 31) if type(value) is int and 1900 <= value <= 2999 else _day(value)


FirstDay = Annotated[date, BeforeValidator(_first_day, json_schema_input_type=date | int)]
LastDay = Annotated[date, BeforeValidator(_last_day, json_schema_input_type=date | int)]
OneDay = Annotated[date, BeforeValidator(_day)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Age = Annotated[int, Field(strict=True, ge=0, le=OLDEST)]
QuartierId = Annotated[str, StringConstraints(strict=True, min_length=1)]
QuartierIds = Annotated[list[QuartierId], Field(min_length=1)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]


class Part(BaseModel):
    """Any part of the file: unknown keys are refused, values never change afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)


class Text(Part):
    """A text in German and, if there is one, in English."""

    de: Line = Field(description="German")
    en: Line | None = Field(None, description="English; the German text stands in where it is missing")

    def say(self, language: str) -> str:
        """The text in ``de`` or ``en``."""
        return self.en if language == "en" and self.en else self.de


class Dated(Part):
    """A part with a beginning and an end, for some Quartiere and ages."""

    start: FirstDay | None = Field(
        None, alias="from", description="first day, a date or a year; without it from the start of the run"
    )
    end: LastDay | None = Field(None, alias="to", description="last day, a date or a year; without it for good")
    quartiere: QuartierIds | None = Field(None, description="ids of the Quartiere as text; without it the whole town")
    age_from: Age | None = Field(None, description="youngest age in completed years")
    age_to: Age | None = Field(None, description="oldest age in completed years, included")
    note: str = Field("", description="a remark for readers")

    @model_validator(mode="after")
    def _ordered(self) -> Dated:
        if self.start and self.end and self.end < self.start:
            raise ValueError("to|a last day not before the first|exchange the dates or correct one of them")
        if self.age_from is not None and self.age_to is not None and self.age_to < self.age_from:
            raise ValueError("age_to|an oldest age not below the youngest|exchange the ages or correct one of them")
        return self


class RateChange(Dated):
    """A change of a named rate: ``factor`` multiplies, ``add`` adds, ``value`` replaces, ``cap`` limits from above."""

    name: Line = Field(description="name of the rate")
    kind: Literal["factor", "add", "value", "cap"] = Field(description="how the amount is meant")
    amount: Number = Field(description="in the unit of the rate; a plain number for a factor")
    sex: Literal["m", "f"] | None = Field(None, description="m or f; without it both")

    @model_validator(mode="after")
    def _not_negative(self) -> RateChange:
        if self.amount < 0 and self.kind != "add":
            raise ValueError("amount|a number that is not negative|only `kind = \"add\"` may take something away")
        return self


class PlacesChange(Dated):
    """Places opened (or closed, with a negative amount) from a date on."""

    facility: Literal[FACILITY_KINDS] = Field(description="kind of facility")  # type: ignore[valid-type]
    amount: Number = Field(
        description="places in every Quartier named (whole town: in total), or per cent of the places at the start"
    )
    unit: Literal["places", "percent"] = Field(description="what the amount counts")
    # narrower than in `Dated`: here they always have a value (the parts are frozen, so this is safe)
    start: FirstDay = Field(  # pyright: ignore[reportIncompatibleVariableOverride]
        alias="from", description="first day, a date or a year"
    )
    age_from: Age = Field(  # pyright: ignore[reportIncompatibleVariableOverride]
        0, description="youngest age in completed years"
    )
    age_to: Age = Field(  # pyright: ignore[reportIncompatibleVariableOverride]
        6, description="oldest age in completed years, included"
    )

    @model_validator(mode="after")
    def _possible(self) -> PlacesChange:
        if self.amount == 0:
            raise ValueError("amount|a number other than 0|give an amount or delete the entry")
        if self.unit == "places" and self.amount != round(self.amount):
            raise ValueError("amount|a whole number of places|round the number")
        if self.unit == "percent" and self.amount < -100:
            raise ValueError("amount|at least -100 per cent|more than all places cannot close")
        return self


class DwellingsChange(Part):
    """New dwellings completed in one Quartier."""

    quartier: QuartierId = Field(description="id of the Quartier as text")
    rooms: int = Field(strict=True, ge=1, le=7, description="rooms, kitchens counted; 7 = seven and more")
    dwellings: int = Field(strict=True, ge=1, le=100_000, description="how many")
    date: OneDay = Field(description="date of completion")
    note: str = Field("", description="a remark for readers, such as the project's name")


class ScenarioFile(Part):
    """A scenario: a question, and what would have to change in the town to answer it."""

    title: Text = Field(description="short title")
    question: Text | None = Field(None, description="the question the scenario answers")
    base: Line | None = Field(None, description="another scenario whose entries apply as well")
    author: str = Field("", description="who wrote it")
    date: OneDay | None = Field(None, description="when it was written")
    evidence: Evidence = Field("none", description="A studies of high quality, B studies, C plausible, law, none")
    source: str = Field("", description="where the amounts come from")
    rate: list[RateChange] = Field([], description="changed rates")
    places: list[PlacesChange] = Field([], description="places opened or closed")
    dwellings: list[DwellingsChange] = Field([], description="new dwellings")


def json_schema() -> dict[str, Any]:
    """The JSON schema of a scenario file, with which editors complete and check it."""
    schema = ScenarioFile.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
