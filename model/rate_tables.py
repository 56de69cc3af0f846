"""Reading the tables of rates: every number is checked before anybody draws from it, and all faults are told at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from .errors import Fault, InputError, nearest

MAX_HAZARD: Final = 50.0
"""Annual hazards above this are refused: nobody faces an event fifty times a year (a check of input, not a rate)."""

SEXES: Final = ("m", "f")
COUNTED: Final = ("age", "half_year", "duration", "run_year")
"""Dimensions of whole numbers that follow each other without a gap."""
BANDS: Final = ("age_group", "wife_age_band")
_BAND: Final = re.compile(r"(\d+)-(\d+)|(\d+)\+")

Labels = tuple[tuple[Any, ...], ...]


def limits(unit: str) -> tuple[float, float, str, str]:
    """Smallest and largest value of a unit, what the reader expects, and the remedy."""
    if unit == "per year":
        expected = f"an annual hazard from 0 to {MAX_HAZARD:g}"
        return 0.0, MAX_HAZARD, expected, "give events per person and year; a probability q is the hazard -ln(1 - q)"
    if unit == "share":
        return 0.0, 1.0, "a share from 0 to 1", "divide percentages by 100"
    return -np.inf, np.inf, "a finite number", "correct the number"


def read_table(folder: Path, entry: dict[str, Any], frames: dict[str, pd.DataFrame]) -> tuple[Labels, np.ndarray]:
    """The labels of every dimension and the values of one declared rate.

    Parameters
    ----------
    folder : where the tables lie.
    entry : the declaration: file, column, dims, unit, where.
    frames : the files read so far, as text; filled on the way.

    Raises
    ------
    InputError : with every fault of the table: it is missing or lacks a column, a hazard is negative, not finite or above
        50 a year, a share lies outside 0..1, an age is missing, unknown or given twice.
    """
    file = entry["file"]
    if file not in frames:
        if not (folder / file).is_file():
            raise InputError(
                Fault("missing_table", "error", file, None, None, None, f"a table in {folder.name}/", "add the file")
            )
        frames[file] = pd.read_csv(folder / file, dtype=str, keep_default_na=False)
    frame, dims, column = frames[file], list(entry["dims"]), entry.get("column", "value")
    wanted = [*dims, column, *entry.get("where", {})]
    if absent := [name for name in wanted if name not in frame.columns]:
        raise InputError(
            [
                Fault(
                    "missing_column",
                    "error",
                    file,
                    1,
                    name,
                    None,
                    "a column of this name",
                    nearest(name, frame.columns),
                )
                for name in absent
            ]
        )
    for name, value in entry.get("where", {}).items():
        frame = frame.loc[frame[name] == str(value)]
    lines = frame.index.to_numpy() + 2
    values, faults = _values(file, column, frame[column], lines, entry["unit"])
    labels = {}
    for dim in dims:
        labels[dim], wrong = _labels(file, dim, frame[dim], lines)
        faults += wrong
    if not faults:
        faults = [*_gaps(file, dims, labels), *_rows(file, dims, labels, lines)]
    if faults:
        raise InputError(faults)
    coordinates = tuple(tuple(dict.fromkeys(labels[d].tolist())) for d in dims)
    order = [pd.Index(c).get_indexer(labels[d]) for d, c in zip(dims, coordinates, strict=True)]
    table = np.empty(tuple(map(len, coordinates)))
    table[tuple(order)] = values
    return coordinates, table


def _values(file: str, column: str, texts: Any, lines: np.ndarray, unit: str) -> tuple[np.ndarray, list[Fault]]:
    values = np.asarray(pd.to_numeric(texts, errors="coerce"), float)
    low, high, expected, remedy = limits(unit)
    wrong = np.flatnonzero(~(np.isfinite(values) & (values >= low) & (values <= high)))
    return values, [
        Fault("impossible_rate", "error", file, int(lines[i]), column, texts.iloc[i], expected, remedy) for i in wrong
    ]


def _labels(file: str, dim: str, texts: Any, lines: np.ndarray) -> tuple[np.ndarray, list[Fault]]:
    """Labels (whole numbers where all are), and those that cannot be."""

    def faults(wrong: np.ndarray, id: str, expected: str, remedy: str) -> list[Fault]:
        return [
            Fault(id, "error", file, int(lines[i]), dim, str(texts.iloc[i]), expected, remedy)
            for i in np.flatnonzero(wrong)
        ]

    if dim == "sex":
        return texts.to_numpy(object), faults(~texts.isin(SEXES).to_numpy(), "unknown_sex", "m or f", "write m or f")
    whole = texts.str.fullmatch(r"\d+").to_numpy(bool)
    if dim in BANDS and not whole.all():  # bands may also be named by their first age
        wrong = np.array([not _is_band(text) for text in texts], bool)
        expected = "an age band like 65-69 or 90+"
        return texts.to_numpy(object), faults(wrong, "unknown_age_band", expected, "write first and last age, or age+")
    if dim in COUNTED:
        wrong = faults(~whole, f"unknown_{dim}", f"a whole number of {dim}", "write whole numbers, one row each")
        return (texts.to_numpy(object) if wrong else texts.astype(int).to_numpy()), wrong
    if dim != "state" and whole.all():
        return texts.astype(int).to_numpy(), []
    return texts.to_numpy(object), []


def _is_band(text: str) -> bool:
    found = _BAND.fullmatch(text)
    return bool(found) and (found.group(3) is not None or int(found.group(1)) <= int(found.group(2)))


def _gaps(file: str, dims: Sequence[str], labels: dict[str, np.ndarray]) -> Iterator[Fault]:
    """Ages left out: the whole numbers between the first and the last that no row names, and bands that leave a hole."""
    for dim in dims:
        known = set(labels[dim].tolist())
        if dim in COUNTED and known:
            missing = sorted(set(range(min(known), max(known) + 1)) - known)
            if missing:
                expected = f"every {dim} from {min(known)} to {max(known)}"
                text = ", ".join(map(str, missing[:10])) + (", …" if len(missing) > 10 else "")
                yield Fault(f"missing_{dim}", "error", file, None, dim, text, expected, "add the missing rows")
        elif dim in BANDS and all(isinstance(text, str) for text in known):
            yield from _holes(file, dim, known)
        elif dim in BANDS and len(steps := set(np.diff(sorted(known)).tolist())) > 1:
            text = ", ".join(
                str(a) for a, gap in zip(sorted(known), np.diff(sorted(known)), strict=False) if gap != min(steps)
            )
            expected = f"bands of {min(steps)} years, each named by its first age"
            yield Fault(
                "missing_age_band", "error", file, None, dim, text, expected, "add or correct the band after it"
            )


def _holes(file: str, dim: str, known: set[str]) -> Iterator[Fault]:
    ends: dict[int, tuple[float, str]] = {}
    for text in known:
        found = _BAND.fullmatch(text)
        if found is not None:
            first = int(found.group(1) or found.group(3))
            ends[first] = (float(found.group(2)) if found.group(2) else np.inf, text)
    order = sorted(ends)
    for this, following in pairwise(order):
        last, text = ends[this]
        if last + 1 != following:
            expected = f"bands that follow each other: after {text} comes {ends[following][1]}"
            yield Fault("missing_age_band", "error", file, None, dim, text, expected, "close the gap or the overlap")


def _rows(file: str, dims: Sequence[str], labels: dict[str, np.ndarray], lines: np.ndarray) -> Iterator[Fault]:
    """Rows that repeat an earlier one, and combinations no row gives."""
    rows = list(zip(*(labels[d].tolist() for d in dims), strict=True))
    first: dict[tuple[Any, ...], int] = {}
    for row, line in zip(rows, lines, strict=True):
        if row in first:
            yield Fault(
                "repeated_row",
                "error",
                file,
                int(line),
                ", ".join(dims),
                ", ".join(map(str, row)),
                f"each combination once; line {first[row]} has it already",
                "delete one of the two",
            )
        first.setdefault(row, int(line))
    wanted = np.prod([len(dict.fromkeys(labels[d].tolist())) for d in dims])
    if len(first) < wanted:
        grid = pd.MultiIndex.from_product([dict.fromkeys(labels[d].tolist()) for d in dims])
        absent = [row if isinstance(row, tuple) else (row,) for row in grid if row not in first and (row,) not in first]
        text = "; ".join(", ".join(map(str, row)) for row in absent[:5]) + ("; …" if len(absent) > 5 else "")
        expected = f"a row for every combination of {', '.join(dims)} ({len(absent)} are missing)"
        yield Fault("missing_rows", "error", file, None, ", ".join(dims), text, expected, "add the missing rows")
