"""The side table of people in need who live at home: what the arrangement of care remembers of them beside the columns.

One entry per case, in the order of the rows of people, so that a step reads a short dense table instead of a few bytes
here and there in the long columns of all people. Built anew in every step from those who are in need now, which carries
over what is known and forgets whoever died, left, entered a home or needs no care any more. The arrays are state: a run
can be continued only with them. What is computed anew in every step (hours, counts) lies in `model.side["care_result"]`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numba as nb
import numpy as np

if TYPE_CHECKING:
    from .model import QuartierModel

SIDE: Final = "arrange_care"
"""Name of the side table in `model.side`."""
_ORDER: Final = "reordered"
"""Which order of the rows of people the table follows (`Table.reordered`); no state."""
_BEFORE: Final = "before"
"""Where each case stood in the table of the step before; no state."""

_DTYPE: Final = {
    "row": np.int32,
    "id": np.int32,
    "key": np.uint64,
    "taste": np.float32,
    "need_since": np.uint16,
    "waiting_since": np.uint16,
    "wish": np.uint8,
    "carer": np.uint8,
    "day_care": np.uint8,
    "serviced": np.uint8,
}


class Memory(NamedTuple):
    """One entry per case: row, id and key of the person (i32, i32, u64) · taste for a nursing home (f32) · quarter in which
    the spell of need began, 0 = just now · quarter in which waiting for a home began, 0 = does not wait (u16) · whether a
    place in a home is wanted, which stays (u8) · carer situation of the last step plus one, 0 = new (u8) · guest of day
    care (u8) · lives in serviced housing (u8)."""

    row: np.ndarray
    id: np.ndarray
    key: np.ndarray
    taste: np.ndarray
    need_since: np.ndarray
    waiting_since: np.ndarray
    wish: np.ndarray
    carer: np.ndarray
    day_care: np.ndarray
    serviced: np.ndarray


REMEMBERED: Final = Memory._fields
"""Names of the arrays, for `Process.remembers`."""


def memory(model: QuartierModel) -> Memory:
    """The side table (live arrays)."""
    side = model.side.get(SIDE)
    if side is None:
        side = model.side[SIDE] = {name: np.zeros(0, dtype) for name, dtype in _DTYPE.items()}
    return Memory(*(side[name] for name in REMEMBERED))


def remembered(model: QuartierModel, name: str) -> np.ndarray:
    """One array of the side table (a live view)."""
    return getattr(memory(model), name)


def entries(model: QuartierModel, ids: np.ndarray) -> np.ndarray:
    """Position (i64) of people, given by id, in the side table.

    Raises
    ------
    KeyError : somebody named is not in need at home.
    """
    known = remembered(model, "id")
    order = np.argsort(known)
    at = order[np.minimum(np.searchsorted(known[order], ids), known.size - 1)] if known.size else np.zeros(0, np.int64)
    if at.size != np.size(ids) or (known[at] != ids).any():
        raise KeyError("not in need at home")
    return at


def keep(model: QuartierModel, table: Memory) -> None:
    """Put another table in the place of the one there is; it holds rows as they lie now."""
    model.side[SIDE] = dict(zip(REMEMBERED, table, strict=True)) | {_ORDER: model.people.reordered}


@nb.njit(cache=True)
def _find(rows, row, at, new):
    """Position in ``row`` of each of ``rows`` (both ascend), -1 where it is not there; and which (positions) are not there."""
    j = n = 0
    for c in range(rows.size):
        r = rows[c]
        while j < row.size and row[j] < r:
            j += 1
        here = row[j] == r if j < row.size else False
        at[c] = j if here else -1
        new[n] = c
        n += not here
    return n


@nb.njit(cache=True)
def _take(old, at, new, ids, keys, table):
    """The table in a new order; who is new has a name and nothing else. ``table.row`` is filled already."""
    row, id_, key, taste, need_since, waiting_since, wish, carer, day_care, serviced = table
    for c in range(at.size if old.row.size else 0):  # those who are new are emptied below
        j = np.uint32(max(at[c], 0))
        id_[c], key[c], taste[c] = old.id[j], old.key[j], old.taste[j]
        need_since[c], waiting_since[c], wish[c] = old.need_since[j], old.waiting_since[j], old.wish[j]
        carer[c], day_care[c], serviced[c] = old.carer[j], old.day_care[j], old.serviced[j]
    for c in new:
        taste[c], need_since[c], waiting_since[c], wish[c] = 0, 0, 0, 0
        carer[c], day_care[c], serviced[c] = 0, 0, 0
    for c in new:
        id_[c], key[c] = ids[row[c]], keys[row[c]]


def carry_over(model: QuartierModel, rows: np.ndarray) -> Memory:
    """Make the table that of the people in ``rows`` (i32, ascending); who is new in it has an empty entry."""
    old = memory(model)
    if model.side[SIDE].get(_ORDER) != model.people.reordered:
        now = model.row_of_id[old.id]
        order = np.argsort(now, kind="stable")
        order = order[now[order] >= 0]
        old = Memory(now[order], *(column[order] for column in old[1:]))
    at, new = np.empty((2, rows.size + 1), np.int32)
    at, new = at[:-1], new[: _find(rows, old.row, at, new)]
    table = Memory(*(np.empty(rows.size, dtype) for dtype in _DTYPE.values()))
    table.row[:] = rows
    _take(old, at, new, model.people.id, model.people.key, table)
    keep(model, table)
    model.side[SIDE][_BEFORE] = at
    return table


def places_before(model: QuartierModel) -> np.ndarray:
    """Where each case stood in the table before the last `carry_over` (i32, -1 = new); if rows of people have moved since then,
    in the order of the rows as they are now."""
    return model.side[SIDE][_BEFORE]
