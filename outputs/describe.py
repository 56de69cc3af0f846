"""The generated parts of the model description: data dictionary, rates, parameters and the order of the step.

`python -m quartier.outputs.describe docs/model-description.md` renews the parts between the markers; a test keeps them current.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from math import isnan
from pathlib import Path

from ..model.columns import DWELLING, HOUSEHOLD, PERSON
from ..model.rates import read_rate_book
from ..model.tables import Column


def _markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "/").replace("\n", " ") for cell in cells) + " |"

    return "\n".join([line(header), "|" + " --- |" * len(header), *(line(row) for row in rows)])


def step_plan() -> str:
    """The processes of a step in their order."""
    from ..model.processes import STEP

    rows = [
        (str(i), f"`{p.name}`", ", ".join(p.reads), ", ".join(p.writes), ", ".join(p.rates))
        for i, p in enumerate(STEP, 1)
    ]
    return _markdown(("", "process", "reads", "writes", "rates"), rows)


def data_dictionary() -> str:
    """Every column of people, households and dwellings."""

    def part(title: str, schema: dict[str, Column]) -> str:
        rows = [(f"`{name}`", c.dtype, c.unit, c.meaning, c.owner) for name, c in schema.items()]
        return f"**{title}**\n\n" + _markdown(("column", "type", "unit", "meaning", "written by"), rows)

    return "\n\n".join((part("People", PERSON), part("Households", HOUSEHOLD), part("Dwellings", DWELLING)))


def rate_table() -> str:
    """Every rate table with unit, source, year and status (S sourced, D derived, A assumed)."""
    rows = [
        (f"`{r.name}`", " × ".join(r.dims), r.unit, r.status, r.year, r.meaning, r.source)
        for r in read_rate_book().rates.values()
    ]
    return _markdown(("rate", "by", "unit", "status", "year", "meaning", "source"), rows)


def parameter_table() -> str:
    """Every single figure with range, unit, source, year and status."""
    table = read_rate_book().parameter_table.sort_values("parameter")
    columns = ("parameter", "value", "low", "high", "unit", "status", "year", "meaning", "source")
    rows = [[_plain(row[c]) for c in columns] for _, row in table.iterrows()]
    return _markdown(columns, rows)


def _plain(value: object) -> str:
    if isinstance(value, float):
        return "" if isnan(value) else f"{value:g}"
    return str(value)


PARTS: dict[str, Callable[[], str]] = {
    "step": step_plan,
    "columns": data_dictionary,
    "rates": rate_table,
    "parameters": parameter_table,
}


def renew(text: str) -> str:
    """The text with everything between ``<!-- generated: NAME -->`` and ``<!-- end -->`` made anew.

    Raises
    ------
    ValueError : a part has no markers in the text.
    """
    for name, make in PARTS.items():
        begin, end = f"<!-- generated: {name} -->", "<!-- end -->"
        if begin not in text or end not in text[text.index(begin) :]:
            raise ValueError(f"the text has no part “{begin} … {end}”")
        first = text.index(begin) + len(begin)
        last = text.index(end, first)
        text = f"{text[:first]}\n{make()}\n{text[last:]}"
    return text


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.write_text(renew(target.read_text(encoding="utf-8")), encoding="utf-8")
