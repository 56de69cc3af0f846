"""Registers of toy towns, by band and sex, in the region's form."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd
import toy
from quartier.model.rates import read_rate_book
from quartier.model.region.region import Region
from quartier.model.synthesis.figures import read_figures

Row = tuple[int, str, int, int, int]


def register(rows: Sequence[Row]) -> pd.DataFrame:
    """Rows (Quartier's number, sex, first age, last age or -1, persons) as a population table."""
    return pd.DataFrame(
        {
            "quartier_id": [f"{q + 1:02d}" for q, *_ in rows],
            "date": date(2023, 12, 31),
            "sex": [r[1] for r in rows],
            "age_from": [r[2] for r in rows],
            "age_to": [r[3] for r in rows],
            "persons": [r[4] for r in rows],
        }
    )


def region(quartiere: int, rows: Sequence[Row], **tables: pd.DataFrame) -> Region:
    """A toy town with this register."""
    made = toy.region(quartiere, population=register(rows), **{k: v for k, v in tables.items() if k != "households"})
    return dataclasses.replace(made, households=tables["households"]) if "households" in tables else made


def national(persons: int, quartiere: int) -> Region:
    """A town of equal Quartiere with Germany's pyramid, in five-year bands by sex."""
    pyramid = read_figures(read_rate_book("00"), "00", 2023).pyramid
    scaled = pyramid / pyramid.sum() * persons / quartiere
    rows = [
        (q, "mf"[s], a, -1 if a == 95 else a + 4, round(float(scaled[s, a : a + 5 if a < 95 else None].sum())))
        for q in range(quartiere)
        for s in range(2)
        for a in range(0, 100, 5)
    ]
    return dataclasses.replace(region(quartiere, rows), state="00", ags="00999999")


def ages(start) -> np.ndarray:
    """Completed years of everyone of a start."""
    return (start.step - start.people["birth"].astype(np.int64)) // 4
