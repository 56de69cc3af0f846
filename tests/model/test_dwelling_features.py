"""What dwellings are like and cost: shares as in the tables, one byte each."""

from __future__ import annotations

import numpy as np
import pytest
import towns
from crowd import z_limit
from quartier.model.columns import RENT_CLASSES, RENT_SHIFT, TENURE_SHIFT, Tenure
from quartier.model.dwelling_features import barrier_free, draw_features, tenure_of, yearly_cost
from quartier.model.luck import Domain, Luck, derive_keys
from quartier.model.rates import read_rate_book
from quartier.model.synthesis import synthesise

N = 40_000


def worst(seen: list[float], expected: list[float], n: list[int]) -> float:
    """Largest |z| of observed shares."""
    s, e, m = np.array(seen), np.array(expected), np.array(n)
    return float(np.abs((s - e) / np.sqrt(e * (1 - e) / m)).max())


def test_tenure_barriers_and_rents_are_as_frequent_as_asked_and_as_new_dwellings_have_them():
    rates, key = read_rate_book("00"), derive_keys(Domain.DWELLING, np.arange(N))
    features = draw_features(Luck(1, 0), rates, key, np.full(N, 0.4))
    tenure, free = tenure_of(features), barrier_free(features)
    owned = tenure == Tenure.OWNED
    value = rates.parameter
    z = worst(
        [owned.mean(), (tenure == Tenure.BOUND).mean(), free[owned].mean(), free[~owned].mean()],
        [0.4, value("bound_share"), value("barrier_free_owned"), value("barrier_free_let")],
        [N, N, int(owned.sum()), int((~owned).sum())],
    )
    assert z < z_limit(4)
    assert np.bincount(features >> RENT_SHIFT, minlength=RENT_CLASSES) / N == pytest.approx(1 / RENT_CLASSES, abs=0.01)
    new = draw_features(Luck(1, 0), rates, key, np.full(N, 0.4), new=True)
    assert worst([barrier_free(new).mean()], [value("barrier_free_new")], [N]) < z_limit(1)
    assert (tenure_of(new) == tenure).all()


def test_a_dwelling_costs_its_area_times_the_rent_of_its_class_and_less_if_bound():
    rates = read_rate_book("00")
    rents = np.arange(RENT_CLASSES, dtype=np.uint8) << RENT_SHIFT
    cost = yearly_cost(rates, rents, np.full(RENT_CLASSES, 3))
    middle = 12 * 7.4 * 1.1351 * 1.1622 * 67.2  # EUR, months, level, asked, with costs, m2 of three rooms
    assert (np.diff(cost) > 0).all()
    assert np.exp(np.log(cost).mean()) == pytest.approx(middle)
    bound = yearly_cost(rates, rents | Tenure.BOUND << TENURE_SHIFT, np.full(RENT_CLASSES, 3))
    assert bound == pytest.approx(0.75 * cost)
    assert (yearly_cost(rates, rents[:1], np.array([9])) == yearly_cost(rates, rents[:1], np.array([7]))).all()


def test_at_the_start_households_own_as_often_as_the_table_says_for_their_size_and_age():
    rates = read_rate_book("00")
    start = synthesise(towns.national(20_000, 3), rates, 1)
    dwelling = start.households["dwelling"]
    homes = np.flatnonzero(dwelling >= 0)
    oldest = np.full(dwelling.size, 1 << 16)
    np.minimum.at(oldest, start.people["household"], start.people["birth"].astype(int))
    owned = tenure_of(start.dwellings["features"])[dwelling[homes]] == Tenure.OWNED
    size = np.minimum(start.households["size"][homes], rates["owner_rate"].values.shape[0]) - 1
    group = np.clip((start.step - oldest[homes]) // 40 - 2, 0, 5)
    expected = rates["owner_rate"].values[size, group]
    variance = (expected * (1 - expected)).sum()
    assert abs(owned.sum() - expected.sum()) < 4.5 * np.sqrt(variance)  # heads are the oldest but for a few households
    assert owned[group == 5].mean() > 3 * owned[group == 0].mean()
