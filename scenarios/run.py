"""A run from a region's folder to a folder of results; all is checked first, and results appear when complete."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import numpy as np

from ..model.errors import Fault, InputError
from ..model.rates import DATA, RateBook, read_rate_book
from ..model.region.read import find_region, load_region
from ..model.region.region import Region
from ..model.timeline import step_of, year_of
from . import resume
from .executor import Executor, Job, ReplicatesFailedError, do_all
from .files import read_chain
from .fingerprint import data_hash
from .interrupt import remembered_interrupt
from .precision import Precision, precision_of
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
    def results(self) -> Path:
        """Where the results grow until they are complete."""
        return self.partial / resume.RESULTS

    def jobs(self, replicates: int, done: Callable[[int, str], bool]) -> list[Job]:
        """What is to be simulated for so many replicates, in their order.

        All scenarios of a replicate are one job, because they share their past; where that would leave workers idle,
        each scenario is a job of its own.
        """
        jobs = []
        for r in range(replicates):
            lacking = tuple(s.name for s in self.scenarios if not done(r, s.name))
            apart = replicates < self.request.workers and self.request.dask is None
            jobs += [Job(r, (name,)) for name in lacking] if apart else [Job(r, lacking)] if lacking else []
        return jobs

    @property
    def execute(self) -> Executor:
        """Who does the jobs: processes on this machine, or a cluster."""
        if self.request.dask is None:
            return partial(do_all, workers=self.request.workers)
        from .dask_executor import do_on_cluster

        return partial(do_on_cluster, address=self.request.dask)


@dataclass(frozen=True)
class Finished:
    """A complete run: where its results lie, what is shown of them at the end, and what is odd about the region."""

    folder: Path
    summary: Summary
    warnings: tuple[Fault, ...] = ()
    precision: Precision | None = None


class InterruptedRunError(KeyboardInterrupt):
    """Ctrl-C, and something is done already: it lies in ``partial``, from where `--resume` goes on."""

    def __init__(self, partial: Path) -> None:
        self.partial = partial
        super().__init__(str(partial))


def run(request: RunRequest, report: Report = lambda stage, done, total: None) -> Finished:
    """Run all scenarios and replicates and write the results.

    Raises
    ------
    InputError : with all faults of request, region and scenarios, before anything is written.
    ReplicatesFailedError : replicates failed; what the others wrote stays in ``<out>.partial``, with an ``error.log``.
    KeyboardInterrupt : after the workers have ended; an `InterruptedRunError` if parts are done, which stay in
        ``<out>.partial``, else nothing is left.
    """
    began = time.perf_counter()
    with remembered_interrupt() as check:

        def told(stage: Stage, done: int, total: int) -> None:
            check()
            report(stage, done, total)

        told("read", 0, 1)
        plan = prepare(request)
        _create(plan)
        with resume.alone(plan.out):
            try:
                finished = _complete(plan, began, told)
                check()
            except ReplicatesFailedError:
                raise
            except BaseException as error:
                if not resume.worth_keeping(plan.partial):
                    shutil.rmtree(plan.partial, ignore_errors=True)
                elif isinstance(error, KeyboardInterrupt):
                    raise InterruptedRunError(plan.partial) from None
                raise
            plan.results.rename(plan.out)
            shutil.rmtree(plan.partial)  # single synthetic persons leave the run only on an explicit switch
    return finished


def _complete(plan: Plan, began: float, report: Report) -> Finished:
    """Fill the partial folder: start population, replicates, results."""
    work, fit = _synthesise(plan, report)
    precision = _simulate(plan, work, report)
    summary = _write(plan, work, fit, precision.replicates, began, report)
    return Finished(plan.out, summary, plan.warnings, precision)


def _simulate(plan: Plan, work: Replicates, report: Report) -> Precision:
    """Simulate what is not there yet; if a precision is wished, batch after batch until it is reached.

    The size of a batch depends on nothing but the request, so that the same request stops at the same number anywhere.
    """
    request = plan.request
    replicates = request.replicates
    while True:
        jobs = plan.jobs(replicates, work.done)
        if jobs:
            failures = plan.execute(work, jobs, lambda done, total: report("simulate", done, total))
            if failures:
                text = "\n".join(f"{f.scenario}, replicate {f.replicate}:\n{f.reason}" for f in failures)
                (plan.partial / resume.LOG).write_text(text, encoding="utf-8")
                raise ReplicatesFailedError(failures, plan.partial)
        precision = _precision(plan, work, replicates)
        if request.precision is None or precision.reached or replicates >= request.most_replicates:
            return precision
        replicates = min(replicates + request.replicates, request.most_replicates)


def _precision(plan: Plan, work: Replicates, replicates: int) -> Precision:
    """Monte Carlo error of the headline figures of the whole town at the end of the run."""
    from ..outputs.schema import INDICATORS
    from ..outputs.store import read_table
    from ..outputs.summary import HEADLINE

    columns = {indicator.id: i for i, indicator in enumerate(INDICATORS) if indicator.id in HEADLINE}
    values = {}
    for scenario in plan.scenarios:
        parts = [work.part(r, scenario.name) for r in range(replicates)]
        town = np.array([read_table(part, "indicators")[-1].sum(axis=0, dtype=np.int64) for part in parts])
        values[scenario.name] = {name: town[:, i] for name, i in columns.items()}
    return precision_of(values, plan.request.wished)


def prepare(request: RunRequest) -> Plan:
    """Check a request against its region.

    Raises
    ------
    InputError : with all faults at once.
    """
    where = resume.folder_faults if request.resume else out_faults
    faults = option_faults(request) + (where(request.out) if request.out else [])
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
    out = request.out or default_out(region.key, request.scenarios, resume=request.resume)
    faults += [] if request.out else where(out)
    if faults:
        raise InputError(faults)
    plan = Plan(request, region, rates, tuple(scenarios), start_step, until, out,
                (*region_faults, *(w for s in scenarios for w in s.warnings)))
    if request.resume and (faults := resume.other_run_faults(plan)):
        raise InputError(faults)
    if request.dask is not None:
        from .dask_executor import check_cluster

        check_cluster(request.dask)
    return plan


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
    """Make the unfinished folder, or take it as it was left."""
    try:
        plan.partial.mkdir(parents=True, exist_ok=plan.request.resume)
    except OSError as error:
        raise InputError(unwritable(plan.out, f"the system refuses this one: {error.strerror}")) from None


def _synthesise(plan: Plan, report: Report) -> tuple[Replicates, pd.DataFrame]:
    """Build the start population once, for all scenarios and replicates."""
    from ..model.start import Start
    from ..model.synthesis import synthesise

    report("synthesise", 0, 1)
    resume.clear(plan.partial)
    resume.write_identity(plan)
    file = plan.partial / resume.START
    if file.exists():
        fit = Start.load(file).fit
    else:
        start = synthesise(plan.region, plan.rates, plan.request.seed)
        start.save(file)
        fit = start.fit
    work = Replicates(
        plan.region, plan.rates, plan.scenarios, file, plan.partial / resume.PARTS, plan.start_step, plan.until,
        plan.request.seed, plan.request.check,
    )
    return work, fit


def _write(
    plan: Plan, work: Replicates, fit: pd.DataFrame, replicates: int, began: float, report: Report
) -> Summary:
    """Write the results of all replicates beside their parts."""
    from ..outputs.labels import Labels
    from ..outputs.rounding import Rounding
    from ..outputs.run_info import RunInfo
    from ..outputs.write import write_results

    request = replace(plan.request, replicates=replicates)
    report("write", 0, 1)
    titles = {s.name: s.content.title.say(request.language) for s in plan.scenarios}
    changes = {s.name: [asdict(change) for change in (*s.modifiers, *s.measures)] for s in plan.scenarios}
    info = RunInfo.of(
        plan.region, command=request.command(year_of(plan.until)), scenarios=titles, seed=request.seed,
        replicates=request.replicates, until=plan.until,
        parameters={"values": plan.rates.parameters, "changes": changes,
                    "scenarios": {s.name: s.about() for s in plan.scenarios}},
        inputs={"rates and parameters": data_hash(DATA)} | {f"scenario {s.name}": s.hash for s in plan.scenarios},
        timing={"seconds": round(time.perf_counter() - began, 1), "workers": request.workers},
    )
    labels = Labels.of(plan.region, titles, replicates, plan.start_step, plan.until)
    parts = {(s.name, r): work.part(r, s.name) for r in range(replicates) for s in plan.scenarios}
    plan.results.mkdir()
    return write_results(plan.results, parts, labels, plan.region, info, fit, language=request.language,
                         rounding=cast(Rounding, request.rounding))
