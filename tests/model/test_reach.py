"""Points inside Quartiere, and what is near."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from quartier.model.model import QuartierModel
from quartier.model.rates import read_rate_book
from quartier.model.reach import POINTS, Reach, registered_residents
from toy import region, singles, start

PATH = 1.3


def made(quartiere: int = 2, centres: int = 30, seed: int = 1) -> Reach:
    """Reach of a town with invented centres, spread over 6 km; every centre belongs to the first Quartier."""
    rng = np.random.default_rng(seed)
    ids = [f"k{i:02d}" for i in range(centres)]
    facilities = pd.DataFrame({
        "facility_id": ids, "kind": "childcare_centre", "name": ids, "quartier_id": "01", "provider": "", "opens": "",
        "closes": "", "lon": 9.4 + rng.uniform(-0.05, 0.05, centres), "lat": 54.8 + rng.uniform(-0.03, 0.03, centres),
    })
    people = singles([40] * 6, [0] * 6)
    model = QuartierModel(region(quartiere, facilities=facilities), read_rate_book("01"), start(people), processes=())
    return Reach(model)


def test_points_fill_a_circle_of_the_area_evenly():
    reach = made()
    x, y = reach.x[:POINTS] - reach.x[:POINTS].mean(), reach.y[:POINTS] - reach.y[:POINTS].mean()
    r, radius = np.hypot(x, y), np.sqrt(2.0 / np.pi)
    assert r.max() < radius * 1.02
    # shares within half and three quarters of the radius are as the areas; mean distance from the centre is 2 R / 3
    assert (r < radius / 2).mean() == pytest.approx(0.25, abs=0.03)
    assert (r < radius * 0.75).mean() == pytest.approx(0.5625, abs=0.03)
    assert r.mean() == pytest.approx(2 * radius / 3, rel=0.02)


def test_quartiere_lie_as_far_apart_as_they_do():
    reach = made()
    x, y = reach.x.reshape(2, POINTS).mean(axis=1), reach.y.reshape(2, POINTS).mean(axis=1)
    assert np.hypot(x[1] - x[0], y[1] - y[0]) == pytest.approx(2.0, rel=1e-3)


def test_the_nearest_are_those_a_look_at_all_would_find():
    reach = made()
    every = np.arange(30)
    candidates, distances = reach.nearest(every, near=8, own=4)
    for point in (0, 17, 63, 64, 100, 127):
        d = PATH * np.hypot(reach.x[point] - reach.facility_x, reach.y[point] - reach.facility_y)
        order = np.argsort(d)
        assert candidates[point, :8].tolist() == order[:8].tolist()
        assert distances[point, :8] == pytest.approx(d[order[:8]], rel=1e-5)
        assert candidates[point, 8:].tolist() == (order[8:12].tolist() if point < POINTS else [-1] * 4)


def test_fewer_facilities_than_asked_for_leave_gaps():
    candidates, distances = made().nearest(np.array([3]), near=8, own=8)
    assert (candidates[:, 0] == 3).all() and (candidates[:, 1:] == -1).all() and np.isinf(distances[:, 1:]).all()
    assert (made().nearest(np.zeros(0, int))[0] == -1).all()


def test_a_quartier_without_an_area_is_as_large_as_its_register():
    register = pd.DataFrame(
        [
            ("01", "2022-12-31", "t", 0, -1, 9), ("01", "2024-12-31", "t", 0, -1, 7),
            ("01", "2023-12-31", "m", 0, -1, 4000), ("01", "2023-12-31", "f", 0, -1, 4000),
        ],
        columns=["quartier_id", "date", "sex", "age_from", "age_to", "persons"],
    )
    town = replace(region(2, population=register), reference_date=date(2023, 12, 31))
    assert registered_residents(town).tolist() == [8000, 0]
