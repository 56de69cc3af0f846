"""Care need at the start: Pflegegrad and dementia by person, with numbers that are right (model-care.md 1.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..care_hazards import AGES, GRADES, care_prevalence
from ..columns import DEMENTIA_BIT, Kind, Role
from ..controlled_counts import choose, largest_remainder, numbers_per_cell
from ..dementia import usual_shares
from ..frailty import frail_shares
from ..luck import Decision
from ..timeline import year_of

if TYPE_CHECKING:
    from ..model import QuartierModel

GROUPS = 2 * AGES // 5
"""Sex times 5-year age group."""


def groups(sex: np.ndarray, age: np.ndarray) -> np.ndarray:
    """Group (i64, 0 .. GROUPS - 1) of people by sex and 5-year age group; ages 0..109."""
    return sex.astype(np.int64) * (AGES // 5) + age // 5


def residents(model: QuartierModel) -> np.ndarray:
    """Who lives in a nursing home (bool per person)."""
    p = model.people
    home = model.households.kind[np.maximum(p.household, 0)] == Kind.NURSING_HOME
    return home & (p.role == Role.RESIDENT) & (p.present == 1)


def choose_by_table(
    model: QuartierModel, rows: np.ndarray, p: np.ndarray, decision: Decision, beforehand: np.ndarray
) -> np.ndarray:
    """Who of ``rows`` has a trait of probability ``p``, in right numbers; those named ``beforehand`` have it anyway.

    Per sex and 5-year age group of the town the number is the sum of ``p`` (largest remainder), those named beforehand
    included; the rest is spread over the Quartiere in proportion to the sum of ``p`` of those not named.
    """
    people = model.people
    group = groups(people.sex[rows], np.clip(model.ages(rows), 0, AGES - 1))
    expected = np.bincount(group, p, minlength=GROUPS)
    wanted = largest_remainder(expected, round(float(expected.sum())))
    others = np.flatnonzero(~beforehand)
    wanted = np.maximum(wanted - np.bincount(group[beforehand], minlength=GROUPS), 0)
    cell = people.quartier[rows[others]].astype(np.int64) * GROUPS + group[others]
    cells = model.n_quartiere * GROUPS
    numbers = numbers_per_cell(cell, p[others], cells, np.arange(cells) % GROUPS, wanted)
    u = model.luck.uniform(decision, model.now, people.key[rows[others]])
    has = beforehand.copy()
    has[others] = choose(cell, p[others], numbers, u)
    return has


def _whole(exact: np.ndarray, n: int, carried: np.ndarray) -> np.ndarray:
    """``n`` people by grade near ``exact``; what rounding leaves over is carried (in place) to the next group."""
    if n == 0:
        return np.zeros(GRADES, np.int64)
    wanted = np.maximum(exact / exact.sum() * n + carried, 0) + 1e-9
    out = largest_remainder(wanted, n)
    carried[:] = wanted - out
    return out


def _grades(model: QuartierModel, rows: np.ndarray, shares: np.ndarray, resident: np.ndarray) -> np.ndarray:
    """Grades (i64, 1..5) of people in need: residents by the mix of homes, the others so that the table is met."""
    p = model.people
    mix = np.array([model.rates.parameter(f"care_resident_grade_{g + 1}") for g in range(GRADES)])
    group = groups(p.sex[rows], np.clip(model.ages(rows), 0, AGES - 1))
    lottery = model.luck.uniform(Decision.CARE_TARGET, model.now, p.key[rows])
    grade = np.zeros(rows.size, np.int64)
    carried = np.zeros((2, GRADES))
    for g in np.unique(group):
        inside = np.flatnonzero(group == g)
        home, own = inside[resident[inside]], inside[~resident[inside]]
        in_homes = _whole(mix, home.size, carried[0])
        outside = _whole(np.maximum(shares[inside].sum(0) - in_homes, 1e-9), own.size, carried[1])
        for people, numbers in ((home, in_homes), (own, outside)):
            order = people[np.argsort(lottery[people], kind="stable")]
            grade[order] = np.repeat(np.arange(1, GRADES + 1), numbers)
    return grade


def start_need(model: QuartierModel) -> None:
    """Give every person a grade and dementia; does nothing where the start population already has them.

    Residents of nursing homes all have a grade. The numbers in need are those of the prevalence table by sex and 5-year
    age group, in the town exactly and in the Quartiere by largest remainder.
    """
    p = model.people
    if p.care.any():
        return
    rows = np.flatnonzero(p.present == 1)
    age = np.clip(model.ages(rows), 0, AGES - 1)
    table = care_prevalence(model.rates, year_of(model.now))[p.sex[rows], age]
    in_home = residents(model)[rows]
    has = choose_by_table(model, rows, 1 - table[:, 0], Decision.START_CARE, in_home)
    grade = np.zeros(rows.size, np.int64)
    conditional = table[has, 1:] / table[has, 1:].sum(1)[:, None]
    grade[has] = _grades(model, rows[has], conditional, in_home[has])
    p.care[rows] = grade + DEMENTIA_BIT * _demented(model, rows, age, grade, in_home)


def _demented(
    model: QuartierModel, rows: np.ndarray, age: np.ndarray, grade: np.ndarray, in_home: np.ndarray
) -> np.ndarray:
    """Dementia by sex, age and grade; among residents more often, as homes take in more of the demented."""
    homes = bool(in_home.any())
    sex = model.people.sex[rows]
    year = year_of(model.now)
    share = usual_shares(model.rates, year)[sex, age, grade]
    lives = frail_shares(model.rates, year, year)[sex, age, np.maximum(grade, 1) - 1]
    here = np.where(in_home[:, None], lives, 1 - lives)
    whole = share * here[:, 1] + (1 - share) * here[:, 0]
    given = np.where(homes & (grade > 0) & (whole > 0), share * here[:, 1] / np.where(whole > 0, whole, 1), share)
    return model.luck.uniform(Decision.START_DEMENTIA, model.now, model.people.key[rows]) < given
