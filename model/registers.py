"""What a region's register says of past years, as plain arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from .region.flows import SPLITS, tellings
from .region.region import Region

Band = tuple[str, int, int, float]
"""Sex (m, f, t), first and last age (-1 = and older), events a year."""
_FROM, _TO, _ORIGIN, _SEX, _AGE = range(len(SPLITS))


@dataclass(frozen=True)
class Registered:
    """Events of one kind as registered, a mean over the years that the region has.

    Attributes
    ----------
    years : the years in which the town's total is known.
    total : events a year in the whole town.
    by_year : the total of each of the years.
    bands : events a year by sex or age or both, as far as they are split at all; may be empty.
    quartiere : float64 [n_quartiere] events a year by the Quartier where they happen, None where not told;
        quartier_years : in how many years they are.
    origins : events a year by origin; empty where not told.
    """

    years: tuple[int, ...]
    total: float
    by_year: dict[int, float]
    bands: tuple[Band, ...]
    quartiere: np.ndarray | None
    quartier_years: int
    origins: dict[str, float]


def totals(region: Region) -> dict[date, float]:
    """Residents of the town at each reference date up to the region's own, oldest first."""
    found: dict[date, float] = {}
    for day, persons in zip(region.population["date"].tolist(), region.population["persons"].tolist(), strict=True):
        if day <= region.reference_date:
            found[day] = found.get(day, 0.0) + float(persons)
    return dict(sorted(found.items()))


def births(region: Region, last_year: int, years: int) -> tuple[np.ndarray, int]:
    """Registered births by Quartier over the ``years`` up to ``last_year``.

    Returns
    -------
    float64 [n_quartiere], summed over the years the region has, and how many these are (0: none).
    """
    found = registered(region, "birth", range(last_year - years + 1, last_year + 1))
    if found is None or found.quartiere is None:
        return np.zeros(region.n_quartiere), 0
    return found.quartiere * found.quartier_years, found.quartier_years


def registered(region: Region, event: str, years: Iterable[int]) -> Registered | None:
    """Events of one kind in some years; None where the region tells none of them."""
    wanted = set(years)
    ways = {year: way for (year, kind), way in tellings(region.flows).items() if kind == event and year in wanted}
    if not ways:
        return None
    by_year = {year: float(next(iter(way.values()))["persons"].sum()) for year, way in sorted(ways.items())}
    own = _FROM if event in ("death", "out_move", "move") else _TO
    index = {name: i for i, name in enumerate(region.quartiere["quartier_id"].tolist())}
    bands, _ = _mean(ways.values(), (_SEX, _AGE), lambda row: (str(row.of_sex), int(row.age_from), int(row.age_to)))
    places, n_places = _mean(ways.values(), (own,), lambda row: index[row.from_id if own == _FROM else row.to_id])
    origins, _ = _mean(ways.values(), (_ORIGIN,), lambda row: str(row.place))
    quartiere = np.zeros(region.n_quartiere)
    quartiere[list(places)] = list(places.values())
    return Registered(
        tuple(by_year),
        sum(by_year.values()) / len(by_year),
        by_year,
        tuple((*key, persons) for key, persons in sorted(bands.items())),
        quartiere if n_places else None,
        n_places,
        dict(sorted(origins.items())),
    )


def _mean(
    years: Iterable[dict[tuple[bool, ...], Any]], splits: tuple[int, ...], key: Callable[[Any], Any]
) -> tuple[dict[Any, float], int]:
    """Events a year by a key, from each year's most split telling that is split so; and how many years have one."""
    sums: dict[Any, float] = {}
    n = 0
    for ways in years:
        rows = next((r for s, r in reversed(ways.items()) if any(s[i] for i in splits)), None)
        if rows is not None:
            n += 1
            for row in rows.itertuples():
                sums[key(row)] = sums.get(key(row), 0.0) + float(row.persons)
    return {k: persons / n for k, persons in sums.items()}, n
