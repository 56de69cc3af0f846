"""The setting of care: at home by the family, at home with a service, or in a nursing home (model-care.md 4.2).

Every quarter each person in need decides between two nested choices with tastes that stay: a place in a nursing home,
else a home care service. Then places are given (`care_homes`, `care_services`); those refused wait and live at home.
Whoever lives in a home stays, until death or until no grade is left. Shared flats are not modelled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from ..care_facilities import CareFacilities
from ..care_hazards import GRADES
from ..cases import forget, remembered
from ..columns import CARE_GRADE_BITS, FRAIL_BIT, Former, Kind, Reason, Role, Setting, Sex, Union
from ..households import found, join
from ..luck import Decision
from ..process import Process
from ..rates import probability, threshold
from ..screen import happens_to
from ..thresholds import AGES as TABLE_AGES
from ..timeline import STEPS_PER_YEAR
from .care_carers import Carer, Cases, Pairs, able_relatives, carer_situation, cases_of
from .care_homes import occupied, place_in_homes, start_homes
from .care_services import Services, get_services, used_at_start, wanted_services
from .care_start import residents

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


def _renew_tastes(model: QuartierModel, rows: np.ndarray) -> np.ndarray:
    """Tastes (float32) of people in need who live at home: drawn at the start of a spell and anew now and then."""
    p, taste, since = model.people, remembered(model, "taste"), remembered(model, "need_since")
    redraw = np.full(rows.size, threshold(probability(model.rates.parameter("care_home_taste_redraw"))), np.uint32)
    anew = happens_to(model.luck, model.now, Decision.TASTE_REDRAW, p.key[rows], redraw)
    new = since[p.id[rows]] == 0
    since[p.id[rows[new]]] = model.now
    drawn = rows[anew | new]
    taste[p.id[drawn]] = model.luck.uniform(Decision.TASTE_HOME, model.now, p.key[drawn])
    return taste[p.id[rows]]


def _form_wishes(model: QuartierModel, cases: Cases, situation: np.ndarray) -> None:
    """Note who wants a nursing home; a wish stays until the need ends.

    The frail bit follows the wish without day care, so that no place of any service changes it. Guests of day care want
    a home by the factor `care_day_care_on_home` as often (evidence C: 1).
    """
    p, ids = model.people, model.people.id[cases.rows]
    taste, chance = _renew_tastes(model, cases.rows), wish_for_home(model, cases, situation)
    p.care[cases.rows[taste < chance]] |= FRAIL_BIT
    guest = remembered(model, "day_care")[ids] > 0
    factor = np.where(guest, model.rates.parameter("care_day_care_on_home"), 1.0)
    class_of, level = model.rates.resolve("care_home_wish_level", model.now, model.n_quartiere)
    factor *= level[class_of[p.quartier[cases.rows]], cases.grade - 1]
    remembered(model, "wish")[ids] |= taste < chance * factor


def _settle_at_home(model: QuartierModel, cases: Cases, situation: np.ndarray, parents: np.ndarray) -> np.ndarray:
    """Who (bool per case) wants a home care service, by a taste that lasts for life."""
    taste = model.luck.uniform(Decision.TASTE_SERVICE, 0, model.people.key[cases.rows])
    return taste < wish_for_service(model, cases, situation, parents)


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
    """Let everybody in need seek an arrangement: a nursing home, else services at home, else relatives alone."""
    p = model.people
    rows, ended = np.empty((2, len(p)), np.int32)
    n, m = _sort_out(p.care, p.setting, p.present, rows, ended)
    _end_arrangements(model, ended[:m])
    cases = cases_of(model, rows[:n])
    pairs = able_relatives(model, cases)
    situation, parents = carer_situation(model, cases, pairs)
    ids, before = p.id[cases.rows], remembered(model, "carer")
    lost = (before[ids] == Carer.IN_HOUSEHOLD + 1) & (situation != Carer.IN_HOUSEHOLD)
    before[ids] = situation + 1
    _form_wishes(model, cases, situation)
    gone = place_in_homes(model, cases, situation, lost)
    if gone.any():
        cases, pairs, situation, parents = _without(gone, cases, pairs, situation, parents)
    with_service = _settle_at_home(model, cases, situation, parents)
    wanted = wanted_services(model, cases, situation, with_service)
    _note(model, cases, pairs, situation, get_services(model, cases, situation, wanted))


def _without(
    gone: np.ndarray, cases: Cases, pairs: Pairs, situation: np.ndarray, parents: np.ndarray
) -> tuple[Cases, Pairs, np.ndarray, np.ndarray]:
    stays = ~gone
    kept, new = stays[pairs.case], np.cumsum(stays) - 1
    left = Pairs(new[pairs.case[kept]], pairs.carer[kept], pairs.tie[kept])
    return Cases(*(column[stays] for column in cases)), left, situation[stays], parents[stays]


def _note(model: QuartierModel, cases: Cases, pairs: Pairs, situation: np.ndarray, services: Services) -> None:
    """Write the setting of those at home; hand what `give_care` and the outputs need of this step to them."""
    setting = np.where(services.hours > 0, Setting.HOME_CARE, Setting.FAMILY_CARE)
    model.people.setting[cases.rows] = setting.astype(np.uint8)
    model.side["care_result"] = {"cases": cases, "pairs": pairs, "situation": situation, "services": services}


def _end_arrangements(model: QuartierModel, rows: np.ndarray) -> None:
    """Those who have no grade any more: the arrangement ends, residents leave the home and look for a dwelling."""
    p, h = model.people, model.households
    forget(model, p.id[rows])
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


def start_arrangements(model: QuartierModel) -> None:
    """Settings at the start: residents of nursing homes as the start population has them, the others by their tastes.

    Whoever lives at home at the start does not want a place in a home just now, so the taste lies above the wish. Places
    of estimated services are fixed by what is used now. A start population that has settings keeps them.
    """
    p = model.people
    facilities = model.side["care_facilities"] = CareFacilities(model)
    start_homes(model)
    given = bool(p.setting.any())
    in_home = residents(model)
    if not given:
        p.setting[in_home] = Setting.RESIDENTIAL_CARE
        p.care[in_home] |= FRAIL_BIT
    needs = (p.care & CARE_GRADE_BITS > 0) & (p.present == 1)
    rows = np.flatnonzero(needs & ~in_home).astype(np.int32)
    remembered(model, "need_since")[p.id[needs]] = _begun(model, np.flatnonzero(needs))
    cases = cases_of(model, rows)
    pairs = able_relatives(model, cases)
    situation, parents = carer_situation(model, cases, pairs)
    remembered(model, "carer")[p.id[rows]] = situation + 1
    wish = wish_for_home(model, cases, situation)
    u = model.luck.uniform(Decision.TASTE_HOME, model.now, p.key[rows])
    remembered(model, "taste")[p.id[rows]] = wish + (1 - wish) * u
    with_service = _settle_at_home(model, cases, situation, parents)
    if given:
        with_service = p.setting[rows] == Setting.HOME_CARE
    wanted = wanted_services(model, cases, situation, with_service)
    facilities.estimate(used_at_start(model, wanted, int(needs.sum()), occupied(model)))
    _note(model, cases, pairs, situation, get_services(model, cases, situation, wanted))


def _begun(model: QuartierModel, rows: np.ndarray) -> np.ndarray:
    """Quarters in which the spells of need at the start began, so that relatives have given up as in a long run."""
    u = model.luck.uniform(Decision.START_DURATION, model.now, model.people.key[rows])
    quarters = -np.log(u) * model.rates.parameter("care_elapsed_at_start") * STEPS_PER_YEAR
    return model.now - np.minimum(np.floor(quarters), 4 * model.ages(rows)).astype(np.int64)


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
        "households.arrive",
        "households.remove",
    ),
    rates=(
        "care_resident_share",
        "care_home_state_shift",
        "care_home_wish_level",
        "care_service_state_shift",
        "care_home_taste_redraw",
        "care_estimated_places_grow",
        "care_home_place_blocked",
        "care_home_found_outside",
        "care_home_from_outside",
        "care_service_hours",
        "care_day_care_on_home",
        "care_short_term_stays",
    ),
    step=arrange_care,
    start=start_arrangements,
    remembers=("taste", "wish", "waiting_since", "need_since", "carer", "day_care", "care_homes.left"),
)
