"""What the processes of care hand to the outputs: need and supply of services, hours by giver, carers, by Quartier.

Computed at the end of a step from that step's arrangement; `model.side["care_result"]` is no state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from ..care_facilities import AMBULATORY, DAY_CARE, NURSING_HOME, SHORT_TERM, CareFacilities
from ..cases import remembered
from ..measures import CARE_KINDS
from .care_carers import Cases
from .care_homes import occupied
from .care_review import Services
from .care_services import WEEKS_PER_QUARTER

if TYPE_CHECKING:
    from ..model import QuartierModel

MEASURES: Final = ("need", "served", "waiting", "unserved", "places", "operable")
CARER_AGE_STARTS: Final = (0, 30, 45, 55, 65, 75)
HOURS_BANDS: Final = (0, 10, 20, 40)
"""Lower ends of the bands of reported hours a week."""


def service_counts(model: QuartierModel, cases: Cases, services: Services) -> np.ndarray:
    """Need and supply by kind of `CARE_KINDS`, measure and Quartier: i64 [4, 6, n_quartiere].

    Persons count where they live (residents of homes: where the home is), places where the facility is. Units: residents,
    clients, guests, stays in the quarter; places for homes and short-term care, clients and guests for the others.
    Estimated places that grow with demand are shown as what is used, at the usual occupancy.
    """
    f: CareFacilities = model.side["care_facilities"]
    p, n, r = model.people, model.n_quartiere, model.rates
    where = p.quartier[cases.rows]
    residents = occupied(model)
    waits = remembered(model, "waiting_since") > 0
    wanted = {
        AMBULATORY: (services.wants, services.hours > 0),
        DAY_CARE: (services.day_wanted, services.day),
        SHORT_TERM: (services.short_wanted, services.short),
    }
    out = np.zeros((len(CARE_KINDS), len(MEASURES), n), np.int64)
    out[NURSING_HOME, 1] = np.bincount(f.quartier, residents, minlength=n)
    out[NURSING_HOME, 2] = np.bincount(where[waits], minlength=n)
    for kind, (asks, gets) in wanted.items():
        out[kind, 1] = np.bincount(where[gets], minlength=n)
        out[kind, 2] = np.bincount(where[asks & ~gets], minlength=n)
    out[:, 0], out[:, 3] = out[:, 1] + out[:, 2], out[:, 2]
    growing = f.growing(model.now)
    guests = r.parameter("care_day_care_guests_per_place")
    stays = r.parameter("care_short_term_weeks") / WEEKS_PER_QUARTER
    home = growing & f.of_kind(NURSING_HOME)
    used = np.where(home, residents / r.parameter("nursing_home_occupancy"), 0.0)
    for kind, use in (
        (AMBULATORY, services.hours.sum()),
        (DAY_CARE, services.day.sum() / guests),
        (SHORT_TERM, services.short.sum() * stays),
    ):
        used[np.flatnonzero(growing & f.of_kind(kind))[:1]] = use
    for measure, places in ((4, f.places(model.now)), (5, f.operable(model.now))):
        shown = np.ceil(np.where(growing, np.maximum(places, used), places))
        shown = np.where(f.of_kind(AMBULATORY), np.floor(shown / r.parameter("care_service_hours")), shown)
        for kind in range(len(CARE_KINDS)):
            out[kind, measure] = np.bincount(f.quartier, shown * f.of_kind(kind), minlength=n)
    return out


def carer_counts(
    model: QuartierModel, rows: np.ndarray, employment: np.ndarray, reported: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Carers by Quartier, sex, age group and employment (i64 [n, 2, 6, 3]), and by Quartier and band of reported hours.

    ``rows`` i32, ``employment`` u8, ``reported`` float64: one entry per pair; a person with two cases counts once.
    """
    p, n = model.people, model.n_quartiere
    persons, first, inverse = np.unique(rows, return_index=True, return_inverse=True)
    total = np.bincount(inverse, reported, minlength=persons.size)
    age = np.searchsorted(CARER_AGE_STARTS, model.ages(persons), side="right") - 1
    cell = ((p.quartier[persons].astype(np.int64) * 2 + p.sex[persons]) * len(CARER_AGE_STARTS) + age) * 3
    table = np.bincount(cell + employment[first], minlength=n * 2 * len(CARER_AGE_STARTS) * 3)
    band = np.searchsorted(HOURS_BANDS, total, side="right") - 1
    hours = np.bincount(p.quartier[persons].astype(np.int64) * len(HOURS_BANDS) + band, minlength=n * len(HOURS_BANDS))
    return table.reshape(n, 2, len(CARER_AGE_STARTS), 3), hours.reshape(n, len(HOURS_BANDS))
