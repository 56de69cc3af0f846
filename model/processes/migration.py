"""Migration across the town's border: households leave for Germany or abroad, and arrive from there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from ..columns import Reason, Union
from ..households import arrive, found, join, remove, unite_arrivals, with_children
from ..kin import kin_of_arrivals
from ..luck import Decision, Domain, Luck, derive_keys, pair_key, unit
from ..process import Process
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
    near, decides = np.empty(leaders.size, np.bool_), leaders.copy()
    for k in range(leaders.size):
        if leads[leaders[k]] == 0 and partner[leaders[k]] >= 0:
            other, low, high = row_of_id[partner[leaders[k]]], max(k - 2, 0), min(k + 3, leaders.size)
            if leaders[low] > other or leaders[high - 1] < other:  # seldom: partners mostly stand side by side
                low, high = 0, leaders.size
            while low < high:
                middle = (low + high) >> 1
                low, high = (middle + 1, high) if leaders[middle] < other else (low, middle)
            if low < leaders.size and leaders[low] == other:
                decides[k] = other
    for k in range(leaders.size):  # without a branch, so that the lookups for many people overlap
        i = np.uint32(decides[k])
        wanted = share[class_of[quartier[i]], sex[i], (now - np.int64(birth[i])) >> 2]
        near[k] = (unit(stream, now, Decision.SURROUNDINGS, key[i]) < wanted) & (not abroad[k])
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
def _rounded(weight, offset, which, ordinal):
    """Copies of each template: the running sum of the weights, rounded with one offset; returns how many in all."""
    total, before, n = 0.0, 0, 0
    for template in range(weight.size):
        total += weight[template]
        reached = int(np.floor(total + offset))
        for copy in range(reached - before):
            which[n], ordinal[n] = template, copy
            n += 1
        before = reached
    return n


def _copies(model: QuartierModel, templates: Templates, origin: int) -> tuple[np.ndarray, np.ndarray]:
    """How many households of each template arrive in this step: the running sum, rounded with one keyed offset.

    Returns the templates' numbers, one entry per household, and each household's number among its template's.
    """
    weight = templates.households_per_year(model, origin) / STEPS_PER_YEAR
    offset = model.luck.uniform(Decision.TEMPLATE, model.now, derive_keys(Domain.TEMPLATE, origin))[0]
    most = int(weight.sum()) + 3
    which, ordinal = np.empty(most, np.int64), np.empty(most, np.int64)
    n = _rounded(weight, offset, which, ordinal)
    return which[:n], ordinal[:n]


def in_migrate(model: QuartierModel) -> None:
    """Households arrive; those who find no dwelling in this step live in temporary accommodation and go on looking."""
    templates: Templates = model.side["in_migrate"]
    came = {}
    for origin, name in enumerate(ORIGINS):
        which, ordinal = _copies(model, templates, origin)
        if which.size:
            came[name] = _settle_in(
                model, templates, which, derive_keys(Domain.MIGRANT, 2 * model.now + origin, which, ordinal), name
            )
    none = np.empty(0, np.int64)
    by_origin = [np.asarray(came.get(name, none), np.int64) for name in ORIGINS]
    abroad = np.repeat(np.array(ORIGINS) == "abroad", [rows.size for rows in by_origin])
    model.side["arrived"] = {"step": model.now, "rows": np.concatenate(by_origin), "abroad": abroad}


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
    n, couples = 0, 0
    for h in range(which.size):
        base, begin = n, first[which[h]]
        named = pair_key(np.uint64(Domain.MIGRANT), keys[h])
        for member in range(size[which[h]]):
            s = begin + member
            key[n] = pair_key(pair_key(named, np.uint64(member)), np.uint64(1))
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
    return couples


def _arrive(
    model: QuartierModel, templates: Templates, which: np.ndarray, keys: np.ndarray, homes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Let copies of templates arrive and move in, one per home; returns their rows and the number of each one's household."""
    t, p = templates, model.people
    n = int(t.size[which].sum())
    names = ("key", "birth", "sex", "role", "mother", "father", "parity", "former_union", "last_birth")
    columns = {name: np.empty(n, p.schema[name].dtype) for name in names}
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
        np.int64(model.next_id),
        tuple(columns.values()),
        (household, home),
        pairs,
    )
    rows = arrive(model, n, **columns)
    join(model, rows, home)
    model.households.reason[homes], model.households.wait_since[homes] = Reason.ARRIVED, model.now
    repair(model, homes[which >= t.lone])  # minors who come alone are taken in, like orphans
    one, other, married, ago = (column[:couples] for column in pairs)
    if couples:
        unite_arrivals(model, rows[one], rows[other], married, ago)
    return rows, household


def _settle_in(
    model: QuartierModel, templates: Templates, which: np.ndarray, keys: np.ndarray, origin: str
) -> np.ndarray:
    homes = found(model, _first_quartier(model, keys))
    rows, household = _arrive(model, templates, which, keys, homes)
    if origin == "germany":
        near = templates.comes_near(model, which, keys)[household]
        model.count("in_migration_surroundings", model.people.quartier[rows[near]])
    need_of_arrivals(model, rows)
    kin_of_arrivals(model, rows, origin)
    model.count(f"in_migration_{origin}", model.people.quartier[rows])
    return rows


def _first_quartier(model: QuartierModel, keys: np.ndarray) -> np.ndarray:
    """Where arriving households are counted until they find a dwelling: by the dwellings there are, else anywhere.

    Not by vacancies: where a homeless household is counted would hang on everybody's luck.
    """
    side = model.side.setdefault("first_quartier", {"counted": 0, "dwellings": np.zeros(model.n_quartiere)})
    new = model.dwellings.quartier[side["counted"] :]  # a dwelling stays where it is: only new ones are counted
    side["counted"] += new.size
    side["dwellings"] += np.bincount(new, minlength=model.n_quartiere)
    weight = side["dwellings"] if side["counted"] else np.ones(model.n_quartiere)
    u = model.luck.uniform(Decision.QUARTIER_CHOICE, model.now, keys)
    return np.searchsorted(np.cumsum(weight) / weight.sum(), u, side="right").clip(max=model.n_quartiere - 1)


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
