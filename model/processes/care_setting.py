"""The setting of care: at home by the family, at home with a service, or in a nursing home (model-care.md 4.2).

Every quarter each person in need decides between two nested choices with tastes that stay: a place in a nursing home,
else a home care service. Then places are given (`care_homes`, `care_services`); those refused wait and live at home.
A few prefer a shared flat to a home. Whoever lives in either stays, until death or until no grade is left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from ..care_facilities import SERVICED_HOUSING, CareFacilities
from ..cases import REMEMBERED, carry_over, remembered
from ..columns import CARE_GRADE_BITS, FRAIL_BIT, Kind, Reason, Role, Setting
from ..households import found, join
from ..luck import Decision
from ..process import Process
from ..tables import NONE
from ..timeline import STEPS_PER_YEAR
from .care_carers import Cases, Pairs, cases_of
from .care_choice import wish_for_home, wish_for_service
from .care_homes import occupied, place_in_homes, start_homes
from .care_housing import estimated_dwellings, settle_in_serviced_housing, start_flats
from .care_origin import remember_origin
from .care_relatives import Home, keep_lives, relatives
from .care_review import Services, review, sort_out, without
from .care_services import get_services, used_at_start, wanted_services
from .care_start import residents
from .repair import repair

if TYPE_CHECKING:
    from ..model import QuartierModel


def arrange_care(model: QuartierModel) -> None:
    """Let everybody in need seek an arrangement: a nursing home, else services at home, else relatives alone."""
    cases, ended = sort_out(model)
    _end_arrangements(model, ended)
    known = carry_over(model, cases.rows)
    remember_origin(model, known, np.flatnonzero(known.need_since == 0))
    pairs, situation, parents, lives = relatives(model, cases, known)
    settle_in_serviced_housing(model, cases, known, situation)
    seek, lost, services = review(model, cases, known, situation, parents)
    gone = place_in_homes(model, cases, situation, lost, seek)
    if gone.any():
        cases, pairs, situation, services, lives = without(model, gone, cases, pairs, situation, services, known, lives)
    _note(model, cases, pairs, situation, get_services(model, cases, situation, services), lives)


@nb.njit(cache=True)
def _write_down(rows, hours, setting):
    """The setting of those at home: 1 without a service, 2 with one."""
    for c in range(rows.size):
        setting[rows[c]] = 2 if hours[c] > 0 else 1


def _note(
    model: QuartierModel, cases: Cases, pairs: Pairs, situation: np.ndarray, services: Services, lives: Home
) -> None:
    """Write the setting of those at home; hand what `give_care` and the outputs need of this step to them."""
    _write_down(cases.rows, services.hours, model.people.setting)
    remembered(model, "day_care")[:] = services.day
    keep_lives(model, lives)
    model.side["care_result"] = {
        "cases": cases, "pairs": pairs, "situation": situation, "services": services, "lives": lives,
    }  # fmt: skip


def _end_arrangements(model: QuartierModel, rows: np.ndarray) -> None:
    """Those who have no grade any more: the arrangement ends, residents leave the home for their partner's dwelling, minors for a
    parent's or a family's, the others look for one."""
    p, h = model.people, model.households
    back = rows[(p.setting[rows] == Setting.RESIDENTIAL_CARE) | (p.setting[rows] == Setting.SHARED_CARE_FLAT)]
    p.setting[rows] = Setting.NONE
    if back.size == 0:
        return
    minor = p.birth[back] > model.latest_adult_birth
    home = _home_of_own(model, back, minor)
    alone = home < 0
    new = home[alone] = found(model, p.quartier[back[alone]])
    join(model, back, home)
    h.reason[new], h.wait_since[new] = Reason.NEW_HOUSEHOLD, model.now
    p.role[back] = np.where(minor, Role.CHILD, Role.ADULT)
    repair(model, home[alone & minor], siblings=True)


def _home_of_own(model: QuartierModel, rows: np.ndarray, minor: np.ndarray) -> np.ndarray:
    """Private household (i32) of the partner, of a minor (bool) that of the mother or father; -1 for none."""
    p, home = model.people, np.full(rows.size, NONE, np.int32)
    for link, for_minors in ((p.partner, False), (p.mother, True), (p.father, True)):
        other = model.rows_of(link[rows])
        at = p.household[np.maximum(other, 0)]
        lives = (home < 0) & (other >= 0) & (model.households.kind[at] == Kind.PRIVATE)
        home = np.where(lives & (minor | (not for_minors)), at, home)
    return home


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
    in_need = int(needs.sum())
    rows = np.flatnonzero(needs & ~in_home & (p.setting != Setting.SHARED_CARE_FLAT)).astype(np.int32)
    if not given:
        rows = rows[~start_flats(model, rows, in_need)]
    cases, known = cases_of(model, rows), carry_over(model, rows)
    known.need_since[:] = _begun(model, rows)
    remember_origin(model, known, np.arange(rows.size))
    pairs, situation, parents, lives = relatives(model, cases, known)
    known.carer[:] = situation + 1
    dwellings = estimated_dwellings(model, in_need) * facilities.of_kind(SERVICED_HOUSING)
    facilities.estimate(dwellings)
    settle_in_serviced_housing(model, cases, known, situation)
    wish = wish_for_home(model, cases, situation)
    u = model.luck.uniform(Decision.TASTE_HOME, model.now, p.key[rows])
    known.taste[:] = wish + (1 - wish) * u
    taste = model.luck.uniform(Decision.TASTE_SERVICE, 0, p.key[rows])
    with_service = taste < wish_for_service(model, cases, situation, parents)
    if given:
        with_service = p.setting[rows] == Setting.HOME_CARE
    wanted = wanted_services(model, cases, situation, with_service)
    facilities.estimate(used_at_start(model, wanted, in_need, occupied(model)) + dwellings)
    _note(model, cases, pairs, situation, get_services(model, cases, situation, wanted), lives)


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
        "dwellings.features",
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
        "care_barrier_free_on_home",
        "care_short_term_stays",
    ),
    step=arrange_care,
    start=start_arrangements,
    remembers=(*REMEMBERED, "care_homes.left", "care_homes.origin", "care_homes.entered"),
)
