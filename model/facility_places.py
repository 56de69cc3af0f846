"""Places of facilities: bands of age, dated tables, estimates where the region gives none, and measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from .childcare_need import THREE, by_band, expected_children, need_by_half_year
from .measures import ClosingMeasure, Measure, PlacesMeasure
from .timeline import step_of

if TYPE_CHECKING:
    from .model import QuartierModel

BANDS: Final = ("under_3", "three_to_school", "school_age")
UNDER_3, THREE_TO_SCHOOL, SCHOOL_AGE = range(3)
_BAND_AGES: Final = ((0, 2), (3, 6), (7, 120))
"""Completed years of age of the bands, for measures."""
ALWAYS: Final = 65535
"""A closing step that never comes."""


@dataclass(frozen=True)
class Opening:
    """When facilities open and close: first open and first closed step, i64 [n]."""

    opens: np.ndarray
    closes: np.ndarray

    def open_at(self, step: int) -> np.ndarray:
        """Which are open (bool [n]) at the end of a step."""
        return (self.opens <= step) & (step < self.closes)


def opening(frame: pd.DataFrame) -> Opening:
    """Opening steps of a facility table; on the day named in `closes` a facility is still open."""

    def steps(column: str, unknown: int, days: int) -> np.ndarray:
        dates = pd.to_datetime(frame[column], errors="coerce") + pd.Timedelta(days=days)
        return np.array([unknown if pd.isna(day) else step_of(day.date()) for day in dates], np.int64)

    return Opening(steps("opens", 0, 0), steps("closes", ALWAYS, 1))


def closed_early(when: Opening, ids: Sequence[str], measures: Sequence[Measure]) -> Opening:
    """The same, with the facilities that measures close."""
    closes = when.closes.copy()
    for measure in measures:
        if isinstance(measure, ClosingMeasure) and measure.facility in ids:
            row = ids.index(measure.facility)
            closes[row] = min(closes[row], measure.step)
    return Opening(when.opens, closes)


def largest_remainder(exact: np.ndarray, total: int, keys: np.ndarray) -> np.ndarray:
    """Whole numbers (i64) that add up to ``total``, in proportion to ``exact`` (>= 0); ties by the smaller key."""
    if total <= 0 or exact.sum() <= 0:
        return np.zeros(exact.size, np.int64)
    share = exact * (total / exact.sum())
    whole = np.floor(share + 1e-9).astype(np.int64)
    first = np.lexsort((keys, -(share - whole).round(9)))
    whole[first[: total - whole.sum()]] += 1
    return whole


def bands_of(age_from: int, age_to: int) -> tuple[int, ...]:
    """The bands that a group of ages (completed years, inclusive; age_to -1 = and older) belongs to.

    From 6 years on it is a group of school age; one that begins earlier and reaches beyond 6 counts as before school.

    >>> bands_of(0, 2), bands_of(3, 6), bands_of(1, 6), bands_of(6, 13)
    ((0,), (1,), (0, 1), (2,))
    """
    if age_from >= 6:
        return (SCHOOL_AGE,)
    older = age_to < 0 or age_to >= 3
    return (*((UNDER_3,) if age_from < 3 else ()), *((THREE_TO_SCHOOL,) if older else ()))


def dated_places(
    model: QuartierModel, ids: list[str], keys: np.ndarray, when: Opening
) -> list[tuple[int, np.ndarray, np.ndarray]]:
    """The region's table of places as (since step, i64 [n, band], of these for mixed ages i64 [n]), by date.

    The earliest date of a facility holds from the beginning.

    Places for mixed ages are split in one ratio for the whole town: those from three years to school get what they
    need, the rest is for children under three (guide "model-family-housing" §4, Places).
    """
    table = model.region.places
    rows: pd.DataFrame = table.loc[table["facility_id"].isin(ids).to_numpy(bool)]
    since = np.array([step_of(day.date()) for day in pd.to_datetime(rows["date"])], np.int64)
    index = {name: i for i, name in enumerate(ids)}
    facility = np.array([index[name] for name in rows["facility_id"]], np.int64)
    bands = [bands_of(a, b) for a, b in zip(rows["age_from"].astype(int), rows["age_to"].astype(int), strict=True)]
    column = np.array([b[0] if len(b) == 1 else len(BANDS) for b in bands], np.int64)  # the last column: mixed ages
    places = np.asarray(rows["places"], np.int64)
    earliest = np.full(len(ids), ALWAYS)
    np.minimum.at(earliest, facility, since)
    since[since == earliest[facility]] = 0
    current, raw = np.zeros((len(ids), len(BANDS) + 1), np.int64), []
    for step in np.union1d(since, [0]):
        chosen = since == step
        current[np.unique(facility[chosen])] = 0
        np.add.at(current, (facility[chosen], column[chosen]), places[chosen])
        raw.append((int(step), current.copy()))
    start = [table for step, table in raw if step <= model.now][-1] * when.open_at(model.now)[:, None]
    share = _older_share(model, int(start[:, THREE_TO_SCHOOL].sum()), int(start[:, -1].sum()))
    return [(step, _split(table, share, keys), table[:, -1]) for step, table in raw]


def _older_share(model: QuartierModel, own: int, mixed: int) -> float:
    _, need = need_by_half_year(model.rates, model.now, model.n_quartiere)
    children = expected_children(model, need.shape[1]).sum(axis=0)
    wished = by_band(children * need[0])[1]
    return float(np.clip((wished - own) / mixed, 0, 1)) if mixed else 0.0


def _split(table: np.ndarray, share: float, keys: np.ndarray) -> np.ndarray:
    u = ((keys >> np.uint64(48)).astype(float) + 0.5) / 65536  # rounds up or down by the facility's own number
    older = np.minimum(np.floor(table[:, -1] * share + u).astype(np.int64), table[:, -1])
    places = table[:, :-1].copy()
    places[:, THREE_TO_SCHOOL] += older
    places[:, UNDER_3] += table[:, -1] - older
    return places


def estimated_places(
    model: QuartierModel, pooled: bool, quartier: np.ndarray, keys: np.ndarray, listed: int
) -> np.ndarray:
    """Places (i64 [n, band]) that the state's attendance and utilisation let expect, where the region gives none.

    All places of the town = attending / utilisation. Those for under-threes are full (more apply than attend), so they
    are as many as attend; the rest is for three to school. Spread over the pools of the Quartiere as need is, over
    listed centres equally. Facilities from ``listed`` on (those of measures) get none.
    """
    rates = model.rates
    class_of, need = need_by_half_year(rates, model.now, model.n_quartiere)
    share = rates.resolve("childcare_attendance", model.now, model.n_quartiere)[1][0]
    young = np.arange(share.size) < THREE // 2
    share = np.minimum(share * np.where(young, rates.parameter("childcare_attendance_factor_under_3"), 1.0), 1.0)
    children = expected_children(model, share.size)
    lower, upper = by_band(children.sum(axis=0) * share)
    operable = 1 - rates.parameter("childcare_inoperable_share")
    town = (lower + upper) / rates.parameter("childcare_utilisation")
    lower, upper = lower / operable, max(town - lower / operable, upper / operable)
    places = np.zeros((keys.size, len(BANDS)), np.int64)
    wishes = by_band(children * need[class_of])
    for band, total, wished in zip((UNDER_3, THREE_TO_SCHOOL), (lower, upper), wishes, strict=True):
        weight = wished[quartier[:listed]] if pooled else np.ones(listed)
        places[:listed, band] = largest_remainder(weight, round(float(total)), keys[:listed])
    return places


def bands_touched(age_from: int, age_to: int) -> list[int]:
    """Bands that a measure for some ages (completed years, inclusive) touches."""
    if age_from >= 6:
        return [SCHOOL_AGE]
    return [b for b, (lo, hi) in enumerate(_BAND_AGES) if age_from <= hi and age_to >= lo]


def measured_places(
    measure: PlacesMeasure, base: np.ndarray, quartier: np.ndarray, keys: np.ndarray, when: Opening, kinds: np.ndarray
) -> np.ndarray:
    """What a measure adds (i64 [n, band], may be negative), whole numbers by largest remainder in the order of keys.

    Parameters
    ----------
    base : i64 [n, band], places at the start. quartier : u16 [n]. kinds : bool [n], facilities of the measure's kind.
    """
    touched = bands_touched(measure.age_from, measure.age_to)
    counted = touched if measure.percent_of_ages is None else bands_touched(*measure.percent_of_ages)
    member = kinds & when.open_at(measure.start)
    added = np.zeros(base.shape, np.int64)
    if measure.quartiere is None:
        groups = [np.arange(int(quartier.max(initial=0)) + 1)]
    else:
        named = np.array(measure.quartiere)
        groups = [named] if measure.unit == "percent" else list(named[:, None])
    for group in groups:
        rows = np.flatnonzero(member & np.isin(quartier, group))
        weights = base[rows][:, touched].astype(float)
        amount = measure.amount
        if measure.unit == "percent":
            amount *= base[rows][:, counted].sum() / 100
        elif weights.sum() == 0:  # nothing to go by in this Quartier: the town's ratio of the bands, facilities equally
            ratio = base[member][:, touched].sum(axis=0).astype(float)
            weights = np.ones((rows.size, 1)) * (ratio if ratio.sum() > 0 else np.ones(len(touched)))
        pair = keys[rows][:, None] + np.array(touched, np.uint64)
        parts = largest_remainder(weights.ravel(), abs(round(amount)), pair.ravel()).reshape(weights.shape)
        added[rows[:, None], np.array(touched)] += parts if amount >= 0 else -parts
    return added
