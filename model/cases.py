"""The side table of people in need: what the processes of care remember of them beside the columns.

Kept by person id, with room for all ids (a few bytes each), so that it costs nothing to find a person's entry and nothing
to drop one. These arrays are state: a run can be continued only with them. What is computed anew in every step (hours,
counts) lies in `model.side["care_result"]` and is no state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from .model import QuartierModel

SIDE: Final = "arrange_care"
"""Name of the side table in `model.side`."""

_DTYPE: Final = {
    "taste": np.float32,
    "wish": np.uint8,
    "waiting_since": np.uint16,
    "need_since": np.uint16,
    "carer": np.uint8,
    "day_care": np.uint8,
}
"""taste for a nursing home · whether a place there is wanted (stays) · quarter in which waiting began, 0 = does not wait ·
quarter in which the spell of need began (or the run) · carer situation of the last step plus one, 0 = new · guest of day
care."""


def remembered(model: QuartierModel, name: str) -> np.ndarray:
    """One array of the side table by person id (a live view), with room for all ids there are now."""
    side = model.side.setdefault(SIDE, {})
    array = side.get(name)
    if array is None:
        array = side[name] = np.zeros(0, _DTYPE[name])
    if array.size < model.next_id:
        grown = np.zeros(model.next_id + model.next_id // 4 + 16, array.dtype)
        grown[: array.size] = array
        array = side[name] = grown
    return array


def forget(model: QuartierModel, ids: np.ndarray) -> None:
    """Clear what is remembered of people whose need has ended, so that a later spell begins anew."""
    for name in ("wish", "waiting_since", "need_since", "carer", "day_care"):
        remembered(model, name)[ids] = 0
