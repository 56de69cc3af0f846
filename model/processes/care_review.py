"""One pass over the people in need at home: what each of them wants in this step (model-care.md 4.2, 4.3).

The luck of a few hundred cases is drawn at a time, block by block, so that the hashes vectorise; then each case is looked
at once, in plain scalar code, and its probabilities are looked up in the tables of `care_choice`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numba as nb
import numpy as np

from ..cases import Memory, keep
from ..columns import Former, Setting, Union
from ..luck import _LOW, _S32, TWO32, Decision, philox4x32
from ..thresholds import AGES
from .care_carers import Carer, Cases, Pairs
from .care_choice import PARENTS, choices_of

if TYPE_CHECKING:
    from ..model import QuartierModel

_CHUNK: Final = 512
_TASTE_HOME, _REDRAW = int(Decision.TASTE_HOME), int(Decision.TASTE_REDRAW)
_SERVICE, _DAY, _SHORT = int(Decision.TASTE_SERVICE), int(Decision.TASTE_DAY_CARE), int(Decision.SHORT_TERM_STAY)
_NO_UNION, _WIDOWED = int(Union.NONE), int(Former.WIDOWED)
_IN_HOUSEHOLD, _NO_CARER = int(Carer.IN_HOUSEHOLD), int(Carer.NONE)
_PARENTS = int(PARENTS)
_RESIDENT, _FLAT, _OLDEST = int(Setting.RESIDENTIAL_CARE), int(Setting.SHARED_CARE_FLAT), AGES - 1
_GRADES_8: Final = np.uint64(0x0707070707070707)


class Services(NamedTuple):
    """What people in need at home want and get; one entry per case.

    ``wants`` and ``hours`` (bool, and float64 direct hours of an ambulatory service per week), ``day_wanted``, ``day``
    (bool), ``short_wanted``, ``short`` (bool, a stay in this quarter).
    """

    wants: np.ndarray
    hours: np.ndarray
    day_wanted: np.ndarray
    day: np.ndarray
    short_wanted: np.ndarray
    short: np.ndarray


class _People(NamedTuple):
    """Columns the review reads, and `care`, in which it marks the frail."""

    sex: np.ndarray
    union_state: np.ndarray
    former_union: np.ndarray
    quartier: np.ndarray
    care: np.ndarray


class Review(NamedTuple):
    """What came out: positions (i64) in `Cases` of those who want a nursing home, who of the cases has lost a carer in the
    household since the last step (bool), and the services wanted."""

    seek: np.ndarray
    lost: np.ndarray
    services: Services


@nb.njit(cache=True)
def _sort_out(care, care_8, setting, setting_8, present, birth, now, rows, age, grade, demented, ended):
    """Those in need who live neither in a home nor in a shared flat, and rows of those whose need has ended; eight at a time."""
    n = m = 0
    for eight in range(care_8.size + 1):
        last = eight == care_8.size
        if not last and (care_8[eight] & _GRADES_8) == 0 and setting_8[eight] == 0:
            continue
        for i in range(8 * eight, care.size if last else 8 * eight + 8):
            g = care[i] & 7
            here = present[i] != 0
            rows[n], grade[n], demented[n] = i, g, (care[i] >> 3) & 1
            n += here & (g != 0) & (setting[i] != _RESIDENT) & (setting[i] != _FLAT)
            ended[m] = i
            m += here & (g == 0) & (setting[i] != 0)
    for c in range(n):
        age[c] = (now - np.int64(birth[rows[c]])) >> 2
    return n, m


def sort_out(model: QuartierModel) -> tuple[Cases, np.ndarray]:
    """People in need who live neither in a nursing home nor in a shared flat, and rows (i32) of those whose need has ended."""
    p = model.people
    whole, most = len(p) // 8 * 8, len(p) + 1
    rows, ended = np.empty((2, most), np.int32)
    age, (grade, demented) = np.empty(most, np.int64), np.empty((2, most), np.uint8)
    care_8, setting_8 = p.care[:whole].view(np.uint64), p.setting[:whole].view(np.uint64)
    n, m = _sort_out(
        p.care, care_8, p.setting, setting_8, p.present, p.birth, model.now, rows, age, grade, demented, ended
    )
    return Cases(rows[:n], age[:n], grade[:n], demented[:n]), ended[:m]


@nb.njit(inline="always")
def _fill(stream, step, decision, keys, words):
    """The words of one decision for some keys."""
    k0, k1, block = stream & _LOW, stream >> _S32, np.uint64(decision >> 2)
    which = decision & 3
    for j in range(keys.size):
        key = keys[j]
        a, b, c, d = philox4x32(key & _LOW, key >> _S32, np.uint64(step), block, k0, k1)
        words[j] = np.uint32(a if which == 0 else (b if which == 1 else (c if which == 2 else d)))


@nb.njit(inline="always")
def _unit(word):
    return (np.float64(word) + 0.5) / TWO32


@nb.njit(inline="always")
def _one_wish(c, r, now, words, p, known, t, class_of, level, age, cell, situation):
    """Whether the person of one case wants a nursing home; renews the taste and marks the frail."""
    if known.need_since[c] == 0 or words[0] < t.redraw:
        if known.need_since[c] == 0:
            known.need_since[c] = now
        known.taste[c] = np.float32(_unit(words[1]))
    lone = p.sex[r] == 0 and situation != _IN_HOUSEHOLD
    lone = lone and p.union_state[r] == _NO_UNION and p.former_union[r] != _WIDOWED
    chance, taste = t.home[situation, np.int64(lone), cell, age], np.float64(known.taste[c])
    if taste < chance:
        p.care[r] |= 16
    # without a branch: with one, numba counts references to every array in the loop, seven times as slow
    seen = situation - np.int64((situation == _NO_CARER) & (known.serviced[c] > 0))
    chance = t.home[seen, np.int64(lone), cell, age]
    factor = t.on_home if known.day_care[c] > 0 else 1.0
    factor *= level[class_of[p.quartier[r]] if level.shape[0] > 1 else 0, cell % 5]
    if taste < chance * factor:
        known.wish[c] = 1
    return known.wish[c] != 0


@nb.njit(cache=True)
def _review(stream, now, cases, situation, parents, p, known, t, class_of, level, seek, lost, out):
    """Review all cases; returns how many want a nursing home."""
    wants, hours, day, short = out
    words, asks = np.empty((5, _CHUNK), np.uint32), 0
    for start in range(0, cases.rows.size, _CHUNK):
        m = min(_CHUNK, cases.rows.size - start)
        keys = known.key[start : start + m]
        _fill(stream, now, _REDRAW, keys, words[0])
        _fill(stream, now, _TASTE_HOME, keys, words[1])
        _fill(stream, 0, _SERVICE, keys, words[2])
        _fill(stream, 0, _DAY, keys, words[3])
        _fill(stream, now, _SHORT, keys, words[4])
        for j in range(m):
            c = start + j
            r, grade, k = cases.rows[c], cases.grade[c], situation[c]
            demented, age = np.int64(cases.demented[c]), min(cases.age[c], _OLDEST)
            cell = 5 * demented + grade - 1
            own = (words[0, j], words[1, j])
            seek[asks] = c
            asks += _one_wish(c, r, now, own, p, known, t, class_of, level, age, cell, k)
            lost[c] = (known.carer[c] == _IN_HOUSEHOLD + 1) & (k != _IN_HOUSEHOLD)
            known.carer[c] = k + 1
            kind = k - np.int64((k == _NO_CARER) & (known.serviced[c] > 0))
            kind = _PARENTS if parents[c] and cases.age[c] < t.parents_until else kind
            wants[c] = _unit(words[2, j]) < t.service[kind, cell]
            hours[c] = min(t.hours, t.need[demented, p.sex[r], age, grade - 1]) if wants[c] else 0.0
            day[c] = _unit(words[3, j]) < t.day[cell, age]
            short[c] = (words[4, j] < t.short) & (grade >= 2) & (k != _NO_CARER)
    return asks


def review(model: QuartierModel, cases: Cases, known: Memory, situation: np.ndarray, parents: np.ndarray) -> Review:
    """Let everybody in need at home think about what she or he wants.

    A taste for a nursing home is drawn at the start of a spell of need and anew now and then; a wish for one stays until
    the need ends. Serviced housing counts as much as a child within reach. The frail bit follows the wish without day care,
    serviced housing and a scenario's level, so that no place of any service changes it (and with it, deaths). Tastes for
    services last for life.
    """
    p, n = model.people, cases.rows.size
    class_of, level = model.rates.resolve("care_home_wish_level", model.now, model.n_quartiere)
    columns = _People(*(getattr(p, name) for name in _People._fields))
    seek, (lost, wants, day, short) = np.empty(n + 1, np.int64), np.empty((4, n), np.bool_)
    hours = np.empty(n)
    asks = _review(
        model.luck.stream,
        model.now,
        cases,
        situation,
        parents,
        columns,
        known,
        choices_of(model),
        class_of,
        np.ascontiguousarray(level),
        seek,
        lost,
        (wants, hours, day, short),
    )
    return Review(seek[:asks], lost, Services(wants, hours, day, day, short, short))


@nb.njit(cache=True)
def _stay(gone, cases, pairs, situation, services, known):
    """Move the cases that stay to the front, and their pairs with them; returns how many of each."""
    n = m = 0
    j, many = 0, pairs.case.size
    for c in range(gone.size):
        if not gone[c]:
            cases.rows[n], cases.age[n] = cases.rows[c], cases.age[c]
            cases.grade[n], cases.demented[n], situation[n] = cases.grade[c], cases.demented[c], situation[c]
            services.wants[n], services.hours[n] = services.wants[c], services.hours[c]
            services.day[n], services.short[n] = services.day[c], services.short[c]
            known.row[n], known.id[n], known.key[n] = known.row[c], known.id[c], known.key[c]
            known.taste[n], known.need_since[n] = known.taste[c], known.need_since[c]
            known.waiting_since[n], known.wish[n] = known.waiting_since[c], known.wish[c]
            known.carer[n], known.day_care[n] = known.carer[c], known.day_care[c]
            known.serviced[n] = known.serviced[c]
        while j < many and pairs.case[j] == c:
            if not gone[c]:
                pairs.case[m], pairs.carer[m], pairs.tie[m] = n, pairs.carer[j], pairs.tie[j]
                m += 1
            j += 1
        n += not gone[c]
    return n, m


def without(
    model: QuartierModel,
    gone: np.ndarray,
    cases: Cases,
    pairs: Pairs,
    situation: np.ndarray,
    services: Services,
    known: Memory,
) -> tuple[Cases, Pairs, np.ndarray, Services]:
    """What is left when some cases (bool) do not live at home any more; the arrays given are used again."""
    n, m = _stay(gone, cases, pairs, situation, services, known)
    keep(model, Memory(*(column[:n] for column in known)))
    day, short = services.day[:n], services.short[:n]
    left = Services(services.wants[:n], services.hours[:n], day, day, short, short)
    return Cases(*(c[:n] for c in cases)), Pairs(*(c[:m] for c in pairs)), situation[:n], left
