"""`quartier compare`: scenarios laid side by side, on the screen and as a folder of tables and charts."""
# no `from __future__ import annotations` here: typer reads the annotations while the commands are being built

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from . import help
from .language import Say
from .main import help_option, language_option, option, screen_in, told
from .screen import Screen

if TYPE_CHECKING:
    from ..outputs.compare_summary import ComparisonSummary


def compare_command(say: Say, in_language: str) -> Any:
    """`quartier compare`."""
    runs = typer.Argument(help=say(help.RUNS), metavar="RUN…", show_default=False, rich_help_panel=say("The results"))

    def compare(
        run: Annotated[list[Path], runs],
        base: Annotated[str, option(say, "--base", metavar="NAME")] = "baseline",
        against: Annotated[list[str] | None, option(say, "--against", metavar="NAME")] = None,
        year: Annotated[int | None, option(say, "--year", metavar="YEAR")] = None,
        indicator: Annotated[list[str] | None, option(say, "--indicator", metavar="NAME")] = None,
        out: Annotated[Path | None, option(say, "--out", metavar="FOLDER")] = None,
        language: Annotated[str, language_option(say)] = in_language,
        rounding: Annotated[str, option(say, "--rounding", metavar="five|ten|none")] = "five",
        debug: Annotated[bool, option(say, "--debug")] = False,
        show_help: Annotated[bool, help_option(say)] = False,
    ) -> None:
        screen = screen_in(language)
        with told(screen, debug):
            from ..scenarios.compare import CompareRequest, compare

            request = CompareRequest(
                tuple(run), base, tuple(against or ()), year, tuple(indicator or ()), out, language, rounding
            )
            folder, summary = compare(request)
            show_comparison(screen, summary)
            screen.line()
            screen.line(screen.say("Comparison: {}", folder), "bold")
            screen.line(screen.say("comparison.xlsx opens in Excel, the pictures lie in charts."))

    return compare


def show_comparison(screen: Screen, summary: "ComparisonSummary") -> None:
    """One table per scenario, in 80 columns; sentences below, notes at the end."""
    for scenario in summary.scenarios:
        screen.line(scenario.title, "bold")
        if scenario.rows:
            table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
            for number, header in enumerate(summary.headers):
                left = number in (0, 5, 6)
                table.add_column(header, justify="left" if left else "right", no_wrap=number > 0)
            for row in scenario.rows:
                texts = (row.label, row.base, row.difference, row.interval, row.same_sign, row.meaning, row.appears)
                table.add_row(*map(Text, texts))
            screen.out.print(table)
        for sentence in scenario.sentences:
            screen.line(sentence)
        screen.line()
    for note in summary.notes:
        screen.line(note, "dim")
