"""Deaths: by age, sex and care grade, with the trend of mortality; what a death does to those who stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..asking import ask_everyone
from ..care_hazards import by_age_at_end, death_factors_by_code
from ..dementia import dementia_shares
from ..households import remove
from ..luck import Decision
from ..process import Process
from ..rates import MAX_HAZARD
from ..thresholds import hazard_thresholds, pad_ages
from ..timeline import year_of
from .local_levels import mortality_level
from .repair import repair

if TYPE_CHECKING:
    from ..model import QuartierModel

CODES = 32
"""Values of the column `care`: grade, dementia and frailty in five bits."""


def death_hazards(model: QuartierModel) -> np.ndarray:
    """Annual death hazards of this step, float64 [class of Quartier, code of `care`, sex, age].

    ``h0 * exp(-decline * (year - base year))`` times the factor of the person's need, which keeps the life table of the
    whole population (model-demography.md 5, model-care.md 1.3), and the town's own level by sex; it never depends on the
    place of care. Age counts at the end of the step, see `by_age_at_end`.
    """
    rates, year = model.rates, year_of(model.now)
    _, hazard = rates.resolve("mortality", model.now, model.n_quartiere)
    _, decline = rates.resolve("mortality_decline", model.now, model.n_quartiere)
    trend = np.exp(-decline[0] * (year - rates.parameter("mortality_base_year")))
    hazard = hazard * trend * model.side.get("die", {}).get("level", np.ones(2))[:, None]
    hazard = by_age_at_end(hazard)
    by_code = pad_ages(np.repeat(hazard[:, None], CODES, axis=1))
    if model.has("change_need"):
        demented = dementia_shares(rates, year, year_of(model.start_step))
        factors = np.moveaxis(death_factors_by_code(rates, year, model.has("arrange_care"), demented), 2, 0)
        by_code = by_code * pad_ages(factors)[None]
    return np.minimum(by_code, MAX_HAZARD)  # a scenario's level times the factor of a high grade


def _thresholds(model: QuartierModel) -> tuple[np.ndarray, np.ndarray]:
    side = model.side.setdefault("die", {})
    version = (year_of(model.now), model.rates.version(("mortality", "mortality_decline"), model.now))
    if side.get("version") != version:
        class_of, _ = model.rates.resolve("mortality", model.now, model.n_quartiere)
        side.update(version=version, class_of=class_of, table=hazard_thresholds(death_hazards(model)))
    return side["class_of"], side["table"]


def die(model: QuartierModel) -> None:
    """Let people die; partners are widowed, empty dwellings fall vacant, minors without an adult are taken in."""
    p = model.people
    class_of, table = _thresholds(model)
    if len(table) == 1:
        rows = ask_everyone(model, "die", Decision.DEATH, table[0], [p.care, p.sex])
    else:
        rows = ask_everyone(model, "die", Decision.DEATH, table, [class_of[p.quartier], p.care, p.sex])
    model.count("deaths", p.quartier[rows])
    left = p.household[rows]
    remove(model, rows, died=True)
    repair(model, left, siblings=True)


def start_deaths(model: QuartierModel) -> None:
    """Fix the town's own level of mortality from its registered deaths."""
    model.side["die"] = {"level": mortality_level(model)}


DIE = Process(
    "die",
    reads=("people.birth", "people.sex", "people.care"),
    writes=("households.remove", "households.join"),
    rates=("mortality", "mortality_decline"),
    step=die,
    start=start_deaths,
)
