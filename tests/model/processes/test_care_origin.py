"""Ageing in place and the distance of the home found, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import toy
from crowd import book, run
from quartier.model.cases import remembered
from quartier.model.processes.care_origin import KILOMETRES, note_entries, place_counts
from quartier.model.processes.care_setting import ARRANGE_CARE

WANT = {"care_home_state_shift": 60.0, "care_home_place_blocked": 0.0, "care_home_from_outside": 0.0,
        "care_home_found_outside": 0.0, "care_shared_flat_preferred": 0.0, "care_shared_flat_residents": 0.0}  # fmt: skip


def town():
    """Three people in need in the first Quartier, one in the third, a home 4 km from the first; one healthy person."""
    people = toy.singles([85, 85, 85, 85, 85], [1] * 5, care=3)
    for person, quartier in zip(people, (0, 0, 0, 2, 2), strict=True):
        person["quartier"] = quartier
    people[4]["care"] = 0
    home = {"facility_id": "h", "kind": "nursing_home", "name": "h", "quartier_id": "03", "provider": "", "opens": "",
            "closes": "", "lon": np.nan, "lat": np.nan}  # fmt: skip
    place = {"facility_id": "h", "date": "2023-01-01", "age_from": 0, "age_to": -1, "places": 9}
    tables = {"facilities": pd.DataFrame([home]), "places": pd.DataFrame([place])}
    return toy.town(people, (ARRANGE_CARE,), rates=book(WANT), quartiere=3, **tables)


def test_who_moves_into_a_home_elsewhere_does_not_live_where_need_began_and_the_way_is_counted():
    model = town()
    assert place_counts(model)[:, :2].tolist() == [[3, 3], [0, 0], [1, 1]]
    remembered(model, "taste")[:] = [0.5, 1.0, 1.0, 0.5]
    model.people.care[4] = 2
    run(model, 3)
    assert place_counts(model) is None  # within a year
    run(model, 1)
    counts = place_counts(model)
    stays = {i for i in remembered(model, "id").tolist() if i < 3}
    assert counts[:, 0].tolist() == [3, 0, 2] and counts[:, 1].tolist() == [len(stays), 0, 2]
    band = KILOMETRES.index(4.0)  # 4.0 km as the crow flies, from centre to centre
    entered = counts[0, 2:]
    assert entered.sum() == 3 - len(stays) >= 1 and entered[band - 1 : band + 1].sum() == entered.sum()
    run(model, 4)
    assert place_counts(model)[:, 2:].sum() < 3


def test_the_way_is_that_from_the_own_dwelling_to_the_own_home():
    """Homes in the first and in the third Quartier, 4 km apart, each the nearest of its people; bands begin with their lower end."""
    people = toy.singles([85] * 6, [1] * 6, care=3)
    for person, quartier in zip(people, (0, 2, 2, 0, 2, 2), strict=True):
        person["quartier"] = quartier
    homes = [{"facility_id": f"h{q}", "kind": "nursing_home", "name": "h", "quartier_id": q, "provider": "", "opens": "",
              "closes": "", "lon": np.nan, "lat": np.nan} for q in ("01", "03")]  # fmt: skip
    places = [
        {"facility_id": h["facility_id"], "date": "2023-01-01", "age_from": 0, "age_to": -1, "places": 9} for h in homes
    ]
    near = book({**WANT, "care_home_distance_scale": 0.01})
    tables = {"facilities": pd.DataFrame(homes), "places": pd.DataFrame(places)}
    model = toy.town(people, (ARRANGE_CARE,), rates=near, quartiere=3, **tables)
    remembered(model, "taste")[:] = 0.5
    model.step()
    entered = model.side["care_homes"]["entered"]
    assert entered[:, KILOMETRES.index(0.5)].tolist() == [2, 0, 4] and entered.sum() == 6
    model.side["care_facilities"].distance[0, 0] = 1.0
    note_entries(model, np.array([0]), np.array([0]))
    assert entered[0, KILOMETRES.index(1.0)] == 1
