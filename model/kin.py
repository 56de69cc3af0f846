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

from .columns import Role
from .kin_distance import BITS, MOST, PLACES, start_bounds, take_one
from .luck import TWO32, Decision, fill_unit, pair_key, unit, word
from .process import Process
from .rates import threshold
from .thresholds import AGES, pad_ages
from .timeline import STEPS_PER_YEAR, is_year_end, year_of

if TYPE_CHECKING:
    from .model import QuartierModel


_WORD, _POSITION = np.uint64(32), np.uint64(25)
"""Bits of a word of luck, and of a woman's position among those who can be found (32 million, in a nation of a billion)."""


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
    cdf = np.cumsum(shares, axis=1)
    left = np.maximum(1 - cdf, 1e-9)
    model.side["lose_kin"] = {
        "alive": living,
        "first": int(borne.labels[0][0]),
        "share": share,
        "four": (1 - cdf[:, 3]) / left[:, 2],
        "men": cdf + (1 - cdf) * rates.parameter("childless_men_more") / left[:, :1],
        "bounds": start_bounds(rates),
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
    chance = -np.expm1(-by_age.mean(axis=0)[child] * np.arange(len(PLACES) * MOST + 1)[:, None])
    people = (p.kin_away, p.present, p.key, p.birth)
    _die_elsewhere(model.luck.stream, np.int64(model.now), people, threshold(chance), chance)


@nb.njit(cache=True)
def _die_elsewhere(stream, now, people, limit, chance):
    """Take one child each from the parents who lose one, by thresholds and chances [children elsewhere, age]."""
    kin_away, present, key, birth = people
    flag, found = np.zeros(2048, np.uint8), np.empty(2056, np.int32)
    keys, words = np.empty(2048, np.uint64), np.empty(2048, np.uint32)
    for start in range(0, kin_away.size, flag.size):
        m = min(flag.size, kin_away.size - start)
        away, here = kin_away[start : start + m], present[start : start + m]
        for j in range(m):  # vectorises
            flag[j] = np.uint8(away[j] != 0) & here[j]
        n = 0
        for j in range(m):
            found[n] = start + j  # written for each, kept for those with a flag: no branch to guess wrong
            n += np.int64(flag[j])
        for k in range(n):
            keys[k] = key[found[k]]
        for k in range(n):  # vectorises
            words[k] = word(stream, now, Decision.KIN_AWAY_DEATH, keys[k])
        for k in range(n):
            packed, age = np.int64(kin_away[found[k]]), (now - np.int64(birth[found[k]])) >> 2
            number = (packed & MOST) + ((packed >> BITS) & MOST) + (packed >> (2 * BITS))
            if words[k] < limit[number, age]:
                u = (np.float64(words[k]) + 0.5) / TWO32
                kin_away[found[k]] = take_one(packed, u / chance[number, age])


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
    of_age = model.latest_adult_birth
    adults, lot = np.empty(rows.size, np.int32), np.empty(rows.size)
    columns = (p.key, p.birth, p.mother)
    n = _seekers(luck.stream, np.int64(now), rows, columns, of_age, model.side["lose_kin"]["share"], adults, lot)
    adults, lot = adults[:n], lot[:n]
    found, order = _possible_mothers(model, int(rows[0]) if rows.size else 0)
    if not (adults.size and order.size):
        return
    u = luck.uniform(Decision.START_CHILD, now, p.key[adults])
    spread = rates.parameter("child_mother_age_spread") * np.log(u / (1 - u)) * np.sqrt(3) / np.pi
    limits = rates.parameter("child_mother_youngest"), rates.parameter("child_mother_oldest")
    apart = np.rint(np.clip(rates.parameter("kin_generation_years") + spread, *limits)).astype(np.int64)
    couples = (p.partner, p.union_since, p.present, model.row_of_id)
    least = np.int64(np.ceil(STEPS_PER_YEAR * rates.parameter("youngest_seeker")))
    people = (p.key, p.id, p.sex, p.birth, p.mother, p.father, p.kin_away)
    _link(luck.stream, np.int64(now), adults, lot, apart, order, found, people, couples, least)


@nb.njit(cache=True)
def _seekers(stream, now, rows, people, of_age, share, adults, lot):
    """Who of the arrivals looks for a parent here, and what is left of the lot (0 to 1); returns how many."""
    key, birth, mother = people
    keys, m = np.empty(rows.size, np.uint64), 0
    for i in rows:
        adults[m], keys[m] = i, key[i]  # written for each, kept for who may look: no branch to guess wrong
        m += np.int64((mother[i] < 0) & (birth[i] <= of_age))
    fill_unit(stream, np.uint64(now), np.uint64(Decision.JOIN_KIN), keys[:m], lot)
    n = 0
    for k in range(m):
        i, u = adults[k], lot[k]
        wanted = share[(now - np.int64(birth[i])) >> 2]
        adults[n], lot[n] = i, u / max(wanted, 1e-12)
        n += np.int64(u < wanted)
    return n


@nb.njit(cache=True)
def _mothers(stream, now, people, part, found, order):
    """Women with a child elsewhere who can be found in this step; ``order`` is the place on the ring, then the position."""
    kin_away, sex, present, key, birth = people
    flag, keys, ages = np.zeros(2048, np.uint8), np.empty(2048, np.uint64), np.empty(2048, np.uint64)
    flag8 = flag.view(np.uint64)
    n = 0
    for start in range(0, kin_away.size, flag.size):
        m = min(flag.size, kin_away.size - start)
        away, female, here = kin_away[start : start + m], sex[start : start + m], present[start : start + m]
        whose = key[start : start + m]
        for j in range(m):  # vectorises
            flag[j] = np.uint8(away[j] != 0) & female[j] & here[j]
        for j in range(m):
            flag[j] &= np.uint8(whose[j] & np.uint64(STEPS_PER_YEAR - 1) == part)
        flag[m:] = 0
        first = n
        for eight in range((m + 7) // 8):
            if flag8[eight] == 0:
                continue
            for j in range(8 * eight, 8 * eight + 8):
                found[n] = start + j  # written for each, kept for those with a flag: no branch to guess wrong
                n += np.int64(flag[j])
        for k in range(n - first):
            i = np.uint32(found[first + k])
            keys[k], ages[k] = key[i], (now - np.int64(birth[i])) >> 2
        places = order[first:n]
        for k in range(n - first):  # vectorises
            place = (ages[k] << _WORD) + word(stream, now, Decision.START_KIN, keys[k])
            places[k] = (place << _POSITION) | np.uint64(first + k)
    return n


def _possible_mothers(model: QuartierModel, before: int) -> tuple[np.ndarray, np.ndarray]:
    """Women (rows, i32) with a child elsewhere who can be found in this step, of the rows before the arrivals, and the ring.

    The ring (u64, ascending) holds ages, each followed by a word of luck and the position among the women.
    """
    p, now = model.people, model.now
    found, order = np.empty(before + 8, np.int32), np.empty(before + 1, np.uint64)
    columns = tuple(column[:before] for column in (p.kin_away, p.sex, p.present, p.key, p.birth))
    n = _mothers(model.luck.stream, np.int64(now), columns, np.uint64(now % STEPS_PER_YEAR), found, order)
    if n >= 1 << int(_POSITION):
        raise ValueError("more women with children elsewhere than the ring of mothers has places for")
    order[:n].sort()  # one word each: many times faster than an indirect sort
    return found[:n], order[:n]


@nb.njit(cache=True)
def _next_on_ring(stream, now, adults, apart, key, birth, order, found, chosen):
    """Position among the women found of the next one of the wanted age on the ring, else -1; equal places by key."""
    first = np.zeros(AGES + 1, np.int64)
    for k in range(order.size):
        first[(order[k] >> (_WORD + _POSITION)) + np.uint64(1)] += 1
    for age in range(AGES):
        first[age + 1] += first[age]
    mask = (np.uint64(1) << _POSITION) - np.uint64(1)
    for s in range(adults.size):
        age = ((now - np.int64(birth[adults[s]])) >> 2) + apart[s]
        chosen[s] = -1
        if age >= AGES or first[age] == first[age + 1]:
            continue
        luck = word(stream, now, Decision.START_KIN, key[adults[s]])
        mark = ((np.uint64(age) << _WORD) + luck) << _POSITION
        # words are evenly spread: the place is near where the share of the age says
        q = first[age] + np.int64((np.uint64(first[age + 1] - first[age]) * luck) >> _WORD)
        while q > first[age] and order[q - 1] >= mark:
            q -= 1
        while q < first[age + 1] and order[q] < mark:
            q += 1
        if q == order.size:  # the ring closes
            q = 0
        if q == first[age + 1] or order[q] >> (_WORD + _POSITION) != np.uint64(age):
            continue
        chosen[s] = order[q] & mask
        r = q + 1
        while r < order.size and order[r] >> _POSITION == order[q] >> _POSITION:
            if key[found[order[r] & mask]] < key[found[chosen[s]]]:
                chosen[s] = order[r] & mask
            r += 1


@nb.njit(cache=True)
def _link(stream, now, adults, lot, apart, order, found, people, couples, least):
    """Give each woman found to the seeker of the smallest key, and her partner of that time as the father."""
    key, id_, sex, birth, mother, father, kin_away = people
    partner, union_since, present, row_of_id = couples
    chosen, winner = np.empty(adults.size, np.int64), np.full(found.size, -1, np.int32)
    _next_on_ring(stream, now, adults, apart, key, birth, order, found, chosen)
    for s in range(adults.size):
        if chosen[s] >= 0 and (winner[chosen[s]] < 0 or key[adults[s]] < key[adults[winner[chosen[s]]]]):
            winner[chosen[s]] = s
    n, her, who = 0, np.empty(adults.size, np.int32), np.empty(adults.size, np.int64)
    for s in range(adults.size):
        if chosen[s] >= 0 and winner[chosen[s]] == s:
            her[n], who[n] = found[chosen[s]], s
            n += 1
    since, his = np.empty(n, np.uint16), np.empty(n, np.int32)
    for k in range(n):  # the lookups of these loops overlap, because there is no branch
        his[k], since[k] = partner[her[k]], union_since[her[k]]
        mother[adults[who[k]]] = id_[her[k]]
    for k in range(n):
        kin_away[her[k]] = take_one(np.int64(kin_away[her[k]]), lot[who[k]])
        row = row_of_id[np.uint32(max(his[k], 0))]
        his[k] = row if his[k] >= 0 else -1
    for k in range(n):
        child, dad = adults[who[k]], his[k]
        if dad < 0 or not present[dad] or sex[dad] != 0 or since[k] > birth[child]:
            continue
        if np.int64(birth[child]) - np.int64(birth[dad]) >= least:
            father[child] = id_[dad]
            if kin_away[dad] > 0:
                kin_away[dad] = take_one(np.int64(kin_away[dad]), lot[who[k]])


@nb.njit(cache=True)
def _elsewhere(stream, now, rows, ages, tables, people, kin_away):
    """Draw the children elsewhere: first the women's, then those of the men who come with them or alone."""
    key, id_, birth, sex, parity, partner, mother, father, row_of_id, present = people
    from_women, from_men = ages
    four, men, alive, bounds = tables
    first_id = id_[rows[0]]
    along = np.zeros(id_[rows[-1]] - first_id + 1, np.int64)
    for i in rows:
        for parent in (mother[i], father[i]):
            if parent >= first_id:
                along[parent - first_id] += 1
    for wanted in (1, 0):
        for i in rows:
            age = (now - np.int64(birth[i])) >> 2
            j = row_of_id[partner[i]] if partner[i] >= 0 else -1
            coupled = j >= 0 and present[j] == 1
            if sex[i] != wanted:
                continue
            if wanted == 0 and coupled:
                if sex[j] == 1:
                    kin_away[i] = kin_away[j]
                continue
            if age < (from_women if wanted == 1 else from_men):
                continue
            borne, u = np.int64(0), unit(stream, now, Decision.START_PARITY, key[i])
            if wanted == 1:
                borne = np.int64(parity[i])
                borne += borne == 3 and u < four[age]
            else:
                for k in range(men.shape[1] - 1):
                    borne += u >= men[age, k]
            packed = 0
            for child in range(borne - along[id_[i] - first_id]):
                u = unit(stream, now, Decision.START_KIN, pair_key(key[i], np.uint64(child)))
                if u < alive[age]:
                    place = 0
                    for bound in bounds:
                        place += u / alive[age] >= bound
                    packed += 1 << (BITS * place)
            kin_away[i] = packed


def _children_elsewhere(model: QuartierModel, rows: np.ndarray) -> None:
    """Living children of arriving parents who stay outside, by distance: those borne, less the dead and those who came along.

    Women of 40 and over have borne the number of their template (three and more: as the cohorts); a man has the children of
    the woman he comes with; older men who come alone draw from the women's table, a few points more childless. Every child
    has luck of its own. ``rows`` have the newest ids there are, ascending.
    """
    if not rows.size:
        return
    p, side = model.people, model.side["lose_kin"]
    ages = (np.int64(np.ceil(model.rates.parameter("kin_of_arrivals_from"))), np.int64(side["first"]))
    tables = tuple(side[name] for name in ("four", "men", "alive", "bounds"))
    couple = (p.partner, p.mother, p.father, model.row_of_id, p.present)
    people = (p.key, p.id, p.birth, p.sex, p.parity, *couple)
    _elsewhere(model.luck.stream, np.int64(model.now), rows.astype(np.int32), ages, tables, people, p.kin_away)


LOSE_KIN = Process(
    "lose_kin",
    reads=("people.birth", "people.sex"),
    writes=("people.kin_away",),
    rates=("mortality", "mortality_decline", "children_borne", "children_alive"),
    step=lose_kin,
    start=start_kin,
)
