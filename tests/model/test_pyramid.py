"""The age structure of a state in other years than the known one."""

import numpy as np
import pytest
from quartier.model.pyramid import pyramid_of_year
from quartier.model.rates import read_rate_book

RATES = read_rate_book("01")
KNOWN = RATES["population_pyramid"]


def test_the_known_year_is_the_table_and_a_state_without_profile_is_germany():
    assert (pyramid_of_year(RATES, "01", 2023) == KNOWN.values[KNOWN.labels[0].index("01")]).all()
    assert (pyramid_of_year(RATES, "no state", 2023) == KNOWN.values[KNOWN.labels[0].index("00")]).all()


@pytest.mark.parametrize("year", [2015, 2027])
def test_the_strong_cohort_of_1964_stays_the_strongest_whatever_its_age(year: int):
    persons = pyramid_of_year(RATES, "00", year).sum(axis=0)
    largest = 40 + int(np.argmax(persons[40:70]))
    assert year - largest in (1963, 1964)


def test_deaths_lie_between_the_years():
    early, late = (pyramid_of_year(RATES, "00", year).sum(axis=0) for year in (2015, 2023))
    left = late[8:100] / early[:92]
    assert (left < 1).all()
    assert left[20] > 0.99
    assert left[82] < 0.5
