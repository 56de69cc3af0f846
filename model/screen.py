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

from .luck import _LOW, _S32, Decision, Luck, philox4x32

BLOCK: Final = 2048
CHUNK: Final = 512
"""Persons at a time where all blocks are drawn: their words fit the first cache."""
BLOCKS: Final = 3
"""Blocks of luck of the decisions that concern everybody (numbers 0 to 11)."""
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
def _put_block(stream, step, block, key, words, at):
    """The words of one block of luck, `CHUNK` apart."""
    a, b, c, d = philox4x32(key & _LOW, key >> _S32, step, block, stream & _LOW, stream >> _S32)
    words[at] = np.uint32(a)
    words[at + CHUNK] = np.uint32(b)
    words[at + 2 * CHUNK] = np.uint32(c)
    words[at + 3 * CHUNK] = np.uint32(d)


@nb.njit(inline="always")
def _draw_all(stream, step, keys, words):
    """The words of all blocks; word w of block q of person j at ``(4 q + w) * CHUNK + j``.

    In one loop, because what the first rounds of the three have in common is then worked out once.
    """
    for j in range(keys.size):
        _put_block(stream, step, np.uint64(0), keys[j], words, j)
        _put_block(stream, step, np.uint64(1), keys[j], words, j + 4 * CHUNK)
        _put_block(stream, step, np.uint64(2), keys[j], words, j + 8 * CHUNK)


@nb.njit(inline="always")
def _place(now, born, sex, leads, care, ages):
    """Place in a table [care != 0, leads, sex, age]; who is older than the table takes its last entry."""
    age = np.uint32(now - np.uint32(born)) >> np.uint32(2)
    group = np.uint32(sex) + np.uint32(leads) * np.uint32(2) + np.uint32(care != 0) * np.uint32(4)
    return min(age, np.uint32(ages - np.uint32(1))) + group * ages


@nb.njit(inline="always")
def _below(words, rough, living, flag):
    """Flag whose luck may lie below one of four bounds, of which ``rough`` holds the first eight bits each, word 3 on top.

    The casts keep the numbers at 32 bits, so that sixteen persons go at a time.
    """
    s8, s16, s24, rest = np.uint32(8), np.uint32(16), np.uint32(24), np.uint32(0xFFFFFF)
    for j in range(rough.size):
        bound = rough[j]
        below = words[j] <= np.uint32(bound << s24 | rest)
        below |= words[j + CHUNK] <= np.uint32(bound << s16 | rest)
        below |= words[j + 2 * CHUNK] <= np.uint32(bound << s8 | rest)
        below |= words[j + 3 * CHUNK] <= np.uint32(bound | rest)
        flag[j] = np.uint8(below)
    for j in range(rough.size):
        flag[j] &= np.uint8(living[j] != 0)


@nb.njit(inline="always")
def _flagged(flag, flag8, groups, hits):
    """Positions of the flags that are set: first the groups of eight with any. Returns how many."""
    some = np.uint32(0)
    for eight in range(flag8.size):
        # written for each, kept for those with a flag: no branch to guess wrong
        groups[some] = 8 * eight
        some += np.uint32(flag8[eight] != 0)
    n = np.uint32(0)
    for g in range(some):
        for j in range(8):
            hits[n] = groups[np.uint32(g)] + np.uint32(j)
            n += np.uint32(flag[hits[n]])
    return n


@nb.njit(cache=True)
def _screen_bounds(stream, step, keys, alive, sex, leads, care, birth, bounds, rough, ages, rows, flags, drawn, found):
    """Who lies below any of the bounds of each block: rows, flags (bit w for word w) and all four words of each.

    ``rough`` holds the bounds of a place, one u32 per block and eight bits per word, so that one gather serves all.
    """
    words, index = np.empty(4 * BLOCKS * CHUNK, np.uint32), np.empty(CHUNK, np.uint32)
    bound = np.empty(BLOCKS * CHUNK, np.uint32)
    flag = np.zeros(CHUNK, np.uint8)
    flag8 = flag.view(np.uint64)
    groups, hits = np.empty(CHUNK // 8 + 1, np.uint32), np.empty(CHUNK + 1, np.uint32)
    now = np.uint32(step)
    for start in range(0, keys.size, CHUNK):
        m = min(CHUNK, keys.size - start)
        born, living = birth[start : start + m], alive[start : start + m]
        female, leading, code = sex[start : start + m], leads[start : start + m], care[start : start + m]
        for j in range(m):
            index[j] = _place(now, born[j], female[j], leading[j], code[j], ages)
        for j in range(m):
            for block in range(BLOCKS):
                bound[j + CHUNK * block] = rough[index[j], block]
        _draw_all(stream, step, keys[start : start + m], words)
        flag[m:] = 0
        for block in range(BLOCKS):
            luck = words[4 * CHUNK * block : 4 * CHUNK * (block + 1)]
            _below(luck, bound[CHUNK * block : CHUNK * block + m], living, flag)
            at = found[block]
            for h in range(_flagged(flag, flag8, groups, hits)):
                j = hits[h]
                bits = np.uint8(0)
                for w in range(4):
                    word = luck[np.uint32(CHUNK * w) + j]
                    drawn[block, at, w] = word
                    bits |= np.uint8(word < bounds[block, index[j], w]) << np.uint8(w)
                rows[block, at], flags[block, at] = start + j, bits
                at += bits != 0
            found[block] = at


class Room(NamedTuple):
    """Where `screen_bounds` writes, per block and person: rows (i32), flags (u8), words (u32, four each).

    Kept from step to step: large arrays made anew are handed out page by page, at a fifth of the cost of the screen.
    """

    rows: np.ndarray
    flags: np.ndarray
    words: np.ndarray


def room_for(most: int) -> Room:
    """Room for so many people; memory is taken only for those who are found."""
    shape = (BLOCKS, most)
    return Room(np.empty(shape, np.int32), np.empty(shape, np.uint8), np.empty((*shape, 4), np.uint32))


def screen_bounds(
    luck: Luck, step: int, people: Any, bounds: np.ndarray, room: Room
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Who could have one of everybody's events, by bounds that depend on little; per block of luck, views of ``room``.

    Parameters
    ----------
    people : the table of people.
    bounds : u32 [block, care != 0, leads, sex, age, word], thresholds; 0 for a word that nobody asks for.

    Returns
    -------
    rows : i32, ascending, of those below any bound of the block.
    flags : u8, bit w for word w.
    words : u32 [row, 4], their words of luck.
    """
    flat = np.ascontiguousarray(bounds, np.uint32).reshape(BLOCKS, -1, 4)
    eight = (np.maximum(flat, 1) - 1) >> np.uint32(24)
    rough = np.ascontiguousarray((eight @ np.array([1, 1 << 8, 1 << 16, 1 << 24], np.uint32)).T)
    found = np.zeros(BLOCKS, np.int64)
    columns = (people.key, people.present, people.sex, people.leads, people.care, people.birth)
    _screen_bounds(luck.stream, np.uint64(step), *columns, flat, rough, np.uint32(bounds.shape[4]), *room, found)
    return [(room.rows[block, :n], room.flags[block, :n], room.words[block, :n]) for block, n in enumerate(found)]


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


def happens_to(luck: Luck, step: int, decision: Decision, keys: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """For a group chosen beforehand: whether the event happens to each (bool), given each one's threshold (u32)."""
    return luck.words(decision, step, keys) < thresholds
