"""Cells of text become typed columns, once; a pandera schema made from the table's form then says what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd
import pandera.errors
import pandera.pandas as pa

from .cells import (
    LARGEST_COUNT,
    NOTHING,
    UNKNOWN,
    Number,
    decimal_sign,
    looks_like_thousands,
    parse_age_to,
    parse_count,
    parse_date,
    parse_measure,
    parse_sex,
)
from .forms import Field, Form
from .textfile import Frame, RawTable
from .texts import Faults

OLDEST_AGE: Final = 120
FORMULA_SIGNS: Final = ("=", "+", "-", "@")
_WORDS = ("key", "quartier", "facility", "text", "choice", "sex")
_COORDINATES: Final = ("lon", "lat")


@dataclass(frozen=True)
class References:
    """Valid keys; None where their own table could not be read, so that nothing is said about them."""

    quartier: frozenset[str] | None = None
    facility: frozenset[str] | None = None


def parse_table(raw: RawTable, form: Form, references: References, faults: Faults) -> Frame | None:
    """The table with parsed columns in the form's order, indexed by line.

    Counts, ages and measures are float64 (NaN where unknown), dates `datetime.date` or None, the rest text. Every fault
    is noted; a table with a missing column is checked as far as it goes and then given up (None).
    """
    complete = _check_columns(raw, form, faults)
    frame = pd.DataFrame(index=raw.cells.index)
    bad: set[tuple[int, str]] = set()
    for field in form.fields:
        if field.name in raw.cells.columns:
            frame[field.name] = _parse_column(raw, field, faults, bad)
    if frame.index.empty:
        faults.add("no_rows", raw.file)
        return None
    _validate(frame, raw, form, references, faults, bad)
    if not complete:
        return None
    for field in form.fields:
        if field.name not in frame:
            frame[field.name] = pd.Series([field.default] * len(frame), index=frame.index, dtype=_dtype(field))
    return frame[list(form.columns)]


def _dtype(field: Field) -> Any:
    return object if field.holds in (*_WORDS, "date") else "float64"


def _check_columns(raw: RawTable, form: Form, faults: Faults) -> bool:
    given = set(raw.cells.columns)
    unused = given - set(form.columns)
    missing = [f.name for f in form.fields if f.required and f.name not in given]
    for name in missing:
        faults.add(
            "missing_column",
            raw.file,
            row=1,
            column=name,
            hint=faults.suggestion(name, unused) if unused else "",
            columns=", ".join(form.columns),
        )
    if not missing:
        for name in sorted(unused):
            faults.add(
                "unknown_column", raw.file, row=1, column=name, hint=faults.suggestion(name, set(form.columns) - given)
            )
    return not missing


def _parse_column(raw: RawTable, field: Field, faults: Faults, bad: set[tuple[int, str]]) -> Frame:
    """One column, parsed cell by distinct cell; what cannot be parsed becomes missing and is remembered in ``bad``."""
    cells = raw.cells[field.name]
    if field.holds in _WORDS:
        return _parse_words(raw, field, cells, faults)
    if field.holds == "date":
        parsed = {c: None if c in UNKNOWN or c in NOTHING else parse_date(c, field.name != "opens") for c in set(cells)}
        for line, cell in cells.items():
            if parsed[cell] is None and not (field.empty and (cell in UNKNOWN or cell in NOTHING)):
                faults.add("bad_date", raw.file, _line(line), field.name, cell)
                bad.add((_line(line), field.name))
        return pd.Series([parsed[c] for c in cells], index=cells.index, dtype=object)
    parse = _number_parser(raw, field, cells, faults)
    numbers = {c: parse(c) for c in set(cells)}
    if any(n.problem or (np.isnan(n.value) and not field.empty) for n in numbers.values()):
        for line, cell in cells.items():
            number = numbers[cell]
            problem = number.problem or ("missing_value" if np.isnan(number.value) and not field.empty else None)
            if problem:
                faults.add(problem, raw.file, _line(line), field.name, cell)
            if np.isnan(number.value) and (problem not in (None, "unreliable_value") or not field.empty):
                bad.add((_line(line), field.name))
    return pd.Series([numbers[c].value for c in cells], index=cells.index, dtype="float64")


def _parse_words(raw: RawTable, field: Field, cells: Frame, faults: Faults) -> Frame:
    if field.holds == "text":
        for line, cell in cells[[c.startswith(FORMULA_SIGNS) and c not in NOTHING for c in cells]].items():
            faults.add("formula_like", raw.file, _line(line), field.name, cell)
        return cells.map(lambda c: "" if field.empty and (c in NOTHING or c in UNKNOWN) else c).astype(object)
    if field.holds == "sex":
        return cells.map(parse_sex).astype(object)
    if field.holds == "choice":
        nothing = {*NOTHING, *UNKNOWN} if field.empty else set[str]()
        return cells.map(lambda c: "" if c in nothing else c.lower()).astype(object)
    if field.holds == "key":
        for line, cell in cells[[c.startswith(FORMULA_SIGNS) for c in cells]].items():
            faults.add("formula_like", raw.file, _line(line), field.name, cell)
    if field.holds == "quartier" and field.empty:
        return cells.map(lambda c: "" if c in NOTHING or c in UNKNOWN else c).astype(object)
    return cells.astype(object)


def _number_parser(raw: RawTable, field: Field, cells: Frame, faults: Faults) -> Callable[[str], Number]:
    if field.holds == "age_to":
        return parse_age_to
    if field.holds in ("count", "age"):
        return parse_count
    decimal = decimal_sign(cells)
    if decimal == "." and field.name not in _COORDINATES and looks_like_thousands(cells):
        faults.add(
            "unclear_decimals",
            raw.file,
            column=field.name,
            value=next(c for c in cells if "." in c and c not in UNKNOWN),
        )
    if field.name in _COORDINATES:  # a coordinate of nothing is a missing coordinate
        return lambda c: parse_measure("" if c in NOTHING else c, decimal)
    return lambda c: parse_measure(c, decimal)


def _line(label: Hashable) -> int:
    assert isinstance(label, int)
    return label


# ---------------------------------------------------------------- the schema


def schema(form: Form, columns: Collection[str], references: References) -> pa.DataFrameSchema:
    """The form as a pandera schema over the columns that are there; each check is called by the id of its fault."""
    fields = {
        f.name: pa.Column(None, _column_checks(f, references), nullable=True) for f in form.fields if f.name in columns
    }
    return pa.DataFrameSchema(
        fields,
        checks=_row_checks(columns),
        unique=list(form.key) if set(form.key) <= set(columns) else None,
        report_duplicates="exclude_first",
    )


def _column_checks(field: Field, references: References) -> list[pa.Check]:
    whole = pa.Check(lambda s: s == np.floor(s), error="not_whole")
    match field.holds:
        case "key":
            return [_filled("empty_key")]
        case "text":
            return [] if field.empty else [_filled("empty_text")]
        case "choice" | "sex":
            valid = [*field.choices, *([""] if field.empty else [])]
            return [pa.Check.isin(valid, error=f"unknown_{field.holds}")]
        case "quartier" | "facility":
            keys = references.quartier if field.holds == "quartier" else references.facility
            extra = {""} if field.empty else set()
            return [] if keys is None else [pa.Check.isin(sorted(keys | extra), error=f"unknown_{field.holds}")]
        case "count":
            return [pa.Check.ge(0, error="negative"), whole, pa.Check.le(LARGEST_COUNT, error="too_large")]
        case "amount":
            return [pa.Check.ge(0, error="negative"), pa.Check.le(LARGEST_COUNT, error="too_large")]
        case "age":
            return [pa.Check.in_range(0, OLDEST_AGE, error="bad_age"), whole]
        case "age_to":
            return [pa.Check.in_range(-1, OLDEST_AGE, error="bad_age"), whole]
        case _:
            return []


def _filled(id: str) -> pa.Check:
    return pa.Check(lambda s: ~s.isin(["", *NOTHING, *(UNKNOWN - {"x", "X"})]), error=id)


def _row_checks(columns: Collection[str]) -> list[pa.Check]:
    checks = []
    for low, high in (("age_from", "age_to"), ("rooms_from", "rooms_to")):
        if {low, high} <= set(columns):
            checks.append(pa.Check(_in_order(low, high), error="band_reversed", ignore_na=False))
    if {"opens", "closes"} <= set(columns):
        checks.append(pa.Check(_opens_first, error="closes_before_opening", ignore_na=False))
    return checks


def _in_order(low: str, high: str) -> Callable[[Frame], pd.Series]:
    return lambda frame: (frame[high] < 0) | ~(frame[high] < frame[low])


def _opens_first(frame: Frame) -> Frame:
    pairs = zip(frame["opens"], frame["closes"], strict=True)
    return pd.Series([not (a and b) or a <= b for a, b in pairs], index=frame.index)


_LAST_COLUMN: Final = {"band_reversed": ("age_to", "rooms_to"), "closes_before_opening": ("closes",)}


def _validate(
    frame: Frame, raw: RawTable, form: Form, references: References, faults: Faults, bad: set[tuple[int, str]]
) -> None:
    try:
        schema(form, list(frame.columns), references).validate(frame, lazy=True)
        return
    except pandera.errors.SchemaErrors as errors:
        cases = errors.failure_cases
    report = _Report(frame, raw, form, references, faults)
    seen: set[tuple[int, str, str | None]] = set()
    for case in cases.itertuples():
        id, line = str(case.check), int(case.index)
        column: str | None = str(case.column)
        if id == "multiple_fields_uniqueness":
            if any((line, name) in bad for name in form.key):
                continue
            id, column = "duplicate_key", form.key[0] if len(form.key) == 1 else None
        elif id in _LAST_COLUMN:
            column = next(name for name in _LAST_COLUMN[id] if name in frame.columns)
        if (line, id, column) not in seen:
            seen.add((line, id, column))
            report.note(id, line, column)


@dataclass(frozen=True)
class _Report:
    """Turns what the schema refused into faults."""

    frame: Frame
    raw: RawTable
    form: Form
    references: References
    faults: Faults

    @cached_property
    def first_line(self) -> dict[tuple[object, ...], int]:
        """The first line that has a key."""
        lines: dict[tuple[object, ...], int] = {}
        for line, *key in self.frame[list(self.form.key)].itertuples(name=None):
            lines.setdefault(tuple(key), line)
        return lines

    def note(self, id: str, line: int, column: str | None) -> None:
        """Note one refused row or cell."""
        cells, form = self.raw.cells, self.form
        if id == "duplicate_key":
            key = tuple(self.frame.loc[line, list(form.key)])
            value = " / ".join(str(cells.at[line, name]) for name in form.key if name in cells)
            first = self.first_line.get(key, "?")
            self.faults.add(id, self.raw.file, line, column, value, first=first, key=", ".join(form.key))
            return
        assert column is not None
        field = next(f for f in form.fields if f.name == column)
        valid: Collection[str] = field.choices
        if field.holds in ("quartier", "facility"):
            valid = getattr(self.references, field.holds) or ()
        value = str(cells.at[line, column])
        hint = self.faults.suggestion(value, valid) if valid else ""
        self.faults.add(id, self.raw.file, line, column, value, hint=hint, oldest=OLDEST_AGE)
