"""One replicate of one scenario: built from the start population, stepped, recorded, written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..model.rates import RateBook
from ..model.region.region import Region
from ..model.start import Start
from .executor import Job
from .resolve import Scenario


@dataclass(frozen=True)
class Replicates:
    """The work of a run; see `executor.Work`.

    Attributes
    ----------
    rates : without any scenario's changes.
    start : file of the start population, see `quartier.model.start.Start.save`.
    until : last absolute quarter simulated.
    parts : folder the results go to.
    check : whether the model checks itself after every step.
    """

    region: Region
    rates: RateBook
    scenarios: tuple[Scenario, ...]
    start: Path
    parts: Path
    start_step: int
    until: int
    seed: int
    check: bool = False

    @property
    def steps(self) -> int:
        """Quarters simulated in one replicate."""
        return self.until - self.start_step

    def part(self, job: Job) -> Path:
        """The file of one job's results."""
        number = [scenario.name for scenario in self.scenarios].index(job.scenario)
        return self.parts / f"scenario-{number:02}-replicate-{job.replicate:04}.npz"

    def do(self, job: Job, tick: Callable[[], None]) -> None:
        """Simulate one replicate of one scenario and write what was recorded."""
        from ..model.model import QuartierModel  # Mesa takes a second to import: only where it is needed
        from ..outputs.recorder import record
        from ..outputs.store import write_part

        scenario = next(s for s in self.scenarios if s.name == job.scenario)
        model = QuartierModel(
            self.region, self.rates.with_modifiers(scenario.modifiers), _start(self.start), seed=self.seed,
            replicate=job.replicate, measures=scenario.measures, check_each_step=self.check,
        )
        recorder = record(model, self.until)
        model.observers.append(lambda _: tick())
        model.run(self.until)
        write_part(self.part(job), recorder.tables())


@cache
def _start(path: Path) -> Start:
    """The start population, read once per process: the model copies it into its own tables."""
    return Start.load(path)
