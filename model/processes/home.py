"""Leaving the parental home, and coming back to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..asking import ask_by_luck
from ..columns import Plan, Role
from ..households import with_children
from ..luck import Decision
from ..process import Process
from ..rates import classes
from ..shortlist import shortlist_with_word
from ..thresholds import pad_ages
from .local_levels import leaving_home_level
from .out_moves import ORIGINS, ratio_at_home
from .partnership import move_in, parental_home

if TYPE_CHECKING:
    from ..model import QuartierModel


def leaving_hazard(model: QuartierModel) -> np.ndarray:
    """Annual hazard [class of Quartier, sex, age] of leaving for a dwelling in town.

    Gross leaving less what union formation and leaving the town already do, at least the floor share of it (model-demography.md 8).
    The households a region counts give the town's own level of gross leaving (`local_levels`).
    """
    _, gross = model.rates.resolve("leaving_home", model.now, model.n_quartiere)
    side = model.side.setdefault("leave_home", {})
    kept = side.get("hazard", (None, None))
    if kept[0] is not gross:  # worked out anew only where a measure begins or ends
        kept = side["hazard"] = (gross, _hazard_of_leaving(model, pad_ages(gross)))
    return kept[1]


def _hazard_of_leaving(model: QuartierModel, gross: np.ndarray) -> np.ndarray:
    rates = model.rates
    union = pad_ages(rates["union_formation_mid"].values)
    out = sum(pad_ages(rates[f"out_migration_{d}"].values) for d in ORIGINS)
    done = union + out * ratio_at_home(rates, gross)
    gross = gross * model.side["leave_home"].get("level", 1.0)
    return np.maximum(gross - done, rates.parameter("leaving_home_floor") * gross)


def start_leaving(model: QuartierModel) -> None:
    """The town's own level."""
    model.side["leave_home"] = {"level": leaving_home_level(model)}


def leave_home(model: QuartierModel) -> None:
    """Grown children start to look for a home of their own; they leave when they have found one (see `move`)."""
    p = model.people
    of_age = model.now - 4 * int(model.rates.parameter("youngest_seeker"))
    rows, luck = shortlist_with_word(model, Decision.LEAVE_HOME)
    at = np.flatnonzero(p.role[rows] == Role.CHILD)
    at_home = rows[at]
    # who has a partner already waits for a dwelling with him
    free = (p.plan[at_home] == Plan.NONE) & (p.partner[at_home] < 0) & (p.birth[at_home] <= of_age)
    at_home, luck = at_home[free], luck[at[free]]
    class_of, _ = model.rates.resolve("leaving_home", model.now, model.n_quartiere)
    hazard = leaving_hazard(model)
    hazard = hazard[classes(class_of, hazard, p.quartier, at_home), p.sex[at_home], model.ages(at_home)]
    go = at_home[ask_by_luck(model, "leave_home", at_home, luck, hazard)]
    p.plan[go], p.plan_since[go] = Plan.LEAVE_HOME, model.now


def _could_return(model: QuartierModel, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions of those without partner who live apart from a parent in town, and that parent's household."""
    p = model.people
    grown = model.latest_adult_birth
    at = np.flatnonzero(p.partner[rows] < 0)
    role = p.role[rows[at]]
    at = at[(role == Role.ADULT) | (role == Role.OTHER)]
    rows = rows[at]
    birth = p.birth[rows]
    own = (birth <= grown) & ((p.mother[rows] >= 0) | (p.father[rows] >= 0))
    at, rows = at[own], rows[own]
    home = parental_home(model, rows)
    away = (home >= 0) & (home != p.household[rows])
    return at[away], home[away]


def start_return(model: QuartierModel) -> None:
    """Who has a parent in town returns so often that all of Germany's single people do so at the national rate.

    The share with a parent in town is Germany's, not the town's own: students whose parents live elsewhere do not make the
    others return more often, they return to another town.
    """
    model.side["return_home"] = {"scale": 1 / model.rates.parameter("singles_with_parent_in_town")}


def _return_bound(model: QuartierModel) -> np.ndarray:
    _, hazard = model.rates.resolve("returning_home", model.now, model.n_quartiere)
    return pad_ages(hazard).max(axis=0) * model.side["return_home"]["scale"]


def return_home(model: QuartierModel) -> None:
    """People without partner and without children of their own move back to a parent in town."""
    p = model.people
    rows, luck = shortlist_with_word(model, Decision.RETURN_HOME)
    at, home = _could_return(model, rows)
    rows, luck = rows[at], luck[at]
    class_of, hazard = model.rates.resolve("returning_home", model.now, model.n_quartiere)
    hazard = pad_ages(hazard) * model.side["return_home"]["scale"]
    scaled = hazard[classes(class_of, hazard, p.quartier, rows), p.sex[rows], model.ages(rows)]
    yes = ask_by_luck(model, "return_home", rows, luck, scaled)
    rows, home = rows[yes], home[yes]
    _, leader = with_children(model, rows)
    childless = np.bincount(leader, minlength=rows.size) == 1
    model.count("returning_home", p.quartier[rows[childless]])
    move_in(model, rows[childless], home[childless], Role.CHILD)


LEAVE_HOME = Process(
    "leave_home",
    reads=("people.birth", "people.sex", "people.role"),
    writes=("people.plan", "people.plan_since"),
    rates=("leaving_home", "grown_up_couples_usual"),
    step=leave_home,
    start=start_leaving,
    bounds={Decision.LEAVE_HOME: lambda model: leaving_hazard(model).max(axis=0)},
)
RETURN_HOME = Process(
    "return_home",
    reads=("people.birth", "people.sex", "people.role", "people.partner", "people.mother", "people.father"),
    writes=("households.join", "people.role", "people.plan"),
    rates=("returning_home",),
    step=return_home,
    start=start_return,
    bounds={Decision.RETURN_HOME: _return_bound},
)
