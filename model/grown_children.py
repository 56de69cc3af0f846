"""Grown-up people of whose parents at least one was known by name: a short list, so that nobody reads the links of all people.

The links `mother` and `father` of a person never change, and rows keep their order until the table of people is compacted.
So the list is made anew only then, or when people come of age who are not in it, and is lengthened by those who come. It is
no state: whoever continues a run makes it anew, with the same people in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numba as nb
import numpy as np

if TYPE_CHECKING:
    from .model import QuartierModel

_SIDE: Final = "grown_children"
_AHEAD: Final = 8
"""Quarters by which people are listed before they come of age (a speed, no figure)."""
_SLOTS: Final = 4096
"""Marks in which the few parents are looked up first (a speed, no figure); a power of two."""


class GrownChildren(NamedTuple):
    """Rows (i32, ascending), ids of mother and father plus one (u32; 0 = nobody), quarter of birth (u16). Some are gone, some
    not yet of age."""

    row: np.ndarray
    mother: np.ndarray
    father: np.ndarray
    birth: np.ndarray


class _Made(NamedTuple):
    """The list with room to spare; for which order of rows, up to which birth, up to which row; how many entries count."""

    room: GrownChildren
    reordered: int
    youngest: int
    rows: int
    size: int


@nb.njit(cache=True)
def _add(first, last, mother, father, birth, youngest, row, mothers, fathers, births, n):
    """List those from one row to another; write each, keep some, without a branch to guess. Returns how many there are."""
    for i in range(np.uint32(first), np.uint32(last)):
        his, hers = father[i] + 1, mother[i] + 1
        row[n], mothers[n], fathers[n], births[n] = i, hers, his, birth[i]
        n += (birth[i] <= youngest) & ((his | hers) != 0)
    return n


def grown_children(model: QuartierModel) -> GrownChildren:
    """All people of age who have a parent by name, dead or alive; some who are gone or come of age soon are among them."""
    p, of_age = model.people, model.latest_adult_birth
    made: _Made | None = model.side.get(_SIDE)
    if made is None or made.reordered != p.reordered or made.youngest < of_age or made.rows > len(p):
        made = _Made(_room(0), p.reordered, of_age + _AHEAD, 0, 0)
    if made.rows < len(p):
        most = made.size + len(p) - made.rows
        if made.room.row.size <= most:
            larger = _room(most + most // 16)
            for old, new in zip(made.room, larger, strict=True):
                new[: made.size] = old[: made.size]
            made = made._replace(room=larger)
        n = _add(made.rows, len(p), p.mother, p.father, p.birth, made.youngest, *made.room, made.size)
        model.side[_SIDE] = made = made._replace(rows=len(p), size=n)
    return GrownChildren(*(column[: made.size] for column in made.room))


@nb.njit(cache=True)
def _children_of(listed, slot, rows):
    """Rows of the people listed whose mother or father shares a slot with somebody wanted: few, and all children of theirs."""
    row, mother, father, _ = listed
    n, within = np.uint64(0), np.uint32(_SLOTS - 1)
    for j in range(np.uint32(row.size)):
        rows[n] = row[j]
        n += np.uint64(slot[mother[j] & within] | slot[father[j] & within])
    return n


def likely_children(model: QuartierModel, parents: np.ndarray) -> np.ndarray:
    """Rows (i32, ascending) of all listed children of some people (ids), and of a few others."""
    listed = grown_children(model)
    slot, rows = np.zeros(_SLOTS, np.bool_), np.empty(listed.row.size + 1, np.int32)
    slot[(parents + 1) % _SLOTS] = True
    return rows[: _children_of(listed, slot, rows)]


def _room(n: int) -> GrownChildren:
    return GrownChildren(*(np.empty(n, dtype) for dtype in (np.int32, np.uint32, np.uint32, np.uint16)))
