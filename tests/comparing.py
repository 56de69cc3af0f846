"""Results made by hand for the tests of comparisons: a base, and scenarios whose difference is known by heart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from quartier.outputs.labels import Labels
from quartier.outputs.run_info import RunInfo
from quartier.outputs.schema import DIMENSION, INDICATORS, TABLES
from quartier.outputs.store import assemble, write_part
from toy import START, region

REPLICATES, YEARS = 4, 4
STEPS = 4 * YEARS + 1
DIFFERENCES = (3, 4, 5, 4)
"""Of the four replicates: mean 4, standard deviation √(2/3), so that the interval is 4 ± 3.18245 · √(2/3) / 2."""
HALF = 3.182446305 * np.sqrt(2 / 3) / 2

Shift = tuple[str, int, slice, Sequence[int]]
"""An indicator (or ``unserved_…``), a Quartier, the steps, and the difference of every replicate."""


def made_results(
    folder: Path, scenarios: Mapping[str, Sequence[Shift]], *, about: Mapping[str, Any] | None = None,
    changes: Mapping[str, Any] | None = None, seed: int = 7, name: str = "Musterstadt", replicates: int = REPLICATES,
    inputs: Mapping[str, str] | None = None, titles: Mapping[str, str] | None = None,
) -> Path:
    """Write results.zarr and run.json of a base of hundreds and of scenarios that differ by their shifts only."""
    town = replace(region(4), name=name, inputs={"population.csv": "ab" * 32})
    town = replace(town, quartiere=town.quartiere.assign(name=["Altstadt", "=1+1", "@x", "Jürgensby"]))
    titles = {s: (titles or {}).get(s, s.replace("_", " ")) for s in scenarios}
    labels = Labels.of(town, titles, replicates, START, START + STEPS - 1)
    parts = {}
    for scenario, shifts in scenarios.items():
        for r in range(replicates):
            parts[scenario, r] = folder / "parts" / f"{scenario}-{r}.npz"
            write_part(parts[scenario, r], _tables(labels, r, shifts))
    digests = {f"scenario {s}": s for s in scenarios}
    run = RunInfo.of(
        town, command=["quartier", "run"], scenarios=titles, seed=seed, replicates=replicates, until=labels.until,
        parameters={"changes": dict(changes or {}), "scenarios": dict(about or {})}, inputs=digests | dict(inputs or {}),
    )
    folder.mkdir(exist_ok=True)
    assemble(folder, parts, labels, town, run)
    run.write(folder / "run.json")
    return folder


def _tables(labels: Labels, replicate: int, shifts: Sequence[Shift]) -> dict[str, np.ndarray]:
    tables = {t.name: np.full(t.shape(labels.sizes()), 100 + replicate, np.int32) for t in TABLES}
    for what, quartier, steps, differences in shifts:
        if what.startswith("unserved_"):
            service = DIMENSION["service"].ids.index(what.replace("unserved_", "childcare_"))
            where = (steps, quartier, service, DIMENSION["measure"].ids.index("unserved"))
            tables["services"][where] += differences[replicate]
        elif what in TABLES_BY_NAME:
            tables[what][:, quartier] += differences[replicate]
        else:
            i = [indicator.id for indicator in INDICATORS].index(what)
            tables["indicators"][steps, quartier, i] += differences[replicate]
    return tables


TABLES_BY_NAME = {t.name for t in TABLES}

