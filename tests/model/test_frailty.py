"""Frailty: the shares with which its mortality is normalised, and that deaths by age are those of the life table."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from quartier.calibration.sample import national_pyramid, sample_region
from quartier.model import QuartierModel
from quartier.model.care_hazards import by_age_at_end, care_prevalence, life_table
from quartier.model.frailty import frail_shares
from quartier.model.processes import STEP
from quartier.model.processes.deaths import death_hazards
from quartier.model.rates import DATA, read_rate_book
from quartier.model.synthesis import synthesise

NATION = read_rate_book("00")


def by_need(rates, shares: np.ndarray) -> np.ndarray:
    """Frail among persons in need by sex and age, and by grade among the frail, weighted as the table has them."""
    need, demented = care_prevalence(rates, 2023)[..., 1:], rates["dementia_share"].values[..., 1:]
    return need * (shares[..., 0] * (1 - demented) + shares[..., 1] * demented)


def test_the_frail_of_the_start_are_the_residents_of_the_statistics_by_sex_age_and_grade():
    frail = by_need(NATION, frail_shares(NATION, 2023, 2023))
    table = pd.read_csv(DATA / "care_residential.csv").pivot(index="age_group", columns="sex", values="share")
    need = 1 - care_prevalence(NATION, 2023)[..., 0]
    for sex, name in enumerate("mf"):
        for age in (62, 72, 77, 82, 88, 93):
            assert frail[sex, age].sum() / need[sex, age] == pytest.approx(table.loc[age // 5 * 5, name], abs=1e-3)
            assert frail[sex, age] / frail[sex, age].sum() == pytest.approx([0.005, 0.166, 0.373, 0.311, 0.143], abs=0.005)


def test_the_frail_of_later_on_are_those_of_the_run_and_more_where_a_state_has_more_residents():
    table = pd.read_csv(DATA / "care_frail.csv").pivot(index="age_group", columns="sex", values="share")
    later = by_need(NATION, frail_shares(NATION, 2043, 2023)).sum(-1) / (1 - care_prevalence(NATION, 2023)[..., 0])
    for sex, name in enumerate("mf"):
        for age in (62, 72, 77, 82, 88, 93):
            assert later[sex, age] == pytest.approx(table.loc[age // 5 * 5, name], rel=1e-3)
    north = read_rate_book("01")
    assert (frail_shares(north, 2043, 2023)[:, 60:95] > frail_shares(NATION, 2043, 2023)[:, 60:95]).all()
    first, second = (frail_shares(NATION, year, 2023)[1, 86, 2, 0] for year in (2024, 2025))
    start, end = (frail_shares(NATION, year, 2023)[1, 86, 2, 0] for year in (2023, 2043))
    assert min(start, end) < first < max(start, end) and abs(second - end) < abs(first - end)


@pytest.mark.long
def test_deaths_expected_in_the_first_year_are_the_life_tables_by_sex_and_age():
    """150,000 people with Germany's pyramid: sums of the probabilities of all people before the first step and after the first
    year against those of the life table at their ages; with the shares of the guide women of 80 to 89 were 5 % below."""
    rates = replace(NATION, parameters={**NATION.parameters, "care_trend": 0.0}, _cache={})
    region = sample_region(national_pyramid(rates), 150_000, 8)
    left_out = ("out_migrate", "in_migrate", "move", "form_need", "place_children")
    model = QuartierModel(region, rates, synthesise(region, rates, 1), processes=[p for p in STEP if p.name not in left_out])
    seen, wanted = np.zeros((2, 132)), np.zeros((2, 132))
    for _ in range(2):
        p = model.people
        here = np.flatnonzero(p.present == 1)
        model.now += 1
        age, sex = np.minimum(model.ages(here), 109), p.sex[here]
        chance = 1 - np.exp(-death_hazards(model)[0][p.care[here], sex, age] / 4)
        table = 1 - np.exp(-by_age_at_end(life_table(rates, model.now // 4))[sex, age] / 4)
        model.now -= 1
        np.add.at(seen, (sex, age), chance)
        np.add.at(wanted, (sex, age), table)
        model.run(model.now + 4)
    off = seen.sum() / wanted.sum() - 1
    groups = [seen[:, a:b].sum(1) / wanted[:, a:b].sum(1) - 1 for a, b in ((60, 80), (80, 90))]
    print(off, groups)
    assert abs(off) < 0.01
    assert np.abs(groups).max() < 0.02
