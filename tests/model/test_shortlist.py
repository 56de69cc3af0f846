"""Shortlists: asking only those below a bound gives the history of asking everybody, whatever changes during the step."""

from __future__ import annotations

import numpy as np
import pytest
import toy
from crowd import book, by_key, crowd, run
from quartier.model import QuartierModel
from quartier.model.asking import Audit
from quartier.model.luck import Decision, Luck
from quartier.model.processes import STEP
from quartier.model.processes.migration import OUT_MIGRATE
from quartier.model.processes.out_moves import who_leaves
from quartier.model.processes.partnership import FORM_UNION
from quartier.model.rates import Modifier
from quartier.model.screen import room_for, screen_bounds


def restless(processes=STEP) -> QuartierModel:
    """A town whose people meet, part and leave far more often than anywhere, men more than women, who draw for couples."""
    rates = book({"out_migration_ceiling": 3.0, "out_migration_ceiling_partner": 3.0}, union_formation_mid=2.0)
    leaving = [Modifier("out_migration_germany", "value", level, sex=sex) for sex, level in (("m", 2.0), ("f", 0.1))]
    rates = rates.with_modifiers(leaving)
    return toy.town(crowd(1500, 2), processes, quartiere=2, check=False, rates=rates)


@pytest.mark.parametrize("processes", [STEP, (FORM_UNION, OUT_MIGRATE)])
def test_asking_the_shortlist_gives_the_history_of_asking_everybody(processes):
    some, everybody = restless(processes), restless(processes)
    everybody.audit = Audit()
    start = by_key(some)
    assert by_key(run(some, 3)) == by_key(run(everybody, 3)) != start


def test_a_couple_of_this_step_draws_for_two_at_once():
    model = restless((FORM_UNION, OUT_MIGRATE))
    model.now += 1
    FORM_UNION.step(model)
    leaders = np.concatenate(model.united[1])
    leaving, _ = who_leaves(model)
    assert np.isin(leaders, leaving).sum() > 5
    model.united = (-1, [])  # without the list of new couples
    assert who_leaves(model)[0].size < leaving.size


def test_the_bounds_of_four_decisions_find_exactly_those_below_each():
    model = toy.town(crowd(3000), (), check=False)
    p, rng = model.people, np.random.default_rng(3)
    bounds = rng.integers(0, 2**30, (3, 2, 2, 2, 132, 4)).astype(np.uint32)
    bounds[..., 1] = 0  # nobody asks for it
    bounds[:, :, :, :, 40] = 2**32 - 1
    p.present[::7] = 0
    p.care[::5] = 9
    for block, (rows, flags, words) in enumerate(screen_bounds(Luck(5, 0), model.now, p, bounds, room_for(len(p)))):
        own = bounds[block, (p.care != 0).astype(int), p.leads, p.sex, model.ages()]
        drawn = np.stack([Luck(5, 0).words(4 * block + w, model.now, p.key) for w in range(4)], axis=1)
        below = (drawn < own) & (p.present == 1)[:, None]
        assert rows.tolist() == np.flatnonzero(below.any(axis=1)).tolist()
        assert (flags == below[rows] @ np.array([1, 2, 4, 8])).all()
        assert (words == drawn[rows]).all()
    assert Decision.BIRTH == 4
