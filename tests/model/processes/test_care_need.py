"""Care need: who gets a Pflegegrad at the start and in a step, and that constant rates keep the prevalence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import toy
from care_toy import constant_rates, singles
from crowd import book, run, z_limit, z_of
from quartier.model.asking import Audit
from quartier.model.care_hazards import by_age_at_end, care_prevalence, care_rates, life_table
from quartier.model.columns import DEMENTIA_BIT
from quartier.model.luck import Decision
from quartier.model.processes import STEP
from quartier.model.processes.births import BEAR
from quartier.model.processes.care_arrivals import need_of_arrivals
from quartier.model.processes.care_need import CHANGE_NEED, by_quarter, targets
from quartier.model.processes.care_start import groups
from quartier.model.processes.deaths import DIE
from quartier.model.rates import Modifier, probability
from quartier.model.thresholds import hazard_thresholds


def grades(model) -> np.ndarray:
    return model.people.care & 7


def test_a_scenario_brings_need_to_one_age_in_one_quartier_and_to_nobody_else():
    """Onset at 80 is 0.06-0.12 a year, so a factor of 400 makes it very likely within a quarter; the rest is at nil."""
    people = [
        {"age": 80, "sex": 1, "quartier": 1, "quarter": 0}, {"age": 80, "sex": 1, "quartier": 0, "quarter": 0},
        {"age": 78, "sex": 1, "quartier": 1}, {"age": 81, "sex": 0, "quartier": 1}, {"age": 60, "sex": 0, "care": 8},
    ]
    rates = book(care_onset_level=0.0).with_modifiers(
        [Modifier("care_onset_level", "value", 400.0, quartiere=(1,), age_from=80, age_to=80)]
    )
    model = run(toy.town(people, (CHANGE_NEED,), rates=rates, quartiere=2), 1)
    assert (grades(model) > 0).tolist() == [True, False, False, False, False]
    assert model.events["care_onset"].tolist() == [0, 1]


def test_the_age_at_the_start_of_the_quarter_counts():
    """Who turns 80 in the step still has the rates of 79; nobody is at risk in the quarter of birth."""
    likely = Modifier("care_onset_level", "value", 400.0, age_from=80, age_to=80)
    rates = book(care_onset_level=0.0).with_modifiers([likely])
    people = [{"age": age, "sex": 1, "quarter": 3} for age in (79, 80) for _ in range(20)] + [{"age": 60, "sex": 0, "care": 8}]
    model = run(toy.town(people, (CHANGE_NEED,), rates=rates), 1)
    ill = grades(model) > 0
    assert not ill[:20].any() and not ill[40] and ill[20:40].sum() > 5  # five of six, as few have dementia
    p = by_quarter(np.arange(110) / 200)
    assert p[[0, 1, 4, 5, 320, 321]] == pytest.approx([0, 0, 0, 1 / 200, 79 / 200, 80 / 200])


def test_who_moves_goes_one_grade_up_or_down_or_out_of_need():
    people = [{"age": 82, "sex": 1, "care": care} for care in (1, 2, 3, 4, 5) for _ in range(2000)]
    model = toy.town(people, (CHANGE_NEED,), check=False)
    model.now += 1
    to, before = targets(model, np.arange(len(people))), grades(model)
    for g, possible in ((1, {0, 2}), (2, {1, 3}), (3, {2, 4}), (4, {3, 5}), (5, {4})):
        assert set(to[before == g].tolist()) == possible
    rates = care_rates(model.rates, 2024)
    up, down = rates.upgrade[1, 82, 2], rates.downgrade
    factor = 1 / (1 + model.rates["dementia_share"].values[1, 82, 3] * 0.5)
    p = up * factor / (up * factor + down)
    assert abs(z_of((to[before == 3] == 4).sum(), 2000 * p, 2000 * p * (1 - p))) < z_limit(1)


def test_who_loses_the_last_grade_keeps_the_dementia_but_not_the_frailty():
    people = [{"age": 70, "sex": 0, "care": 1 + 8 + 16} for _ in range(3000)]
    model = run(toy.town(people, (CHANGE_NEED,), check=False), 4)
    out = grades(model) == 0
    assert out.sum() > 10
    assert set(model.people.care[out].tolist()) == {DEMENTIA_BIT}


def test_start_numbers_are_those_of_the_table_by_sex_and_age_group():
    model = singles(60_000, (CHANGE_NEED,), constant_rates(), quartiere=5)
    p, age = model.people, np.minimum(model.ages(), 109)
    table = care_prevalence(model.rates, 2023)[p.sex, age]
    group = groups(p.sex, age)
    wanted, found = (np.bincount(group, w, 44) for w in (1 - table[:, 0], grades(model) > 0))
    assert np.abs(found - wanted).max() <= 1
    assert abs(found.sum() - wanted.sum()) <= 0.5
    assert np.abs(np.bincount(grades(model), minlength=6)[1:] - table.sum(0)[1:]).max() < 12
    by_quartier = np.bincount(p.quartier, grades(model) > 0) - np.bincount(p.quartier, 1 - table[:, 0])
    assert np.abs(by_quartier).max() < 15


def test_residents_of_nursing_homes_all_have_a_grade_and_the_mix_of_homes():
    rng = np.random.default_rng(5)
    people = [{"age": int(a), "sex": i % 2, "household": 0, "role": 2} for i, a in enumerate(rng.integers(80, 95, 400))]
    people += [{"age": int(a), "sex": i % 2, "household": 1 + i} for i, a in enumerate(rng.integers(60, 95, 4000))]
    model = toy.town(people, (CHANGE_NEED,), check=False)
    resident = model.people.role == 2
    mix = np.bincount(grades(model)[resident], minlength=6) / 400
    assert mix == pytest.approx([0, 0.005, 0.166, 0.373, 0.311, 0.143], abs=0.01)
    table = care_prevalence(model.rates, 2023)[model.people.sex, model.ages()]
    assert (grades(model) > 0).sum() == pytest.approx((1 - table[:, 0]).sum(), abs=1)


def test_one_more_person_at_the_start_changes_few_others():
    many = singles(20_000, (CHANGE_NEED,), constant_rates())
    gone = {"present": np.r_[0, np.ones(19_999, int)], "household": np.r_[-1, np.arange(1, 20_000)]}
    one_less = singles(20_000, (CHANGE_NEED,), constant_rates(), **gone)
    assert (many.people.care[1:] != one_less.people.care[1:]).sum() <= 12


def test_in_migrants_in_need_come_six_tenths_as_often_as_others_of_their_age():
    model = singles(50_000, (CHANGE_NEED,), constant_rates(), youngest=60, care=np.full(50_000, 8))
    need_of_arrivals(model, np.arange(50_000))
    p = model.people
    share = care_prevalence(model.rates, 2023)[p.sex, np.minimum(model.ages(), 109)]
    share = 0.6 * share / (1 - 0.4 * (1 - share[:, :1]))
    seen = np.bincount(grades(model), minlength=6)[1:]
    z = z_of(seen, share.sum(0)[1:], (share * (1 - share)).sum(0)[1:])
    assert np.abs(z).max() < z_limit(5)


def test_onsets_of_a_year_are_rate_times_population():
    """By target grade, four steps, 150,000 people from 60 on, expectation added up from the tables: |z| below the limit
    that five true values pass with 99 %; an error of 10 % in a rate of 2,000 onsets would show with 90 %."""
    model = singles(150_000, (CHANGE_NEED,), constant_rates(), youngest=60)
    rates, p = care_rates(model.rates, 2024), model.people
    share = model.rates["dementia_share"].values[..., 0]
    expected, seen = np.zeros(5), np.zeros(5)
    for _ in range(4):
        before = p.care.copy()
        age = np.minimum((model.now - p.birth.astype(int)) // 4, 109)
        model.step()
        healthy = before & 7 == 0
        onset = rates.onset[p.sex, age]
        ratio = np.where(before & 8, 8.0, 1.0) / (1 + 7 * share[p.sex, age])
        moved = -np.expm1(-onset.sum(1) / 4) * ratio
        expected += (moved[:, None] * onset / onset.sum(1)[:, None])[healthy].sum(0)
        seen += np.bincount(grades(model)[healthy], minlength=6)[1:]
    assert np.abs(z_of(seen, expected, expected)).max() < z_limit(5)


@pytest.mark.long
def test_constant_rates_keep_prevalence_grades_and_the_life_table_for_twenty_years():
    """400,000 people who live alone, nobody is born: per sex and age group (60-69, 70-79, 80-89, 90+, cells of 1,000)
    prevalence within 2 %, and within the limit that all cells of a right model pass with 99 %; grade shares within one
    point; deaths within the limit; dementia within 3 %."""
    model = singles(400_000, (DIE, CHANGE_NEED), constant_rates())
    expected_deaths, seen_deaths = 0.0, 0
    life = by_age_at_end(life_table(model.rates, 2024))
    while model.now < toy.START + 80:
        p = model.people
        here = p.present == 1
        age = np.minimum((model.now + 1 - p.birth[here].astype(int)) // 4, 109)
        expected_deaths += -np.expm1(-life[p.sex[here], age] / 4).sum()
        model.step()
        seen_deaths += model.events["deaths"].sum()
    assert abs(z_of(seen_deaths, expected_deaths, expected_deaths)) < 3.5
    assert seen_deaths == pytest.approx(expected_deaths, rel=0.01)
    p, age = model.people, np.minimum(model.ages(), 109)
    table = care_prevalence(model.rates, 2023)[p.sex, age]
    has, limit = grades(model) > 0, z_limit(8)
    for sex in (0, 1):
        for low, high in ((60, 70), (70, 80), (80, 90), (90, 110)):
            cell = (p.sex == sex) & (age >= low) & (age < high)
            assert cell.sum() > 1000
            need = 1 - table[cell, 0]
            z = z_of(has[cell].sum(), need.sum(), (need * (1 - need)).sum())
            assert abs(z) < limit, (sex, low, z)
            assert has[cell].sum() == pytest.approx(need.sum(), rel=0.03)
    mix = table.sum(0)[1:] / table[:, 1:].sum()
    assert np.bincount(grades(model), minlength=6)[1:] / has.sum() == pytest.approx(mix, abs=0.01)
    demented = (table * model.rates["dementia_share"].values[p.sex, age]).sum()
    assert (p.care & DEMENTIA_BIT > 0).sum() == pytest.approx(demented, rel=0.03)


def test_dementia_begins_as_often_as_the_table_says_also_at_the_age_of_births_and_as_asking_everybody_finds():
    rates = book(care_onset_level=0.0)
    table = rates["dementia_incidence"]
    often = replace(table, values=np.minimum(table.values * 300, 3.0))  # at 45 else one case in 70,000 a quarter
    rates = replace(rates, rates={**rates.rates, table.name: often}, _cache={})
    found, age, sex = [], np.repeat((45, 48, 80), 8_000), np.arange(24_000) % 2
    for audit in (None, Audit()):
        model = singles(age.size, (), rates, birth=toy.START - 4 * age - 2, sex=sex)
        model.processes, model.audit = (CHANGE_NEED,), audit
        found.append(run(model, 1).people.care & DEMENTIA_BIT > 0)
    assert (found[0] == found[1]).all()
    for years in (45, 48, 80):
        for who in (0, 1):
            p = probability(often.values[who, years])
            seen = found[0][(age == years) & (sex == who)].sum()
            assert seen > 0 and abs(z_of(seen, 4_000 * p, 4_000 * p * (1 - p))) < z_limit(6)


def test_no_chance_of_a_birth_past_forty_reaches_the_luck_of_dementia():
    model = toy.town([{"age": 47, "sex": 1}], STEP, check=False)
    births = hazard_thresholds(BEAR.bounds[Decision.BIRTH](model))[1, 40:]
    dementia = CHANGE_NEED.bounds[Decision.BIRTH](model)[1, 40:50]
    assert 0 < births.max() < dementia.min()
