"""Migration across the town's border: households leave for Germany or abroad, and arrive from there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from ..asking import ask
from ..columns import Reason, Union
from ..households import arrive, found, join, remove, unite_arrivals, with_children
from ..kin import kin_of_arrivals
from ..luck import Decision, Domain, Luck, derive_keys
from ..process import Process
from ..rates import RateBook
from ..shortlist import shortlist
from ..thresholds import AGES, pad_ages
from ..timeline import STEPS_PER_YEAR
from .care_need import care_of_arrivals
from .disability import disability_of_arrivals
from .repair import repair
from .templates import Templates, make_templates

if TYPE_CHECKING:
    from ..model import QuartierModel

ORIGINS = ("germany", "abroad")
UNITS = 6
"""How a person moves away: 0 not on the own account, 1 single, 2 single with children, 3 in a couple, 4 couple with
children, 5 grown child who lives with a parent."""


@nb.njit(cache=True)
def _units(rows, birth, role, partner, household, first, following, mother, father, id_, row_of_id, alone_from, unit):
    for k in range(rows.size):
        i = rows[k]
        if role[i] == 2 or (role[i] == 1 and birth[i] > alone_from):
            unit[k] = 0
            continue
        coupled = False
        if partner[i] >= 0:
            coupled = household[row_of_id[partner[i]]] == household[i]
        if role[i] == 1 and not coupled:
            unit[k] = 5
            continue
        parent, j = 0, first[household[i]]
        while j >= 0:
            if birth[j] > alone_from and role[j] == 1 and (mother[j] == id_[i] or father[j] == id_[i]):
                parent = 1
            j = following[j]
        unit[k] = 1 + parent + 2 * coupled


def moving_units(model: QuartierModel, rows: np.ndarray) -> np.ndarray:
    """How each of these people would move away (u8, one of `UNITS`); see the constant."""
    p, unit = model.people, np.zeros(rows.size, np.uint8)
    alone = np.int64(model.now - 4 * int(model.rates.parameter("migrates_alone_from")))
    _units(
        rows.astype(np.int32), p.birth, p.role, p.partner, p.household, model.households.first_member, p.next_member,
        p.mother, p.father, p.id, model.row_of_id, alone, unit,
    )
    return unit


def out_hazards(model: QuartierModel, destination: str) -> np.ndarray:
    """Annual hazards of leaving [class of Quartier, unit, sex, age], padded.

    Families move less, those without children more, so that every age keeps its rate on the national composition
    (model-demography.md 9). Grown children at home leave the town no more often than leaving home allows; the others of
    their age more often. Each partner of a couple draws with half the hazard: together the mean of both.
    """
    rates = model.rates
    _, base = rates.resolve(f"out_migration_{destination}", model.now, model.n_quartiere)
    parents = pad_ages(rates["parents_of_minors"].values)
    family = rates.parameter(f"family_rate_{destination}")
    child, others = relative_rates_at_home(rates)
    base = pad_ages(base) * rates.parameter("out_migration_level")
    childless = (others - family * parents) / (1 - parents)
    hazard = np.zeros((len(base), UNITS, 2, AGES))
    hazard[:, 1], hazard[:, 2], hazard[:, 5] = base * childless, base * family, base * child
    hazard[:, 3:5] = hazard[:, 1:3] / 2
    return np.minimum(hazard, rates.parameter("out_migration_ceiling"))


def relative_rates_at_home(rates: RateBook) -> tuple[np.ndarray, np.ndarray]:
    """Rates of moving away, as a ratio to the rate of the age: of grown children at home, and of all others [sex, age].

    Leaving home happens by forming a union, by leaving the town and for a dwelling in town, which gets at least a fixed
    share; leaving the town gets what is left of gross leaving. What the children do less, the others of their age do more.
    """
    gross, union = pad_ages(rates["leaving_home"].values), pad_ages(rates["union_formation_mid"].values)
    out = sum(pad_ages(rates[f"out_migration_{d}"].values) for d in ORIGINS)
    floor = rates.parameter("leaving_home_floor")
    budget = np.maximum((1 - floor) * gross - union, 0.1 * gross)
    child = np.minimum(budget / np.maximum(out, 1e-9), 1.0)
    at_home = _share_at_home(rates)
    child = np.where(np.arange(AGES) < rates.parameter("migrates_alone_from"), 1.0, child)
    return child, (1 - at_home * child) / np.maximum(1 - at_home, 1e-6)


def _share_at_home(rates: RateBook) -> np.ndarray:
    """Share of people who live with a parent [sex, age], national."""
    arrangement = rates["living_arrangement"]
    return pad_ages(arrangement.values[..., arrangement.labels[2].index("child")])


def out_migrate(model: QuartierModel) -> None:
    """Households leave the town: singles, couples with their children, grown children on their own."""
    p = model.people
    possible = [shortlist(model, decision) for decision in (Decision.EMIGRATE, Decision.OUT_MIGRATE)]
    rows = np.union1d(*possible)
    unit = moving_units(model, rows)
    goes = {}
    for destination, decision in (("abroad", Decision.EMIGRATE), ("germany", Decision.OUT_MIGRATE)):
        class_of, _ = model.rates.resolve(f"out_migration_{destination}", model.now, model.n_quartiere)
        hazard = out_hazards(model, destination)[class_of[p.quartier[rows]], unit, p.sex[rows], model.ages(rows)]
        goes[destination] = ask(model, f"out_migrate_{destination}", decision, rows, hazard)
    moving = goes["abroad"] | goes["germany"]
    rows, unit, abroad = rows[moving], unit[moving], goes["abroad"][moving]
    partner = np.where((unit == 3) | (unit == 4), model.rows_of(p.partner[rows]), -1)
    both = np.concatenate((rows, partner[partner >= 0]))
    goes_abroad = np.concatenate((abroad, abroad[partner >= 0]))
    leaders, first = np.unique(both, return_index=True)
    leave_town(model, leaders, goes_abroad[first])


def leave_town(model: QuartierModel, leaders: np.ndarray, abroad: np.ndarray) -> None:
    """Take people out of the town with the minor children who live with them."""
    p = model.people
    rows, leader = with_children(model, leaders, int(model.rates.parameter("age_of_majority")))
    for name, going in (("abroad", abroad[leader]), ("germany", ~abroad[leader])):
        model.count(f"out_migration_{name}", p.quartier[rows[going]])
    left = p.household[rows]
    remove(model, rows, died=False)
    repair(model, left)


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
    for origin, name in enumerate(ORIGINS):
        which, ordinal = _copies(model, templates, origin)
        if which.size:
            _settle_in(
                model, templates, which, derive_keys(Domain.MIGRANT, 2 * model.now + origin, which, ordinal), name
            )


def _settle_in(model: QuartierModel, templates: Templates, which: np.ndarray, keys: np.ndarray, origin: str) -> None:
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
    partner = link(templates.partner)
    first = rows[(partner >= 0) & (model.people.id[rows] < partner)]
    state = templates.union[source][(partner >= 0) & (model.people.id[rows] < partner)]
    unite_arrivals(
        model,
        first,
        model.row_of_id[partner[(partner >= 0) & (model.people.id[rows] < partner)]],
        state == Union.MARRIED,
        templates.since_union[source][(partner >= 0) & (model.people.id[rows] < partner)],
    )
    care_of_arrivals(model, rows)
    disability_of_arrivals(model, rows)
    kin_of_arrivals(model, rows, origin)
    model.count(f"in_migration_{origin}", model.people.quartier[rows])


def _first_quartier(model: QuartierModel, keys: np.ndarray) -> np.ndarray:
    """Where arriving households are counted until they find a dwelling: by the dwellings there are, else anywhere.

    Not by vacancies: where a homeless household is counted would hang on everybody's luck.
    """
    weight = np.bincount(model.dwellings.quartier, minlength=model.n_quartiere).astype(float)
    weight = weight if weight.sum() > 0 else np.ones(model.n_quartiere)
    u = model.luck.uniform(Decision.QUARTIER_CHOICE, model.now, keys)
    return np.searchsorted(np.cumsum(weight) / weight.sum(), u, side="right").clip(max=model.n_quartiere - 1)


OUT_MIGRATE = Process(
    "out_migrate",
    reads=("people.birth", "people.sex", "people.role", "people.partner", "people.mother", "people.father"),
    writes=("households.remove", "households.join"),
    rates=("out_migration_germany", "out_migration_abroad", "parents_of_minors"),
    step=out_migrate,
    bounds={
        Decision.EMIGRATE: lambda model: out_hazards(model, "abroad").max(axis=(0, 1)),
        Decision.OUT_MIGRATE: lambda model: out_hazards(model, "germany").max(axis=(0, 1)),
    },
)
IN_MIGRATE = Process(
    "in_migrate",
    reads=("dwellings.household",),
    writes=("households.arrive", "households.found", "households.join", "people.care", "people.disability", "people.kin_away", "people.mother", "people.father"),
    rates=("in_migration_germany", "in_migration_abroad"),
    step=in_migrate,
    start=start_in_migration,
)
