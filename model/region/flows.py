"""Flows: a year's events may be told more than once, in total and split; what each telling says, and which one counts.

A telling is what the rows of one year and event with the same splits (by Quartier, origin, sex, age) say together: all
events of that year. So a table may hold the town's deaths, and again the deaths by Quartier. The least split telling gives
the total, a split one the distribution.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from .textfile import Frame

OWN_END: Final = {"birth": ("to_id",), "in_move": ("to_id",), "death": ("from_id",), "out_move": ("from_id",),
                  "move": ("from_id", "to_id")}  # fmt: skip
"""The columns that may name a Quartier; the other end of the event lies outside."""
MOVES_ACROSS: Final = ("in_move", "out_move")
"""Events that have an origin or destination outside."""
SPLITS: Final = ("from", "to", "origin", "sex", "age")


def with_splits(flows: Frame) -> Frame:
    """The table with the columns ``year`` and, by the names in `SPLITS`, whether a row is split by it (bool)."""
    place = flows["origin"] if "origin" in flows else np.full(len(flows), "", object)
    return flows.assign(
        **{
            "year": [day.year for day in flows["date"]],
            "from": flows["from_id"] != "",
            "to": flows["to_id"] != "",
            "origin": place != "",
            "place": place,
            "sex": flows["sex"] != "t",
            "of_sex": flows["sex"],
            "age": (flows["age_from"] > 0) | (flows["age_to"] >= 0),
        }
    )


def tellings(flows: Frame) -> dict[tuple[int, str], dict[tuple[bool, ...], Frame]]:
    """By year and event, by splits (in the order of `SPLITS`): the rows that tell all the events; the least split first."""
    if flows.empty:
        return {}
    found: dict[tuple[int, str], dict[tuple[bool, ...], Frame]] = {}
    table = with_splits(flows)
    for (year, event, *splits), rows in table.groupby(["year", "event", *SPLITS]):
        found.setdefault((int(year), str(event)), {})[tuple(bool(s) for s in splits)] = rows
    return {key: dict(sorted(ways.items(), key=lambda way: (sum(way[0]), way[0]))) for key, ways in found.items()}
