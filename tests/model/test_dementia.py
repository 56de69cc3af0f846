"""The expected share of demented: carried on with need, deaths and incidence in the order of the model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from quartier.model.care_hazards import by_age_at_end, care_prevalence, care_rates, death_factors_by_code, life_table
from quartier.model.columns import CARE_GRADE_BITS, DEMENTIA_BIT
from quartier.model.dementia import dementia_shares, incidence_by_grade, multiplier
from quartier.model.processes.care_need import dementia_probabilities, leaving_probabilities
from quartier.model.rates import RateBook, read_rate_book

YEARS = 20


def constant(rates: RateBook) -> RateBook:
    return replace(rates, parameters={**rates.parameters, "care_trend": 0.0}, _cache={})


class Shell:
    """What the tables of a step ask of a model."""

    def __init__(self, rates: RateBook, year: int) -> None:
        self.rates, self.now, self.start_step, self.n_quartiere = rates, 4 * year, 4 * 2023 + 3, 1


def targets(care, worse: np.ndarray, sex: int, age: int) -> np.ndarray:
    """Share of each target grade among those who move, [code 0..15, grade]."""
    out = np.zeros((16, 6))
    for code in range(16):
        grade, demented = code & CARE_GRADE_BITS, code >> 3
        if grade == 0:
            out[code, 1:] = care.onset[sex, age]
        elif grade < 6:
            if grade < 5:
                out[code, grade + 1] = care.upgrade[sex, age, grade - 1] * worse[demented, sex, age, grade]
            if grade > 1:
                out[code, grade - 1] = care.downgrade
            out[code, 0] += care.recovery[sex, age, grade - 1]
    return out / np.maximum(out.sum(1, keepdims=True), 1e-300)


def cohort(rates: RateBook, sex: int, age: int) -> tuple[np.ndarray, np.ndarray]:
    """People of an age at the end of 2023, born a quarter apart, by code after some years: need by age, and the table's."""
    now = np.zeros((4, 16))
    table, demented = care_prevalence(rates, 2023)[sex, age], rates["dementia_share"].values[sex, age]
    for quarter in range(4):
        now[quarter, :6], now[quarter, 8:14] = table * (1 - demented), table * demented
    for year in range(2024, 2024 + YEARS):
        shell, care = Shell(rates, year), care_rates(rates, year)
        shares = dementia_shares(rates, year, 2023)
        life = by_age_at_end(life_table(rates, year))[..., None]
        death = 1 - np.exp(-death_factors_by_code(rates, year, shares) * life / 4)
        leaving, falling = leaving_probabilities(shell, care)[0], dementia_probabilities(shell)  # type: ignore[arg-type]
        worse = multiplier(shares, rates.parameter("dementia_upgrade_ratio"))
        for step in range(4):
            for quarter in range(4):
                lived = 4 * (age + year - 2024) + quarter + step + 1
                at, before = min(lived // 4, 109), min((lived - 1) // 4, 109)
                n = now[quarter] * (1 - death[sex, at, :16])
                moving = n * leaving[:16, sex, before]
                n = n - moving
                to = targets(care, worse, sex, before)
                for code in range(16):
                    n[np.arange(6) | (code & DEMENTIA_BIT)] += moving[code] * to[code]
                ill = n[:8] * falling[:8, sex, before]
                now[quarter] = np.concatenate((n[:8] - ill, n[8:] + ill))
    people = now.sum(0)
    return people, people.sum() * care_prevalence(rates, 2023)[sex, age + YEARS]


@pytest.mark.parametrize(("sex", "age"), [(0, 45), (0, 65), (1, 60), (1, 72)])
def test_need_stays_where_the_table_has_it_for_twenty_years_of_falling_mortality(sex, age):
    """Within 0.2 %, of what the rates expect; with the share of demented of the start for good it would be off by up to 1.7."""
    people, table = cohort(constant(read_rate_book("00")), sex, age)
    by_grade = people[:6] + people[8:14]
    assert by_grade[1:].sum() == pytest.approx(table[1:].sum(), rel=2e-3)
    assert by_grade[1:] / by_grade[1:].sum() == pytest.approx(table[1:] / table[1:].sum(), abs=2e-3)


def test_dementia_becomes_more_common_as_people_die_later():
    """The table is that of the start; later, at ages where mortality has fallen for twenty years, there are more."""
    rates = constant(read_rate_book("00"))
    start = rates["dementia_share"].values
    assert (dementia_shares(rates, 2023, 2023) == start).all()
    need = care_prevalence(rates, 2023)[:, 75:95]
    later = (need * dementia_shares(rates, 2043, 2023)[:, 75:95]).sum(-1) / (need * start[:, 75:95]).sum(-1)
    assert (later > 1.01).all() and (later < 1.15).all()


def test_dementia_is_as_common_whatever_is_recognised_as_need():
    """The nation's need rose by two thirds from 2017 to 2023; dementia by age did not. At a start of any year its curve is that
    of the table, with fewer in need more of them have it; and as many people fall ill in a year."""
    rates = read_rate_book("00")
    table, ages = rates["dementia_share"].values, slice(70, 100)
    need = {year: care_prevalence(rates, year) for year in (2017, 2023, 2027)}
    curve = (need[2023] * table).sum(-1)
    ratio = np.array([1, 1.6, 2.5, 3.5, 4, 4])
    usual = rates["dementia_incidence"].values * (need[2023] * (1 - table) * ratio).sum(-1) / (1 - curve)
    for year in (2017, 2027):
        start = dementia_shares(rates, year, year)
        assert (need[year] * start).sum(-1)[:, ages] == pytest.approx(curve[:, ages], rel=0.005)
        by_grade = np.moveaxis(-4 * np.log1p(-incidence_by_grade(rates, year)), 0, 2)
        falling = (need[year] * (1 - start) * by_grade).sum(-1) / (1 - curve)
        assert falling[:, ages] == pytest.approx(usual[:, ages], rel=0.02)
    kept = (need[2023] * dementia_shares(rates, 2023, 2017)).sum(-1)[:, 75:95] / curve[:, 75:95]
    assert (kept > 0.93).all() and (kept < 1.03).all(), kept
