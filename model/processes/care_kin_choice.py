"""Which relatives in the town give care: candidates with their traits, one decision per pair for good (model-care.md 3.2).

Loops go column by column over all candidates, so that the processor fetches for many of them at a time: a fetch from
memory costs more than all the arithmetic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numba as nb
import numpy as np

from ..cases import remembered
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

    ``row`` and ``id`` i32, ``key`` u64, ``quartier`` u16, ``state`` u8 (bits, before this step), ``tie`` u8, ``in_law`` u8
    (the partner of a child, who lives with her or him), ``sex`` u8, ``age`` i64, ``employment`` u8, ``under_14`` u8 (a child
    in the household), ``capacity`` f64 core hours a week, 0 = does not give, ``strain`` f64 (luck).
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


class _Columns(NamedTuple):
    """Columns of people that are looked up."""

    id: np.ndarray
    key: np.ndarray
    sex: np.ndarray
    birth: np.ndarray
    quartier: np.ndarray
    household: np.ndarray
    role: np.ndarray
    next_member: np.ndarray


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
def _look_up(p, first, states, now, who, youngest):
    """Traits of the candidates, column by column; ``youngest``: birth (quarter) of who lives as a child there, 0 = nobody."""
    rows, n = who.row, who.row.size
    for k in range(n):
        who.id[k] = p.id[rows[k]]
    for k in range(n):
        who.key[k] = p.key[rows[k]]
    for k in range(n):
        who.sex[k] = p.sex[rows[k]]
    for k in range(n):
        who.age[k] = (now - np.int64(p.birth[rows[k]])) >> 2
    for k in range(n):
        who.quartier[k] = p.quartier[rows[k]]
    for k in range(n):
        who.state[k] = states[who.id[k]]
    for k in range(n):
        youngest[k] = first[p.household[rows[k]]]
    for k in range(n):
        i, latest = youngest[k], 0
        while i >= 0:
            if p.role[i] == _CHILD_ROLE:
                latest = max(latest, np.int64(p.birth[i]))
            i = p.next_member[i]
        youngest[k] = latest


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
def _decide(rules, now, need, who, youngest, u, load):
    """Set employment, capacity and the child under 14; add the need each giver faces to ``load`` [row].

    Who gave up rests; then the other candidates are asked once more.
    """
    employed, full, full_until = rules.employed, rules.full, rules.full_until
    chances, capacities = rules.chance.ravel(), rules.capacity.ravel()
    begin, rows, ties, in_law, sexes = who.begin, who.row, who.tie, who.in_law, who.sex
    state, ages, works, capacity, strain = who.state, who.age, who.employment, who.capacity, who.strain
    for k in range(rows.size):
        sex, tie, age, child = np.uint32(sexes[k]), np.uint32(ties[k]), ages[k], now - youngest[k]
        work = employment(employed, full, full_until, u[3, k], sex, age, state[k] & WORK_BITS)
        works[k], who.under_14[k], strain[k] = work, child < _FOURTEEN, u[1, k]
        pair = (tie * np.uint32(2) + np.uint32(in_law[k])) * np.uint32(2) + sex
        pair = (pair * np.uint32(2) + np.uint32(work == _FULL_TIME)) * np.uint32(2) + np.uint32(child < _SIX)
        u[3, k] = chances[pair]
        place = (tie * np.uint32(2) + sex) * np.uint32(3) + np.uint32(work)
        capacity[k] = capacities[place * np.uint32(2) + np.uint32(age >= 80)]
    for c in range(need.size):
        rests = False
        for k in range(begin[c], begin[c + 1]):
            rests |= (state[k] & GAVE_UP) != 0
        for k in range(begin[c], begin[c + 1]):
            gives = ((u[0, k] < u[3, k]) | (rests & (u[2, k] < u[3, k]))) & ((state[k] & GAVE_UP) == 0)
            capacity[k] *= gives
            load[rows[k]] += gives * need[c]


def candidates(
    model: QuartierModel,
    rules: Rules,
    cases: Cases,
    pairs: Pairs,
    at_home: np.ndarray,
    state: np.ndarray,
    need: np.ndarray,
    load: np.ndarray,
) -> Candidates:
    """Who could give care, and who of them does; ``state`` u8 by id, ``need`` f64 per case.

    Adds the need that every giver faces to ``load`` (f64 per row of people).
    """  # fmt: skip
    p, limits, most = model.people, limits_of(model), 2 * pairs.carer.size
    spouse = np.empty(pairs.carer.size, np.int32)
    place = (limits.able, model.row_of_id, p.household, p.care, p.birth, p.present)
    _lives_with(pairs.carer, p.partner, limits.child, *place, spouse)
    begin, row = np.empty(cases.rows.size + 1, np.int64), np.empty(most, np.int32)
    tie, in_law = np.empty((2, most), np.uint8)
    n = _expand(pairs.case, pairs.carer, pairs.tie, spouse, at_home, begin, row, tie, in_law)
    state_, sex, employment_, under_14 = np.empty((4, n), np.uint8)
    (age, youngest), (capacity, strain) = np.empty((2, n), np.int64), np.empty((2, n))
    who = Candidates(
        begin, row[:n], np.empty(n, np.int32), np.empty(n, np.uint64), np.empty(n, np.uint16), state_, tie[:n], in_law[:n],
        sex, age, employment_, under_14, capacity, strain,
    )  # fmt: skip
    columns = _Columns(*(getattr(p, name) for name in _Columns._fields))
    _look_up(columns, model.households.first_member, state, model.now, who, youngest)
    u = np.empty((4, n))
    _draw(model.luck.stream, begin, remembered(model, "key"), who.key, u)
    _decide(rules, model.now, need, who, youngest, u, load)
    return who
