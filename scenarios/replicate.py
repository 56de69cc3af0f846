"""One replicate: its scenarios as one tree of lives, each simulated, recorded and handed over.

Scenarios that are equal up to a date share the simulated past (`tree`): the state is kept as column arrays where they
part, and each goes on from there.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ..model.rates import RateBook
from ..model.region.region import Region
from ..model.start import Start
from .executor import Failure, Job
from .resolve import Scenario
from .tree import forks, steps_to_simulate

if TYPE_CHECKING:
    import numpy as np

    from ..model.model import QuartierModel
    from ..outputs.recorder import Recorder

    Arrays = dict[str, np.ndarray]

Keep = Callable[[int, str, "Mapping[str, np.ndarray]"], None]
"""Takes the tables of one replicate of one scenario."""


@dataclass(frozen=True)
class Replicates:
    """The work of a run; see `executor.Work`.

    Attributes
    ----------
    rates : without any scenario's changes.
    start : the start population, or its file (see `quartier.model.start.Start.save`).
    until : last absolute quarter simulated.
    parts : folder the results go to.
    check : whether the model checks itself after every step.
    """

    region: Region
    rates: RateBook
    scenarios: tuple[Scenario, ...]
    start: Path | Start
    parts: Path
    start_step: int
    until: int
    seed: int
    check: bool = False

    def steps(self, job: Job) -> int:
        """Quarters simulated in one job, every common past counted once."""
        return steps_to_simulate(self._named(job.scenarios), self.start_step, self.until)

    def part(self, replicate: int, scenario: str) -> Path:
        """The file of one replicate of one scenario."""
        number = [s.name for s in self.scenarios].index(scenario)
        return self.parts / f"scenario-{number:02}-replicate-{replicate:04}.npz"

    def done(self, replicate: int, scenario: str) -> bool:
        """Whether its part is there; parts appear only when they are whole."""
        return self.part(replicate, scenario).exists()

    def keep(self, replicate: int, scenario: str, tables: Mapping[str, np.ndarray]) -> None:
        """Write one part."""
        from ..outputs.store import write_part

        write_part(self.part(replicate, scenario), tables)

    def do(self, job: Job, tick: Callable[[], None]) -> list[Failure]:
        """Simulate what the job lacks and write what was recorded."""
        lacking = [name for name in job.scenarios if not self.done(job.replicate, name)]
        return self.simulate(Job(job.replicate, tuple(lacking)), tick, self.keep) if lacking else []

    def simulate(self, job: Job, tick: Callable[[], None], keep: Keep) -> list[Failure]:
        """Simulate a job and hand the tables of every scenario over as soon as they are whole; returns what failed."""
        return _Tree(self, job.replicate, tick, keep).grow(self._named(job.scenarios), None)

    def compile_ahead(self) -> None:
        """Take the processes of a step from the last to the first, in a life that is thrown away.

        So two processes compile the code of a step in half the time. What goes wrong here is left to those who need it.
        """
        from ..model.state import release

        with suppress(Exception):
            model = self.life(self.scenarios[0], 0)
            try:
                model.now += 1
                for process in reversed(model.processes):
                    process.step(model)
            finally:
                release(model)

    def carried(self) -> Replicates:
        """A copy that carries the start population itself, for machines that do not see the file."""
        return replace(self, start=_start(self.start)) if isinstance(self.start, Path) else self

    def life(self, scenario: Scenario, replicate: int) -> QuartierModel:
        """The model of a scenario at the start."""
        from ..model.model import QuartierModel  # Mesa takes a second to import: only where it is needed

        rates = self.rates.with_parameters(scenario.parameters).with_modifiers(scenario.modifiers)
        start = _start(self.start) if isinstance(self.start, Path) else self.start
        return QuartierModel(
            self.region,
            rates,
            start,
            seed=self.seed,
            replicate=replicate,
            measures=scenario.measures,
            check_each_step=self.check,
        )

    def _named(self, names: Sequence[str]) -> list[Scenario]:
        by_name = {scenario.name: scenario for scenario in self.scenarios}
        return [by_name[name] for name in names]


@dataclass(frozen=True)
class _Past:
    """A life up to a date: the model's state and what the recorder has seen."""

    state: Arrays
    seen: Arrays


@dataclass(frozen=True)
class _Tree:
    """One replicate's lives."""

    work: Replicates
    replicate: int
    tick: Callable[[], None]
    keep: Keep

    def grow(self, group: Sequence[Scenario], past: _Past | None) -> list[Failure]:
        """Let the first scenario of a group live to the end; where others part from it, they live theirs in between."""
        from ..model.state import release

        failures: list[Failure] = []
        kept: set[str] = set()
        model = None
        try:
            model, recorder = self._begin(group[0], past)
            past = None  # the model has its own copy: one state less in memory
            for fork in forks(group, self.work.start_step, self.work.until):
                members = [group[i] for i in fork.members]
                if fork.step > self.work.until:
                    break  # equal to the end: they get the same tables below
                failures += self._branch(model, recorder, members, fork.step)
                kept |= {scenario.name for scenario in members}
            model.run(self.work.until)
            for scenario in group:
                if scenario.name not in kept:
                    self.keep(self.replicate, scenario.name, recorder.tables())
                    kept.add(scenario.name)
        except Exception:
            reason = traceback.format_exc()
            failures += [Failure(s.name, self.replicate, reason) for s in group if s.name not in kept]
        finally:
            if model is not None:
                release(model)
        return failures

    def _branch(
        self, model: QuartierModel, recorder: Recorder, members: Sequence[Scenario], step: int
    ) -> list[Failure]:
        """Take the leading life to the last common step, and let those who part there go on from it."""
        from ..model.state import save_state

        if step <= self.work.start_step:
            return self.grow(members, None)
        model.run(step - 1)
        return self.grow(members, _Past(save_state(model), recorder.save()))

    def _begin(self, scenario: Scenario, past: _Past | None) -> tuple[QuartierModel, Recorder]:
        """The model of a scenario, at the start or where its past ends, with its recorder."""
        from ..model.state import restore
        from ..outputs.recorder import record

        work = self.work
        model = work.life(scenario, self.replicate)
        if past is not None:
            restore(model, past.state)
        recorder = record(model, work.until, past.seen if past is not None else None)
        model.observers.append(lambda _: self.tick())
        return model, recorder


@cache
def _start(path: Path) -> Start:
    """The start population, read once per process: the model copies it into its own tables."""
    return Start.load(path)
