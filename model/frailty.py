"""Frailty: who wants a nursing home dies sooner, wherever he or she lives; the shares with which that is normalised.

At a given grade the frail die more often by `frail_ratio` (model-care.md 4.2). So that deaths by grade, and with them the life
table, stay, each probability is divided by its mean, and the mean needs the share of frail by sex, age, grade and dementia.
At the start the frail are the residents of nursing homes, known by sex, age and grade from the care statistics. Within about
a year the share becomes that which the wishes of the model lead to by sex and age (`calibration/fit_frail.py`: a national
run, once and for all). Tables alone, never the living stock: one more person in town changes nobody's luck.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .care_hazards import AGES, GRADES, care_prevalence, chosen_variant, remembered
from .dementia import usual_shares, with_mean
from .rates import RateBook


def _padded(by_group: np.ndarray) -> np.ndarray:
    """Values by 5-year age group (second axis) as values by age."""
    by_age = np.repeat(by_group, 5, axis=1)
    return np.concatenate((by_age, np.repeat(by_age[:, -1:], AGES - by_age.shape[1], axis=1)), axis=1)


def _logit(p: np.ndarray) -> np.ndarray:
    inner = np.clip(p, 1e-9, 1 - 1e-9)
    return np.log(inner) - np.log1p(-inner)


def _expit(v: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-v))


def _stocks(rates: RateBook, year: int) -> tuple[np.ndarray, np.ndarray]:
    """Shares of frail of a start at the end of a year and of later on, [sex, age, grade 1..5, dementia] each.

    Later on they are the same in all years: when need grows in mild grades, the share of frail falls among all, not
    within a grade. A state's level shifts them.
    """
    fitted, national = _padded(rates["care_resident_share"].values), _national_need(rates)
    need = care_prevalence(rates, year)[..., 1:]
    residents = _padded(rates["care_residential_share"].values) * rates.parameter("nursing_home_level")
    persons = (residents * national.sum(-1))[..., None]
    mix = np.array([rates.parameter(f"care_resident_grade_{g + 1}") for g in range(GRADES)])
    by_grade = np.clip(persons * mix / np.maximum(need, 1e-300), 1e-9, 0.98)
    start = with_mean(fitted, _by_dementia(rates, need, year), by_grade, (3,))
    frail = _padded(rates["care_frail_share"].values)
    later = with_mean(fitted, _by_dementia(rates, national, _year_of_table(rates)), frail, (2, 3))
    return start, _expit(_logit(later) + rates.parameter("care_home_state_shift"))


def _by_dementia(rates: RateBook, need: np.ndarray, year: int) -> np.ndarray:
    demented = usual_shares(rates, year)[..., 1:]
    return need[..., None] * np.stack((1 - demented, demented), axis=-1)


def _year_of_table(rates: RateBook) -> int:
    return int(rates["care_residential_share"].year)


def _national_need(rates: RateBook) -> np.ndarray:
    """Share of the nation's people in grade 1..5 at the end of the year of the table of residents, [sex, age, 5]."""
    national = replace(rates, parameters={**rates.parameters, "care_level_logit": 0.0}, _cache={})
    return care_prevalence(national, _year_of_table(rates))[..., 1:]


def frail_shares(rates: RateBook, year: int, since: int) -> np.ndarray:
    """Expected share of frail in the middle of a year of a run that starts at the end of ``since``; at its start if equal.

    Returns
    -------
    float64 [sex, age 0..109, grade 1..5, dementia].
    """
    start, later = remembered(rates, "frail", chosen_variant(rates), since, lambda: _stocks(rates, since))
    elapsed = max(year - since - 0.5, 0.0)
    weight = np.exp(-elapsed / rates.parameter("care_frail_settles"))
    return weight * start + (1 - weight) * later


def frail_ratio(rates: RateBook) -> np.ndarray:
    """Probability of death of the frail against others of the same age and grade, float64 [age] (model-care.md 4.2)."""
    fading = 1 - rates.parameter("care_frail_fading") * (np.arange(AGES) - 70) / 30
    weight = np.clip(fading, rates.parameter("care_frail_least"), 1)
    return np.exp(np.log(rates.parameter("care_frail_ratio_at_70")) * weight)
