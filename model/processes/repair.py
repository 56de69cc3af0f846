"""After somebody left a household: who is an adult there now, and who looks after the children."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from ..columns import Kind, Role
from ..fetch import fetch
from ..geography import nearest_first
from ..grown_children import likely_children
from ..households import found, join
from ..tables import NONE, distinct

if TYPE_CHECKING:
    from ..model import QuartierModel


@nb.njit(cache=True)
def _without_adult(affected, size, kind, first, following, role, birth, of_age):
    """The private households among those affected in which nobody of age has the role of an adult.

    One member of each household after the other, so that the reads overlap.
    """
    n, homes = 0, np.empty(affected.size, np.int32)
    for h in affected:
        homes[n] = h
        n += (h >= 0) & (size[np.uint32(max(h, 0))] > 0)
    kinds, at, who = fetch(kind, homes[:n]), fetch(first, homes[:n]), np.empty(n, np.uint32)
    led, m = kinds != 0, 0
    for k in range(n):
        at[m], who[m] = at[k], k
        m += not led[k]
    while m > 0:
        roles, births, after = fetch(role, at[:m]), fetch(birth, at[:m]), fetch(following, at[:m])
        last, m = m, 0
        for j in range(last):
            k = who[j]
            led[k] |= (roles[j] == 0) & (births[j] <= of_age)
            at[m], who[m] = after[j], k
            m += (after[j] >= 0) & (not led[k])
    return homes[:n][~led]


@nb.njit(cache=True)
def _inspect(affected, size, kind, first, following, role, birth, key, id_, mother, father, of_age, plan, orphaned):
    """Name adults where none is left; return how many households hold only minors, as often as they are named."""
    n = 0
    for h in _without_adult(affected, size, kind, first, following, role, birth, of_age):
        oldest = i = first[h]
        while i >= 0:
            if birth[i] < birth[oldest] or (birth[i] == birth[oldest] and key[i] < key[oldest]):
                oldest = i
            i = following[i]
        if birth[oldest] > of_age:
            orphaned[n] = h
            n += 1
        else:
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


def repair(model: QuartierModel, affected: np.ndarray, siblings: bool = False) -> None:
    """Put households right that somebody has left: name an adult, and take minors in where no adult is left.

    Minors of one household go together to, in this order, a living parent in town, a grandparent, an adult sibling (if
    ``siblings``: a search among all grown children), or as foster children to a family in the same or the nearest
    Quartier; where there is no adult at all, to an institution. Each case is counted as ``orphans``. ``affected`` are rows
    of households, doubled or emptied ones and -1 allowed.
    """
    p, h = model.people, model.households
    of_age = np.int64(model.latest_adult_birth)
    orphaned = np.empty(affected.size, np.int32)
    n = _inspect(
        affected.astype(np.int32),
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
    if n:
        _take_in_all(model, [members_of(model, int(home)) for home in distinct(orphaned[:n])], siblings)


def start_repair(model: QuartierModel) -> dict[str, np.ndarray]:
    """The start's dwellings in the order of Quartier and key: the ring along which foster families are looked for.

    And whom repair placed in an institution, by id, until `fill_institutions` takes note.
    """
    d = model.dwellings
    order = np.lexsort((d.key, d.quartier)).astype(np.int64)
    first = np.searchsorted(d.quartier[order], np.arange(model.n_quartiere + 1))
    return {"dwelling": order, "key": d.key[order], "first": first.astype(np.int64), "placed": np.empty(0, np.int32)}


def _take_in_all(model: QuartierModel, groups: list[np.ndarray], siblings: bool) -> None:
    p = model.people
    groups = [minors[np.lexsort((p.key[minors], p.birth[minors]))] for minors in groups]
    homes = [_home_of_kin(model, _parents_first(model, minors)) for minors in groups]
    lonely = [i for i, home in enumerate(homes) if home < 0]
    if siblings and lonely:
        grown = _siblings(model, np.concatenate([groups[i] for i in lonely]))
        for i in lonely:
            own = grown[np.isin(p.mother[grown], p.mother[groups[i]])]
            homes[i] = _home_of_kin(model, p.id[own].tolist())
    for minors, home in zip(groups, homes, strict=True):
        home = home if home >= 0 else _foster_household(model, minors)
        model.count("orphans", p.quartier[minors])
        join(model, minors, np.full(minors.size, home))
        p.role[minors] = Role.CHILD
        if model.households.kind[home] != Kind.PRIVATE:
            p.role[minors] = Role.RESIDENT
            model.side["repair"]["placed"] = np.concatenate((model.side["repair"]["placed"], p.id[minors]))


def _parents_first(model: QuartierModel, minors: np.ndarray) -> list[int]:
    """Ids of the parents, then of the grandparents known to the town; one by one, because there are few."""
    p, row_of_id = model.people, model.row_of_id
    parents = [id_ for link in (p.mother, p.father) for id_ in link[minors].tolist()]
    known = [row for id_ in parents if id_ >= 0 and (row := row_of_id[id_]) >= 0]
    return parents + [int(link[row]) for link in (p.mother, p.father) for row in known]


def _siblings(model: QuartierModel, minors: np.ndarray) -> np.ndarray:
    """Rows of the grown children of the same mothers, the eldest first."""
    p = model.people
    mothers = p.mother[minors][p.mother[minors] >= 0]
    rows = likely_children(model, mothers)
    of_age = np.int64(model.latest_adult_birth)
    rows = rows[np.isin(p.mother[rows], mothers) & (p.present[rows] == 1) & (p.birth[rows] <= of_age)]
    return rows[np.lexsort((p.key[rows], p.birth[rows]))]


def _home_of_kin(model: QuartierModel, ids: list[int]) -> int:
    """Household of the first of these people who is of age and lives in a private household; -1 for none."""
    p, h = model.people, model.households
    of_age = model.latest_adult_birth
    for id_ in ids:
        row = model.row_of_id[id_] if id_ >= 0 else NONE
        if row >= 0 and p.present[row] and p.birth[row] <= of_age and h.kind[p.household[row]] == Kind.PRIVATE:
            return int(p.household[row])
    return -1


def _foster_household(model: QuartierModel, minors: np.ndarray) -> int:
    """A family with children in the nearest Quartier that has one, else any adults, else an institution.

    The eldest child's key says where on the ring of dwellings the search begins.
    """
    p, h, eldest = model.people, model.households, minors[0]
    ring = model.side["repair"]
    for with_children in (True, False):
        for quartier in nearest_first(model.region, int(p.quartier[eldest])):
            first, last = ring["first"][quartier], ring["first"][quartier + 1]
            if first == last:
                continue
            begin = int(np.searchsorted(ring["key"][first:last], p.key[eldest]))
            for k in range(last - first):
                home = int(model.dwellings.household[ring["dwelling"][first + (begin + k) % (last - first)]])
                if home >= 0 and home != p.household[eldest] and _is_family(model, home, with_children):
                    return home
    communal = np.flatnonzero(h.kind == Kind.OTHER_COMMUNAL)
    return int(communal[0]) if communal.size else int(found(model, p.quartier[minors[:1]], Kind.OTHER_COMMUNAL)[0])


def _is_family(model: QuartierModel, home: int, with_children: bool) -> bool:
    """Whether an adult lives there, and a child if one is asked for."""
    p, of_age = model.people, model.latest_adult_birth
    birth, role, following = p.birth, p.role, p.next_member
    adult, child, i = False, not with_children, model.households.first_member[home]
    while i >= 0:
        adult, child, i = adult or birth[i] <= of_age, child or role[i] == Role.CHILD, following[i]
    return bool(adult and child)
