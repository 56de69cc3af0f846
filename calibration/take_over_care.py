"""Take the care and disability figures over from the shared data: `python calibration/take_over_care.py DATA`.

The prevalence at exact ages is not among the published or derived tables; it is recovered here from the derived
hazards (a cohort without a grade at birth, four steps a year). `quartier.model.care_hazards` starts from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from quartier.calibration.tables import data_argument, read_csv, write_table
from scipy.optimize import brentq

SEXES = ("m", "f")
AGES, GRADES, STEPS = 110, 5, 4
STATES = {"01": "Schleswig-Holstein", "05": "Nordrhein-Westfalen", "08": "Baden-Wuerttemberg", "11": "Berlin"}
GUIDE_HOME_SHIFT = {"01": 0.39, "11": -0.13}


def root(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a function of one number is nil."""
    return float(brentq(function, low, high))  # type: ignore[arg-type]


def cube(frame: Any, columns: list[str]) -> np.ndarray:
    """Values by sex, age and column."""
    return np.stack([frame[frame["sex"] == s].sort_values("age")[columns].to_numpy(float) for s in SEXES])


def ratios() -> np.ndarray:
    """Mortality by grade relative to no grade, [age, 6], as documented in model-care.md 1.3."""
    weight = 1 - 0.2 * np.clip((np.arange(AGES) + 0.5 - 60) / 40, 0, 1)
    return np.exp(np.concatenate((np.zeros((AGES, 1)), weight[:, None] * (1.6 + 0.5 * np.arange(GRADES))), axis=1))


def matrices(derived: Path, table: str) -> tuple[np.ndarray, np.ndarray]:
    """Hazards [sex, age, from, to] and mortality factor without a grade [sex, age] of `2023` or `variant year`."""
    hazards = np.zeros((2, AGES, 6, 6))
    if table == "2023":
        frame = read_csv(derived / "care_hazards_2023.csv")
        at = (frame["sex"].map(SEXES.index), frame["age"], frame["from_grade"], frame["to_grade"])
        hazards[at] = frame["value"]
        mortality = read_csv(derived / "care_mortality_by_grade.csv")
        return hazards, cube(mortality[mortality["grade"] == 0], ["multiplier_on_life_table"])[..., 0]
    frame = read_csv(derived / "care_hazards_by_year_2017_2027.csv")
    frame = frame[(frame["variant"] == table.split()[0]) & (frame["year"] == int(table.split()[1]))]
    for g in range(1, 6):
        hazards[:, :, 0, g] = cube(frame, [f"onset_pg{g}"])[..., 0]
        hazards[:, :, g, 0] = cube(frame, [f"recovery_pg{g}"])[..., 0]
    for g in range(1, 5):
        hazards[:, :, g, g + 1] = cube(frame, [f"up_{g}{g + 1}"])[..., 0]
        hazards[:, :, g + 1, g] = 0.015
    hazards[:, :, 2, 1] = 0.015
    return hazards, cube(frame, ["multiplier_no_grade"])[..., 0]


def year_of_life(state: np.ndarray, hazards: np.ndarray, deaths: np.ndarray) -> np.ndarray:
    """Four steps of the scheme of model-care.md 1.1 for one cohort [6]."""
    total = hazards.sum(1)
    leaving = -np.expm1(-total / STEPS)
    move = hazards * (leaving / np.where(total > 0, total, 1))[:, None] + np.diag(1 - leaving)
    for _ in range(STEPS):
        state = (state * np.exp(-deaths / STEPS)) @ move
    return state


def life_table(data: Path) -> np.ndarray:
    """Death hazards of the life table 2023/2025, [sex, age]; above 100 that of 100 until `exact_states` refines it."""
    frame = read_csv(data / "germany" / "mortality_qx_destatis_2023_2025.csv")
    qx = frame.pivot(index="age", columns="sex", values="qx")
    return -np.log1p(-np.stack([qx[s].to_numpy()[np.minimum(np.arange(AGES), 100)] for s in SEXES]))


def exact_states(derived: Path, life: np.ndarray) -> np.ndarray:
    """Shares by grade 2023 at exact ages x + 1/8, [sex, 0..110, 6]; fills ``life`` above 100 as the tables imply."""
    hazards, factor = matrices(derived, "2023")
    ratio = ratios()
    states = np.zeros((2, AGES + 1, 6))
    states[:, 0, 0] = 1
    for s in range(2):
        for x in range(AGES):
            def surplus(h: float, s: int = s, x: int = x) -> float:
                return -np.log(year_of_life(states[s, x], hazards[s, x], factor[s, x] * ratio[x] * h).sum()) - h
            if x > 100:
                life[s, x] = root(surplus, 0.2, 6)
            after = year_of_life(states[s, x], hazards[s, x], factor[s, x] * ratio[x] * life[s, x])
            states[s, x + 1] = after / after.sum()
    return states


def carried(states: np.ndarray, derived: Path, table: str, life: np.ndarray) -> np.ndarray:
    """States a year later under the hazards of another table."""
    hazards, factor = matrices(derived, table)
    ratio, after = ratios(), np.zeros_like(states)
    after[:, 0, 0] = 1
    for s in range(2):
        for x in range(AGES):
            end = year_of_life(states[s, x], hazards[s, x], factor[s, x] * ratio[x] * life[s, x])
            after[s, x + 1] = end / end.sum()
    return after


def logit(p: np.ndarray) -> np.ndarray:
    """Log odds."""
    return np.log(p) - np.log1p(-p)


def write_long(name: str, column: str, values: np.ndarray, digits: str, **dims: Iterable[object]) -> None:
    """Write an array as a table with one column per dimension."""
    index = pd.MultiIndex.from_product(list(dims.values()), names=list(dims))
    rounded = [float(digits % v) for v in values.ravel()]
    table: Any = pd.Series(rounded, index, name=column).reset_index()
    write_table(name, table)


def grade_weights(table: Any) -> np.ndarray:
    """One weight per grade and year on the shares of 2023, grade 2 = 1, [4 years, 5] (raked to the totals by grade)."""
    by_year = {year: frame[[f"pg{g}" for g in range(1, 6)]].to_numpy() for year, frame in table.groupby("year")}
    shares = {year: persons / persons.sum(1, keepdims=True) / by_year[2023] for year, persons in by_year.items()}
    return np.array([np.median(shares[y] / shares[y][:, [1]], axis=0) for y in sorted(shares)])


def need(data: Path) -> None:
    """Prevalence at the four knots, grade shares 2023, both at exact ages 0..110, and the change of the shares."""
    derived = data / "derived"
    life = life_table(data)
    states = exact_states(derived, life)
    table = read_csv(derived / "care_prevalence_single_age_2017_2023.csv")
    with np.errstate(divide="ignore", invalid="ignore"):
        now = states[..., 1:].sum(-1)
        pace = logit(carried(states, derived, "full 2023", life)[..., 1:].sum(-1)) - logit(now)
        middle, exact = np.arange(AGES) + 0.5, np.arange(AGES + 1) + 0.125
        by_year = {y: cube(f, ["prevalence"])[..., 0] for y, f in table.groupby("year")}
        fall = {y: logit(by_year[2023]) - logit(by_year[y]) for y in by_year}
        smooth = {y: np.stack([np.interp(exact, middle, fall[y][s]) for s in range(2)]) for y in by_year}
        pace = np.where(np.isfinite(pace) & (now < 0.94), pace, smooth[2017] / 6)
        back = {2017: 6 * pace, 2019: smooth[2019], 2021: smooth[2021], 2023: 0 * pace}
        levels = np.stack([1 / (1 + np.exp(-(logit(now) - back[y]))) for y in sorted(back)])
    levels[:, :, 0] = 0
    shares = states[..., 1:] / np.where(now > 0, now, 1)[..., None]
    shares[:, 0] = shares[:, 1]
    years, ages, grades = sorted(back), range(AGES + 1), range(1, GRADES + 1)
    write_long("care_need.csv", "share", levels, "%.8g", year=years, sex=SEXES, age=ages)
    write_long("care_grades.csv", "share", shares, "%.7f", sex=SEXES, age=ages, grade=grades)
    write_long("care_grade_weights.csv", "weight", grade_weights(table), "%.4f", year=years, grade=grades)


def progression(derived: Path) -> None:
    """Upgrade hazards before they are slowed: level at 80 times one age shape for 1>2, 2>3 and one for 3>4, 4>5."""
    level = np.array([0.33, 0.18, 0.12, 0.11])
    tables = ["2023", *(f"observed {y}" for y in range(2017, 2023))]
    tables += [f"{v} {y}" for v in ("damped", "full") for y in range(2023, 2028)]
    all_ = np.stack([matrices(derived, t)[0] for t in tables])
    up = np.stack([all_[:, :, :, g, g + 1] for g in range(1, 5)], axis=-1).max(axis=(0, 1)) / level
    shape = np.stack([up[:, :2].max(1), up[:, 2:].max(1)], axis=1)
    shape[:50], shape[95:] = shape[:50].max(0), shape[95:].max(0)
    values = np.repeat(shape, 2, axis=1) * level
    write_long("care_upgrade.csv", "hazard", values, "%.6g", age=range(AGES), grade=range(1, GRADES))


def dementia(derived: Path) -> None:
    """Incidence without a grade, and the share demented by grade."""
    frame = read_csv(derived / "care_dementia_2023.csv")
    incidence = frame.rename(columns={"incidence_without_grade": "incidence"})
    write_table("dementia.csv", incidence[["sex", "age", "incidence"]])
    shares = cube(frame, [f"share_grade{g}" for g in range(6)])
    write_long("dementia_shares.csv", "share", shares, "%.5f", sex=SEXES, age=range(AGES), grade=range(6))


def settings(derived: Path) -> None:
    """Residents among those in need: by sex and age (targets), and by sex, age, grade and dementia (fitted stock)."""
    stock = read_csv(derived / "care_setting_start_2023.csv")
    stock["age_group"] = stock["age_from"]
    stock = stock.rename(columns={"share_home_resident": "resident"})
    keys = ["sex", "age_group", "grade", "dementia"]
    whole = pd.MultiIndex.from_product([SEXES, sorted(stock["age_group"].unique()), range(1, 6), (0, 1)], names=keys)
    stock = stock.set_index(keys)[["resident"]].reindex(whole)
    with_either = stock.groupby(["sex", "age_group", "grade"])["resident"].transform("max")
    stock["resident"] = stock["resident"].fillna(with_either)
    write_table("care_residents.csv", stock.round(5).reset_index())
    target = read_csv(derived / "care_setting_targets_2023.csv")
    target["share"] = (target["full_residential"] / target["in_need"]).round(5)
    target["age_group"] = target["age_from"]
    write_table("care_residential.csv", target[["sex", "age_group", "share"]])


def ones() -> None:
    """A level of one for the onset of care, there to be modified by scenarios."""
    write_long("care_onset_level.csv", "factor", np.ones((2, AGES)), "%g", sex=SEXES, age=range(AGES))


def employment(derived: Path) -> None:
    """Employment by sex and age, for what relatives can give."""
    frame = read_csv(derived / "work_employment_by_age_sex.csv").set_index(["sex", "age"])["employed"]
    whole = pd.MultiIndex.from_product([SEXES, range(AGES)], names=["sex", "age"])
    write_table("care_carer_employment.csv", frame.reindex(whole, fill_value=0.0).round(3).reset_index())


def disability(derived: Path) -> None:
    """Severe disability: prevalence and loss; recognition is solved for in the model."""
    frame = read_csv(derived / "participation_disability_2023.csv")
    write_table("disability.csv", frame[["sex", "age", "prevalence", "loss"]])


def state_population(data: Path, life: np.ndarray) -> dict[str, np.ndarray]:
    """Persons by sex and age 0..109 per state at the end of 2023; 90+ split by survival in the life table."""
    frame = read_csv(data / "germany" / "population_by_state_sex_age_2023.csv", dtype={"state_code": str})
    out: dict[str, np.ndarray] = {}
    for state, group in frame.groupby("state_code"):
        persons = np.zeros((2, AGES))
        known = cube(group, ["population"])[..., 0]
        persons[:, :90] = known[:, :90]
        weight = np.exp(-np.cumsum(np.concatenate((np.zeros((2, 1)), life[:, 90:-1]), axis=1), axis=1))
        persons[:, 90:] = known[:, 90:] * weight / weight.sum(1, keepdims=True)
        out[str(state)] = persons
    return out


def by_age(target: Any, column: str, of: str) -> np.ndarray:
    """A share by 5-year age group as one by single age, [sex, age]."""
    frame = target.assign(age=target["age_from"], share=target[column] / target[of])
    share = np.repeat(cube(frame, ["share"])[..., 0], 5, axis=1)
    return np.concatenate((share, np.repeat(share[:, -1:], AGES - share.shape[1], axis=1)), axis=1)


def shift(persons: np.ndarray, share: np.ndarray, wanted: float) -> float:
    """The shift of a share's logit with which ``persons`` times the share is the number wanted."""
    odds = logit(np.clip(share, 1e-9, 1 - 1e-9))
    return root(lambda k: float((persons / (1 + np.exp(-(odds + k)))).sum()) - wanted, -3, 3)


def published(germany: Path) -> tuple[Any, Any, dict[str, float]]:
    """Persons in need, residents (permanent and short-term) and service clients by state at the end of 2023."""
    grades = read_csv(germany / "care_pflegegrad_by_state_2023.csv", dtype={"state_code": str})
    homes = read_csv(germany / "care_homes_places_by_state_2023.csv", dtype={"state_code": str})
    homes = homes[(homes["indicator"] == "recipients") & homes["kind_of_care"].isin(["permanent", "short_term"])]
    service = read_csv(germany / "care_service_recipients_age_sex_2023.csv", dtype=str)
    service = service[(service["setting"] == "ambulatory_service") & (service["age_from"] == "all")]
    service = service[service["sex"].isin(["m", "f"])]
    clients = service.assign(value=service["value"].astype(float)).groupby("region")["value"].sum()
    codes = {name: code for code, name in STATES.items()}
    in_need = grades[grades["pflegegrad"] == "total"].set_index("state_code")["value"].astype(float)
    return in_need, homes.groupby("state_code")["value"].sum(), {codes[r]: v for r, v in clients.items() if r in codes}


def places_in_need(germany: Path, in_need: Any) -> Any:
    """Day-care places and places for short-term care per 1,000 in need, by state.

    Places of day care are suppressed for Berlin: there guests over the national guests per place. Short-term care is
    mostly given in places of nursing homes, so its places are its guests over the occupancy of homes.
    """
    homes = read_csv(germany / "care_homes_places_by_state_2023.csv", dtype={"state_code": str})
    table = homes.pivot_table(index="state_code", columns=["kind_of_care", "indicator"], values="value")
    guests, places = table["day_care", "recipients"], table["day_care", "places"]
    per_place = guests["00"] / places["00"]
    occupancy = table["permanent", "recipients"]["00"] / table["permanent", "places"]["00"]
    short = table["short_term", "recipients"] / occupancy
    rows = []
    for state in STATES:
        day = places[state] if np.isfinite(places[state]) else guests[state] / per_place
        for name, number in (("day_care", day), ("short_term", short[state])):
            rows.append((state, f"care_{name}_places", round(1000 * number / in_need[state], 2)))
    frame = pd.DataFrame(rows, columns=["state", "parameter", "value"])
    return frame.assign(source="22412-0010 and 22421-0011", unit="places per 1000 in need")


def profiles(data: Path) -> None:
    """The states' level of need and the shifts of the wishes for a home and for a service, from their totals of 2023.

    The shift of the wish for a home is the guide's for Schleswig-Holstein and Berlin (fitted with the choice model);
    for other states that of the stock of residents, which comes within 0.05 of the guide's where both exist.
    """
    persons = state_population(data, life_table(data))
    table = read_csv(data / "derived" / "care_prevalence_single_age_2017_2023.csv")
    level = cube(table[table["year"] == 2023], ["prevalence"])[..., 0]
    in_need, residents, clients = published(data / "germany")
    target = read_csv(data / "derived" / "care_setting_targets_2023.csv")
    target["home"] = target["in_need"] - target["full_residential"]
    resident, client = by_age(target, "full_residential", "in_need"), by_age(target, "home_with_service", "home")
    rows = []
    for state in STATES:
        kappa = shift(persons[state], level, in_need[state])
        ill = persons[state] / (1 + np.exp(-(logit(level) + kappa)))
        stock = shift(ill, resident, residents[state])
        home = GUIDE_HOME_SHIFT.get(state, stock)
        rows.append((state, "care_level_logit", round(kappa, 4), "22421-0011 and 12411-0013; model-care.md 1.5"))
        rows.append((state, "care_home_state_shift", round(home, 2), "22412-0010; model-care.md 4.4"))
        if state in clients:
            at_home = ill * (1 - 1 / (1 + np.exp(-(logit(np.clip(resident, 1e-9, 1)) + stock))))
            service = shift(at_home, client, clients[state])
            rows.append((state, "care_service_state_shift", round(service, 2), "22411-0012; model-care.md 4.4"))
    frame: Any = pd.DataFrame(rows, columns=["state", "parameter", "value", "source"]).assign(unit="logit")
    frame = pd.concat([frame, places_in_need(data / "germany", in_need)], ignore_index=True)
    frame = frame.assign(year=2023, status="D", source="Destatis " + frame["source"])
    write_table("profiles_care.csv", frame[["state", "parameter", "value", "unit", "source", "year", "status"]])


def main() -> None:
    """Write all tables."""
    data = data_argument()
    need(data)
    progression(data / "derived")
    dementia(data / "derived")
    settings(data / "derived")
    employment(data / "derived")
    disability(data / "derived")
    ones()
    profiles(data)


if __name__ == "__main__":
    main()
