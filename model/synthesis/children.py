"""Whose child: every child of a Quartier goes to a family of it, at an age its mother can have borne it.

Families get a number of children first (their sum is the Quartier's children), then the ages they would have: one child
drawn by the mother's age, its siblings at the usual gaps. Wished and real children are sorted by age and matched in
order, so that gaps between siblings survive; pairs that are impossible are exchanged with the nearest possible ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba as nb
import numpy as np
from scipy.special import gammaincinv

from ..columns import Former
from ..luck import Decision, Luck, pair_keys
from ..rates import RateBook
from .arrangements import ADULT, birth_density
from .figures import ALONE, CHILD, COHABITING_PARENT, LONE_PARENT, MARRIED_PARENT, PARENTS, Figures
from .persons import Persons, other_keys, rank_in_group
from .unions import inverse_by_table
from .youngest import MINOR, ONLY_GROWN, children_here

FATHER_OLDER = 3
"""Years by which a lone father counts as younger, so that one curve of mothers' ages serves both."""
SMOOTHING = 7


@dataclass
class Families:
    """One entry per family, by Quartier and head: the head (the woman, or the lone father) and number of children.

    ``youngest`` is `MINOR` or `ONLY_GROWN`; ``pool`` names the families that share a number of children: twice the
    Quartier, plus one if only grown.
    """

    head: np.ndarray
    quartier: np.ndarray
    mother_age: np.ndarray
    size: np.ndarray
    youngest: np.ndarray
    pool: np.ndarray


def find_families(p: Persons) -> Families:
    """The families of those who live as parents; couples of parents count once, by the woman."""
    head = p.rows(np.isin(p.arrangement, PARENTS) & ((p.sex == 1) | (p.arrangement == LONE_PARENT)))
    age = p.age[head] - np.where(p.sex[head] == 0, FATHER_OLDER, 0)
    quartier, youngest = p.quartier[head].astype(np.int64), p.youngest[head]
    pool = 2 * quartier + (youngest == ONLY_GROWN)
    return Families(head, quartier, np.maximum(age, 18), np.ones(head.size, np.int64), youngest, pool)


def _mean_beyond_first(p: Persons, f: Families, density: np.ndarray, children: np.ndarray) -> np.ndarray:
    """Expected children beyond the first, by the mother's age [age]: children by the age of their mother / families."""
    ages = density.shape[1]
    expected = children @ density
    families = np.bincount(f.mother_age, minlength=ages)[:ages]
    window = np.ones(SMOOTHING)
    smooth = np.convolve(expected, window, "same") / np.maximum(np.convolve(families, window, "same"), 1e-9)
    return np.clip(smooth - 1, 0.03, 3.0)


def _tilted(figures: Figures, rates: RateBook) -> tuple[np.ndarray, np.ndarray]:
    """Distribution functions of the number of children [mean on a grid, 1..6] and their means, ascending.

    At one age of the mother numbers differ less than over all families, so the national shares are narrowed around two.
    """
    n = np.arange(1, figures.family_size.size + 1)
    tilt = np.exp(np.linspace(-6, 4, 401))[:, None]
    narrow = np.exp(-rates.parameter("family_size_narrowing") * (n - 2.0) ** 2)
    p = figures.family_size * narrow * tilt**n
    p /= p.sum(axis=1, keepdims=True)
    return np.cumsum(p, axis=1), p @ n


def number_of_children(
    p: Persons,
    f: Families,
    luck: Luck,
    step: int,
    rates: RateBook,
    figures: Figures,
    density: np.ndarray,
    children: np.ndarray,
) -> None:
    """Write the families' sizes: at least one child each, their sum per pool the pool's ``children``."""
    child, n_pools = p.arrangement == CHILD, children.size
    beyond = _mean_beyond_first(p, f, density, np.bincount(p.age[child], minlength=density.shape[0]))[f.mother_age]
    form = {
        MARRIED_PARENT: "family_size_married",
        COHABITING_PARENT: "family_size_cohabiting",
        LONE_PARENT: "family_size_lone_parent",
    }
    for arrangement, name in form.items():
        beyond[p.arrangement[f.head] == arrangement] *= rates.parameter(name)
    spare = children - np.bincount(f.pool, minlength=n_pools)
    level = spare / np.maximum(np.bincount(f.pool, beyond, minlength=n_pools), 1e-9)
    table, means = _tilted(figures, rates)
    row = np.clip(np.searchsorted(means, 1 + level[f.pool] * beyond), 0, means.size - 1)
    u = luck.uniform(Decision.START_PARITY, step, p.key[f.head])
    cdf = table[row]
    f.size = 1 + (u[:, None] >= cdf[:, :-1]).sum(axis=1)
    _meet(f, children, u, cdf)


def _meet(f: Families, children: np.ndarray, u: np.ndarray, cdf: np.ndarray) -> None:
    """Add or take children, one per family and pass, first where luck was closest to it, until the sums are right."""
    for _ in range(int(children.max(initial=0)) + 1):
        missing = children - np.bincount(f.pool, f.size, minlength=children.size).astype(np.int64)
        missing[np.bincount(f.pool, minlength=children.size) == 0] = 0
        if not missing.any():
            return
        size = np.minimum(f.size, cdf.shape[1])
        above = np.take_along_axis(cdf, size[:, None] - 1, axis=1)[:, 0] - u
        below = u - np.where(size > 1, np.take_along_axis(cdf, np.maximum(size - 2, 0)[:, None], axis=1)[:, 0], 0.0)
        more = missing[f.pool] > 0
        distance = np.where(more, above + 10.0 * (f.size >= cdf.shape[1]), np.where(f.size > 1, below, np.inf))
        place = np.lexsort((distance, f.pool))
        quota = np.abs(missing)[f.pool[place]]
        chosen = place[(rank_in_group(f.pool[place]) < quota) & np.isfinite(distance[place])]
        f.size[chosen] += np.where(more[chosen], 1, -1)


def gaps(
    keys: np.ndarray, luck: Luck, step: int, rates: RateBook, births_per_gap: float
) -> tuple[np.ndarray, np.ndarray]:
    """Years (float) between a birth and the next, and whether it is a twin's (then 0); one key per gap.

    ``births_per_gap`` : births over births after the first; turns the share of twin confinements into one of gaps.
    """
    u = luck.uniform(Decision.START_CHILD, step, keys)
    twin_share = min(rates.parameter("twin_share") / rates.parameter("births_per_confinement") * births_per_gap, 0.2)
    twin = u < twin_share
    smallest, mean = rates.parameter("sibling_gap_smallest"), rates.parameter("sibling_gap_mean")
    rest = np.clip((u - twin_share) / (1 - twin_share), 0.0, 1 - 1e-9)
    return np.where(twin, 0.0, smallest + (mean - smallest) * gammaincinv(2.0, rest) / 2.0), twin


def wished_ages(
    p: Persons, f: Families, luck: Luck, step: int, rates: RateBook, density: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ages of the children the families would have: (family of each slot, age in years, twin of the next younger)."""
    child = p.arrangement == CHILD
    number_of_age = np.bincount(p.age[child], minlength=density.shape[0])
    u = luck.uniform(Decision.START_CHILD, step, p.key[f.head])
    by_mother = (number_of_age[:, None] * density).T + 1e-12

    def draw(here: np.ndarray, ages: slice) -> np.ndarray:
        table = np.cumsum(by_mother[:, ages], axis=1) / by_mother[:, ages].sum(axis=1, keepdims=True)
        return inverse_by_table(table, f.mother_age[here].astype(np.int64), u[here]) + (ages.start or 0)

    drawn = draw(np.arange(f.head.size), slice(None))
    family = np.repeat(np.arange(f.head.size), f.size)
    number = rank_in_group(family)
    births_per_gap = family.size / max(family.size - f.head.size, 1)
    keys = pair_keys(p.key[f.head[family]], number.astype(np.uint64) + np.uint64(2))
    gap, twin = gaps(keys, luck, step, rates, births_per_gap)
    gap, twin = np.where(number == 0, 0.0, gap), twin & (number > 0)
    since_first = np.cumsum(gap)
    starts = np.cumsum(f.size) - f.size
    since_first -= since_first[starts][family]
    which = np.floor(luck.uniform(Decision.START_CHILD, step, other_keys(p.key[f.head], 1)) * f.size).astype(np.int64)
    youngest = drawn - since_first[starts + which]
    for kind, ages, wrong in (
        (MINOR, slice(0, ADULT), youngest >= ADULT),
        (ONLY_GROWN, slice(ADULT, None), youngest < ADULT),
    ):
        again = np.flatnonzero((f.youngest == kind) & wrong)
        if again.size:
            youngest[again] = draw(again, ages) - since_first[starts + which][again]
    youngest = np.maximum(youngest, np.where(f.youngest == ONLY_GROWN, ADULT, 0.0))
    return family, youngest[family] + since_first, twin


@nb.njit(cache=True)
def _possible(child_birth, parent_birth, lone_father):
    gap = child_birth - parent_birth
    return (60 <= gap < 200) or (lone_father and 72 <= gap < 248)


@nb.njit(cache=True)
def _exchange(order, bounds, births, family, parent_birth, lone_father):
    """Exchange impossible matches with the nearest that makes both possible. Returns how many stay impossible."""
    left = 0
    for q in range(bounds.size - 1):
        low, high = bounds[q], bounds[q + 1]
        for i in range(low, high):
            f = family[i]
            if _possible(births[order[i]], parent_birth[f], lone_father[f]):
                continue
            found = False
            for distance in range(1, high - low):
                for sign in (-1, 1):
                    j = i + sign * distance
                    if j < low or j >= high or found:
                        continue
                    g = family[j]
                    if _possible(births[order[j]], parent_birth[f], lone_father[f]) and (
                        _possible(births[order[i]], parent_birth[g], lone_father[g])
                    ):
                        order[i], order[j] = order[j], order[i]
                        found = True
                if found:
                    break
            if not found:
                left += 1
    return left


@nb.njit(cache=True)
def _space(children, family, twin, births, now):
    """Set the quarters of birth of siblings, youngest first, at least three quarters apart; else they are twins.

    ``children`` sorted by family, youngest first. Only the quarter within the year of age changes.
    """
    for i in range(1, children.size):
        if family[i] != family[i - 1]:
            continue
        older, younger = children[i], children[i - 1]
        apart = (now - births[older]) // 4 - (now - births[younger]) // 4
        quarter = (now - births[younger]) % 4
        year_start = births[older] + (now - births[older]) % 4
        if apart == 0:
            if twin[i] or (quarter > 0 and i > 1 and family[i - 2] == family[i - 1]):
                births[older] = births[younger]
            else:
                births[younger] += quarter
                births[older] = births[younger] - 3
        elif apart == 1 and births[younger] - births[older] < 3:
            births[older] = year_start - max((now - births[older]) % 4, quarter - 1)


def match(
    p: Persons, f: Families, slots: tuple[np.ndarray, np.ndarray, np.ndarray], step: int, n_quartiere: int
) -> int:
    """Give every child its family (``head``) and, where ages allow, a parent; returns how many have none."""
    family, wished, twin = slots
    child = p.rows((p.arrangement == CHILD) & (np.bincount(f.quartier, minlength=n_quartiere)[p.quartier] > 0))
    order = child[np.lexsort((p.key[child], -p.birth[child], p.quartier[child]))]
    part_of_child = 2 * p.quartier[order].astype(np.int64) + (p.age[order] >= ADULT)
    minors = np.bincount(part_of_child, minlength=2 * n_quartiere)[::2]
    grown_up = _grown_up_slots(f, slots, minors, p.key[f.head])
    wished = np.where(grown_up, ADULT + np.abs(wished - ADULT), wished)  # who cannot be 16 is rather 20 than 18
    part = 2 * f.quartier[family] + grown_up
    place = np.lexsort((p.key[f.head[family]], wished, part))
    family, twin = family[place], twin[place]
    bounds = np.searchsorted(part_of_child, np.arange(2 * n_quartiere + 1))
    births = p.birth.astype(np.int64)
    lone_father = p.sex[f.head] == 0
    _exchange(order, bounds, births, family, births[f.head], lone_father)
    sequence = np.lexsort((p.key[order], -births[order], family))
    order, family, twin = order[sequence], family[sequence], twin[sequence]
    _space(order, family, twin, births, step)
    p.birth[:] = births
    head = f.head[family]
    p.head[order] = head
    gap = births[order] - births[head]
    own = (gap >= 60) & (gap < 200) | lone_father[family] & (gap >= 60) & (gap < 248)
    mothers = own & ~lone_father[family]
    p.mother[order[mothers]] = head[mothers]
    p.father[order[own & ~mothers]] = head[own & ~mothers]
    return int(np.count_nonzero(~own))


def _grown_up_slots(
    f: Families, slots: tuple[np.ndarray, np.ndarray, np.ndarray], minors: np.ndarray, keys: np.ndarray
) -> np.ndarray:
    """Which slots are for grown-up children (bool): all but as many of each Quartier as it has minors.

    The youngest child of every family with minors is one; then those of such families who would be youngest.
    """
    family, wished, _ = slots
    first = np.concatenate(([True], family[1:] != family[:-1])) if family.size else np.zeros(0, bool)
    rank = np.where(f.youngest[family] == ONLY_GROWN, 2, np.where(first, 0, 1))
    order = np.lexsort((keys[family], wished, rank, f.quartier[family]))
    out = np.empty(family.size, bool)
    out[order] = rank_in_group(f.quartier[family[order]]) >= minors[f.quartier[family[order]]]
    return out


def eldest(p: Persons, heads: np.ndarray) -> np.ndarray:
    """Birth (quarter) of the eldest child whose household these persons head."""
    out = np.full(len(p), np.iinfo(np.int32).max, np.int64)
    child = p.rows((p.arrangement == CHILD) & (p.head >= 0))
    np.minimum.at(out, p.head[child], p.birth[child])
    return out[heads]


def fathers(p: Persons, luck: Luck, step: int, rates: RateBook) -> None:
    """Write fathers: the mother's partner if the union is older than the child, else (one in two) a man of the town."""
    child = p.rows((p.arrangement == CHILD) & (p.mother >= 0) & (p.father < 0))
    mother = p.mother[child]
    partner = p.partner[mother]
    his = (partner >= 0) & (p.union_since[mother] <= p.birth[child])
    his &= p.sex[np.maximum(partner, 0)] == 0
    young = p.birth[child] - p.birth[np.maximum(partner, 0)] < 60
    p.father[child[his & ~young]] = partner[his & ~young]
    absent = child[~his]
    u = luck.uniform(Decision.START_FATHER, step, p.key[p.mother[absent]])
    share = rates.parameter("father_known_in_town")
    absent, u = absent[u < share], u[u < share] / share
    men = p.rows((p.sex == 0) & (p.arrangement == ALONE) & (p.age >= 20))
    men = men[np.lexsort((p.key[men], -p.birth[men]))]
    if men.size == 0:
        return
    middle = p.birth[p.mother[absent]] - 8
    low = np.searchsorted(-p.birth[men], -(middle + 16))
    high = np.maximum(np.searchsorted(-p.birth[men], -(middle - 16), side="right"), low)
    found = high > low
    pick = men[np.minimum(low + np.floor(u * (high - low)).astype(np.int64), men.size - 1)]
    found &= (p.birth[absent] - p.birth[pick] >= 60) & (p.birth[absent] - p.birth[pick] < 280)
    absent, pick = absent[found], pick[found]
    p.father[absent] = pick
    p.former[pick] = Former.SEPARATED
    p.union_since[pick] = np.where(p.union_since[pick] > 0, p.union_since[pick], np.minimum(p.birth[absent] + 12, step))


def _children_by_pool(p: Persons, f: Families, rates: RateBook, n_quartiere: int) -> np.ndarray:
    """Children (i64) that the families of each pool share."""
    minors, grown_up = children_here(p, n_quartiere)
    families = np.bincount(f.pool, minlength=2 * n_quartiere)
    wanted = np.rint(rates.parameter("grown_up_children_per_family") * families[1::2]).astype(np.int64)
    alone = np.where(families[::2] > 0, np.minimum(np.maximum(wanted, families[1::2]), grown_up), grown_up)
    alone[families[1::2] == 0] = 0
    return np.stack((minors + grown_up - alone, alone), axis=1).ravel()


def assign(
    p: Persons, luck: Luck, step: int, rates: RateBook, figures: Figures, n_quartiere: int
) -> tuple[Families, int]:
    """Everything above in order; returns the families and the number of children without a parent of fitting age."""
    density = birth_density(rates, figures.pyramid.shape[1])
    f = find_families(p)
    number_of_children(p, f, luck, step, rates, figures, density, _children_by_pool(p, f, rates, n_quartiere))
    slots = wished_ages(p, f, luck, step, rates, density)
    unlinked = match(p, f, slots, step, n_quartiere)
    return f, unlinked
