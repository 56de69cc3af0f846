"""What relatives and people in need keep from step to step: luck drawn for good, sex, birth, household, help from outside.

Nothing here is state: whatever is missing is fetched or drawn again, with the same result. A case finds its entry of the
step before by the order of rows, a relative among the few of the case. Who lives with a relative is looked up anew only
where a verb has changed the household (`households.changed_homes`), and for all when rows of people have moved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numba as nb
import numpy as np

from ..cases import remembered
from ..fetch import fetch
from ..households import changed_homes
from ..kin_distance import BITS, MOST
from ..luck import TWO32, Decision, fill_word, pair_words
from ..tables import NONE
from .care_carers import Cases, Pairs, Tie
from .care_kin_rules import FULL_TIME, Rules, employment

if TYPE_CHECKING:
    from ..model import QuartierModel

_SIDE = "care_kin_cache"
_FULL_TIME = int(FULL_TIME)
_PARTNER, _CHILD_IN_HOUSEHOLD, _CHILD_ROLE = int(Tie.PARTNER), int(Tie.CHILD_IN_HOUSEHOLD), 1
_KIN_PAIR, _KIN_EMPLOYMENT, _KIN_AWAY_PAIR = (
    int(Decision.KIN_PAIR), int(Decision.KIN_EMPLOYMENT), int(Decision.KIN_AWAY_PAIR)
)  # fmt: skip

KIN: Final = np.dtype(
    [
        ("key", "u8"), ("id", "i4"), ("row", "i4"), ("gives", "u4"), ("strain", "u4"), ("again", "u4"), ("works", "u4"),
        ("birth", "u2"), ("youngest", "u2"), ("quartier", "u2"), ("tie", "u1"), ("in_law", "u1"), ("sex", "u1"),
        ("state", "u1"), ("age", "u1"), ("employment", "u1"), ("under_14", "u1"),
    ],
    align=True,
)  # fmt: skip
"""All about one candidate, side by side: who it is; words of luck for good, whether this relative gives, is strained, gives
when asked again (of the pair) and works (of the person); birth, that of the youngest child in the household (0 = none),
Quartier, `Tie`, whether partner of a child, sex. Of this step: bits of state, completed age, employment, whether a child
under 14 lives in the household."""


class Traits(NamedTuple):
    """One entry per case: row and id (i32), what ``further`` follows from (age i64, ``packed`` u16 children outside the
    town), hours of these children (f64), ``away`` u8 [sex, case] how many give them, luck of other kin (f64)."""

    row: np.ndarray
    id: np.ndarray
    age: np.ndarray
    packed: np.ndarray
    further: np.ndarray
    away: np.ndarray
    other: np.ndarray


class Relatives(NamedTuple):
    """Pairs of case ``c`` from ``first[c]`` to ``first[c + 1]``: row of the relative, `Tie`, household that counts (the one
    shared, else the relative's). Candidates (`KIN`) of pair ``j`` from ``entry[j]`` to ``entry[j + 1]``: the relative, and
    the partner who lives with a child; those of case ``c`` from ``begin[c]`` to ``begin[c + 1]``."""

    first: np.ndarray
    carer: np.ndarray
    tie: np.ndarray
    home: np.ndarray
    entry: np.ndarray
    begin: np.ndarray
    kin: np.ndarray


class Known(NamedTuple):
    """All of one step, in the order of cases; how often rows of people had moved by then."""

    stream: np.uint64
    reordered: int
    traits: Traits
    relatives: Relatives


class Place(NamedTuple):
    """Household (i32), Quartier (u16) and whether at home in a private household (bool) of each case."""

    home: np.ndarray
    where: np.ndarray
    at_home: np.ndarray


def _no_traits(n: int) -> Traits:
    row, id_ = np.empty((2, n), np.int32)
    further, other = np.empty((2, n))
    return Traits(row, id_, np.empty(n, np.int64), np.empty(n, np.uint16), further, np.empty((2, n), np.uint8), other)


def _nothing(stream: np.uint64, reordered: int) -> Known:
    """One case that is nobody's and one pair that belongs to nobody, so that a place that does not count can be read."""
    two = np.zeros(2, np.int32)
    pairs = Relatives(two, two, two.astype(np.uint8), two, np.zeros(3, np.int32), two, np.zeros(0, KIN))
    traits = _no_traits(1)
    traits.row[:] = traits.id[:] = NONE
    return Known(stream, reordered, traits, pairs)


@nb.njit(cache=True)
def _match_cases(rows, ids, old_rows, old_ids, found):
    """Entry of the step before of each case, -1 = none; both tables follow the rows of people."""
    j, n = 0, old_rows.size
    for c in range(rows.size):
        while j < n and old_rows[j] < rows[c]:
            j += 1
        found[c] = j if j < n and old_ids[j] == ids[c] else -1


@nb.njit(cache=True)
def _carry_cases(found, age, packed, kin_away, old, out, new):
    """Take over what has not changed; returns how many have no luck yet or other children, listed in ``new``.

    ``other`` is -1 where it has to be drawn.
    """
    old_age, old_packed, old_further, old_away, old_other = old.age, old.packed, old.further, old.away, old.other
    further, away, other, rows, n = out.further, out.away, out.other, out.row, 0
    for c in range(found.size):
        packed[c] = kin_away[rows[c]]
    for c in range(found.size):
        j = np.uint32(max(found[c], 0))
        further[c], away[0, c], away[1, c] = old_further[j], old_away[0, j], old_away[1, j]
        other[c] = old_other[j] if found[c] >= 0 else -1.0
        same = (found[c] >= 0) & (old_packed[j] == packed[c]) & ((packed[c] == 0) | (old_age[j] == age[c]))
        new[n] = c
        n += not same
    return n


@nb.njit(cache=True)
def _list_draws(rules, new, key, age, packed, other, whose, number, keys):
    """List what some cases draw, of whom and by which key: 0 the luck of other kin, where it is missing, then one number for
    each child outside the town. Returns how many."""
    places, generation, of_age, oldest, n = (
        rules.capacity_away.size, rules.generation, rules.of_age, rules.child_oldest, 0
    )  # fmt: skip
    for c in new:
        whose[n], number[n], keys[n] = c, 0, key[c]
        n += other[c] < 0
        child_age, children = age[c] - generation, np.int64(packed[c])
        if children == 0 or child_age < of_age or child_age > oldest:
            continue
        for place in range(places):
            for order in range((children >> (BITS * place)) & MOST):
                whose[n], number[n], keys[n] = c, (MOST + 1) * place + order + 1, key[c]
                n += 1
    return n


@nb.njit(cache=True)
def _help_from_outside(rules, stream, new, key, age, packed, further, away, other):
    """Hours of children outside the town, each with luck, sex and employment of its own; luck of other kin."""
    employed, full, full_until = rules.employed, rules.full, rules.full_until
    chance, capacity, generation, most = rules.chance_away, rules.capacity_away, rules.generation, new.size
    for c in new:
        further[c], away[0, c], away[1, c] = 0.0, 0, 0
        for place in range(capacity.size):
            most += (np.int64(packed[c]) >> (BITS * place)) & MOST
    (whose, number), keys = np.empty((2, most + 1), np.int32), np.empty(most + 1, np.uint64)
    n = _list_draws(rules, new, key, age, packed, other, whose, number, keys)
    words = np.empty((3, n), np.uint32)
    for m in range(n):  # apart from what follows, so that the draws vectorise
        a, b, d, _ = pair_words(stream, _KIN_AWAY_PAIR, keys[m], np.uint64(number[m]))
        words[0, m], words[1, m], words[2, m] = a, b, d
    for m in range(n):
        c, place, sex = whose[m], (number[m] - 1) // (MOST + 1), np.int64(words[2, m] & np.uint32(1))
        u = (words[0, m] + 0.5) / TWO32
        if number[m] == 0:
            other[c] = u
            continue
        work = employment(employed, full, full_until, (words[1, m] + 0.5) / TWO32, sex, age[c] - generation, 0)
        gives = u < chance[sex, np.int64(work == _FULL_TIME), place]
        further[c] += capacity[place] * gives
        away[sex, c] += gives


@nb.njit(cache=True)
def _compare(found, case, carer, tie, old, changed, first, was, home, anew, look):
    """Pair of the step before of each pair (-1 = none), its household; which to look up ``anew``, and their list; returns how many.

    Where the household that counts has changed, or is another one, or where nobody could be a candidate before.
    """
    old_first, old_carer, old_tie, old_home, old_entry, n = old.first, old.carer, old.tie, old.home, old.entry, 0
    first[:] = 0
    for k in range(case.size):
        first[case[k] + 1] = k + 1
    for c in range(found.size):
        first[c + 1] = max(first[c], first[c + 1])
    for k in range(case.size):  # mostly nobody has come or gone; without a branch to guess
        c = np.uint32(case[k])
        j = np.uint32(max(found[c], 0))
        place = old_first[j] + k - first[c]
        here = (found[c] >= 0) & (place < old_first[j + np.uint32(1)])
        at = np.uint32(place if here else 0)
        here &= old_carer[at] == carer[k]
        other = (old_tie[at] <= _CHILD_IN_HOUSEHOLD) != (tie[k] <= _CHILD_IN_HOUSEHOLD)
        anew[k] = (not here) | other | (old_entry[at] == old_entry[at + 1])
        was[k], home[k] = np.int32(at) if here else -1, old_home[at]
    for k in range(case.size):
        anew[k] = (anew[k] | changed[np.uint32(home[k])]) != 0
        look[n] = k
        n += np.int64(anew[k])
    for m in range(n):
        c = case[look[m]]
        if was[look[m]] < 0 and found[c] >= 0:
            for o in range(old_first[found[c]], old_first[found[c] + 1]):
                was[look[m]] = o if old_carer[o] == carer[look[m]] else was[look[m]]
    return n


@nb.njit(cache=True)
def _look_up(look, case, carer, tie, place, people, households, row_of_id, home, spouse, youngest, quartier):
    """Household that counts for some relatives, birth of the youngest child in it, row of the partner a child lives with,
    and the Quartier.

    Loops go column by column, so that the processor fetches for many at a time. Two who live together are the couple or
    parent and child in question: no child is among them, nor a partner.
    """
    household, lives, partner, role, birth, next_member = people
    (size, first), case_home, where = households, place.home, place.where
    at, open_, n = np.empty(look.size, np.int32), np.empty(look.size + 1, np.int32), 0
    for m in range(look.size):  # all is fetched and some is kept, so that there is no branch to guess
        k = look[m]
        i, c, same = np.uint32(carer[k]), np.uint32(case[k]), tie[k] <= _CHILD_IN_HOUSEHOLD
        own, its, mate = household[i], lives[i], partner[i]
        home[k], quartier[m] = case_home[c] if same else own, where[c] if same else its
        spouse[m] = mate if tie[k] >= _CHILD_IN_HOUSEHOLD else -1
    for m in range(look.size):
        h, t = np.uint32(home[look[m]]), tie[look[m]]
        members, begins, row = size[h], first[h], row_of_id[np.uint32(max(spouse[m], 0))]
        two = (members == 2) & ((t == _PARTNER) | (t == _CHILD_IN_HOUSEHOLD))
        at[m], youngest[m] = -1 if (members == 1) | two else begins, 0
        spouse[m] = row if (spouse[m] >= 0) & (members != 1) else -1
        open_[n] = m
        n += at[m] >= 0
    for m in range(look.size):
        own, theirs = household[np.uint32(carer[look[m]])], household[np.uint32(max(spouse[m], 0))]
        spouse[m] = spouse[m] if own == theirs else -1
    while n > 0:  # the next member of all households
        left = 0
        for o in range(n):
            m = open_[o]
            i = np.uint32(at[m])
            youngest[m] = max(youngest[m], birth[i] * np.uint16(role[i] == _CHILD_ROLE))
            at[m] = next_member[i]
            open_[left] = m
            left += at[m] >= 0
        n = left


@nb.njit(cache=True)
def _expand(case, tie, at_home, was, anew, spouse, old, entry, whose, source, ties, place):
    """List the candidates of those who live in private households: relatives, and the partner of a child as a person.

    ``whose``, ``source`` and ``ties`` of each: the case, the entry of the step before, `Tie`; ``place`` of each pair looked up
    (``anew``): its first candidate. Returns how many there are. Two are written for each pair and as many kept as there are, without a
    branch to guess.
    """
    old_entry, last, n, m = old.entry, np.int32(max(old.kin.size - 1, 0)), np.uint32(0), np.uint32(0)
    for k in range(case.size):
        c, o, looked = np.uint32(case[k]), np.uint32(max(was[k], 0)), np.uint32(anew[k])
        begin, end, with_partner = old_entry[o], old_entry[o + np.uint32(1)], np.uint32(spouse[m] >= 0)
        before = np.uint32(end - begin) if was[k] >= 0 else np.uint32(0)
        entry[k], place[m], whose[n], whose[n + np.uint32(1)] = n, n, c, c
        source[n], source[n + np.uint32(1)] = min(begin, last), min(begin + np.int32(1), last)
        ties[n], ties[n + np.uint32(1)] = tie[k], tie[k]
        n += (np.uint32(1) + with_partner if looked else before) * np.uint32(at_home[c])
        m += looked
    entry[case.size] = n
    return n


@nb.njit(cache=True)
def _take_over(source, ties, case, carer, at_home, was, looked_up, place, old, kin, new):
    """Copy what is known of the candidates, correct what has been looked up; lists in ``new`` those of whom only the row is known.

    Returns how many these are.
    """
    old_entry, old_kin, fresh = old.entry, old.kin, 0
    look, spouse, youngest, quartier = looked_up
    for n in range(source.size if old_kin.size else 0):
        kin[n] = old_kin[np.uint32(source[n])]
    for n in range(source.size):
        kin[n]["tie"] = ties[n]
    for m in range(look.size):
        k, rows = look[m], (carer[look[m]], spouse[m])
        begin, end = (old_entry[was[k]], old_entry[was[k] + 1]) if was[k] >= 0 else (0, 0)
        for in_law in range(np.int64(spouse[m] >= 0) + 1 if at_home[case[k]] else 0):
            n, row = place[m] + in_law, rows[in_law]
            new[fresh] = n
            fresh += begin + in_law >= end or old_kin[begin + in_law]["row"] != row
            one = kin[n]
            one["row"], one["quartier"], one["youngest"], one["in_law"] = row, quartier[m], youngest[m], in_law
    return fresh


@nb.njit(cache=True)
def _fetch(stream, new, kin, whose, person, ids, keys, sex, birth):
    """Traits and luck of candidates who have none yet."""
    rows, words = np.empty(new.size, np.int32), np.empty((4, new.size), np.uint32)
    for m in range(new.size):
        rows[m] = kin[new[m]]["row"]
    key, id_, its_sex, born = fetch(keys, rows), fetch(ids, rows), fetch(sex, rows), fetch(birth, rows)
    fill_word(stream, np.uint64(0), np.uint64(_KIN_EMPLOYMENT), key, words[3])
    for m in range(new.size):
        words[0, m], words[1, m], words[2, m], _ = pair_words(stream, _KIN_PAIR, key[m], person[np.uint32(whose[new[m]])])
    for m in range(new.size):
        one = kin[new[m]]
        one["id"], one["key"], one["sex"], one["birth"] = id_[m], key[m], its_sex[m], born[m]
        one["gives"], one["strain"], one["again"], one["works"] = words[0, m], words[1, m], words[2, m], words[3, m]


@nb.njit(cache=True)
def _begin(first, entry, begin):
    for c in range(first.size):
        begin[c] = entry[first[c]]


def _relatives(
    model: QuartierModel, stream: np.uint64, pairs: Pairs, place: Place, found: np.ndarray, before: Relatives
) -> tuple[Relatives, np.ndarray]:
    """All relatives, and whose candidate each is (i32). ``found``: entry of the step before of each case."""
    p, h, n, changed = model.people, model.households, pairs.carer.size, changed_homes(model)
    first, (was, home), look = np.empty(found.size + 1, np.int32), np.empty((2, n), np.int32), np.empty(n + 1, np.int32)
    anew = np.empty(n, np.uint8)
    look = look[: _compare(found, *pairs, before, changed, first, was, home, anew, look)]
    (spouse, at), (youngest, quartier) = np.empty((2, look.size + 1), np.int32), np.empty((2, look.size), np.uint16)
    people = (p.household, p.quartier, p.partner, p.role, p.birth, p.next_member)
    _look_up(look, *pairs, place, people, (h.size, h.first_member), model.row_of_id, home, spouse, youngest, quartier)
    entry, (whose, source) = np.empty(n + 1, np.int32), np.empty((2, 2 * n + 2), np.int32)
    ties, at_home = np.empty(2 * n + 2, np.uint8), place.at_home
    m = _expand(pairs.case, pairs.tie, at_home, was, anew, spouse, before, entry, whose, source, ties, at)
    kin, new, looked = np.empty(m, KIN), np.empty(2 * look.size + 1, np.int32), (look, spouse, youngest, quartier)
    fresh = _take_over(source[:m], ties, pairs.case, pairs.carer, at_home, was, looked, at, before, kin, new)
    _fetch(stream, new[:fresh], kin, whose, remembered(model, "key"), p.id, p.key, p.sex, p.birth)
    begin = np.empty(first.size, np.int32)
    _begin(first, entry, begin)
    changed &= 1  # what `arrange_care` has not seen yet it will look up with us
    return Relatives(first, pairs.carer, pairs.tie, home, entry, begin, kin), whose[:m]


def _found_again(model: QuartierModel, known: Known, ids: np.ndarray) -> np.ndarray:
    """Entry of each case (by id) after rows of people have moved; relatives get their new rows, all is looked up anew."""
    old, place = known.relatives, np.full(model.next_id, NONE, np.int32)
    place[known.traits.id] = np.arange(known.traits.id.size)
    old.kin["row"] = model.row_of_id[old.kin["id"]]
    some = np.flatnonzero(old.entry[:-1] < old.entry[1:])
    old.carer[:] = NONE
    old.carer[some] = old.kin["row"][old.entry[some]]
    changed = changed_homes(model)
    changed[changed == 0] = 2
    return place[ids]


def known_of(model: QuartierModel, rules: Rules, cases: Cases, pairs: Pairs, place: Place) -> tuple[Known, np.ndarray]:
    """Traits of all cases and candidates: carried over where they can be, else looked up and drawn.

    Returns also whose candidate each is (i32).
    """
    p, stream = model.people, model.luck.stream
    ids, keys = remembered(model, "id"), remembered(model, "key")
    before: Known | None = model.side.get(_SIDE)
    if before is None or before.stream != stream or before.relatives.carer.size == 0:
        before = _nothing(stream, p.reordered)
    n, found = ids.size, np.empty(ids.size, np.int32)
    if before.reordered == p.reordered:
        _match_cases(cases.rows, ids, before.traits.row, before.traits.id, found)
    else:
        found = _found_again(model, before, ids)
    traits = _no_traits(n)._replace(row=cases.rows, id=ids, age=cases.age)
    new = np.empty(n + 1, np.int32)
    new = new[: _carry_cases(found, cases.age, traits.packed, p.kin_away, before.traits, traits, new)]
    outside = (traits.further, traits.away, traits.other)
    _help_from_outside(rules, stream, new, keys, cases.age, traits.packed, *outside)
    relatives, whose = _relatives(model, stream, pairs, place, found, before.relatives)
    known = model.side[_SIDE] = Known(stream, p.reordered, traits, relatives)
    return known, whose
