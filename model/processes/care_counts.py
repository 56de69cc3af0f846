"""What the processes of care hand to the outputs: need and supply of services, hours by giver, carers, by Quartier.

Computed at the end of a step from that step's arrangement; `model.side["care_result"]` is no state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numba as nb
import numpy as np

from ..care_facilities import (
    ADVICE_HUB,
    AMBULATORY,
    DAY_CARE,
    NURSING_HOME,
    RESIDENTIAL,
    SERVICED_HOUSING,
    SHORT_TERM,
    CareFacilities,
)
from ..cases import memory
from ..measures import CARE_KINDS
from ..timeline import STEPS_PER_YEAR
from .care_homes import occupied
from .care_review import Services
from .care_services import WEEKS_PER_QUARTER

if TYPE_CHECKING:
    from ..model import QuartierModel

MEASURES: Final = ("need", "served", "waiting", "unserved", "places", "operable")
CARER_AGE_STARTS: Final = (0, 30, 45, 55, 65, 75)
HOURS_BANDS: Final = (0, 10, 20, 40)
"""Lower ends of the bands of reported hours a week."""


@nb.njit(cache=True)
def _count(where, known, wanted, got, now, served, waiting, homes):
    """Persons by Quartier and kind who get and who wait for a service; returns what the services give in all.

    ``homes``: numbers of the kinds nursing home, ambulatory, day care, short term, serviced housing, advice.
    """
    home, ambulatory, day, short, housing, advice = homes
    hours, guests, stays = 0.0, 0, 0
    since, waits, serviced, wants, given = known.need_since, known.waiting_since, known.serviced, wanted.wants, got.hours
    wants_day, gets_day, wants_short, gets_short = wanted.day_wanted, got.day, wanted.short_wanted, got.short
    some, n = np.empty(where.size + 1, np.uint32), np.uint64(0)
    for c in range(where.size):
        any_ = (waits[c] | serviced[c]) > 0
        any_ |= (since[c] == now) | (given[c] > 0)
        some[n] = c
        n += np.uint64(any_ | wants[c] | wants_day[c] | gets_day[c] | wants_short[c] | gets_short[c])
    for c in some[:n]:
        q = np.uint32(where[c])
        waiting[home, q] += waits[c] > 0
        served[ambulatory, q] += given[c] > 0
        waiting[ambulatory, q] += wants[c] & (given[c] <= 0)
        served[day, q] += gets_day[c]
        waiting[day, q] += wants_day[c] & (not gets_day[c])
        served[short, q] += gets_short[c]
        waiting[short, q] += wants_short[c] & (not gets_short[c])
        served[housing, q] += serviced[c] > 0
        waiting[advice, q] += since[c] == now
        hours += given[c]
        guests += gets_day[c]
        stays += gets_short[c]
    return hours, guests, stays


_COUNTED: Final = (NURSING_HOME, AMBULATORY, DAY_CARE, SHORT_TERM, SERVICED_HOUSING, ADVICE_HUB)


def service_counts(model: QuartierModel, where: np.ndarray, services: Services) -> np.ndarray:
    """Need and supply by kind of `CARE_KINDS`, measure and Quartier: i64 [7, 6, n_quartiere]; ``where`` (u16): Quartier of each case.

    Persons count where they live (residents of homes: where the home is), places where the facility is. Units: residents,
    clients, guests, stays in the quarter, people in need in serviced housing, people newly in need for advice; places for
    homes, short-term care and housing, clients, guests and advised persons of a quarter for the others. Estimated places
    that grow with demand are shown as what is used, at the usual occupancy. Hours of ambulatory services are shown as
    clients with the usual hours, of services that grow with the hours a client has now.
    """
    f: CareFacilities = model.side["care_facilities"]
    n, r = model.n_quartiere, model.rates
    out, residents = np.zeros((len(CARE_KINDS), len(MEASURES), n), np.int64), occupied(model)
    use = _count(where, memory(model), services, services, model.now, out[:, 1], out[:, 2], _COUNTED)
    for kind in RESIDENTIAL:
        out[kind, 1] = np.bincount(f.quartier, residents * f.of_kind(kind), minlength=n)
    _advise(model, f, out[ADVICE_HUB])
    out[:, 0], out[:, 3] = out[:, 1] + out[:, 2], out[:, 2]
    growing = f.growing(model.now)
    home = growing & f.residential()
    used = np.where(home, residents / r.parameter("nursing_home_occupancy"), 0.0)
    for kind, per_place, number in (
        (AMBULATORY, 1.0, use[0]),
        (DAY_CARE, r.parameter("care_day_care_guests_per_place"), use[1]),
        (SHORT_TERM, WEEKS_PER_QUARTER / r.parameter("care_short_term_weeks"), use[2]),
    ):
        used[np.flatnonzero(growing & f.of_kind(kind))[:1]] = number / per_place
    clients = out[AMBULATORY, 1].sum()
    usual = r.parameter("care_service_hours")
    per_client = np.where(growing & (clients > 0), use[0] / max(clients, 1), usual)
    for measure, places in ((4, f.places(model.now)), (5, f.operable(model.now))):
        shown = np.ceil(np.where(growing, np.maximum(places, used), places))
        shown = np.where(f.of_kind(AMBULATORY), np.floor(shown / per_client), shown)
        shown = np.where(f.of_kind(ADVICE_HUB), shown // STEPS_PER_YEAR, shown)
        cell = f.kind.astype(np.int64) * n + f.quartier
        out[:, measure] = np.bincount(cell, shown, minlength=len(CARE_KINDS) * n).reshape(-1, n)
    return out


def _advise(model: QuartierModel, f: CareFacilities, advice: np.ndarray) -> None:
    """Advice in the own Quartier for those newly in need, as many as a quarter of what its hubs can advise in a year.

    Advice changes no life here: what is known (a fifth of the advised turn out to be in need; no delay of a home found) is
    a range and no effect of one size.
    """
    hubs = f.of_kind(ADVICE_HUB)
    reach = np.bincount(f.quartier[hubs], f.operable(model.now)[hubs], minlength=model.n_quartiere) // STEPS_PER_YEAR
    advice[1] = np.minimum(advice[2], reach)
    advice[2] -= advice[1]
