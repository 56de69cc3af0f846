"""Mean and 10-90 % range over replicates: random spread (Zufallsstreuung) only, never forecast uncertainty."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from .schema import RANDOM_SPREAD, TABLES
from .store import consolidate, encoding_of, open_results

if TYPE_CHECKING:
    import xarray as xr

STATISTICS: Final = ("mean", "p10", "p90")


class Spread(NamedTuple):
    """Mean, 10 % and 90 % quantile of the same shape."""

    mean: np.ndarray
    p10: np.ndarray
    p90: np.ndarray


def spread(values: np.ndarray) -> Spread:
    """Over the first axis (replicates); quantiles interpolated linearly.

    >>> [float(x) for x in spread(np.array([0, 5, 10]))]
    [5.0, 1.0, 9.0]
    """
    ordered = np.sort(values, axis=0)
    last = ordered.shape[0] - 1
    # the sum of integers is exact, whatever the order
    mean = values.sum(axis=0, dtype=np.int64 if values.dtype.kind in "iu" else np.float64) / values.shape[0]

    def quantile(tenths: int) -> np.ndarray:
        below, rest = divmod(tenths * last, 10)
        low = ordered[below].astype(np.float64)
        return low + (ordered[min(below + 1, last)] - low) * (rest / 10)

    return Spread(mean, quantile(1), quantile(9))


def replicates_of(results: xr.Dataset, scenario: int) -> np.ndarray:
    """Numbers of the complete replicates of the scenario at this index.

    Raises
    ------
    ValueError : none is complete.
    """
    whole = np.flatnonzero(results["complete"].values[scenario])
    if whole.size == 0:
        raise ValueError(f"no complete replicate of scenario {results['scenario'].values[scenario]}")
    return whole


def over_scenarios(spreads: Sequence[Spread]) -> Spread:
    """Stack the spreads of several scenarios along a new first axis."""
    return Spread(*(np.stack(parts) for parts in zip(*spreads, strict=True)))


def indicator_spread(results: xr.Dataset) -> tuple[Spread, Spread]:
    """Of all headline numbers: of the whole town [scenario, time, indicator], and of the Quartiere.

    The second has the shape [scenario, time, quartier, indicator].
    The town's range is that of its sums, not the sum of the Quartiere's ranges.
    """
    town, single = [], []
    for s in range(results.sizes["scenario"]):
        values = results["indicators"][s, replicates_of(results, s)].values
        town.append(spread(values.sum(axis=2, dtype=np.int64)))
        single.append(spread(values))
    return over_scenarios(town), over_scenarios(single)


def write_summary(results_path: Path, path: Path) -> None:
    """Write `summary.zarr`: every table with a dimension ``statistic`` (mean, p10, p90) in place of the replicates.

    Variable by variable, so that memory holds one table of one scenario at a time; ``indicators_town`` adds the
    headline numbers of the whole town.
    """
    import zarr

    with open_results(results_path) as results:
        start = results.drop_vars([*(t.name for t in TABLES), "complete", "replicate"])
        start = start.assign_coords(
            statistic=(
                "statistic",
                np.array(STATISTICS, dtype=np.dtypes.StringDType()),
                {
                    "long_name": f"statistic over replicates. {RANDOM_SPREAD}",
                    "long_name_de": "Mittel, 10-%- und 90-%-Quantil (Zufallsstreuung)",
                },
            )
        )
        for variable in start.variables.values():
            variable.encoding = {}
        start.to_zarr(path, mode="w", zarr_format=3, consolidated=False, encoding=encoding_of(start))
        group = zarr.open_group(path, mode="a")
        for table in TABLES:
            _summarise(group, results, table.name, table.dims)
        _town(group, results)
    consolidate(path)


def _create(group, name: str, shape: tuple[int, ...], dims: tuple[str, ...], attributes: dict):
    return group.create_array(
        name,
        shape=shape,
        chunks=(1, 1, *(max(n, 1) for n in shape[2:])),
        dtype="float32",
        fill_value=0,
        dimension_names=("scenario", "statistic", *dims),
        attributes=attributes,
    )


def _summarise(group, results: xr.Dataset, name: str, dims: tuple[str, ...]) -> None:
    source = results[name]
    shape = (source.shape[0], len(STATISTICS), *source.shape[2:])
    target = _create(group, name, shape, dims, dict(source.attrs))
    for s in range(source.shape[0]):
        values = source[s, replicates_of(results, s)].values
        for k, statistic in enumerate(spread(values)):
            target[s, k] = statistic.astype(np.float32)


def _town(group, results: xr.Dataset) -> None:
    town, _ = indicator_spread(results)
    attributes = {
        **results["indicators"].attrs,
        "long_name": "headline numbers of the whole town",
        "long_name_de": "Kennzahlen der Gesamtstadt",
    }
    shape = (town.mean.shape[0], len(STATISTICS), *town.mean.shape[1:])
    target = _create(group, "indicators_town", shape, ("time", "indicator"), attributes)
    for k, statistic in enumerate(town):
        for s in range(shape[0]):
            target[s, k] = statistic[s].astype(np.float32)
