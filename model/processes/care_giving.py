"""Who gives care, how many hours, what stays unmet, and who is strained by it (model-care.md 2, 3).

Every able relative in the town decides once per spell whether to give care, by luck that belongs to the pair. Need is
filled in the order of ties, each up to a capacity in core hours per week; a service's hours replace some of it. Relatives
outside the town, other kin and neighbours count for a few hours. In a home the place meets the need. Nothing here
changes a life: these are results of the arrangement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..cases import remembered
from ..columns import Kind, Role, Sex
from ..kin_distance import away_total
from ..luck import Decision, pair_keys
from ..process import Process
from ..timeline import STEPS_PER_YEAR
from .care_carers import Cases, Pairs, Tie
from .care_choice import need_hours
from .care_counts import carer_counts, service_counts
from .care_review import Services

if TYPE_CHECKING:
    from ..model import QuartierModel

NOT_EMPLOYED, PART_TIME, FULL_TIME = range(3)
GIVERS = ("need", "kin", "service", "day_care", "unmet")
"""Rows of the hours by Quartier."""


class _Relatives(NamedTuple):
    """What the decisions read of each pair."""

    keys: np.ndarray
    sex: np.ndarray
    age: np.ndarray
    employment: np.ndarray
    under_6: np.ndarray
    under_14: np.ndarray


def employment_of(model: QuartierModel, rows: np.ndarray, age: np.ndarray) -> np.ndarray:
    """Employment (u8: 0 not, 1 part-time, 2 full-time) of people, by a rank that lasts for life and the rate at their age."""
    p, r = model.people, model.rates
    employed = r["care_carer_employed"].values
    share = employed[p.sex[rows], np.minimum(age, employed.shape[1] - 1)]
    full = np.array([r.parameter("care_carer_full_time_men"), r.parameter("care_carer_full_time_women")])[p.sex[rows]]
    u = model.luck.uniform(Decision.KIN_EMPLOYMENT, 0, p.key[rows])
    return ((u < share).astype(np.uint8) + (u < share * full * (age < 67))).astype(np.uint8)


def _relatives(model: QuartierModel, cases: Cases, pairs: Pairs) -> _Relatives:
    p = model.people
    age = model.ages(pairs.carer)
    young = np.flatnonzero((p.birth > model.now - 14 * STEPS_PER_YEAR) & (p.role == Role.CHILD) & (p.present == 1))
    flags = np.zeros((2, len(model.households)), bool)
    flags[1, p.household[young]] = True
    flags[0, p.household[young[p.birth[young] > model.now - 6 * STEPS_PER_YEAR]]] = True
    home = p.household[pairs.carer]
    keys = pair_keys(p.key[pairs.carer], p.key[cases.rows[pairs.case]])
    return _Relatives(
        keys, p.sex[pairs.carer], age, employment_of(model, pairs.carer, age), flags[0, home], flags[1, home]
    )


def chance_to_give(model: QuartierModel, pairs: Pairs, k: _Relatives) -> np.ndarray:
    """Probability (float64 per pair) that a relative gives care."""
    r = model.rates
    child = r.parameter("care_kin_child")
    names = ("care_kin_household", "care_kin_within_reach", "care_kin_in_town")
    tie = [r.parameter("care_kin_partner"), r.parameter("care_kin_parent"), *(child + r.parameter(n) for n in names)]
    v = np.array(tie)[pairs.tie] + r.parameter("care_kin_female") * (k.sex == Sex.FEMALE)
    v += r.parameter("care_kin_full_time") * (k.employment == FULL_TIME)
    v += r.parameter("care_kin_child_under_6") * (k.under_6 & (pairs.tie != Tie.PARENT))
    return 1 / (1 + np.exp(-v))


def capacities(model: QuartierModel, pairs: Pairs, k: _Relatives) -> np.ndarray:
    """Core hours per week (float64 per pair) that a relative can give to one person."""
    r = model.rates
    by_employment = np.array([r.parameter(f"care_capacity_{n}") for n in ("not_employed", "part_time", "full_time")])
    child = np.array([r.parameter(f"care_capacity_{n}") for n in ("son", "daughter")])
    out = by_employment[k.employment] * np.where(k.age >= 80, r.parameter("care_capacity_from_80"), 1.0)
    out = np.where(pairs.tie == Tie.CHILD_IN_HOUSEHOLD, r.parameter("care_capacity_child_in_household"), out)
    out = np.where(pairs.tie == Tie.WITHIN_REACH, child[k.sex], out)
    return np.where(pairs.tie == Tie.IN_TOWN, r.parameter("care_capacity_child_in_town"), out)


def chance_of_strain(
    model: QuartierModel, k: _Relatives, hours: np.ndarray, demented: np.ndarray, service: np.ndarray, day: np.ndarray
) -> np.ndarray:
    """Probability (float64 per pair) of high strain at some core hours per week."""
    r = model.rates
    v = r.parameter("care_strain") + r.parameter("care_strain_per_hour") * hours * r.parameter(
        "care_reported_per_core_hour"
    )
    v += r.parameter("care_strain_dementia") * demented + r.parameter("care_strain_child_under_14") * k.under_14
    v += r.parameter("care_strain_full_time") * (k.employment == FULL_TIME)
    v += r.parameter("care_strain_service") * service + r.parameter("care_strain_day_care") * day
    return 1 / (1 + np.exp(-v))


def _who_gives(model: QuartierModel, cases: Cases, pairs: Pairs, k: _Relatives, capacity: np.ndarray) -> np.ndarray:
    """Who gives (bool per pair): decided for the spell, until he or she gives up (sooner under strain; parents never)."""
    luck, r = model.luck, model.rates
    gives = luck.uniform(Decision.KIN_GIVES, 0, k.keys) < chance_to_give(model, pairs, k)
    nobody = np.zeros(pairs.case.size, bool)
    high = chance_of_strain(model, k, capacity, cases.demented[pairs.case], nobody, nobody)
    strained = luck.uniform(Decision.KIN_STRAIN, 0, k.keys) < high
    hazard = np.where(strained, r.parameter("care_gives_up_strained"), r.parameter("care_gives_up"))
    hazard = np.where(pairs.tie == Tie.PARENT, 0.0, hazard)
    entry = np.searchsorted(remembered(model, "row"), cases.rows[pairs.case])
    since = remembered(model, "need_since")[entry]
    endures = (1 - hazard) ** (model.now - since.astype(np.int64))
    return gives & (luck.uniform(Decision.KIN_ENDURANCE, 0, k.keys) < endures)


def fill_need(need: np.ndarray, pairs: Pairs, sex: np.ndarray, capacity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fill need by relatives in the order of ties, daughters before sons; equals share in proportion to capacity.

    Returns hours given by each pair and what remains of the need (float64).
    """
    hours, remaining = np.zeros(pairs.case.size), need.copy()
    rank = 2 * pairs.tie + ((sex == Sex.MALE) & (pairs.tie >= Tie.WITHIN_REACH))
    for step in np.unique(rank):
        now = np.flatnonzero(rank == step)
        offered = np.bincount(pairs.case[now], capacity[now], minlength=need.size)
        taken = np.minimum(offered, remaining)
        hours[now] = capacity[now] * (taken / np.where(offered > 0, offered, 1.0))[pairs.case[now]]
        remaining -= taken
    return hours, remaining


def _further_kin(model: QuartierModel, cases: Cases, child_gives: np.ndarray) -> np.ndarray:
    """Hours (float64 per case) of children outside the town and of other relatives and neighbours."""
    p, r, luck = model.people, model.rates, model.luck
    keys, away = p.key[cases.rows], away_total(p.kin_away[cases.rows])
    chance = 1 / (1 + np.exp(-(r.parameter("care_kin_child") + r.parameter("care_kin_away"))))
    hours, some = np.zeros(cases.rows.size), np.flatnonzero(away)
    for n in range(1, int(away.max(initial=0)) + 1):
        some = some[away[some] >= n]
        gives = luck.uniform(Decision.KIN_AWAY_GIVES, n, keys[some]) < chance
        hours[some[gives]] += r.parameter("care_capacity_child_away")
    child_gives = child_gives | (hours > 0)
    chance = np.where(child_gives, r.parameter("care_kin_other"), r.parameter("care_kin_other_without_child"))
    return hours + r.parameter("care_capacity_other") * (luck.uniform(Decision.OTHER_KIN_GIVES, 0, keys) < chance)


def give_care(model: QuartierModel) -> None:
    """Compute hours by giver and Quartier, and who the carers are, for people who live at home."""
    result = model.side["care_result"]
    cases, pairs, services = _in_private_households(model, result["cases"], result["pairs"], result["services"])
    k, need = _relatives(model, cases, pairs), need_hours(model, cases)
    capacity = capacities(model, pairs, k)
    giving = np.flatnonzero(_who_gives(model, cases, pairs, k, capacity))
    pairs, k = Pairs(*(c[giving] for c in pairs)), _Relatives(*(c[giving] for c in k))
    _, inverse, persons = np.unique(pairs.carer, return_inverse=True, return_counts=True)
    hours, remaining = fill_need(need, pairs, k.sex, capacity[giving] / persons[inverse])
    child_gives = np.zeros(need.size, bool)
    child_gives[pairs.case[pairs.tie >= Tie.CHILD_IN_HOUSEHOLD]] = True
    further = np.minimum(_further_kin(model, cases, child_gives), remaining)
    could = need - remaining + further
    kin, service, day = shares(model, need, could, services)
    hours = hours * (kin / np.where(could > 0, could, 1.0))[pairs.case]
    unmet = need - kin - service - day
    where = model.people.quartier[cases.rows]
    table = [np.bincount(where, v, minlength=model.n_quartiere) for v in (need, kin, service, day, unmet)]
    short = unmet >= model.rates.parameter("care_unmet_from") * need
    by_case = {"need": need, "kin": kin, "service": service, "day_care": day, "unmet": unmet}
    model.side["care_result"] = {
        "counts": service_counts(model, result["cases"], result["services"]),
        "hours": np.array(table),
        "insufficient": np.bincount(where[short], minlength=model.n_quartiere),
        "by_case": {"id": model.people.id[cases.rows].copy(), **by_case},
        **_carers(model, cases, pairs, k, hours, services),
    }


def shares(
    model: QuartierModel, need: np.ndarray, could: np.ndarray, services: Services
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hours (float64 per case) of relatives, service and day care, together no more than the need.

    ``could``: what relatives would give alone. An hour of a service first replaces part of an hour of theirs.
    """
    r = model.rates
    service = np.minimum(services.hours, need)
    core = r.parameter("care_day_care_hours") / r.parameter("care_reported_per_core_hour")
    day = np.minimum(core * services.day, need - service)
    kin = np.minimum(could - r.parameter("care_service_replaces_kin") * service, need - service - day)
    return np.maximum(kin, 0.0), service, day


def _in_private_households(
    model: QuartierModel, cases: Cases, pairs: Pairs, services: Services
) -> tuple[Cases, Pairs, Services]:
    """Without people who live in an institution: its place meets their need."""
    stays = model.households.kind[model.people.household[cases.rows]] == Kind.PRIVATE
    kept, new = stays[pairs.case], np.cumsum(stays) - 1
    left = Pairs(new[pairs.case[kept]], pairs.carer[kept], pairs.tie[kept])
    return Cases(*(c[stays] for c in cases)), left, Services(*(c[stays] for c in services))


def _carers(
    model: QuartierModel, cases: Cases, pairs: Pairs, k: _Relatives, hours: np.ndarray, services: Services
) -> dict[str, Any]:
    """Carers by trait, main carers under strain and with children; and each pair of carer and person in need."""
    p, luck = model.people, model.luck.uniform(Decision.KIN_STRAIN, 0, k.keys)
    most, tie_break = np.zeros(cases.rows.size), hours * (1 + 1e-9 * luck)
    np.maximum.at(most, pairs.case, tie_break)
    main = (hours > 0) & (tie_break == most[pairs.case])
    service, day = services.hours[pairs.case] > 0, services.day[pairs.case]
    strained = main & (luck < chance_of_strain(model, k, hours, cases.demented[pairs.case], service, day))
    given = hours > 0
    rows, reported = pairs.carer[given], hours[given] * model.rates.parameter("care_reported_per_core_hour")
    by_trait, by_hours = carer_counts(model, rows, k.employment[given], reported)
    where = p.quartier[pairs.carer]
    kinds = (main, strained, main & k.under_14)
    pair = {"carer": p.id[rows], "person": p.id[cases.rows[pairs.case[given]]], "hours": hours[given]}
    return {
        "carers": by_trait,
        "carers_by_hours": by_hours,
        "main_carers": np.array([np.bincount(where[who], minlength=model.n_quartiere) for who in kinds]),
        "by_pair": {**pair, "tie": pairs.tie[given], "main": main[given], "strained": strained[given]},
    }


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
    start=give_care,
)
