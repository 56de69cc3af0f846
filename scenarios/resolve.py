"""A scenario laid over a town: named rates and dated measures, which is all that the model ever sees of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations

import numpy as np
import pandas as pd

from ..model.errors import Fault, InputError, nearest
from ..model.measures import DwellingsMeasure, Measure, PlacesMeasure
from ..model.rates import MAX_HAZARD, Modifier, RateBook
from ..model.region.region import Region
from ..model.timeline import last_day, step_of
from .files import KeyPath, Source, chain_hash, read_chain
from .schema import Dated, DwellingsChange, PlacesChange, RateChange, ScenarioFile

Refuse = Callable[[str, KeyPath, object, str, str], None]


@dataclass(frozen=True)
class Scenario:
    """What a run needs of a scenario; plain values that travel to worker processes.

    Attributes
    ----------
    name : library name, or the file's name without ending; the coordinate in the results.
    modifiers, measures : as the model takes them; steps are absolute quarters.
    hash : SHA-256 of the scenario's file and of those it builds on.
    content : the file itself, without its base.
    """

    name: str
    modifiers: tuple[Modifier, ...]
    measures: tuple[Measure, ...]
    hash: str
    content: ScenarioFile


@dataclass(frozen=True)
class Entry:
    """One entry of a file with its place there, its steps and Quartiere; ``change`` is as written."""

    source: Source
    path: KeyPath
    change: RateChange | PlacesChange | DwellingsChange
    start: int | None
    end: int | None
    quartiere: tuple[int, ...] | None

    def __str__(self) -> str:
        return f"{self.path[0]} {int(self.path[1]) + 1} ({self.source.path.name})"


def resolve(scenario: str, region: Region, rates: RateBook, start_step: int, until_step: int) -> Scenario:
    """Read a scenario and lay it over a town and a period.

    Parameters
    ----------
    scenario : name of the library, or path of a file.
    start_step, until_step : absolute quarters; the run simulates the first after ``start_step`` up to ``until_step``.

    Raises
    ------
    InputError : with every fault of the scenario: unknown rates and Quartiere, dates outside the run, entries that
        contradict each other, amounts that lead below zero places or outside what a rate can be.
    """
    chain = read_chain(scenario)
    faults: list[Fault] = []
    entries = [entry for source in chain for entry in _entries(source, region, start_step, until_step, faults)]
    modifiers = _modifiers(entries, rates, faults)
    measures = [m for entry in entries if (m := _measure(entry)) is not None]
    faults += [fault for pair in combinations(entries, 2) if (fault := _contradiction(*pair))]
    faults += _below_zero(entries, region)
    if not faults:
        faults += _impossible_rates(entries, modifiers, rates, region.n_quartiere, start_step)
    if faults:
        raise InputError(faults)
    return Scenario(chain[-1].name, tuple(modifiers), tuple(measures), chain_hash(chain), chain[-1].content)


def _entries(source: Source, region: Region, start_step: int, until_step: int, faults: list[Fault]) -> Iterator[Entry]:
    content = source.content
    for section, changes in (("rate", content.rate), ("places", content.places), ("dwellings", content.dwellings)):
        for number, change in enumerate(changes):
            path = (section, number)

            def refuse(id: str, key: KeyPath, value: object, expected: str, remedy: str, path: KeyPath = path) -> None:
                faults.append(source.fault(id, (*path, *key), value, expected, remedy))

            ids = [change.quartier] if isinstance(change, DwellingsChange) else change.quartiere
            quartiere = None if ids is None else _quartiere(ids, region, isinstance(change, DwellingsChange), refuse)
            start, end = _steps(change, start_step, until_step, refuse)
            yield Entry(source, path, change, start, end, quartiere)


def _quartiere(ids: list[str], region: Region, single: bool, refuse: Refuse) -> tuple[int, ...]:
    known = region.quartiere["quartier_id"].astype(str).tolist()
    key = ("quartier",) if single else ("quartiere",)
    for unknown in [i for i in ids if i not in known]:
        expected = f"the id of a Quartier of {region.name}"
        refuse("unknown_quartier", key, unknown, expected, _nearest_quartier(unknown, region))
    return tuple(sorted({known.index(i) for i in ids if i in known}))


def _nearest_quartier(unknown: str, region: Region) -> str:
    """Planners write names where ids are meant: a Quartier's name is answered with its id."""
    ids = [str(i) for i in region.quartiere["quartier_id"]]
    for id, name in zip(ids, region.quartiere["name"], strict=True):
        if str(name).casefold() == unknown.casefold():
            return f"write the id “{id}”"
    return nearest(unknown, ids)


def _steps(
    change: Dated | DwellingsChange, start_step: int, until_step: int, refuse: Refuse
) -> tuple[int | None, int | None]:
    first, last = last_day(start_step) + timedelta(days=1), last_day(until_step)
    run, longer = f"a date within the run, {first} to {last}", "correct the date, or run longer with --until"

    def within(key: str, day: date | None, remedy: str) -> int | None:
        if day is not None and not first <= day <= last:
            refuse("date_outside_run", (key,), day, run, remedy)
        return None if day is None else step_of(day)

    if isinstance(change, DwellingsChange):
        return within("date", change.date, longer), None
    start = within("from", change.start, longer)
    end = within("to", change.end, "delete the line if the change lasts to the end of the run")
    return start, None if end is None else end + 1


def _modifiers(entries: list[Entry], rates: RateBook, faults: list[Fault]) -> list[Modifier]:
    modifiers = []
    for e in entries:
        if not isinstance(e.change, RateChange):
            continue
        c = e.change
        selection = (e.quartiere, c.sex, c.age_from, c.age_to)
        modifier = Modifier(c.name, c.kind, c.amount, "scenario", e.start, e.end, *selection)
        try:
            rates.with_modifiers([modifier])
        except InputError as error:
            keys = {"rate": "name", "age": "age_from" if c.age_from is not None else "age_to"}
            for f in error.faults:
                path = (*e.path, keys.get(str(f.column), str(f.column)))
                faults.append(e.source.fault(f.id, path, f.value, f.expected, f.remedy))
            continue
        if (c.age_from is not None or c.age_to is not None) and (fault := _empty_ages(e, c, rates)):
            faults.append(fault)
        modifiers.append(modifier)
    return modifiers


def _empty_ages(entry: Entry, change: RateChange, rates: RateBook) -> Fault | None:
    """A change of ages that the rate does not have would silently do nothing."""
    rate = rates[change.name]
    ages = [int(a) for a in rate.labels[rate.dims.index("age")]]
    low, high = change.age_from or 0, math.inf if change.age_to is None else change.age_to
    if any(low <= age <= high for age in ages):
        return None
    key = "age_from" if change.age_from is not None else "age_to"
    return entry.source.fault("ages_outside_rate", (*entry.path, key), getattr(change, key),
                              f"ages of the rate {change.name}, {min(ages)} to {max(ages)}", "correct the ages")


def _measure(e: Entry) -> Measure | None:
    match e.change:
        case PlacesChange() as c if e.start is not None:
            ages = (c.age_from, c.age_to)
            return PlacesMeasure(c.facility, c.amount, c.unit, e.start, e.end, e.quartiere, *ages, c.note)
        case DwellingsChange() as c if e.quartiere and e.start is not None:
            return DwellingsMeasure(e.quartiere[0], c.rooms, c.dwellings, e.start, c.note)
    return None


def _contradiction(a: Entry, b: Entry) -> Fault | None:
    """Two entries that speak of the same place, people and date, so that a reader cannot tell which one counts."""
    if type(a.change) is not type(b.change) or not _share_a_quartier(a, b):
        return None
    x, y = a.change, b.change
    if isinstance(x, DwellingsChange) and isinstance(y, DwellingsChange):
        same, key = (x.rooms, a.start) == (y.rooms, b.start), "date"
    elif isinstance(x, PlacesChange) and isinstance(y, PlacesChange):
        same, key = x.facility == y.facility and a.start == b.start and _share_ages(x, y), "from"
    elif isinstance(x, RateChange) and isinstance(y, RateChange):
        same, key = x.name == y.name and _share_people(x, y) and _rates_contradict(a, b, x, y), "name"
    else:
        return None
    if not same:
        return None
    value = getattr(y, "start" if key == "from" else key)
    expected = f"one entry for one place and date, but {a} already has it"
    return b.source.fault("contradictory_entries", (*b.path, key), value, expected,
                          "merge the two entries, or give them different dates, Quartiere or ages")


def _rates_contradict(a: Entry, b: Entry, x: RateChange, y: RateChange) -> bool:
    """Factors may come on top of each other; two values at one time, or one change written twice, may not."""
    if x.kind != y.kind:
        return False
    if x.kind == "value":
        starts, ends = [e.start or 0 for e in (a, b)], [e.end or math.inf for e in (a, b)]
        return max(starts) < min(ends) and x.amount != y.amount
    return (a.start, a.quartiere, x.sex, x.age_from, x.age_to) == (b.start, b.quartiere, y.sex, y.age_from, y.age_to)


def _share_a_quartier(a: Entry, b: Entry) -> bool:
    return a.quartiere is None or b.quartiere is None or bool(set(a.quartiere) & set(b.quartiere))


def _share_ages(x: Dated, y: Dated) -> bool:
    low = max(x.age_from or 0, y.age_from or 0)
    return low <= min(math.inf if c.age_to is None else c.age_to for c in (x, y))


def _share_people(x: RateChange, y: RateChange) -> bool:
    return _share_ages(x, y) and (x.sex is None or y.sex is None or x.sex == y.sex)


def _below_zero(entries: list[Entry], region: Region) -> list[Fault]:
    """Closed places that a Quartier (or the town) never had at the reference date."""
    faults = []
    for e in entries:
        c = e.change
        if not isinstance(c, PlacesChange) or c.unit != "places" or c.amount >= 0:
            continue
        for quartier in e.quartiere if e.quartiere is not None else [None]:
            existing = _existing_places(region, c, quartier)
            if -c.amount > existing:
                ids = region.quartiere["quartier_id"]
                where = region.name if quartier is None else f"Quartier {ids.iloc[quartier]}"
                faults.append(e.source.fault("below_zero_places", (*e.path, "amount"), f"{c.amount:g}",
                                             f"at most {existing:g} places to close, as many as {where} has",
                                             "close fewer places"))
    return faults


def _existing_places(region: Region, change: PlacesChange, quartier: int | None) -> float:
    """Places at the latest date, of the kind, ages and Quartier (None = the whole town) that a change speaks of."""
    if region.facilities.empty or region.places.empty:
        return 0.0
    at: pd.DataFrame = region.places.merge(region.facilities[["facility_id", "kind", "quartier_id"]], on="facility_id")
    at = at.loc[(at["kind"] == change.facility) & (at["age_from"] <= change.age_to)]
    if quartier is not None:
        at = at.loc[at["quartier_id"] == region.quartiere["quartier_id"].iloc[quartier]]
    latest = dict(sorted(zip(at["facility_id"], at["date"], strict=True), key=lambda pair: pair[1]))
    now = [date == latest[facility] for facility, date in zip(at["facility_id"], at["date"], strict=True)]
    return float(at["places"].to_numpy(float)[now].sum())


def _impossible_rates(
    entries: list[Entry], modifiers: list[Modifier], rates: RateBook, n: int, start_step: int
) -> list[Fault]:
    """Rates that the changes lead above what they can be: shares above 1, hazards above the highest accepted one."""
    book = rates.with_modifiers(modifiers)
    limits = {"share": 1.0, "per year": MAX_HAZARD}
    faults = []
    for e in entries:
        c = e.change
        if not isinstance(c, RateChange) or (limit := limits.get(rates[c.name].unit)) is None:
            continue
        before = max(limit, float(np.max(rates[c.name].values)))
        highest = float(book.resolve(c.name, e.start or start_step + 1, n)[1].max())
        if highest > before:
            faults.append(e.source.fault("impossible_rate", (*e.path, "amount"), f"{c.amount:g}",
                                         f"a rate of at most {limit:g} {rates[c.name].unit}, it becomes {highest:.3g}",
                                         "choose a smaller amount, or limit the rate with `kind = \"cap\"`"))
    return faults
