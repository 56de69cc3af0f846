"""How often whom moves away: as a single, a family, a couple, a grown child at home."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from ..care_hazards import care_prevalence
from ..columns import CARE_GRADE_BITS, Role
from ..luck import TWO32, Decision
from ..rates import RateBook, probability
from ..shortlist import block_of_luck, shortlist_with_luck
from ..tables import NONE
from ..thresholds import AGES, pad_ages
from ..timeline import year_of
from .origins import distance_mix, distance_rates

if TYPE_CHECKING:
    from ..model import QuartierModel

ORIGINS = ("germany", "abroad")
UNITS = 6
"""How a person moves away: 0 not on the own account, 1 single, 2 single with children, 3 in a couple, 4 couple with
children, 5 grown child who lives with a parent."""


# The kernels get every array by itself: handed on to a helper inside the loop, arrays cost more than the work on them.
@nb.njit(cache=True)
def _own_units(rows, birth, role, plan, partner, household, row_of_id, alone_from, unit, other):
    """How each would move away without children: 0, 1 alone, 3 in a couple or 5, see `UNITS`; and the couple's other row."""
    for k in range(rows.size):
        i = rows[k]
        unit[k], other[k] = 0, -1
        if role[i] == 2 or (role[i] == 1 and birth[i] > alone_from):
            continue
        # a couple that waits for a dwelling is one, and who has decided to leave home counts as gone: the luck of the
        # dwelling market must not decide who leaves the town
        coupled = False
        if partner[i] >= 0:
            j = row_of_id[partner[i]]
            coupled = household[j] == household[i] or ((plan[i] == 3 or plan[j] == 3) and role[j] != 2)
            other[k] = j if coupled else -1
        unit[k] = 3 if coupled else (5 if role[i] == 1 and plan[i] == 0 else 1)


@nb.njit(cache=True)
def _with_children(rows, birth, role, household, first, following, mother, father, id_, alone_from, unit):
    """Units 1 and 3 become 2 and 4 where a child too young to move alone lives with the person."""
    for k in range(rows.size):
        if unit[k] != 1 and unit[k] != 3:
            continue
        j, me, found = first[household[rows[k]]], id_[rows[k]], 0
        while j >= 0 and not found:
            if birth[j] > alone_from and role[j] == 1:
                found = int(mother[j] == me or father[j] == me)
            j = following[j]
        unit[k] += found


@nb.njit(cache=True)
def _limits(rows, unit, other, birth, sex, quartier, leads, care, class_of, chance, now, either, limit):
    """Thresholds of leaving [row, destination] in this step; of a couple for its leader, that either partner has the event.

    ``either`` takes the higher of those with and without children.
    """
    for k in range(rows.size):
        i, j = rows[k], other[k]
        for to in range(2):
            most = 0.0
            for u in range(unit[k], unit[k] + 1 + (either and (unit[k] == 1 or unit[k] == 3))):
                ill = np.int64((care[i] & CARE_GRADE_BITS) != 0)
                c = chance[to, ill, class_of[quartier[i]], u, sex[i], (now - np.int64(birth[i])) >> 2]
                if j >= 0:
                    ill = np.int64((care[j] & CARE_GRADE_BITS) != 0)
                    d = chance[to, ill, class_of[quartier[j]], u, sex[j], (now - np.int64(birth[j])) >> 2]
                    c = c + d - c * d if leads[i] else 0.0
                most = max(most, c)
            limit[k, to] = np.uint32(min(np.floor(most * TWO32), TWO32 - 1))


def _units(model: QuartierModel, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    p, unit, other = model.people, np.empty(rows.size, np.uint8), np.empty(rows.size, np.int32)
    links = (p.plan, p.partner, p.household, model.row_of_id)
    _own_units(rows, p.birth, p.role, *links, _alone_from(model), unit, other)
    return unit, other


def _add_children(model: QuartierModel, rows: np.ndarray, unit: np.ndarray) -> None:
    p = model.people
    chain = (p.household, model.households.first_member, p.next_member)
    _with_children(rows, p.birth, p.role, *chain, p.mother, p.father, p.id, _alone_from(model), unit)


def moving_units(model: QuartierModel, rows: np.ndarray) -> np.ndarray:
    """How each of these people would move away (u8, one of `UNITS`); see the constant."""
    rows = rows.astype(np.int32)
    unit, _ = _units(model, rows)
    _add_children(model, rows, unit)
    return unit


def who_leaves(model: QuartierModel) -> tuple[np.ndarray, np.ndarray]:
    """People who leave the town on their own account in this step, partners included: rows (ascending), and who goes abroad.

    A couple draws once, by its leader: whom a scenario makes her meet does not decide whether she leaves. Who would not
    leave without children, nor as a parent, needs no look at the household.
    """
    p, audit = model.people, model.audit
    rows, words = _could_leave(model)
    unit, other = _units(model, rows)

    def limits(either: bool) -> np.ndarray:
        limit = np.empty((rows.size, len(ORIGINS)), np.uint32)
        columns = (p.birth, p.sex, p.quartier, p.leads, p.care)
        _limits(rows, unit, other, *columns, *_chances(model), np.int64(model.now), either, limit)
        return limit

    luck = words[:, [Decision.OUT_MIGRATE % 4, Decision.EMIGRATE % 4]]
    if audit is None:
        below = luck < limits(either=True)
        possible = np.flatnonzero(below[:, 0] | below[:, 1])
        rows, unit, other, luck = rows[possible], unit[possible], other[possible], luck[possible]
    _add_children(model, rows, unit)
    limit = limits(either=False)
    goes = luck < limit
    if audit is not None:
        for to, name in enumerate(ORIGINS):
            audit.add(f"out_migrate_{name}", p.sex[rows], model.ages(rows), limit[:, to] / TWO32, goes[:, to])
    moving = goes[:, 0] | goes[:, 1]
    leaders, abroad, other = rows[moving], goes[moving, ORIGINS.index("abroad")], other[moving]
    leaders = np.concatenate((leaders, other[other >= 0]))
    order = np.argsort(leaders)
    return leaders[order], np.concatenate((abroad, abroad[other >= 0]))[order]


def _could_leave(model: QuartierModel) -> tuple[np.ndarray, np.ndarray]:
    """The shortlist, with those who have become a couple since it was made: their leaders now draw for two."""
    p, now = model.people, model.now
    rows, words = shortlist_with_luck(model, (Decision.OUT_MIGRATE, Decision.EMIGRATE))
    if model.audit is not None or model.united[0] != now or not model.united[1]:
        return rows, words
    more = np.concatenate(model.united[1])
    more = more[(p.present[more] == 1) & (p.leads[more] == 1)]
    new = more[np.append(rows, NONE)[np.searchsorted(rows, more)] != more]
    return np.concatenate((rows, new)), np.concatenate((words, block_of_luck(model, Decision.OUT_MIGRATE // 4, new)))


def _alone_from(model: QuartierModel) -> np.int64:
    """Latest quarter of birth of those who can move away on their own account."""
    return np.int64(model.now - 4 * int(model.rates.parameter("migrates_alone_from")))


def out_hazards(model: QuartierModel) -> tuple[np.ndarray, np.ndarray]:
    """Annual hazards of leaving, float64 [destination, class of Quartier, unit, sex, age], padded; and the class of every Quartier.

    Families move less, those without children more, so that every age keeps its rate on the national composition
    (model-demography.md 9). Grown children at home leave the town no more often than leaving home allows; the others of
    their age more often. Each partner of a couple brings half the hazard of the age: together the mean of both. A scenario
    on leaving home changes how often grown children at home leave the town, and nobody else. The town's registered
    out-moves give its own level (`local_levels`).

    Returns
    -------
    class_of : u8 [n_quartiere].
    hazard : see above, destinations in the order of `ORIGINS`.
    """
    rates, n = model.rates, model.n_quartiere
    names = ("leaving_home", *(f"out_migration_{destination}" for destination in ORIGINS))
    mix_of, mix, _ = distance_mix(model, "out")
    resolved = [*(rates.resolve(name, model.now, n) for name in names), (mix_of, mix)]
    classes, class_of = np.unique(np.stack([c for c, _ in resolved]), axis=1, return_inverse=True)
    leaving, *bases, mix = (pad_ages(values)[which] for (_, values), which in zip(resolved, classes, strict=True))
    bases[ORIGINS.index("germany")] = bases[ORIGINS.index("germany")] * mix
    parents = pad_ages(rates["parents_of_minors"].values)
    child, (_, others) = ratio_at_home(rates, leaving), relative_rates_at_home(rates)
    local = model.side.get("out_migrate", {}).get("level", np.ones((len(ORIGINS), 2, AGES)))
    hazard = np.zeros((len(ORIGINS), classes.shape[1], UNITS, 2, AGES))
    for to, base in enumerate(bases):
        base = base * rates.parameter("out_migration_level") * local[to]
        family = rates.parameter(f"family_rate_{ORIGINS[to]}")
        childless = np.maximum(others - family * parents, 0) / (1 - parents)
        hazard[to, :, 1], hazard[to, :, 2], hazard[to, :, 5] = base * childless, base * family, base * child
    hazard[:, :, 3:5] = np.minimum(hazard[:, :, 1:3] / 2, rates.parameter("out_migration_ceiling_partner"))
    return class_of.ravel().astype(np.uint8), np.minimum(hazard, rates.parameter("out_migration_ceiling"))


def _chances(model: QuartierModel) -> tuple[np.ndarray, np.ndarray]:
    """Class of every Quartier, and chances of leaving in one step [destination, in need, class, unit, sex, age].

    Worked out anew in every year, and when a scenario changes a rate.
    """
    names = ("leaving_home", *(f"out_migration_{destination}" for destination in ORIGINS), *distance_rates("out"))
    version = (year_of(model.now), model.rates.version(names, model.now))
    side = model.side.setdefault("out_migrate", {})
    if side.get("version") != version:
        class_of, all_hazards = out_hazards(model)
        by_need = _by_need(model)
        by_need_hazard = np.minimum(all_hazards[:, None] * by_need[:, None, None], model.rates.parameter("out_migration_ceiling"))
        hazard = by_need_hazard.max(axis=1)
        alone, in_couple = hazard[:, :, [1, 2, 5]].max(axis=(1, 2)), hazard[:, :, 3:5].max(axis=(1, 2))
        leader = np.maximum(alone, in_couple + in_couple.max(axis=(1, 2), keepdims=True))
        bound = np.stack((alone, leader), axis=1)
        side.update(version=version, tables=(class_of, probability(by_need_hazard)), bound=bound)
    return side["tables"]


def _by_need(model: QuartierModel) -> np.ndarray:
    """How often people without and in need of care leave, as a ratio to the rate of their age [in need, sex, age].

    Who is in need leaves `care_moves_level` times as often as the others; together they leave as often as their age, on
    the share in need that the tables let expect. Arrivals are chosen alike, so that balanced migration keeps the share.
    """
    if not model.has("change_need"):
        return np.ones((2, 2, AGES))
    need = pad_ages(1 - care_prevalence(model.rates, year_of(model.now))[..., 0])
    level = model.rates.parameter("care_moves_level")
    return np.stack((np.ones_like(need), np.full_like(need, level))) / (1 - (1 - level) * need)


def out_bound(model: QuartierModel, destination: str) -> np.ndarray:
    """Upper bound of what a person draws with [leads, sex, age]: a leader draws for both, with a partner of any age."""
    _chances(model)
    return model.side["out_migrate"]["bound"][ORIGINS.index(destination)]


def relative_rates_at_home(rates: RateBook) -> tuple[np.ndarray, np.ndarray]:
    """Rates of moving away, as a ratio to the rate of the age: of grown children at home, and of all others [sex, age].

    Without any scenario. What the children do less than their age, the others of their age do more; where the table
    knows no others, they do what the age does.
    """
    child = ratio_at_home(rates, pad_ages(rates["leaving_home"].values))
    at_home = _share_at_home(rates)
    return child, np.divide(1 - at_home * child, 1 - at_home, out=np.ones_like(at_home), where=at_home < 1)


def ratio_at_home(rates: RateBook, gross: np.ndarray) -> np.ndarray:
    """How often grown children at home leave the town, as a ratio to the rate of their age, given gross leaving [..., sex, age].

    Leaving home happens by forming a union, by leaving the town and for a dwelling in town, which gets at least a fixed
    share; leaving the town gets what is left of gross leaving.
    """
    union = pad_ages(rates["union_formation_mid"].values)
    out = sum(pad_ages(rates[f"out_migration_{d}"].values) for d in ORIGINS)
    budget = np.maximum((1 - rates.parameter("leaving_home_floor")) * gross - union, 0.1 * gross)
    child = np.minimum(budget / np.maximum(out, 1e-9), 1.0)
    return np.where(np.arange(AGES) < rates.parameter("migrates_alone_from"), 1.0, child)


def _share_at_home(rates: RateBook) -> np.ndarray:
    """Share of people who live with a parent [sex, age], national."""
    arrangement = rates["living_arrangement"]
    return pad_ages(arrangement.values[..., arrangement.labels[2].index("child")])


def expected_out_moves(model: QuartierModel) -> np.ndarray:
    """Persons expected to leave in a year, float64 [sex, age], on the town's present composition."""
    return expected_by_destination(model).sum(axis=0)


def expected_by_destination(model: QuartierModel) -> np.ndarray:
    """Persons expected to leave in a year, float64 [destination, sex, age], on the town's present composition.

    A person of a couple goes with either partner's decision, a minor with the mother's household (else the father's).
    """
    p = model.people
    rows = np.flatnonzero(p.present == 1)
    unit, age = moving_units(model, rows), model.ages(rows)
    coupled = rows[(unit == 3) | (unit == 4)]
    partners = model.rows_of(p.partner[coupled])
    minors = rows[(unit == 0) & (p.role[rows] == Role.CHILD)]
    mother, father = model.rows_of(p.mother[minors]), model.rows_of(p.father[minors])
    parent = np.where(mother >= 0, mother, father)
    class_of, hazard = out_hazards(model)
    moves = np.zeros((len(ORIGINS), 2, AGES))
    for to in range(len(ORIGINS)):
        chance = np.zeros(len(p))
        chance[rows] = hazard[to, class_of[p.quartier[rows]], unit, p.sex[rows], age]
        together = chance[coupled] + chance[partners]
        chance[coupled] = together
        chance[minors[parent >= 0]] = chance[parent[parent >= 0]]
        np.add.at(moves[to], (p.sex[rows], age), chance[rows])
    return moves
