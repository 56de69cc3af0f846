"""How long unions have lasted, and how the last one of the unpartnered ended."""

from __future__ import annotations

import numpy as np

from ..luck import Decision, Luck
from ..rates import RateBook
from .figures import LONE_PARENT, MARRIED, MARRIED_PARENT, Figures
from .persons import Persons, other_keys

YOUNGEST_UNION = 17
"""Nobody's union began before this age (years)."""
LONGEST = 85


def married_years(figures: Figures, rates: RateBook) -> np.ndarray:
    """Distribution function [age, years married 0..85] of a married woman's years of marriage.

    ``P(d | a)`` follows marriages at age ``a - d`` times the marriage's survival of separation to ``d``.
    """
    hazard = rates["separation_married"].values * rates.parameter("separation_married_level")
    hazard = np.concatenate((hazard, np.full(max(LONGEST - hazard.size, 0), hazard[-1])))[:LONGEST]
    survival = np.exp(-np.concatenate(([0.0], np.cumsum(hazard))))
    ages = np.arange(figures.marriages.size)
    at_marriage = ages[:, None] - np.arange(LONGEST + 1)[None]
    weight = np.where(at_marriage >= YOUNGEST_UNION, figures.marriages[np.maximum(at_marriage, 0)], 0.0) * survival
    weight[:, 0] += 1e-12
    return np.cumsum(weight, axis=1) / weight.sum(axis=1, keepdims=True)


def inverse_by_table(table: np.ndarray, row: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Inverse of distribution functions (one per row of the table), linear within a cell; float."""
    order = np.argsort(row, kind="stable")
    out = np.empty(u.size)
    bounds = np.searchsorted(row[order], np.arange(table.shape[0] + 1))
    for r in range(table.shape[0]):
        here = order[bounds[r] : bounds[r + 1]]
        if here.size:
            cell = np.minimum(np.searchsorted(table[r], u[here], side="right"), table.shape[1] - 1)
            low = np.where(cell > 0, table[r][np.maximum(cell - 1, 0)], 0.0)
            out[here] = cell + (u[here] - low) / np.maximum(table[r][cell] - low, 1e-12)
    return out


def draw_years(
    p: Persons, rows: np.ndarray, married: np.ndarray, luck: Luck, step: int, figures: Figures, rates: RateBook
) -> np.ndarray:
    """Years (float) that these persons' present marriage (or, if cohabiting, union) has lasted, by their own age."""
    u = luck.uniform(Decision.START_DURATION, step, p.key[rows])
    table = married_years(figures, rates)
    years = np.where(
        married,
        inverse_by_table(table, p.age[rows].astype(np.int64), u),
        -np.log1p(-u) / rates.parameter("cohabitation_exit"),
    )
    return np.minimum(years, p.age[rows] - YOUNGEST_UNION)


def date_unions(p: Persons, first: np.ndarray, years: np.ndarray, luck: Luck, step: int, rates: RateBook) -> None:
    """Write when the unions of couples (``first`` and their partners) began, given the years drawn for ``first``."""
    second = p.partner[first]
    oldest_start = step - 4 * (np.minimum(p.age[first], p.age[second]) - YOUNGEST_UNION)
    married = np.isin(p.arrangement[first], (MARRIED, MARRIED_PARENT))
    start = np.maximum(step - np.floor(4 * years).astype(np.int64), oldest_start)
    u = luck.uniform(Decision.START_DURATION, step, other_keys(p.key[first], 1))
    before = np.where(
        u < rates.parameter("direct_marriage"), 0.0, -np.log1p(-u) * rates.parameter("cohabitation_before_marriage")
    )
    together = np.where(married, start - np.floor(4 * before).astype(np.int64), start)
    for rows in (first, second):
        p.married_since[rows] = np.where(married, start, 0)
        p.union_since[rows] = np.maximum(together, oldest_start)


def older_than_children(
    p: Persons, first: np.ndarray, eldest: np.ndarray, luck: Luck, step: int, rates: RateBook
) -> None:
    """Let the unions of parents be older than their eldest child, but for the share of stepfamilies.

    A child born before either partner was old enough for a union is not taken for a child of both.

    ``eldest`` : birth (quarter) of each couple's eldest child in the household.
    """
    second = p.partner[first]
    married = p.arrangement[first] == MARRIED_PARENT
    share = np.where(married, rates.parameter("stepfamily_married"), rates.parameter("stepfamily_cohabiting"))
    u = luck.uniform(Decision.START_FATHER, step, p.key[first])
    own = u >= share
    rest = (u - share) / (1 - share)
    years = 0.75 - np.log1p(-np.clip(rest, 0, 1 - 1e-9)) * rates.parameter("union_before_child")
    oldest_start = step - 4 * (np.minimum(p.age[first], p.age[second]) - 16)
    start = np.maximum(eldest - np.floor(4 * years).astype(np.int64), oldest_start)
    start = np.minimum(start, eldest)
    own &= start >= oldest_start
    for rows in (first, second):
        p.union_since[rows] = np.where(own, np.minimum(p.union_since[rows], start), p.union_since[rows])


def last_unions(p: Persons, luck: Luck, step: int, figures: Figures) -> None:
    """Write how the last union of the unpartnered ended; lone parents have had one."""
    rows = p.rows((p.partner < 0) & (p.age >= 18))
    share = figures.former[p.sex[rows], p.age[rows]].copy()
    parent = p.arrangement[rows] == LONE_PARENT
    share[parent, 0] = 0.0
    total = share.sum(axis=1)
    share[total <= 0, 1], total[total <= 0] = 1.0, 1.0
    u = luck.uniform(Decision.START_DURATION, step, p.key[rows]) * total
    p.former[rows] = (u >= share[:, 0]).astype(np.int32) + (u >= share[:, 0] + share[:, 1])
    ended = p.former[rows] > 0
    v = luck.uniform(Decision.START_DURATION, step, other_keys(p.key[rows], 1))
    years = np.minimum(-np.log1p(-v) * 8.0, p.age[rows] - 18)
    p.union_since[rows] = np.where(ended, step - np.floor(4 * years).astype(np.int64), 0)
