"""Every scenario of the library on Flensburg: it runs, its books balance, and it moves its figures the right way."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from quartier.model.columns import CARE_GRADE_BITS, Setting
from quartier.model.dwelling_features import barrier_free
from quartier.model.invariants import check
from quartier.model.model import EVENTS, QuartierModel
from quartier.model.processes.childcare import childcare_counts
from quartier.model.rates import read_rate_book
from quartier.model.region.read import find_region, load_region
from quartier.model.synthesis import synthesise
from quartier.model.timeline import step_of
from quartier.scenarios.files import library
from quartier.scenarios.resolve import resolve

pytestmark = pytest.mark.long
QUARTERS = 8
FIVE_YEARS = 20
"""Quarters until places in homes bind where none are added: at the start one in nine is free."""


@cache
def flensburg():
    region, _ = load_region(find_region("flensburg", "de"), "de")
    rates = read_rate_book(region.state)
    return region, rates, synthesise(region, rates, 1)


@cache
def after(name, quarters=QUARTERS):
    region, rates, start = flensburg()
    first = step_of(region.reference_date)
    tried = resolve(name, region, rates, first, first + quarters)
    model = QuartierModel(region, tried.rate_book(rates), start, seed=1, measures=tried.measures)
    found = dict.fromkeys(EVENTS, 0)
    for _ in range(quarters):
        model.step()
        for kind in EVENTS:
            found[kind] += int(model.events[kind].sum())
    check(model)
    p = model.people
    here = p.present == 1
    childcare = {key: values.sum(axis=0).astype(float) for key, values in childcare_counts(model).items()}
    staff = model.side["staff_services"]["heads"].sum()
    return found | {
        "staff": float(staff),
        "people": int(here.sum()), "need": int(np.count_nonzero(p.care[here] & CARE_GRADE_BITS)), "dwellings": len(model.dwellings),
        "barrier_free": int(np.count_nonzero(barrier_free(model.dwellings.features[model.dwellings.rooms > 0]))),
        "in_homes": int(np.count_nonzero(p.setting[here] == Setting.RESIDENTIAL_CARE)),
        "arrivals": found["in_migration_germany"] + found["in_migration_abroad"],
    } | {f"{key}_{band}": values[i] for key, values in childcare.items() for i, band in enumerate(("young", "old"))}


MOVES = {
    "barrier_free_conversion": {"barrier_free": 1, "dwellings": 0},
    "baseline_high": {"births": 1, "arrivals": 1, "need": 1}, "baseline_low": {"births": -1, "arrivals": -1, "need": -1},
    "care_constant": {"need": -1}, "care_full": {"need": 1}, "fertility_high": {"births": 1}, "fertility_low": {"births": -1},
    "kita_access_help": {"applied_young": 1, "need_young": 0}, "kita_contraction": {"places_old": -1, "places_young": 1, "births": -1},
    "kita_expansion": {"places_young": 1, "places_old": 0, "attending_young": 1}, "longevity_high": {}, "mortality_constant": {},
    "migration_high": {"arrivals": 1, "people": 1}, "migration_low": {"arrivals": -1, "people": -1},
    "more_childcare": {"places_young": 1, "places_old": 1, "attending_young": 1, "births": 0, "deaths": 0},
    "new_build_area": {"dwellings": 1}, "outpatient_first": {"in_homes": -1, "births": 0}, "no_migration": {"arrivals": -1},
    "staff_shortage_childcare": {"operable_young": -1, "places_young": 0, "attending_young": -1, "births": 0},
    "care_places_frozen": {"births": 0}, "nursing_home_expansion": {}, "day_care_expansion": {},
    "staff_shortage_care": {}, "care_staff_status_quo": {"births": 0},
}
"""Which way figures go against the baseline within two years; 0 = not at all."""


def test_every_scenario_of_the_library_is_expected_here():
    assert {*MOVES, "baseline"} == set(library())


@pytest.mark.parametrize("name", library())
def test_a_scenario_runs_on_flensburg_and_moves_its_figures_the_right_way(name):
    base, tried = after("baseline"), after(name)
    for figure, way in MOVES.get(name, {}).items():
        if way is not None:
            assert np.sign(tried[figure] - base[figure]) == way, (figure, base[figure], tried[figure])
    if name == "baseline":
        assert tried["people"] > 90_000


def test_more_homes_hold_more_residents_and_fewer_hold_fewer_than_frozen_ones():
    growing, frozen, more, fewer, day_care = (
        after(name, FIVE_YEARS)["in_homes"]
        for name in ("baseline", "care_places_frozen", "nursing_home_expansion", "staff_shortage_care", "day_care_expansion")
    )
    assert growing > frozen > fewer and more > frozen
    assert day_care == frozen  # no delay of moving into a home was found


def test_staff_that_follows_the_young_is_another_staff_than_that_of_the_trend():
    trend, young = (after(name, FIVE_YEARS)["staff"] for name in ("care_places_frozen", "care_staff_status_quo"))
    assert trend > 0 and abs(young / trend - 1) > 0.001


def test_shares_of_the_amounts_on_flensburg_are_those_computed_by_hand():
    base = after("baseline")
    contraction, more = after("kita_contraction"), after("more_childcare")
    assert contraction["places_old"] == base["places_old"] - round(0.1 * base["places_old"])
    assert contraction["places_young"] == base["places_young"] + round(0.1 * 0.4 * base["places_old"])
    both = base["places_young"] + base["places_old"]
    assert more["places_young"] + more["places_old"] == both + round(0.1 * both)
    assert after("no_migration")["arrivals"] == 0
