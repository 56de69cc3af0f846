"""The entries of a scenario and of those it builds on: joined, overridden, removed; and their uncertain amounts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from pydantic import ValidationError

from ..model.errors import Fault, InputError, nearest
from .files import KeyPath, Source, faults_of
from .parts import DatedAmount, Entry, Part, Range, plain
from .schema import ScenarioFile

SECTIONS = ("rate", "places", "dwellings", "parameter", "lever")


class Uncertain(NamedTuple):
    """An uncertain amount: ``name`` is the entry's id (or section and number) and the key."""

    name: str
    min: float
    mode: float
    max: float


@dataclass(frozen=True)
class Written:
    """One entry as it stands after overriding: where it was last written, and what it says.

    ``label`` names it to people; ``name`` names its uncertain amounts.
    """

    source: Source
    path: KeyPath
    section: str
    name: str
    table: dict[str, Any]
    change: Entry

    @property
    def label(self) -> str:
        """The entry's place, e.g. “places 2 (mine.toml)”."""
        where = " ".join(str(p + 1) if isinstance(p, int) else p for p in self.path)
        return f"{where} ({self.source.path.name})"

    def fault(
        self,
        id: str,
        key: str,
        value: object,
        expected: str,
        remedy: str,
        severity: Literal["error", "warning"] = "error",
    ) -> Fault:
        """A fault at a key of the entry."""
        return replace(self.source.fault(id, (*self.path, key), value, expected, remedy), severity=severity)


def merged(chain: tuple[Source, ...]) -> list[Written]:
    """The entries that apply, those of the deepest base first.

    Raises
    ------
    InputError : ids that the base has not, or has already; keys of an override that the entry cannot have.
    """
    entries: list[Written] = []
    faults: list[Fault] = []
    for source in chain:
        for id in source.content.remove:
            if (position := _position(entries, id)) is None:
                faults.append(_unknown(source, ("remove",), id, entries))
            else:
                del entries[position]
        for id, keys in source.content.override.items():
            if (position := _position(entries, id)) is None:
                faults.append(_unknown(source, ("override", id), id, entries))
            elif isinstance(changed := _overridden(entries[position], source, id, keys), list):
                faults += changed
            else:
                entries[position] = changed
        for entry in _own(source):
            if entry.change.id is not None and _position(entries, entry.change.id) is not None:
                remedy = "choose another id, or change the entry of the base with [override.…]"
                faults.append(entry.fault("same_id", "id", entry.change.id, "an id that no other entry has", remedy))
            entries.append(entry)
    if faults:
        raise InputError(faults)
    return entries


def _own(source: Source) -> Iterator[Written]:
    for section in SECTIONS:
        for number, change in enumerate(getattr(source.content, section)):
            name = change.id or f"{source.name}.{section}{number + 1}"
            yield Written(source, (section, number), section, name, source.table[section][number], change)


def _position(entries: list[Written], id: str) -> int | None:
    return next((i for i, entry in enumerate(entries) if entry.change.id == id), None)


def _unknown(source: Source, path: KeyPath, id: str, entries: list[Written]) -> Fault:
    ids = [entry.change.id for entry in entries if entry.change.id]
    return source.fault("unknown_entry", path, id, "the id of an entry of the base", nearest(id, ids))


def _overridden(entry: Written, source: Source, id: str, keys: dict[str, Any]) -> Written | list[Fault]:
    table = {**entry.table, **keys}
    if table.get("id") != id:
        return [source.fault("wrong_value", ("override", id, "id"), table["id"], "no other id", "delete the line")]
    try:
        content = ScenarioFile.model_validate({"title": {"de": "–"}, entry.section: [table]})
    except ValidationError as error:
        return faults_of(error, source.path.name, source.text, ("override", id))
    return Written(source, ("override", id), entry.section, id, table, getattr(content, entry.section)[0])


def _amounts(change: Part, name: str) -> Iterator[tuple[str, str, Range]]:
    """Every range of an entry that results depend on: its name, its key, itself; a dated one is named with its number."""
    for key in type(change).model_fields:
        value = getattr(change, key)
        if isinstance(value, Range):
            yield f"{name}.{key}", key, value
        elif isinstance(value, list):
            for number, step in enumerate(value, 1):
                if isinstance(step, DatedAmount) and isinstance(step.amount, Range):
                    yield f"{name}.{key}.{number}", key, step.amount


def ranges_of(entries: list[Written]) -> list[Uncertain]:
    """The uncertain amounts of some entries."""
    return [
        Uncertain(name, span.min, span.mode, span.max)
        for entry in entries
        for name, _, span in _amounts(entry.change, entry.name)
    ]


def settled(entry: Written, values: Mapping[str, float]) -> Written:
    """The entry with every range replaced by the value given for its name, else by its mode."""
    change, update = entry.change, dict[str, Any]()
    for key in type(change).model_fields:
        value, name = getattr(change, key), f"{entry.name}.{key}"
        if isinstance(value, Range):
            update[key] = float(values.get(name, value.mode))
        elif isinstance(value, list) and any(isinstance(step, DatedAmount) for step in value):
            update[key] = [
                step.model_copy(update={"amount": float(values.get(f"{name}.{number}", plain(step.amount)))})
                for number, step in enumerate(value, 1)
            ]
    return replace(entry, change=change.model_copy(update=update)) if update else entry
