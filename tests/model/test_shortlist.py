"""Shortlists: asking only those below a bound gives the history of asking everybody, whatever changes during the step."""

from __future__ import annotations

import numpy as np
import pytest
import toy
from crowd import book, by_key, crowd, run
from quartier.model import QuartierModel
from quartier.model.asking import Audit
from quartier.model.processes import STEP
from quartier.model.processes.migration import OUT_MIGRATE
from quartier.model.processes.out_moves import who_leaves
from quartier.model.processes.partnership import FORM_UNION
from quartier.model.rates import Modifier


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
