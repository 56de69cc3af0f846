"""W1 in plain numpy, the yardstick: one generator, Boolean masks, the dead dropped in every step."""

from __future__ import annotations

import numpy as np
import w1_workload as w1


def change_care(care: np.ndarray, age: np.ndarray, rng: np.random.Generator) -> None:
    """Enter, climb or descend the care grades by one uniform number per person."""
    u = rng.random(care.size, dtype=np.float32)
    rising = u < np.where(care == 0, w1.P_ENTRY[age], np.where(care < 5, w1.P_WORSE[age], 0.0))
    falling = (u > 1 - w1.P_BETTER) & (care > 0) & (care < 5)
    entering = rising & (care == 0)
    care += (rising & ~entering).astype(np.uint8)
    care -= falling.astype(np.uint8)
    care[entering] = 1 + np.searchsorted(np.cumsum(w1.ENTRY_SHARES[:-1]), rng.random(int(entering.sum())))


def run(start: w1.Start, seed: int, steps: int = w1.STEPS) -> w1.Result:
    """All steps; the result as `w1_workload.Result`."""
    rng = np.random.default_rng(seed)
    age, sex, care, household, area = start.age.copy(), start.sex, start.care.copy(), start.household, start.area
    table = np.zeros((steps, w1.AREAS, w1.AGE_GROUPS, w1.GRADES), np.int64)
    births, deaths = np.zeros(steps, np.int64), np.zeros(steps, np.int64)
    for step in range(steps):
        age += 1
        dies = rng.random(age.size, dtype=np.float32) < w1.P_DEATH.ravel()[sex.astype(np.int32) * w1.QUARTERS + age]
        age, sex, care, household, area = (column[~dies] for column in (age, sex, care, household, area))
        fertile = np.flatnonzero((sex == 1) & (age >= 60) & (age < 200))
        mothers = fertile[rng.random(fertile.size) < w1.P_BIRTH[age[fertile]]]
        change_care(care, age, rng)
        n = mothers.size
        age = np.concatenate([age, np.zeros(n, age.dtype)])
        sex = np.concatenate([sex, (rng.random(n) >= w1.SHARE_BOYS).astype(sex.dtype)])
        care = np.concatenate([care, np.zeros(n, care.dtype)])
        household = np.concatenate([household, household[mothers]])
        area = np.concatenate([area, area[mothers]])
        group = np.minimum(age // w1.GROUP_WIDTH, w1.AGE_GROUPS - 1)
        cell = (area.astype(np.int32) * w1.AGE_GROUPS + group) * w1.GRADES + care
        table[step] = np.bincount(cell, minlength=table[step].size).reshape(table[step].shape)
        births[step], deaths[step] = n, int(dies.sum())
    return table, births, deaths
