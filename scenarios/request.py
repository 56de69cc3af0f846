"""What somebody wants to be run, and what can be wrong with that."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain, count, takewhile
from pathlib import Path
from typing import Final

from ..model.errors import Fault, nearest
from ..model.timeline import STEPS_PER_YEAR, step_of

DEFAULT_YEARS: Final = 20
LONGEST_YEARS: Final = 100
"""Longer runs are refused as typing errors."""
MOST_REPLICATES: Final = 200
USUAL_PRECISION: Final = "1%"
ROUNDINGS: Final = ("five", "ten", "none")
LANGUAGES: Final = ("de", "en")


@dataclass(frozen=True)
class RunRequest:
    """What somebody wants to be run.

    Attributes
    ----------
    region : name of an embedded region, or a folder.
    scenarios : library names or files.
    until : last year simulated; None = 20 years after the reference date.
    replicates : runs of every scenario, each with other luck.
    seed : names the luck of the whole run.
    workers : processes at most.
    out : folder for the results, which must not exist; None chooses a new one under ``runs``.
    language, rounding : of what planners read.
    check : whether the model checks itself after every step.
    resume : go on with the unfinished run of ``out`` (None: the newest of this name).
    dask : address of the scheduler of a Dask cluster that does the work; None = processes on this machine.
    precision : what the headline figures shall reach, as text (``1%``); then ``replicates`` are run at a time.
    most_replicates : where to stop if the precision is not reached.
    """

    region: str
    scenarios: tuple[str, ...] = ("baseline",)
    until: int | None = None
    replicates: int = 10
    seed: int = 1
    workers: int = 1
    out: Path | None = None
    language: str = "de"
    rounding: str = "five"
    check: bool = False
    resume: bool = False
    dask: str | None = None
    precision: str | None = None
    most_replicates: int = MOST_REPLICATES

    def command(self, until: int) -> tuple[str, ...]:
        """The command line that gives the same results; without what cannot change them."""
        scenarios = [part for name in self.scenarios for part in ("--scenario", name)]
        options = {"until": until, "replicates": self.replicates, "seed": self.seed, "language": self.language,
                   "rounding": self.rounding}
        return "quartier", "run", self.region, *scenarios, *(f"--{name}={value}" for name, value in options.items())


    @property
    def wished(self) -> float:
        """The relative precision wished for, or the usual one to report on; NaN if the text says none."""
        text = (self.precision or USUAL_PRECISION).strip().removesuffix("%").strip().replace(",", ".")
        try:
            return float(text) / 100
        except ValueError:
            return math.nan


def option_fault(id: str, option: str, value: object, expected: str, remedy: str) -> Fault:
    """An error of one option of the command line."""
    return Fault(id, "error", option, None, None, str(value), expected, remedy)


def option_faults(request: RunRequest) -> list[Fault]:
    """What is wrong with the options, whatever the region is."""
    faults = []
    for option, value in (("--replicates", request.replicates), ("--workers", request.workers)):
        if value < 1:
            faults.append(option_fault("too_small", option, value, "a whole number from 1", "give at least 1"))
    if not 0 < request.wished <= 1:
        expected, remedy = "a share of the figures above 0 and up to 100 %", "write it as in --precision 1%"
        faults.append(option_fault("unknown_precision", "--precision", request.precision, expected, remedy))
    if request.precision is not None and request.most_replicates < max(request.replicates, 2):
        expected, remedy = f"a whole number from {max(request.replicates, 2)}", "give more, or fewer --replicates"
        faults.append(option_fault("too_small", "--max-replicates", request.most_replicates, expected, remedy))
    if not 0 <= request.seed < 2**63:
        expected = "a whole number from 0"
        faults.append(option_fault("too_small", "--seed", request.seed, expected, "choose another number"))
    for option, value, valid in (
        ("--language", request.language, LANGUAGES), ("--rounding", request.rounding, ROUNDINGS)
    ):
        if fault := unknown_choice(option, value, valid):
            faults.append(fault)
    if not request.scenarios:
        expected = "at least one scenario"
        faults.append(option_fault("no_scenario", "--scenario", "", expected, "name one, for instance baseline"))
    return faults


def unknown_choice(option: str, value: str, valid: Sequence[str]) -> Fault | None:
    """The fault of an option that must be one of some words, if it is none of them."""
    if value in valid:
        return None
    return option_fault("unknown_choice", option, value, f"one of: {', '.join(valid)}", nearest(value, valid))


def last_step(until: int | None, reference_date: date, town: str) -> tuple[int, list[Fault]]:
    """The last quarter of a run (of the longest one if the year asked for is refused), and the fault of that year."""
    year = reference_date.year
    asked = year + DEFAULT_YEARS if until is None else until
    first = (step_of(reference_date) + 1) // STEPS_PER_YEAR
    if first <= asked <= year + LONGEST_YEARS:
        return STEPS_PER_YEAR * (asked + 1) - 1, []
    expected = f"a year from {first} to {year + LONGEST_YEARS}, for the figures of {town} are of {reference_date}"
    fault = option_fault("until_outside", "--until", asked, expected, "choose a year in between")
    return STEPS_PER_YEAR * (year + LONGEST_YEARS + 1) - 1, [fault]


def partial_of(out: Path) -> Path:
    """The folder beside ``out`` that holds everything until it is complete."""
    return out.with_name(out.name + ".partial")


def default_out(
    region_key: str, scenarios: Sequence[str], runs: Path = Path("runs"), resume: bool = False
) -> Path:
    """``runs/<region>-<scenarios>``, with the next free number if that exists; ``resume``: the newest unfinished one."""
    names = [Path(s).stem for s in scenarios]
    shown = "-".join(names) if len(names) <= 3 else f"{names[0]}-and-{len(names) - 1}-more"
    plain = runs / f"{region_key}-{shown}"
    numbered = (plain.with_name(f"{plain.name}-{n}") for n in count(2))
    if resume:
        taken = takewhile(lambda p: p.exists() or partial_of(p).exists(), chain([plain], numbered))
        return [plain, *(p for p in taken if partial_of(p).exists() and not p.exists())][-1]
    return next(p for p in chain([plain], numbered) if not p.exists() and not partial_of(p).exists())


def out_faults(out: Path) -> list[Fault]:
    """What speaks against an output folder; nothing is created yet."""
    try:
        return _out_faults(out)
    except OSError as error:  # a name that is too long, or a folder that may not be looked into
        return [unwritable(out, f"the system refuses this one: {error.strerror}")]


def _out_faults(out: Path) -> list[Fault]:
    if out.name in ("", ".."):
        return [option_fault("existing_folder", "--out", out, "a folder that does not exist yet", "name a new folder")]
    if out.exists() or out.is_symlink():
        remedy = "name a new folder, or delete the old one; results are never overwritten"
        return [option_fault("existing_folder", "--out", out, "a folder that does not exist yet", remedy)]
    if partial_of(out).exists():
        remedy = f"go on with it by --resume, delete {partial_of(out)} if no other run is using it, or name another folder"
        expected = "a folder beside which no unfinished run lies"
        return [option_fault("unfinished_run", "--out", out, expected, remedy)]
    existing = next(p for p in out.absolute().parents if p.exists())
    if not existing.is_dir():
        return [unwritable(out, f"{existing} is a file")]
    if not os.access(existing, os.W_OK):
        return [unwritable(out, f"you may not write in {existing}")]
    return []


def unwritable(out: Path, reason: str) -> Fault:
    """The fault of an output folder that cannot be made."""
    expected = "a folder that can be created and written"
    return option_fault("unwritable_folder", "--out", out, expected, f"name another folder; {reason}")
