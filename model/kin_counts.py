"""The kin of people of 65 and over, counted: partner, nearest child, kin in the Quartier and the town.

Two compiled passes over all people. Most people are nobody's child of 65 and over; one byte per id tells them before any
parent is looked up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numba as nb
import numpy as np

from .columns import Sex
from .kin_distance import BITS, MOST, PLACES
from .timeline import STEPS_PER_YEAR

if TYPE_CHECKING:
    from .model import QuartierModel

OLD: Final = 65
"""Age from which the kin of a person are reported (the age limit of the statistics of care and pensions)."""
MEASURES: Final = (
    "persons",
    "partner",
    "partner_household",
    "child_household",
    "child_quartier",
    "child_town",
    "child_25_km",
    "child_100_km",
    "child_farther",
    "no_child",
    "kin_quartier",
    "kin_town",
    "children_town",
    "children_25_km",
    "children_100_km",
    "children_farther",
    "relatives_quartier",
    "relatives_town",
)
"""What is counted of people of 65 and over: persons; with a partner, and who lives with him or her; then by the nearest living
child, each person once: in the household, the same Quartier, the town, up to 25 km, up to 100 km, farther, none; with any kin in
the same Quartier (the household included), in the town; last, numbers of children by place, and of kin in the Quartier and
the town. Kin are partner, parents, children and siblings; siblings are known by a mother who has lived in the town."""

_PLACES: Final = len(PLACES)
_PARTNER, _TOGETHER, _NEAREST, _ANY_KIN, _CHILDREN, _RELATIVES = 1, 2, 3, 7 + _PLACES, 9 + _PLACES, 10 + 2 * _PLACES


@nb.njit(cache=True)
def _children(people, row_of_id, latest, old, with_old, level, number, near, eldest, following):
    """Note everybody's children at the parents of 65 and over, and chain the children of each mother who has such a child.

    ``level`` u8 per row: 0 no child in town, 1 in the town, 2 in the Quartier, 3 in the household. ``eldest`` by id of the
    mother and ``following`` by row hold rows plus one, 0 = none.
    """
    present, birth, id_, household, quartier, mother, father, _ = people
    for i in range(present.size):
        if present[i] and birth[i] <= latest and household[i] >= 0:
            old[id_[i]] = 1
            if mother[i] >= 0:
                with_old[mother[i]] = 1
    for i in range(present.size):
        if not present[i]:
            continue
        if mother[i] >= 0 and with_old[mother[i]]:
            following[i], eldest[mother[i]] = eldest[mother[i]], i + 1
        if household[i] < 0:
            continue
        for parent in (mother[i], father[i]):
            if parent >= 0 and old[parent]:
                j = row_of_id[parent]
                place = 3 if household[j] == household[i] else (2 if quartier[j] == quartier[i] else 1)
                level[j] = max(level[j], place)
                number[j] += 1
                near[j] += place > 1


@nb.njit(cache=True)
def _count(people, links, row_of_id, old, level, number, near, eldest, following, counts):
    present, _, id_, household, quartier, mother, father, sex = people
    partner, kin_away = links
    for i in range(present.size):
        if not present[i] or not old[id_[i]]:
            continue
        cell = counts[quartier[i], sex[i]]
        town, here = np.int64(number[i]), np.int64(near[i])
        for link in (partner[i], mother[i], father[i]):
            j = row_of_id[link] if link >= 0 else -1
            if j >= 0 and present[j]:
                town += 1
                here += quartier[j] == quartier[i]
        k = eldest[mother[i]] if mother[i] >= 0 else 0
        while k > 0:
            town += k - 1 != i
            here += k - 1 != i and quartier[k - 1] == quartier[i]
            k = following[k - 1]
        cell[0] += 1
        other = row_of_id[partner[i]] if partner[i] >= 0 else -1
        if other >= 0 and present[other]:
            cell[_PARTNER] += 1
            cell[_TOGETHER] += household[other] == household[i]
        nearest = 3 - level[i]
        for place in range(_PLACES):
            away = np.int64(kin_away[i]) >> (BITS * place) & MOST
            cell[_CHILDREN + 1 + place] += away
            if nearest == 3 + place and away == 0:
                nearest += 1
        cell[_NEAREST + nearest] += 1
        cell[_ANY_KIN] += here > 0
        cell[_ANY_KIN + 1] += town > 0
        cell[_CHILDREN] += number[i]
        cell[_RELATIVES] += here
        cell[_RELATIVES + 1] += town


def kin_counts(model: QuartierModel) -> np.ndarray:
    """Kin of people of 65 and over, i64 [quartier, sex, measure] in the order of `MEASURES`."""
    p, rows, ids = model.people, len(model.people), model.next_id
    latest = np.int64(model.now - STEPS_PER_YEAR * OLD)
    people = (p.present, p.birth, p.id, p.household, p.quartier, p.mother, p.father, p.sex)
    old, with_old, eldest = np.zeros(ids, np.uint8), np.zeros(ids, np.uint8), np.zeros(ids, np.int32)
    level, number, near, following = (np.zeros(rows, dtype) for dtype in (np.uint8, np.uint8, np.uint8, np.int32))
    counts = np.zeros((model.n_quartiere, len(Sex), len(MEASURES)), np.int64)
    _children(people, model.row_of_id, latest, old, with_old, level, number, near, eldest, following)
    _count(people, (p.partner, p.kin_away), model.row_of_id, old, level, number, near, eldest, following, counts)
    return counts
