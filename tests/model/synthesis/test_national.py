"""A town of 100,000 with Germany's pyramid against the national tables of households and families."""


import numpy as np
import pandas as pd
import pytest
import towns
from quartier.model.columns import Role
from quartier.model.kin_distance import away_counts
from quartier.model.rates import read_rate_book
from quartier.model.synthesis import synthesise
from shared_data import data_folder


@pytest.fixture(scope="module")
def start():
    return synthesise(towns.national(100_000, 10), read_rate_book("00"), 1)


def fit(start, prefix):
    rows = start.fit[start.fit["margin"].str.startswith(prefix) & (start.fit["quartier"] == "town")]
    return rows.set_index("margin")


def test_every_large_cell_of_age_and_sex_has_the_tables_arrangements_within_a_point(start):
    rows = fit(start, "arrangement").reset_index()
    rows["cell"] = rows["margin"].str.split(" ").str[2:].str.join(" ")
    persons = rows.groupby("cell")["asked"].transform("sum")
    large = persons >= 500
    assert large.sum() > 8 * 30
    assert (rows["deviation"].abs() / persons)[large].max() < 0.01


def test_arrangements_agree_with_the_published_shares_of_five_year_groups(start):
    """Against the table of age groups in the shared data, not against the one the synthesis read."""
    names = {"cohabiting_no_children": "cohabiting", "married_no_children": "married"}
    table = pd.read_csv(data_folder() / "derived" / "living_arrangement_age_group_2025.csv")
    table["arrangement"] = table["living_arrangement"].replace(names)
    rows = fit(start, "arrangement")
    largest = 0.0
    for (sex, group), cell in table.groupby(["sex", "age_group"]):
        if (
            str(group)[:2].isdigit()
            and 20 <= int(str(group)[:2]) <= 80
            and f"arrangement alone {sex} {group}" in rows.index
        ):
            here = [rows.loc[f"arrangement {k} {sex} {group}", "reached"] for k in cell["arrangement"]]
            largest = max(largest, float(np.abs(np.array(here) / sum(here) - cell["share"].to_numpy()).max()))
    assert 0 < largest < 0.015


def test_households_have_the_national_sizes(start):
    rows = fit(start, "persons in households")
    assert (rows["deviation"].abs() / rows["asked"].sum()).max() < 0.015


def test_families_have_the_national_numbers_of_children(start):
    rows = fit(start, "families with ")
    rows = rows[rows.index.str.endswith("children")]
    assert (rows["deviation"].abs() / rows["asked"].sum()).max() < 0.015


def test_lone_parents_are_a_quarter_of_families_and_four_in_five_are_women(start):
    rows = fit(start, "lone parents")
    assert rows.loc["lone parents", "reached"] == pytest.approx(rows.loc["lone parents", "asked"], rel=0.02)
    assert rows.loc["lone parents who are women", "reached"] == pytest.approx(
        rows.loc["lone parents who are women", "asked"], rel=0.02
    )
    assert rows.loc["lone parents of minors", "reached"] == pytest.approx(
        rows.loc["lone parents of minors", "asked"], rel=0.12
    )


def test_residents_of_homes_follow_the_care_statistics(start):
    rows = fit(start, "residents nursing_home")
    assert rows["reached"].iloc[0] == pytest.approx(799_591 / 83_456_045 * 100_000, rel=0.01)


@pytest.mark.parametrize(
    ("sex", "age", "share"), [(0, 25, 0.33), (0, 30, 0.13), (0, 40, 0.05), (1, 25, 0.21), (1, 30, 0.06), (1, 40, 0.02)]
)
def test_as_many_live_with_their_parents_as_published(start, sex, age, share):
    p = start.people
    here = (towns.ages(start) == age) & (p["sex"] == sex)
    assert np.mean(p["role"][here] == Role.CHILD) == pytest.approx(share, abs=0.012)


def test_women_have_as_many_children_as_the_parity_table_says(start):
    p, age = start.people, towns.ages(start)
    for wanted_age, shares in (
        (30, (0.577, 0.228, 0.142, 0.053)),
        (40, (0.204, 0.259, 0.375, 0.162)),
        (60, (0.195, 0.263, 0.378, 0.163)),
    ):
        here = (p["sex"] == 1) & (np.abs(age - wanted_age) <= 1)
        assert np.bincount(p["parity"][here], minlength=4) / here.sum() == pytest.approx(np.array(shares), abs=0.05)


def test_old_women_have_living_children_and_some_of_them_in_town(start):
    p, age = start.people, towns.ages(start)
    linked = np.bincount(p["mother"][p["mother"] >= 0], minlength=age.size)
    for middle, share in ((65, 0.82), (75, 0.85), (85, 0.87)):
        here = (p["sex"] == 1) & (np.abs(age - middle) <= 2)
        assert np.mean((linked[here] > 0) | (p["kin_away"][here] > 0)) == pytest.approx(share, abs=0.03)


def test_children_of_old_women_live_at_the_distances_assumed(start):
    p, age = start.people, towns.ages(start)
    old = np.flatnonzero((p["sex"] == 1) & (age >= 65))
    child = np.flatnonzero((p["mother"] >= 0) & (p["role"] != Role.CHILD))
    child = child[age[p["mother"][child]] >= 65]
    counts = np.array([child.size, *away_counts(p["kin_away"][old]).sum(axis=0)])
    assert counts / counts.sum() == pytest.approx(np.array([0.42, 0.25, 0.15, 0.18]), abs=0.02)
    apart = np.abs(p["quartier"][child].astype(int) - p["quartier"][p["mother"][child]])
    near = np.bincount(apart, minlength=10) / np.bincount(np.abs(np.subtract.outer(np.arange(10), np.arange(10))).ravel())
    assert (near[:4] > 1.15 * near[1:5]).all()  # Quartiere in a row, 2 km apart: the nearer, the likelier
    assert near[0] / near[1] == pytest.approx(np.exp(0.83) * (2 / (0.5 * np.sqrt(2))) ** 0.86, rel=0.25)


def test_husbands_of_the_start_are_as_much_older_as_those_of_the_registered_marriages(start):
    """By classes of five years' groups at the age when the marriage began; each within 4 points of the marriages of 2025."""
    first = np.array([0, *range(20, 80, 5)])

    def classes(husband, wife, weight=None):
        groups = [np.searchsorted(first, np.asarray(ages), side="right") for ages in (husband, wife)]
        count = np.bincount(np.clip(groups[0] - groups[1], -2, 3) + 2, weight, minlength=6)
        return count / count.sum()

    table = pd.read_csv(data_folder() / "germany" / "marriages_by_spouse_ages_2025.csv")
    lower = [table[c].str.split("-").str[0].str.rstrip("+").astype(int) for c in ("spouse1_age", "spouse2_age")]
    p = start.people
    wives = np.flatnonzero((p["sex"] == 1) & (p["union_state"] == 2))
    wives = wives[p["sex"][p["partner"][wives]] == 0]
    husbands = p["partner"][wives]
    at = p["married_since"][wives].astype(int)
    ages = [(at - p["birth"][rows].astype(int)) // 4 for rows in (husbands, wives)]
    assert classes(*ages) == pytest.approx(classes(*lower, table["marriages"]), abs=0.04)


def test_no_union_began_before_both_were_sixteen(start):
    p = start.people
    coupled = np.flatnonzero(p["partner"] >= 0)
    age = (p["union_since"][coupled].astype(int) - p["birth"][coupled].astype(int)) / 4
    assert age.min() >= 15.5


def test_husbands_are_older_by_the_usual_years_and_one_couple_in_forty_is_of_one_sex(start):
    p = start.people
    women = np.flatnonzero((p["sex"] == 1) & (p["partner"] >= 0))
    men = p["partner"][women]
    two = p["sex"][men] == 0
    older = (p["birth"][women].astype(int) - p["birth"][men].astype(int))[two] / 4
    assert older.mean() == pytest.approx(2.7, abs=0.5)
    assert older.std() < 6
    coupled = np.flatnonzero(p["partner"] >= 0)
    assert np.mean(p["sex"][coupled] == p["sex"][p["partner"][coupled]]) == pytest.approx(0.026, abs=0.002)
