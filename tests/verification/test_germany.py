"""A sample of Germany under the inputs of the UN projection."""

from __future__ import annotations

import numpy as np
import pytest
import toy
from quartier.calibration import germany as g
from quartier.calibration.projection import life_expectancy
from quartier.calibration.sample import national_pyramid, sample_region
from quartier.model.model import QuartierModel
from quartier.model.processes import STEP
from quartier.model.processes.deaths import death_hazards
from quartier.model.rates import RateBook, read_rate_book
from quartier.model.synthesis.synthesise import synthesise
from shared_data import data_folder

DIE = tuple(p for p in STEP if p.name == "die")


@pytest.fixture(scope="module")
def prospects() -> g.Prospects:
    return g.read_prospects(data_folder())


@pytest.fixture(scope="module")
def rates() -> RateBook:
    return read_rate_book("00")


def shape() -> np.ndarray:
    by_age = np.zeros(g.AGES)
    by_age[g.FERTILE] = np.exp(-0.5 * ((np.arange(15, 50) + 0.5 - 31.5) / 5.3) ** 2)
    return by_age


@pytest.fixture(scope="module")
def path(prospects, rates) -> np.ndarray:
    return g.companion(prospects, g.official_pyramid(rates), shape())


def test_a_sample_has_the_pyramid_in_whole_numbers_spread_evenly(rates):
    pyramid = national_pyramid(rates)
    population = sample_region(pyramid, 50_000, 7).population
    assert population["persons"].sum() == 50_000
    town = population.groupby(["sex", "age_from"])["persons"].sum()
    assert abs(town["f", 60] - 50_000 * pyramid[1, 60] / pyramid.sum()) < 1
    by_quartier = population.groupby("quartier_id")["persons"].sum()
    assert by_quartier.max() - by_quartier.min() <= 1


def test_the_published_totals_are_those_of_the_year_end(prospects):
    years = prospects.years
    assert years["population"].iloc[0] == pytest.approx(84.70e6, rel=1e-3)
    assert prospects.net.sum(axis=(1, 2)) == pytest.approx(years["net"].to_numpy()[1:])


@pytest.mark.parametrize("year", [2024, 2037, 2050])
def test_the_life_table_of_a_year_has_the_published_life_expectancy(prospects, year):
    factor = g.level(prospects, year)
    wanted = prospects.years.loc[year, ["m", "f"]].to_numpy(float)
    assert life_expectancy(g._assumptions(prospects, year, factor), year) == pytest.approx(wanted, abs=0.01)
    assert np.abs(factor - 1).max() < 0.03  # the trend between two periods does nearly all


def test_the_inputs_give_the_published_path_from_the_official_start(prospects, path):
    """Without chance: growth since the start within 1.5 % of the published, from a start 1.5 % lower."""
    own = path.sum(axis=(1, 2))
    published = prospects.years["population"].to_numpy()
    assert own / own[0] == pytest.approx(published / published[0], rel=0.015)


@pytest.mark.parametrize("year", [2024, 2035, 2050])
def test_the_model_dies_by_the_published_life_expectancy(prospects, rates, path, year):
    """The thresholds the model itself draws from, as a life table."""
    book = g.driven(rates, prospects, path, g.Levels.ones())
    model = QuartierModel(toy.region(), book, toy.start(toy.singles([50], [1])), processes=DIE)
    model.now = 4 * year
    hazard = death_hazards(model)[0, 0]
    quarters = np.repeat(hazard, 4, axis=1)[:, 1:]
    lived = (1 + np.cumprod(np.exp(-quarters / 4), axis=1).sum(axis=1)) / 4
    assert lived == pytest.approx(prospects.years.loc[year, ["m", "f"]].to_numpy(float), abs=0.2)


def test_grown_people_arrive_as_the_net_migration_of_the_year_says(prospects, rates, path):
    """Minors who should come at ages at which no parents do stay away: they never arrive alone."""
    region = sample_region(path[0], 60_000, 3)
    start = synthesise(region, rates, 1)
    book = g.driven(rates, prospects, path, g.Levels.ones())
    model = QuartierModel(region, book, start, processes=tuple(p for p in STEP if p.name == "in_migrate"))
    model.now = 4 * 2030
    arrivals = model.side["in_migrate"].persons_per_year(model, 1)
    wanted = np.maximum(prospects.net[2030 - g.FIRST_YEAR], 0) * 60_000 / path[0].sum()
    assert arrivals[:, 18:].sum() == pytest.approx(wanted[:, 18:].sum(), rel=0.1)
    assert 0 < arrivals[:, :18].sum() <= wanted[:, :18].sum() * 1.02
