"""The town's in-moves by age: what keeps its age structure, and what its register says of the total.

Net migration by age follows from how the town's cohorts changed between two register years (`cohort_change`), or, where there
are not two, from the town's own pyramid. A town whose share of 22-year-olds is twice the state's has gained
them by migration, and loses them again at 28; the ratio of the town's to the state's pyramid is taken to last. So the
cohort of age ``a`` gains or loses ``r(a + 1) / r(a) - 1`` by migration beyond what the state's does (the constant-ratio
method; Smith, Tayman & Swanson 2013, A Practitioner's Guide to State and Local Population Projections, ch. 8).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .. import registers
from ..cohort_change import FREE_AGES, net_rates
from ..pyramid import pyramid_of_year
from ..rates import RateBook
from ..thresholds import AGES, pad_ages
from .local_levels import band_rows, flows_before_start, town_cohort_change
from .out_moves import expected_out_moves

if TYPE_CHECKING:
    from ..model import QuartierModel


def in_move_profile(model: QuartierModel, stock: np.ndarray) -> np.ndarray:
    """In-moves as a ratio to those by the national rates, float64 [origin, sex, age], origins Germany and abroad.

    Out-moves plus the net by age, at least a fixed share of the out-moves. The net by age is what two register years show
    (`cohort_change`), else what keeps the town's pyramid. Where the register has several years, all ratios are scaled so
    that the town's total net migration is the register's (see `register_net`); where in-moves are registered by age, each
    band gets its share of them first.

    Parameters
    ----------
    stock : persons of the start population [quartier, sex, age].
    """
    rates, town = model.rates, stock.sum(axis=0)
    base = pad_ages(rates["in_migration_germany"].values) * town
    out = expected_out_moves(model)
    level, of_abroad = _level_by_age(model)[0], _level_of_abroad(model, town)
    abroad = of_abroad * pad_ages(rates["in_migration_abroad"].values) * town.sum(axis=1, keepdims=True)
    observed = observed_net(model)
    region = model.region
    day = region.start_date if len(region.population) else region.reference_date
    net_of_age = net_by_age(rates, town, day.year) if observed is None else observed
    wished = base * level * rates.parameter("in_migration_level") + net_of_age
    least = rates.parameter("in_migration_floor") * base * level
    moves = _share_of_bands(model, np.maximum(wished, least) + abroad, abroad)
    net = register_net(model, town)
    if net is not None and moves.sum() > 0:
        moves = moves * max(float(out.sum() + net - abroad.sum()), float(least.sum())) / moves.sum()
    ratio = np.divide(moves, base, out=np.ones_like(base), where=base > 0)
    return np.stack((ratio, np.full_like(ratio, of_abroad)))


def _level_by_age(model: QuartierModel) -> np.ndarray:
    """The town's level of out-moves [destination, sex, age], 1 where none are registered: whom it sends away it also receives."""
    return model.side.get("out_migrate", {}).get("level", np.ones((2, 2, AGES)))


def _level_of_abroad(model: QuartierModel, town: np.ndarray) -> float:
    """In-moves from abroad against the national rates: as registered by origin, else 1."""
    found = flows_before_start(model, "in_move")
    if found is None or not found.origins:
        return 1.0
    expected = (pad_ages(model.rates["in_migration_abroad"].values) * town.sum(axis=1, keepdims=True)).sum()
    share = found.origins.get("abroad", 0.0) / max(sum(found.origins.values()), 1e-9)
    return float(share * found.total / max(expected, 1e-9))


def _share_of_bands(model: QuartierModel, all_moves: np.ndarray, abroad: np.ndarray) -> np.ndarray:
    """In-moves from Germany [sex, age], such that all in-moves have the registered shares of the bands, if there are any."""
    found = flows_before_start(model, "in_move")
    moves = all_moves.copy()
    for sex, first, last, persons in () if found is None else found.bands:
        cells = np.s_[band_rows(sex), first : AGES if last < 0 else last + 1]
        moves[cells] *= persons / max(all_moves[cells].sum(), 1e-9)
    return np.maximum(moves - abroad, 0.0)


def observed_net(model: QuartierModel) -> np.ndarray | None:
    """Yearly net migration by sex and age that two register years show of the town, None where it has not two.

    Arrivals less departures of the span are taken to have moved half a span before its end, on average; they are smoothed
    over ages, and `register_net` gives the total.
    """
    change = town_cohort_change(model)
    if change is None:
        return None
    net, half = change.net.sum(axis=0), change.years // 2
    old = np.arange(AGES) >= FREE_AGES
    rate = net_rates(change, model.rates).town[-1]
    net[:, old] = rate * change.survivors.sum(axis=0)[:, old]
    earlier = np.concatenate((net[:, half:], np.zeros((2, half))), axis=1)
    earlier[:, 0] += net[:, :half].sum(axis=1)
    return _smooth(earlier, int(model.rates.parameter("ratio_window"))) / change.years


def net_by_age(rates: RateBook, town: np.ndarray, year: int) -> np.ndarray:
    """Yearly net migration by sex and age that keeps the ratio of the town's pyramid to the state's; sums to zero.

    Both pyramids are of the same year, else a strong cohort would look like a gain at its age. A jump of the ratio when people
    come of age is migration of those who are of age: minors come and go with their parents.

    Parameters
    ----------
    town : persons of the town at the end of the ``year`` [sex, age].
    """
    reference = pad_ages(pyramid_of_year(rates, rates.state, year))
    oldest, of_age = int(rates.parameter("ratio_oldest_age")), int(rates.parameter("age_of_majority"))
    window = int(rates.parameter("ratio_window"))
    share, norm = (
        np.concatenate((_smooth(x[:, :of_age], window), _smooth(x[:, of_age:], window)), axis=1)
        for x in (town, reference)
    )
    if not (town.sum() > 0 and (share[:, :oldest].min() > 0)):
        return np.zeros_like(town)
    ratio = share / np.maximum(norm, 1e-9)
    gain = np.zeros_like(town)
    gain[:, :oldest] = share[:, :oldest] * np.clip(ratio[:, 1 : oldest + 1] / ratio[:, :oldest] - 1, -0.5, 1.0)
    gain[:, of_age] += gain[:, of_age - 1]
    gain[:, of_age - 1] = 0.0
    return gain - np.abs(gain) * gain.sum() / max(np.abs(gain).sum(), 1e-9)


def _smooth(by_age: np.ndarray, window: int) -> np.ndarray:
    """Running mean over ages, twice, with the end values held."""
    kernel = np.ones(window) / window
    half = window // 2
    smoothed = by_age.astype(float)
    for _ in range(2):
        padded = np.pad(smoothed, ((0, 0), (half, half)), mode="edge")
        smoothed = np.stack([np.convolve(row, kernel, mode="valid") for row in padded])
    return smoothed[:, : by_age.shape[1]]


def register_net(model: QuartierModel, town: np.ndarray) -> float | None:
    """Net migration a year that the register's change implies; None where it has one year only and no moves.

    Residents at the end of the reference span less those at its beginning, less births, plus deaths (registered, else by
    the life table); a yearly gain or loss beyond `net_migration_limit` is taken for a single event and cut. A register of
    one year whose in- and out-moves are told gives their difference.
    """
    rates = model.rates
    limit = rates.parameter("net_migration_limit") * town.sum()
    totals = registers.totals(model.region)
    days = list(totals)
    early = [day for day in days[:-1] if 1 <= days[-1].year - day.year <= rates.parameter("net_migration_years")]
    if not early:
        arrived, left = flows_before_start(model, "in_move"), flows_before_start(model, "out_move")
        return None if arrived is None or left is None else float(np.clip(arrived.total - left.total, -limit, limit))
    years = days[-1].year - early[0].year
    growth = (totals[days[-1]] - totals[early[0]]) / years
    known = registers.registered(model.region, "death", range(early[0].year + 1, days[-1].year + 1))
    level = model.side.get("die", {}).get("level", np.ones(2))
    deaths = known.total if known else float((pad_ages(rates["mortality"].values) * level[:, None] * town).sum())
    births = _births(model, days[-1].year, years)
    return float(np.clip(growth - (float(town[:, 0].sum()) if births is None else births) + deaths, -limit, limit))


def _births(model: QuartierModel, last_year: int, years: int) -> float | None:
    """Registered births a year in the span; None where none are told."""
    found = registers.registered(model.region, "birth", range(last_year - years + 1, last_year + 1))
    return None if found is None else found.total
