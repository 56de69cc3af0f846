"""The store of a run: parts written one by one, assembled into `results.zarr`, opened again as an xarray dataset.

A part holds the tables of one (scenario, replicate). It is written under a temporary name and renamed when whole, so
that a half-written part can never be taken for one. Assembling reads one part at a time: memory stays bounded by one.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .labels import Labels
from .run_info import RunInfo
from .schema import DIMENSION, DIMENSIONS, INDICATORS, RANDOM_SPREAD, SCHEMA_VERSION, TABLES, Dimension, ResultTable

if TYPE_CHECKING:
    import xarray as xr
    import zarr

    from ..model.region.region import Region

Parts = Mapping[tuple[str, int], Path]
"""Path of the part of every (scenario, replicate)."""

RUN_DIMS = ("scenario", "replicate")


def write_part(path: Path, tables: Mapping[str, np.ndarray]) -> None:
    """Write the tables of one (scenario, replicate): under a temporary name first, renamed when whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **dict(tables))
            file.flush()
            os.fsync(file.fileno())  # a name must not survive a power cut without its content
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read_part(path: Path) -> dict[str, np.ndarray]:
    """The tables `write_part` wrote, by name."""
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def read_table(path: Path, name: str) -> np.ndarray:
    """One table of a part."""
    with np.load(path, allow_pickle=False) as archive:
        return archive[name]


def assemble(folder: Path, parts: Parts, labels: Labels, region: Region, run: RunInfo) -> Path:
    """Put all parts into ``folder/results.zarr`` and return its path.

    One chunk per (scenario, replicate); integers without `_FillValue`. A (scenario, replicate) without a part stays
    zero and ``complete`` says 0.

    Raises
    ------
    ValueError : a part lacks a table, or has one of another shape or of a type that is no integer.
    """
    import zarr

    path = folder / "results.zarr"
    complete = np.zeros((len(labels.scenarios), labels.replicates), np.uint8)
    for scenario, replicate in parts:
        complete[labels.scenarios.index(scenario), replicate] = 1
    dataset = _coordinates(labels, region)
    dataset["complete"] = (
        RUN_DIMS,
        complete,
        {"long_name": "whether the run is complete", "long_name_de": "Lauf vollständig"},
    )
    dataset.attrs = global_attributes(region, run)
    dataset.to_zarr(path, mode="w", zarr_format=3, consolidated=False, encoding=encoding_of(dataset))
    group = zarr.open_group(path, mode="a")
    sizes = labels.sizes()
    arrays = {table.name: _create(group, table, sizes, region.estimated) for table in TABLES}
    for (scenario, replicate), part in sorted(parts.items()):
        where = (labels.scenarios.index(scenario), replicate)
        for table, values in _checked(read_part(part), part, sizes):
            arrays[table.name][where] = values
    consolidate(path)
    return path


def consolidate(path: Path) -> None:
    """Gather the metadata in one place; without it xarray warns whoever opens the store."""
    import zarr

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Consolidated metadata is currently not part")
        zarr.consolidate_metadata(path)


def open_results(path: Path) -> xr.Dataset:
    """The results as a lazy dataset; close it, or use it in a ``with``."""
    import xarray as xr

    return xr.open_dataset(path, engine="zarr", chunks=None)


def _checked(
    tables: Mapping[str, np.ndarray], part: Path, sizes: Mapping[str, int]
) -> Iterable[tuple[ResultTable, np.ndarray]]:
    for table in TABLES:
        values = tables.get(table.name)
        if values is None or values.shape != table.shape(sizes) or values.dtype.kind not in "iu":
            found = "nothing" if values is None else f"{values.dtype} {values.shape}"
            raise ValueError(f"{part.name}: table {table.name} must be integer {table.shape(sizes)}, found {found}")
        yield table, values


def _create(group: zarr.Group, table: ResultTable, sizes: Mapping[str, int], estimated: Iterable[str]) -> Any:
    shape = (sizes["scenario"], sizes["replicate"], *table.shape(sizes))
    return group.create_array(
        table.name,
        shape=shape,
        chunks=(1, 1, *(max(n, 1) for n in shape[2:])),
        dtype=table.dtype,
        fill_value=0,
        dimension_names=(*RUN_DIMS, *table.dims),
        attributes=table_attributes(table, estimated),
    )


def table_attributes(table: ResultTable, estimated: Iterable[str]) -> dict[str, Any]:
    """Attributes of a variable in the manner of the CF conventions."""
    attributes: dict[str, Any] = {
        "long_name": table.en,
        "long_name_de": table.de,
        "units": table.unit,
        "cell_methods": f"{table.dims[0]}: {table.method}",
    }
    if table.name == "indicators":
        attributes["comment"] = "unit and whether it is estimated: see indicator_unit and indicator_estimated"
    elif table.estimated(estimated):
        attributes["comment"] = "estimated: not, or not wholly, from figures of the region (geschätzt)"
    return attributes


def global_attributes(region: Region, run: RunInfo) -> dict[str, Any]:
    """Attributes of the whole store; nothing that differs between equal runs."""
    return {
        "Conventions": "CF-1.11",
        "title": f"Quartier: {region.name}",
        "schema_version": SCHEMA_VERSION,
        "quartier_version": run.version,
        "seed": run.seed,
        "region": region.name,
        "ags": region.ags,
        "reference_date": region.reference_date.isoformat(),
        "estimated": ", ".join(sorted(region.estimated)) or "nothing",
        "inputs_sha256": run.inputs_hash,
        "comment": RANDOM_SPREAD,
    }


def _text(values: Iterable[str]) -> np.ndarray:
    return np.array([str(v) for v in values], dtype=np.dtypes.StringDType())


def dimension_values(dimension: Dimension, labels: Labels) -> np.ndarray:
    """The coordinates of a dimension in a run."""
    match dimension.name:
        case "scenario":
            return _text(labels.scenarios)
        case "replicate":
            return np.arange(labels.replicates, dtype=np.int32)
        case "time":
            return np.array(labels.dates, "datetime64[ns]")
        case "year":
            return np.array(labels.years, np.int32)
        case "quartier":
            return _text(labels.quartiere)
    ids = dimension.ids
    if isinstance(ids[0], str):
        return _text(map(str, ids))
    return np.array(ids, np.float64 if isinstance(ids[0], float) else np.int32)


def _coordinates(labels: Labels, region: Region) -> xr.Dataset:
    import xarray as xr

    dataset = xr.Dataset(
        coords={d.name: (d.name, dimension_values(d, labels), _dimension_attributes(d)) for d in DIMENSIONS}
    )
    names = {"long_name": "name of the neighbourhood", "long_name_de": "Name des Quartiers"}
    titles = {"long_name": "title of the scenario", "long_name_de": "Titel des Szenarios"}
    estimated = np.array([i.estimated(region.estimated) for i in INDICATORS], np.uint8)
    return dataset.assign_coords(
        quartier_name=("quartier", _text(labels.quartier_names), names),
        scenario_title=("scenario", _text(labels.titles), titles),
        indicator_unit=(
            "indicator",
            _text(i.unit for i in INDICATORS),
            {"long_name": "unit", "long_name_de": "Einheit"},
        ),
        indicator_estimated=(
            "indicator",
            estimated,
            {"long_name": "1 = not from figures of the region", "long_name_de": "1 = geschätzt"},
        ),
    )


def _dimension_attributes(dimension: Dimension) -> dict[str, Any]:
    attributes: dict[str, Any] = {"long_name": dimension.en, "long_name_de": dimension.de}
    if dimension.unit != "1":
        attributes["units"] = dimension.unit
    if dimension.labels:
        attributes["labels_en"] = [label.en for label in dimension.labels]
        attributes["labels_de"] = [label.de for label in dimension.labels]
    return attributes


def encoding_of(dataset: xr.Dataset) -> dict[str, dict[str, Any]]:
    """How coordinates are written: no `_FillValue` anywhere, dates as whole days."""
    encoding: dict[str, dict[str, Any]] = {
        str(name): {"_FillValue": None} for name, v in dataset.variables.items() if v.dtype.kind in "fiuM"
    }
    encoding["time"] |= {"units": "days since 1970-01-01", "dtype": "int64"}
    return encoding


def label_text(dimension: str, language: str) -> list[str]:
    """Long names of all labels of a dimension, in ``de`` or ``en``."""
    return [label.text(language) for label in DIMENSION[dimension].labels]
