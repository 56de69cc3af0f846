"""Carers over time: who decides to give care, rests, works less, and why care ends; helpers outside the town, volunteers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import toy
from carers_toy import ALL_GIVE, BOTH, NO_HOME, NO_SERVICE, counts, services, unemployed
from crowd import book, run, z_limit, z_of
from quartier.model.columns import Kind
from quartier.model.households import changed_homes, remove
from quartier.model.kin_distance import one_child
from quartier.model.processes.care_carer_states import ENDS
from quartier.model.processes.care_giving import by_case, by_pair
from quartier.model.processes.care_kin_choice import GAVE_UP, WORK_BITS

MOTHERS = 2_000


def mothers_and_daughters(chance: dict[str, float], n: int = MOTHERS):
    """A town of mothers in need and one daughter each, in her own household; nobody wants a home or a service."""
    people = [{"age": 84, "sex": 1, "household": i, "care": 2} for i in range(n)]
    people += [{"age": 55, "sex": 1, "household": n + i, "mother": i} for i in range(n)]
    base = {**NO_HOME, **NO_SERVICE, "care_kin_full_time": 0.0, "care_strain": -60.0, "care_gives_up": 0.0}
    return toy.town(people, BOTH, rates=book({**base, **chance}), check=False)


def test_half_of_the_children_in_reach_give_by_their_chance_and_keep_to_it():
    """-0.5 in general, +0.5 in reach, less what women give more: a chance of one half, decided once."""
    female = book().parameter("care_kin_female")
    model = mothers_and_daughters({"care_kin_child": -0.5 - female})
    gives = by_pair(model)["carer"]
    assert abs(z_of(gives.size, MOTHERS / 2, MOTHERS / 4)) < z_limit(1)
    assert by_pair(run(model, 4))["carer"].tolist() == gives.tolist()


def test_who_gives_up_rests_for_a_year_and_takes_up_care_again():
    """All give; two in a hundred give up per quarter and rest for four: at the start as later 1 / (1 + 4 * 0.02) give."""
    model = mothers_and_daughters({"care_kin_child": 60.0, "care_gives_up": 0.02})
    start = set(by_pair(model)["carer"].tolist())
    resting = MOTHERS - len(start)
    p = 1 - 0.98**4
    assert abs(z_of(resting, MOTHERS * p, MOTHERS * p * (1 - p))) < z_limit(1)
    ended = counts(run(model, 1)).ended[0]
    assert ended[ENDS.index("gave_up")] > 0 and ended.sum() == ended[ENDS.index("gave_up")]
    run(model, 4)
    rested = set(range(MOTHERS, 2 * MOTHERS)) - start
    assert len(rested & set(by_pair(model)["carer"].tolist())) > 0.9 * resting  # but a few who gave up once more
    expected = 4 * 0.02 / (1 + 4 * 0.02)
    run(model, 7)
    seen = 1 - by_pair(model)["carer"].size / MOTHERS
    assert abs(z_of(MOTHERS * seen, MOTHERS * expected, MOTHERS * expected * (1 - expected))) < z_limit(1)


def test_the_others_are_asked_once_more_while_one_rests():
    """A mother with ten children who say yes to one question in five: more of them help when the main carer rests."""
    n = 300
    people = [{"age": 84, "sex": 1, "household": i, "care": 5} for i in range(n)]
    people += [{"age": 50, "sex": 1, "household": n + i, "mother": i % n} for i in range(10 * n)]
    parameters = {
        **NO_HOME,
        **NO_SERVICE,
        "care_kin_female": 0.0,
        "care_kin_full_time": 0.0,
        "care_kin_within_reach": 0.0,
    }
    parameters |= {"care_kin_child": float(np.log(0.2 / 0.8)), "care_gives_up": 0.0, "care_gives_up_strained": 0.0}
    model = toy.town(people, BOTH, rates=book(parameters), check=False)
    pair = by_pair(model)
    assert abs(z_of(pair["carer"].size, 10 * n * 0.2, 10 * n * 0.16)) < z_limit(1)
    state, ended = (model.side["give_care"][name] for name in ("carer", "ended"))
    state[pair["carer"][pair["main"]]] |= GAVE_UP
    ended[pair["carer"][pair["main"]]] = model.now
    before, after = pair["carer"].size, by_pair(run(model, 1))["carer"].size
    mains = int(pair["main"].sum())
    others, p = 10 * mains - before, 0.2
    assert abs(z_of(after - (before - mains), others * p, others * p * (1 - p))) < z_limit(1)


@pytest.mark.parametrize("what", ["home", "carer_in_need", "died", "recovered"])
def test_care_ends_when_the_person_or_the_carer_no_longer_can(what):
    model = mothers_and_daughters({"care_kin_child": 60.0}, 20)
    p = model.people
    assert model.side["give_care"]["cared_for"].tolist() == list(range(20))
    if what == "home":
        model.households.kind[p.household[3]] = Kind.OTHER_COMMUNAL
        changed_homes(model)[p.household[3]] = 1  # as every verb that changes a household does
    elif what == "died":
        remove(model, np.array([3]), died=True)
    else:
        p.care[3 if what == "recovered" else 23] = 0 if what == "recovered" else 2
    run(model, 1)
    reason = {"home": "person_in_home", "died": "person_died_or_left", "recovered": "person_recovered"}.get(what, what)
    assert counts(model).ended[0].tolist() == [int(name == reason) for name in ENDS]
    assert counts(run(model, 1)).ended.sum() == 0
    assert counts(model).main[0, 0] == 19


def test_the_partner_of_a_child_gives_half_as_often_as_a_person():
    n = 2_000
    people = [{"age": 84, "sex": 1, "household": i, "care": 5} for i in range(n)]
    couple = {"household": 0, "union_state": 2}
    people += [{**couple, "age": 55, "sex": 0, "household": n + i, "mother": i, "partner": 2 * n + i} for i in range(n)]
    people += [{**couple, "age": 54, "sex": 1, "household": n + i, "partner": n + i} for i in range(n)]
    model = toy.town(people, BOTH, rates=unemployed({**ALL_GIVE, **NO_SERVICE}), check=False)
    pair = by_pair(model)
    assert (pair["in_law"] == 0).sum() == n and set(pair["carer"][pair["in_law"] == 1].tolist()) <= set(
        range(2 * n, 3 * n)
    )
    assert abs(z_of((pair["in_law"] == 1).sum(), n / 2, n / 4)) < z_limit(1)
    assert set(pair["hours"].tolist()) == {5.7, 7.5}
    assert counts(model).carers[0, :, :, 0].sum(axis=1).tolist() == [n, int((pair["in_law"] == 1).sum())]


def test_children_outside_the_town_help_by_distance_and_count_apart():
    """Two children within 25 km for half of the mothers, one farther than 100 km for the others."""
    n = 2_000
    people = [{"age": 84, "sex": 1, "household": i, "care": 5} for i in range(n)]
    start = toy.start(people)
    near = np.arange(n) < n // 2
    start.people["kin_away"] = np.where(near, 2 * one_child(np.array(0)), one_child(np.array(2))).astype(np.uint16)
    parameters = {**NO_HOME, **NO_SERVICE, "care_kin_other": 0.0, "care_kin_other_without_child": 0.0}
    parameters |= {"care_kin_child": 0.0, "care_kin_female": 0.0, "care_kin_full_time": 0.0}
    parameters |= {"care_kin_away_near": 0.0, "care_kin_away_far": float(np.log(0.1 / 0.9))}
    model = toy.QuartierModel(toy.region(1), book(parameters), start, processes=BOTH)
    away = counts(model).away[0].sum()
    assert abs(z_of(away, n * 0.5 + n / 2 * 0.1, n * 0.25 + n / 2 * 0.09)) < z_limit(1)
    kin = by_case(model)["kin"].round(6)
    assert set(kin[near].tolist()) == {0.0, 3.0, 6.0} and set(kin[~near].tolist()) == {0.0, 0.3}
    assert counts(model).carers.sum() == 0 and counts(model).homes[0, 0] == (kin == 0).sum()


def daughters_at_work(parameters: dict[str, float], employed: float, n: int = 3_000):
    """Mothers with grade 5 in the household of a daughter of 45: 18 core hours a week, 49 reported."""
    people = [{"age": 84, "sex": 1, "household": i, "care": 5} for i in range(n)]
    people += [{"age": 45, "sex": 1, "household": i, "mother": i} for i in range(n)]
    rates = unemployed({**ALL_GIVE, **NO_SERVICE, **parameters}, employed)
    return toy.town(people, BOTH, rates=rates, check=False)


def test_work_is_reduced_or_given_up_twice_as_often_with_many_hours_and_half_return_after_care():
    n = 3_000
    model = daughters_at_work({"care_work_changed_at_start": 0.0, "care_carer_full_time_women": 1.0}, 1.0)
    assert counts(model).work.sum() == 0 and counts(model).carers[0, 1, 2].tolist() == [0, 0, n]
    run(model, 5)  # the first quarter's events show in the second
    reduced, stopped = counts(model).work[0]
    left = np.exp(-2 * 0.085)
    p = np.array([0.06, 0.025]) / 0.085 * (1 - left)
    p += np.array([-1, 1]) * 0.5 * p[0] * (1 - np.exp(-2 * 0.025))  # about: some who reduced gave up later
    for seen, expected in zip((reduced, stopped), p, strict=True):
        assert abs(z_of(seen, n * expected, n * expected * (1 - expected))) < z_limit(2)
    assert counts(model).carers[0, 1, 2].tolist() == [stopped, reduced, n - reduced - stopped]
    remove(model, np.arange(n), died=True)
    changed = int((model.side["give_care"]["carer"] & WORK_BITS > 0).sum())
    run(model, 5)
    still = int((model.side["give_care"]["carer"] & WORK_BITS > 0).sum())
    assert abs(z_of(still, changed / 2, changed / 4)) < z_limit(1)
    assert int((model.side["give_care"]["carer"] & WORK_BITS > 0).sum()) == still


def test_who_does_not_work_or_gives_few_hours_changes_no_work():
    assert counts(run(daughters_at_work({}, 0.0, 300), 4)).work.sum() == 0
    few = {f"care_need_hours_{g}": 1.0 for g in range(1, 6)} | {"care_work_changed_at_start": 0.0}
    assert counts(run(daughters_at_work(few, 1.0, 300), 4)).work.sum() == 0


def network(members: int | None, **dates: str) -> dict[str, pd.DataFrame]:
    """One volunteer network in the first Quartier."""
    tables = services("volunteer_network", members or 0)
    tables["facilities"] = tables["facilities"].assign(**dates)
    if members is None:
        tables["places"] = tables["places"].iloc[:0]
    return tables


def test_volunteers_visit_first_whom_nobody_helps_then_those_with_most_unmet():
    """Nine members: four people whom nobody helps get two hours each, one of the others the ninth hour."""
    people = [{"age": 85, "sex": 1, "household": i, "care": 3} for i in range(8)]
    people += [{"age": 50, "sex": 1, "household": 8 + i, "mother": i} for i in range(4)]
    people += [{"age": 85, "sex": 1, "household": 12 + i, "care": 3, "quartier": 1} for i in range(3)]
    rates = unemployed({**ALL_GIVE, **NO_SERVICE})
    model = toy.town(people, BOTH, rates=rates, quartiere=2, km_apart=50.0, **network(9))
    hours = by_case(model)
    assert hours["volunteers"][4:8].tolist() == [2.0] * 4 and hours["volunteers"][:4].sum() == pytest.approx(1.0)
    assert hours["volunteers"][8:].tolist() == [0.0] * 3
    assert hours["unmet"] == pytest.approx(hours["need"] - hours["kin"] - hours["volunteers"])
    closed = toy.town(people, BOTH, rates=rates, quartiere=2, km_apart=50.0, **network(9, closes="2023-06-30"))
    assert by_case(closed)["volunteers"].sum() == 0


def test_a_network_without_a_list_of_members_has_one_in_two_hundred_adults():
    people = [{"age": 85, "sex": 1, "household": i, "care": 3} for i in range(400)]
    model = toy.town(people, BOTH, rates=book({**ALL_GIVE, **NO_SERVICE}), check=False, **network(None))
    assert by_case(model)["volunteers"].sum() == 2.0
