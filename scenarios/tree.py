"""The common past: scenarios that are equal up to a date share one life up to there, and part then.

Two scenarios are equal up to a step if all that applies in the steps up to it is the same, in the same order: what
begins later, or ends later, nobody can have felt yet. The model draws no luck by scenario and builds no balance from
what a scenario will do, so the shared life is, bit for bit, the life of each (tested in tests/scenarios/test_tree.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ..model.measures import CARE_KINDS


class Changes(Protocol):
    """What a scenario changes; see `resolve.Scenario`."""

    @property
    def modifiers(self) -> tuple[Any, ...]: ...

    @property
    def measures(self) -> tuple[Any, ...]: ...

    @property
    def parameters(self) -> dict[str, float]: ...


@dataclass(frozen=True)
class Fork:
    """Where scenarios part from the one that leads: ``step`` is the first that differs; numbers within the group."""

    step: int
    members: tuple[int, ...]


def first_difference(a: Changes, b: Changes, start_step: int) -> int | None:
    """The first step in which two scenarios differ, ``start_step`` if nothing is common, None if they never differ.

    The start counts too: figures that are fixed at the start of a run see what applies there.
    """
    if a.parameters != b.parameters or _built_at_the_start(a) != _built_at_the_start(b):
        return start_step
    changes = [*a.modifiers, *b.modifiers, *a.measures, *b.measures]
    dates = {start_step}
    for change in changes:
        dates |= {step for step in (_begins(change), _ends(change)) if step is not None and step > start_step}
    return next((step for step in sorted(dates) if _felt(a, step) != _felt(b, step)), None)


def forks(scenarios: Sequence[Changes], start_step: int, until: int) -> list[Fork]:
    """Where the others of a group part from its first, by date; those that never do have a fork after ``until``."""
    parted: dict[int, list[int]] = {}
    for number, other in enumerate(scenarios[1:], 1):
        step = first_difference(scenarios[0], other, start_step)
        parted.setdefault(until + 1 if step is None or step > until else step, []).append(number)
    return [Fork(step, tuple(members)) for step, members in sorted(parted.items())]


def steps_to_simulate(scenarios: Sequence[Changes], start_step: int, until: int, now: int | None = None) -> int:
    """Steps that a group takes in all when every common past is simulated once, from ``now`` (the start) on."""
    now = start_step if now is None else now
    total = until - now
    for fork in forks(scenarios, start_step, until):
        if fork.step <= until:
            group = [scenarios[i] for i in fork.members]
            total += steps_to_simulate(group, start_step, until, max(fork.step - 1, start_step))
    return total


def _built_at_the_start(scenario: Changes) -> list[Any]:
    """Measures for which the model has a service of care, with a household of its own, from the start of the run."""
    kinds = [(m, getattr(m, "kind", None)) for m in scenario.measures]
    return [m for m, kind in kinds if kind in CARE_KINDS and m.amount > 0 and m.quartiere]


def _begins(change: Any) -> int | None:
    """The step a change applies from; measures that happen once have a ``step``."""
    return getattr(change, "step", getattr(change, "start", None))


def _ends(change: Any) -> int | None:
    return getattr(change, "end", None)


def _felt(scenario: Changes, step: int) -> tuple[list[Any], list[Any]]:
    """What has begun by a step, as far as it can be known by then: an end still to come is not.

    Measures keep their number in the list, because it names what they build.
    """

    def seen(change: Any) -> Any:
        end = _ends(change)
        return replace(change, end=None) if end is not None and end > step else change

    def begun(change: Any) -> bool:
        begins = _begins(change)
        return begins is None or begins <= step

    modifiers = [seen(m) for m in scenario.modifiers if begun(m)]
    return modifiers, [(number, seen(m)) for number, m in enumerate(scenario.measures) if begun(m)]
