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
    pyramid = rates["population_pyramid"]
    region = sample_region(pyramid.values[pyramid.labels[0].index(rates.state)], persons, max(persons // 20_000, 2))
    region = replace(region, state=rates.state)
    start = synthesise(region, rates, seed)
    if earlier:
        start = shifted(start, earlier)
    return QuartierModel(region, rates, start, seed=seed, processes=processes)


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
    kind = np.where(p.setting[rows] == Setting.RESIDENTIAL_CARE, 2, p.setting[rows] == Setting.HOME_CARE).astype(int)
    return np.bincount((p.sex[rows].astype(int) * 20 + group) * 3 + kind, minlength=120).reshape(2, 20, 3)


def published(state: str) -> np.ndarray:
    """The same from the tables of Germany, or the state's totals [3]."""
    data = Path(os.environ.get("QUARTIER_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
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


def settings(persons: int) -> None:
    """Settings at the end of the first year, Germany and two states."""
    for state in STATES:
        model = town(book(state, care_trend=0.0), persons)
        show_settings(model, state, "start")
        model.run(model.now + 4)
        show_settings(model, state, "first year")


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
