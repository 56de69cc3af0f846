"""Rows that few have in common - a plan, a reason, a role - found by looking at eight bytes of a column at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numba as nb
import numpy as np

_LOW: Final = np.uint64(0x7F7F7F7F7F7F7F7F)
_ALL: Final = np.uint64(0xFFFFFFFFFFFFFFFF)
_SIGNS: Final = np.uint64(0x8000000080000000)


@nb.njit(inline="always")
def _zero_within(x):
    """Whether one of the eight bytes is zero."""
    return ((x & _LOW) + _LOW) | x | _LOW != _ALL


@nb.njit(cache=True)
def _not_zero(column, rows):
    eights = column[: column.size // 8 * 8].view(np.uint64)
    some, m, n = np.empty(eights.size + 1, np.uint32), 0, 0
    for e in range(eights.size):  # without a branch, which would be guessed wrong at each find
        some[m] = e
        m += eights[e] != 0
    for e in some[:m]:
        if n + 16 > rows.size:
            return -1
        for i in range(8 * e, 8 * e + 8):
            rows[n] = i
            n += column[i] != 0
    for i in range(8 * eights.size, column.size):
        rows[n] = i
        n += column[i] != 0
    return n


@nb.njit(cache=True)
def _equal(column, value, rows):
    eights = column[: column.size // 8 * 8].view(np.uint64)
    some, m, n = np.empty(eights.size + 1, np.uint32), 0, 0
    pattern = np.uint64(value) * np.uint64(0x0101010101010101)
    for e in range(eights.size):
        some[m] = e
        m += _zero_within(eights[e] ^ pattern)
    for e in some[:m]:
        if n + 16 > rows.size:
            return -1
        for i in range(8 * e, 8 * e + 8):
            rows[n] = i
            n += column[i] == value
    for i in range(8 * eights.size, column.size):
        rows[n] = i
        n += column[i] == value
    return n


@nb.njit(cache=True)
def _below_zero(column, rows):
    pairs = column[: column.size // 8 * 8].view(np.uint64)
    some, m, n = np.empty(column.size // 8 + 1, np.uint32), 0, 0
    for e in range(column.size // 8):
        p = np.uint32(4 * e)
        some[m] = e
        m += (pairs[p] | pairs[p + np.uint32(1)] | pairs[p + np.uint32(2)] | pairs[p + np.uint32(3)]) & _SIGNS != 0
    for e in some[:m]:
        if n + 16 > rows.size:
            return -1
        for i in range(8 * e, 8 * e + 8):
            rows[n] = i
            n += column[i] < 0
    for i in range(column.size // 8 * 8, column.size):
        rows[n] = i
        n += column[i] < 0
    return n


@nb.njit(inline="always")
def rows_of_bytes(eights, values, rows):
    """Rows of the bytes that are not zero, of some groups of eight rows each: their numbers and bytes (u64). Returns how many.

    For kernels that know which groups have any: no branch to guess, rows are written for each and kept for some.
    """
    n = np.uint64(0)
    for j in range(eights.size):
        row, left = np.uint64(8) * np.uint64(eights[j]), values[j]
        for i in range(8):
            rows[n] = row + np.uint64(i)
            n += np.uint64(left & np.uint64(255) != 0)
            left >>= np.uint64(8)
    return n


def _listed(find: Callable[..., int], column: np.ndarray, *wanted: np.uint8) -> np.ndarray:
    """What a kernel finds, in a list for the few there should be; if they are more, in one for all."""
    for share in (8, 1):
        rows = np.empty(column.size // share + 32, np.int64)
        n = find(column, *wanted, rows)
        if n >= 0:
            break
    return rows[:n]


def rows_marked(column: np.ndarray) -> np.ndarray:
    """Rows (i64, ascending) in which a column of bytes (u8) is not zero."""
    return _listed(_not_zero, column)


def rows_with(column: np.ndarray, value: int) -> np.ndarray:
    """Rows (i64, ascending) in which a column of bytes (u8) has this value."""
    return _listed(_equal, column, np.uint8(value))


def rows_without(pointer: np.ndarray) -> np.ndarray:
    """Rows (i64, ascending) in which a pointer (i32) points nowhere."""
    return _listed(_below_zero, pointer)
