"""Barrier-free conversion: which dwellings, how many, and that nobody else is touched."""

from __future__ import annotations

import numpy as np
from quartier.model.columns import BARRIER_FREE_BIT
from quartier.model.measures import ConversionMeasure
from quartier.model.model import QuartierModel
from quartier.model.processes.moves import MOVE
from toy import START, town

NOW = START + 1


def converted(*measures: ConversionMeasure, in_need: int = 10) -> tuple[QuartierModel, np.ndarray]:
    """A town of 40 dwellings in two Quartiere, in the first of which people need care; and rows made barrier-free."""
    people = [
        {"age": 50, "sex": 0, "household": i, "quartier": i % 2, "care": 2 * (i % 2 == 0 and i < 2 * in_need)}
        for i in range(40)
    ]
    plain = town(people, (MOVE,), quartiere=2)
    model = town(people, (MOVE,), quartiere=2, measures=measures)
    for one in (plain, model):
        one.dwellings.features[:] &= ~np.uint8(BARRIER_FREE_BIT)
        one.step()
    return model, np.flatnonzero(model.dwellings.features != plain.dwellings.features)


def with_need(model: QuartierModel, rows: np.ndarray) -> np.ndarray:
    """Which (bool) of these dwellings somebody with care grade 2 lives in."""
    p, home = model.people, model.dwellings.household[rows]
    return np.array([bool((p.care[p.household == h] >= 2).any()) for h in home], bool)


def test_as_many_dwellings_as_asked_become_barrier_free_and_nothing_else_changes():
    model, rows = converted(ConversionMeasure(7, 0, NOW))
    assert rows.size == 7 and (model.dwellings.features[rows] & BARRIER_FREE_BIT).all()


def test_those_where_somebody_needs_care_come_first_as_far_as_the_measure_says():
    model, rows = converted(ConversionMeasure(9, 6, NOW))
    assert rows.size == 9 and 6 <= with_need(model, rows).sum() <= 9
    model, rows = converted(ConversionMeasure(12, 12, NOW))
    assert with_need(model, rows).sum() == 10  # there are no more; two others take the places


def test_only_the_quartiere_named_and_no_more_than_there_are():
    model, rows = converted(ConversionMeasure(30, 0, NOW, quartiere=(1,)))
    assert rows.size == 20 and set(model.dwellings.quartier[rows].tolist()) == {1}


def test_one_conversion_more_changes_one_dwelling_more():
    few, many = (set(converted(ConversionMeasure(n, 3, NOW))[1].tolist()) for n in (8, 9))
    assert few < many and len(many - few) == 1


def test_a_measure_of_another_step_converts_nothing():
    assert converted(ConversionMeasure(7, 0, NOW + 1))[1].size == 0
