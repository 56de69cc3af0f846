"""Single ages: the register's persons by Quartier and band become whole persons by sex and year of age."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..luck import Domain, derive_keys
from ..region.region import Region
from .figures import AGES, Figures
from .integers import largest_remainder, proportional_fit
from .report import Report

SMALLEST = 1e-6
"""Weight of an empty age in a shape, so that a band that counts someone can always be filled."""


@dataclass
class Margin:
    """Bands that do not overlap: the group of every cell [quartier, sex, age] (-1 = none), persons by group, rows."""

    group: np.ndarray
    persons: np.ndarray
    rows: list[tuple[int, str, int, int, float]]
    by_sex: bool


def latest(frame: pd.DataFrame, region: Region) -> pd.DataFrame:
    """The rows of the latest date at or before the reference date (all rows if there is no date)."""
    if frame.empty or "date" not in frame.columns:
        return frame
    dates = pd.to_datetime(frame["date"])
    known = dates[dates <= pd.Timestamp(region.reference_date)]
    return frame.loc[dates == known.max()] if len(known) else frame.iloc[:0]


def margins(frame: pd.DataFrame, quartier_of: dict[str, int], n: int) -> list[Margin]:
    """Sort the rows of a population table into margins, each of bands that do not overlap; the finest come first."""
    found: dict[tuple[bool, int], Margin] = {}
    ends: dict[tuple[int, str], list[int]] = {}
    ids = frame["quartier_id"] if "quartier_id" in frame.columns else pd.Series("", index=frame.index)
    open_ended = frame["age_to"].astype(int).where(frame["age_to"].astype(int) >= 0, AGES - 1)
    rows = sorted(
        (quartier_of[str(i)], str(s), int(a), min(int(b), AGES - 1), float(p))
        for i, s, a, b, p in zip(ids, frame["sex"], frame["age_from"], open_ended, frame["persons"], strict=True)
    )
    for q, sex, first, last, persons in rows:
        last_age = ends.setdefault((q, sex), [])
        number = next((i for i, end in enumerate(last_age) if end < first), len(last_age))
        last_age[number : number + 1] = [last]
        key = (sex != "t", number)
        if key not in found:
            found[key] = Margin(np.full((n, 2, AGES), -1, np.int64), np.empty(0), [], sex != "t")
        margin = found[key]
        sexes = slice(None) if sex == "t" else slice(int(sex == "f"), int(sex == "f") + 1)
        margin.group[q, sexes, first : last + 1] = len(margin.rows)
        margin.rows.append((q, sex, first, last, persons))
    for margin in found.values():
        margin.persons = np.array([row[4] for row in margin.rows])
    return [found[key] for key in sorted(found, key=lambda k: (k[1], k[0]))]


def spread(shape: np.ndarray, wanted: list[Margin], passes: int, n: int) -> np.ndarray:
    """Persons (float [n, sex, age]) that meet the margins and otherwise follow a shape [sex, age].

    The ratio to the shape is constant within a band at first; it is smoothed over ages and fitted again, several times
    (pycnophylactic): steps at the borders of bands vanish, the shape's single years stay.
    """
    base = np.maximum(shape, SMALLEST * shape.mean())[None]
    families = [(m.group, m.persons) for m in reversed(wanted)]
    cells = proportional_fit(np.repeat(base, n, axis=0), families)
    for _ in range(passes):
        ratio = np.pad(cells / base, ((0, 0), (0, 0), (1, 1)), mode="edge")
        ratio = (ratio[:, :, :-2] + ratio[:, :, 1:-1] + ratio[:, :, 2:]) / 3
        cells = proportional_fit(base * ratio, families)
    return cells


def town_shape(region: Region, figures: Figures, passes: int) -> np.ndarray:
    """The town's pyramid [sex, age]: the state's single years under the bands of the town's own, if given."""
    pyramid = latest(region.pyramid, region)
    if pyramid.empty:
        return figures.single_years
    return spread(figures.single_years, margins(pyramid, {"": 0}, 1), passes, 1)[0]


def _at_most(women: np.ndarray, both: Margin) -> np.ndarray:
    """Never more women than persons in a band (in tiny bands scaling to the sum can exceed it)."""
    return np.minimum(women, np.rint(both.persons).astype(np.int64))


def _women_by_band(cells: np.ndarray, both: Margin, by_sex: Margin | None, keys: np.ndarray) -> np.ndarray:
    """Women per band of ``both``: whole, their sum the register's where it gives the sexes, else the fitted one."""
    n = cells.shape[0]
    quartier = np.array([row[0] for row in both.rows], np.int64)
    inside = both.group[:, 1] >= 0
    women = np.bincount(both.group[:, 1][inside], cells[:, 1][inside], minlength=len(both.rows))
    if by_sex is None:
        totals = np.rint(np.bincount(quartier, women, minlength=n)).astype(np.int64)
        return _at_most(largest_remainder(women, quartier, totals, keys[: women.size]), both)
    first = np.array([row[2] for row in both.rows], np.int64)
    persons = np.concatenate((by_sex.persons, [0.0]))
    group, men = by_sex.group[quartier, 1, first], by_sex.group[quartier, 0, first]
    given = (group >= 0) & (men >= 0)
    group = np.where(given, group, len(by_sex.rows) + quartier)
    both_sexes = np.bincount(group, both.persons, minlength=len(by_sex.rows) + n)
    totals = np.bincount(group, women, minlength=both_sexes.size)
    share = persons[group[given]] / np.maximum(persons[group[given]] + persons[men[given]], 1.0)
    totals[group[given]] = share * both_sexes[group[given]]
    return _at_most(largest_remainder(women, group, np.rint(totals).astype(np.int64), keys[: women.size]), both)


def whole_persons(cells: np.ndarray, population: list[Margin], extra: list[Margin]) -> np.ndarray:
    """Whole persons [quartier, sex, age] with the register's finest margins exact (ties by the key of the cell)."""
    n = cells.shape[0]
    keys = derive_keys(Domain.CELL, np.arange(cells.size))
    both = next((m for m in population if not m.by_sex), None)
    by_sex = next((m for m in population if m.by_sex), None)
    if both is not None and (by_sex is None or len(both.rows) >= len(by_sex.rows) / 2):
        women = _women_by_band(cells, both, by_sex, keys)
        group = np.where(both.group >= 0, 2 * both.group + np.arange(2)[None, :, None], -1)
        totals = np.stack((np.rint(both.persons).astype(np.int64) - women, women), axis=1).ravel()
    elif by_sex is not None:
        group, totals = by_sex.group, np.rint(by_sex.persons).astype(np.int64)
    else:
        return np.zeros((n, 2, AGES), np.int64)
    inside = group >= 0
    blocks = group[inside]
    for margin in extra:  # parts of a band that an extra margin separates get whole persons first
        blocks = blocks * (len(margin.rows) + 1) + margin.group[inside] + 1
        _, blocks = np.unique(blocks, return_inverse=True)
        parent = np.zeros(int(blocks.max(initial=-1)) + 1, np.int64)
        parent[blocks] = group[inside]
        sums = np.bincount(blocks, cells[inside], minlength=parent.size)
        totals, group = largest_remainder(sums, parent, totals, keys[: parent.size]), group.copy()
        group[inside] = blocks
    out = np.zeros(cells.shape, np.int64)
    out[inside] = largest_remainder(cells[inside], group[inside], totals, keys[inside.ravel()])
    return out


def single_ages(region: Region, figures: Figures, passes: int, report: Report) -> np.ndarray:
    """Persons (i64 [quartier, sex, age]); the register's bands, and sexes where given, exactly.

    Shape: the town's pyramid refined by the state's single years; `age_margins` are met as far as the bands allow.
    """
    quartier_of = {str(q): i for i, q in enumerate(region.quartiere["quartier_id"])}
    n = region.n_quartiere
    population = margins(latest(region.population, region), quartier_of, n)
    extra = margins(latest(region.age_margins, region), quartier_of, n)
    cells = spread(town_shape(region, figures, passes), population + extra, passes, n)
    covered = np.zeros(cells.shape, bool)
    for margin in population:
        covered |= margin.group >= 0
    cells[~covered] = 0.0
    persons = whole_persons(cells, population, extra)
    for name, wanted in (("register", population), ("age_margin", extra)):
        for q, sex, first, last, asked in [row for margin in wanted for row in margin.rows]:
            there = persons[q, :, first : last + 1].sum(axis=1)
            reached = there.sum() if sex == "t" else there[int(sex == "f")]
            report.add(f"{name} {sex} {first}-{last}", q, asked, reached)
    return persons
