"""Care against the statistics: constancy over 20 years, the rise 2017 to 2023, settings in the first year, cost, direction.

`python benchmarks/care.py constant|rise|settings|cost [persons]`; `--check`: all of it, small. Settings read the published
tables from QUARTIER_DATA (default ../shared/data). The town is a sample of Germany (or of a state) without migration, moves
and childcare, which leave need and arrangement alone.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from quartier.calibration.sample import sample_region
from quartier.model import QuartierModel
from quartier.model.care_hazards import AGES, care_prevalence
from quartier.model.columns import CARE_GRADE_BITS, Setting
from quartier.model.process import Process
from quartier.model.processes import STEP
from quartier.model.rates import RateBook, read_rate_book
from quartier.model.start import Start
from quartier.model.synthesis import synthesise

LEFT_OUT = ("out_migrate", "in_migrate", "move", "form_need", "place_children")
STEPS = tuple(process for process in STEP if process.name not in LEFT_OUT)
NEED = tuple(process for process in STEP if process.name in ("die", "bear", "change_need"))
STATES = {"00": "Germany", "01": "Schleswig-Holstein", "11": "Berlin"}
LAND_BY_AGE = "05"
"""North Rhine-Westphalia publishes settings by age."""
GROUPS_OF_LAND = ("0-64", "65-69", "70-74", "75-79", "80-84", "85-89", "90-94", "95+")
SMALLEST = 1000
LARGEST_TOWN = 2_000_000
QUARTERS_2017_TO_2023 = 24


def book(state: str = "00", **parameters: float) -> RateBook:
    rates = read_rate_book(state)
    return replace(rates, parameters={**rates.parameters, **parameters}, _cache={})


def town(
    rates: RateBook, persons: int, earlier: int = 0, seed: int = 1, processes: tuple[Process, ...] = STEPS
) -> QuartierModel:
    """A sample of the state at the end of 2023, or the same people in an earlier quarter."""
    region = sample_region(pyramid_of(rates), persons, max(persons // 20_000, 2))
    region = replace(region, state=rates.state)
    start = synthesise(region, rates, seed)
    if earlier:
        start = shifted(start, earlier)
    return QuartierModel(region, rates, start, seed=seed, processes=processes)


def data_folder() -> Path:
    """The published tables."""
    return Path(os.environ.get("QUARTIER_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


def pyramid_of(rates: RateBook) -> np.ndarray:
    """Persons of the state at the end of 2023 by sex and age; of a state without a profile from the published table."""
    pyramid = rates["population_pyramid"]
    if rates.state in pyramid.labels[0]:
        return pyramid.values[pyramid.labels[0].index(rates.state)]
    table = pd.read_csv(data_folder() / "germany" / "population_by_state_sex_age_2023.csv", dtype={"state_code": str})
    table = table[table["state_code"] == rates.state].sort_values("age")
    here = np.stack([table[table["sex"] == sex]["population"].to_numpy(float) for sex in ("m", "f")])
    nation, oldest = pyramid.values[pyramid.labels[0].index("00")], here.shape[1] - 1
    persons = np.zeros_like(nation)
    persons[:, :oldest] = here[:, :oldest]
    open_group = nation[:, oldest:] / nation[:, oldest:].sum(1, keepdims=True)
    persons[:, oldest:] = here[:, oldest:] * open_group
    return persons


def shifted(start: Start, quarters: int) -> Start:
    """The same people some quarters earlier."""
    dates = {
        "birth",
        "union_since",
        "married_since",
        "last_birth",
        "seek_until",
        "plan_since",
        "wait_since",
        "moved_at",
    }
    dates |= {"free_since", "place_wait_since"}

    def back(table: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {k: np.where(v > quarters, v.astype(int) - quarters, v) if k in dates else v for k, v in table.items()}

    return Start(start.step - quarters, back(start.people), back(start.households), back(start.dwellings), start.fit)


def in_need(model: QuartierModel, groups: int = 5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Persons, persons by grade and what the table expects of the same persons [sex, age group, grade 0..5]."""
    p = model.people
    rows = np.flatnonzero(p.present == 1)
    age, year = np.minimum(model.ages(rows), AGES - 1), model.now // 4
    cell = (p.sex[rows].astype(int) * AGES + age) * 6 + (p.care[rows] & CARE_GRADE_BITS)
    seen = np.bincount(cell, minlength=2 * AGES * 6).reshape(2, AGES, 6)
    expected = seen.sum(-1)[..., None] * care_prevalence(model.rates, year)
    ends = np.arange(0, AGES, groups)
    return tuple(np.add.reduceat(v, ends, axis=1) for v in (seen.sum(-1)[..., None], seen, expected))  # type: ignore[return-value]


def constant(persons: int, years: int = 20) -> None:
    """Prevalence by sex and age group against the table, summed over towns, in per cent and standard errors.

    One town up to two million runs with all processes of care, more towns with deaths, births and need alone.
    """
    looks = sorted({0, 1, 5, 10, 15, 20} & set(range(years + 1)))
    towns = max(1, round(persons / LARGEST_TOWN))
    seen, expected = dict.fromkeys(looks, 0.0), dict.fromkeys(looks, 0.0)
    for seed in range(1, towns + 1):
        processes = STEPS if towns == 1 else NEED
        model = town(book(care_trend=0.0), persons // towns, seed=seed, processes=processes)
        for year in range(years + 1):
            if year in seen:
                _, now, table = in_need(model)
                seen[year], expected[year] = seen[year] + now, expected[year] + table
            model.run(model.now + 4)
    for year in looks:
        report(2023 + year, np.asarray(seen[year]), np.asarray(expected[year]))


def report(year: int, seen: np.ndarray, expected: np.ndarray) -> None:
    """One line: the whole, the cells of sex and age group, and the shares of the grades."""
    persons, ill, table = seen.sum(-1), seen[..., 1:].sum(-1), expected[..., 1:].sum(-1)
    large = ill >= SMALLEST
    off = np.abs(ill / table - 1)
    error = np.sqrt(table * (1 - table / np.maximum(persons, 1)))
    z = np.abs((ill - table) / np.maximum(error, 1))[large]
    sure = error < 0.005 * table
    shares = [v.sum((0, 1))[1:] / v.sum((0, 1))[1:].sum() for v in (seen, expected)]
    print(
        f"{year}: {int(persons.sum())} persons, in need {int(ill.sum())} ({100 * (ill.sum() / table.sum() - 1):+.2f} %); "
        f"{large.sum()} cells of {SMALLEST} in need and more: mean {100 * off[large].mean() if large.any() else 0:.2f} %, largest "
        f"{100 * off[large].max(initial=0):.2f} % = {z.max(initial=0):.1f} standard errors; the {sure.sum()} with a standard error "
        f"below 0.5 %: largest {100 * off[sure].max(initial=0):.2f} %; grade shares off "
        f"{100 * np.abs(shares[0] - shares[1]).max():.2f} points",
        flush=True,
    )


def rise(persons: int) -> None:
    """Started at the end of 2017: grades and settings at the end of 2023."""
    model = town(book(), persons, QUARTERS_2017_TO_2023)
    model.run(model.now + QUARTERS_2017_TO_2023)
    _, seen, expected = in_need(model)
    shares = [v.sum((0, 1))[1:] / v.sum((0, 1))[1:].sum() for v in (seen, expected)]
    print("2023, started 2017: in need over table", round(float(seen[..., 1:].sum() / expected[..., 1:].sum()), 4))
    print("grade shares, model and table (per cent):", *(np.round(100 * s, 1).tolist() for s in shares))
    show_settings(model, "00", "2023, started 2017")


def setting_shares(model: QuartierModel) -> np.ndarray:
    """Persons in need by sex, 5-year age group (0 .. 95+) and without service, with service, in a home: [2, 20, 3]."""
    p = model.people
    rows = np.flatnonzero((p.present == 1) & (p.care & CARE_GRADE_BITS > 0))
    group = np.minimum(model.ages(rows) // 5, 19)
    kind = np.where(
        p.setting[rows] == Setting.RESIDENTIAL_CARE, 2, np.isin(p.setting[rows], (Setting.HOME_CARE, Setting.SHARED_CARE_FLAT))
    ).astype(int)
    return np.bincount((p.sex[rows].astype(int) * 20 + group) * 3 + kind, minlength=120).reshape(2, 20, 3)


def published(state: str) -> np.ndarray:
    """The same from the tables of Germany, or the state's totals [3]."""
    data = data_folder()
    if state == "00":
        table = pd.read_csv(data / "derived" / "care_setting_targets_2023.csv", comment="#")
        columns = ["home_without_service", "home_with_service", "full_residential"]
        return np.stack([table[table["sex"] == s].sort_values("age_from")[columns].to_numpy(float) for s in ("m", "f")])
    grades = pd.read_csv(data / "germany" / "care_pflegegrad_by_state_2023.csv", comment="#", dtype={"state_code": str})
    total = float(grades[(grades["state_code"] == state) & (grades["pflegegrad"] == "total")]["value"].iloc[0])
    homes = pd.read_csv(
        data / "germany" / "care_homes_places_by_state_2023.csv", comment="#", dtype={"state_code": str}
    )
    homes = homes[(homes["state_code"] == state) & (homes["indicator"] == "recipients")]
    residents = float(homes[homes["kind_of_care"].isin(["permanent", "short_term"])]["value"].sum())
    service = pd.read_csv(data / "germany" / "care_service_recipients_age_sex_2023.csv", comment="#", dtype=str)
    service = service[(service["setting"] == "ambulatory_service") & (service["age_from"] == "all")]
    clients = float(service[(service["region"] == STATES[state]) & (service["sex"] == "t")]["value"].iloc[0])
    return np.array([total - residents - clients, clients, residents])


def show_settings(model: QuartierModel, state: str, title: str) -> None:
    """Per cent of those in need by setting, model (statistics)."""
    seen, table = setting_shares(model), published(state)
    whole = seen.sum((0, 1)) / seen.sum() * 100
    wanted = table.reshape(-1, 3).sum(0) / table.sum() * 100
    print(
        f"{title}, {STATES[state]}: without service, with service, home: {np.round(whole, 1)} ({np.round(wanted, 1)})"
    )
    if state == "00":
        both = [(v.sum(0) / v.sum(0).sum(-1, keepdims=True) * 100)[13:] for v in (seen, table)]
        for group, (ours, theirs) in enumerate(zip(*both, strict=True)):
            print(
                f"  {65 + 5 * group}+: {np.round(ours, 1)} ({np.round(theirs, 1)}) off {np.abs(ours - theirs).max():.1f}"
            )


def show_recipients(model: QuartierModel) -> None:
    """With a service, and in a home, per cent of those in need by sex and age group, model (statistics)."""
    seen, table = setting_shares(model), published("00")
    for sex, name in enumerate(("men", "women")):
        for kind, title in ((1, "with service"), (2, "in a home")):
            ours, theirs = (100 * v[sex, 13:, kind] / v[sex, 13:].sum(-1) for v in (seen, table))
            pairs = " ".join(f"{a:.1f} ({b:.1f})" for a, b in zip(ours, theirs, strict=True))
            error = float(np.abs(ours - theirs) @ table[sex, 13:].sum(-1) / table[sex, 13:].sum())
            print(
                f"  {name} {title}, 65-69 .. 95+: {pairs}; mean difference {error:.1f}, largest {np.abs(ours - theirs).max():.1f}"
            )


def land_settings(persons: int, year: int, **shifts: float) -> np.ndarray:
    """Settings of North Rhine-Westphalia by age group at the end of a year, [group, setting], a year after the start.

    Counted as in the published table, which leaves out who has grade 1 and neither a service nor a home.
    """
    rates = book(LAND_BY_AGE)
    rates = book(LAND_BY_AGE, **{name: rates.parameter(name) + by for name, by in shifts.items()})
    model = town(rates, persons, 4 * (2023 - year + 1))
    model.run(model.now + 4)
    p = model.people
    rows = np.flatnonzero((p.present == 1) & (p.care & CARE_GRADE_BITS > 0))
    kind = np.where(p.setting[rows] == Setting.RESIDENTIAL_CARE, 2, p.setting[rows] == Setting.HOME_CARE).astype(int)
    counted = (kind > 0) | (p.care[rows] & CARE_GRADE_BITS > 1)
    group = np.clip(model.ages(rows) // 5 - 12, 0, 7)
    return np.bincount((group * 3 + kind)[counted], minlength=24).reshape(8, 3)


def land_by_age(persons: int) -> None:
    """Settings by age of North Rhine-Westphalia, 2019 and 2021: with the Land's shift of 2023, then with one shift each of the
    wish for a home and for a service solved from the totals of the year."""
    table = pd.read_csv(data_folder() / "germany" / "care_setting_by_age_nrw_2019_2021.csv")
    for year in (2019, 2021):
        here = table[table["year"] == year].pivot(index="age_group", columns="setting", values="persons")
        theirs = here.loc[list(GROUPS_OF_LAND), ["cash_benefit", "ambulatory_service", "residential_full"]].to_numpy(
            float
        )
        seen = land_settings(persons, year)
        show_land(f"North Rhine-Westphalia, end of {year}, shift of 2023", seen, theirs)
        (none, service, home), (none_, service_, home_) = (v.sum(0) / v.sum() for v in (seen, theirs))
        odds = [
            np.log(a / b) - np.log(c / d)
            for a, b, c, d in ((home_, 1 - home_, home, 1 - home), (service_, none_, service, none))
        ]
        shifts = {
            "care_home_state_shift": odds[0],
            "care_service_state_shift": odds[1],
            "nursing_home_level": home_ / home - 1,
        }
        seen = land_settings(persons, year, **shifts)
        show_land(
            f"with shifts {odds[0]:+.2f} (home) and {odds[1]:+.2f} (service) from the totals of the year", seen, theirs
        )


def show_land(title: str, seen: np.ndarray, theirs: np.ndarray) -> None:
    """Per cent without service, with service, in a home by age group, model (statistics)."""
    print(f"{title}: without service, with service, home")
    for name, ours, other in zip((*GROUPS_OF_LAND, "all"), (*seen, seen.sum(0)), (*theirs, theirs.sum(0)), strict=True):
        a, b = 100 * ours / ours.sum(), 100 * other / other.sum()
        print(f"  {name}: {np.round(a, 1)} ({np.round(b, 1)}) off {np.abs(a - b).max():.1f}")


def settings(persons: int) -> None:
    """Settings at the end of the first year, Germany, two states by their totals and one by age."""
    for state in STATES:
        model = town(book(state, care_trend=0.0), persons)
        show_settings(model, state, "start")
        model.run(model.now + 4)
        show_settings(model, state, "first year")
        if state == "00":
            show_recipients(model)
    land_by_age(persons)


def cost(persons: int) -> None:
    """Processor time in nanoseconds per person and step of the processes of care, median of eight quarters."""
    model = town(book(), persons)
    model.run(model.now + 1)
    names = ("change_need", "arrange_care", "give_care")
    times: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(8):
        model.now += 1
        for process in STEPS:
            begin = time.process_time()
            process.step(model)
            if process.name in names:
                times[process.name].append(time.process_time() - begin)
    here = int(model.people.present.sum())
    print({name: round(1e9 * float(np.median(t)) / here, 1) for name, t in times.items()}, "ns per person-step,", here)


COMMANDS = {"constant": constant, "rise": rise, "settings": settings, "cost": cost}


def main() -> None:
    names = [a for a in sys.argv[1:] if a in COMMANDS] or list(COMMANDS)
    numbers = [int(a) for a in sys.argv[1:] if a.isdigit()]
    if "--check" in sys.argv:
        constant(20_000, 1)
        cost(20_000)
        return
    for name in names:
        COMMANDS[name]((numbers or [200_000])[0])


if __name__ == "__main__":
    main()
