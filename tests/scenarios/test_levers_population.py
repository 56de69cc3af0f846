"""Levers on births, deaths, moves and care: which way, how much by hand, and whom they leave alone."""

from __future__ import annotations

import numpy as np
import pytest
from lever_town import RATES, changed, lives, run, scenario, world
from quartier.model.asking import Audit
from quartier.model.care_hazards import path
from quartier.model.care_staff import a_year_later, exits
from quartier.model.cases import remembered
from quartier.model.columns import Setting
from quartier.model.processes import STEP
from quartier.model.processes.births import BEAR
from quartier.model.processes.care_need import CHANGE_NEED
from quartier.model.processes.childcare import FORM_NEED, PLACE_CHILDREN
from quartier.model.processes.deaths import DIE, death_hazards
from quartier.model.processes.disability import RECOGNISE_DISABILITY
from quartier.model.processes.migration import IN_MIGRATE, OUT_MIGRATE
from quartier.model.timeline import year_of

ALONE = (DIE, BEAR, OUT_MIGRATE, IN_MIGRATE, CHANGE_NEED, RECOGNISE_DISABILITY)
"""Processes without a market, so that a life can change only by what a lever does to it or to its mother."""
PLACED = tuple(p for p in STEP if p.name in ("change_need", "arrange_care"))
"""Only need and its arrangement: moving into a home touches nobody but the household that is left."""


def first_step(text, folder, process, name, years=1):
    """Expected and observed events of one process in the first step, as it is and with the lever."""
    out = []
    for tried in (None, scenario(text, folder, years)):
        model = world(tried, (process,))
        model.audit = Audit()
        run(model, 1)
        out += [float(model.audit.expected[name].sum()), float(model.audit.observed[name].sum())]
    return out


@pytest.mark.parametrize(("lever", "process", "name", "factor"), [
    ("name='fertility'\npercent=100", BEAR, "bear", 2.0),
    ("name='fertility'\npercent=-30", BEAR, "bear", 0.7),
    ("name='mortality'\npercent=50", DIE, "die", 1.5),
    ("name='migration'\ndirection='out'\npercent=20", OUT_MIGRATE, "out_migrate_germany", 1.2),
    ("name='care_onset'\npercent=40", CHANGE_NEED, "change_need", None),
])
def test_a_lever_in_per_cent_multiplies_what_is_expected(lever, process, name, factor, tmp_path):
    before, seen_before, after, seen = first_step(f"[[lever]]\n{lever}\n", tmp_path, process, name)
    if factor is None:  # only onset, not the moves between grades: between none and the factor
        assert before < after < 1.4 * before
        return
    assert after == pytest.approx(factor * before, rel=0.02)  # 1 - exp(-h / 4) is a little less than proportional
    assert abs(seen - after) <= 4 * np.sqrt(after)
    assert seen >= seen_before if factor > 1 else seen <= seen_before


def test_more_fertility_keeps_every_birth_and_adds_others(tmp_path):
    base = run(world(None, (BEAR,)), 4)
    more = run(world(scenario("[[lever]]\nname='fertility'\npercent=60\n", tmp_path), (BEAR,)), 4)
    first_born = {key for key, life in lives(base).items() if life[1] == base.start_step + 1}
    assert first_born and first_born < set(lives(more))


def test_fertility_of_some_ages_and_quartiere_changes_only_mothers_there(tmp_path):
    text = "[[lever]]\nname='fertility'\npercent=300\nage_from=25\nage_to=34\nquartiere=['02']\n"
    worlds = [run(world(tried, (BEAR,)), 8) for tried in (None, scenario(text, tmp_path))]
    a, b = map(lives, worlds)
    born = set(a) ^ set(b)  # a birth more may also push a later one away
    mothers = set()
    for model in worlds:
        p = model.people
        mothers |= set(p.key[model.row_of_id[p.mother[np.isin(p.key, list(born))]]].tolist())
    assert len(set(b) - set(a)) >= 3 and changed(a, b) <= born | mothers
    rows = np.flatnonzero(np.isin(worlds[1].people.key, list(mothers)))
    assert set(worlds[1].people.quartier[rows].tolist()) == {1}
    assert (worlds[1].ages(rows) >= 25).all() and (worlds[1].ages(rows) <= 36).all()


def test_mortality_changes_nobody_who_lives_in_both_worlds(tmp_path):
    base, more = (run(world(tried, (DIE, CHANGE_NEED, RECOGNISE_DISABILITY)), 8) for tried in
                  (None, scenario("[[lever]]\nname='mortality'\npercent=100\n", tmp_path)))
    a, b = lives(base), lives(more)
    assert set(b) < set(a)
    heirs = {"role", "union_state", "union_since", "former_union", "leads", "household", "quartier"}
    a, b = lives(base, heirs), lives(more, heirs)  # widows and orphans apart
    homes = sum(a[key][:-1] != b[key][:-1] for key in b)
    assert homes <= 0.02 * len(b)


def test_longevity_changes_the_yearly_fall_of_mortality_and_nothing_at_its_base_year(tmp_path):
    faster = world(scenario("[[lever]]\nname='longevity'\npace=2\n", tmp_path, 8), (DIE,))
    base = world(None, (DIE,))
    for model in (base, faster):
        model.now += 4 * 7  # 2030, six years after the base year
    rates = RATES()
    years = year_of(base.now) - rates.parameter("mortality_base_year")
    ratio = death_hazards(faster)[0, 0, :, 50] / death_hazards(base)[0, 0, :, 50]
    decline = rates["mortality_decline"].values[:, 49:51]
    assert years == 6
    assert (ratio < np.exp(-6 * decline.min(axis=1)) + 1e-9).all() and (ratio > np.exp(-6 * decline.max(axis=1)) - 1e-9).all()
    assert (ratio < 1).all()


@pytest.mark.parametrize(("direction", "percent"), [("in", 50), ("in", -40)])
def test_moves_in_change_by_the_per_cent_and_residents_stay_as_they_are(direction, percent, tmp_path):
    text = f"[[lever]]\nname='migration'\ndirection='{direction}'\npercent={percent}\n"
    base, more = (world(tried, ALONE[2:4]) for tried in (None, scenario(text, tmp_path)))
    residents = set(lives(base))
    arrived = [0, 0]
    for _ in range(8):
        for i, model in enumerate((base, more)):
            model.step()
            arrived[i] += int(model.events["in_migration_germany"].sum() + model.events["in_migration_abroad"].sum())
    households = 8 * 2  # one household more or less in each of the two roundings of a step
    assert arrived[1] == pytest.approx(arrived[0] * (1 + percent / 100), abs=3 * households)
    assert (arrived[1] > arrived[0]) == (percent > 0)
    assert not changed(lives(base), lives(more)) & residents


def test_leaving_more_often_takes_those_who_leave_anyway_and_others(tmp_path):
    text = "[[lever]]\nname='migration'\ndirection='out'\narea='germany'\npercent=80\n"
    base, more = (run(world(tried, (OUT_MIGRATE,)), 1) for tried in (None, scenario(text, tmp_path)))
    assert set(lives(more)) < set(lives(base))
    assert more.events["out_migration_abroad"].sum() <= base.events["out_migration_abroad"].sum()


@pytest.mark.parametrize(("variant", "years_of_pace"), [("constant", 0.0), ("damped", 0.875), ("full", 1.0)])
def test_the_care_rate_moves_by_the_pace_of_its_variant(variant, years_of_pace, tmp_path):
    rates = scenario(f"[[lever]]\nname='care_rate'\nvariant='{variant}'\n", tmp_path).rate_book(RATES())
    need = rates["care_need_exact"].values[:, :, 60:85]
    pace = (np.log(need[-1] / (1 - need[-1])) - np.log(need[0] / (1 - need[0]))) / 6
    share = 1 - path(rates, variant, 2024.0)[0]
    level = np.log(need[-1] / (1 - need[-1])) + pace * years_of_pace + rates.parameter("care_level_logit")
    np.testing.assert_allclose(share[:, 60:85], 1 / (1 + np.exp(-level)), rtol=1e-6)


def test_more_need_of_care_in_the_rising_variants_and_no_other_life_changes(tmp_path):
    def need(variant):
        text = f"[[lever]]\nname='care_rate'\nvariant='{variant}'\n"
        model = run(world(scenario(text, tmp_path), (CHANGE_NEED, RECOGNISE_DISABILITY, FORM_NEED, PLACE_CHILDREN)), 12)
        return int(((model.people.care & 7) > 0).sum()), lives(model, {"care", "disability"})

    (low, a), (mid, b), (high, c) = (need(v) for v in ("constant", "damped", "full"))
    assert low < mid < high
    assert not changed(a, b) and not changed(b, c)


def test_onset_of_need_in_one_quartier_leaves_the_others_alone(tmp_path):
    text = "[[lever]]\nname='care_onset'\npercent=400\nquartiere=['03']\nage_from=60\n"
    base, more = (run(world(tried, (CHANGE_NEED,)), 4) for tried in (None, scenario(text, tmp_path)))
    differ = changed(lives(base), lives(more))
    rows = np.flatnonzero(np.isin(more.people.key, list(differ)))
    assert differ and set(more.people.quartier[rows].tolist()) == {2} and (more.ages(rows) >= 60).all()
    assert ((more.people.care & 7) > 0).sum() > ((base.people.care & 7) > 0).sum()


def test_outpatient_first_halves_the_new_wishes_for_a_home_and_keeps_the_old(tmp_path):
    text = "[[lever]]\nname='outpatient_first'\npercent=50\n"
    base, more = (world(t) for t in (None, scenario(text, tmp_path)))
    at_start = wishes(base)
    assert at_start == wishes(more)
    run(base, 16), run(more, 16)
    new, fewer = (wishes(model) - at_start for model in (base, more))
    assert len(new) >= 12 and len(fewer) == pytest.approx(len(new) / 2, abs=4 * np.sqrt(len(new) / 4))
    entries = [int((m.people.setting[m.people.present == 1] == Setting.RESIDENTIAL_CARE).sum()) for m in (base, more)]
    assert entries[1] <= entries[0]


def test_outpatient_first_in_some_quartiere_changes_in_a_year_only_who_would_have_gone_into_a_home(tmp_path):
    """Without serviced housing, whose dwellings are few: who stays at home takes one, and another goes without."""
    alike = "[[parameter]]\nname='care_serviced_housing_residents'\nvalue=0\n"
    text = alike + "[[lever]]\nname='outpatient_first'\npercent=100\nquartiere=['01','02','03']\n"
    base, more = (run(world(scenario(t, tmp_path), PLACED), 4) for t in (alike, text))
    differ = changed(lives(base, {"childcare", "place"}), lives(more, {"childcare", "place"}))
    homes = set(base.people.key[np.isin(base.people.setting, (Setting.RESIDENTIAL_CARE, Setting.SHARED_CARE_FLAT))].tolist())
    stayed = {key for key in differ if key in homes}
    assert stayed
    partners = {base.people.key[r] for key in stayed for r in [base.row_of_id[p] for p in partner_of(base, key)] if r >= 0}
    assert differ <= stayed | partners | household_of(more, stayed)


def test_care_training_multiplies_those_who_enter_the_occupation_and_leaves_all_lives_alone_while_nothing_is_short(tmp_path):
    text = "[[lever]]\nname='care_training'\npercent=50\n"
    base, more = (world(t) for t in (None, scenario(text, tmp_path)))
    start = base.side["staff_services"]["heads"].copy()
    run(base, 4), run(more, 4)
    stays = np.stack([a_year_later(heads, exits(base.rates), 0.0) for heads in start])
    few, many = (m.side["staff_services"]["heads"].sum() - stays.sum() for m in (base, more))
    assert few > 0 and many == pytest.approx(1.5 * few)
    assert changed(lives(base), lives(more)) == set()


def wishes(model):
    """Keys of those present who want a nursing home or live in one."""
    p = model.people
    wish = remembered(model, "wish") > 0
    inside = (p.present == 1) & (p.setting == Setting.RESIDENTIAL_CARE)
    return set(remembered(model, "key")[wish].tolist()) | set(p.key[inside].tolist())


def partner_of(model, key):
    p = model.people
    return [i for i in p.partner[p.key == key].tolist() if i >= 0]


def household_of(model, keys):
    p = model.people
    homes = np.unique(p.household[np.isin(p.key, list(keys)) & (p.present == 1)])
    return set(p.key[np.isin(p.household, homes) & (p.present == 1)].tolist())
