"""What scenario files are made of: texts, days, durations, amounts and ranges; `schema` and `levers` put them together."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Annotated, Final, Literal, NamedTuple

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainValidator,
    StringConstraints,
    Tag,
    model_validator,
)

OLDEST: Final = 120
"""Ages above this are refused as typing errors."""
MONTHS: Final = {"year": 12, "quarter": 3, "month": 1}
MARK: Final = "="
"""Begins the names that pydantic gives to the forms of a value; they are no keys of the file."""

Evidence = Literal["A", "B", "C", "law", "none"]


class Offset(NamedTuple):
    """A day told by its distance from the first day of the run, so that a scenario suits any town."""

    months: int

    def after(self, first: date) -> date:
        """The day so many months after ``first`` (which is the first of a month)."""
        months = first.year * 12 + first.month - 1 + self.months
        return date(months // 12, months % 12 + 1, 1)


def _months(text: str) -> int:
    """Months of “2 years”, “1 year 7 months”, “3 quarters”."""
    parts = re.findall(r"(\d{1,3}) ?(year|quarter|month)s?", text)
    if not re.fullmatch(r"( ?\d{1,3} ?(years?|quarters?|months?))+", text):
        raise ValueError("not a duration")
    return sum(int(number) * MONTHS[unit] for number, unit in parts)


def _day(value: object) -> date | Offset:
    """Only dates, texts written as one, or offsets: pydantic would read 2026.5 as seconds since 1970."""
    if isinstance(value, Offset):
        return value
    if isinstance(value, str):
        return Offset(_months(value[1:])) if value.startswith("+") else date.fromisoformat(value)
    if type(value) is not date:
        raise ValueError("not a date")
    return value


def _first_day(value: object) -> date | Offset:
    """A bare year begins on its first of January."""
    return date(value, 1, 1) if type(value) is int and 1900 <= value <= 2999 else _day(value)


def _last_day(value: object) -> date | Offset:
    """A bare year ends on its 31 December."""
    return date(value, 12, 31) if type(value) is int and 1900 <= value <= 2999 else _day(value)


def day_of(day: date | Offset, first: date, last: bool = False) -> date:
    """The date meant by a day of the file; as a last day, an offset is the length of time from the start."""
    if isinstance(day, date):
        return day
    return day.after(first) - timedelta(days=1) if last else day.after(first)


def _one_day(value: object) -> date:
    if isinstance(day := _day(value), Offset):
        raise ValueError("not a date")
    return day


def _quarters(value: object) -> int:
    """A duration in quarters, at least one."""
    months = _months(value) if isinstance(value, str) else 0
    if months <= 0:
        raise ValueError("not a duration")
    return max(round(months / 3), 1)


Written = date | int | Annotated[str, Field(pattern=r"^(\d{4}-\d\d-\d\d|\+( ?\d+ ?(years?|quarters?|months?))+)$")]
FirstDay = Annotated[date | Offset, PlainValidator(_first_day, json_schema_input_type=Written)]
LastDay = Annotated[date | Offset, PlainValidator(_last_day, json_schema_input_type=Written)]
OneDay = Annotated[date, BeforeValidator(_one_day, json_schema_input_type=date)]
Duration = Annotated[
    int, PlainValidator(_quarters, json_schema_input_type=Annotated[str, Field(pattern=r"^\d+ (year|quarter|month)s?")])
]
"""In quarters; written as “2 years”."""
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
EntryId = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]
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


class Range(Part):
    """An uncertain amount: a normal run takes the mode, an exploration draws between min and max."""

    min: Number = Field(description="smallest amount thought possible")
    mode: Number = Field(description="likeliest amount; a normal run takes it")
    max: Number = Field(description="largest amount thought possible")

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if not self.min <= self.mode <= self.max:
            raise ValueError("mode|min, mode and max in ascending order|exchange the numbers or correct one of them")
        return self


def _form(value: object) -> str:
    if isinstance(value, list):
        return f"{MARK}dated"
    return f"{MARK}range" if isinstance(value, dict | Range) else f"{MARK}number"


Amount = Annotated[Annotated[Number, Tag("=number")] | Annotated[Range, Tag("=range")], Discriminator(_form)]
"""A number, or a range where it is uncertain."""


class DatedAmount(Part):
    """The amount in force from a day on, until the next one."""

    start: FirstDay = Field(alias="from", description="first day, a date, a year or “+2 years” after the start")
    amount: Amount = Field(description="the amount in force from then on (in all, not in addition)")


Amounts = Annotated[
    Annotated[Number, Tag("=number")]
    | Annotated[Range, Tag("=range")]
    | Annotated[list[DatedAmount], Field(min_length=1), Tag("=dated")],
    Discriminator(_form),
]
"""A number, a range, or a list of dated ones."""


def plain(amount: float | Range) -> float:
    """The number a normal run takes."""
    return amount.mode if isinstance(amount, Range) else amount


def every(amounts: float | Range | list[DatedAmount]) -> list[float]:
    """All numbers an amount may take, for checks."""
    if isinstance(amounts, list):
        return [number for step in amounts for number in every(step.amount)]
    return [amounts.min, amounts.mode, amounts.max] if isinstance(amounts, Range) else [amounts]


class Cost(Part):
    """What a measure costs, in euros; the results of a run do not depend on it."""

    per_unit: Amount | None = Field(None, description="once for every place, dwelling or other unit of the amount")
    per_unit_year: Amount | None = Field(None, description="for every unit and year in which it is there")
    per_year: Amount | None = Field(None, description="for every year the measure lasts, whatever its amount")


class Entry(Part):
    """One entry of a scenario: what it is called, what it rests on, what it costs."""

    id: EntryId | None = Field(
        None, description="a name, by which scenarios that build on this one change or remove the entry"
    )
    note: str = Field("", description="a remark for readers")
    evidence: Evidence | None = Field(None, description="of this entry, where it is not that of the file")
    source: str = Field("", description="where this entry's amounts come from")
    cost: Cost | None = Field(None, description="what it costs")


class Dated(Entry):
    """An entry with a beginning and an end, for some Quartiere."""

    start: FirstDay | None = Field(
        None,
        alias="from",
        description="first day: a date, a year, or “+2 years” after the start; without it from the start",
    )
    end: LastDay | None = Field(
        None,
        alias="to",
        description="last day: a date, a year, or “+5 years” (from the start of the run); without it for good",
    )
    quartiere: QuartierIds | None = Field(
        None, description="ids of the Quartiere as text, @largest or @smallest; without it the whole town"
    )
    ramp_up: Duration | None = Field(None, description="how long it takes to come into full force, e.g. “2 years”")
    half_life: Duration | None = Field(None, description="after the end half of the effect is left after so long")

    @model_validator(mode="after")
    def _ordered(self) -> Dated:
        if isinstance(self.start, date) and isinstance(self.end, date) and self.end < self.start:
            raise ValueError("to|a last day not before the first|exchange the dates or correct one of them")
        if self.half_life is not None and self.end is None:
            raise ValueError("half_life|an end, after which the effect fades|add a line to = …, or delete the line")
        return self


class Aged(Dated):
    """A dated entry that may be limited to some ages."""

    age_from: Age | None = Field(None, description="youngest age in completed years")
    age_to: Age | None = Field(None, description="oldest age in completed years, included")

    @model_validator(mode="after")
    def _ages_ordered(self) -> Aged:
        if self.age_from is not None and self.age_to is not None and self.age_to < self.age_from:
            raise ValueError("age_to|an oldest age not below the youngest|exchange the ages or correct one of them")
        return self
