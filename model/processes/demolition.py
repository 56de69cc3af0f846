"""Dwellings that are lost: a small part of the stock every year, and what a scenario takes away.

A dwelling that is gone is its row with no rooms: rows stay where they are, so saved states and the numbers of streets hold.
Only vacant dwellings go, the oldest first. Nobody has told us when a dwelling was built, so a lifelong rank, keyed by the
dwelling, stands in for its age; those completed since the start are younger than all others and no part of the yearly loss.

How many are lost is fixed before the run, per Quartier, from the stock of the start. By default what is lost is replaced
on the spot by a new dwelling with as many rooms, so that the stock the region counts holds (`dwelling_loss_replaced`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from ..columns import BUILT_SHIFT, MOST_ROOMS
from ..dwelling_features import draw_features
from ..fetch import fetch
from ..luck import Decision, Domain, derive_keys
from ..measures import DwellingsMeasure
from ..timeline import STEPS_PER_YEAR

if TYPE_CHECKING:
    from ..model import QuartierModel

REPLACED = (1 << 20) + 1
"""Number of the replacing among the measures, for the keys of its dwellings."""


def start_demolition(model: QuartierModel) -> dict[str, np.ndarray]:
    """What is lost in a quarter per Quartier (float64), where in a dwelling each begins, and what has gone so far (nothing)."""
    stock = np.bincount(model.dwellings.quartier, minlength=model.n_quartiere)
    return {
        "loss": stock * model.rates.parameter("dwelling_loss") / STEPS_PER_YEAR,
        "phase": (model.quartier_keys >> np.uint64(11)) / 2.0**53,  # so that small Quartiere lose their share too
        "lost": np.zeros(model.n_quartiere, np.int64),
        "demolished": np.zeros(len(model.measures), np.int64),
    }


def _seniority(model: QuartierModel, rows: np.ndarray) -> np.ndarray:
    """What these dwellings are ordered by (u64), the oldest smallest: those of the start first, then the rank that stands for age."""
    d = model.dwellings
    later = (d.features[rows] >> BUILT_SHIFT > 0).astype(np.uint64) << np.uint64(47)
    keys = d.key[rows]
    rank = model.luck.words(Decision.DWELLING_AGE, 0, keys).astype(np.uint64) << np.uint64(15)
    return later | rank | keys & np.uint64(0x7FFF)


def oldest_first(model: QuartierModel, rows: np.ndarray) -> np.ndarray:
    """These dwellings by Quartier, in each by seniority."""
    place = model.dwellings.quartier[rows].astype(np.uint64) << np.uint64(48)
    return rows[np.argsort(place | _seniority(model, rows))]


@nb.njit(cache=True)
def _of_the_start(vacant, rooms, features, keys, rows, key):
    """Those of the vacant dwellings that stood at the start and have not been lost, and their keys; returns how many."""
    its_rooms, its_features, its_key = fetch(rooms, vacant), fetch(features, vacant), fetch(keys, vacant)
    n = 0
    for k in range(vacant.size):
        rows[n], key[n] = vacant[k], its_key[k]
        n += (its_features[k] >> BUILT_SHIFT == 0) & (its_rooms[k] > 0)
    return n


@nb.njit(cache=True)
def _oldest(rows, words, key, quartier, owed, first, chosen):
    """The ``owed`` oldest of every Quartier of these dwellings into ``chosen[first[q] :]``, -1 where there are fewer.

    ``words`` (u32) stand for age; where they are equal, the last bits of the keys decide.
    """
    rank = np.full(chosen.size, ~np.uint64(0))
    for k in range(rows.size):
        q, mine = quartier[rows[k]], np.uint64(words[k]) << np.uint64(15) | key[k] & np.uint64(0x7FFF)
        begin, j = first[q], first[q] + owed[q]
        if j == begin or rank[j - 1] < mine:
            continue
        j -= 1
        while j > begin and rank[j - 1] > mine:
            chosen[j], rank[j] = chosen[j - 1], rank[j - 1]
            j -= 1
        chosen[j], rank[j] = rows[k], mine


def lose_dwellings(model: QuartierModel, vacant: np.ndarray) -> None:
    """Take away this quarter's dwellings of the vacant ones: first what scenarios ask for, then the yearly loss.

    What is owed stays owed.
    """
    side, d = model.side["move"], model.dwellings
    asked = _asked(model)
    due = np.floor(side["loss"] * (model.now - model.start_step) + side["phase"]).astype(np.int64)
    owed = np.maximum(due - side["lost"], 0)
    if not asked and not owed.any():
        return
    if asked:
        vacant = _demolish(model, asked, oldest_first(model, vacant))
    rows, key = np.empty(vacant.size + 1, np.int32), np.empty(vacant.size + 1, np.uint64)
    n = _of_the_start(vacant, d.rooms, d.features, d.key, rows, key)
    chosen = np.full(int(owed.sum()), -1, np.int64)
    words = model.luck.words(Decision.DWELLING_AGE, 0, key[:n])
    _oldest(rows[:n], words, key[:n], d.quartier, owed, np.cumsum(owed) - owed, chosen)
    lost = chosen[chosen >= 0]
    side["lost"] += np.bincount(d.quartier[lost], minlength=model.n_quartiere)
    share = model.rates.parameter("dwelling_loss_replaced")
    again = model.luck.uniform(Decision.DWELLING_REPLACED, 0, d.key[lost]) < share
    d.rooms[lost[~again]] = 0
    _replace(model, lost[again])


def _asked(model: QuartierModel) -> list[tuple[int, DwellingsMeasure]]:
    """Measures that still have dwellings to take away, with their numbers."""
    side = model.side["move"]
    if side["demolished"].size < len(model.measures):  # a saved state of a scenario with fewer measures
        side["demolished"] = np.concatenate((side["demolished"], np.zeros(len(model.measures), np.int64)))
    return [
        (number, m)
        for number, m in enumerate(model.measures)
        if isinstance(m, DwellingsMeasure) and m.step <= model.now and side["demolished"][number] < -m.dwellings
    ]


def _demolish(model: QuartierModel, asked: list[tuple[int, DwellingsMeasure]], vacant: np.ndarray) -> np.ndarray:
    """Carry measures out as far as there are vacant dwellings (in order of age); returns those that still stand."""
    side, d = model.side["move"], model.dwellings
    for number, measure in asked:
        owed = -measure.dwellings - int(side["demolished"][number])
        fits = (d.quartier[vacant] == measure.quartier) & (np.minimum(d.rooms[vacant], MOST_ROOMS) == measure.rooms)
        gone = np.flatnonzero(fits)[:owed]
        side["demolished"][number] += gone.size
        d.rooms[vacant[gone]] = 0
        vacant = np.delete(vacant, gone)
    return vacant


def _replace(model: QuartierModel, rows: np.ndarray) -> None:
    """Build new dwellings in the place of these, with as many rooms; everything else is drawn anew."""
    d = model.dwellings
    key = derive_keys(Domain.DWELLING, d.key[rows], 1 + model.now, REPLACED << 32) if rows.size else d.key[rows]
    owned = model.side["move"]["owned"][np.minimum(d.rooms[rows], MOST_ROOMS)]
    d.key[rows], d.features[rows] = key, draw_features(model.luck, model.rates, key, owned, new=True)
