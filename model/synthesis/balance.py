"""Before children are given to families: as many families as a Quartier's children need, and never more."""

from __future__ import annotations

import numpy as np

from ..luck import Decision, Luck
from ..rates import RateBook
from .figures import (
    ALONE,
    CHILD,
    COHABITING,
    COHABITING_PARENT,
    INSTITUTIONS,
    LONE_PARENT,
    MARRIED,
    MARRIED_PARENT,
    OTHER,
)
from .persons import RESIDENT, Persons, first_of_each

WITHOUT_CHILDREN = {LONE_PARENT: ALONE, COHABITING_PARENT: COHABITING, MARRIED_PARENT: MARRIED}
WITH_CHILDREN = {COHABITING: COHABITING_PARENT, MARRIED: MARRIED_PARENT}
OTHER_COMMUNAL = INSTITUTIONS.index("other_communal") + 1
USUAL_GAP = 30
"""Years between mother and child at which a childless household is preferred, where more families are needed."""


def family_heads(p: Persons) -> np.ndarray:
    """Heads of families: the woman of a couple of parents, else the lone parent (positions)."""
    return p.rows(np.isin(p.arrangement, tuple(WITHOUT_CHILDREN)) & ((p.sex == 1) | (p.arrangement == LONE_PARENT)))


def _set(p: Persons, head: np.ndarray, change: dict[int, int]) -> None:
    for rows in (head, p.partner[head][p.partner[head] >= 0]):
        now = p.arrangement[rows].copy()
        for old, new in change.items():
            p.arrangement[rows[now == old]] = new


def demote(p: Persons, head: np.ndarray) -> None:
    """Let these families live without children from the start."""
    _set(p, head, WITHOUT_CHILDREN)


def too_many(p: Persons, luck: Luck, step: int, n_quartiere: int) -> int:
    """Families that no child is left for live without children from the start; returns how many."""
    head = family_heads(p)
    child = p.arrangement == CHILD
    spare = np.bincount(p.quartier[head], minlength=n_quartiere) - np.bincount(p.quartier[child], minlength=n_quartiere)
    out = first_of_each(p.quartier[head], luck.uniform(Decision.START_CHILD, step, p.key[head]), np.maximum(spare, 0))
    demote(p, head[out])
    return int(out.sum())


def too_few(p: Persons, rates: RateBook, n_quartiere: int) -> tuple[int, int]:
    """Where a Quartier has children but too few families: childless households become families.

    Couples first, then women, then men, then its own grown-up children; the nearest to the usual gap of ages first. A
    Quartier without any adult: its minors live in one institution. Returns families made and such minors.
    """
    head = family_heads(p)
    families = np.bincount(p.quartier[head], minlength=n_quartiere)
    children = np.bincount(p.quartier[p.arrangement == CHILD], minlength=n_quartiere)
    largest = int(rates.parameter("largest_family"))
    made = lost = 0
    for q in np.flatnonzero(children > largest * families):
        wanted = -(-int(children[q]) // largest) - int(families[q])
        made += _make_families(p, int(q), wanted)
        if not np.any((p.quartier == q) & np.isin(p.arrangement, tuple(WITHOUT_CHILDREN))):
            rows = p.rows((p.quartier == q) & (p.arrangement == CHILD))
            p.arrangement[rows], p.kind[rows] = RESIDENT, OTHER_COMMUNAL
            lost += rows.size
    return made, lost


def _make_families(p: Persons, q: int, wanted: int) -> int:
    here = p.quartier == q
    minors = p.rows(here & (p.arrangement == CHILD) & (p.age < 18))
    target = (p.age[minors].mean() if minors.size else 10.0) + USUAL_GAP
    in_couple = p.rows(here & np.isin(p.arrangement, tuple(WITH_CHILDREN)) & (p.sex == 1) & (p.partner >= 0))
    in_couple = in_couple[p.sex[p.partner[in_couple]] == 0]
    single = p.rows(here & np.isin(p.arrangement, (ALONE, OTHER)) & (p.age >= 18))
    rows = np.concatenate((in_couple, single))
    rank = np.concatenate((np.zeros(in_couple.size), 2.0 - p.sex[single]))
    order = np.lexsort((p.key[rows], np.abs(p.age[rows] - target), rank))[:wanted]
    chosen = rows[order]
    if (
        chosen.size == 0
    ):  # nobody but children: the eldest of the grown-up ones stands in for minors, the others live alone
        grown = p.rows(here & (p.arrangement == CHILD) & (p.age >= 18))
        p.arrangement[grown] = ALONE
        chosen = grown[np.lexsort((p.key[grown], -p.age[grown]))][: int(minors.size > 0)]
    _set(p, chosen[p.partner[chosen] >= 0], WITH_CHILDREN)
    p.arrangement[chosen[p.partner[chosen] < 0]] = LONE_PARENT
    return chosen.size
