"""Need of care of those who arrive: Pflegegrad, dementia and the card of the severely disabled, of one block of luck each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from ..care_hazards import AGES, care_prevalence
from ..columns import DEMENTIA_BIT
from ..dementia import usual_shares
from ..luck import TWO32, Decision, four_words
from ..timeline import year_of

if TYPE_CHECKING:
    from ..model import QuartierModel


@nb.njit(cache=True)
def _give(stream, now, rows, people, tables, care, disability):
    """Grade by inverse CDF, dementia by grade, and the card; three words of one block per person."""
    key, sex, birth = people
    reached, demented, disabled = tables
    grades, oldest = reached.shape[2], reached.shape[1] - 1
    keys, words = key[rows], np.empty((3, rows.size), np.uint64)
    for k in range(rows.size):  # vectorises
        words[0, k], words[1, k], words[2, k], _ = four_words(stream, now, Decision.START_CARE, keys[k])
    for k in range(rows.size):
        i, a, b, c = rows[k], words[0, k], words[1, k], words[2, k]
        age, grade = min(max((now - np.int64(birth[i])) >> 2, 0), oldest), 0
        u = (nb.float64(a) + 0.5) / TWO32
        if u < reached[sex[i], age, grades - 1]:
            grade = 1
            for g in range(grades - 1):
                grade += u >= reached[sex[i], age, g]
        ill = (nb.float64(b) + 0.5) / TWO32 < demented[sex[i], age, grade]
        care[i] = grade + DEMENTIA_BIT * ill
        disability[i] = (nb.float64(c) + 0.5) / TWO32 < disabled[sex[i], age]


def _tables(model: QuartierModel) -> tuple[np.ndarray, ...]:
    """Running shares by grade and shares with dementia and with a card [sex, age, ...], made anew in every year."""
    year, rates = year_of(model.now), model.rates
    made = model.side.get("need_of_arrivals")
    if made is None or made[0] != year or made[1] is not rates:
        level = rates.parameter("care_moves_level")
        prevalence = care_prevalence(rates, year)
        shares = prevalence.reshape(-1, prevalence.shape[-1])[:, 1:]
        shares = shares * level / (1 - (1 - level) * shares.sum(1, keepdims=True))
        reached = np.cumsum(shares, axis=1).reshape(*prevalence.shape[:2], -1)
        disabled = rates["disability_prevalence"].values * rates.parameter("disability_arrivals_level")
        tables = (reached, usual_shares(rates, year), disabled[:, :AGES])
        made = (year, rates, tuple(np.ascontiguousarray(table, np.float64) for table in tables))
        model.side["need_of_arrivals"] = made
    return made[2]


def need_of_arrivals(model: QuartierModel, rows: np.ndarray) -> None:
    """Give in-migrants a grade, and dementia, as if people in need moved `care_moves_level` times as often as others.

    Those who leave are chosen by the same ratio (`out_moves`), so that balanced migration keeps the share in need. The
    guide has the same figure as the ratio of prevalences (model-care.md 1.7), nearly the same where few are in need. Cards
    are given as their age has them times `disability_arrivals_level`.
    """
    p = model.people
    columns = (p.key, p.sex, p.birth)
    _give(model.luck.stream, np.int64(model.now), rows.astype(np.int32), columns, _tables(model), p.care, p.disability)
