"""Chances and capacities of relatives as small tables, worked out once per step from the parameters (model-care.md 3.2-3.4)."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numba as nb
import numpy as np

from ..columns import Sex
from ..rates import probability
from ..timeline import STEPS_PER_YEAR
from .care_carers import Tie

if TYPE_CHECKING:
    from ..model import QuartierModel
    from ..rates import RateBook

NOT_EMPLOYED, PART_TIME, FULL_TIME = range(3)
_AWAY = ("near", "two_hours", "far")
"""Bands of distance of a child outside the town, as in `kin_distance`: up to 25 km, to 100 km (two hours), farther."""


class Rules(NamedTuple):
    """What the compiled rules read; hours are core hours a week.

    ``chance`` [tie, partner of a child (0, 1), sex, full-time (0, 1), child under 6 (0, 1)], ``capacity`` [tie, sex,
    employment, from 80 (0, 1)], ``chance_away`` [sex, full-time, band], ``capacity_away`` [band], ``chance_other``
    [does a child give], ``employed`` [sex, age], ``full`` [sex] of the employed,
    ``strain``: constant, per core hour, dementia, child under 14, full-time, service, day care.
    """

    chance: np.ndarray
    capacity: np.ndarray
    chance_away: np.ndarray
    capacity_away: np.ndarray
    generation: int
    child_oldest: int
    of_age: int
    chance_other: np.ndarray
    capacity_other: float
    employed: np.ndarray
    full: np.ndarray
    full_until: int
    strain: np.ndarray
    least: float
    service_replaces: float
    day_core: float
    reported: float
    unmet_from: float


def _chances(r: RateBook) -> np.ndarray:
    child = r.parameter("care_kin_child")
    bands = [child + r.parameter(f"care_kin_{where}") for where in ("household", "within_reach", "in_town")]
    tie = [r.parameter("care_kin_partner"), r.parameter("care_kin_parent"), *bands]
    out = np.empty((len(Tie), 2, len(Sex), 2, 2))
    for t, in_law, sex, full, young in product(range(len(Tie)), *(range(2),) * 4):
        v = tie[t] + r.parameter("care_kin_female") * (sex == Sex.FEMALE) + r.parameter("care_kin_full_time") * full
        v += r.parameter("care_kin_child_under_6") * (young and t != Tie.PARENT)
        out[t, in_law, sex, full, young] = (r.parameter("care_kin_in_law") if in_law else 1.0) / (1 + np.exp(-v))
    return out


def _capacities(r: RateBook) -> np.ndarray:
    out = np.empty((len(Tie), len(Sex), 3, 2))
    work = np.array([r.parameter(f"care_capacity_{name}") for name in ("not_employed", "part_time", "full_time")])
    for tie in (Tie.PARTNER, Tie.PARENT):
        out[tie, :, :, 0], out[tie, :, :, 1] = work, work * r.parameter("care_capacity_from_80")
    out[Tie.CHILD_IN_HOUSEHOLD] = r.parameter("care_capacity_child_in_household")
    out[Tie.WITHIN_REACH, Sex.MALE] = r.parameter("care_capacity_son")
    out[Tie.WITHIN_REACH, Sex.FEMALE] = r.parameter("care_capacity_daughter")
    out[Tie.IN_TOWN] = r.parameter("care_capacity_child_in_town")
    return out


def rules_of(model: QuartierModel) -> Rules:
    """The tables of this run."""
    return model.rates.once(_rules)


def _rules(r: RateBook) -> Rules:
    away = np.empty((2, 2, len(_AWAY)))
    for sex, full, band in product(range(2), range(2), range(len(_AWAY))):
        v = r.parameter("care_kin_child") + r.parameter(f"care_kin_away_{_AWAY[band]}")
        v += r.parameter("care_kin_female") * (sex == Sex.FEMALE) + r.parameter("care_kin_full_time") * full
        away[sex, full, band] = 1 / (1 + np.exp(-v))
    reported = r.parameter("care_reported_per_core_hour")
    strain = [r.parameter("care_strain"), r.parameter("care_strain_per_hour") * reported]
    strain += [
        r.parameter(f"care_strain_{x}") for x in ("dementia", "child_under_14", "full_time", "service", "day_care")
    ]
    return Rules(
        chance=_chances(r),
        capacity=_capacities(r),
        chance_away=away,
        capacity_away=np.array([r.parameter(f"care_capacity_away_{band}") for band in _AWAY]),
        generation=int(r.parameter("kin_generation_years")),
        child_oldest=int(r.parameter("care_child_oldest")),
        of_age=int(r.parameter("age_of_majority")),
        chance_other=np.array([r.parameter("care_kin_other_without_child"), r.parameter("care_kin_other")]),
        capacity_other=r.parameter("care_capacity_other"),
        employed=np.ascontiguousarray(r["care_carer_employed"].values, np.float64),
        full=np.array([r.parameter("care_carer_full_time_men"), r.parameter("care_carer_full_time_women")]),
        full_until=int(r.parameter("care_carer_full_time_until")),
        strain=np.array(strain),
        least=r.parameter("care_capacity_least"),
        service_replaces=r.parameter("care_service_replaces_kin"),
        day_core=r.parameter("care_day_care_hours") / reported,
        reported=reported,
        unmet_from=r.parameter("care_unmet_from"),
    )


class Events(NamedTuple):
    """Probabilities within a quarter of what happens to carers, and whom they concern (ages in years).

    ``gives_up`` [high strain], ``reduces`` and ``stops`` [from 20 reported hours a week on], ``returns`` to work after
    care has ended. ``spread``: quarters over which what happened lies back (0: it happens now).
    """

    gives_up: np.ndarray
    reduces: np.ndarray
    stops: np.ndarray
    returns: float
    rest: int
    of_age: int
    work_until: int
    least_hours: float
    many_hours: float
    spread: int


def events_of(model: QuartierModel, start: bool) -> Events:
    """What can happen to carers in a quarter; at the start instead what has happened before.

    At the start those rest who gave up within as long as a rest lasts, and as many carers work less or not at all as
    surveys find.
    """
    r = model.rates
    rest = int(r.parameter("care_rest_quarters"))
    up = np.array([r.parameter("care_gives_up"), r.parameter("care_gives_up_strained")])
    factor = np.array([1.0, r.parameter("care_work_many_hours_factor")])
    rates = [r.parameter("care_work_reduced"), r.parameter("care_work_stopped")]
    if start:
        up = 1 - (1 - up) ** rest
        changed = r.parameter("care_work_changed_at_start")
        reduces, stops = (np.full(2, changed * x / sum(rates) if changed else 0.0) for x in rates)
    else:
        reduces, stops = (np.asarray(probability(x * factor)) for x in rates)
    return Events(
        gives_up=up,
        reduces=reduces,
        stops=stops,
        returns=1 - (1 - r.parameter("care_work_returns")) ** (1 / STEPS_PER_YEAR),
        rest=rest,
        of_age=int(r.parameter("age_of_majority")),
        work_until=int(r.parameter("care_work_until")),
        least_hours=r.parameter("care_work_least_hours"),
        many_hours=r.parameter("care_work_many_hours"),
        spread=rest if start else 0,
    )


@nb.njit(inline="always")
def work_of(share, full_share, full_until, u, age, work):
    """0 not employed, 1 part-time, 2 full-time: by a rank that lasts for life; less by one who reduced or gave up work.

    ``share`` employed, ``full_share`` full-time of these. Numbers only: an array handed over in a loop is counted each time.
    """
    works = (u < share) & (work != 2)
    full = works & (u < share * full_share) & (age < full_until) & (work == 0)
    return np.int64(works) + np.int64(full)


@nb.njit(inline="always")
def employment(employed, full_time, full_until, u, sex, age, work):
    """The same by sex and age."""
    return work_of(employed[sex, min(age, employed.shape[1] - 1)], full_time[sex], full_until, u, age, work)


@nb.njit(inline="always")
def logit_of_strain(s, hours, demented, young, full_time, service, day):
    """Logit of the probability of high strain of a main carer at some core hours a week; ``s`` (a tuple) as in `Rules`."""
    return s[0] + s[1] * hours + s[2] * demented + s[3] * young + s[4] * full_time + s[5] * service + s[6] * day
