"""Who lies below a bound? One compiled pass over all people, for all decisions that concern everybody.

Per `CHUNK` persons: each one's place in the table of bounds, the first eight bits of all luck from one block, and one comparison
of bytes for all decisions, 64 at a time. Only who may lie below a bound then draws the other bits, in a loop of its own.
All loops but the gather of bounds vectorise: they use unsigned numbers (a negative index would be a branch) and no branch.
The exact question is put to the few by the processes, see `shortlist`.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numba as nb
import numpy as np

from .luck import _LOW, _S32, COMMON_BLOCKS, Luck, common_words, first_bytes

CHUNK: Final = 512
"""Persons at a time whose first bits are drawn: all that is known of them fits the first cache."""
SPAN: Final = 8 * CHUNK
"""Persons at a time whose other bits are drawn: of the few below a bound there are then enough for a vectorised loop."""
BLOCKS: Final = COMMON_BLOCKS
"""Blocks of luck of the decisions that concern everybody (numbers 0 to 11)."""
_APART: Final = 40
"""Spare numbers between buffers: read and written at distances of 4,096 bytes they would get in each other's way."""


@nb.njit(inline="always")
def _place(now, born, sex, leads, care, ages):
    """Place in a table [care != 0, leads, sex, age]; who is older than the table takes its last entry."""
    age = np.uint32(now - np.uint32(born)) >> np.uint32(2)
    group = np.uint32(sex) + np.uint32(leads) * np.uint32(2) + np.uint32(care != 0) * np.uint32(4)
    return min(age, np.uint32(ages - np.uint32(1))) + group * ages


@nb.njit(inline="always")
def _below(luck, rough, sure, below):
    """Whether each of these bytes of luck may lie below the bound whose rough value is a byte, too."""
    for i in range(luck.size):
        below[i] = (luck[i] < rough[i]) | (luck[i] > sure)


@nb.njit(inline="always")
def _flag(below_two, below_third, living, flags):
    """Per block of luck and person one byte, `CHUNK` apart: whether alive and below any of its four bounds."""
    for j in range(living.size):
        flags[j] = np.uint8((below_two[j] & _LOW) != 0) & np.uint8(living[j] != 0)
        flags[j + CHUNK] = np.uint8((below_two[j] >> _S32) != 0) & np.uint8(living[j] != 0)
    for j in range(living.size):
        flags[j + 2 * CHUNK] = np.uint8(below_third[j] != 0) & np.uint8(living[j] != 0)


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
def _first_bits(stream, step, start, people, rough, sure, ages, found, row, key, place, first):
    """Appends who of up to `SPAN` persons may lie below a bound of each block: row, key, place and first bits of luck."""
    keys, alive, sex, leads, care, birth = people
    rough_two, rough_third = rough
    index, flags = np.empty(CHUNK, np.uint32), np.zeros(BLOCKS * CHUNK, np.uint8)
    bound_two, bound_third = np.empty(CHUNK, np.uint64), np.empty(CHUNK, np.uint32)
    luck_two, luck_third = np.empty(CHUNK + _APART, np.uint64), np.empty(CHUNK + _APART, np.uint32)
    below_two, below_third = np.empty(CHUNK + 2 * _APART, np.uint64), np.empty(CHUNK + 3 * _APART, np.uint32)
    groups, hits = np.empty(CHUNK // 8 + 1, np.uint32), np.empty(CHUNK + 1, np.uint32)
    now = np.uint32(step)
    for begin in range(start, min(start + SPAN, keys.size), CHUNK):
        end = min(begin + CHUNK, keys.size)
        m, who, born, living = end - begin, keys[begin:end], birth[begin:end], alive[begin:end]
        female, leading, code = sex[begin:end], leads[begin:end], care[begin:end]
        for j in range(m):
            index[j] = _place(now, born[j], female[j], leading[j], code[j], ages)
        for j in range(m):
            bound_two[j], bound_third[j] = rough_two[index[j]], rough_third[index[j]]
        for j in range(m):
            a, b, c = first_bytes(stream, step, who[j])
            luck_two[j], luck_third[j] = a | b << _S32, np.uint32(c)
        _below(luck_two[:m].view(np.uint8), bound_two.view(np.uint8), sure, below_two.view(np.uint8))
        _below(luck_third[:m].view(np.uint8), bound_third.view(np.uint8), sure, below_third.view(np.uint8))
        if m < CHUNK:
            flags[:] = 0
        _flag(below_two, below_third, living, flags)
        for block in range(BLOCKS):
            flag, at = flags[CHUNK * block : CHUNK * (block + 1)], found[block]
            for h in range(_flagged(flag, flag.view(np.uint64), groups, hits)):
                j = hits[h]
                bits = luck_third[j] if block == 2 else np.uint32(luck_two[j] >> np.uint64(32 * block))
                row[block, at], key[block, at], place[block, at], first[block, at] = begin + j, who[j], index[j], bits
                at += 1
            found[block] = at


@nb.njit(inline="always")
def _all_bits(stream, step, block, key, first, place, bounds, words, limit, bits):
    """Of the candidates of a block: all words of luck, the bounds they are held against, and one bit for each word below."""
    for k in range(key.size):
        a, b, c, d = common_words(stream, step, block, key[k], np.uint64(first[k]))
        words[k, 0], words[k, 1], words[k, 2], words[k, 3] = np.uint32(a), np.uint32(b), np.uint32(c), np.uint32(d)
    for k in range(key.size):
        a, b, c, d = bounds[place[k], 0], bounds[place[k], 1], bounds[place[k], 2], bounds[place[k], 3]
        limit[k, 0], limit[k, 1], limit[k, 2], limit[k, 3] = a, b, c, d
    for k in range(key.size):
        bit = np.uint32(words[k, 0] < limit[k, 0]) | np.uint32(words[k, 1] < limit[k, 1]) << np.uint32(1)
        bit |= np.uint32(words[k, 2] < limit[k, 2]) << np.uint32(2) | np.uint32(words[k, 3] < limit[k, 3]) << np.uint32(3)
        bits[k] = np.uint8(bit)


@nb.njit(cache=True)
def _screen_bounds(stream, step, people, bounds, rough, sure, ages, rows, flags, drawn, found):
    """Who lies below any of the bounds of each block: rows, flags (bit w for word w) and all four words of each."""
    row, key = np.empty((BLOCKS, SPAN + 1), np.int32), np.empty((BLOCKS, SPAN + 1), np.uint64)
    place, first = np.empty((BLOCKS, SPAN + 1), np.uint32), np.empty((BLOCKS, SPAN + 1), np.uint32)
    words, limit, bits = np.empty((SPAN, 4), np.uint32), np.empty((SPAN + _APART, 4), np.uint32), np.empty(SPAN, np.uint8)
    candidates = np.empty(BLOCKS, np.int64)
    for start in range(0, people[0].size, SPAN):
        candidates[:] = 0
        _first_bits(stream, step, start, people, rough, sure, ages, candidates, row, key, place, first)
        for block in range(BLOCKS):
            n, at, luck = candidates[block], found[block], drawn[block]
            whose, known, where = key[block, :n], first[block, :n], place[block, :n]
            _all_bits(stream, step, np.uint64(block), whose, known, where, bounds[block], words, limit, bits)
            for k in range(n):
                # written for each, kept for those below a bound: no branch to guess wrong
                a, b, c, d = words[k, 0], words[k, 1], words[k, 2], words[k, 3]
                luck[at, 0], luck[at, 1], luck[at, 2], luck[at, 3] = a, b, c, d
                rows[block, at], flags[block, at] = row[block, k], bits[k]
                at += bits[k] != 0
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


def _rough(bounds: np.ndarray) -> tuple[tuple[np.ndarray, np.ndarray], np.uint8]:
    """Bounds [block, place, word] in bytes, such that whoever lies below one has first bits below its byte, or ``sure`` ones.

    Returns
    -------
    two : u64 [place], bytes of the first two blocks. third : u32 [place], those of the third.
    sure : the first bits above it are let through for all: 254 if a bound is so high that no byte lies above, else 255.
    """
    eight = np.minimum((bounds.astype(np.uint64) + np.uint64(2**24 - 1)) >> np.uint64(24), 255)
    packed = eight @ (np.uint64(1) << (np.uint64(8) * np.arange(4, dtype=np.uint64)))
    two, third = packed[0] | packed[1] << _S32, packed[2].astype(np.uint32)
    return (two, third), np.uint8(254 if bounds.max() > np.uint32(255 << 24) else 255)


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
    found = np.zeros(BLOCKS, np.int64)
    columns = (people.key, people.present, people.sex, people.leads, people.care, people.birth)
    ages = np.uint32(bounds.shape[4])
    _screen_bounds(luck.stream, np.uint64(step), columns, flat, *_rough(flat), ages, *room, found)
    return [(room.rows[block, :n], room.flags[block, :n], room.words[block, :n]) for block, n in enumerate(found)]
