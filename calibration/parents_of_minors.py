"""How many people of an age live with a child under 18, on the national composition: `python calibration/parents_of_minors.py`.

Families with minor children move away less often than others; for the rate of an age to stay what the table says, those
without must move more often. No published table has this share by single age, so it is counted in the synthetic
population of a national town of 800,000 (which meets the living-arrangement tables) and smoothed over three ages.
"""

from __future__ import annotations

import dataclasses
from datetime import date

import numpy as np
import pandas as pd
from quartier.calibration.tables import write_table
from quartier.model import QuartierModel
from quartier.model.columns import Role
from quartier.model.processes.out_moves import moving_units
from quartier.model.rates import read_rate_book
from quartier.model.region.region import Region
from quartier.model.synthesis import synthesise

PERSONS, QUARTIERE, OLDEST = 800_000, 80, 110


def nation() -> Region:
    """Germany's pyramid of 2023 as a town of equal Quartiere."""
    pyramid = read_rate_book("00")["population_pyramid"].values[0]
    scaled = np.rint(pyramid / pyramid.sum() * PERSONS / QUARTIERE).astype(int)
    ids = [f"{q:02d}" for q in range(QUARTIERE)]
    rows = [
        (q, date(2023, 12, 31), "mf"[s], a, a if a < scaled.shape[1] - 1 else -1, int(scaled[s, a]))
        for q in ids
        for s in range(2)
        for a in range(scaled.shape[1])
    ]
    population = pd.DataFrame(rows, columns=["quartier_id", "date", "sex", "age_from", "age_to", "persons"])
    made = Region.empty("nation", "Nation", "00999999", date(2023, 12, 31), ids, ids)
    places = made.quartiere.assign(lon=10.0, lat=51.0, area_km2=1.0)
    return dataclasses.replace(made, quartiere=places, population=population, estimated=frozenset({"dwellings"}))


def shares(model: QuartierModel) -> np.ndarray:
    """Share with a child under 18 among those who do not live with a parent themselves, float64 [sex, age]."""
    p = model.people
    rows = np.flatnonzero((p.present == 1) & (p.role != Role.CHILD) & (p.role != Role.RESIDENT))
    unit, age = moving_units(model, rows), np.minimum(model.ages(rows), OLDEST)
    everyone, parents = np.zeros((2, OLDEST + 1)), np.zeros((2, OLDEST + 1))
    np.add.at(everyone, (p.sex[rows], age), 1)
    np.add.at(parents, (p.sex[rows], age), (unit == 2) | (unit == 4))
    kernel = np.ones(3)
    smooth = [np.convolve(x, kernel, "same") for x in (*parents, *everyone)]
    return np.stack(smooth[:2]) / np.maximum(np.stack(smooth[2:]), 1)


if __name__ == "__main__":
    region, rates = nation(), read_rate_book("00")
    found = shares(QuartierModel(region, rates, synthesise(region, rates, 1), processes=()))
    rows = [("mf"[s], a, round(float(found[s, a]), 4)) for s in range(2) for a in range(OLDEST + 1)]
    write_table("parents_of_minors.csv", pd.DataFrame(rows, columns=["sex", "age", "share"]))
