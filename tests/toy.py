"""Towns made by hand: a few people whose fate can be worked out on paper, or many of one kind for statistics."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from quartier.model.luck import Domain, derive_keys
from quartier.model.measures import Measure
from quartier.model.model import QuartierModel
from quartier.model.process import Process
from quartier.model.rates import RateBook, read_rate_book
from quartier.model.region.region import Region
from quartier.model.start import Start

START = 4 * 2023 + 3
"""31 December 2023."""


def region(quartiere: int = 1, km_apart: float = 2.0, state: str = "01", **tables: pd.DataFrame) -> Region:
    """A town of ``quartiere`` Quartiere in a row, each ``km_apart`` from the next; tables not named are empty."""
    ids = [f"{i + 1:02d}" for i in range(quartiere)]
    made = Region.empty("toy", "Toy Town", f"{state}999999", date(2023, 12, 31), ids, [f"Quartier {i}" for i in ids])
    lon = 9.4 + np.arange(quartiere) * km_apart / (111.32 * np.cos(np.radians(54.8)))
    places = made.quartiere.assign(lon=lon, lat=54.8, area_km2=2.0)
    return dataclasses.replace(made, quartiere=places, **tables)


def start(people: Sequence[dict[str, Any]], vacant_rooms: Sequence[int] = (), quartiere: int = 1) -> Start:
    """A start population from one dict per person.

    Keys of the dict: ``age``, ``sex`` (0 man, 1 woman), ``household`` (a number, 0, 1, …), ``quartier`` (index), and any
    column of `quartier.model.columns.PERSON`; ``partner``, ``mother``, ``father`` are positions in the list. Every
    household gets a dwelling of size + 1 rooms; ``vacant_rooms`` adds vacant dwellings, spread over the Quartiere in turn.
    """
    n = len(people)
    frame = pd.DataFrame(list(people))
    birth = (
        START
        - 4 * frame["age"].to_numpy()
        - frame.get("quarter", pd.Series(np.full(n, 1))).fillna(1).to_numpy().astype(int)
    )
    household = frame["household"].to_numpy(int) if "household" in frame else np.arange(n)
    where = frame["quartier"].fillna(0).to_numpy(int) if "quartier" in frame else np.zeros(n, int)
    columns: dict[str, np.ndarray] = {
        "key": derive_keys(Domain.START_PERSON, np.arange(n)),
        "id": np.arange(n),
        "birth": birth,
        "sex": frame["sex"].to_numpy(int),
        "household": household,
        "quartier": where,
    }
    skip = {"age", "sex", "household", "quartier", "quarter"}
    for name in [c for c in frame.columns if c not in skip]:
        columns[name] = frame[name].fillna(-1 if name in ("partner", "mother", "father") else 0).to_numpy(int)
    size = np.bincount(household)
    kinds = np.zeros(size.size, int)
    if "role" in columns:
        kinds[household[columns["role"] == 2]] = 1
    quartier_of = np.zeros(size.size, int)
    quartier_of[household] = where
    private = np.flatnonzero(kinds == 0)
    dwelling = np.full(size.size, -1)
    dwelling[private] = np.arange(private.size)
    rooms = np.concatenate((np.minimum(size[private] + 1, 7), np.asarray(vacant_rooms, int)))
    occupant = np.concatenate((private, np.full(len(vacant_rooms), -1)))
    places = np.concatenate((quartier_of[private], np.arange(len(vacant_rooms)) % quartiere))
    return Start(
        START,
        columns,
        {"dwelling": dwelling, "quartier": quartier_of, "size": size, "kind": kinds},
        {
            "key": derive_keys(Domain.DWELLING, np.arange(rooms.size)),
            "quartier": places,
            "rooms": rooms,
            "household": occupant,
        },
    )


def town(
    people: Sequence[dict[str, Any]],
    processes: Sequence[Process] = (),
    *,
    quartiere: int = 1,
    vacant_rooms: Sequence[int] = (),
    seed: int = 1,
    replicate: int = 0,
    rates: RateBook | None = None,
    measures: Sequence[Measure] = (),
    check: bool = True,
    **region_options: Any,
) -> QuartierModel:
    """A model of a town made by hand, with only the processes named, its invariants checked after every step."""
    return QuartierModel(
        region(quartiere, **region_options),
        rates or read_rate_book("01"),
        start(people, vacant_rooms, quartiere),
        seed=seed,
        replicate=replicate,
        measures=measures,
        processes=processes,
        check_each_step=check,
    )


def singles(ages: Sequence[int] | np.ndarray, sexes: Sequence[int] | np.ndarray, **same: Any) -> list[dict[str, Any]]:
    """People who live alone, one household each."""
    return [{"age": int(a), "sex": int(s), **same} for a, s in zip(ages, sexes, strict=True)]
