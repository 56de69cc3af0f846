"""The start population as a whole: the register to the person, sound links, edge cases, determinism."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import towns
from hypothesis import given, settings
from hypothesis import strategies as st
from quartier.model.columns import Kind, Role
from quartier.model.invariants import check
from quartier.model.model import QuartierModel
from quartier.model.rates import read_rate_book
from quartier.model.synthesis import synthesise

RATES = read_rate_book("01")
MIXED = [
    *[
        (0, "t", a, b, n)
        for a, b, n in ((0, 17, 210), (18, 29, 160), (30, 44, 260), (45, 64, 330), (65, 79, 160), (80, -1, 70))
    ],
    *[
        (1, "t", a, b, n)
        for a, b, n in ((0, 17, 40), (18, 29, 390), (30, 44, 150), (45, 64, 90), (65, 79, 30), (80, -1, 11))
    ],
    *[
        (2, "t", a, b, n)
        for a, b, n in ((0, 17, 95), (18, 29, 60), (30, 44, 110), (45, 64, 150), (65, 79, 90), (80, -1, 160))
    ],
]


def made(region, seed=1):
    start = synthesise(region, RATES, seed)
    check(QuartierModel(region, RATES, start, processes=()))
    return start


def counted(start, region):
    """Persons of the start in every cell of the register."""
    index = {q: i for i, q in enumerate(region.quartiere["quartier_id"])}
    p, age = start.people, towns.ages(start)
    out = []
    for r in region.population.itertuples():
        inside = (p["quartier"] == index[r.quartier_id]) & (age >= r.age_from) & ((age <= r.age_to) | (r.age_to < 0))
        out.append(np.count_nonzero(inside & ((r.sex == "t") | (p["sex"] == int(r.sex == "f")))))
    return out


def test_every_person_of_the_register_and_nobody_else_is_there():
    region = towns.region(3, MIXED)
    start = made(region)
    assert counted(start, region) == region.population["persons"].tolist()
    assert start.people["key"].size == region.population["persons"].sum()


def test_bands_of_both_sexes_and_totals_by_sex_hold_together():
    region = towns.region(
        3,
        [
            *MIXED,
            *[
                (q, s, 0, -1, n)
                for q, s, n in (
                    (0, "m", 640),
                    (0, "f", 550),
                    (1, "m", 300),
                    (1, "f", 411),
                    (2, "m", 290),
                    (2, "f", 375),
                )
            ],
        ],
    )
    assert counted(made(region), region) == region.population["persons"].tolist()


def test_bands_by_sex_hold_cell_by_cell():
    rows = [
        (q, s, a, b, 7 * q + a + (13 if s == "f" else 9))
        for q in range(2)
        for s in "mf"
        for a, b in ((0, 5), (6, 44), (45, -1))
    ]
    region = towns.region(2, rows)
    assert counted(made(region), region) == region.population["persons"].tolist()


def test_overlapping_bands_move_ages_inside_the_bands():
    extra = towns.register([(0, "t", 0, 5, 150), (0, "t", 6, 17, 60)])
    start = made(towns.region(3, MIXED, age_margins=extra))
    age = towns.ages(start)[start.people["quartier"] == 0]
    assert np.count_nonzero(age <= 5) == 150
    assert np.count_nonzero((age >= 6) & (age <= 17)) == 60


def test_the_start_does_not_depend_on_the_order_of_the_registers_rows_and_repeats_itself():
    region = towns.region(3, MIXED)
    turned = dataclasses.replace(region, population=region.population.sample(frac=1, random_state=3))
    one, two = synthesise(region, RATES, 4), synthesise(turned, RATES, 4)
    for table in ("people", "households", "dwellings"):
        for name, column in getattr(one, table).items():
            assert np.array_equal(column, getattr(two, table)[name]), name
    other = synthesise(region, RATES, 5)
    assert not np.array_equal(one.people["birth"], other.people["birth"])


def test_children_are_born_to_mothers_of_15_to_49_and_live_with_adults():
    start = made(towns.region(3, MIXED))
    p, age = start.people, towns.ages(start)
    child = p["mother"] >= 0
    gap = p["birth"][child].astype(int) - p["birth"][p["mother"][child]].astype(int)
    assert (gap >= 15 * 4).all() and (gap < 50 * 4).all()
    assert (p["sex"][p["mother"][child]] == 1).all()
    home = child & (p["role"] == Role.CHILD)
    assert (p["household"][home] == p["household"][p["mother"][home]]).all()
    has_father = p["father"] >= 0
    assert (p["sex"][p["father"][has_father]] == 0).all()
    assert (age[p["partner"] >= 0] >= 18).all()


def test_siblings_are_at_least_three_quarters_apart_or_twins():
    start = made(towns.national(20_000, 2))
    p = start.people
    home = np.flatnonzero((p["role"] == Role.CHILD) & (p["mother"] >= 0))
    order = home[np.lexsort((p["birth"][home], p["mother"][home]))]
    same = p["mother"][order][1:] == p["mother"][order][:-1]
    apart = np.diff(p["birth"][order].astype(int))[same]
    assert not np.isin(apart, (1, 2)).any()
    assert 0 < np.count_nonzero(apart == 0) < 0.04 * home.size


def test_parity_counts_at_least_the_children_at_home_and_the_last_birth_is_the_youngest():
    start = made(towns.region(3, MIXED))
    p = start.people
    home = np.flatnonzero((p["role"] == Role.CHILD) & (p["mother"] >= 0))
    number = np.bincount(p["mother"][home], minlength=p["key"].size)
    assert (p["parity"] >= np.minimum(number, 3)).all()
    youngest = np.zeros(p["key"].size, int)
    np.maximum.at(youngest, p["mother"][home], p["birth"][home])
    assert (p["last_birth"][number > 0] >= youngest[number > 0]).all()
    assert ((p["parity"] > 0) == (p["last_birth"] > 0)).all()


def test_fathers_were_in_the_union_before_the_birth_of_children_at_home():
    p = made(towns.region(3, MIXED)).people
    child = np.flatnonzero((p["role"] == Role.CHILD) & (p["mother"] >= 0) & (p["father"] >= 0))
    together = child[p["partner"][p["mother"][child]] == p["father"][child]]
    assert together.size > 50
    assert (p["union_since"][p["mother"][together]] <= p["birth"][together]).all()
    assert (p["married_since"] <= p["birth"].max() + 400).all()
    married = p["union_state"] == 2
    assert (p["union_since"][married] <= p["married_since"][married]).all()


@pytest.mark.parametrize(
    "rows",
    [
        [(0, "t", 0, -1, 40), (1, "t", 0, -1, 0)],
        [(0, "t", 0, 17, 0), (0, "t", 18, -1, 1), (1, "t", 0, 17, 1), (1, "t", 18, -1, 0)],
        [(0, "t", 0, 17, 12), (1, "t", 18, -1, 30)],
        [(0, "m", 0, -1, 0), (0, "f", 0, -1, 60), (1, "m", 0, -1, 50), (1, "f", 0, -1, 0)],
        [(0, "t", 18, -1, 80), (1, "t", 18, 64, 3)],
        [(0, "t", 0, 17, 60), (0, "t", 18, -1, 1), (1, "t", 80, -1, 25)],
        [(0, "t", 95, -1, 4), (1, "t", 18, 19, 9)],
        [(0, "t", 0, -1, 0), (1, "t", 0, -1, 0)],
    ],
    ids=[
        "empty Quartier",
        "one person",
        "only minors",
        "no men, no women",
        "no children",
        "sixty children, one adult",
        "very old",
        "nobody",
    ],
)
def test_odd_quartiere_are_settled_soundly(rows):
    region = towns.region(2, rows)
    start = made(region)
    assert counted(start, region) == region.population["persons"].tolist()


def test_a_lone_inhabitant_lives_alone_and_minors_without_adults_live_in_one_institution():
    start = made(towns.region(2, [(0, "t", 18, -1, 1), (1, "t", 0, 17, 12)]))
    p, h = start.people, start.households
    assert (h["quartier"].tolist(), h["size"].tolist()) == ([0, 1], [1, 12])
    assert h["kind"].tolist() == [Kind.PRIVATE, Kind.OTHER_COMMUNAL]
    assert p["union_state"].tolist() == [0] * 13
    report = start.fit.set_index("margin")
    assert report.loc["minors in a Quartier without adults", "reached"] == 12


def test_women_without_men_in_their_quartier_live_without_a_man():
    start = made(towns.region(2, [(0, "f", 0, -1, 300), (1, "t", 0, -1, 300)]))
    p = start.people
    here = (p["quartier"] == 0) & (p["partner"] >= 0)
    assert (p["sex"][p["partner"][here]] == 1).all()


def test_every_private_household_has_one_dwelling_and_the_rest_is_the_reserve():
    start = made(towns.region(3, MIXED))
    private = start.households["kind"] == 0
    assert (start.households["dwelling"][private] >= 0).all()
    total = start.dwellings["key"].size
    assert total == pytest.approx(private.sum() / (1 - 0.043 * 0.45), abs=2)
    assert np.unique(start.dwellings["key"]).size == total


def test_a_counted_stock_is_kept_and_raised_only_where_it_cannot_hold_the_households():
    stock = pd.DataFrame(
        {
            "quartier_id": ["01", "01", "02", "03"],
            "date": pd.Timestamp("2022-12-31"),
            "rooms_from": [1, 4, 1, 1],
            "rooms_to": [3, -1, -1, -1],
            "dwellings": [400, 700, 20, 900],
        }
    )
    region = towns.region(3, MIXED, dwellings=stock)
    start = made(region)
    d, h = start.dwellings, start.households
    by_quartier = np.bincount(d["quartier"], minlength=3)
    assert by_quartier[[0, 2]].tolist() == [1100, 900]
    assert np.count_nonzero(d["rooms"][d["quartier"] == 0] <= 3) == 400
    households = np.count_nonzero((h["quartier"] == 1) & (h["kind"] == 0))
    assert by_quartier[1] == households > 20
    report = start.fit[start.fit["margin"] == "dwellings"].set_index("quartier")
    assert report.loc["02", "deviation"] == households - 20


def test_counted_one_person_households_are_a_margin():
    households = pd.DataFrame(
        {
            "quartier_id": ["01", "02", "03"],
            "date": pd.Timestamp("2023-12-31"),
            "household_type": "one_person",
            "households": [120, 420, 90],
        }
    )
    start = made(towns.region(3, MIXED, households=households))
    report = start.fit[start.fit["margin"] == "households one_person"].set_index("quartier")
    assert report["deviation"].abs().max() <= 12
    free = made(towns.region(3, MIXED))
    alone = np.bincount(
        free.households["quartier"][(free.households["size"] == 1) & (free.households["kind"] == 0)], minlength=3
    )
    assert np.abs(alone - [120, 420, 90]).max() > 40


def test_known_nursing_homes_say_where_residents_live():
    facilities = pd.DataFrame(
        {
            "facility_id": ["h"],
            "kind": "nursing_home",
            "name": "H",
            "quartier_id": "03",
            "provider": "",
            "opens": None,
            "closes": None,
            "lon": 9.4,
            "lat": 54.8,
        }
    )
    places = pd.DataFrame(
        {"facility_id": ["h"], "date": pd.Timestamp("2023-01-01"), "age_from": 0, "age_to": -1, "places": 60}
    )
    start = made(towns.region(3, MIXED, facilities=facilities, places=places))
    homes = start.households["kind"] == Kind.NURSING_HOME
    assert start.households["quartier"][homes].tolist() == [2]
    assert start.households["size"][homes].sum() == pytest.approx(60 * RATES.parameter("nursing_home_occupancy"), abs=2)


@st.composite
def registers(draw):
    """Small registers of up to three Quartiere: any bands, any sizes, with or without sexes."""
    cuts = [0, *sorted(draw(st.sets(st.integers(1, 95), max_size=5)))]
    bands = [(a, cuts[i + 1] - 1 if i + 1 < len(cuts) else -1) for i, a in enumerate(cuts)]
    by_sex = draw(st.booleans())
    quartiere = draw(st.integers(1, 3))
    persons = st.one_of(st.just(0), st.integers(0, 3), st.integers(0, 60))
    sexes = "mf" if by_sex else "t"
    return quartiere, [(q, s, a, b, draw(persons)) for q in range(quartiere) for a, b in bands for s in sexes]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(registers())
def test_any_register_becomes_exactly_its_persons_in_sound_households(register):
    region = towns.region(*register)
    start = made(region)
    assert counted(start, region) == region.population["persons"].tolist()
    p = start.people
    for parent, last in (("mother", 200), ("father", 280)):
        child = p[parent] >= 0
        gap = p["birth"][child].astype(int) - p["birth"][p[parent][child]].astype(int)
        assert ((gap >= 60) & (gap < last)).all()
    assert max(p["union_since"].max(initial=0), p["last_birth"].max(initial=0)) <= start.step
