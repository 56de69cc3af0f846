"""Staff that is missing takes places away: by hand, by variant, and in the queue of a home."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from crowd import book
from quartier.model.care_staff import units_lost
from quartier.model.measures import PlacesMeasure
from quartier.model.model import QuartierModel
from quartier.model.processes.care_setting import ARRANGE_CARE
from quartier.model.processes.care_staffing import STAFF_SERVICES, covered
from quartier.model.rates import Modifier
from quartier.model.state import restore, save_state
from toy import START, town

KEYS = np.arange(3, dtype=np.uint64)
PEOPLE = [{"age": 30 + i % 5, "sex": i % 2, "household": i} for i in range(40)]


def home(number: str, places: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """A nursing home of the first Quartier, and its places."""
    where = {"lon": np.nan, "lat": np.nan, "quartier_id": "01", "opens": "", "closes": "", "provider": ""}
    listed = {"facility_id": number, "kind": "nursing_home", "name": number, **where}
    return listed, {"facility_id": number, "date": "2023-03-01", "age_from": 0, "age_to": -1, "places": places}


def staffed(*changes: Modifier, measures=(), staff=(np.nan, np.nan), **parameters: float) -> QuartierModel:
    """A town with two homes of 100 and 50 places, and 40 people of 30 to 34 who never need them."""
    listed, places = zip(home("a", 100), home("b", 50), strict=True)
    for row, full_time in zip(listed, staff, strict=True):
        row["staff"] = full_time
    rates = book().with_parameters(parameters).with_modifiers(changes)
    return town(
        PEOPLE, (ARRANGE_CARE, STAFF_SERVICES), rates=rates, measures=measures,
        facilities=pd.DataFrame(list(listed)), places=pd.DataFrame(list(places)),
    )  # fmt: skip


def operable(model: QuartierModel, years: int) -> list[int]:
    """Places of the two homes that can be filled, together, in the first quarter of each year."""
    out = []
    for _ in range(years):
        model.run(model.now + 4)
        f = model.side["care_facilities"]
        out.append(int(f.operable(model.now + 1)[f.of_kind(0)].sum()))
    return out


NOBODY = Modifier("care_staff_entrants", "value", 0.0)
STATUS_QUO = Modifier("care_staff_follows_young", "value", 1.0)


def test_the_home_with_the_highest_shortage_loses_first_and_keeps_its_share():
    """Needs of 10, 20 and 30; shortages of a half, nothing, a third. 8 are lacking: 4 of the first, 4 of the last."""
    lost = units_lost(8.0, np.array([10.0, 20.0, 30.0]), np.array([5.0, 20.0, 20.0]), 0.4, KEYS)
    assert lost == pytest.approx([4, 0, 4])


def test_when_all_have_come_down_to_their_share_all_lose_alike():
    """Of 60 a share of 0.4 is 24; 42 are lacking: half of what is left goes everywhere."""
    lost = units_lost(42.0, np.array([10.0, 20.0, 30.0]), np.zeros(3), 0.4, KEYS)
    assert lost == pytest.approx([7, 14, 21])
    assert units_lost(99.0, np.array([10.0, 20.0, 30.0]), np.zeros(3), 0.4, KEYS) == pytest.approx([10, 20, 30])


def test_enough_staff_loses_nothing():
    assert units_lost(-5.0, np.array([10.0, 0.0, 3.0]), np.ones(3), 0.4, KEYS).tolist() == [0, 0, 0]


def test_the_trend_keeps_all_places_open():
    assert operable(staffed(), 3) == [150, 150, 150]


def test_without_entrants_places_close_as_staff_leaves_and_the_biggest_shortage_bears_it_first():
    """After a year 1 - exp(-0.06) of those below 60, 11 % from 60 and 36 % from 65 on are gone, and who turns 70."""
    model = staffed(NOBODY)
    first, second = operable(model, 2)
    below, from_60, from_65 = 1 - 0.16, 0.16 * 5 / 7, 0.16 * 2 / 7
    stays = below * np.exp(-0.06) + from_60 * np.exp(-0.12) + from_65 * np.exp(-0.45)
    assert first == pytest.approx(150 * stays, abs=2) and second < first
    f = model.side["care_facilities"]
    assert (
        f.places(model.now).sum() - f.operable(model.now).sum() > 0 and f.places(model.now)[f.of_kind(0)].sum() == 150
    )


PER_PLACE = book().parameter("care_staff_home_fte")


def free_at_start(model: QuartierModel) -> list[int]:
    """Places of each of the two homes that can be filled at the start."""
    f = model.side["care_facilities"]
    return f.operable(model.now)[f.of_kind(0)].tolist()


def test_a_home_whose_listed_staff_lacks_a_fifth_begins_with_a_fifth_of_its_places_closed():
    """And as the town's staff grows by 0.66 % a year, 130 filled places become 130.9 and 131.7."""
    model = staffed(staff=(80 * PER_PLACE, np.nan))
    assert free_at_start(model) == [80, 50]
    assert covered(model) == pytest.approx((130 / 150, 1.0))
    assert operable(model, 2) == [130, 131]


def test_listed_staff_of_one_home_fills_in_for_another_of_the_town():
    assert free_at_start(staffed(staff=(80 * PER_PLACE, 70 * PER_PLACE))) == [100, 50]
    assert free_at_start(staffed(staff=(80 * PER_PLACE, 60 * PER_PLACE))) == [90, 50]


def test_staff_of_day_care_fills_in_for_a_home_that_of_a_service_does_not():
    """The home lacks a fifth, which the other facility has beyond its own need."""
    for kind, free in (("day_care", 100), ("ambulatory", 80)):
        listed, places = zip(home("a", 100), home("b", 50), strict=True)
        per_unit = {"day_care": book().parameter("care_staff_day_care_fte"), "ambulatory": PER_PLACE}[kind]
        listed[0]["staff"], listed[1]["staff"], listed[1]["kind"] = 80 * PER_PLACE, 50 * per_unit + 20 * PER_PLACE, kind
        tables = {"facilities": pd.DataFrame(list(listed)), "places": pd.DataFrame(list(places))}
        model = town(PEOPLE, (ARRANGE_CARE, STAFF_SERVICES), rates=book(), **tables)
        assert free_at_start(model) == [free]


def test_the_young_are_those_of_18_to_34():
    people = [{"age": a, "sex": 0, "household": i} for i, a in enumerate((17, 18, 19, 34, 35))]
    model = town(people, (ARRANGE_CARE, STAFF_SERVICES), rates=book())
    assert model.side["staff_services"]["young_at_start"] == 3


def test_listed_staff_closes_nothing_where_staff_only_is_shown():
    shown = staffed(Modifier("care_staff_limits", "value", 0.0), staff=(80 * PER_PLACE, np.nan))
    assert free_at_start(shown) == [100, 50] and covered(shown)[0] < 1


def test_staff_that_only_is_shown_closes_nothing():
    assert operable(staffed(NOBODY, Modifier("care_staff_limits", "value", 0.0)), 2) == [150, 150]


def test_in_the_status_quo_entrants_vanish_with_the_young():
    """All 40 people are 30 to 34 at the start: a fifth of them is 35 after a year, after five years nobody is younger."""
    places = operable(staffed(STATUS_QUO), 8)
    assert 145 < places[0] < 150 and places[-1] < 110 and places == sorted(places, reverse=True)


def test_new_places_bring_their_staff_unless_a_parameter_says_no():
    more = [PlacesMeasure("nursing_home", 60, "places", START + 6)]
    assert operable(staffed(measures=more), 3) == [150, 210, 210]
    hired = operable(staffed(measures=more, care_staff_new_places_share=0.0), 3)
    assert hired[0] == 150 and 150 <= hired[1] < 160 and hired[1] <= hired[2]


def test_services_that_grow_with_demand_lose_no_places():
    model = town(PEOPLE, (ARRANGE_CARE, STAFF_SERVICES), rates=book().with_modifiers([NOBODY]))
    model.run(START + 8)
    assert model.side["staff_services"]["lost"].sum() == 0


def test_a_saved_state_goes_on_with_the_same_staff():
    whole, first = staffed(NOBODY), staffed(NOBODY)
    whole.run(START + 12)
    first.run(START + 4)
    second = staffed(NOBODY)
    restore(second, save_state(first))
    second.run(START + 12)
    for name in ("heads", "lost"):
        assert np.array_equal(second.side["staff_services"][name], whole.side["staff_services"][name])
