"""Which relatives in the town give care: candidates with their traits, one decision per pair for good (model-care.md 3.2).

Loops go column by column over all candidates, so that the processor fetches for many of them at a time: a fetch from
memory costs more than all the arithmetic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numba as nb
import numpy as np

from ..columns import Kind
from ..luck import TWO32, Decision, pair_words, word
from ..timeline import STEPS_PER_YEAR
from .care_carers import Cases, Pairs, Tie, _lives_with, limits_of
from .care_kin_rules import FULL_TIME, Rules, employment

if TYPE_CHECKING:
    from ..model import QuartierModel

WORK_BITS, GAVE_UP, CARED, CARES = 0b00011, 0b00100, 0b01000, 0b10000
"""Bits of a carer's state: work (0 unchanged, 1 reduced, 2 given up) · gave up care and rests · gave care in the quarter
before · gives care now."""
_KIN_PAIR, _KIN_EMPLOYMENT = int(Decision.KIN_PAIR), int(Decision.KIN_EMPLOYMENT)
_PRIVATE, _PARENT, _CHILD_IN_HOUSEHOLD = int(Kind.PRIVATE), int(Tie.PARENT), int(Tie.CHILD_IN_HOUSEHOLD)
_FULL_TIME, _CHILD_ROLE = int(FULL_TIME), 1
_SIX, _FOURTEEN = 6 * STEPS_PER_YEAR, 14 * STEPS_PER_YEAR
"""Ages of a child that the rules name (model-care.md 3.2, 3.4), in quarters."""


class Candidates(NamedTuple):
    """Able relatives who could give care, case by case: those of case ``c`` from ``begin[c]`` to ``begin[c + 1]``.

    ``row`` i32, ``tie`` u8, ``in_law`` u8 (the partner of a child, who lives with her or him), ``sex`` u8, ``age`` i64,
    ``employment`` u8, ``under_14`` u8 (a child in the household), ``capacity`` f64 core hours a week, 0 = does not give,
    ``strain`` f64 (luck).
    """

    begin: np.ndarray
    row: np.ndarray
    tie: np.ndarray
    in_law: np.ndarray
    sex: np.ndarray
    age: np.ndarray
    employment: np.ndarray
    under_14: np.ndarray
    capacity: np.ndarray
    strain: np.ndarray


@nb.njit(cache=True)
def _expand(case, carer, tie, spouse, at_home, begin, row, new_tie, in_law):
    """Candidates of those who live in private households: relatives, and the partner of a child as a person."""
    n, j = 0, 0
    for c in range(at_home.size):
        begin[c] = n
        while j < case.size and case[j] == c:
            if at_home[c]:
                row[n], new_tie[n], in_law[n] = carer[j], tie[j], 0
                n += 1
                if tie[j] >= _CHILD_IN_HOUSEHOLD and spouse[j] >= 0:
                    row[n], new_tie[n], in_law[n] = spouse[j], tie[j], 1
                    n += 1
            j += 1
    begin[at_home.size] = n
    return n


@nb.njit(cache=True)
def _youngest_child(homes, first, following, role, birth, out):
    """Birth (quarter) of the youngest who lives as a child in each household, 0 = nobody."""
    for k in range(homes.size):
        i, latest = first[homes[k]], 0
        while i >= 0:
            if role[i] == _CHILD_ROLE:
                latest = max(latest, np.int64(birth[i]))
            i = following[i]
        out[k] = latest


@nb.njit(cache=True)
def _draw(stream, begin, person, carer, u):
    """Luck of each pair (three words: gives, strain, asked again) and of the carer (employment): ``u`` f64 [4, pairs]."""
    for c in range(begin.size - 1):
        for k in range(begin[c], begin[c + 1]):
            a, b, d, _ = pair_words(stream, _KIN_PAIR, carer[k], person[c])
            u[0, k], u[1, k], u[2, k] = a, b, d
            u[3, k] = word(stream, 0, _KIN_EMPLOYMENT, carer[k])
    for w in range(4):
        for k in range(u.shape[1]):
            u[w, k] = (u[w, k] + 0.5) / TWO32


@nb.njit(cache=True)
def _decide(rules, now, need, who, born, youngest, state, u, load):
    """Set employment, capacity and the child under 14; add the need each giver faces to ``load`` [row].

    Who gave up rests; then the other candidates are asked once more.
    """
    employed, full, full_until, chances, capacities = (
        rules.employed, rules.full, rules.full_until, rules.chance, rules.capacity
    )  # fmt: skip
    begin, rows, ties, in_law, sexes = who.begin, who.row, who.tie, who.in_law, who.sex
    ages, works, under_14, capacity, strain = who.age, who.employment, who.under_14, who.capacity, who.strain
    for c in range(need.size):
        rests = False
        for k in range(begin[c], begin[c + 1]):
            rests |= (state[k] & GAVE_UP) != 0
        for k in range(begin[c], begin[c + 1]):
            sex, tie = sexes[k], ties[k]
            age = (now - np.int64(born[k])) >> 2
            work = employment(employed, full, full_until, u[3, k], sex, age, state[k] & WORK_BITS)
            child = now - youngest[k]
            ages[k], works[k], under_14[k] = age, work, child < _FOURTEEN
            chance = chances[tie, in_law[k], sex, int(work == _FULL_TIME), int(child < _SIX)]
            gives = u[0, k] < chance or (rests and u[2, k] < chance)
            gives &= (state[k] & GAVE_UP) == 0
            strain[k] = u[1, k]
            capacity[k] = capacities[tie, sex, work, int(age >= 80)] if gives else 0.0
            if gives:
                load[rows[k]] += need[c]


def candidates(
    model: QuartierModel, rules: Rules, cases: Cases, pairs: Pairs, at_home: np.ndarray, state: np.ndarray
) -> Candidates:
    """Who could give care, with traits, before anybody decides; ``state`` u8 by id."""
    p = model.people
    limits = limits_of(model)
    spouse = np.empty(pairs.carer.size, np.int32)
    _lives_with(
        pairs.carer,
        p.partner,
        limits.child,
        limits.able,
        model.row_of_id,
        p.household,
        p.care,
        p.birth,
        p.present,
        spouse,
    )
    most = 2 * pairs.carer.size
    begin, row = np.empty(cases.rows.size + 1, np.int64), np.empty(most, np.int32)
    tie, in_law = np.empty((2, most), np.uint8)
    n = _expand(pairs.case, pairs.carer, pairs.tie, spouse, at_home, begin, row, tie, in_law)
    row = row[:n]
    small, wide = np.empty((2, n), np.uint8), np.empty((2, n))
    return Candidates(
        begin, row, tie[:n], in_law[:n], p.sex[row], np.empty(n, np.int64), small[0], small[1], wide[0], wide[1]
    )


def decide(
    model: QuartierModel,
    rules: Rules,
    cases: Cases,
    need: np.ndarray,
    who: Candidates,
    state: np.ndarray,
    load: np.ndarray,
) -> None:
    """Let every candidate decide: fills ``employment``, ``under_14``, ``capacity`` and ``strain`` of ``who``, and ``load``."""
    p, h = model.people, model.households
    u, youngest = np.empty((4, who.row.size)), np.empty(who.row.size, np.int64)
    _youngest_child(p.household[who.row], h.first_member, p.next_member, p.role, p.birth, youngest)
    _draw(model.luck.stream, who.begin, p.key[cases.rows], p.key[who.row], u)
    _decide(rules, model.now, need, who, p.birth[who.row], youngest, state[p.id[who.row]], u, load)
