"""Whole persons from fractions: largest remainders, proportional fitting, rounding under two margins."""

from __future__ import annotations

import numba as nb
import numpy as np

TIE = 1e-9
"""Remainders closer than this are a tie; it is decided by the key, not by the last bit of a sum."""


def largest_remainder(values: np.ndarray, group: np.ndarray, totals: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Round values to integers (i64) whose sums per group are exactly the totals.

    Parameters
    ----------
    values : float [cells], not negative; scaled to the group's total first. A group without weight is spread evenly.
    group : int [cells], 0 .. groups - 1.
    totals : int [groups], not negative.
    keys : u64 [cells], decide ties.
    """
    count = np.bincount(group, minlength=totals.size)
    weight = np.bincount(group, values, minlength=totals.size)
    even = (weight <= 0)[group]
    share = np.where(even, 1.0 / np.maximum(count, 1)[group], values / np.where(weight > 0, weight, 1.0)[group])
    exact = share * totals[group]
    whole = np.floor(exact + TIE)
    missing = totals - np.bincount(group, whole, minlength=totals.size).astype(np.int64)
    order = np.lexsort((keys, -np.round((exact - whole) / TIE).astype(np.int64), group))
    starts = np.concatenate(([0], np.cumsum(count)))[group[order]]
    rank = np.arange(order.size) - starts
    out = whole.astype(np.int64)
    out[order] += rank < missing[group[order]]
    return out


def proportional_fit(cells: np.ndarray, families: list[tuple[np.ndarray, np.ndarray]], rounds: int = 30) -> np.ndarray:
    """Scale cells until every margin holds; the last family holds exactly.

    Parameters
    ----------
    cells : float, any shape, not negative.
    families : (group, totals): the margin's group of every cell (same shape, -1 = none) and the totals by group.
    """
    out = cells.ravel().copy()
    flat = [(group.ravel(), totals) for group, totals in families]
    for _ in range(rounds if len(flat) > 1 else 1):
        before = out.copy()
        for group, totals in flat:
            inside = group >= 0
            sums = np.bincount(group[inside], out[inside], minlength=totals.size)
            factor = np.where(sums > 0, totals / np.where(sums > 0, sums, 1.0), 0.0)
            out[inside] *= factor[group[inside]]
        if np.abs(out - before).max(initial=0.0) < 1e-7 * max(out.max(initial=0.0), 1.0):
            break
    return out.reshape(cells.shape)


LEVELS = 4096
"""Remainders are compared in steps of one in so many; equal steps go in the order of Quartier and option."""


@nb.njit(cache=True)
def _round_table(exact, rows, columns, out):
    """One table (rows x options): integers with both margins, close to ``exact``; greedy by remainder."""
    n, k = exact.shape
    for i in range(n):
        total = 0.0
        for j in range(k):
            total += max(exact[i, j], 0.0)
        for j in range(k):
            exact[i, j] = max(exact[i, j], 0.0) * rows[i] / total if total > 0 else rows[i] / k
            out[i, j] = np.int64(np.floor(exact[i, j] + 1e-9))
    left = columns.copy()
    for j in range(k):
        for i in range(n):
            left[j] -= out[i, j]
        while left[j] < 0:  # the column is over its total already: take back where the remainder is smallest
            worst, least = -1, 1e18
            for i in range(n):
                if out[i, j] > 0 and exact[i, j] - out[i, j] < least:
                    worst, least = i, exact[i, j] - out[i, j]
            out[worst, j] -= 1
            left[j] += 1
    need = rows.copy()
    level = np.empty(n * k, np.int64)
    ends = np.zeros(LEVELS + 1, np.int64)
    for i in range(n):
        for j in range(k):
            need[i] -= out[i, j]
            level[i * k + j] = LEVELS - 1 - min(max(np.int64((exact[i, j] - out[i, j]) * LEVELS), 0), LEVELS - 1)
            ends[level[i * k + j] + 1] += 1
    for at in range(LEVELS):
        ends[at + 1] += ends[at]
    order = np.empty(n * k, np.int64)
    for place in range(n * k):
        order[ends[level[place]]] = place
        ends[level[place]] += 1
    for place in order:  # a counting sort: far quicker to compile than a general one
        i, j = place // k, place % k
        if need[i] > 0 and left[j] > 0 and level[place] < LEVELS - 1:
            out[i, j] += 1
            need[i] -= 1
            left[j] -= 1
    j = 0
    for i in range(n):
        while need[i] > 0:
            while left[j] == 0:
                j += 1
            step = min(need[i], left[j])
            out[i, j] += step
            need[i] -= step
            left[j] -= step


@nb.njit(cache=True)
def _diffuse(exact, rows, columns, out):
    n, cells, k = exact.shape
    carry = np.zeros((n, k))
    table = np.empty((n, k))
    for c in range(cells):
        for i in range(n):
            for j in range(k):
                table[i, j] = exact[i, c, j] + carry[i, j]
        _round_table(table, rows[:, c].copy(), columns[c].copy(), out[:, c])
        for i in range(n):
            for j in range(k):
                carry[i, j] += exact[i, c, j] - out[i, c, j]


def diffuse(exact: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Round tables one after another, each with both margins exact, the rounding errors carried on to the next.

    So that a row's sum over many tables (a Quartier's sum over ages) stays within about one of its fractions.

    Parameters
    ----------
    exact : float [rows, tables, options], e.g. Quartier x age x arrangement.
    rows : int [rows, tables], the sum over options.
    columns : int [tables, options], the sum over rows; its sum over options is the sum of ``rows``.

    Returns
    -------
    i64, shape of ``exact``.
    """
    out = np.zeros(exact.shape, np.int64)
    _diffuse(np.ascontiguousarray(exact, float), rows.astype(np.int64), columns.astype(np.int64), out)
    return out


def carry_round(exact: np.ndarray, totals: np.ndarray) -> np.ndarray:
    """Round a table (i64) with exact row totals; the sums down the columns stay close, as errors are carried on."""
    carry, out = np.zeros(exact.shape[1]), np.zeros(exact.shape, np.int64)
    keys = np.arange(exact.shape[1], dtype=np.uint64)
    for row in range(exact.shape[0]):
        wanted = np.maximum(exact[row] + carry, 0.0)
        out[row] = largest_remainder(wanted, np.zeros(wanted.size, np.int64), np.array([int(totals[row])]), keys)
        carry += exact[row] - out[row]
    return out
