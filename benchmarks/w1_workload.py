"""W1: a workload so small that every engine can run it. Its rates, start population, exact expectation and check.

N persons in households and 100 areas, 40 quarterly steps; in each step everybody grows a quarter older, dies by
Gompertz, bears by age, enters, climbs or leaves care grades; after the step persons are counted by area, age group of
five years and care state. Rates are invented and only these; ages count in quarters and index tables of 520.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

STEPS, AREAS, AGE_GROUPS, GRADES, QUARTERS = 40, 100, 20, 6, 520
GROUP_WIDTH = 20
SHARE_BOYS = 0.513
ENTRY_SHARES = np.array([0.25, 0.50, 0.20, 0.05])
"""Grades 1 to 4 on entering care."""

_age = np.arange(QUARTERS) / 4


def _within_a_quarter(hazard):
    return -np.expm1(-hazard / 4)


P_DEATH = _within_a_quarter(np.stack([3.3e-5 * np.exp(0.095 * _age), 2.0e-5 * np.exp(0.095 * _age)]))
"""[sex, age]; sex 0 = men."""
_bell = 1.5 * np.exp(-0.5 * ((_age - 31) / 5.5) ** 2) / (5.5 * np.sqrt(2 * np.pi))
P_BIRTH = _within_a_quarter(np.where((_age >= 15) & (_age < 50), _bell, 0.0))
P_ENTRY = _within_a_quarter(np.minimum(0.001 + 0.004 * np.exp(0.12 * (_age - 65)), 0.5))
P_WORSE = _within_a_quarter(np.minimum(0.2 * np.exp(0.01 * (_age - 80)), 1.0))
P_BETTER = float(_within_a_quarter(0.03))

Result = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Table [step, area, age group, care state], births [step], deaths [step]."""


@dataclass(frozen=True)
class Start:
    """The start population: one entry per person, in household order."""

    age: np.ndarray
    sex: np.ndarray
    care: np.ndarray
    household: np.ndarray
    area: np.ndarray

    def shuffled(self, order: np.ndarray) -> Start:
        """The same persons in another order of rows."""
        return Start(*(getattr(self, name)[order] for name in self.__dataclass_fields__))


def start_population(n: int, seed: int = 20260101) -> Start:
    """N persons with an age structure roughly like Germany's, care by age, households of one to four."""
    rng = np.random.default_rng(seed)
    knots = [0, 10, 20, 30, 40, 45, 50, 58, 65, 70, 75, 80, 85, 90, 95, 99]
    weights = [0.9, 0.9, 0.95, 1.2, 1.2, 1.1, 1.35, 1.7, 1.3, 1.1, 0.85, 0.9, 0.6, 0.22, 0.06, 0.01]
    pyramid = np.interp(np.arange(100), knots, weights)
    age = rng.choice(100, n, p=pyramid / pyramid.sum()) * 4 + rng.integers(0, 4, n)
    sex = rng.random(n) < np.interp(age / 4, [0, 60, 95], [0.487, 0.51, 0.70])
    in_care = rng.random(n) < np.where(age < 240, 0.01, np.minimum(0.01 * np.exp(0.125 * (age / 4 - 60)), 0.75))
    grade = 1 + np.searchsorted(np.cumsum([0.15, 0.45, 0.25, 0.11]), rng.random(n))
    sizes = 1 + np.searchsorted(np.cumsum([0.41, 0.34, 0.12]), rng.random(n))
    household = np.repeat(np.arange(n), sizes)[:n]
    area = rng.integers(0, AREAS, n)[household]
    return Start(
        age.astype(np.int16), sex.astype(np.uint8), np.where(in_care, grade, 0).astype(np.uint8),
        household.astype(np.int32), area.astype(np.uint8),
    )


def care_transitions() -> np.ndarray:
    """Probabilities [age, from, to] of the care states within a quarter."""
    matrix = np.zeros((QUARTERS, GRADES, GRADES))
    matrix[:, 0, 1:5] = P_ENTRY[:, None] * ENTRY_SHARES
    for grade in range(1, 5):
        matrix[:, grade, grade + 1] = P_WORSE
        matrix[:, grade, grade - 1] = P_BETTER
    states = np.arange(GRADES)
    matrix[:, states, states] = 1 - matrix.sum(axis=2)
    return matrix


def expectation(start: Start, steps: int = STEPS) -> Result:
    """The exact expected last table, and births and deaths of every step, by cohort-component projection."""
    people = np.zeros((AREAS, 2, QUARTERS, GRADES))
    np.add.at(people, (start.area, start.sex, start.age, start.care), 1.0)
    transitions = care_transitions()
    births, deaths = np.zeros(steps), np.zeros(steps)
    for step in range(steps):
        people[:, :, 1:], people[:, :, 0] = people[:, :, :-1].copy(), 0
        dying = people * P_DEATH[None, :, :, None]
        people -= dying
        born = np.einsum("aqc,q->a", people[:, 1], P_BIRTH)
        people = (people.swapaxes(0, 2).swapaxes(1, 2).reshape(QUARTERS, -1, GRADES) @ transitions).reshape(
            QUARTERS, AREAS, 2, GRADES
        ).transpose(1, 2, 0, 3)
        people[:, 0, 0, 0] += SHARE_BOYS * born
        people[:, 1, 0, 0] += (1 - SHARE_BOYS) * born
        births[step], deaths[step] = born.sum(), dying.sum()
    table = np.zeros((AREAS, AGE_GROUPS, GRADES))
    groups = np.minimum(np.arange(QUARTERS) // GROUP_WIDTH, AGE_GROUPS - 1)
    np.add.at(table, (slice(None), groups), people.sum(axis=1))
    return table, births, deaths


def faults(start: Start, result: Result, expected: Result) -> list[str]:
    """What is wrong with a result; empty if it is right.

    Every total must lie within 4.2 standard deviations of its expectation; the square root of the expectation bounds
    the deviation from above (counts are sums of independent rare events). The cells of the last table must scatter
    no more than Poisson counts do, and persons must be conserved exactly.
    """
    table, births, deaths = result
    last, expected_births, expected_deaths = expected
    turnover = np.sqrt(expected_births.sum() + expected_deaths.sum())
    z = {
        "births": (births.sum() - expected_births.sum()) / np.sqrt(expected_births.sum()),
        "deaths": (deaths.sum() - expected_deaths.sum()) / np.sqrt(expected_deaths.sum()),
        "alive at the end": (table[-1].sum() - last.sum()) / turnover,
    }
    for name, axes in (("care states", (0, 1)), ("age groups", (0, 2))):
        asked = last.sum(axis=axes)
        z[name] = np.abs((table[-1].sum(axis=axes) - asked) / np.sqrt(asked)).max()
    found = [f"{name}: {value:+.1f} deviations from the expectation" for name, value in z.items() if abs(value) > 4.2]
    large = last > 5
    scatter = ((table[-1][large] - last[large]) ** 2 / last[large]).mean()
    if scatter > 1.15:
        found.append(f"cells scatter {scatter:.2f} times as much as Poisson counts")
    conserved = start.age.size + np.cumsum(births) - np.cumsum(deaths)
    if not np.array_equal(conserved, table.sum(axis=(1, 2, 3))):
        found.append("persons are not conserved")
    return found
