"""Lists of what there is: towns, scenarios, the step of the model."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from .. import model
from .screen import Screen


def show_regions(screen: Screen) -> None:
    """Every embedded town: the name to type, the town, the date of its figures."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    for head in ("Name", "Town", "Figures of"):
        table.add_column(screen.say(head))
    for file in sorted((Path(model.__path__[0]) / "regions").glob("*/region.toml")):
        facts = tomllib.loads(file.read_text(encoding="utf-8"))
        table.add_row(file.parent.name, str(facts["name"]), screen.date(facts["reference_date"]))
    screen.out.print(table)
    screen.line()
    screen.line(screen.say("Your own town: a folder of tables; `quartier check FOLDER` examines it."))


def show_scenarios(screen: Screen) -> None:
    """Every scenario of the library: the name to type, its title, the question it answers."""
    from ..scenarios.files import library, read_scenario

    for name in library():
        content = read_scenario(name)
        screen.out.print(Text.assemble((name, "bold"), "  ", content.title.say(screen.language)))
        question = content.question.say(screen.language) if content.question else ""
        screen.out.print(Padding(Text(question), (0, 0, 1, 2)))
    screen.line(screen.say("Your own scenario: copy one of the files in {} and change it.", _library_folder()))


def _library_folder() -> Path:
    from ..scenarios.files import LIBRARY

    return LIBRARY


def print_schema() -> None:
    """The JSON schema of scenario files, ready to be written to a file."""
    from ..scenarios.schema import json_schema

    print(json.dumps(json_schema(), ensure_ascii=False, indent=2))


def show_step(screen: Screen) -> None:
    """The processes of one step in their order."""
    from ..model.processes import STEP

    for number, process in enumerate(STEP, 1):
        screen.line(f"{number}  {process.name}", "bold")
        table = Table.grid(padding=(0, 2))
        for head, names in (("reads", process.reads), ("writes", process.writes), ("rates", process.rates)):
            if names:
                table.add_row(Text(screen.say(head), "dim"), Text(", ".join(names)))
        screen.out.print(Padding(table, (0, 0, 1, 3)))
