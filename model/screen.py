"""Who has the event? One compiled question for every process that asks it of many people.

Per block of 2,048 persons: the words of luck into one buffer, each person's place in the table of thresholds into
another, one flag byte per person compared without a branch, and only then the few to whom something happens, one by
one. All loops but the gather of thresholds vectorise: they use one flat buffer (LLVM gives up on five pointers that
might overlap) and unsigned numbers (a negative index would be a branch). The rules for those to whom something
happens stay in the process, in plain numpy.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numba as nb
import numpy as np

from .luck import _LOW, _S32, Decision, Luck, chooser, philox4x32

BLOCK: Final = 2048
MOST: Final = 4
"""Questions that can share one block of luck."""
_NO_COLUMN: Final = np.empty(0, np.uint8)


class Question(NamedTuple):
    """Thresholds by up to three small columns and age; what it takes to ask everybody one question.

    ``threshold`` (u32, flat) is indexed by ``a * stride_a + b * stride_b + c * stride_c + min(age, last_age)`` with
    ``age = (step - birth) >> shift``; ``shift`` 2 means completed years, 0 quarters. A column that is not needed has
    stride 0.
    """

    threshold: np.ndarray
    a: np.ndarray
    b: np.ndarray
    c: np.ndarray
    stride_a: np.uint32
    stride_b: np.uint32
    stride_c: np.uint32
    last_age: np.uint32
    shift: np.uint32
    decision: np.uint32


def question(decision: Decision, thresholds: np.ndarray, columns: list[np.ndarray], years: bool = True) -> Question:
    """Build a question from a table of thresholds with dimensions (columns …, age).

    Parameters
    ----------
    thresholds : u32, one dimension per column plus the last for age (completed years, or quarters). Who is older than
        the table takes its last entry.
    columns : up to three u8 arrays, one value per person, in the order of the dimensions.

    Raises
    ------
    ValueError : wrong dtype or number of dimensions, or a column holds a value that the table has no place for.
    """
    if thresholds.dtype != np.uint32 or thresholds.ndim != len(columns) + 1 or len(columns) > 3:
        raise ValueError("thresholds must be uint32 with one dimension per column and a last one for age")
    for i, (column, places) in enumerate(zip(columns, thresholds.shape, strict=False)):
        if column.dtype != np.uint8 or column.max(initial=0) >= places:
            raise ValueError(f"column {i} must be uint8 and below {places}, the length of its dimension")
    strides = [int(np.prod(thresholds.shape[i + 1 :])) for i in range(len(columns))] + [0] * (3 - len(columns))
    a, b, c = [np.ascontiguousarray(column) for column in columns] + [_NO_COLUMN] * (3 - len(columns))
    return Question(
        np.ascontiguousarray(thresholds).ravel(),
        a,
        b,
        c,
        np.uint32(strides[0]),
        np.uint32(strides[1]),
        np.uint32(strides[2]),
        np.uint32(thresholds.shape[-1] - 1),
        np.uint32(2 if years else 0),
        np.uint32(decision),
    )


@nb.njit(inline="always")
def _draw(stream, step, block, keys, words):
    """All four words of a block for each of up to 2,048 keys; word w of person j at ``w * BLOCK + j``."""
    k0, k1 = stream & _LOW, stream >> _S32
    for j in range(keys.size):
        key = keys[j]
        a, b, c, d = philox4x32(key & _LOW, key >> _S32, step, block, k0, k1)
        words[j] = np.uint32(a)
        words[j + BLOCK] = np.uint32(b)
        words[j + 2 * BLOCK] = np.uint32(c)
        words[j + 3 * BLOCK] = np.uint32(d)


@nb.njit(inline="always")
def _locate(ask, start, now, born, index):
    """Each person's place in the table of thresholds."""
    m = born.size
    for j in range(m):
        age = np.uint32(np.uint32(now) - np.uint32(born[j]))
        index[j] = min(np.uint32(age >> ask.shift), ask.last_age)
    if ask.stride_a != 0:
        a = ask.a[start : start + m]
        for j in range(m):
            index[j] += np.uint32(a[j]) * ask.stride_a
    if ask.stride_b != 0:
        b = ask.b[start : start + m]
        for j in range(m):
            index[j] += np.uint32(b[j]) * ask.stride_b
    if ask.stride_c != 0:
        c = ask.c[start : start + m]
        for j in range(m):
            index[j] += np.uint32(c[j]) * ask.stride_c


@nb.njit(cache=True)
def _screen(stream, step, block, keys, alive, birth, questions, asked, rows, flags):
    """Rows with at least one event, and which (bit q for question q). Returns how many."""
    words = np.empty(4 * BLOCK, np.uint32)
    indices = np.empty(BLOCK, np.uint32)
    flag = np.zeros(BLOCK, np.uint8)
    flag8 = flag.view(np.uint64)
    now = np.uint32(step)
    found = 0
    for start in range(0, keys.size, BLOCK):
        m = min(BLOCK, keys.size - start)
        _draw(stream, step, block, keys[start : start + m], words)
        born, living, index = birth[start : start + m], alive[start : start + m], indices[:m]
        flag[:] = 0
        for q in range(asked):
            ask = questions[q]
            _locate(ask, start, now, born, index)
            for j in range(m):
                index[j] = ask.threshold[index[j]]
            word = np.int64(ask.decision & 3)
            drawn = words[word * BLOCK : (word + 1) * BLOCK]
            bit = np.uint8(1 << q)
            for j in range(m):
                flag[j] |= np.uint8(drawn[j] < index[j]) * bit
        for j in range(m):
            flag[j] *= np.uint8(living[j] != 0)
        for eight in range((m + 7) // 8):
            if flag8[eight] == 0:
                continue
            for j in range(8 * eight, min(m, 8 * eight + 8)):
                # written for each, kept for those with an event: no branch to guess wrong
                rows[found] = start + j
                flags[found] = flag[j]
                found += flag[j] != 0
    return found


def screen(
    luck: Luck,
    step: int,
    block: int,
    keys: np.ndarray,
    alive: np.ndarray,
    birth: np.ndarray,
    questions: tuple[Question, ...],
) -> tuple[np.ndarray, np.ndarray]:
    """Ask one to four questions that share one block of luck.

    Returns rows (i32, ascending) of those with any event, and flags (u8, bit per question).
    ``keys`` u64, ``alive`` u8 and ``birth`` u16 have one entry per person. Always four questions are handed to the
    kernel, so that it is compiled once.

    Raises
    ------
    ValueError : no question or more than four, one of another block (it would read the luck of a different decision),
        or a column that has not one entry per person.
    """
    if not 1 <= len(questions) <= MOST or any(q.decision // 4 != block for q in questions):
        raise ValueError(f"screen asks one to {MOST} questions, all of block {block}")
    lengths = {column.size for q in questions for column in (q.a, q.b, q.c) if column is not _NO_COLUMN}
    if lengths | {alive.size, birth.size} != {keys.size}:
        raise ValueError("keys, alive, birth and every column of a question need one entry per person")
    rows = np.empty(keys.size, np.int32)
    flags = np.empty(keys.size, np.uint8)
    padded = questions + questions[:1] * (MOST - len(questions))
    n = _screen(luck.stream, np.uint64(step), np.uint64(block), keys, alive, birth, padded, len(questions), rows, flags)
    return rows[:n], flags[:n]


@nb.njit(inline="always")
def _place(now, born, sex, leads, care, ages):
    """Place in a table [care != 0, leads, sex, age]; who is older than the table takes its last entry."""
    age = np.uint32(now - np.uint32(born)) >> np.uint32(2)
    group = np.uint32(sex) + np.uint32(leads) * np.uint32(2) + np.uint32(care != 0) * np.uint32(4)
    return min(age, np.uint32(ages - np.uint32(1))) + group * ages


@nb.njit(cache=True)
def _screen_bounds(stream, step, block, keys, alive, sex, leads, care, birth, bounds, rough, ages, rows, flags, drawn):
    """Who lies below any of four bounds: rows, flags (bit w for word w) and all four words of each.

    ``rough`` holds the four bounds of a place in one u64, 16 bits each, so that one gather serves all.
    """
    words = np.empty(4 * BLOCK, np.uint32)
    indices, bound = np.empty(BLOCK, np.uint32), np.empty(BLOCK, np.uint64)
    flag = np.zeros(BLOCK, np.uint8)
    flag8 = flag.view(np.uint64)
    hits = np.empty(BLOCK + 8, np.int32)
    now = np.uint32(step)
    s16, s48, low = np.uint64(16), np.uint64(48), np.uint64(0xFFFF)
    found = 0
    for start in range(0, keys.size, BLOCK):
        m = min(BLOCK, keys.size - start)
        _draw(stream, step, block, keys[start : start + m], words)
        born, living = birth[start : start + m], alive[start : start + m]
        female, leading, code = sex[start : start + m], leads[start : start + m], care[start : start + m]
        index = indices[:m]
        for j in range(m):
            index[j] = _place(now, born[j], female[j], leading[j], code[j], ages)
        for j in range(m):
            bound[j] = rough[index[j]]
        flag[m:] = 0
        for j in range(m):
            b = bound[j]
            below = np.uint64(words[j]) >> s16 <= b & low
            below |= np.uint64(words[j + BLOCK]) >> s16 <= b >> s16 & low
            below |= np.uint64(words[j + 2 * BLOCK]) >> s16 <= b >> _S32 & low
            below |= np.uint64(words[j + 3 * BLOCK]) >> s16 <= b >> s48
            flag[j] = np.uint8(below)
        for j in range(m):
            flag[j] &= np.uint8(living[j] != 0)
        n = 0
        for eight in range((m + 7) // 8):
            if flag8[eight] == 0:
                continue
            for j in range(8 * eight, 8 * eight + 8):
                # written for each, kept for those below a bound: no branch to guess wrong
                hits[n] = j
                n += np.int64(flag[j])
        for h in range(n):
            j = hits[h]
            place = np.int64(4) * np.int64(index[j])
            bits = 0
            for w in range(4):
                word = words[w * BLOCK + j]
                drawn[found, w] = word
                bits |= np.int64(word < bounds[place + w]) << w
            rows[found], flags[found] = start + j, bits
            found += bits != 0
    return found


def screen_bounds(
    luck: Luck, step: int, block: int, people: Any, bounds: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Who could have one of up to four events that share a block of luck, by bounds that depend on little.

    Parameters
    ----------
    people : the table of people.
    bounds : u32 [care != 0, leads, sex, age, word], thresholds; 0 for a word that nobody asks for.

    Returns
    -------
    rows : i32, ascending, of those below any bound.
    flags : u8, bit w for word w.
    words : u32 [row, 4], their words of luck.
    """
    flat = np.ascontiguousarray(bounds, np.uint32).reshape(-1, MOST)
    sixteen = (np.maximum(flat.astype(np.uint64), 1) - 1) >> np.uint64(16)
    rough = sixteen @ np.array([1, 1 << 16, 1 << 32, 1 << 48], np.uint64)
    most = len(people)
    rows, flags, words = np.empty(most, np.int32), np.empty(most, np.uint8), np.empty((most, MOST), np.uint32)
    n = _screen_bounds(
        luck.stream,
        np.uint64(step),
        np.uint64(block),
        people.key,
        people.present,
        people.sex,
        people.leads,
        people.care,
        people.birth,
        flat.ravel(),
        rough,
        np.uint32(bounds.shape[3]),
        rows,
        flags,
        words,
    )
    return rows[:n], flags[:n], words[:n]


def happens(
    luck: Luck,
    step: int,
    decision: Decision,
    keys: np.ndarray,
    alive: np.ndarray,
    birth: np.ndarray,
    thresholds: np.ndarray,
    columns: list[np.ndarray],
) -> np.ndarray:
    """Rows (i32, ascending) of the people to whom one event happens; ages in completed years."""
    return screen(luck, step, decision // 4, keys, alive, birth, (question(decision, thresholds, columns),))[0]


@nb.njit(cache=True)
def _happens_to(stream, step, decision, keys, thresholds, out):
    m0, m1, m2, m3 = chooser(decision)
    block, k0, k1 = decision >> np.uint64(2), stream & _LOW, stream >> _S32
    for i in range(keys.size):
        a, b, c, d = philox4x32(keys[i] & _LOW, keys[i] >> _S32, step, block, k0, k1)
        out[i] = np.uint32(a & m0 | b & m1 | c & m2 | d & m3) < thresholds[i]


def happens_to(luck: Luck, step: int, decision: Decision, keys: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """For a group chosen beforehand: whether the event happens to each (bool), given each one's threshold (u32)."""
    out = np.empty(keys.size, np.bool_)
    _happens_to(luck.stream, np.uint64(step), np.uint64(decision), np.ascontiguousarray(keys), thresholds, out)
    return out
