"""One pass over the people in need at home: what each of them wants in this step (model-care.md 4.2, 4.3).

The luck of a few hundred cases is drawn at a time, block by block, so that the hashes vectorise; then each case is looked
at once, in plain scalar code, and its probabilities are looked up in the tables of `care_choice`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numba as nb
import numpy as np

from ..care_hazards import GRADES
from ..cases import Memory, keep
from ..columns import Former, Setting, Union
from ..dwelling_features import barrier_free
from ..luck import BLOCK, TWO32, Decision, draw_block, fill_word, word
from ..marked import rows_of_bytes
from ..thresholds import AGES
from .care_carers import Carer, Cases, Pairs
from .care_choice import PARENTS, choices_of
from .care_relatives import Home

if TYPE_CHECKING:
    from ..model import QuartierModel

_CHUNK: Final = 512
_TASTE_HOME, _REDRAW = int(Decision.TASTE_HOME), int(Decision.TASTE_REDRAW)
_SERVICE, _SHORT = int(Decision.TASTE_SERVICE), int(Decision.SHORT_TERM_STAY)
if (_SERVICE & 3, int(Decision.TASTE_DAY_CARE)) != (2, _SERVICE + 1):
    raise AssertionError("tastes for a service and for day care must be the last two words of one block of luck")
_THIRD, _FOURTH = np.uint32(2 * BLOCK), np.uint32(3 * BLOCK)
_NO_UNION, _WIDOWED = int(Union.NONE), int(Former.WIDOWED)
_IN_HOUSEHOLD, _NO_CARER = int(Carer.IN_HOUSEHOLD), int(Carer.NONE)
_PARENTS, _AGES, _GRADES = np.uint32(PARENTS), np.uint32(AGES), np.uint32(GRADES)
_CELLS, _TWICE = np.uint32(2 * GRADES), np.uint32(4 * GRADES)
"""Grades without and with dementia; the same for others and for lone men: sizes of the tables of `care_choice`."""
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
def _somebody(care, care_8, setting, setting_8, found):
    """Rows of those with a grade or a setting; first eight at a time, without a branch to guess."""
    eights, values, k = np.empty(care_8.size + 1, np.uint32), np.empty(care_8.size + 1, np.uint64), np.uint64(0)
    for eight in range(np.uint64(care_8.size)):
        eights[k], values[k] = eight, (care_8[eight] & _GRADES_8) | setting_8[eight]
        k += np.uint64(values[k] != 0)
    n = rows_of_bytes(eights[:k], values[:k], found)
    for i in range(8 * care_8.size, care.size):
        found[n] = i
        n += np.uint64(((care[i] & 7) | setting[i]) != 0)
    return n


@nb.njit(cache=True)
def _sort_out(found, care, setting, present, birth, now, what, rows, age, grade, demented, ended):
    """Those in need who live neither in a home nor in a shared flat, and rows of those whose need has ended.

    In loops that fetch or decide, but not both: so the processor fetches for many at once.
    """
    n = m = np.uint64(0)
    for j in range(found.size):
        i = np.uint32(found[j])
        g, here, s = care[i] & 7, present[i] != 0, setting[i]
        what[j] = np.uint8(here & (g != 0) & (s != _RESIDENT) & (s != _FLAT)) + np.uint8(2) * np.uint8(here & (g == 0))
    for j in range(found.size):
        rows[n], ended[m] = found[j], found[j]
        n += np.uint64(what[j] & 1)
        m += np.uint64(what[j] >> 1)
    for c in range(n):
        i = np.uint32(rows[c])
        grade[c], demented[c], age[c] = care[i] & 7, (care[i] >> 3) & 1, (now - np.int64(birth[i])) >> 2
    return n, m


def sort_out(model: QuartierModel) -> tuple[Cases, np.ndarray]:
    """People in need who live neither in a nursing home nor in a shared flat, and rows (i32) of those whose need has ended."""
    p = model.people
    whole = len(p) // 8 * 8
    found = np.empty(len(p) + 1, np.int32)
    care_8, setting_8 = p.care[:whole].view(np.uint64), p.setting[:whole].view(np.uint64)
    found = found[: _somebody(p.care, care_8, p.setting, setting_8, found)]
    most = found.size + 1
    rows, ended = np.empty((2, most), np.int32)
    age, (grade, demented, what) = np.empty(most, np.int64), np.empty((3, most), np.uint8)
    n, m = _sort_out(found, p.care, p.setting, p.present, p.birth, model.now, what, rows, age, grade, demented, ended)
    return Cases(rows[:n], age[:n], grade[:n], demented[:n]), ended[:m]


@nb.njit(inline="always")
def _unit(word):
    return (np.float64(word) + 0.5) / TWO32


@nb.njit(cache=True)
def _tastes(stream, now, known_since, known_taste, keys, redraw, words):
    """Begin spells of need that are new and draw tastes for a home, at the beginning and anew now and then."""
    for start in range(0, keys.size, _CHUNK):
        m = min(_CHUNK, keys.size - start)
        fill_word(stream, np.uint64(now), np.uint64(_REDRAW), keys[start : start + m], words)
        for j in range(m):
            c = start + j
            new = known_since[c] == 0
            if new | (words[j] < redraw):
                known_taste[c] = np.float32(_unit(word(stream, now, _TASTE_HOME, keys[c])))
                known_since[c] = now if new else known_since[c]


@nb.njit(cache=True)
def _review(stream, now, cases, situation, parents, p, known, t, class_of, level, most, near, chances, lost, out):
    """Review all cases; list those who may come to want a nursing home, whose chance times ``most`` lies above their taste,
    with the chance. Returns how many they are.

    The frail are marked. No branch touches an array: with one, numba counts references to every array in the loop. Numbers
    are unsigned: a negative one would count from the end, which costs a choice each time.
    """
    wants, hours, day, short = out
    rows, ages, grades, dementia = cases
    sex, union_state, former_union, quartier, care = p
    home, service, day_chance, capped = t.home.ravel(), t.service.ravel(), t.day.ravel(), t.capped.ravel()
    until, stays, on_home = t.parents_until, t.short, t.on_home
    keys, tastes, wish, carer = known.key, known.taste, known.wish, known.carer
    guest, serviced, own = known.day_care, known.serviced, np.uint32(level.shape[0] > 1)
    words, lasting, new, one = np.empty(_CHUNK, np.uint32), np.empty(4 * BLOCK, np.uint32), np.uint64(0), np.uint32(1)
    for start in range(0, rows.size, _CHUNK):
        m = min(_CHUNK, rows.size - start)
        draw_block(stream, np.uint64(0), np.uint64(_SERVICE >> 2), keys[start : start + m], lasting)
        fill_word(stream, np.uint64(now), np.uint64(_SHORT), keys[start : start + m], words)
        for j in range(np.uint32(m)):
            c = np.uint32(start) + j
            r, k, grade = np.uint32(rows[c]), np.uint32(situation[c]), np.uint32(grades[c])
            age, man, ill = np.uint32(min(ages[c], _OLDEST)), np.uint32(sex[r] == 0), np.uint32(dementia[c])
            cell, taste = _GRADES * ill + grade - one, np.float64(tastes[c])
            alone = (union_state[r] == _NO_UNION) & (former_union[r] != _WIDOWED) & (k != _IN_HOUSEHOLD)
            place = (man & np.uint32(alone)) * _CELLS + cell
            care[r] |= np.uint8(16) * np.uint8(taste < home[(k * _TWICE + place) * _AGES + age])
            seen = k - np.uint32((k == _NO_CARER) & (serviced[c] > 0))
            factor = on_home if guest[c] > 0 else 1.0
            factor *= level[class_of[quartier[r * own]] * own, grade - one]
            chance = home[(seen * _TWICE + place) * _AGES + age] * factor
            near[new], chances[new] = c, chance
            new += np.uint64((taste < chance * most) & (wish[c] == 0))
            lost[c] = (carer[c] == _IN_HOUSEHOLD + 1) & (k != _IN_HOUSEHOLD)
            carer[c] = k + one
            kind = _PARENTS if parents[c] & (ages[c] < until) else seen
            wants[c] = _unit(lasting[_THIRD + j]) < service[kind * _CELLS + cell]
            woman = ill * np.uint32(2) + one - man
            hours[c] = capped[(woman * _AGES + age) * _GRADES + grade - one] * np.float64(wants[c])
            day[c] = _unit(lasting[_FOURTH + j]) < day_chance[cell * _AGES + age]
            short[c] = (words[j] < stays) & (grade >= 2) & (k != _NO_CARER)
    return new


def review(model: QuartierModel, cases: Cases, known: Memory, situation: np.ndarray, parents: np.ndarray) -> Review:
    """Let everybody in need at home think about what she or he wants.

    A taste for a nursing home is drawn at the start of a spell of need and anew now and then; a wish for one stays until
    the need ends. Serviced housing counts as much as a child within reach. The frail bit follows the wish without day care,
    serviced housing, dwelling and a scenario's level, so that no place of any service changes it (and with it, deaths). Tastes for
    services last for life.
    """
    p, n = model.people, cases.rows.size
    class_of, level = model.rates.resolve("care_home_wish_level", model.now, model.n_quartiere)
    columns = _People(*(getattr(p, name) for name in _People._fields))
    lost, wants, day, short = np.empty((4, n), np.bool_)
    near, hours, chances, choices = np.empty(n + 1, np.int32), np.empty(n), np.empty(n + 1), choices_of(model)
    odds, words = model.rates.parameter("care_barrier_free_on_home"), np.empty(_CHUNK, np.uint32)
    _tastes(model.luck.stream, model.now, known.need_since, known.taste, known.key, choices.redraw, words)
    new = _review(
        model.luck.stream,
        model.now,
        cases,
        situation,
        parents,
        columns,
        known,
        choices,
        class_of,
        np.ascontiguousarray(level),
        max(odds, 1.0),
        near,
        chances,
        lost,
        (wants, hours, day, short),
    )
    wants_home = _where_they_live(model, cases.rows[near[:new]], chances[:new], odds) > known.taste[near[:new]]
    known.wish[near[:new][wants_home]] = 1
    return Review(np.flatnonzero(known.wish), lost, Services(wants, hours, day, day, short, short))


def _where_they_live(model: QuartierModel, rows: np.ndarray, chance: np.ndarray, odds: float) -> np.ndarray:
    """Chance of a wish for a home given the dwelling: in a barrier-free one the odds are ``odds`` times as high (model-care.md 4.2)."""
    h, d = model.households, model.dwellings
    home = h.dwelling[model.people.household[rows]]
    free = (home >= 0) & barrier_free(d.features[np.maximum(home, 0)])
    usual = np.minimum(chance, 1.0)
    return np.where(free, odds * usual / (1 - usual + odds * usual), chance)


@nb.njit(cache=True)
def _close_gaps(stays, cases, situation, services, known, lives):
    """Move the entries that stay (positions) to the front, column by column."""
    wants, hours, day, short = services
    for n in range(stays.size):
        c = np.uint32(stays[n])
        cases.rows[n], cases.age[n], cases.grade[n], cases.demented[n] = (
            cases.rows[c], cases.age[c], cases.grade[c], cases.demented[c],
        )  # fmt: skip
    for n in range(stays.size):
        c = np.uint32(stays[n])
        situation[n], wants[n], hours[n], day[n], short[n] = situation[c], wants[c], hours[c], day[c], short[c]
    for n in range(stays.size):
        c = np.uint32(stays[n])
        known.row[n], known.id[n], known.key[n], known.taste[n], known.need_since[n] = (
            known.row[c], known.id[c], known.key[c], known.taste[c], known.need_since[c],
        )  # fmt: skip
        known.waiting_since[n], known.wish[n], known.carer[n], known.day_care[n], known.serviced[n] = (
            known.waiting_since[c], known.wish[c], known.carer[c], known.day_care[c], known.serviced[c],
        )  # fmt: skip
    for n in range(stays.size):
        c = np.uint32(stays[n])
        lives.home[n], lives.where[n], lives.kind[n] = lives.home[c], lives.where[c], lives.kind[c]
        lives.partner[n], lives.mother[n], lives.father[n] = lives.partner[c], lives.mother[c], lives.father[c]


@nb.njit(cache=True)
def _pairs_that_stay(gone, case, carer, tie, number, stays):
    """The same for pairs; the cases have new numbers. How many pairs and how many cases stay."""
    m = n = 0
    for c in range(gone.size):
        number[c], stays[n] = n, c
        n += not gone[c]
    for j in range(case.size):
        c = case[j]
        case[m], carer[m], tie[m] = number[c], carer[j], tie[j]
        m += not gone[c]
    return m, n


def without(
    model: QuartierModel,
    gone: np.ndarray,
    cases: Cases,
    pairs: Pairs,
    situation: np.ndarray,
    services: Services,
    known: Memory,
    lives: Home,
) -> tuple[Cases, Pairs, np.ndarray, Services, Home]:
    """What is left when some cases (bool) do not live at home any more; the arrays given are used again."""
    number, stays = np.empty((2, gone.size), np.int32)
    m, n = _pairs_that_stay(gone, *pairs, number, stays)
    wanted = services.wants, services.hours, services.day, services.short
    _close_gaps(stays[:n], cases, situation, wanted, known, lives)
    keep(model, Memory(*(column[:n] for column in known)))
    day, short = services.day[:n], services.short[:n]
    left = Services(services.wants[:n], services.hours[:n], day, day, short, short)
    rest = Pairs(*(c[:m] for c in pairs)), situation[:n], left, Home(*(c[:n] for c in lives))
    return Cases(*(c[:n] for c in cases)), *rest
