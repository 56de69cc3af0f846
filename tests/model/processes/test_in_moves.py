"""The net migration by age that keeps a town's age structure, and the total that its register asks for."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
import toy
from quartier.model.processes.in_moves import in_move_profile, net_by_age
from quartier.model.processes.migration import IN_MIGRATE
from quartier.model.processes.out_moves import expected_out_moves
from quartier.model.rates import read_rate_book
from quartier.model.thresholds import AGES, pad_ages

RATES = read_rate_book("00")


def nation() -> np.ndarray:
    """A town of 200,000 with the nation's pyramid [sex, age]."""
    pyramid = RATES["population_pyramid"].values[0]
    town = np.zeros((2, AGES))
    town[:, : pyramid.shape[1]] = pyramid * 200_000 / pyramid.sum()
    return town


def student_town() -> np.ndarray:
    """The nation's pyramid with twice as many of 19 to 27."""
    town = nation()
    town[:, 19:28] *= 2
    return town


def test_a_town_like_its_state_has_no_net_migration_of_its_own():
    assert np.abs(net_by_age(RATES, nation(), 2023)).max() < 1e-6


def test_a_student_town_gains_at_18_to_20_and_loses_at_27_to_29_and_nothing_in_all():
    net = net_by_age(RATES, student_town(), 2023)
    assert net[:, 17:21].sum() > 1500
    assert net[:, 26:31].sum() < -1500
    assert net.sum() == pytest.approx(0, abs=1e-6)


def test_students_who_come_bring_no_families_with_children_under_age():
    net = net_by_age(RATES, student_town(), 2023)
    assert np.abs(net[:, :18]).sum() < 0.01 * net[:, 18:21].sum()


@pytest.mark.parametrize("year", [2015, 2028])
def test_a_strong_cohort_is_no_gain_at_its_age_whatever_the_year_of_the_start(year: int):
    """The nation's cohorts some years earlier or later, by hand; no net migration where cohorts are compared with themselves."""
    apart, stay = abs(2023 - year), np.exp(-pad_ages(RATES["mortality"].values))
    town = nation()
    for _ in range(apart):
        if year < 2023:
            town = np.concatenate((town[:, 1:] / stay[:, :-1], town[:, -1:]), axis=1)
        else:
            town = np.concatenate((town[:, :1], (town * stay)[:, :-1]), axis=1)
    assert np.abs(net_by_age(RATES, town, year)).sum() < 0.001 * town.sum()
    assert np.abs(net_by_age(RATES, town, 2023)).sum() > 0.02 * town.sum()


def test_the_net_by_age_carries_the_bulge_of_students_through_twenty_years():
    """Without it the bulge would be 20 years older in the end: a projection by hand with deaths and both kinds of net."""
    town, state = student_town(), nation()
    stay = np.exp(-pad_ages(RATES["mortality"].values))
    gain = net_by_age(RATES, town, 2023)
    kept = aged = town
    for _ in range(20):
        kept, aged, state = (
            _a_year_older(x * stay, young) for x, young in ((kept + gain, town), (aged, town), (state, town))
        )
    bulge = slice(20, 27)
    assert kept[:, bulge].sum() / state[:, bulge].sum() == pytest.approx(2.0, rel=0.1)
    assert aged[:, bulge].sum() / state[:, bulge].sum() < 1.2


def _a_year_older(persons: np.ndarray, young: np.ndarray) -> np.ndarray:
    older = np.concatenate((young[:, :1], persons[:, :-1]), axis=1)
    older[:, :10] = young[:, :10]
    return older


def test_the_total_follows_the_register_within_the_limit():
    days = [date(2018, 12, 31), date(2023, 12, 31)]
    people = toy.singles(np.tile(np.arange(20, 80), 50), np.tile([0, 1], 1500))
    growth = 20
    population = pd.DataFrame(
        {
            "quartier_id": "01",
            "date": days,
            "sex": "t",
            "age_from": 0,
            "age_to": -1,
            "persons": [3000 - 5 * growth, 3000],
        }
    )
    model = toy.town(people, (IN_MIGRATE,), check=False, population=population)
    stock = model.side["in_migrate"].stock
    town = stock.sum(axis=0)
    rates = model.rates
    moves = (in_move_profile(model, stock)[0] * pad_ages(rates["in_migration_germany"].values) * town).sum()
    abroad = (pad_ages(rates["in_migration_abroad"].values) * town.sum(axis=1, keepdims=True)).sum()
    out = expected_out_moves(model).sum()
    deaths = (pad_ages(rates["mortality"].values) * town).sum()
    wanted = min(growth + deaths, 0.01 * 3000)  # nobody is born in this town, and the limit is 1 % a year
    assert moves + abroad - out == pytest.approx(wanted, rel=1e-6)
