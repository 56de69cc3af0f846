"""The chart on care at home: who meets the need, year by year, and who the carers are at the start and at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from .charts import BLUE, GREEN, GREY, ORANGE, PURPLE, _figure, _head, _notes, _thousands, stacked_by_year
from .schema import CARER_AGE_STARTS, DIMENSION
from .store import label_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .planner_tables import PlannerTables

_GIVERS: Final = (
    ("kin", BLUE, ""),
    ("service", ORANGE, "////"),
    ("day_care", GREEN, "...."),
    ("volunteers", PURPLE, "xxxx"),
    ("unmet", "white", "\\\\\\\\"),
)
"""Who meets the need, from below, with colour and pattern."""


def carers_chart(tables: PlannerTables, town: str, scenario: int = 0) -> tuple[Figure, str]:
    """Core hours a week by giver and year; carers by sex and age in the first and the last year. With alternative text."""
    _ = tables._
    figure = _figure(15)
    upper, lower = figure.subplots(2, 1)
    hours = tables.means("care_hours", lambda v: v.sum(axis=1)[:, None])[scenario, tables.year_ends, 0]
    _hours(upper, tables, hours)
    carers = tables.means("carers", lambda v: v.sum(axis=(1, 4)).reshape(v.shape[0], 1, -1))[
        scenario, tables.year_ends, 0
    ]
    carers = carers.reshape(len(tables.years), 2, len(CARER_AGE_STARTS))[[0, -1]]
    _carers(lower, tables, carers)
    title = f"{town}: {_('care at home')} {tables.years[0]}–{tables.years[-1]} ({_('estimated')})"
    handles, labels = upper.get_legend_handles_labels()
    _head(figure, title, handles, labels, columns=3)
    _notes(
        figure,
        f"{_('scenario')}: {tables.titles[scenario]}. {_('Reference day 31 December; mean over replicates.')}",
        _("Core hours: care and supervision that somebody must give; assumed by grade, 2.7 reported hours each."),
        _("Capacities of relatives are assumed; unmet need is therefore an upper bound."),
    )
    return figure, _text(tables, town, hours, carers)


def _hours(axes: Axes, tables: PlannerTables, hours: np.ndarray) -> None:
    """Stacked bars of hours [year, giver]."""
    _, ids = tables._, DIMENSION["giver"].ids
    names = dict(zip(ids, label_text("giver", tables.language), strict=True))
    shown = [look for look in _GIVERS if look[0] != "volunteers" or hours[:, ids.index("volunteers")].any()]
    series = ((hours[:, ids.index(giver)], colour, hatch, names[giver]) for giver, colour, hatch in shown)
    stacked_by_year(axes, tables.years, series, _("core hours a week"))


def _carers(axes: Axes, tables: PlannerTables, carers: np.ndarray) -> None:
    """Bars of carers [first and last year, sex, age group], the first year lighter."""
    _, groups = tables._, label_text("carer_age_group", tables.language)
    at = np.arange(len(groups))
    for sex, (name, colour, hatch) in enumerate(((_("men"), BLUE, ""), (_("women"), ORANGE, "////"))):
        for which, year in enumerate((tables.years[0], tables.years[-1])):
            place = at + (2 * sex + which - 1.5) * 0.2
            axes.bar(
                place, carers[which, sex], 0.19, color=colour, edgecolor="black", linewidth=0.5, hatch=hatch,
                alpha=1.0 if which else 0.45, label=f"{name} {year}",
            )  # fmt: skip
    axes.set_xticks(at, groups, fontsize=7)
    axes.set_title(f"{_('carers')} ({_('Carers: relatives who live in the town')})", loc="left")
    axes.legend(ncols=2, fontsize=7)
    axes.grid(axis="y", color="#DDDDDD", linewidth=0.5)
    axes.tick_params(axis="x", length=0)
    axes.set_ylim(0, 1.2 * max(carers.max(), 1))
    _thousands(axes.yaxis)
    axes.spines["bottom"].set_color(GREY)


def _text(tables: PlannerTables, town: str, hours: np.ndarray, carers: np.ndarray) -> str:
    _, ids = tables._, DIMENSION["giver"].ids
    names = dict(zip(ids, label_text("giver", tables.language), strict=True))
    parts = []
    for k in (0, -1):
        whole = max(hours[k, ids.index("need")], 1)
        shares = ", ".join(
            f"{names[giver]} {100 * hours[k, ids.index(giver)] / whole:.0f} %" for giver, *_rest in _GIVERS
        )
        number = tables.rounded(np.array([carers[k].sum()]))[0]
        parts.append(f"{tables.years[k]}: {shares}; {_('carers')} {float(number):.0f}")
    return f"{_('Care at home in {town}: who meets the need').format(town=town)}. {'. '.join(parts)}."
