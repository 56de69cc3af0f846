"""A comparison from folders of results to a folder of tables and charts; all is checked first."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ..model.errors import Fault, InputError, nearest
from .executor import ReplicatesFailedError
from .request import LANGUAGES, ROUNDINGS, option_fault, out_faults, partial_of, unknown_choice, unwritable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..outputs.compare import Comparison
    from ..outputs.compare_summary import ComparisonSummary
    from ..outputs.rounding import Rounding


@dataclass(frozen=True)
class CompareRequest:
    """What somebody wants to be compared.

    Attributes
    ----------
    runs : one or two folders of results.
    base, against : names of scenarios; empty ``against`` = all others.
    year : whose 31 December the tables by group show; None = the last of the run.
    indicators : numbers shown in heat maps and slope charts; empty = the clearest effects.
    out : folder for the comparison, which must not exist; None = beside the first folder of results.
    """

    runs: tuple[Path, ...]
    base: str = "baseline"
    against: tuple[str, ...] = ()
    year: int | None = None
    indicators: tuple[str, ...] = ()
    out: Path | None = None
    language: str = "de"
    rounding: str = "five"


def compare(request: CompareRequest) -> tuple[Path, ComparisonSummary]:
    """Compare and write; the folder appears when everything in it is complete.

    Raises
    ------
    InputError : with the faults of request and results, before anything is written.
    """
    from ..outputs.compare import open_comparison
    from ..outputs.compare_tables import ComparisonTables
    from ..outputs.compare_write import write_comparison

    out = request.out or beside(request.runs[0], "comparison")
    faults = out_faults(out) + [
        fault for option, value, valid in (
            ("--language", request.language, LANGUAGES), ("--rounding", request.rounding, ROUNDINGS)
        ) if (fault := unknown_choice(option, value, valid))
    ]
    if len(request.runs) > 2:
        faults.append(option_fault("too_many_runs", "RUN", len(request.runs), "one or two folders of results",
                                   "compare two at a time"))
    if faults:
        raise InputError(faults)
    with open_comparison(request.runs, request.base, request.against) as comparison:
        if faults := _faults(request, comparison):
            raise InputError(faults)
        tables = ComparisonTables(comparison, request.year, request.language, cast("Rounding", request.rounding))
        with appearing(out) as partial:
            summary = write_comparison(partial, tables, request.indicators)
    return out, summary


def _faults(request: CompareRequest, comparison: Comparison) -> list[Fault]:
    from ..outputs.compare import QUANTITY

    faults = [
        option_fault("unknown_indicator", "--indicator", name, "the name of an indicator", nearest(name, QUANTITY))
        for name in request.indicators if name not in QUANTITY
    ]
    years = comparison.years
    if request.year is not None and request.year not in years:
        faults.append(option_fault("year_outside", "--year", request.year, f"a year from {years[0]} to {years[-1]}",
                                   "choose a year in between"))
    return faults


def beside(folder: Path, what: str) -> Path:
    """``folder-what``, with the next free number if that exists."""
    folder = folder.parent if folder.name == "results.zarr" else folder
    plain = folder.with_name(f"{folder.resolve().name}-{what}")
    numbered = (plain.with_name(f"{plain.name}-{n}") for n in count(2))
    return next(p for p in chain([plain], numbered) if not p.exists() and not partial_of(p).exists())


@contextmanager
def appearing(out: Path, check: Callable[[], None] = lambda: None) -> Iterator[Path]:
    """A folder to write into that gets its name when the block has ended well, and is removed otherwise."""
    partial = partial_of(out)
    try:
        partial.mkdir(parents=True)
    except OSError as error:
        raise InputError(unwritable(out, f"the system refuses this one: {error.strerror}")) from None
    try:
        yield partial
        check()
        partial.rename(out)
    except ReplicatesFailedError:  # whoever mends it needs what is there
        raise
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
