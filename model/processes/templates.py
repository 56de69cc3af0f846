"""Templates of arriving households: real compositions of the start population, weighted to the in-moves by age and sex."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from ..columns import Kind, Role
from ..luck import Decision, Luck
from ..thresholds import AGES, pad_ages
from .in_moves import in_move_profile
from .origins import distance_mix, distance_rates
from .out_moves import ORIGINS

if TYPE_CHECKING:
    from ..model import QuartierModel

EDGES: Final = np.array([0, 3, 6, 10, 15, 18, 20, 22, 24, 26, 28, 30, 33, 36, *range(40, 91, 5)])
"""First ages of the bands the weights are fitted to: fine where people move most, the last one open."""
BANDS: Final = EDGES.size
ROUNDS: Final = 60
FIT_TOLERANCE: Final = 0.01
"""Share of a band's arrivals that the rounds may leave over (a limit of the fit, not a rate)."""


@dataclass
class Templates:
    """Household ``k`` has the members ``first[k] : first[k] + size[k]``; links are positions inside the household, -1 none.

    ``prior`` [origin, household] is how often each arrives before the weights are fitted; ``content`` [household, sex * band]
    counts members. What is known of persons is i16, so that it lies close together. From ``lone`` on they are single minors,
    one per sex and age: they come only where the households do not
    bring the minors that the rates ask for (net flows by age, say, that let nobody of the parents' ages arrive).
    """

    first: np.ndarray
    size: np.ndarray
    age: np.ndarray
    quarter: np.ndarray
    sex: np.ndarray
    role: np.ndarray
    union: np.ndarray
    former: np.ndarray
    parity: np.ndarray
    since_union: np.ndarray
    since_birth: np.ndarray
    partner: np.ndarray
    mother: np.ndarray
    father: np.ndarray
    content: np.ndarray
    prior: np.ndarray
    stock: np.ndarray
    profile: np.ndarray
    fitted: dict[tuple[int, tuple[bool, ...]], np.ndarray]
    lone: int
    shares: dict[tuple[bool, ...], np.ndarray] = field(default_factory=dict)

    def households_per_year(self, model: QuartierModel, origin: int) -> np.ndarray:
        """Households of each template that arrive in a year, fitted anew only when a modifier of the rates begins or ends."""
        name = f"in_migration_{ORIGINS[origin]}"
        names = (name, *distance_rates("in")) if ORIGINS[origin] == "germany" else (name,)
        version = (origin, model.rates.version(names, model.now))
        if version not in self.fitted:
            target = self._in_moves(model, name)
            weight = _fit(self.prior[origin], self.content, target)
            self.fitted[version] = weight + self._lone_minors(target - weight @ self.content, target)
        return self.fitted[version]

    def _lone_minors(self, missing: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Households of each template that are single minors [household]: what the fit leaves missing, spread over the ages."""
        missing = np.where(missing > FIT_TOLERANCE * target, missing, 0.0)
        lone = self.content * (np.arange(self.size.size) >= self.lone)[:, None]
        return lone @ (missing / np.maximum(lone.sum(axis=0), 1))

    def persons_per_year(self, model: QuartierModel, origin: int) -> np.ndarray:
        """Persons who arrive in a year, float64 [sex, age]."""
        weight = np.repeat(self.households_per_year(model, origin), self.size)
        persons = np.zeros(self.stock.shape[1:])
        np.add.at(persons, (self.sex, self.age), weight)
        return persons

    def _in_moves(self, model: QuartierModel, name: str) -> np.ndarray:
        """Persons a year by sex and age band [sex * band]: rates times the start population; abroad by residents of the sex."""
        class_of, rate = model.rates.resolve(name, model.now, model.n_quartiere)
        rate = pad_ages(rate)[class_of]
        per_quartier = self.stock if name == "in_migration_germany" else self.stock.sum(axis=2, keepdims=True)
        if name == "in_migration_germany":
            mix_of, mix, _ = distance_mix(model, "in")
            rate = rate * mix[mix_of]
        moves = (rate * per_quartier).sum(axis=0) * self.profile[ORIGINS.index(name.removeprefix("in_migration_"))]
        return _to_bands(moves).ravel()

    def near_share(self, model: QuartierModel) -> np.ndarray:
        """Share of households from Germany that come from the surroundings, by sex and age of the first member.

        A scenario for some Quartiere counts by their share of the residents.
        """
        version = model.rates.version(distance_rates("in"), model.now)
        if version not in self.shares:
            class_of, level, near = distance_mix(model, "in")
            weight = self.stock.sum(axis=(1, 2))
            in_class = np.bincount(class_of, weight, minlength=len(near))[:, None, None] * level
            self.shares[version] = (near * in_class).sum(axis=0) / np.maximum(in_class.sum(axis=0), 1e-12)
        return self.shares[version]


def _to_bands(by_age: np.ndarray) -> np.ndarray:
    """Sum single ages (last axis) to the bands."""
    return np.add.reduceat(by_age, EDGES, axis=-1)


def _fit(prior: np.ndarray, content: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Raise and lower the households' weights until their members meet the target by sex and age band.

    Iterative proportional updating: every margin in turn scales each household by the margin's ratio to the power of the
    share of its members that belong to it. Bands without any member in the library stay unmet.
    """
    weight = prior * (target.sum() / max((prior[:, None] * content).sum(), 1e-300))
    size = content.sum(axis=1)
    of_margin = [np.flatnonzero(content[:, g]) for g in range(target.size)]  # few belong to each
    margins = [(h, content[h, g], content[h, g] / size[h], target[g]) for g, h in enumerate(of_margin) if h.size]
    for _ in range(ROUNDS):
        for homes, members, share, wanted in margins:
            reached = float(weight[homes] @ members)
            if wanted <= 0:
                weight[homes] = 0.0
            elif reached > 0:
                weight[homes] *= (wanted / reached) ** share
    return weight


def make_templates(model: QuartierModel, luck: Luck) -> Templates:
    """Choose the library from the start population and weigh it (model-demography.md 9)."""
    p = model.people
    rows = np.flatnonzero((p.present == 1) & (p.household >= 0)).astype(np.int32)
    rows = rows[np.lexsort((p.key[rows], p.household[rows]))]
    offset = np.concatenate(([0], np.cumsum(np.bincount(p.household[rows], minlength=len(model.households)))))
    homes = np.flatnonzero((model.households.kind == Kind.PRIVATE) & (np.diff(offset) > 0))
    homes = _systematic(model, luck, homes, offset, rows)
    sizes = np.diff(offset)[homes]
    picked = (
        np.concatenate([rows[offset[h] : offset[h] + n] for h, n in zip(homes, sizes, strict=True)])
        if homes.size
        else rows[:0]
    )
    first = np.cumsum(sizes) - sizes
    where = np.full(len(p), -1, np.int64)
    where[picked] = np.arange(picked.size) - np.repeat(first, sizes)
    household = np.repeat(np.arange(homes.size), sizes)

    def link(ids: np.ndarray) -> np.ndarray:
        other = model.rows_of(ids)
        inside = (other >= 0) & (p.household[np.maximum(other, 0)] == p.household[picked])
        return np.where(inside, where[np.maximum(other, 0)], -1)

    age = model.ages(picked)
    content = np.zeros((homes.size, 2 * BANDS))
    np.add.at(content, (household, p.sex[picked] * BANDS + np.searchsorted(EDGES, age, side="right") - 1), 1)
    stock, partner = _residents(model), link(p.partner[picked])
    minors = _minors(int(model.rates.parameter("age_of_majority")))
    n = minors.shape[1]

    def joined(own: np.ndarray, added: np.ndarray | int, dtype: type = np.int16) -> np.ndarray:
        return np.concatenate((own, np.broadcast_to(np.asarray(added), (n, *own.shape[1:])))).astype(dtype)

    lone_content = np.zeros((n, 2 * BANDS))
    lone_content[np.arange(n), minors[0] * BANDS + np.searchsorted(EDGES, minors[1], side="right") - 1] = 1
    return Templates(
        joined(first, picked.size + np.arange(n), np.int32),
        joined(sizes, 1),
        joined(age, minors[1]),
        joined((model.now - p.birth[picked].astype(np.int64)) % 4, minors.sum(axis=0) % 4),
        joined(p.sex[picked], minors[0]),
        joined(_roles(p.role[picked]), Role.CHILD),
        joined(np.where(partner >= 0, p.union_state[picked], 0), 0),
        joined(p.former_union[picked], 0),
        joined(p.parity[picked], 0),
        joined(model.now - p.union_since[picked].astype(np.int64), 0),
        joined(model.now - p.last_birth[picked].astype(np.int64), model.now),
        joined(partner, -1),
        joined(link(p.mother[picked]), -1),
        joined(link(p.father[picked]), -1),
        joined(content, lone_content, np.float64),
        np.concatenate((_priors(model, household, picked, homes.size), np.zeros((2, n))), axis=1),
        stock,
        in_move_profile(model, stock),
        {},
        homes.size,
    )


def _residents(model: QuartierModel) -> np.ndarray:
    """Persons of the start population, float64 [quartier, sex, age]."""
    p = model.people
    here = np.flatnonzero(p.present == 1)
    cell = (p.quartier[here].astype(np.int64) * 2 + p.sex[here]) * AGES + model.ages(here)
    return np.bincount(cell, minlength=model.n_quartiere * 2 * AGES).reshape(-1, 2, AGES).astype(float)


def _minors(majority: int) -> np.ndarray:
    """Sex and age of one minor each, i64 [2, minor]."""
    return np.stack([pair.ravel() for pair in np.meshgrid(np.arange(2), np.arange(majority), indexing="ij")])


def _roles(role: np.ndarray) -> np.ndarray:
    return np.where(role == Role.CHILD, Role.CHILD, Role.ADULT)


def _systematic(
    model: QuartierModel, luck: Luck, homes: np.ndarray, offset: np.ndarray, rows: np.ndarray
) -> np.ndarray:
    """A sample of households in the order of their keys, the same for every replicate and every order of rows."""
    key = model.people.key[rows[offset[homes]]]  # members stand in the order of their keys: the smallest
    homes, key = homes[np.argsort(key)], np.sort(key)
    wanted = int(model.rates.parameter("template_households"))
    if homes.size <= wanted:
        return homes
    u = luck.uniform(Decision.TEMPLATE, 0, key)
    return homes[np.sort(np.argsort(u)[:wanted])]


def _priors(model: QuartierModel, household: np.ndarray, picked: np.ndarray, n: int) -> np.ndarray:
    """Weight [origin, household]: mean out-rate of its adults times the families' relative rate."""
    p, rates = model.people, model.rates
    age, child = model.ages(picked), p.role[picked] == Role.CHILD
    family = np.bincount(household, child & (age < rates.parameter("migrates_alone_from")), minlength=n) > 0
    adults = np.maximum(np.bincount(household, ~child, minlength=n), 1)
    priors = []
    for origin in ORIGINS:
        rate = pad_ages(rates[f"out_migration_{origin}"].values)[p.sex[picked], age]
        mean = np.bincount(household, rate * ~child, minlength=n) / adults
        priors.append(np.maximum(mean * np.where(family, rates.parameter(f"family_rate_{origin}"), 1.0), 1e-9))
    single = np.bincount(household, minlength=n) == 1
    priors[1] = priors[1] * np.where(single, rates.parameter("template_single_abroad"), 1.0)
    return np.stack(priors)
