"""Levers on dwellings, any rate and any parameter; and what no lever may do: touch those it has nothing to do with."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import toy
from lever_town import CHILDCARE, QUARTIERE, RATES, changed, lives, region, run, scenario, started, world
from quartier.model.dwelling_features import barrier_free
from quartier.model.processes import STEP
from quartier.model.processes.births import BEAR
from quartier.model.processes.childcare import childcare_counts
from quartier.scenarios.files import library

FIRST = toy.START + 1
AREA = "[[lever]]\nname='new_build_area'\nrooms={ 2 = 0.25, 4 = 0.75 }\nfrom='+6 months'\n"


def test_a_new_build_area_completes_its_dwellings_by_size_quarter_and_quartier(tmp_path):
    tried = scenario(AREA + "quartiere=['02']\ndwellings=100\nover='1 year'\n", tmp_path)
    built = {(m.step - FIRST, m.rooms): m.dwellings for m in tried.measures}
    assert {key: n for key, n in built.items() if key[1] == 2} == {(2, 2): 6, (3, 2): 6, (4, 2): 6, (5, 2): 7}
    assert sum(built.values()) == 100 and sum(n for (_, rooms), n in built.items() if rooms == 4) == 75
    assert {m.quartier for m in tried.measures} == {1}
    base, more = (run(world(t), 6) for t in (None, tried))
    gained = [np.bincount(m.dwellings.quartier, minlength=QUARTIERE) for m in (base, more)]
    assert (gained[1] - gained[0]).tolist() == [0, 100, 0, 0]


def test_dwellings_with_a_minus_are_taken_away_as_they_fall_vacant(tmp_path):
    text = "[[dwellings]]\nquartier='02'\nrooms=3\ndwellings=-{}\ndate='+6 months'\n"
    base, two, many = (run(world(scenario(text.format(n), tmp_path) if n else None), 6) for n in (0, 2, 5000))
    standing = [np.bincount(m.dwellings.quartier[m.dwellings.rooms > 0], minlength=QUARTIERE) for m in (base, two, many)]
    assert (standing[0] - standing[1]).tolist() == [0, 2, 0, 0]
    assert standing[2][1] < standing[1][1] and standing[2][[0, 2, 3]].tolist() == standing[0][[0, 2, 3]].tolist()


def test_an_area_over_several_quartiere_is_split_by_their_dwellings_and_its_sum_is_kept(tmp_path):
    tried = scenario(AREA + "quartiere=['01','02','03']\ndwellings=77\n", tmp_path)
    assert sum(m.dwellings for m in tried.measures) == 77 and {m.quartier for m in tried.measures} == {0, 1, 2}
    relative = scenario(AREA + "quartiere=['@largest']\ndwellings=10\nunit='per_1000_dwellings'\n", tmp_path)
    residents = region().population.groupby("quartier_id")["persons"].sum()
    assert {m.quartier for m in relative.measures} == {int(residents.to_numpy().argmax())}
    assert sum(m.dwellings for m in relative.measures) == round(residents.sum() / 2 * 10 / 1000)  # none listed: two a dwelling


def test_new_dwellings_are_moved_into_and_change_nothing_before_they_are_there(tmp_path):
    tried = scenario(AREA + "quartiere=['02']\ndwellings=60\n", tmp_path)
    base, more = (run(world(t), 2) for t in (None, tried))
    assert not changed(lives(base), lives(more))
    run(base, 8), run(more, 8)
    built = more.dwellings.key[len(started().dwellings["key"]) :]  # those before are of the start, or in the place of lost ones
    new = built[~np.isin(built, base.dwellings.key)]
    homes = more.dwellings.household[np.isin(more.dwellings.key, new)]
    assert len(new) == 60 and np.count_nonzero(homes >= 0) >= 10
    here = [np.bincount(m.people.quartier[m.people.present == 1], minlength=QUARTIERE)[1] for m in (base, more)]
    assert here[1] > here[0]


def test_new_dwellings_change_no_life_where_nobody_moves(tmp_path):
    tried = scenario(AREA + "quartiere=['02']\ndwellings=60\n", tmp_path)
    still = tuple(p for p in STEP if p.name not in ("move", "in_migrate", "form_union", "leave_home", "return_home", "separate"))
    base, more = (run(world(t, still), 6) for t in (None, tried))
    assert not changed(lives(base), lives(more))


CONVERSION = "[[lever]]\nname='barrier_free_conversion'\nfrom='+6 months'\n"


def test_a_conversion_is_spread_over_its_quarters_and_split_by_need(tmp_path):
    tried = scenario(CONVERSION + "dwellings=102\npercent_for_need=50\nover='1 year'\nquartiere=['02','03']\n", tmp_path)
    assert [(m.step - FIRST, m.dwellings, m.for_need) for m in tried.measures] == [(2, 25, 12), (3, 26, 13), (4, 25, 13), (5, 26, 13)]
    assert {m.quartiere for m in tried.measures} == {(1, 2)}
    everywhere = scenario(CONVERSION + "dwellings=10\nunit='per_1000_dwellings'\n", tmp_path)
    ten_in_1000 = round(region().population["persons"].sum() / 2 / 100)  # none listed: two residents a dwelling
    assert [(m.dwellings, m.for_need, m.quartiere) for m in everywhere.measures] == [(ten_in_1000, 0, None)]


def test_a_conversion_makes_as_many_dwellings_barrier_free_as_it_says(tmp_path):
    tried = scenario(CONVERSION + "dwellings=40\n", tmp_path)
    still = tuple(p for p in STEP if p.name in ("die", "bear", "move", "change_need"))
    base, more = (run(world(t, still), 4) for t in (None, tried))
    free = [int(barrier_free(m.dwellings.features).sum()) for m in (base, more)]
    assert free[1] - free[0] == 40 and np.array_equal(base.dwellings.key, more.dwellings.key)


def test_a_rate_takes_factor_addition_value_and_limit(tmp_path):
    def rate(change):
        tried = scenario(f"[[rate]]\nname='mortality'\n{change}\nage_from=50\nage_to=50\n", tmp_path)
        return tried.rate_book(RATES()).resolve("mortality", FIRST, QUARTIERE)[1][0][:, 50]

    plain = RATES()["mortality"].values[:, 50]
    np.testing.assert_allclose(rate("kind='factor'\namount=2"), 2 * plain)
    np.testing.assert_allclose(rate("kind='add'\namount=0.01"), plain + 0.01)
    np.testing.assert_allclose(rate("kind='value'\namount=0.5"), [0.5, 0.5])
    np.testing.assert_allclose(rate("kind='cap'\namount=0.001"), np.minimum(plain, 0.001))


def test_dated_amounts_and_a_ramp_become_one_modifier_for_every_piece(tmp_path):
    text = "[[rate]]\nname='mortality'\nkind='factor'\namount=[{from='+0 years', amount=1.2}, {from='+2 years', amount=1.4}]\n"
    tried = scenario(text, tmp_path)
    assert [(m.start, m.end, m.amount) for m in tried.modifiers] == [(FIRST, FIRST + 8, 1.2), (FIRST + 8, None, 1.4)]
    tried = scenario(text + "ramp_up='6 months'\n", tmp_path)
    assert [(m.start - FIRST, m.amount) for m in tried.modifiers] == [
        (0, 1.05), (1, 1.15), (2, 1.2), (8, 1.25), (9, 1.35), (10, 1.4)
    ]


def test_an_effect_fades_after_its_end_by_its_half_life(tmp_path):
    text = "[[lever]]\nname='fertility'\npercent=10\nto='+1 year'\nhalf_life='1 year'\n"
    amounts = {m.start - FIRST: m.amount for m in scenario(text, tmp_path, 10).modifiers}
    assert amounts[0] == pytest.approx(1.1)
    assert amounts[4] == pytest.approx(1 + 0.1 * 0.5 ** 0.125) and amounts[8] == pytest.approx(1 + 0.1 * 0.5 ** 1.125)
    assert max(amounts) == 4 + 26  # below a hundredth it is gone: 2 ** -(26.5 / 4) > 0.01 > 2 ** -(27 / 4)


def test_a_parameter_holds_for_the_whole_run_and_moves_its_process(tmp_path):
    tried = scenario("[[parameter]]\nname='share_of_boys'\nvalue=0.9\n", tmp_path)
    assert tried.parameters == {"share_of_boys": 0.9}
    base, more = (run(world(t, (BEAR,)), 12) for t in (None, tried))
    a, b = (lives(m, {"sex"}) for m in (base, more))
    assert not changed(a, b)
    boys = [int((m.people.sex[m.people.birth > toy.START] == 0).sum()) for m in (base, more)]
    assert boys[1] > boys[0]


@pytest.mark.parametrize(("value", "warned"), [(0.05, False), (0.5, True)])
def test_a_parameter_outside_its_documented_range_is_used_with_a_warning(value, warned, tmp_path):
    tried = scenario(f"[[parameter]]\nname='childcare_inoperable_share'\nvalue={value}\n", tmp_path)
    assert [w.id for w in tried.warnings] == ["parameter_outside_range"] * warned
    assert all(w.severity == "warning" and w.row == 4 for w in tried.warnings)


EMPTY = [
    "[[rate]]\nname='birth_hazard'\nkind='factor'\namount=1\n",
    "[[lever]]\nname='mortality'\npercent=0\n",
    "[[lever]]\nname='childcare_staff_shortage'\npercent=0\n",
    "[[lever]]\nname='care_rate'\nvariant='damped'\n",
    "[[lever]]\nname='longevity'\npace=1\n",
    "[[lever]]\nname='kita_access_help'\nreached=0\nfamilies_meant=0.16\ngain=0.285\n",
    "[[lever]]\nname='childcare_wish'\npoints=0\n",
    "[[lever]]\nname='migration'\ndirection='in'\npercent=0\n",
    "[[lever]]\nname='migration'\ndirection='out'\npercent=0\nquartiere=['02']\n",
    "[[parameter]]\nname='twin_share'\nvalue=0.0165\n",
    "[[places]]\nfacility='childcare_centre'\namount=3\nunit='places'\nfrom='+2 years'\nquartiere=['04']\n",  # later
]


@cache
def untouched():
    return run(world(replicate=3), 6)


@pytest.mark.parametrize("text", [*EMPTY, "".join(EMPTY)])
def test_a_scenario_without_effect_is_bit_identical_to_the_baseline(text, tmp_path):
    tried = scenario(text, tmp_path)
    assert tried.modifiers or tried.measures or tried.parameters
    base, same = untouched(), run(world(tried, replicate=3), 6)
    assert lives(base) == lives(same)
    assert all((base.events[kind] == same.events[kind]).all() for kind in base.events)


def far_region():
    return region(60.0)


def test_places_in_one_quartier_leave_the_children_of_far_quartiere_alone(tmp_path):
    """Four Quartiere 60 km apart, beyond what parents accept: only children near the new places may change theirs."""
    text = "[[places]]\nfacility='childcare_centre'\namount=20\nunit='places'\nfrom='+0 years'\nquartiere=['01']\n"
    tried = scenario(text, tmp_path, region=far_region())
    still = tuple(p for p in STEP if p.name not in ("move", "in_migrate"))  # who moves takes the effect along
    base, more = (run(world(t, still, region=far_region(), replicate=2), 8) for t in (None, tried))
    assert childcare_counts(base)["waiting"][0].sum() > 0, "a life in which children wait there, so that places matter"
    differ = changed(lives(base), lives(more))
    rows = np.flatnonzero(np.isin(more.people.key, list(differ)))
    assert differ and set(more.people.quartier[rows].tolist()) == {0} and more.ages(rows).max() < 9
    assert not changed(lives(base, CHILDCARE), lives(more, CHILDCARE))


def test_a_measure_on_people_in_one_quartier_leaves_far_people_alone_without_the_markets(tmp_path):
    """Deaths in one Quartier: elsewhere only kin may notice, and who takes an orphan in."""
    tried = scenario("[[lever]]\nname='mortality'\npercent=400\nquartiere=['01']\n", tmp_path, region=far_region())
    still = tuple(p for p in STEP if p.name in ("die", "bear", "marry", "out_migrate", "change_need", "recognise_disability"))
    base, more = (run(world(t, still, region=far_region()), 8) for t in (None, tried))
    p = base.people
    far = set(p.key[(p.quartier != 0) & (p.present == 1)].tolist())
    differ = changed(lives(base), lives(more))
    assert len(differ - far) >= 10
    assert len(differ & far) <= 0.005 * len(far)


def test_with_the_markets_a_measure_in_one_quartier_changes_few_lives_far_away(tmp_path):
    tried = scenario("[[lever]]\nname='mortality'\npercent=100\nquartiere=['01']\n", tmp_path, region=far_region())
    base, more = (run(world(t, region=far_region()), 4) for t in (None, tried))
    p = base.people
    far = set(p.key[(p.quartier != 0) & (p.present == 1)].tolist())
    assert len(changed(lives(base, CHILDCARE), lives(more, CHILDCARE)) & far) <= 0.05 * len(far)


@cache
def baseline():
    return lives(run(world(), 8))


@pytest.mark.parametrize("name", library())
def test_every_library_scenario_runs_on_a_small_town_and_only_the_baseline_is_empty(name):
    tried = scenario(name)
    assert bool(tried.modifiers or tried.measures or tried.parameters) == (name != "baseline")
    same = lives(run(world(tried, check_each_step=True), 8)) == baseline()
    assert same == (name == "baseline") or name in TOO_SMALL


TOO_SMALL = {"barrier_free_conversion", "longevity_high", "mortality_constant", "kita_access_help"}
"""What changes less than one death or two applications in a town of 1,900 within two years."""


@pytest.mark.parametrize("name", library())
def test_every_library_scenario_fits_a_town_that_gives_no_more_than_it_must(name):
    bare = toy.region(3, population=region().population.query("quartier_id <= '03'"))
    for years in (2, 30):
        scenario(name, years=years, region=bare)
