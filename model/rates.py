"""Rates and parameters: numbers with a name, a unit, a source and a year; modified by date, never edited in a process.

Rates are declared in `data/rates_*.toml`, single figures in `data/parameters_*.csv`, what differs between the German
states in `data/profiles_*.csv`. A scenario or a calibration
adds a `Modifier`; the processes ask `RateBook.resolve` for the values of a date and see neither.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import numpy as np
import pandas as pd

from .errors import Fault, InputError, nearest
from .luck import TWO32
from .rate_tables import MAX_HAZARD, read_table
from .timeline import DT

DATA: Final = Path(__file__).parent / "data"
_T = TypeVar("_T")
Kind = Literal["factor", "add", "value", "cap"]
LAYERS: Final = ("base", "trend", "calibration", "scenario")


@dataclass(frozen=True)
class Rate:
    """A named table of numbers.

    ``values`` has one axis per name in ``dims``; ``labels`` gives the coordinates of every axis (ages as int, the rest
    as text). ``unit`` is ``per year`` for annual hazards, ``share`` for shares and probabilities.
    """

    name: str
    unit: str
    dims: tuple[str, ...]
    labels: tuple[tuple[Any, ...], ...]
    values: np.ndarray
    source: str
    year: str
    status: str
    meaning: str = ""

    @property
    def age_axis(self) -> int | None:
        """Number of the axis that goes by age, in years or half-years; None if there is none."""
        return next((i for i, dim in enumerate(self.dims) if dim in ("age", "half_year")), None)

    def completed_ages(self) -> np.ndarray:
        """Completed years (i64) along the age axis; empty if there is none."""
        if self.age_axis is None:
            return np.empty(0, np.int64)
        labels = np.array(self.labels[self.age_axis], np.int64)
        return labels // 2 if self.dims[self.age_axis] == "half_year" else labels


@dataclass(frozen=True)
class Modifier:
    """A dated change of one rate.

    ``kind`` factor multiplies, add adds, value replaces, cap limits from above; ``start`` and ``end`` are absolute
    quarters (start included, end excluded, None = open). ``quartiere`` limits it to some Quartiere (indices), ``sex``
    to one label, ``age_from``/``age_to`` to completed ages (inclusive). Layers apply in the order base, trend,
    calibration, scenario.
    """

    rate: str
    kind: Kind
    amount: float
    layer: str = "scenario"
    start: int | None = None
    end: int | None = None
    quartiere: tuple[int, ...] | None = None
    sex: str | None = None
    age_from: int | None = None
    age_to: int | None = None

    def active(self, step: int) -> bool:
        """Whether it applies in a step."""
        return (self.start is None or step >= self.start) and (self.end is None or step < self.end)


def probability(hazard: np.ndarray | float, years: float = DT) -> np.ndarray:
    """Annual hazards to the probability of an event within ``years``: ``-expm1(-hazard * years)``.

    Raises
    ------
    ValueError : a hazard is negative, not finite or above 50 a year.
    """
    h = np.asarray(hazard, float)
    if not np.isfinite(h).all() or h.min(initial=0.0) < 0 or h.max(initial=0.0) > MAX_HAZARD:
        raise ValueError(f"hazards must be finite and lie between 0 and {MAX_HAZARD:g} a year")
    return -np.expm1(-h * years)


def threshold(p: np.ndarray | float) -> np.ndarray:
    """Probabilities as u32 thresholds: a 32-bit word below it means that the event happens.

    Probability 1 becomes 2**32 - 1, short of certainty by 2.3e-10.

    Raises
    ------
    ValueError : a probability lies outside 0..1 or is not a number.
    """
    q = np.asarray(p, float)
    if not ((q >= 0) & (q <= 1)).all():
        raise ValueError("probabilities must lie between 0 and 1")
    return np.minimum(np.floor(q * TWO32), TWO32 - 1).astype(np.uint32)


def classes(class_of: np.ndarray, values: np.ndarray, quartier: np.ndarray, rows: np.ndarray) -> np.ndarray | int:
    """Class of people's Quartiere, to index what `RateBook.resolve` gives; where all share one, without a look at them."""
    return class_of[quartier[rows]] if len(values) > 1 else 0


@dataclass
class RateBook:
    """All rates and parameters of a run, with the modifiers that lie over them."""

    rates: dict[str, Rate]
    parameters: dict[str, float]
    parameter_table: pd.DataFrame
    modifiers: tuple[Modifier, ...] = ()
    state: str = "00"
    _cache: dict[Any, Any] = field(default_factory=dict, repr=False)

    def __getitem__(self, name: str) -> Rate:
        try:
            return self.rates[name]
        except KeyError:
            raise KeyError(f"no rate {name!r}; {nearest(name, self.rates)}") from None

    def parameter(self, name: str) -> float:
        """One figure of `data/parameters_*.csv`, or the state profile's figure where there is one."""
        try:
            return self.parameters[name]
        except KeyError:
            raise KeyError(f"no parameter {name!r}; {nearest(name, self.parameters)}") from None

    def with_modifiers(self, modifiers: Iterable[Modifier]) -> RateBook:
        """A copy with further modifiers; the rates themselves are shared.

        Raises
        ------
        InputError : a modifier names no rate, a wrong layer, or a selector that the rate has not.
        """
        added = tuple(modifiers)
        faults = [fault for m in added if (fault := self._fault(m))]
        if faults:
            raise InputError(faults)
        ordered = sorted((*self.modifiers, *added), key=lambda m: LAYERS.index(m.layer))
        return replace(self, modifiers=tuple(ordered), _cache={})

    def with_parameters(self, values: Mapping[str, float]) -> RateBook:
        """A copy in which some parameters have other values, for the whole run; the rates are shared.

        Raises
        ------
        InputError : a name is no parameter, or a value is not a finite number.
        """
        faults = [
            Fault("unknown_parameter", "error", "parameters", None, "name", name, "the name of a parameter",
                  nearest(name, self.parameters))
            for name in values if name not in self.parameters
        ]
        faults += [
            Fault("unknown_parameter", "error", "parameters", None, "value", str(value), "a finite number",
                  "correct the number")
            for value in values.values() if not np.isfinite(value)
        ]
        if faults:
            raise InputError(faults)
        return replace(self, parameters={**self.parameters, **values}, _cache={}) if values else self

    def _fault(self, m: Modifier) -> Fault | None:
        def fault(column: str, value: object, expected: str, remedy: str) -> Fault:
            return Fault("unknown_rate", "error", "rates", None, column, str(value), expected, remedy)

        if m.rate not in self.rates:
            return fault("rate", m.rate, "the name of a rate", nearest(m.rate, self.rates))
        if m.layer not in LAYERS:
            return fault("layer", m.layer, "a layer", nearest(m.layer, LAYERS))
        dims = self.rates[m.rate].dims
        if m.sex is not None and "sex" not in dims:
            return fault("sex", m.sex, f"no selection by sex: {m.rate} does not depend on it", "leave `sex` out")
        if (m.age_from is not None or m.age_to is not None) and self.rates[m.rate].age_axis is None:
            return fault("age", m.age_from, f"no selection by age: {m.rate} does not depend on it", "leave ages out")
        if not np.isfinite(m.amount) or (m.kind != "add" and m.amount < 0):
            return fault("amount", m.amount, "a finite number, not negative", "correct the amount")
        return None

    def version(self, names: Sequence[str], step: int) -> tuple[bool, ...]:
        """Which modifiers of these rates are active; thresholds are rebuilt only when it changes."""
        return tuple(m.active(step) for m in self.modifiers if m.rate in names)

    def resolve(self, name: str, step: int, n_quartiere: int) -> tuple[np.ndarray, np.ndarray]:
        """Values of a rate in a step, with all active modifiers.

        Returns
        -------
        class_of_quartier : u8 [n_quartiere]; Quartiere whose modifiers are equal share a class.
        values : float64 [class, *dims of the rate].
        """
        active = [i for i, m in enumerate(self.modifiers) if m.rate == name and m.active(step)]
        cached = (name, tuple(active), n_quartiere)
        if cached not in self._cache:
            self._cache[cached] = self._resolve(self[name], [self.modifiers[i] for i in active], n_quartiere)
        return self._cache[cached]

    def once(self, make: Callable[[RateBook], _T]) -> _T:
        """What a function makes of this book, made once: for tables that do not change from step to step, nor between replicates."""
        if make not in self._cache:
            self._cache[make] = make(self)
        return self._cache[make]

    def _resolve(self, rate: Rate, active: list[Modifier], n: int) -> tuple[np.ndarray, np.ndarray]:
        applies = np.array([[m.quartiere is None or q in m.quartiere for m in active] for q in range(n)], bool).reshape(
            n, len(active)
        )
        patterns, class_of = np.unique(applies, axis=0, return_inverse=True)
        values = np.stack([_modified(rate, [m for m, on in zip(active, p, strict=True) if on]) for p in patterns])
        if len(patterns) > 255:
            raise ValueError(f"{rate.name}: more than 255 different sets of modifiers over the Quartiere")
        return class_of.ravel().astype(np.uint8), values


def _modified(rate: Rate, modifiers: Sequence[Modifier]) -> np.ndarray:
    values = rate.values.astype(float).copy()
    for m in modifiers:
        where: list[Any] = [slice(None)] * values.ndim
        if m.sex is not None:
            axis = rate.dims.index("sex")
            where[axis] = rate.labels[axis].index(m.sex)
        if (axis := rate.age_axis) is not None and (m.age_from is not None or m.age_to is not None):
            ages = rate.completed_ages()
            inside = (ages >= (m.age_from or 0)) & (ages <= (m.age_to if m.age_to is not None else ages.max()))
            chosen = np.flatnonzero(inside)
            where[axis] = slice(int(chosen[0]), int(chosen[-1]) + 1) if chosen.size else slice(0, 0)
        view = values[tuple(where)]
        match m.kind:
            case "factor":
                values[tuple(where)] = view * m.amount
            case "add":
                values[tuple(where)] = np.maximum(view + m.amount, 0)
            case "value":
                values[tuple(where)] = m.amount
            case "cap":
                values[tuple(where)] = np.minimum(view, m.amount)
    return values


def read_rates(folder: Path = DATA) -> dict[str, Rate]:
    """All rates declared in the ``rates_*.toml`` of a folder, with the tables they name.

    A table is a CSV with one column per dimension (text, ages as whole numbers) and value columns; a rate takes one
    value column, of the rows that fulfil ``where`` if that is given.

    Raises
    ------
    InputError : with the faults of all tables (see `rate_tables.read_table`).
    ValueError : a name is declared twice.
    """
    frames: dict[str, pd.DataFrame] = {}
    rates: dict[str, Rate] = {}
    faults: dict[Fault, None] = {}  # a file that two rates share tells its faults once
    for declaration in sorted(folder.glob("rates_*.toml")):
        for name, entry in tomllib.loads(declaration.read_text(encoding="utf-8")).items():
            if name in rates:
                raise ValueError(f"{declaration.name}: the rate {name!r} is declared twice")
            try:
                rates[name] = _rate(name, entry, *read_table(folder, entry, frames))
            except InputError as error:
                faults |= dict.fromkeys(error.faults)
    if faults:
        raise InputError(list(faults))
    return rates


def _rate(name: str, entry: dict[str, Any], labels: tuple[tuple[Any, ...], ...], values: np.ndarray) -> Rate:
    return Rate(
        name,
        entry["unit"],
        tuple(entry["dims"]),
        labels,
        values,
        entry["source"],
        str(entry["year"]),
        entry["status"],
        entry.get("meaning", ""),
    )


def _read_all(folder: Path, pattern: str) -> pd.DataFrame:
    frames = [pd.read_csv(path, dtype={"parameter": str, "state": str}) for path in sorted(folder.glob(pattern))]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame({"parameter": [], "state": [], "value": []})


def read_rate_book(state: str = "00", folder: Path = DATA) -> RateBook:
    """The rate book of a run: ``rates_*.toml``, ``parameters_*.csv``, and the state's lines of ``profiles_*.csv``.

    Parameters
    ----------
    state : two-digit code of the German state, as text; "00" takes the national figures alone.

    Raises
    ------
    ValueError : a parameter stands in two files, or a profile names no parameter.
    """
    table = _read_all(folder, "parameters_*.csv")
    if doubled := table.loc[table["parameter"].duplicated(), "parameter"].tolist():
        raise ValueError(f"parameters given twice: {', '.join(doubled)}")
    parameters = dict(zip(table["parameter"], table["value"].astype(float), strict=True))
    profile = _read_all(folder, "profiles_*.csv")
    here = profile.loc[profile["state"] == state]
    for name, value in zip(here["parameter"], here["value"].astype(float), strict=True):
        if name not in parameters:
            raise ValueError(f"state profile {state}: no parameter {name!r}; {nearest(name, parameters)}")
        parameters[name] = value
    return RateBook(read_rates(folder), parameters, table, state=state)
