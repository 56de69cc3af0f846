"""Take the tables of the synthetic population over: `python calibration/take_over_households.py DATA`.

Run from a checkout whose package is installed. Writes the CSVs that `model/data/rates_households.toml` declares and
`model/data/profiles_households.csv`. Deterministic.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from quartier.calibration.tables import data_argument, read_csv, write_table

OLDEST = 110

concat: Any = pd.concat
"""Untyped, as the methods of frames are used freely here."""
STATES = {"01": "Schleswig-Holstein", "08": "Baden-Wuerttemberg", "11": "Berlin"}
ARRANGEMENTS = {
    "child": "child",
    "alone": "alone",
    "other": "other",
    "lone_parent": "lone_parent",
    "cohabiting_no_children": "cohabiting",
    "married_no_children": "married",
    "cohabiting_parent": "cohabiting_parent",
    "married_parent": "married_parent",
}
OLDEST_CHILD_AT_HOME = 65
ADULT = 18


def shares_of_100_percent(frame: Any, digits: int, rest: str) -> Any:
    """Round the rows of a table of shares; the column ``rest`` takes what is missing to one."""
    rounded = frame.round(digits)
    rounded[rest] = (1 - rounded.drop(columns=rest).sum(axis=1)).round(digits)
    return rounded


def living_arrangements(derived: Path) -> Any:
    """Shares by sex, age 0-110 and arrangement; minors are all children, nobody over 65 is a child of the household."""
    frame = read_csv(derived / "living_arrangement_single_age_2025.csv")
    wide = frame.pivot(index=["sex", "age"], columns="living_arrangement", values="share").rename(columns=ARRANGEMENTS)
    parts = []
    for sex in ("m", "f"):
        one = wide.loc[sex].reindex(range(OLDEST + 1)).ffill()
        one.loc[: ADULT - 1] = 0.0
        one.loc[: ADULT - 1, "child"] = 1.0
        old = one.index > OLDEST_CHILD_AT_HOME
        one.loc[old, "alone"] += one.loc[old, "child"]
        one.loc[old, "child"] = 0.0
        one = shares_of_100_percent(one.div(one.sum(axis=1), axis=0), 4, "alone")
        parts.append(one.assign(sex=sex))
    both = concat(parts).reset_index().melt(["sex", "age"], var_name="arrangement", value_name="share")
    write_table("living_arrangement.csv", both[["sex", "age", "arrangement", "share"]])
    return wide


def pyramids(germany: Path) -> Any:
    """Persons by state, sex, age 0-110; 90+ spread like the official projection's 2025, 100+ by a constant ratio."""
    frame = read_csv(germany / "population_by_state_sex_age_2023.csv", dtype={"state_code": str})
    old = read_csv(germany / "projection16_v2_population_sex_age.csv")
    old = old[(old["reference_date"] == "2025-12-31") & (old["age"] >= 90)]
    whole = frame.groupby(["sex", "age"], as_index=False)["population"].sum().assign(state_code="00")
    both = concat([frame, whole])
    rows = []
    for state in ("00", *STATES):
        for sex in ("m", "f"):
            persons = both[(both["state_code"] == state) & (both["sex"] == sex)].set_index("age")["population"]
            tail = (
                old[old["sex"] == sex]
                .set_index("age")["population_thousand"]
                .reindex(range(90, OLDEST + 1))
                .to_numpy()
                .copy()
            )
            shape = 0.58 ** np.arange(OLDEST - 99)
            tail[10:] = tail[10] * shape / shape.sum()
            one = np.concatenate((persons.loc[:89].to_numpy(float), persons.loc[90] * tail / tail.sum()))
            rows.append(pd.DataFrame({"state": state, "sex": sex, "age": range(OLDEST + 1), "persons": one.round(1)}))
    table = concat(rows)
    write_table("population_pyramid.csv", table)
    return table


def age_curve(ages: np.ndarray, population: np.ndarray, groups: list[tuple[int, int, float]]) -> np.ndarray:
    """A smooth share by single age whose persons per group are those given (log-linear between group middles)."""
    middles = [min((a + b) / 2, a + 2) for a, b, _ in groups]
    shares = [persons / population[a : b + 1].sum() for a, b, persons in groups]
    curve = np.exp(np.interp(ages, middles, np.log(np.maximum(shares, 1e-9))))
    for a, b, persons in groups:
        curve[a : b + 1] *= persons / (curve[a : b + 1] * population[a : b + 1]).sum()
    return curve


def nursing_home_shares(derived: Path, pyramid: Any) -> dict[str, np.ndarray]:
    """Full-residential care by sex and age: persons of the care statistics over the population; adults only."""
    targets = read_csv(derived / "care_setting_targets_2023.csv")
    ages = np.arange(OLDEST + 1)
    out = {}
    for sex in ("m", "f"):
        population = pyramid[(pyramid["state"] == "00") & (pyramid["sex"] == sex)]["persons"].to_numpy()
        rows = targets[targets["sex"] == sex].itertuples()
        groups = [(int(r.age_from), OLDEST if np.isnan(r.age_to) else int(r.age_to), r.full_residential) for r in rows]
        curve = age_curve(ages, population, groups)
        curve[:ADULT] = 0.0
        out[sex] = np.minimum(curve, 0.6)
    return out


def institutions(data: Path, pyramid: Any) -> dict[str, np.ndarray]:
    """Share of the population by kind of institution, sex and age."""
    homes = nursing_home_shares(data / "derived", pyramid)
    counted = read_csv(data / "germany" / "institutional_population_2025.csv").set_index(["type", "sex"])[
        "persons_thousand"
    ]
    profiles = read_csv(data / "derived" / "participation_sgb9_profiles.csv")
    profiles = profiles[profiles["service"] == "special_setting_residents"]
    ages, rows = np.arange(OLDEST + 1), []
    for sex in ("m", "f"):
        population = pyramid[(pyramid["state"] == "00") & (pyramid["sex"] == sex)]["persons"].to_numpy()
        special = profiles[profiles["sex"] == sex].set_index("age")["per_1000"].reindex(ages).ffill().to_numpy()
        shapes = {
            "disability_home": np.where(ages < 85, special, 0.0),
            "refugee_accommodation": np.interp(ages, [0, 18, 20, 35, 60, 70], [1, 1, 2, 1.5, 0.3, 0]),
            "other_communal": np.interp(ages, [15, 18, 25, 60, 90, 100], [0, 1, 1, 0.7, 0.7, 0]),
        }
        rows.append(pd.DataFrame({"kind": "nursing_home", "sex": sex, "age": ages, "share": homes[sex].round(5)}))
        for kind, shape in shapes.items():
            source = {"disability_home": "home_for_disabled"}.get(kind, kind)
            share = shape * counted[source, sex] * 1000 / (shape * population).sum()
            rows.append(pd.DataFrame({"kind": kind, "sex": sex, "age": ages, "share": share.round(6)}))
    write_table("institutions.csv", concat(rows))
    return homes


def state_profiles(germany: Path, pyramid: Any, homes: dict[str, np.ndarray]) -> None:
    """The state's residents of nursing homes against those expected from the national shares."""
    places = read_csv(germany / "care_homes_places_by_state_2023.csv", dtype={"state_code": str})
    full = places[(places["indicator"] == "recipients") & places["kind_of_care"].isin(["permanent", "short_term"])]
    rows = []
    for state in STATES:
        here = pyramid[pyramid["state"] == state]
        expected = sum((here[here["sex"] == s]["persons"].to_numpy() * homes[s]).sum() for s in ("m", "f"))
        level = full[full["state_code"] == state]["value"].sum() / expected
        rows.append(
            (state, "nursing_home_level", round(level, 4), "ratio", "Destatis 22412-0010; dl-de/by-2-0", 2023, "D")
        )
    write_table(
        "profiles_households.csv",
        pd.DataFrame(rows, columns=["state", "parameter", "value", "unit", "source", "year", "status"]),
    )


def children_of_older_women(derived: Path) -> None:
    """Women aged 50-110 by children ever borne (4 = four and more), and the share of their children still alive."""
    frame = read_csv(derived / "kin_children_by_age_of_woman_2025.csv").set_index("age_2025")
    frame = frame.reindex(range(50, OLDEST + 1)).ffill()
    columns = ["p_children_0", "p_children_1", "p_children_2", "p_children_3", "p_children_4plus"]
    shares = frame[columns].set_axis(list("01234"), axis=1)
    shares = shares_of_100_percent(shares.div(shares.sum(axis=1), axis=0), 4, "0").rename_axis("age")
    write_table("children_borne.csv", shares.reset_index().melt("age", var_name="children", value_name="share"))
    write_table("children_alive.csv", frame["child_survival"].rename("share").rename_axis("age").reset_index())


def marriages(germany: Path, pyramid: Any) -> None:
    """Marriages per woman and year by single age: the bands' rates, interpolated, each band's marriages kept."""
    frame = read_csv(germany / "marriages_by_spouse_ages_2025.csv").rename(columns={"spouse2_age": "band"})
    women = pyramid[(pyramid["state"] == "00") & (pyramid["sex"] == "f")]["persons"].to_numpy()
    groups = []
    for band, persons in frame.groupby("band")["marriages"].sum().items():
        a, b = (75, 95) if band == "75+" else tuple(int(x) for x in str(band).split("-"))
        groups.append((max(a, 16), b, float(persons)))
    ages = np.arange(OLDEST + 1)
    curve = np.where((ages >= 16) & (ages <= 95), age_curve(ages, women, sorted(groups)), 0.0)
    write_table("marriages.csv", pd.DataFrame({"age": ages, "rate": curve.round(6)}))


def former_unions(derived: Path) -> None:
    """How the unpartnered of an age came to be so: the shares of 2025 read as one life with the hazards of 2025."""
    frame = read_csv(derived / "union_hazards.csv")
    rows = []
    for sex in ("m", "f"):
        stock = np.array([1.0, 0.0, 0.0])
        one = frame[frame["sex"] == sex].set_index("age")
        for age in range(16, OLDEST + 1):
            h = one.loc[min(age, one.index.max())]
            share = stock / stock.sum()
            rows += [
                (sex, age, name, round(x, 4)) for name, x in zip(("never", "separated", "widowed"), share, strict=True)
            ]
            ended = h.share_cohabiting * h.separation_cohabiting + h.share_married * 0.8 * h.separation_married
            stock = stock * np.exp(-h.union_formation_stationary)
            stock += [0.0, ended, h.share_in_union * h.partner_death]
    write_table("former_union.csv", pd.DataFrame(rows, columns=["sex", "age", "former", "share"]))


def dwellings(germany: Path) -> None:
    """The stock of dwellings by rooms; the states of the profiles and Germany."""
    frame = read_csv(germany / "housing_dwellings_by_rooms_state_2025.csv", dtype={"state_code": str})
    frame = frame[(frame["region"] != "Germany") & (frame["state_code"] != "00")]
    whole = frame.groupby("rooms_from", as_index=False)["value"].sum().assign(state_code="00")
    both = concat([whole, frame[frame["state_code"].isin(list(STATES))]])
    both = both.rename(columns={"state_code": "state", "rooms_from": "rooms", "value": "dwellings"})
    write_table("dwelling_stock.csv", both[["state", "rooms", "dwellings"]].astype({"dwellings": int}))


def rooms_by_type(derived: Path) -> None:
    """Effects of the household type in the ordered probit of rooms."""
    frame = read_csv(derived / "housing_rooms_by_household_type.csv").drop_duplicates("household_type")
    write_table("rooms_effect.csv", frame[["household_type", "type_effect"]].rename(columns={"type_effect": "effect"}))


def housing(derived: Path) -> None:
    """Owners by household size and age, floor area by rooms, and the quantile function of income by household type."""
    owners = read_csv(derived / "housing_tenure_by_size_age.csv").rename(columns={"age_of_reference": "age_group"})
    owners["age_group"] = owners["age_group"].replace("<30", "0-29")
    write_table("owner_rate.csv", owners[["household_size", "age_group", "owner_rate"]])
    write_table("dwelling_area.csv", read_csv(derived / "housing_area_by_rooms.csv")[["rooms", "mean_area_m2"]])
    income = read_csv(derived / "income_quantiles_by_household_type.csv")
    write_table("household_income.csv", income.loc[income["household_type"] != "total", ["household_type", "a", "b", "c"]])


def family_sizes(germany: Path) -> None:
    """Families with a child under 18 by number of children; four and more: 4 / 5 / 6 = 75 / 18 / 7 % (assumed)."""
    frame = read_csv(germany / "families_by_form_children_2025.csv")
    young = frame[(frame["family_form"] == "total") & (frame["age_of_youngest_child"] == "<18")]
    n = young.set_index("number_of_children_in_household")["families_thousand"]
    counts = np.array([n["1"], n["2"], n["3"], 0.75 * n["4+"], 0.18 * n["4+"], 0.07 * n["4+"]], float)
    write_table("family_size.csv", pd.DataFrame({"children": range(1, 7), "share": (counts / counts.sum()).round(4)}))


def household_sizes(germany: Path) -> None:
    """Persons by size of household, and families by number of children at home: for the fit report."""
    frame = read_csv(germany / "household_members_age_sex_size_2025.csv")
    frame = frame[
        (frame["age_group"] != "total") & frame["sex"].isin(["m", "f"]) & (frame["household_size"] != "total")
    ]
    persons = frame.groupby("household_size")["persons_thousand"].sum()
    shares = (persons / persons.sum()).round(4).to_numpy()
    write_table("household_size.csv", pd.DataFrame({"persons": range(1, 6), "share": shares}))
    forms = read_csv(germany / "families_by_form_children_2025.csv")
    forms = forms[(forms["family_form"] == "total") & (forms["age_of_youngest_child"] == "total")]
    families = forms[forms["number_of_children_in_household"] != "total"]["families_thousand"].to_numpy(float)
    write_table(
        "families_by_children.csv",
        pd.DataFrame({"children": range(1, 5), "share": (families / families.sum()).round(4)}),
    )


def main() -> None:
    """Write all tables."""
    data = data_argument()
    living_arrangements(data / "derived")
    pyramid = pyramids(data / "germany")
    homes = institutions(data, pyramid)
    state_profiles(data / "germany", pyramid, homes)
    children_of_older_women(data / "derived")
    marriages(data / "germany", pyramid)
    former_unions(data / "derived")
    dwellings(data / "germany")
    rooms_by_type(data / "derived")
    housing(data / "derived")
    family_sizes(data / "germany")
    household_sizes(data / "germany")


if __name__ == "__main__":
    main()
