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


@nb.njit(inline="always")
def _gives(luck, again, state, chance, rests):
    """Whether a relative gives care, by luck for good; after another one gave up all are asked once more, but who rests.

    Numbers only: a record handed over in a loop is counted each time.
    """
    would = ((luck + 0.5) / TWO32 < chance) | (rests & ((again + 0.5) / TWO32 < chance))
    return would & ((state & GAVE_UP) == 0)


@nb.njit(cache=True)
def _work_out(rules, now, states, kin, chance, most):
    """State, age, employment and child under 14 of every candidate; the chance to give care, and ``most`` of it."""
    employed, full, full_until = rules.employed.ravel(), rules.full, rules.full_until
    chances, capacities, ages = rules.chance.ravel(), rules.capacity.ravel(), np.uint32(rules.employed.shape[1])
    for k in range(kin.size):
        one = kin[k]
        one["state"] = states[one["id"]]
    for k in range(kin.size):
        one = kin[k]
        sex, tie, in_law = np.uint32(one["sex"]), np.uint32(one["tie"]), np.uint32(one["in_law"])
        child, age = now - np.int64(one["youngest"]), (now - np.int64(one["birth"])) >> 2
        share = employed[sex * ages + np.uint32(min(age, np.int64(ages) - 1))]
        work = work_of(share, full[sex], full_until, (one["works"] + 0.5) / TWO32, age, one["state"] & WORK_BITS)
        one["age"], one["employment"], one["under_14"] = age, work, child < _FOURTEEN
        pair = (tie * np.uint32(2) + in_law) * np.uint32(2) + sex
        pair = (pair * np.uint32(2) + np.uint32(work == _FULL_TIME)) * np.uint32(2) + np.uint32(child < _SIX)
        place = (tie * np.uint32(2) + sex) * np.uint32(3) + np.uint32(work)
        chance[k], most[k] = chances[pair], capacities[place * np.uint32(2) + np.uint32(age >= 80)]


@nb.njit(cache=True)
def _decide(care, able, earliest, who, chance, most, some):
    """Set rank and capacity of who gives (``most``, where luck is below ``chance``); the partner of a child must be able, else
    the chance is set to -1.

    Lists who gave up and rests in ``some``; returns how many. Short loops over lists, so that the processor fetches for many
    at a time.
    """
    kin, rows, ranks, capacity, n, in_laws = who.kin, who.row, who.rank, who.capacity, 0, 0
    for k in range(kin.size):
        one = kin[k]
        rows[k], ranks[k] = one["row"], _rank(np.uint32(one["tie"]), np.uint32(one["sex"]), np.uint32(one["in_law"]))
        could = ((min(one["gives"], one["again"]) + 0.5) / TWO32 < chance[k]) | ((one["state"] & GAVE_UP) != 0)
        some[in_laws] = k  # others need not be asked
        in_laws += (one["in_law"] != 0) & could
    for m in range(in_laws):
        k = np.uint32(some[m])
        fits = able[care[np.uint32(rows[k])] & 31]
        chance[k] = chance[k] if fits & (kin[k]["birth"] >= earliest) else -1.0
    for k in range(kin.size):
        one = kin[k]
        some[n] = k
        n += ((one["state"] & GAVE_UP) != 0) & (chance[k] >= 0)
        capacity[k] = most[k] * _gives(one["gives"], one["again"], one["state"], chance[k], False)
    return n


@nb.njit(cache=True)
def _ask_again(resting, who, chance, most):
    """Let the others take the place of those who rest."""
    begin, case, kin, capacity = who.begin, who.case, who.kin, who.capacity
    for m in range(resting.size):
        c = case[resting[m]]
        for k in range(begin[c], begin[c + 1]):
            one = kin[k]
            capacity[k] = most[k] * _gives(one["gives"], one["again"], one["state"], chance[k], True)


def candidates(
    model: QuartierModel, rules: Rules, cases: Cases, pairs: Pairs, place: Place, state: np.ndarray
) -> tuple[Candidates, Traits]:
    """Who could give care, and who of them does; ``state`` u8 by id. Returns also what is kept of the cases."""
    p, limits = model.people, limits_of(model)
    known, case = known_of(model, rules, cases, pairs, place)
    kin, n = known.relatives.kin, case.size
    (row, resting), (capacity, chance, most) = np.empty((2, n + 1), np.int32), np.empty((3, n))
    who = Candidates(known.relatives.begin, kin, case, row[:n], np.empty(n, np.uint8), capacity)
    _work_out(rules, model.now, state, kin, chance, most)
    m = _decide(p.care, limits.able, limits.child, who, chance, most, resting)
    _ask_again(resting[:m], who, chance, most)
    return who, known.traits
