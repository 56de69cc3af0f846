"""The verbs that write who lives with whom and where: `arrive, remove, join, found, settle`.

No process writes `household`, `partner`, `quartier`, `dwelling` or `present` itself; it calls these. All take arrays of
rows and cost what the rows cost, never a pass over all people.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from .columns import Former, Kind, Plan, Sex, Union
from .fetch import fetch
from .kin_distance import count_leavers
from .tables import NONE, Table, distinct

if TYPE_CHECKING:
    from .model import QuartierModel


@nb.njit(cache=True)
def _leave(rows, household, following, size, kind, first, dwelling, occupant, changed, emptied):
    left, private = np.empty(rows.size, np.int32), np.empty(rows.size, np.bool_)
    for k in range(rows.size):  # the lookups of these loops overlap, because there is no branch
        left[k] = household[rows[k]]
        household[rows[k]] = -1
    for k in range(rows.size):
        private[k] = kind[np.uint32(max(left[k], 0))] == 0
    n = 0
    for k in range(rows.size):
        i, old = rows[k], left[k]
        if old < 0:
            continue
        changed[old] = 1
        size[old] -= 1
        if not private[k]:
            continue
        if first[old] == i:
            first[old] = following[i]
        else:
            before = first[old]
            while following[before] != i:
                before = following[before]
            following[before] = following[i]
        following[i] = -1
        if size[old] == 0:
            emptied[n] = old
            n += 1
            if dwelling[old] >= 0:
                occupant[dwelling[old]] = -1
                dwelling[old] = -1
    return n


@nb.njit(cache=True)
def _expect(rows, targets, household, quartier, where, size, kind, dwelling, left, reached):
    """Count members to come; and by Quartier those who leave a dwelling or an institution of another Quartier."""
    for j in range(rows.size):
        i, h, old = rows[j], targets[j], household[rows[j]]
        size[h] += 1
        if old >= 0 and quartier[i] != where[h] and (dwelling[old] >= 0 or kind[old] != 0):
            left[quartier[i]] += 1
            reached[where[h]] += 1


@nb.njit(cache=True)
def _enter(rows, targets, household, following, quartier, where, kind, first, changed):
    for j in range(rows.size):
        i, h = rows[j], targets[j]
        household[i], changed[h] = h, 1
        quartier[i] = where[h]
        if kind[h] == 0:
            following[i] = first[h]
            first[h] = i


@nb.njit(cache=True)
def _chain(household, present, following, kind, first):
    first[:] = -1
    following[:] = -1
    for i in range(household.size - 1, -1, -1):
        h = household[i]
        if present[i] and h >= 0 and kind[h] == 0:
            following[i] = first[h]
            first[h] = i


@nb.njit(cache=True)
def _carry(rows, dwellings, now, households, occupant, dwelling_quartier, following, quartier, changed, left, reached):
    """Households and their members into dwellings; by Quartier those who left a dwelling of another one.

    One member of each household after the other, so that the reads overlap.
    """
    dwelling, first, where, moved_at, reason, wait_since = households
    old, before, there = fetch(dwelling, rows), fetch(where, rows), fetch(dwelling_quartier, dwellings)
    member, whose = fetch(first, rows), np.empty(rows.size, np.uint32)
    for home in old:
        if home >= 0:
            occupant[home] = -1
    m, moves = 0, (old >= 0) & (before != there)
    for k in range(rows.size):
        h, d, i = np.uint32(rows[k]), np.uint32(dwellings[k]), member[k]
        occupant[d], dwelling[h], where[h] = h, d, there[k]
        moved_at[h], reason[h], wait_since[h], changed[h] = now, 0, 0, 1
        member[m], whose[m] = i, k
        m += i >= 0
    while m > 0:
        n, m = m, 0
        quartiere, after = fetch(quartier, member[:n]), fetch(following, member[:n])
        for j in range(n):
            k = whose[j]
            left[quartiere[j]] += moves[k]
            reached[there[k]] += moves[k]
            quartier[np.uint32(member[j])] = there[k]
            member[m], whose[m] = after[j], k
            m += after[j] >= 0


def chain_members(model: QuartierModel) -> None:
    """Make the chains of members anew, after rows have moved."""
    p, h = model.people, model.households
    _chain(p.household, p.present, p.next_member, h.kind, h.first_member)


def changed_homes(model: QuartierModel) -> np.ndarray:
    """A mark (u8) per household: 1, a verb has changed its members, couples or Quartier; 2, and `arrange_care` has seen it.

    `give_care` clears the latter. The marks are no state: without them and what both keep they look everybody up. A role written
    outside the verbs is not seen; those of minors are written only where they join a household in the same step.
    """
    marks = model.side.get("changed_homes")
    if marks is None or marks.size < len(model.households):
        grown = np.zeros(model.households.capacity, np.uint8)
        if marks is not None:
            grown[: marks.size] = marks
        marks = model.side["changed_homes"] = grown
    return marks


def _leave_households(model: QuartierModel, rows: np.ndarray) -> None:
    p, h, d = model.people, model.households, model.dwellings
    emptied = np.empty(rows.size, np.int32)
    n = _leave(
        rows.astype(np.int32),
        p.household,
        p.next_member,
        h.size,
        h.kind,
        h.first_member,
        h.dwelling,
        d.household,
        changed_homes(model),
        emptied,
    )
    h.reason[emptied[:n]] = 0
    model.empty_households.frombytes(emptied[:n].tobytes())


def arrive(model: QuartierModel, n: int, **columns: object) -> np.ndarray:
    """Append ``n`` people with fresh ids and return their rows (i32); they join a household next, by `join`."""
    ids = np.arange(model.next_id, model.next_id + n, dtype=np.int32)
    rows = model.people.append(n, id=ids, **columns)
    model.next_id += n
    if model.next_id > model.row_of_id.size:
        grown = np.full(model.next_id + model.next_id // 4 + 16, NONE, np.int32)
        grown[: model.row_of_id.size] = model.row_of_id
        model.row_of_id = grown
    where = np.arange(rows.start, rows.stop, dtype=np.int32)
    model.row_of_id[ids] = where
    return where


def join(model: QuartierModel, rows: np.ndarray, households: np.ndarray) -> None:
    """Let people leave where they live, if they live anywhere, and join households (one per row).

    Who thereby leaves a dwelling or an institution of another Quartier is counted there and here as a move.
    """
    p, h = model.people, model.households
    rows, households = rows.astype(np.int32), households.astype(np.int32)
    # first, so that a home entered and left in one go is never taken for empty
    counts = (model.events["moves_out"], model.events["moves_in"])
    _expect(rows, households, p.household, p.quartier, h.quartier, h.size, h.kind, h.dwelling, *counts)
    _leave_households(model, rows)
    _enter(
        rows,
        households,
        p.household,
        p.next_member,
        p.quartier,
        h.quartier,
        h.kind,
        h.first_member,
        changed_homes(model),
    )


@nb.njit(cache=True)
def _furnish(rows, quartiere, its_kind, now, dwelling, first, size, reason, wait_since, quartier, kind, moved_at):
    for k in range(rows.size):
        h = rows[k]
        dwelling[h], first[h], size[h], reason[h], wait_since[h] = -1, -1, 0, 0, 0
        quartier[h], kind[h], moved_at[h] = quartiere[k], its_kind, now


def found(model: QuartierModel, quartiere: np.ndarray, kind: Kind = Kind.PRIVATE) -> np.ndarray:
    """New, still empty households without a dwelling, one per entry of ``quartiere``; returns their rows (i32)."""
    n = quartiere.size
    free = model.empty_households
    last = len(free) - min(n, len(free))
    reused = np.array(free[last:], np.int32)[::-1]  # the last emptied first
    del free[last:]
    fresh = model.households.append(n - reused.size)
    rows = np.concatenate((reused, np.arange(fresh.start, fresh.stop, dtype=np.int32)))
    h = model.households
    columns = (h.dwelling, h.first_member, h.size, h.reason, h.wait_since, h.quartier, h.kind, h.moved_at)
    _furnish(rows, quartiere.astype(np.uint16), np.uint8(kind), np.uint16(model.now), *columns)
    return rows


def settle(model: QuartierModel, households: np.ndarray, dwellings: np.ndarray) -> None:
    """Let households move, each with all its members, into vacant dwellings (one each).

    The dwelling left behind is vacant and enters the market in the next step. People who leave a dwelling of another Quartier
    are counted as moves.
    """
    p, h, d = model.people, model.households, model.dwellings
    columns = (h.dwelling, h.first_member, h.quartier, h.moved_at, h.reason, h.wait_since)
    _carry(
        households.astype(np.int32), dwellings.astype(np.int32), np.uint16(model.now), columns, d.household, d.quartier,
        p.next_member, p.quartier, changed_homes(model), model.events["moves_out"], model.events["moves_in"],
    )  # fmt: skip


@nb.njit(cache=True)
def _part(rows, how, now, present, row_of_id, partner, state, since, former, leads, plan):
    """Take the mark of presence from people, and dissolve their unions with the partner who stays."""
    other = np.empty(rows.size, np.int32)
    for k in range(rows.size):  # without a branch, so that the lookups for many people overlap
        j = row_of_id[np.uint32(max(partner[rows[k]], 0))]
        other[k] = j if partner[rows[k]] >= 0 else -2
        present[rows[k]] = 0
    for q in range(rows.size):
        i, j = rows[q], other[q]
        if j == -2:
            continue
        pair = (i, j) if j >= 0 and present[j] else (i, i)
        for k in pair:
            partner[k], state[k], since[k], former[k], leads[k] = -1, 0, now, how, 0
            if plan[k] == 3:
                plan[k] = 0


def remove(model: QuartierModel, rows: np.ndarray, died: bool, abroad: np.ndarray | None = None) -> None:
    """Take people out of the town, by death or by leaving it; links of those who stay are kept right.

    A partner who stays is widowed (death) or separated (leaving). A living child who leaves is counted in the
    parents' `kin_away`, farther away if ``abroad`` (bool per row) says so. Kin links (mother, father) of those who stay
    keep the id: it points to nobody present.
    """
    p, where = model.people, model.row_of_id
    rows = rows.astype(np.int32)
    _leave_households(model, rows)
    how = np.uint8(Former.WIDOWED if died else Former.SEPARATED)
    couple = (p.partner, p.union_state, p.union_since, p.former_union, p.leads, p.plan)
    _part(rows, how, np.uint16(model.now), p.present, where, *couple)
    if not died:
        count_leavers(model, rows, abroad)


def end_unions(model: QuartierModel, rows: np.ndarray, how: Former) -> None:
    """Dissolve the unions of these people, each couple named once or twice; both sides become unpartnered."""
    p = model.people
    other = model.rows_of(p.partner[rows])
    both = distinct(np.concatenate((rows, other[other >= 0])))
    p.partner[both], p.union_state[both], p.union_since[both] = NONE, Union.NONE, model.now
    p.former_union[both], p.leads[both] = how, 0
    p.plan[both[p.plan[both] == Plan.JOIN_PARTNER]] = Plan.NONE
    changed_homes(model)[p.household[both]] = 1


def unite(model: QuartierModel, first: np.ndarray, second: np.ndarray, married: np.ndarray) -> None:
    """Make couples of two arrays of rows; ``married`` (bool) says which start as a marriage. Who lives where is not touched.

    The leaders are kept until the end of the step: they draw for two from now on (`shortlist`).
    """
    first, second = first.astype(np.int32), second.astype(np.int32)
    unite_arrivals(model, first, second, married, np.zeros(first.size, np.int64))
    step, leaders = model.united
    leaders = leaders if step == model.now else []
    leaders.append(np.where(model.people.leads[first] == 1, first, second))
    model.united = (model.now, leaders)


@nb.njit(cache=True)
def _marry(first, second, married, since, key, id_, sex, partner, state, begun, wed, seek, leads):
    for k in range(first.size):
        a, b = first[k], second[k]
        first_leads = key[a] < key[b] if sex[a] == sex[b] else sex[a] == 1
        leads[a], leads[b] = first_leads, not first_leads
        partner[a], partner[b] = id_[b], id_[a]
        for i in (a, b):
            state[i], begun[i], wed[i], seek[i] = 1 + married[k], since[k], since[k] if married[k] else 0, 0


def unite_arrivals(
    model: QuartierModel, first: np.ndarray, second: np.ndarray, married: np.ndarray, quarters_ago: np.ndarray
) -> None:
    """Couples who arrive together and have been a couple for some time (in quarters)."""
    p = model.people
    since = np.maximum(model.now - quarters_ago, 1)
    union = (p.partner, p.union_state, p.union_since, p.married_since, p.seek_until, p.leads)
    _marry(first, second, married, since, p.key, p.id, p.sex, *union)
    for rows in (first, second):
        changed_homes(model)[p.household[rows]] = 1


def name_leaders(people: Table, first: np.ndarray, second: np.ndarray) -> None:
    """Say who draws for each couple: the woman in a couple of two sexes, else the smaller key."""
    same = people.sex[first] == people.sex[second]
    first_leads = np.where(same, people.key[first] < people.key[second], people.sex[first] == Sex.FEMALE)
    people.leads[first], people.leads[second] = first_leads, ~first_leads


@nb.njit(cache=True)
def _followers(leaders, household, size, first, following, id_, role, mother, father, birth, youngest_birth):
    """Leaders, and their children who live in their household as children, born after ``youngest_birth``.

    Returns their order (by row, then oneself before one's parents, the mother before the father, else as found) and the
    leader of each, as found.
    """
    homes, n, m = fetch(household, leaders), leaders.size, 0
    members, at, who = fetch(size, homes), fetch(first, homes), np.empty(n, np.uint32)
    most = members.sum()
    order, leader = np.empty(most, np.uint64), np.empty(most, np.int64)
    child, parent = np.empty(most + 1, np.int32), np.empty(most + 1, np.uint32)
    for j in range(leaders.size):
        order[j], leader[j] = (np.uint64(leaders[j]) << np.uint64(33)) | np.uint64(j), j
        at[m], who[m] = at[j], j
        m += (members[j] > 1) & (at[j] >= 0)
    children = 0
    while m > 0:  # one member of each household after the other, so that the reads overlap
        roles, births, after = fetch(role, at[:m]), fetch(birth, at[:m]), fetch(following, at[:m])
        last, m = m, 0
        for j in range(last):
            child[children], parent[children] = at[j], who[j]
            children += (roles[j] == 1) & (births[j] > youngest_birth)
            at[m], who[m] = after[j], who[j]
            m += after[j] >= 0
    for c in range(children):
        i, m = leaders[parent[c]], child[c]
        if m == i or (mother[m] != id_[i] and father[m] != id_[i]):
            continue
        stays = False
        if role[i] == 3:  # separated, still here: the children in common stay with the other parent
            other, k = father[m] if mother[m] == id_[i] else mother[m], first[homes[parent[c]]]
            while k >= 0:
                stays |= other >= 0 and id_[k] == other and role[k] != 3
                k = following[k]
        if not stays:
            after_parents = np.uint64(2) | np.uint64(mother[m] != id_[i])
            order[n] = (np.uint64(m) << np.uint64(33)) | (after_parents << np.uint64(31)) | np.uint64(n)
            leader[n] = parent[c]
            n += 1
    return order[:n], leader[:n]


@nb.njit(cache=True)
def _each_once(order, found_by, rows, leader):
    n = 0
    for k in range(order.size):
        row = np.int64(order[k] >> np.uint64(33))
        if n == 0 or rows[n - 1] != row:
            rows[n], leader[n] = row, found_by[np.int64(order[k] & np.uint64(0x7FFFFFFF))]
            n += 1
    return n


def with_children(model: QuartierModel, leaders: np.ndarray, under: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """People and the own children who live with them as children (all, or those under an age).

    A child who is a leader too, goes alone; a child of two leaders goes with the mother. Who is separated and has not
    moved out yet (`Role.OTHER`), leaves the children in common with the other parent.

    Returns
    -------
    rows : i32, leaders and children, each once, in ascending order.
    leader : i64, position in ``leaders`` of the one each row belongs to.
    """
    p, h = model.people, model.households
    oldest = np.int64(-1) if under is None else np.int64(model.now - 4 * under)
    columns = (p.household, h.size, h.first_member, p.next_member, p.id, p.role, p.mother, p.father, p.birth)
    order, found_by = _followers(leaders.astype(np.int32), *columns, oldest)
    order.sort()
    rows, leader = np.empty(order.size, np.int32), np.empty(order.size, np.int64)
    n = _each_once(order, found_by, rows, leader)
    return rows[:n], leader[:n]


MOST_GONE = 1 / 8
"""Share of rows without a present person from which the table is worth compacting (speed only, no result depends on it).

Asked at the end of a year: with fewer gone, one more year of arrivals fits into the spare rows, a quarter of the start population.
"""


def many_gone(model: QuartierModel) -> bool:
    """Whether so many people have died or left that their rows should be dropped."""
    return int(np.count_nonzero(model.people.present == 0)) > MOST_GONE * len(model.people)


@nb.njit(cache=True)
def _number(ids, row_of_id):
    for i in range(ids.size):
        row_of_id[ids[i]] = i


@nb.njit(cache=True)
def _stay(present, ids, row_of_id, rows, place):
    """Rows of those present, and where each row (plus one) will be; the ids of the others are forgotten."""
    n = 0
    place[0] = -1
    for i in range(present.size):
        rows[n], place[i + 1] = i, n
        n += present[i]
        if present[i] == 0:
            row_of_id[ids[i]] = -1
    return n


@nb.njit(cache=True)
def _point(pointer, place):
    for i in range(pointer.size):
        pointer[i] = place[np.uint32(pointer[i] + 1)]


def compact(model: QuartierModel) -> None:
    """Drop the rows of those who died or left. The others keep their order: each column is read and written once, front to back."""
    p = model.people
    rows, place = np.empty(len(p) + 1, np.int32), np.empty(len(p) + 1, np.int32)
    n = _stay(p.present, p.id, model.row_of_id, rows, place)
    p.keep(rows[:n])
    _number(p.id, model.row_of_id)
    _point(p.next_member, place)
    _point(model.households.first_member, place)
