"""Charts for a report: population pyramid, childcare need against places, carers, fan chart; each as PNG and SVG.

At most 16 cm wide, German by default, readable without colour (patterns, line styles and labels), with an alternative
text inside the file. Equal results give equal bits: no date, no random ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from .planner_tables import PlannerTables
from .rounding import round_people
from .schema import AGE_BIN_STARTS, CHILDCARE_BANDS, INDICATOR, INDICATORS, TABLE
from .spread import replicates_of
from .summary import grouped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CENTIMETRE: Final = 1 / 2.54
WIDTH: Final = 16 * CENTIMETRE
DPI: Final = 200
BLUE, ORANGE, GREY, GREEN, VERMILION, PURPLE = "#0072B2", "#E69F00", "#555555", "#009E73", "#D55E00", "#AA4499"
"""The palette of Okabe and Ito, told apart by colour-blind readers."""

LINES: Final = ((BLUE, "-"), (VERMILION, "--"), (GREEN, "-."), (PURPLE, ":"), (GREY, (0, (5, 1, 1, 1))))
MOST_QUARTIERE: Final = 24
"""More Quartiere than this are not readable on one page; the largest are shown."""

FAN: Final = (
    "persons",
    "households",
    "care_recipients",
    "care_residential",
    "childcare_need_under_3",
    "childcare_need_three_to_school",
    "dwellings_needed",
    "severely_disabled",
)
"""Panels of the fan chart."""

STYLE: Final[dict[str, Any]] = {
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.parse_math": False,
    "axes.axisbelow": True,
    "svg.hashsalt": "quartier",
    "svg.fonttype": "none",
    "hatch.linewidth": 0.6,
    "legend.frameon": False,
}


MOST_TICKS = 12


def write_charts(folder: Path, tables: PlannerTables, town: str) -> list[Path]:
    """Write all charts and return their paths, PNG and SVG of each."""
    import matplotlib as mpl

    from .care_charts import carers_chart
    from .services_chart import services_chart

    folder.mkdir(parents=True, exist_ok=True)
    scenarios = [str(s) for s in tables.results["scenario"].values]
    written: list[Path] = []
    style: dict[Any, Any] = {**mpl.rcParamsDefault, **STYLE}
    with mpl.rc_context(style):
        for s, scenario in enumerate(scenarios):
            written += _save(folder / f"pyramid_{scenario}", *population_pyramid(tables, town, s))
            written += _save(folder / f"childcare_{scenario}", *need_against_places(tables, town, s))
            written += _save(folder / f"carers_{scenario}", *carers_chart(tables, town, s))
            written += _save(folder / f"care_services_{scenario}", *services_chart(tables, town, s))
        written += _save(folder / "fan", *fan_chart(tables, town))
    return written


def _save(stem: Path, figure: Figure, alternative: str) -> list[Path]:
    """Write PNG and SVG with the alternative text in their metadata; the SVG also says it in its `<title>`."""
    png, svg = stem.with_name(stem.name + ".png"), stem.with_name(stem.name + ".svg")
    figure.savefig(png, dpi=DPI, metadata={"Title": alternative, "Description": alternative, "Software": "Quartier"})
    figure.savefig(svg, metadata={"Title": alternative, "Date": None, "Creator": "Quartier"})
    return [png, svg]


def stacked_by_year(axes: Axes, years: list[int], series: Iterable[tuple[np.ndarray, str, str, str]], title: str) -> None:
    """Stack bars of values by year, from below; each with colour, pattern and label."""
    base = np.zeros(len(years))
    for values, colour, hatch, label in series:
        axes.bar(years, values, 0.8, base, color=colour, edgecolor="black", linewidth=0.4, hatch=hatch, label=label)
        base += values
    axes.set_title(title, loc="left")
    axes.set_xticks(year_ticks(years))
    axes.grid(axis="y", color="#DDDDDD", linewidth=0.5)
    _thousands(axes.yaxis)


def year_ticks(years: list[int]) -> list[int]:
    """Years to label on an axis across the page: as many as fit without touching each other."""
    return years[:: -(-len(years) // MOST_TICKS)]


def _figure(height: float) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height * CENTIMETRE), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _notes(figure: Figure, *notes: str) -> None:
    """Notes at the foot, one per line."""
    figure.supxlabel("\n".join(notes), fontsize=7, color=GREY, x=0.01, ha="left")


def _head(figure: Figure, title: str, handles: Sequence[Any], labels: Sequence[str], columns: int = 1) -> None:
    """Title and legend above the panels."""
    figure.legend(
        handles,
        labels,
        title=title,
        loc="outside upper left",
        alignment="left",
        ncols=columns,
        borderaxespad=0.0,
        title_fontproperties={"weight": "bold", "size": 9},
    )


def _thousands(axis: Any, absolute: bool = False) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(5, integer=True))
    axis.set_major_formatter(FuncFormatter(lambda v, _p: grouped(abs(v) if absolute else v)))


# -- population pyramid ----------------------------------------------------------------------------------------------


def _single_years(tables: PlannerTables, scenario: int, year: int) -> np.ndarray:
    """Mean residents of the town by sex and completed year of age; f64 [2, 101]."""
    ages = np.floor(AGE_BIN_STARTS).astype(int)
    by_bin = np.mean(
        [
            tables.results["population"][scenario, r, year].values.sum(axis=0)
            for r in replicates_of(tables.results, scenario)
        ],
        axis=0,
    )
    return np.stack([np.bincount(ages, weights=row) for row in by_bin])


def population_pyramid(tables: PlannerTables, town: str, scenario: int = 0) -> tuple[Figure, str]:
    """Age structure at the start (outline) and at the end (bars), and its alternative text."""
    _, first, last = tables._, tables.years[0], tables.years[-1]
    start, end = _single_years(tables, scenario, 0), _single_years(tables, scenario, -1)
    figure = _figure(14)
    axes: Axes = figure.subplots()
    ages = np.arange(start.shape[1])
    for sex, (sign, colour, hatch) in enumerate(((-1, BLUE, ""), (1, ORANGE, "////"))):
        axes.barh(
            ages,
            sign * end[sex],
            height=1.0,
            color=colour,
            edgecolor="white",
            linewidth=0.2,
            hatch=hatch,
            label=f"{last}" if sex == 0 else None,
        )
        axes.stairs(
            sign * start[sex],
            np.arange(ages.size + 1) - 0.5,
            orientation="horizontal",
            color="black",
            linewidth=1.1,
            label=f"{first}" if sex == 0 else None,
        )
    top = 1.08 * max(start.max(), end.max(), 1)
    axes.set_xlim(-top, top)
    axes.set_ylim(-0.5, 106)
    axes.axvline(0, color="black", linewidth=0.6)
    axes.text(-top * 0.97, 103, _("men"), weight="bold", va="center")
    axes.text(top * 0.97, 103, _("women"), weight="bold", ha="right", va="center")
    axes.set_ylabel(_("age in years (100 = 100 and over)"))
    axes.set_yticks(range(0, 101, 10))
    _thousands(axes.xaxis, absolute=True)
    marked = f" ({_('estimated')})" if TABLE["population"].estimated(tables.estimated) else ""
    axes.set_xlabel(_("residents per year of age") + marked)
    axes.set_title(f"{town}: {_('age structure')} {first} {_('and')} {last}", loc="left", weight="bold")
    _pyramid_legend(axes, first, last)
    _notes(
        figure, f"{_('scenario')}: {tables.titles[scenario]}. {_('Reference day 31 December; mean over replicates.')}"
    )
    return figure, _pyramid_text(tables, town, start, end)


def _pyramid_text(tables: PlannerTables, town: str, start: np.ndarray, end: np.ndarray) -> str:
    _, parts = tables._, []
    for year, values in ((tables.years[0], start), (tables.years[-1], end)):
        persons, old = round_people(values.sum(), "five"), 100 * values[:, 65:].sum() / max(values.sum(), 1)
        parts.append(f"{year}: {persons:.0f} {_('residents')}, {old:.0f} % {_('aged 65 and over')}")
    return f"{_('Population pyramid')}, {town}. {'; '.join(parts)}"


def _pyramid_legend(axes: Axes, first: int, last: int) -> None:
    from matplotlib.legend_handler import HandlerTuple
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    bars = (Patch(facecolor=BLUE, edgecolor="white"), Patch(facecolor=ORANGE, edgecolor="white", hatch="////"))
    axes.legend(
        [Line2D([], [], color="black", linewidth=1.1), bars],
        [str(first), str(last)],
        loc="upper right",
        bbox_to_anchor=(1.0, 0.93),
        handler_map={tuple: HandlerTuple(ndivide=None, pad=0.2)},
    )


# -- need against places ---------------------------------------------------------------------------------------------


def peak_year(tables: PlannerTables, scenario: int = 0) -> int:
    """Index of the year with the highest childcare need of the whole town."""
    columns = [INDICATORS.index(INDICATOR[f"childcare_need_{band}"]) for band in CHILDCARE_BANDS]
    return int(tables.town.mean[scenario, tables.year_ends][:, columns].sum(axis=1).argmax())


def need_against_places(
    tables: PlannerTables, town: str, scenario: int = 0, year: int | None = None
) -> tuple[Figure, str]:
    """Childcare need and places per Quartier in one year (index; default: the year of highest need)."""
    _, k = tables._, peak_year(tables, scenario) if year is None else year
    means = tables.single.mean[scenario, tables.year_ends[k]]
    need, places = (
        np.stack([means[:, INDICATORS.index(INDICATOR[f"childcare_{what}_{band}"])] for band in CHILDCARE_BANDS])
        for what in ("need", "places")
    )
    order = np.sort(np.argsort(-need.sum(axis=0), kind="stable")[:MOST_QUARTIERE])
    rounded = tables.rounded(need)
    marked = INDICATOR["childcare_places_under_3"].estimated(tables.estimated)
    figure = _figure(5 + 0.72 * order.size)
    panels = figure.subplots(1, 2, sharey=True)
    titles = (_("under 3 years"), _("3 years to school entry"))
    for axes, title, wanted, there in zip(panels, titles, rounded[:, order], places[:, order], strict=True):
        _paired_bars(axes, title, wanted, None if marked else there, tables)
    panels[0].set_yticks(np.arange(order.size), [_short(tables.names[q]) for q in order])
    panels[0].set_ylim(order.size - 0.4, -0.6)
    handles, texts = panels[0].get_legend_handles_labels()
    _head(figure, f"{town}: {_('childcare places, need and stock')} {tables.years[k]}", handles, texts, columns=2)
    day = _("31 December of the year of highest need; mean over replicates.")
    day = day if year is None else _("31 December; mean over replicates.")
    notes = [f"{_('scenario')}: {tables.titles[scenario]}. {day}"]
    if marked:
        notes.append(_("No places are shown: the region gives none, need and stock would both be estimated."))
    if order.size < len(tables.names):
        notes.append(_("Shown are the {n} Quartiere with the highest need.").format(n=order.size))
    _notes(figure, *notes)
    return figure, _need_text(tables, town, tables.years[k], rounded, places, marked)


def _paired_bars(axes: Axes, title: str, need: np.ndarray, places: np.ndarray | None, tables: PlannerTables) -> None:
    _, y, height = tables._, np.arange(need.size), 0.38
    label = f"{_('need')} ({_('estimated')})"
    bars = axes.barh(
        y - height / 2, need, height, color=ORANGE, edgecolor="black", linewidth=0.5, hatch="////", label=label
    )
    axes.bar_label(bars, fmt=grouped, padding=2, fontsize=6.5)
    top = need.max(initial=1)
    if places is not None:
        bars = axes.barh(
            y + height / 2, places, height, color=BLUE, edgecolor="black", linewidth=0.5, label=_("places")
        )
        axes.bar_label(bars, fmt=grouped, padding=2, fontsize=6.5)
        top = max(top, places.max(initial=1))
    axes.set_xlim(0, 1.15 * top)
    axes.set_title(title, loc="left")
    axes.grid(axis="x", color="#DDDDDD", linewidth=0.5)
    axes.tick_params(axis="y", length=0)
    _thousands(axes.xaxis)


def _need_text(tables: PlannerTables, town: str, year: int, need: np.ndarray, places: np.ndarray, marked: bool) -> str:
    _ = tables._
    first = _("Childcare in {town}, {year}: need per Quartier").format(town=town, year=year)
    parts = []
    for b, band in enumerate((_("under 3 years"), _("3 years to school entry"))):
        text = f"{band}: {_('need')} {need[b].sum():.0f}"
        parts.append(text if marked else f"{text}, {_('places')} {places[b].sum():.0f}")
    return f"{first}. {'; '.join(parts)}"


def _short(name: str, most: int = 26) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"


# -- fan chart -------------------------------------------------------------------------------------------------------


def fan_chart(tables: PlannerTables, town: str) -> tuple[Figure, str]:
    """Headline numbers of the town year by year: mean and 10-90 % band (random spread), one line per scenario."""
    _ = tables._
    figure = _figure(19)
    panels = figure.subplots(4, 2).ravel()
    texts = []
    for axes, name in zip(panels, FAN, strict=True):
        ends = _fan_panel(axes, tables, name)
        texts.append(f"{axes.get_title(loc='left')}: " + "; ".join(ends))
    lines, bands = panels[0].get_lines(), panels[0].collections
    labels = [f"{title}: {_('mean and 10–90 % (random spread)')}" for title in tables.titles]
    _head(
        figure,
        f"{town}: {_('projection')} {tables.years[0]}–{tables.years[-1]}",
        list(zip(bands, lines, strict=True)),
        labels,
    )
    _notes(
        figure,
        _("31 December of each year. Axes do not begin at zero."),
        _("Band: 10–90 % of the replicates, random spread (Zufallsstreuung) only, no forecast uncertainty."),
    )
    return figure, f"{town}: {_('projection')} {tables.years[0]}–{tables.years[-1]}. " + ". ".join(texts)


def _fan_panel(axes: Axes, tables: PlannerTables, name: str) -> list[str]:
    _, indicator = tables._, INDICATOR[name]
    i = INDICATORS.index(indicator)
    spans, ends = [], []
    for s, title in enumerate(tables.titles):
        colour, style = LINES[s % len(LINES)]
        mean, low, high = (v[s, tables.year_ends, i] for v in tables.town)
        axes.fill_between(tables.years, low, high, color=colour, alpha=0.25, linewidth=0)
        axes.plot(tables.years, mean, color=colour, linestyle=style, linewidth=1.4)
        spans.append((low.min(), high.max()))
        ends.append(f"{title} {round_people(mean[0], 'five'):.0f} → {round_people(mean[-1], 'five'):.0f}")
    low, high = min(s[0] for s in spans), max(s[1] for s in spans)
    pad = max(0.08 * (high - low), 0.04 * high, 1.0)
    axes.set_ylim(max(low - pad, 0), high + pad)
    marked = f" ({_('estimated')})" if indicator.estimated(tables.estimated) else ""
    axes.set_title(_wrapped(indicator.text(tables.language) + marked), loc="left", fontsize=8)
    axes.grid(color="#DDDDDD", linewidth=0.5)
    _thousands(axes.yaxis)
    _years(axes)
    return ends


def _years(axes: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))


def _wrapped(text: str, width: int = 44) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(text, width))
