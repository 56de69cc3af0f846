"""Frailty: who wants a nursing home dies sooner, wherever he or she lives; the shares with which that is normalised.

At a given grade the frail die more often by `frail_ratio` (model-care.md 4.2). So that deaths by grade, and with them the life
table, stay, each probability is divided by its mean, and the mean needs the share of frail by sex, age, grade and dementia.
At the start the frail are the residents of nursing homes, known by sex, age and grade from the care statistics. Within about
a year the share becomes that which the wishes of the model lead to by sex and age (`calibration/fit_frail.py`: a national
run, once and for all). Tables alone, never the living stock: one more person in town changes nobody's luck.
"""

from __future__ import annotations

import numpy as np

from .care_hazards import AGES, GRADES, care_prevalence, chosen_variant, remembered
from .rates import RateBook

_STEPS = 50
"""Halvings of an interval of 16 in the logit: more change nothing."""


def _padded(by_group: np.ndarray) -> np.ndarray:
    """Values by 5-year age group (second axis) as values by age."""
    by_age = np.repeat(by_group, 5, axis=1)
    return np.concatenate((by_age, np.repeat(by_age[:, -1:], AGES - by_age.shape[1], axis=1)), axis=1)


def _logit(p: np.ndarray) -> np.ndarray:
    inner = np.clip(p, 1e-9, 1 - 1e-9)
    return np.log(inner) - np.log1p(-inner)


def _expit(v: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-v))


def _with_mean(share: np.ndarray, weight: np.ndarray, wanted: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """Shares with one shift of the logit per cell, so that their weighted mean over some axes is the one wanted."""
    logits, total = _logit(share), np.maximum(weight.sum(axes, keepdims=True), 1e-300)
    wanted = np.expand_dims(wanted, axes)
    low, high = np.full(wanted.shape, -8.0), np.full(wanted.shape, 8.0)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        over = (weight * _expit(logits + middle)).sum(axes, keepdims=True) / total > wanted
        low, high = np.where(over, low, middle), np.where(over, middle, high)
    return _expit(logits + (low + high) / 2)


def _stocks(rates: RateBook, year: int) -> tuple[np.ndarray, np.ndarray]:
    """Shares of frail of the start and of later on, [sex, age, grade 1..5, dementia] each; need as at the end of a year."""
    fitted = _padded(rates["care_resident_share"].values)
    need = care_prevalence(rates, year)[..., 1:]
    demented = rates["dementia_share"].values[..., 1:]
    weight = need[..., None] * np.stack((1 - demented, demented), axis=-1)
    persons = need.sum(-1)
    residents = _padded(rates["care_residential_share"].values) * rates.parameter("nursing_home_level")
    residents *= _national_need(rates, year) / np.maximum(persons, 1e-300)
    mix = np.array([rates.parameter(f"care_resident_grade_{g + 1}") for g in range(GRADES)])
    by_grade = np.clip(residents[..., None] * mix * persons[..., None] / np.maximum(need, 1e-300), 1e-9, 0.98)
    later = _expit(_logit(_padded(rates["care_frail_share"].values)) + rates.parameter("care_home_state_shift"))
    return _with_mean(fitted, weight, by_grade, (3,)), _with_mean(fitted, weight, later, (2, 3))


def _national_need(rates: RateBook, year: int) -> np.ndarray:
    parameters = {**rates.parameters, "care_level_logit": 0.0}
    national = RateBook(rates.rates, parameters, rates.parameter_table, state=rates.state)
    return 1 - care_prevalence(national, year)[..., 0]


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
