"""How often whom moves away: as a single, a family, a couple, a grown child at home."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from ..columns import Role
from ..rates import RateBook
from ..thresholds import AGES, pad_ages

if TYPE_CHECKING:
    from ..model import QuartierModel

ORIGINS = ("germany", "abroad")
UNITS = 6
"""How a person moves away: 0 not on the own account, 1 single, 2 single with children, 3 in a couple, 4 couple with
children, 5 grown child who lives with a parent."""


@nb.njit(cache=True)
def _units(
    rows, birth, role, plan, partner, household, first, following, mother, father, id_, row_of_id, alone_from, unit
):
    for k in range(rows.size):
        i = rows[k]
        if role[i] == 2 or (role[i] == 1 and birth[i] > alone_from):
            unit[k] = 0
            continue
        # a couple that waits for a dwelling is one, and who has decided to leave home counts as gone: the luck of the
        # dwelling market must not decide who leaves the town
        coupled = False
        if partner[i] >= 0:
            j = row_of_id[partner[i]]
            coupled = household[j] == household[i] or ((plan[i] == 3 or plan[j] == 3) and role[j] != 2)
        if role[i] == 1 and not coupled and plan[i] == 0:
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
        rows.astype(np.int32),
        p.birth,
        p.role,
        p.plan,
        p.partner,
        p.household,
        model.households.first_member,
        p.next_member,
        p.mother,
        p.father,
        p.id,
        model.row_of_id,
        alone,
        unit,
    )
    return unit


def out_hazards(model: QuartierModel, destination: str) -> np.ndarray:
    """Annual hazards of leaving [class of Quartier, unit, sex, age], padded.

    Families move less, those without children more, so that every age keeps its rate on the national composition
    (model-demography.md 9). Grown children at home leave the town no more often than leaving home allows; the others of
    their age more often. Each partner of a couple brings half the hazard of the age: together the mean of both.
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
    hazard[:, 3:5] = np.minimum(hazard[:, 1:3] / 2, rates.parameter("out_migration_ceiling_partner"))
    return np.minimum(hazard, rates.parameter("out_migration_ceiling"))


def out_bound(model: QuartierModel, destination: str) -> np.ndarray:
    """Upper bound of what a person draws with [sex, age]: the leader of a couple draws for both, with a partner of any age."""
    hazard = out_hazards(model, destination).max(axis=0)
    in_couple = hazard[3:5]
    return np.maximum(hazard.max(axis=0), (in_couple + in_couple.max(axis=(1, 2), keepdims=True)).max(axis=0))


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


def expected_out_moves(model: QuartierModel) -> np.ndarray:
    """Persons expected to leave in a year, float64 [sex, age], on the town's present composition.

    A person of a couple goes with either partner's decision, a minor with the mother's household (else the father's).
    """
    p = model.people
    rows = np.flatnonzero(p.present == 1)
    unit, age = moving_units(model, rows), model.ages(rows)
    chance = np.zeros(len(p))
    for destination in ORIGINS:
        class_of, _ = model.rates.resolve(f"out_migration_{destination}", model.now, model.n_quartiere)
        chance[rows] += out_hazards(model, destination)[class_of[p.quartier[rows]], unit, p.sex[rows], age]
    coupled = rows[(unit == 3) | (unit == 4)]
    together = chance[coupled] + chance[model.rows_of(p.partner[coupled])]
    chance[coupled] = together
    minors = rows[(unit == 0) & (p.role[rows] == Role.CHILD)]
    mother, father = model.rows_of(p.mother[minors]), model.rows_of(p.father[minors])
    parent = np.where(mother >= 0, mother, father)
    chance[minors[parent >= 0]] = chance[parent[parent >= 0]]
    moves = np.zeros((2, AGES))
    np.add.at(moves, (p.sex[rows], age), chance[rows])
    return moves
