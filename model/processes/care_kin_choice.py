"""Which relatives in the town give care: candidates with their traits, one decision per pair for good (model-care.md 3.2).

Loops go column by column over all candidates, so that the processor fetches for many of them at a time: a fetch from
memory costs more than all the arithmetic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numba as nb
import numpy as np

from ..luck import TWO32
from ..tables import NONE
from ..timeline import STEPS_PER_YEAR
from .care_carers import Cases, Pairs, Tie, _lives_with, limits_of
from .care_kin_cache import CaseTraits, known_of
from .care_kin_rules import FULL_TIME, Rules, work_of

if TYPE_CHECKING:
    from ..model import QuartierModel

WORK_BITS, GAVE_UP, CARED, CARES = 0b00011, 0b00100, 0b01000, 0b10000
"""Bits of a carer's state: work (0 unchanged, 1 reduced, 2 given up) · gave up care and rests · gave care in the quarter
before · gives care now."""
_PARTNER, _CHILD_IN_HOUSEHOLD = int(Tie.PARTNER), int(Tie.CHILD_IN_HOUSEHOLD)
_FULL_TIME, _CHILD_ROLE = int(FULL_TIME), 1
_SIX, _FOURTEEN = 6 * STEPS_PER_YEAR, 14 * STEPS_PER_YEAR
"""Ages of a child that the rules name (model-care.md 3.2, 3.4), in quarters."""


class Candidates(NamedTuple):
    """Able relatives who could give care, case by case: those of case ``c`` from ``begin[c]`` to ``begin[c + 1]``.

    ``row`` and ``id`` i32, ``key`` u64, ``quartier`` u16, ``state`` u8 (bits, before this step), ``tie`` u8, ``in_law`` u8
    (the partner of a child, who lives with her or him), ``sex`` u8, ``age`` i64, ``employment`` u8, ``under_14`` u8 (a child
    in the household), ``capacity`` f64 core hours a week, 0 = does not give, ``strain`` u32 (a word of luck).
    """

    begin: np.ndarray
    row: np.ndarray
    id: np.ndarray
    key: np.ndarray
    quartier: np.ndarray
    state: np.ndarray
    tie: np.ndarray
    in_law: np.ndarray
    sex: np.ndarray
    age: np.ndarray
    employment: np.ndarray
    under_14: np.ndarray
    capacity: np.ndarray
    strain: np.ndarray


@nb.njit(cache=True)
def _homes(case, carer, tie, at_home, home, household, size, first, lives, eldest, look, related):
    """Household of each relative, and the first of its members if a child may be among them (else -1).

    Lists relatives who may live with a partner of theirs: grown-up children of people at home. Two who live together are
    the couple or parent and child in question.
    """
    n = 0
    for j in range(case.size):
        lives[j] = home[case[j]] if tie[j] <= _CHILD_IN_HOUSEHOLD else household[carer[j]]
    for j in range(case.size):
        look[j] = size[lives[j]]
    for j in range(case.size):
        members = look[j]
        two = (members == 2) & ((tie[j] == _PARTNER) | (tie[j] == _CHILD_IN_HOUSEHOLD))
        eldest[j] = -1 if (members == 1) | two else first[lives[j]]
        related[n] = j
        n += (tie[j] >= _CHILD_IN_HOUSEHOLD) & (members != 1) & at_home[case[j]]
    return n


@nb.njit(cache=True)
def _youngest(role, birth, next_member, youngest):
    """Birth (quarter) of the youngest child among members of a household, given the first of them; 0 = nobody."""
    at, open_ = youngest.copy(), np.empty(youngest.size + 1, np.int32)
    n = 0
    for j in range(youngest.size):
        open_[n] = j
        n += youngest[j] >= 0
        youngest[j] = 0
    while n > 0:  # the next member of all households, so that the processor fetches for many at a time
        left = 0
        for m in range(n):
            j = open_[m]
            i = at[j]
            youngest[j] = max(youngest[j], np.int32(birth[i]) * np.int32(role[i] == _CHILD_ROLE))
            at[j] = next_member[i]
            open_[left] = j
            left += at[j] >= 0
        n = left


@nb.njit(cache=True)
def _expand(case, carer, tie, youngest, spouse, at_home, begin, who):
    """Candidates of those who live in private households: relatives, and the partner of a child as a person."""
    n, j = 0, 0
    whose, row, new_tie, in_law, latest = who
    for c in range(at_home.size):
        begin[c] = n
        while j < case.size and case[j] == c:
            if at_home[c]:
                whose[n], row[n], new_tie[n], in_law[n], latest[n] = c, carer[j], tie[j], 0, youngest[j]
                n += 1
                if spouse[j] >= 0:
                    whose[n], row[n], new_tie[n], in_law[n], latest[n] = c, spouse[j], tie[j], 1, youngest[j]
                    n += 1
            j += 1
    begin[at_home.size] = n
    return n


@nb.njit(cache=True)
def _look_up(now, case, where, states, quartier, birth, who):
    """What changes from step to step: age, state, and the Quartier, which is another one only in another household."""
    rows, ids, ties, n = who.row, who.id, who.tie, who.row.size
    age, state, place = who.age, who.state, who.quartier
    for k in range(n):
        age[k] = (now - np.int64(birth[k])) >> 2
    for k in range(n):
        state[k] = states[ids[k]]
    for k in range(n):
        place[k] = where[case[k]] if ties[k] <= _CHILD_IN_HOUSEHOLD else quartier[rows[k]]


@nb.njit(cache=True)
def _decide(rules, now, who, youngest, luck, chance):
    """Set employment, capacity of who gives, and the child under 14. Who gave up rests; then the other candidates are
    asked once more."""
    employed, full, full_until = rules.employed, rules.full, rules.full_until
    chances, capacities = rules.chance.ravel(), rules.capacity.ravel()
    begin, ties, in_law, sexes, under_14 = who.begin, who.tie, who.in_law, who.sex, who.under_14
    state, ages, works, capacity = who.state, who.age, who.employment, who.capacity
    oldest = employed.shape[1] - 1
    for k in range(ties.size):
        sex, tie, age, child = np.uint32(sexes[k]), np.uint32(ties[k]), ages[k], now - youngest[k]
        share = employed[sex, min(age, oldest)]
        work = work_of(share, full[sex], full_until, (luck[3, k] + 0.5) / TWO32, age, state[k] & WORK_BITS)
        works[k], under_14[k] = work, child < _FOURTEEN
        pair = (tie * np.uint32(2) + np.uint32(in_law[k])) * np.uint32(2) + sex
        pair = (pair * np.uint32(2) + np.uint32(work == _FULL_TIME)) * np.uint32(2) + np.uint32(child < _SIX)
        chance[k] = chances[pair]
        place = (tie * np.uint32(2) + sex) * np.uint32(3) + np.uint32(work)
        capacity[k] = capacities[place * np.uint32(2) + np.uint32(age >= 80)]
    for c in range(begin.size - 1):
        rests = False
        for k in range(begin[c], begin[c + 1]):
            rests |= (state[k] & GAVE_UP) != 0
        for k in range(begin[c], begin[c + 1]):
            gives = ((luck[0, k] + 0.5) / TWO32 < chance[k]) | (rests & ((luck[2, k] + 0.5) / TWO32 < chance[k]))
            capacity[k] *= gives & ((state[k] & GAVE_UP) == 0)


@nb.njit(cache=True)
def _note_couples(some, found, members, spouse, eldest):
    for m in range(some.size):
        j = some[m]
        spouse[j] = found[m]
        eldest[j] = -1 if (found[m] >= 0) & (members[j] == 2) else eldest[j]


def _spouses(
    model: QuartierModel, pairs: Pairs, some: np.ndarray, members: np.ndarray, eldest: np.ndarray
) -> np.ndarray:
    """Row (i32 per pair) of the able partner with whom some of the relatives live, else -1; no child lives with a couple of
    two ``members``: the first of them, ``eldest``, is set to -1."""
    p, limits, spouse = model.people, limits_of(model), np.full(pairs.carer.size, NONE, np.int32)
    found = np.empty(some.size, np.int32)
    place = (limits.able, model.row_of_id, p.household, p.care, p.birth, p.present)
    _lives_with(pairs.carer[some], p.partner, limits.child, *place, found)
    _note_couples(some, found, members, spouse, eldest)
    return spouse


def candidates(
    model: QuartierModel,
    rules: Rules,
    cases: Cases,
    pairs: Pairs,
    at_home: np.ndarray,
    home: np.ndarray,
    where: np.ndarray,
    state: np.ndarray,
) -> tuple[Candidates, CaseTraits, np.ndarray]:
    """Who could give care, and who of them does; ``state`` u8 by id, ``home`` (household) and ``where`` (Quartier) per case.

    Returns also what is kept of the cases, and whose candidate each is (i32).
    """  # fmt: skip
    p, h, n = model.people, model.households, pairs.carer.size
    (lives, eldest), (look, related) = np.empty((2, n), np.int32), np.empty((2, n + 1), np.int32)
    m = _homes(
        *pairs, at_home, home, p.household, h.size, h.first_member, lives, eldest, look, related
    )  # fmt: skip
    spouse = _spouses(model, pairs, related[:m], look, eldest)
    _youngest(p.role, p.birth, p.next_member, eldest)
    begin = np.empty(cases.rows.size + 1, np.int64)
    (tie, in_law), (row, youngest) = np.empty((2, 2 * n), np.uint8), np.empty((2, 2 * n), np.int32)
    case = np.empty(2 * n, np.int32)
    m = _expand(*pairs, eldest, spouse, at_home, begin, (case, row, tie, in_law, youngest))
    known = known_of(model, rules, cases, begin, case[:m], row[:m])
    state_, employment_, under_14 = np.empty((3, m), np.uint8)
    traits, capacity = known.pairs, np.empty(m)
    who = Candidates(
        begin, row[:m], traits.id, traits.key, np.empty(m, np.uint16), state_, tie[:m], in_law[:m],
        traits.sex, np.empty(m, np.int64), employment_, under_14, capacity, traits.luck[1],
    )  # fmt: skip
    _look_up(model.now, case[:m], where, state, p.quartier, traits.birth, who)
    _decide(rules, model.now, who, youngest[:m], traits.luck, np.empty(m))
    return who, known.cases, case[:m]
