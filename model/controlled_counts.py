"""Who has a trait at the start: numbers that are right per group, chosen by keyed lottery."""

from __future__ import annotations

import numpy as np

from .synthesis.integers import largest_remainder as round_to_totals


def choose(cell: np.ndarray, p: np.ndarray, numbers: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Choose ``numbers[c]`` people of every cell, each with chances close to ``p`` (Pareto sampling, Rosén 1997).

    Parameters
    ----------
    cell : int [people], 0 .. cells - 1.
    p : float [people], inside (0, 1); only the ratios within a cell count.
    numbers : int [cells]; more than there are people means all of them.
    u : float [people], the people's lottery, inside (0, 1).

    Returns
    -------
    bool [people]. One more person in a cell changes the lot of at most one other, and only in this cell.
    """
    odds = np.clip(p, 1e-12, 1 - 1e-12)
    score = np.log(u) - np.log1p(-u) - np.log(odds) + np.log1p(-odds)
    order = np.lexsort((score, cell))
    first = np.concatenate(([0], np.cumsum(np.bincount(cell, minlength=numbers.size))))[:-1]
    rank = np.arange(cell.size) - first[cell[order]]
    chosen = np.zeros(cell.size, bool)
    chosen[order] = rank < numbers[cell[order]]
    return chosen


def largest_remainder(exact: np.ndarray, total: int) -> np.ndarray:
    """Integers close to ``exact`` with the sum ``total``; ties go to the first."""
    return round_to_totals(
        exact, np.zeros(exact.size, np.int64), np.array([total], np.int64), np.arange(exact.size, dtype=np.uint64)
    )


def numbers_per_cell(
    cell: np.ndarray, p: np.ndarray, cells: int, group_of_cell: np.ndarray, totals: np.ndarray
) -> np.ndarray:
    """How many people of every cell have the trait: ``p`` summed per cell, scaled to the totals of the groups of cells.

    No cell gets more than it has people; what that cuts off goes to the group's other cells.

    Parameters
    ----------
    cell, p : per person.
    group_of_cell : int [cells].
    totals : int [groups].
    """
    exact = np.bincount(cell, p, minlength=cells)
    people = np.bincount(cell, minlength=cells)
    keys = np.arange(cells, dtype=np.uint64)
    room = np.bincount(group_of_cell, people, minlength=totals.size).astype(np.int64)
    left = np.minimum(totals, room)
    out = np.zeros(cells, np.int64)
    while left.any():
        weight = np.where(out < people, np.maximum(exact, 1e-9), 0.0)
        out += round_to_totals(weight, group_of_cell, left, keys)
        over = np.maximum(out - people, 0)
        out -= over
        left = np.bincount(group_of_cell, over, minlength=totals.size).astype(np.int64)
    return out
