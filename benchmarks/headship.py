"""Households, not persons: by size and type at the start against the tables of 2025, and why their number changes in 20 years.

`python benchmarks/headship.py` (about half a minute): a national town of 200,000 people, all processes; `--check`: a small town, the
start only. Every member of a household counts as one by its size, so households are a sum over persons, and their change falls
into that of people, of ages and sexes at the start's rates, and of the rates at an age (headship), by age group.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from quartier.model import QuartierModel
from quartier.model.columns import Kind, Role, Sex
from quartier.model.rates import read_rate_book
from quartier.model.region.region import Region
from quartier.model.synthesis import synthesise

PERSONS_BY_SIZE = {"1": 17_327, "2": 27_115, "3": 14_483, "4": 15_428, "5+": 8_386}
"""Thousand people in private households by its size, Germany 2025 (Destatis 12211-0302)."""
FAMILIES = {
    "couple with children": 6_749, "couple with grown-up children": 2_213, "lone parent": 1_623, "lone parent of grown-up": 1_244,
}  # fmt: skip
"""Thousand families by the age of the youngest child, under 18 or over (12211-0423, germany/families_by_form_children_2025)."""
EDGES = (0, 18, 25, 30, 35, 45, 55, 65, 75, 85, 120)
TYPES = ("one person", "couple without children", *FAMILIES, "other")


def national(persons: int) -> Region:
    """The nation as one town of five Quartiere, from the toy region of the tests."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
    import towns  # pyright: ignore[reportMissingImports]

    return towns.national(persons, 5)


def by_type(model: QuartierModel) -> dict[str, int]:
    """Private households by type."""
    p, h = model.people, model.households
    here = np.flatnonzero((p.present == 1) & (p.household >= 0))
    home, n = p.household[here], len(h)
    partner = model.rows_of(p.partner[here])
    couple = np.bincount(home, (partner >= 0) & (p.household[np.maximum(partner, 0)] == home), minlength=n) > 0
    child = p.role[here] == Role.CHILD
    adults = np.bincount(home, ~child, minlength=n)
    minor = np.bincount(home, child & (model.ages(here) < 18), minlength=n) > 0
    children = np.bincount(home, child, minlength=n) > 0
    kind = np.select(
        [h.size == 1, couple & (h.size == 2), couple & minor, couple & children, minor, children & (adults == 1)], range(6), 6
    )
    found = np.bincount(kind[(h.kind == Kind.PRIVATE) & (h.size > 0)], minlength=len(TYPES))
    return dict(zip(TYPES, found.tolist(), strict=True))


def cells(model: QuartierModel) -> tuple[np.ndarray, np.ndarray]:
    """People of private households and households by sex and single age [sex, age]; everyone counts as one by the size."""
    p, h = model.people, model.households
    here = np.flatnonzero((p.present == 1) & (p.role != Role.RESIDENT))
    cell = p.sex[here].astype(np.int64) * 120 + np.minimum(model.ages(here), 119)
    people = np.bincount(cell, minlength=240)
    return people.reshape(2, 120), np.bincount(cell, 1 / h.size[p.household[here]], minlength=240).reshape(2, 120)


def sizes(model: QuartierModel) -> np.ndarray:
    """Per cent of the people of private households by its size 1 .. 5+."""
    p, h = model.people, model.households
    here = np.flatnonzero((p.present == 1) & (p.role != Role.RESIDENT))
    found = np.bincount(np.minimum(h.size[p.household[here]], 5), minlength=6)[1:]
    return 100 * found / found.sum()


def decompose(before: tuple[np.ndarray, np.ndarray], after: tuple[np.ndarray, np.ndarray]) -> tuple[float, float, np.ndarray]:
    """Change of households, per cent of the start's: by the number of people, by their ages, by headship [sex, age group]."""
    (people, homes), (later, homes_later) = before, after
    rate = np.divide(homes, people, out=np.zeros_like(homes), where=people > 0)
    growth = later.sum() / people.sum() - 1
    at_old_rates = (later * rate).sum()
    group = np.searchsorted(EDGES, np.arange(120), side="right") - 1
    headship = np.stack([np.bincount(group, (homes_later - later * rate)[s], minlength=len(EDGES) - 1) for s in Sex])
    total = homes.sum() / 100
    return 100 * growth, (at_old_rates - homes.sum() * (1 + growth)) / total, headship / total


def start_against_tables(model: QuartierModel) -> float:
    """Print households by size and families by type beside the tables; the largest difference in points of persons or families."""
    asked = np.array(list(PERSONS_BY_SIZE.values())) / sum(PERSONS_BY_SIZE.values()) * 100
    found, kinds = sizes(model), by_type(model)
    print("persons by size of household, %:", {k: f"{f:.1f} / {a:.1f}" for k, f, a in zip(PERSONS_BY_SIZE, found, asked, strict=True)})
    people, homes = cells(model)
    print(f"persons per household {people.sum() / homes.sum():.3f}")
    families = sum(kinds[k] for k in FAMILIES)
    shares = {k: (100 * kinds[k] / families, 100 * n / sum(FAMILIES.values())) for k, n in FAMILIES.items()}
    print("families, %:", {k: f"{f:.1f} / {a:.1f}" for k, (f, a) in shares.items()})
    print("households by type:", kinds)
    return max(float(np.abs(found - asked).max()), max(abs(f - a) for f, a in shares.values()))


def main(persons: int, years: int) -> None:
    """Start and, after some years, where the change of the number of households comes from."""
    region, rates = national(persons), read_rate_book("00")
    model = QuartierModel(region, rates, synthesise(region, rates, 1))
    start_against_tables(model)
    before, kinds = cells(model), by_type(model)
    model.run(model.now + 4 * years)
    after, later = cells(model), by_type(model)
    growth, ages, headship = decompose(before, after)
    change = 100 * (after[1].sum() / before[1].sum() - 1)
    print(f"\nafter {years} years: households {change:+.1f} %: people {growth:+.1f}, ages {ages:+.1f}, headship {headship.sum():+.1f}")
    print("headship by age:      " + "".join(f"{f'{a}+':>7s}" for a in EDGES[:-1]))
    for sex in Sex:
        print(f"{sex.name.lower():22s}" + "".join(f"{v:7.2f}" for v in headship[sex]))
    print("change by type, %:", {k: f"{100 * (later[k] / kinds[k] - 1):+.1f}" for k in kinds})
    print("persons by size of household, %:", np.round(sizes(model), 1).tolist())


if __name__ == "__main__":
    if "--check" in sys.argv:
        town, book = national(20_000), read_rate_book("00")
        worst = start_against_tables(QuartierModel(town, book, synthesise(town, book, 1), processes=()))
        sys.exit(worst > 4.0)
    main(200_000, 20)
