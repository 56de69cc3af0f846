"""Exploration: uncertain amounts and parameters sampled together, the runner does the rest, SALib ranks them.

The samples are a Latin hypercube over the ranges that the scenario file gives and over those of `parameters_*.csv`
(low, value, high), each with a triangular distribution around its usual value. Every sample meets the same luck, replicate
by replicate, so that what differs between samples comes from the assumptions.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from ..model.errors import Fault, InputError, nearest
from ..model.timeline import year_of
from .compare import appearing
from .executor import Job, ReplicatesFailedError
from .interrupt import remembered_interrupt
from .replicate import Replicates
from .request import RunRequest, default_out, option_fault
from .resolve import Scenario, ranges, with_values
from .resume import LOG
from .run import Plan, Report, prepare

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..outputs.explore_write import Exploration
    from ..outputs.sensitivity import Factor

FEWEST, MOST = 16, 2000
"""Samples that a ranking needs at least, and more than anybody means."""
WHOLE: Final = ("variant", "0/1", "0/1/2")
"""Units of parameters of which only whole numbers make sense."""
KEY: Final = "key"
KEY_PARAMETERS: Final = (
    "care_trend", "care_downgrade", "care_recovery", "care_home_carer_in_household", "in_migration_level",
    "out_migration_level", "childcare_need_shift_under_3", "childcare_inoperable_share",
    "childcare_acceptable_distance", "childcare_found_outside", "move_missing_room", "stay_bonus",
)
"""What `--parameters key` means: the widest ranges that act while the model runs, at least two per subject."""


@dataclass(frozen=True)
class ExploreRequest:
    """What somebody wants to be explored.

    Attributes
    ----------
    run : region, scenario (one), years, replicates of every sample, seed, workers, folder, language.
    base : the scenario whose difference is explored; explored alone if it is the same.
    parameters : names of model parameters to be sampled as well; `KEY` stands for `KEY_PARAMETERS`.
    samples : how many combinations are tried.
    indicators : results to be explained; empty = the usual ones.
    """

    run: RunRequest
    base: str = "baseline"
    parameters: tuple[str, ...] = ()
    samples: int = 40
    indicators: tuple[str, ...] = ()


@dataclass(frozen=True)
class Samples(Replicates):
    """The work of an exploration: as a run, but only the headline numbers are kept."""

    def keep(self, replicate: int, scenario: str, tables: Mapping[str, np.ndarray]) -> None:
        """Write one part."""
        from ..outputs.compare import TABLES_READ

        super().keep(replicate, scenario, {name: tables[name] for name in TABLES_READ})


@dataclass(frozen=True)
class Design:
    """What is sampled: factors, positions (0 to 1) and values [sample, factor], and the scenarios they make.

    ``base`` names the scenario that each sample is compared with; None where the scenario is explored alone.
    """

    factors: tuple[Factor, ...]
    ranks: np.ndarray
    values: np.ndarray
    scenarios: tuple[Scenario, ...]
    samples: tuple[str, ...]
    base: tuple[str, ...] | None


def explore(request: ExploreRequest, report: Report = lambda stage, done, total: None) -> tuple[Path, Exploration]:
    """Sample, simulate, rank and write; the folder appears when everything in it is complete.

    Raises
    ------
    InputError : with the faults of the request, before anything is simulated.
    ReplicatesFailedError : samples failed.
    """
    began = time.perf_counter()
    with remembered_interrupt() as check:

        def told(stage: str, done: int, total: int) -> None:
            check()
            report(stage, done, total)  # type: ignore[arg-type]

        told("read", 0, 1)
        plan, design = planned(request)
        with appearing(plan.out, check) as partial:
            found = _complete(plan, design, request, partial, began, told)
    return plan.out, found


def planned(request: ExploreRequest) -> tuple[Plan, Design]:
    """Check a request and lay out its samples.

    Raises
    ------
    InputError : with all faults.
    """
    from ..outputs.compare import QUANTITY

    faults = []
    if not FEWEST <= request.samples <= MOST:
        faults.append(option_fault("samples_outside", "--samples", request.samples, f"a number from {FEWEST} to {MOST}",
                                   "choose a number in between"))
    faults += [
        option_fault("unknown_indicator", "--indicator", name, "the name of an indicator", nearest(name, QUANTITY))
        for name in request.indicators if name not in QUANTITY
    ]
    (scenario,) = request.run.scenarios
    alone = Path(scenario).stem == Path(request.base).stem
    names = (scenario,) if alone else (request.base, scenario)
    out = request.run.out or default_out("explore", (Path(request.run.region).name, Path(scenario).stem))
    try:
        plan = prepare(replace(request.run, scenarios=names, out=out))
    except InputError as error:
        raise InputError(faults + error.faults) from None
    subject = plan.scenarios[-1]
    factors, unknown = factors_of(subject, plan, request.parameters)
    if faults := faults + unknown:
        raise InputError(faults)
    return plan, design_of(subject, None if alone else plan.scenarios[0], factors, request)


def factors_of(scenario: Scenario, plan: Plan, names: Sequence[str]) -> tuple[tuple[Factor, ...], list[Fault]]:
    """The factors: ranges of the scenario, then parameters; without either, the key parameters."""
    from ..outputs.sensitivity import Factor

    found = [Factor(u.name, u.min, u.mode, u.max) for u in ranges(scenario) if u.min < u.max]
    wanted = list(names) or ([] if found else [KEY])
    chosen = list(dict.fromkeys(n for name in wanted for n in (KEY_PARAMETERS if name == KEY else (name,))))
    table = plan.rates.parameter_table.set_index("parameter")
    known = [str(n) for n in table.index if table.loc[n, "low"] < table.loc[n, "high"]]
    faults = []
    for name in chosen:
        if name not in known:
            faults.append(option_fault("unknown_parameter", "--parameters", name, "a parameter with a range",
                                       nearest(name, known)))
        elif name in scenario.parameters:
            faults.append(option_fault("fixed_parameter", "--parameters", name, "a parameter that the scenario does not set",
                                       "leave it out"))
        else:
            row, mode = table.loc[name], plan.rates.parameter(name)  # the state's value may differ from the table's
            low, high = min(float(row["low"]), mode), max(float(row["high"]), mode)
            found.append(Factor(name, low, mode, high, str(row["unit"]), str(row["meaning"]), row["unit"] in WHOLE))
    return tuple(found), faults


def design_of(scenario: Scenario, base: Scenario | None, factors: tuple[Factor, ...], request: ExploreRequest) -> Design:
    """Draw the Latin hypercube and make a scenario of every sample; the base is sampled too where parameters are."""
    ranks = latin_hypercube(request.samples, len(factors), request.run.seed)
    values = np.stack([at_rank(f, u) for f, u in zip(factors, ranks.T, strict=True)], axis=1)
    own = {u.name for u in ranges(scenario)}
    samples, bases = [], []
    for number, row in enumerate(values):
        chosen = {f.name: float(v) for f, v in zip(factors, row, strict=True)}
        levers = {n: v for n, v in chosen.items() if n in own}
        parameters = {n: v for n, v in chosen.items() if n not in own}
        variant = with_values(scenario, levers) if levers else scenario
        merged = {**variant.parameters, **parameters}
        samples.append(replace(variant, name=f"sample-{number:04}", parameters=merged))
        if base is not None and (parameters or not bases):
            bases.append(replace(base, name=f"base-{number:04}", parameters={**base.parameters, **parameters}))
    against = None
    if base is not None:
        against = tuple(b.name for b in bases) * (1 if len(bases) == len(samples) else len(samples))
    names = tuple(s.name for s in samples)
    return Design(factors, ranks, values, (*bases, *samples), names, against)


def latin_hypercube(n: int, k: int, seed: int) -> np.ndarray:
    """Positions between 0 and 1, f64 [n, k]: every column has one value in each of n equal strata."""
    from scipy.stats import qmc

    # SciPy 1.15 calls it rng, and takes the old name too
    hypercube = qmc.LatinHypercube(k, seed=np.random.default_rng(seed))  # pyright: ignore[reportCallIssue]
    return hypercube.random(n)


def at_rank(factor: Factor, rank: np.ndarray) -> np.ndarray:
    """The values of a triangular distribution (low, mode, high) at positions 0 to 1.

    Whole factors are uniform over their whole numbers instead: a variant has no likeliest neighbour.

    >>> from quartier.outputs.sensitivity import Factor
    >>> at_rank(Factor("a", 0, 0.5, 1), np.array([0.0, 0.5, 1.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    low, high, span = factor.low, factor.high, factor.high - factor.low
    if factor.whole:
        return np.minimum(np.floor(low + rank * (span + 1)), high)
    left = (factor.mode - low) / span
    rising = low + np.sqrt(rank * span * (factor.mode - low))
    falling = high - np.sqrt((1 - rank) * span * (high - factor.mode))
    return np.where(rank < left, rising, falling)


def jobs_of(design: Design, replicates: int, workers: int) -> list[Job]:
    """Sample by sample where each has its own base; otherwise in few jobs, which share their common past."""
    if design.base is not None and len(set(design.base)) == len(design.samples):
        groups = list(zip(design.base, design.samples, strict=True))
    elif design.base is None and any(s.parameters for s in design.scenarios):
        groups = [(name,) for name in design.samples]
    else:
        names = [s.name for s in design.scenarios]
        size = math.ceil(len(names) / max(math.ceil(workers / replicates), 1))
        groups = [tuple(names[i : i + size]) for i in range(0, len(names), size)]
    return [Job(r, group) for r in range(replicates) for group in groups]


def _complete(
    plan: Plan, design: Design, request: ExploreRequest, partial: Path, began: float, report: Report
) -> Exploration:
    """Simulate all samples, then write tables and chart."""
    from ..model.synthesis import synthesise
    from ..outputs.explore_write import write_exploration

    report("synthesise", 0, 1)
    file, parts = partial / "start.npz", partial / "parts"
    synthesise(plan.region, plan.rates, plan.request.seed).save(file)
    work = Samples(plan.region, plan.rates, design.scenarios, file, parts, plan.start_step, plan.until,
                   plan.request.seed, plan.request.check)
    jobs = jobs_of(design, request.run.replicates, request.run.workers)
    failures = plan.execute(work, jobs, lambda done, total: report("simulate", done, total))
    if failures:
        text = "\n".join(f"{f.scenario}, replicate {f.replicate}:\n{f.reason}" for f in failures)
        (partial / LOG).write_text(text, encoding="utf-8")
        raise ReplicatesFailedError(failures, partial)
    report("write", 0, 1)
    scenarios = town_numbers(work, design.samples, request.run.replicates)
    bases = None if design.base is None else town_numbers(work, design.base, request.run.replicates)
    for path in (file, *parts.iterdir()):
        path.unlink()
    parts.rmdir()
    return write_exploration(
        partial, plan.region, design.factors, design.ranks, design.values, scenarios, bases,
        year=year_of(plan.until), indicators=request.indicators, language=plan.request.language,
        title=plan.scenarios[-1].content.title.say(plan.request.language), soft="C" in plan.scenarios[-1].evidence,
        described=_described(plan, design, request, began),
    )


def town_numbers(work: Replicates, names: Sequence[str], replicates: int) -> np.ndarray:
    """`QUANTITIES` of the whole town at the end of the run, f64 [replicate, name, quantity]."""
    from ..outputs.compare import quantities_of
    from ..outputs.store import read_part

    read = {
        (r, name): quantities_of(read_part(work.part(r, name)))[-1].sum(axis=0, dtype=np.int64)
        for r in range(replicates) for name in dict.fromkeys(names)
    }
    return np.array([[read[r, name] for name in names] for r in range(replicates)], float)


def _described(plan: Plan, design: Design, request: ExploreRequest, began: float) -> dict[str, object]:
    """What `explore.json` says: enough to repeat it."""
    from ..outputs.run_info import package_version, portable

    given = request.run
    options = {"samples": request.samples, "replicates": given.replicates, "seed": given.seed,
               "until": year_of(plan.until), "base": request.base, "language": given.language}
    parameters = [f"--parameters={','.join(request.parameters)}"] if request.parameters else []
    command = ["quartier", "explore", given.region, "--scenario", *given.scenarios, *parameters,
               *(f"--indicator={name}" for name in request.indicators), *(f"--{k}={v}" for k, v in options.items())]
    return {
        "command": portable(command), "region": plan.region.name, "version": package_version("quartier"),
        "scenarios": {s.name: s.hash for s in plan.scenarios}, "factors": [asdict(f) for f in design.factors],
        "timing": {"seconds": round(time.perf_counter() - began, 1), "workers": given.workers},
    }
