"""Towns whose flows are published: their levels of deaths and moves, and what their stocks say of them.

`python benchmarks/town_levels.py` (needs the shared data, QUARTIER_DATA; two minutes): levels of Lübeck 2022 and Konstanz 2019; then
Konstanz from 2019 to 2024, residents by age against the register, with net migration by age from the cohorts of 2014-2019,
and with the constant ratio to the state's pyramid.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from quartier.model import QuartierModel
from quartier.model.processes.local_levels import residents
from quartier.model.processes.out_moves import expected_out_moves
from quartier.model.rates import read_rate_book
from quartier.model.region.read import load_region
from quartier.model.region.region import Region
from quartier.model.synthesis import synthesise

DATA = Path(os.environ.get("QUARTIER_DATA", "../shared/data")) / "regions"
EVENTS = {"births": "birth", "deaths": "death", "in_moves": "in_move", "out_moves": "out_move"}
COLUMNS = ["quartier_id", "date", "sex", "age_from", "age_to", "persons"]
EDGES = [0, 6, 18, 25, 30, 45, 65, 80]


def folder(name: str, ags: str, year: int, **tables: pd.DataFrame) -> Region:
    """The region of some tables; its warnings are printed."""
    with tempfile.TemporaryDirectory() as path:
        place = Path(path)
        text = f'name = "{name}"\nags = "{ags}"\nstate = "{ags[:2]}"\nreference_date = {year}-12-31\n'
        (place / "region.toml").write_text(text, encoding="utf-8")
        for table, frame in tables.items():
            frame.to_csv(place / f"{table}.csv", sep=";", index=False)
        region, faults = load_region(place, "en")
    for fault in faults:
        print(f"  {name}: {fault.severity} {fault.id} {fault.value}: {fault.expected}")
    assert region is not None
    return region


def flows(frame: pd.DataFrame, years: Iterable[int]) -> pd.DataFrame:
    """The town's total of every event and year."""
    kept = frame[frame["year"].isin(list(years)) & frame["event"].isin([*EVENTS, "move"])]
    return pd.DataFrame(
        {"date": kept["year"], "event": kept["event"].replace(EVENTS), "from_id": "", "to_id": "", "persons": kept["persons"]}
    )


def luebeck() -> Region:
    """Ten Stadtteile, three bands of age, all flows of 2018-2022; moves between Stadtteile only."""
    ages = pd.read_csv(DATA / "luebeck" / "tidy" / "population_age.csv", dtype={"area_id": str})
    areas = ages[(ages["area_id"] != "00") & (ages["year"] >= 2017)].rename(columns={"area_id": "quartier_id", "year": "date"})
    pyramid = pd.read_csv(DATA / "luebeck" / "tidy" / "city_age_sex_2022.csv").rename(columns={"year": "date"})
    parts = pd.read_csv(DATA / "luebeck" / "tidy" / "components.csv", dtype={"area_id": str})
    town = flows(parts[parts["area_id"] == "00"], range(2018, 2023))
    return folder(
        "Lübeck", "01003000", 2022,
        quartiere=areas[["quartier_id", "area_name"]].drop_duplicates().rename(columns={"area_name": "name"}),
        population=areas.assign(age_to=areas["age_to"].astype("Int64"))[COLUMNS],
        pyramid=pyramid.assign(age_to=pyramid["age_to"].astype("Int64"))[["date", "sex", "age_from", "age_to", "persons"]],
        flows=town,
    )  # fmt: skip


def konstanz(*years: int) -> Region:
    """One Quartier, single years of age by sex in some years, all flows of the five years before the last."""
    ages = pd.read_csv(DATA / "konstanz" / "tidy" / "city_age_sex.csv", dtype={"area_id": str})
    ages = ages[ages["year"].isin(years)].rename(columns={"area_id": "quartier_id", "year": "date"})
    top = ages["age_from"] >= 95
    ages = ages.assign(age_from=ages["age_from"].clip(upper=95), age_to=ages["age_to"].where(~top).astype("Int64"))
    ages = ages.groupby(["quartier_id", "date", "sex", "age_from", "age_to"], dropna=False, as_index=False)["persons"].sum()
    parts = pd.read_csv(DATA / "konstanz" / "tidy" / "city_components.csv")
    return folder(
        "Konstanz", "08335043", years[-1],
        quartiere=pd.DataFrame({"quartier_id": ["00"], "name": ["Konstanz"]}),
        population=ages[COLUMNS],
        flows=flows(parts, range(years[-1] - 4, years[-1] + 1)),
    )  # fmt: skip


def show(region: Region) -> QuartierModel:
    """The levels of a town, and the arrivals the model expects."""
    book = read_rate_book(region.state)
    model = QuartierModel(region, book, synthesise(region, book, 1))
    left = expected_out_moves(model).sum()
    came = sum(model.side["in_migrate"].persons_per_year(model, origin).sum() for origin in (0, 1))
    told = {e: region.flows.loc[region.flows["event"] == e, "persons"].mean() for e in ("in_move", "out_move")}
    print(
        f"{region.name} {region.reference_date.year}: mortality {model.side['die']['level'].round(3)}, out-moves "
        f"{model.side['out_migrate']['level'].mean():.3f}; a year in {came:.0f} (registered {told['in_move']:.0f}), "
        f"out {left:.0f} (registered {told['out_move']:.0f}) of {len(model.people):,} residents"
    )
    return model


def main() -> None:
    """Levels, then five years of Konstanz."""
    show(luebeck())
    later = konstanz(2024)
    bands = later.population.assign(group=np.searchsorted(EDGES, later.population["age_from"], side="right") - 1)
    register = bands.groupby("group")["persons"].sum().to_numpy()
    print("residents of Konstanz at the end of 2024 from", EDGES, "register", register, register.sum())
    for years in ((2014, 2019), (2019,)):
        model = show(konstanz(*years))
        begun = np.add.reduceat(residents(model).sum(axis=(0, 1)), EDGES)
        model.run(model.now + 20)
        got = np.add.reduceat(residents(model).sum(axis=(0, 1)), EDGES)
        shares = 100 * np.abs(got / got.sum() - register / register.sum()).sum() / 2
        still = 100 * np.abs(begun / begun.sum() - register / register.sum()).sum() / 2
        name = "cohorts" if len(years) == 2 else "constant ratio"
        print(f"{name}: model / register {np.round(got / register, 3)}, all {got.sum() / register.sum():.3f}; wrong age group "
              f"{shares:.2f} % (as in 2019: {still:.2f} %)")  # fmt: skip


if __name__ == "__main__":
    main()
