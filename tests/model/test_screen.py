"""Asking many people at once gives what asking each by hand would give."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from quartier.model.luck import Decision, Domain, Luck, derive_keys
from quartier.model.rates import threshold
from quartier.model.screen import BLOCK, happens, happens_to, question, screen

STEP = 8092
LUCK = Luck(7, 1)


def people(n: int, seed: int = 1) -> dict[str, np.ndarray]:
    """Keys, births, sex, care grade and who is alive of n invented people."""
    rng = np.random.default_rng(seed)
    return {
        "key": derive_keys(Domain.START_PERSON, np.arange(n)),
        "birth": (STEP - rng.integers(0, 400, n)).astype(np.uint16),
        "alive": (rng.random(n) < 0.9).astype(np.uint8),
        "sex": rng.integers(0, 2, n).astype(np.uint8),
        "care": rng.integers(0, 6, n).astype(np.uint8),
        "place": rng.integers(0, 5, n).astype(np.uint8),
    }


def by_hand(
    p: dict[str, np.ndarray], decision: Decision, thresholds: np.ndarray, columns: list[np.ndarray], years: bool = True
) -> np.ndarray:
    """Whether the event happens to each, in plain numpy."""
    age = (STEP - p["birth"].astype(int)) // (4 if years else 1)
    limit = thresholds[(*columns, np.minimum(age, thresholds.shape[-1] - 1))]
    return (LUCK.words(decision, STEP, p["key"]) < limit) & (p["alive"] != 0)


@pytest.mark.parametrize("n", [1, 7, BLOCK - 1, BLOCK, BLOCK + 9, 3 * BLOCK + 1234])
def test_happens_equals_plain_numpy_for_any_number_of_people(n):
    p = people(n)
    table = threshold(np.random.default_rng(2).random((2, 110)))
    rows = happens(LUCK, STEP, Decision.OUT_MIGRATE, p["key"], p["alive"], p["birth"], table, [p["sex"]])
    assert rows.dtype == np.int32
    assert rows.tolist() == np.flatnonzero(by_hand(p, Decision.OUT_MIGRATE, table, [p["sex"]])).tolist()


@pytest.mark.parametrize("names", [[], ["sex"], ["place", "sex"], ["place", "care", "sex"]])
@pytest.mark.parametrize("years", [True, False])
def test_thresholds_depend_on_up_to_three_columns_and_age(names, years):
    p = people(5000)
    lengths = {"sex": 2, "care": 6, "place": 5}
    columns = [p[name] for name in names]
    table = threshold(np.random.default_rng(3).random((*(lengths[name] for name in names), 110 if years else 440)))
    asked = question(Decision.BIRTH, table, columns, years=years)
    rows, _ = screen(LUCK, STEP, Decision.BIRTH // 4, p["key"], p["alive"], p["birth"], (asked,))
    assert rows.tolist() == np.flatnonzero(by_hand(p, Decision.BIRTH, table, columns, years)).tolist()


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_questions_of_one_block_are_answered_as_if_asked_alone(count):
    p = people(6000)
    rng = np.random.default_rng(4)
    decisions = [Decision.ADJUSTMENT_MOVE, Decision.DEATH, Decision.CARE_CHANGE, Decision.DISABILITY][:count]
    tables = [threshold(0.1 * rng.random((6, 110))) for _ in decisions]
    rows, flags = screen(
        LUCK, STEP, 0, p["key"], p["alive"], p["birth"],
        tuple(question(d, t, [p["care"]]) for d, t in zip(decisions, tables, strict=True)),
    )
    answers = np.stack([by_hand(p, d, t, [p["care"]]) for d, t in zip(decisions, tables, strict=True)])
    assert rows.tolist() == np.flatnonzero(answers.any(axis=0)).tolist()
    assert flags.tolist() == (answers[:, rows] * 2 ** np.arange(count)[:, None]).sum(axis=0).tolist()


def test_the_event_is_as_frequent_as_its_probability():
    """400,000 people at 1 in 200: a probability 4 % off would lie 1.8 deviations away, one 10 % off 4.5."""
    n, p = 400_000, 0.005
    sample = people(n)
    table = threshold(np.full((2, 110), p))
    alive = np.ones(n, np.uint8)
    rows = happens(LUCK, STEP, Decision.DEATH, sample["key"], alive, sample["birth"], table, [sample["sex"]])
    assert abs(rows.size - n * p) < 3.5 * np.sqrt(n * p * (1 - p))


def test_nobody_at_threshold_zero_and_the_absent_never():
    p = people(5000)
    for table, alive in ((np.zeros((2, 110), np.uint32), p["alive"]), (threshold(np.ones((2, 110))), p["alive"] * 0)):
        assert happens(LUCK, STEP, Decision.DEATH, p["key"], alive, p["birth"], table, [p["sex"]]).size == 0


def test_who_is_older_than_the_table_takes_its_last_entry():
    birth = np.array([STEP - 4 * 150, STEP - 4 * 100, 0], np.uint16)
    table = np.zeros((1, 101), np.uint32)
    table[0, 100] = 2**32 - 1
    keys, alive, sex = np.arange(3, dtype=np.uint64), np.ones(3, np.uint8), np.zeros(3, np.uint8)
    rows = happens(LUCK, STEP, Decision.DEATH, keys, alive, birth, table, [sex])
    assert rows.tolist() == [0, 1, 2]


def test_the_answer_follows_the_key_and_not_the_row():
    p = people(4000)
    order = np.random.default_rng(5).permutation(4000)
    table = threshold(np.full((2, 110), 0.05))
    rows = happens(LUCK, STEP, Decision.MARRY, p["key"], p["alive"], p["birth"], table, [p["sex"]])
    shuffled = happens(
        LUCK, STEP, Decision.MARRY, p["key"][order], p["alive"][order], p["birth"][order], table, [p["sex"][order]]
    )
    assert set(p["key"][rows].tolist()) == set(p["key"][order][shuffled].tolist())


@pytest.mark.parametrize("decision", [Decision.DEATH, Decision.SEEK_PARTNER, Decision.MARRY, Decision.RETURN_HOME])
def test_a_group_chosen_beforehand_has_the_luck_it_has_when_all_are_asked(decision):
    p = people(3000)
    limit = threshold(np.random.default_rng(6).random(3000))
    assert (happens_to(LUCK, STEP, decision, p["key"], limit) == (LUCK.words(decision, STEP, p["key"]) < limit)).all()


def test_a_question_of_another_block_is_refused():
    p = people(10)
    asked = question(Decision.BIRTH, np.zeros((2, 110), np.uint32), [p["sex"]])
    with pytest.raises(ValueError, match="block 0"):
        screen(LUCK, STEP, 0, p["key"], p["alive"], p["birth"], (asked,))


def test_a_column_for_which_the_table_has_no_place_is_refused():
    p = people(50)
    with pytest.raises(ValueError, match="below 2"):
        question(Decision.DEATH, np.zeros((2, 110), np.uint32), [p["care"]])
    with pytest.raises(ValueError, match="uint8"):
        question(Decision.DEATH, np.zeros((2, 110), np.uint32), [p["sex"].astype(np.int64)])
    with pytest.raises(ValueError, match="uint32"):
        question(Decision.DEATH, np.zeros((2, 110)), [p["sex"]])


def test_a_column_with_too_few_entries_is_refused():
    p = people(50)
    asked = question(Decision.DEATH, np.zeros((2, 110), np.uint32), [p["sex"][:-1]])
    with pytest.raises(ValueError, match="one entry per person"):
        screen(LUCK, STEP, 0, p["key"], p["alive"], p["birth"], (asked,))


THREADS = """
import numpy as np
from quartier.model.luck import Decision, Luck
from quartier.model.screen import happens
n = 20_000
keys, birth = np.arange(n, dtype=np.uint64), np.full(n, 8000, np.uint16)
alive, sex, table = np.ones(n, np.uint8), np.zeros(n, np.uint8), np.full((1, 110), 2**30, np.uint32)
rows = happens(Luck(1, 0), 8092, Decision.DEATH, keys, alive, birth, table, [sex])
print(rows.size, rows.astype(np.int64).sum())
"""


def test_the_number_of_threads_is_irrelevant():
    said = {
        subprocess.run(
            [sys.executable, "-c", THREADS], env=os.environ | {"NUMBA_NUM_THREADS": threads},
            capture_output=True, text=True, check=True,
        ).stdout
        for threads in ("1", "2")
    }
    assert len(said) == 1
