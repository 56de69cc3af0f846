"""Births: by the mother's age, children borne, union state, time since the last birth, and the Quartier's level."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from .. import registers
from ..asking import ask_by_luck
from ..columns import Role, Sex
from ..households import arrive, join
from ..luck import TWO32, Decision, Domain, derive_keys
from ..process import Process
from ..shortlist import shortlist_with_word
from ..tables import NONE
from ..thresholds import AGES, SLACK
from ..timeline import DT, STEPS_PER_YEAR

if TYPE_CHECKING:
    from ..model import QuartierModel

YOUNGEST, OLDEST = 15, 49
"""First and last completed age of the fertility table (its axis, checked at the start)."""
MOST_PARITY = 3
FEMALE, RESIDENT = int(Sex.FEMALE), int(Role.RESIDENT)


def fertile_women(model: QuartierModel) -> np.ndarray:
    """Rows (i64) of women of fertile age who live in private households."""
    p = model.people
    first, last = model.now - 4 * (OLDEST + 1) + 1, model.now - 4 * YOUNGEST
    rows = np.flatnonzero((p.sex == Sex.FEMALE) & (p.present == 1))
    birth = p.birth[rows]
    return rows[(birth >= first) & (birth <= last) & (p.role[rows] != Role.RESIDENT)]


def _bound(model: QuartierModel) -> np.ndarray:
    """No woman of an age has a higher hazard: the highest of all Quartiere, union states, parities and spacings."""
    _, hazard = model.rates.resolve("birth_hazard", model.now, model.n_quartiere)
    bound = np.zeros((2, AGES))
    bound[Sex.FEMALE, YOUNGEST : OLDEST + 1] = _most(model, hazard, _levels(model)).max(axis=(0, 1))
    return bound


def _most(model: QuartierModel, hazard: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """The highest hazard of a confinement [union state, parity, age], whatever the Quartier and the spacing."""
    spacing = model.side["bear"]["spacing"].max(axis=0)
    return hazard.max(axis=0) * spacing * levels.max() / model.rates.parameter("births_per_confinement")


def _levels(model: QuartierModel) -> np.ndarray:
    """Fertility of each Quartier against the table (float64) in this step: its own level, and that of the year of the run."""
    by_year = model.rates["birth_level"].values
    year = min(max(model.now - model.start_step - 1, 0) // STEPS_PER_YEAR, by_year.size - 1)
    return model.side["bear"]["level"] * by_year[year]


def _spacing_class(model: QuartierModel, rows: np.ndarray) -> np.ndarray:
    """0 no child yet, 1 too soon after a birth, 2 up to 1.5 years, 3 up to 4, 4 up to 6, 5 longer."""
    p = model.people
    since = model.now - p.last_birth[rows].astype(np.int64)
    found = 1 + np.searchsorted(_spacing_ends(model), since, side="right")
    return np.where(p.parity[rows] == 0, 0, found)


def _spacing_ends(model: QuartierModel) -> np.ndarray:
    """Quarters since the last birth at which the next class of spacing begins."""
    return np.array([int(model.rates.parameter("spacing_closed_quarters")), 6, 16, 24])


def _spacing_weights(model: QuartierModel) -> np.ndarray:
    """Weights [spacing class, parity, age] whose mean over the start population is 1 per age and parity."""
    names = ("spacing_under_2_years", "spacing_under_4_years", "spacing_under_6_years", "spacing_over_6_years")
    raw = np.array([1.0, 0.0, *(model.rates.parameter(name) for name in names)])
    rows = fertile_women(model)
    spacing, age = _spacing_class(model, rows), model.ages(rows) - YOUNGEST
    parity = np.minimum(model.people.parity[rows], MOST_PARITY)
    n_ages = OLDEST - YOUNGEST + 1
    cell = parity.astype(np.int64) * n_ages + age
    count = np.bincount(cell, minlength=(MOST_PARITY + 1) * n_ages).reshape(-1, n_ages)
    total = np.bincount(cell, raw[spacing], minlength=(MOST_PARITY + 1) * n_ages).reshape(-1, n_ages)
    mean = np.ones_like(total)
    for a in range(n_ages):  # pooled over neighbouring ages, so that few women make no jumps
        window = slice(max(a - 2, 0), a + 3)
        seen = count[:, window].sum(1)
        mean[:, a] = np.where(seen > 0, total[:, window].sum(1) / np.maximum(seen, 1), 1.0)
    weights = raw[:, None, None] / np.maximum(mean, 0.1)
    weights[0] = 1.0
    return weights


def _local_levels(model: QuartierModel) -> np.ndarray:
    """Fertility of each Quartier against the table, shrunken towards 1: ``(births + k) / (expected + k)``."""
    years = int(model.rates.parameter("fertility_reference_years"))
    last = model.region.reference_date.year
    observed, n_years = registers.births(model.region, last, years)
    town = registers.registered(model.region, "birth", range(last - years + 1, last + 1))
    if town is None:
        return np.ones(model.n_quartiere)
    rows = fertile_women(model)
    a_year = np.bincount(model.people.quartier[rows], birth_hazards(model, rows), minlength=model.n_quartiere)
    k = model.rates.parameter("fertility_shrinkage")
    if not n_years:  # told for the town only
        n = len(town.years)
        return np.full(model.n_quartiere, (town.total * n + k) / (a_year.sum() * n + k))
    expected = n_years * a_year
    return (observed + k) / (expected + k)


def start_births(model: QuartierModel) -> None:
    """Work out, from the start population only, the mean of the spacing weights and the Quartiere's levels."""
    side = model.side["bear"] = {"level": np.ones(model.n_quartiere)}
    side["spacing"] = _spacing_weights(model)
    side["level"] = _local_levels(model)


@nb.njit(cache=True)
def _hazards(
    rows, luck, birth, sex, role, union_state, parity, last_birth, quartier, class_of, base, level, spacing, ends, most, now, hazard
):
    for k in range(rows.size):
        i = np.uint32(rows[k])
        hazard[k] = 0.0
        age, borne = ((now - np.int64(birth[i])) >> 2) - YOUNGEST, min(parity[i], MOST_PARITY)
        if age < 0 or age > OLDEST - YOUNGEST or luck[k] > most[union_state[i], borne, age]:
            continue
        if sex[i] != FEMALE or role[i] == RESIDENT:
            continue
        where, since, spaced = quartier[i], now - np.int64(last_birth[i]), 0
        if parity[i] > 0:
            spaced = 1
            for end in ends:
                spaced += since >= end
        hazard[k] = base[class_of[where], union_state[i], borne, age] * level[where] * spacing[spaced, borne, age]


def birth_hazards(model: QuartierModel, rows: np.ndarray, luck: np.ndarray | None = None) -> np.ndarray:
    """Annual hazards of a birth (float64) in this step; 0 for all but fertile women in private households.

    If their words of ``luck`` are given, also 0 for those whose luck cannot lie below it.
    """
    p, side, levels, hazard = model.people, model.side["bear"], _levels(model), np.empty(rows.size)
    class_of, base = model.rates.resolve("birth_hazard", model.now, model.n_quartiere)
    columns = (p.birth, p.sex, p.role, p.union_state, p.parity, p.last_birth, p.quartier)
    rates = (class_of, base, levels, side["spacing"], _spacing_ends(model))
    most = _most(model, base, levels) * (DT * TWO32 * SLACK)
    luck = np.zeros(rows.size, np.uint32) if luck is None else luck
    _hazards(rows.astype(np.int32, copy=False), luck, *columns, *rates, most, model.now, hazard)
    return hazard


def bear(model: QuartierModel) -> None:
    """Let women bear children, who join their mother's household; the mother's partner becomes the father."""
    p, rates = model.people, model.rates
    rows, luck = shortlist_with_word(model, Decision.BIRTH)
    hazard = birth_hazards(model, rows, luck if model.audit is None else None) / rates.parameter("births_per_confinement")
    mothers = rows[ask_by_luck(model, "bear", rows, luck, hazard)]
    twins = model.luck.uniform(Decision.TWINS, model.now, p.key[mothers]) < rates.parameter("twin_share")
    p.last_birth[mothers] = model.now
    p.parity[mothers] = np.minimum(p.parity[mothers] + 1 + twins, MOST_PARITY)
    both = np.concatenate((mothers, mothers[twins]))
    index = np.concatenate((np.zeros(mothers.size, int), np.ones(int(twins.sum()), int)))
    keys = derive_keys(Domain.NEWBORN, p.key[both], model.now, index) if both.size else np.empty(0, np.uint64)
    boys = model.luck.uniform(Decision.CHILD_SEX, model.now, keys) < rates.parameter("share_of_boys")
    mother_ids, father_ids, homes = p.id[both], p.partner[both], p.household[both]
    model.count("births", p.quartier[both])
    newborn = arrive(
        model,
        both.size,
        key=keys,
        birth=model.now,
        sex=np.where(boys, Sex.MALE, Sex.FEMALE),
        role=Role.CHILD,
        mother=mother_ids,
        father=np.where(father_ids >= 0, father_ids, NONE),
    )
    join(model, newborn, homes)


BEAR = Process(
    "bear",
    reads=("people.birth", "people.sex", "people.union_state", "people.partner", "people.role"),
    writes=("people.parity", "people.last_birth", "households.arrive", "households.join"),
    rates=("birth_hazard", "birth_level"),
    step=bear,
    start=start_births,
    bounds={Decision.BIRTH: _bound},
)
