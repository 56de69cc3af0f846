"""Monte Carlo error against what is known of it, and against chance itself."""

from __future__ import annotations

import math

import numpy as np
import pytest
from quartier.scenarios.precision import needed, precision_of, student


def judged(values, wished=0.01):
    (figure,) = precision_of({"baseline": {"persons": np.array(values)}}, wished).figures
    return figure


def test_the_interval_of_five_numbers_by_hand():
    figure = judged([98, 99, 100, 101, 102], 0.02)
    assert figure.mean == 100 and figure.error == pytest.approx(math.sqrt(2.5 / 5))
    assert figure.half_width == pytest.approx(2.776445 * math.sqrt(0.5) / 100, rel=1e-6)


@pytest.mark.parametrize(("n", "t"), [(2, 12.7062), (10, 2.26216), (30, 2.04523), (1000, 1.96234)])
def test_students_t_is_that_of_the_tables(n, t):
    assert student(n) == pytest.approx(t, rel=1e-5)


@pytest.mark.parametrize("variation", [0.001, 0.01, 0.02, 0.05, 0.3])
@pytest.mark.parametrize("wished", [0.005, 0.01, 0.05])
def test_the_number_needed_is_the_smallest_that_is_enough(variation, wished):
    def width(n: int) -> float:
        return student(n) * variation / math.sqrt(n)

    n = needed(variation, wished)
    assert n is not None and width(n) <= wished
    assert n == 2 or width(n - 1) > wished


def test_nearly_nothing_would_need_too_many():
    assert needed(1.0, 1e-7) is None


def test_figures_without_any_spread_are_sure_and_a_single_replicate_says_nothing():
    assert judged([7, 7, 7]).half_width == 0 and judged([0, 0]).half_width == 0
    one = judged([7])
    assert math.isnan(one.error) and one.needed is None
    assert not precision_of({"a": {"x": np.array([7])}}, 0.01).reached


def test_it_is_reached_when_every_figure_of_every_scenario_is():
    sure, unsure = np.array([100, 100, 101]), np.array([90, 100, 110])
    both = precision_of({"a": {"x": sure, "y": unsure}, "b": {"x": unsure, "y": sure}}, 0.02)
    assert not both.reached and both.replicates == 3
    assert {(f.scenario, f.indicator) for f in both.worst()} == {("b", "x"), ("a", "y")}
    assert both.needed == needed(0.1, 0.02)
    assert precision_of({"a": {"x": sure}, "b": {"x": sure}}, 0.02).reached


def test_the_interval_holds_the_true_mean_as_often_as_it_says():
    """2,000 samples of 8 from a normal law: 95 % of the intervals hold its mean; |z| of their number below 3.3 (0.1 %)."""
    rng = np.random.default_rng(1)
    held = 0
    for sample in rng.normal(1000, 30, (2000, 8)):
        figure = judged(sample)
        held += abs(figure.mean - 1000) <= figure.half_width * figure.mean
    assert abs(held - 1900) / math.sqrt(2000 * 0.95 * 0.05) < 3.3
