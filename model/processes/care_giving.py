"""Who gives care, how many hours, what stays unmet, and who is strained by it (model-care.md 2, 3).

Every able relative in the town, and the partner of a child as a person, decides by luck that belongs to the pair, for
good; who gives up rests and the others are asked once more. Need is filled in the order of ties, each up to a capacity in
core hours per week; a service's hours replace some of it. Children outside the town, other kin and neighbours help for a
few hours and count as persons beside. In a home the place meets the need. Nothing here changes a life: these are results
of the arrangement, and carers' states (`care_carer_states`) are read by nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from ..cases import remembered
from ..columns import Kind
from ..households import changed_homes
from ..process import Process
from .care_carer_states import by_id, empty_counts, live
from .care_choice import choices_of
from .care_counts import CARER_AGE_STARTS, HOURS_BANDS, service_counts
from .care_kin_cache import Place
from .care_kin_choice import candidates
from .care_kin_hours import fill_hours
from .care_kin_rules import Events, events_of, rules_of
from .care_volunteers import visit

if TYPE_CHECKING:
    from ..model import QuartierModel

GIVERS = ("need", "kin", "service", "day_care", "volunteers", "unmet")
"""Rows of the hours by Quartier."""
_PRIVATE = int(Kind.PRIVATE)
_AGE_GROUP = np.searchsorted(CARER_AGE_STARTS, np.arange(120), side="right") - 1
_BANDS = np.array(HOURS_BANDS, np.float64)


@nb.njit(cache=True)
def _look_at(cases, sex, household, quartier, kind, changed, hours, lives, at_home, need):
    """Household, Quartier, whether at home in a private household, and need in core hours a week of each case; looked up anew
    where a household has changed while care was arranged."""
    rows, age, grade, demented, oldest = cases.rows, cases.age, cases.grade, cases.demented, hours.shape[2] - 1
    anew, n = np.empty(rows.size + 1, np.uint32), np.uint64(0)
    for c in range(rows.size):
        anew[n] = c
        n += np.uint64(changed[np.uint32(lives.home[c])] == 1)
    for c in anew[:n]:
        i = np.uint32(rows[c])
        lives.home[c], lives.where[c] = household[i], quartier[i]
    for c in anew[:n]:
        lives.kind[c] = kind[np.uint32(lives.home[c])]
    for c in range(rows.size):
        at_home[c] = lives.kind[c] == _PRIVATE
        need[c] = hours[demented[c], sex[np.uint32(rows[c])], min(age[c], oldest), grade[c] - 1]


def _give(model: QuartierModel, events: Events) -> None:
    """One step: hours by giver, counts, and a quarter in the lives of carers."""
    arranged = model.side["care_result"]
    cases, pairs, services = arranged["cases"], arranged["pairs"], arranged["services"]
    p, rules, n = model.people, rules_of(model), cases.rows.size
    lives, at_home, need = arranged["lives"], np.empty(n, np.bool_), np.empty(n)
    place, changed = Place(lives.home, lives.where, at_home), changed_homes(model)
    hours = choices_of(model).need
    _look_at(cases, p.sex, p.household, p.quartier, model.households.kind, changed, hours, lives, at_home, need)
    who, traits = candidates(model, rules, cases, pairs, place, by_id(model, "carer", np.uint8))
    given, hours, reported = fill_hours(model, rules, cases, need, place, services, who, traits)
    visit(model, cases, place.at_home, given)
    counts = empty_counts(model.n_quartiere, len(CARER_AGE_STARTS), len(HOURS_BANDS))
    table = np.zeros((model.n_quartiere, len(GIVERS)))
    live(model, events, cases, place, who, hours, reported, given, counts, table, (_AGE_GROUP, _BANDS))
    model.side["care_result"] = arranged | {
        "counts": service_counts(model, place.where, services),
        "hours": table.T,
        "carers": counts,
        "detail": (remembered(model, "id"), place.at_home, given, who, hours),
    }


def give_care(model: QuartierModel) -> None:
    """Compute hours by giver and Quartier, and who the carers are, for people who live at home."""
    _give(model, events_of(model, start=False))


def start_giving(model: QuartierModel) -> None:
    """The same at the start, where some carers rest and some work less, as in a long run; nothing happens on that day."""
    _give(model, events_of(model, start=True))
    _give(model, Events(np.zeros(2), np.zeros(2), np.zeros(2), 0.0, *events_of(model, start=False)[4:]))


def by_case(model: QuartierModel) -> dict[str, np.ndarray]:
    """Core hours a week of everybody in need at home in the last step, by giver, and the person's id."""
    ids, at_home, given, *_ = model.side["care_result"]["detail"]
    return {"id": ids[at_home]} | {name: getattr(given, name)[at_home] for name in GIVERS}


def by_pair(model: QuartierModel) -> dict[str, np.ndarray]:
    """Everybody in town who gave care in the last step and to whom: ids, hours, tie, whether main carer and strained."""
    persons, _, given, who, hours = model.side["care_result"]["detail"]
    gives = np.flatnonzero(hours > 0)
    case, kin = who.case[gives], who.kin[gives]
    main = given.main[case] == gives
    columns = {name: kin[name] for name in ("tie", "in_law", "age", "employment", "under_14")}
    strained = main & (given.strained[case] == 1)
    ids = {"carer": kin["id"], "person": persons[case]}
    return {**ids, "hours": hours[gives], **columns, "main": main, "strained": strained}


GIVE_CARE = Process(
    "give_care",
    reads=(
        "people.care",
        "people.setting",
        "people.birth",
        "people.sex",
        "people.household",
        "people.partner",
        "people.mother",
        "people.father",
        "people.kin_away",
        "households.kind",
    ),
    writes=(),
    rates=("care_carer_employed", "care_service_replaces_kin", "care_gives_up", "care_gives_up_strained"),
    step=give_care,
    start=start_giving,
    remembers=("carer", "ended", "cared_for", "cared_by"),
)
