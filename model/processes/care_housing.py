"""Housing with care: shared flats at the start, and serviced housing, where people live on their own (model-care.md 4.2).

Serviced housing is a dwelling with a service at hand. Nobody moves for it here: who lives in one is drawn from those in
need of 65 and over without a carer in the household, in the Quartier where it stands (for an estimate: in the town). It
counts as much as a child within reach, at best.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
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

_IN_HOUSEHOLD = int(Carer.IN_HOUSEHOLD)
_BINS = 256
"""Bins into which the lottery is sorted before those are looked at who can win (a speed, no figure)."""


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


@nb.njit(cache=True)
def _stays(serviced, area, free):
    """Take the dwellings in use off the free ones; an area whose houses close or shrink begins anew."""
    places = free.copy()
    for c in range(area.size):
        free[area[c]] -= serviced[c]
    begins = free < 0
    free[:] = np.where(begins, places, free)
    if begins.any():
        for c in range(area.size):
            serviced[c] = serviced[c] if not begins[area[c]] else 0


@nb.njit(cache=True)
def _who_wants(age, least, situation, serviced, area, free, wants):
    """Positions of those who want a dwelling where one is free."""
    n = 0
    for c in range(age.size):
        yes = (age[c] >= least) & (situation[c] != _IN_HOUSEHOLD) & (serviced[c] == 0) & (free[area[c]] > 0)
        wants[n] = c
        n += yes
    return n


@nb.njit(cache=True)
def _lowest(u, wants, area, free, chosen):
    """Numbers of those who can win: the bins of the lottery that hold, in each area, the lowest as many as are free."""
    bins, n = np.zeros((free.size, _BINS), np.int32), 0
    for j in range(u.size):
        bins[area[wants[j]], np.int64(u[j] * _BINS)] += 1
    last = np.zeros(free.size, np.int64)
    for k in range(free.size):
        below = bins[k, 0]
        while below < free[k] and last[k] < _BINS - 1:
            last[k] += 1
            below += bins[k, last[k]]
    for j in range(u.size):
        chosen[n] = j
        n += np.int64(u[j] * _BINS) <= last[area[wants[j]]]
    return n


def settle_in_serviced_housing(model: QuartierModel, cases: Cases, known: Memory, situation: np.ndarray) -> None:
    """Fill the free dwellings by a lottery for life; who lives in one stays as long as she or he is in need at home."""
    f: CareFacilities = model.side["care_facilities"]
    kind = np.flatnonzero(f.of_kind(SERVICED_HOUSING))
    places = f.operable(model.now)[kind]
    if not places.any():
        known.serviced[:] = 0
        return
    n, free = cases.rows.size, np.zeros(model.n_quartiere, np.int64)
    estimated = f.estimated[kind].all()
    np.add.at(free, np.zeros(kind.size, int) if estimated else f.quartier[kind], places)
    area = np.zeros(n, np.uint16) if estimated else model.people.quartier[cases.rows]
    _stays(known.serviced, area, free)
    if not free.any():
        return
    wants, least = np.empty(n + 1, np.int32), model.rates.parameter("care_serviced_housing_from")
    wants = wants[: _who_wants(cases.age, least, situation, known.serviced, area, free, wants)]
    u = model.luck.uniform(Decision.SERVICED_LOTTERY, 0, known.key[wants])
    chosen = np.empty(wants.size + 1, np.int32)
    chosen = chosen[: _lowest(u, wants, area, free, chosen)]
    chosen = chosen[np.lexsort((u[chosen], area[wants[chosen]]))]
    order = wants[chosen]
    begin = np.searchsorted(area[order], np.arange(free.size))
    rank = np.arange(order.size) - begin[area[order]]
    known.serviced[order[rank < free[area[order]]]] = 1


def estimated_dwellings(model: QuartierModel, in_need: int) -> int:
    """Serviced dwellings with somebody in need that a town has where none is listed."""
    return int(np.ceil(model.rates.parameter("care_serviced_housing_residents") * in_need / 1000))
