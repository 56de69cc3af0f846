"""The setting of care: at home by the family, at home with a service, or in a nursing home (model-care.md 4.2).

First version. Every quarter each person in need decides anew between two nested choices with tastes that stay: a place
in a nursing home, else a home care service. Nursing homes have no limit yet, because the regions list no care
facilities: whoever wants a place gets one, in the Quartier or in the nearest one that has a home. There are no shared
flats, no day care and no places outside the town. Whoever lives in a home stays, until death or until no grade is left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from ..care_hazards import GRADES
from ..columns import CARE_GRADE_BITS, FRAIL_BIT, Former, Kind, Reason, Role, Setting, Sex, Union
from ..geography import nearest_first
from ..households import found, join
from ..luck import Decision
from ..process import Process
from ..rates import probability, threshold
from ..screen import happens_to
from ..thresholds import AGES as TABLE_AGES
from .care_carers import Carer, Cases, carer_situation, cases_of
from .care_start import residents
from .repair import repair

if TYPE_CHECKING:
    from ..model import QuartierModel


def _expit(v: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-v))


def _by_grade_and_dementia(model: QuartierModel, choice: str, cases: Cases) -> np.ndarray:
    r = model.rates
    table = np.array([r.parameter(f"care_{choice}_grade_{g + 1}") for g in range(GRADES)])
    table = np.concatenate((table, table + r.parameter(f"care_{choice}_dementia")))
    table += r.parameter(f"care_{choice}_state_shift")
    return table[cases.demented * GRADES + cases.grade - 1]


def wish_for_home(model: QuartierModel, cases: Cases, situation: np.ndarray) -> np.ndarray:
    """Probability (float64 per case) that a person in need wants a place in a nursing home.

    ``v = a_grade + b_carer + dementia + age terms below 60 and above 85 + men who never married or separated and have
    no carer in the household + the state's shift``; no age quota.
    """
    p, r, rows = model.people, model.rates, cases.rows
    carer = np.array([r.parameter("care_home_carer_in_household"), r.parameter("care_home_child_within_reach"), 0.0])
    alone = (p.union_state[rows] == Union.NONE) & (p.former_union[rows] != Former.WIDOWED)
    lone_man = (p.sex[rows] == Sex.MALE) & alone & (situation != Carer.IN_HOUSEHOLD)
    ages = np.arange(TABLE_AGES)
    by_age = r.parameter("care_home_per_decade_below_60") * np.maximum(60 - ages, 0) / 10
    by_age += r.parameter("care_home_per_decade_above_85") * np.maximum(np.minimum(ages, 100) - 85, 0) / 10
    v = _by_grade_and_dementia(model, "home", cases) + carer[situation] + by_age[np.minimum(cases.age, TABLE_AGES - 1)]
    return _expit(v + r.parameter("care_home_lone_man") * lone_man)


def wish_for_service(model: QuartierModel, cases: Cases, situation: np.ndarray, parents: np.ndarray) -> np.ndarray:
    """Probability (float64 per case) that a person in need who lives at home wants a home care service."""
    r = model.rates
    carer = np.array([r.parameter(f"care_service_{who}") for who in ("carer_in_household", "child_within_reach")] + [0])
    young = parents & (cases.age < r.parameter("care_parents_service_until"))
    by_carer = np.where(young, r.parameter("care_service_parents_below_50"), carer[situation])
    return _expit(_by_grade_and_dementia(model, "service", cases) + by_carer)


def _tastes(model: QuartierModel) -> np.ndarray:
    """The taste for a nursing home by person id (float32), with room for all ids."""
    side = model.side.setdefault("arrange_care", {"taste": np.zeros(0, np.float32)})
    if side["taste"].size < model.next_id:
        grown = np.zeros(model.next_id + model.next_id // 4 + 16, np.float32)
        grown[: side["taste"].size] = side["taste"]
        side["taste"] = grown
    return side["taste"]


def _renew_tastes(model: QuartierModel, cases: np.ndarray) -> np.ndarray:
    """Tastes of people in need who live at home: drawn at the start of a spell and anew now and then."""
    p, taste = model.people, _tastes(model)
    redraw = np.full(cases.size, threshold(probability(model.rates.parameter("care_home_taste_redraw"))), np.uint32)
    anew = happens_to(model.luck, model.now, Decision.TASTE_REDRAW, p.key[cases], redraw)
    anew |= p.setting[cases] == Setting.NONE
    rows = cases[anew]
    taste[p.id[rows]] = model.luck.uniform(Decision.TASTE_HOME, model.now, p.key[rows])
    return taste[p.id[cases]]


def _settle_at_home(model: QuartierModel, cases: Cases, situation: np.ndarray, parents: np.ndarray) -> None:
    """Family care or a home care service, by a taste that lasts for life."""
    p = model.people
    taste = model.luck.uniform(Decision.TASTE_SERVICE, 0, p.key[cases.rows])
    with_service = taste < wish_for_service(model, cases, situation, parents)
    p.setting[cases.rows] = np.where(with_service, Setting.HOME_CARE, Setting.FAMILY_CARE).astype(np.uint8)


@nb.njit(cache=True)
def _sort_out(care, setting, present, cases, ended):
    """Rows of those in need who do not live in a nursing home, and of those whose need has ended."""
    n = m = 0
    for i in range(care.size):
        if (care[i] & 7) != 0:
            if setting[i] != 4 and present[i] != 0:
                cases[n] = i
                n += 1
        elif setting[i] != 0 and present[i] != 0:
            ended[m] = i
            m += 1
    return n, m


def arrange_care(model: QuartierModel) -> None:
    """Let everybody in need decide on the setting; those who want a nursing home move into one."""
    p = model.people
    rows, ended = np.empty((2, len(p)), np.int32)
    n, m = _sort_out(p.care, p.setting, p.present, rows, ended)
    _end_arrangements(model, ended[:m])
    cases = cases_of(model, rows[:n])
    situation, parents = carer_situation(model, cases)
    entering = _renew_tastes(model, cases.rows) < wish_for_home(model, cases, situation)
    _settle_at_home(model, cases, situation, parents)
    enter_home(model, cases.rows[entering])


def _end_arrangements(model: QuartierModel, rows: np.ndarray) -> None:
    """Those who have no grade any more: the arrangement ends, residents leave the home and look for a dwelling."""
    p, h = model.people, model.households
    back = rows[p.setting[rows] == Setting.RESIDENTIAL_CARE]
    p.setting[rows] = Setting.NONE
    if back.size == 0:
        return
    partner = model.rows_of(p.partner[back])
    with_partner = (partner >= 0) & (h.kind[p.household[partner]] == Kind.PRIVATE)
    home = np.empty(back.size, np.int32)
    home[with_partner] = p.household[partner[with_partner]]
    new = found(model, p.quartier[back[~with_partner]])
    home[~with_partner] = new
    join(model, back, home)
    h.reason[new], h.wait_since[new] = Reason.NEW_HOUSEHOLD, model.now
    p.role[back] = Role.ADULT


def nursing_home_of(model: QuartierModel, quartiere: np.ndarray) -> np.ndarray:
    """The nursing home (row of households, i32) of each Quartier: its own or the nearest's; founds the town's first."""
    h = model.households
    homes = np.flatnonzero(h.kind == Kind.NURSING_HOME)
    if homes.size == 0:
        homes = found(model, quartiere[:1], Kind.NURSING_HOME)
    own = np.full(model.n_quartiere, -1, np.int32)
    own[h.quartier[homes[::-1]]] = homes[::-1]
    nearest = own.copy()
    for q in np.unique(quartiere[own[quartiere] < 0]):
        near = nearest_first(model.region, int(q))
        nearest[q] = own[near[own[near] >= 0][0]]
    return nearest[quartiere]


def enter_home(model: QuartierModel, rows: np.ndarray) -> None:
    """Let people leave their households for a nursing home; partners stay linked, minors left alone are taken in."""
    if rows.size == 0:
        return
    p = model.people
    rows = rows[np.argsort(p.key[rows])]
    left = p.household[rows]
    model.count("entries_into_residential_care", p.quartier[rows])
    join(model, rows, nursing_home_of(model, p.quartier[rows]))
    p.role[rows], p.setting[rows] = Role.RESIDENT, Setting.RESIDENTIAL_CARE
    p.care[rows] |= FRAIL_BIT
    repair(model, left)


def start_arrangements(model: QuartierModel) -> None:
    """Settings at the start: residents of nursing homes as the start population has them, the others by their tastes.

    Whoever lives at home at the start does not want a place in a home just now, so the taste lies above the wish.
    """
    p = model.people
    if p.setting.any():
        return
    in_home = residents(model)
    p.setting[in_home] = Setting.RESIDENTIAL_CARE
    p.care[in_home] |= FRAIL_BIT
    rows = np.flatnonzero((p.care & CARE_GRADE_BITS > 0) & ~in_home & (p.present == 1)).astype(np.int32)
    cases = cases_of(model, rows)
    situation, parents = carer_situation(model, cases)
    wish = wish_for_home(model, cases, situation)
    u = model.luck.uniform(Decision.TASTE_HOME, model.now, p.key[rows])
    _tastes(model)[p.id[rows]] = wish + (1 - wish) * u
    _settle_at_home(model, cases, situation, parents)


ARRANGE_CARE = Process(
    "arrange_care",
    reads=(
        "people.care",
        "people.birth",
        "people.sex",
        "people.household",
        "people.quartier",
        "people.partner",
        "people.mother",
        "people.father",
        "people.union_state",
        "people.former_union",
        "households.kind",
    ),
    writes=(
        "people.setting",
        "people.care",
        "people.role",
        "households.found",
        "households.join",
        "households.reason",
        "households.wait_since",
    ),
    rates=("care_resident_share", "care_home_state_shift", "care_service_state_shift", "care_home_taste_redraw"),
    step=arrange_care,
    start=start_arrangements,
)
