"""The partner market: bounded candidate lists and deferred acceptance with scores keyed by the pair.

A proposer looks at a few holders of every age near the one sought, so that the ages of couples follow the kernel however
many seek. Cost grows linearly with the number of seekers, and one more seeker displaces few: the score of a pair depends on the pair
alone, proposals go down each proposer's list, and a holder keeps the best offer (Gale & Shapley 1962).
"""

from __future__ import annotations

from typing import Final

import numba as nb
import numpy as np

from ..luck import _LOW, _S32, pair_key, pair_unit, philox4x32, word
from ..matching import deferred_acceptance

SCANNED, KEPT = 64, 16
"""Candidates looked at and kept per proposer: they bound the cost."""
NEAR_CELLS = 8
"""Areas searched besides the own one."""
_CELL_BITS: Final = np.uint64(12)
_RING_BITS: Final = np.uint64(20)


@nb.njit(inline="always")
def _related(a, b):
    """Parent and child, or siblings; each of a, b holds own id, mother, father."""
    return (
        a[0] == b[0]
        or a[0] == b[1]
        or a[0] == b[2]
        or a[1] == b[0]
        or a[2] == b[0]
        or (a[1] >= 0 and a[1] == b[1])
        or (a[2] >= 0 and a[2] == b[2])
    )


@nb.njit(inline="always")
def _at_age(cell, age, bins, near, key, quota, ring, place, picked):
    """Up to ``quota`` holders of an age in the Quartiere near by: all of them, or drawn by the proposer's luck.

    A draw takes its Quartier from the running sum of holders and there the next one on a ring of keys, so that one
    more holder changes only the draws that fall on it.
    """
    total = 0
    for c in range(near.shape[1]):
        total += bins[near[cell, c], age + 1] - bins[near[cell, c], age]
    n = 0
    if total <= quota:
        for c in range(near.shape[1]):
            for k in range(bins[near[cell, c], age], bins[near[cell, c], age + 1]):
                picked[n], place[n] = k, c
                n += 1
        return n
    draws = philox4x32(
        key & _LOW, key >> _S32, np.uint64(age), np.uint64(0), np.uint64(0x70617274), np.uint64(0x6E6572)
    )
    for draw in range(quota):
        spot = (np.int64(draws[draw] >> _RING_BITS) * total) >> np.int64(_CELL_BITS)
        c = 0
        while spot >= bins[near[cell, c], age + 1] - bins[near[cell, c], age]:
            spot -= bins[near[cell, c], age + 1] - bins[near[cell, c], age]
            c += 1
        first, last = bins[near[cell, c], age], bins[near[cell, c], age + 1]
        k = first + np.searchsorted(ring[first:last], draws[draw] & np.uint64((1 << 20) - 1))
        k = first if k == last else k
        known = False
        for j in range(n):
            known |= picked[j] == k
        if not known:
            picked[n], place[n] = k, c
            n += 1
    return n


@nb.njit(cache=True)
def _candidates(
    stream,
    step,
    decision,
    cell,
    key,
    centre,
    widest,
    kin,
    bins,
    members,
    ring,
    member_key,
    member_age,
    member_kin,
    near,
    log_km,
    scale,
    freedom,
    found,
    scores,
):
    """Best candidates of every proposer, best first; -1 where there are fewer."""
    n_ages = bins.shape[1] - 1
    pool, value = np.empty(SCANNED, np.int32), np.empty(SCANNED)
    place, picked = np.empty(4, np.int64), np.empty(4, np.int64)
    for i in range(key.size):
        n = 0
        own = pair_key(np.uint64(decision), pair_key(np.uint64(step), pair_key(stream, key[i])))
        quota = min(max(SCANNED // (2 * widest[i] + 1), 1), 4)
        target = np.int64(np.rint(centre[i]))
        for age in range(max(target - widest[i], 0), min(target + widest[i] + 1, n_ages)):
            for c in range(_at_age(cell[i], age, bins, near, own, quota, ring, place, picked)):
                j = members[picked[c]]
                if _related(kin[i], member_kin[j]):
                    continue
                z = (member_age[j] - centre[i]) / scale[i]
                u = pair_unit(stream, step, decision, key[i], member_key[j])
                kernel = -0.5 * (freedom[i] + 1.0) * np.log1p(z * z / freedom[i])
                pool[n], value[n] = j, kernel - log_km[cell[i], place[c]] - np.log(-np.log(u))
                n += 1
        order = np.argsort(-value[:n])
        for c in range(min(n, KEPT)):
            found[i, c], scores[i, c] = pool[order[c]], value[order[c]]


@nb.njit(cache=True)
def _spots(stream, step, decision, key, out):
    """Everyone's place on the ring of this step."""
    for i in range(key.size):
        out[i] = word(stream, step, decision, key[i]) & np.uint64((1 << 20) - 1)


def match(
    stream: np.uint64,
    step: int,
    decision: int,
    proposers: dict[str, np.ndarray],
    holders: dict[str, np.ndarray],
    near: np.ndarray,
    log_km: np.ndarray,
    n_ages: int,
) -> np.ndarray:
    """Match proposers with holders.

    Parameters
    ----------
    proposers : key (u64), cell (Quartier), centre (age sought, float64), widest (largest difference from it in years), scale and
        freedom (Student t of the age difference), kin (i32 [n, 3]: own id, mother, father).
    holders : key, cell, age, kin.
    near : i32 [cells, k], cells to search, own first; log_km : weighted log distance to each.

    Returns
    -------
    i32 per proposer: position of the holder, -1 for none. Independent of the order of either side.
    """
    spot = np.empty(holders["key"].size, np.uint64)
    _spots(stream, np.uint64(step), np.uint64(decision), holders["key"], spot)
    order = np.lexsort((holders["key"], spot, holders["age"], holders["cell"])).astype(np.int32)
    flat = holders["cell"].astype(np.int64) * n_ages + holders["age"]
    counts = np.bincount(flat, minlength=len(near) * n_ages).reshape(len(near), n_ages)
    ends = np.cumsum(counts.ravel()).reshape(counts.shape)
    bins = np.concatenate(((ends[:, :1] - counts[:, :1]), ends), axis=1).astype(np.int32)
    n = proposers["key"].size
    found, scores = np.full((n, KEPT), -1, np.int32), np.zeros((n, KEPT))
    _candidates(
        stream,
        np.uint64(step),
        np.uint64(decision),
        proposers["cell"].astype(np.int64),
        proposers["key"],
        proposers["centre"],
        proposers["widest"].astype(np.int64),
        proposers["kin"],
        bins,
        order,
        spot[order],
        holders["key"],
        holders["age"].astype(np.int64),
        holders["kin"],
        near,
        log_km,
        proposers["scale"],
        proposers["freedom"],
        found,
        scores,
    )
    return deferred_acceptance(found, scores, proposers["key"], np.ones(holders["key"].size, np.int64))
