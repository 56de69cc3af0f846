"""Who could have an event in this step: one pass over all people for all decisions that concern everybody.

A process names an upper bound of its hazard by sex and age, or by whether one draws for a couple (`people.leads`), sex and
age, or by whether there is need of care or dementia (`people.care`) before these. Whoever's luck lies above it cannot have
the event, whatever the person's state; the exact question is then put to the few that are left, with the same luck. The
result is the same as asking everybody, bit for bit, at a fraction of the cost. What changes during the step must not lift
a hazard above its bound, except by a new couple: see `households.unite`. A couple that ends makes a leader one who draws
for nobody else; the bounds of leaders are the higher ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from .luck import Decision
from .rates import MAX_HAZARD, probability, threshold
from .screen import BLOCKS, Room, room_for, screen_bounds
from .thresholds import AGES, SLACK

if TYPE_CHECKING:
    from .model import QuartierModel

@dataclass
class Shortlists:
    """People below a bound in a step, per block of luck: rows (i32), bit w for word w (u8), their four words (u32 [row, 4]).

    ``asked`` : rows of people there were when they were asked. ``hazards``, ``thresholds`` : the bounds of the last step.
    """

    step: int = -1
    asked: int = 0
    blocks: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = field(default_factory=list)
    room: Room = field(default_factory=lambda: room_for(0))
    hazards: np.ndarray | None = None
    thresholds: np.ndarray = field(default_factory=lambda: np.zeros(0, np.uint32))


@nb.njit(cache=True)
def _pick(rows, flags, wanted, present, at):
    n = np.uint64(0)
    for k in range(rows.size):
        # written for each, kept for those wanted: no branch to guess wrong
        at[n] = k
        n += np.uint64((flags[k] & wanted != 0) & (present[np.uint32(rows[k])] != 0))
    return n


def shortlist_with_word(model: QuartierModel, decision: Decision) -> tuple[np.ndarray, np.ndarray]:
    """Rows (i32, ascending) of the people present who could have the event in this step, and their words of luck (u32) for it.

    People who arrived or were born since everybody was asked are not among them: they are exposed from the next step on.
    With an audit running, everybody present is returned, so that every probability is added up.
    """
    if model.audit is None:
        rows, words, at = _listed(model, (decision,))
        return rows[at], words[at, decision % 4]
    rows = np.flatnonzero(model.people.present == 1).astype(np.int32)
    return rows, model.luck.words(decision, model.now, model.people.key[rows])


def shortlist_with_luck(model: QuartierModel, decisions: tuple[Decision, ...]) -> tuple[np.ndarray, np.ndarray]:
    """As `shortlist_with_word`, of the people who could have any of some events of one block.

    Returns
    -------
    rows : i32, ascending.
    words : u32 [row, 4], the words of luck of all decisions of the block; that of ``decision`` is ``words[:, decision % 4]``.
    """
    if model.audit is None:
        rows, words, at = _listed(model, decisions)
        return rows[at], words[at]
    p = model.people
    rows = np.flatnonzero(p.present == 1).astype(np.int32)
    return rows, block_of_luck(model, decisions[0] // 4, rows)


def shortlist_with_newcomers(model: QuartierModel, decision: Decision) -> tuple[np.ndarray, np.ndarray]:
    """Rows (i32, ascending) of those who could have the event, and their words of luck (u32) for it.

    Whoever came since everybody was asked is among them.
    """
    rows, drawn = shortlist_with_word(model, decision)
    if model.audit is None:
        came = np.arange(model.shortlists.asked, len(model.people), dtype=np.int32)
        came = came[model.people.present[came] == 1]
        rows = np.concatenate((rows, came))
        drawn = np.concatenate((drawn, model.luck.words(decision, model.now, model.people.key[came])))
    return rows, drawn


def block_of_luck(model: QuartierModel, block: int, rows: np.ndarray) -> np.ndarray:
    """All four words (u32 [row, 4]) of a block of luck of this step."""
    keys = model.people.key[rows]
    return np.stack([model.luck.words(4 * block + w, model.now, keys) for w in range(4)], axis=1)


def _listed(model: QuartierModel, decisions: tuple[Decision, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows and words of the block of some decisions, and the positions in them of those concerned and still present."""
    if model.shortlists.step != model.now:
        _ask_everybody(model)
    rows, flags, words = model.shortlists.blocks[decisions[0] // 4]
    wanted = np.uint8(sum(1 << decision % 4 for decision in decisions))
    at = np.empty(rows.size, np.int64)
    return rows, words, at[: _pick(rows, flags, wanted, model.people.present, at)]


def _ask_everybody(model: QuartierModel) -> None:
    hazards, bounds = np.zeros((BLOCKS, 2, 2, 2, AGES, 4)), np.zeros((BLOCKS, 2, 2, 2, AGES, 4), np.uint32)
    for process in model.processes:
        for decision, bound in process.bounds.items():
            most = bound(model)
            same = (bounds if most.dtype == np.uint32 else hazards)[decision // 4, ..., decision % 4]  # a view
            np.maximum(same, most, out=same)
    lists, people = model.shortlists, model.people
    if lists.hazards is None or not np.array_equal(hazards, lists.hazards):
        lists.hazards, lists.thresholds = hazards, threshold(probability(np.minimum(hazards * SLACK, MAX_HAZARD)))
    bounds = np.maximum(bounds, lists.thresholds)
    if lists.room.rows.shape[1] < len(people):
        lists.room = room_for(people.capacity)
    lists.blocks = screen_bounds(model.luck, model.now, people, bounds, lists.room)
    lists.step, lists.asked = model.now, len(people)
