"""Luck: a draw is a pure function of whose it is, when, and for which named decision.

Philox4x32-7 (Salmon, Moraes, Dror & Shaw, SC'11), checked in the tests against Random123's published answers.
Key = 64-bit hash of seed and replicate; counter = (person key low, person key high, step, block). A block yields four
32-bit words, so four decisions share one: decision ``d`` reads word ``d % 4`` of block ``d // 4``. The first eight bits of the
decisions that everybody faces come from one block instead, byte ``d % 4`` of its word ``d // 4``: they settle nearly every
question. The scenario never enters, so the same person has the same luck in every scenario, whatever the number of
threads or processes.
"""

from __future__ import annotations

import hashlib
from enum import IntEnum
from typing import Final

import numba as nb
import numpy as np

_LOW: Final = np.uint64(0xFFFFFFFF)
_S32: Final = np.uint64(32)
_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
TWO32: Final = 4294967296.0
ROUNDS: Final = 7
"""The fewest with which the generator passes all of TestU01's BigCrush."""
COMMON_BLOCKS: Final = 3
"""Blocks of the decisions that everybody faces in every step: the numbers 0 to 11."""
_FIRST_BYTES: Final = np.uint64(0x62797465)
"""Number of the block that holds their first eight bits, far from that of any decision."""
BLOCK: Final = 2048
"""Keys whose luck is drawn into one buffer at most, see `draw_block`."""


class Decision(IntEnum):
    """Every named decision and its number. Numbers are never reused, or lives would change between versions.

    Decisions that all people face in one step share a block (the numbers 4k .. 4k+3), so one block serves four.
    """

    # drawn by everybody or by large groups
    DEATH = 0
    CARE_CHANGE = 1
    DISABILITY = 2
    ADJUSTMENT_MOVE = 3
    BIRTH = 4  # and dementia: of men, of women too old for a birth, of others above the words a birth can need (`care_need`)
    SEEK_PARTNER = 5
    EMIGRATE = 6
    OUT_MIGRATE = 7
    LEAVE_HOME = 8
    SEPARATE = 9
    MARRY = 10
    RETURN_HOME = 11
    INSTITUTION_EXIT = 13
    KIN_AWAY_DEATH = 14
    CHILDCARE_GIVE_UP = 15
    # drawn by those to whom something happens
    TWINS = 16
    CHILD_SEX = 17
    SAME_SEX = 18
    DIRECT_MARRIAGE = 19
    WHO_LEAVES = 20
    CUSTODY = 21
    SHARED_RESIDENCE = 22
    HOME_DESTINATION = 23
    CARE_TARGET = 24
    DISABILITY_KIND = 25
    TEMPLATE = 26
    QUARTIER_CHOICE = 27
    DWELLING_CHOICE = 28
    DWELLING_LOTTERY = 29
    JOIN_KIN = 31
    # fixed for life, or for a spell
    NEED_RANK = 32
    CHILDCARE_LOTTERY = 35
    CHILDCARE_TASTE = 36
    TASTE_HOME = 37
    TASTE_SERVICE = 38
    TASTE_DAY_CARE = 39
    TASTE_REDRAW = 40
    FOUND_OUTSIDE = 41
    SAME_SEX_SIDE = 42
    PLACE_BLOCKED = 43
    SCHOOL_ENTRY = 45
    INCOME_RANK = 88
    KIN_DISTANCE = 46
    SURROUNDINGS = 47
    RESIDENCE_DESTINATION = 48
    RESIDENCE_LOTTERY = 49
    HOME_TASTE = 50
    HOME_LOTTERY = 51
    HOME_ARRIVALS = 52
    HOME_ARRIVAL = 53
    KIN_EMPLOYMENT = 57
    SHORT_TERM_STAY = 60
    SERVICE_LOTTERY = 61
    TASTE_SHARED_FLAT = 62
    SERVICED_LOTTERY = 63
    # the start population
    START_CARE = 64
    START_DEMENTIA = 65
    START_DISABILITY = 66
    START_ARRANGEMENT = 67
    START_PAIRING = 68
    START_PARITY = 69
    START_CHILD = 70
    START_DURATION = 71
    START_ROOMS = 72
    START_KIN = 73
    START_BIRTH_QUARTER = 75
    START_OTHER = 76
    START_FATHER = 77
    START_TENURE = 79
    OWNED = 84
    RENT_BOUND = 85
    BARRIER_FREE = 86
    RENT_CLASS = 87
    # a dwelling, for as long as it stands
    DWELLING_AGE = 100
    DWELLING_REPLACED = 101
    FIRST_OCCUPATION = 102  # of a seeker and a dwelling just completed, from the luck of the search
    CONVERSION = 103
    INSTITUTION_AGE = 110
    INSTITUTION_SEARCH = 111
    # relatives who give care: all four words of a block for a pair, or for a carer and a quarter
    KIN_PAIR = 112
    KIN_AWAY_PAIR = 116
    CARER_QUARTER = 120
    VOLUNTEER_LOTTERY = 124
    # whole ranges: one block of four words per two candidates
    DWELLING_SEARCH = 4000  # to 4063
    PARTNER_SEARCH = 4200  # to 4231: a block per draw
    PARTNER_PLACE = 4232
    MOVE_TO_CHILD = 4233


class Domain(IntEnum):
    """What a derived key names; keeps the keys of newborns, migrants, facilities apart."""

    START_PERSON = 1
    NEWBORN = 2
    MIGRANT = 3
    DWELLING = 4
    FACILITY = 5
    QUARTIER = 6
    CELL = 7
    TEMPLATE = 8
    OUTSIDER = 9


@nb.njit(inline="always")
def philox4x32(c0, c1, c2, c3, k0, k1, rounds=ROUNDS):
    """Every word is a uint64 that holds 32 significant bits."""
    for _ in range(rounds):
        p0 = _M0 * c0
        p1 = _M1 * c2
        c0, c1, c2, c3 = ((p1 >> _S32) ^ c1 ^ k0), p1 & _LOW, ((p0 >> _S32) ^ c3 ^ k1), p0 & _LOW
        k0 = (k0 + _W0) & _LOW
        k1 = (k1 + _W1) & _LOW
    return c0, c1, c2, c3


@nb.njit(inline="always")
def first_bytes(stream, step, key):
    """The first eight bits of all decisions that everybody faces: one word per block, one byte per decision, lowest first."""
    a, b, c, _ = philox4x32(key & _LOW, key >> _S32, step, _FIRST_BYTES, stream & _LOW, stream >> _S32)
    return a, b, c


@nb.njit(inline="always")
def common_words(stream, step, block, key, first):
    """The four words of a block that everybody draws, of which ``first`` holds the first eight bits each."""
    a, b, c, d = philox4x32(key & _LOW, key >> _S32, step, block, stream & _LOW, stream >> _S32)
    top, rest = np.uint64(0xFF000000), np.uint64(0x00FFFFFF)
    return (
        (first << np.uint64(24)) & top | a & rest,
        (first << np.uint64(16)) & top | b & rest,
        (first << np.uint64(8)) & top | c & rest,
        first & top | d & rest,
    )


@nb.njit
def _common(stream, step, block, key):
    """As `four_words`, of a block that everybody draws."""
    a, b, c = first_bytes(stream, step, key)
    return common_words(stream, step, block, key, a if block == np.uint64(0) else b if block == np.uint64(1) else c)


@nb.njit(inline="always")
def four_words(stream, step, decision, key):
    """All four words (each 32 bits in a uint64) of the block in which a decision stands, for one key and step."""
    block = np.uint64(decision) >> np.uint64(2)
    if block < np.uint64(COMMON_BLOCKS):
        return _common(stream, np.uint64(step), block, key)
    return philox4x32(key & _LOW, key >> _S32, np.uint64(step), block, stream & _LOW, stream >> _S32)


@nb.njit(inline="always")
def word(stream, step, decision, key):
    """The 32 random bits (in a uint64) of one person's decision in one step; for use inside kernels."""
    a, b, c, e = four_words(stream, step, decision, key)
    w = np.uint64(decision) & np.uint64(3)
    if w == np.uint64(0):
        return a
    if w == np.uint64(1):
        return b
    if w == np.uint64(2):
        return c
    return e


@nb.njit(inline="always")
def unit(stream, step, decision, key):
    """A number in (0, 1), never 0 and never 1: the middle of one of 2**32 equal parts."""
    return (nb.float64(word(stream, step, decision, key)) + 0.5) / TWO32


@nb.njit(inline="always")
def pair_key(a, b):
    """A key for an ordered pair of keys (person and option, woman and man)."""
    w0, w1, _, _ = philox4x32(a & _LOW, a >> _S32, b & _LOW, b >> _S32, np.uint64(0x70616972), np.uint64(0x6B6579))
    return (w0 << _S32) | w1


@nb.njit(inline="always")
def pair_bits(mine, other):
    """64 random bits for a pair: of 64 bits drawn for one side (named by step and decision) and the key of the other.

    The finaliser of splitmix64 (Steele, Lea & Flood 2014): a fifth of the cost of a block. For kernels that compare many
    options per person. Without the compiler numpy warns of the overflow that is meant here: call under
    ``np.errstate(over="ignore")``.
    """
    x = mine ^ other
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@nb.njit(inline="always")
def pair_words(stream, decision, a, b):
    """Four 32-bit words (each in a uint64) for an ordered pair of keys, in one block; kept for life."""
    k1 = (stream >> _S32) ^ ((np.uint64(decision) * _W1) & _LOW)
    return philox4x32(a & _LOW, a >> _S32, b & _LOW, b >> _S32, stream & _LOW, k1)


@nb.njit(inline="always")
def chooser(decision):
    """Four masks, of which that of the decision's word lets all bits through and the others none.

    ``a & m0 | b & m1 | c & m2 | d & m3`` is then the word without a branch, so that a loop over keys vectorises: 1 ns a key
    instead of 7.
    """
    w = decision & np.uint64(3)
    return (
        _LOW * np.uint64(w == np.uint64(0)),
        _LOW * np.uint64(w == np.uint64(1)),
        _LOW * np.uint64(w == np.uint64(2)),
        _LOW * np.uint64(w == np.uint64(3)),
    )


@nb.njit(cache=True)
def fill_unit(stream, step, decision, keys, out):
    """What `Luck.uniform` does; a kernel that calls it compiles faster than one that draws in a loop of its own."""
    m0, m1, m2, m3 = chooser(decision)
    for i in range(keys.size):
        a, b, c, d = four_words(stream, step, decision, keys[i])
        out[i] = (nb.float64(a & m0 | b & m1 | c & m2 | d & m3) + 0.5) / TWO32


@nb.njit(cache=True)
def fill_word(stream, step, decision, keys, out):
    """What `Luck.words` does, for kernels."""
    m0, m1, m2, m3 = chooser(decision)
    block = decision >> np.uint64(2)
    if block >= np.uint64(COMMON_BLOCKS):
        for i in range(keys.size):
            a, b, c, d = four_words(stream, step, decision, keys[i])
            out[i] = np.uint32(a & m0 | b & m1 | c & m2 | d & m3)
        return
    f0, f1, f2, _ = chooser(block)
    for i in range(keys.size):
        first, second, third = first_bytes(stream, step, keys[i])
        a, b, c, d = common_words(stream, step, block, keys[i], first & f0 | second & f1 | third & f2)
        out[i] = np.uint32(a & m0 | b & m1 | c & m2 | d & m3)


@nb.njit(inline="always")
def draw_block(stream, step, block, keys, words):
    """All four words of a block for each of up to 2,048 keys; word w of person j at ``w * BLOCK + j``."""
    for j in range(keys.size):
        a, b, c, d = four_words(stream, step, block << np.uint64(2), keys[j])
        words[j] = np.uint32(a)
        words[j + BLOCK] = np.uint32(b)
        words[j + 2 * BLOCK] = np.uint32(c)
        words[j + 3 * BLOCK] = np.uint32(d)


@nb.njit(cache=True)
def _fill_pair(a, b, out):
    for i in range(out.size):
        out[i] = pair_key(a[i], b[i])


@nb.njit(cache=True)
def _fill_derived(domain, first, second, third, out):
    for i in range(out.size):
        k = pair_key(np.uint64(domain), first[i])
        k = pair_key(k, second[i])
        out[i] = pair_key(k, third[i])


def _u64(value: np.ndarray | int, n: int) -> np.ndarray:
    return np.ascontiguousarray(np.broadcast_to(np.asarray(value).astype(np.uint64), (n,)))


def derive_keys(
    domain: Domain, first: np.ndarray | int, second: np.ndarray | int = 0, third: np.ndarray | int = 0
) -> np.ndarray:
    """Keys (u64) named by a domain and up to three numbers, independent of the seed and of the order of rows.

    The newborn of a mother is ``derive_keys(Domain.NEWBORN, mother_key, step, index_within_confinement)``.
    Arguments broadcast against each other; a negative number counts as its value modulo 2**64.
    """
    n = np.broadcast_shapes(np.shape(first), np.shape(second), np.shape(third), (1,))[0]
    out = np.empty(n, np.uint64)
    _fill_derived(np.uint64(domain), _u64(first, n), _u64(second, n), _u64(third, n), out)
    return out


def pair_keys(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Keys (u64, shape of the broadcast of both) of ordered pairs."""
    n = np.broadcast_shapes(np.shape(a), np.shape(b), (1,))[0]
    out = np.empty(n, np.uint64)
    _fill_pair(_u64(a, n), _u64(b, n), out)
    return out


def text_key(text: str) -> int:
    """A 64-bit key for a name that comes as text (a facility's id, a Quartier's id)."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


class Luck:
    """The luck of one replicate.

    Parameters
    ----------
    seed : the run's seed, any integer.
    replicate : number of the replicate, from 0.

    Examples
    --------
    >>> luck = Luck(seed=1, replicate=0)
    >>> keys = np.arange(3, dtype=np.uint64)
    >>> u = luck.uniform(Decision.DEATH, 8092, keys)
    >>> bool((u == luck.uniform(Decision.DEATH, 8092, keys)).all())
    True
    """

    def __init__(self, seed: int, replicate: int) -> None:
        self.seed, self.replicate = seed, replicate
        self.stream: np.uint64 = np.uint64(text_key(f"{seed}/{replicate}"))

    def uniform(self, decision: Decision, step: int, keys: np.ndarray) -> np.ndarray:
        """Uniform numbers in (0, 1), float64, one per key (u64)."""
        out = np.empty(keys.size)
        fill_unit(self.stream, np.uint64(step), np.uint64(decision), np.ascontiguousarray(keys), out)
        return out

    def words(self, decision: Decision | int, step: int, keys: np.ndarray) -> np.ndarray:
        """Uniform 32-bit words (u32), to be compared with the thresholds of `quartier.model.rates.threshold`."""
        out = np.empty(keys.size, np.uint32)
        fill_word(self.stream, np.uint64(step), np.uint64(decision), np.ascontiguousarray(keys), out)
        return out
