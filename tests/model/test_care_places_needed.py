"""Places needed: a queue by hand, two queues with a known answer, wishes noted in a run."""

from __future__ import annotations

from math import exp

import numpy as np
import pytest
import toy
from care_toy import constant_rates, singles
from crowd import run
from quartier.model.care_places_needed import STILL, Wishes, places_needed, waiting
from quartier.model.cases import entries, remembered
from quartier.model.measures import PlacesMeasure
from quartier.model.processes.care_giving import GIVE_CARE
from quartier.model.processes.care_need import CHANGE_NEED
from quartier.model.processes.care_setting import ARRANGE_CARE
from quartier.model.processes.deaths import DIE
from quartier.model.rates import Modifier
from scipy.stats import poisson


def test_a_queue_by_hand():
    """One place; the second waits until the first has gone, the third dies waiting, the fourth comes later."""
    begin, stay = np.array([0, 1, 2, 9]), np.array([4, 6, 3, 2])
    assert waiting(begin, stay, 1).tolist() == [0, 3, 3, 0]
    assert waiting(begin, stay, 1, fixed_end=False).tolist() == [0, 3, 8, 4]
    assert waiting(begin, stay, 2).tolist() == [0, 0, 2, 0]
    assert waiting(begin, stay, 0).tolist() == [4, 6, 3, 2]


def test_places_needed_by_hand():
    begin, end = np.array([0, 0, 0, 0, 2, 2]), np.array([9, 9, 9, 9, 9, 9])
    assert [places_needed(begin, end, 0, 3, most) for most in (0.0, 0.34, 0.5, 1.0)] == [6, 4, 3, 0]
    assert places_needed(begin, end, 5, 8, 0.05) == 0
    assert places_needed(begin, end, 2, 3, 0.0) == 6 and places_needed(begin, end, 2, 3, 0.5) == 5


def erlang_c(places: int, load: float) -> float:
    """Probability of waiting with Poisson arrivals and exponential stays (Erlang 1917)."""
    blocked = 1.0
    for n in range(1, places + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked / (1 - load / places * (1 - blocked))


PER_STAY = 200
"""Steps per mean stay: fine enough for the textbook's continuous time."""


def stream(load: float, seed: int, stays: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    n = int(load * stays)
    begin = np.cumsum(rng.exponential(PER_STAY / load, n)).astype(np.int64)
    return begin, np.ceil(rng.exponential(PER_STAY, n)).astype(np.int64)


@pytest.mark.parametrize(("places", "load"), [(10, 8.0), (22, 20.0)])
def test_the_queue_of_one_home_is_erlangs(places, load):
    """Waiting longer than 0, 10 and 50 steps; 20 runs give the standard error. Steps shift waits by about half a step."""
    shares = np.array([
        [(waiting(*stream(load, seed), places, fixed_end=False)[1000:] > t).mean() for t in (0, 10, 50)] for seed in range(20)
    ])  # fmt: skip
    c = erlang_c(places, load)
    expected = np.array([c * exp(-(places - load) * max(t + 0.5, 0) / PER_STAY) for t in (0, 10, 50)])
    error = shares.std(axis=0, ddof=1) / np.sqrt(20)
    assert (np.abs(shares.mean(axis=0) - expected) < 3.5 * error + 0.01 * expected).all()
    assert (error < 0.05 * expected + 0.01).all()


@pytest.mark.parametrize(("places", "load"), [(10, 10.0), (20, 22.0)])
def test_the_queue_in_which_people_die_waiting_has_its_own_closed_form(places, load):
    """Who comes finds Poisson(load) people; after t a share exp(-t) of them is left: waits on if these fill all places."""
    seeds, times = range(12), (0, 20, 100)
    shares = np.array([
        [(waiting(*stream(load, seed), places)[1000:] > t).mean() for t in times] for seed in seeds
    ])  # fmt: skip
    left = np.exp(-(np.array(times) + 0.5) / PER_STAY)
    expected = left * poisson.sf(places - 1, load * left)
    error = shares.std(axis=0, ddof=1) / np.sqrt(len(seeds))
    assert (np.abs(shares.mean(axis=0) - expected) < 4 * error + 0.01 * expected).all()
    assert (error < 0.05 * expected + 0.01).all()


def test_more_places_never_make_the_share_waiting_larger():
    begin, stay = stream(20.0, 1, 200)
    shares = [(waiting(begin, stay, places) > 5).mean() for places in range(0, 40, 4)]
    assert shares == sorted(shares, reverse=True) and shares[0] > 0.9 > 0.1 > shares[-1]


def test_who_waits_just_one_quarter_does_not_count_as_waiting():
    """Three wishes of four quarters, one after the other: with a place the second waits three, the third all of its four; begun
    three quarters later each waits one, at most."""
    close, apart = np.array([0, 1, 2]), np.array([0, 3, 7])
    assert waiting(close, np.full(3, 4), 1).tolist() == [0, 3, 3] and waiting(apart, np.full(3, 4), 1).tolist() == [0, 1, 0]
    assert places_needed(close, close + 4, 0, 9, 0.0) == 3 and places_needed(apart, apart + 4, 0, 9, 0.0) == 1
    assert places_needed(apart, apart + 4, 0, 9, 0.0, longest=0) == 2


def test_wishes_of_a_run_are_noted_from_begin_to_end():
    people = [{"age": 85, "sex": 1, "household": i, "care": 3} for i in range(3)]
    model = toy.town(people, (ARRANGE_CARE,))
    wishes = Wishes()
    wishes.look(model)
    for step, (person, value) in enumerate([(0, 0.0), (1, 0.0), (2, 1.0)]):
        remembered(model, "taste")[entries(model, np.array([person]))] = value
        model.step()
        if step == 1:
            model.people.care[0] = 0
        wishes.look(model)
    begin, end = wishes.spells()
    assert begin.tolist() == [toy.START + 1, toy.START + 2] and end.tolist() == [toy.START + 2, STILL]


def test_the_places_needed_are_the_same_whatever_the_places_of_the_run():
    """Wishes and their ends are untouched by places, so the answer of a frozen run is that of a growing one."""
    answers = []
    for places in (None, 40):
        rates, measures = constant_rates(care_home_found_outside=0.0), []
        if places is not None:
            rates = rates.with_modifiers([Modifier("care_estimated_places_grow", "value", 0.0)])
            measures.append(PlacesMeasure("nursing_home", places, "places", toy.START + 1))
        care = np.where(np.arange(3000) % 3 == 0, 1 + np.arange(3000) % 5, 0)
        model = singles(
            3000, (DIE, CHANGE_NEED, ARRANGE_CARE, GIVE_CARE), rates, youngest=70, care=care, measures=measures
        )
        wishes = Wishes()
        wishes.look(model)
        model.observers.append(wishes.look)
        run(model, 16)
        answers.append(
            [
                places_needed(*wishes.spells(), toy.START + q, toy.START + q + 3, most)
                for q in (5, 13)
                for most in (0.05, 0.2)
            ]
        )
    assert answers[0] == answers[1]
    assert answers[0][0] > answers[0][1] > 50 and answers[0][2] > answers[0][0]
