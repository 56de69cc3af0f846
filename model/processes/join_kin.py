"""Old people in need of care move in with a child in town."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from ..asking import ask
from ..columns import CARE_GRADE_BITS, Kind, Role
from ..luck import Decision, pair_keys
from ..process import Process
from .partnership import move_in

if TYPE_CHECKING:
    from ..model import QuartierModel

_SLOTS = 4096


@nb.njit(cache=True)
def _likely_children(mother, father, slot, rows):
    """Rows whose mother or father shares a slot with somebody wanted: few, and all children of theirs among them."""
    n = 0
    for i in range(mother.size):
        rows[n] = i
        n += slot[mother[i] & 4095] | slot[father[i] & 4095]  # -1 is nobody's id: sorted out with the other strangers
    return n


@nb.njit(cache=True)
def _in_need(care, birth, partner, role, present, bits, grade, born, rows):
    """Rows of those present who are born so early, in need of that grade, without a partner and at home."""
    n = 0
    for i in range(care.size):
        if care[i] & bits >= grade and birth[i] <= born and partner[i] < 0 and role[i] == 0 and present[i] == 1:
            rows[n] = i
            n += 1
    return n


def _could_join(model: QuartierModel) -> np.ndarray:
    """Rows of people without a partner, of the age and care grade at which some move in with a child."""
    p, rates = model.people, model.rates
    born = model.now - 4 * int(rates.parameter("join_kin_age"))
    grade, rows = np.uint8(rates.parameter("join_kin_grade")), np.empty(len(p), np.int32)
    bits = np.uint8(CARE_GRADE_BITS)
    n = _in_need(p.care, p.birth, p.partner, p.role, p.present, bits, grade, np.int64(born), rows)
    return rows[:n][model.households.kind[p.household[rows[:n]]] == Kind.PRIVATE]


def _children_in_town(model: QuartierModel, parents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Children by one pass over all people: their rows, and the positions of their parents."""
    p = model.people
    slot, rows = np.zeros(_SLOTS, np.bool_), np.empty(len(p) + 1, np.int32)
    slot[p.id[parents] % _SLOTS] = True
    rows = rows[: _likely_children(p.mother, p.father, slot, rows)]
    order = np.argsort(p.id[parents])
    ids = p.id[parents][order]
    found = []
    for link in (p.mother[rows], p.father[rows]):
        k = np.minimum(np.searchsorted(ids, link), ids.size - 1)
        found.append((rows[ids[k] == link], order[k[ids[k] == link]]))
    child, parent = (np.concatenate(side) for side in zip(*found, strict=True))
    here = p.present[child] == 1
    return child[here], parent[here]


def join_kin(model: QuartierModel) -> None:
    """A few of the old in need move in with a child, drawn among those in town; who lives with a child already stays."""
    p = model.people
    rows = _could_join(model)
    hazard = np.full(rows.size, model.rates.parameter("join_kin_hazard"))
    rows = rows[ask(model, "join_kin", Decision.MOVE_TO_CHILD, rows, hazard)]
    if not rows.size:
        return
    child, parent = _children_in_town(model, rows)
    together = p.household[child] == p.household[rows[parent]]
    stays = np.bincount(parent[together], minlength=rows.size) > 0
    host = (p.role[child] == Role.ADULT) & (model.ages(child) >= model.rates.parameter("age_of_majority"))
    child, parent = child[host & ~stays[parent]], parent[host & ~stays[parent]]
    by_luck = np.lexsort((pair_keys(p.key[rows[parent]], p.key[child]), parent))
    goes, first = np.unique(parent[by_luck], return_index=True)
    move_in(model, rows[goes], p.household[child[by_luck[first]]], Role.OTHER)


JOIN_KIN = Process(
    "join_kin",
    reads=("people.birth", "people.care", "people.role", "people.partner", "people.mother", "people.father"),
    writes=("households.join", "people.role", "people.plan"),
    rates=("join_kin_hazard", "join_kin_age", "join_kin_grade"),
    step=join_kin,
)
