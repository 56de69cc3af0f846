"""Whole persons from fractions."""

import numpy as np
import pytest
from quartier.model.synthesis.integers import carry_round, diffuse, largest_remainder, proportional_fit


def test_the_largest_remainders_get_the_missing_persons():
    got = largest_remainder(np.array([1.2, 1.5, 2.3]), np.zeros(3, int), np.array([5]), np.arange(3, dtype=np.uint64))
    assert got.tolist() == [1, 2, 2]


def test_ties_of_remainders_go_to_the_smaller_key_whatever_the_order():
    keys = np.array([7, 3, 5], np.uint64)
    values = np.array([0.5, 0.5, 0.5])
    got = largest_remainder(values, np.zeros(3, int), np.array([2]), keys)
    assert got.tolist() == [0, 1, 1]
    turned = largest_remainder(values, np.zeros(3, int), np.array([2]), keys[::-1].copy())
    assert turned.tolist() == got[::-1].tolist()


def test_a_group_without_weight_is_spread_evenly():
    got = largest_remainder(np.zeros(4), np.array([0, 0, 1, 1]), np.array([2, 5]), np.arange(4, dtype=np.uint64))
    assert got.tolist() == [1, 1, 3, 2]


def test_proportional_fit_meets_two_margins_and_keeps_odds():
    rows, columns = np.array([[0, 0], [1, 1]]), np.array([[0, 1], [0, 1]])
    cells = np.array([[1.0, 2.0], [3.0, 4.0]])
    got = proportional_fit(cells, [(rows, np.array([10.0, 20.0])), (columns, np.array([12.0, 18.0]))], 200)
    assert got.sum(axis=1) == pytest.approx([10, 20])
    assert got.sum(axis=0) == pytest.approx([12, 18])
    assert got[0, 0] * got[1, 1] / (got[0, 1] * got[1, 0]) == pytest.approx(4 / 6)


def test_diffusion_meets_both_margins_of_every_table_and_keeps_sums_over_tables():
    chance = np.random.default_rng(5)
    exact = chance.dirichlet(np.ones(6), (40, 30)) * chance.integers(0, 9, (40, 30, 1))
    rows = np.rint(exact.sum(axis=2)).astype(int)
    columns = carry_round(exact.sum(axis=0), rows.sum(axis=0))
    got = diffuse(exact, rows, columns)
    assert (got >= 0).all()
    assert (got.sum(axis=2) == rows).all()
    assert (got.sum(axis=0) == columns).all()
    assert (
        np.abs(got.sum(axis=1) - exact.sum(axis=1)).max() < 3.0
    )  # 30 tables rounded one by one would be off by 5 and more
