"""Take the demographic rates over from `derived/` into the model's own tables: `python calibration/take_over_demography.py DATA`.

Run from a checkout whose package is installed. What each table means and how it was derived: `docs/model-description.md`
and `model/data/rates_demography.toml`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from quartier.calibration.tables import data_argument, read_csv, write_table

OLDEST = 110


def to_oldest(frame: Any, first: int = 0, young: float = 0.0) -> Any:
    """Ages 0 to 110 for both sexes: below the first age ``young``, above the last age its values."""
    parts = []
    for sex, group in frame.groupby("sex", sort=False):
        values = group.set_index("age").drop(columns="sex")
        values = values.reindex(range(OLDEST + 1))
        values.loc[: first - 1] = young
        parts.append(values.ffill().reset_index().assign(sex=sex))
    return pd.concat(parts)[["sex", "age", *[c for c in frame.columns if c not in ("sex", "age")]]]


def mortality(derived: Path) -> None:
    """Hazard of 2024 and its yearly decline."""
    frame = read_csv(derived / "mortality_hazard_and_trend.csv").rename(
        columns={"hazard_per_year_2024": "hazard", "decline_per_year": "decline"}
    )[["sex", "age", "hazard", "decline"]]
    write_table("mortality.csv", to_oldest(frame))


def births(derived: Path) -> None:
    """Birth hazards by union state, parity and age; the share of women of each age by parity."""
    frame = read_csv(derived / "birth_hazard_age_parity_union.csv")
    frame["parity"] = frame["parity"].astype(str).str.replace("+", "", regex=False).astype(int)
    states = ["unpartnered", "cohabiting", "married"]
    hazards = frame.melt(["age", "parity"], [f"birth_hazard_{s}" for s in states], "union", "hazard")
    hazards["union"] = hazards["union"].str.removeprefix("birth_hazard_")
    write_table("births.csv", hazards[["union", "parity", "age", "hazard"]])
    shares = frame.rename(columns={"share_of_women_2023": "share"})[["parity", "age", "share"]]
    write_table("parity.csv", shares.sort_values(["parity", "age"]))


def unions(derived: Path) -> None:
    """Formation, marriage and separation hazards; `mid` is the geometric mean of the period and the two-sex set.

    The two-sex set itself is refitted in the full model by `refit_two_sex.py`.
    """
    frame = read_csv(derived / "union_hazards.csv")
    frame["formation_mid"] = np.sqrt(frame["union_formation_two_sex"] * frame["union_formation_period"]).round(6)
    frame = frame.rename(
        columns={
            "union_formation_period": "formation_period",
            "marriage_from_cohabitation_observed": "marriage_observed",
        }
    )
    columns = [
        "formation_mid",
        "formation_period",
        "marriage_observed",
        "separation_cohabiting",
    ]
    write_table("unions.csv", to_oldest(frame[["sex", "age", *columns]], first=int(frame["age"].min())))
    separation = read_csv(derived / "separation_hazard_by_marriage_duration.csv")
    separation = separation.rename(
        columns={"marriage_duration_years": "duration", "separation_hazard_per_year": "hazard"}
    )
    write_table("separation_by_duration.csv", separation[["duration", "hazard"]])


def leaving_home(derived: Path) -> None:
    """Gross leaving of the parental home and return."""
    frame = read_csv(derived / "leaving_home_hazards.csv").rename(
        columns={
            "gross_leaving_hazard": "leaving",
            "return_hazard_of_unpartnered_assumed": "returning",
        }
    )[["sex", "age", "leaving", "returning"]]
    write_table("leaving_home.csv", to_oldest(frame, first=int(frame["age"].min())))


def migration(derived: Path) -> None:
    """Out-moves to Germany and abroad per resident of that age; in-moves from abroad per resident of that sex."""
    internal = read_csv(derived / "migration_internal_rates.csv").rename(
        columns={"rate_across_municipality_border": "germany"}
    )[["sex", "age", "germany"]]
    abroad = read_csv(derived / "migration_international_rates.csv").rename(columns={"emigration_hazard": "abroad"})
    abroad["in_abroad"] = (abroad["immigrants_per_1000_residents_of_sex"] / 1000).round(8)
    within = read_csv(derived / "moves_within_town_rates.csv").rename(columns={"rate_within_town": "within"})
    frame = internal
    for other in (abroad[["sex", "age", "abroad", "in_abroad"]], within[["sex", "age", "within"]]):
        frame = frame.merge(other, on=["sex", "age"], how="left")
    table = to_oldest(frame)
    table.loc[table["age"] > frame["age"].max(), "in_abroad"] = 0
    write_table("migration.csv", table)
    write_table("moves_by_distance.csv", table[["sex", "age"]].assign(level=1))


if __name__ == "__main__":
    folder = data_argument() / "derived"
    for take_over in (mortality, births, unions, leaving_home, migration):
        take_over(folder)
