"""What an exploration leaves behind: the samples and the ranking as CSV, the tornado chart, a description."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from .compare import QUANTITIES, QUANTITY
from .compare_summary import labels
from .forecast_csv import guarded
from .sensitivity import Factor, Result, Sensitivity, decimal, factor_title, sensitivities, span, write_tornado
from .summary import grouped, signed
from .texts import translator

if TYPE_CHECKING:
    from ..model.region.region import Region

USUAL: Final = ("persons", "care_recipients", "childcare_unserved_under_3", "dwellings_needed")
"""Results that are explained where none is named and one scenario is explored alone."""
MOST_RESULTS: Final = 4
SHOWN: Final = 3
"""Factors per result on the screen."""


@dataclass(frozen=True)
class ExplorationRow:
    """One factor of one result; texts ready to show."""

    factor: str
    values: str
    low: str
    high: str
    importance: str
    clear: bool


@dataclass(frozen=True)
class Exploration:
    """What is shown at the end of an exploration: per result its title and the most important factors."""

    headers: tuple[str, ...]
    results: tuple[tuple[str, tuple[ExplorationRow, ...]], ...]
    notes: tuple[str, ...]


def write_exploration(
    folder: Path, region: Region, factors: Sequence[Factor], ranks: np.ndarray, values: np.ndarray,
    scenarios: np.ndarray, bases: np.ndarray | None, *, year: int, indicators: Sequence[str], language: str,
    title: str, soft: bool, described: dict[str, object],
) -> Exploration:
    """Write `explore.csv`, `sensitivity.csv`, `tornado.png`, `tornado.svg` and `explore.json` into a folder.

    Parameters
    ----------
    ranks, values : f64 [sample, factor].
    scenarios, bases : `QUANTITIES` of the whole town at the end of the run, f64 [replicate, sample, quantity]; with
        bases the results are the differences between the two.
    """
    _ = translator(language)
    numbers = scenarios.mean(axis=0) if bases is None else (scenarios - bases).mean(axis=0)
    chosen = list(indicators) or (list(USUAL) if bases is None else moved(numbers))
    results = [Result(name, _title(name, region, bases is not None, language), numbers[:, QUANTITY[name]])
               for name in chosen]
    found = [sensitivities(factors, ranks, result) for result in results]
    _samples(folder / "explore.csv", factors, values, numbers, bases is not None, language)
    _ranking(folder / "sensitivity.csv", results, found)
    notes = notes_of(title, year, len(values), len(scenarios), bases is not None, soft, language)
    head = f"{region.name}: {_('which assumption moves which result')}, {year}\n{title}"
    if results:
        write_tornado(folder / "tornado", head, results, found, wrapped(notes), language)
    (folder / "explore.json").write_text(
        json.dumps(described, ensure_ascii=False, indent=2, default=str) + "\n", encoding="utf-8"
    )
    return _shown(results, found, bases is not None, notes, language)


def moved(numbers: np.ndarray) -> list[str]:
    """The aims whose difference is greatest on average and varies between the samples; else any number that varies."""
    varied = [i for i in np.argsort(-np.abs(numbers.mean(axis=0)), kind="stable") if numbers[:, i].std() > 0]
    aims = [i for i in varied if QUANTITIES[i].better]
    return [QUANTITIES[i].id for i in (aims or varied)[:MOST_RESULTS]]


def _title(name: str, region: Region, difference: bool, language: str) -> str:
    q, _ = QUANTITIES[QUANTITY[name]], translator(language)
    marked = f" ({_('estimated')})" if q.estimated(region.estimated) else ""
    return f"{_('difference')}: {q.text(language)}{marked}" if difference else q.text(language) + marked


def notes_of(
    title: str, year: int, samples: int, replicates: int, difference: bool, soft: bool, language: str
) -> list[str]:
    """What must be known to read table and chart."""
    _ = translator(language)
    notes = [
        _("Whole town, 31 December {year}. {samples} samples (Latin hypercube), {replicates} replicate(s) each, all with "
          "the same luck.").format(year=year, samples=samples, replicates=replicates),
        _("Right: importance (PAWN, 0 to 1). Bars: mean of the result where the assumption is small and where it is large."),
        _("Shown is what the ranges say, not how probable they are; the start population is not varied."),
    ]
    if difference:
        notes.append(_("Results are differences from the base under the same assumptions."))
    if soft:
        notes.append(_("{titles}: no size of this effect is proven (evidence grade C); the numbers show what follows "
                       "from the assumption, not what is to be expected.").format(titles=title))
    return notes


def wrapped(notes: Sequence[str], width: int = 118) -> list[str]:
    """Notes broken to the width of a chart."""
    import textwrap

    return [line for note in notes for line in textwrap.wrap(note, width)]


def _samples(
    path: Path, factors: Sequence[Factor], values: np.ndarray, numbers: np.ndarray, difference: bool, language: str
) -> None:
    """One row per sample: values of the factors, then every number of the town (unrounded means), for a German Excel."""
    columns: dict[str, object] = {"sample": np.arange(len(values))}
    for j, factor in enumerate(factors):
        columns[factor.name] = [decimal(f"{v:.6g}", "de") for v in values[:, j]]
    suffix = "_difference" if difference else ""
    for i, q in enumerate(QUANTITIES):
        columns[q.id + suffix] = [decimal(f"{v:.2f}", "de") for v in numbers[:, i]]
    frame = pd.DataFrame(columns)
    frame.to_csv(path, sep=";", index=False, encoding="utf-8-sig", lineterminator="\r\n")


def _ranking(path: Path, results: Sequence[Result], found: Sequence[Sequence[Sensitivity]]) -> None:
    rows = [
        (result.name, s.factor.name, *(decimal(f"{v:g}", "de") for v in (s.factor.low, s.factor.mode, s.factor.high)),
         s.factor.unit, s.factor.meaning,
         *(decimal(f"{v:.3f}", "de") for v in (s.low_third, s.high_third, s.importance, s.chance)),
         "yes" if s.clear else "no")
        for result, factors in zip(results, found, strict=True) for s in factors
    ]
    names = ("result", "factor", "low", "mode", "high", "unit", "meaning", "mean_low_third", "mean_high_third",
             "importance", "chance_level", "clear")
    frame = pd.DataFrame(rows, columns=list(names))
    for name in ("unit", "meaning"):
        frame[name] = guarded(frame[name].to_numpy(object))
    frame.to_csv(path, sep=";", index=False, encoding="utf-8-sig", lineterminator="\r\n")


def _shown(
    results: Sequence[Result], found: Sequence[Sequence[Sensitivity]], difference: bool, notes: Sequence[str],
    language: str,
) -> Exploration:
    _, short = translator(language), labels(language)

    def number(value: float) -> str:
        return signed(value) if difference else grouped(value)

    blocks = []
    for result, factors in zip(results, found, strict=True):
        rows = tuple(
            ExplorationRow(factor_title(s.factor, language), span(s.factor, language),
                           number(s.low_third), number(s.high_third), decimal(f"{s.importance:.2f}", language), s.clear)
            for s in factors[:SHOWN]
        )
        blocks.append((f"{short[result.name]}: {_('mean')} {number(float(result.values.mean()))}", rows))
    headers = (_("assumption"), _("range"), _("if small"), _("if large"), _("importance"))
    chance = found[0][0].chance if found and found[0] else 0.0
    told = _("(…) importance up to {level}: not told from chance.").format(level=decimal(f"{chance:.2f}", language))
    return Exploration(headers, tuple(blocks), (*notes, told))
