"""`forecast.csv`: all headline numbers in long form, for a German Excel (semicolon, decimal comma, UTF-8 with BOM)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from .planner_tables import PlannerTables
from .schema import INDICATORS

COLUMNS: Final = (
    "scenario",
    "quartier",
    "quartier_name",
    "date",
    "indicator",
    "unit",
    "mean",
    "p10",
    "p90",
    "estimated",
)
MOST_ROWS: Final = 1_000_000
"""More rows than this do not fit an Excel sheet; the file then holds 31 December only."""


def write_csv(path: Path, tables: PlannerTables) -> None:
    """Write one row per scenario, area, date and indicator; quarterly where that fits a sheet.

    Means and ranges are rounded like the workbook. A text that begins with `=`, `+`, `-` or `@` gets a leading
    apostrophe, so that no spreadsheet takes it for a formula.
    """
    every = len(tables.titles) * len(tables.areas) * len(tables.dates) * len(INDICATORS) <= MOST_ROWS
    rows = tables.rows(dates=every)
    when = rows[3].values if every else np.array([f"{year}-12-31" for year in rows[3].values], object)
    leading = {
        "scenario": guarded(rows[0].values),
        "quartier": guarded(rows[1].values),
        "quartier_name": guarded(rows[2].values),
        "date": when,
    }
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        for i, indicator in enumerate(INDICATORS):
            values = tables.unrounded(indicator.id, quarterly=every)
            mean, p10, p90 = (decimal_comma(tables.rounded(v, indicator.of_people)) for v in values)
            frame = pd.DataFrame(
                leading
                | {
                    "indicator": indicator.text(tables.language),
                    "unit": tables._(indicator.unit),
                    "mean": mean,
                    "p10": p10,
                    "p90": p90,
                    "estimated": tables._("yes") if indicator.estimated(tables.estimated) else tables._("no"),
                },
                columns=list(COLUMNS),
            )
            frame.to_csv(file, sep=";", index=False, header=i == 0, lineterminator="\r\n")


def guarded(texts: np.ndarray) -> np.ndarray:
    """Texts with an apostrophe before those a spreadsheet would take for a formula.

    >>> guarded(np.array(["=1+1", "Altstadt"], object)).tolist()
    ["'=1+1", 'Altstadt']
    """
    seen = {text: f"'{text}" if str(text).lstrip()[:1] in set("=+-@") else text for text in dict.fromkeys(texts)}
    return np.array([seen[text] for text in texts], object)


def decimal_comma(values: np.ndarray) -> list[str]:
    """Numbers as German text; whole numbers without decimals.

    >>> decimal_comma(np.array([1235.0, 2.5]))
    ['1235', '2,5']
    """
    return [str(int(v)) if v == int(v) else f"{v:.1f}".replace(".", ",") for v in values.tolist()]
