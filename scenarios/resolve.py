"""A scenario laid over a town: named rates, dated measures and parameters, which is all that the model ever sees of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ..model.errors import Fault, InputError, nearest
from ..model.measures import Measure
from ..model.rates import Modifier, RateBook
from ..model.region.region import Region
from ..model.timeline import step_of
from .contradictions import Laid, contradictions
from .cost import costs
from .entries import Uncertain, Written, merged, ranges_of, settled
from .files import Source, chain_hash, read_chain
from .levers.lever import Effects, Setting
from .parts import OLDEST, Offset, day_of
from .schema import ScenarioFile
from .town import LARGEST, SMALLEST, Town

GRADES = ("law", "A", "B", "C", "none")


@dataclass(frozen=True)
class Scenario:
    """What a run needs of a scenario; plain values that travel to worker processes.

    Attributes
    ----------
    name : library name, or the file's name without ending; the coordinate in the results.
    modifiers, measures : as the model takes them; steps are absolute quarters.
    hash : SHA-256 of the scenario's file and of those it builds on (and of values other than the modes, if there are any).
    content : the file itself, without its base.
    parameters : values that replace those of the rate book for the whole run.
    warnings : what is odd about it, but possible.
    evidence : grades of its entries, each once, the best first.
    costs : euros until the end of the run, by entry, where the file gives them.
    uncertain : the amounts given as ranges; the scenario stands at their modes, or at the values it was made with.
    chain, town : what it was read from and laid over.
    """

    name: str
    modifiers: tuple[Modifier, ...]
    measures: tuple[Measure, ...]
    hash: str
    content: ScenarioFile
    parameters: dict[str, float] = field(default_factory=dict)
    warnings: tuple[Fault, ...] = ()
    evidence: tuple[str, ...] = ()
    costs: dict[str, float] = field(default_factory=dict)
    uncertain: tuple[Uncertain, ...] = ()
    chain: tuple[Source, ...] = field(default=(), repr=False)
    town: Town | None = field(default=None, repr=False, compare=False)

    def about(self) -> dict[str, Any]:
        """What a description of the run says of it beside its changes, as plain values."""
        return {"evidence": list(self.evidence), "costs": self.costs, "parameters": self.parameters,
                "ranges": [u._asdict() for u in self.uncertain]}

    def rate_book(self, rates: RateBook) -> RateBook:
        """A rate book with the scenario's parameters and modifiers laid over it."""
        return rates.with_parameters(self.parameters).with_modifiers(self.modifiers)


def resolve(scenario: str, region: Region, rates: RateBook, start_step: int, until_step: int) -> Scenario:
    """Read a scenario and lay it over a town and a period.

    Parameters
    ----------
    scenario : name of the library, or path of a file.
    start_step, until_step : absolute quarters; the run simulates the first after ``start_step`` up to ``until_step``.

    Raises
    ------
    InputError : with every fault of the scenario: unknown rates, parameters, Quartiere and facilities, dates outside the
        run, entries that contradict each other, amounts that lead below zero places or outside what a rate can be.
    """
    return _lay(read_chain(scenario), Town(region, rates, start_step, until_step), {})


def ranges(scenario: Scenario) -> list[Uncertain]:
    """The uncertain amounts of a scenario, in the order of its entries."""
    return list(scenario.uncertain)


def with_values(scenario: Scenario, values: Mapping[str, float]) -> Scenario:
    """The scenario with other values of uncertain amounts, by their names; those not named stay at their modes.

    Raises
    ------
    InputError : a name is that of no range, or the values lead to what a scenario must not do.
    """
    names = [u.name for u in scenario.uncertain]
    if unknown := [name for name in values if name not in names]:
        raise InputError([
            Fault("unknown_range", "error", scenario.name, None, None, name, "the name of an uncertain amount", nearest(name, names))
            for name in unknown
        ])
    assert scenario.town is not None
    return _lay(scenario.chain, scenario.town, values)


def _lay(chain: tuple[Source, ...], town: Town, values: Mapping[str, float]) -> Scenario:
    faults: list[Fault] = []
    warnings: list[Fault] = []
    written = merged(chain)
    uncertain = ranges_of(written)
    laid = [_entry(settled(entry, values), town, faults, warnings) for entry in written]
    faults += contradictions(laid, town, bool(faults))
    if faults:
        raise InputError(faults)
    digest = chain_hash(chain)
    if values:
        digest = hashlib.sha256(f"{digest} {sorted(values.items())}".encode()).hexdigest()
    parameters = {name: value for entry in laid for name, value in entry.effects.parameters.items()}
    grades = {entry.written.change.evidence or entry.written.source.content.evidence for entry in laid}
    return Scenario(
        chain[-1].name,
        tuple(m for entry in laid for m in entry.effects.modifiers),
        tuple(m for entry in laid for m in entry.effects.measures),
        digest, chain[-1].content, parameters, tuple(warnings), tuple(g for g in GRADES if g in grades),
        costs(laid, town), tuple(uncertain), chain, town,
    )


def _entry(written: Written, town: Town, faults: list[Fault], warnings: list[Fault]) -> Laid:
    change: Any = written.change

    def refuse(id: str, key: str, value: object, expected: str, remedy: str) -> None:
        faults.append(written.fault(id, key, value, expected, remedy))

    def warn(id: str, key: str, value: object, expected: str, remedy: str) -> None:
        warnings.append(written.fault(id, key, value, expected, remedy, "warning"))

    setting = Setting(town, town.start_step + 1, None, None, refuse, warn)
    single = getattr(change, "quartier", None)
    if (ids := [single] if single else getattr(change, "quartiere", None)) is not None:
        key = "quartier" if single else "quartiere"
        setting = Setting(town, setting.start, None, _quartiere(ids, key, setting), refuse, warn)
    start, end = _steps(change, setting)
    if start is None:  # a relative date beyond the end of a short run
        return Laid(written, town.until_step + 1, None, setting.quartiere, Effects())
    setting = Setting(town, start, end, setting.quartiere, refuse, warn)
    effects = change.effects(setting)
    if change.cost and not effects.measures and (change.cost.per_unit or change.cost.per_unit_year):
        refuse("cost_without_units", "cost", None, "units to pay for, which only places and dwellings have", "write per_year")
    return Laid(written, start, end, setting.quartiere, effects if _known(effects, change, setting) else Effects())


def _known(effects: Effects, change: Any, setting: Setting) -> bool:
    """Whether the rates are there, and depend on what the entry selects; ages a rate does not have would do nothing."""
    rates, first = setting.town.rates, {m.rate: m for m in effects.modifiers}
    ages_key = "age_from" if getattr(change, "age_from", None) is not None else "age_to"
    try:
        rates.with_modifiers(first.values())
    except InputError as error:
        keys = {"rate": "name", "age": ages_key}
        for f in error.faults:
            setting.refuse(f.id, keys.get(str(f.column), str(f.column)), f.value, f.expected, f.remedy)
        return False
    for m in first.values():
        ages = rates[m.rate].completed_ages()
        low, high = m.age_from or 0, OLDEST if m.age_to is None else m.age_to
        if (m.age_from, m.age_to) != (None, None) and not ((ages >= low) & (ages <= high)).any():
            setting.refuse("ages_outside_rate", ages_key, getattr(change, ages_key, None),
                           f"ages of the rate {m.rate}, {min(ages)} to {max(ages)}", "correct the ages")
    return True


def _quartiere(ids: list[str], key: str, setting: Setting) -> tuple[int, ...]:
    town, found = setting.town, set[int]()
    for id in ids:
        if id in town.ids:
            found.add(town.ids.index(id))
        elif id in (LARGEST, SMALLEST):
            found.add(town.by_size(id))
        else:
            expected = f"the id of a Quartier of {town.region.name}"
            setting.refuse("unknown_quartier", key, id, expected, _nearest_quartier(id, town))
    return tuple(sorted(found))


def _nearest_quartier(unknown: str, town: Town) -> str:
    """Planners write names where ids are meant: a Quartier's name is answered with its id."""
    for id, name in zip(town.ids, town.region.quartiere["name"], strict=True):
        if str(name).casefold() == unknown.casefold():
            return f"write the id “{id}”"
    return nearest(unknown, [*town.ids, *((LARGEST, SMALLEST) if unknown.startswith("@") else ())])


def _steps(change: Any, setting: Setting) -> tuple[int | None, int | None]:
    """First step and first step after the end; no first step where a relative date lies beyond the run."""
    town = setting.town
    run, longer = f"a date within the run, {town.first_day} to {town.last_day}", "correct the date, or run longer with --until"
    key = "date" if hasattr(change, "date") else "from"
    written: date | Offset | None = getattr(change, "date" if key == "date" else "start", None)
    start = town.start_step + 1
    if written is not None:
        day = day_of(written, town.first_day)
        if town.first_day <= day <= town.last_day:
            start = step_of(day)
        elif isinstance(written, Offset):
            setting.warn("begins_after_run", key, day, run, "run longer with --until; as it is, the entry does nothing")
            return None, None
        else:
            setting.refuse("date_outside_run", key, day, run, longer)
    ends: date | Offset | None = getattr(change, "end", None)
    if ends is None:
        return start, None
    day = day_of(ends, town.first_day, last=True)
    if not town.first_day <= day <= town.last_day:
        if isinstance(ends, date):
            setting.refuse("date_outside_run", "to", day, run, "delete the line if the change lasts to the end of the run")
        if day > town.last_day:
            return start, None
    if step_of(day) < start:
        setting.refuse("end_before_start", "to", day, "a last day not before the first", "exchange the dates or correct one of them")
        return start, None
    return start, step_of(day) + 1
