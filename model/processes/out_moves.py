"""How often whom moves away: as a single, a family, a couple, a grown child at home."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
GERMANY, ABROAD = Decision.OUT_MIGRATE % 4, Decision.EMIGRATE % 4
"""Which words of their block of luck say who leaves, by destination."""


# All by hand in one loop: handed on to a helper, even an inlined one, arrays cost more than the work on them.
@nb.njit(cache=True)
def _leaving(rows, luck, people, chain, kin, traits, tables, now, alone_from, units, limit, leaders, abroad):
    """Who leaves, with the other of a couple, and whether abroad; returns how many.

    ``units`` (see `UNITS`) and ``limit`` (thresholds of leaving by destination) are filled if they have a row for everybody;
    else who would leave neither without children nor as a parent needs no look at the household.
    """
    birth, role, plan, partner, household, row_of_id = people
    first, following = chain
    mother, father, id_ = kin
    sex, care, leads, quartier = traits
    class_of, chance = tables
    everyone, n = units.size + limit.size > 0, 0
    for k in range(rows.size):
        i, j, as_parent = rows[k], -1, False
        if role[i] == 2 or (role[i] == 1 and birth[i] > alone_from):
            continue
        # a couple that waits for a dwelling is one, and who has decided to leave home counts as gone: the luck of the
        # dwelling market must not decide who leaves the town
        if partner[i] >= 0:
            j = row_of_id[partner[i]]
            coupled = household[j] == household[i] or ((plan[i] == 3 or plan[j] == 3) and role[j] != 2)
            j = j if coupled else -1
        if j >= 0 and not leads[i] and not everyone:
            continue  # of a couple the leader draws, for both
        unit = 3 if j >= 0 else (5 if role[i] == 1 and plan[i] == 0 else 1)
        a0, b0, a, b = np.uint32(0), np.uint32(0), np.uint32(0), np.uint32(0)
        if j < 0 or leads[i]:
            ill, area, age = int((care[i] & CARE_GRADE_BITS) != 0), class_of[quartier[i]], (now - np.int64(birth[i])) >> 2
            for u in range(unit, unit + (1 if unit == 5 else 2)):  # without children, then with
                c, d = chance[0, ill, area, u, sex[i], age], chance[1, ill, area, u, sex[i], age]
                if j >= 0:
                    her, there, then = int((care[j] & CARE_GRADE_BITS) != 0), class_of[quartier[j]], (now - np.int64(birth[j])) >> 2
                    e, f = chance[0, her, there, u, sex[j], then], chance[1, her, there, u, sex[j], then]
                    c, d = c + e - c * e, d + f - d * f
                a0, b0 = a, b
                a, b = np.uint32(min(np.floor(c * TWO32), TWO32 - 1)), np.uint32(min(np.floor(d * TWO32), TWO32 - 1))
        if not everyone and luck[k, GERMANY] >= max(a, a0) and luck[k, ABROAD] >= max(b, b0):
            continue
        if unit != 5:
            member = first[household[i]]
            while member >= 0 and not as_parent:
                if birth[member] > alone_from and role[member] == 1:
                    as_parent = mother[member] == id_[i] or father[member] == id_[i]
                member = following[member]
            if not as_parent:
                a, b = a0, b0
        if units.size:
            units[k] = unit + as_parent
        if limit.size:
            limit[k, 0], limit[k, 1] = a, b
        if luck[k, GERMANY] < a or luck[k, ABROAD] < b:
            leaders[n], abroad[n] = i, luck[k, ABROAD] < b
            n += 1
            if j >= 0:
                leaders[n], abroad[n] = j, abroad[n - 1]
                n += 1
    return n


def _ask(model: QuartierModel, rows: np.ndarray, luck: np.ndarray, tables: Any, units: int, limits: int) -> Any:
    """Run the kernel with room for the units or the limits of so many; who leaves, whether abroad, units, limits."""
    p = model.people
    people = (p.birth, p.role, p.plan, p.partner, p.household, model.row_of_id)
    chain, kin = (model.households.first_member, p.next_member), (p.mother, p.father, p.id)
    traits, found = (p.sex, p.care, p.leads, p.quartier), (np.empty(2 * rows.size, np.int32), np.empty(2 * rows.size, np.bool_))
    unit, limit = np.zeros(units, np.uint8), np.zeros((limits, len(ORIGINS)), np.uint32)
    since, now = _alone_from(model), np.int64(model.now)
    n = _leaving(rows, luck, people, chain, kin, traits, tables, now, since, unit, limit, *found)
    return found[0][:n], found[1][:n], unit, limit


def moving_units(model: QuartierModel, rows: np.ndarray) -> np.ndarray:
    """How each of these people would move away (u8, one of `UNITS`); see the constant."""
    never = np.zeros(model.n_quartiere, np.uint8), np.zeros((len(ORIGINS), 2, 1, UNITS, 2, AGES))
    return _ask(model, rows.astype(np.int32), np.zeros((rows.size, 4), np.uint32), never, rows.size, 0)[2]


def who_leaves(model: QuartierModel) -> tuple[np.ndarray, np.ndarray]:
    """People who leave the town on their own account in this step, partners included: rows (ascending), and who goes abroad.

    A couple draws once, by its leader: whom a scenario makes her meet does not decide whether she leaves.
    """
    p, audit = model.people, model.audit
    rows, words = _could_leave(model)
    leaders, abroad, _, limit = _ask(model, rows, words, _chances(model), 0, 0 if audit is None else rows.size)
    if audit is not None:
        for to, (name, word) in enumerate(zip(ORIGINS, (GERMANY, ABROAD), strict=True)):
            goes = words[:, word] < limit[:, to]
            audit.add(f"out_migrate_{name}", p.sex[rows], model.ages(rows), limit[:, to] / TWO32, goes)
    order = np.argsort(leaders)
    return leaders[order], abroad[order]


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
