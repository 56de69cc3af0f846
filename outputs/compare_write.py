"""Everything a comparison leaves behind, written into one folder: workbook, CSV, charts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from .compare import QUANTITIES
from .compare_effects import Effect
from .compare_summary import ComparisonSummary, summarise_comparison
from .compare_tables import ComparisonTables
from .forecast_csv import MOST_ROWS, decimal_comma, guarded
from .workbook import CREATED, NUMBER_FORMATS, _Writer

if TYPE_CHECKING:
    from collections.abc import Sequence

NUMBERS: Final = ("value_base", "value_scenario", "difference", "low", "high")


def write_comparison(
    folder: Path, tables: ComparisonTables, heat: Sequence[str] = ()
) -> ComparisonSummary:
    """Write `comparison.xlsx`, `comparison.csv` and `charts/` into an existing folder.

    Parameters
    ----------
    heat : ids of the quantities shown per Quartier in heat maps and slope charts; empty = the clearest effects.

    Returns
    -------
    ComparisonSummary : the table to show at the end.
    """
    from .compare_charts import write_comparison_charts

    write_comparison_workbook(folder / "comparison.xlsx", tables)
    write_comparison_csv(folder / "comparison.csv", tables)
    write_comparison_charts(folder / "charts", tables, heat)
    return summarise_comparison(tables)


def write_comparison_workbook(path: Path, tables: ComparisonTables) -> None:
    """One sheet per table; texts never become formulas, equal comparisons give equal files."""
    import xlsxwriter

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
               "strings_to_numbers": False}
    title = f"{tables.comparison.results.attrs['region']}: {tables._('comparison of scenarios')}"
    with xlsxwriter.Workbook(path, options) as book:
        book.set_properties({"title": title, "author": "Quartier", "created": CREATED})
        writer = _Writer(book, tables.language, tables.notes())
        for table in tables.all():
            writer.count_format = "#,##0.0" if tables.rounding == "none" else NUMBER_FORMATS["count"]
            writer.write(table)


def write_comparison_csv(path: Path, tables: ComparisonTables) -> None:
    """One row per scenario, area, date and number, for a German Excel; quarterly where that fits a sheet."""
    c = tables.comparison
    rows = len(c.against) * (1 + len(c.names)) * len(QUANTITIES) * len(c.dates)
    steps = np.arange(len(c.dates)) if rows <= MOST_ROWS else np.array(c.year_ends)
    areas = [(tables._("total"), tables._("whole town")), *zip(c.quartiere, c.names, strict=True)]
    keys, names = (guarded(np.repeat(np.array(v, object), steps.size)) for v in zip(*areas, strict=True))
    dates = [c.dates[i].isoformat() for i in steps] * len(areas)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        for s, scenario in enumerate(c.against):
            titles = guarded(np.array([c.title(scenario), c.title(c.base)], object))
            leading = {"scenario": titles[0], "base": titles[1], "quartier": keys, "quartier_name": names,
                       "date": dates}
            for i in range(len(QUANTITIES)):
                single = c.single(scenario).at(steps, slice(None), i)
                town = c.town(scenario).at(steps, i)
                both = Effect(*(np.concatenate((t[None], q.T)).ravel() for t, q in zip(town, single, strict=True)))
                frame = _frame(tables, leading, scenario, i, both)
                frame.to_csv(file, sep=";", index=False, header=s == i == 0, lineterminator="\r\n")


def _frame(tables: ComparisonTables, leading: dict[str, Any], scenario: str, i: int, one: Effect) -> pd.DataFrame:
    q, _ = QUANTITIES[i], tables._
    columns = leading | {"indicator": q.text(tables.language), "unit": _(q.unit)}
    for name, values in zip(NUMBERS, one[:5], strict=True):
        columns[name] = _numbers(tables.rounded(values, q.of_people))
    columns["same_sign"] = _numbers(np.round(100 * one.same_sign, 1))
    columns["excludes_zero"] = np.where(one.proven != 0, _("yes"), _("no"))
    columns["estimated"] = _("yes") if q.estimated(tables.comparison.estimated) else _("no")
    columns["effect_not_proven"] = _("yes") if tables.comparison.about(scenario).soft else _("no")
    return pd.DataFrame(columns)


def _numbers(values: np.ndarray) -> list[str]:
    return ["x" if v != v else decimal_comma(np.array([v]))[0] for v in values.tolist()]
