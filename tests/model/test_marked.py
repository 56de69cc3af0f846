"""Rows found by looking at eight bytes at once are those that a comparison of every row finds."""

from __future__ import annotations

import numpy as np
import pytest
from quartier.model.marked import rows_marked, rows_with, rows_without


@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 4099])
def test_rows_found_eight_at_a_time_are_those_found_one_by_one(n):
    column = np.random.default_rng(n).choice(np.array([0, 0, 0, 1, 3, 131, 255], np.uint8), n)
    assert rows_marked(column).tolist() == np.flatnonzero(column != 0).tolist()
    for value in (0, 1, 3, 131, 255):
        assert rows_with(column, value).tolist() == np.flatnonzero(column == value).tolist()


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4099])
def test_pointers_to_nowhere_are_found_two_at_a_time(n):
    pointer = np.random.default_rng(n).choice(np.array([-1, 0, 7, 2**31 - 1], np.int32), n)
    assert rows_without(pointer).tolist() == np.flatnonzero(pointer < 0).tolist()
