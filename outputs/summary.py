"""The short table at the end of a run, as plain data: `quartier.app` prints it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from .planner_tables import PlannerTables
from .schema import DIMENSION, INDICATOR, INDICATORS
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
    return Summary(_("The town at a glance"), tuple(years[k] for k in shown), tuple(rows), (*_changes(tables), *notes))


def _changes(tables: PlannerTables) -> list[str]:
    """One sentence per scenario: what of the change in residents comes from births and deaths, and what from migration."""
    _, ids = tables._, DIMENSION["event"].ids
    if len(tables.years) < 2:
        return []
    events = tables.means("events", lambda v: v, whole_year=True)[:, 1:].sum(axis=(1, 2))  # [scenario, event]

    def total(scenario: int, *names: str) -> float:
        return float(sum(events[scenario, ids.index(name)] for name in names))

    said = []
    for s, title in enumerate(tables.titles):
        natural = total(s, "births") - total(s, "deaths")
        came = total(s, "in_migration_germany", "in_migration_abroad")
        left = total(s, "out_migration_germany", "out_migration_abroad")
        numbers = (signed(float(v)) for v in tables.rounded(np.array([natural, came - left])))
        sentence = _(
            "{scenario}, {first} to {last}: births minus deaths: {natural}; arrivals minus departures: {migration}."
        )
        keys = ("natural", "migration")
        years = {"first": tables.years[1], "last": tables.years[-1]}
        said.append(sentence.format(scenario=title, **years, **dict(zip(keys, numbers, strict=True))))
    return [
        *said,
        _(
            "Unless a scenario says otherwise, people arrive and leave at the rates of the last registered years; "
            "where there are none, at those of the country."
        ),
    ]


def _cell(tables: PlannerTables, values: list[float], of_people: bool) -> str:
    mean, p10, p90 = (grouped(float(v)) for v in tables.rounded(np.array(values), of_people))
    return mean if p10 == p90 else f"{mean} ({p10}–{p90})"


def grouped(value: float) -> str:
    """Thousands set apart by a narrow space (DIN 1333).

    >>> grouped(99340.0)
    '99\\u202f340'
    """
    return f"{value:,.0f}".replace(",", "\u202f")


def signed(value: float) -> str:
    """A difference with its sign (a true minus), thousands set apart; “x” for none.

    >>> signed(-1234.0), signed(5.0), signed(0.0)
    ('−1\\u202f234', '+5', '0')
    """
    if value != value:
        return "x"
    size = grouped(abs(value))
    return size if size == "0" else ("+" if value > 0 else "−") + size
