"""The recorder: looks at the town after every step and counts it into preallocated tables.

Quarterly tables cost one compiled pass over a few narrow columns; yearly tables a second one. Neither changes the town.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numba as nb
import numpy as np

from ..model import households as verbs
from ..model.care_places_needed import Wishes
from ..model.columns import CARE_GRADE_BITS, DISABILITY_CARD_BIT, Kind, Role, Setting
from ..model.kin import kin_counts
from ..model.timeline import STEPS_PER_YEAR, is_year_end
from .care_recorder import record_care, record_places_needed, record_staff
from .labels import run_sizes, year_ends
from .schema import (
    AGE_BIN_STARTS,
    CARE_AGE_STARTS,
    CARE_GRADES,
    CHILDCARE_BANDS,
    DIMENSION,
    DISABILITY_AGE_STARTS,
    HOUSEHOLD_SIZES,
    HOUSEHOLD_TYPES,
    INDICATORS,
    ROOMS,
    TABLES,
)

if TYPE_CHECKING:
    from ..model.model import QuartierModel

OLDEST: Final = 160
"""Ages in years that the lookup tables cover; older people fall into the last, open group."""

_TYPE: Final = {label.id: i for i, label in enumerate(HOUSEHOLD_TYPES)}
_ALONE, _OLD, _COUPLE, _FAMILY, _LONE, _OTHER, _INSTITUTION = (
    _TYPE[name]
    for name in (
        "alone_under_65",
        "alone_65_plus",
        "couple_without_children",
        "couple_with_children",
        "lone_parent",
        "other",
        "institution",
    )
)
_PRIVATE, _CHILD, _PENSION_AGE = int(Kind.PRIVATE), int(Role.CHILD), 65
_GRADE, _CARD, _RESIDENTIAL = CARE_GRADE_BITS, DISABILITY_CARD_BIT, int(Setting.RESIDENTIAL_CARE)
_EMPTY: Final = 255

_INDICATOR: Final = {indicator.id: i for i, indicator in enumerate(INDICATORS)}
_SERVICE: Final = {name: i for i, name in enumerate(DIMENSION["service"].ids)}
_MEASURE: Final = {name: i for i, name in enumerate(DIMENSION["measure"].ids)}


@nb.njit(cache=True)
def _count_states(quartier, present, care, setting, disability, counts):
    """Count people by Quartier and three flags: needs care, is cared for in a home, holds a disability card.

    ``counts`` i64 [2, quartiere * 8]: neighbours in the table go to alternating halves, so that an addition need not
    wait for the one before it, which mostly hits the same cell.
    """
    n = quartier.size
    for i in range(n):
        needs = np.uint32((care[i] & _GRADE) != 0)
        resides = needs & np.uint32(setting[i] == _RESIDENTIAL)
        holds = np.uint32(disability[i] & _CARD)
        cell = np.uint32(quartier[i]) * np.uint32(8) + needs + np.uint32(2) * resides + np.uint32(4) * holds
        counts[i & 1, cell] += present[i]


@nb.njit(cache=True)
def _count_ages(quartier, present, sex, birth, bin_of, bins, now, counts):
    """Count people by Quartier, sex and age bin into ``counts`` i64 [quartiere * 2 * bins]."""
    last = bin_of.size - 1
    for i in range(quartier.size):
        age = min(now - np.int64(birth[i]), last)
        counts[(np.uint32(quartier[i]) * np.uint32(2) + sex[i]) * np.uint32(bins) + bin_of[age]] += present[i]


@nb.njit(cache=True)
def _count_households(quartier, size, kind, counts):
    """Count private households with members by Quartier."""
    for h in range(quartier.size):
        counts[quartier[h]] += np.int64((size[h] > 0) & (kind[h] == _PRIVATE))


@nb.njit(cache=True)
def _household_types(offset, members, kind, role, partner, household, row_of_id, birth, now, types):
    """The type (u8) of every household; 255 for an empty row.

    A couple are two partners who live together; children are members who live as a child with a parent, at any age.
    """
    for h in range(types.size):
        first, size = offset[h], offset[h + 1] - offset[h]
        if size == 0:
            types[h] = _EMPTY
            continue
        if kind[h] != _PRIVATE:
            types[h] = _INSTITUTION
            continue
        if size == 1:
            old = now - np.int64(birth[members[first]]) >= _PENSION_AGE * STEPS_PER_YEAR
            types[h] = _OLD if old else _ALONE
            continue
        couple, children = False, 0
        for j in range(first, first + size):
            i = members[j]
            children += role[i] == _CHILD
            if partner[i] >= 0:
                other = row_of_id[partner[i]]
                couple |= other >= 0 and household[other] == h
        if couple:
            types[h] = _FAMILY if children else _COUPLE
        else:
            types[h] = _LONE if children == size - 1 else _OTHER


def _group_of_age(starts: tuple[float, ...]) -> np.ndarray:
    """Index (u8) of the group an age in quarters belongs to, given the groups' lower ends in years."""
    ages = np.arange(OLDEST * STEPS_PER_YEAR) / STEPS_PER_YEAR
    return (np.searchsorted(np.asarray(starts, float), ages, side="right") - 1).astype(np.uint8)


def _table(*keys: tuple[np.ndarray, int]) -> np.ndarray:
    """Count rows by several keys, each with the number of its values; i64 with one dimension per key."""
    cell = np.zeros(keys[0][0].size, np.int64)
    for key, n in keys:
        cell = cell * n + key
    shape = tuple(n for _, n in keys)
    return np.bincount(cell, minlength=int(np.prod(shape))).reshape(shape)


def childcare(model: QuartierModel) -> dict[str, np.ndarray]:
    """Children, need, attendance, waiting and places (i64 [quartiere, 2]: under 3, three to school)."""
    from ..model.processes.childcare import childcare_counts

    return childcare_counts(model)


def housing(model: QuartierModel) -> dict[str, np.ndarray]:
    """Households, dwellings, vacant, waiting and needed (i64 [quartiere])."""
    from ..model.processes.moves import housing_counts

    return housing_counts(model)


class Recorder:
    """Fills the tables of one (scenario, replicate) while the model runs.

    Parameters
    ----------
    model : the town at its start; the start is the first date of the tables.
    until : last absolute quarter that will be observed.
    saved : what another recorder had seen (`save`) of the life that the model goes on with.

    Examples
    --------
    >>> recorder = record(model, until=8171)  # doctest: +SKIP
    >>> model.run(until=8171)  # doctest: +SKIP
    >>> recorder.tables()["population"].sum()  # doctest: +SKIP
    """

    def __init__(self, model: QuartierModel, until: int, saved: Mapping[str, np.ndarray] | None = None) -> None:
        self._until = until
        self._start = model.now if saved is None else model.start_step
        self._observed = 0 if saved is None else int(saved["observed"])
        sizes = run_sizes(self._start, until, model.n_quartiere)
        self._tables = {t.name: np.zeros(t.shape(sizes), t.dtype) for t in TABLES}
        if saved is not None:
            for name, table in self._tables.items():
                table[:] = saved[name]
        self._rates, self._wishes = model.rates, Wishes()
        if saved is not None:
            self._wishes.restore(saved)
        self._first_year = (year_ends(self._start, until) or [0])[0]
        self._bins = _group_of_age(AGE_BIN_STARTS)
        self._care_groups = _group_of_age(CARE_AGE_STARTS)
        self._disability_groups = _group_of_age(DISABILITY_AGE_STARTS)

    def observe(self, model: QuartierModel) -> None:
        """Count the town as it is now; call once at the start and after every step (as an observer)."""
        t = model.now - self._start
        if t != self._observed or model.now > self._until:
            raise RuntimeError(f"step {model.now} observed out of turn; expected {self._start + self._observed}")
        self._quarterly(model, t)
        if is_year_end(model.now):
            self._yearly(model, model.now // STEPS_PER_YEAR - self._first_year)
        self._observed += 1

    def tables(self) -> dict[str, np.ndarray]:
        """All tables by name (int32), once every step has been observed.

        Raises
        ------
        RuntimeError : steps are missing.
        """
        expected = self._until - self._start + 1
        if self._observed != expected:
            raise RuntimeError(f"only {self._observed} of {expected} steps were observed")
        record_places_needed(self._wishes, self._tables["places_needed"], self._first_year, self._start)
        record_staff(self._rates, self._tables, self._first_year, self._start)
        return self._tables

    def save(self) -> dict[str, np.ndarray]:
        """What has been seen so far: copies of all tables, and ``observed``, the number of dates seen."""
        seen = {name: table.copy() for name, table in self._tables.items()} | {"observed": np.array(self._observed)}
        return seen | self._wishes.save()

    def _quarterly(self, model: QuartierModel, t: int) -> None:
        indicators = self._tables["indicators"][t]
        for name, values in (_people(model) | _households(model)).items():
            indicators[:, _INDICATOR[name]] = values
        self._childcare(model, t)
        self._housing(model, t)
        record_care(model, self._tables, t)
        self._wishes.look(model)
        if t > 0:  # at the start nothing has happened yet
            for e, name in enumerate(DIMENSION["event"].ids):
                self._tables["events"][t, :, e] = model.events[str(name)]

    def _childcare(self, model: QuartierModel, t: int) -> None:
        counts = childcare(model)
        served = counts["attending"] + counts["attending_outside"]
        shown = {
            "children": counts["children"],
            "need": counts["need"],
            "attending": served,
            "waiting": counts["waiting"],
            "places": counts["places"],
        }
        measures = {
            "need": counts["need"],
            "served": served,
            "waiting": counts["waiting"],
            "unserved": np.maximum(counts["need"] - served, 0),
            "places": counts["places"],
            "operable": counts["operable"],
        }
        for b, band in enumerate(CHILDCARE_BANDS):
            for name, values in shown.items():
                self._tables["indicators"][t, :, _INDICATOR[f"childcare_{name}_{band}"]] = values[:, b]
            for name, values in measures.items():
                self._tables["services"][t, :, _SERVICE[f"childcare_{band}"], _MEASURE[name]] = values[:, b]

    def _housing(self, model: QuartierModel, t: int) -> None:
        counts = housing(model)
        shown = {
            "dwellings": counts["dwellings"],
            "dwellings_vacant": counts["vacant"],
            "dwellings_needed": counts["needed"],
            "households_waiting": counts["waiting"],
        }
        for name, values in shown.items():
            self._tables["indicators"][t, :, _INDICATOR[name]] = values
        measures = {
            "need": counts["needed"],
            "served": counts["dwellings"] - counts["vacant"],
            "waiting": counts["waiting"],
            "unserved": counts["waiting"],
            "places": counts["dwellings"],
            "operable": counts["dwellings"],
        }
        for name, values in measures.items():
            self._tables["services"][t, :, _SERVICE["housing"], _MEASURE[name]] = values

    def _yearly(self, model: QuartierModel, y: int) -> None:
        tables = self._tables
        p, n, bins = model.people, model.n_quartiere, len(AGE_BIN_STARTS)
        counts = np.zeros(n * 2 * bins, np.int64)
        _count_ages(p.quartier, p.present, p.sex, p.birth, self._bins, bins, model.now, counts)
        tables["population"][y] = counts.reshape(n, 2, bins)
        tables["care"][y] = _care(model, self._care_groups)
        tables["kin"][y] = kin_counts(model)
        tables["disability"][y] = _disability(model, self._disability_groups)
        tables["households"][y], tables["household_size"][y] = _types_and_sizes(model)
        d = model.dwellings
        rooms = np.clip(d.rooms, ROOMS[0], ROOMS[-1]).astype(np.int64) - ROOMS[0]
        tables["dwellings"][y] = _table((d.quartier, n), (rooms, len(ROOMS)), (d.household < 0, 2))


def record(model: QuartierModel, until: int, saved: Mapping[str, np.ndarray] | None = None) -> Recorder:
    """Make a recorder, let it observe the start and every step to come; or go on with what another one had seen."""
    recorder = Recorder(model, until, saved)
    if saved is None:
        recorder.observe(model)
    model.observers.append(recorder.observe)
    return recorder


def _people(model: QuartierModel) -> dict[str, np.ndarray]:
    p = model.people
    halves = np.zeros((2, model.n_quartiere * 8), np.int64)
    _count_states(p.quartier, p.present, p.care, p.setting, p.disability, halves)
    counts = halves.sum(axis=0).reshape(model.n_quartiere, 2, 2, 2)  # card, home, care
    return {
        "persons": counts.sum(axis=(1, 2, 3)),
        "care_recipients": counts[:, :, :, 1].sum(axis=(1, 2)),
        "care_residential": counts[:, :, 1, :].sum(axis=(1, 2)),
        "severely_disabled": counts[:, 1].sum(axis=(1, 2)),
    }


def _households(model: QuartierModel) -> dict[str, np.ndarray]:
    h = model.households
    counts = np.zeros(model.n_quartiere, np.int64)
    _count_households(h.quartier, h.size, h.kind, counts)
    return {"households": counts}


def _care(model: QuartierModel, group_of_age: np.ndarray) -> np.ndarray:
    p = model.people
    rows = np.flatnonzero(((p.care & CARE_GRADE_BITS) > 0) & (p.present == 1))
    return _table(
        (p.quartier[rows], model.n_quartiere),
        (p.sex[rows], 2),
        (_groups(model, rows, group_of_age), len(CARE_AGE_STARTS)),
        ((p.care[rows] & CARE_GRADE_BITS).astype(np.int64) - 1, len(CARE_GRADES)),
        (p.setting[rows], len(DIMENSION["setting"].labels)),
    )


def _disability(model: QuartierModel, group_of_age: np.ndarray) -> np.ndarray:
    p = model.people
    rows = np.flatnonzero(((p.disability & DISABILITY_CARD_BIT) > 0) & (p.present == 1))
    return _table(
        (p.quartier[rows], model.n_quartiere),
        (p.sex[rows], 2),
        (_groups(model, rows, group_of_age), len(DISABILITY_AGE_STARTS)),
    )


def _groups(model: QuartierModel, rows: np.ndarray, group_of_age: np.ndarray) -> np.ndarray:
    ages = model.now - model.people.birth[rows].astype(np.int64)
    return group_of_age[np.minimum(ages, group_of_age.size - 1)]


def _types_and_sizes(model: QuartierModel) -> tuple[np.ndarray, np.ndarray]:
    p, h = model.people, model.households
    offset, members = verbs.members(model)
    types = np.empty(len(h), np.uint8)
    _household_types(
        offset, members, h.kind, p.role, p.partner, p.household, model.row_of_id, p.birth, model.now, types
    )
    lived_in = np.flatnonzero(types != _EMPTY)
    by_type = _table((h.quartier[lived_in], model.n_quartiere), (types[lived_in], len(HOUSEHOLD_TYPES)))
    private = lived_in[types[lived_in] != _INSTITUTION]
    sizes = np.minimum(np.diff(offset)[private], HOUSEHOLD_SIZES[-1]) - 1
    return by_type, _table((h.quartier[private], model.n_quartiere), (sizes, len(HOUSEHOLD_SIZES)))
