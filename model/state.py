"""The saved state of a run: column arrays and nothing else, so that a life can go on elsewhere, bit for bit.

What a replicate's future depends on are its tables, in the order of their rows, and what some processes remember from
step to step (`Process.remembers`). What the processes work out at the start of a run (balances, levels, templates) is
not saved: a state is laid over a model that was built from the same start population, so that these figures are those
of the start and not of the people who live by then. Building a model anew costs less than a tenth of simulating a decade.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from .tables import NONE, Table

if TYPE_CHECKING:
    from .model import QuartierModel

TABLES: Final = ("people", "households", "dwellings")
FACILITY_INDICES: Final = ("people.place", "side.place_children.refused_sibling")
"""What holds numbers of facilities: scenarios number theirs differently, so these are looked up by the facility's id."""


def save_state(model: QuartierModel) -> dict[str, np.ndarray]:
    """The state between two steps as named arrays, copies all of them.

    Returns
    -------
    ``people.*``, ``households.*``, ``dwellings.*`` : every column, one entry per row.
    ``side.<process>.<name>`` : what a process remembers.
    ``now``, ``next_id`` : i64. ``empty_households`` : i64, in the order in which they are used again.
    ``events`` : i64 [kind, quartier], of the last step.
    ``facilities``, ``care_facilities`` : ids (text), by which `restore` knows them again.
    ``luck`` : seed and replicate (text).
    """
    state = {
        f"{table}.{name}": column
        for table in TABLES
        for name, column in getattr(model, table).copy_columns().items()
    }
    for side, name in _remembered(model):
        value = _get(model.side.get(side, {}), name)
        if isinstance(value, list):
            value = np.concatenate(value) if value else None
        if value is not None:
            state[f"side.{side}.{name}"] = np.array(value)
    return state | {
        "now": np.int64(model.now),
        "next_id": np.int64(model.next_id),
        "empty_households": np.array(model.empty_households, np.int64),
        "events": np.stack(list(model.events.values())),
        "facilities": np.array(model.facilities.ids, np.str_),
        "care_facilities": np.array(_care_facilities(model), np.str_),
        "luck": np.array([str(model.luck.seed), str(model.luck.replicate)]),
    }


def restore(model: QuartierModel, state: dict[str, np.ndarray]) -> None:
    """Lay a saved state over a model that was just built from the same region, start population and luck.

    Its rates and measures may differ from those of the model that was saved, as long as they were the same up to then.

    Raises
    ------
    ValueError : the model has another luck, other services of care, has made steps, or lacks a facility that somebody
        attends.
    """
    if state["luck"].tolist() != [str(model.luck.seed), str(model.luck.replicate)]:
        raise ValueError("the state was saved under another seed or replicate")
    if model.now != model.start_step or int(state["now"]) < model.start_step:
        raise ValueError("a state is restored into a model that has made no step yet")
    if state["care_facilities"].tolist() != _care_facilities(model):
        raise ValueError("the state was saved with other services of care; their households stand from the start")
    state = {**state, **{name: _renumbered(model, state, name) for name in FACILITY_INDICES if name in state}}
    for table in TABLES:
        columns = {name.partition(".")[2]: c for name, c in state.items() if name.startswith(f"{table}.")}
        _refill(getattr(model, table), columns)
    model.now, model.next_id = int(state["now"]), int(state["next_id"])
    model.row_of_id = np.full(model.next_id + model.next_id // 4 + 16, NONE, np.int32)
    model.row_of_id[model.people.id] = np.arange(len(model.people), dtype=np.int32)
    model.empty_households = array("i", state["empty_households"].astype(np.int32).tobytes())
    for kind, counts in zip(model.events, state["events"], strict=True):
        model.events[kind][:] = counts
    model.facilities.update(model.now)
    for side, name in _remembered(model):
        _remember(model.side.setdefault(side, {}), name, state.get(f"side.{side}.{name}"))


def release(model: QuartierModel) -> None:
    """Give a model's memory back; it cannot be used any more.

    Mesa 3.3 remembers every model that ever had an agent, to number the agents, so that deleting it frees nothing.
    """
    vars(model).clear()


def _remembered(model: QuartierModel) -> Iterator[tuple[str, str]]:
    """Side table and name of everything that the processes remember."""
    for process in model.processes:
        for name in process.remembers:
            side, _, own = name.rpartition(".")
            yield side or process.name, own


def _refill(table: Table, columns: dict[str, np.ndarray]) -> None:
    table.keep(np.empty(0, np.int64))
    table.append(len(next(iter(columns.values()))), **columns)


def _renumbered(model: QuartierModel, state: dict[str, np.ndarray], name: str) -> np.ndarray:
    """Numbers of facilities as the model has them; negative ones mean no facility and stay."""
    numbers, saved = state[name], state["facilities"].tolist()
    if saved == model.facilities.ids:
        return numbers
    index = {id: i for i, id in enumerate(model.facilities.ids)}
    new = np.array([index.get(id, NONE) for id in saved], numbers.dtype)
    held = numbers >= 0
    if (new[numbers[held]] < 0).any():
        raise ValueError(f"{name}: a facility of the saved state does not exist in this model")
    renumbered = numbers.copy()
    renumbered[held] = new[numbers[held]]
    return renumbered


def _care_facilities(model: QuartierModel) -> list[str]:
    """Ids of the services of care; every nursing home among them has a household from the start."""
    services = model.side.get("care_facilities")
    return [] if services is None else list(services.ids)


def _get(side: Any, name: str) -> Any:
    return side.get(name) if isinstance(side, dict) else getattr(side, name)


def _remember(side: Any, name: str, value: np.ndarray | None) -> None:
    """Put back what a process remembers; lists of arrays come back as one."""
    if isinstance(_get(side, name), list):
        setattr(side, name, [] if value is None else [value.copy()])
    elif value is not None:
        side[name] = value.copy()
