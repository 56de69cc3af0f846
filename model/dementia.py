"""Dementia in the course of a run: the shares by grade that rates and mortality let expect of the start's.

People with dementia get a grade sooner, go up sooner and die sooner; each of these multipliers is divided by its mean, so
that flows between grades and deaths by grade stay those that were solved for. The mean needs the share of demented by grade.
Incidence is constant while mortality falls, so the share rises; taken for constant, the share in need would drift by 0.5 %
in twenty years. It is therefore carried on here, from tables alone: one more person in town changes nobody's luck.

How many have a grade depends on what is recognised as need, and rose by two thirds from 2017 to 2023. Dementia did not: its curve
by age rests on figures of 2018 to 2022 alike (model-care.md 1.6). So shares by grade and incidence, given for the year of the
table, are set for every other year such that as many people of each sex and age have dementia and fall ill as in that year.
"""

from __future__ import annotations

import numpy as np

from .care_hazards import AGES, GRADES, CareRates, care_rates, chosen_variant, path, remembered, survival
from .rates import RateBook, probability
from .timeline import STEPS_PER_YEAR

Shares = tuple[np.ndarray, np.ndarray]
_HALVINGS = 50
"""Halvings of an interval of 16 in the logit: more change nothing."""


def multiplier(share: np.ndarray, ratio: float) -> np.ndarray:
    """Factors without and with dementia, [dementia, ...], whose mean at this share of demented is one."""
    without = 1 / (1 + share * (ratio - 1))
    return np.stack((without, without * ratio))


def move_hazards(care: CareRates) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hazards of an upgrade, a downgrade and recovery of people in grade 1..5, [sex, age, 5] each."""
    up = np.concatenate((care.upgrade, np.zeros((2, AGES, 1))), axis=-1)
    down = np.full((2, AGES, GRADES), care.downgrade)
    down[..., 0] = 0
    return up, down, care.recovery


def with_mean(share: np.ndarray, weight: np.ndarray, wanted: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """Shares with one shift of the logit per cell, so that their weighted mean over some axes is the one wanted."""
    inner, total = np.clip(share, 1e-9, 1 - 1e-9), np.maximum(weight.sum(axes, keepdims=True), 1e-300)
    logits, wanted = np.log(inner) - np.log1p(-inner), np.expand_dims(wanted, axes)
    low, high = np.full(wanted.shape, -8.0), np.full(wanted.shape, 8.0)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        over = (weight / (1 + np.exp(-(logits + middle)))).sum(axes, keepdims=True) / total > wanted
        low, high = np.where(over, low, middle), np.where(over, middle, high)
    return 1 / (1 + np.exp(-(logits + (low + high) / 2)))


def _persons(rates: RateBook, year: float) -> np.ndarray:
    """Shares by grade 0..5 of people of a completed age at the end of a year, in its middle, float64 [sex, age, 6]."""
    exact = np.moveaxis(path(rates, chosen_variant(rates), year), 0, 2)
    return (2.5 * exact[:, :-1] + 1.5 * exact[:, 1:]) / STEPS_PER_YEAR  # x + 1/2 lies between x + 1/8 and x + 9/8


def usual_shares(rates: RateBook, year: float) -> np.ndarray:
    """Share of demented by grade at the end of a year, with as many people with dementia as in the year of the table.

    Returns
    -------
    float64 [sex, age, grade 0..5]; one shift of the logit per sex and age.
    """
    table, of_table = rates["dementia_share"].values, int(rates["dementia_share"].year)
    if year == of_table:
        return table
    wanted = (_persons(rates, of_table) * table).sum(-1)
    return with_mean(table, _persons(rates, year), wanted, (2,)) * (table > 0)


def incidence_by_grade(rates: RateBook, year: int) -> np.ndarray:
    """Probability of dementia within a step of a year, float64 [grade 0..5, sex, age]."""
    ratio = np.array([1.0, *(rates.parameter(f"dementia_incidence_grade_{g}") for g in range(1, GRADES + 1))])

    def mean_ratio(at: float) -> np.ndarray:
        well = _persons(rates, at) * (1 - usual_shares(rates, at))
        return (well * ratio).sum(-1) / well.sum(-1)

    level = mean_ratio(int(rates["dementia_share"].year)) / mean_ratio(year - 0.5)
    return probability(rates["dementia_incidence"].values * level * ratio[:, None, None])


def dementia_shares(rates: RateBook, year: int, since: int) -> np.ndarray:
    """Expected share of demented during a year of a run, float64 [sex, age, grade 0..5].

    ``since`` is the year at whose end the run starts, with `usual_shares`.
    """
    if year <= since:
        return usual_shares(rates, since)
    return _carried(rates, year, since)[1]


def _carried(rates: RateBook, year: int, since: int) -> Shares:
    """State [dementia, sex, exact age x + 1/8, grade] at the end of a year and the mean share during it."""
    variant = chosen_variant(rates)
    if year == since:
        mean = usual_shares(rates, since)
        younger = np.concatenate((mean[:, :1], mean), axis=1)
        older = np.concatenate((mean, mean[:, -1:]), axis=1)
        share = (1.5 * younger + 2.5 * older) / STEPS_PER_YEAR  # between two years' means, which lie at x + 1/2
        shares = np.moveaxis(path(rates, variant, year), 0, 2)
        return np.stack((shares * (1 - share), shares * share)), mean
    return remembered(rates, f"dementia {since}", variant, year, lambda: _through(rates, year, since))


def _through(rates: RateBook, year: int, since: int) -> Shares:
    care, survive = care_rates(rates, year), survival(rates, year)
    ill = np.moveaxis(incidence_by_grade(rates, year), 0, 2)
    ratio = [rates.parameter(f"dementia_{kind}_ratio") for kind in ("death", "onset", "upgrade")]
    n = _carried(rates, year - 1, since)[0][:, :, :-1]
    shares, persons = np.zeros(n.shape[1:]), np.zeros(n.shape[1:])
    for quarter in range(STEPS_PER_YEAR):
        shares += n[1]
        persons += n.sum(0)
        dying = multiplier(n[1] / np.maximum(n.sum(0), 1e-300), ratio[0]) * (1 - survive[quarter])
        n = _moved(n * (1 - np.minimum(dying, 1)), care, ratio[1], ratio[2])
        falling = n[0] * ill
        n = np.stack((n[0] - falling, n[1] + falling))
    born = np.zeros((2, 2, 1, GRADES + 1))
    born[0, ..., 0] = 1
    end = np.concatenate((born, n / n.sum((0, 3), keepdims=True)), axis=2)
    return end, shares / np.maximum(persons, 1e-300)


def _moved(n: np.ndarray, care: CareRates, onset_ratio: float, upgrade_ratio: float) -> np.ndarray:
    """State after at most one move of everybody."""
    share = n[1] / np.maximum(n.sum(0), 1e-300)
    total = care.onset.sum(-1)
    begin = np.minimum(probability(total) * multiplier(share[..., 0], onset_ratio), 1)
    up, down, recovery = move_hazards(care)
    leaving = up + down + recovery
    part = probability(leaving) / np.maximum(leaving, 1e-300)
    ups = n[..., 1:] * part * up * multiplier(share[..., 1:], upgrade_ratio)
    downs, outs = n[..., 1:] * part * down, n[..., 1:] * part * recovery
    entering = (n[..., 0] * begin)[..., None] * care.onset / np.maximum(total, 1e-300)[..., None]
    out = n.copy()
    out[..., 0] += outs.sum(-1) - entering.sum(-1)
    out[..., 1:] += entering - outs - ups - downs
    out[..., 2:] += ups[..., :-1]
    out[..., 1:-1] += downs[..., 1:]
    return out
