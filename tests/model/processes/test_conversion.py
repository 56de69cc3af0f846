"""Barrier-free conversion: which dwellings, how many, and that nobody else is touched."""

from __future__ import annotations

import numpy as np
from quartier.model.columns import BARRIER_FREE_BIT
from quartier.model.luck import Decision
from quartier.model.measures import ConversionMeasure
from quartier.model.model import QuartierModel
from quartier.model.processes.moves import MOVE
from toy import START, town

NOW = START + 1


def stepped(measures: tuple[ConversionMeasure, ...], in_need: int, free: int, gone: int) -> QuartierModel:
    """A town of 40 dwellings in two Quartiere a step on; in the first people need care, the first dwellings are barrier-free,
    the last pulled down."""
    people = [
        {"age": 50, "sex": 0, "household": i, "quartier": i % 2, "care": 2 * (i % 2 == 0 and i < 2 * in_need)}
        for i in range(40)
    ]
    model = town(people, (MOVE,), quartiere=2, measures=measures, check=not gone)
    model.dwellings.features[:] &= ~np.uint8(BARRIER_FREE_BIT)
    model.dwellings.features[:free] |= np.uint8(BARRIER_FREE_BIT)
    model.dwellings.rooms[40 - gone :] = 0
    model.step()
    return model


def converted(
    *measures: ConversionMeasure, in_need: int = 10, free: int = 0, gone: int = 0
) -> tuple[QuartierModel, np.ndarray]:
    """The town, and rows made barrier-free by the measures; all else is as without them."""
    plain, model = (stepped(some, in_need, free, gone) for some in ((), measures))
    for table in ("people", "households", "dwellings"):
        for name in (one := getattr(model, table)).schema:
            if name != "features":
                assert (getattr(one, name) == getattr(getattr(plain, table), name)).all(), name
    changed = model.dwellings.features ^ plain.dwellings.features
    assert set(changed.tolist()) <= {0, BARRIER_FREE_BIT}
    return model, np.flatnonzero(changed)


def least(model: QuartierModel, rows: np.ndarray, number: int) -> set[int]:
    """So many of these dwellings, those with the smallest lots."""
    lot = model.luck.words(Decision.CONVERSION, 0, model.dwellings.key[rows])
    return set(rows[np.argsort(lot)[:number]].tolist())


NEED, OTHERS = np.arange(0, 20, 2), np.concatenate((np.arange(1, 20, 2), np.arange(20, 40)))


def test_as_many_dwellings_as_asked_become_barrier_free_and_nothing_else_changes():
    model, rows = converted(ConversionMeasure(7, 0, NOW))
    assert rows.size == 7 and (model.dwellings.features[rows] & BARRIER_FREE_BIT).all()
    assert set(rows.tolist()) == least(model, np.arange(40), 7)


def test_those_where_somebody_needs_care_come_first_as_far_as_the_measure_says():
    """Of nine six by lot among the ten where somebody needs care, then three by lot among all that are left."""
    model, rows = converted(ConversionMeasure(9, 6, NOW))
    first = least(model, NEED, 6)
    left = np.setdiff1d(np.arange(40), list(first))
    assert set(rows.tolist()) == first | least(model, left, 3)
    model, rows = converted(ConversionMeasure(12, 12, NOW))
    assert set(rows.tolist()) == set(NEED.tolist()) | least(model, OTHERS, 2)  # there are no more in need


def test_only_the_quartiere_named_and_no_more_than_there_are():
    model, rows = converted(ConversionMeasure(30, 0, NOW, quartiere=(1,)))
    assert rows.size == 20 and set(model.dwellings.quartier[rows].tolist()) == {1}


def test_neither_barrier_free_dwellings_nor_those_pulled_down_are_converted():
    assert converted(ConversionMeasure(6, 0, NOW), free=30)[1].tolist() == sorted(
        least(stepped((), 10, 30, 0), np.arange(30, 40), 6)
    )
    assert converted(ConversionMeasure(30, 0, NOW), free=5, gone=15)[1].tolist() == list(range(5, 25))


def test_one_conversion_more_changes_one_dwelling_more():
    few, many = (set(converted(ConversionMeasure(n, 3, NOW))[1].tolist()) for n in (8, 9))
    assert few < many and len(many - few) == 1


def test_a_measure_of_another_step_converts_nothing():
    assert converted(ConversionMeasure(7, 0, NOW + 1))[1].size == 0
