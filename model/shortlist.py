"""Who could have an event in this step: one pass over all people per block of luck, for up to four decisions at once.

A process names an upper bound of its hazard by sex and age, or by whether one draws for a couple (`people.leads`), sex and
age, or by whether there is need of care or dementia (`people.care`) before these. Whoever's luck lies above it cannot have
the event, whatever the person's state; the exact question is then put to the few that are left, with the same luck. The
result is the same as asking everybody, bit for bit, at a fraction of the cost. What changes during the step must not lift
a hazard above its bound, except by a new couple: see `households.unite`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numba as nb
import numpy as np

from .luck import Decision
from .rates import MAX_HAZARD
from .screen import screen_bounds
from .thresholds import AGES, hazard_thresholds

if TYPE_CHECKING:
    from .model import QuartierModel

SLACK: Final = 1.0 + 1e-9
"""Factor on the bounds, so that rounding in the exact hazard cannot lift it above them."""


class Shortlist(NamedTuple):
    """People below a bound of one block of luck: rows (i32), bit w for word w (u8), and their four words (u32 [row, 4]).

    ``asked`` : rows of people there were when they were asked.
    """

    rows: np.ndarray
    flags: np.ndarray
    words: np.ndarray
    asked: int


@nb.njit(cache=True)
def _pick(rows, flags, words, wanted, present, picked, drawn):
    n = 0
    for k in range(rows.size):
        if flags[k] & wanted and present[rows[k]]:
            picked[n] = rows[k]
            for w in range(drawn.shape[1]):
                drawn[n, w] = words[k, w]
            n += 1
    return n


def shortlist(model: QuartierModel, decision: Decision) -> np.ndarray:
    """Rows (i32, ascending) of the people present who could have the event in this step.

    People who arrived or were born since the block was first asked for are not among them: they are exposed from the
    next step on. With an audit running, everybody present is returned, so that every probability is added up.
    """
    if model.audit is not None:
        return np.flatnonzero(model.people.present == 1)
    return _picked(model, (decision,), 0)[0]


def shortlist_with_luck(model: QuartierModel, decisions: tuple[Decision, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Rows (i32, ascending) of the people present who could have any of these events, of one block, in this step.

    Returns
    -------
    rows : as of `shortlist`.
    words : u32 [row, 4], the words of luck of all decisions of the block; that of ``decision`` is ``words[:, decision % 4]``.
    """
    if model.audit is None:
        return _picked(model, decisions, 4)
    p = model.people
    rows = np.flatnonzero(p.present == 1).astype(np.int32)
    return rows, block_of_luck(model, decisions[0] // 4, rows)


def shortlist_with_newcomers(model: QuartierModel, decision: Decision) -> tuple[np.ndarray, np.ndarray]:
    """Rows (i32, ascending) of those who could have the event, and their words of luck (u32) for it.

    Whoever came since the block was first asked for is among them.
    """
    rows, words = shortlist_with_luck(model, (decision,))
    drawn = words[:, decision % 4]
    if model.audit is None:
        came = np.arange(model.shortlists[decision // 4][1].asked, len(model.people), dtype=np.int32)
        came = came[model.people.present[came] == 1]
        rows = np.concatenate((rows, came))
        drawn = np.concatenate((drawn, model.luck.words(decision, model.now, model.people.key[came])))
    return rows, drawn


def block_of_luck(model: QuartierModel, block: int, rows: np.ndarray) -> np.ndarray:
    """All four words (u32 [row, 4]) of a block of luck of this step."""
    keys = model.people.key[rows]
    return np.stack([model.luck.words(4 * block + w, model.now, keys) for w in range(4)], axis=1)


def _picked(model: QuartierModel, decisions: tuple[Decision, ...], words: int) -> tuple[np.ndarray, np.ndarray]:
    block = decisions[0] // 4
    step, listed = model.shortlists.get(block, (-1, None))
    if step != model.now or listed is None:
        listed = _screen_block(model, block)
        model.shortlists[block] = (model.now, listed)
    wanted = np.uint8(sum(1 << decision % 4 for decision in decisions))
    rows, drawn = np.empty(listed.rows.size, np.int32), np.empty((listed.rows.size, words), np.uint32)
    n = _pick(*listed[:3], wanted, model.people.present, rows, drawn)
    return rows[:n], drawn[:n]


def _screen_block(model: QuartierModel, block: int) -> Shortlist:
    bounds = np.zeros((2, 2, 2, AGES, 4), np.uint32)
    for process in model.processes:
        for decision, bound in process.bounds.items():
            if decision // 4 == block:
                most = bound(model)
                if most.dtype != np.uint32:
                    most = hazard_thresholds(np.minimum(most * SLACK, MAX_HAZARD))
                bounds[..., decision % 4] = most
    return Shortlist(*screen_bounds(model.luck, model.now, block, model.people, bounds), len(model.people))
