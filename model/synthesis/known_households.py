"""Households by type that a region counts: who lives how, fitted to them, and what was reached.

Types as in the registers of German cities: one person; couples without children, with a child under 18, with only grown-up
children; lone parents of a child under 18; all others (lone parents of only grown-up children among them). Each may be
given alone or with the rest, for all Quartiere or some.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..rates import RateBook
from ..region.region import Region
from .ages import latest
from .figures import (
    ALONE,
    CHILD,
    COHABITING,
    COHABITING_PARENT,
    COUPLES,
    LONE_PARENT,
    MARRIED,
    MARRIED_PARENT,
    OTHER,
    PARENTS,
    Figures,
)
from .persons import RESIDENT, Persons
from .report import Report

ONE, COUPLE, WITH_MINOR, WITH_GROWN, LONE, REST = TYPES = (
    "one_person",
    "couple_without_children",
    "couple_with_children",
    "couple_with_grown_up_children",
    "lone_parent",
    "other",
)
SIZES = ("two_persons", "three_persons", "four_persons", "five_or_more_persons")
ADULT = 18
N_STATES = 11
"""The eight arrangements, then parents of only grown-up children: lone, cohabiting, married."""
GROWN = {LONE_PARENT: 8, COHABITING_PARENT: 9, MARRIED_PARENT: 10}
FATHER_OLDER = 3
"""Years by which fathers are older than mothers."""
ROUNDS = 60


@dataclass(frozen=True)
class FamilyMix:
    """What holds for families whatever a Quartier counts.

    Attributes
    ----------
    minor : share of parents whose youngest child is under 18, of those who live with a child [sex, age].
    grown_up : children per family of only grown-up children.
    siblings : grown-up children per family with a child under 18.
    lone : lone parents per couple among families of only grown-up children, against the same among families with minors.
    mothers : couples and lone parents with minors by the mother's age, per minor of each age [couple / lone, age of the minor
        0..17, age]; levels do not matter.
    """

    minor: np.ndarray
    grown_up: float
    siblings: float
    lone: float
    mothers: np.ndarray


def known_households(region: Region) -> dict[str, np.ndarray]:
    """Households per Quartier (f64, NaN where not given) of every type the region counts."""
    frame = latest(region.households, region)
    index = {str(q): i for i, q in enumerate(region.quartiere["quartier_id"])}
    out: dict[str, np.ndarray] = {}
    for name, quartier, households in zip(
        frame["household_type"], frame["quartier_id"], frame["households"], strict=True
    ):
        out.setdefault(str(name), np.full(region.n_quartiere, np.nan))[index[str(quartier)]] = float(households)
    return out


def family_mix(rates: RateBook, figures: Figures, density: np.ndarray) -> FamilyMix:
    """The mix of the national tables; ``density`` of the mother's age by the child's (`arrangements.birth_density`)."""
    share = figures.arrangement
    families = figures.pyramid.sum(axis=0)[:ADULT] @ density[:ADULT] / rates.parameter("minors_per_family")
    parents = figures.pyramid[1] * share[1][:, list(PARENTS)].sum(axis=-1)
    mothers = np.clip(np.where(parents > 0, families / np.maximum(parents, 1e-9), 1.0), 0.0, 1.0)
    minor = np.stack((np.concatenate((np.ones(FATHER_OLDER), mothers[:-FATHER_OLDER])), mothers))
    couples = figures.pyramid[1] * (share[1, :, COHABITING_PARENT] + share[1, :, MARRIED_PARENT])
    lone = figures.pyramid * share[..., LONE_PARENT]
    lone_young, lone_grown = float((lone * minor).sum()), float((lone * (1 - minor)).sum())
    young, grown = float((couples * minor[1]).sum()), float((couples * (1 - minor[1])).sum())
    odds = lone_grown * young / max(lone_young * grown, 1e-9)
    per_family, siblings = (rates.parameter(f"grown_up_{name}_per_family") for name in ("children", "siblings"))
    first, last = (rates.parameter(f"lone_parents_of_{name}") for name in ("newborns", "seventeen_year_olds"))
    is_lone = first + (last - first) * np.arange(ADULT)[:, None] / (ADULT - 1)
    by_mother = np.stack((density[:ADULT] * (1 - is_lone), density[:ADULT] * is_lone))
    return FamilyMix(minor, per_family, siblings, odds, by_mother)


def _scale(cells: np.ndarray, states: tuple[int, ...], wanted: np.ndarray, ages: slice = slice(None)) -> None:
    """Scale states (at some ages) of each Quartier to wanted persons; NaN leaves a Quartier as it is."""
    part = cells[:, :, ages][..., list(states)]
    now = part.sum(axis=(1, 2, 3))
    ratio = np.where(np.isnan(wanted) | (now <= 0), 1.0, np.maximum(wanted, 0) / np.where(now > 0, now, 1.0))
    for state in states:
        cells[:, :, ages, state] *= ratio[:, None, None]


def _by_couple(cells: np.ndarray) -> None:
    for kind in (*COUPLES, GROWN[COHABITING_PARENT], GROWN[MARRIED_PARENT]):
        sums = cells[..., kind].sum(axis=2)
        wanted = np.where(sums.min(axis=1) > 0, sums.mean(axis=1), 0.0)
        cells[..., kind] *= np.where(sums > 0, wanted[:, None] / np.where(sums > 0, sums, 1.0), 0.0)[:, :, None]


def _families(cells: np.ndarray, grown: bool) -> tuple[np.ndarray, np.ndarray]:
    """Lone parents and couples per Quartier, of minors or of only grown-up children."""
    lone, *couples = (GROWN[k] if grown else k for k in PARENTS)
    return cells[..., lone].sum(axis=(1, 2)), cells[:, 1][..., couples].sum(axis=(1, 2))


def _by_minors(cells: np.ndarray, minors: np.ndarray) -> None:
    """Families with minors in proportion to the minors of a Quartier, where couples with children are not counted."""
    young = np.sum(_families(cells, False), axis=0)
    wanted = minors * young.sum() / max(minors.sum(), 1e-9)
    cells[..., list(PARENTS)] *= np.where(young > 0, wanted / np.where(young > 0, young, 1.0), 1.0)[:, None, None, None]


def _by_age_of_mother(cells: np.ndarray, mix: FamilyMix) -> None:
    """Families with minors of the town by the mother's age as its minors suggest; men's by that of women three years younger."""
    minors = cells[:, :, :ADULT, CHILD].sum(axis=(0, 1))
    for mothers, states in zip(mix.mothers, ([COHABITING_PARENT, MARRIED_PARENT], [LONE_PARENT]), strict=True):
        wanted, now = minors @ mothers, cells[:, 1][..., states].sum(axis=(0, 2))
        if wanted.sum() <= 0 or now.sum() <= 0:
            continue
        ratio = np.where(now > 0, wanted * now.sum() / wanted.sum() / np.where(now > 0, now, 1.0), 1.0)
        cells[:, 1][..., states] *= ratio[None, :, None]
        older = np.concatenate((np.ones(FATHER_OLDER), ratio[:-FATHER_OLDER]))
        cells[:, 0][..., states] *= older[None, :, None]


def _others(cells: np.ndarray, wanted: np.ndarray, rates: RateBook) -> np.ndarray:
    """Persons in other households: as many as are there, but no fewer or more than these households hold."""
    households = np.maximum(wanted - cells[..., GROWN[LONE_PARENT]].sum(axis=(1, 2)), 0)
    now = cells[..., OTHER].sum(axis=(1, 2))
    return np.clip(now, 2 * households, rates.parameter("other_household_largest_mean") * households)


def fit_known(
    private: np.ndarray, totals: np.ndarray, known: dict[str, np.ndarray], mix: FamilyMix, rates: RateBook
) -> np.ndarray:
    """Persons (float [quartier, sex, age, arrangement]) by proportional fitting to the households counted.

    Rows (Quartier, sex, age) are exact, the households close as far as they fit the persons. The start are the town's
    shares; grown-up children follow the families that are there.
    """
    share = totals / np.maximum(private.sum(axis=0), 1)[..., None]
    start = np.concatenate((share, np.zeros((*share.shape[:2], N_STATES - share.shape[2]))), axis=-1)
    for kind, grown in GROWN.items():
        start[..., grown] = start[..., kind] * (1 - mix.minor)
        start[..., kind] *= mix.minor
    cells = private[..., None] * start[None]
    minors = cells[:, :, :ADULT, CHILD].sum(axis=(1, 2))
    nothing = np.full(len(private), np.nan)
    asked = {name: known.get(name, nothing) for name in TYPES}
    most_lone_grown = np.where(np.isnan(asked[REST]), np.inf, asked[REST])
    parents = (COHABITING_PARENT, MARRIED_PARENT)
    for _ in range(ROUNDS):
        (lone, couples), (_, grown) = _families(cells, False), _families(cells, True)
        lone_grown = np.minimum(mix.lone * grown * lone / np.maximum(couples, 1e-9), most_lone_grown)
        _scale(cells, (GROWN[LONE_PARENT],), lone_grown)
        adults = mix.grown_up * (grown + lone_grown) + mix.siblings * (lone + couples)
        _scale(cells, (CHILD,), adults, slice(ADULT, None))
        _by_age_of_mother(cells, mix)
        if np.isnan(asked[WITH_MINOR]).all():
            _by_minors(cells, minors)
        _scale(cells, (ALONE,), asked[ONE])
        _scale(cells, (COHABITING, MARRIED), 2 * asked[COUPLE])
        _scale(cells, parents, 2 * asked[WITH_MINOR])
        _scale(cells, tuple(GROWN[k] for k in parents), 2 * asked[WITH_GROWN])
        _scale(cells, (LONE_PARENT,), asked[LONE])
        _scale(cells, (OTHER,), _others(cells, asked[REST], rates))
        _by_couple(cells)
        sums = cells.sum(axis=-1)
        cells *= np.where(sums > 0, private / np.where(sums > 0, sums, 1.0), 0.0)[..., None]
        empty = (sums <= 0) & (private > 0)
        cells[empty] = 0.0
        cells[..., ALONE][empty] = private[empty]
    for kind, grown_state in GROWN.items():
        cells[..., kind] += cells[..., grown_state]
    return cells[..., : totals.shape[-1]]


def types_of_households(p: Persons, n_quartiere: int) -> dict[str, np.ndarray]:
    """Private households per Quartier (i64) by type and by size, once everybody has a head."""
    inside = p.rows(p.arrangement != RESIDENT)
    head, n = p.head[inside], len(p)
    size = np.bincount(head, minlength=n)
    partner = p.partner[inside]
    couple = np.bincount(head, (partner >= 0) & (p.head[np.maximum(partner, 0)] == head), minlength=n) > 0
    child = p.arrangement[inside] == CHILD
    children = np.bincount(head, child, minlength=n)
    minor = np.bincount(head, child & (p.age[inside] < ADULT), minlength=n) > 0
    kind = np.select(
        [size == 1, couple & minor, couple & (children > 0), couple & (size == 2), ~couple & minor],
        [TYPES.index(name) for name in (ONE, WITH_MINOR, WITH_GROWN, COUPLE, LONE)],
        TYPES.index(REST),
    )
    heads = np.flatnonzero(size)
    quartier = p.quartier[heads]

    def count(chosen: np.ndarray) -> np.ndarray:
        return np.bincount(quartier[chosen[heads]], minlength=n_quartiere)

    found = {name: count(kind == i) for i, name in enumerate(TYPES)}
    found |= {name: count(np.minimum(size, 5) == i + 2) for i, name in enumerate(SIZES)}
    return {"total": count(size > 0), **found}


def report_known(report: Report, p: Persons, known: dict[str, np.ndarray], n_quartiere: int) -> None:
    """Households the region counts, by type and Quartier, and what was reached."""
    if not known:
        return
    reached = types_of_households(p, n_quartiere)
    for name, asked in known.items():
        for q in np.flatnonzero(~np.isnan(asked)):
            report.add(f"households {name}", int(q), asked[q], reached[name][q])
