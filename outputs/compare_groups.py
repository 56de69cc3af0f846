"""Who gains and who loses, and which aims conflict: effects by group in one year, with a verdict in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .compare import QUANTITIES, QUANTITY, Comparison
from .compare_effects import Effect, effect
from .planner_tables import PLANNING_AGES
from .schema import AGE_BIN_STARTS, CHILDCARE_BANDS, DIMENSION, TABLE, Indicator
from .store import label_text

Verdict = Literal["better", "worse", "more", "fewer", "unclear", "unchanged"]


@dataclass(frozen=True)
class GroupEffect:
    """The effect on one group: numbers (shape ()), what is counted, and whether it is marked as estimated."""

    kind: str
    group: str
    what: str
    effect: Effect
    better: int
    of_people: bool
    estimated: bool

    @property
    def verdict(self) -> Verdict:
        """In words; better and worse only where the number is an aim of planning."""
        return verdict(self.effect, self.better)


def verdict(one: Effect, better: int) -> Verdict:
    """What an effect of shape () means for an aim (1 more, -1 fewer is better, 0 neither)."""
    sign = int(one.proven)
    if sign == 0:
        return "unchanged" if one.mean == 0 and not one.high > one.low else "unclear"
    if better == 0:
        return "more" if sign > 0 else "fewer"
    return "better" if sign == better else "worse"


def aims() -> list[tuple[int, Indicator]]:
    """The quantities of which more or fewer is better, with their index."""
    return [(i, q) for i, q in enumerate(QUANTITIES) if q.better]


def group_effects(comparison: Comparison, scenario: str, year: int, language: str = "de") -> Iterator[GroupEffect]:
    """Effects on age groups, types of household and Quartiere at the end of a year.

    What a group gains is known for the aims counted by age or Quartier; of age groups in the population and types of
    household only the number is known, which is neither gain nor loss.
    """
    yield from _children(comparison, scenario, year, language)
    yield from _care(comparison, scenario, year, language)
    yield from _ages(comparison, scenario, year, language)
    yield from _households(comparison, scenario, year, language)
    yield from _quartiere(comparison, scenario, year, language)


def _step(comparison: Comparison, year: int) -> int:
    return comparison.year_ends[comparison.years.index(year)]


def _children(comparison: Comparison, scenario: str, year: int, language: str) -> Iterator[GroupEffect]:
    town, step = comparison.town(scenario), _step(comparison, year)
    for band, age in zip(CHILDCARE_BANDS, label_text("service", language)[:2], strict=True):
        for what in ("attending", "waiting", "unserved"):
            i = QUANTITY[f"childcare_{what}_{band}"]
            q = QUANTITIES[i]
            yield GroupEffect("age group", age.partition(", ")[2], q.text(language), town.at(step, i), q.better, True,
                              q.estimated(comparison.estimated))


def _care(comparison: Comparison, scenario: str, year: int, language: str) -> Iterator[GroupEffect]:
    """In nursing homes, by age; [replicate, quartier, sex, age, grade, setting] before the sum."""
    at, setting = comparison.years.index(year), DIMENSION["setting"].ids.index("residential_care")
    base, other = (
        comparison.table("care", s)[:, at, ..., setting].sum(axis=(1, 2, 4)) for s in (comparison.base, scenario)
    )
    what = QUANTITIES[QUANTITY["care_residential"]]
    both = effect(base, other)
    for k, age in enumerate(label_text("care_age_group", language)):
        yield GroupEffect("age group", age, what.text(language), both.at(k), what.better, True, True)


def _ages(comparison: Comparison, scenario: str, year: int, language: str) -> Iterator[GroupEffect]:
    at, starts = comparison.years.index(year), np.array(AGE_BIN_STARTS)
    member = np.array([[low <= a < high for low, high, _ in PLANNING_AGES] for a in starts], np.int64)
    base, other = (
        comparison.table("population", s)[:, at].sum(axis=(1, 2)) @ member for s in (comparison.base, scenario)
    )
    marked = TABLE["population"].estimated(comparison.estimated)
    what = QUANTITIES[QUANTITY["persons"]].text(language)
    both = effect(base, other)
    for k, (_low, _high, age) in enumerate(PLANNING_AGES):
        shown = age if language == "de" else age.replace(",", ".")
        yield GroupEffect("age group", shown, what, both.at(k), 0, True, marked)


def _households(comparison: Comparison, scenario: str, year: int, language: str) -> Iterator[GroupEffect]:
    at = comparison.years.index(year)
    base, other = (comparison.table("households", s)[:, at].sum(axis=1) for s in (comparison.base, scenario))
    marked = TABLE["households"].estimated(comparison.estimated)
    what = QUANTITIES[QUANTITY["households"]].text(language)
    both = effect(base, other)
    for k, kind in enumerate(label_text("household_type", language)):
        yield GroupEffect("type of household", kind, what, both.at(k), 0, True, marked)


def _quartiere(comparison: Comparison, scenario: str, year: int, language: str) -> Iterator[GroupEffect]:
    single = comparison.single(scenario).at(_step(comparison, year))
    for i, q in aims():
        for k, name in enumerate(comparison.names):
            yield GroupEffect("Quartier", name, q.text(language), single.at(k, i), q.better, q.of_people,
                              q.estimated(comparison.estimated))


@dataclass(frozen=True)
class Aim:
    """One aim under one scenario: the town's effect, in how many Quartiere it gets better and worse, its rivals."""

    quantity: Indicator
    effect: Effect
    verdict: Verdict
    better_in: int
    worse_in: int
    rivals: tuple[Indicator, ...]


def trade_offs(comparison: Comparison, scenario: str, year: int) -> list[Aim]:
    """Every aim at the end of a year; rivals are the aims that move the other way in the same scenario."""
    step = _step(comparison, year)
    town, single = comparison.town(scenario).at(step), comparison.single(scenario).at(step)
    verdicts: dict[int, Verdict] = {i: verdict(town.at(i), q.better) for i, q in aims()}
    other: dict[Verdict, Verdict] = {"better": "worse", "worse": "better"}
    found = []
    for i, q in aims():
        good = single.at(slice(None), i).proven * q.better
        rivals = [r for j, r in aims() if verdicts[i] in other and verdicts[j] == other[verdicts[i]]]
        found.append(Aim(q, town.at(i), verdicts[i], int((good > 0).sum()), int((good < 0).sum()), tuple(rivals)))
    return found
