"""Rows that few have in common - a plan, a reason, a role - found by looking at eight bytes of a column at once."""

from __future__ import annotations

from collections.abc import Callable
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
            if n + 16 > rows.size:
                return -1
            for i in range(8 * e, 8 * e + 8):
                rows[n] = i
                n += column[i] != 0
    for i in range(whole, column.size):
        rows[n] = i
        n += column[i] != 0
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
            if n + 16 > rows.size:
                return -1
            for i in range(8 * e, 8 * e + 8):
                rows[n] = i
                n += column[i] == value
    for i in range(whole, column.size):
        rows[n] = i
        n += column[i] == value
    return n


@nb.njit(cache=True)
def _below_zero(column, rows):
    whole = column.size // 2 * 2
    pairs = column[:whole].view(np.uint64)
    n = 0
    for e in range(pairs.size):
        if pairs[e] & _SIGNS != 0:
            if n + 4 > rows.size:
                return -1
            for i in range(2 * e, 2 * e + 2):
                rows[n] = i
                n += column[i] < 0
    for i in range(whole, column.size):
        rows[n] = i
        n += column[i] < 0
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
