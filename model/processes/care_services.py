"""Services for people who live at home: ambulatory services, day care, short-term care (model-care.md 4.2, 4.3).

Capacity works as in nursing homes: estimated services grow with demand, listed ones can be full. Who uses a service
already comes first, then the class of priority, then a lottery.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..care_facilities import AMBULATORY, DAY_CARE, SHORT_TERM, CareFacilities
from ..cases import remembered
from ..columns import Setting
from ..luck import Decision
from ..matching import deferred_acceptance
from ..rates import probability, threshold
from .care_carers import Carer, Cases
from .care_choice import need_hours, wish_for_day_care
from .care_homes import priority
from .care_review import Services

if TYPE_CHECKING:
    from ..model import QuartierModel

WEEKS_PER_QUARTER = 13
_INCUMBENT = 10.0
"""Weight of using a service already in its order: above every class of priority (a size, no figure)."""


def wanted_services(model: QuartierModel, cases: Cases, situation: np.ndarray, with_service: np.ndarray) -> Services:
    """What people at home want, before anything is full."""
    p, r = model.people, model.rates
    keys = p.key[cases.rows]
    hours, some = np.zeros(keys.size), np.flatnonzero(with_service)
    hours[some] = np.minimum(r.parameter("care_service_hours"), need_hours(model, Cases(*(c[some] for c in cases))))
    day = model.luck.uniform(Decision.TASTE_DAY_CARE, 0, keys) < wish_for_day_care(model, cases)
    luck = model.luck.words(Decision.SHORT_TERM_STAY, model.now, keys)
    stays = luck < threshold(probability(r.parameter("care_short_term_stays")))
    short = stays & (cases.grade >= 2) & (situation != Carer.NONE)
    return Services(with_service, hours, day, day, short, short)


def used_at_start(model: QuartierModel, wanted: Services, in_need: int, residents: np.ndarray) -> np.ndarray:
    """Places of estimated facilities (i64 per facility), from use and the state's places per 1,000 people in need."""
    f: CareFacilities = model.side["care_facilities"]
    r = model.rates
    out = np.ceil(residents / r.parameter("nursing_home_occupancy")).astype(np.int64)
    guests = wanted.day.sum() / r.parameter("care_day_care_guests_per_place")
    town = {
        AMBULATORY: wanted.hours.sum(),
        DAY_CARE: max(guests, in_need * r.parameter("care_day_care_places") / 1000),
        SHORT_TERM: in_need * r.parameter("care_short_term_places") / 1000,
    }
    for kind, places in town.items():
        out[np.flatnonzero(f.of_kind(kind))[:1]] = np.ceil(places)
    return out


def get_services(model: QuartierModel, cases: Cases, situation: np.ndarray, wanted: Services) -> Services:
    """What people at home get of what they want."""
    f: CareFacilities = model.side["care_facilities"]
    p, places, growing = model.people, f.operable(model.now), f.growing(model.now)
    hours, day, short = wanted.hours, wanted.day_wanted, wanted.short_wanted
    if all(growing[f.of_kind(kind)].all() for kind in (AMBULATORY, DAY_CARE, SHORT_TERM)):  # nothing can be full
        return wanted
    guest = remembered(model, "day_care")
    points = priority(cases.grade, cases.demented, situation, np.zeros(situation.size, bool)).astype(float)
    points += model.luck.uniform(Decision.SERVICE_LOTTERY, model.now, p.key[cases.rows])
    if not growing[f.of_kind(AMBULATORY)].any():
        client = _INCUMBENT * (p.setting[cases.rows] == Setting.HOME_CARE)
        least = model.rates.parameter("care_service_least_share")
        hours = share_hours(hours, float(places[f.of_kind(AMBULATORY)].sum()), points + client, least)
    if not growing[f.of_kind(DAY_CARE)].any():
        day = _day_care(model, f, cases, day, points + _INCUMBENT * guest)
    if not growing[f.of_kind(SHORT_TERM)].any():
        weeks = model.rates.parameter("care_short_term_weeks")
        stays = int(places[f.of_kind(SHORT_TERM)].sum() * WEEKS_PER_QUARTER / weeks)
        first = np.flatnonzero(short)
        first = first[np.argsort(-points[first], kind="stable")][:stays]
        short = np.zeros(short.size, bool)
        short[first] = True
    return wanted._replace(hours=hours, day=day, short=short)


def share_hours(wanted: np.ndarray, capacity: float, points: np.ndarray, least: float) -> np.ndarray:
    """Hours (float64) each client gets: all alike less where that suffices, but no less than a least share each.

    >>> share_hours(np.array([4.0, 4.0, 4.0]), 9.0, np.array([1.0, 2.0, 3.0]), 0.5)
    array([3., 3., 3.])
    >>> share_hours(np.array([4.0, 4.0, 4.0]), 4.0, np.array([1.0, 2.0, 3.0]), 0.5)
    array([0., 2., 2.])
    """
    total = wanted.sum()
    if total <= capacity:
        return wanted
    share = max(capacity / total, least)
    order = np.argsort(-points, kind="stable")
    given = np.zeros(wanted.size)
    given[order] = share * wanted[order] * (np.cumsum(share * wanted[order]) <= capacity + 1e-9)
    return given


def _day_care(
    model: QuartierModel, f: CareFacilities, cases: Cases, wanted: np.ndarray, points: np.ndarray
) -> np.ndarray:
    """Who (bool per case) finds a place in a day care no farther than its catchment, nearest first."""
    there = np.flatnonzero(f.of_kind(DAY_CARE) & (f.operable(model.now) > 0))
    who = np.flatnonzero(wanted)
    out = np.zeros(wanted.size, bool)
    if there.size == 0 or who.size == 0:
        return out
    quartiere = model.people.quartier[cases.rows[who]]
    width = min(there.size, int(model.rates.parameter("care_home_listed_choices")))
    near = there[np.argsort(f.distance[:, there], axis=1, kind="stable")[:, :width]][quartiere]
    km = np.take_along_axis(f.distance[quartiere], near, axis=1)
    choices = np.where(km <= model.rates.parameter("care_day_care_catchment"), near, -1).astype(np.int32)
    guests = np.floor(f.operable(model.now) * model.rates.parameter("care_day_care_guests_per_place")).astype(np.int64)
    scores = np.repeat(points[who][:, None], width, axis=1)
    match = deferred_acceptance(choices, scores, model.people.key[cases.rows[who]], guests * f.of_kind(DAY_CARE))
    out[who[match >= 0]] = True
    return out
