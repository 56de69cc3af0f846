"""The solver of care hazards: against the derived tables, against its own recursion, and its cheap repeated use."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from quartier.model import care_hazards
from quartier.model.care_hazards import AGES, care_prevalence, care_rates, death_factors_by_code
from quartier.model.frailty import frail_ratio, frail_shares
from quartier.model.rates import read_rate_book
from shared_data import data_folder

NATION = read_rate_book("00")


def published(file: str, rate: str, column: str) -> np.ndarray:
    """Values [sex, age, grade] of one rate of the derived table of 2023."""
    frame = pd.read_csv(data_folder() / "derived" / file)
    frame = frame[frame["rate"] == rate].sort_values(["age", column])
    return np.stack([frame[frame["sex"] == s]["value"].to_numpy().reshape(AGES, -1) for s in ("m", "f")])


def life_table_2023() -> np.ndarray:
    frame = pd.read_csv(data_folder() / "germany" / "mortality_qx_destatis_2023_2025.csv")
    qx = frame.pivot(index="age", columns="sex", values="qx")
    return -np.log1p(-np.stack([qx[s].to_numpy()[np.minimum(np.arange(AGES), 100)] for s in ("m", "f")]))


def test_the_solver_finds_the_derived_hazards_of_2023():
    """To 1e-4 of the whole hazard of onset up to 94, 2e-4 to 99: tables have five digits; entries at great age are
    small differences of large flows. Above 100 the derived tables use an unpublished extension of the life table."""
    level = care_hazards.path(NATION, "constant", 2023)
    solved = care_hazards.solve_year(NATION, level, level, life_table_2023(), age_at_end=False)
    wanted = published("care_hazards_2023.csv", "onset", "to_grade")
    error = np.abs(solved.onset - wanted) / wanted.sum(-1, keepdims=True)
    assert error[:, :95].max() < 1e-4
    assert error[:, :100].max() < 2e-4
    upgrade = published("care_hazards_2023.csv", "upgrade", "from_grade")
    assert np.abs(solved.upgrade / upgrade - 1)[:, :95].max() < 1e-4


def test_the_death_factors_are_the_derived_ones():
    level = care_hazards.path(NATION, "constant", 2023)
    solved = care_hazards.solve_year(NATION, level, level, life_table_2023(), age_at_end=False)
    frame = pd.read_csv(data_folder() / "derived" / "care_mortality_by_grade.csv").sort_values(["age", "grade"])
    values = [frame[frame["sex"] == s]["multiplier_on_life_table"].to_numpy() for s in ("m", "f")]
    wanted = np.stack(values).reshape(2, AGES, 6)
    assert np.abs(solved.death_factor / wanted - 1)[:, :100].max() < 2e-4


@pytest.mark.parametrize(
    ("variant", "year"), [("observed", 2017), ("observed", 2021), ("damped", 2024), ("full", 2026)]
)
def test_the_solver_finds_the_derived_hazards_of_other_years(variant, year):
    """Mean error 0.1 % of the hazard of onset below 100: the knots of 2019 and 2021 are interpolated, not recovered."""
    frame = pd.read_csv(data_folder() / "derived" / "care_hazards_by_year_2017_2027.csv")
    frame = frame[(frame["variant"] == variant) & (frame["year"] == year)].sort_values("age")
    columns = [f"onset_pg{g}" for g in range(1, 6)]
    wanted = np.stack([frame[frame["sex"] == s][columns].to_numpy() for s in ("m", "f")])
    chosen = "full" if variant == "full" else "damped"
    before, after = (care_hazards.path(NATION, chosen, y) for y in (year, year + 1))
    solved = care_hazards.solve_year(NATION, before, after, life_table_2023(), age_at_end=False)
    error = np.abs(solved.onset - wanted) / wanted.sum(-1, keepdims=True)
    assert error[:, :100].mean() < 1.2e-3


@pytest.mark.parametrize("state", ["00", "01", "11"])
@pytest.mark.parametrize("variant", ["constant", "damped", "full"])
def test_four_steps_carry_one_years_prevalence_to_the_next_and_keep_the_life_table(state, variant):
    """Deaths go by the age completed at the end of a step: seven eighths of its own hazard, one of the age before; the
    fourth step ends with the next age completed. Newborns live through three steps of their first year."""
    rates = read_rate_book(state)
    year, life = 2025, care_hazards.life_table(rates, 2025)
    life = np.concatenate((life[:, :1] * 7 / 6, 0.875 * life[:, 1:] + 0.125 * life[:, :-1]), axis=1)
    found = care_rates(rates, year, variant)
    before, after = care_hazards.path(rates, variant, year - 1), care_hazards.path(rates, variant, year)
    for sex, age in ((0, 0), (1, 7), (0, 35), (1, 62), (0, 80), (1, 93), (0, 109)):
        hazard = np.zeros((6, 6))
        hazard[0, 1:], hazard[1:, 0] = found.onset[sex, age], found.recovery[sex, age]
        for g in range(1, 5):
            hazard[g, g + 1] += found.upgrade[sex, age, g - 1]
            hazard[g + 1, g] += found.downgrade
        leaving = -np.expm1(-hazard.sum(1) / 4)
        move = hazard * (leaving / np.maximum(hazard.sum(1), 1e-300))[:, None] + np.diag(1 - leaving)
        n = before[:, sex, age]
        ends = [age, age, age, min(age + 1, 109)]
        for end in ends:
            n = (n * np.exp(-found.death_factor[sex, end] * life[sex, end] / 4)) @ move
        assert n / n.sum() == pytest.approx(after[:, sex, age + 1], abs=1e-8)
        assert n.sum() == pytest.approx(np.exp(-life[sex, ends].sum() / 4), rel=1e-8)


def test_the_variants_are_ordered_and_end_in_2027():
    need = {v: 1 - care_prevalence(NATION, 2030, v)[:, 60:90, 0] for v in ("constant", "damped", "full")}
    assert (need["constant"] < need["damped"]).all()
    assert (need["damped"] < need["full"]).all()
    ended, later = (care_hazards.path(NATION, "full", y) for y in (2027, 2040))
    assert (ended == later).all()


def test_persons_in_need_are_those_published_for_germany_and_for_the_states():
    """Rates times population, 31 December 2023: within 0.1 % (the open age group 90+ is split by the life table)."""
    frame = pd.read_csv(data_folder() / "germany" / "population_by_state_sex_age_2023.csv", dtype={"state_code": str})
    grades = pd.read_csv(data_folder() / "germany" / "care_pflegegrad_by_state_2023.csv", dtype={"state_code": str})
    total = grades[grades["pflegegrad"] == "total"].set_index("state_code")["value"]
    for state in ("00", "01", "08", "11"):
        rates = read_rate_book(state)
        rows = frame if state == "00" else frame[frame["state_code"] == state]
        survivors = np.exp(-np.cumsum(care_hazards.life_table(rates, 2024)[:, 90:], axis=1))
        seen = 0.0
        for s, sex in enumerate(("m", "f")):
            persons = rows[rows["sex"] == sex].groupby("age")["population"].sum().to_numpy(float)
            open_group = persons[90] * survivors[s] / survivors[s].sum()
            need = 1 - care_prevalence(rates, 2023, "constant")[s, :, 0]
            seen += float(np.concatenate((persons[:90], open_group)) @ need)
        assert seen == pytest.approx(float(total[state]), rel=1.5e-3)


def test_a_year_is_solved_once():
    first = care_rates(NATION, 2024)
    assert care_rates(NATION, 2024) is first
    assert care_rates(NATION.with_modifiers([]), 2024) is first
    assert care_rates(read_rate_book("01"), 2024) is not first


@pytest.mark.parametrize("state", ["00", "11"])
def test_mortality_by_dementia_and_frailty_leaves_the_mortality_of_a_grade_as_it_is(state):
    rates = read_rate_book(state)
    life = care_hazards.by_age_at_end(care_hazards.life_table(rates, 2024))[..., None]
    demented, frail = rates["dementia_share"].values, frail_shares(rates, 2024, 2023)
    p = 1 - np.exp(-death_factors_by_code(rates, 2024, demented, frail, frail_ratio(rates)) * life / 4)
    by_grade = 1 - np.exp(-care_rates(rates, 2024).death_factor * life / 4)
    for grade in range(6):
        share = demented[..., grade]
        mean = np.zeros_like(share)
        for code in range(32):
            if code & 7 == grade:
                d, f = code >> 3 & 1, code >> 4
                s = frail[:, :, grade - 1, d] if grade else np.zeros_like(share)
                mean += np.where(d, share, 1 - share) * np.where(f, s, 1 - s) * p[..., code]
        assert mean[:, :100] == pytest.approx(by_grade[:, :100, grade], rel=1e-6)
