"""`quartier explore`: which uncertain assumption moves which result."""
# no `from __future__ import annotations` here: typer reads the annotations while the commands are being built

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from rich.table import Table
from rich.text import Text

from . import machine
from .language import Say
from .main import help_option, language_option, option, region_argument, screen_in, told
from .screen import Screen

if TYPE_CHECKING:
    from ..outputs.explore_write import Exploration


def explore_command(say: Say, in_language: str) -> Any:
    """`quartier explore`."""

    def explore(
        region: Annotated[str, region_argument(say)],
        scenario: Annotated[str, option(say, "--scenario", "-s", metavar="NAME")] = "baseline",
        base: Annotated[str, option(say, "--base", metavar="NAME")] = "baseline",
        parameters: Annotated[str, option(say, "--parameters", metavar="NAME,NAME|key")] = "",
        samples: Annotated[int, option(say, "--samples", metavar="NUMBER")] = 40,
        replicates: Annotated[int, option(say, "--replicates", metavar="NUMBER")] = 2,
        indicator: Annotated[list[str] | None, option(say, "--indicator", metavar="NAME")] = None,
        until: Annotated[int | None, option(say, "--until", metavar="YEAR")] = None,
        seed: Annotated[int, option(say, "--seed", metavar="NUMBER")] = 1,
        workers: Annotated[int | None, option(say, "--workers", metavar="NUMBER")] = None,
        out: Annotated[Path | None, option(say, "--out", metavar="FOLDER")] = None,
        language: Annotated[str, language_option(say)] = in_language,
        debug: Annotated[bool, option(say, "--debug")] = False,
        show_help: Annotated[bool, help_option(say)] = False,
    ) -> None:
        screen = screen_in(language)
        with told(screen, debug):
            from ..scenarios.explore import ExploreRequest, explore
            from ..scenarios.request import RunRequest

            if workers is None:
                workers = min(machine.processors(), 4)
            run = RunRequest(region, (scenario,), until, replicates, seed, workers, out, language)
            names = tuple(name for part in parameters.split(",") if (name := part.strip()))
            with screen.progress() as report:
                folder, found = explore(ExploreRequest(run, base, names, samples, tuple(indicator or ())), report)
            show_exploration(screen, found)
            screen.line()
            screen.line(screen.say("Exploration: {}", folder), "bold")
            screen.line(screen.say("tornado.png shows the same as a picture, explore.csv holds every sample."))

    return explore


def show_exploration(screen: Screen, found: "Exploration") -> None:
    """The most important assumptions per result, in 80 columns; notes at the end."""
    for title, rows in found.results:
        screen.line(title, "bold")
        table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
        for number, header in enumerate(found.headers):
            table.add_column(header, justify="left" if number == 0 else "right", no_wrap=number > 0)
        for row in rows:
            importance = row.importance if row.clear else f"({row.importance})"
            table.add_row(*map(Text, (row.factor, row.values, row.low, row.high, importance)))
        screen.out.print(table)
        screen.line()
    if not found.results:
        screen.line(screen.say("Nothing differs between the samples."))
    for note in found.notes:
        screen.line(note, "dim")
