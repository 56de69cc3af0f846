"""Who could have an event in this step: one pass over all people per block of luck, for up to four decisions at once.

A process names an upper bound of its hazard by sex and age. Whoever's luck lies above it cannot have the event, whatever
the person's state; the exact question is then put to the few that are left, with the same luck. The result is the same
as asking everybody, bit for bit, at a fraction of the cost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .luck import Decision
from .rates import MAX_HAZARD
from .screen import question, screen
from .thresholds import hazard_thresholds

if TYPE_CHECKING:
    from .model import QuartierModel

SLACK = 1.0 + 1e-9
"""Factor on the bounds, so that rounding in the exact hazard cannot lift it above them."""


def shortlist(model: QuartierModel, decision: Decision) -> np.ndarray:
    """Rows (ascending) of the people present who could have the event in this step.

    People who arrived or were born since the block was first asked for are not among them: they are exposed from the
    next step on. With an audit running, everybody present is returned, so that every probability is added up.
    """
    p = model.people
    if model.audit is not None:
        return np.flatnonzero(p.present == 1)
    block = decision // 4
    step, lists = model.shortlists.get(block, (-1, {}))
    if step != model.now:
        lists = _screen_block(model, block)
        model.shortlists[block] = (model.now, lists)
    rows = lists[decision]
    return rows[p.present[rows] == 1]


def _screen_block(model: QuartierModel, block: int) -> dict[Decision, np.ndarray]:
    p = model.people
    bounds = {d: bound for process in model.processes for d, bound in process.bounds.items() if d // 4 == block}
    asked = tuple(
        question(decision, hazard_thresholds(np.minimum(bound(model) * SLACK, MAX_HAZARD)), [p.sex])
        for decision, bound in bounds.items()
    )
    rows, flags = screen(model.luck, model.now, block, p.key, p.present, p.birth, asked)
    return {decision: rows[flags & (1 << bit) > 0] for bit, decision in enumerate(bounds)}
