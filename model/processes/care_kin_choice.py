"""Which relatives in the town give care: candidates with their traits, one decision per pair for good (model-care.md 3.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numba as nb
import numpy as np

from ..columns import Sex
from ..luck import TWO32
from ..timeline import STEPS_PER_YEAR
from .care_carers import Cases, Pairs, Tie, limits_of
from .care_kin_cache import Place, Traits, known_of
from .care_kin_rules import FULL_TIME, Rules, work_of

if TYPE_CHECKING:
    from ..model import QuartierModel

WORK_BITS, GAVE_UP, CARED, CARES = 0b00011, 0b00100, 0b01000, 0b10000
"""Bits of a carer's state: work (0 unchanged, 1 reduced, 2 given up) · gave up care and rests · gave care in the quarter
before · gives care now."""
_FULL_TIME, _MALE = int(FULL_TIME), int(Sex.MALE)
_PARENT, _WITHIN_REACH = int(Tie.PARENT), int(Tie.WITHIN_REACH)
_SIX, _FOURTEEN = 6 * STEPS_PER_YEAR, 14 * STEPS_PER_YEAR
"""Ages of a child that the rules name (model-care.md 3.2, 3.4), in quarters."""


class Candidates(NamedTuple):
    """Able relatives who could give care, case by case: those of case ``c`` from ``begin[c]`` to ``begin[c + 1]``.

    ``kin`` (`KIN`) all about each, ``case`` i32 whose candidate it is; ``row`` i32; ``rank`` u8 in the order of giving;
    ``capacity`` f64 core hours a week, 0 = does not give.
    """

    begin: np.ndarray
    kin: np.ndarray
    case: np.ndarray
    row: np.ndarray
    rank: np.ndarray
    capacity: np.ndarray


@nb.njit(inline="always")
def _rank(tie, sex, in_law):
    """Order in which relatives give: partner, mother, father, children at home, then by distance daughters before sons and
    partners of children."""
    second = ((tie == _PARENT) & (sex == _MALE)) | ((tie >= _WITHIN_REACH) & ((sex == _MALE) | (in_law != 0)))
    return 2 * tie + np.uint32(second)


@nb.njit(cache=True)
def _look_at(now, kin, states, care, able, earliest, row, may):
    """What changes from step to step: state, age, and whether the partner of a child is able (``may``, 0, 1)."""
    for k in range(kin.size):
        one = kin[k]
        row[k] = one["row"]
        one["state"], one["age"] = states[one["id"]], (now - np.int64(one["birth"])) >> 2
    for k in range(kin.size):
        one = kin[k]
        in_law = one["in_law"]
        may[k] = (in_law == 0) | (able[care[row[k] * in_law] & 31] & (one["birth"] >= earliest))


@nb.njit(cache=True)
def _decide(rules, now, who, may, chance):
    """Set employment, rank, capacity of who gives, and the child under 14. Who gave up rests; then the other candidates
    are asked once more."""
    employed, full, full_until = rules.employed, rules.full, rules.full_until
    chances, capacities = rules.chance.ravel(), rules.capacity.ravel()
    begin, kin, ranks, capacity, oldest = who.begin, who.kin, who.rank, who.capacity, employed.shape[1] - 1
    for k in range(kin.size):
        one = kin[k]
        sex, tie, age, in_law = np.uint32(one["sex"]), np.uint32(one["tie"]), np.int64(one["age"]), np.uint32(one["in_law"])
        child, share = now - np.int64(one["youngest"]), employed[sex, min(age, oldest)]
        work = work_of(share, full[sex], full_until, (one["works"] + 0.5) / TWO32, age, one["state"] & WORK_BITS)
        one["employment"], one["under_14"], ranks[k] = work, child < _FOURTEEN, _rank(tie, sex, in_law)
        pair = (tie * np.uint32(2) + in_law) * np.uint32(2) + sex
        pair = (pair * np.uint32(2) + np.uint32(work == _FULL_TIME)) * np.uint32(2) + np.uint32(child < _SIX)
        chance[k] = chances[pair]
        place = (tie * np.uint32(2) + sex) * np.uint32(3) + np.uint32(work)
        capacity[k] = capacities[place * np.uint32(2) + np.uint32(age >= 80)] * may[k]
    for c in range(begin.size - 1):
        rests = False
        for k in range(begin[c], begin[c + 1]):
            rests |= ((kin[k]["state"] & GAVE_UP) != 0) & (may[k] != 0)
        for k in range(begin[c], begin[c + 1]):
            one = kin[k]
            gives = ((one["gives"] + 0.5) / TWO32 < chance[k]) | (rests & ((one["again"] + 0.5) / TWO32 < chance[k]))
            capacity[k] *= gives & ((one["state"] & GAVE_UP) == 0)


def candidates(
    model: QuartierModel, rules: Rules, cases: Cases, pairs: Pairs, place: Place, state: np.ndarray
) -> tuple[Candidates, Traits]:
    """Who could give care, and who of them does; ``state`` u8 by id. Returns also what is kept of the cases."""
    p, limits = model.people, limits_of(model)
    known, case = known_of(model, rules, cases, pairs, place)
    kin, n = known.relatives.kin, case.size
    (rank, may), row, (capacity, chance) = np.empty((2, n), np.uint8), np.empty(n, np.int32), np.empty((2, n))
    who = Candidates(known.relatives.begin, kin, case, row, rank, capacity)
    _look_at(model.now, kin, state, p.care, limits.able, limits.child, row, may)
    _decide(rules, model.now, who, may, chance)
    return who, known.traits
