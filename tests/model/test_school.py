"""When children enter school."""

from __future__ import annotations

import numpy as np
import pytest
from quartier.model.rates import read_rate_book
from quartier.model.school import entry_step, expected_share_not_at_school

SCHLESWIG_HOLSTEIN, BERLIN = read_rate_book("01"), read_rate_book("11")
RANKS = (np.arange(3000) + 0.5) / 3000


def entries(year: int, quarter: int, rates=SCHLESWIG_HOLSTEIN) -> dict[int, float]:
    """Share of the children born in a quarter by the year in which they enter school."""
    steps = entry_step(np.full(RANKS.size, 4 * year + quarter - 1), RANKS, rates)
    assert (steps % 4 == 2).all(), "school begins in the third quarter"
    years, counts = np.unique(steps // 4, return_counts=True)
    return dict(zip(years.tolist(), (counts / RANKS.size).tolist(), strict=True))


def test_born_in_spring_enters_in_the_year_of_the_sixth_birthday_unless_deferred():
    shares = entries(2018, 2)
    p0, tau = 0.2627, 2.2161  # family_school_entry.csv, deferral p0 exp(-m / tau), m = 0, 1, 2
    assert set(shares) == {2024, 2025}
    assert shares[2025] == pytest.approx(p0 * np.exp(-np.arange(3) / tau).mean(), abs=0.001)


def test_born_after_the_cut_off_enters_a_year_later_but_for_some():
    shares = entries(2018, 3)
    assert shares[2024] == pytest.approx(0.24, abs=0.001)
    assert shares[2025] > 0.75


def test_the_cut_off_of_berlin_is_three_months_later():
    assert entries(2018, 3, BERLIN)[2024] > 0.8
    assert entries(2018, 4, BERLIN)[2024] == pytest.approx(0.24, abs=0.001)


def test_one_child_in_seventeen_is_deferred():
    born = np.repeat(np.arange(4 * 2017 + 2, 4 * 2018 + 2), RANKS.size)  # all who are due in 2024
    late = entry_step(born, np.tile(RANKS, 4), SCHLESWIG_HOLSTEIN) // 4 == 2025
    assert late.mean() == pytest.approx(0.06, abs=0.002)  # statistik-bw.de: "gut 6 %"


def test_a_cut_off_inside_a_quarter_divides_it_by_month():
    rates = read_rate_book("01")
    rates.parameters |= {"school_cutoff_month": 8.0, "school_deferral_at_cutoff": 0.0, "school_early_entry_share": 0.0}
    assert entries(2018, 3, rates) == pytest.approx({2024: 2 / 3, 2025: 1 / 3})


def test_share_not_at_school_falls_with_age():
    share = expected_share_not_at_school(SCHLESWIG_HOLSTEIN, 4 * 2023 + 3, 36)
    assert (share[:20] == 1).all() and share[-1] == 0
    assert (np.diff(share) <= 1e-12).all()
    assert share[24:28].mean() == pytest.approx(0.5, abs=0.06), "of the six-year-olds at the year's end about half"
