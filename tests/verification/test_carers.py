"""Carers of a sample of Germany: the constants in the data meet the means they were solved for, and hold them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from quartier.calibration.carers import AIMS, start_means
from quartier.calibration.sample import national_pyramid, sample_region
from quartier.model import QuartierModel
from quartier.model.rates import read_rate_book
from quartier.model.synthesis import synthesise

pytestmark = pytest.mark.long


def test_the_means_of_the_surveys_come_out_at_the_start_and_stay_for_three_years():
    """100,000 people; margins of three standard errors and what another sample differs by; after three years twice these."""
    rates = read_rate_book("00")
    region = replace(sample_region(national_pyramid(rates), 100_000, 12), state="00")
    model = QuartierModel(region, rates, synthesise(region, rates, 2), seed=2)
    margins = dict(zip(AIMS, (0.025, 0.015, 0.03, 0.03, 0.04), strict=True))
    seen = start_means(model)
    assert {name: seen[name] for name in AIMS} == {name: pytest.approx(AIMS[name], abs=margins[name]) for name in AIMS}
    model.run(model.now + 11)  # not at the end of a year, when rows may move
    later = start_means(model)
    assert {name: later[name] for name in AIMS} == {
        name: pytest.approx(AIMS[name], abs=2 * margins[name]) for name in AIMS
    }
