"""Staff of care: need by hand, supply that ages, the two variants."""

from __future__ import annotations

import numpy as np
import pytest
from quartier.model.care_staff import MEASURES, OLDEST, YOUNGEST, balance, exits, start_ages, supply
from quartier.model.rates import read_rate_book

RATES = read_rate_book("00")


def test_ages_at_the_start_are_the_statistics():
    for branch, from_50, from_60 in (("home", 0.267, 0.16), ("ambulatory", 0.259, 0.151)):
        shares, ages = start_ages(RATES, branch), np.arange(YOUNGEST, OLDEST)
        assert shares.sum() == pytest.approx(1) and shares[ages >= 60].sum() == pytest.approx(from_60)
        assert shares[(ages >= 50) & (ages < 60)].sum() == pytest.approx(from_50)


def test_need_by_hand():
    """887 residents are 1,000 places of 0.606 full-time equivalents, 416 of them at most care staff; 100 clients."""
    one = balance(RATES, np.array([887.0]), np.array([100.0]), np.array([50.0]))[0]
    named = dict(zip(MEASURES, one, strict=True))
    assert named["home_fte_needed"] == pytest.approx(606) and named["home_heads_needed"] == pytest.approx(606 / 0.733)
    assert named["home_fte_ceiling"] == pytest.approx(887 * 0.469)
    assert named["home_fte_qualified"] == pytest.approx(887 * 0.469 * 0.442)
    assert named["ambulatory_fte_needed"] == pytest.approx(28.3)
    assert named["ambulatory_heads_trend"] == named["ambulatory_heads_status_quo"] == pytest.approx(28.3 / 0.699)


def test_the_trend_grows_as_the_statistics_did():
    trend, _ = supply(RATES, "home", 1000.0, np.full(11, 500.0))
    assert trend == pytest.approx(1000 * 1.0066 ** np.arange(11))


def test_in_the_status_quo_entrants_follow_the_young():
    """The first year is the trend's where the young stay as many; half the young bring half the entrants."""
    trend, same = supply(RATES, "home", 1000.0, np.full(3, 500.0))
    _, fewer = supply(RATES, "home", 1000.0, np.array([500.0, 250.0, 250.0]))
    assert same[1] == pytest.approx(trend[1])
    kept = 1000 * (start_ages(RATES, "home") * (1 - exits(RATES))).sum()
    assert fewer[1] == pytest.approx(kept + (trend[1] - kept) / 2) and fewer[2] < fewer[1]
    _, none = supply(RATES, "home", 1000.0, np.zeros(3))
    assert (np.diff(none) < 0).all()


def test_who_retires_and_leaves_by_hand():
    leaving = exits(RATES)
    assert leaving[[0, 39]] == pytest.approx(-np.expm1(-0.06)) and leaving[40] == pytest.approx(-np.expm1(-0.12))
    assert leaving[45:] == pytest.approx(np.full(5, -np.expm1(-0.45)))
