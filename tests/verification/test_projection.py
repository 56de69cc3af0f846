"""The model against an independent cohort-component projection: the mean of many runs must be the projection."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import toy
from crowd import book, z_limit
from quartier.calibration.projection import LAST_AGE, Assumptions, by_age_group, life_expectancy, project
from quartier.model.model import QuartierModel
from quartier.model.processes.births import BEAR
from quartier.model.processes.deaths import DIE
from quartier.model.processes.migration import OUT_MIGRATE
from quartier.model.rates import DATA, RateBook

YEARS, QUARTIERE = 20, 3
SPACING = {f"spacing_{name}": 1.0 for name in ("under_2_years", "under_4_years", "under_6_years", "over_6_years")}


def by_sex(file: str, column: str) -> np.ndarray:
    """A column of one of the model's tables [sex, age], straight from the file."""
    frame = pd.read_csv(DATA / file)
    return np.stack([frame[frame.sex == s].sort_values("age")[column].to_numpy() for s in ("m", "f")])


def fertility_by_age() -> np.ndarray:
    """One birth hazard per age, the mean over union and parity weighted like the women of 2023 by parity; 0 outside 15-49."""
    births = pd.read_csv(DATA / "births.csv").pivot_table(index="parity", columns="age", values="hazard", aggfunc="mean")
    women = pd.read_csv(DATA / "parity.csv").pivot(index="parity", columns="age", values="share")
    by_age = np.zeros(111)
    by_age[15:50] = (births * women).sum().to_numpy()
    return by_age


def assumptions(**more: np.ndarray) -> Assumptions:
    level = pd.read_csv(DATA / "birth_level.csv").sort_values("run_year")["level"].to_numpy()
    return Assumptions(
        by_sex("mortality.csv", "hazard"), by_sex("mortality.csv", "decline"), 2024, fertility_by_age(), 1.0168, 0.5127,
        fertility_level=level, **more,
    )


def rates_by_age_only() -> RateBook:
    """Births depend on age alone, and follow each other as they like; nobody's leaving depends on the family."""
    rates = book({
        **SPACING, "spacing_closed_quarters": 0, "twin_share": 0.0168, "family_rate_germany": 1.0, "family_rate_abroad": 1.0,
    })
    births, leaving = rates["birth_hazard"], rates["leaving_home"]
    flat = np.broadcast_to(fertility_by_age()[15:50], births.values.shape)
    tables = {
        "birth_hazard": replace(births, values=flat),
        "leaving_home": replace(leaving, values=np.full(leaving.values.shape, 40.0)),  # leaves room for all migration
    }
    return replace(rates, rates={**rates.rates, **tables}, _cache={})


def singles_of_all_ages(n: int) -> list[dict]:
    rng = np.random.default_rng(11)
    return [
        {"age": int(age), "sex": int(sex), "household": i, "quartier": int(q), "quarter": int(quarter)}
        for i, (age, sex, q, quarter) in enumerate(zip(
            rng.integers(18, 95, n), rng.integers(0, 2, n), rng.choice(QUARTIERE, n, p=(0.2, 0.3, 0.5)), rng.integers(0, 4, n),
            strict=True))
    ]


def stock_of(model: QuartierModel) -> np.ndarray:
    """Persons [Quartier, sex, quarter of age]."""
    p, stock = model.people, np.zeros((QUARTIERE, 2, 4 * (LAST_AGE + 1)))
    here = p.present == 1
    np.add.at(stock, (p.quartier[here], p.sex[here], np.minimum(model.now - p.birth[here].astype(int), stock.shape[2] - 1)), 1)
    return stock


def largest_z(people: list[dict], processes: tuple, replicates: int, given: Assumptions) -> tuple[float, float, int]:
    """Largest |z| over Quartier x sex x ten-year group where 20 and more are expected, its 1 % limit, number of cells."""
    start = toy.start(people, quartiere=QUARTIERE)
    total = np.zeros(())
    for replicate in range(replicates):
        model = QuartierModel(
            toy.region(QUARTIERE), rates_by_age_only(), start, replicate=replicate, processes=processes
        )
        if not replicate:
            first = stock_of(model)
        model.run(start.step + 4 * YEARS)
        total = total + by_age_group(stock_of(model))
    expected = by_age_group(project(first, start.step, 4 * YEARS, given)[-1])
    # who was there at the start lives on or not: binomial; the children: Poisson and a little more (twins, mothers)
    unit = project(np.ones_like(first), start.step, 4 * YEARS, replace(given, fertility=np.zeros(111)))[-1]
    later, before = first[..., : -4 * YEARS], np.clip(unit[..., 4 * YEARS :], 0, 1)
    variance = np.zeros_like(first)
    variance[..., 4 * YEARS :] = later * before * (1 - before)
    variance = by_age_group(variance)
    variance[..., :2] = 1.05 * expected[..., :2]
    used = expected >= 20
    z = (total / replicates - expected)[used] / np.sqrt(variance[used] / replicates)
    return float(np.abs(z).max()), z_limit(int(used.sum())), int(used.sum())


@pytest.mark.long
def test_twenty_years_of_deaths_and_births_are_the_projection():
    z, limit, cells = largest_z(singles_of_all_ages(20_000), (DIE, BEAR), 20, assumptions())
    print(f"largest |z| {z:.2f} of {cells} cells, limit {limit:.2f}")
    assert cells > 45
    assert z < limit


@pytest.mark.long
def test_twenty_years_of_deaths_and_out_migration_are_the_projection():
    leaves = by_sex("migration.csv", "germany"), by_sex("migration.csv", "abroad")
    given = replace(assumptions(out_migration=leaves[0] + leaves[1]), fertility=np.zeros(111))
    z, limit, cells = largest_z(singles_of_all_ages(12_000), (DIE, OUT_MIGRATE), 12, given)
    print(f"largest |z| {z:.2f} of {cells} cells, limit {limit:.2f}")
    assert cells > 30
    assert z < limit


@pytest.mark.long
def test_a_wrong_rate_would_be_found():
    given = assumptions()
    off = replace(given, mortality=1.05 * given.mortality)
    z, limit, _ = largest_z(singles_of_all_ages(20_000), (DIE, BEAR), 20, off)
    assert z > limit


def test_the_projection_has_the_published_life_expectancy():
    assert life_expectancy(assumptions(), 2024) == pytest.approx([78.8, 83.4], abs=0.1)


def test_the_projection_conserves_people_by_hand():
    """A hundred women of 30 without deaths bear for a quarter; nobody else changes."""
    none = np.zeros((2, 111))
    given = replace(assumptions(), mortality=none, fertility=np.full(111, 0.1))
    stock = np.zeros((1, 2, 4 * (LAST_AGE + 1)))
    stock[0, 1, 120] = 100
    path = project(stock, toy.START, 4, given)
    births = 100 * 1.0168 * -np.expm1(-0.1 / 1.0168 / 4)
    assert path[1, 0, :, 0] == pytest.approx(births * np.array([0.5127, 0.4873]))
    assert path[4, 0, 1, 124] == pytest.approx(100)
    assert path[1].sum() == pytest.approx(100 + births)


def test_arrivals_are_added_where_they_arrive():
    none = np.zeros((2, 111))
    given = replace(assumptions(), mortality=none, fertility=np.zeros(111), in_migration=np.ones((2, 2, 4 * (LAST_AGE + 1))))
    path = project(np.zeros((2, 2, 4 * (LAST_AGE + 1))), toy.START, 3, given)
    assert path.sum(axis=(1, 2, 3)) == pytest.approx(np.arange(4) * 4 * 4 * (LAST_AGE + 1))
    with pytest.raises(ValueError, match="shape"):
        project(np.zeros((2, 2, 10)), toy.START, 1, given)
