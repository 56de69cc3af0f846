"""Severe disability: the card at the start, its recognition and loss, and that constant rates keep the prevalence."""

from __future__ import annotations

import numpy as np
import pytest
import toy
from care_toy import constant_rates, singles
from crowd import book, run, z_limit, z_of
from quartier.model.processes.care_arrivals import need_of_arrivals
from quartier.model.processes.care_need import CHANGE_NEED
from quartier.model.processes.deaths import DIE
from quartier.model.processes.disability import RECOGNISE_DISABILITY, stationary_probabilities
from quartier.model.rates import Modifier, read_rate_book


def test_onset_of_grade_3_brings_the_card_and_of_lower_grades_does_not():
    """Everybody gets a grade (factor 400 on an onset of about 0.1 a year); the probability at onset is set to one."""
    people = [{"age": 82, "sex": i % 2} for i in range(600)] + [{"age": 50, "sex": 0, "care": 8, "disability": 1}]
    rates = book({"disability_with_care_grade": 1.0}).with_modifiers([Modifier("care_onset_level", "factor", 400.0)])
    model = run(toy.town(people, (CHANGE_NEED, RECOGNISE_DISABILITY), rates=rates, check=False), 1)
    grade, card = model.people.care[:600] & 7, model.people.disability[:600] == 1
    assert (grade >= 3).sum() > 100
    assert card[grade >= 3].all()
    assert card[(grade > 0) & (grade < 3)].mean() < 0.05


def test_start_numbers_are_those_of_the_table():
    model = singles(50_000, (RECOGNISE_DISABILITY,), constant_rates())
    share = model.rates["disability_prevalence"].values[model.people.sex, np.minimum(model.ages(), 109)]
    assert model.people.disability.sum() == pytest.approx(share.sum(), abs=0.5)
    old = model.ages() >= 75
    assert model.people.disability[old].sum() == pytest.approx(share[old].sum(), abs=12)


def test_recognitions_and_losses_of_a_year_are_probability_times_people():
    model = singles(150_000, (RECOGNISE_DISABILITY,), constant_rates(), youngest=40)
    gain, loss = stationary_probabilities(model.rates, with_care=False)
    p = model.people
    expected, seen = np.zeros(2), np.zeros(2)
    for _ in range(4):
        before = p.disability.copy()
        age = np.minimum((model.now - p.birth.astype(int)) // 4, 109)
        model.step()
        for card, chance in ((0, gain), (1, loss)):
            asked = before == card
            expected[card] += chance[p.sex, age][asked].sum()
            seen[card] += (p.disability[asked] != card).sum()
    assert expected.min() > 100
    assert np.abs(z_of(seen, expected, expected)).max() < z_limit(2)


def test_in_migrants_have_six_tenths_of_the_cards_of_their_age():
    model = singles(50_000, (RECOGNISE_DISABILITY,), constant_rates(), youngest=50)
    need_of_arrivals(model, np.arange(50_000))
    share = 0.6 * model.rates["disability_prevalence"].values[model.people.sex, np.minimum(model.ages(), 109)]
    assert abs(z_of(model.people.disability.sum(), share.sum(), (share * (1 - share)).sum())) < z_limit(1)


def test_recognition_is_no_probability_below_nil_and_loss_none_above_a_tenth():
    gain, loss = stationary_probabilities(read_rate_book("00"))
    assert gain.min() >= 0
    assert gain.max() < 0.1
    assert loss.min() > 0
    assert loss.max() < 0.1


@pytest.mark.long
def test_constant_rates_keep_the_prevalence_for_twenty_years():
    """300,000 people with deaths by grade: 20-64, 65-79, 80+ by sex within 3 % and the limit of six cells (99 %)."""
    model = run(singles(300_000, (DIE, CHANGE_NEED, RECOGNISE_DISABILITY), constant_rates()), 80)
    p, age = model.people, np.minimum(model.ages(), 109)
    share = model.rates["disability_prevalence"].values[p.sex, age]
    for sex in (0, 1):
        for low, high in ((20, 65), (65, 80), (80, 110)):
            cell = (p.sex == sex) & (age >= low) & (age < high)
            z = z_of(p.disability[cell].sum(), share[cell].sum(), (share * (1 - share))[cell].sum())
            assert abs(z) < z_limit(6), (sex, low, z)
            assert p.disability[cell].sum() == pytest.approx(share[cell].sum(), rel=0.03)
