"""Dwellings that are made barrier-free where they stand, by a measure; who lives there stays.

Who is first is a lottery for life of the dwellings, among those where somebody in need of care lives as far as a measure says
so, then among all. One more or one fewer conversion changes one dwelling.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..columns import BARRIER_FREE_BIT
from ..dwelling_features import barrier_free
from ..housing_counts import in_need_of_no_barriers
from ..luck import Decision
from ..measures import ConversionMeasure

if TYPE_CHECKING:
    from ..model import QuartierModel


def convert_dwellings(model: QuartierModel) -> None:
    """Make dwellings barrier-free by the measures of this step."""
    due = [m for m in model.measures if isinstance(m, ConversionMeasure) and m.step == model.now]
    if not due:
        return
    d = model.dwellings
    lot = model.luck.words(Decision.CONVERSION, 0, d.key)
    in_need = np.zeros(len(d), bool)
    in_need[in_need_of_no_barriers(model)] = True
    for measure in due:
        can_be = (d.rooms > 0) & ~barrier_free(d.features)
        if measure.quartiere is not None:
            can_be &= np.isin(d.quartier, measure.quartiere)
        first = _least(np.flatnonzero(can_be & in_need), lot, measure.for_need)
        can_be[first] = False
        rest = _least(np.flatnonzero(can_be), lot, measure.dwellings - first.size)
        d.features[np.concatenate((first, rest))] |= BARRIER_FREE_BIT


def _least(rows: np.ndarray, lot: np.ndarray, number: int) -> np.ndarray:
    """So many of these dwellings, those with the smallest lots."""
    if number >= rows.size:
        return rows
    return rows[np.argpartition(lot[rows], number)[:number]] if number > 0 else rows[:0]
