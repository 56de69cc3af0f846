"""Barriers: the stock, who needs a dwelling without them, and who has one, by hand."""

from __future__ import annotations

import numpy as np
import toy
from quartier.model.columns import BARRIER_FREE_BIT
from quartier.model.housing_counts import barrier_counts, in_need_of_no_barriers
from quartier.outputs.schema import DIMENSION


def test_barriers_are_counted_by_dwelling_and_a_couple_in_need_once():
    """Homes 0-3 in two Quartiere and two vacant dwellings; need in 0 (both), 1 and 3, of which 1 lacks barriers; so does 2."""
    people = [
        {"age": 80, "sex": 0, "household": 0, "care": 2}, {"age": 80, "sex": 1, "household": 0, "care": 3},
        {"age": 70, "sex": 1, "household": 1, "care": 5}, {"age": 60, "sex": 1, "household": 2, "care": 1},
        {"age": 60, "sex": 0, "household": 3, "care": 4, "quartier": 1},
    ]  # fmt: skip
    model = toy.town(people, quartiere=2, vacant_rooms=[2, 2])
    d = model.dwellings
    d.features[:] &= ~np.uint8(BARRIER_FREE_BIT)
    d.features[[1, 2, 5]] |= BARRIER_FREE_BIT
    assert in_need_of_no_barriers(model).tolist() == [0, 1, 3]
    assert dict(zip(DIMENSION["barrier"].ids, barrier_counts(model).T.tolist(), strict=True)) == {
        "dwellings": [2, 1], "households_in_need": [2, 1], "households_matched": [1, 0]
    }  # fmt: skip


def test_residents_of_a_home_need_no_dwelling():
    model = toy.town([{"age": 85, "sex": 1, "household": 0, "role": 2, "care": 4}])
    assert in_need_of_no_barriers(model).size == 0
