"""Rows that few have in common - a plan, a reason, a role - found by looking at eight bytes of a column at once."""

from __future__ import annotations

from typing import Final

import numba as nb
import numpy as np

_LOW: Final = np.uint64(0x7F7F7F7F7F7F7F7F)
_ALL: Final = np.uint64(0xFFFFFFFFFFFFFFFF)
_SIGNS: Final = np.uint64(0x8000000080000000)


@nb.njit(cache=True)
def _not_zero(column, rows):
    whole = column.size // 8 * 8
    eights = column[:whole].view(np.uint64)
    n = 0
    for e in range(eights.size):
        if eights[e] != 0:
            for i in range(8 * e, 8 * e + 8):
                rows[n] = i
                n += column[i] != 0
    for i in range(whole, column.size):
        if column[i] != 0:
            rows[n] = i
            n += 1
    return n


@nb.njit(cache=True)
def _equal(column, value, rows):
    whole = column.size // 8 * 8
    eights = column[:whole].view(np.uint64)
    pattern = np.uint64(value) * np.uint64(0x0101010101010101)
    n = 0
    for e in range(eights.size):
        x = eights[e] ^ pattern
        if ((x & _LOW) + _LOW) | x | _LOW != _ALL:  # some byte is zero
            for i in range(8 * e, 8 * e + 8):
                rows[n] = i
                n += column[i] == value
    for i in range(whole, column.size):
        if column[i] == value:
            rows[n] = i
            n += 1
    return n


@nb.njit(cache=True)
def _below_zero(column, rows):
    whole = column.size // 2 * 2
    pairs = column[:whole].view(np.uint64)
    n = 0
    for e in range(pairs.size):
        if pairs[e] & _SIGNS != 0:
            rows[n] = 2 * e
            n += column[2 * e] < 0
            rows[n] = 2 * e + 1
            n += column[2 * e + 1] < 0
    if whole < column.size and column[whole] < 0:
        rows[n] = whole
        n += 1
    return n


def rows_marked(column: np.ndarray) -> np.ndarray:
    """Rows (i64, ascending) in which a column of bytes (u8) is not zero."""
    rows = np.empty(column.size + 1, np.int64)  # takes memory only where it is written
    return rows[: _not_zero(column, rows)]


def rows_with(column: np.ndarray, value: int) -> np.ndarray:
    """Rows (i64, ascending) in which a column of bytes (u8) has this value."""
    rows = np.empty(column.size + 1, np.int64)
    return rows[: _equal(column, np.uint8(value), rows)]


def rows_without(pointer: np.ndarray) -> np.ndarray:
    """Rows (i64, ascending) in which a pointer (i32) points nowhere."""
    rows = np.empty(pointer.size + 2, np.int64)
    return rows[: _below_zero(pointer, rows)]
