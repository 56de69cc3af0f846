"""Every invariant is found when it is broken, by its own name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import toy
from quartier.model.invariants import BrokenInvariantError, check
from quartier.model.model import QuartierModel


def sound_town() -> QuartierModel:
    """A couple with a child, a single woman, a resident of a home, and one vacant dwelling, in two Quartiere."""
    people = [
        {"age": 40, "sex": 1, "household": 0, "partner": 1, "union_state": 2},
        {"age": 42, "sex": 0, "household": 0, "partner": 0, "union_state": 2},
        {"age": 10, "sex": 1, "household": 0, "role": 1, "mother": 0, "father": 1},
        {"age": 60, "sex": 1, "household": 1},
        {"age": 85, "sex": 1, "household": 2, "role": 2},
    ]
    return toy.town(people, quartiere=2, vacant_rooms=[3])


def dead(model: QuartierModel, person: int) -> None:
    model.people.present[person] = 0


def put(table: str, column: str, row: int, value: int) -> Callable[[QuartierModel], None]:
    def write(model: QuartierModel) -> None:
        getattr(getattr(model, table), column)[row] = value
    return write


def both(*writes: Callable[[QuartierModel], None]) -> Callable[[QuartierModel], None]:
    def write(model: QuartierModel) -> None:
        for one in writes:
            one(model)
    return write


BREACHES: list[tuple[str, Callable[[QuartierModel], None]]] = [
    ("everyone present lives in one household", put("people", "household", 3, -1)),
    ("nobody who left or died lives in a household", put("people", "present", 3, 0)),
    ("a person's Quartier is that of the household", put("people", "quartier", 3, 1)),
    ("an id leads to its row", lambda m: m.row_of_id.__setitem__(3, 2)),
    ("keys are unique", lambda m: m.people.key.__setitem__(3, m.people.key[0])),
    ("nobody is born in the future", put("people", "birth", 3, toy.START + 1)),
    ("a household's size is the number of its members", put("households", "size", 0, 2)),
    ("the chains of members hold everyone in a private household once", put("households", "first_member", 1, -1)),
    ("a chain begins in its household", both(put("households", "first_member", 0, 3), put("households", "first_member", 1, 0))),
    ("a chain stays inside its household", both(
        put("people", "next_member", 2, 3), put("households", "first_member", 1, -1))),
    ("a household's dwelling is occupied by it", put("dwellings", "household", 0, -1)),
    ("an occupied dwelling is its household's", put("dwellings", "household", 2, 0)),
    ("a dwelling stands in its household's Quartier", put("dwellings", "quartier", 0, 1)),
    ("empty households and institutions have no dwelling", both(
        put("households", "dwelling", 2, 2), put("dwellings", "household", 2, 2))),
    ("no child lives without an adult", put("people", "birth", 3, toy.START - 4 * 12)),
    ("a partner is alive and in the town", put("people", "partner", 3, 99)),
    ("partner links are mutual", both(put("people", "partner", 3, 1), put("people", "union_state", 3, 2))),
    ("partners share their union state", put("people", "union_state", 1, 1)),
    ("who has a partner is in a union", both(put("people", "union_state", 0, 0), put("people", "union_state", 1, 0))),
    ("who has no partner is in no union", put("people", "union_state", 3, 1)),
    ("residents of institutions live in one", put("people", "role", 3, 2)),
    ("residents of institutions live in one", put("people", "role", 4, 0)),
]


def test_a_sound_town_passes():
    check(sound_town())


@pytest.mark.parametrize(("name", "breach"), BREACHES, ids=[name for name, _ in BREACHES])
def test_a_broken_invariant_is_found(name: str, breach: Callable[[QuartierModel], None]):
    model = sound_town()
    model.row_of_id = np.concatenate((model.row_of_id, np.full(200, -1, np.int32)))
    breach(model)
    with pytest.raises(BrokenInvariantError, match=name):
        check(model)


def test_the_check_runs_after_every_step_when_asked_for():
    from quartier.model.process import Process

    breaks = Process("break", (), (), (), put("people", "quartier", 3, 1))
    people = toy.singles([30, 40, 50, 60], [0, 1, 0, 1])
    with pytest.raises(BrokenInvariantError):
        toy.town(people, (breaks,), quartiere=2).step()
    toy.town(people, (breaks,), quartiere=2, check=False).step()
