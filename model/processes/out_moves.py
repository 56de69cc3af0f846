"""How often whom moves away: as a single, a family, a couple, a grown child at home."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numba as nb
import numpy as np

from ..care_hazards import care_prevalence
from ..columns import CARE_GRADE_BITS, Role
from ..fetch import fetch
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


BLOCK: Final = 512
"""How many people are looked at in one go: what is looked up of them is still at hand when the next question is put.

Every question is a loop of its own, as far as possible without a branch, so that the lookups for many people overlap.
"""


@nb.njit(inline="always")
def _age(birth, now):
    return np.uint32(np.uint32(now) - np.uint32(birth)) >> np.uint32(2)


@nb.njit(inline="always")
def _place(base, need, sex, birth, now):
    """Place in the tables of `_chances` of a person of unit 0."""
    ill = np.uint32((need & CARE_GRADE_BITS) != 0)
    return ((base + ill * np.uint32(2) + np.uint32(sex)) * np.uint32(AGES) + _age(birth, now)) * np.uint32(UNITS)


@nb.njit(cache=True)
def _possible(rows, words, everybody, people, couples, role, most, now, alone_from, who, luck):
    """Those whom a bound by sex and age does not rule out (see `_most`), and their luck; returns how many.

    It takes few columns and drops most: of couples, because the shortlist does not know the partner's age.
    """
    birth, sex, _, _ = people
    partner, row_of_id, plan, leads = couples
    germany, abroad = np.empty(rows.size, np.uint64), np.empty(rows.size, np.uint64)
    own, leader, n = np.empty(rows.size, np.uint32), np.empty(rows.size, np.uint32), 0
    for k in range(rows.size):
        i = np.uint32(rows[k])
        at_home = np.uint32((role[i] == 1) & (plan[i] == 0))
        on_own = np.uint64((role[i] != 2) & ((role[i] != 1) | (birth[i] <= alone_from)))
        own[k] = np.uint32(sex[i]) * np.uint32(AGES) + _age(birth[i], now)
        limit = most[own[k] + at_home * np.uint32(2 * AGES)] * on_own
        germany[k], abroad[k], leader[n] = limit & _LOW, limit >> _S32, k
        n += leads[i] == 1
    others = fetch(partner, rows[leader[:n]])
    for q in range(n):
        row = row_of_id[np.uint32(max(others[q], 0))]
        others[q] = row if others[q] >= 0 else rows[leader[q]]
    for q in range(n):
        k, j = leader[q], np.uint32(others[q])
        mine = most[own[k] + np.uint32(4 * AGES)]
        theirs = most[(np.uint32(4) + np.uint32(sex[j])) * np.uint32(AGES) + _age(birth[j], now)]
        germany[k] = max(germany[k], (mine & _LOW) + (theirs & _LOW))
        abroad[k] = max(abroad[k], (mine >> _S32) + (theirs >> _S32))
    n = 0
    for k in range(rows.size):
        who[n], luck[n, _GERMANY], luck[n, _ABROAD] = rows[k], words[k, _GERMANY], words[k, _ABROAD]
        n += everybody | (words[k, _GERMANY] < germany[k]) | (words[k, _ABROAD] < abroad[k])
    return n


@nb.njit(cache=True)
def _look(rows, people, couples, household, role, base_of, now, alone_from, unit, other, mine, theirs):
    """How each would move away without children (0, 1 alone, 3 in a couple or 5, see `UNITS`), and places in the tables.

    ``other`` is the partner's row, else one's own.
    """
    birth, sex, quartier, care = people
    partner, row_of_id, plan, _ = couples
    lives = fetch(household, rows)
    for k in range(rows.size):
        other[k] = partner[np.uint32(rows[k])]
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
def _exactly(rows, words, everybody, leads, chance, unit, mine, theirs, both, asked):
    """Thresholds without and with children [row, 2 * with + destination], of a couple that either partner has the event.

    Returns how many it matters to whether there are children (``asked``, positions).
    """
    n = 0
    for k in range(rows.size):
        couple, draws = unit[k] == 3, np.float64(leads[np.uint32(rows[k])])
        parents = np.int64((unit[k] == 1) | couple)  # their unit with children is the next
        for q in range(4):
            shift = parents * (q >> 1)
            c, d = chance[mine[k] + shift, q & 1], chance[theirs[k] + shift, q & 1]
            either = (c + d - c * d) * draws
            c = either if couple else c
            both[k, q] = np.uint32(min(np.floor(c * TWO32), TWO32 - 1))
        germany, abroad = words[k, _GERMANY], words[k, _ABROAD]
        differs = ((germany < both[k, 0]) != (germany < both[k, 2])) | ((abroad < both[k, 1]) != (abroad < both[k, 3]))
        asked[n] = k
        n += parents & np.int64(differs | everybody)
    return n


@nb.njit(cache=True)
def _ask(rows, asked, household, role, birth, chains, alone_from, at, whose, parent):
    """Whether a child too young to move alone lives with those asked."""
    first, following, mother, father, id_ = chains
    m = 0
    for k in asked:
        at[m], whose[m] = first[np.uint32(household[np.uint32(rows[k])])], k
        m += at[m] >= 0
    while m > 0:  # one member of each household after the other, so that the reads overlap
        births, roles, after = fetch(birth, at[:m]), fetch(role, at[:m]), fetch(following, at[:m])
        last, m = m, 0
        for a in range(last):
            j, k = np.uint32(at[a]), whose[a]
            if (births[a] > alone_from) & (roles[a] == 1):
                me = id_[np.uint32(rows[k])]
                parent[k] |= mother[j] == me or father[j] == me
            at[m], whose[m] = after[a], k
            m += (after[a] >= 0) & (not parent[k])


@nb.njit(cache=True)
def _decide(
    rows, words, everybody, people, couples, household, role, chains, rules, now, alone_from, unit, limit, leaving
):
    """Who leaves: row times two, plus one for abroad, partners included; returns how many.

    First whom a bound does not rule out; then how the person would move away without children; last the exact chances,
    and where it matters whether there are children.

    Parameters
    ----------
    words : u32 [row, 4], the luck of the block.
    everybody : whether nobody is to be ruled out, so that ``unit`` and ``limit`` are filled for all.
    rules : see `_chances`.
    unit : how each would move away, see `UNITS`.
    limit : thresholds of leaving, u32 [row, destination].
    """
    leads, (base_of, chance, most) = couples[3], rules
    who, other = np.empty(BLOCK, np.int32), np.empty(BLOCK, np.int32)
    at, whose = np.empty(BLOCK, np.int32), np.empty(BLOCK, np.int32)
    mine, theirs, both = np.empty(BLOCK, np.uint32), np.empty(BLOCK, np.uint32), np.empty((BLOCK, 4), np.uint32)
    luck, asked, parent = np.empty((BLOCK, 4), np.uint32), np.empty(BLOCK, np.int32), np.empty(BLOCK, np.bool_)
    own, n = np.empty(BLOCK, np.uint8), 0
    for start in range(0, rows.size, BLOCK):
        few, drawn = rows[start : start + BLOCK], words[start : start + BLOCK]
        found = who[: _possible(few, drawn, everybody, people, couples, role, most, now, alone_from, who, luck)]
        _look(found, people, couples, household, role, base_of, now, alone_from, own, other, mine, theirs)
        m = _exactly(found, luck, everybody, leads, chance, own, mine, theirs, both, asked)
        parent[:] = False
        _ask(found, asked[:m], household, role, people[0], chains, alone_from, at, whose, parent)
        for k in range(found.size):
            germany, abroad = both[k, 2 * np.int64(parent[k])], both[k, 2 * np.int64(parent[k]) + 1]
            far = luck[k, _ABROAD] < abroad
            goes = far | (luck[k, _GERMANY] < germany)
            leaving[n] = (
                2 * np.int64(found[k]) + far
            )  # written for each, kept for those who go: no branch to guess wrong
            n += goes
            leaving[n] = 2 * np.int64(other[k]) + far
            n += goes & (own[k] == 3)
            if everybody:
                unit[start + k] = own[k] + parent[k]
                limit[start + k, 0], limit[start + k, 1] = germany, abroad
    return n


def _decided(
    model: QuartierModel, rows: np.ndarray, words: np.ndarray, rules: tuple[np.ndarray, ...], everybody: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Units, thresholds and who leaves; see `_decide`."""
    p = model.people
    unit, limit = np.empty(rows.size, np.uint8), np.empty((rows.size, len(ORIGINS)), np.uint32)
    leaving = np.empty(2 * rows.size + 2, np.int64)
    people, couples = (p.birth, p.sex, p.quartier, p.care), (p.partner, model.row_of_id, p.plan, p.leads)
    chains = (model.households.first_member, p.next_member, p.mother, p.father, p.id)
    times = (np.int64(model.now), np.int64(model.now - 4 * int(model.rates.parameter("migrates_alone_from"))))
    columns = (people, couples, p.household, p.role, chains)
    n = _decide(rows, words, everybody, *columns, rules, *times, unit, limit, leaving)
    return unit, limit, leaving[:n]


def moving_units(model: QuartierModel, rows: np.ndarray) -> np.ndarray:
    """How each of these people would move away (u8, one of `UNITS`); see the constant."""
    none = np.zeros((2 * UNITS * 2 * AGES, len(ORIGINS)))
    rules = (np.zeros(model.n_quartiere, np.uint32), none, np.zeros(6 * AGES, np.uint64))
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
    most : see `_most`.
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
        by_unit = by_need_hazard.max(axis=(1, 2))
        child, in_couple = by_unit[:, 5], by_unit[:, 3:5].max(axis=1)
        alone = np.maximum(by_unit[:, 1:3].max(axis=1), child)
        leader = np.maximum(alone, in_couple + in_couple.max(axis=(1, 2), keepdims=True))
        bound = np.stack((alone, leader), axis=1)
        chance = np.ascontiguousarray(probability(by_need_hazard).transpose(2, 1, 4, 5, 3, 0))
        base_of = class_of.astype(np.uint32) * np.uint32(4)
        side.update(
            version=version, tables=(base_of, chance.reshape(-1, 2), _most(alone, child, in_couple)), bound=bound
        )
    return side["tables"]


def _most(alone: np.ndarray, child: np.ndarray, in_couple: np.ndarray) -> np.ndarray:
    """Thresholds never below the chances of leaving, by hazards [destination, sex, age] (u64 [unit, sex, age], flat).

    First of who lives alone (or is in a couple that does not live together), then of a grown child at home, last what each
    partner adds to the chance of a couple. Those of both destinations are packed, abroad in the upper half.
    """
    chance = probability(np.stack((alone, child, in_couple), axis=1))
    limit = np.minimum(np.floor(chance * TWO32) + 1, TWO32 - 1).astype(np.uint64)
    return (limit[0] | limit[1] << _S32).ravel()


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
