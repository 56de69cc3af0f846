"""Tables as parallel arrays: every column declared once, its dtype never changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numba as nb
import numpy as np
import pandas as pd

from . import compiling  # noqa: F401  (whoever has tables compiles with less work)

NONE: Final = -1
"""The pointer that points nowhere."""


@dataclass(frozen=True)
class Column:
    """One attribute of every row: its type, the value a new row gets, what it means, and the process that owns it."""

    dtype: str
    default: int | float
    unit: str
    meaning: str
    owner: str


@nb.njit(cache=True)
def _close_ranks(column, rows):
    """Move the rows named, ascending, to the front."""
    for j in range(rows.size):
        column[j] = column[np.uint32(rows[j])]


LINE: Final = 64
"""Bytes of a line of the cache, on which every column begins."""


def _room(schema: Mapping[str, Column], capacity: int) -> dict[str, np.ndarray]:
    """Columns for so many rows, not yet written, in one piece of memory: numpy asks for huge pages where a piece is large.

    Reading here and there in columns of their own, too small for huge pages, costs about a tenth more.
    """
    sizes = {name: -(-capacity * np.dtype(column.dtype).itemsize // LINE) * LINE for name, column in schema.items()}
    piece, begin, columns = np.empty(sum(sizes.values()), np.uint8), 0, {}
    for name, column in schema.items():
        columns[name] = piece[begin : begin + sizes[name]].view(column.dtype)[:capacity]
        begin += sizes[name]
    return columns


class Table:
    """Rows as parallel arrays with spare capacity.

    ``table.birth`` is a live view of length ``len(table)``: read it, or write it with ``table.birth[:] = …``.
    Rebinding a column is refused, because it would silently detach the view.

    Parameters
    ----------
    schema : column name -> `Column`.
    capacity : rows to make room for; a full table grows by a quarter.
    """

    _schema: dict[str, Column]
    _n: int
    reordered: int
    _store: dict[str, np.ndarray]

    def __init__(self, schema: Mapping[str, Column], capacity: int) -> None:
        set_ = object.__setattr__
        set_(self, "_schema", dict(schema))
        set_(self, "_n", 0)
        set_(self, "reordered", 0)
        set_(self, "_store", _room(schema, max(capacity, 1)))
        self._resize(0)

    def __len__(self) -> int:
        return self._n

    @property
    def capacity(self) -> int:
        """Rows there is room for before the table must grow."""
        return next(iter(self._store.values())).size

    @property
    def schema(self) -> dict[str, Column]:
        """The declarations, by column name."""
        return self._schema

    def _resize(self, n: int) -> None:
        """Note the number of rows and hand out the columns anew: a step reads them some thousand times."""
        object.__setattr__(self, "_n", n)
        for name, column in self._store.items():
            object.__setattr__(self, name, column[:n])

    def __getattr__(self, name: str) -> np.ndarray:
        """Only reached for what is no column."""
        raise AttributeError(f"no column {name!r}; columns are {', '.join(object.__getattribute__(self, '_schema'))}")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"write into the column: .{name}[:] = …")

    def append(self, n: int, **values: object) -> slice:
        """Add ``n`` rows and return where they are; columns not named take their default.

        Raises
        ------
        AttributeError : a name is not a column.
        """
        if unknown := values.keys() - self._schema.keys():
            raise AttributeError(f"no column {', '.join(sorted(unknown))}")
        old, new = self._n, self._n + n
        if n == 0:
            return slice(old, old)
        if new > self.capacity:
            self._grow(max(new, self.capacity + self.capacity // 4 + 16))
        rows = slice(old, new)
        for name, column in self._schema.items():
            self._store[name][rows] = values.get(name, column.default)
        self._resize(new)
        return rows

    def _grow(self, capacity: int) -> None:
        grown = _room(self._schema, capacity)  # spare rows take no memory until `append` writes them
        for name, column in self._store.items():
            grown[name][: self._n] = column[: self._n]
        object.__setattr__(self, "_store", grown)

    def keep(self, rows: np.ndarray) -> None:
        """Keep only the rows whose numbers are given, in that order; `reordered` counts how often this has been done.

        Ascending rows, the usual case, are moved within their columns and need no further memory. Views handed out before show
        other rows afterwards: ask for the column anew.
        """
        m, rows = rows.size, np.ascontiguousarray(rows, np.int32)
        ascending = bool((rows[1:] > rows[:-1]).all())
        for column in self._store.values():
            if ascending:
                _close_ranks(column.view(f"u{column.itemsize}"), rows)
            else:
                column[:m] = column[rows]
        self._resize(m)
        object.__setattr__(self, "reordered", self.reordered + 1)

    def bytes_per_row(self) -> int:
        """State per row in bytes."""
        return sum(column.itemsize for column in self._store.values())

    def copy_columns(self) -> dict[str, np.ndarray]:
        """The saved state of the table: a copy of every column."""
        return {name: column[: self._n].copy() for name, column in self._store.items()}

    def frame(self) -> pd.DataFrame:
        """A copy, for people rather than for kernels."""
        return pd.DataFrame(self.copy_columns())


def distinct(values: np.ndarray) -> np.ndarray:
    """The different values, ascending. By sorting: `np.unique` hashes whole numbers since numpy 2.3, ten times slower."""
    ordered = np.sort(values)
    return ordered[np.concatenate(([True], ordered[1:] != ordered[:-1]))] if ordered.size else ordered
