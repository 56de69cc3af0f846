"""Dwellings: one for every private household, rooms by the ordered probit on the local stock; the rest is vacant."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from ..dwelling_features import draw_features
from ..luck import Decision, Domain, Luck, derive_keys
from ..rates import RateBook
from ..region.region import Region
from ..tables import NONE
from .ages import latest
from .figures import HOUSEHOLD_TYPES, Figures
from .integers import largest_remainder
from .persons import quartier_keys
from .report import Report

ROOMS = 7
OWNER_AGES = (30, 40, 50, 60, 70)
"""Bounds of the age groups of the table of owners."""


@dataclass
class HouseholdView:
    """What the occupancy needs of every private household, in the order of the rows of `households`.

    row, quartier, key, kind : of the household. size : members. age : of the reference person.
    """

    row: np.ndarray
    quartier: np.ndarray
    key: np.ndarray
    kind: np.ndarray
    size: np.ndarray
    age: np.ndarray


def household_types(adults: np.ndarray, children: np.ndarray, couple: np.ndarray, head_age: np.ndarray) -> np.ndarray:
    """Index into `HOUSEHOLD_TYPES` of every household.

    Parameters
    ----------
    adults, children : members who are not / are a child (role) of the household.
    couple : whether there is a couple.
    """

    def at(name: str) -> int:
        return HOUSEHOLD_TYPES.index(name)

    more = np.clip(children, 1, 3) - 1
    out = np.where(head_age >= 65, at("alone_65"), at("alone_u65"))
    out = np.where((adults == 2) & (children == 0), at("couple"), out)
    out = np.where((adults >= 3) & (children == 0), at("adults_3plus"), out)
    out = np.where((adults == 1) & (children > 0), at("lone_1") + more, out)
    out = np.where((adults == 2) & (children > 0), np.where(couple, at("couple_1") + more, at("lone_1") + more), out)
    return np.where((adults >= 3) & (children > 0), at("adults_3plus_children"), out)


def local_stock(region: Region, figures: Figures) -> np.ndarray | None:
    """Dwellings (float [quartier, rooms]) where the region counts them; bands of rooms are split as in the state."""
    frame = latest(region.dwellings, region)
    if frame.empty:
        return None
    out = np.zeros((region.n_quartiere, ROOMS))
    index = {str(q): i for i, q in enumerate(region.quartiere["quartier_id"])}
    for q, low, high, count in zip(
        frame["quartier_id"], frame["rooms_from"], frame["rooms_to"], frame["dwellings"], strict=True
    ):
        first = max(int(low), 1) - 1
        last = ROOMS if int(high) < 0 else min(int(high), ROOMS)
        part = figures.stock[min(first, ROOMS - 1) : max(last, first + 1)]
        out[index[str(q)], min(first, ROOMS - 1) : max(last, first + 1)] += float(count) * part / part.sum()
    return out


def stock(
    region: Region, rates: RateBook, figures: Figures, households: np.ndarray, report: Report
) -> tuple[np.ndarray, np.ndarray]:
    """Dwellings and occupied dwellings, both i64 [quartier, rooms].

    Where the region counts fewer dwellings than there are households, the stock is raised to the households: the
    persons are the register's, the number of dwellings has to give way, and the report shows by how much.
    """
    n = households.size
    given = local_stock(region, figures)
    vacancy = rates.parameter("vacant_dwellings") * rates.parameter("vacant_marketable")
    carry = np.floor(np.cumsum(households / (1 - vacancy)) + 0.5)
    totals = np.maximum(np.diff(np.concatenate(([0.0], carry))).astype(np.int64), households)
    shape = np.repeat(figures.stock[None], n, axis=0)
    if given is not None:
        counted = given.sum(axis=1)
        totals = np.where(counted > 0, np.maximum(np.rint(counted).astype(np.int64), households), totals)
        shape = np.where((counted > 0)[:, None], given, shape)
        report.by_quartier("dwellings", counted, totals)
    group = np.repeat(np.arange(n), ROOMS)
    keys = derive_keys(Domain.CELL, np.arange(n * ROOMS), 1)
    whole = largest_remainder(shape.ravel(), group, totals, keys).reshape(n, ROOMS)
    taken = largest_remainder(whole.ravel().astype(float), group, households, keys).reshape(n, ROOMS)
    return whole, np.minimum(taken, whole)


def rooms_of_households(
    view: HouseholdView, taken: np.ndarray, by_quartier: bool, luck: Luck, step: int, figures: Figures
) -> np.ndarray:
    """Rooms (1..7) of every private household: the rank of ``effect of its type + normal luck`` in the occupied stock.

    The thresholds of the probit are those of the local stock: of the Quartier where its dwellings are counted, else of
    the town; so the occupied rooms are met exactly.
    """
    latent = figures.rooms_effect[view.kind] + ndtri(luck.uniform(Decision.START_ROOMS, step, view.key))
    group = view.quartier if by_quartier else np.zeros(view.row.size, np.int64)
    counts = taken if by_quartier else taken.sum(axis=0, keepdims=True)
    order = np.lexsort((view.key, latent, group))
    rooms = np.empty(view.row.size, np.int64)
    rooms[order] = np.repeat(np.tile(np.arange(1, ROOMS + 1), counts.shape[0]), counts.ravel())
    return rooms


def make_dwellings(
    region: Region, rates: RateBook, luck: Luck, step: int, figures: Figures, view: HouseholdView, report: Report
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The columns of `dwellings`, and the dwelling (row) of every private household of the view."""
    n = region.n_quartiere
    households = np.bincount(view.quartier, minlength=n)
    whole, taken = stock(region, rates, figures, households, report)
    given = local_stock(region, figures)
    rooms = rooms_of_households(view, taken, given is not None, luck, step, figures)
    occupied = np.zeros((n, ROOMS), np.int64)
    np.add.at(occupied, (view.quartier, rooms - 1), 1)
    vacant = np.maximum(whole - occupied, 0) if given is not None else whole - taken
    total = occupied + vacant
    quartier = np.repeat(np.arange(n), total.sum(axis=1))
    room = np.repeat(np.tile(np.arange(1, ROOMS + 1), n), total.ravel())
    first = (np.cumsum(total) - total.ravel()).reshape(n, ROOMS)
    ordinal = np.arange(room.size) - first[quartier, room - 1]
    order = np.lexsort((view.key, rooms, view.quartier))
    code = view.quartier[order] * ROOMS + rooms[order] - 1
    starts = np.searchsorted(code, code)
    dwelling = np.empty(view.row.size, np.int64)
    dwelling[order] = first.ravel()[code] + np.arange(code.size) - starts
    household = np.full(room.size, NONE, np.int64)
    household[dwelling] = view.row
    for r in range(ROOMS):
        asked = figures.stock[r] / figures.stock.sum() * total.sum() if given is None else given[:, r].sum()
        report.add(f"dwellings with {r + 1} rooms", None, asked, total[:, r].sum())
    columns = {
        "key": derive_keys(Domain.DWELLING, quartier_keys(region)[quartier], room, ordinal),
        "quartier": quartier,
        "rooms": room,
        "household": household,
    }
    columns["features"] = _features(columns, dwelling, view, rates, luck)
    return columns, dwelling


def _features(
    columns: dict[str, np.ndarray], dwelling: np.ndarray, view: HouseholdView, rates: RateBook, luck: Luck
) -> np.ndarray:
    """Features (u8) of the dwellings; a vacant one is an owner's as often as occupied ones of as many rooms."""
    rate, rooms = rates["owner_rate"], columns["rooms"]
    size = np.minimum(view.size, rate.values.shape[0]) - 1
    chance = rate.values[size, np.searchsorted(OWNER_AGES, view.age, side="right")]
    occupied = np.bincount(rooms[dwelling], minlength=ROOMS + 1)
    owned = (np.bincount(rooms[dwelling], chance, minlength=ROOMS + 1) / np.maximum(occupied, 1))[rooms]
    owned[dwelling] = chance
    return draw_features(luck, rates, columns["key"], owned)
