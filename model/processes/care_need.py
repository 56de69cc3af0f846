"""Care need: onset and change of Pflegegrad, and dementia, in the quarterly scheme of the guide (1.1, 1.6).

Deaths come before (`die`, by the age completed at the end of the step). Survivors make at most one move; its target is drawn
by inverse CDF. Then dementia. Rates belong to the age at the start of the quarter, so a person born in this step faces them
from the next step on; the hazards of `quartier.model.care_hazards` are solved for exactly this. Newborns have no grade.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..care_hazards import AGES, CODES, GRADES, CareRates, care_rates
from ..columns import CARE_GRADE_BITS, DEMENTIA_BIT, Sex
from ..dementia import dementia_shares, incidence_by_grade, move_hazards, multiplier
from ..luck import TWO32, Decision
from ..process import Process
from ..rates import MAX_HAZARD, probability, threshold
from ..shortlist import shortlist_with_newcomers
from ..thresholds import AGES as TABLE_AGES
from ..timeline import STEPS_PER_YEAR, year_of
from .births import OLDEST as OLDEST_MOTHER
from .care_kernels import asked, grades_reached, old_enough_for_dementia
from .care_start import start_need

if TYPE_CHECKING:
    from ..model import QuartierModel

_ABOVE_BIRTHS = 1 << 28
"""Words of luck (a sixteenth of all) left to the births of women old enough for dementia. Where a scenario gives a birth a higher
chance than that, the same luck may bring both in one quarter; neither becomes more or less likely."""
_QUARTERS = np.arange(TABLE_AGES * STEPS_PER_YEAR)
_AGE_OF_QUARTER = np.clip((_QUARTERS - 1) // STEPS_PER_YEAR, 0, AGES - 1)


def by_quarter(values: np.ndarray) -> np.ndarray:
    """Probabilities by age 0..109 (last axis) to ones by quarters lived at the end of the step; none at birth."""
    out = values[..., _AGE_OF_QUARTER].copy()
    out[..., 0] = 0
    return out


def grade_and_dementia(code: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pflegegrad (0..5) and dementia (0, 1) of values of the column `care`."""
    return np.minimum(code & CARE_GRADE_BITS, GRADES), (code & DEMENTIA_BIT) // DEMENTIA_BIT


def dementia_factor(model: QuartierModel, kind: str) -> np.ndarray:
    """Factor on a probability with and without dementia, [dementia, sex, age, grade 0..5]: their mean is one.

    The mean is taken with the share of demented by grade that the tables let expect in this year of the run, never with
    the living stock: one more person must not change the others. ``kind`` is `onset`, `upgrade` or `death`.
    """
    share = dementia_shares(model.rates, year_of(model.now), year_of(model.start_step))
    return multiplier(share, model.rates.parameter(f"dementia_{kind}_ratio"))


def leaving_probabilities(model: QuartierModel, rates: CareRates) -> np.ndarray:
    """Probability of a move within the step, float64 [class of Quartier, care code, sex, age 0..109]."""
    _, level = model.rates.resolve("care_onset_level", model.now, model.n_quartiere)
    onset = probability(np.minimum(rates.onset.sum(-1)[None] * level, MAX_HAZARD))
    on_onset, on_upgrade = dementia_factor(model, "onset"), dementia_factor(model, "upgrade")
    up, other = _moves(rates)
    out = np.zeros((len(level), CODES, 2, AGES))
    for code in range(CODES):
        grade, demented = grade_and_dementia(np.array(code))
        if code & CARE_GRADE_BITS > GRADES:
            continue
        if grade == 0:
            out[:, code] = onset * on_onset[demented, :, :, 0]
        else:
            out[:, code] = up[..., grade - 1] * on_upgrade[demented, :, :, grade] + other[..., grade - 1]
    return np.minimum(out, 1.0)


def _moves(rates: CareRates) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of an upgrade and of all other moves of people in grade 1..5, [sex, age, 5]."""
    up, down, recovery = move_hazards(rates)
    total = up + down + recovery
    moved = probability(total) / np.maximum(total, 1e-300)
    return moved * up, moved * (down + recovery)


def dementia_probabilities(model: QuartierModel) -> np.ndarray:
    """Probability of dementia within the step, float64 [care code, sex, age 0..109]; none for those who have it."""
    grade, demented = grade_and_dementia(np.arange(CODES))
    return np.where(demented[:, None, None], 0.0, incidence_by_grade(model.rates, year_of(model.now))[grade])


def _tables(model: QuartierModel) -> dict[str, Any]:
    """Hazards and thresholds of this step, made anew when the year or a scenario's modifier changes."""
    side = model.side.setdefault("change_need", {})
    version = (year_of(model.now), model.rates.version(("care_onset_level",), model.now))
    if side.get("version") != version:
        class_of, _ = model.rates.resolve("care_onset_level", model.now, model.n_quartiere)
        rates = care_rates(model.rates, year_of(model.now))
        up, _, recovery = move_hazards(rates)
        leaving = threshold(by_quarter(leaving_probabilities(model, rates)))
        dementia = threshold(by_quarter(dementia_probabilities(model)))
        side.update(
            version=version,
            class_of=class_of,
            leaving=leaving.reshape(-1, *leaving.shape[2:]),
            could_leave=_bounds(by_age(leaving).max(axis=0)),
            dementia=dementia,
            could_fall_ill=_bounds_of_dementia(dementia),
            youngest_ill=int(np.argmax(dementia.max(axis=(0, 1)) > 0)),
            moves=(rates.onset, up, dementia_factor(model, "upgrade"), rates.downgrade, recovery),
        )
    return side


def by_age(table: np.ndarray) -> np.ndarray:
    """The largest threshold of each completed age at the end of the step, from those by quarters lived (last axis)."""
    return table.reshape(*table.shape[:-1], -1, STEPS_PER_YEAR).max(axis=-1)


def _bounds(table: np.ndarray) -> np.ndarray:
    """The largest thresholds [care != 0, 1, sex, age] of those [care, sex, age]."""
    return np.stack((table[0], table[1:].max(axis=0)))[:, None]


def ask_listed(
    model: QuartierModel,
    process: str,
    listed: tuple[np.ndarray, np.ndarray],
    table: np.ndarray,
    column: np.ndarray,
    class_of: np.ndarray | None = None,
) -> np.ndarray:
    """Those (rows, i32) to whom the event happens; thresholds (u32) by group, sex, quarters lived.

    Parameters
    ----------
    listed : rows of the people asked, and their words of luck. column : u8, the group of everybody.
    class_of : the class of each Quartier, if they differ; the groups of a class stand together in the table.
    """
    p, (rows, words) = model.people, listed
    class_of = np.zeros(model.n_quartiere, np.uint8) if class_of is None else class_of
    classes = int(class_of.max()) + 1
    groups = len(table) // classes if classes > 1 else 0
    happened = np.empty(rows.size, np.bool_)
    asked(np.int64(model.now), rows, words, column, class_of, groups, p.quartier, p.sex, p.birth, table, happened)
    if model.audit is not None:
        lived = np.minimum(model.now - p.birth[rows].astype(np.int64), table.shape[-1] - 1)
        group = column[rows] + groups * class_of[p.quartier[rows]].astype(np.int64)
        model.audit.add(process, p.sex[rows], model.ages(rows), table[group, p.sex[rows], lived] / TWO32, happened)
    return rows[happened]


def change_need(model: QuartierModel) -> None:
    """Let people get a Pflegegrad, change or lose it; then let dementia begin."""
    p, tables = model.people, _tables(model)
    listed = shortlist_with_newcomers(model, Decision.CARE_CHANGE)
    rows = ask_listed(model, "change_need", listed, tables["leaving"], p.care, tables["class_of"])
    before, after = p.care[rows], targets(model, rows)
    kept = np.where(after > 0, before & ~np.uint8(CARE_GRADE_BITS), before & DEMENTIA_BIT)
    p.care[rows] = kept | after
    onset = rows[before & CARE_GRADE_BITS == 0]
    model.count("care_onset", p.quartier[onset])
    tables["onset"] = onset
    listed = _could_fall_ill(model)
    rows = ask_listed(model, "dementia", listed, tables["dementia"], p.care)
    p.care[rows] |= DEMENTIA_BIT


def _could_fall_ill(model: QuartierModel) -> tuple[np.ndarray, np.ndarray]:
    """Rows (i32) of the people present of an age for dementia who could have it begin, and their words of luck for it.

    The word is that of births: of men, and of women who are too old for them, nobody else asks for it. A birth takes the
    lowest values, so of younger women dementia takes those above `_ABOVE_BIRTHS`; the two exclude each other in a quarter.
    """
    p, (rows, words) = model.people, shortlist_with_newcomers(model, Decision.BIRTH)
    latest, fertile = model.now - _tables(model)["youngest_ill"], model.now - STEPS_PER_YEAR * (OLDEST_MOTHER + 1)
    kept, luck = np.empty(rows.size + 1, np.int32), np.empty(rows.size + 1, np.uint32)
    n = old_enough_for_dementia(rows, words, p.sex, p.birth, latest, fertile, _ABOVE_BIRTHS, kept, luck)
    return kept[:n], luck[:n]


def _bounds_of_dementia(thresholds: np.ndarray) -> np.ndarray:
    """Largest words of luck with which dementia can begin, u32 [sex, completed age]."""
    bound = by_age(thresholds).max(axis=0)
    young = bound[Sex.FEMALE, : OLDEST_MOTHER + 1]
    young[:] = np.where(young > 0, np.minimum(young, TWO32 - 1 - _ABOVE_BIRTHS) + _ABOVE_BIRTHS, 0)
    return bound


def targets(model: QuartierModel, rows: np.ndarray) -> np.ndarray:
    """The grade (u8) to which people go who are known to move; by inverse CDF from the lowest grade up."""
    p, moves, out = model.people, _tables(model)["moves"], np.empty(rows.size, np.uint8)
    columns, rows = (p.key, p.care, p.sex, p.birth), rows.astype(np.int32, copy=False)
    grades_reached(model.luck.stream, np.int64(model.now), rows, columns, moves, out)
    return out


CHANGE_NEED = Process(
    "change_need",
    reads=("people.birth", "people.sex", "people.care", "people.quartier"),
    writes=("people.care",),
    rates=(
        "care_need_exact",
        "care_grade_share",
        "care_grade_weight",
        "care_upgrade",
        "care_onset_level",
        "dementia_incidence",
        "dementia_share",
        "care_trend",
        "care_level_logit",
    ),
    step=change_need,
    start=start_need,
    bounds={
        Decision.CARE_CHANGE: lambda model: _tables(model)["could_leave"],
        Decision.BIRTH: lambda model: _tables(model)["could_fall_ill"],
    },
)
