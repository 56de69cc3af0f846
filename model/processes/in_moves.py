"""The town's in-moves by age: what keeps its age structure, and what its register says of the total.

Net migration by age follows from the town's own pyramid. A town whose share of 22-year-olds is twice the state's has gained
them by migration, and loses them again at 28; the ratio of the town's to the state's pyramid is taken to last. So the
cohort of age ``a`` gains or loses ``r(a + 1) / r(a) - 1`` by migration beyond what the state's does (the constant-ratio
method; Smith, Tayman & Swanson 2013, A Practitioner's Guide to State and Local Population Projections, ch. 8).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .. import registers
from ..rates import RateBook
from ..thresholds import AGES, pad_ages
from .out_moves import expected_out_moves

if TYPE_CHECKING:
    from ..model import QuartierModel


def in_move_profile(model: QuartierModel, stock: np.ndarray) -> np.ndarray:
    """In-moves from Germany as a ratio to the town's out-moves by the national profile, float64 [sex, age].

    Out-moves plus the net by age, at least a fixed share of the out-moves. Where the register has several years, all
    ratios are scaled so that the town's total net migration is the register's (see `register_net`).

    Parameters
    ----------
    stock : persons of the start population [quartier, sex, age].
    """
    rates, town = model.rates, stock.sum(axis=0)
    base = pad_ages(rates["in_migration_germany"].values) * town
    out = expected_out_moves(model)
    abroad = pad_ages(rates["in_migration_abroad"].values) * town.sum(axis=1, keepdims=True)
    wished = base * rates.parameter("in_migration_level") + net_by_age(rates, town)
    least = rates.parameter("in_migration_floor") * base
    moves = np.maximum(wished, least)
    net = register_net(model, town)
    if net is not None and moves.sum() > 0:
        moves = moves * max(float(out.sum() + net - abroad.sum()), float(least.sum())) / moves.sum()
    return np.divide(moves, base, out=np.ones_like(base), where=base > 0)


def net_by_age(rates: RateBook, town: np.ndarray) -> np.ndarray:
    """Yearly net migration by sex and age that keeps the ratio of the town's pyramid to the state's; sums to zero."""
    pyramid = rates["population_pyramid"]
    states = pyramid.labels[0]
    reference = pad_ages(pyramid.values[states.index(rates.state if rates.state in states else states[0])])
    oldest = int(rates.parameter("ratio_oldest_age"))
    window = int(rates.parameter("ratio_window"))
    share, norm = _smooth(town, window), _smooth(reference, window)
    if not (town.sum() > 0 and (share[:, :oldest].min() > 0)):
        return np.zeros_like(town)
    ratio = share / np.maximum(norm, 1e-9)
    gain = np.zeros_like(town)
    gain[:, :oldest] = share[:, :oldest] * np.clip(ratio[:, 1 : oldest + 1] / ratio[:, :oldest] - 1, -0.5, 1.0)
    return gain - np.abs(gain) * gain.sum() / max(np.abs(gain).sum(), 1e-9)


def _smooth(by_age: np.ndarray, window: int) -> np.ndarray:
    """Running mean over ages, twice, with the end values held."""
    kernel = np.ones(window) / window
    half = window // 2
    smoothed = by_age.astype(float)
    for _ in range(2):
        padded = np.pad(smoothed, ((0, 0), (half, half)), mode="edge")
        smoothed = np.stack([np.convolve(row, kernel, mode="valid") for row in padded])
    return smoothed[:, :AGES]


def register_net(model: QuartierModel, town: np.ndarray) -> float | None:
    """Net migration a year that the register's change implies; None where it has one year only.

    Residents at the end of the reference span less those at its beginning, less births, plus deaths by the life table; a
    yearly gain or loss beyond `net_migration_limit` is taken for a single event and cut.
    """
    rates = model.rates
    totals = registers.totals(model.region)
    days = list(totals)
    early = [day for day in days[:-1] if 1 <= days[-1].year - day.year <= rates.parameter("net_migration_years")]
    if not early:
        return None
    years = days[-1].year - early[0].year
    growth = (totals[days[-1]] - totals[early[0]]) / years
    deaths = float((pad_ages(rates["mortality"].values) * town).sum())
    born, n_years = registers.births(model.region, days[-1].year, years)
    births = float(born.sum()) / n_years if n_years else float(town[:, 0].sum())
    limit = rates.parameter("net_migration_limit") * town.sum()
    return float(np.clip(growth - births + deaths, -limit, limit))
