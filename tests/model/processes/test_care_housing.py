"""Shared flats and serviced housing: who lives there, who is refused, and that deaths do not depend on them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import toy
from care_toy import constant_rates, singles
from crowd import book, run, z_limit, z_of
from quartier.model.care_facilities import ADVICE_HUB, NURSING_HOME, SERVICED_HOUSING, SHARED_FLAT
from quartier.model.cases import entries, memory, remembered
from quartier.model.columns import Kind, Role, Setting
from quartier.model.luck import Decision
from quartier.model.measures import PlacesMeasure
from quartier.model.processes.care_carers import Carer, cases_of
from quartier.model.processes.care_choice import wish_for_home
from quartier.model.processes.care_giving import GIVE_CARE
from quartier.model.processes.care_homes import occupied
from quartier.model.processes.care_need import CHANGE_NEED
from quartier.model.processes.care_setting import ARRANGE_CARE
from quartier.model.processes.deaths import DIE
from quartier.model.rates import Modifier

WISH = {"care_home_state_shift": 60.0, "care_home_place_blocked": 0.0, "care_home_from_outside": 0.0,
        "care_home_found_outside": 0.0, "care_serviced_housing_residents": 0.0, "care_shared_flat_residents": 0.0}  # fmt: skip


def listed_tables(listed) -> dict[str, Any]:
    """Facilities (id, kind, Quartier, places) as a region lists them."""
    rows = [
        {"facility_id": k, "kind": kind, "name": k, "quartier_id": q, "provider": "", "opens": "", "closes": "",
         "lon": np.nan, "lat": np.nan} for k, kind, q, _ in listed
    ]  # fmt: skip
    table = [
        {"facility_id": k, "date": "2023-01-01", "age_from": 0, "age_to": -1, "places": n} for k, _, _, n in listed
    ]
    return {"facilities": pd.DataFrame(rows), "places": pd.DataFrame(table)} if listed else {}


def town(people, parameters, listed=(), quartiere=1):
    tables = listed_tables(listed)
    model = toy.town(people, (ARRANGE_CARE, GIVE_CARE), rates=book(parameters), quartiere=quartiere, **tables)
    remembered(model, "taste")[:] = 0.5
    return model


def test_of_those_who_want_a_home_four_in_a_hundred_live_in_a_shared_flat():
    n = 20_000
    model = run(town(toy.singles(np.full(n, 85), np.zeros(n), care=3), WISH), 1)
    p, h = model.people, model.households
    flat = p.setting == Setting.SHARED_CARE_FLAT
    assert (flat | (p.setting == Setting.RESIDENTIAL_CARE)).all()
    assert abs(z_of(flat.sum(), 0.04 * n, 0.04 * 0.96 * n)) < z_limit(1)
    assert (h.kind[p.household[flat]] == Kind.SHARED_CARE_FLAT).all() and (p.role[flat] == Role.RESIDENT).all()
    assert model.events["entries_into_shared_flats"].sum() == flat.sum()
    counts = model.side["care_result"]["counts"][:, 1, 0]
    assert counts[[SHARED_FLAT, NURSING_HOME]].tolist() == [flat.sum(), n - flat.sum()]


def test_who_prefers_a_full_flat_enters_a_home_and_the_flat_never_holds_more_than_its_places():
    listed = [("w", "shared_flat", "01", 3), ("h", "nursing_home", "02", 500)]
    people = toy.singles(np.full(400, 85), np.zeros(400), care=3)
    model = run(town(people, {**WISH, "care_shared_flat_preferred": 1.0}, listed, 2), 1)
    f = model.side["care_facilities"]
    assert occupied(model)[f.of_kind(SHARED_FLAT) | f.of_kind(NURSING_HOME)].tolist() == [397, 3]
    run(model, 3)
    assert occupied(model)[f.of_kind(SHARED_FLAT)].tolist() == [3]


def test_at_the_start_people_who_live_alone_with_grade_two_and_more_live_in_the_flats_there_are():
    people = toy.singles(np.full(1000, 80), np.zeros(1000), care=3)
    for person in people[:500]:
        person["care"] = 1
    model = toy.town(people, (ARRANGE_CARE,), rates=book())
    assert (model.people.setting == Setting.SHARED_CARE_FLAT).sum() == 5  # 5.45 per 1,000 in need
    assert (model.people.care[model.people.setting == Setting.SHARED_CARE_FLAT] == 3).all()
    assert not np.isin(memory(model).row, np.flatnonzero(model.people.setting == Setting.SHARED_CARE_FLAT)).any()


def test_listed_flats_are_full_to_the_usual_occupancy_at_the_start():
    """Of twenty places 88.7 % are 17, whatever lives near; nobody in grade 1."""
    people = toy.singles(np.full(60, 80), np.zeros(60), care=2)
    people += toy.singles(np.full(9, 80), np.zeros(9), care=1)
    people = [person | {"household": i} for i, person in enumerate(people)]
    model = toy.town(people, (ARRANGE_CARE,), rates=book(), **listed_tables([("w", "shared_flat", "01", 20)]))
    flat = model.people.setting == Setting.SHARED_CARE_FLAT
    assert flat.sum() == 17 and (model.people.care[flat] == 2).all()


def test_serviced_housing_is_for_those_from_65_on():
    people = toy.singles([64, 65, 40, 90], [1] * 4, care=3)
    model = town(people, {"care_serviced_housing_residents": 0.0}, [("s", "serviced_housing", "01", 9)])
    assert memory(model).serviced.tolist() == [0, 1, 0, 1]


def test_serviced_housing_counts_as_a_child_within_reach_for_those_who_live_in_its_quartier_without_a_carer():
    people = toy.singles(np.full(40, 80), np.zeros(40), care=3)
    for i, person in enumerate(people):
        person["quartier"] = i % 2
    listed = [("s", "serviced_housing", "02", 7)]
    model = town(people, {"care_serviced_housing_residents": 0.0}, listed, 2)
    known = memory(model)
    lives = known.serviced > 0
    assert lives.sum() == 7 and (model.people.quartier[known.row[lives]] == 1).all()
    cases, alone = cases_of(model, known.row), np.full(known.row.size, Carer.NONE, np.uint8)
    between = (wish_for_home(model, cases, np.full_like(alone, 1)) + wish_for_home(model, cases, alone)) / 2
    known.taste[:], known.need_since[:] = between, 1
    ids = known.id.copy()
    model.rates = model.rates.with_parameters({"care_home_taste_redraw": 0.0})
    run(model, 1)
    left = set(memory(model).id.tolist())
    assert {i for i in ids[lives].tolist() if i in left} == set(ids[lives].tolist())
    assert not left & set(ids[~lives].tolist())
    assert memory(model).serviced[entries(model, ids[lives])].all()
    assert model.side["care_result"]["counts"][SERVICED_HOUSING, 1].tolist() == [0, 7]


@pytest.mark.parametrize("number", [0, 60])
def test_flats_and_serviced_housing_change_no_death(number):
    rates = constant_rates(care_home_found_outside=0.0, care_shared_flat_preferred=0.5, care_shared_flat_residents=0.0)
    frozen = rates.with_modifiers([Modifier("care_estimated_places_grow", "value", 0.0)])
    more = [PlacesMeasure(k, number, "places", toy.START + 1) for k in ("shared_flat", "serviced_housing")]
    processes = (DIE, CHANGE_NEED, ARRANGE_CARE)
    models = [singles(2_000, processes, r, youngest=75, measures=m) for r, m in ((rates, []), (frozen, more))]
    for model in models:
        run(model, 8)
    alive = [set(m.people.key[m.people.present == 1].tolist()) for m in models]
    assert alive[0] == alive[1] and len(alive[0]) < 1_900
    flats = [(m.people.setting[m.people.present == 1] == Setting.SHARED_CARE_FLAT).sum() for m in models]
    assert flats[0] > flats[1] and (flats[1] > 0) == (number > 0)


def test_advice_reaches_those_newly_in_need_as_far_as_the_hub_reaches():
    listed = [("a", "advice_hub", "01", 20)]
    model = town(toy.singles(np.full(50, 80), np.zeros(50)), {}, listed)
    model.people.care[:12] = 2
    model.step()
    counts = model.side["care_result"]["counts"][ADVICE_HUB, :, 0]
    p = model.people
    need = int(((p.care > 0) & (p.setting != Setting.RESIDENTIAL_CARE)).sum())  # not those who enter a home at once
    assert need > 5 and counts.tolist() == [need, 5, need - 5, need - 5, 5, 5]


def test_free_serviced_dwellings_go_to_the_lowest_of_the_lottery_in_each_quartier():
    people = toy.singles(np.full(1_500, 80), np.zeros(1_500), care=3)
    for i, person in enumerate(people):
        person["quartier"] = i % 3
    listed = [("s", "serviced_housing", "01", 5), ("t", "serviced_housing", "02", 400)]
    model = town(people, {"care_serviced_housing_residents": 0.0}, listed, 3)
    known = memory(model)
    lot = model.luck.uniform(Decision.SERVICED_LOTTERY, 0, known.key)
    for quartier, places in enumerate((5, 400, 0)):
        here = np.flatnonzero(model.people.quartier[known.row] == quartier)
        assert set(np.flatnonzero(known.serviced)) & set(here) == set(here[np.argsort(lot[here])[:places]])
