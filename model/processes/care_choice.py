"""What people in need want, as tables: a nursing home, a home care service, day care (model-care.md 4.2).

Every choice is a table of probabilities by the few traits it depends on, worked out once from the parameters, so that a
step looks a probability up instead of computing it. None of them is a quota of an age: age works by grade, dementia,
widowhood, the age of children and the health of partners; two small slopes are the remainder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from ..care_hazards import GRADES
from ..columns import Former, Sex, Union
from ..rates import probability, threshold
from ..thresholds import AGES, pad_ages
from .care_carers import Carer, Cases

if TYPE_CHECKING:
    from ..model import QuartierModel
    from ..rates import RateBook

PARENTS: Final = len(Carer)
"""Column of the choice of a service for people whom a parent in the household cares for."""


class Choices(NamedTuple):
    """Probabilities (float64) and thresholds (32 bits) of all choices, and the hours they are about.

    ``home`` [situation, lone man, dementia * 5 + grade - 1, age], a nursing home. ``service`` [situation or `PARENTS`,
    dementia * 5 + grade - 1]. ``day`` [dementia * 5 + grade - 1, age], day care. ``need`` [dementia, sex, age, grade - 1],
    core hours per week that somebody must give. ``capped``: the same, at most the direct hours per week of a service.
    ``parents_until``: age up to which parents count in the choice of a service. ``redraw``, ``short``: thresholds of
    thinking anew about a home and of a stay in short-term care. ``on_home``: factor of day care on the wish for a home.
    """

    home: np.ndarray
    service: np.ndarray
    day: np.ndarray
    need: np.ndarray
    capped: np.ndarray
    parents_until: float
    redraw: int
    short: int
    on_home: float


def _expit(v: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-v))


def choices_of(model: QuartierModel) -> Choices:
    """The choices by the parameters of this run."""
    return model.rates.once(_choices)


def _choices(r: RateBook) -> Choices:
    need = _need(r)
    return Choices(
        _home(r),
        _service(r),
        _day_care(r),
        need,
        np.minimum(r.parameter("care_service_hours"), need),
        r.parameter("care_parents_service_until"),
        int(threshold(probability(r.parameter("care_home_taste_redraw")))),
        int(threshold(probability(r.parameter("care_short_term_stays")))),
        r.parameter("care_day_care_on_home"),
    )


def _by_grade_and_dementia(r: RateBook, choice: str) -> np.ndarray:
    table = np.array([r.parameter(f"care_{choice}_grade_{g + 1}") for g in range(GRADES)])
    table = np.concatenate((table, table + r.parameter(f"care_{choice}_dementia")))
    return table + r.parameter(f"care_{choice}_state_shift")


def _home(r: RateBook) -> np.ndarray:
    """``v = a_grade + b_carer + dementia + age terms below 60 and above 85 + men who never married or separated and have
    no carer in the household + the state's shift``."""
    carer = np.array([r.parameter("care_home_carer_in_household"), r.parameter("care_home_child_within_reach"), 0.0])
    ages = np.arange(AGES)
    by_age = r.parameter("care_home_per_decade_below_60") * np.maximum(60 - ages, 0) / 10
    by_age += r.parameter("care_home_per_decade_above_85") * np.maximum(np.minimum(ages, 100) - 85, 0) / 10
    v = (_by_grade_and_dementia(r, "home") + carer[:, None])[:, :, None] + by_age
    return np.stack((_expit(v), _expit(v + r.parameter("care_home_lone_man"))), axis=1)


def _service(r: RateBook) -> np.ndarray:
    carer = [r.parameter(f"care_service_{who}") for who in ("carer_in_household", "child_within_reach")]
    carer += [0.0, r.parameter("care_service_parents_below_50")]
    return _expit(_by_grade_and_dementia(r, "service") + np.array(carer)[:, None])


def _day_care(r: RateBook) -> np.ndarray:
    grade = np.array([-np.inf] + [r.parameter(f"care_day_care_grade_{g}") for g in range(2, GRADES + 1)])
    both = np.concatenate((grade, grade + r.parameter("care_day_care_dementia")))
    younger = np.minimum(np.maximum(75 - np.arange(AGES), 0) / 10, 2)
    return _expit(both[:, None] + r.parameter("care_day_care_per_decade_below_75") * younger)


def _need(r: RateBook) -> np.ndarray:
    core = np.array([r.parameter(f"care_need_hours_{g + 1}") for g in range(GRADES)])
    factor = r.parameter("care_need_dementia_factor")
    share = np.moveaxis(pad_ages(np.moveaxis(r["dementia_share"].values, 1, 2)), 2, 1)[:, :, 1:]
    return core * np.array([1.0, factor])[:, None, None, None] / (1 + (factor - 1) * share)


def _cell(cases: Cases) -> np.ndarray:
    return cases.demented * np.int64(GRADES) + cases.grade - 1


def wish_for_home(model: QuartierModel, cases: Cases, situation: np.ndarray) -> np.ndarray:
    """Probability (float64 per case) that a person in need wants a place in a nursing home."""
    p, rows = model.people, cases.rows
    alone = (p.union_state[rows] == Union.NONE) & (p.former_union[rows] != Former.WIDOWED)
    lone_man = (p.sex[rows] == Sex.MALE) & alone & (situation != Carer.IN_HOUSEHOLD)
    age = np.minimum(cases.age, AGES - 1)
    return choices_of(model).home[situation, lone_man.astype(np.int64), _cell(cases), age]


def wish_for_service(model: QuartierModel, cases: Cases, situation: np.ndarray, parents: np.ndarray) -> np.ndarray:
    """Probability (float64 per case) that a person in need who lives at home wants a home care service."""
    choices = choices_of(model)
    young = parents & (cases.age < choices.parents_until)
    return choices.service[np.where(young, PARENTS, situation), _cell(cases)]


def wish_for_day_care(model: QuartierModel, cases: Cases) -> np.ndarray:
    """Probability (float64 per case) that a person at home wants day care; none in grade 1."""
    return choices_of(model).day[_cell(cases), np.minimum(cases.age, AGES - 1)]


def need_hours(model: QuartierModel, cases: Cases) -> np.ndarray:
    """Core hours per week (float64 per case) that somebody must give, by grade and dementia (model-care.md 2)."""
    age = np.minimum(cases.age, AGES - 1)
    return choices_of(model).need[cases.demented, model.people.sex[cases.rows], age, cases.grade - np.int64(1)]
