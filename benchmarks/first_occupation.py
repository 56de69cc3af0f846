"""Who moves into new dwellings, and how many children live there in the ten years after, against the columns of Munich.

`python benchmarks/first_occupation.py` (about half a minute): national towns in which a third of what is built are houses (owned, of
5 to 7 rooms), a third let and a third bound flats (of 2 to 5), about as many as households are added; columns of years 1, 3, 5, 7
and 10, model and table. `--solve` works out `model/data/first_occupation.csv` anew from those of year 1; `--check`: a small town.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
from quartier.model.dwelling_features import tenure_of
from quartier.model.measures import DwellingsMeasure
from quartier.model.model import QuartierModel
from quartier.model.processes.attraction import household_groups
from quartier.model.processes.first_occupation import households_of
from quartier.model.rates import RateBook, read_rate_book
from quartier.model.region.region import Region
from quartier.model.synthesis import synthesise
from scipy.optimize import minimize

TENURES = ("let", "owned", "bound")
TYPES = ("alone", "two", "three", "small_family", "large_family")
YEARS = (1, 3, 5, 7, 10)
PERSONS = {"let": 2.10, "owned": 3.48, "bound": 2.89}
"""Persons per dwelling in the first year; free-market flats, houses, subsidised flats (model-demography.md 12)."""
CHILDREN = {
    "let": ((.128, .120, .106, .085, .069), (.113, .136, .127, .105, .076), (.081, .104, .126, .132, .103)),
    "owned": ((.288, .212, .144, .106, .072), (.360, .409, .325, .225, .141), (.277, .337, .418, .421, .289)),
    "bound": ((.270, .175, .139, .126, .112), (.284, .326, .260, .190, .157), (.238, .281, .309, .313, .216)),
}  # fmt: skip
"""Children per dwelling of 0-2, 3-6.5 and 6.5-9.5 years in the years 1, 3, 5, 7, 10 (planning.md 6.2, Munich 2021)."""
BANDS = (0, 12, 26, 38)
"""Their ages in quarters."""
ROOMS = {2: 2 / 15, 3: 0.2, 4: 0.2, 5: 4 / 15, 6: 2 / 15, 7: 1 / 15}
"""Dwellings built by rooms: flats as in the library's new-build area, houses of 5 to 7 rooms."""
OWNED = np.array([0, 0, 0, 0, 0, 0.5, 1, 1])
"""Houses among those of so many rooms. Bound is half of the flats; as the model draws tenure, that is all of those with 5 rooms."""
BUILT_FOR = 12
"""Quarters in which dwellings are completed."""
PER_QUARTER = 0.0009
"""Dwellings completed in a quarter per person, about as many as households are added."""


EQUAL = 0.015
"""How much the spread of the logarithms of weights counts against squared relative differences from the columns."""


def national(persons: int) -> Region:
    """The nation as one town of five Quartiere, from the toy region of the tests."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
    import towns  # pyright: ignore[reportMissingImports]

    return towns.national(persons, 5)


def built(persons: int, first: int) -> list[DwellingsMeasure]:
    """What is completed: in every quarter, Quartier and size as many."""
    each = persons * PER_QUARTER / 5
    return [
        DwellingsMeasure(q, rooms, max(round(each * share), 1), first + t)
        for t in range(BUILT_FOR) for q in range(5) for rooms, share in ROOMS.items()
    ]  # fmt: skip


def households_in(model: QuartierModel, rows: np.ndarray) -> np.ndarray:
    """Per occupied dwelling: tenure, type of household, persons, and children of the three bands, i64 [n, 6]."""
    p, d = model.people, model.dwellings
    rows = rows[d.household[rows] >= 0]
    homes = d.household[rows]
    position = np.full(len(model.households), -1)
    position[homes] = np.arange(homes.size)
    here = np.flatnonzero((p.present == 1) & (p.household >= 0))
    here = here[position[p.household[here]] >= 0]
    age, where = model.now - p.birth[here].astype(np.int64), position[p.household[here]]
    children = [
        np.bincount(where, (age >= low) & (age < high), minlength=homes.size)
        for low, high in pairwise(BANDS)
    ]
    persons = np.bincount(where, minlength=homes.size)
    group = household_groups(model, homes)
    return np.stack((tenure_of(d.features[rows]), households_of(group, persons + 1), persons, *children), axis=1).astype(np.int64)


def observed(region: Region, rates: RateBook, persons: int, seed: int, years: tuple[int, ...]) -> dict[int, list[np.ndarray]]:
    """Households in dwellings in the middle of each year after their completion, by year."""
    start = synthesise(region, rates, seed)
    tried = rates.with_parameters({"estimated_building_follows_growth": 0, "bound_share": 1 / 2, "dwelling_loss": 0})
    model = QuartierModel(region, tried, start, seed=seed, measures=built(persons, start.step + 1))
    model.side["move"]["owned"][:] = OWNED
    found, n, rows = {year: [] for year in years}, len(model.dwellings), {}
    for _ in range(BUILT_FOR + 4 * max(years)):
        model.step()
        rows[model.now], n = np.arange(n, len(model.dwellings)), len(model.dwellings)
        for year in years:
            if model.now - 4 * year + 2 in rows:
                found[year].append(households_in(model, rows[model.now - 4 * year + 2]))
    return found


def pooled(rates: RateBook, persons: int, seeds: int, years: tuple[int, ...]) -> dict[int, np.ndarray]:
    """The same over several towns."""
    region = national(persons)
    runs = [observed(region, rates, persons, seed, years) for seed in range(1, seeds + 1)]
    return {year: np.concatenate([part for run in runs for part in run[year]]) for year in years}


def tilted(homes: np.ndarray, tenure: str, weight: np.ndarray) -> np.ndarray:
    """Factor on each type's part among first occupants, float64 [5], that brings their means nearest to the first year's.

    Weights that differ little are preferred, since four figures do not tell five weights.
    """
    wanted = np.array([PERSONS[tenure], *(band[0] for band in CHILDREN[tenure])])
    share = np.bincount(homes[:, 1], minlength=5)[:5] / len(homes)
    mean = np.stack([homes[homes[:, 1] == k][:, 2:].mean(axis=0) if share[k] else np.zeros(4) for k in range(5)])

    def distance(log: np.ndarray) -> float:
        part = share * np.exp(log)
        part /= part.sum()
        return float((((part @ mean - wanted) / wanted) ** 2).sum() + EQUAL * np.var(np.log(weight) + log))

    factor = np.exp(minimize(distance, np.zeros(5), method="Nelder-Mead", options={"maxiter": 4000}).x)
    return factor / (share @ factor)


def solve(rates: RateBook, persons: int, seeds: int, rounds: int) -> np.ndarray:
    """Weights [tenure, type], from 0.02 to 50."""
    weight = np.ones((3, 5))
    for _ in range(rounds):
        rates["first_occupation"].values[:] = weight
        homes = pooled(rates, persons, seeds, (1,))[1]
        for t, tenure in enumerate(TENURES):
            weight[t] = np.clip(weight[t] * tilted(homes[homes[:, 0] == t], tenure, weight[t]) ** 0.7, 0.02, 50.0)
            weight[t, -1] = weight[t, -2:].max()  # a large family's is not below a small one's, which the columns would allow
        print(np.round(weight, 3))
    return weight


def report(found: dict[int, np.ndarray]) -> float:
    """Print model against table; returns the largest difference of persons per dwelling in the first year."""
    worst = 0.0
    for t, tenure in enumerate(TENURES):
        homes = {year: h[h[:, 0] == t] for year, h in found.items()}
        first = homes[min(homes)]
        worst = max(worst, abs(first[:, 2].mean() - PERSONS[tenure]))
        types = np.bincount(first[:, 1], minlength=5)[:5] / len(first)
        print(f"{tenure:6s} {len(first)} dwellings; types in year 1:", {k: f"{v:.2f}" for k, v in zip(TYPES, types, strict=True)})
        print("  persons   ", "  ".join(f"{h[:, 2].mean():.2f}" for h in homes.values()), f" (year 1: {PERSONS[tenure]})")
        for b, band in enumerate(("0-2", "3-6.5", "6.5-9.5")):
            table = [f"{h[:, 3 + b].mean():.3f} / {CHILDREN[tenure][b][YEARS.index(y)]:.3f}" for y, h in homes.items()]
            print(f"  {band:9s}", "  ".join(table))
    return worst


def main() -> None:
    rates = read_rate_book("00")
    if "--check" in sys.argv:
        print(f"largest difference of persons per dwelling {report(pooled(rates, 20_000, 1, (1,))):.2f}")
        return
    if "--solve" in sys.argv:
        weight = solve(rates, 200_000, 2, 9)
        lines = [f"{t},{k},{weight[i, j]:.2g}" for i, t in enumerate(TENURES) for j, k in enumerate(TYPES)]
        table = Path(__file__).parents[1] / "model/data/first_occupation.csv"
        table.write_text("\n".join(["tenure,household,weight", *lines]) + "\n", encoding="utf-8")
        return
    print("years after completion", YEARS, "- model / Munich")
    report(pooled(rates, 200_000, 2, YEARS))


if __name__ == "__main__":
    main()
