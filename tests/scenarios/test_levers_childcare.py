"""Levers on childcare: which way, how much by hand, and that nobody's life changes but a child's place."""

from __future__ import annotations

import numpy as np
import pytest
import toy
from lever_town import CHILDCARE, QUARTIERE, RATES, changed, lives, region, run, scenario, started, world
from quartier.model.childcare_need import need_by_half_year
from quartier.model.columns import CHILDCARE_APPLIED_BIT, CHILDCARE_WISH_BIT
from quartier.model.measures import ClosingMeasure, PlacesMeasure
from quartier.model.processes.childcare import FORM_NEED, PLACE_CHILDREN, child_rows, childcare_counts

CHILD_STEPS = (FORM_NEED, PLACE_CHILDREN)
FIRST = toy.START + 1
PLACES = "[[places]]\nfacility='childcare_centre'\nfrom='+0 years'\n"


def places(model, quarters=1):
    return run(model, quarters).facilities.places[:, :2].tolist()


def attending(model, facility):
    return model.facilities.agents[facility].attending


@pytest.mark.parametrize(("text", "expected"), [
    ("amount=20\nunit='percent'\n", [[12, 24], [12, 24], [12, 24]]),
    ("amount=6\nunit='places'\nage_to=2\nquartiere=['01','03']\n", [[16, 20], [10, 20], [16, 20]]),
    ("amount=-5\nunit='places'\nage_from=3\nquartiere=['02']\n", [[10, 20], [10, 15], [10, 20]]),
    ("amount=9\nunit='places'\n", [[11, 22], [11, 22], [11, 22]]),
    ("amount=-50\nunit='percent'\nfacilities=['K02']\n", [[10, 20], [5, 10], [10, 20]]),
    ("amount=6\nunit='places'\nfacilities=['K01','K03']\nage_from=3\n", [[10, 23], [10, 20], [10, 23]]),
    ("amount=4\nunit='places'\nquartiere=['04']\nage_to=2\n", [[10, 20], [10, 20], [10, 20], [4, 0]]),
    ("amount=-10\nunit='percent'\noperable_only=true\n", [[10, 20], [10, 20], [10, 20]]),
])
def test_places_are_added_where_and_as_many_as_the_entry_says(text, expected, tmp_path):
    assert places(world(scenario(PLACES + text, tmp_path), CHILD_STEPS)) == expected


@pytest.mark.parametrize(("unit", "amount", "ages"), [
    ("per_100_aged_under_3", 10, (0, 2)), ("per_1000_residents", 5, (0, 999)), ("per_1000_aged_80", 50, (80, 999)),
])
def test_relative_amounts_count_the_residents_of_the_start(unit, amount, ages, tmp_path):
    tried = scenario(PLACES + f"amount={amount}\nunit='{unit}'\n", tmp_path)
    p = started().people
    age = (toy.START - p["birth"].astype(int)) // 4
    residents = int(((age >= ages[0]) & (age <= ages[1])).sum())
    (measure,) = tried.measures
    assert measure.amount == round(residents * amount / int(unit.split("_")[1]))
    named = scenario(PLACES + f"amount={amount}\nunit='{unit}'\nquartiere=['01','02','03','04']\n", tmp_path)
    assert sum(m.amount for m in named.measures) == measure.amount and len(named.measures) == QUARTIERE


def test_more_places_let_more_children_in_and_change_no_other_life(tmp_path):
    base, more = (run(world(tried), 6) for tried in (None, scenario(PLACES + "amount=50\nunit='percent'\n", tmp_path)))
    a, b = (childcare_counts(model) for model in (base, more))
    gained = b["attending"].sum() - a["attending"].sum()
    assert 0 < gained <= b["places"].sum() - a["places"].sum() == 45
    assert (b["need"] == a["need"]).all()
    assert not changed(lives(base, CHILDCARE), lives(more, CHILDCARE))


def test_a_shortage_of_staff_empties_places_but_closes_none_and_expels_nobody(tmp_path):
    text = "[[lever]]\nname='childcare_staff_shortage'\npercent=40\nfrom='+1 year'\n"
    base, short = (world(tried) for tried in (None, scenario(text, tmp_path)))
    run(base, 4), run(short, 4)
    assert not changed(lives(base), lives(short))
    run(short, 1), run(base, 1)
    assert (short.facilities.places == base.facilities.places).all()
    lost = base.facilities.operable[:, :2] - short.facilities.operable[:, :2]
    assert lost.tolist() == [[4, 8]] * 3  # 40 % of 10 and 20
    before = childcare_counts(short)["attending"].sum()
    run(short, 3), run(base, 3)
    assert childcare_counts(short)["attending"].sum() < before
    assert childcare_counts(short)["attending"].sum() < childcare_counts(base)["attending"].sum()
    assert not changed(lives(base, CHILDCARE), lives(short, CHILDCARE))


def test_a_closed_centre_holds_no_child_any_more(tmp_path):
    text = "[[lever]]\nname='facility_closing'\nfacilities=['K02']\nfrom='+6 months'\n"
    tried = scenario(text, tmp_path)
    assert tried.measures == (ClosingMeasure("K02", FIRST + 2),)
    base, closed = (run(world(t), 2) for t in (None, tried))
    assert attending(closed, 1) and not changed(lives(base), lives(closed))
    run(base, 1), run(closed, 1)
    assert attending(base, 1) and not attending(closed, 1)
    assert closed.facilities.places[1].sum() == 0 and (closed.facilities.places[[0, 2]] == base.facilities.places[[0, 2]]).all()
    assert not changed(lives(base, CHILDCARE), lives(closed, CHILDCARE))


def test_a_conversion_turns_places_from_three_on_into_fewer_for_the_younger(tmp_path):
    text = "[[lever]]\nname='childcare_conversion'\npercent=50\nplaces_per_place=0.4\nfrom='+0 years'\n"
    assert places(world(scenario(text, tmp_path), CHILD_STEPS)) == [[14, 10]] * 3  # 20 x 50 % = 10 less, x 0.4 = 4 more


@pytest.mark.parametrize("points", [10, -15])
def test_the_wish_for_a_place_moves_by_the_points(points, tmp_path):
    text = f"[[lever]]\nname='childcare_wish'\npoints={points}\nage_from=1\nage_to=1\n"
    tried = scenario(text, tmp_path)
    rates = RATES()
    before, after = (need_by_half_year(book, FIRST, QUARTIERE)[1][0] for book in (rates, tried.rate_book(rates)))
    national = rates["childcare_need"].values
    shift = np.exp(rates.parameter("childcare_need_shift_under_3"))
    wished = np.clip(national[2:4] + points / 100, 0, 1)
    np.testing.assert_allclose(after[2:4], wished * shift / (1 - wished + wished * shift))
    assert (after[:2] == before[:2]).all() and (after[4:] >= before[4:] - 1e-12).all()
    base, more = (run(world(t), 3) for t in (None, tried))
    wishing = [int(((m.people.childcare & CHILDCARE_WISH_BIT) > 0).sum()) for m in (base, more)]
    assert (wishing[1] > wishing[0]) == (points > 0) and wishing[0] != wishing[1]
    assert not changed(lives(base, CHILDCARE), lives(more, CHILDCARE))


def test_help_with_the_application_lets_more_of_those_apply_who_wish_a_place(tmp_path):
    text = "[[lever]]\nname='kita_access_help'\nreached=0.5\nfamilies_meant=0.16\ngain=0.285\n"
    tried = scenario(text, tmp_path)
    rates = RATES()
    before, after = (book.resolve("childcare_applied", FIRST, QUARTIERE)[1][0] for book in (rates, tried.rate_book(rates)))
    np.testing.assert_allclose(after[:6] - before[:6], 0.5 * 0.16 * 0.285)  # 2.3 points of all who wish, under three
    assert (after[6:] == before[6:]).all()
    text = "[[lever]]\nname='kita_access_help'\nreached=1\nfamilies_meant=1\ngain=1\n"
    base, more = (run(world(t), 4) for t in (None, scenario(text, tmp_path)))
    rows = child_rows(more)
    young = rows[more.ages(rows) < 3]
    wish, applied = (more.people.childcare[young] & bit > 0 for bit in (CHILDCARE_WISH_BIT, CHILDCARE_APPLIED_BIT))
    assert (wish == applied).all()  # everybody who wishes applies: the cap holds
    assert (childcare_counts(base)["need"] == childcare_counts(more)["need"]).all()
    assert childcare_counts(base)["applied"].sum() < childcare_counts(more)["applied"].sum()
    assert not changed(lives(base, CHILDCARE), lives(more, CHILDCARE))


EXPANSION = "[[lever]]\nname='childcare_expansion'\namount=8\nunit='per_100_aged_under_3'\nage_to=2\nfrom='+0 years'\n"


def test_an_expansion_raises_births_by_the_points_of_places_it_adds_a_year_later(tmp_path):
    tried = scenario(EXPANSION + "births_per_point=0.003\nbirths_after='1 year'\nbirths_within='1 year'\n", tmp_path)
    children = region().population.query("age_from <= 2")["persons"].sum()
    (opened,) = tried.measures
    assert opened == PlacesMeasure("childcare_centre", round(0.08 * children), "places", FIRST, age_to=2)
    rise = 0.003 * 100 * opened.amount / children
    assert [m.start - FIRST for m in tried.modifiers] == [4, 5, 6, 7, 8]
    parts = [(m.amount - 1) / rise for m in tried.modifiers]
    np.testing.assert_allclose(parts, [0.125, 0.375, 0.625, 0.875, 1.0], atol=1e-6)
    assert tried.modifiers[-1].end is None and {m.rate for m in tried.modifiers} == {"birth_hazard"}


def test_without_the_effect_on_births_an_expansion_is_only_places(tmp_path):
    base, more = (run(world(t), 6) for t in (None, scenario(EXPANSION, tmp_path)))
    assert childcare_counts(more)["attending"].sum() > childcare_counts(base)["attending"].sum()
    assert not changed(lives(base, CHILDCARE), lives(more, CHILDCARE))


def test_a_ramp_opens_places_quarter_by_quarter_and_half_of_them_are_left_after_a_half_life(tmp_path):
    text = PLACES + "amount=80\nunit='places'\nquartiere=['01']\nage_to=2\nto='+3 years'\nramp_up='1 year'\nhalf_life='1 year'\n"
    model = world(scenario(text, tmp_path, 6), CHILD_STEPS)
    path = [places(model)[0][0] - 10 for _ in range(24)]
    assert path[:12] == [10, 30, 50, 70] + [80] * 8
    assert path[12:] == [round(80 * 0.5 ** ((k + 0.5) / 4)) for k in range(12)]


def test_per_cent_of_an_expansion_count_the_places_for_under_threes_alone(tmp_path):
    text = EXPANSION.replace("per_100_aged_under_3", "percent").replace("amount=8", "amount=50") + "births_per_point=0.003\n"
    children = region().population.query("age_from <= 2")["persons"].sum()
    assert scenario(text, tmp_path).modifiers[-1].amount == pytest.approx(1 + 0.003 * 100 * 15 / children)  # 15 of 30 places
