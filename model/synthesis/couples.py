"""Who lives with whom: as many men as women in each kind of union of a Quartier, then pairs by the gap of ages."""

from __future__ import annotations

import numpy as np
from scipy.special import stdtrit

from ..luck import Decision, Luck
from ..rates import RateBook
from .figures import ALONE, COHABITING, COUPLES, MARRIED, MARRIED_PARENT, OTHER, Figures
from .persons import Persons, first_of_each, rank_in_group
from .unions import date_unions, draw_years

QUANTILES = 200
"""Points of the inverse distribution of age gaps; the last lies at 0.25 %, beyond it the gap grows no more."""
N_KINDS = 8


def even_out(p: Persons, luck: Luck, step: int, figures: Figures, n_quartiere: int) -> int:
    """As many women as men in each kind of union of every Quartier; returns how many persons changed.

    Both numbers go to their mean (rounded down): those in excess live alone; those missing come from the people alone
    or `other` to whom the union is likeliest at their age. Whom nobody can be found for lives alone.
    """
    changed = 0
    lottery = luck.uniform(Decision.START_ARRANGEMENT, step, p.key)
    for kind in COUPLES:
        for ask_others in (True, False):
            member = p.rows(p.arrangement == kind)
            side = p.quartier[member].astype(np.int64) * 2 + p.sex[member]
            count = np.bincount(side, minlength=2 * n_quartiere).reshape(n_quartiere, 2)
            wanted = count.sum(axis=1, keepdims=True) // 2 if ask_others else count.min(axis=1, keepdims=True)
            out = first_of_each(side, lottery[member], np.maximum(count - wanted, 0).ravel())
            p.arrangement[member[out]] = ALONE
            changed += int(out.sum())
            if ask_others:
                changed += _fill(p, kind, np.maximum(wanted - count, 0), lottery, figures)
    return changed


def _fill(p: Persons, kind: int, missing: np.ndarray, lottery: np.ndarray, figures: Figures) -> int:
    rows = p.rows(np.isin(p.arrangement, (ALONE, OTHER)) & (p.age >= 18) & (missing[p.quartier, p.sex] > 0))
    shares = figures.arrangement[p.sex[rows], p.age[rows]]
    odds = shares[:, kind] / np.maximum(shares[:, ALONE] + shares[:, OTHER], 1e-6)
    wait = -np.log(lottery[rows]) / np.maximum(odds, 1e-9)  # exponential races: the likelier, the earlier
    chosen = first_of_each(p.quartier[rows] * 2 + p.sex[rows], wait, missing.ravel())
    p.arrangement[rows[chosen]] = kind
    return int(chosen.sum())


def _age_gap(age_at_start: np.ndarray, u: np.ndarray, rates: RateBook) -> np.ndarray:
    """The partner's age minus the woman's (years), by her age when the union began, as on the partner market of the run.

    Student t whose scale differs below and above its mode, no farther from it than the market looks.
    """
    names = ("mode", "below", "above", "freedom")
    labels = rates["partner_age_mode"].labels[0]
    first = np.array([int(str(label).rstrip("+").split("-")[0]) for label in labels])
    band = np.maximum(np.searchsorted(first, age_at_start, side="right") - 1, 0)
    grid, reach = (np.arange(QUANTILES) + 0.5) / QUANTILES, rates.parameter("partner_age_reach")
    out = np.empty(u.size)
    for b in range(len(labels)):
        mode, below, above, freedom = (float(rates[f"partner_age_{name}"].values[b]) for name in names)
        younger = below / (below + above)
        part = np.where(grid < younger, grid / (2 * younger), 1 - (1 - grid) / (2 * (1 - younger)))
        gap = np.where(grid < younger, below, above) * stdtrit(freedom, part)
        here = band == b
        out[here] = mode + np.interp(u[here], grid, np.clip(gap, -reach, reach))
    return out


def _same_sex(
    p: Persons, group: np.ndarray, rows: np.ndarray, lottery: np.ndarray, share: float, n_groups: int
) -> np.ndarray:
    """Which of these persons (one sex, without children) live with one of their own sex; an even number per group."""
    count = np.bincount(group, minlength=n_groups)
    pairs = np.diff(np.concatenate(([0], np.floor(np.cumsum(count * share / 2) + 0.5)))).astype(np.int64)
    return first_of_each(group, lottery[rows], 2 * np.minimum(pairs, count // 2))


def pair(p: Persons, luck: Luck, step: int, figures: Figures, rates: RateBook, n_quartiere: int) -> np.ndarray:
    """Pair everyone in a union within the Quartier; returns the couples' reference persons (the woman, or one of two).

    Women are sorted by the age of the partner they are looking for (the age differences of the partner market at the age
    when the union began), men by their age, and paired in order; 2.6 % of couples are of one sex.
    """
    in_union = np.isin(p.arrangement, COUPLES)
    women, men = p.rows(in_union & (p.sex == 1)), p.rows(in_union & (p.sex == 0))
    married = np.isin(p.arrangement, (MARRIED, MARRIED_PARENT))
    wished = p.age + (step - p.birth) % 4 / 4.0
    years = np.zeros(len(p))
    years[women] = draw_years(p, women, married[women], luck, step, figures, rates)
    u = luck.uniform(Decision.START_PAIRING, step, p.key[women])
    wished[women] += _age_gap(p.age[women] - years[women], u, rates)
    group = p.quartier.astype(np.int64) * N_KINDS + p.arrangement
    childless = np.isin(p.arrangement, (COHABITING, MARRIED))
    lottery = luck.uniform(Decision.SAME_SEX, step, p.key)
    share = rates.parameter("same_sex_share") * women.size / max(np.count_nonzero(childless[women]), 1)
    alike = []
    rest = []
    for rows in (women, men):
        candidates = rows[childless[rows]]
        chosen = _same_sex(p, group[candidates], candidates, lottery, min(share, 1.0), n_quartiere * N_KINDS)
        same = candidates[chosen]
        alike.append(same[np.lexsort((p.key[same], wished[same], group[same]))])
        others = np.setdiff1d(rows, same, assume_unique=True)
        rest.append(others[np.lexsort((p.key[others], wished[others], group[others]))])
    first, second = _join(p, rest[0], rest[1], alike, group)
    p.partner[first], p.partner[second] = second, first
    two_men = first[p.sex[first] == 0]
    years[two_men] = draw_years(p, two_men, married[two_men], luck, step, figures, rates)
    date_unions(p, first, years[first], luck, step, rates)
    return first


def _join(
    p: Persons, women: np.ndarray, men: np.ndarray, alike: list[np.ndarray], group: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Pair sorted women with sorted men of equal groups, and the sorted same-sex candidates two by two."""
    n_groups = int(group.max(initial=0)) + 1
    fewer = np.minimum(np.bincount(group[women], minlength=n_groups), np.bincount(group[men], minlength=n_groups))
    keep_women = rank_in_group(group[women]) < fewer[group[women]]
    keep_men = rank_in_group(group[men]) < fewer[group[men]]
    for rows in (women[~keep_women], men[~keep_men]):
        p.arrangement[rows] = ALONE
    firsts = [women[keep_women], *(rows[0::2] for rows in alike)]
    seconds = [men[keep_men], *(rows[1::2] for rows in alike)]
    return np.concatenate(firsts), np.concatenate(seconds)
