"""Entries of a column for a list of rows, fetched before they are needed.

A row that is not in the cache takes as long as some hundred instructions. How many of these waits overlap depends on how short
the loop is that reads: a loop that fetches and does nothing else has a hundred reads under way, one that also decides only ten.
So kernels over scattered rows fetch column by column first, into small arrays, and decide in a loop of their own.
"""

from __future__ import annotations

import numba as nb
import numpy as np


@nb.njit(inline="always")
def fetch(column, rows):
    """The entries of ``column`` for ``rows``, none of which may be negative."""
    out = np.empty(rows.size, column.dtype)
    for k in range(rows.size):
        out[k] = column[np.uint32(rows[k])]
    return out
