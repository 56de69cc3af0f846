"""What every lever is: an entry of a scenario file that becomes named modifiers, dated measures and parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from ...model.errors import nearest
from ...model.measures import Measure
from ...model.rates import Modifier
from ...model.timeline import step_of
from ..parts import Dated, DatedAmount, Range, day_of, plain
from ..phases import Segment, phased
from ..town import Town


@dataclass(frozen=True)
class Effects:
    """What an entry does to the model."""

    modifiers: Sequence[Modifier] = ()
    measures: Sequence[Measure] = ()
    parameters: dict[str, float] = field(default_factory=dict)


class Refuse(Protocol):
    """Names a fault at a key of the entry; the id comes first, as in `Fault`."""

    def __call__(self, id: str, key: str, value: object, expected: str, remedy: str) -> None: ...


@dataclass(frozen=True)
class Setting:
    """Where and when an entry acts.

    Attributes
    ----------
    start, end : absolute quarters; ``start`` is the first of the run where the entry names none, ``end`` is excluded and
        None means for good.
    quartiere : indices, None = the whole town.
    refuse, warn : name what is wrong, or odd, at a key of the entry.
    """

    town: Town
    start: int
    end: int | None
    quartiere: tuple[int, ...] | None
    refuse: Refuse
    warn: Refuse

    def course(self, change: Dated, amounts: float | Range | list[DatedAmount], neutral: float = 0.0) -> list[Segment]:
        """The amount of an entry through time, as pieces of constant amount; ``neutral`` is what has no effect."""
        knots = self._knots(amounts) if isinstance(amounts, list) else [(self.start, plain(amounts))]
        pieces = phased(
            [(step, amount - neutral) for step, amount in knots],
            self.end,
            self.town.until_step,
            change.ramp_up,
            change.half_life,
        )
        return [piece._replace(amount=round(piece.amount + neutral, 9)) for piece in pieces if not _empty(piece)]

    def refuse_unknown_facilities(self, ids: Sequence[str], kinds: Sequence[str]) -> None:
        """Refuse every id that no facility of these kinds has, with the nearest ones."""
        known = self.town.facility_ids(kinds)
        expected = f"the id of a facility of {self.town.region.name} of the kind {', '.join(kinds)}"
        for unknown in (i for i in ids if i not in known):
            self.refuse("unknown_facility", "facilities", unknown, expected, nearest(unknown, known))

    def _knots(self, amounts: list[DatedAmount]) -> list[tuple[int, float]]:
        knots: list[tuple[int, float]] = []
        end = self.town.until_step + 1 if self.end is None else self.end
        for step in amounts:
            day = day_of(step.start, self.town.first_day)
            at = step_of(day)
            if isinstance(step.start, date) and not self.start <= at < end:
                self.refuse(
                    "date_outside_entry",
                    "amount",
                    day,
                    "dates between the first and the last day of the entry",
                    "correct the date, or the days of the entry",
                )
            elif knots and at <= knots[-1][0]:
                self.refuse(
                    "dates_not_ascending",
                    "amount",
                    day,
                    "dated amounts in the order of their dates, one for a quarter",
                    "put them in order, or leave one out",
                )
            elif at < end:
                knots.append((max(at, self.start), plain(step.amount)))
        return knots or [(self.start, 0.0)]


def _empty(piece: Segment) -> bool:
    return piece.end is not None and piece.end <= piece.start


class Lever(Protocol):
    """The protocol of a lever: a part of the file (its keys are the lever's parameters) that says what it does."""

    def effects(self, setting: Setting) -> Effects:
        """What the entry does in a town and a period; what is wrong goes to ``setting.refuse``."""
        ...
