"""Who lies below a bound? One compiled pass over all people, for all decisions that concern everybody.

Per `CHUNK` persons: each one's place in the table of bounds, the words of luck of all blocks into one buffer, one flag byte per
person compared without a branch, and only then the few below a bound, one by one. All loops but the gather of bounds
vectorise: they use one flat buffer (LLVM gives up on five pointers that might overlap) and unsigned numbers (a negative index
would be a branch). The exact question is put to the few by the processes, see `shortlist`.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numba as nb
import numpy as np

from .luck import _LOW, _S32, Luck, philox4x32

CHUNK: Final = 512
"""Persons at a time where all blocks are drawn: their words fit the first cache."""
BLOCKS: Final = 3
"""Blocks of luck of the decisions that concern everybody (numbers 0 to 11)."""


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
