"""Households against the tables of 2025: at the start, and after 20 years under the three sets of union rates.

`python benchmarks/households.py [mid period two_sex]` (about half a minute): a national town of 200,000 people, all
processes. Unions that start and end beside the register: `union_flows.py`. `--check`: a small town, the start only.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from quartier.model import QuartierModel
from quartier.model.columns import Role, Sex, Union
from quartier.model.rates import RateBook, read_rate_book
from quartier.model.region.region import Region
from quartier.model.synthesis import synthesise
from union_flows import Flows

AGE_EDGES = (0, 18, 25, 30, 35, 45, 55, 65, 75, 120)
SETS = ("mid", "period", "two_sex")
PARENTS = ("cohabiting_parent", "married_parent", "lone_parent")
IN_UNION = ("cohabiting", "married", "cohabiting_parent", "married_parent")


def national(persons: int, quartiere: int = 5) -> Region:
    """The nation as one town, from the toy region of the tests."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
    import towns  # pyright: ignore[reportMissingImports]

    return towns.national(persons, quartiere)


def shares(model: QuartierModel) -> dict[str, np.ndarray]:
    """Per cent [sex, age group] of people in private households in a union, married, with a parent, alone."""
    p, h = model.people, model.households
    here = np.flatnonzero((p.present == 1) & (p.role != Role.RESIDENT))
    age = np.searchsorted(AGE_EDGES, model.ages(here), side="right") - 1
    cell = p.sex[here].astype(np.int64) * (len(AGE_EDGES) - 1) + age
    shape = (2, len(AGE_EDGES) - 1)
    states = {
        "in_union": p.union_state[here] > 0,
        "married": p.union_state[here] == Union.MARRIED,
        "with_parents": p.role[here] == Role.CHILD,
        "alone": h.size[p.household[here]] == 1,
    }
    everyone = np.bincount(cell, minlength=shape[0] * shape[1])
    return {
        name: (100 * np.bincount(cell, state, minlength=everyone.size) / np.maximum(everyone, 1)).reshape(shape)
        for name, state in states.items()
    }


def table(rates: RateBook, model: QuartierModel) -> dict[str, np.ndarray]:
    """The same shares by the table of 2025, weighted with the model's ages."""
    arrangement = rates["living_arrangement"]
    names = {
        "in_union": IN_UNION, "married": ("married", "married_parent"), "with_parents": ("child",), "alone": ("alone",),
    }
    p = model.people
    here = np.flatnonzero((p.present == 1) & (p.role != Role.RESIDENT))
    age = np.minimum(model.ages(here), arrangement.values.shape[1] - 1)
    cell = p.sex[here].astype(np.int64) * (len(AGE_EDGES) - 1)
    cell += np.searchsorted(AGE_EDGES, model.ages(here), side="right") - 1
    everyone = np.bincount(cell, minlength=2 * (len(AGE_EDGES) - 1))
    found = {}
    for name, members in names.items():
        by_age = sum(arrangement.values[..., arrangement.labels[2].index(m)] for m in members)
        expected = np.bincount(cell, by_age[p.sex[here], age], minlength=everyone.size)
        found[name] = (100 * expected / np.maximum(everyone, 1)).reshape(2, -1)
    return found


def difference(model: QuartierModel) -> dict[str, np.ndarray]:
    """Model less table, points."""
    wanted = table(model.rates, model)
    return {name: got - wanted[name] for name, got in shares(model).items()}


def show(title: str, points: dict[str, np.ndarray]) -> None:
    """Print differences in points by sex and age group."""
    print(f"\n{title}: points above the table of 2025")
    print(f"{'':22s}" + "".join(f"{f'{a}+':>7s}" for a in AGE_EDGES[:-1]))
    for name, values in points.items():
        for sex in Sex:
            print(f"{name:14s}{sex.name.lower():8s}" + "".join(f"{v:7.1f}" for v in values[sex]))


def run(persons: int, years: int, sets: Sequence[str] = SETS) -> None:
    """The start, and sets of union rates after some years."""
    region = national(persons)
    scale = 83.5e6 / persons
    for name in sets:
        number = SETS.index(name)
        rates = read_rate_book("00")
        rates.parameters["union_set"] = number
        model = QuartierModel(region, rates, synthesise(region, rates, 1))
        if number == 0:
            show("start", difference(model))
        flows, unions = Flows(model), 0
        for step in range(4 * years):
            model.step()
            flows.observe(model)
            unions += int(model.events["unions"].sum()) if step < 12 else 0
        show(f"{name}, after {years} years", difference(model))
        at_home(model)
        print(f"unions formed, thousand a year for Germany, years 1-3: {unions / 3 * scale / 1000:.0f}")
        flows.tell(persons, years)


def at_home(model: QuartierModel) -> None:
    """Print the share of people of 25 and 30 who live with a parent, beside the table of 2025."""
    p, arrangement = model.people, model.rates["living_arrangement"]
    table = arrangement.values[..., arrangement.labels[2].index("child")]
    for age in (25, 30):
        there = (p.present == 1) & (p.role != Role.RESIDENT) & (np.abs(model.ages() - age) <= 1)
        for sex in Sex:
            rows = np.flatnonzero(there & (p.sex == sex))
            share = 100 * (p.role[rows] == Role.CHILD).mean()
            wanted = 100 * table[sex, model.ages(rows)].mean()
            print(f"with parents at {age - 1}-{age + 1}, {sex.name.lower()}: {share:.1f} % (2025: {wanted:.1f})")


if __name__ == "__main__":
    if "--check" in sys.argv:
        small, book = national(20_000), read_rate_book("00")
        worst = difference(QuartierModel(small, book, synthesise(small, book, 1), processes=()))
        largest = max(float(np.abs(v).max()) for v in worst.values())
        print(f"largest difference from the table at the start: {largest:.2f} points")
        sys.exit(largest > 3.0)
    run(200_000, 20, sys.argv[1:] or SETS)
