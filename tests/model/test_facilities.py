"""Facilities: what the region lists, what is estimated, opening and closing, measures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from quartier.model.facility_places import bands_of, largest_remainder
from quartier.model.luck import Domain, derive_keys, text_key
from quartier.model.measures import PlacesMeasure
from quartier.model.model import QuartierModel
from quartier.model.rates import read_rate_book
from toy import START, town

PEOPLE = [
    {"age": 35, "sex": 1, "household": i, "quartier": i % 3} for i in range(60)
] + [
    {"age": i % 7, "sex": i % 2, "household": i, "quartier": i % 3, "role": 1, "mother": i, "quarter": i % 4}
    for i in range(60)
]


def centre(number: str, quartier: str = "01", **columns: Any) -> dict[str, Any]:
    """One row of the facility table."""
    row = {
        "facility_id": number, "kind": "childcare_centre", "name": f"Kita {number}", "quartier_id": quartier,
        "provider": "AWO", "opens": "", "closes": "", "lon": np.nan, "lat": np.nan,
    }
    return row | columns


def places(number: str, age_from: int, age_to: int, n: int, date: str = "2023-03-01") -> dict[str, Any]:
    """One row of the table of places."""
    return {"facility_id": number, "date": date, "age_from": age_from, "age_to": age_to, "places": n}


def model(facilities: list[dict[str, Any]], table: list[dict[str, Any]], measures=(), **options: Any) -> QuartierModel:
    """A town of three Quartiere with these facilities, all places operable."""
    rates = read_rate_book("01")
    rates.parameters["childcare_inoperable_share"] = 0.0
    tables = {"facilities": pd.DataFrame(facilities), "places": pd.DataFrame(table)} if facilities else {}
    return town(PEOPLE, quartiere=3, rates=rates, measures=measures, **tables, **options)


def at(town_: QuartierModel, step: int) -> list[list[int]]:
    """Places by facility and band at a step."""
    town_.facilities.update(step)
    return town_.facilities.places.tolist()


TWO = [centre("a"), centre("b", "02", lon=9.45, lat=54.81)]
THEIR_PLACES = [places("a", 0, 2, 10), places("a", 3, 6, 20), places("b", 3, 6, 40), places("b", 6, 13, 15)]


def test_ages_lead_to_bands():
    cases = {
        (0, 2): (0,), (1, 2): (0,), (3, 6): (1,), (3, 5): (1,), (0, 6): (0, 1), (2, 6): (0, 1), (6, 13): (2,),
        (0, -1): (0, 1),
    }
    assert {ages: bands_of(*ages) for ages in cases} == cases


def test_largest_remainder_adds_up_and_prefers_the_smaller_key():
    assert largest_remainder(np.array([1.0, 1.0, 1.0]), 4, np.array([7, 3, 9], np.uint64)).tolist() == [1, 2, 1]
    assert largest_remainder(np.array([1.0, 2.0]), 0, np.array([1, 2], np.uint64)).sum() == 0


def test_a_facility_says_what_it_is():
    f = model(TWO, THEIR_PLACES).facilities
    assert not f.estimated and len(f) == 2
    b = f.agents[1]
    assert (b.name, b.kind, b.provider, b.quartier.quartier_id) == ("Kita b", "childcare_centre", "AWO", "02")
    assert b.places == {"under_3": 0, "three_to_school": 40, "school_age": 15}
    assert (b.attending, b.waiting) == (0, 0)
    assert f.key[1] == derive_keys(Domain.FACILITY, text_key("01999999/b"))[0]
    assert f.lon[0] == pytest.approx(9.4) and f.lon[1] == 9.45
    assert f.places_by_quartier((0, 1)).tolist() == [30, 40, 0]
    assert f.places_by_quartier((2,)).tolist() == [0, 15, 0]
    assert f.places_by_quartier((0, 1), kind="nursing_home").tolist() == [0, 0, 0]


def test_the_order_of_rows_does_not_matter():
    f, g = (model(rows, table).facilities for rows, table in ((TWO, THEIR_PLACES), (TWO[::-1], THEIR_PLACES[::-1])))
    assert f.ids == g.ids and (f.key == g.key).all() and (f.places == g.places).all()


def test_places_for_mixed_ages_first_serve_those_from_three_on():
    f = model([centre("a")], [places("a", 0, 6, 1000)]).facilities
    young, older = f.places[0, :2]
    assert young + older == 1000
    # 60 children, ages 0 to 6 in equal parts: those from three on wish about 26 to 32 places
    assert 24 <= older <= 33
    assert model([centre("a")], [places("a", 0, 6, 20)]).facilities.places[0].tolist() == [0, 20, 0]


def test_a_facility_opens_and_closes_on_its_days():
    listed = [centre("a", opens="2024-08-01"), centre("b", closes="2024-12-31"), centre("c", closes="2024-07-31")]
    t = model(listed, [places(x, 3, 6, 10) for x in "abc"])
    by_step = {q: [row[1] for row in at(t, START + q)] for q in range(6)}
    assert by_step[0] == by_step[1] == by_step[2] == [0, 10, 10]  # 31 December 2023 to 30 June 2024
    assert by_step[3] == [10, 10, 0]  # 30 September: `a` has opened, `c` has closed
    assert by_step[4] == [10, 10, 0]  # 31 December: the last day of `b`
    assert by_step[5] == [10, 0, 0]


def test_places_change_on_the_dates_of_the_table():
    later = [places("a", 3, 6, 25, "2024-10-01"), places("a", 0, 2, 5, "2024-10-01")]
    t = model([centre("a")], [places("a", 3, 6, 10, "2024-03-01"), *later])
    assert at(t, START) == [[0, 10, 0]], "the first figures hold from the beginning"
    assert at(t, START + 3) == [[0, 10, 0]]
    assert at(t, START + 4) == [[5, 25, 0]]


def test_per_cent_of_places_keep_the_total():
    measure = PlacesMeasure("childcare_centre", 10, "percent", START + 2, START + 4)
    listed = [centre(x, "01") for x in "abcdef"]
    t = model(listed, [places(x, 3, 6, 13) for x in "abcdef"] + [places("a", 6, 12, 50)], [measure])
    before, during = np.array(at(t, START + 1)), np.array(at(t, START + 2))
    assert (during - before).sum() == round(0.1 * 6 * 13)
    assert set((during - before)[:, 1].tolist()) == {1, 2} and (during[:, 2] == before[:, 2]).all()
    assert at(t, START + 4) == before.tolist(), "it ends"


def test_places_of_one_band_and_one_quartier():
    measure = PlacesMeasure("childcare_centre", 7, "places", START + 1, quartiere=(0,), age_to=2)
    assert at(model(TWO, THEIR_PLACES, [measure]), START + 1) == [[17, 20, 0], [0, 40, 15]]


def test_places_in_the_whole_town_are_spread_as_those_there_are():
    measure = PlacesMeasure("childcare_centre", 70, "places", START + 1)
    assert at(model(TWO, THEIR_PLACES, [measure]), START + 1) == [[20, 40, 0], [0, 80, 15]]


def test_taking_places_away_stops_at_none():
    measure = PlacesMeasure("childcare_centre", -500, "places", START + 1, quartiere=(0,))
    assert at(model(TWO, THEIR_PLACES, [measure]), START + 1) == [[0, 0, 0], [0, 40, 15]]


def test_a_quartier_without_a_centre_gets_one_and_indices_stay():
    measure = PlacesMeasure("childcare_centre", 35, "places", START + 2, quartiere=(2,))
    t = model(TWO, THEIR_PLACES, [measure])
    assert at(t, START + 1) == [[10, 20, 0], [0, 40, 15], [0, 0, 0]]
    assert at(t, START + 2) == [[10, 20, 0], [0, 40, 15], [5, 30, 0]]
    assert t.facilities.ids[:2] == ["a", "b"] and t.facilities.agents[2].quartier.quartier_id == "03"


def test_without_facilities_the_state_lets_expect_places():
    t = model([], [])
    f = t.facilities
    assert f.estimated and len(f) == 3
    ages = np.array([p["age"] for p in PEOPLE[60:]])
    young = (ages < 3).sum()
    # Schleswig-Holstein: 37.8 % x 1.052 attend under three, 95 % from three on; 92.4 % of all places are used
    assert f.places[:, 0].sum() == pytest.approx(0.378 * 1.052 * young, abs=3.5)
    attending = 0.398 * young + 0.95 * ((ages >= 3) & (ages < 6)).sum() + 0.95 * 0.5 * (ages == 6).sum()
    assert f.places.sum() == pytest.approx(attending / 0.9238, abs=4)


def test_estimates_follow_need_and_listed_centres_without_places_share_them():
    concentrated = [p | {"quartier": 1} for p in PEOPLE]
    assert town(concentrated, quartiere=3).facilities.places[[0, 2]].sum() == 0
    f = model([centre("a"), centre("b", "02")], [places("x", 3, 6, 9)]).facilities
    assert f.estimated and len(f) == 2 and np.ptp(f.places.sum(axis=1)) <= 2


def test_operable_places_fall_short_by_the_assumed_share():
    many = [centre(f"{i:03d}") for i in range(400)]
    table = [places(c["facility_id"], 3, 6, 25) for c in many]
    f = town(PEOPLE, quartiere=3, facilities=pd.DataFrame(many), places=pd.DataFrame(table)).facilities
    assert ((f.places - f.operable) >= 0).all() and ((f.places - f.operable) <= 1).all()
    # 400 centres lose 0.5 of a place each on average; rounding is independent, standard error 10
    assert (f.places - f.operable).sum() == pytest.approx(200, abs=35)
