"""A town of three Quartiere and three rates, small enough to know by heart."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from quartier.app.language import retold
from quartier.model.errors import Fault, InputError
from quartier.model.rates import Rate, RateBook
from quartier.model.region.region import Region
from quartier.model.timeline import step_of

START = step_of(date(2022, 12, 31))
UNTIL = step_of(date(2030, 12, 31))


@pytest.fixture
def region() -> Region:
    none = pd.DataFrame()
    quartiere = pd.DataFrame({"quartier_id": ["01", "02", "10"], "name": ["Altstadt", "Hafen", "Neustadt"]})
    facilities = pd.DataFrame({
        "facility_id": ["a", "b"], "kind": "childcare_centre", "name": ["A", "B"], "quartier_id": ["01", "02"],
    })
    places = pd.DataFrame({
        "facility_id": ["a", "a", "a", "b"], "date": [date(2021, 12, 31), *[date(2022, 12, 31)] * 3],
        "age_from": [0, 0, 3, 3], "age_to": [2, 2, 6, 6], "places": [99, 10, 40, 25],
    })
    return Region(
        "toy", "Toystadt", "01001000", "01", date(2022, 12, 31), quartiere, none, none, none, none, none, facilities,
        places, none, none,
    )


@pytest.fixture
def rates() -> RateBook:
    def rate(name: str, unit: str, value: float) -> Rate:
        ages = tuple(range(20, 30))
        return Rate(name, unit, ("sex", "age"), (("m", "f"), ages), np.full((2, 10), value), "", "", "A")

    plain = Rate("twins", "share", (), (), np.array(0.02), "", "", "A")
    all_rates = [rate("leaving", "per year", 0.2), rate("wish", "share", 0.6), plain]
    migration = [f"{way}_migration_{where}" for way in ("in", "out") for where in ("germany", "abroad")]
    all_rates += [rate(name, "per year", 0.1) for name in migration]
    return RateBook({r.name: r for r in all_rates}, {}, pd.DataFrame())


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    """Write a scenario file and return its path."""

    def write(text: str, name: str = "mine.toml") -> str:
        (tmp_path / name).write_text('title.de = "Meins"\n' + text, encoding="utf-8")
        return str(tmp_path / name)

    return write


@pytest.fixture
def faults_of() -> Callable[..., list[Fault]]:
    """The faults of a call that must be refused; every one of them can be said in German."""

    def faults_of(function: Callable[..., object], *arguments: object) -> list[Fault]:
        with pytest.raises(InputError) as refused:
            function(*arguments)
        for text in (text for fault in refused.value.faults for text in (fault.expected, fault.remedy)):
            assert retold(text, "de") != text, f"no German for: {text}"
        return refused.value.faults

    return faults_of
