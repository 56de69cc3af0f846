"""What a household can pay: quartiles of the income tables, the limit, and the authorities' measure of what is adequate."""

from __future__ import annotations

import numpy as np
import pytest
import toy
from quartier.model.processes.budget import affordable, household_income, income_ranks
from quartier.model.rates import read_rate_book


def test_incomes_have_the_quartiles_of_the_table_for_every_type_of_household():
    rates = read_rate_book("00")
    quartiles = np.array([0.25, 0.5, 0.75])
    for adults, minors, expected, weight in [
        (1, 0, [15_000, 22_285, 31_318], 1.0),
        (2, 0, [21_525, 29_823, 41_755], 1.5),
        (1, 1, [16_375, 21_250, 27_492], 1.3),
        (2, 2, [21_380, 28_878, 39_467], 2.1),
        (5, 1, [21_556, 27_874, 35_889], 3.3),
    ]:
        income = household_income(rates, quartiles, np.full(3, adults), np.full(3, minors))
        assert income == pytest.approx(np.array(expected) * weight, rel=0.005)


def test_half_of_the_income_or_what_the_authorities_pay_may_be_spent_and_anything_after_two_quarters():
    rates = read_rate_book("00")
    one, none = np.ones(4, int), np.zeros(4, int)
    most = affordable(rates, np.array([0.001, 0.5, 0.999, 0.5]), one, none, np.array([0, 1, 0, 2]))
    assert most[0] == pytest.approx(12 * 1.1 * 7.4 * 1.1622 * 50)
    assert most[1] == pytest.approx(0.5 * 22_285, rel=0.005)
    assert most[2] > 2 * most[1]
    assert most[3] == np.inf
    family = affordable(rates, np.array([0.001]), np.array([2]), np.array([2]), np.array([0]))
    assert family[0] == pytest.approx(12 * 1.1 * 7.4 * 1.1622 * 95)


def test_the_rank_lasts_for_life():
    model = toy.town(toy.singles([30] * 50, [0] * 50))
    before = income_ranks(model, model.people.key)
    model.now += 20
    assert (income_ranks(model, model.people.key) == before).all()
    assert np.unique(before).size == 50
