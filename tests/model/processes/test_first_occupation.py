"""First occupation: who sees a dwelling in the two quarters after its completion, and when it becomes one like any other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import toy
from crowd import crowd, run
from quartier.model.columns import BUILT_SHIFT, JUST_BUILT, Tenure
from quartier.model.dwelling_features import barrier_free, tenure_of, yearly_cost
from quartier.model.measures import DwellingsMeasure
from quartier.model.processes.attraction import FAMILY
from quartier.model.processes.dwelling_market import Places, Seekers, allocate
from quartier.model.processes.first_occupation import LARGE_FAMILY, SMALL_FAMILY, households_of, weights
from quartier.model.processes.moves import MOVE
from quartier.model.rates import read_rate_book

FRESH_LET = JUST_BUILT << BUILT_SHIFT


def rates_with(**weight: float):
    """The rate book with these weights by household for every tenure, 1 for the others."""
    book = read_rate_book("01")
    rate = book["first_occupation"]
    values = np.ones(rate.values.shape)
    for name, value in weight.items():
        values[:, rate.labels[1].index(name)] = value
    book.rates["first_occupation"] = replace(rate, values=values)
    return book


def town(**weight: float):
    """A town of one Quartier and one street."""
    return toy.town(crowd(40), (MOVE,), rates=rates_with(**weight), vacant_rooms=[3])


def market(model, seekers: int, features: np.ndarray, group: int, rooms: int, luck: int = 8) -> np.ndarray:
    """What so many seekers get, who each look at all there is; the places they take."""
    rng, n, m = np.random.default_rng(luck), seekers, features.size
    who = Seekers(
        rng.integers(0, 2**63, n).astype(np.uint64), np.full(n, group), np.zeros(n, np.int64), np.zeros(n, bool), np.full(n, rooms),
        np.ones(n), np.full(n, np.inf), np.full(n, -1), np.zeros(n, bool), np.ones(n, bool), np.full(n, np.inf),
    )  # fmt: skip
    keys = rng.integers(0, 2**63, m).astype(np.uint64)
    offer = Places(keys, np.zeros(m, np.int64), np.full(m, rooms), np.ones(m, bool), features, np.zeros(m))
    return allocate(model, who, offer, model.side["move"]["search"])


def test_a_dwelling_is_in_its_first_quarter_then_in_its_second_then_like_any_other():
    measure = DwellingsMeasure(quartier=0, rooms=7, dwellings=5, step=toy.START + 1)
    model = toy.town(crowd(10), (MOVE,), measures=[measure])
    n = len(model.dwellings)
    for age in (3, 2, 1, 1):
        run(model, 1)
        assert (model.dwellings.features[n:] >> BUILT_SHIFT).tolist() == [age] * 5
        assert (model.dwellings.features[:n] >> BUILT_SHIFT == 0).all()


def test_the_age_of_a_dwelling_changes_neither_its_tenure_nor_its_barriers_nor_its_rent():
    rates, old = read_rate_book("01"), np.arange(1 << BUILT_SHIFT, dtype=np.uint8)
    for age in (1, 2, 3):
        new = old | np.uint8(age << BUILT_SHIFT)
        assert (tenure_of(new) == tenure_of(old)).all() and (barrier_free(new) == barrier_free(old)).all()
        rooms = np.full(old.size, 3)
        assert (yearly_cost(rates, new, rooms) == yearly_cost(rates, old, rooms)).all()


def test_types_of_households_by_hand():
    group, rooms = np.array([0, 3, 4, 2, FAMILY, FAMILY, FAMILY]), np.array([2, 3, 4, 7, 3, 4, 5])
    assert households_of(group, rooms).tolist() == [0, 1, 2, 2, SMALL_FAMILY, SMALL_FAMILY, LARGE_FAMILY]


def test_a_weight_of_nothing_hides_what_is_fresh_and_nothing_else():
    fresh, known = np.full(40, FRESH_LET, np.uint8), np.full(40, 1 << BUILT_SHIFT, np.uint8)
    hidden = town(alone=0.0)
    assert (market(hidden, 40, fresh, 0, 2) < 0).all()
    assert (market(hidden, 40, known, 0, 2) >= 0).all()
    assert (market(hidden, 40, fresh, 1, 3) >= 0).all(), "two see it"


def test_a_weight_below_one_is_the_chance_of_a_pair_to_meet():
    n, weight, model = 600, 0.3, town(alone=0.3)
    met = [market(model, 1, np.array([FRESH_LET], np.uint8), 0, 2, luck)[0] >= 0 for luck in range(n)]
    assert abs(np.mean(met) - weight) < 4 * np.sqrt(weight * (1 - weight) / n)


def test_a_weight_above_one_multiplies_the_odds_of_what_is_fresh():
    n, weight = 400, 4.0
    features = np.tile(np.array([FRESH_LET, 0], np.uint8), n // 2 * 40)
    for odds in (weight, 1.0):
        got = market(town(large_family=odds), n, features, FAMILY, 5)
        fresh, expected = (features[got] >> BUILT_SHIFT > 0).mean(), odds / (1 + odds)
        assert (got >= 0).all()
        assert abs(fresh - expected) < 4 * np.sqrt(expected * (1 - expected) / n)


def test_weights_go_by_tenure():
    table = weights(read_rate_book("01"))
    book = read_rate_book("01")["first_occupation"]
    for tenure in Tenure:
        row = book.labels[0].index(tenure.name.lower())
        assert row == tenure
        assert table[:, tenure].tolist() == book.values[row].tolist()
