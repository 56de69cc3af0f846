"""A run from a region's folder to a folder of results; all is checked first, and results appear when complete."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from ..model.errors import Fault, InputError
from ..model.rates import DATA, RateBook, read_rate_book
from ..model.region.read import find_region, load_region
from ..model.region.region import Region
from ..model.timeline import step_of, year_of
from .executor import Job, ReplicatesFailedError, do_all
from .files import read_chain
from .interrupt import remembered_interrupt
from .replicate import Replicates
from .request import (
    RunRequest,
    default_out,
    last_step,
    option_fault,
    option_faults,
    out_faults,
    partial_of,
    unwritable,
)
from .resolve import Scenario, resolve

if TYPE_CHECKING:
    import pandas as pd

    from ..outputs.summary import Summary

Stage = Literal["read", "synthesise", "simulate", "write"]
Report = Callable[[Stage, int, int], None]
"""Told at every stage how much of it is done, of how much."""


@dataclass(frozen=True)
class Plan:
    """A request that has been checked against its region: nothing in it can be refused any more."""

    request: RunRequest
    region: Region
    rates: RateBook
    scenarios: tuple[Scenario, ...]
    start_step: int
    until: int
    out: Path
    warnings: tuple[Fault, ...] = ()

    @property
    def partial(self) -> Path:
        """Where everything lies until it is complete."""
        return partial_of(self.out)

    @property
    def jobs(self) -> list[Job]:
        """Replicate by replicate, so that all scenarios are equally far when somebody looks."""
        return [Job(s.name, r) for r in range(self.request.replicates) for s in self.scenarios]


@dataclass(frozen=True)
class Finished:
    """A complete run: where its results lie, what is shown of them at the end, and what is odd about the region."""

    folder: Path
    summary: Summary
    warnings: tuple[Fault, ...] = ()


def run(request: RunRequest, report: Report = lambda stage, done, total: None) -> Finished:
    """Run all scenarios and replicates and write the results.

    Raises
    ------
    InputError : with all faults of request, region and scenarios, before anything is written.
    ReplicatesFailedError : replicates failed; what the others wrote stays in ``<out>.partial``, with an ``error.log``.
    KeyboardInterrupt : after the workers have ended and ``<out>.partial`` has been removed.
    """
    began = time.perf_counter()
    with remembered_interrupt() as check:

        def told(stage: Stage, done: int, total: int) -> None:
            check()
            report(stage, done, total)

        told("read", 0, 1)
        plan = prepare(request)
        _create(plan)
        try:
            summary = _complete(plan, began, told)
            check()
            plan.partial.rename(plan.out)
        except ReplicatesFailedError:
            raise
        except BaseException:
            shutil.rmtree(plan.partial, ignore_errors=True)
            raise
    return Finished(plan.out, summary, plan.warnings)


def _complete(plan: Plan, began: float, report: Report) -> Summary:
    """Fill the partial folder: start population, replicates, results."""
    work, fit = _synthesise(plan, report)
    failures = do_all(work, plan.jobs, plan.request.workers, lambda done, total: report("simulate", done, total))
    if failures:
        text = "\n".join(f"{f.job.scenario}, replicate {f.job.replicate}:\n{f.reason}" for f in failures)
        (plan.partial / "error.log").write_text(text, encoding="utf-8")
        raise ReplicatesFailedError(failures, plan.partial)
    return _write(plan, work, fit, began, report)


def prepare(request: RunRequest) -> Plan:
    """Check a request against its region.

    Raises
    ------
    InputError : with all faults at once.
    """
    faults = option_faults(request) + (out_faults(request.out) if request.out else [])
    region, region_faults = _region(request)
    faults += [f for f in region_faults if f.severity == "error"]
    if region is None:
        raise InputError(faults + _unreadable_scenarios(request.scenarios))
    start_step = step_of(region.reference_date)
    until, until_faults = last_step(request.until, region.reference_date, region.name)
    rates = read_rate_book(region.state)
    scenarios: list[Scenario] = []
    for name in request.scenarios:
        try:
            scenarios.append(resolve(name, region, rates, start_step, until))
        except InputError as error:
            faults += error.faults
    faults += until_faults + _same_names(scenarios)
    out = request.out or default_out(region.key, request.scenarios)
    faults += [] if request.out else out_faults(out)
    if faults:
        raise InputError(faults)
    return Plan(request, region, rates, tuple(scenarios), start_step, until, out, tuple(region_faults))


def _region(request: RunRequest) -> tuple[Region | None, list[Fault]]:
    language = "en" if request.language == "en" else "de"
    try:
        return load_region(find_region(request.region, language), language)
    except InputError as error:
        return None, error.faults


def _unreadable_scenarios(names: Sequence[str]) -> list[Fault]:
    """Faults of scenario files that show even without a region."""
    faults: list[Fault] = []
    for name in names:
        try:
            read_chain(name)
        except InputError as error:
            faults += error.faults
    return faults


def _same_names(scenarios: Sequence[Scenario]) -> list[Fault]:
    names = [s.name for s in scenarios]
    expected, remedy = "every scenario once, under a name of its own", "leave one out, or rename its file"
    return [
        option_fault("same_scenario", "--scenario", name, expected, remedy)
        for name in dict.fromkeys(names) if names.count(name) > 1
    ]


def _create(plan: Plan) -> None:
    try:
        plan.partial.mkdir(parents=True)
    except OSError as error:
        raise InputError(unwritable(plan.out, f"the system refuses this one: {error.strerror}")) from None


def _synthesise(plan: Plan, report: Report) -> tuple[Replicates, pd.DataFrame]:
    """Build the start population once, for all scenarios and replicates."""
    from ..model.synthesis import synthesise

    report("synthesise", 0, 1)
    start = synthesise(plan.region, plan.rates, plan.request.seed)
    file = plan.partial / "start.npz"
    start.save(file)
    work = Replicates(
        plan.region, plan.rates, plan.scenarios, file, plan.partial / "parts", plan.start_step, plan.until,
        plan.request.seed, plan.request.check,
    )
    return work, start.fit


def _write(plan: Plan, work: Replicates, fit: pd.DataFrame, began: float, report: Report) -> Summary:
    """Write the results of all replicates beside their parts, then delete what only the run needed."""
    from ..outputs.labels import Labels
    from ..outputs.rounding import Rounding
    from ..outputs.run_info import RunInfo
    from ..outputs.write import write_results

    request = plan.request
    report("write", 0, 1)
    titles = {s.name: s.content.title.say(request.language) for s in plan.scenarios}
    changes = {s.name: [asdict(change) for change in (*s.modifiers, *s.measures)] for s in plan.scenarios}
    info = RunInfo.of(
        plan.region, command=request.command(year_of(plan.until)), scenarios=titles, seed=request.seed,
        replicates=request.replicates, until=plan.until,
        parameters={"values": plan.rates.parameters, "changes": changes},
        inputs={"rates and parameters": _data_hash()} | {f"scenario {s.name}": s.hash for s in plan.scenarios},
        timing={"seconds": round(time.perf_counter() - began, 1), "workers": request.workers},
    )
    labels = Labels.of(plan.region, titles, request.replicates, plan.start_step, plan.until)
    parts = {(job.scenario, job.replicate): work.part(job) for job in plan.jobs}
    summary = write_results(plan.partial, parts, labels, plan.region, info, fit, language=request.language,
                            rounding=cast(Rounding, request.rounding))
    shutil.rmtree(work.parts)
    work.start.unlink()  # single synthetic persons leave the run only on an explicit switch
    return summary


def _data_hash() -> str:
    """SHA-256 over the model's own tables."""
    digest = hashlib.sha256()
    for path in sorted(p for p in DATA.iterdir() if p.suffix in (".csv", ".toml")):
        digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
