"""Places in nursing homes: priority, waiting, the way outside, admissions from outside, and what never changes: deaths."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import toy
from care_toy import constant_rates, singles
from crowd import book, run, z_limit, z_of
from quartier.model.care_facilities import NURSING_HOME
from quartier.model.cases import remembered
from quartier.model.columns import BARRIER_FREE_BIT, Former, Setting
from quartier.model.measures import PlacesMeasure
from quartier.model.model import QuartierModel
from quartier.model.processes.care_giving import GIVE_CARE
from quartier.model.processes.care_homes import _free, _poisson, occupied, priority
from quartier.model.processes.care_need import CHANGE_NEED
from quartier.model.processes.care_setting import ARRANGE_CARE
from quartier.model.processes.deaths import DIE
from quartier.model.rates import Modifier

EVERYBODY = {
    "care_home_state_shift": 60.0, "care_home_place_blocked": 0.0, "care_home_from_outside": 0.0,
    "care_shared_flat_preferred": 0.0, "care_shared_flat_residents": 0.0,
}  # fmt: skip
PATIENT = {**EVERYBODY, "care_home_found_outside": 0.0}


def homes(**places: int) -> dict[str, pd.DataFrame]:
    """Listed nursing homes, e.g. ``h01=30`` for 30 places in Quartier 01."""
    rows = [
        {"facility_id": k, "kind": "nursing_home", "name": k, "quartier_id": k[1:3], "provider": "", "opens": "",
         "closes": "", "lon": np.nan, "lat": np.nan} for k in places
    ]  # fmt: skip
    table = [
        {"facility_id": k, "date": "2023-01-01", "age_from": 0, "age_to": -1, "places": n} for k, n in places.items()
    ]
    return {"facilities": pd.DataFrame(rows), "places": pd.DataFrame(table)}


def town(
    people: list[dict[str, Any]], parameters: dict[str, float], quartiere: int = 1, **places: int
) -> QuartierModel:
    """A town in which everybody in need wants one of the homes listed, from the first step on."""
    model = toy.town(people, (ARRANGE_CARE, GIVE_CARE), rates=book(parameters), quartiere=quartiere, **homes(**places))
    remembered(model, "taste")[:] = 0.5
    return model


def test_priority_classes():
    """No carer and grade 3; dementia and grade 4; carer lost; grade 3 with a carer; grade 2 without one."""
    grade, demented = np.array([3, 4, 1, 3, 2]), np.array([0, 1, 0, 0, 1])
    situation, lost = np.array([2, 0, 2, 0, 2]), np.array([0, 0, 1, 0, 0], bool)
    assert priority(grade, demented, situation, lost).tolist() == [3, 3, 3, 2, 1]


def test_a_full_home_takes_the_urgent_first_and_the_others_wait_with_a_service_at_home():
    people = [{"age": 85, "sex": 1, "household": i, "care": c} for i, c in enumerate([2, 4, 2, 3, 2])]
    model = run(town(people, PATIENT, h01=2), 1)
    assert model.people.setting.tolist()[1::2] == [4, 4]
    assert set(model.people.setting[::2].tolist()) <= {1, 2}
    assert occupied(model).tolist()[0] == 2
    assert remembered(model, "id").tolist() == [0, 2, 4]
    assert (remembered(model, "waiting_since") == toy.START + 1).all()
    counts = model.side["care_result"]["counts"][NURSING_HOME, :, 0]
    assert counts.tolist() == [5, 2, 3, 3, 2, 2]


def test_who_has_waited_longer_comes_first_within_a_class():
    people = [{"age": 85, "sex": 1, "household": i, "care": 2} for i in range(30)]
    model = town(people, PATIENT, h01=10)
    remembered(model, "waiting_since")[:10] = toy.START
    model.step()
    assert (model.people.setting[:10] == Setting.RESIDENTIAL_CARE).all()
    assert (model.people.setting[10:] != Setting.RESIDENTIAL_CARE).all()


def test_the_lottery_decides_between_equals_and_differs_by_seed():
    people = [{"age": 85, "sex": 1, "household": i, "care": 2} for i in range(40)]
    chosen = []
    for seed in (1, 2):
        model = toy.town(people, (ARRANGE_CARE,), rates=book(PATIENT), seed=seed, **homes(h01=20))
        remembered(model, "taste")[:] = 0.5
        model.step()
        chosen.append((model.people.setting == 4).tolist())
    assert sum(chosen[0]) == sum(chosen[1]) == 20 and chosen[0] != chosen[1]


def test_seekers_go_to_the_nearest_homes_and_on_to_the_next_when_it_is_full():
    people = [{"age": 85, "sex": 1, "household": i, "care": 3, "quartier": 0} for i in range(200)]
    near = {**PATIENT, "care_home_distance_scale": 0.05}
    model = run(town(people, near, quartiere=3, h01=120, h02=50, h03=50), 1)
    assert occupied(model)[:3].tolist() == [120, 50, 30]
    assert model.events["entries_in_own_quartier"].tolist() == [120, 0, 0]
    assert model.events["entries_into_residential_care"].tolist() == [200, 0, 0]


def test_after_two_quarters_the_refused_look_outside_and_leave_the_town():
    """One in ten thousand quarters would leave fewer than a tenth of these 200 behind; nobody leaves before."""
    people = [{"age": 85, "sex": 1, "household": i, "care": 3} for i in range(200)]
    people[0].update(partner=200, union_state=2)
    people.append({"age": 84, "sex": 0, "household": 0, "partner": 0, "union_state": 2})
    model = town(people, EVERYBODY, h01=0)
    left = []
    for _ in range(4):
        model.step()
        left.append(int(model.events["left_for_home_outside"].sum()))
    assert left[:2] == [0, 0]
    assert abs(z_of(left[2], 60, 42)) < z_limit(2) and abs(
        z_of(left[3], 0.3 * (200 - left[2]), 0.21 * (200 - left[2]))
    ) < z_limit(2)
    assert model.events["out_migration_germany"].sum() == left[3]
    run(model, 60)
    p = model.people
    widower = model.row_of_id[200]
    assert p.present.sum() == 1 and p.present[widower] == 1 and p.former_union[widower] == Former.WIDOWED


def test_people_from_outside_are_admitted_to_listed_homes_at_the_share_of_entrants():
    """1,000 places: 887 residents, 2.3 years each, a quarter of the entrants from outside: 32.1 a quarter ask."""
    residents = [{"age": 80 + i % 20, "sex": i % 2, "household": 0, "care": 3 + i % 2, "role": 2} for i in range(400)]
    model = toy.town(residents, (ARRANGE_CARE,), rates=book({"care_home_place_blocked": 0.0}), **homes(h01=1000))
    seen = []
    for _ in range(12):
        model.step()
        seen.append(int(model.events["admitted_from_outside"].sum()))
    expected = 12 * 1000 * 0.887 / (2.3 * 4) / 3
    assert abs(z_of(sum(seen), expected, expected)) < z_limit(1)
    assert model.people.present.sum() == 400 + sum(seen) == occupied(model)[0]
    new = model.people.id >= 400
    assert (model.people.setting[new] == Setting.RESIDENTIAL_CARE).all() and (model.ages()[new] >= 79).all()
    assert (
        model.people.care[new] & 7 == 3 + model.people.sex[new]
    ).all()  # each like one resident, in sex, age and need


def test_counts_by_inverse_cdf_are_poisson():
    u = (np.arange(20_000) + 0.5) / 20_000
    n = _poisson(np.full(u.size, 3.5), u)
    assert n.mean() == pytest.approx(3.5, abs=0.01) and n.var() == pytest.approx(3.5, abs=0.02)
    assert _poisson(np.zeros(2), np.array([0.1, 0.999999])).tolist() == [0, 0]


def test_a_third_of_the_places_left_need_the_quarter():
    residents = [{"age": 90, "sex": 1, "household": 0, "care": 5, "role": 2} for _ in range(90)]
    seekers = [{"age": 85, "sex": 1, "household": 1 + i, "care": 3} for i in range(90)]
    model = town(residents + seekers, {**PATIENT, "care_home_place_blocked": 1 / 3}, h01=90)
    model.people.care[:60] = 0  # sixty lose their grade and go home
    model.step()
    assert model.events["entries_into_residential_care"].sum() == 40


def test_a_single_place_left_needs_the_quarter_in_a_third_of_the_homes():
    """600 homes of a place each, of which somebody has gone: 400 free, with a standard deviation of 11.5."""
    model = town(
        [{"age": 40, "sex": 1}], PATIENT | {"care_home_place_blocked": 1 / 3}, **{f"h01_{i}": 1 for i in range(600)}
    )
    f, side = model.side["care_facilities"], model.side["care_homes"]
    side["left"] = f.of_kind(NURSING_HOME).astype(np.int64)
    free = _free(model, f, 0)[f.of_kind(NURSING_HOME)]
    assert set(free.tolist()) == {0, 1} and abs(z_of(free.sum(), 400, 600 * 2 / 9)) < z_limit(1)


def test_a_home_in_the_own_quartier_is_liked_more_apart_from_the_way():
    people = [{"age": 85, "sex": 1, "household": i, "care": 3, "quartier": i % 2} for i in range(100)]
    alike = {**PATIENT, "care_home_distance_scale": 1e9}
    model = run(town(people, alike | {"care_home_own_quartier": 60.0}, quartiere=2, h01=100, h02=100), 1)
    assert model.events["entries_in_own_quartier"].tolist() == [50, 50]
    model = run(town(people, alike | {"care_home_own_quartier": 0.0}, quartiere=2, h01=100, h02=100), 1)
    assert abs(z_of(model.events["entries_in_own_quartier"].sum(), 50, 25)) < z_limit(1)


def test_who_has_just_lost_the_carer_in_the_household_comes_first_also_with_a_child_within_reach():
    """One place; grade 2 whose wife has fallen ill, before her in grade 4 and before a man in grade 3 whose wife is well."""
    people = [
        {"age": 85, "sex": 0, "household": 0, "care": 2, "partner": 1, "union_state": 2},
        {"age": 84, "sex": 1, "household": 0, "partner": 0, "union_state": 2},
        {"age": 85, "sex": 0, "household": 1, "care": 3, "partner": 3, "union_state": 2},
        {"age": 84, "sex": 1, "household": 1, "partner": 2, "union_state": 2},
        {"age": 55, "sex": 1, "household": 2, "mother": 1, "father": 0},
    ]
    model = town(people, PATIENT, h01=1)
    model.people.care[1] = 4
    model.step()
    assert (model.people.setting == Setting.RESIDENTIAL_CARE).tolist() == [True, False, False, False, False]


def test_residents_of_a_home_that_closes_come_before_all_others():
    residents = [{"age": 90, "sex": 1, "household": 0, "care": 1, "role": 2} for _ in range(10)]
    seekers = [{"age": 85, "sex": 1, "household": 1 + i, "care": 5, "quartier": 1} for i in range(20)]
    tables = homes(h01=10, h02=12)
    tables["facilities"].loc[0, "closes"] = "2024-02-01"
    model = toy.town(residents + seekers, (ARRANGE_CARE,), rates=book(PATIENT), quartiere=2, **tables)
    remembered(model, "taste")[:] = 0.5
    model.step()
    p = model.people
    assert (p.quartier[:10] == 1).all() and (p.setting[:10] == Setting.RESIDENTIAL_CARE).all()
    assert (p.setting[10:] == Setting.RESIDENTIAL_CARE).sum() == 2


CROWD = 6_000
FROZEN = Modifier("care_estimated_places_grow", "value", 0.0)


def old_town(places: int | None = None, **parameters: float) -> QuartierModel:
    """6,000 people from 70 on with deaths, need and arrangements; places that grow with demand, or so many for good."""
    columns = {"care": np.where(np.arange(CROWD) % 3 == 0, 1 + np.arange(CROWD) % 5, 0)}
    rates, measures = constant_rates(**{"care_home_found_outside": 0.0, **parameters}), []
    if places is not None:
        rates = rates.with_modifiers([FROZEN])
        measures.append(PlacesMeasure("nursing_home", places, "places", toy.START + 1))
    processes = (DIE, CHANGE_NEED, ARRANGE_CARE, GIVE_CARE)
    return singles(CROWD, processes, rates, youngest=70, measures=measures, **columns)


def lives(model: QuartierModel, steps: int) -> tuple[dict[int, int], set[int], dict[str, float]]:
    """Step of death by key, keys of those who left for a home outside, and how care stands at the end.

    Years end without dropping rows, so that everybody can be looked at in the end.
    """
    died: dict[int, int] = {}
    p = model.people
    for _ in range(steps):
        model.now += 1
        before = p.present.copy()
        for process in model.processes:
            process.step(model)
        dead = (before == 1) & (p.present == 0) & (p.setting != Setting.OUTSIDE_TOWN)
        died |= dict.fromkeys(p.key[dead].tolist(), model.now)
    outside = set(p.key[p.setting == Setting.OUTSIDE_TOWN].tolist())
    result = model.side["care_result"]
    hours = result["hours"].sum(1)
    return died, outside, {
        "waiting": float(result["counts"][NURSING_HOME, 2].sum()), "residents": float(result["counts"][NURSING_HOME, 1].sum()),
        "kin": hours[1], "service": hours[2], "unmet": hours[5],
    }  # fmt: skip


def test_with_frozen_places_homes_are_full_people_wait_and_nobody_lives_longer_or_shorter():
    seen = {places: lives(old_town(places), 12) for places in (None, 300, 150, 0)}
    deaths = seen[None][0]
    assert len(deaths) > 500
    assert all(died == deaths for died, _, _ in seen.values())
    care = {places: figures for places, (_, _, figures) in seen.items()}
    assert care[None]["residents"] > 400 and care[None]["waiting"] == 0
    for places in (300, 150, 0):
        assert 0.95 * places - 1 < care[places]["residents"] <= places
    for name in ("waiting", "service", "unmet"):
        ordered = [care[places][name] for places in (None, 300, 150, 0)]
        assert ordered == sorted(set(ordered))


def test_who_stays_in_town_has_the_same_death_when_others_leave_for_a_home_outside():
    grow, nobody, _ = lives(old_town(), 12)
    died, outside, _ = lives(old_town(100, care_home_found_outside=0.5), 12)
    assert not nobody and len(outside) > 100
    assert {key: step for key, step in grow.items() if key not in outside} == died


def test_fewer_guests_of_day_care_want_a_home_only_by_the_factor_and_die_no_later():
    """Everybody is a guest; a factor of 0.85 takes at most 15 % of the entries away, and no death."""
    all_guests = {f"care_day_care_grade_{g}": 60.0 for g in (2, 3, 4, 5)}
    grow, _, before = lives(old_town(**all_guests), 12)
    died, _, after = lives(old_town(**all_guests, care_day_care_on_home=0.85), 12)
    assert died == grow
    assert 0.80 * before["residents"] < after["residents"] < 0.97 * before["residents"]


def everywhere(model: QuartierModel, barrier_free: bool) -> QuartierModel:
    """The town with all of its dwellings barrier-free, or none."""
    bit = np.uint8(BARRIER_FREE_BIT)
    model.dwellings.features[:] = (model.dwellings.features & ~bit) | (bit * barrier_free)
    return model


def test_without_barriers_fewer_want_a_home_by_their_odds_and_nobody_dies_later():
    """The odds of 0.64 leave at least 64 of 100 wishes: those with small chances; the larger a chance, the more."""
    usual = {"care_barrier_free_on_home": 0.64}
    grow, _, before = lives(everywhere(old_town(**usual), False), 12)
    died, _, after = lives(everywhere(old_town(**usual), True), 12)
    assert died == grow
    assert 0.64 * before["residents"] < after["residents"] < 0.9 * before["residents"]
    _, _, alike = lives(everywhere(old_town(care_barrier_free_on_home=1.0), True), 12)
    assert alike == before
