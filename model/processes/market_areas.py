"""Where people meet a partner: the areas of the partner market."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..geography import distances

if TYPE_CHECKING:
    from ..model import QuartierModel


def market_areas(model: QuartierModel) -> np.ndarray:
    """Area (i64, from 0) of each Quartier: neighbours with at most `partner_area_persons` residents together, at the start.

    People meet all over a town. Were the market cut by Quartier, every move would change whom the mover and all rivals
    find, and a scenario's few moves everybody's unions. A larger town is halved along its longer side, at the median
    resident, until the parts are small enough.
    """
    d = distances(model.region)
    persons = np.bincount(model.people.quartier, minlength=model.n_quartiere)
    largest = model.rates.parameter("partner_area_persons")
    area, waiting, number = np.zeros(model.n_quartiere, np.int64), [np.arange(model.n_quartiere)], 0
    while waiting:
        part = waiting.pop()
        if part.size == 1 or persons[part].sum() <= largest:
            area[part], number = number, number + 1
            continue
        inside = d[np.ix_(part, part)]
        end, other = np.unravel_index(inside.argmax(), inside.shape)  # the longer side: the two farthest apart
        part = part[np.lexsort((part, inside[end] - inside[other]))]
        half = int(np.searchsorted(np.cumsum(persons[part]), persons[part].sum() / 2)) + 1
        half = min(half, part.size - 1)
        waiting += [part[half:], part[:half]]
    return area


def area_distances(model: QuartierModel, area: np.ndarray) -> np.ndarray:
    """Mean distance in km between the Quartiere of two areas [area, area]."""
    d, n = distances(model.region), int(area.max()) + 1
    member = (area == np.arange(n)[:, None]).astype(float)
    return member @ d @ member.T / np.outer(member.sum(axis=1), member.sum(axis=1))
