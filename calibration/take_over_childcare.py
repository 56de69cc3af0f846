"""Take the childcare figures over from `derived/` into the model's own tables.

Call: `python calibration/take_over_childcare.py DATA`. Run from a checkout whose package is installed. Method: guide "model-family-housing", sections 4 and 5.
"""

# ruff: noqa: E501 (one parameter, one line)
from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from quartier.calibration.tables import data_argument, write_table

STATES = {"01": "Schleswig-Holstein", "08": "Baden-Württemberg", "11": "Ost (incl. Berlin)"}
"""State code and the line of the need table it takes; Berlin is published only together with the eastern states."""


def need(derived: Path) -> None:
    """Need, application and attendance by half-year of age, Germany.

    Application given the wish: under three 0.95, of poor families 0.665, weighted by wishing children (the model knows no
    poverty yet); from three on attendance over need, which takes nearly all places to be offered there, and never falls.
    """
    frame = pd.read_csv(derived / "family_childcare_need_half_year.csv")
    chain = pd.read_csv(derived / "family_childcare_access_chain.csv").set_index("parameter")
    traits = pd.read_csv(derived / "family_childcare_use_by_trait.csv").set_index(["trait", "group"])
    poor = 0.16  # children at risk of poverty 2025, 16.0 % (guide §7)
    wish = np.array([poor, 1 - poor]) * traits.loc["poverty_u3", "need"].to_numpy(float)
    applies = chain.loc[["apply_given_wish_low_education_or_poor", "apply_given_wish_reference"], "value"].to_numpy(float)
    young = float((wish * applies).sum() / wish.sum())
    need_, attendance = frame["need_germany"].to_numpy(float), frame["attendance_germany_2025"].to_numpy(float)
    applied = np.where(frame["age_from"] < 3, young, np.maximum.accumulate(attendance / np.maximum(need_, 0.5)))
    write_table("childcare_need.csv", pd.DataFrame({
        "half_year": (2 * frame["age_from"]).astype(int), "need": need_, "applied": applied.round(4), "attendance": attendance,
    }))


def parameters(derived: Path) -> None:
    """Single figures: those of `derived/`, and the assumptions of the guide with their ranges."""
    school = pd.read_csv(derived / "family_school_entry.csv").set_index("parameter")
    system = pd.read_csv(derived / "family_childcare_system_by_state.csv", dtype={"state_code": str}).set_index("state_code")
    assumed = "guide model-family-housing §4"
    rows = [
        ("childcare_need_shift_under_3", 0, -0.3, 1.6, "logit", "S", "reference: Germany", 2023, "state's shift of the need of children under three"),
        ("childcare_utilisation", system.loc["00", "utilisation"], 0.78, 0.97, "children per approved place", "S", "Destatis 22541-0100 / 22541-0001", 2025, "children in centres over approved places"),
        ("childcare_attendance_factor_under_3", 1, 0.8, 1.6, "factor", "D", "reference: Germany", 2023, "state's attendance under three over the national one"),
        ("childcare_inoperable_share", 0.02, 0, 0.1, "share of places", "A", assumed + " (one town lost 4.7 %)", 2023, "approved places that cannot be filled for want of staff or rooms"),
        ("childcare_distance_scale", 0.8, 0.5, 1.5, "km", "A", assumed, 2025, "foot path that costs one unit of utility"),
        ("childcare_sibling_utility", 1.5, 1, 3, "units of utility", "A", assumed, 2025, "what a sibling in the centre is worth to the parents"),
        ("childcare_taste", 0.5, 0.3, 1, "units of utility", "A", assumed, 2025, "scale of the parents' own taste for a centre (Gumbel)"),
        ("childcare_acceptable_distance", 3, 2, 5, "km", "A", assumed, 2025, "foot path beyond which a centre outside the own Quartier is not accepted; families living farther from their centre look for a nearer one"),
        ("childcare_acceptable_distance_own", 8, 3, 12, "km", "A", assumed + " (the rural limit)", 2025, "the same for a centre in the own Quartier"),
        ("childcare_kept_distance", 5, 3, 10, "km", "A", assumed, 2025, "foot path beyond which a place is given up after a move"),
        ("childcare_score_displaced", 8, 8, 8, "points", "A", assumed, 2025, "priority of a child whose centre has closed"),
        ("childcare_score_sibling", 4, 0, 8, "points", "A", assumed, 2025, "priority of a sibling in the centre"),
        ("childcare_score_entitled", 2, 0, 4, "points", "A", "SGB VIII § 24: entitlement from the first birthday; points: " + assumed, 2025, "priority from the first birthday on"),
        ("childcare_score_three", 1, 0, 4, "points", "A", assumed, 2025, "further priority from the third birthday on"),
        ("childcare_give_up", 0.02, 0, 0.05, "per year", "A", assumed, 2025, "hazard of giving up a place before school"),
        ("childcare_wait_before_outside", 4, 2, 8, "quarters", "A", assumed, 2025, "time of waiting after which parents look outside the town"),
        ("childcare_found_outside", 0.05, 0, 0.1, "share per quarter", "A", assumed, 2025, "those waiting longer who find a place outside the town"),
        ("school_age", 6, 6, 6, "years", "S", "school laws of the states", 2025, "birthday that makes a child due for school"),
        ("school_cutoff_month", 6, 6, 9, "month", "S", "Destatis glossary: 30 June; states differ", 2025, "children whose sixth birthday lies before the end of this month are due"),
        ("school_deferral_at_cutoff", round(school.loc["deferral_p0_month_before_cutoff", "value"], 4), 0.1, 0.4, "share", "D", "derived/family_school_entry.csv", 2025, "deferred among those born in the cut-off month"),
        ("school_deferral_decay_months", round(school.loc["deferral_decay_months", "value"], 4), 1.5, 4, "months", "D", "derived/family_school_entry.csv", 2025, "decline of deferral with distance from the cut-off"),
        ("school_early_entry_share", 0.24, 0.1, 0.4, "share", "A", "derived/family_school_entry.csv: 6 % of the cohort, Baden-Württemberg 2006", 2006, "early entrants among those born in the three months after the cut-off"),
        ("path_per_air_line", 1.3, 1.2, 1.4, "factor", "A", "guide model-family-housing §9", 2025, "foot path over air line"),
        ("usual_population_density", 4000, 2000, 8000, "residents per km2", "A", "guide model-family-housing §9", 2025, "settled area of a Quartier whose area is not given"),
    ]
    columns = ["parameter", "value", "low", "high", "unit", "status", "source", "year", "meaning"]
    write_table("parameters_childcare.csv", pd.DataFrame(rows, columns=columns))


def profiles(derived: Path) -> None:
    """What differs between Schleswig-Holstein, Baden-Württemberg and Berlin."""
    shift = pd.read_csv(derived / "family_childcare_need_by_state.csv").set_index("region")
    system = pd.read_csv(derived / "family_childcare_system_by_state.csv", dtype={"state_code": str}).set_index("state_code")
    cutoff = {"01": 6, "08": 6, "11": 9}
    source = {"01": "30 June, abc-erster-schultag.de/stichtag-einschulung", "08": "30 June since 2022/23, stuttgarter-nachrichten.de 2020", "11": "30 September, fachportal-paedagogik.de, Einschulung & Stichtage 2024"}
    rows = []
    for state, region in STATES.items():
        national, own = shift.loc[["Deutschland", region], "attendance_u3_2023"].to_numpy(float)
        note = "; Berlin as the East" if state == "11" else ""
        rows += [
            (state, "childcare_need_shift_under_3", shift.loc[region, "logit_shift_against_germany"], "logit", "derived/family_childcare_need_by_state.csv (KiBS 2023)" + note, 2023, "D"),
            (state, "childcare_attendance_factor_under_3", round(own / national, 4), "factor", "Destatis press release Sep 2023" + note, 2023, "D"),
            (state, "childcare_utilisation", system.loc[state, "utilisation"], "children per approved place", "Destatis 22541-0100", 2025, "S"),
            (state, "school_cutoff_month", cutoff[state], "month", source[state], 2024, "S"),
        ]
    write_table("profiles_childcare.csv", pd.DataFrame(rows, columns=["state", "parameter", "value", "unit", "source", "year", "status"]))


if __name__ == "__main__":
    folder = data_argument() / "derived"
    need(folder)
    parameters(folder)
    profiles(folder)
