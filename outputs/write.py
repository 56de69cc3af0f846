"""Everything a run leaves behind, written into one folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .labels import Labels
from .rounding import Rounding
from .run_info import RunInfo
from .store import Parts

if TYPE_CHECKING:
    import pandas as pd

    from ..model.region.region import Region
    from .summary import Summary


def write_results(
    folder: Path,
    parts: Parts,
    labels: Labels,
    region: Region,
    run: RunInfo,
    fit: pd.DataFrame,
    *,
    language: str = "de",
    rounding: Rounding = "five",
) -> Summary:
    """Write `results.zarr`, `summary.zarr`, `forecast.xlsx`, `forecast.csv`, `charts/` and `run.json`.

    Parameters
    ----------
    folder : an existing folder; the caller renames it when this function has returned.
    parts : path of the part of every complete (scenario, replicate).
    fit : the fit report of the synthetic population; may be empty.

    Returns
    -------
    Summary : the table to show at the end of the run.
    """
    from .charts import write_charts
    from .forecast_csv import write_csv
    from .planner_tables import PlannerTables
    from .spread import write_summary
    from .store import assemble, open_results
    from .summary import summarise
    from .workbook import write_workbook

    store = assemble(folder, parts, labels, region, run)
    write_summary(store, folder / "summary.zarr")
    with open_results(store) as results:
        tables = PlannerTables(results, region.estimated, language, rounding)
        write_workbook(folder / "forecast.xlsx", tables, region, run, fit)
        write_csv(folder / "forecast.csv", tables)
        write_charts(folder / "charts", tables, region.name)
        summary = summarise(tables)
    run.write(folder / "run.json")
    return summary
