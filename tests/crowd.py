"""Crowds of toy people for statistics, rate books with single rates replaced, and the limits a z value may reach."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from quartier.model.model import QuartierModel
from quartier.model.rates import Modifier, RateBook, read_rate_book
from scipy.stats import norm
from toy import START

CERTAIN = 40.0
"""An annual hazard that lets an event miss a quarter once in 22,000 times."""


def book(parameters: dict[str, float] | None = None, **hazards: float | Modifier) -> RateBook:
    """The rate book of Schleswig-Holstein with whole rates replaced by one value (or modified), and some parameters."""
    rates = read_rate_book("01")
    rates = replace(rates, parameters={**rates.parameters, **(parameters or {})}, _cache={})
    return rates.with_modifiers(
        [m if isinstance(m, Modifier) else Modifier(name, "value", m) for name, m in hazards.items()]
    )


def z_limit(cells: int, level: float = 0.01) -> float:
    """The |z| that the largest of ``cells`` independent values exceeds with probability ``level`` (Šidák)."""
    return float(norm.isf((1 - (1 - level) ** (1 / cells)) / 2))


def z_of(seen: np.ndarray | float, expected: np.ndarray | float, variance: np.ndarray | float) -> np.ndarray:
    """Distance of counts from their expectation in standard deviations."""
    return (np.asarray(seen) - np.asarray(expected)) / np.sqrt(np.maximum(variance, 1e-12))


class Ledger:
    """Events against the sum of the probabilities computed beforehand, by cell, over many steps."""

    def __init__(self, cells: int) -> None:
        self.seen, self.expected, self.variance = np.zeros(cells), np.zeros(cells), np.zeros(cells)

    def add(self, cell: np.ndarray, p: np.ndarray, happened: np.ndarray) -> None:
        """One step: each person's cell, probability, and whether the event happened."""
        n = self.seen.size
        self.seen += np.bincount(cell, happened, minlength=n)
        self.expected += np.bincount(cell, p, minlength=n)
        self.variance += np.bincount(cell, p * (1 - p), minlength=n)

    def largest_z(self, at_least: float = 10.0) -> tuple[float, float]:
        """The largest |z| over the cells that expect ``at_least`` events, and the family-wise 1 % limit for so many."""
        used = self.expected >= at_least
        assert used.any()
        z = z_of(self.seen[used], self.expected[used], self.variance[used])
        return float(np.abs(z).max()), z_limit(int(used.sum()))


def crowd(households: int, quartiere: int = 1, seed: int = 1) -> list[dict[str, Any]]:
    """People alone, couples, families and lone parents of all ages, one dict per person as `toy.start` takes them."""
    rng = np.random.default_rng(seed)
    people: list[dict[str, Any]] = []
    for household in range(households):
        home = {"household": household, "quartier": int(rng.integers(quartiere))}
        kind = rng.random()
        if kind < 0.42:
            people.append({**home, "age": int(rng.integers(18, 95)), "sex": int(rng.integers(2)), "quarter": int(rng.integers(4))})
            continue
        age = int(rng.integers(20, 90))
        mother = len(people)
        people.append({**home, "age": age, "sex": 1, "quarter": int(rng.integers(4))})
        father = -1
        if kind > 0.48:
            father = len(people)
            state, years = int(rng.integers(1, 3)), int(rng.integers(0, max(age - 18, 1)))
            union = {"union_state": state, "union_since": START - 4 * years, "married_since": (START - 4 * years) * (state == 2)}
            people[mother].update(union, partner=father)
            people.append({**home, **union, "age": max(age + int(rng.integers(-3, 7)), 18), "sex": 0, "partner": mother})
        children = int(rng.integers(kind <= 0.48, 4)) if age < 60 else 0
        ages = sorted(int(a) for a in rng.integers(0, max(age - 18, 1), children))
        if children:
            people[mother].update(parity=children, last_birth=START - 4 * ages[0] - 3)
        people.extend(
            {**home, "age": a, "sex": int(rng.integers(2)), "role": 1, "mother": mother, "father": father, "quarter": 3} for a in ages
        )
    return people


def by_key(model: QuartierModel) -> dict[int, tuple[Any, ...]]:
    """Each present person's life, named by key: nothing in it depends on ids or on the order of rows."""
    p, h, d = model.people, model.households, model.dwellings
    key_of = dict(zip(p.id[p.present == 1].tolist(), p.key[p.present == 1].tolist(), strict=True))
    here = np.flatnonzero(p.present == 1)
    dwelling = h.dwelling[p.household[here]]
    homes = np.where(dwelling >= 0, d.key[np.maximum(dwelling, 0)] if len(d) else np.uint64(0), np.uint64(0))
    plain = zip(
        *(getattr(p, name)[here].tolist() for name in (
            "key", "birth", "sex", "quartier", "role", "union_state", "union_since", "former_union", "parity", "last_birth",
            "plan", "kin_away",
        )), homes.tolist(), strict=True,
    )
    links = zip(*([key_of.get(i) for i in getattr(p, name)[here].tolist()] for name in ("partner", "mother", "father")), strict=True)
    return {row[0]: (*row[1:], *link) for row, link in zip(plain, links, strict=True)}


def run(model: QuartierModel, steps: int, before: Callable[[QuartierModel], Any] | None = None) -> QuartierModel:
    """Run some steps, with a look at the state before each."""
    for _ in range(steps):
        if before is not None:
            before(model)
        model.step()
    return model


def row(model: QuartierModel, person: int) -> int:
    """Row of the person who was at position ``person`` of the list the town was made of; -1 if not in town."""
    return int(model.rows_of(np.array([person]))[0])
