"""Margins of households and families that are reported but not forced: the national tables, and what was reached."""

from __future__ import annotations

import numpy as np

from ..rates import RateBook
from .children import Families
from .figures import ARRANGEMENTS, CHILD, LONE_PARENT, Figures
from .persons import RESIDENT, Persons
from .report import Report


def _count(chosen: np.ndarray) -> int:
    return int(np.count_nonzero(chosen))


def report_arrangements(report: Report, p: Persons, figures: Figures) -> None:
    """Persons of private households by sex, five-year group and arrangement, against the table's shares."""
    inside = p.rows(p.arrangement != RESIDENT)
    reached = np.zeros(figures.arrangement.shape)
    np.add.at(reached, (p.sex[inside], p.age[inside], p.arrangement[inside]), 1)
    persons = reached.sum(axis=-1)
    for sex, name in enumerate(("m", "f")):
        for first in range(0, 100, 5):
            last, group = (first + 5, f"{first}-{first + 4}") if first < 95 else (persons.shape[1], "95+")
            asked = (persons[sex, first:last, None] * figures.arrangement[sex, first:last]).sum(axis=0)
            for k, arrangement in enumerate(ARRANGEMENTS):
                report.add(
                    f"arrangement {arrangement} {name} {group}", None, asked[k], reached[sex, first:last, k].sum()
                )


def report_households(report: Report, p: Persons, figures: Figures, rates: RateBook, families: Families) -> None:
    """All margins of this module: arrangements, household sizes, families by children, lone parents, kin."""
    report_arrangements(report, p, figures)
    inside = p.rows(p.arrangement != RESIDENT)
    size = np.bincount(p.head[inside], minlength=len(p))[p.head[inside]]
    for n in range(1, 6):
        share = rates["persons_by_household_size"].values[n - 1]
        report.add(
            f"persons in households of {n}{'+' if n == 5 else ''}",
            None,
            share * inside.size,
            _count(np.minimum(size, 5) == n),
        )
    total = families.size.size
    for n in range(1, 5):
        share = rates["families_by_children"].values[n - 1]
        report.add(
            f"families with {n}{'+' if n == 4 else ''} children",
            None,
            share * total,
            _count(np.minimum(families.size, 4) == n),
        )
    lone = p.rows(p.arrangement == LONE_PARENT)
    report.add("lone parents", None, rates.parameter("lone_parents_of_families") * total, lone.size)
    report.add(
        "lone parents who are women",
        None,
        rates.parameter("lone_parents_women") * lone.size,
        _count(p.sex[lone]),
    )
    minor = p.rows((p.arrangement == CHILD) & (p.age < 18))
    with_minor = np.unique(p.head[minor])
    report.add(
        "lone parents of minors",
        None,
        rates.parameter("lone_parents_of_minors") * with_minor.size,
        _count(p.arrangement[with_minor] == LONE_PARENT),
    )
