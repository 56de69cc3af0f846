"""Families with a child under 18 and families of only grown-up children: which is which.

Where a region counts them, as many as it counts; else there are as many families with minors as minors in a usual
number per family suggest, lone parents in the usual share.
"""

from __future__ import annotations

import numpy as np

from ..luck import Decision, Luck
from ..rates import RateBook
from .balance import demote, family_heads
from .figures import CHILD, LONE_PARENT
from .known_households import ADULT, LONE, WITH_GROWN, WITH_MINOR, FamilyMix
from .persons import Persons, first_of_each, other_keys

MINOR, ONLY_GROWN = 1, 2
"""`Persons.youngest` of the head of a family."""


def children_here(p: Persons, n_quartiere: int) -> tuple[np.ndarray, np.ndarray]:
    """Children who live with a family, under 18 and older, per Quartier (i64)."""
    child = p.arrangement == CHILD
    return (
        np.bincount(p.quartier[child & (p.age < ADULT)], minlength=n_quartiere),
        np.bincount(p.quartier[child & (p.age >= ADULT)], minlength=n_quartiere),
    )


def decide_youngest(
    p: Persons, known: dict[str, np.ndarray], mix: FamilyMix, rates: RateBook, luck: Luck, step: int, n: int
) -> int:
    """Write which families have a child under 18; returns how many had to go without children.

    As many couples and lone parents of each Quartier as it counts or as usual, the likelier by their age the sooner; never more
    than there are children for, and enough for all minors.
    """
    minors, grown_up = children_here(p, n)
    families, lone_share = minors / rates.parameter("minors_per_family"), rates.parameter("lone_parents_of_minors")
    heads = family_heads(p)
    quartier = p.quartier[heads].astype(np.int64)
    chance = np.clip(mix.minor[p.sex[heads], p.age[heads]], 1e-6, 1 - 1e-6)
    u = luck.uniform(Decision.START_CHILD, step, other_keys(p.key[heads], 4))
    race = -np.log(u) * (1 - chance) / chance
    lone = p.arrangement[heads] == LONE_PARENT
    minor = np.zeros(heads.size, bool)
    for group, name, expected in ((lone, LONE, families * lone_share), (~lone, WITH_MINOR, families * (1 - lone_share))):
        there = np.bincount(quartier[group], minlength=n)
        if name == WITH_MINOR and WITH_GROWN in known:
            expected = np.where(np.isnan(known[WITH_GROWN]), expected, there - known[WITH_GROWN])
        asked = known.get(name, np.full(n, np.nan))
        wanted = np.clip(np.rint(np.where(np.isnan(asked), expected, asked)), 0, there).astype(np.int64)
        minor[group] = first_of_each(quartier[group], race[group], wanted)
    least = -(-minors // int(rates.parameter("largest_family")))
    now = np.bincount(quartier[minor], minlength=n)
    more = first_of_each(quartier[~minor], race[~minor], np.maximum(least - now, 0))
    minor[np.flatnonzero(~minor)[more]] = True
    now = np.bincount(quartier[minor], minlength=n)
    fewer = first_of_each(quartier[minor], -race[minor], np.maximum(now - minors, 0))
    minor[np.flatnonzero(minor)[fewer]] = False
    others = np.bincount(quartier[~minor], minlength=n)
    out = first_of_each(quartier[~minor], race[~minor], np.maximum(others - grown_up, 0))
    demote(p, heads[~minor][out])
    p.youngest[heads] = np.where(minor, MINOR, ONLY_GROWN)
    return int(out.sum())
