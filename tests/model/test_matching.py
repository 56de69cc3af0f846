"""Deferred acceptance: stable, best for those who ask, blind to the order of rows."""

from __future__ import annotations

import numpy as np
import pytest
from blocking import blocking_pairs
from quartier.model.matching import deferred_acceptance


def market(n: int, givers: int, width: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Choices (some lists shorter), scores, keys and free places of an invented market with ties in the scores."""
    rng = np.random.default_rng(seed)
    choices = np.array([rng.permutation(givers)[:width] for _ in range(n)], np.int32)
    choices[np.arange(width) >= rng.integers(0, width + 1, n)[:, None]] = -1
    scores = rng.integers(0, 4, (n, width)).astype(float)
    return choices, scores, rng.permutation(n).astype(np.uint64), rng.integers(-1, 4, givers)


@pytest.mark.parametrize("seed", range(30))
def test_no_pair_would_rather_have_each_other(seed):
    asked = market(40, 8, 5, seed)
    match = deferred_acceptance(*asked)
    assert blocking_pairs(*asked, match) == []
    assert (np.bincount(match[match >= 0], minlength=8) <= np.maximum(asked[3], 0)).all()


def test_a_blocking_pair_would_be_noticed():
    choices, scores = np.array([[0], [0]], np.int32), np.array([[1.0], [2.0]])
    assert blocking_pairs(choices, scores, np.array([1, 2], np.uint64), np.array([1]), np.array([0, -1])) == [(1, 0)]


def test_the_order_of_rows_changes_nothing():
    choices, scores, keys, free = market(200, 12, 6, 99)
    order = np.random.default_rng(1).permutation(200)
    match = deferred_acceptance(choices, scores, keys, free)
    assert (deferred_acceptance(choices[order], scores[order], keys[order], free) == match[order]).all()
    assert (match >= 0).sum() == np.maximum(free, 0).sum(), "200 ask for few places, so all are taken"


def test_three_children_and_two_centres_by_hand():
    # Ada and Ben want centre 0 first, Cem centre 1. Centre 0 has one place and prefers Ben. Ada asks centre 1: it has
    # one place and prefers her to Cem; Cem asks centre 0, which prefers Ben: Cem is refused everywhere.
    choices = np.array([[0, 1], [0, 1], [1, 0]], np.int32)
    scores = np.array([[1.0, 5.0], [2.0, 1.0], [3.0, 0.0]])
    match = deferred_acceptance(choices, scores, np.array([1, 2, 3], np.uint64), np.array([1, 1]))
    assert match.tolist() == [1, 0, -1]


def test_equal_scores_are_settled_by_the_smaller_key():
    choices, scores = np.zeros((3, 1), np.int32), np.ones((3, 1))
    assert deferred_acceptance(choices, scores, np.array([9, 4, 6], np.uint64), np.array([2])).tolist() == [-1, 0, 0]
