"""Where people with need of care lived when it began, and how far away the home is that they have found (model-care.md 7).

The Quartier at the beginning of need is remembered by id (two bytes each). Of people who were in need at the start it is
the Quartier of the start; of those who lived in a home then, or came from outside, it is not known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numba as nb
import numpy as np

from ..cases import Memory
from ..timeline import STEPS_PER_YEAR, is_year_end

if TYPE_CHECKING:
    from ..model import QuartierModel

KILOMETRES: Final = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.5, 10.0, 15.0, 20.0)
"""Lower ends of the bands of distance between dwelling and home (sizes of a table, no figures)."""
GRADE: Final = 2
"""Pflegegrad from which ageing in place is told (the definition of model-care.md 7)."""
_UNKNOWN: Final = np.uint16(65535)


def _origin(model: QuartierModel) -> np.ndarray:
    side = model.side["care_homes"]
    known = side.get("origin", np.zeros(0, np.uint16))
    if known.size < model.next_id:
        grown = np.full(model.next_id + model.next_id // 4 + 16, _UNKNOWN, np.uint16)
        grown[: known.size] = known
        side["origin"] = known = grown
    return known


def remember_origin(model: QuartierModel, known: Memory, new: np.ndarray) -> None:
    """Note the Quartier of those (positions) whose need begins in this step; a year begins with no entries."""
    side = model.side["care_homes"]
    _origin(model)[known.id[new]] = model.people.quartier[known.row[new]]
    if "entered" not in side or model.now % STEPS_PER_YEAR == 0:
        side["entered"] = np.zeros((model.n_quartiere, len(KILOMETRES)), np.int64)


def note_entries(model: QuartierModel, origin: np.ndarray, facility: np.ndarray) -> None:
    """Count people by the Quartier they come from and the distance (km) of the home that took them."""
    km = model.side["care_facilities"].distance[origin, facility]
    band = np.searchsorted(KILOMETRES, km, side="right") - 1
    np.add.at(model.side["care_homes"]["entered"], (origin, band), 1)


@nb.njit(cache=True)
def _still_there(care, present, id, quartier, origin, grade, known, there):
    hits = np.empty(2049, np.uint32)
    for start in range(0, care.size, 2048):
        needs, here, found = care[start : start + 2048], present[start : start + 2048], 0
        for j in range(here.size):
            hits[found] = start + j  # written for each, kept for those in need: no branch to guess wrong
            found += np.int64((needs[j] & np.uint8(7)) >= grade) & np.int64(here[j])
        for k in range(found):
            i = hits[k]
            q = np.uint32(origin[np.uint32(id[i])])
            if q < known.size:
                known[q] += 1
                there[q] += quartier[i] == q


def place_counts(model: QuartierModel) -> np.ndarray | None:
    """At the end of a year, by the Quartier at the beginning of need: i64 [n_quartiere, 2 + bands of `KILOMETRES`].

    People of Pflegegrad 2 and over in the town whose Quartier is known; of these who live there still; then the year's
    entries into homes and shared flats by distance. Whoever left the town is not among them. None within a year.
    """
    side = model.side.get("care_homes")
    if side is None or "entered" not in side or not is_year_end(model.now):
        return None
    p, (known, there) = model.people, np.zeros((2, model.n_quartiere), np.int64)
    _still_there(p.care, p.present, p.id, p.quartier, _origin(model), GRADE, known, there)
    return np.column_stack((known, there, side["entered"]))
