"""Housing with care: shared flats at the start, and serviced housing, where people live on their own (model-care.md 4.2).

Serviced housing is a dwelling with a service at hand. Nobody moves for it here: who lives in one is drawn from those in
need of 65 and over without a carer in the household, in the Quartier where it stands (for an estimate: in the town). It
counts as much as a child within reach, at best.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..care_facilities import SERVICED_HOUSING, SHARED_FLAT, CareFacilities
from ..cases import Memory
from ..columns import CARE_GRADE_BITS, Kind, Role, Setting
from ..households import join
from ..luck import Decision
from .care_carers import Carer, Cases
from .care_homes import nearest_of

if TYPE_CHECKING:
    from ..model import QuartierModel


def start_flats(model: QuartierModel, rows: np.ndarray, in_need: int) -> np.ndarray:
    """Let people live in shared flats at the start; returns who of ``rows`` (in need at home) does (bool).

    They are drawn from those with Pflegegrad 2 and over who live alone. Listed flats are full to the usual occupancy with
    those who live nearest; without any listed, the town has as many residents as people in need let expect.
    """
    p, h, f = model.people, model.households, model.side["care_facilities"]
    out, flats = np.zeros(rows.size, bool), np.flatnonzero(f.of_kind(SHARED_FLAT))
    home = p.household[rows]
    could = np.flatnonzero((h.kind[home] == Kind.PRIVATE) & (h.size[home] == 1) & (p.care[rows] & CARE_GRADE_BITS >= 2))
    u = model.luck.uniform(Decision.TASTE_SHARED_FLAT, model.now, p.key[rows[could]])
    could = could[np.argsort(u, kind="stable")]
    if f.estimated[flats].all():
        expected = model.rates.parameter("care_shared_flat_residents") * in_need / 1000
        chosen = could[: int(expected + 0.5)]
        flat = nearest_of(f, SHARED_FLAT)[p.quartier[rows[chosen]]]
    else:
        chosen, flat = _nearest_in(model, f, flats, rows, could)
    out[chosen] = True
    join(model, rows[chosen], model.side["care_homes"]["household"][flat])
    p.role[rows[chosen]], p.setting[rows[chosen]] = Role.RESIDENT, Setting.SHARED_CARE_FLAT
    return out


def _nearest_in(
    model: QuartierModel, f: CareFacilities, flats: np.ndarray, rows: np.ndarray, could: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Who (positions in ``rows``) lives in which of the flats: each in turn takes those from the nearest Quartiere."""
    occupancy, places = model.rates.parameter("nursing_home_occupancy"), f.places(model.now)
    who, where = [], []
    for flat in flats:
        near = np.argsort(f.distance[model.people.quartier[rows[could]], flat], kind="stable")
        taken = could[near[: int(places[flat] * occupancy)]]
        who.append(taken)
        where.append(np.full(taken.size, flat))
        could = could[~np.isin(could, taken)]
    return np.concatenate(who), np.concatenate(where)


def settle_in_serviced_housing(model: QuartierModel, cases: Cases, known: Memory, situation: np.ndarray) -> None:
    """Fill the free dwellings by a lottery for life; who lives in one stays as long as she or he is in need at home."""
    f: CareFacilities = model.side["care_facilities"]
    kind = np.flatnonzero(f.of_kind(SERVICED_HOUSING))
    places = f.operable(model.now)[kind]
    if not places.any():
        known.serviced[:] = 0
        return
    oldest = cases.age >= model.rates.parameter("care_serviced_housing_from")
    free, quartier = np.zeros(model.n_quartiere, np.int64), model.people.quartier[cases.rows]
    estimated = f.estimated[kind].all()
    np.add.at(free, np.zeros(kind.size, int) if estimated else f.quartier[kind], places)
    area = np.zeros(quartier.size, np.int64) if estimated else quartier.astype(np.int64)
    lives = known.serviced > 0
    free -= np.bincount(area[lives], minlength=free.size)
    lives &= free[area] >= 0  # a house that closes or shrinks: all of the area begin anew
    free = np.where(free < 0, np.bincount(area[known.serviced > 0], minlength=free.size) + free, free)
    wants = np.flatnonzero(oldest & (situation != Carer.IN_HOUSEHOLD) & ~lives & (free[area] > 0))
    u = model.luck.uniform(Decision.SERVICED_LOTTERY, 0, known.key[wants])
    order = wants[np.lexsort((u, area[wants]))]
    begin = np.searchsorted(area[order], np.arange(free.size))
    rank = np.arange(order.size) - begin[area[order]]
    lives[order[rank < free[area[order]]]] = True
    known.serviced[:] = lives


def estimated_dwellings(model: QuartierModel, in_need: int) -> int:
    """Serviced dwellings with somebody in need that a town has where none is listed."""
    return int(np.ceil(model.rates.parameter("care_serviced_housing_residents") * in_need / 1000))
