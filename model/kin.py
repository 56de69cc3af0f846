"""Kin across households: who has a partner, where the living children are, and the children who live outside the town.

Links (`mother`, `father`, `partner`) are ids; siblings are who shares a mother. Living children outside the town are three
numbers per parent, by distance (`kin_away`, read with `away_counts` and `away_total` of `kin_distance`): they grow when a
child leaves the town (`households.remove`), shrink as those children die (once a year, by the life table at the parent's age
less the mean age at birth), and are drawn for parents who arrive. Fewer than one parent in ten thousand loses two children in
one year; at most one is counted. Adults who arrive from Germany may be such children who come (back) to where a parent lives,
as often as people of their age have a mother in town at the start; else the share of old people with a child in town would fade
with every child who leaves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from .columns import Role, Sex
from .kin_distance import away_numbers, one_child, start_place, take_one
from .luck import Decision, pair_keys
from .process import Process
from .rates import threshold
from .screen import happens
from .thresholds import AGES, pad_ages
from .timeline import STEPS_PER_YEAR, is_year_end, year_of

if TYPE_CHECKING:
    from .model import QuartierModel


def siblings(model: QuartierModel, row: int) -> np.ndarray:
    """Rows of the people in town who share the mother (else the father) of one person."""
    p = model.people
    for link in (p.mother, p.father):
        if link[row] >= 0:
            rows = np.flatnonzero((link == link[row]) & (p.present == 1))
            return rows[rows != row]
    return np.empty(0, np.int64)


def start_kin(model: QuartierModel) -> None:
    """Tables for the children of parents who arrive, by age: shares by number borne, and the share alive."""
    rates = model.rates
    borne, alive = rates["children_borne"], rates["children_alive"]
    shares = np.zeros((AGES, borne.values.shape[1]))
    shares[:, 0] = 1.0
    first = int(borne.labels[0][0])
    shares[first:] = pad_ages(borne.values.T).T[: AGES - first]
    living = np.ones(AGES)
    first = int(alive.labels[0][0])
    living[first:] = pad_ages(alive.values)[: AGES - first]
    p, cells = model.people, (2, AGES)
    grown = np.flatnonzero(
        (p.present == 1) & (p.role != Role.CHILD) & (model.ages() >= rates.parameter("age_of_majority"))
    )
    cell = p.sex[grown].astype(np.int64) * AGES + model.ages(grown)
    linked = np.bincount(cell, model.rows_of(p.mother[grown]) >= 0, minlength=2 * AGES).reshape(cells)
    all_of_age = np.bincount(cell, minlength=2 * AGES).reshape(cells)
    window = np.ones(5)
    smooth = [np.convolve(table.sum(axis=0), window, mode="same") for table in (linked, all_of_age)]
    share = rates.parameter("arrivals_with_kin") * smooth[0] / np.maximum(smooth[1], 1)
    model.side["lose_kin"] = {
        "borne": np.cumsum(shares, axis=1),
        "alive": living,
        "first": int(borne.labels[0][0]),
        "share": share,
    }


def lose_kin(model: QuartierModel) -> None:
    """At the end of a year: children outside the town die, by the life table at the parent's age less the mean age at birth."""
    if not is_year_end(model.now):
        return
    p, rates = model.people, model.rates
    _, hazard = rates.resolve("mortality", model.now, 1)
    _, decline = rates.resolve("mortality_decline", model.now, 1)
    by_age = pad_ages(hazard[0] * np.exp(-decline[0] * (year_of(model.now) - rates.parameter("mortality_base_year"))))
    child = np.maximum(np.arange(AGES) - int(rates.parameter("kin_generation_years")), 0)
    away = away_numbers(p.kin_away)
    chance = -np.expm1(-by_age.mean(axis=0)[child] * np.arange(int(away.max(initial=0)) + 1)[:, None])
    dies = happens(model.luck, model.now, Decision.KIN_AWAY_DEATH, p.key, p.present, p.birth, threshold(chance), [away])
    u = model.luck.uniform(Decision.KIN_AWAY_DEATH, model.now, p.key[dies])
    p.kin_away[dies] = take_one(p.kin_away[dies], u / chance[away[dies], model.ages(dies)])


def kin_of_arrivals(model: QuartierModel, rows: np.ndarray, origin: str) -> None:
    """Kin of people who have just arrived from ``origin``: their children elsewhere, and parents who live here."""
    if "lose_kin" not in model.side:
        return
    _children_elsewhere(model, rows)
    if origin == "germany":
        _parents_here(model, rows)


def _parents_here(model: QuartierModel, rows: np.ndarray) -> None:
    """Link some arriving adults to a mother in town who has a child elsewhere, and to her partner of that time.

    The age difference comes from the distribution of births; among the women of that age the mother is the next one on a
    ring of keys, so that one more woman changes only the draws that fall on her. In every step a quarter of the women
    can be found, by their key: it bounds the cost.
    """
    p, rates, luck, now = model.people, model.rates, model.luck, model.now
    ages = model.ages(rows)
    adults = rows[(p.mother[rows] < 0) & (ages >= rates.parameter("age_of_majority"))]
    share = model.side["lose_kin"]["share"][model.ages(adults)]
    lot = luck.uniform(Decision.JOIN_KIN, now, p.key[adults])
    adults, lot = adults[lot < share], (lot / np.maximum(share, 1e-12))[lot < share]
    possible = _possible_mothers(model, int(rows[0]) if rows.size else 0)
    if not (adults.size and possible.size):
        return
    possible, place = _by_place(model, possible)
    u = luck.uniform(Decision.START_CHILD, now, p.key[adults])
    spread = rates.parameter("child_mother_age_spread") * np.log(u / (1 - u)) * np.sqrt(3) / np.pi
    wanted = model.ages(adults) + np.rint(np.clip(rates.parameter("kin_generation_years") + spread, 17, 45)).astype(
        np.int64
    )
    mark = (np.minimum(wanted, AGES - 1) << 32) + luck.words(Decision.START_KIN, now, p.key[adults])
    found = np.searchsorted(place, mark)
    found = np.where(found == place.size, 0, found)
    right_age = (place[found] >> 32) == wanted
    adults, mothers, lot = adults[right_age], possible[found[right_age]], lot[right_age]
    by_key = np.argsort(p.key[adults], kind="stable")
    _, first = np.unique(mothers[by_key], return_index=True)
    adults, mothers, lot = adults[by_key][first], mothers[by_key][first], lot[by_key][first]
    p.mother[adults] = p.id[mothers]
    p.kin_away[mothers] = take_one(p.kin_away[mothers], lot)
    fathers = model.rows_of(p.partner[mothers])
    his = (fathers >= 0) & (p.sex[np.maximum(fathers, 0)] == Sex.MALE) & (p.union_since[mothers] <= p.birth[adults])
    his &= p.birth[adults].astype(np.int64) - p.birth[np.maximum(fathers, 0)] >= STEPS_PER_YEAR * rates.parameter(
        "youngest_seeker"
    )
    p.father[adults[his]] = p.id[fathers[his]]
    his &= p.kin_away[np.maximum(fathers, 0)] > 0
    p.kin_away[fathers[his]] = take_one(p.kin_away[fathers[his]], lot[his])


@nb.njit(cache=True)
def _mothers(kin_away, sex, present, key, part, found):
    flag = np.zeros(2048, np.uint8)
    flag8 = flag.view(np.uint64)
    n = 0
    for start in range(0, kin_away.size, flag.size):
        m = min(flag.size, kin_away.size - start)
        away, female, here = kin_away[start : start + m], sex[start : start + m], present[start : start + m]
        for j in range(m):  # vectorises
            flag[j] = np.uint8(away[j] != 0) & female[j] & here[j]
        flag[m:] = 0
        for eight in range((m + 7) // 8):
            if flag8[eight] == 0:
                continue
            for j in range(8 * eight, min(m, 8 * eight + 8)):
                found[n] = start + j  # written for each, kept for those who can be found: no branch to guess wrong
                n += flag[j] & (key[start + j] % np.uint64(4) == part)
    return n


def _possible_mothers(model: QuartierModel, before: int) -> np.ndarray:
    """Women (rows, i32) with a child elsewhere who can be found in this step, of the rows before the arrivals."""
    p = model.people
    found = np.empty(before + 1, np.int32)
    columns = (p.kin_away[:before], p.sex[:before], p.present[:before], p.key[:before])
    return found[: _mothers(*columns, np.uint64(model.now % STEPS_PER_YEAR), found)]


def _by_place(model: QuartierModel, possible: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Women in the order of their place on the ring: age (times 2**32) plus a word of luck; equal places by key."""
    p = model.people
    place = (model.ages(possible) << 32) + model.luck.words(Decision.START_KIN, model.now, p.key[possible])
    if possible.size < 1 << 24:
        order = (place.astype(np.uint64) << np.uint64(24)) | np.arange(possible.size, dtype=np.uint64)
        order.sort()  # by place, then by position, in one word: many times faster than an indirect sort
        order = (order & np.uint64(0xFFFFFF)).astype(np.int64)
    else:
        order = np.argsort(place)
    if (np.diff(place[order]) == 0).any():
        order = np.lexsort((p.key[possible], place))
    return possible[order], place[order]


def _children_elsewhere(model: QuartierModel, rows: np.ndarray) -> None:
    """Living children of arriving parents who stay outside, by distance: those borne, less the dead and those who came along.

    Women of 40 and over have borne the number of their template (three and more: as the cohorts); a man has the children of
    the woman he comes with; older men who come alone draw from the women's table, a few points more childless.
    """
    p, rates, side = model.people, model.rates, model.side["lose_kin"]
    age = model.ages(rows)
    women = rows[(p.sex[rows] == Sex.FEMALE) & (age >= rates.parameter("kin_of_arrivals_from"))]
    borne = p.parity[women].astype(np.int64)
    cdf = side["borne"][model.ages(women)]
    u = model.luck.uniform(Decision.START_PARITY, model.now, p.key[women])
    four = (1 - cdf[:, 3]) / np.maximum(1 - cdf[:, 2], 1e-9)
    borne = borne + ((borne == 3) & (u < four))
    p.kin_away[women] = _alive(model, women, borne, _at_home(model, rows, women))
    partner = model.rows_of(p.partner[rows])
    his = (p.sex[rows] == Sex.MALE) & (partner >= 0) & (p.sex[np.maximum(partner, 0)] == Sex.FEMALE)
    p.kin_away[rows[his]] = p.kin_away[partner[his]]
    alone = rows[(p.sex[rows] == Sex.MALE) & (partner < 0) & (age >= side["first"])]
    cdf = side["borne"][model.ages(alone)]
    cdf = cdf + (1 - cdf) * rates.parameter("childless_men_more") / np.maximum(1 - cdf[:, :1], 1e-9)
    u = model.luck.uniform(Decision.START_PARITY, model.now, p.key[alone])
    p.kin_away[alone] = _alive(model, alone, (u[:, None] >= cdf[:, :-1]).sum(axis=1), _at_home(model, rows, alone))


@nb.njit(cache=True)
def _together(arrivals, parents, first_id, mother, father, id_, borne):
    for i in arrivals:
        for parent in (mother[i], father[i]):
            if parent >= first_id:
                borne[parent - first_id] += 1
    return np.array([borne[id_[i] - first_id] for i in parents])


def _at_home(model: QuartierModel, arrivals: np.ndarray, parents: np.ndarray) -> np.ndarray:
    """Children who arrive together with each parent (i64); ``arrivals`` have the newest ids there are."""
    p = model.people
    if not parents.size:
        return np.zeros(0, np.int64)
    first_id = p.id[arrivals[0]]
    borne = np.zeros(model.next_id - first_id, np.int64)
    return _together(arrivals, parents, first_id, p.mother, p.father, p.id, borne)


def _alive(model: QuartierModel, parents: np.ndarray, borne: np.ndarray, at_home: np.ndarray) -> np.ndarray:
    """Children of each parent who are alive and not at home (`kin_away`, u16); every child has luck of its own."""
    share = model.side["lose_kin"]["alive"][model.ages(parents)]
    keys, out = model.people.key[parents], np.zeros(parents.size, np.uint16)
    for child in range(int(borne.max(initial=0))):
        luck = pair_keys(keys, np.full(parents.size, child, np.uint64))
        u = model.luck.uniform(Decision.START_KIN, model.now, luck)
        lives = (borne - at_home > child) & (u < share)
        out[lives] += one_child(start_place(model.rates, u[lives] / share[lives]))
    return out


LOSE_KIN = Process(
    "lose_kin",
    reads=("people.birth", "people.sex"),
    writes=("people.kin_away",),
    rates=("mortality", "mortality_decline", "children_borne", "children_alive"),
    step=lose_kin,
    start=start_kin,
)
