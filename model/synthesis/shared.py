"""The others: neither alone nor in a family or couple; in shared flats, with kin, or in twos."""

from __future__ import annotations

import numpy as np

from ..luck import Decision, Luck
from ..rates import RateBook
from .figures import ALONE, CHILD, OTHER
from .persons import RESIDENT, Persons, first_of_each, other_keys, rank_in_group

FLATS = np.array([0, 0, 1, 1, 1, 2, 2, 3, 3, 3, 3])
"""Flats of 2, 3, 2 and 4 in turn: the flat of each of eleven persons."""
KIN_GAP = 29
KIN_FROM = 60
"""From this age others live with a couple of their children's age, below it with one of their own age."""


def _flats(p: Persons, rows: np.ndarray, luck: Luck, step: int) -> None:
    """Shared flats of two to four of similar age; the eldest heads it. A single one left joins the last."""
    u = luck.uniform(Decision.START_OTHER, step, p.key[rows])
    rows = rows[np.lexsort((p.key[rows], p.age[rows] + 3.0 * u, p.quartier[rows]))]
    place = rank_in_group(p.quartier[rows])
    flat = place // FLATS.size * (FLATS[-1] + 1) + FLATS[place % FLATS.size]
    code = p.quartier[rows].astype(np.int64) * (rows.size + 1) + flat
    size = np.bincount(np.unique(code, return_inverse=True)[1])
    last_single = size[np.unique(code, return_inverse=True)[1]] == 1
    flat = np.where(last_single & (flat > 0), flat - 1, flat)
    _together(p, rows, p.quartier[rows].astype(np.int64) * (rows.size + 1) + flat)


def _together(p: Persons, rows: np.ndarray, code: np.ndarray) -> None:
    """Make one household of each run of equal codes; the eldest heads it; who is left single lives alone."""
    order = np.lexsort((p.key[rows], -p.age[rows], code))
    rows, code = rows[order], code[order]
    starts = np.flatnonzero(np.concatenate(([True], code[1:] != code[:-1]))) if rows.size else np.empty(0, np.int64)
    sizes = np.diff(np.concatenate((starts, [rows.size])))
    p.head[rows] = np.repeat(rows[starts], sizes)
    p.arrangement[rows[starts[sizes == 1]]] = ALONE


def _with_kin(p: Persons, rows: np.ndarray) -> np.ndarray:
    """Let these live in the household of a couple of their Quartier; returns those for whom there is none."""
    hosts = p.rows((p.partner >= 0) & (p.head == np.arange(len(p))) & (p.age >= 18))
    hosts = hosts[np.lexsort((p.key[hosts], p.age[hosts], p.quartier[hosts]))]
    target = np.where(p.age[rows] >= KIN_FROM, p.age[rows] - KIN_GAP, p.age[rows])
    code = p.quartier[hosts].astype(np.int64) * 1000 + p.age[hosts]
    wanted = p.quartier[rows].astype(np.int64) * 1000 + target
    order = np.lexsort((p.key[rows], wanted))
    turn = rank_in_group(wanted[order])  # several who want the same age take one host after another
    bounds = (
        np.searchsorted(p.quartier[hosts], p.quartier[rows[order]]),
        np.searchsorted(p.quartier[hosts], p.quartier[rows[order]], side="right"),
    )
    place = np.clip(np.searchsorted(code, wanted[order]) + turn, bounds[0], np.maximum(bounds[1] - 1, bounds[0]))
    there = bounds[1] > bounds[0]
    p.head[rows[order][there]] = hosts[place[there]]
    return rows[order][~there]


def _counted(p: Persons, rows: np.ndarray, households: np.ndarray, luck: Luck, step: int) -> None:
    """As many households of two to four of similar age in every Quartier as it counts (as far as persons allow)."""
    u = luck.uniform(Decision.START_OTHER, step, p.key[rows])
    rows = rows[np.lexsort((p.key[rows], p.age[rows] + 3.0 * u, p.quartier[rows]))]
    persons = np.bincount(p.quartier[rows], minlength=households.size)
    wanted = np.clip(households, -(-persons // 4), np.maximum(persons // 2, 1))
    flat = rank_in_group(p.quartier[rows]) * wanted[p.quartier[rows]] // np.maximum(persons, 1)[p.quartier[rows]]
    _together(p, rows, p.quartier[rows].astype(np.int64) * (rows.size + 1) + flat)


def settle_others(p: Persons, luck: Luck, step: int, rates: RateBook, counted: np.ndarray) -> None:
    """Write the head of every household: couples, families, people alone first, then the others.

    ``counted`` : households of others per Quartier (f64) where the region says how many, NaN where not.
    """
    own = p.rows((p.head < 0) & (p.arrangement != OTHER) & (p.arrangement != RESIDENT) & (p.arrangement != CHILD))
    p.head[own] = own
    partner = own[p.partner[own] >= 0]
    second = partner[(p.sex[partner] == 0) & (p.sex[p.partner[partner]] == 1)]
    same = partner[(p.sex[partner] == p.sex[p.partner[partner]]) & (p.key[partner] > p.key[p.partner[partner]])]
    for rows in (second, same):
        p.head[rows] = p.partner[rows]
    other = p.rows(p.arrangement == OTHER)
    here = ~np.isnan(counted[p.quartier[other]])
    _counted(p, other[here], np.rint(np.nan_to_num(np.maximum(counted, 0))).astype(np.int64), luck, step)
    other = other[~here]
    young = p.age[other] <= rates.parameter("shared_flat_oldest")
    _flats(p, other[young], luck, step)
    older = other[~young]
    u = luck.uniform(Decision.START_OTHER, step, other_keys(p.key[older], 1))
    _with_kin(p, older[u < rates.parameter("with_kin_share")])
    rest = older[p.head[older] < 0]
    odd = np.bincount(p.quartier[rest], minlength=int(p.quartier.max(initial=0)) + 1) % 2
    _with_kin(p, rest[first_of_each(p.quartier[rest], p.key[rest], odd)])  # nobody is left over when the rest pair up
    rest = rest[p.head[rest] < 0]
    rest = rest[np.lexsort((p.key[rest], p.age[rest], p.quartier[rest]))]
    _together(p, rest, p.quartier[rest].astype(np.int64) * (rest.size + 1) + rank_in_group(p.quartier[rest]) // 2)
