"""`forecast.xlsx`: the planner's tables, the method sheet and the fit report, ready to print.

Texts are always written as texts: a name that begins with `=`, `+`, `-` or `@` never becomes a formula. The creation
time is fixed, so that equal results give equal files.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from .planner_tables import SUPPRESSED, PlannerTables, SheetColumn, SheetTable
from .texts import translator

if TYPE_CHECKING:
    import pandas as pd
    import xlsxwriter
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from ..model.region.region import Region
    from .run_info import RunInfo

CREATED: Final = datetime(2000, 1, 1)
"""What every workbook gives as its creation time."""

HEADER_ROW: Final = 3
A3, A4, WIDE = 8, 9, 14
"""Paper by its number in Excel; a table of more columns than `WIDE` is printed on the larger one."""

NUMBER_FORMATS: Final = {"text": "@", "year": "0", "count": "#,##0", "decimal": "0.0", "percent": "0.0%"}


def write_workbook(path: Path, tables: PlannerTables, region: Region, run: RunInfo, fit: pd.DataFrame) -> None:
    """Write the workbook.

    Parameters
    ----------
    tables : the planner's tables; they carry language and rounding.
    fit : the fit report of the synthetic population: margin, quartier, asked, reached. May be empty.
    """
    import xlsxwriter

    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(path, options) as book:
        book.set_properties(
            {
                "title": f"{region.name}: {translator(tables.language)('forecast')}",
                "author": "Quartier",
                "created": CREATED,
            }
        )
        writer = _Writer(book, tables.language, common_notes(tables, region, run))
        for table in tables.all():
            if tables.rounding == "none":
                writer.count_format = "#,##0.0"
            writer.write(table)
        writer.count_format = NUMBER_FORMATS["count"]
        writer.write(method_sheet(tables, region, run))
        writer.write(fit_sheet(fit, tables.language))


class _Writer:
    """Writes one table per sheet; keeps the formats, of which a workbook should hold few."""

    def __init__(self, book: xlsxwriter.Workbook, language: str, notes: list[str]) -> None:
        self.book, self.notes, self._ = book, notes, translator(language)
        self.estimated = self._("estimated")
        self.count_format = NUMBER_FORMATS["count"]
        self._formats: dict[tuple[Any, ...], Format] = {}

    def format(self, **properties: Any) -> Format:
        """A format with these properties, made once."""
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            self._formats[key] = self.book.add_format(properties)
        return self._formats[key]

    def write(self, table: SheetTable) -> None:
        """One sheet: title, note line, frozen header, rows."""
        sheet = self.book.add_worksheet(table.name[:31])
        rows = len(table.columns[0].values) if table.columns else 0
        self._lay_out(sheet, table, rows)
        sheet.write_string(0, 0, table.title, self.format(bold=True, font_size=14))
        sheet.write_string(
            1, 0, " · ".join([*self.notes, *table.notes]), self.format(font_size=9, font_color="#404040")
        )
        for c, column in enumerate(table.columns):
            mark = f" ({self.estimated})" if column.estimated else ""
            style = {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "bg_color": "#E6E6E6"}
            sheet.write_string(HEADER_ROW, c, column.header + mark, self.format(**style, italic=column.estimated))
        self._cells(sheet, table.columns, rows)

    def _lay_out(self, sheet: Worksheet, table: SheetTable, rows: int) -> None:
        texts = sum(1 for c in table.columns if c.style in ("text", "year"))
        sheet.freeze_panes(HEADER_ROW + 1, min(texts, 4))
        sheet.set_landscape()
        sheet.set_paper(A3 if len(table.columns) > WIDE else A4)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(HEADER_ROW)
        sheet.set_footer("&L&A&R&P / &N")
        lines = 1
        for c, column in enumerate(table.columns):
            if column.style == "text":
                longest = max((len(str(v)) for v in column.values), default=8)
                width = min(max(longest + 2, 12), 60)
            else:
                width = 7 if column.style == "year" else 14
            sheet.set_column(c, c, width)
            lines = max(lines, -(-(len(column.header) + (13 if column.estimated else 0)) // (width - 3)))
        sheet.set_row(HEADER_ROW, 15 * lines + 4)
        if rows:
            sheet.autofilter(HEADER_ROW, 0, HEADER_ROW + rows, len(table.columns) - 1)

    def _cells(self, sheet: Worksheet, columns: Sequence[SheetColumn], rows: int) -> None:
        formats, values = [], []
        for column in columns:
            number = self.count_format if column.style == "count" else NUMBER_FORMATS[column.style]
            formats.append(self.format(num_format=number, italic=column.estimated))
            values.append(column.values.tolist())
        blocked = self.format(align="right")
        for r in range(rows):
            for c, column in enumerate(columns):
                value = values[c][r]
                if column.style == "text":
                    sheet.write_string(HEADER_ROW + 1 + r, c, str(value), formats[c])
                elif value != value:  # NaN
                    sheet.write_string(HEADER_ROW + 1 + r, c, SUPPRESSED, blocked)
                else:
                    sheet.write_number(HEADER_ROW + 1 + r, c, value, formats[c])


def common_notes(tables: PlannerTables, region: Region, run: RunInfo) -> list[str]:
    """What stands below the title of every sheet: reference day, source, estimates, ranges, rounding."""
    _ = translator(tables.language)
    given = publishers(region) or _("figures of the region")
    notes = [
        f"{region.name}, {_('reference day 31 December')}",
        f"{_('source')}: {_('own projection with')} Quartier {run.version}",
        f"{_('start')} {region.reference_date}: {given}",
        _("italic and “(estimated)”: not from figures of the region, but from rates of the state or the country"),
        _("10 % and 90 %: random spread of {n} replicates only, no forecast uncertainty").format(n=run.replicates),
    ]
    if tables.rounding != "none":
        step = {"five": 5, "ten": 10}[tables.rounding]
        notes.append(
            _("people and households rounded to {n}; totals are rounded from unrounded numbers").format(n=step)
        )
    return notes


def publishers(region: Region) -> str:
    """Publishers named in the region's sources, each once."""
    found: dict[str, None] = {}
    for source in region.sources.values():
        for entry in source if isinstance(source, list) else [source]:
            publisher = entry.get("publisher") if isinstance(entry, dict) else entry
            if publisher:
                found.setdefault(str(publisher))
    return ", ".join(found)


def method_sheet(tables: PlannerTables, region: Region, run: RunInfo) -> SheetTable:
    """Data, sources, licences, what is estimated, seed, version, hashes."""
    _ = translator(tables.language)
    rows: list[tuple[str, str, str]] = [
        (
            _("purpose"),
            _("plans structures"),
            _("The model forecasts needs of Quartiere; it never judges single persons."),
        ),
        (_("region"), _("name"), region.name),
        (_("region"), "AGS", region.ags),
        (_("region"), _("start"), region.reference_date.isoformat()),
        (_("run"), _("program"), f"Quartier {run.version}"),
        (_("run"), "Python", run.python),
        (_("run"), _("seed"), str(run.seed)),
        (_("run"), _("replicates"), str(run.replicates)),
        (_("run"), _("rounding"), _(tables.rounding)),
    ]
    rows += [(_("scenario"), key, title) for key, title in run.scenarios.items()]
    rows += [(_("parameter"), str(k), str(v)) for k, v in run.parameters.items()]
    rows += [(_("estimated"), _(name), _("filled from the profile of the state")) for name in sorted(region.estimated)]
    rows.append(
        (
            _("estimated"),
            _("need of care, childcare need, severe disability, dwellings needed"),
            _("computed from rates of the state or the country in every region"),
        )
    )
    rows += [(_("sources"), table, _source_text(source)) for table, source in region.sources.items()]
    rows += [(_("hash of input (SHA-256)"), name, digest) for name, digest in sorted(run.inputs.items())]
    rows.append((_("hash of input (SHA-256)"), _("all together"), run.inputs_hash))
    return _texts(_("Method sheet"), _("Method and data sheet"), (_("subject"), _("item"), _("content")), rows)


def _source_text(source: Any) -> str:
    if isinstance(source, dict):
        return "; ".join(f"{k}: {v}" for k, v in source.items())
    if isinstance(source, list):
        return " | ".join(_source_text(entry) for entry in source)
    return str(source)


def fit_sheet(fit: pd.DataFrame, language: str) -> SheetTable:
    """What the synthetic population was asked for and what it reached."""
    _ = translator(language)
    title = _("Fit report of the synthetic population")
    if len(fit) == 0:
        return _texts(_("Fit report"), title, (_("margin"),), [(_("no fit report"),)])
    asked, reached = fit["asked"].to_numpy(float), fit["reached"].to_numpy(float)
    columns = [
        SheetColumn(_("margin"), fit["margin"].astype(str).to_numpy(object), "text"),
        SheetColumn(_("Quartier"), fit["quartier"].astype(str).to_numpy(object), "text"),
        SheetColumn(_("asked"), asked),
        SheetColumn(_("reached"), reached),
        SheetColumn(_("difference"), reached - asked),
    ]
    return SheetTable(_("Fit report"), title, columns)


def _texts(name: str, title: str, headers: Sequence[str], rows: Sequence[tuple[str, ...]]) -> SheetTable:
    columns = [SheetColumn(h, np.array([r[c] for r in rows], object), "text") for c, h in enumerate(headers)]
    return SheetTable(name, title, columns)
