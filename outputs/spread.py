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
BLOCK_BYTES: Final = 1 << 29
"""Values that are held at a time, whatever the number of replicates: sorting needs all replicates of a cell together."""


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
    return _spread_in_place(values.copy())


def _spread_in_place(values: np.ndarray) -> Spread:
    """As `spread`, but sorts the values where they lie."""
    last = values.shape[0] - 1
    # the sum of integers is exact, whatever the order
    mean = values.sum(axis=0, dtype=np.int64 if values.dtype.kind in "iu" else np.float64) / values.shape[0]
    values.sort(axis=0)

    def quantile(tenths: int) -> np.ndarray:
        below, rest = divmod(tenths * last, 10)
        low = values[below].astype(np.float64)
        return low + (values[min(below + 1, last)] - low) * (rest / 10)

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


def blocks(replicates: int, shape: Sequence[int], itemsize: int, most: int = BLOCK_BYTES) -> list[tuple[slice, slice]]:
    """Parts of a table's first two axes, each small enough for all replicates at once; at least one row of the second.

    >>> blocks(10, (4, 6, 100), 4, most=50_000)
    [(slice(0, 2, None), slice(0, 6, None)), (slice(2, 4, None), slice(0, 6, None))]
    """
    row = replicates * itemsize * int(np.prod(shape[2:]))
    inner = min(max(most // max(row, 1), 1), shape[1])
    outer = min(max(most // max(row * shape[1], 1), 1), shape[0])
    return [
        (slice(i, min(i + outer, shape[0])), slice(j, min(j + inner, shape[1])))
        for i in range(0, shape[0], outer) for j in range(0, shape[1], inner)
    ]


def spread_of(results: xr.Dataset, name: str, scenario: int, dtype: str = "float32") -> Spread:
    """Of one table of one scenario, block by block: memory does not grow with the replicates."""
    source = results[name]
    shape, whole = source.shape[2:], replicates_of(results, scenario)
    out = Spread(*(np.empty(shape, dtype) for _ in STATISTICS))
    for where in blocks(whole.size, shape, source.dtype.itemsize):
        part = source[(scenario, slice(None), *where)]
        values = np.empty((whole.size, *part.shape[1:]), source.dtype)
        for row, replicate in enumerate(whole):  # one by one: read together, they would be held twice
            values[row] = part[replicate].values
        for target, statistic in zip(out, _spread_in_place(values), strict=True):
            target[where] = statistic
    return out


def town_spread(results: xr.Dataset, scenario: int) -> Spread:
    """Of the headline numbers of the whole town [time, indicator]: of its sums, not the sum of the Quartiere's ranges."""
    indicators = results["indicators"]
    sums = [indicators[scenario, r].values.sum(axis=1, dtype=np.int64) for r in replicates_of(results, scenario)]
    return spread(np.stack(sums))


def indicator_spread(results: xr.Dataset) -> tuple[Spread, Spread]:
    """Of all headline numbers: of the whole town [scenario, time, indicator], and of the Quartiere.

    The second has the shape [scenario, time, quartier, indicator].
    """
    scenarios = range(results.sizes["scenario"])
    single = [spread_of(results, "indicators", s, "float64") for s in scenarios]
    return over_scenarios([town_spread(results, s) for s in scenarios]), over_scenarios(single)


def write_summary(results_path: Path, path: Path) -> None:
    """Write `summary.zarr`: every table with a dimension ``statistic`` (mean, p10, p90) in place of the replicates.

    Variable by variable and block by block, so that memory holds the statistics of one table of one scenario and some of
    its replicates' values; ``indicators_town`` adds the headline numbers of the whole town.
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
        for k, statistic in enumerate(spread_of(results, name, s)):
            target[s, k] = statistic


def _town(group, results: xr.Dataset) -> None:
    towns = [town_spread(results, s) for s in range(results.sizes["scenario"])]
    attributes = {
        **results["indicators"].attrs,
        "long_name": "headline numbers of the whole town",
        "long_name_de": "Kennzahlen der Gesamtstadt",
    }
    shape = (len(towns), len(STATISTICS), *towns[0].mean.shape)
    target = _create(group, "indicators_town", shape, ("time", "indicator"), attributes)
    for s, town in enumerate(towns):
        for k, statistic in enumerate(town):
            target[s, k] = statistic.astype(np.float32)
