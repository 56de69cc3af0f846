"""Places in nursing homes and shared flats: who asks where, who is taken, who waits, who leaves the town (model-care.md 4.3).

Every quarter seekers ask at most eight homes in the order of their liking; each home takes those of the highest class
of priority, then those who have waited longest, then by lottery (deferred acceptance, so the outcome does not depend on
the order of rows). A few prefer a shared flat where one has a free place. Estimated homes that grow with demand take in
everybody in the own or the nearest Quartier. Nothing here changes how long anybody lives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..care_facilities import NURSING_HOME, SHARED_FLAT, CareFacilities
from ..cases import remembered
from ..columns import CARE_GRADE_BITS, FRAIL_BIT, Former, Kind, Role, Setting
from ..facility_places import largest_remainder
from ..households import arrive, found, join, remove
from ..luck import Decision, Domain, derive_keys, pair_keys
from ..matching import deferred_acceptance
from ..rates import threshold
from ..timeline import STEPS_PER_YEAR
from .care_carers import Carer, Cases
from .care_origin import note_entries
from .repair import repair

if TYPE_CHECKING:
    from ..model import QuartierModel

DISPLACED, FIRST, SECOND, THIRD = 4, 3, 2, 1
"""Classes of priority, the higher the sooner; the first is for residents of a home that closes."""
_CLASS, _LONGEST_WAIT = 1000.0, 400
"""Weights of class and quarters waited in a home's order: every class comes before the next (sizes, no figures)."""


def start_homes(model: QuartierModel) -> None:
    """Give every nursing home and shared flat a household; residents of the start population are shared among the homes listed.

    They go to the homes of their Quartier (or of the nearest that has one) in proportion to places. Also remembered
    are sex, age and need of the residents at the start: people from outside are like them.
    """
    f, p, h = model.side["care_facilities"], model.people, model.households
    homes = np.flatnonzero(f.of_kind(NURSING_HOME))
    old = np.flatnonzero(h.kind == Kind.NURSING_HOME)
    rows = np.flatnonzero((h.kind[np.maximum(p.household, 0)] == Kind.NURSING_HOME) & (p.present == 1))
    rows = rows[np.argsort(p.key[rows])].astype(np.int32)
    side: dict[str, Any] = {"household": np.full(len(f), -1, np.int32), "left": np.zeros(len(f), np.int64)}
    model.side["care_homes"] = side
    side["sex"], side["care"] = p.sex[rows].copy(), p.care[rows].copy()
    side["quarters"] = model.now - p.birth[rows].astype(np.int64)
    if f.estimated[homes].all():
        pool = homes[f.distance[h.quartier[old]][:, homes].argmin(axis=1)]
        first = {int(home): int(row) for home, row in zip(pool[::-1], old[::-1], strict=True)}
        side["rows"], side["facility"] = old.astype(np.int32), pool.astype(np.int32)
        for home, row in first.items():
            side["household"][home] = row
    else:
        side["rows"], side["facility"] = np.zeros(0, np.int32), np.zeros(0, np.int32)
    without = homes[side["household"][homes] < 0]
    new = found(model, f.quartier[without], Kind.NURSING_HOME)
    flats = np.flatnonzero(f.of_kind(SHARED_FLAT))
    without = np.concatenate((without, flats))
    new = np.concatenate((new, found(model, f.quartier[flats], Kind.SHARED_CARE_FLAT)))
    side["household"][without] = new
    side["rows"] = np.concatenate((side["rows"], new))
    side["facility"] = np.concatenate((side["facility"], without.astype(np.int32)))
    if not f.estimated[homes].all():
        _share_residents(model, f, homes, rows)
    side["left"] = occupied(model)


def _share_residents(model: QuartierModel, f: CareFacilities, homes: np.ndarray, rows: np.ndarray) -> None:
    p, places = model.people, f.places(model.now)
    filled = homes[places[homes] > 0]
    if filled.size == 0:
        return
    quartier = p.quartier[rows].copy()
    for q in np.unique(quartier):
        nearest = f.quartier[filled[f.distance[q, filled].argmin()]]
        local = filled[f.quartier[filled] == (q if (f.quartier[filled] == q).any() else nearest)]
        here = rows[quartier == q]
        numbers = largest_remainder(places[local].astype(float), here.size, f.key[local])
        join(model, here, np.repeat(model.side["care_homes"]["household"][local], numbers))


def occupied(model: QuartierModel) -> np.ndarray:
    """Residents of each nursing home and shared flat now, i64 [facilities of care]."""
    side = model.side["care_homes"]
    return np.bincount(side["facility"], model.households.size[side["rows"]], minlength=side["household"].size).astype(
        np.int64
    )


def priority(grade: np.ndarray, demented: np.ndarray, situation: np.ndarray, lost: np.ndarray) -> np.ndarray:
    """Class of priority: no carer and grade 3 or more, or dementia and grade 4 or more, or carer just lost; other grade
    3 or more; the rest."""
    urgent = ((situation == Carer.NONE) & (grade >= 3)) | ((demented == 1) & (grade >= 4)) | lost
    return np.where(urgent, FIRST, np.where(grade >= 3, SECOND, THIRD))


def place_in_homes(
    model: QuartierModel, cases: Cases, situation: np.ndarray, lost: np.ndarray, seek: np.ndarray
) -> np.ndarray:
    """Let those who want a home (positions ``seek``) ask for a place; returns who no longer lives at home (bool)."""
    f: CareFacilities = model.side["care_facilities"]
    p, since = model.people, remembered(model, "waiting_since")
    since[seek] = np.where(since[seek] == 0, model.now, since[seek])
    rows, gone = cases.rows[seek], np.zeros(cases.rows.size, bool)
    prefers_flat = prefer_flat(model, p.key[rows])
    if f.growing(model.now)[f.residential()].all():
        nearest = nearest_of(f, NURSING_HOME)[p.quartier[rows]]
        nearest[prefers_flat] = nearest_of(f, SHARED_FLAT)[p.quartier[rows[prefers_flat]]]
        enter_home(model, rows, nearest)
        gone[seek] = True
    else:
        waited = model.now - since[seek].astype(np.int64)
        points = _CLASS * priority(cases.grade[seek], cases.demented[seek], situation[seek], lost[seek])
        points = points + np.minimum(waited, _LONGEST_WAIT)
        match, outside = _allocate(model, f, rows, points, waited, prefers_flat)
        enter_home(model, rows[match >= 0], match[match >= 0])
        leave_town(model, rows[outside])
        gone[seek[(match >= 0) | outside]] = True
    model.side["care_homes"]["left"] = occupied(model)
    return gone


def prefer_flat(model: QuartierModel, keys: np.ndarray) -> np.ndarray:
    """Who (bool) of those who want a home prefers a shared flat with care, for life."""
    u = model.luck.uniform(Decision.TASTE_SHARED_FLAT, 0, keys)
    return u < model.rates.parameter("care_shared_flat_preferred")


def nearest_of(f: CareFacilities, kind: int) -> np.ndarray:
    """The nearest facility (i64 per Quartier) of a kind that the town has."""
    there = np.flatnonzero(f.of_kind(kind))
    return there[f.distance[:, there].argmin(axis=1)]


def _allocate(
    model: QuartierModel,
    f: CareFacilities,
    rows: np.ndarray,
    points: np.ndarray,
    waited: np.ndarray,
    prefers_flat: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Match seekers, residents of closed homes and people from outside with free places; the latter two move at once.

    Returns the home (i32, -1 refused) of each seeker, and which seekers leave for a place outside the town (bool).
    """
    p = model.people
    displaced = _displaced(model, f)
    who = np.concatenate((rows, displaced))
    score = np.concatenate((points, np.full(displaced.size, _CLASS * DISPLACED)))
    choices = _choices(model, f, NURSING_HOME, p.key[who], p.quartier[who])
    flat = np.flatnonzero(prefers_flat)
    choices[flat] = _first(_choices(model, f, SHARED_FLAT, p.key[rows[flat]], p.quartier[rows[flat]]), choices[flat])
    arrivals = _arrivals(model, f)
    keys = np.concatenate((p.key[who], arrivals["key"]))
    score = np.concatenate((score, arrivals["points"]))
    width = choices.shape[1]
    only = np.full((arrivals["home"].size, width), -1, np.int32)
    only[:, 0] = arrivals["home"]
    choices = np.concatenate((choices, only))
    pairs = pair_keys(np.repeat(keys, width), f.key[np.maximum(choices, 0)].ravel())
    lottery = model.luck.uniform(Decision.HOME_LOTTERY, model.now, pairs).reshape(choices.shape)
    match = deferred_acceptance(choices, score[:, None] + lottery, keys, _free(model, f, keys.size))
    moved, admitted = match[rows.size : who.size], match[who.size :]
    leave_town(model, displaced[moved < 0])
    join(model, displaced[moved >= 0], model.side["care_homes"]["household"][moved[moved >= 0]])
    _admit(model, {name: column[admitted >= 0] for name, column in arrivals.items()})
    refused = np.flatnonzero(match[: rows.size] < 0)
    refused = refused[waited[refused] >= model.rates.parameter("care_home_wait_before_outside")]
    luck = model.luck.words(Decision.FOUND_OUTSIDE, model.now, p.key[rows[refused]])
    outside = np.zeros(rows.size, bool)
    outside[refused] = luck < threshold(model.rates.parameter("care_home_found_outside"))
    return match[: rows.size], outside


def _free(model: QuartierModel, f: CareFacilities, seekers: int) -> np.ndarray:
    """Places (i64 per facility) that can be filled: a third of those left since the last step need the quarter."""
    now = occupied(model)
    left = np.maximum(model.side["care_homes"]["left"] - now, 0)
    u = model.luck.uniform(Decision.PLACE_BLOCKED, model.now, f.key)
    blocked = np.floor(left * model.rates.parameter("care_home_place_blocked") + u).astype(np.int64)
    free = np.maximum(f.operable(model.now) - now - blocked, 0)
    return np.where(f.growing(model.now), seekers, free) * f.residential()


def _first(flats: np.ndarray, homes: np.ndarray) -> np.ndarray:
    """Flats, then homes (i32, as wide as the lists), without gaps."""
    both = np.concatenate((flats, homes), axis=1)
    order = np.argsort(both < 0, axis=1, kind="stable")[:, : homes.shape[1]]
    return np.take_along_axis(both, order, axis=1)


def _choices(
    model: QuartierModel, f: CareFacilities, kind: int, keys: np.ndarray, quartiere: np.ndarray
) -> np.ndarray:
    """Homes (i32 [seekers, 8], -1 padded) in the order of liking: near, in the own Quartier, and the person's taste."""
    rates = model.rates
    there = np.flatnonzero(f.of_kind(kind) & ((f.operable(model.now) > 0) | f.growing(model.now)))
    width = int(rates.parameter("care_home_listed_choices"))
    out = np.full((keys.size, width), -1, np.int32)
    if there.size == 0 or keys.size == 0:
        return out
    order = np.argsort(f.distance[:, there], axis=1, kind="stable")[:, : int(rates.parameter("care_home_near"))]
    near = there[order][quartiere]
    km = np.take_along_axis(f.distance[quartiere], near, axis=1)
    pairs = pair_keys(np.repeat(keys, near.shape[1]), f.key[near].ravel())
    taste = -np.log(-np.log(model.luck.uniform(Decision.HOME_TASTE, 0, pairs))).reshape(near.shape)
    own = rates.parameter("care_home_own_quartier") * (f.quartier[near] == quartiere[:, None])
    utility = own + taste - km / rates.parameter("care_home_distance_scale")
    best = np.argsort(-utility, axis=1, kind="stable")[:, :width]
    out[:, : best.shape[1]] = np.take_along_axis(near, best, axis=1)
    return out


def _displaced(model: QuartierModel, f: CareFacilities) -> np.ndarray:
    """Rows (i32) of residents whose home is closed."""
    side = model.side["care_homes"]
    closed = f.residential() & ~f.opening.open_at(model.now)
    rows = side["rows"][closed[side["facility"]] & (model.households.size[side["rows"]] > 0)]
    if rows.size == 0:
        return np.zeros(0, np.int32)
    p = model.people
    out = np.flatnonzero(np.isin(p.household, rows) & (p.present == 1)).astype(np.int32)
    return out[np.argsort(p.key[out])]


def _poisson(mean: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Counts (i64) by inverse CDF."""
    n, term = np.zeros(mean.size, np.int64), np.exp(-mean)
    reached, k = term.copy(), 0
    while (above := u > reached).any() and k < 1000:
        n += above
        k += 1
        term = term * mean / k
        reached += term
    return n


def _arrivals(model: QuartierModel, f: CareFacilities) -> dict[str, np.ndarray]:
    """People from outside who ask one listed home each for a place in this step; like the residents at the start."""
    side, rates = model.side["care_homes"], model.rates
    share = rates.parameter("care_home_from_outside")
    entrants = f.operable(model.now) * rates.parameter("nursing_home_occupancy")
    entrants = entrants / (rates.parameter("care_home_stay") * STEPS_PER_YEAR) * (side["sex"].size > 0)
    mean = np.where(f.of_kind(NURSING_HOME) & ~f.estimated, entrants * share / (1 - share), 0.0)
    numbers = _poisson(mean, model.luck.uniform(Decision.HOME_ARRIVALS, model.now, f.key))
    home = np.repeat(np.arange(len(f), dtype=np.int32), numbers)
    index = np.arange(home.size) - np.repeat(np.cumsum(numbers) - numbers, numbers)
    key = derive_keys(Domain.OUTSIDER, f.key[home], model.now, index) if home.size else np.zeros(0, np.uint64)
    like = (model.luck.uniform(Decision.HOME_ARRIVAL, model.now, key) * side["sex"].size).astype(np.int64)
    care = side["care"][like]
    grade, demented = care & CARE_GRADE_BITS, (care >> 3) & 1
    alone = np.full(home.size, Carer.NONE, np.uint8)
    points = _CLASS * priority(grade, demented, alone, np.zeros(home.size, bool))
    birth = model.now - side["quarters"][like]
    return {"home": home, "key": key, "points": points, "care": care, "sex": side["sex"][like], "birth": birth}


def _admit(model: QuartierModel, arrivals: dict[str, np.ndarray]) -> None:
    """Let people from outside move into the homes that have taken them."""
    home = arrivals["home"]
    if home.size == 0:
        return
    rows = arrive(
        model,
        home.size,
        key=arrivals["key"],
        birth=arrivals["birth"],
        sex=arrivals["sex"],
        care=arrivals["care"] | FRAIL_BIT,
        setting=Setting.RESIDENTIAL_CARE,
        role=Role.RESIDENT,
    )
    join(model, rows, model.side["care_homes"]["household"][home])
    for event in ("admitted_from_outside", "in_migration_germany"):
        model.count(event, model.people.quartier[rows])


def enter_home(model: QuartierModel, rows: np.ndarray, facility: np.ndarray) -> None:
    """Let people leave their households for nursing homes and shared flats; partners stay linked, minors left alone are taken in."""
    if rows.size == 0:
        return
    p = model.people
    order = np.argsort(p.key[rows])
    rows, facility = rows[order], facility[order]
    left, origin = p.household[rows], p.quartier[rows].copy()
    note_entries(model, origin, facility)
    flat = model.side["care_facilities"].kind[facility] == SHARED_FLAT
    model.count("entries_into_residential_care", origin[~flat])
    model.count("entries_into_shared_flats", origin[flat])
    join(model, rows, model.side["care_homes"]["household"][facility])
    model.count("entries_in_own_quartier", origin[~flat & (p.quartier[rows] == origin)])
    p.role[rows], p.setting[rows] = Role.RESIDENT, np.where(flat, Setting.SHARED_CARE_FLAT, Setting.RESIDENTIAL_CARE)
    p.care[rows] |= FRAIL_BIT
    repair(model, left)


def leave_town(model: QuartierModel, rows: np.ndarray) -> None:
    """Let people leave for a nursing home outside the town.

    A partner who stays counts as bereaved, not as separated: whom the own wishes depend on is gone in either case, and
    so the partner's wishes are the same as if the place had been in the town.
    """
    if rows.size == 0:
        return
    p = model.people
    rows = rows[np.argsort(p.key[rows])]
    left, partner = p.household[rows], model.rows_of(p.partner[rows])
    for event in ("left_for_home_outside", "out_migration_germany"):
        model.count(event, p.quartier[rows])
    p.setting[rows] = Setting.OUTSIDE_TOWN
    remove(model, rows, died=False)
    p.former_union[partner[partner >= 0]] = Former.WIDOWED
    repair(model, left)
