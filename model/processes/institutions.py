"""Homes for disabled people and other communal accommodation: places stay as many as at the start, residents turn over.

Who leaves looks for a dwelling in town or goes to a parent; a place that falls free, also by a death, is taken by somebody
of the town. Who entered is remembered by id, so that a step costs what the few residents and entrants cost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numba as nb
import numpy as np

from ..asking import ask
from ..columns import Kind, Plan, Reason, Role
from ..households import found, join
from ..luck import TWO32, Decision, Domain, derive_keys
from ..process import Process
from ..tables import distinct
from ..thresholds import AGES, pad_ages
from .partnership import move_in, parental_home
from .repair import repair

if TYPE_CHECKING:
    from ..model import QuartierModel

KINDS = (Kind.DISABILITY_HOME, Kind.OTHER_COMMUNAL)
REACH = 16
"""Quarters by which the age of who enters may differ from the age drawn: four years."""
MOST_LOOKED_AT = 4096
"""Dwellings looked at for one free place; without anybody who fits it stays free until the next quarter."""
_TOGETHER = 8
"""Dwellings fetched together (a speed, no figure)."""


def start_institutions(model: QuartierModel) -> None:
    """Remember places, residents and the ages at which people enter; homes of minors only are makeshifts without places."""
    p, h = model.people, model.households
    rows = np.flatnonzero((p.present == 1) & (p.role == Role.RESIDENT))
    rows = rows[np.isin(h.kind[p.household[rows]], KINDS)]
    homes = distinct(p.household[rows])
    homes = homes[np.lexsort((homes, h.kind[homes], h.quartier[homes]))]
    grown = np.bincount(p.household[rows], _grown(model, rows), minlength=len(h))[homes]
    model.side["fill_institutions"] = {
        "homes": homes,
        "places": np.where(grown > 0, h.size[homes], 0).astype(np.int64),
        "key": derive_keys(
            Domain.FACILITY, model.quartier_keys[h.quartier[homes]], h.kind[homes], np.arange(homes.size)
        ),
        "residents": p.id[rows],
        "entrants": [_entrants(model, kind) for kind in KINDS],
    }


def _grown(model: QuartierModel, rows: np.ndarray) -> np.ndarray:
    return model.people.birth[rows] <= model.latest_adult_birth


def _entrants(model: QuartierModel, kind: Kind) -> np.ndarray:
    """Running sum, float64 [sex * age], of the people of the start who would enter such a home in a year.

    Where all leave at one rate, these keep the share of every age that lives there: what it has more than those a year younger
    who stayed.
    """
    p, table = model.people, model.rates["institution_share"]
    share = pad_ages(table.values[table.labels[0].index(kind.name.lower())])
    stay = np.exp(-model.rates.parameter("institution_leaving"))
    younger = np.concatenate((np.zeros((2, 1)), share[:, :-1]), axis=1)
    rate = np.maximum(share - younger * stay, 0.0)
    here = np.flatnonzero((p.present == 1) & (p.role != Role.RESIDENT))
    people = np.bincount(p.sex[here].astype(np.int64) * AGES + model.ages(here), minlength=2 * AGES)
    return np.cumsum(rate.ravel() * people)


def fill_institutions(model: QuartierModel) -> None:
    """Let residents leave, and fill the free places from the town."""
    side, p = model.side["fill_institutions"], model.people
    placed = model.side["repair"]
    rows = model.rows_of(np.concatenate((side["residents"], placed["placed"])))
    placed["placed"] = placed["placed"][:0]
    rows = rows[rows >= 0]
    kind = model.households.kind[p.household[rows]]
    rows = rows[(kind == KINDS[0]) | (kind == KINDS[1])]
    stay = rows[~_leave(model, rows)]
    came = _enter(model, side)
    side["residents"] = p.id[np.concatenate((stay, came))]


def _leave(model: QuartierModel, rows: np.ndarray) -> np.ndarray:
    """Who of the residents leaves (bool): at one rate, minors only to a parent; who entered other homes as a minor at 18."""
    p, rates = model.people, model.rates
    grown, able = _grown(model, rows), np.ones(rows.size, bool)
    able[~grown] = parental_home(model, rows[~grown]) >= 0
    hazard = np.where(able, rates.parameter("institution_leaving"), 0.0)
    goes = ask(model, "leave_institution", Decision.INSTITUTION_EXIT, rows, hazard)
    of_age = p.birth[rows] == model.latest_adult_birth
    goes |= of_age & (model.households.kind[p.household[rows]] == Kind.OTHER_COMMUNAL)
    leavers, grown = rows[goes], grown[goes]
    home = parental_home(model, leavers)
    lot = model.luck.uniform(Decision.RESIDENCE_DESTINATION, model.now, p.key[leavers])
    to_parent = (home >= 0) & (~grown | (lot < rates.parameter("institution_to_parent")))
    move_in(model, leavers[to_parent], home[to_parent], Role.CHILD)
    alone = leavers[~to_parent]
    alone = alone[np.argsort(p.key[alone])]
    own = found(model, p.quartier[alone])
    p.role[alone] = Role.ADULT
    join(model, alone, own)
    model.households.reason[own], model.households.wait_since[own] = Reason.NEW_HOUSEHOLD, model.now
    return goes


@nb.njit(cache=True)
def _looked_for(begin, sex_wanted, born, ring, occupant, first, people, of_age, reach, most, chosen):
    """Per free place the first person along the ring of dwellings who fits: sex, age, no partner, no minor child at home.

    In one household it is the one with the lower key. Some dwellings are fetched together before they are looked at one by
    one: their rows lie far apart.
    """
    birth, sex, partner, role, key, id_, mother, father, following = people
    homes, leads = np.empty(_TOGETHER, np.int32), np.empty(_TOGETHER, np.int32)
    most = min(most, ring.size)
    for k in range(begin.size):
        best, start = -1, 0
        while start < most and best < 0:
            m = min(_TOGETHER, most - start)
            for s in range(m):
                at = begin[k] + start + s
                homes[s] = occupant[ring[at if at < ring.size else at - ring.size]]
            for s in range(m):
                leads[s] = first[max(homes[s], 0)] if homes[s] >= 0 else -1
            start += m
            for s in range(m):
                i = leads[s]
                while i >= 0:
                    if abs(np.int64(birth[i]) - born[k]) <= reach and sex[i] == sex_wanted[k] and partner[i] < 0:
                        free, j = best < 0 or key[i] < key[best], leads[s]
                        while j >= 0:
                            child = (mother[j] == id_[i]) | (father[j] == id_[i])
                            free &= not (child & (birth[j] > of_age) & (role[j] == 1))
                            j = following[j]
                        for other in range(k):
                            free &= chosen[other] != i
                        best = i if free else best
                    i = following[i]
                if best >= 0:
                    break
        chosen[k] = best


def _enter(model: QuartierModel, side: dict[str, Any]) -> np.ndarray:
    """Fill the free places; rows (i32) of those who enter."""
    p, h = model.people, model.households
    free = np.maximum(side["places"] - h.size[side["homes"]], 0)
    which = np.repeat(np.arange(free.size), free)
    ring = model.side["repair"]["dwelling"]
    if not which.size or not ring.size:
        return np.empty(0, np.int32)
    nth = np.arange(which.size) - np.repeat(np.cumsum(free) - free, free)
    key = derive_keys(Domain.FACILITY, side["key"][which], nth)
    lot = model.luck.uniform(Decision.INSTITUTION_AGE, model.now, key)
    cell = np.zeros(which.size, np.int64)
    for kind, entrants in zip(KINDS, side["entrants"], strict=True):
        here = h.kind[side["homes"][which]] == kind
        cell[here] = np.minimum(np.searchsorted(entrants, lot[here] * entrants[-1], side="right"), 2 * AGES - 1)
    born = model.now - 4 * (cell % AGES) - 2
    begin = model.luck.words(Decision.INSTITUTION_SEARCH, model.now, key) * (ring.size / TWO32)
    chosen = np.empty(which.size, np.int32)
    of_age = np.int64(model.latest_adult_birth)
    people = (p.birth, p.sex, p.partner, p.role, p.key, p.id, p.mother, p.father, p.next_member)
    places = (begin.astype(np.int64), cell // AGES, born, ring, model.dwellings.household, h.first_member)
    _looked_for(*places, people, of_age, REACH, MOST_LOOKED_AT, chosen)
    rows, homes = chosen[chosen >= 0], side["homes"][which[chosen >= 0]]
    left = p.household[rows]
    join(model, rows, homes)
    p.role[rows], p.plan[rows] = Role.RESIDENT, Plan.NONE
    repair(model, left)
    return rows


FILL_INSTITUTIONS = Process(
    "fill_institutions",
    reads=(
        "people.birth",
        "people.sex",
        "people.role",
        "people.partner",
        "people.mother",
        "people.father",
        "households.kind",
    ),
    writes=("people.role", "people.plan", "households.join", "households.found"),
    rates=("institution_leaving", "institution_to_parent"),
    step=fill_institutions,
    start=start_institutions,
    remembers=("residents", "repair.placed"),
)
