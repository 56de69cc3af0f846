"""What relatives and people in need keep from step to step: luck drawn for good, sex, birth, help from outside the town.

Nothing here is state: whatever is missing is fetched or drawn again, with the same result. A case finds its entry of the
step before by the order of rows (after a compaction it may not), a relative by the id among the few of the case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numba as nb
import numpy as np

from ..cases import remembered
from ..kin_distance import BITS, MOST
from ..luck import TWO32, Decision, pair_words, word
from ..tables import NONE
from .care_carers import Cases
from .care_kin_rules import FULL_TIME, Rules, employment

if TYPE_CHECKING:
    from ..model import QuartierModel

_SIDE = "care_kin_cache"
_FULL_TIME = int(FULL_TIME)
_KIN_PAIR, _KIN_EMPLOYMENT, _KIN_AWAY_PAIR = (
    int(Decision.KIN_PAIR), int(Decision.KIN_EMPLOYMENT), int(Decision.KIN_AWAY_PAIR)
)  # fmt: skip


class CaseTraits(NamedTuple):
    """One entry per case: row and id (i32), what ``further`` follows from (age i64, ``packed`` u16 children outside the
    town), hours of these children (f64), ``away`` u8 [sex, case] how many give them, luck of other kin (f64)."""

    row: np.ndarray
    id: np.ndarray
    age: np.ndarray
    packed: np.ndarray
    further: np.ndarray
    away: np.ndarray
    other: np.ndarray


class PairTraits(NamedTuple):
    """One entry per candidate: id (i32), key (u64), sex (u8), birth (u16), ``luck`` (words, u32 [4, candidates]): whether this relative
    gives, strain, asked again, and employment, which belongs to the person."""

    id: np.ndarray
    key: np.ndarray
    sex: np.ndarray
    birth: np.ndarray
    luck: np.ndarray


class Known(NamedTuple):
    """All of one step, in the order of cases; candidates of case ``c`` from ``begin[c]`` to ``begin[c + 1]``."""

    cases: CaseTraits
    begin: np.ndarray
    pairs: PairTraits


def _no_cases(n: int) -> CaseTraits:
    row, id_ = np.empty((2, n), np.int32)
    further, other = np.empty((2, n))
    return CaseTraits(
        row, id_, np.empty(n, np.int64), np.empty(n, np.uint16), further, np.empty((2, n), np.uint8), other
    )


def _no_pairs(n: int) -> PairTraits:
    small = np.empty(n, np.int32), np.empty(n, np.uint64), np.empty(n, np.uint8), np.empty(n, np.uint16)
    return PairTraits(*small, np.empty((4, n), np.uint32))


@nb.njit(cache=True)
def _match_cases(rows, ids, old_rows, old_ids, found):
    """Entry of the step before of each case, -1 = none. Where both tables follow the rows of people none is missed.

    Returns how many have none.
    """
    j, n, without = 0, old_rows.size, 0
    for c in range(rows.size):
        while j < n and old_rows[j] < rows[c] and old_ids[j] != ids[c]:
            j += 1
        found[c] = -1
        if j < n and old_ids[j] == ids[c]:
            found[c] = j
            j += 1
        without += found[c] < 0
    return without


@nb.njit(cache=True)
def _match_pairs(found, begin, ids, old_begin, old_ids, where, new):
    """Entry of the step before of each candidate (0 if there is none), and those who have none; returns how many."""
    n = 0
    for c in range(found.size):
        j = found[c]
        first = old_begin[j] if j >= 0 else 0
        last = old_begin[j + 1] if j >= 0 else 0
        for k in range(begin[c], begin[c + 1]):
            at, same = -1, first + k - begin[c]  # mostly nobody has come or gone
            if same < last and old_ids[same] == ids[k]:
                at = same
            else:
                for o in range(first, last):
                    if old_ids[o] == ids[k]:
                        at = o
            where[k] = max(at, 0)
            new[n] = k
            n += at < 0
    return n


@nb.njit(cache=True)
def _carry_pairs(where, old_key, old_sex, old_birth, old_luck, key, sex, birth, luck):
    for k in range(where.size):
        key[k] = old_key[where[k]]
    for k in range(where.size):
        sex[k] = old_sex[where[k]]
    for k in range(where.size):
        birth[k] = old_birth[where[k]]
    for w in range(4):
        for k in range(where.size):
            luck[w, k] = old_luck[w, where[k]]


@nb.njit(cache=True)
def _fetch_pairs(stream, new, case, rows, person, p_key, p_sex, p_birth, key, sex, birth, luck):
    """Traits and luck of those who have none yet; ``case``: whose candidate each is."""
    for k in new:
        row = rows[k]
        key[k], sex[k], birth[k] = p_key[row], p_sex[row], p_birth[row]
        a, b, d, _ = pair_words(stream, _KIN_PAIR, key[k], person[case[k]])
        e = word(stream, 0, _KIN_EMPLOYMENT, key[k])
        luck[0, k], luck[1, k], luck[2, k], luck[3, k] = a, b, d, e


@nb.njit(cache=True)
def _carry_cases(found, age, packed, old, out, new):
    """Take over what has not changed; returns how many have no luck yet or other children, listed in ``new``."""
    old_age, old_packed, old_further, old_away, old_other = old.age, old.packed, old.further, old.away, old.other
    further, away, other, n = out.further, out.away, out.other, 0
    for c in range(found.size):
        j = found[c]
        if j >= 0 and old_packed[j] == packed[c] and (packed[c] == 0 or old_age[j] == age[c]):
            further[c], away[0, c], away[1, c], other[c] = old_further[j], old_away[0, j], old_away[1, j], old_other[j]
        else:
            new[n] = c
            n += 1
    return n


@nb.njit(cache=True)
def _help_from_outside(rules, stream, new, key, age, packed, further, away, other):
    """Hours of children outside the town, each with luck, sex and employment of its own; luck of other kin."""
    employed, full, full_until = rules.employed, rules.full, rules.full_until
    chance, capacity, generation, of_age, oldest = (
        rules.chance_away, rules.capacity_away, rules.generation, rules.of_age, rules.child_oldest
    )  # fmt: skip
    for c in new:
        luck, _, _, _ = pair_words(stream, _KIN_AWAY_PAIR, key[c], np.uint64(0))
        other[c], further[c], away[0, c], away[1, c] = (luck + 0.5) / TWO32, 0.0, 0, 0
        child_age = age[c] - generation
        if packed[c] == 0 or child_age < of_age or child_age > oldest:
            continue
        for place in range(capacity.size):
            for n in range((np.int64(packed[c]) >> (BITS * place)) & MOST):
                a, b, d, _ = pair_words(stream, _KIN_AWAY_PAIR, key[c], np.uint64((MOST + 1) * place + n + 1))
                sex = int(d & np.uint64(1))
                work = employment(employed, full, full_until, (b + 0.5) / TWO32, sex, child_age, 0)
                if (a + 0.5) / TWO32 < chance[sex, int(work == _FULL_TIME), place]:
                    further[c] += capacity[place]
                    away[sex, c] += 1


@nb.njit(cache=True)
def _gather(values, rows, out):
    for c in range(rows.size):
        out[c] = values[rows[c]]


def known_of(
    model: QuartierModel, rules: Rules, cases: Cases, begin: np.ndarray, case: np.ndarray, row: np.ndarray
) -> Known:
    """Traits of all cases and candidates: carried over where they can be, else looked up and drawn.

    ``begin`` (i64), ``case`` (i32, whose), ``row`` (i32): the candidates.
    """
    p, stream = model.people, model.luck.stream
    ids, keys = remembered(model, "id"), remembered(model, "key")
    old = model.side.get(_SIDE)
    if old is None or old[0] != stream or old[1].cases.id.size == 0 or old[1].pairs.id.size == 0:
        old = (stream, Known(_no_cases(0), np.zeros(1, np.int64), _no_pairs(1)))
    before: Known = old[1]
    n, found = ids.size, np.empty(ids.size, np.int32)
    at_case = _no_cases(n)._replace(row=cases.rows, id=ids, age=cases.age)
    _gather(p.kin_away, cases.rows, at_case.packed)
    if 2 * _match_cases(cases.rows, ids, before.cases.row, before.cases.id, found) > n > 0:  # rows have moved
        place = np.full(model.next_id, NONE, np.int32)
        place[before.cases.id] = np.arange(before.cases.id.size)
        found = place[ids]
    new = np.empty(max(n, row.size) + 1, np.int32)
    some = new[: _carry_cases(found, cases.age, at_case.packed, before.cases, at_case, new)]
    outside = (at_case.further, at_case.away, at_case.other)
    _help_from_outside(rules, stream, some, keys, cases.age, at_case.packed, *outside)
    pairs, was, where = _no_pairs(row.size), before.pairs, np.empty(row.size, np.int32)
    _gather(p.id, row, pairs.id)
    some = new[: _match_pairs(found, begin, pairs.id, before.begin, was.id, where, new)]
    _carry_pairs(where, *was[1:], *pairs[1:])
    _fetch_pairs(stream, some, case, row, keys, p.key, p.sex, p.birth, *pairs[1:])
    known = Known(at_case, begin, pairs)
    model.side[_SIDE] = (stream, known)
    return known
