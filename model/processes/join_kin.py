"""Old people in need of care move in with a child in town."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from ..asking import ask
from ..columns import CARE_GRADE_BITS, Kind, Role
from ..grown_children import likely_children
from ..luck import Decision, pair_keys
from ..marked import rows_of_bytes
from ..process import Process
from .partnership import move_in

if TYPE_CHECKING:
    from ..model import QuartierModel

_ONE_EACH, _EIGHT_EACH = np.uint64(0x0101010101010101), np.uint64(0x0808080808080808)
_GRADES_8 = _ONE_EACH * np.uint64(CARE_GRADE_BITS)


@nb.njit(cache=True)
def _in_need(care, care_8, birth, partner, role, present, grade, born, rows):
    """Rows of those present who are born so early, in need of that grade, without a partner and at home.

    Grades are looked at eight at a time: one of at least ``grade``, with 8 - ``grade`` added, has the bit of eight. No
    branch to guess: rows are written for each and kept for some.
    """
    more, k = np.uint64(8 - grade) * _ONE_EACH, np.uint64(0)
    eights, values = np.empty(care_8.size + 1, np.uint32), np.empty(care_8.size + 1, np.uint64)
    for eight in range(np.uint64(care_8.size)):
        eights[k], values[k] = eight, ((care_8[eight] & _GRADES_8) + more) & _EIGHT_EACH
        k += np.uint64(values[k] != 0)
    found = np.empty(np.uint64(8) * k + np.uint64(9), np.uint32)
    n = rows_of_bytes(eights[:k], values[:k], found)
    for i in range(8 * care_8.size, care.size):
        found[n] = i
        n += np.uint64((care[i] & CARE_GRADE_BITS) >= grade)
    fits, k = np.empty(n, np.bool_), np.uint64(0)
    for j in range(n):
        i = found[j]
        fits[j] = (birth[i] <= born) & (role[i] == 0) & (present[i] == 1)
    for j in range(n):
        rows[k] = found[j]
        k += np.uint64(fits[j])
    n = np.uint64(0)
    for j in range(k):
        i = np.uint32(rows[j])
        rows[n] = i
        n += np.uint64(partner[i] < 0)
    return n


def _could_join(model: QuartierModel) -> np.ndarray:
    """Rows of people without a partner, of the age and care grade at which some move in with a child."""
    p, rates = model.people, model.rates
    born = model.now - 4 * int(rates.parameter("join_kin_age"))
    grade, rows = int(rates.parameter("join_kin_grade")), np.empty(len(p) + 1, np.int32)
    care_8 = p.care[: len(p) // 8 * 8].view(np.uint64)
    n = _in_need(p.care, care_8, p.birth, p.partner, p.role, p.present, grade, born, rows)
    return rows[:n][model.households.kind[p.household[rows[:n]]] == Kind.PRIVATE]


def _children_in_town(model: QuartierModel, parents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Grown-up children: their rows, and the positions of their parents."""
    p = model.people
    rows = likely_children(model, p.id[parents])
    order = np.argsort(p.id[parents])
    ids = p.id[parents][order]
    found = []
    for link in (p.mother[rows], p.father[rows]):
        k = np.minimum(np.searchsorted(ids, link), ids.size - 1)
        found.append((rows[ids[k] == link], order[k[ids[k] == link]]))
    child, parent = (np.concatenate(side) for side in zip(*found, strict=True))
    here = (p.present[child] == 1) & (model.ages(child) >= model.rates.parameter("age_of_majority"))
    return child[here], parent[here]


def _with_a_child(model: QuartierModel, rows: np.ndarray) -> np.ndarray:
    """Who of some people lives with a child already (bool), grown up or not."""
    p, h = model.people, model.households
    found = np.zeros(rows.size, bool)
    other = h.first_member[p.household[rows]]
    while (there := other >= 0).any():
        found |= there & ((p.mother[other] == p.id[rows]) | (p.father[other] == p.id[rows]))
        other = np.where(there, p.next_member[other], other)
    return found


def join_kin(model: QuartierModel) -> None:
    """A few of the old in need move in with a child, drawn among those in town; who lives with a child already stays."""
    p = model.people
    rows = _could_join(model)
    hazard = np.full(rows.size, model.rates.parameter("join_kin_hazard"))
    rows = rows[ask(model, "join_kin", Decision.MOVE_TO_CHILD, rows, hazard)]
    if not rows.size:
        return
    child, parent = _children_in_town(model, rows)
    host = (p.role[child] == Role.ADULT) & ~_with_a_child(model, rows)[parent]
    child, parent = child[host], parent[host]
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
