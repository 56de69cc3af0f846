"""The side table of people in need: it follows people, forgets who is gone, and does not mind where rows lie."""

from __future__ import annotations

import numpy as np
import pytest
import toy
from quartier.model import households
from quartier.model.cases import carry_over, entries, memory, remembered


def _town(n=40):
    model = toy.town(toy.singles(range(20, 20 + n), [0] * n, care=2))
    known = carry_over(model, np.arange(n, dtype=np.int32))
    known.taste[:] = np.arange(n) / 64
    return model


def test_who_stays_in_need_keeps_the_entry_and_who_is_new_begins_with_an_empty_one():
    model = _town(6)
    carry_over(model, np.array([1, 4], np.int32))
    known = carry_over(model, np.array([0, 1, 4, 5], np.int32))
    assert known.id.tolist() == [0, 1, 4, 5] and known.key.tolist() == model.people.key[[0, 1, 4, 5]].tolist()
    assert (known.taste * 64).tolist() == [0, 1, 4, 0]


def test_entries_follow_people_to_other_rows_when_the_table_of_people_is_compacted():
    model = _town()
    p, gone = model.people, np.arange(0, 40, 3)
    households.remove(model, gone, died=True)
    households.compact(model)
    known = carry_over(model, np.arange(len(p), dtype=np.int32))
    assert (known.row == model.row_of_id[known.id]).all() and known.id.size == 40 - gone.size
    assert (known.taste * 64).tolist() == known.id.tolist()


def test_an_entry_is_found_by_id_and_people_without_one_are_named():
    model = _town(6)
    carry_over(model, np.array([1, 4], np.int32))
    assert remembered(model, "taste")[entries(model, np.array([4, 1]))].tolist() == [4 / 64, 1 / 64]
    assert memory(model).id.tolist() == [1, 4]
    with pytest.raises(KeyError, match="not in need"):
        entries(model, np.array([2]))
