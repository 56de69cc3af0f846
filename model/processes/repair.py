"""After somebody left a household: who is an adult there now, and who looks after the children."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from ..columns import Kind, Role
from ..geography import nearest_first
from ..households import found, join
from ..luck import pair_keys

if TYPE_CHECKING:
    from ..model import QuartierModel


@nb.njit(cache=True)
def _inspect(affected, size, kind, first, following, role, birth, key, id_, mother, father, of_age, plan, orphaned):
    """Name adults where none is left; return how many households hold only minors."""
    n = 0
    for h in affected:
        if size[h] == 0 or kind[h] != 0:
            continue
        oldest, has_head = first[h], False
        i = first[h]
        while i >= 0:
            if birth[i] < birth[oldest] or (birth[i] == birth[oldest] and key[i] < key[oldest]):
                oldest = i
            has_head |= role[i] == 0 and birth[i] <= of_age
            i = following[i]
        if birth[oldest] > of_age:
            orphaned[n] = h
            n += 1
        elif not has_head:
            i = first[h]
            while i >= 0:
                if role[i] == 1 and birth[i] <= of_age:
                    parent_here, j = False, first[h]
                    while j >= 0:
                        parent_here |= id_[j] == mother[i] or id_[j] == father[i]
                        j = following[j]
                    if not parent_here:
                        role[i], plan[i] = 0, 0
                i = following[i]
            role[oldest] = 0
            if plan[oldest] != 3:  # who wanted an own home has one now; a waiting couple goes on looking
                plan[oldest] = 0
    return n


@nb.njit(cache=True)
def _list_members(household, first, following, rows):
    n, i = 0, first[household]
    while i >= 0:
        rows[n] = i
        n += 1
        i = following[i]


def members_of(model: QuartierModel, household: int) -> np.ndarray:
    """Rows (i32) of one private household's members, in no particular order."""
    rows = np.empty(int(model.households.size[household]), np.int32)
    _list_members(household, model.households.first_member, model.people.next_member, rows)
    return rows


def repair(model: QuartierModel, affected: np.ndarray) -> None:
    """Put households right that somebody has left: name an adult, and take minors in where no adult is left.

    Minors of one household go together to, in this order, a living parent in town, a grandparent, an adult sibling, or
    as foster children to a family in the same or the nearest Quartier; where there is no adult at all, to an institution.
    Each case is counted as ``orphans``. ``affected`` are rows of households, doubled or emptied ones allowed.
    """
    affected = np.unique(affected[affected >= 0]).astype(np.int32)
    affected = affected[model.households.size[affected] > 0]
    if affected.size == 0:
        return
    p, h = model.people, model.households
    of_age = np.int64(model.now - 4 * int(model.rates.parameter("age_of_majority")))
    orphaned = np.empty(affected.size, np.int32)
    n = _inspect(
        affected,
        h.size,
        h.kind,
        h.first_member,
        p.next_member,
        p.role,
        p.birth,
        p.key,
        p.id,
        p.mother,
        p.father,
        of_age,
        p.plan,
        orphaned,
    )
    groups = [members_of(model, int(home)) for home in orphaned[:n]]
    for minors in groups:
        _take_in(model, minors)


def _take_in(model: QuartierModel, minors: np.ndarray) -> None:
    p = model.people
    home = _kin_household(model, minors)
    if home < 0:
        home = _foster_household(model, minors)
    model.count("orphans", p.quartier[minors])
    join(model, minors, np.full(minors.size, home))
    p.role[minors] = Role.RESIDENT if model.households.kind[home] else Role.CHILD


def _kin_household(model: QuartierModel, minors: np.ndarray) -> int:
    """Household of a parent, else a grandparent, else an adult sibling, who lives in a private household; -1 for none."""
    p = model.people
    minors = minors[np.lexsort((p.key[minors], p.birth[minors]))]
    parents = np.concatenate((p.mother[minors], p.father[minors]))
    known = model.row_of_id[parents[parents >= 0]]
    known = known[known >= 0]
    grandparents = np.concatenate((p.mother[known], p.father[known]))
    mothers = np.unique(p.mother[minors][p.mother[minors] >= 0])
    siblings = np.flatnonzero(np.isin(p.mother, mothers) & (p.present == 1)) if mothers.size else minors[:0]
    siblings = p.id[siblings[np.lexsort((p.key[siblings], p.birth[siblings]))]]
    for ids in (parents, grandparents, siblings):
        rows = model.rows_of(ids)
        rows = rows[rows >= 0]
        rows = rows[_can_take_in(model, rows) & ~np.isin(rows, minors)]
        if rows.size:
            return int(p.household[rows[0]])
    return -1


def _can_take_in(model: QuartierModel, rows: np.ndarray) -> np.ndarray:
    p = model.people
    of_age = model.ages(rows) >= model.rates.parameter("age_of_majority")
    return of_age & (model.households.kind[p.household[rows]] == Kind.PRIVATE)


def _foster_household(model: QuartierModel, minors: np.ndarray) -> int:
    """A family with children nearby, else any adult nearby, drawn by the eldest child's key; else an institution."""
    p, eldest = model.people, minors[np.argmin(model.people.birth[minors])]
    adults = np.flatnonzero(p.present == 1).astype(np.int32)
    adults = adults[_can_take_in(model, adults) & ~np.isin(p.household[adults], p.household[minors])]
    families = np.unique(p.household[(p.present == 1) & (p.role == Role.CHILD)])
    in_family = adults[np.isin(p.household[adults], families)]
    for group in (in_family, adults):
        for quartier in nearest_first(model.region, int(p.quartier[eldest])):
            near = group[p.quartier[group] == quartier]
            if near.size:
                return int(p.household[near[np.argmin(pair_keys(np.full(near.size, p.key[eldest]), p.key[near]))]])
    communal = np.flatnonzero(model.households.kind == Kind.OTHER_COMMUNAL)
    if communal.size:
        return int(communal[0])
    return int(found(model, p.quartier[minors[:1]], Kind.OTHER_COMMUNAL)[0])
