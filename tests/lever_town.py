"""A town of four Quartiere with centres and a population table, on which scenario files are tried out side by side."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import toy
from crowd import crowd
from quartier.model.columns import PERSON
from quartier.model.model import QuartierModel
from quartier.model.process import Process
from quartier.model.processes import STEP
from quartier.model.rates import read_rate_book
from quartier.model.region.region import Region
from quartier.model.start import Start
from quartier.scenarios.resolve import Scenario, resolve

QUARTIERE = 4
HOUSEHOLDS = 900
REFERENCE = date(2023, 12, 31)
CHILDCARE = {"place", "place_wait_since", "childcare"}
"""Columns that childcare alone writes, and nothing else reads."""

ROWS = {"id", "household", "next_member", "partner", "mother", "father", "place"}
"""Columns that hold ids or rows, which may differ though the life is the same."""


def people() -> list[dict[str, Any]]:
    """The crowd the town is made of; keys are given by the order."""
    return crowd(HOUSEHOLDS, QUARTIERE)


RATES = cache(lambda: read_rate_book("01"))
"""The rate book of Schleswig-Holstein, read once."""


@cache
def region(km_apart: float = 2.0, quartiere: int = QUARTIERE) -> Region:
    """The town's tables: one centre with 10 places under three and 20 from three on in every Quartier but the last."""
    ids = [f"{i + 1:02d}" for i in range(quartiere)]
    frame = pd.DataFrame(people())
    counts = frame.groupby(["quartier", "sex", "age"]).size().reset_index(name="persons")
    population = pd.DataFrame({
        "quartier_id": [ids[q] for q in counts["quartier"]], "date": REFERENCE, "sex": ["mf"[s] for s in counts["sex"]],
        "age_from": counts["age"], "age_to": counts["age"], "persons": counts["persons"],
    })
    centres = ids[:-1]
    facilities = pd.DataFrame({
        "facility_id": [f"K{i}" for i in centres], "kind": "childcare_centre", "name": [f"Kita {i}" for i in centres],
        "quartier_id": centres, "provider": "", "opens": None, "closes": None, "lon": np.nan, "lat": np.nan,
    })
    places = pd.DataFrame({
        "facility_id": np.repeat(facilities["facility_id"].to_numpy(), 2), "date": REFERENCE,
        "age_from": [0, 3] * len(centres), "age_to": [2, 6] * len(centres), "places": [10, 20] * len(centres),
    })
    return toy.region(quartiere, km_apart, population=population, facilities=facilities, places=places)


@cache
def started(vacant: int = 60) -> Start:
    """The start population, with some vacant dwellings."""
    rooms = list(np.random.default_rng(5).integers(1, 7, vacant))
    return toy.start(people(), rooms, QUARTIERE)


def scenario(text_or_name: str, folder: Path | None = None, years: int = 4, **where: Any) -> Scenario:
    """A scenario of the library, or of a file with this text, laid over the town."""
    source = text_or_name
    if "\n" in text_or_name or "=" in text_or_name:
        assert folder is not None
        (folder / "mine.toml").write_text('title.de = "Meins"\n' + text_or_name, encoding="utf-8")
        source = str(folder / "mine.toml")
    return resolve(source, where.get("region", region()), RATES(), toy.START, toy.START + 4 * years)


def world(tried: Scenario | None = None, processes: Sequence[Process] = STEP, **options: Any) -> QuartierModel:
    """The town at the start, with a scenario or as it is."""
    return QuartierModel(
        options.pop("region", region()), tried.rate_book(RATES()) if tried else RATES(), options.pop("start", started()),
        processes=processes, measures=tried.measures if tried else (), **options,
    )


def run(model: QuartierModel, quarters: int) -> QuartierModel:
    """The model some quarters later."""
    model.run(model.now + quarters)
    return model


def lives(model: QuartierModel, without: set[str] = frozenset()) -> dict[int, tuple[Any, ...]]:
    """Everybody present by key, with every column that does not hold numbers of rows; homes and kin by their keys."""
    p, h, d = model.people, model.households, model.dwellings
    here = np.flatnonzero(p.present == 1)
    plain = [name for name in PERSON if name not in ROWS | without]
    columns = [getattr(p, name)[here].tolist() for name in plain]
    dwelling = h.dwelling[p.household[here]]
    columns.append(np.where(dwelling >= 0, d.key[np.maximum(dwelling, 0)], np.uint64(0)).tolist())
    if "place" not in without:
        ids = model.facilities.ids
        columns.append([ids[i] if i >= 0 else int(i) for i in p.place[here].tolist()])
    return dict(zip(p.key[here].tolist(), zip(*columns, strict=True), strict=True))


def changed(a: dict[int, tuple[Any, ...]], b: dict[int, tuple[Any, ...]]) -> set[int]:
    """Keys of those whose lives differ, or who live in one of the worlds only."""
    return {key for key in a.keys() | b.keys() if a.get(key) != b.get(key)}
