"""Rate books, counts and services for tests of those who give care."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from crowd import book
from quartier.model.processes.care_carer_states import Counts
from quartier.model.processes.care_giving import GIVE_CARE
from quartier.model.processes.care_setting import ARRANGE_CARE

NO_HOME = {"care_home_state_shift": -60.0, "care_shared_flat_residents": 0.0}
ALL_GIVE = {
    **NO_HOME, "care_kin_partner": 60.0, "care_kin_child": 60.0, "care_kin_parent": 60.0, "care_gives_up": 0.0,
    "care_gives_up_strained": 0.0, "care_kin_other": 0.0, "care_kin_other_without_child": 0.0, "care_capacity_least": 0.0,
    "care_work_changed_at_start": 0.0,
    **{f"care_kin_away_{band}": -200.0 for band in ("near", "two_hours", "far")},
}  # fmt: skip
NO_SERVICE = {"care_service_state_shift": -60.0, **{f"care_day_care_grade_{g}": -60.0 for g in (2, 3, 4, 5)}}
BOTH = (ARRANGE_CARE, GIVE_CARE)


def counts(model) -> Counts:
    """Carers and helpers counted in the last step."""
    return model.side["care_result"]["carers"]


def unemployed(parameters: dict[str, float], employed: float = 0.0):
    """The rate book with some parameters, in which nobody (or everybody) is employed."""
    rates = book(parameters)
    table = rates["care_carer_employed"]
    table = replace(table, values=np.full_like(table.values, employed))
    return replace(rates, rates={**rates.rates, "care_carer_employed": table}, _cache={})


def services(kind: str, n: int) -> dict[str, pd.DataFrame]:
    """One listed service of a capacity."""
    row = {
        "facility_id": "s",
        "kind": kind,
        "name": "s",
        "quartier_id": "01",
        "provider": "",
        "opens": "",
        "closes": "",
    }
    table = {"facility_id": "s", "date": "2023-01-01", "age_from": 0, "age_to": -1, "places": n}
    return {"facilities": pd.DataFrame([{**row, "lon": np.nan, "lat": np.nan}]), "places": pd.DataFrame([table])}
