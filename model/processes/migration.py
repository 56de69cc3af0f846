"""Migration across the town's border: households leave for Germany or abroad, and arrive from there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numba as nb
import numpy as np

from ..columns import Reason, Union
from ..households import arrive, found, join, remove, unite_arrivals, with_children
from ..kin import kin_of_arrivals
from ..luck import Decision, Domain, Luck, derive_keys, fill_unit, pair_key
from ..process import Process
from ..thresholds import AGES
from ..timeline import STEPS_PER_YEAR
from .care_arrivals import need_of_arrivals
from .local_levels import out_moves_level
from .origins import distance_mix, distance_rates
from .out_moves import ORIGINS, expected_by_destination, out_bound, who_leaves
from .repair import repair
from .templates import Templates, make_templates

if TYPE_CHECKING:
    from ..model import QuartierModel


def start_out_migration(model: QuartierModel) -> None:
    """Fix the town's own level of out-moves from its register; nothing else may stand in the side table yet."""
    model.side["out_migrate"] = {}
    model.side["out_migrate"] = {"level": out_moves_level(model, lambda: expected_by_destination(model))}


def out_migrate(model: QuartierModel) -> None:
    """Households leave the town: singles, couples with their children, grown children on their own."""
    leave_town(model, *who_leaves(model))


def leave_town(model: QuartierModel, leaders: np.ndarray, abroad: np.ndarray) -> None:
    """Take people (``leaders``, ascending) out of the town with the minor children who live with them."""
    p = model.people
    rows, leader = with_children(model, leaders, int(model.rates.parameter("age_of_majority")))
    going = np.empty(rows.size, np.bool_)
    _depart(
        model.luck.stream,
        np.int64(model.now),
        leaders,
        abroad,
        rows,
        leader,
        (p.key, p.quartier, p.sex, p.birth),
        (p.leads, p.partner, model.row_of_id),
        distance_mix(model, "out")[::2],
        tuple(model.events[f"out_migration_{name}"] for name in ("germany", "surroundings", "abroad")),
        going,
    )
    left = p.household[rows]
    remove(model, rows, died=False, abroad=going)
    repair(model, left)


@nb.njit(cache=True)
def _depart(stream, now, leaders, abroad, rows, leader, people, couples, distance, events, going):
    """Count who leaves by Quartier and destination, and note who goes abroad.

    Whether a move within Germany leads to the surroundings is drawn by the leader's key; partners who leave together go to
    the same place.
    """
    key, quartier, sex, birth = people
    leads, partner, row_of_id = couples
    class_of, share = distance
    germany, surroundings, far = events
    near, decides, luck = np.empty(leaders.size, np.bool_), leaders.copy(), np.empty(leaders.size)
    together = np.empty(leaders.size, np.int32)
    for k in range(leaders.size):  # the lookups of these loops overlap, because there is no branch
        i = np.uint32(leaders[k])
        together[k] = partner[i] if leads[i] == 0 else -1
    for k in range(leaders.size):
        other = row_of_id[np.uint32(max(together[k], 0))]
        together[k] = other if together[k] >= 0 else -1
    for k in range(leaders.size):
        other, low, high = together[k], max(k - 2, 0), min(k + 3, leaders.size)
        if other < 0:
            continue
        if leaders[low] > other or leaders[high - 1] < other:  # seldom: partners mostly stand side by side
            low, high = 0, leaders.size
        while low < high:
            middle = (low + high) >> 1
            low, high = (middle + 1, high) if leaders[middle] < other else (low, middle)
        if low < leaders.size and leaders[low] == other:
            decides[k] = other
    keys = key[decides]
    fill_unit(stream, np.uint64(now), np.uint64(Decision.SURROUNDINGS), keys, luck)
    for k in range(leaders.size):
        i = np.uint32(decides[k])
        near[k] = (luck[k] < share[class_of[quartier[i]], sex[i], (now - np.int64(birth[i])) >> 2]) & (not abroad[k])
    for k in range(rows.size):
        place, who = quartier[rows[k]], leader[k]
        going[k] = abroad[who]
        far[place] += abroad[who]
        germany[place] += not abroad[who]
        surroundings[place] += near[who]


def start_in_migration(model: QuartierModel) -> None:
    """Make the templates of arriving households and the town's yearly in-moves, from the start population only."""
    model.side["in_migrate"] = make_templates(model, Luck(model.luck.seed, 0))


@nb.njit(cache=True)
def _called(stream, now, origin, weight, offset, leads, share, reached, guide, which, keys, quartier, near):
    """Copies of each template: the running sum of the weights, rounded with one offset; returns how many in all.

    Of each household the key, the Quartier (inverse CDF ``reached``, from where ``guide`` says), and whether it comes from
    the surroundings (by ``share`` and the sex and age of who leads its template).
    """
    ordinal, total, before, n = np.empty(which.size, np.uint64), 0.0, 0, 0
    first = pair_key(np.uint64(Domain.MIGRANT), np.uint64(2 * now + origin))
    for template in range(weight.size):
        total += weight[template]
        rounded = int(np.floor(total + offset))
        if rounded > before:
            named = pair_key(first, np.uint64(template))
            for copy in range(rounded - before):
                which[n], ordinal[n], keys[n] = template, copy, named
                n += 1
        before = rounded
    luck = np.empty(n)
    for k in range(n):  # vectorises
        keys[k] = pair_key(keys[k], ordinal[k])
    fill_unit(stream, np.uint64(now), np.uint64(Decision.QUARTIER_CHOICE), keys[:n], luck)
    for k in range(n):
        q = guide[int(luck[k] * guide.size)]
        while q < reached.size - 1 and reached[q] <= luck[k]:
            q += 1
        quartier[k] = q
    fill_unit(stream, np.uint64(now), np.uint64(Decision.SURROUNDINGS), keys[:n], luck)
    first_of, sex, age = leads
    for k in range(n):
        lead = first_of[which[k]]
        near[k] = luck[k] < share[sex[lead], age[lead]]
    return n


def _arriving(model: QuartierModel, templates: Templates, origin: int) -> tuple[np.ndarray, ...]:
    """Households that arrive in this step: numbers of their templates, keys, Quartiere, and which come from the surroundings.

    How many of each template: the running sum of the weights, rounded with one keyed offset.
    """
    weight = templates.households_per_year(model, origin) / STEPS_PER_YEAR
    offset = model.luck.uniform(Decision.TEMPLATE, model.now, derive_keys(Domain.TEMPLATE, origin))[0]
    most = int(weight.sum()) + 3
    found = (np.empty(most, np.int64), np.empty(most, np.uint64), np.empty(most, np.uint16), np.empty(most, np.bool_))
    t = templates
    near = t.near_share(model) if ORIGINS[origin] == "germany" else np.zeros((2, AGES))
    rules = (weight, offset, (t.first, t.sex, t.age), near, *_first_quartiere(model))
    n = _called(model.luck.stream, np.int64(model.now), np.int64(origin), *rules, *found)
    return tuple(column[:n] for column in found)


def in_migrate(model: QuartierModel) -> None:
    """Households arrive; those who find no dwelling in this step live in temporary accommodation and go on looking."""
    templates: Templates = model.side["in_migrate"]
    by_origin = [_settle_in(model, templates, origin) for origin in range(len(ORIGINS))]
    abroad = np.repeat(np.array(ORIGINS) == "abroad", [rows.size for rows in by_origin])
    model.side["arrived"] = {"step": model.now, "rows": np.concatenate(by_origin).astype(np.int64), "abroad": abroad}


@nb.njit(cache=True)
def _copy(which, keys, homes, shape, people, links, state, now, first_id, out, where, pairs):
    """Copy the members of each household from its template; couples are listed. Returns how many couples."""
    first, size = shape
    age, quarter, sex, role, parity, former, since_birth = people
    partner, mother, father = links
    union, since_union = state
    key, birth, of_sex, of_role, mothers, fathers, borne, unions, last_birth = out
    household, home = where
    one, other, married, ago = pairs
    named, number = np.empty(which.size, np.uint64), np.empty(key.size, np.uint64)
    for h in range(which.size):  # vectorises, like the last loop
        named[h] = pair_key(np.uint64(Domain.MIGRANT), keys[h])
    n, couples = 0, 0
    for h in range(which.size):
        base, begin = n, first[which[h]]
        for member in range(size[which[h]]):
            s = begin + member
            key[n], number[n] = named[h], member
            birth[n] = now - 4 * age[s] - quarter[s]
            of_sex[n], of_role[n], borne[n], unions[n] = sex[s], role[s], parity[s], former[s]
            last_birth[n] = max(now - since_birth[s], 0)
            mothers[n] = first_id + base + mother[s] if mother[s] >= 0 else -1
            fathers[n] = first_id + base + father[s] if father[s] >= 0 else -1
            household[n], home[n] = h, homes[h]
            if partner[s] > member:
                one[couples], other[couples] = n, base + partner[s]
                married[couples], ago[couples] = union[s] == Union.MARRIED, since_union[s]
                couples += 1
            n += 1
    for k in range(n):
        key[k] = pair_key(pair_key(key[k], number[k]), np.uint64(1))
    return couples


def _arrive(
    model: QuartierModel, templates: Templates, which: np.ndarray, keys: np.ndarray, homes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Let copies of templates arrive and move in, one per home; returns their rows and the number of each one's household."""
    t, p, first_id = templates, model.people, np.int64(model.next_id)
    rows = arrive(model, int(t.size[which].sum()))
    n, first = rows.size, len(p) - rows.size
    columns = (p.key, p.birth, p.sex, p.role, p.mother, p.father, p.parity, p.former_union, p.last_birth)
    household, home = np.empty(n, np.int64), np.empty(n, np.int32)
    pairs = (np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.bool_), np.empty(n, np.int64))
    couples = _copy(
        which,
        keys,
        homes,
        (t.first, t.size),
        (t.age, t.quarter, t.sex, t.role, t.parity, t.former, t.since_birth),
        (t.partner, t.mother, t.father),
        (t.union, t.since_union),
        np.int64(model.now),
        first_id,
        tuple(column[first:] for column in columns),
        (household, home),
        pairs,
    )
    join(model, rows, home)
    model.households.reason[homes], model.households.wait_since[homes] = Reason.ARRIVED, model.now
    repair(model, homes[which >= t.lone])  # minors who come alone are taken in, like orphans
    one, other, married, ago = (column[:couples] for column in pairs)
    if couples:
        unite_arrivals(model, rows[one], rows[other], married, ago)
    return rows, household


def _settle_in(model: QuartierModel, templates: Templates, origin: int) -> np.ndarray:
    """Let the households of one origin arrive; returns their members' rows."""
    which, keys, quartier, near = _arriving(model, templates, origin)
    if not which.size:
        return np.empty(0, np.int32)
    rows, household = _arrive(model, templates, which, keys, found(model, quartier))
    model.count("in_migration_surroundings", model.people.quartier[rows[near[household]]])
    need_of_arrivals(model, rows)
    kin_of_arrivals(model, rows, ORIGINS[origin])
    model.count(f"in_migration_{ORIGINS[origin]}", model.people.quartier[rows])
    return rows


GUIDE: Final = 1024
"""Parts of the range of luck whose first Quartier is noted (a size of an array; a power of two, so that parts are exact)."""


def _first_quartiere(model: QuartierModel) -> tuple[np.ndarray, np.ndarray]:
    """Where arriving households are counted until they find a dwelling: by the dwellings there are, else anywhere.

    Not by vacancies: where a homeless household is counted would hang on everybody's luck.

    Returns
    -------
    reached : running share of the Quartiere.
    guide : the first Quartier possible in each part of the range of luck.
    """
    side = model.side.setdefault("first_quartier", {"counted": -1, "dwellings": np.zeros(model.n_quartiere)})
    counted = max(side["counted"], 0)
    new = model.dwellings.quartier[counted:]  # a dwelling stays where it is: only new ones are counted
    if new.size or side["counted"] < 0:
        side["counted"] = counted + new.size
        side["dwellings"] += np.bincount(new, minlength=model.n_quartiere)
        weight = side["dwellings"] if side["counted"] else np.ones(model.n_quartiere)
        reached = np.cumsum(weight) / weight.sum()
        guide = np.searchsorted(reached, np.arange(GUIDE) / GUIDE, side="right").clip(max=model.n_quartiere - 1)
        side["drawn"] = (reached, guide)
    return side["drawn"]


OUT_MIGRATE = Process(
    "out_migrate",
    reads=("people.birth", "people.sex", "people.role", "people.partner", "people.mother", "people.father"),
    writes=("households.remove", "households.join"),
    rates=(
        "out_migration_germany",
        "out_migration_abroad",
        *distance_rates("out"),
        "parents_of_minors",
        "leaving_home",
    ),
    step=out_migrate,
    start=start_out_migration,
    bounds={
        Decision.EMIGRATE: lambda model: out_bound(model, "abroad"),
        Decision.OUT_MIGRATE: lambda model: out_bound(model, "germany"),
    },
)
IN_MIGRATE = Process(
    "in_migrate",
    reads=("dwellings.household",),
    writes=(
        "households.arrive",
        "households.found",
        "households.join",
        "people.care",
        "people.disability",
        "people.kin_away",
        "people.mother",
        "people.father",
    ),
    rates=("in_migration_germany", "in_migration_abroad", *distance_rates("in")),
    step=in_migrate,
    start=start_in_migration,
)
