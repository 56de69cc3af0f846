"""Tables grow, refuse to be rebound, and keep what they are told to keep."""

from __future__ import annotations

import numpy as np
import pytest
from quartier.model.columns import DWELLING, HOUSEHOLD, PERSON, dwelling_table, household_table, people_table
from quartier.model.tables import Column, Table, distinct

SCHEMA = {
    "birth": Column("u2", 0, "quarter", "absolute quarter of birth", "bear"),
    "partner": Column("i4", -1, "id", "partner", "partnership"),
}


def table(capacity: int = 2) -> Table:
    return Table(SCHEMA, capacity)


def test_a_table_grows_when_it_is_full_and_loses_nothing():
    t = table(2)
    for i in range(100):
        t.append(1, birth=8000 + i)
    assert len(t) == 100
    assert t.capacity >= 100
    assert t.birth.tolist() == [8000 + i for i in range(100)]


def test_a_full_table_grows_by_at_least_a_quarter():
    t = table(1000)
    t.append(1000)
    t.append(1)
    assert t.capacity >= 1250


def test_columns_not_named_take_their_default_also_in_rows_used_before():
    t = table()
    t.append(3, partner=[5, 6, 7])
    t.keep(np.array([0]))
    rows = t.append(2, birth=8000)
    assert rows == slice(1, 3)
    assert t.partner.tolist() == [5, -1, -1]
    assert t.birth.tolist() == [0, 8000, 8000]


def test_a_column_refuses_to_be_rebound_and_says_what_to_do():
    t = table()
    t.append(2)
    with pytest.raises(AttributeError, match=r"\.birth\[:\] ="):
        t.birth = np.zeros(2)
    t.birth[:] = 8001
    assert t.birth.tolist() == [8001, 8001]


def test_an_unknown_column_is_refused_in_reading_and_in_appending():
    t = table()
    with pytest.raises(AttributeError, match="columns are birth, partner"):
        _ = t.brith
    with pytest.raises(AttributeError, match="no column brith"):
        t.append(1, brith=8000)
    assert len(t) == 0


def test_keep_keeps_the_rows_named_in_the_order_named():
    t = table()
    t.append(5, birth=[1, 2, 3, 4, 5], partner=[10, 20, 30, 40, 50])
    t.keep(np.array([4, 0, 2]))
    assert len(t) == 3
    assert t.birth.tolist() == [5, 1, 3]
    assert t.partner.tolist() == [50, 10, 30]


def test_keep_moves_ascending_rows_to_the_front_and_new_rows_follow_them():
    t = table()
    t.append(5, birth=[1, 2, 3, 4, 5], partner=[10, 20, 30, 40, 50])
    t.keep(np.array([1, 2, 4]))
    t.append(1, birth=6, partner=60)
    assert (t.birth.tolist(), t.partner.tolist(), t.reordered) == ([2, 3, 5, 6], [20, 30, 50, 60], 1)


def test_columns_are_views_that_keep_their_dtype():
    t = table()
    t.append(2, birth=np.array([8000, 8001]), partner=np.array([1, 2], np.int64))
    assert t.birth.dtype == np.uint16
    assert t.partner.dtype == np.int32
    t.birth[0] = 7000
    assert t.birth[0] == 7000


def test_a_copy_of_the_columns_does_not_change_with_the_table():
    t = table()
    t.append(1, birth=8000)
    saved, frame = t.copy_columns(), t.frame()
    t.birth[0] = 1
    assert saved["birth"].tolist() == [8000]
    assert frame["birth"].tolist() == [8000]


@pytest.mark.parametrize(
    ("make", "limit"), [(people_table, 64), (household_table, 32), (dwelling_table, 24)],
    ids=["people", "households", "dwellings"],
)
def test_state_per_row_stays_narrow(make, limit):
    assert make(1).bytes_per_row() <= limit


@pytest.mark.parametrize("schema", [PERSON, HOUSEHOLD, DWELLING], ids=["people", "households", "dwellings"])
def test_every_column_says_unit_meaning_and_owner_and_its_default_fits(schema):
    for name, column in schema.items():
        assert column.unit, name
        assert column.meaning, name
        assert column.owner, name
        assert np.array(column.default).astype(column.dtype) == column.default, name


def test_distinct_values_come_once_and_ascending():
    assert distinct(np.array([3, 1, 3, 2, 1], np.int32)).tolist() == [1, 2, 3]
    assert distinct(np.zeros(0, np.int64)).size == 0
    values = np.random.default_rng(1).integers(0, 500, 2000)
    assert np.array_equal(distinct(values), np.unique(values))
