"""Migration across the town's border: households leave for Germany or abroad, and arrive from there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..columns import Reason, Union
from ..households import arrive, found, join, remove, unite_arrivals, with_children
from ..kin import kin_of_arrivals
from ..luck import Decision, Domain, Luck, derive_keys
from ..process import Process
from ..tables import NONE
from ..timeline import STEPS_PER_YEAR
from .care_need import care_of_arrivals
from .disability import disability_of_arrivals
from .local_levels import out_moves_level
from .origins import distance_rates, is_near
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
    """Take people out of the town with the minor children who live with them."""
    p = model.people
    rows, leader = with_children(model, leaders, int(model.rates.parameter("age_of_majority")))
    for name, going in (("abroad", abroad[leader]), ("germany", ~abroad[leader])):
        model.count(f"out_migration_{name}", p.quartier[rows[going]])
    near = _goes_near(model, leaders)[leader] & ~abroad[leader]
    model.count("out_migration_surroundings", p.quartier[rows[near]])
    left = p.household[rows]
    remove(model, rows, died=False, abroad=abroad[leader])
    repair(model, left)


def _goes_near(model: QuartierModel, leaders: np.ndarray) -> np.ndarray:
    """Whether each would go to the surroundings if within Germany (bool); partners who leave together go to the same place."""
    p = model.people
    deciding = leaders.copy()
    follows = np.flatnonzero((p.leads[leaders] == 0) & (p.partner[leaders] >= 0))
    partner = model.rows_of(p.partner[leaders[follows]])
    together = np.append(leaders, NONE)[np.searchsorted(leaders, partner)] == partner  # leaders ascend
    deciding[follows[together]] = partner[together]
    return is_near(model, "out", p.key[deciding], p.quartier[deciding], p.sex[deciding], model.ages(deciding))


def start_in_migration(model: QuartierModel) -> None:
    """Make the templates of arriving households and the town's yearly in-moves, from the start population only."""
    model.side["in_migrate"] = make_templates(model, Luck(model.luck.seed, 0))


def _copies(model: QuartierModel, templates: Templates, origin: int) -> tuple[np.ndarray, np.ndarray]:
    """How many households of each template arrive in this step: the running sum, rounded with one keyed offset.

    Returns the templates' numbers, one entry per household, and each household's number among its template's.
    """
    weight = templates.households_per_year(model, origin) / STEPS_PER_YEAR
    offset = model.luck.uniform(Decision.TEMPLATE, model.now, derive_keys(Domain.TEMPLATE, origin))[0]
    steps = np.floor(np.cumsum(weight) + offset).astype(np.int64)
    count = np.diff(steps, prepend=0)
    which = np.repeat(np.arange(count.size), count)
    return which, np.arange(which.size) - np.repeat(np.cumsum(count) - count, count)


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


def _settle_in(model: QuartierModel, templates: Templates, which: np.ndarray, keys: np.ndarray, origin: str) -> np.ndarray:
    homes = found(model, _first_quartier(model, keys))
    sizes = templates.size[which]
    household = np.repeat(np.arange(which.size), sizes)
    member = np.arange(household.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    source = templates.first[which][household] + member
    key = derive_keys(Domain.MIGRANT, keys[household], member, 1)
    base = model.next_id + np.cumsum(sizes)[household] - sizes[household]

    def link(column: np.ndarray) -> np.ndarray:
        return np.where(column[source] >= 0, base + column[source], -1)

    birth = model.now - 4 * templates.age[source].astype(np.int64) - templates.quarter[source]
    rows = arrive(
        model,
        household.size,
        key=key,
        birth=birth,
        sex=templates.sex[source],
        role=templates.role[source],
        mother=link(templates.mother),
        father=link(templates.father),
        parity=templates.parity[source],
        former_union=templates.former[source],
        last_birth=np.maximum(model.now - templates.since_birth[source], 0),
    )
    join(model, rows, homes[household])
    model.households.reason[homes], model.households.wait_since[homes] = Reason.ARRIVED, model.now
    repair(model, homes[which >= templates.lone])  # minors who come alone are taken in, like orphans
    partner = link(templates.partner)
    pair = np.flatnonzero(partner > model.people.id[rows])
    unite_arrivals(
        model,
        rows[pair],
        model.row_of_id[partner[pair]],
        templates.union[source[pair]] == Union.MARRIED,
        templates.since_union[source[pair]],
    )
    if origin == "germany":
        near = templates.comes_near(model, which, keys)[household]
        model.count("in_migration_surroundings", model.people.quartier[rows[near]])
    care_of_arrivals(model, rows)
    disability_of_arrivals(model, rows)
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
