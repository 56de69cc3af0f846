"""Luck is a pure function of whose it is, when, and for which decision."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import numba as nb
import numpy as np
import pytest
from quartier.model import luck as luck_module
from quartier.model.luck import TWO32, Decision, Domain, Luck, derive_keys, pair_keys, text_key

PI = ([0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344], [0xA4093822, 0x299F31D0])
KNOWN_ANSWERS = [  # Random123, file kat_vectors, philox4x32: rounds, counter, key, words
    (7, [0] * 4, [0] * 2, [0x5F6FB709, 0x0D893F64, 0x4F121F81, 0x4F730A48]),
    (7, [0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, [0x5207DDC2, 0x45165E59, 0x4D8EE751, 0x8C52F662]),
    (7, *PI, [0x4DFCCABA, 0x190A87F0, 0xC47362BA, 0xB6B5242A]),
    (10, [0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    (10, [0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
    (10, *PI, [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]),
]


@nb.njit
def _philox(counter, key, rounds):
    return luck_module.philox4x32(counter[0], counter[1], counter[2], counter[3], key[0], key[1], rounds)


@pytest.mark.parametrize(("rounds", "counter", "key", "words"), KNOWN_ANSWERS)
def test_philox_gives_the_published_answers(rounds, counter, key, words):
    assert [int(w) for w in _philox(np.array(counter, np.uint64), np.array(key, np.uint64), rounds)] == words


def _philox_by_hand(counter: list[int], stream: int) -> list[int]:
    """The published algorithm with seven rounds in plain integers."""
    c, k = list(counter), [stream & 0xFFFFFFFF, stream >> 32]
    for _ in range(7):
        first, second = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(second >> 32) ^ c[1] ^ k[0], second & 0xFFFFFFFF, (first >> 32) ^ c[3] ^ k[1], first & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def _word_by_hand(luck: Luck, decision: int, step: int, key: int) -> int:
    """A decision's word; the first eight bits of the numbers 0 to 11 come from a block that these share."""
    who, (block, word) = [key & 0xFFFFFFFF, key >> 32, step], divmod(decision, 4)
    own = _philox_by_hand([*who, block], int(luck.stream))[word]
    if decision > 11:
        return own
    shared = _philox_by_hand([*who, int.from_bytes(b"byte")], int(luck.stream))[block]
    return (shared >> 8 * word & 0xFF) << 24 | own & 0xFFFFFF


@nb.njit
def _in_kernels(stream, step, decision, keys):
    """The first key's luck, asked in every way a kernel can ask for it."""
    block, words, units = np.empty(4 * luck_module.BLOCK, np.uint32), np.empty(1, np.uint32), np.empty(1)
    luck_module.draw_block(stream, step, decision >> np.uint64(2), keys, block)
    luck_module.fill_word(stream, step, decision, keys, words)
    luck_module.fill_unit(stream, step, decision, keys, units)
    return (
        luck_module.word(stream, step, decision, keys[0]),
        luck_module.four_words(stream, step, decision, keys[0]),
        block[:: luck_module.BLOCK],
        words[0],
        (luck_module.unit(stream, step, decision, keys[0]), units[0]),
    )


@pytest.mark.parametrize("decision", [*range(12), Decision.INSTITUTION_EXIT, Decision.KIN_AWAY_DEATH, Decision.START_TENURE])
def test_a_decision_has_the_same_word_whoever_asks_for_it(decision):
    luck, key, step = Luck(seed=5, replicate=2), 0x0123456789ABCDEF, 8095
    keys, word = np.array([key], np.uint64), _word_by_hand(luck, decision, step, key)
    assert luck.words(decision, step, keys).tolist() == [word]
    unit = (word + 0.5) / TWO32
    assert luck.uniform(Decision(decision), step, keys).tolist() == [unit]
    one, four, block, filled, units = _in_kernels(luck.stream, np.uint64(step), np.uint64(decision), keys)
    assert (one, filled, units) == (word, word, (unit, unit))
    assert list(four) == block.tolist() == [_word_by_hand(luck, decision // 4 * 4 + w, step, key) for w in range(4)]


def test_a_draw_does_not_depend_on_who_else_draws():
    luck = Luck(1, 0)
    everyone = derive_keys(Domain.START_PERSON, np.arange(5000))
    some = np.array([4999, 3, 500])
    alone = luck.uniform(Decision.DEATH, 8092, everyone[some])
    assert (luck.uniform(Decision.DEATH, 8092, everyone)[some] == alone).all()


def test_words_and_uniform_numbers_are_the_same_draw():
    luck, keys = Luck(1, 0), derive_keys(Domain.START_PERSON, np.arange(1000))
    words = luck.words(Decision.BIRTH, 8092, keys)
    assert (luck.uniform(Decision.BIRTH, 8092, keys) == (words.astype(float) + 0.5) / TWO32).all()


def test_uniform_numbers_are_never_zero_and_never_one():
    extremes = (np.array([0, 2**32 - 1], np.uint64).astype(float) + 0.5) / TWO32
    assert extremes[0] > 0
    assert extremes[1] < 1


@pytest.mark.parametrize("change", ["seed", "replicate", "step", "decision"])
def test_each_part_of_the_name_of_a_draw_changes_all_luck(change):
    keys = derive_keys(Domain.START_PERSON, np.arange(200))
    named = {"seed": 1, "replicate": 0, "step": 8092, "decision": 3}
    other = named | {change: named[change] + 1}
    a, b = (
        Luck(n["seed"], n["replicate"]).words(Decision(n["decision"]), n["step"], keys) for n in (named, other)
    )
    assert (a == b).sum() <= 1


def test_uniform_numbers_fill_the_interval_evenly_for_neighbouring_keys_and_steps():
    luck, keys = Luck(3, 0), np.arange(4096, dtype=np.uint64)
    draws = np.stack([luck.uniform(Decision.DEATH, 8092 + step, keys) for step in range(64)])
    counts = np.bincount((draws.ravel() * 100).astype(int), minlength=100)
    asked = draws.size / 100
    z = (((counts - asked) ** 2 / asked).sum() - 99) / np.sqrt(2 * 99)
    assert abs(z) < 4
    for a, b in ((draws[1:], draws[:-1]), (draws[:, 1:], draws[:, :-1])):  # neighbours in time, neighbours in key
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) * np.sqrt(a.size) < 4


def test_decisions_of_one_step_are_independent():
    """The twelve that everybody faces, and of each the first eight bits and the others, which come from two blocks."""
    luck, keys = Luck(3, 0), np.arange(100_000, dtype=np.uint64)
    draws = np.stack([luck.words(d, 8092, keys) for d in range(12)])
    parts = np.concatenate((draws >> np.uint32(24), draws & np.uint32(0xFFFFFF)))
    correlations = np.asarray(np.corrcoef(parts))[np.triu_indices(24, 1)]
    assert np.abs(correlations).max() * np.sqrt(keys.size) < 4.5  # 276 pairs: once in 500 by chance


def test_derived_keys_differ_by_every_part_and_do_not_collide():
    mothers = derive_keys(Domain.START_PERSON, np.arange(50_000))
    children = np.concatenate([
        derive_keys(Domain.NEWBORN, mothers, 8092, 0), derive_keys(Domain.NEWBORN, mothers, 8092, 1),
        derive_keys(Domain.NEWBORN, mothers, 8093, 0), derive_keys(Domain.MIGRANT, mothers, 8092, 0),
    ])
    assert np.unique(np.concatenate([mothers, children])).size == 250_000


def test_a_derived_key_does_not_depend_on_the_other_rows():
    mothers = derive_keys(Domain.START_PERSON, np.arange(100))
    alone = derive_keys(Domain.NEWBORN, mothers[[7, 3]], 8092)
    assert (derive_keys(Domain.NEWBORN, mothers, 8092)[[7, 3]] == alone).all()


def test_the_key_of_a_pair_knows_who_comes_first():
    a, b = np.array([1, 2], np.uint64), np.array([2, 1], np.uint64)
    assert (pair_keys(a, b) != pair_keys(b, a)).all()
    assert pair_keys(a, b)[0] == pair_keys(b, a)[1]


def test_a_name_has_the_same_key_on_every_machine():
    assert text_key("01001/Altstadt") == 8929920007036494671


def test_decision_numbers_are_unique():
    numbers = [d.value for d in Decision.__members__.values()]
    assert len(set(numbers)) == len(numbers) == len(Decision.__members__)


def _ledger() -> dict[str, int]:
    """Every decision there ever was. One that is dropped stays in the file; its number is not given to another."""
    with (Path(__file__).parent / "decision_numbers.csv").open(encoding="utf-8", newline="") as file:
        return {row["decision"]: int(row["number"]) for row in csv.DictReader(file)}


def test_no_decision_number_is_ever_given_to_another_decision():
    ever, now = _ledger(), {d.name: d.value for d in Decision}
    new = sorted(set(now) - set(ever))
    assert not new, f"write {new} into decision_numbers.csv, with numbers that never stood there"
    assert now == {name: ever[name] for name in now}
    assert len(set(ever.values())) == len(ever)


PARITY = """
from types import SimpleNamespace
import numpy as np
from quartier.model.luck import Decision, Domain, Luck, derive_keys
from quartier.model.screen import room_for, screen_bounds
luck, keys = Luck(1, 0), derive_keys(Domain.START_PERSON, np.arange(60))
zero, sex = np.zeros(60, np.uint8), (np.arange(60) % 2).astype(np.uint8)
birth = (8092 - 7 * np.arange(60)).astype(np.uint16)
people = SimpleNamespace(key=keys, birth=birth, present=zero + 1, sex=sex, leads=sex, care=zero)
bounds = (np.arange(3 * 8 * 110 * 4, dtype=np.uint64).reshape(3, 2, 2, 2, 110, 4) * 400_000).astype(np.uint32)
for rows, flags, words in screen_bounds(luck, 8092, people, bounds, room_for(60)):
    print(rows.tolist(), flags.tolist(), words.sum(dtype=np.uint64))
print(luck.words(Decision.BIRTH, 8092, keys).sum(dtype=np.uint64), luck.uniform(Decision.TWINS, 8092, keys).sum().hex())
print(keys.sum(dtype=np.uint64))
"""


def test_luck_and_screen_are_the_same_without_the_compiler():
    said = [
        subprocess.run(
            [sys.executable, "-W", "error::RuntimeWarning", "-c", PARITY],
            env=os.environ | {"NUMBA_DISABLE_JIT": switch}, capture_output=True, text=True, check=True,
        ).stdout
        for switch in ("0", "1")
    ]
    assert said[0] == said[1]
    assert said[0].count("[]") == 0
