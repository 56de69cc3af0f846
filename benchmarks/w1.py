"""W1 composed from the project's own table, luck and screen, against plain numpy.

    python benchmarks/w1.py            1 million persons: exact check, then the median ratio of five alternations
    python benchmarks/w1.py --check    20,000 persons, correctness only; a few seconds
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from typing import Final

import numba as nb
import numpy as np
import w1_numpy
import w1_workload as w1
from quartier.model.luck import BLOCK, Decision, Domain, Luck, derive_keys, unit
from quartier.model.rates import threshold
from quartier.model.screen import BLOCKS, room_for, screen_bounds
from quartier.model.tables import Column, Table

FIRST_STEP: Final = 4 * 2026
DEAD_SHARE: Final = 1 / 16
"""Rows of the dead are given up when they are this share of all: a compaction costs as much as a step."""


DEATH, CARE_CHANGE, BIRTH = int(Decision.DEATH), int(Decision.CARE_CHANGE), int(Decision.DISABILITY)
"""Words of luck of W1's three questions, all of the first block: the model's births have one in the second."""

PERSON: Final = {
    "key": Column("u8", 0, "1", "whose luck", "bear"),
    "birth": Column("u2", 0, "quarter", "absolute quarter of birth", "bear"),
    "sex": Column("u1", 0, "Sex", "1 = woman", "bear"),
    "care": Column("u1", 0, "grade", "care state", "change_care"),
    "area": Column("u1", 0, "area", "where the person lives", "bear"),
    "household": Column("i4", -1, "1", "whom the person lives with", "bear"),
    "leads": Column("u1", 0, "0/1", "draws for a couple; W1 has none", "bear"),
    "present": Column("u1", 1, "0/1", "alive", "die"),
}


def death_thresholds() -> np.ndarray:
    """u32 [sex, age in quarters]."""
    return threshold(w1.P_DEATH)


def birth_thresholds() -> np.ndarray:
    """u32 [sex, age in quarters]; none for men."""
    return threshold(np.stack([np.zeros(w1.QUARTERS), w1.P_BIRTH]))


def care_thresholds() -> np.ndarray:
    """u32 [care state, age in quarters]: leaving the state for any other."""
    leaving = 1 - np.diagonal(w1.care_transitions(), axis1=1, axis2=2).T
    return threshold(np.clip(leaving, 0, 1))


def bounds(death: np.ndarray, birth: np.ndarray, care: np.ndarray) -> np.ndarray:
    """u32 [block, care != 0, leads, sex, age in years, word]: the highest threshold of each question's."""

    def of_year(by_quarter: np.ndarray) -> np.ndarray:
        return by_quarter.reshape(*by_quarter.shape[:-1], -1, 4).max(axis=-1)

    out = np.zeros((BLOCKS, 2, 2, 2, w1.QUARTERS // 4, 4), np.uint32)
    out[0, ..., DEATH], out[0, ..., BIRTH] = of_year(death), of_year(birth)
    out[0, 0, ..., CARE_CHANGE], out[0, 1, ..., CARE_CHANGE] = of_year(care[0]), of_year(care[1:]).max(axis=0)
    return out


def care_targets() -> np.ndarray:
    """float64 [care state, age, target]: cumulative shares of the states that those who leave a state go to."""
    going = w1.care_transitions().transpose(1, 0, 2).copy()
    states = np.arange(w1.GRADES)
    going[states, :, states] = 0
    total = going.sum(axis=2, keepdims=True)
    return np.cumsum(np.divide(going, total, out=np.zeros_like(going), where=total > 0), axis=2)


@nb.njit(cache=True)
def _change_care(stream, step, rows, keys, birth, care, targets):
    for row in rows:
        u = unit(stream, step, np.uint64(Decision.CARE_TARGET), keys[row])
        shares = targets[care[row], np.int64(step) - np.int64(birth[row])]
        target = 0
        while u >= shares[target]:
            target += 1
        care[row] = target


@nb.njit(cache=True)
def _count(now, birth, area, care, present, counts):
    """Persons present by (area, age group, care state)."""
    cells = np.empty(BLOCK, np.uint32)
    for start in range(0, birth.size, BLOCK):
        m = min(BLOCK, birth.size - start)
        born, where = birth[start : start + m], area[start : start + m]
        grade, living = care[start : start + m], present[start : start + m]
        for j in range(m):
            age = np.uint32(np.uint32(now) - np.uint32(born[j]))
            group = min(np.uint32(age // np.uint32(w1.GROUP_WIDTH)), np.uint32(w1.AGE_GROUPS - 1))
            row = np.uint32(where[j]) * np.uint32(w1.AGE_GROUPS) + group
            cells[j] = row * np.uint32(w1.GRADES) + np.uint32(grade[j])
        for j in range(m):
            counts[cells[j]] += np.uint32(living[j])


class Town:
    """A W1 town made of the model's machinery."""

    def __init__(self, start: w1.Start, seed: int, keys: np.ndarray | None = None) -> None:
        n = start.age.size
        self.luck, self.now, self.dead = Luck(seed, 0), FIRST_STEP, 0
        self.people = Table(PERSON, n + n // 8)
        self.people.append(
            n, key=derive_keys(Domain.START_PERSON, np.arange(n)) if keys is None else keys,
            birth=self.now - start.age, sex=start.sex, care=start.care, area=start.area, household=start.household,
        )
        self.death, self.birth, self.care = death_thresholds(), birth_thresholds(), care_thresholds()
        self.bounds, self.care_target = bounds(self.death, self.birth, self.care), care_targets()
        self.room = room_for(0)

    def step(self) -> tuple[int, int, np.ndarray]:
        """One quarter: births, deaths and the table [area, age group, care state]."""
        self.now += 1
        people = self.people
        if self.room.rows.shape[1] < len(people):
            self.room = room_for(people.capacity)
        rows, flags, words = screen_bounds(self.luck, self.now, people, self.bounds, self.room)[0]
        dies = self.happens(DEATH, rows, flags, words, self.death, people.sex)
        gives_birth = self.happens(BIRTH, rows, flags, words, self.birth, people.sex)
        changes = self.happens(CARE_CHANGE, rows, flags, words, self.care, people.care)
        people.present[rows[dies]] = 0
        self.change_care(rows[~dies & changes])
        born = self.bear(rows[~dies & gives_birth])
        table = self.count()
        self.dead += int(dies.sum())
        if self.dead > DEAD_SHARE * len(people):
            people.keep(np.flatnonzero(people.present != 0))
            self.dead = 0
        return born, int(dies.sum()), table

    def happens(
        self, word: int, rows: np.ndarray, flags: np.ndarray, words: np.ndarray, table: np.ndarray, column: np.ndarray
    ) -> np.ndarray:
        """To whom (bool) of those below a bound one of the events happens, by thresholds [value of a column, age in quarters]."""
        happened = np.zeros(rows.size, bool)
        asked = np.flatnonzero(flags >> np.uint8(word) & 1)
        who = rows[asked]
        happened[asked] = words[asked, word] < table[column[who], self.now - self.people.birth[who].astype(np.int64)]
        return happened

    def change_care(self, rows: np.ndarray) -> None:
        """Where those go who leave their care state."""
        people = self.people
        _change_care(
            self.luck.stream, np.uint64(self.now), rows, people.key, people.birth, people.care, self.care_target
        )

    def bear(self, mothers: np.ndarray) -> int:
        """Append a child for each mother."""
        people = self.people
        keys = derive_keys(Domain.NEWBORN, people.key[mothers], self.now)
        girl = self.luck.uniform(Decision.CHILD_SEX, self.now, keys) >= w1.SHARE_BOYS
        people.append(
            keys.size, key=keys, birth=self.now, sex=girl, area=people.area[mothers],
            household=people.household[mothers],
        )
        return keys.size

    def count(self) -> np.ndarray:
        """Persons present by area, age group and care state."""
        counts = np.zeros((w1.AREAS, w1.AGE_GROUPS, w1.GRADES), np.uint32)
        people = self.people
        _count(np.uint64(self.now), people.birth, people.area, people.care, people.present, counts.ravel())
        return counts


def run(start: w1.Start, seed: int, keys: np.ndarray | None = None) -> w1.Result:
    """All steps of W1 with the project's machinery."""
    return simulate(Town(start, seed, keys))


def simulate(town: Town) -> w1.Result:
    """All steps from a town as it starts."""
    births, deaths, tables = zip(*(town.step() for _ in range(w1.STEPS)), strict=True)
    return np.stack(tables), np.array(births), np.array(deaths)


def seconds(start: w1.Start, seed: int) -> tuple[float, float]:
    """Wall time of the steps, ours and plain numpy's, one right after the other; start populations apart."""
    town = Town(start, seed)
    began = time.perf_counter()
    simulate(town)
    between = time.perf_counter()
    w1_numpy.run(start, seed)
    return between - began, time.perf_counter() - between


def problems(n: int) -> list[str]:
    """All that is wrong with the two engines at n persons."""
    start = w1.start_population(n)
    expected = w1.expectation(start)
    ours = run(start, 1)
    found = [f"quartier: {fault}" for fault in w1.faults(start, ours, expected)]
    found += [f"numpy: {fault}" for fault in w1.faults(start, w1_numpy.run(start, 1), expected)]
    order = np.random.default_rng(2).permutation(n)
    shuffled = run(start.shuffled(order), 1, derive_keys(Domain.START_PERSON, order))
    if not all(np.array_equal(a, b) for a, b in zip(ours, shuffled, strict=True)):
        found.append("quartier: the result depends on the order of the rows")
    return found


def main() -> int:
    """Check, and measure unless asked not to; exit code 1 if the check fails."""
    parser = argparse.ArgumentParser(description="W1 with the project's machinery against plain numpy")
    parser.add_argument("--check", action="store_true", help="20,000 persons, correctness only")
    parser.add_argument("-n", type=int, default=1_000_000, help="persons to measure with")
    parser.add_argument("--alternations", type=int, default=5)
    arguments = parser.parse_args()
    found = problems(20_000 if arguments.check else arguments.n)
    print("\n".join(found) or "W1: exact check passed (quartier and numpy), independent of row order")
    if arguments.check or found:
        return 1 if found else 0
    start = w1.start_population(arguments.n)
    pairs = [seconds(start, seed) for seed in range(arguments.alternations)]
    ratios = [ours / plain for ours, plain in pairs]
    ours, plain = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(
        f"W1, {arguments.n:,} persons, {w1.STEPS} steps: {statistics.median(ratios):.3f} times plain numpy (median of "
        f"{len(ratios)} alternations, {min(ratios):.3f} to {max(ratios):.3f}; here {ours:.2f} s and {plain:.2f} s)"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
