"""Net migration from two register years: by hand, shrunken, and recovered from a run whose moves are known."""

from __future__ import annotations

import dataclasses
from datetime import date

import numpy as np
import pandas as pd
import pytest
import towns
from quartier.model.cohort_change import EDGES, CohortChange, cohort_change, net_rates, stock, usable_days
from quartier.model.model import QuartierModel
from quartier.model.processes.births import BEAR
from quartier.model.processes.deaths import DIE
from quartier.model.processes.home import LEAVE_HOME, RETURN_HOME
from quartier.model.processes.in_moves import observed_net
from quartier.model.processes.local_levels import residents
from quartier.model.processes.migration import IN_MIGRATE, OUT_MIGRATE
from quartier.model.processes.moves import MOVE
from quartier.model.processes.partnership import FORM_UNION, MARRY, SEPARATE
from quartier.model.rates import read_rate_book
from quartier.model.region.region import Region
from quartier.model.synthesis import synthesise
from quartier.model.thresholds import AGES, pad_ages

RATES = read_rate_book("00")
BANDS = [*range(0, 95, 5)]


def register(persons: np.ndarray, day: date) -> pd.DataFrame:
    """A population table in five-year bands by sex from persons [quartier, sex, age]."""
    rows = [
        (f"{q + 1:02d}", day, "mf"[s], a, -1 if a == 90 else a + 4, float(persons[q, s, a : AGES if a == 90 else a + 5].sum()))
        for q in range(len(persons)) for s in range(2) for a in BANDS
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["quartier_id", "date", "sex", "age_from", "age_to", "persons"])


def two_years(before: np.ndarray, after: np.ndarray, years: int = 5, births: np.ndarray | None = None) -> Region:
    """A town that had ``before`` and has ``after`` [quartier, sex, age], with its births by Quartier if given [quartier]."""
    end = date(2023, 12, 31)
    tables = [register(before, date(end.year - years, 12, 31)), register(after, end)]
    made = dataclasses.replace(towns.national(1000, len(after)), population=pd.concat(tables, ignore_index=True))
    if births is None:
        return made
    rows = [
        {"date": date(end.year - y, 12, 31), "event": "birth", "from_id": "", "to_id": f"{q + 1:02d}", "origin": "", "sex": "t",
         "age_from": 0, "age_to": -1, "persons": n / years}
        for y in range(years) for q, n in enumerate(births)
    ]  # fmt: skip
    return dataclasses.replace(made, flows=pd.DataFrame(rows))


def nation(persons: float) -> np.ndarray:
    """Germany's pyramid [sex, age]."""
    pyramid = pad_ages(RATES["population_pyramid"].values[0])
    pyramid[:, RATES["population_pyramid"].values.shape[2] :] = 0
    return pyramid * persons / pyramid.sum()


def test_the_survivors_of_five_years_are_those_of_the_life_table():
    before = np.stack([nation(50_000)])
    change = cohort_change(two_years(before, before), RATES)
    assert change is not None and change.years == 5
    decline = RATES["mortality_decline"].values
    expected = change_from = stock(two_years(before, before), RATES, date(2018, 12, 31))[0]
    for year in range(2019, 2024):
        h = pad_ages(RATES["mortality"].values * np.exp(-decline * (year - RATES.parameter("mortality_base_year"))))
        half = np.exp(-h / 2)
        expected = np.concatenate((np.zeros((2, 1)), (expected * half)[:, :-1] * half[:, 1:]), axis=1)
    assert change_from.sum() == pytest.approx(50_000)
    assert change.survivors[0, :, 5:] == pytest.approx(expected[:, 5:], rel=1e-9)


def test_people_who_came_are_found_in_their_quartier_and_cohort():
    """Nothing happens but deaths; then 400 people of 25-29 are put into the first Quartier at the end."""
    before = np.stack([nation(20_000)] * 2)
    quiet = cohort_change(two_years(before, before), RATES)
    assert quiet is not None
    after = quiet.survivors.copy()
    after[0, :, 25:30] += 40
    change = cohort_change(two_years(before, after), RATES)
    assert change is not None
    net = change.by_group()[0]
    assert net[0, EDGES == 25] == pytest.approx(400, abs=25)  # the band is spread over its ages by the pyramid's shape
    assert np.abs(net[1][EDGES >= 5]).max() < 25


def test_more_deaths_than_the_life_tables_are_not_taken_for_departures_where_the_level_is_known():
    before = np.stack([nation(20_000)])
    high = cohort_change(two_years(before, before), RATES, np.array([1.2, 1.2]))
    table = cohort_change(two_years(before, before), RATES)
    assert high is not None and table is not None
    assert high.net[0, :, 80:].sum() > table.net[0, :, 80:].sum() + 100


@pytest.mark.parametrize(
    ("bands", "usable"),
    [([0, 18, 30, 45, 65, 80], True), ([0, 18, 65], False), ([0], False), ([0, 20, 40, 60], False), ([0, 20, 40, 60, 70], True)]
)
def test_a_register_year_counts_only_where_its_bands_tell_cohorts_apart(bands, usable):
    rows = [
        ("01", date(year, 12, 31), "t", a, b - 1, 100.0)
        for year in (2018, 2023) for a, b in zip(bands, [*bands[1:], 0], strict=True)
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["quartier_id", "date", "sex", "age_from", "age_to", "persons"])
    region = dataclasses.replace(towns.national(1000, 1), population=table)
    assert len(usable_days(region, RATES)) == 2 * usable


def test_the_span_nearest_to_five_years_is_taken_and_none_below_four():
    before = np.stack([nation(20_000)])
    assert cohort_change(two_years(before, before, years=3), RATES) is None
    region = two_years(before, before, years=9)
    more = [register(before, date(2023 - y, 12, 31)) for y in (1, 4, 6)]
    region = dataclasses.replace(region, population=pd.concat([region.population, *more]))
    change = cohort_change(region, RATES)
    assert change is not None and change.first.year == 2017  # six and four are as near; the longer counts


def test_the_towns_net_by_age_is_that_of_the_cohorts_half_a_span_earlier():
    """600 people of 20-24 at the end who came over five years: 120 a year, at about 18 to 22."""
    before = np.stack([nation(60_000)])
    quiet = cohort_change(two_years(before, before), RATES)
    assert quiet is not None
    after = quiet.survivors.copy()
    after[0, :, 20:25] += 60
    region = two_years(before, after)
    model = QuartierModel(region, RATES, synthesise(region, RATES, 1), processes=())
    net = observed_net(model)
    assert net is not None
    assert net.sum() == pytest.approx(120, abs=6)
    assert net[:, 18:23].sum() > 80 and np.abs(net[:, 30:60].sum()) < 25  # bands are not cohorts


def change_of(net: np.ndarray, survivors: np.ndarray) -> CohortChange:
    """A change with these cells [quartier, group], each group's people at its first age."""
    places = np.zeros((2, len(net), 2, AGES))
    places[:, :, 0, EDGES] = survivors, survivors + net
    return CohortChange(date(2018, 12, 31), date(2023, 12, 31), places[0], places[1])


def test_chance_is_shrunken_away_and_a_real_profile_is_kept():
    rng = np.random.default_rng(1)
    survivors = np.full((60, EDGES.size), 200.0)
    noise = rng.normal(0, np.sqrt(RATES.parameter("net_migration_variance") * 200), survivors.shape)
    chance = net_rates(change_of(noise, survivors), RATES)
    assert np.abs(chance.profile).mean() < 0.25 * np.abs(noise / 200).mean()
    students = np.where((np.arange(60) < 30)[:, None] & (EDGES == 21), 100.0, 0.0)
    real = net_rates(change_of(students + noise, survivors), RATES)
    gap = real.profile[:30, EDGES == 21].mean() - real.profile[30:, EDGES == 21].mean()
    # half more people: a nineteenth of it is the Quartier's level, and 0.0625 of variance stands against 0.0075 of chance
    assert gap == pytest.approx(0.5 * 18 / 19 * 0.0625 / (0.0625 + 0.0075), rel=0.1)
    assert (survivors * real.profile).sum(axis=1) == pytest.approx(0, abs=1e-6)


def test_a_quartier_where_a_building_was_opened_keeps_the_towns_mean():
    survivors = np.full((10, EDGES.size), 300.0)
    net = np.zeros_like(survivors)
    net[3] = 300.0  # doubles in five years
    found = net_rates(change_of(net, survivors), RATES)
    assert found.level[3] == 0 and not found.profile[3].any() and found.town == pytest.approx(0)


def test_a_forecast_keeps_a_fifth_of_the_level_and_four_fifths_of_the_profile():
    found = net_rates(change_of(np.zeros((2, EDGES.size)), np.full((2, EDGES.size), 100.0)), RATES)
    made = dataclasses.replace(found, level=np.array([0.1, 0.0]), profile=np.full((2, EDGES.size), 0.05))
    assert made.forecast(RATES, np.full(EDGES.size, 0.3))[0] == pytest.approx(0.3 + 0.02 + 0.04)


def test_net_migration_is_recovered_from_the_stocks_of_a_run_with_known_moves():
    """A round trip: what the run counts as arrivals less departures is what its two registers and births tell."""
    region = towns.national(24_000, 4)
    steps = (DIE, BEAR, SEPARATE, MARRY, FORM_UNION, LEAVE_HOME, RETURN_HOME, OUT_MIGRATE, IN_MIGRATE, MOVE)
    rates = read_rate_book("00").with_parameters({"in_migration_level": 1.3})
    model = QuartierModel(region, rates, synthesise(region, rates, 1), processes=steps)
    before, counts = residents(model), {name: np.zeros(4) for name in model.events}
    for _ in range(20):
        model.step()
        for name, n in model.events.items():
            counts[name] += n
    after = residents(model)
    change = cohort_change(two_years(before, after, births=counts["births"]), rates)
    assert change is not None
    known = sum(counts[f"in_migration_{o}"] - counts[f"out_migration_{o}"] for o in ("germany", "abroad")).sum()
    deaths = counts["deaths"]
    found = change.net.sum(axis=(1, 2))
    assert known > 300
    assert found.sum() == pytest.approx(known, abs=3.3 * np.sqrt(deaths.sum()) + 0.01 * abs(known))
    of_quartier = (after - before).sum(axis=(1, 2)) - counts["births"] + deaths
    assert (np.abs(found - of_quartier) < 4 * np.sqrt(deaths)).all()
