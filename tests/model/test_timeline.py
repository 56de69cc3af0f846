"""Time is the absolute calendar quarter."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st
from quartier.model.timeline import DT, is_year_end, last_day, quarter_of, step_of, year_of

STEPS = st.integers(4 * 1850, 4 * 2200)


def test_the_reference_day_of_flensburg_lies_in_the_last_quarter_of_2022():
    step = step_of(date(2022, 12, 31))
    assert step == 4 * 2022 + 3
    assert (year_of(step), quarter_of(step), last_day(step)) == (2022, 4, date(2022, 12, 31))
    assert is_year_end(step)
    assert not is_year_end(step + 1)


def test_a_quarter_is_a_quarter_of_a_year():
    assert DT == 0.25


@given(STEPS)
def test_the_day_after_the_last_day_of_a_step_lies_in_the_next(step):
    assert step_of(last_day(step)) == step
    assert step_of(last_day(step) + timedelta(days=1)) == step + 1


@given(st.dates(date(1850, 1, 1), date(2200, 12, 31)))
def test_every_day_lies_in_the_step_of_its_year_and_quarter(day):
    step = step_of(day)
    assert year_of(step) == day.year
    assert quarter_of(step) == (day.month + 2) // 3
