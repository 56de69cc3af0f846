"""Deaths: by age, sex and care grade, with the trend of mortality; what a death does to those who stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..care_hazards import by_age_at_end, death_factors_by_code
from ..dementia import dementia_shares
from ..frailty import frail_ratio, frail_shares
from ..households import remove
from ..luck import TWO32, Decision
from ..process import Process
from ..rates import MAX_HAZARD, classes
from ..shortlist import shortlist_with_word
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
        since = year_of(model.start_step)
        frail = frail_shares(rates, year, since) if model.has("arrange_care") else None
        factors = death_factors_by_code(rates, year, dementia_shares(rates, year, since), frail, frail_ratio(rates))
        factors = np.moveaxis(factors, 2, 0)
        by_code = by_code * pad_ages(factors)[None]
    return np.minimum(by_code, MAX_HAZARD)  # a scenario's level times the factor of a high grade


def _thresholds(model: QuartierModel) -> tuple[np.ndarray, np.ndarray]:
    """Class of every Quartier and thresholds (u32) of dying in this step [class, code of `care`, sex, age]."""
    side = model.side.setdefault("die", {})
    version = (year_of(model.now), model.rates.version(("mortality", "mortality_decline"), model.now))
    if side.get("version") != version:
        class_of, _ = model.rates.resolve("mortality", model.now, model.n_quartiere)
        table = hazard_thresholds(death_hazards(model))
        most = table.max(axis=0)
        bound = np.stack((most[0], most.max(axis=0)))[:, None]  # without need, with any
        side.update(version=version, class_of=class_of, table=table, bound=bound)
    return side["class_of"], side["table"]


def _bound(model: QuartierModel) -> np.ndarray:
    """No threshold of a class and a need is higher (u32 [need, 1, sex, age])."""
    _thresholds(model)
    return model.side["die"]["bound"]


def die(model: QuartierModel) -> None:
    """Let people die; partners are widowed, empty dwellings fall vacant, minors without an adult are taken in."""
    p, audit = model.people, model.audit
    class_of, table = _thresholds(model)
    rows, luck = shortlist_with_word(model, Decision.DEATH)
    limit = table[classes(class_of, table, p.quartier, rows), p.care[rows], p.sex[rows], model.ages(rows)]
    dies = luck < limit
    if audit is not None:
        audit.add("die", p.sex[rows], model.ages(rows), limit / TWO32, dies)
    rows = rows[dies]
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
    rates=("mortality", "mortality_decline", "care_resident_share", "care_residential_share", "care_frail_share"),
    step=die,
    bounds={Decision.DEATH: _bound},
    start=start_deaths,
)
