"""Services of care: what a region lists, what is estimated, opening and closing, measures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from crowd import book
from quartier.model.care_facilities import AMBULATORY, DAY_CARE, NURSING_HOME, SHORT_TERM
from quartier.model.columns import Kind
from quartier.model.measures import CARE_KINDS, ClosingMeasure, PlacesMeasure
from quartier.model.model import QuartierModel
from quartier.model.processes.care_homes import occupied
from quartier.model.processes.care_setting import ARRANGE_CARE
from quartier.model.rates import Modifier
from toy import START, town

OLD = [{"age": 85, "sex": 1, "household": i, "quartier": i % 3, "care": 3} for i in range(12)]
RESIDENTS = [{"age": 88, "sex": 1, "household": 12 + i % 2, "quartier": i % 2, "care": 4, "role": 2} for i in range(20)]


def facility(number: str, kind: str = "nursing_home", quartier: str = "01", **columns: Any) -> dict[str, Any]:
    """One row of the facility table."""
    row = {
        "facility_id": number,
        "kind": kind,
        "name": f"Haus {number}",
        "quartier_id": quartier,
        "provider": "AWO",
        "opens": "",
        "closes": "",
        "lon": np.nan,
        "lat": np.nan,
    }
    return row | columns


def places(number: str, n: int, date: str = "2023-03-01") -> dict[str, Any]:
    """One row of the table of places; care is not bound to ages."""
    return {"facility_id": number, "date": date, "age_from": 0, "age_to": -1, "places": n}


def model(listed=(), table=(), measures=(), rates=None, people=None, **options: Any) -> QuartierModel:
    """A town of three Quartiere, 2 km apart, with these services."""
    tables = {"facilities": pd.DataFrame(list(listed)), "places": pd.DataFrame(list(table))} if listed else {}
    return town(
        people or OLD + RESIDENTS,
        (ARRANGE_CARE,),
        quartiere=3,
        rates=rates or book(),
        measures=measures,
        **tables,
        **options,
    )


def test_services_not_listed_are_pooled_and_marked_as_estimated():
    """20 residents in two Quartiere at an occupancy of 88.7 % are 12 + 12 places; day care 17.62 per 1,000 in need."""
    m = model()
    f = m.side["care_facilities"]
    assert f.ids == [
        "estimated/nursing_home/01",
        "estimated/nursing_home/02",
        "estimated/ambulatory/01",
        "estimated/day_care/01",
        "estimated/short_term/01",
        "estimated/shared_flat/01",
        "estimated/shared_flat/02",
        "estimated/serviced_housing/01",
    ]
    assert f.estimated.all() and f.growing(START)[:-1].all() and not f.growing(START)[-1]
    assert f.places(START)[f.of_kind(NURSING_HOME)].tolist() == [12, 12]
    assert f.places(START)[f.of_kind(SHORT_TERM)].tolist() == [1]
    assert [a.capacity for a in f.agents][:2] == [12, 12]
    assert occupied(m)[:2].tolist() == [10, 10]


def test_a_listed_kind_is_not_estimated_and_the_others_are():
    f = model([facility("h", "nursing_home", "02")], [places("h", 30)]).side["care_facilities"]
    assert dict(zip([CARE_KINDS[k] for k in f.kind], f.estimated.tolist(), strict=True)) == {
        "nursing_home": False,
        "ambulatory": True,
        "day_care": True,
        "short_term": True,
        "shared_flat": True,
        "serviced_housing": True,
    }
    assert not f.growing(START)[f.of_kind(NURSING_HOME)].any()


def test_a_childcare_centre_is_no_service_of_care():
    m = model([facility("k", "childcare_centre")], [places("k", 30)])
    assert m.facilities.ids == ["k"] and "k" not in m.side["care_facilities"].ids


def test_residents_of_the_start_live_in_the_listed_homes_in_proportion_to_places():
    m = model(
        [facility("a"), facility("b"), facility("c", quartier="02")],
        [places("a", 32), places("b", 8), places("c", 40)],
    )
    assert occupied(m)[:3].tolist() == [8, 2, 10]
    assert (m.households.kind[m.people.household[12:]] == Kind.NURSING_HOME).all()


def test_residents_of_a_quartier_without_a_home_live_in_the_nearest():
    m = model([facility("c", quartier="02")], [places("c", 40)])
    assert occupied(m)[0] == 20 and set(m.people.quartier[12:].tolist()) == {1}


def test_a_home_has_places_from_opening_to_closing_and_by_date():
    listed = [facility("a", opens="2024-04-01", closes="2025-06-30"), facility("b")]
    table = [places("a", 50), places("b", 40), places("b", 60, "2025-01-01")]
    f = model(listed, table).side["care_facilities"]
    seen = [f.places(START + quarters)[:2].tolist() for quarters in (0, 1, 2, 4, 5, 6, 7)]
    assert seen == [[0, 40], [0, 40], [50, 40], [50, 40], [50, 60], [50, 60], [0, 60]]


def test_measures_add_places_open_a_home_and_take_places_away():
    new = PlacesMeasure("nursing_home", 25, "places", START + 2, START + 4, (2,))
    fewer = PlacesMeasure("nursing_home", -50, "percent", START + 3)
    childcare = PlacesMeasure("childcare_centre", 9, "places", START + 1, None, (0,))
    f = model(
        [facility("a"), facility("c", quartier="02")], [places("a", 30), places("c", 10)], (new, fewer, childcare)
    ).side["care_facilities"]
    assert f.ids[:3] == ["a", "c", "measure/nursing_home/03"]
    assert [f.places(START + q)[:3].tolist() for q in range(5)] == [
        [30, 10, 0],
        [30, 10, 0],
        [30, 10, 25],
        [15, 5, 25],
        [15, 5, 0],
    ]


def test_missing_staff_leaves_places_and_takes_operable_ones_and_a_measure_may_name_a_home():
    short = PlacesMeasure("nursing_home", -20, "percent", START + 1, operable_only=True)
    named = PlacesMeasure("nursing_home", 6, "places", START + 1, facilities=("a",))
    closed = ClosingMeasure("b", START + 2)
    f = model([facility("a"), facility("b")], [places("a", 30), places("b", 10)], (short, named, closed)).side[
        "care_facilities"
    ]
    assert [f.places(START + q)[:2].tolist() for q in range(3)] == [[30, 10], [36, 10], [36, 0]]
    assert [f.operable(START + q)[:2].tolist() for q in range(3)] == [[30, 10], [30, 8], [30, 0]]


def test_a_scenario_freezes_estimated_places():
    frozen = Modifier("care_estimated_places_grow", "value", 0.0, start=START + 4)
    f = model(rates=book(care_estimated_places_grow=frozen)).side["care_facilities"]
    assert f.growing(START + 3)[:-1].all() and not f.growing(START + 4).any()


def test_distances_are_from_the_quartier_and_never_nothing():
    f = model([facility("a"), facility("b", lon=9.4, lat=54.9)], [places("a", 1), places("b", 1)]).side[
        "care_facilities"
    ]
    assert f.distance[:, 0] == pytest.approx([np.sqrt(2) / 2, 2, 4], abs=1e-3)
    assert f.distance[0, 1] == pytest.approx(11.132, abs=1e-3)


def test_the_order_of_rows_does_not_matter():
    listed, table = [facility("a"), facility("b", "day_care")], [places("a", 9), places("b", 5)]
    f, g = (model(*rows).side["care_facilities"] for rows in ((listed, table), (listed[::-1], table[::-1])))
    assert f.ids == g.ids and (f.key == g.key).all() and (f.places(START) == g.places(START)).all()
    assert f.of_kind(AMBULATORY).sum() == f.of_kind(DAY_CARE).sum() == 1
