"""A life that is saved and goes on elsewhere is the same life, bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import toy
from crowd import crowd
from quartier.model.invariants import check
from quartier.model.measures import Measure, PlacesMeasure
from quartier.model.model import EVENTS, QuartierModel
from quartier.model.process import Process
from quartier.model.processes import STEP
from quartier.model.rates import Modifier, RateBook, read_rate_book
from quartier.model.start import Start
from quartier.model.state import TABLES, restore, save_state
from quartier.outputs.recorder import record

QUARTIERE = 3
UNTIL = toy.START + 12


@pytest.fixture(scope="module")
def start() -> Start:
    rooms = list(np.random.default_rng(5).integers(1, 7, 30))
    return toy.start(crowd(200, QUARTIERE), rooms, QUARTIERE)


def world(
    start: Start, rates: RateBook | None = None, processes: tuple[Process, ...] = STEP, **options: Any
) -> QuartierModel:
    return QuartierModel(toy.region(QUARTIERE), rates or read_rate_book("01"), start, processes=processes, **options)


def everything(model: QuartierModel) -> dict[str, np.ndarray]:
    """All columns of all tables, the ids' rows, what is left of empty households, and what facilities show."""
    columns = {f"{t}.{k}": c for t in TABLES for k, c in getattr(model, t).copy_columns().items()}
    waiting = [facility.waiting_list for facility in model.facilities.agents]
    return columns | {
        "row_of_id": model.row_of_id[: model.next_id],
        "empty_households": np.array(model.empty_households),
        "events": np.stack(list(model.events.values())),
        "operable": model.facilities.operable,
        "waiting": np.array([child for children in waiting for child in children]),
    }


def assert_same(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> None:
    assert first.keys() == second.keys()
    assert [k for k in first if first[k].dtype != second[k].dtype or not np.array_equal(first[k], second[k])] == []


def test_three_years_are_one_year_saved_and_two_more(start):
    through = world(start)
    seen = record(through, UNTIL)
    through.run(UNTIL)
    before = world(start)
    seen_before = record(before, UNTIL)
    before.run(toy.START + 4)
    after = world(start)
    restore(after, save_state(before))
    check(after)
    assert_same(everything(before), everything(after))
    seen_after = record(after, UNTIL, seen_before.save())
    after.run(UNTIL)
    assert_same(everything(through), everything(after))
    assert_same(seen.tables(), seen_after.tables())
    happened = dict(zip(EVENTS, seen.tables()["events"].sum(axis=(0, 1)).tolist(), strict=False))
    busy = ("births", "deaths", "unions", "separations", "leaving_home", "moves_in", "care_onset", "out_migration_germany")
    assert [kind for kind in busy if not happened[kind]] == []


def test_every_process_of_the_step_does_the_same_to_a_life_that_goes_on(start):
    through, before, after = (world(start) for _ in range(3))
    for model in (through, before):
        model.run(toy.START + 2)
    restore(after, save_state(before))
    for _ in range(2):
        for model in (through, after):
            model.now += 1
        for process in STEP:
            process.step(through)
            process.step(after)
            assert_same(everything(through), everything(after))


@pytest.mark.parametrize("steps", [1, 3])
def test_a_state_can_be_saved_in_the_middle_of_a_year_when_the_dead_still_have_rows(start, steps):
    through, before, after = (world(start) for _ in range(3))
    before.run(toy.START + steps)
    assert (before.people.present == 0).any()
    restore(after, save_state(before))
    for model in (through, after):
        model.run(toy.START + 6)
    assert_same(everything(through), everything(after))


def test_the_life_that_was_saved_goes_on_untouched(start):
    model, twin = world(start), world(start)
    for each in (model, twin):
        each.run(toy.START + 3)
    state = save_state(model)
    kept = {name: array.copy() for name, array in state.items()}
    other = world(start)
    restore(other, state)
    other.run(toy.START + 5)
    assert_same(kept, state)
    model.run(toy.START + 5)
    twin.run(toy.START + 5)
    assert_same(everything(model), everything(twin))


def test_a_state_is_arrays_without_objects(start):
    state = save_state(world(start))
    assert all(isinstance(array, np.ndarray | np.generic) and array.dtype.kind != "O" for array in state.values())


def test_another_scenario_goes_on_from_a_common_past(start):
    """The new rates and measures begin after the state was saved; facilities are numbered otherwise in the two."""
    now = toy.START + 4
    common = PlacesMeasure("childcare_centre", 6, "places", toy.START + 2, None, (1,))
    first: list[Measure] = [common, PlacesMeasure("childcare_centre", -10, "percent", now + 1)]
    later = PlacesMeasure("childcare_centre", 9, "places", now + 2, None, (0, 2))
    rates = read_rate_book("01")
    changed = rates.with_modifiers([Modifier("birth_hazard", "factor", 3.0, start=now + 1)])
    before = world(start, rates, measures=first)
    before.run(now)
    through, after = (world(start, changed, measures=[common, later]) for _ in range(2))
    restore(after, save_state(before))
    for model in (through, after):
        model.run(now + 6)
    assert_same(everything(through), everything(after))
    before.run(now + 6)
    assert len(before.people) != len(after.people)


def test_places_are_found_again_by_the_facilities_id(start):
    before, after = world(start), world(start)
    f = before.facilities
    held = np.flatnonzero(before.people.place >= 0)
    assert held.size
    names = [f.ids[i] for i in before.people.place[held]]
    state = save_state(before)
    f.ids = after.facilities.ids = [*f.ids[1:], f.ids[0]]  # as a scenario with other measures would have them
    restore(after, state)
    assert [after.facilities.ids[i] for i in after.people.place[held]] == names


def test_a_facility_that_is_missing_is_noticed(start):
    before, after = world(start), world(start)
    state = save_state(before)
    after.facilities.ids = ["elsewhere"] * len(after.facilities.ids)
    with pytest.raises(ValueError, match="does not exist"):
        restore(after, state)


def test_a_state_of_other_luck_or_into_a_model_that_has_moved_is_refused(start):
    state = save_state(world(start, replicate=1))
    with pytest.raises(ValueError, match="replicate"):
        restore(world(start), state)
    model = world(start)
    state = save_state(model)
    model.step()
    with pytest.raises(ValueError, match="no step"):
        restore(model, state)
