"""The short table at the end of a run, as plain data: `quartier.app` prints it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from .planner_tables import PlannerTables
from .schema import INDICATOR, INDICATORS
from .texts import translator

HEADLINE: Final = (
    "persons", "households", "care_recipients", "care_residential", "childcare_need_under_3",
    "childcare_places_under_3", "childcare_need_three_to_school", "childcare_places_three_to_school",
    "dwellings_needed", "dwellings", "severely_disabled",
)  # fmt: skip


def short_labels(language: str) -> dict[str, str]:
    """Names short enough for a window of 80 characters, by indicator."""
    _ = translator(language)
    names = (
        _("Residents"), _("Households"), _("In need of care"), _("In nursing homes"), _("Childcare need < 3"),
        _("Childcare places < 3"), _("Childcare need 3+"), _("Childcare places 3+"), _("Dwellings needed"),
        _("Dwellings"), _("Severely disabled"),
    )  # fmt: skip
    return dict(zip(HEADLINE, names, strict=True))


@dataclass(frozen=True)
class SummaryRow:
    """One headline number of one scenario: a text per year, range included, ready to show."""

    scenario: str
    label: str
    values: tuple[str, ...]
    estimated: bool


@dataclass(frozen=True)
class Summary:
    """What is shown at the end of a run."""

    title: str
    years: tuple[int, ...]
    rows: tuple[SummaryRow, ...]
    notes: tuple[str, ...]


def summarise(tables: PlannerTables) -> Summary:
    """Start, middle and end of the headline numbers of the whole town, with their 10-90 % range."""
    _, years, labels = tables._, tables.years, short_labels(tables.language)
    shown = sorted({0, (len(years) - 1) // 2, len(years) - 1})
    rows = []
    for s, scenario in enumerate(tables.titles):
        for name in HEADLINE:
            indicator, values = INDICATOR[name], tables.town
            i = INDICATORS.index(indicator)
            marked = indicator.estimated(tables.estimated)
            rows.append(
                SummaryRow(
                    scenario,
                    labels[name] + (" *" if marked else ""),
                    tuple(
                        _cell(tables, [v[s, tables.year_ends[k], i] for v in values], indicator.of_people)
                        for k in shown
                    ),
                    marked,
                )
            )
    notes = (
        _("Mean, in brackets the 10–90 % range over replicates: random spread only, no forecast uncertainty."),
        _("* estimated: not from figures of the region, but from rates of the state or the country."),
    )
    return Summary(_("The town at a glance"), tuple(years[k] for k in shown), tuple(rows), notes)


def _cell(tables: PlannerTables, values: list[float], of_people: bool) -> str:
    mean, p10, p90 = (grouped(float(v)) for v in tables.rounded(np.array(values), of_people))
    return mean if p10 == p90 else f"{mean} ({p10}–{p90})"


def grouped(value: float) -> str:
    """Thousands set apart by a narrow space (DIN 1333).

    >>> grouped(99340.0)
    '99\\u202f340'
    """
    return f"{value:,.0f}".replace(",", "\u202f")
