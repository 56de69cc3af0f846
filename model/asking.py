"""How a process asks who has an event; if the model keeps an audit, every probability used is added up.

The audit is the first line of verification: events minus the sum of the probabilities used is noise around zero for any
composition of the population, per process, sex and age.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from .luck import TWO32, Decision
from .rates import probability, threshold
from .thresholds import AGES, SLACK
from .timeline import DT

if TYPE_CHECKING:
    from .model import QuartierModel


@dataclass
class Audit:
    """Per process three arrays [sex, age]: probabilities summed, their variance ``p (1 - p)``, events."""

    expected: dict[str, np.ndarray] = field(default_factory=dict)
    variance: dict[str, np.ndarray] = field(default_factory=dict)
    observed: dict[str, np.ndarray] = field(default_factory=dict)

    def add(self, process: str, sex: np.ndarray, age: np.ndarray, chance: np.ndarray, happened: np.ndarray) -> None:
        """Add one step's questions: each person's probability and whether the event happened."""
        cell = sex.astype(np.int64) * AGES + age
        for table, weights in (
            (self.expected, chance),
            (self.variance, chance * (1 - chance)),
            (self.observed, happened),
        ):
            sums = np.bincount(cell, weights, minlength=2 * AGES).reshape(2, AGES)
            table[process] = table.get(process, 0) + sums

    def z(self, process: str, years: int = 10) -> np.ndarray:
        """Standardised differences [sex, age group of ``years``]; NaN where fewer than ten events are expected."""

        def grouped(table: dict[str, np.ndarray]) -> np.ndarray:
            return np.add.reduceat(table[process], np.arange(0, AGES, years), axis=1)

        expected = grouped(self.expected)
        with np.errstate(invalid="ignore", divide="ignore"):
            z = (grouped(self.observed) - expected) / np.sqrt(grouped(self.variance))
        return np.where(expected >= 10, z, np.nan)


def ask(model: QuartierModel, process: str, decision: Decision, rows: np.ndarray, hazard: np.ndarray) -> np.ndarray:
    """Whether the event happens in this step to each person of a group (bool), given annual hazards (float64)."""
    luck = model.luck.words(decision, model.now, model.people.key[rows])
    return ask_by_luck(model, process, rows, luck, hazard)


def ask_by_luck(
    model: QuartierModel, process: str, rows: np.ndarray, luck: np.ndarray, hazard: np.ndarray
) -> np.ndarray:
    """As `ask`, of people whose words of luck (u32) are known. Who cannot win, for p <= hazard x time, costs no exponential."""
    if model.audit is not None:
        chance, p = threshold(probability(hazard)), model.people
        happened = luck < chance
        model.audit.add(process, p.sex[rows], model.ages(rows), chance / TWO32, happened)
        return happened
    happened = luck < hazard * (DT * TWO32 * SLACK)
    near = np.flatnonzero(happened)
    happened[near] = luck[near] < threshold(probability(hazard[near]))
    return happened
