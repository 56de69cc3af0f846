"""Care hazards: onset, upgrade and recovery that carry one prevalence path to the next under the life table.

The prevalence of each Pflegegrad by sex and exact age is given (care statistics 2017-2023, a trend variant, the
state's level), and so are progression between grades and the ratio of mortality by grade. What is solved for, per sex
and age, are the onset hazards by grade and the mortality of persons without a grade, such that four steps of the model
carry the shares at exact age x + 1/8 to those at x + 1 + 1/8 and total survival is that of the life table. The steps are
those of `die` and `change_need`: deaths by the age completed at the end of the step, so that the last quarter of a year of
age belongs to the next; then at most one move, by the age at its start. Method: guide `model-care.md` 1.2-1.5, whose
scheme has both by the age at the start. Plain numpy, all ages and both sexes at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, TypeVar

import numba as nb
import numpy as np

from .rates import RateBook
from .timeline import DT, STEPS_PER_YEAR

AGES: Final = 110
"""Ages 0..109; whoever is older has the rates of 109 (a size of arrays)."""
GRADES: Final = 5
CODES: Final = 32
"""Values of the column `care`: three bits Pflegegrad, one dementia, one frail."""

Variant = Literal["constant", "damped", "full"]
VARIANTS: Final[tuple[Variant, ...]] = ("constant", "damped", "full")
TOLERANCE: Final = 1e-10
ITERATIONS: Final = 800


@dataclass(frozen=True)
class CareRates:
    """Annual hazards of one calendar year, for the scheme of model-care.md 1.1.

    Attributes
    ----------
    onset : float64 [sex, age, 5], from no grade to grade 1..5.
    upgrade : float64 [sex, age, 4], from grade 1..4 to the next.
    downgrade : from grade 2..5 to the one below, the same at all ages.
    recovery : float64 [sex, age, 5], from grade 1..5 to none.
    death_factor : float64 [sex, age, 6], factor on the life table's hazard by grade 0..5; keeps the life table.
    prevalence : float64 [sex, age, 6], shares by grade 0..5 of completed ages, mean of their four quarters.
    """

    onset: np.ndarray
    upgrade: np.ndarray
    downgrade: float
    recovery: np.ndarray
    death_factor: np.ndarray
    prevalence: np.ndarray


def _logit(p: np.ndarray) -> np.ndarray:
    inner = np.clip(p, 1e-12, 1 - 1e-12)
    return np.log(inner) - np.log1p(-inner)


def _expit(v: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-v))


def trend_years(variant: Variant, years: float) -> float:
    """Years of the observed pace 2017-2023 a variant has added ``years`` after the end of 2023 (model-care.md 1.5).

    >>> [trend_years(v, 4.0) for v in ("constant", "damped", "full")]
    [0.0, 2.0, 4.0]
    """
    u = min(max(years, 0.0), 4.0)
    return {"constant": 0.0, "damped": u - u * u / 8, "full": u}[variant]


def chosen_variant(rates: RateBook) -> Variant:
    """The trend variant named by the parameter `care_trend` (0 constant, 1 damped, 2 full)."""
    return VARIANTS[int(rates.parameter("care_trend"))]


def path(rates: RateBook, variant: Variant, year: float) -> np.ndarray:
    """Shares by grade at the end of ``year`` and exact ages x + 1/8, float64 [6, sex, 0..110]; age 0 has no grade.

    Between the knots 2017, 2019, 2021, 2023 linear in the logit (grade shares in the log); before 2017 as in 2017.
    """
    need = rates["care_need_exact"]
    knots = np.array(need.labels[0], float)
    logits = _logit(need.values)
    weights = np.log(rates["care_grade_weight"].values)
    at = np.clip(np.interp(year, knots, np.arange(knots.size)), 0, knots.size - 1)
    low = min(int(at), knots.size - 2)
    part = at - low
    level = logits[low] * (1 - part) + logits[low + 1] * part
    weight = np.exp(weights[low] * (1 - part) + weights[low + 1] * part)
    if year > knots[-1]:
        pace = (logits[-1] - logits[0]) / (knots[-1] - knots[0])
        cap = _logit(np.maximum(need.values[-1], rates.parameter("care_need_cap")))
        level = np.minimum(logits[-1] + pace * trend_years(variant, year - knots[-1]), cap)
    total = _expit(level + rates.parameter("care_level_logit"))
    total[:, 0] = 0.0
    shares = np.moveaxis(rates["care_grade_share"].values, 2, 0) * weight[:, None, None]
    return np.concatenate(((1 - total)[None], total * shares / shares.sum(0)))


def life_table(rates: RateBook, year: int) -> np.ndarray:
    """Death hazards of a calendar year by sex and age 0..109, with the trend of mortality, without scenarios."""
    since = year - rates.parameter("mortality_base_year")
    hazard = rates["mortality"].values * np.exp(-rates["mortality_decline"].values * since)
    return hazard[:, :AGES]


def by_age_at_end(hazard: np.ndarray) -> np.ndarray:
    """Death hazards (float64 [..., age]) of a life table as hazards by the age completed at the end of a step.

    On average people are half a step younger while it runs: an eighth of the exposure at a completed age belongs to the
    age before, else life expectancy would be 0.12 years short. Newborns are exposed in three steps of their first year,
    so their hazard is raised by 4/3.
    """
    younger = 0.5 / STEPS_PER_YEAR
    out = hazard.copy()
    out[..., 1:] = (1 - younger) * hazard[..., 1:] + younger * hazard[..., :-1]
    out[..., 0] *= (1 - younger) * STEPS_PER_YEAR / (STEPS_PER_YEAR - 1)
    return out


def next_age(values: np.ndarray) -> np.ndarray:
    """Values (last axis: sex times age, or age) of the next year of age; the last stays."""
    by_age = values.reshape(*values.shape[:-1], -1, AGES)
    return np.concatenate((by_age[..., 1:], by_age[..., -1:]), axis=-1).reshape(values.shape)


def mortality_ratio(rates: RateBook) -> np.ndarray:
    """Mortality by grade 0..5 relative to no grade, float64 [6, age] (model-care.md 1.3)."""
    age = np.arange(AGES) + 0.5
    first, last = rates.parameter("care_mortality_fades_from"), rates.parameter("care_mortality_fades_to")
    fading = np.clip((age - first) / (last - first), 0, 1) * (1 - rates.parameter("care_mortality_faded_weight"))
    log = rates.parameter("care_mortality_first_grade") + rates.parameter("care_mortality_step") * np.arange(GRADES)
    return np.exp(np.concatenate((np.zeros((1, AGES)), log[:, None] * (1 - fading))))


@dataclass(frozen=True)
class _Given:
    """What the solver takes as given; arrays [grade or state, cells], cells = 2 x 110."""

    before: np.ndarray
    after: np.ndarray
    hazard: np.ndarray
    ratio: np.ndarray
    upgrade: np.ndarray
    downgrade: float
    recovery: float
    least_onset: np.ndarray
    least_upgrade: float
    age_at_end: bool


def _given(rates: RateBook, before: np.ndarray, after: np.ndarray, hazard: np.ndarray, age_at_end: bool) -> _Given:
    least = np.array([rates.parameter(f"care_least_onset_{g + 1}") for g in range(GRADES)])
    return _Given(
        before[:, :, :-1].reshape(6, -1),
        after[:, :, 1:].reshape(6, -1),
        (by_age_at_end(hazard) if age_at_end else hazard).reshape(-1),
        np.tile(mortality_ratio(rates), (1, 2)),
        np.tile(rates["care_upgrade"].values.T, (1, 2)),
        rates.parameter("care_downgrade"),
        rates.parameter("care_recovery"),
        least[:, None],
        rates.parameter("care_least_upgrade"),
        age_at_end,
    )


def _from_flows(g: _Given, flow: np.ndarray, middle: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Net entries to hazards: an entry below zero first slows the upgrade into the grade, then lets people recover."""
    onset = np.maximum(flow, 0) / middle[0] + g.least_onset
    missing = np.maximum(-flow, 0)
    slowed = np.minimum(missing[1:], (1 - g.least_upgrade) * g.upgrade * middle[1:5])
    upgrade = g.upgrade - slowed / middle[1:5]
    recovery = missing / middle[1:]
    recovery[1:] -= slowed / middle[2:]
    recovery[0] += g.recovery
    return onset, upgrade, np.maximum(recovery, 0)


@nb.njit(cache=True)
def _quarters(moved, survive, onset, upgrade, recovery, downgrade, states):
    """Fill the states [quarter, grade, cell] after the first: deaths, then at most one move; ``survive`` [quarter, grade, cell]."""
    leaving = np.empty(GRADES + 1)
    for quarter in range(survive.shape[0]):
        for cell in range(states.shape[2]):
            for g in range(GRADES + 1):
                alive = states[quarter, g, cell] * survive[quarter, g, cell]
                states[quarter + 1, g, cell], leaving[g] = alive, alive * moved[g, cell]
            entered = back = 0.0
            for g in range(GRADES):
                enters, recovers = leaving[0] * onset[g, cell], leaving[g + 1] * recovery[g, cell]
                entered, back = entered + enters, back + recovers
                states[quarter + 1, g + 1, cell] += enters - recovers
            states[quarter + 1, 0, cell] += back - entered
            for g in range(1, GRADES):  # from a grade to the next, and down to it from there
                states[quarter + 1, g, cell] += leaving[g + 1] * downgrade - leaving[g] * upgrade[g - 1, cell]
            for g in range(1, GRADES):
                states[quarter + 1, g + 1, cell] += leaving[g] * upgrade[g - 1, cell] - leaving[g + 1] * downgrade


def _year(g: _Given, onset: np.ndarray, upgrade: np.ndarray, recovery: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """States [step, grade, cell] after 0, 1, .. 4 steps of deaths and at most one move each."""
    total = np.concatenate((onset.sum(0)[None], recovery))
    total[1:5] += upgrade
    total[2:] += g.downgrade
    moved = -np.expm1(-total * DT) / np.maximum(total, 1e-300)
    survive = np.exp(-factor * g.ratio * g.hazard * DT)
    states = np.empty((STEPS_PER_YEAR + 1, *g.before.shape))
    states[0] = g.before
    last = next_age(survive) if g.age_at_end else survive
    _quarters(moved, np.stack([survive] * (STEPS_PER_YEAR - 1) + [last]), onset, upgrade, recovery, g.downgrade, states)
    return states


def _solve(g: _Given) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Fixed point on the net entries; returns onset, upgrade, recovery, death factor, mean state within the age."""
    middle = np.maximum((g.before + g.after) / 2, 1e-12)
    flow = (g.after - g.before)[1:].copy()
    factor = 1 / (middle * g.ratio).sum(0)
    last = next_age(g.hazard) if g.age_at_end else g.hazard
    of_the_year = ((STEPS_PER_YEAR - 1) * g.hazard + last) * DT
    for _ in range(ITERATIONS):
        hazards = _from_flows(g, flow, middle)
        states = _year(g, *hazards, factor)
        alive = states[-1].sum(0)
        missed = g.after[1:] - states[-1][1:] / alive
        dying = -np.log(alive) / of_the_year
        if np.abs(missed).max() < TOLERANCE and np.abs(dying - 1).max() < TOLERANCE:
            break
        flow += missed
        factor /= dying
    else:
        raise ArithmeticError("care hazards: no onset hazards carry the prevalence given through a year")
    mean = np.sum(states[:STEPS_PER_YEAR], axis=0)
    return (*hazards, factor, mean / mean.sum(0))


def solve_year(
    rates: RateBook, before: np.ndarray, after: np.ndarray, hazard: np.ndarray, age_at_end: bool = True
) -> CareRates:
    """Hazards that carry ``before`` to ``after`` within a year.

    Parameters
    ----------
    before, after : float64 [6, sex, 0..110], shares by grade at exact ages, as `path` gives them.
    hazard : float64 [sex, 0..109], death hazards of the life table.
    age_at_end : whether deaths go by the age completed at the end of a step, as in `die`; else at its start, as in the
        guide's tables.

    Raises
    ------
    ArithmeticError : the path cannot be followed.
    """
    g = _given(rates, before, after, hazard, age_at_end)
    onset, upgrade, recovery, factor, mean = _solve(g)

    def by_age(values: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(np.moveaxis(values.reshape(-1, 2, AGES), 0, 2))

    return CareRates(
        by_age(onset), by_age(upgrade), g.downgrade, by_age(recovery), by_age(factor * g.ratio), by_age(mean)
    )


_T = TypeVar("_T")
_SOLVED: dict[tuple[object, ...], tuple[tuple[object, ...], object]] = {}


def remembered(rates: RateBook, name: str, variant: Variant, year: int, make: Callable[[], _T]) -> _T:
    """Make once per set of tables and parameters; the tables are kept, so that their identity stays theirs."""
    tables = tuple(rates.rates[n] for n in _TABLES)
    figures = tuple(rates.parameters[n] for n in _figures(tuple(rates.parameters)))
    key = (name, variant, year, figures, *map(id, tables))
    if key not in _SOLVED:
        _SOLVED[key] = (tables, make())
    return _SOLVED[key][1]  # type: ignore[return-value]


@lru_cache
def _figures(parameters: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the parameters that play a part, in alphabetical order."""
    return tuple(sorted(name for name in parameters if name.startswith(_SUBJECTS)))


_TABLES: Final = (
    "care_need_exact",
    "care_grade_weight",
    "care_grade_share",
    "care_upgrade",
    "mortality",
    "mortality_decline",
    "disability_prevalence",
    "disability_loss",
    "dementia_share",
    "dementia_incidence",
    "care_resident_share",
    "care_residential_share",
    "care_frail_share",
)
_SUBJECTS: Final = ("care_", "mortality_", "disability_", "dementia_", "nursing_home_level")


def care_rates(rates: RateBook, year: int, variant: Variant | None = None) -> CareRates:
    """Hazards of a calendar year: they carry the prevalence of the end of ``year - 1`` to that of the end of ``year``.

    The state's level comes from the state profile in ``rates``; modifiers of rates play no part here. Solved once per
    year and set of figures, then remembered. ``variant`` defaults to the parameter `care_trend`.
    """
    chosen = variant or chosen_variant(rates)
    return remembered(
        rates,
        "flow",
        chosen,
        year,
        lambda: solve_year(rates, path(rates, chosen, year - 1), path(rates, chosen, year), life_table(rates, year)),
    )


def care_prevalence(rates: RateBook, year: int, variant: Variant | None = None) -> np.ndarray:
    """Shares by grade 0..5 among people of a completed age at the end of ``year``, float64 [sex, age 0..109, 6]."""
    chosen = variant or chosen_variant(rates)

    def make() -> np.ndarray:
        level = path(rates, chosen, year)
        return solve_year(rates, level, level, life_table(rates, year)).prevalence

    return remembered(rates, "stock", chosen, year, make)


def survival(rates: RateBook, year: int, variant: Variant | None = None) -> np.ndarray:
    """Survival of the four steps of each year of age, float64 [step, sex, age, grade 0..5]."""
    hazard = by_age_at_end(life_table(rates, year))[..., None]
    first = np.exp(-care_rates(rates, year, variant).death_factor * hazard * DT)
    last = np.concatenate((first[:, 1:], first[:, -1:]), axis=1)
    return np.stack([first] * (STEPS_PER_YEAR - 1) + [last])


def death_factors_by_code(
    rates: RateBook, year: int, demented: np.ndarray, frail: np.ndarray | None = None, ratio_of_frail: np.ndarray | None = None
) -> np.ndarray:
    """Factor on the life table's death hazard by value of the column `care`, float64 [sex, age 0..109, 0..31].

    Within a grade people with dementia die more often, and so do the frail (those who want a nursing home, wherever
    they live). Both are normalised on the probability of a step with expected shares, so that deaths by grade, and with
    them the life table, stay.

    Parameters
    ----------
    demented : share by sex, age and grade 0..5, see `dementia.dementia_shares`.
    frail : share by sex, age, grade 1..5 and dementia, see `frailty.frail_shares`; None leaves frailty out (for runs
        without `arrange_care`). ratio_of_frail : float64 [age].
    """
    hazard = by_age_at_end(life_table(rates, year))[..., None]
    p = -np.expm1(-care_rates(rates, year).death_factor * hazard * DT)
    ratio = rates.parameter("dementia_death_ratio")
    out = np.zeros((2, AGES, CODES))
    for code in range(CODES):
        grade, is_demented, is_frail = min(code & 7, GRADES), (code >> 3) & 1, (code >> 4) & 1
        level = ratio**is_demented / (1 + demented[..., grade] * (ratio - 1))
        if frail is not None and ratio_of_frail is not None and grade > 0:
            level *= ratio_of_frail**is_frail / (1 + frail[:, :, grade - 1, is_demented] * (ratio_of_frail - 1))
        out[..., code] = np.minimum(p[..., grade] * level, 1 - 1e-6)
    return -np.log1p(-out) / (hazard * DT)
