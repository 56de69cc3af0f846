"""An amount's course through time, by hand."""

from __future__ import annotations

from itertools import pairwise

import pytest
from quartier.scenarios.parts import Offset, day_of
from quartier.scenarios.phases import Segment, phased


def test_without_ramp_and_decay_every_dated_amount_is_one_piece():
    assert phased([(10, 1.0), (14, 3.0)], 20, 99) == [Segment(10, 14, 1.0), Segment(14, 20, 3.0)]
    assert phased([(10, 1.0)], None, 99) == [Segment(10, None, 1.0)]


def test_a_ramp_takes_the_middle_of_each_quarter_and_goes_from_one_amount_to_the_next():
    pieces = phased([(0, 4.0), (4, 8.0)], None, 9, ramp=2)
    assert pieces == [Segment(0, 1, 1.0), Segment(1, 2, 3.0), Segment(2, 4, 4.0), Segment(4, 5, 5.0), Segment(5, 6, 7.0),
                      Segment(6, None, 8.0)]


def test_a_decay_starts_from_what_was_reached_and_ends_below_a_hundredth():
    pieces = phased([(0, 10.0)], 2, 99, ramp=4, half_life=2)  # ended half way up: 3.75 reached
    assert [p.amount for p in pieces[:2]] == [1.25, 3.75]
    assert pieces[2] == Segment(2, 3, pytest.approx(3.75 * 0.5 ** 0.25))
    assert pieces[-1].amount >= 0.01 * 3.75 > pieces[-1].amount * 0.5 ** 0.5
    assert all(a.end == b.start for a, b in pairwise(pieces))


def test_nothing_happens_after_the_run():
    assert phased([(0, 10.0)], None, 3, ramp=8)[-1] == Segment(3, None, pytest.approx(10 * 3.5 / 8))
    assert max(p.end for p in phased([(0, 10.0)], 2, 5, half_life=40)) == 6


@pytest.mark.parametrize(("months", "first", "last"), [(0, "2024-01-01", "2023-12-31"), (19, "2025-08-01", "2025-07-31")])
def test_a_relative_day_counts_from_the_first_day_and_as_an_end_it_is_the_length_of_time(months, first, last):
    from datetime import date

    start = date(2024, 1, 1)
    assert str(day_of(Offset(months), start)) == first and str(day_of(Offset(months), start, last=True)) == last
