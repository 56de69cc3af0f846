"""Hours of need and who gives them: by hand, in proportion, and what changes them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import toy
from care_toy import constant_rates, singles
from carers_toy import ALL_GIVE, BOTH, NO_HOME, NO_SERVICE, counts, services, unemployed
from crowd import book, run, z_limit, z_of
from quartier.model.care_facilities import AMBULATORY, DAY_CARE, NURSING_HOME, SHORT_TERM
from quartier.model.cases import remembered
from quartier.model.columns import Kind
from quartier.model.households import compact, join
from quartier.model.processes.care_carers import Cases, cases_of
from quartier.model.processes.care_choice import need_hours
from quartier.model.processes.care_giving import GIVERS, by_case, by_pair
from quartier.model.processes.care_kin_hours import fill_needs, shares, who_gives
from quartier.model.processes.care_services import share_hours, wish_for_day_care
from quartier.model.rates import Modifier

UNMET = GIVERS.index("unmet")


def of(model, person: int) -> dict[str, float]:
    """Hours of one person in need, by the position in the list the town was made of."""
    hours = by_case(model)
    at = int(np.flatnonzero(hours["id"] == person)[0])
    return {name: float(hours[name][at]) for name in GIVERS}


FAMILY = [
    {"age": 80, "sex": 1, "household": 0, "care": 5, "partner": 1, "union_state": 2},
    {"age": 79, "sex": 0, "household": 0, "partner": 0, "union_state": 2},
    {"age": 84, "sex": 1, "household": 1, "care": 4}, {"age": 50, "sex": 1, "household": 2, "mother": 2},
    {"age": 48, "sex": 0, "household": 3, "mother": 2, "quartier": 1},
    {"age": 90, "sex": 0, "household": 4, "care": 3}, {"age": 60, "sex": 1, "household": 4, "father": 5},
    {"age": 45, "sex": 0, "household": 5, "mother": 2, "quartier": 2},
    {"age": 86, "sex": 0, "household": 6, "care": 2},
]  # fmt: skip


def need(grade: float, share: float) -> float:
    """Hours of somebody without dementia, where a share of those like him has it."""
    return grade / (1 + 0.25 * share)


def test_relatives_fill_the_need_by_their_tie_and_capacity():
    """A wife of 40 hours, a daughter (7.5), a son in reach (5.7) and one far off in town (3), a daughter in the
    household (18); nobody for the last."""
    model = toy.town(FAMILY, BOTH, rates=unemployed({**ALL_GIVE, **NO_SERVICE}), quartiere=3, km_apart=10.0)
    share = model.rates["dementia_share"].values
    one, two, three, four = (of(model, person) for person in (0, 2, 5, 8))
    assert one["need"] == pytest.approx(need(38, share[1, 80, 5])) and one["unmet"] == pytest.approx(0)
    assert two["need"] == pytest.approx(need(30, share[1, 84, 4]))
    assert two["kin"] == pytest.approx(7.5 + 5.7 + 3) and two["unmet"] == pytest.approx(two["need"] - 16.2)
    assert three["kin"] == pytest.approx(18) and four["kin"] == 0 and four["unmet"] == four["need"]
    hours = model.side["care_result"]["hours"]
    assert hours[:, 0] == pytest.approx([sum(x[n] for x in (one, two, three, four)) for n in one])
    pair = by_pair(model)
    assert pair["carer"].tolist() and set(pair["carer"].tolist()) == {1, 3, 4, 6, 7}
    assert set(pair["carer"][pair["main"]].tolist()) == {1, 3, 6}
    assert counts(model).short[:, 0].tolist() == [2, 0, 0]


def test_full_time_work_leaves_a_partner_less_to_give_and_old_age_half():
    people = [dict(FAMILY[0]), dict(FAMILY[1])]
    people[1]["age"] = 60
    full = {"care_carer_full_time_men": 1.0}
    model = toy.town(people, BOTH, rates=unemployed({**ALL_GIVE, **NO_SERVICE, **full}, employed=1.0))
    assert of(model, 0)["kin"] == pytest.approx(18)
    people[1]["age"] = 82
    model = toy.town(people, BOTH, rates=unemployed({**ALL_GIVE, **NO_SERVICE}))
    assert of(model, 0)["kin"] == pytest.approx(20)


def test_a_carer_of_two_splits_the_capacity():
    people = [
        {"age": 84, "sex": 1, "household": 0, "care": 4},
        {"age": 85, "sex": 0, "household": 1, "care": 4},
        {"age": 50, "sex": 1, "household": 2, "mother": 0, "father": 1},
    ]
    model = toy.town(people, BOTH, rates=unemployed({**ALL_GIVE, **NO_SERVICE}))
    one, two = of(model, 0), of(model, 1)
    assert (one["kin"], two["kin"]) == pytest.approx(
        [7.5 * x["need"] / (one["need"] + two["need"]) for x in (one, two)]
    )
    assert counts(model).carers.sum() == 1


def test_nobody_gives_who_is_ill_in_a_home_or_outside():
    people = [
        {"age": 84, "sex": 1, "household": 0, "care": 4, "partner": 1, "union_state": 2},
        {"age": 85, "sex": 0, "household": 0, "care": 3, "partner": 0, "union_state": 2},
        {"age": 60, "sex": 1, "household": 1, "mother": 0, "care": 8},
        {"age": 62, "sex": 1, "household": 2, "mother": 0, "care": 16 | 1},
        {"age": 17, "sex": 1, "household": 0, "mother": 0},
    ]  # fmt: skip
    model = toy.town(people, BOTH, rates=unemployed({**ALL_GIVE, **NO_SERVICE}))
    assert of(model, 0)["kin"] == of(model, 1)["kin"] == 0
    assert by_pair(model)["carer"].size == 0


def filled(
    need: float, further: float, least: float, rank: list[int], capacity: list[float]
) -> tuple[float, list[float]]:
    """Hours of all and of each relative of one person."""
    hours, together, begin = np.empty(len(rank)), np.empty(1), np.array([0, len(rank)], np.int32)
    given, only = (np.array(rank, np.uint8), np.array(capacity, np.float64)), np.empty(1, np.int32)
    who_gives(np.zeros(len(rank), np.int32), given[1], only)
    fill_needs(np.array([need]), np.array([further]), least, begin, only, *given, hours, together)
    return float(together[0]), hours.tolist()


def test_equals_share_in_proportion_to_what_they_can_give():
    assert filled(10.0, 0.0, 0.0, [6, 6, 7], [4.0, 4.0, 4.0]) == (10.0, [4.0, 4.0, 2.0])
    assert filled(3.0, 0.0, 0.0, [6, 6, 7], [4.0, 2.0, 4.0]) == (3.0, [2.0, 1.0, 0.0])
    assert filled(50.0, 1.0, 0.0, [0], [40.0]) == (41.0, [40.0])


def test_everybody_who_gives_gives_a_least_part_even_where_one_could_do_all():
    assert filled(10.0, 0.0, 1.0, [0, 6, 7], [40.0, 7.5, 0.0]) == (10.0, [9.0, 1.0, 0.0])
    assert filled(10.0, 2.0, 1.0, [0], [40.0]) == (10.0, [8.0])
    assert filled(3.0, 2.0, 1.0, [0, 6, 8], [40.0, 7.5, 0.5]) == (
        3.0, pytest.approx([1 * 3 / 4.5, 1 * 3 / 4.5, 0.5 * 3 / 4.5])
    )  # fmt: skip


def test_a_service_replaces_half_its_hours_of_relatives_and_day_care_counts_once():
    """Need 20: relatives could give 20, or 10, or nothing; a service gives 6; then day care of 4 as well."""
    assert [shares(0.5, 4.0, 20.0, could, 6.0, 0.0) for could in (20.0, 10.0, 0.0)] == [
        (14, 6, 0),
        (7, 6, 0),
        (0, 6, 0),
    ]
    assert [shares(0.5, 4.0, 10.0, could, 6.0, 1.0) for could in (10.0, 5.0, 0.0)] == [(0, 6, 4)] * 3


def test_hours_are_never_negative_and_add_up_to_the_need():
    n = 4_000
    model = run(
        singles(n, BOTH, constant_rates(), youngest=65, care=1 + np.arange(n) % 5 + 8 * (np.arange(n) % 3 == 0)), 2
    )
    hours = by_case(model)
    assert sum(hours[name] for name in GIVERS[1:]) == pytest.approx(hours["need"])
    assert all((hours[name] > -1e-9).all() for name in GIVERS)
    assert model.side["care_result"]["hours"].sum(1) == pytest.approx([hours[name].sum() for name in GIVERS])


def test_dementia_raises_the_need_and_the_mean_of_a_grade_stays():
    n = 200
    model = singles(n, (), constant_rates(), youngest=80)
    rows = np.arange(n)
    age = model.ages()
    plain = Cases(rows, age, np.full(n, 3, np.uint8), np.zeros(n, np.uint8))
    share = model.rates["dementia_share"].values[model.people.sex, age, 3]
    low, high = need_hours(model, plain), need_hours(model, plain._replace(demented=np.ones(n, np.uint8)))
    assert high == pytest.approx(1.25 * low) and (1 - share) * low + share * high == pytest.approx(np.full(n, 21.0))


def test_strain_rises_with_hours_and_is_a_main_carers():
    n = 1_500
    people = [
        {"age": 78, "sex": 1, "household": i, "care": 2 + 3 * (i % 2), "partner": n + i, "union_state": 2}
        for i in range(n)
    ]
    people += [{"age": 76, "sex": 0, "household": i, "partner": i, "union_state": 2} for i in range(n)]
    model = toy.town(people, BOTH, rates=unemployed({**ALL_GIVE, **NO_SERVICE}), check=False)
    pair = by_pair(model)
    light = pair["person"] % 2 == 0
    expit = [1 / (1 + np.exp(2.0 - 0.03 * 2.71 * pair["hours"][who])) for who in (light, ~light)]
    for who, p in zip((light, ~light), expit, strict=True):
        assert abs(z_of(pair["strained"][who].sum(), p.sum(), (p * (1 - p)).sum())) < z_limit(2)
    assert expit[0].mean() < 0.3 < expit[1].mean()
    assert counts(model).main[0].tolist() == [n, pair["strained"].sum(), 0]


def test_a_child_under_14_in_the_household_is_a_double_burden():
    people = [
        {"age": 70, "sex": 1, "household": 0, "care": 4},
        {"age": 40, "sex": 1, "household": 1, "mother": 0},
        {"age": 9, "sex": 1, "household": 1, "mother": 1, "role": 1},
    ]
    model = toy.town(people, BOTH, rates=book(ALL_GIVE))
    assert counts(model).main[0, [0, 2]].tolist() == [1, 1]


def test_without_kin_less_is_given_and_more_stays_unmet():
    """The same people with and without their children: of each who lives at home 11 to 14 % more stays unmet, over five seeds.

    In all it is 3 to 5 % more, because fewer live at home.
    """
    n = 2000
    mothers = [{"age": 84, "sex": 1, "household": i, "care": 1 + i % 5} for i in range(n)]
    children = [{"age": 55, "sex": i % 2, "household": n + i, "mother": i} for i in range(n)]
    alone = [{**child, "mother": -1} for child in children]
    with_kin, without = (run(toy.town(mothers + kin, BOTH, rates=book()), 8) for kin in (children, alone))
    many, few = with_kin.side["care_result"], without.side["care_result"]
    assert few["hours"][1].sum() < 0.3 * many["hours"][1].sum()
    unmet_per_head = [result["hours"][UNMET].sum() / result["cases"].rows.size for result in (few, many)]
    assert unmet_per_head[0] > 1.08 * unmet_per_head[1]
    assert few["hours"][UNMET].sum() > many["hours"][UNMET].sum()
    assert few["counts"][AMBULATORY, 0].sum() > many["counts"][AMBULATORY, 0].sum()
    assert few["counts"][NURSING_HOME, 0].sum() > 1.2 * many["counts"][NURSING_HOME, 0].sum()


def test_people_in_a_home_for_disabled_people_need_no_relatives():
    people = [
        {"age": 40, "sex": 1, "household": 0, "care": 3, "role": 2},
        {"age": 41, "sex": 0, "household": 1, "care": 3},
    ]
    start = toy.start(people)
    start.households["kind"][0] = Kind.DISABILITY_HOME
    model = toy.QuartierModel(toy.region(1), book(NO_HOME), start, processes=BOTH)
    assert by_case(model)["id"].tolist() == [1]


CLIENTS = [{"age": 85, "sex": 1, "household": i, "care": 3 + i % 2} for i in range(20)]
ALL_WANT = {**NO_HOME, "care_service_state_shift": 60.0}


@pytest.mark.parametrize(("capacity", "served", "hours"), [(200, 20, 5.9), (100, 20, 5.0), (30, 10, 2.95), (0, 0, 0.0)])
def test_a_service_that_is_short_gives_less_to_each_then_refuses_some(capacity, served, hours):
    model = run(toy.town(CLIENTS, BOTH, rates=book(ALL_WANT), **services("ambulatory", capacity)), 1)
    counts = model.side["care_result"]["counts"][AMBULATORY, :, 0]
    assert counts[:4].tolist() == [20, served, 20 - served, 20 - served] and counts[4] == int(capacity / 5.9)
    assert (model.people.setting == 2).sum() == served
    given = by_case(model)["service"]
    assert given[given > 0] == pytest.approx(np.full(served, hours))
    before = np.flatnonzero(model.people.setting == 2)
    model.step()
    assert np.flatnonzero(model.people.setting == 2).tolist() == before.tolist()  # clients are kept


def test_hours_are_shared_by_priority():
    given = share_hours(np.array([6.0, 6.0, 2.0]), 6.0, np.array([1.0, 3.0, 2.0]), 0.5)
    assert given.tolist() == [0, 3, 1]


def test_day_care_is_wanted_by_the_demented_and_from_grade_2_on():
    model = singles(4, (), constant_rates(), youngest=80)
    cases = Cases(
        np.arange(4), np.array([80, 80, 80, 50]), np.array([1, 2, 2, 2], np.uint8), np.array([1, 0, 1, 0], np.uint8)
    )
    p = wish_for_day_care(model, cases)
    expit = 1 / (1 + np.exp(3.5793 + np.array([0, -1.4848, 2 * 0.7672])))
    assert p[0] == 0 and p[1:] == pytest.approx(expit)


def test_day_care_takes_its_guests_keeps_them_and_none_from_too_far():
    """Six places are ten guests; the second Quartier is 12 km away, beyond the catchment."""
    people = [{"age": 80, "sex": 1, "household": i, "care": 3, "quartier": i % 2} for i in range(40)]
    wants = {**NO_HOME, "care_day_care_grade_3": 60.0}
    model = run(toy.town(people, BOTH, rates=book(wants), quartiere=2, km_apart=12.0, **services("day_care", 6)), 1)
    counts = model.side["care_result"]["counts"][DAY_CARE]
    assert counts[:, 0].tolist() == [20, 10, 10, 10, 6, 6] and counts[:4, 1].tolist() == [20, 0, 20, 20]
    guests = np.flatnonzero(remembered(model, "day_care"))
    assert set(run(model, 1).people.quartier[guests].tolist()) == {0}
    assert np.flatnonzero(remembered(model, "day_care")).tolist() == guests.tolist()
    assert by_case(model)["day_care"].max() == pytest.approx(18 / 2.71)


def test_short_stays_are_as_many_as_wished_or_as_places_allow():
    """3,000 couples, 0.1 stays a year; ten places of 13 / 3 stays a quarter hold 43."""
    n = 3_000
    people = [{"age": 78, "sex": 1, "household": i, "care": 3, "partner": n + i, "union_state": 2} for i in range(n)]
    people += [{"age": 76, "sex": 0, "household": i, "partner": i, "union_state": 2} for i in range(n)]
    free = toy.town(people, BOTH, rates=book(NO_HOME), check=False).side["care_result"]["counts"][SHORT_TERM, :, 0]
    p = -np.expm1(-0.1 / 4)
    assert abs(z_of(free[1], n * p, n * p * (1 - p))) < z_limit(1) and free[2] == 0
    full = toy.town(people, BOTH, rates=book(NO_HOME), check=False, **services("short_term", 10))
    assert full.side["care_result"]["counts"][SHORT_TERM, :, 0].tolist() == [
        free[0],
        43,
        free[0] - 43,
        free[0] - 43,
        10,
        10,
    ]


def test_without_any_service_the_run_goes_on_and_all_formal_need_is_unmet():
    tables = [services(kind, 0) for kind in ("nursing_home", "ambulatory", "day_care", "short_term")]
    for i, t in enumerate(tables):
        t["facilities"]["facility_id"] = t["places"]["facility_id"] = f"s{i}"
    merged = {name: pd.concat([t[name] for t in tables]) for name in ("facilities", "places")}
    wants = {"care_home_found_outside": 0.0, "care_service_state_shift": 60.0, "care_home_state_shift": 60.0}
    model = toy.town(CLIENTS, BOTH, rates=book(wants), **merged)
    remembered(model, "taste")[:] = 0.5
    result = run(model, 4).side["care_result"]
    assert result["counts"][NURSING_HOME, :, 0].tolist() == [20, 0, 20, 20, 0, 0]
    assert result["counts"][AMBULATORY, :4, 0].tolist() == [20, 0, 20, 20]
    assert result["hours"][2:4].sum() == 0 and set(model.people.setting.tolist()) == {1}


def test_what_is_kept_of_relatives_from_step_to_step_changes_nothing():
    """Needs come and go, children move together with a partner, rows move; one town forgets all after every step."""
    n = 300
    people = [{"age": 84, "sex": 1, "household": i, "care": 1 + i % 5} for i in range(n)]
    people += [{"age": 50 + i % 9, "sex": i % 2, "household": n + i, "mother": i % n} for i in range(2 * n)]
    keeps, forgets = (toy.town(people, BOTH, rates=book(NO_HOME), check=False) for _ in range(2))
    luck = np.random.default_rng(1)
    for step in range(6):
        care, mother = luck.integers(0, 6, 60), luck.choice(n, 60, replace=False)
        child = n + luck.choice(2 * n, 20, replace=False)
        for model in (keeps, forgets):
            p, a, b = model.people, *(model.row_of_id[who] for who in (child[:10], child[10:]))
            p.care[model.row_of_id[mother]] = care
            join(model, a, p.household[b])
            p.partner[a], p.partner[b] = p.id[b], p.id[a]
            if step == 3:
                compact(model)
            model.step()
        forgets.side.pop("care_kin_cache")
        one, other = by_pair(keeps) | by_case(keeps), by_pair(forgets) | by_case(forgets)
        assert one["carer"].size > 100 and all((one[name] == other[name]).all() for name in one)
    assert by_pair(keeps)["in_law"].any()


def test_results_do_not_depend_on_the_order_of_rows():
    n = 1_500
    frozen = constant_rates(care_home_found_outside=0.0).with_modifiers(
        [Modifier("care_estimated_places_grow", "value", 0.0)]
    )
    care = 1 + np.arange(n) % 5
    model, other = (singles(n, BOTH, frozen, youngest=70, care=care) for _ in range(2))
    order = np.argsort(other.people.key)
    other.people.keep(order)
    other.row_of_id[other.people.id] = np.arange(n)
    other.households.first_member[other.people.household] = np.arange(n)
    run(model, 3)
    run(other, 3)
    assert model.side["care_result"]["hours"] == pytest.approx(other.side["care_result"]["hours"])
    assert (model.side["care_result"]["counts"] == other.side["care_result"]["counts"]).all()
    assert model.people.setting[order].tolist() == other.people.setting.tolist()
    assert cases_of(model, np.arange(3)).grade.tolist() == [1, 2, 3]
