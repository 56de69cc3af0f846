"""The chart on services of care: where people in need are cared for, year by year, and the staff that takes against supply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from .charts import BLUE, GREEN, ORANGE, PURPLE, _figure, _head, _notes, _thousands, stacked_by_year, year_ticks
from .schema import DIMENSION
from .spread import replicates_of
from .store import label_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .planner_tables import PlannerTables

_LOOKS: Final[dict[str | int | float, tuple[str, str]]] = {
    "none": ("#DDDDDD", "----"),
    "family_care": ("white", ""),
    "home_care": (ORANGE, "////"),
    "shared_care_flat": (GREEN, "...."),
    "residential_care": (BLUE, ""),
    "outside_town": (PURPLE, "xxxx"),
}
"""Colour and pattern of the settings, from below."""


def services_chart(tables: PlannerTables, town: str, scenario: int = 0) -> tuple[Figure, str]:
    """People in need by setting and year; people needed in homes and services against those there are. With alternative text."""
    _ = tables._
    figure = _figure(15)
    upper, lower = figure.subplots(2, 1)
    settings = tables.means("care", lambda v: v.sum(axis=(1, 2, 3, 4))[:, None])[scenario, :, 0]
    _settings(upper, tables, settings)
    source = tables.results["care_staff"]
    staff = source[scenario, replicates_of(tables.results, scenario)].values.mean(axis=0)
    _staff(lower, tables, staff)
    title = f"{town}: {_('services of care')} {tables.years[0]}–{tables.years[-1]} ({_('estimated')})"
    handles, labels = upper.get_legend_handles_labels()
    _head(figure, title, handles, labels, columns=2)
    _notes(
        figure,
        f"{_('scenario')}: {tables.titles[scenario]}. {_('Reference day 31 December; mean over replicates.')}",
        _("Trend: staff grows as in 2019 to 2023. Status quo: entrants follow the population of 18 to 34."),
    )
    return figure, _text(tables, town, settings, staff)


def _settings(axes: Axes, tables: PlannerTables, settings: np.ndarray) -> None:
    """Stacked bars of people in need [year, setting], from care by relatives at the bottom to homes; empty settings are left out."""
    ids, names = DIMENSION["setting"].ids, label_text("setting", tables.language)
    shown = [s for s in range(len(ids)) if settings[:, s].any()]
    series = ((settings[:, s], *_LOOKS[ids[s]], names[s]) for s in shown)
    stacked_by_year(axes, tables.years, series, tables._("people in need of care"))


def _staff(axes: Axes, tables: PlannerTables, staff: np.ndarray) -> None:
    """Lines of people needed and there, [year, staff measure], by branch."""
    _, ids = tables._, DIMENSION["staff"].ids
    for branch, name, colour in (("home", _("nursing homes"), BLUE), ("ambulatory", _("home care services"), ORANGE)):
        for measure, text, style in (
            ("heads_needed", _("people needed"), "-"), ("heads_trend", _("trend"), "--"), ("heads_status_quo", _("status quo"), ":"),
        ):  # fmt: skip
            values = staff[:, ids.index(f"{branch}_{measure}")]
            axes.plot(tables.years, values, style, color=colour, linewidth=1.6, label=f"{name}: {text}")
    axes.set_title(_("Staff of care: need and supply"), loc="left")
    axes.set_ylim(
        0, 1.45 * max(staff[:, [ids.index("home_heads_needed"), ids.index("ambulatory_heads_needed")]].max(), 1)
    )
    axes.legend(ncols=2, fontsize=7, loc="upper left")
    axes.set_xticks(year_ticks(tables.years))
    axes.grid(axis="y", color="#DDDDDD", linewidth=0.5)
    _thousands(axes.yaxis)


def _text(tables: PlannerTables, town: str, settings: np.ndarray, staff: np.ndarray) -> str:
    _, names, ids = tables._, label_text("setting", tables.language), DIMENSION["staff"].ids
    parts = []
    for k in (0, -1):
        whole = tables.rounded(settings[k])
        people = ", ".join(f"{names[s]} {float(n):.0f}" for s, n in enumerate(whole) if settings[k, s] > 0)
        needed = float(tables.rounded(staff[k, [ids.index("home_heads_needed")]])[0])
        parts.append(f"{tables.years[k]}: {people}; {_('nursing homes')}: {_('people needed')} {needed:.0f}")
    return f"{_('Services of care in {town}').format(town=town)}. {'. '.join(parts)}."
