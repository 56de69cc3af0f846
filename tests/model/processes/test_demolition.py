"""Dwellings that are lost: how many, which ones, what stands in their place, and what a scenario takes away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import toy
from crowd import book, crowd, run
from quartier.model.columns import BUILT_SHIFT
from quartier.model.housing_counts import housing_counts
from quartier.model.luck import Decision
from quartier.model.measures import DwellingsMeasure
from quartier.model.model import QuartierModel
from quartier.model.processes.moves import MOVE
from quartier.model.state import TABLES, restore, save_state

LOSS = 0.02
VACANT = 100


def town(loss: float = 0.0, replaced: float = 1.0, vacant: int = VACANT, **options):
    """Eighty people and some vacant dwellings of three rooms in two Quartiere; nobody wishes to move."""
    rates = book({"dwelling_loss": loss, "dwelling_loss_replaced": replaced}, moves_within_town=0.0)
    return toy.town(crowd(80, 2), (MOVE,), quartiere=2, vacant_rooms=[3] * vacant, rates=rates, **options)


def stock(model: QuartierModel) -> np.ndarray:
    return housing_counts(model)["dwellings"]


def test_one_in_fifty_a_year_goes_in_every_quartier_evenly_over_the_quarters():
    model = town(LOSS, replaced=0.0)
    before, phase = stock(model), model.side["move"]["phase"]
    for quarter in range(1, 21):
        run(model, 1)
        assert (before - stock(model)).tolist() == np.floor(before * LOSS / 4 * quarter + phase).tolist()
    gone = model.dwellings.rooms == 0
    assert gone.sum() == (before - stock(model)).sum() > 10
    assert (model.dwellings.household[gone] < 0).all()


def test_what_is_lost_is_replaced_on_the_spot_and_the_stock_holds():
    model = town(LOSS)
    d = model.dwellings
    key, rooms, quartier = d.key.copy(), d.rooms.copy(), d.quartier.copy()
    run(model, 20)
    new = d.key != key
    assert new.sum() == model.side["move"]["lost"].sum() > 10
    assert (d.rooms == rooms).all() and (d.quartier == quartier).all() and len(d) == key.size
    assert (d.features >> BUILT_SHIFT > 0).tolist() == new.tolist()
    assert np.unique(d.key).size == key.size


def test_a_share_of_what_is_lost_is_replaced():
    model = town(0.4, replaced=0.5, vacant=800)
    before = stock(model).sum()
    run(model, 8)
    lost = model.side["move"]["lost"].sum()
    assert abs((before - stock(model).sum()) - lost / 2) < 4 * np.sqrt(lost / 4)


def test_the_vacant_dwellings_with_the_first_ranks_go_first():
    model = town(LOSS, replaced=0.0)
    d = model.dwellings
    vacant = np.flatnonzero(d.household < 0)
    rank = model.luck.words(Decision.DWELLING_AGE, 0, d.key[vacant])
    run(model, 12)
    for quartier in range(2):
        here = vacant[d.quartier[vacant] == quartier]
        ranks = rank[d.quartier[vacant] == quartier]
        gone = d.rooms[here] == 0
        assert 0 < gone.sum() < here.size
        assert ranks[gone].max() < ranks[~gone].min()


def test_occupied_dwellings_stay_and_what_is_owed_is_lost_when_they_fall_vacant():
    model = town(0.4, replaced=0.0, vacant=0)
    run(model, 4)
    assert (model.dwellings.rooms > 0).all()
    home = int(model.dwellings.household[0])
    model.dwellings.household[0], model.households.dwelling[home] = -1, -1
    run(model, 1)
    assert model.dwellings.rooms[0] == 0
    assert model.households.dwelling[home] < 0


def test_the_order_of_rows_decides_nothing():
    model, other = town(LOSS, replaced=0.5), town(LOSS, replaced=0.5)
    d = other.dwellings
    vacant = np.flatnonzero(d.household < 0)
    for column in (d.key, d.quartier, d.rooms, d.features):
        column[vacant] = column[vacant[::-1]]
    run(model, 12), run(other, 12)

    def by_key(m):
        order = np.argsort(m.dwellings.key)
        return [getattr(m.dwellings, name)[order].tolist() for name in ("key", "quartier", "rooms", "features")]

    assert by_key(model) == by_key(other)


def test_a_scenario_takes_away_vacant_dwellings_of_one_size_and_no_more_than_it_says():
    measure = DwellingsMeasure(quartier=1, rooms=3, dwellings=-7, step=toy.START + 2)
    model = town(measures=[measure])
    before = stock(model)
    assert (stock(run(model, 1)) == before).all()
    assert (before - stock(run(model, 1))).tolist() == [0, 7]
    assert (before - stock(run(model, 6))).tolist() == [0, 7]


def test_what_a_scenario_takes_away_waits_until_it_is_vacant():
    model = town(vacant=6, measures=[DwellingsMeasure(quartier=0, rooms=3, dwellings=-5, step=toy.START + 1)])
    d = model.dwellings
    assert (np.bincount(d.quartier[d.household < 0])).tolist() == [3, 3]
    before = stock(model)
    assert (before - stock(run(model, 3))).tolist() == [3, 0]
    living = np.flatnonzero((d.household >= 0) & (d.quartier == 0) & (d.rooms == 3))[:4]
    model.households.dwelling[d.household[living]] = -1
    d.household[living] = -1
    assert (before - stock(run(model, 2))).tolist() == [5, 0]


def test_dwellings_that_are_gone_are_offered_and_counted_no_more():
    model = town(
        measures=[DwellingsMeasure(quartier=q, rooms=3, dwellings=-VACANT, step=toy.START + 1) for q in (0, 1)]
    )
    run(model, 1)
    counts = housing_counts(model)
    assert counts["vacant"].sum() == 0
    assert counts["dwellings"].sum() == (model.dwellings.rooms > 0).sum() == len(model.dwellings) - VACANT
    assert [q.vacant_dwellings for q in model.quartiere] == [0, 0]
    model.households.reason[0], model.households.dwelling[0] = 1, -1
    model.dwellings.household[0], model.dwellings.rooms[0] = -1, 0
    run(model, 4)
    assert model.households.dwelling[0] < 0


def test_a_scenario_can_take_away_what_an_earlier_measure_built_but_old_ones_first():
    built = DwellingsMeasure(quartier=0, rooms=3, dwellings=10, step=toy.START + 1)
    model = town(vacant=8, measures=[built, DwellingsMeasure(quartier=0, rooms=3, dwellings=-6, step=toy.START + 2)])
    n = len(model.dwellings)
    run(model, 3)
    assert (model.dwellings.rooms[:n] == 0).sum() == 4
    assert (model.dwellings.rooms[n:] == 0).sum() == 2


@pytest.mark.parametrize("at", [1, 5])
def test_a_saved_state_remembers_what_is_owed(at):
    measures = [DwellingsMeasure(quartier=1, rooms=3, dwellings=-60, step=toy.START + 2)]
    whole = run(town(LOSS, replaced=0.5, measures=measures), 10)
    state = save_state(run(town(LOSS, replaced=0.5, measures=measures[:0] if at == 1 else measures), at))
    resumed = town(LOSS, replaced=0.5, measures=[*measures, replace(measures[0], step=toy.START + 40)])
    restore(resumed, state)
    run(resumed, 10 - at)
    for table in TABLES:
        for name, column in getattr(whole, table).copy_columns().items():
            assert (column == getattr(resumed, table).copy_columns()[name]).all(), name
