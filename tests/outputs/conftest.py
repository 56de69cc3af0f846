"""Results made by hand for the tests of store, workbook and charts: plausible shapes, no model run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import toy
from quartier.model.region.region import Region
from quartier.outputs.labels import Labels
from quartier.outputs.planner_tables import PlannerTables
from quartier.outputs.run_info import RunInfo
from quartier.outputs.schema import AGE_BIN_STARTS, INDICATORS, TABLES
from quartier.outputs.store import open_results, write_part
from quartier.outputs.summary import Summary
from quartier.outputs.write import write_results

NAMES = ("Altstadt", "=1+1", "@x", "Jürgensby")
START = toy.START
FIT = pd.DataFrame(
    {"margin": ["persons", "=SUM(A1)"], "quartier": ["01", "town"], "asked": [100.0, 200.0], "reached": [100.0, 199.0]}
)


def made_region(names: tuple[str, ...] = NAMES, estimated: tuple[str, ...] = ("households", "dwellings")) -> Region:
    """The toy region with names of our choice, some of them dangerous in a spreadsheet."""
    region = toy.region(len(names))
    quartiere = region.quartiere.assign(name=list(names))
    return replace(
        region,
        name="Musterstadt",
        quartiere=quartiere,
        estimated=frozenset(estimated),
        inputs={"population.csv": "ab" * 32},
        sources={"population": {"publisher": "Stadt Musterstadt", "year": 2023, "licence": "CC0"}},
    )


def made_tables(labels: Labels, replicate: int, shift: float = 0.0) -> dict[str, np.ndarray]:
    """Tables of one replicate; the headline numbers agree with the tables by year."""
    rng = np.random.default_rng([replicate, round(100 * shift)])
    sizes = labels.sizes()
    tables = {t.name: rng.poisson(3, t.shape(sizes)).astype(np.int32) for t in TABLES}
    ages = np.array(AGE_BIN_STARTS)
    shape = np.exp(-(((ages - 45) / 32) ** 2)) * np.where(ages < 11, 0.5, 1)
    growth = 1 + (0.01 + shift) * np.arange(sizes["year"])
    mean = 30 * growth[:, None, None, None] * (1 + np.arange(sizes["quartier"]))[None, :, None, None] * shape
    tables["population"] = rng.poisson(np.broadcast_to(mean, tables["population"].shape)).astype(np.int32)
    level = np.array([0, 900, 120, 30, 90, 180, 50, 170, 35, 160, 6, 4, 45, 175, 980, 25, 1005, 12, 200])
    assert level.size == len(INDICATORS)
    time = 1 + (0.0025 + shift / 4) * np.arange(sizes["time"])
    size = 1 + np.arange(sizes["quartier"])
    tables["indicators"] = rng.poisson(time[:, None, None] * size[:, None] * level).astype(np.int32)
    at = [i for i, d in enumerate(labels.dates) if d.month == 12]
    persons = tables["population"].sum(axis=(2, 3))
    steps = np.arange(sizes["time"])
    tables["indicators"][..., 0] = np.stack(
        [np.interp(steps, at, persons[:, q]) for q in range(sizes["quartier"])], axis=1
    )
    return tables


def made_run(
    folder: Path,
    *,
    scenarios: dict[str, str] | None = None,
    replicates: int = 3,
    years: int = 3,
    **region: tuple[str, ...],
) -> tuple[dict[tuple[str, int], Path], Labels, Region, RunInfo]:
    """Parts on disk, labels, region and run info of a made run."""
    town, titles = made_region(**region), scenarios or {"baseline": "Status quo"}
    labels = Labels.of(town, titles, replicates, START, START + 4 * years)
    parts = {}
    for s, scenario in enumerate(titles):
        for replicate in range(replicates):
            parts[scenario, replicate] = folder / "parts" / f"{scenario}-{replicate}.npz"
            write_part(parts[scenario, replicate], made_tables(labels, replicate, 0.01 * s))
    run = RunInfo.of(
        town,
        command=["quartier", "run", str(folder / "town"), "--seed", "7"],
        scenarios=titles,
        seed=7,
        replicates=replicates,
        until=labels.until,
    )
    return parts, labels, town, run


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., tuple]:
    """`made_run` in a fresh folder."""
    return lambda **options: made_run(tmp_path, **options)


@dataclass(frozen=True)
class Written:
    """A folder of results and what it was made from."""

    folder: Path
    parts: dict
    labels: Labels
    region: Region
    run: RunInfo
    summary: Summary
    fit: pd.DataFrame = field(default_factory=FIT.copy)

    @contextmanager
    def tables(self, **options: Any) -> Iterator[PlannerTables]:
        """The planner's tables of these results, in another language or rounding."""
        with open_results(self.folder / "results.zarr") as results:
            yield PlannerTables(results, self.region.estimated, **options)


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Everything a run of two scenarios leaves behind, German, rounded to 5; dwellings and households estimated."""
    folder = tmp_path_factory.mktemp("written")
    made = made_run(folder, scenarios={"baseline": "Status quo", "more_childcare": "Mehr Kita-Plätze"})
    out = folder / "out"
    out.mkdir()
    return Written(out, *made, write_results(out, *made, FIT))
