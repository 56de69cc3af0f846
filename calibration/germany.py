"""Germany in small: a sample of the country, driven by what the United Nations' projection assumes.

The World Population Prospects 2024 (medium variant) publish death rates by five-year age and period, life expectancy and total
fertility by year, and net migration by age and sex. They are laid over the model's own rates as replaced tables and
dated modifiers; no process knows of them. Births by parity and union, widowhood, households and moves stay the model's.

- Mortality: level and yearly decline by age from the death rates of 2025-2030 and 2045-2050, log-linear in age and time; one
  factor per sex and year so that the life table has the published life expectancy of that year.
- Fertility: one factor per year on all birth hazards, so that the period's total fertility is the published one. It
  depends on the composition by parity and union, so it is found by runs beforehand (`fit_levels`) and then fixed.
- Migration: where more come than leave at an age, they come; where more leave, they leave (hazards against the
  population of the companion projection). Families leave together, so the number of leavers gets a yearly factor too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from ..model.asking import Audit
from ..model.model import QuartierModel
from ..model.process import Process
from ..model.processes import STEP
from ..model.rates import Modifier, RateBook
from ..model.start import Start
from .projection import LAST_AGE, QUARTERS, Assumptions, life_expectancy, project
from .sample import AGES, SEXES, national_pyramid

read_csv: Any = pd.read_csv
FIRST_YEAR, LAST_YEAR = 2024, 2050
TREND: Final = (2028, 2048)
"""Middle years of the two periods between which the trend of mortality is drawn."""
DEMOGRAPHY: Final = (
    "die",
    "bear",
    "separate",
    "marry",
    "form_union",
    "leave_home",
    "return_home",
    "out_migrate",
    "in_migrate",
    "move",
)
"""The processes that make the population; the others only look at it."""
FERTILE: Final = slice(15, 50)


@dataclass(frozen=True)
class Prospects:
    """What the World Population Prospects 2024 say of Germany, by year.

    Attributes
    ----------
    years : table by year: e0 (m, f), tfr, net (persons), boys (share), population (persons at the end of the year).
    mortality, decline : float64 [sex, age], hazards of `FIRST_YEAR` and yearly fall of their logarithm.
    net : float64 [year since `FIRST_YEAR`, sex, age], persons a year.
    """

    years: Any
    mortality: np.ndarray
    decline: np.ndarray
    net: np.ndarray


def read_prospects(data: Path) -> Prospects:
    """Read the published inputs from the shared data folder (its part ``germany/``)."""
    read = read_csv(data / "germany" / "wpp2024_indicators_1990_2100.csv").set_index("year")
    population = 1000 * (read["pop_male_thousand"] + read["pop_female_thousand"])
    change = 1000 * (read["births_thousand"] - read["deaths_thousand"] + read["net_migration_thousand"])
    years = pd.DataFrame(
        {
            "m": read["e0M"],
            "f": read["e0F"],
            "tfr": read["tfr"],
            "net": 1000 * read["net_migration_thousand"],
            "boys": read["srb"] / (1 + read["srb"]),
            "population": population,
        }
    )
    # totals stand at the end of the year named: they differ by exactly that year's births, deaths and migration
    years.loc[FIRST_YEAR - 1, "population"] = population[FIRST_YEAR] - change[FIRST_YEAR]
    mortality, decline = _mortality(read_csv(data / "germany" / "wpp2024_mx_5x5_2015_2100.csv"))
    net = _net_migration(read_csv(data / "germany" / "wpp2024_net_migration_by_age_sex.csv"), years["net"])
    return Prospects(years.loc[FIRST_YEAR - 1 : LAST_YEAR], mortality, decline, net)


def _mortality(rates: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Hazards by single age in `FIRST_YEAR` and their decline: log-linear between the middles of the published ages."""
    middles = np.array([0.5, 3.0, *np.arange(7.5, 98, 5), 102.0])
    by_age = np.arange(AGES) + 0.5
    logs = [
        [
            np.interp(by_age, middles, np.log(rates.loc[rates["period_mid_year"] == year, f"mx_{sex}"].to_numpy(float)))
            for sex in ("male", "female")
        ]
        for year in TREND
    ]
    early, late = np.array(logs[0]), np.array(logs[1])
    early[:, 0], late[:, 0] = (np.log(_infant(rates, year)) for year in TREND)
    decline = (early - late) / (TREND[1] - TREND[0])
    return np.exp(early - decline * (FIRST_YEAR - TREND[0])), decline


def _infant(rates: pd.DataFrame, year: int) -> np.ndarray:
    first = rates.loc[(rates["period_mid_year"] == year) & (rates["age"].astype(str) == "0")]
    return first[["mx_male", "mx_female"]].to_numpy(float)[0]


def _net_migration(table: pd.DataFrame, totals: Any) -> np.ndarray:
    """Net migration of every year by sex and age: published years interpolated, 2026-2029 as 2030 (2025 is a single event)."""
    table = table.sort_values(["year", "age"])
    published = {
        int(str(year)): 1000 * np.stack([group[f"net_migration_{sex}_thousand"] for sex in ("male", "female")])
        for year, group in table.groupby("year")
    }
    known = sorted(published)
    net = np.zeros((LAST_YEAR - FIRST_YEAR + 1, 2, AGES))
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        after = min(k for k in known if k >= year)
        before = max(k for k in known if k <= year)
        before = after if year < 2030 else before
        share = 0.0 if after == before else (year - before) / (after - before)
        shape = (1 - share) * published[before] + share * published[after]
        inward = np.maximum(shape, 0)
        shape = shape + inward * (float(totals[year]) - shape.sum()) / inward.sum()
        net[year - FIRST_YEAR, :, : shape.shape[1]] = shape
    return net


def level(prospects: Prospects, year: int) -> np.ndarray:
    """Factor on the trend's hazards [men, women] that gives the published life expectancy of a year."""
    wanted, factor = prospects.years.loc[year, list(SEXES)].to_numpy(float), np.ones(2)
    for _ in range(40):
        factor = factor * np.exp((life_expectancy(_assumptions(prospects, year, factor), year) - wanted) * 0.1)
    return factor


def _assumptions(prospects: Prospects, year: int, factor: np.ndarray, **more: Any) -> Assumptions:
    given: dict[str, Any] = {"fertility": np.zeros(AGES), "births_per_confinement": 1.0, **more}
    boys = float(prospects.years.loc[year, "boys"])
    return Assumptions(
        factor[:, None] * prospects.mortality, prospects.decline, FIRST_YEAR, share_of_boys=boys, **given
    )


def companion(prospects: Prospects, pyramid: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """The projection of these inputs from a start population, without chance and without households.

    Parameters
    ----------
    pyramid : persons [sex, age] at the end of the year before `FIRST_YEAR`.
    shape : age pattern of fertility [age]; its sum is replaced by the published total fertility.

    Returns
    -------
    float64 [year from the start's on, sex, age].
    """
    cells = QUARTERS * (LAST_AGE + 1)
    stock = np.zeros((1, 2, cells))
    stock[0, :, : QUARTERS * AGES] = np.repeat(pyramid, QUARTERS, axis=1) / QUARTERS
    path = [pyramid]
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        moves = np.zeros((1, 2, cells))
        moves[0, :, : QUARTERS * AGES] = np.repeat(prospects.net[year - FIRST_YEAR], QUARTERS, axis=1) / QUARTERS**2
        fertility = shape * float(prospects.years.loc[year, "tfr"]) / shape.sum()
        given = _assumptions(prospects, year, level(prospects, year), fertility=fertility, in_migration=moves)
        stock = project(stock, QUARTERS * year - 1, QUARTERS, given)[-1]
        by_age = stock[0].reshape(2, LAST_AGE + 1, QUARTERS).sum(axis=2)
        path.append(np.concatenate((by_age[:, : AGES - 1], by_age[:, AGES - 1 :].sum(axis=1, keepdims=True)), axis=1))
    return np.stack(path)


@dataclass(frozen=True)
class Levels:
    """What runs beforehand found: factors on births and on leavers, by year since `FIRST_YEAR`."""

    births: np.ndarray
    leavers: np.ndarray

    @classmethod
    def ones(cls) -> Levels:
        """Before the first round."""
        n = LAST_YEAR - FIRST_YEAR + 1
        return cls(np.ones(n), np.ones(n))


def driven(rates: RateBook, prospects: Prospects, path: np.ndarray, levels: Levels) -> RateBook:
    """The rate book with the published inputs laid over it.

    Parameters
    ----------
    path : population of the companion projection [year, sex, age].
    levels : factors found beforehand.
    """
    tables = {name: rates[name] for name in ("mortality", "mortality_decline", "birth_hazard")}
    for name in ("in_migration_germany", "in_migration_abroad", "out_migration_germany", "out_migration_abroad"):
        tables[name] = replace(rates[name], values=np.zeros_like(rates[name].values))
    for name, values in (("mortality", prospects.mortality), ("mortality_decline", prospects.decline)):
        last = values[:, : rates[name].values.shape[1]]
        tables[name] = replace(rates[name], values=last)
    parameters = {"mortality_base_year": FIRST_YEAR, "share_of_boys": float(prospects.years["boys"].mean())}
    book = replace(rates, rates={**rates.rates, **tables}, parameters={**rates.parameters, **parameters}, _cache={})
    residents = path[0].sum(axis=1)
    modifiers: list[Modifier] = []
    for k, year in enumerate(range(FIRST_YEAR, LAST_YEAR + 1)):
        when = {"layer": "base", "start": QUARTERS * year, "end": QUARTERS * (year + 1)}
        modifiers.append(Modifier("birth_hazard", "factor", float(levels.births[k]), **when))
        for s, factor in enumerate(level(prospects, year)):
            modifiers.append(Modifier("mortality", "factor", float(factor), sex=SEXES[s], **when))
        living = np.maximum((path[k] + path[k + 1]) / 2, 1.0)
        arriving = np.maximum(prospects.net[k], 0) / residents[:, None]
        leaving = np.minimum(np.maximum(-prospects.net[k], 0) / living, 0.5) * levels.leavers[k]
        for name, values in (("in_migration_abroad", arriving), ("out_migration_abroad", leaving)):
            for s, a in np.argwhere(values[:, : book[name].values.shape[1]] > 1e-7).tolist():
                given = {"sex": SEXES[s], "age_from": a, "age_to": a, **when}
                modifiers.append(Modifier(name, "value", float(values[s, a]), **given))
    return book.with_modifiers(modifiers)


class Watch:
    """An observer that adds up, by year, what the published figures are compared with.

    ``births``, ``women``: [year, age]; ``deaths``, ``living``: person-years at risk [year, sex, age]; ``population``:
    [year, sex, age] at the ends of the years, the start first; ``leavers``, ``arrivals``: persons [year].
    """

    def __init__(self, model: QuartierModel) -> None:
        n = LAST_YEAR - FIRST_YEAR + 1
        self.births, self.women = np.zeros((n, AGES)), np.zeros((n, AGES))
        self.deaths, self.living = np.zeros((n, 2, AGES)), np.zeros((n, 2, AGES))
        self.leavers, self.arrivals = np.zeros(n), np.zeros(n)
        self.population = [self._stock(model)]
        model.observers.append(self.observe)

    def _stock(self, model: QuartierModel, rows: np.ndarray | None = None) -> np.ndarray:
        rows = np.flatnonzero(model.people.present == 1) if rows is None else rows
        cell = model.people.sex[rows].astype(np.int64) * AGES + np.minimum(model.ages(rows), AGES - 1)
        return np.bincount(cell, minlength=2 * AGES).reshape(2, AGES).astype(float)

    def observe(self, model: QuartierModel) -> None:
        """Count one step; deaths by age are told from the model's audit."""
        k = model.now // QUARTERS - FIRST_YEAR
        if k >= len(self.women):
            return
        p, stock = model.people, self._stock(model)
        mothers = np.flatnonzero((p.last_birth == model.now) & (p.present == 1))
        born = float(model.events["births"].sum())
        confined = np.bincount(model.ages(mothers), minlength=AGES)[:AGES]
        self.births[k] += confined * born / max(confined.sum(), 1)
        self.women[k] += stock[1] / QUARTERS
        self.leavers[k] += model.events["out_migration_abroad"].sum()
        self.arrivals[k] += model.events["in_migration_abroad"].sum()
        if model.audit is not None and "die" in model.audit.observed:
            self.deaths[k] += model.audit.observed["die"][:, :AGES]
            model.audit = Audit()
        self.living[k] += stock / QUARTERS
        if model.now % QUARTERS == QUARTERS - 1:
            self.population.append(stock)

    def add(self, other: Watch) -> None:
        """Add the counts of another replicate."""
        for name in ("births", "women", "deaths", "living", "leavers", "arrivals"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.population = [a + b for a, b in zip(self.population, other.population, strict=True)]

    def total_fertility(self) -> np.ndarray:
        """Births per woman by year [year]."""
        rate = np.divide(self.births, self.women, out=np.zeros_like(self.births), where=self.women > 0)
        return rate[:, FERTILE].sum(axis=1)


def sample_run(
    region: Any,
    rates: RateBook,
    start: Start,
    replicate: int,
    processes: Sequence[str] = DEMOGRAPHY,
    deaths: bool = True,
) -> Watch:
    """Run the sample to the end of `LAST_YEAR` and watch it; ``deaths`` by age cost time."""
    chosen: tuple[Process, ...] = tuple(p for p in STEP if p.name in processes)
    model = QuartierModel(region, rates, start, replicate=replicate, processes=chosen)
    watch = Watch(model)
    model.audit = Audit() if deaths else None
    model.run(QUARTERS * (LAST_YEAR + 1) - 1)
    return watch


def fit_levels(
    region: Any, rates: RateBook, start: Start, prospects: Prospects, path: np.ndarray, rounds: int = 2
) -> Levels:
    """Find the factors on births and leavers by runs whose luck (replicates 100, 101, …) is not that of the result.

    A cubic in time through the logarithm of the ratio keeps the chance of single years out.
    """
    levels, time = Levels.ones(), np.linspace(-1, 1, LAST_YEAR - FIRST_YEAR + 1)
    wanted = prospects.years.loc[FIRST_YEAR:, "tfr"].to_numpy(float)
    scale = len(start.people["key"]) / path[0].sum()
    leaving = np.maximum(-prospects.net, 0).sum(axis=(1, 2)) * scale
    for round_ in range(rounds):
        watch = sample_run(region, driven(rates, prospects, path, levels), start, 100 + round_, deaths=False)
        ratio = np.log(wanted / np.maximum(watch.total_fertility(), 1e-9))
        births = levels.births * np.exp(np.polynomial.polynomial.Polynomial.fit(time, ratio, 3)(time))
        levels = Levels(births, levels.leavers * leaving / np.maximum(watch.leavers, 1.0))
    return levels


def fertility_shape(watch: Watch) -> np.ndarray:
    """The model's own age pattern of fertility [age], all years together."""
    rate = np.divide(
        watch.births.sum(axis=0), watch.women.sum(axis=0), out=np.zeros(AGES), where=watch.women.sum(axis=0) > 0
    )
    rate[: FERTILE.start], rate[FERTILE.stop :] = 0, 0
    return rate


def observed_life_expectancy(watch: Watch, years: slice) -> np.ndarray:
    """Life expectancy at birth [men, women] from deaths and years lived in some years of a run."""
    deaths, living = watch.deaths[years].sum(axis=0), watch.living[years].sum(axis=0)
    oldest = 100  # open age group, where single ages have few people
    deaths, living = (
        np.concatenate((x[:, :oldest], x[:, oldest:].sum(1, keepdims=True)), axis=1) for x in (deaths, living)
    )
    rate = np.where(living > 0, deaths / np.maximum(living, 1e-9), 1.0)
    alive = np.cumprod(np.concatenate((np.ones((2, 1)), np.exp(-rate[:, :-1])), axis=1), axis=1)
    lived = np.where(rate > 0, alive * -np.expm1(-rate) / np.maximum(rate, 1e-12), alive)
    return lived[:, :-1].sum(axis=1) + alive[:, -1] / rate[:, -1]


def official_pyramid(rates: RateBook) -> np.ndarray:
    """Persons [sex, age] at the end of 2023 on the base of the census of 2022."""
    return national_pyramid(rates)[:, :AGES]
