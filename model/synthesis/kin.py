"""Kin across households: children borne, which adults of the town are theirs, who lives elsewhere."""

from __future__ import annotations

import numpy as np

from ..kin_distance import one_child, start_place
from ..luck import Decision, Luck, pair_keys
from ..rates import RateBook
from .children import gaps
from .figures import CHILD, Figures
from .persons import Persons, first_of_each, other_keys, rank_in_group

NESTED_BELOW = 38
"""Below this age of a woman the children at home are (nearly) all she has; above, less and less so (next line)."""
NESTED_FADES = 4.0
FIRST_MOTHER = 15
TRIES = 3
"""How often a child who lives in town looks for a Quartier with somebody of its age, before any will do."""


def _at_home(p: Persons) -> np.ndarray:
    out = np.zeros(len(p), np.int64)
    child = p.rows((p.arrangement == CHILD) & (p.mother >= 0))
    np.add.at(out, p.mother[child], 1)
    return out


def children_borne(p: Persons, luck: Luck, step: int, figures: Figures) -> np.ndarray:
    """Children borne by each person (i64, men 0), at least those at home; per age close to the table's shares.

    Women of an age are ranked by their children at home, with the more luck the older they are, and take the number of
    children at their rank in the table.
    """
    home = _at_home(p)
    women = p.rows((p.sex == 1) & (p.age >= FIRST_MOTHER))
    u = luck.uniform(Decision.START_PARITY, step, p.key[women])
    blur = 0.99 + np.clip((p.age[women] - NESTED_BELOW) / NESTED_FADES, 0, 3)
    score = home[women] + blur * u
    none_at_home = home[women] == 0
    all_women = np.bincount(p.age[women], minlength=figures.children.shape[0])
    childless = np.rint(figures.children[:, 0] * all_women).astype(np.int64)
    score[none_at_home] += first_of_each(p.age[women[none_at_home]], u[none_at_home], childless) * -10.0
    women = women[np.lexsort((p.key[women], score, p.age[women]))]
    count = np.bincount(p.age[women], minlength=figures.children.shape[0])
    v = luck.uniform(Decision.START_PARITY, step, other_keys(p.key[women], 1))
    rank = (rank_in_group(p.age[women]) + v) / np.maximum(count[p.age[women]], 1)
    cdf = np.cumsum(figures.children, axis=1)[p.age[women]]
    out = np.zeros(len(p), np.int64)
    out[women] = np.maximum((rank[:, None] >= cdf[:, :-1]).sum(axis=1), home[women])
    return out


def _absent_children(
    p: Persons, borne: np.ndarray, luck: Luck, step: int, rates: RateBook, figures: Figures
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Living children not at home: their mother (position), their age (years, >= 0), a key of their own."""
    mothers = p.rows(borne > 0)
    away = (borne - _at_home(p))[mothers]
    mother = np.repeat(mothers, away)
    number = rank_in_group(mother)
    key = pair_keys(p.key[mother], number.astype(np.uint64) + np.uint64(100))
    mean = rates.parameter("child_mother_age") - rates.parameter("child_mother_age_decline") * np.maximum(
        p.age[mother] - 28, 0
    )
    mean = np.maximum(mean, rates.parameter("child_mother_age_lowest"))
    first_key = other_keys(p.key[mother], 100)
    u = luck.uniform(Decision.START_KIN, step, first_key)
    z = np.log(u / (1 - u)) * np.sqrt(3) / np.pi  # logistic with unit variance: a normal's shape, inverse in one line
    gap, _ = gaps(key, luck, step, rates, mother.size / max(mother.size - mothers[away > 0].size, 1))
    since = np.cumsum(np.where(number == 0, 0.0, gap))
    since -= since[np.flatnonzero(number == 0)][np.cumsum(number == 0) - 1] if mother.size else 0.0
    first_birth = mean - 2.0 + rates.parameter("child_mother_age_spread") * z
    at_birth = np.clip(first_birth + since, 17, np.minimum(47, p.age[mother]))
    age = np.floor(p.age[mother] - at_birth).astype(np.int64)
    alive = luck.uniform(Decision.START_KIN, step, other_keys(key, 1)) < figures.child_alive[p.age[mother]]
    return mother[alive], np.maximum(age[alive], 0), key[alive]


def _match(
    slot_code: np.ndarray, slot_key: np.ndarray, adult_code: np.ndarray, adult_key: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Pair slots and adults of equal code, both in the order of their keys; positions of the pairs."""
    slots, adults = np.lexsort((slot_key, slot_code)), np.lexsort((adult_key, adult_code))
    size = int(max(slot_code.max(initial=0), adult_code.max(initial=0))) + 1
    fewer = np.minimum(np.bincount(slot_code, minlength=size), np.bincount(adult_code, minlength=size))
    slots = slots[rank_in_group(slot_code[slots]) < fewer[slot_code[slots]]]
    adults = adults[rank_in_group(adult_code[adults]) < fewer[adult_code[adults]]]
    return slots, adults


def _quartier_of_child(weight: np.ndarray, mother_quartier: np.ndarray, u: np.ndarray) -> np.ndarray:
    """The Quartier where a child lives, by the mother's and a uniform number; ``weight`` [from, to]."""
    out = np.empty(u.size, np.int64)
    order = np.argsort(mother_quartier, kind="stable")
    bounds = np.searchsorted(mother_quartier[order], np.arange(len(weight) + 1))
    for q, sums in enumerate(np.cumsum(weight, axis=1)):
        here = order[bounds[q] : bounds[q + 1]]
        out[here] = np.minimum(np.searchsorted(sums, u[here] * sums[-1], side="right"), len(sums) - 1)
    return out


def link(
    p: Persons, borne: np.ndarray, luck: Luck, step: int, rates: RateBook, figures: Figures, decay: np.ndarray
) -> None:
    """Link grown-up children of the town to their mothers (and her partner, if they were together); count the others.

    A share of the children not at home live in the town, in Quartiere by their adults times ``decay`` [from, to]; each
    becomes an adult of that age without a known mother, as long as there are such. All other grown-up children, and
    the minors who live outside the town, are counted in ``kin_away`` by distance.
    """
    mother, age, key = _absent_children(p, borne, luck, step, rates, figures)
    share = rates.parameter("kin_in_town")
    u = luck.uniform(Decision.JOIN_KIN, step, key)
    in_town = u < share
    taken = np.zeros(mother.size, bool)
    n_ages = figures.children.shape[0]
    for attempt in range(TRIES + 1):
        slot = np.flatnonzero(in_town & ~taken & (age >= 18))
        adult = p.rows((p.mother < 0) & (p.age >= 18) & (p.arrangement != CHILD))
        wanted, there = np.zeros(slot.size, np.int64), np.zeros(adult.size, np.int64)
        if attempt < TRIES:
            there = p.quartier[adult].astype(np.int64)
            spot = luck.uniform(Decision.START_KIN, step, other_keys(key[slot], 2 + attempt))
            weight = decay * np.bincount(there, minlength=len(decay))
            wanted = _quartier_of_child(weight, p.quartier[mother[slot]], spot)
        pair_slot, pair_adult = _match(
            wanted * n_ages + age[slot], key[slot], there * n_ages + p.age[adult], p.key[adult]
        )
        slot, adult = slot[pair_slot], adult[pair_adult]
        good = (p.birth[adult] - p.birth[mother[slot]] >= 60) & (p.birth[adult] - p.birth[mother[slot]] < 200)
        slot, adult = slot[good], adult[good]
        p.mother[adult] = mother[slot]
        taken[slot] = True
    away = np.flatnonzero(~taken & ((age >= 18) | ~in_town))
    rest = np.where(in_town, u / share, (u - share) / (1 - share))[away]
    np.add.at(p.kin_away, mother[away], one_child(start_place(rates, rest)))
    _partners(p)
    _men(p, luck, step, rates, figures)


def _partners(p: Persons) -> None:
    """Fathers of grown-up children who live elsewhere: the mother's partner, if they were together at the birth."""
    child = p.rows((p.arrangement != CHILD) & (p.mother >= 0) & (p.father < 0))
    partner = p.partner[p.mother[child]]
    his = (partner >= 0) & (p.union_since[p.mother[child]] <= p.birth[child])
    his &= p.sex[np.maximum(partner, 0)] == 0
    his &= p.birth[child] - p.birth[np.maximum(partner, 0)] >= 60
    p.father[child[his]] = partner[his]


def _men(p: Persons, luck: Luck, step: int, rates: RateBook, figures: Figures) -> None:
    """Men count the children of their partner; men of 50 and older without one draw theirs from the women's table."""
    men = p.rows((p.sex == 0) & (p.partner >= 0))
    men = men[p.sex[p.partner[men]] == 1]
    p.kin_away[men] = p.kin_away[p.partner[men]]
    single = p.rows((p.sex == 0) & (p.partner < 0) & (p.age >= 50))
    cdf = np.cumsum(figures.children, axis=1)[p.age[single]]
    cdf = cdf + (1 - cdf) * rates.parameter("childless_men_more") / np.maximum(1 - cdf[:, :1], 1e-9)
    u = luck.uniform(Decision.START_KIN, step, p.key[single])
    borne = (u[:, None] >= cdf[:, :-1]).sum(axis=1)
    for child in range(1, 5):
        v = luck.uniform(Decision.START_KIN, step, other_keys(p.key[single], child))
        chance = figures.child_alive[p.age[single]] * (1 - rates.parameter("kin_in_town"))
        away = (borne >= child) & (v < chance)
        p.kin_away[single[away]] += one_child(start_place(rates, v[away] / chance[away]))


def last_births(p: Persons, borne: np.ndarray, luck: Luck, step: int, rates: RateBook) -> None:
    """Write parity (3 = three and more) and the quarter of a woman's last confinement."""
    p.parity[:] = np.minimum(borne, 3)
    latest = np.zeros(len(p), np.int64)
    child = p.rows(p.mother >= 0)
    np.maximum.at(latest, p.mother[child], p.birth[child])
    unknown = p.rows((borne > 0) & (latest == 0))
    u = luck.uniform(Decision.START_CHILD, step, other_keys(p.key[unknown], 3))
    mean = rates.parameter("child_mother_age")
    gap = np.clip(mean + rates.parameter("child_mother_age_spread") * np.log(u / (1 - u)) * np.sqrt(3) / np.pi, 16, 46)
    latest[unknown] = np.minimum(p.birth[unknown] + np.floor(4 * gap).astype(np.int64), step)
    p.last_birth[:] = np.where(borne > 0, latest, 0)
