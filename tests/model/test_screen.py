"""Asking everybody at once finds those whom asking each by hand would find."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from quartier.model.luck import Domain, Luck, derive_keys
from quartier.model.rates import threshold
from quartier.model.screen import BLOCKS, CHUNK, SPAN, room_for, screen_bounds

STEP = 8092
LUCK = Luck(7, 1)
AGES = 110
SHAPE = (BLOCKS, 2, 2, 2, AGES, 4)
COLUMNS = ("key", "birth", "present", "sex", "leads", "care")


def people(n: int, seed: int = 1) -> SimpleNamespace:
    """Columns of n invented people, a few of them older than the tables."""
    rng = np.random.default_rng(seed)
    return SimpleNamespace(
        key=derive_keys(Domain.START_PERSON, np.arange(n)),
        birth=(STEP - rng.integers(0, 4 * AGES + 30, n)).astype(np.uint16),
        present=(rng.random(n) < 0.9).astype(np.uint8),
        sex=rng.integers(0, 2, n).astype(np.uint8),
        leads=rng.integers(0, 2, n).astype(np.uint8),
        care=(rng.integers(0, 6, n) * rng.integers(0, 2, n)).astype(np.uint8),
    )


def asked(p: SimpleNamespace, bounds: np.ndarray) -> list[tuple[np.ndarray, ...]]:
    """Per block who lies below a bound, which, and their words."""
    return screen_bounds(LUCK, STEP, p, bounds, room_for(p.key.size))


def by_hand(p: SimpleNamespace, bounds: np.ndarray, block: int) -> tuple[np.ndarray, np.ndarray]:
    """Whether each lies below each bound of a block, and the words of luck, in plain numpy and one decision at a time."""
    age = np.minimum((STEP - p.birth.astype(int)) // 4, AGES - 1)
    words = np.stack([LUCK.words(4 * block + w, STEP, p.key) for w in range(4)], axis=1)
    limit = bounds[block, (p.care > 0).astype(int), p.leads, p.sex, age]
    return (words < limit) & (p.present == 1)[:, None], words


@pytest.mark.parametrize("n", [1, 7, CHUNK - 1, CHUNK, CHUNK + 9, 3 * CHUNK + 123, SPAN, SPAN + CHUNK + 1])
def test_everybody_asked_at_once_equals_plain_numpy_for_any_number_of_people(n):
    p = people(n)
    bounds = threshold(np.random.default_rng(2).random(SHAPE) ** 3)
    for block, (rows, flags, words) in enumerate(asked(p, bounds)):
        below, drawn = by_hand(p, bounds, block)
        assert rows.dtype == np.int32 and rows.tolist() == np.flatnonzero(below.any(axis=1)).tolist()
        assert flags.tolist() == (below[rows] @ np.array([1, 2, 4, 8])).tolist()
        assert (words == drawn[rows]).all()


@pytest.mark.parametrize("edge", [0, 1, 2**24 - 1, 2**24, 2**24 + 1, 2**31, 255 * 2**24, 255 * 2**24 + 1, 2**32 - 1])
def test_bounds_at_the_edges_of_the_rough_ones_are_exact(edge):
    """The first eight bits are compared for everybody; nobody may be lost where they leave it open."""
    p = people(20_000)
    bounds = np.full(SHAPE, edge, np.uint32)
    for block, (rows, _, _) in enumerate(asked(p, bounds)):
        assert rows.tolist() == np.flatnonzero(by_hand(p, bounds, block)[0].any(axis=1)).tolist()


def test_the_event_is_as_frequent_as_its_probability():
    """400,000 people at 1 in 200: a probability 4 % off would lie 1.8 deviations away, one 10 % off 4.5."""
    n, chance = 400_000, 0.005
    p = people(n)
    p.present[:] = 1
    for _, flags, _ in asked(p, threshold(np.full(SHAPE, chance))):
        for word in range(4):
            seen = np.count_nonzero(flags >> word & 1)
            assert abs(seen - n * chance) < 3.5 * np.sqrt(n * chance * (1 - chance))


def test_nobody_at_threshold_zero_and_the_absent_never():
    p = people(5000)
    assert all(rows.size == 0 for rows, _, _ in asked(p, np.zeros(SHAPE, np.uint32)))
    p.present[:] = 0
    assert all(rows.size == 0 for rows, _, _ in asked(p, np.full(SHAPE, 2**32 - 1, np.uint32)))


def test_who_is_older_than_the_table_takes_its_last_entry():
    p = people(3)
    p.present[:], p.birth[:] = 1, [STEP - 4 * 150, STEP - 4 * (AGES - 1), 0]
    bounds = np.zeros(SHAPE, np.uint32)
    bounds[..., AGES - 1, :] = 2**32 - 1
    assert all(rows.tolist() == [0, 1, 2] for rows, _, _ in asked(p, bounds))


def test_the_answer_follows_the_key_and_not_the_row():
    p = people(4000)
    order = np.random.default_rng(5).permutation(4000)
    other = SimpleNamespace(**{name: getattr(p, name)[order] for name in COLUMNS})
    bounds = threshold(np.full(SHAPE, 0.05))
    for (rows, _, _), (shuffled, _, _) in zip(asked(p, bounds), asked(other, bounds), strict=True):
        assert set(p.key[rows].tolist()) == set(other.key[shuffled].tolist()) != set()


def test_the_same_room_can_be_used_again():
    p, room = people(3000), room_for(3000)
    for chance in (0.5, 0.01):
        bounds = threshold(np.full(SHAPE, chance))
        for again, fresh in zip(screen_bounds(LUCK, STEP, p, bounds, room), asked(p, bounds), strict=True):
            assert all((a == b).all() for a, b in zip(again, fresh, strict=True))


THREADS = """
from types import SimpleNamespace
import numpy as np
from quartier.model.luck import Luck
from quartier.model.screen import room_for, screen_bounds
n = 20_000
zero, one = np.zeros(n, np.uint8), np.ones(n, np.uint8)
p = SimpleNamespace(key=np.arange(n, dtype=np.uint64), birth=np.full(n, 8000, np.uint16), present=one, sex=zero, leads=zero, care=zero)
for rows, flags, words in screen_bounds(Luck(1, 0), 8092, p, np.full((3, 2, 2, 2, 110, 4), 2**30, np.uint32), room_for(n)):
    print(rows.size, rows.sum(), flags.sum(), words.sum(dtype=np.uint64))
"""


def test_the_number_of_threads_is_irrelevant():
    said = {
        subprocess.run(
            [sys.executable, "-c", THREADS], env=os.environ | {"NUMBA_NUM_THREADS": threads},
            capture_output=True, text=True, check=True,
        ).stdout
        for threads in ("1", "2")
    }
    assert len(said) == 1 and said.pop().count("\n") == 3
