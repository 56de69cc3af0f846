"""How often whom moves away: as a single, a family, a couple, a grown child at home."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numba as nb
import numpy as np

from ..care_hazards import care_prevalence
from ..columns import CARE_GRADE_BITS, Role
from ..luck import _LOW, _S32, TWO32, Decision
from ..rates import RateBook, probability
from ..shortlist import block_of_luck, shortlist_with_luck
from ..tables import distinct
from ..thresholds import AGES, pad_ages
from ..timeline import year_of
from .origins import distance_mix, distance_rates

if TYPE_CHECKING:
    from ..model import QuartierModel

ORIGINS = ("germany", "abroad")
UNITS = 6
"""How a person moves away: 0 not on the own account, 1 single, 2 single with children, 3 in a couple, 4 couple with
children, 5 grown child who lives with a parent."""
_GERMANY: Final = Decision.OUT_MIGRATE % 4
_ABROAD: Final = Decision.EMIGRATE % 4
"""Which words of the block of luck decide."""


BLOCK: Final = 256
"""How many people are looked at in one go: what is looked up of them is still at hand when the next question is put.

Every question is a loop of its own, as far as possible without a branch, so that the lookups for many people overlap.
"""


@nb.njit(inline="always")
def _place(base, need, sex, birth, now):
    """Place in the tables of `_chances` of a person of unit 0."""
    ill = np.uint32((need & CARE_GRADE_BITS) != 0)
    age = np.uint32(np.uint32(now) - np.uint32(birth)) >> np.uint32(2)
    return ((base + ill * np.uint32(2) + np.uint32(sex)) * np.uint32(AGES) + age) * np.uint32(UNITS)


@nb.njit(cache=True)
def _look(rows, people, couples, household, role, base_of, now, alone_from, unit, other, mine, theirs):
    """How each would move away without children (0, 1 alone, 3 in a couple or 5, see `UNITS`), and places in the tables.

    ``other`` is the partner's row, else one's own.
    """
    birth, sex, quartier, care = people
    partner, row_of_id, plan, _ = couples
    lives = np.empty(BLOCK, np.int32)
    for k in range(rows.size):
        other[k], lives[k] = partner[rows[k]], household[rows[k]]
    for k in range(rows.size):
        j = row_of_id[np.uint32(max(other[k], 0))]
        other[k] = j if other[k] >= 0 else rows[k]
    for k in range(rows.size):
        i, j = np.uint32(rows[k]), np.uint32(other[k])
        # a couple that waits for a dwelling is one, and who has decided to leave home counts as gone: the luck of the
        # dwelling market must not decide who leaves the town
        waits = ((plan[i] == 3) | (plan[j] == 3)) & (role[j] != 2)
        coupled = np.uint32((i != j) & (waits | (household[j] == lives[k])))
        at_home = np.uint32((role[i] == 1) & (plan[i] == 0)) * (np.uint32(1) - coupled)
        on_own = np.uint32((role[i] != 2) & ((role[i] != 1) | (birth[i] <= alone_from)))
        own = on_own * (np.uint32(1) + np.uint32(2) * coupled + np.uint32(4) * at_home)
        mine[k] = _place(base_of[quartier[i]], care[i], sex[i], birth[i], now) + own
        theirs[k] = _place(base_of[quartier[j]], care[j], sex[j], birth[j], now) + own
        unit[k] = own


@nb.njit(cache=True)
def _possible(rows, words, everybody, leads, unit, mine, theirs, either, hits):
    """Positions of those with the luck to leave alone or with children, of couples by the leader's; returns how many."""
    n = 0
    for k in range(rows.size):
        couple, draws = np.uint64(unit[k] == 3), np.uint64((unit[k] != 3) | (leads[rows[k]] == 1))
        own, its = either[mine[k]], either[theirs[k]] * couple
        germany, abroad = ((own & _LOW) + (its & _LOW)) * draws, ((own >> _S32) + (its >> _S32)) * draws
        hits[n] = k
        n += np.int64((words[k, _GERMANY] < germany) | (words[k, _ABROAD] < abroad) | everybody)
    return n


@nb.njit(cache=True)
def _exactly(rows, hits, words, everybody, leads, chance, unit, mine, theirs, both, asked):
    """Thresholds without and with children [position, 2 * with + destination], of a couple that either partner has the event.

    Returns how many it matters to whether there are children (``asked``, positions in ``hits``).
    """
    n = 0
    for h in range(hits.size):
        k = hits[h]
        parents = np.int64(unit[k] == 1 or unit[k] == 3)  # their unit with children is the next
        for q in range(4):
            shift = parents * (q >> 1)
            c, d = chance[mine[k] + shift, q & 1], chance[theirs[k] + shift, q & 1]
            if unit[k] == 3:
                c = c + d - c * d if leads[rows[k]] else 0.0
            both[h, q] = np.uint32(min(np.floor(c * TWO32), TWO32 - 1))
        germany, abroad = words[k, _GERMANY], words[k, _ABROAD]
        differs = (germany < both[h, 0]) != (germany < both[h, 2]) or (abroad < both[h, 1]) != (abroad < both[h, 3])
        asked[n] = h
        n += np.int64(parents and (differs or everybody))
    return n


@nb.njit(cache=True)
def _ask(rows, hits, asked, household, role, birth, chains, alone_from, begin, parent):
    """Whether a child too young to move alone lives with those asked."""
    first, following, mother, father, id_ = chains
    for a in range(asked.size):
        begin[a] = first[household[rows[hits[asked[a]]]]]
    for a in range(asked.size):
        j, me = begin[a], id_[rows[hits[asked[a]]]]
        while j >= 0 and not parent[asked[a]]:
            if birth[j] > alone_from and role[j] == 1:
                parent[asked[a]] = mother[j] == me or father[j] == me
            j = following[j]


@nb.njit(cache=True)
def _decide(
    rows, words, everybody, people, couples, household, role, chains, rules, now, alone_from, unit, limit, leaving
):
    """Who leaves: row times two, plus one for abroad, partners included; returns how many.

    First how the person would move away without children; then who has the luck to leave neither alone nor with children;
    last the exact chances, and where it matters whether there are children.

    Parameters
    ----------
    words : u32 [row, 4], the luck of the block.
    everybody : whether ``unit`` and ``limit`` are to be filled for all.
    rules : see `_chances`.
    unit : how each would move away, see `UNITS`.
    limit : thresholds of leaving, u32 [row, destination].
    """
    leads, (base_of, chance, either) = couples[3], rules
    other, hits, asked, begin = (
        np.empty(BLOCK, np.int32),
        np.empty(BLOCK, np.int32),
        np.empty(BLOCK, np.int32),
        np.empty(BLOCK, np.int32),
    )
    mine, theirs, both = np.empty(BLOCK, np.uint32), np.empty(BLOCK, np.uint32), np.empty((BLOCK, 4), np.uint32)
    parent, n = np.empty(BLOCK, np.bool_), 0
    for start in range(0, rows.size, BLOCK):
        who, luck, own = rows[start : start + BLOCK], words[start : start + BLOCK], unit[start : start + BLOCK]
        _look(who, people, couples, household, role, base_of, now, alone_from, own, other, mine, theirs)
        found = hits[: _possible(who, luck, everybody, leads, own, mine, theirs, either, hits)]
        m = _exactly(who, found, luck, everybody, leads, chance, own, mine, theirs, both, asked)
        parent[:] = False
        _ask(who, found, asked[:m], household, role, people[0], chains, alone_from, begin, parent)
        for h in range(found.size):
            k, with_child = found[h], np.int64(parent[h])
            germany, abroad = both[h, 2 * with_child], both[h, 2 * with_child + 1]
            limit[start + k, 0], limit[start + k, 1] = germany, abroad
            far = luck[k, _ABROAD] < abroad
            if far or luck[k, _GERMANY] < germany:
                leaving[n], n = 2 * np.int64(who[k]) + far, n + 1
                if own[k] == 3:
                    leaving[n], n = 2 * np.int64(other[k]) + far, n + 1
            own[k] += with_child
    return n


def _decided(
    model: QuartierModel, rows: np.ndarray, words: np.ndarray, rules: tuple[np.ndarray, ...], everybody: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Units, thresholds and who leaves; see `_decide`."""
    p = model.people
    unit, limit = np.empty(rows.size, np.uint8), np.empty((rows.size, len(ORIGINS)), np.uint32)
    leaving = np.empty(2 * rows.size, np.int64)
    people, couples = (p.birth, p.sex, p.quartier, p.care), (p.partner, model.row_of_id, p.plan, p.leads)
    chains = (model.households.first_member, p.next_member, p.mother, p.father, p.id)
    times = (np.int64(model.now), np.int64(model.now - 4 * int(model.rates.parameter("migrates_alone_from"))))
    columns = (people, couples, p.household, p.role, chains)
    n = _decide(rows, words, everybody, *columns, rules, *times, unit, limit, leaving)
    return unit, limit, leaving[:n]


def moving_units(model: QuartierModel, rows: np.ndarray) -> np.ndarray:
    """How each of these people would move away (u8, one of `UNITS`); see the constant."""
    none = np.zeros((2 * UNITS * 2 * AGES, len(ORIGINS)))
    rules = (np.zeros(model.n_quartiere, np.uint32), none, none[:, 0].astype(np.uint64))
    return _decided(model, rows.astype(np.int32), np.zeros((rows.size, 4), np.uint32), rules, everybody=True)[0]


def who_leaves(model: QuartierModel) -> tuple[np.ndarray, np.ndarray]:
    """People who leave the town on their own account in this step, partners included: rows (ascending), and who goes abroad.

    A couple draws once, by its leader: whom a scenario makes her meet does not decide whether she leaves.
    """
    p, audit = model.people, model.audit
    rows, words = shortlist_with_luck(model, (Decision.OUT_MIGRATE, Decision.EMIGRATE))
    _, limit, leaving = _decided(model, rows, words, _chances(model), audit is not None)
    if audit is None:
        leaving = np.concatenate((leaving, _new_couples_leaving(model)))
    else:
        for to, (name, word) in enumerate(zip(ORIGINS, (_GERMANY, _ABROAD), strict=True)):
            goes = words[:, word] < limit[:, to]
            audit.add(f"out_migrate_{name}", p.sex[rows], model.ages(rows), limit[:, to] / TWO32, goes)
    leaving = distinct(leaving)
    return (leaving >> 1).astype(np.int32), (leaving & 1).astype(bool)


def _new_couples_leaving(model: QuartierModel) -> np.ndarray:
    """Who leaves of those who have become a couple since the shortlist was made (listed there or not): they draw for two now."""
    p = model.people
    step, united = model.united
    if step != model.now or not united:
        return np.empty(0, np.int64)
    leaders = np.concatenate(united)
    leaders = leaders[(p.present[leaders] == 1) & (p.leads[leaders] == 1)]
    words = block_of_luck(model, Decision.OUT_MIGRATE // 4, leaders)
    return _decided(model, leaders, words, _chances(model), everybody=False)[2]


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


def _chances(model: QuartierModel) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Chances of leaving in one step, worked out anew in every year, and when a scenario changes a rate.

    Returns
    -------
    base_of : u32 [n_quartiere], four times the class of each Quartier.
    chance : float64 [place, destination], places by class, in need, sex, age and unit.
    either : see `_either_way`.
    """
    names = ("leaving_home", *(f"out_migration_{destination}" for destination in ORIGINS), *distance_rates("out"))
    version = (year_of(model.now), model.rates.version(names, model.now))
    side = model.side.setdefault("out_migrate", {})
    if side.get("version") != version:
        class_of, all_hazards = out_hazards(model)
        by_need = _by_need(model)
        by_need_hazard = np.minimum(
            all_hazards[:, None] * by_need[:, None, None], model.rates.parameter("out_migration_ceiling")
        )
        hazard = by_need_hazard.max(axis=1)
        alone, in_couple = hazard[:, :, [1, 2, 5]].max(axis=(1, 2)), hazard[:, :, 3:5].max(axis=(1, 2))
        leader = np.maximum(alone, in_couple + in_couple.max(axis=(1, 2), keepdims=True))
        bound = np.stack((alone, leader), axis=1)
        chance = np.ascontiguousarray(probability(by_need_hazard).transpose(2, 1, 4, 5, 3, 0))
        base_of = class_of.astype(np.uint32) * np.uint32(4)
        side.update(version=version, tables=(base_of, chance.reshape(-1, 2), _either_way(chance)), bound=bound)
    return side["tables"]


def _either_way(chance: np.ndarray) -> np.ndarray:
    """Thresholds never below the chances [class, in need, sex, age, unit, destination] with children or without (u64, flat).

    Those of both destinations are packed, abroad in the upper half. The sum of both partners' is never below a couple's.
    """
    most = chance.copy()
    for unit in (1, 3):
        most[..., unit, :] = chance[..., unit : unit + 2, :].max(axis=-2)
    limit = np.minimum(np.floor(most * TWO32) + 1, TWO32 - 1).astype(np.uint64)
    return (limit[..., 0] | limit[..., 1] << _S32).ravel()


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
    least = rates.parameter("leaving_home_out_floor") * gross
    budget = np.maximum((1 - rates.parameter("leaving_home_floor")) * gross - union, least)
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
