"""What no run may begin with: entries that contradict each other, places closed that do not exist, impossible rates."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from ..model.errors import Fault
from ..model.measures import ClosingMeasure, DwellingsMeasure, PlacesMeasure
from ..model.rates import MAX_HAZARD, Modifier
from .entries import Written
from .levers import DwellingsChange
from .levers.lever import Effects
from .town import Town

LIMITS: Final = {"share": 1.0, "per year": MAX_HAZARD}
"""Largest value of a rate by its unit."""


@dataclass(frozen=True)
class Laid:
    """An entry laid over a town: its steps, its Quartiere, and what it does."""

    written: Written
    start: int
    end: int | None
    quartiere: tuple[int, ...] | None
    effects: Effects

    @property
    def places(self) -> list[PlacesMeasure]:
        """Its measures on places."""
        return [m for m in self.effects.measures if isinstance(m, PlacesMeasure)]

    @property
    def key(self) -> str:
        """The key that says how much, for faults."""
        keys = ("amount", "percent", "points", "reached", "value", "dwellings")
        return next((k for k in keys if hasattr(self.written.change, k)), "name")


def contradictions(entries: list[Laid], town: Town, faulty: bool) -> list[Fault]:
    """All faults that show only when entries, town and rates are seen together.

    Parameters
    ----------
    faulty : whether there are faults already; rates are then not looked at, they may be unknown.
    """
    found = [fault for pair in combinations(entries, 2) if (fault := _contradiction(*pair))]
    found += [fault for entry in entries for fault in _below_zero(entry, entries, town)]
    return found if faulty or found else list(_impossible_rates(entries, town))


def _contradiction(a: Laid, b: Laid) -> Fault | None:
    """Two entries that speak of the same place, people and date, so that a reader cannot tell which one counts."""
    key = (
        _same_places(a, b) or _same_dwellings(a, b) or _same_facility(a, b) or _same_rate(a, b) or _same_parameter(a, b)
    )
    if not key:
        return None
    change = b.written.change
    value = getattr(change, {"from": "start"}.get(key, key), None)
    return b.written.fault(
        "contradictory_entries",
        key,
        value,
        f"one entry for one place and date, but {a.written.label} already has it",
        "merge the two entries, or give them different dates, Quartiere or ages",
    )


def _same_places(a: Laid, b: Laid) -> str | None:
    for x in a.places:
        for y in b.places:
            first = x.start == a.start and y.start == b.start and x.start == y.start
            same = (x.kind, x.operable_only) == (y.kind, y.operable_only)
            if first and same and _share_places(x, y):
                return "from"
    return None


def _share_places(x: PlacesMeasure, y: PlacesMeasure) -> bool:
    if x.facilities and y.facilities:
        where = bool(set(x.facilities) & set(y.facilities))
    elif x.facilities or y.facilities:  # one facility enlarged while its Quartier grows is no contradiction
        where = False
    else:
        where = x.quartiere is None or y.quartiere is None or bool(set(x.quartiere) & set(y.quartiere))
    return where and max(x.age_from, y.age_from) <= min(x.age_to, y.age_to)


def _same_dwellings(a: Laid, b: Laid) -> str | None:
    if not (isinstance(a.written.change, DwellingsChange) and isinstance(b.written.change, DwellingsChange)):
        return None
    x, y = (
        [(m.quartier, m.rooms, m.step) for m in e.effects.measures if isinstance(m, DwellingsMeasure)] for e in (a, b)
    )
    return "date" if set(x) & set(y) else None


def _same_facility(a: Laid, b: Laid) -> str | None:
    """A facility that closes twice, or gets places after it has closed."""
    for x, y in ((a, b), (b, a)):
        for m in x.effects.measures:
            if not isinstance(m, ClosingMeasure):
                continue
            twice = any(isinstance(n, ClosingMeasure) and n.facility == m.facility for n in y.effects.measures)
            enlarged = any(m.facility in (n.facilities or ()) and n.start >= m.step for n in y.places)
            if twice or enlarged:
                return "facilities"
    return None


def _same_rate(a: Laid, b: Laid) -> str | None:
    """Factors may come on top of each other; two values at one time, or one change written twice, may not."""
    for x in a.effects.modifiers:
        for y in b.effects.modifiers:
            if (x.rate, x.kind) != (y.rate, y.kind) or x.kind == "cap":
                continue
            if x.kind == "value":
                meets = max(x.start or 0, y.start or 0) < min(x.end or math.inf, y.end or math.inf)
                if meets and x.amount != y.amount and _share_people(x, y):
                    return "name"
            elif x.start == a.start and y.start == b.start and _selection(x) == _selection(y):
                return "name"
    return None


def _selection(m: Modifier) -> tuple[object, ...]:
    return m.start, m.quartiere, m.sex, m.age_from, m.age_to


def _share_people(x: Modifier, y: Modifier) -> bool:
    low = max(x.age_from or 0, y.age_from or 0)
    ages = low <= min(math.inf if m.age_to is None else m.age_to for m in (x, y))
    where = x.quartiere is None or y.quartiere is None or bool(set(x.quartiere) & set(y.quartiere))
    return ages and where and (x.sex is None or y.sex is None or x.sex == y.sex)


def _same_parameter(a: Laid, b: Laid) -> str | None:
    return "name" if set(a.effects.parameters) & set(b.effects.parameters) else None


def _below_zero(entry: Laid, entries: list[Laid], town: Town) -> Iterator[Fault]:
    """Closed places that a Quartier, a facility or the town never had at the reference date, other entries counted."""
    named: set[object] = set()
    others = [m for other in entries if other is not entry for m in other.places]
    for m in entry.places:
        if m.amount >= 0:
            continue
        for quartier in m.quartiere if m.quartiere is not None else [None]:
            where = None if quartier is None else (quartier,)
            there = town.places(m.kind, m.age_from, m.age_to, where, m.facilities)
            active = [o for o in others if _active(o, m) and _share_places(o, m)]
            if m.unit == "percent":
                left = 100.0 + sum(o.amount for o in active if o.unit == "percent")
                expected = f"at most {left:g} per cent of the places to close, as many as are left"
            else:
                left = there + sum(_amount_in(o, quartier, there, town) for o in active)
                name = ", ".join(m.facilities or ()) or (
                    town.region.name if quartier is None else f"Quartier {town.ids[quartier]}"
                )
                expected = f"at most {max(left, 0):g} places to close, as many as {name} has"
            if -m.amount > left + 1e-6 and quartier not in named:
                named.add(quartier)
                yield entry.written.fault(
                    "below_zero_places", entry.key, f"{m.amount:g}", expected, "close fewer places"
                )


def _active(other: PlacesMeasure, at: PlacesMeasure) -> bool:
    in_force = other.start <= at.start and (other.end is None or at.start < other.end)
    return in_force and (other.kind, other.operable_only) == (at.kind, at.operable_only)


def _amount_in(other: PlacesMeasure, quartier: int | None, there: float, town: Town) -> float:
    """Places another measure adds in a Quartier (None = town); a whole town's are spread as the places there are."""
    if other.unit == "percent":
        return other.amount / 100 * there
    if other.quartiere is not None:
        return other.amount * (len(other.quartiere) if quartier is None else 1)
    everywhere = town.places(other.kind, other.age_from, other.age_to)
    return other.amount * (1.0 if quartier is None else there / max(everywhere, 1.0))


def _impossible_rates(entries: list[Laid], town: Town) -> Iterator[Fault]:
    """Rates that the changes lead above what they can be: shares above 1, hazards above the highest accepted one."""
    book = town.rates.with_modifiers([m for entry in entries for m in entry.effects.modifiers])
    for entry in entries:
        for m in entry.effects.modifiers:
            if (limit := LIMITS.get(book[m.rate].unit)) is None:
                continue
            before = max(limit, float(np.max(book[m.rate].values)))
            step = m.start or town.start_step + 1
            highest = float(book.resolve(m.rate, step, town.region.n_quartiere)[1].max())
            if highest > before:
                yield entry.written.fault(
                    "impossible_rate",
                    entry.key,
                    f"{m.amount:g}",
                    f"a rate of at most {limit:g} {book[m.rate].unit}, it becomes {highest:.3g}",
                    'choose a smaller amount, or limit the rate with `kind = "cap"`',
                )
                break
