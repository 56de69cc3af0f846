"""Charts of a comparison: difference with band, heat map Quartier x year, slope chart; each as PNG and SVG.

A band is the interval of one scenario's difference (random spread); a chart shows one scenario, so that assumptions
and chance never lie in one ribbon.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from .charts import BLUE, GREY, ORANGE, STYLE, VERMILION, _figure, _head, _notes, _save, _short, _wrapped, _years
from .compare import QUANTITIES, QUANTITY, final_day, first_day
from .compare_effects import CONFIDENCE, Effect, course
from .compare_tables import ComparisonTables
from .summary import grouped, signed

if TYPE_CHECKING:
    from datetime import date

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PANELS: Final = 8
MOST_MAPS: Final = 3
MOST_ROWS: Final = 40
"""Quartiere in a heat map; of more, those with the greatest effects are shown."""
MOST_LINES: Final = 16
"""Lines of a slope chart, as above."""
WRITTEN_YEARS: Final = 14
"""Up to so many years fit as numbers into the cells of a heat map."""


def write_comparison_charts(folder: Path, tables: ComparisonTables, heat: Sequence[str] = ()) -> list[Path]:
    """Write all charts and return their paths; ``heat`` as in `write_comparison`."""
    import matplotlib as mpl

    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    style: dict[Any, Any] = {**mpl.rcParamsDefault, **STYLE}
    with mpl.rc_context(style):
        for scenario in tables.comparison.against:
            written += _save(folder / f"difference_{scenario}", *difference_chart(tables, scenario))
            for name in heat or clearest(tables, scenario):
                written += _save(folder / f"heatmap_{scenario}_{name}", *heat_map(tables, scenario, name))
                written += _save(folder / f"slope_{scenario}_{name}", *slope_chart(tables, scenario, name))
    return written


def clearest(tables: ComparisonTables, scenario: str, most: int = MOST_MAPS) -> list[str]:
    """The quantities with the clearest effects at the chosen year end: aims first, then by mean over interval width.

    What is the same number in every replicate (places, dwellings) is no effect that needs a map, and is left out.
    """
    one = tables.comparison.town(scenario).at(tables.step)
    found = []
    for i, q in enumerate(QUANTITIES):
        width = float(one.high[i] - one.low[i])
        if one.proven[i] and width > 0:
            found.append((q.better == 0, -abs(float(one.mean[i])) / width, q.id))
    chosen: list[str] = []
    by_quartier = tables.comparison.single(scenario).mean[tables.step]
    for *_order, name in sorted(found):
        mine = by_quartier[:, QUANTITY[name]]
        others = [by_quartier[:, QUANTITY[other]] for other in chosen]
        if not any(_mirrors(mine, other) for other in others):
            chosen.append(name)
    return chosen[:most]


def _mirrors(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two numbers tell the same, as children served and children waiting often do."""
    apart = min(float(np.abs(one - other).sum()), float(np.abs(one + other).sum()))
    return apart < 0.2 * float(np.abs(other).sum())


def _title(tables: ComparisonTables, scenario: str, what: str) -> str:
    c = tables.comparison
    pair = _wrapped(f"{tables.title(scenario)} {tables._('minus')} {c.title(c.base)}", 80)
    return f"{c.results.attrs['region']}: {what}\n{pair}"


def _foot(tables: ComparisonTables, *first: str) -> list[str]:
    """The notes below a chart, wrapped to its width."""
    import textwrap

    n = tables.comparison.replicates.size
    spread = tables._("{level} % interval over {n} replicates with the same luck: random spread only, no forecast "
                      "uncertainty.").format(level=round(100 * CONFIDENCE), n=n)
    return [line for note in (*first, spread, *tables.soft_notes()) for line in textwrap.wrap(note, 118)]


# -- difference with band --------------------------------------------------------------------------------------------


def difference_chart(tables: ComparisonTables, scenario: str) -> tuple[Figure, str]:
    """Differences of the town by quarter with their interval, and the alternative text."""
    _, c = tables._, tables.comparison
    both, shown = c.town(scenario), panels(tables, scenario)
    rows = max((len(shown) + 1) // 2, 1)
    figure = _figure(3.2 + 4.0 * rows)
    axes = figure.subplots(rows, 2, squeeze=False).ravel()
    texts = []
    for panel, name in zip(axes, shown, strict=False):
        texts.append(_difference_panel(panel, tables, scenario, name, both.at(slice(None), QUANTITY[name])))
    for panel in axes[len(shown) :]:
        panel.set_axis_off()
    if not shown:
        axes[0].text(0, 0.5, _("No number differs in any replicate."), transform=axes[0].transAxes)
        texts.append(_("No number differs in any replicate."))
    title = _title(tables, scenario, _("difference between the scenarios"))
    _head(figure, title, *_difference_legend(tables, scenario), columns=2)
    _notes(figure, *_foot(tables, _("Whole town, end of every quarter.")))
    return figure, f"{title}. ".replace("\n", ", ") + ". ".join(texts)


def panels(tables: ComparisonTables, scenario: str) -> list[str]:
    """Which quantities the difference chart shows: of those that differ, first where an effect appears, aims first."""
    both = tables.comparison.town(scenario)
    differs = [i for i in range(len(QUANTITIES)) if np.any(both.mean[:, i]) or np.any(both.high[:, i] > both.low[:, i])]
    ordered = sorted(differs, key=lambda i: (course(both.at(slice(None), i)).appears is None, QUANTITIES[i].better == 0,
                                             i))
    return [QUANTITIES[i].id for i in sorted(ordered[:MOST_PANELS])]


def _difference_panel(axes: Axes, tables: ComparisonTables, scenario: str, name: str, one: Effect) -> str:
    _, c, q = tables._, tables.comparison, QUANTITIES[QUANTITY[name]]
    when = np.array([year_fraction(day) for day in c.dates])
    axes.axhline(0, color="black", linewidth=0.7)
    if c.replicates.size > 1:
        axes.fill_between(when, one.low, one.high, color=BLUE, alpha=0.25, linewidth=0)
    axes.plot(when, one.mean, color=BLUE, linewidth=1.3)
    told = c.about(scenario)
    for day in (first_day(told.start), final_day(told.end)):
        if day is not None:
            axes.axvline(year_fraction(day), color=GREY, linewidth=0.9, linestyle=":")
    at = course(one)
    if at.appears is not None:
        axes.plot(when[at.appears], one.mean[at.appears], "o", color=VERMILION, markersize=4)
    if at.peak is not None:
        axes.plot(when[at.peak], one.mean[at.peak], "^", color=VERMILION, markersize=4.5)
    axes.set_title(_wrapped(tables.named(q), 46), loc="left", fontsize=8)
    axes.grid(color="#DDDDDD", linewidth=0.5)
    axes.margins(x=0.02)
    _signed_axis(axes.yaxis, tables.language)
    _years(axes)
    end = float(tables.rounded(one.mean[-1], q.of_people))
    appears = _("appears {date}").format(date=tables.date(at.appears)) if at.appears is not None else _("not proven")
    return f"{q.text(tables.language)}: {signed(end)} {_('at the end')}, {appears}"


def _difference_legend(tables: ComparisonTables, scenario: str) -> tuple[list[Any], list[str]]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    _ = tables._
    line = (Patch(facecolor=BLUE, alpha=0.25), Line2D([], [], color=BLUE, linewidth=1.3))
    handles: list[Any] = [
        line,
        Line2D([], [], color=VERMILION, marker="o", linestyle="", markersize=4),
        Line2D([], [], color=VERMILION, marker="^", linestyle="", markersize=4.5),
    ]
    texts = [_("mean and {level} % interval").format(level=round(100 * CONFIDENCE)), _("effect appears"),
             _("greatest difference")]
    if tables.comparison.about(scenario).start is not None:
        handles.append(Line2D([], [], color=GREY, linewidth=0.9, linestyle=":"))
        texts.append(_("measure begins, ends"))
    return handles, texts


def year_fraction(day: date) -> float:
    """A day on an axis of years; 31 December of 2030 lies just before 2031.

    >>> from datetime import date
    >>> year_fraction(date(2030, 1, 1))
    2030.0
    """
    return day.year + (day.timetuple().tm_yday - 1) / 365.25


def _signed_axis(axis: Any, language: str) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(5, integer=True))
    axis.set_major_formatter(FuncFormatter(lambda v, _p: tick(v, language)))


def tick(value: float, language: str) -> str:
    """A difference on an axis; with one decimal where the axis is so short that whole numbers do not suffice.

    >>> tick(-0.5, "de"), tick(20.0, "de")
    ('−0,5', '+20')
    """
    if abs(value - round(value)) < 1e-6:
        return signed(round(value))
    text = f"{value:+.1f}".replace("-", "−")
    return text.replace(".", ",") if language == "de" else text


# -- heat map --------------------------------------------------------------------------------------------------------


def heat_values(tables: ComparisonTables, scenario: str, name: str) -> Effect:
    """The effects of a heat map, [quartier, year]."""
    c = tables.comparison
    one = c.single(scenario).at(c.year_ends, slice(None), QUANTITY[name])
    return Effect(*(values.T for values in one))


def _largest(sizes: np.ndarray, most: int) -> np.ndarray:
    """Indices of the ``most`` largest sizes, in their old order."""
    return np.sort(np.argsort(-sizes, kind="stable")[:most])


def heat_map(tables: ComparisonTables, scenario: str, name: str) -> tuple[Figure, str]:
    """Mean differences by Quartier and year; a dot marks where the interval excludes zero."""
    _, c, q = tables._, tables.comparison, QUANTITIES[QUANTITY[name]]
    one = heat_values(tables, scenario, name)
    order = _largest(np.abs(one.mean).max(axis=1), MOST_ROWS)
    values, proven = tables.rounded(one.mean, q.of_people)[order], one.proven[order]
    top = max(float(np.abs(values).max()), 1.0)
    figure = _figure(5.2 + 0.55 * order.size)
    axes: Axes = figure.subplots()
    image = axes.imshow(values, cmap=_colours(), vmin=-top, vmax=top, aspect="auto", interpolation="nearest")
    _cells(axes, values, proven, top, written=len(c.years) <= WRITTEN_YEARS)
    axes.set_yticks(np.arange(order.size), [_short(c.names[k]) for k in order])
    step = -(-len(c.years) // WRITTEN_YEARS)
    axes.set_xticks(np.arange(0, len(c.years), step), [str(y) for y in c.years[::step]])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=axes, location="bottom", fraction=0.05, aspect=45, pad=0.02)
    _signed_axis(bar.ax.xaxis, tables.language)
    bar.set_label(f"{_('difference')}: {tables.named(q)}. {_direction(tables, q.better)}", fontsize=7)
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    axes.set_title(_title(tables, scenario, _("difference by Quartier and year")), loc="left", weight="bold")
    mark = _("31 December. Bold with a dot: the interval excludes zero (also where the difference rounds to zero).")
    if order.size < len(c.names):
        mark += " " + _("Shown are the {n} Quartiere with the greatest differences.").format(n=order.size)
    _notes(figure, *_foot(tables, mark))
    return figure, _heat_text(tables, scenario, name, one)


def _direction(tables: ComparisonTables, better: int) -> str:
    _ = tables._
    return {1: _("More is better."), -1: _("Fewer is better."), 0: _("Neither more nor fewer is better.")}[better]


def _colours() -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("difference", [BLUE, "#F7F7F7", ORANGE])


def _cells(axes: Axes, values: np.ndarray, proven: np.ndarray, top: float, written: bool) -> None:
    """Numbers (or only marks) in the cells; dark on light, white on strong blue."""
    for (row, column), value in np.ndenumerate(values):
        sure = bool(proven[row, column])
        text = (signed(float(value)) + ("•" if sure else "")) if written else ("•" if sure else "")
        colour = "white" if value < -0.6 * top else "black"
        if text:
            axes.text(column, row, text, ha="center", va="center", fontsize=6.5, color=colour,
                      weight="bold" if sure else "normal")


def _heat_text(tables: ComparisonTables, scenario: str, name: str, one: Effect) -> str:
    """The greatest and the smallest difference of the last year, and how many are proven."""
    _, c, q = tables._, tables.comparison, QUANTITIES[QUANTITY[name]]
    last = tables.rounded(one.mean[:, -1], q.of_people)
    high, low = int(last.argmax()), int(last.argmin())
    return _("{town}: {what}, {scenario} minus {base}, by Quartier and year. In {year} between {low} ({where_low}) and "
             "{high} ({where_high}); the interval excludes zero in {n} of {all} Quartiere.").format(
        town=c.results.attrs["region"], what=q.text(tables.language), scenario=c.title(scenario), base=c.title(c.base),
        year=c.years[-1], low=signed(float(last[low])), where_low=c.names[low], high=signed(float(last[high])),
        where_high=c.names[high], n=int((one.proven[:, -1] != 0).sum()), all=len(c.names))


# -- slope chart -----------------------------------------------------------------------------------------------------


def slope_chart(tables: ComparisonTables, scenario: str, name: str) -> tuple[Figure, str]:
    """Every Quartier's number under the base (left) and the scenario (right) at the end of the chosen year."""
    _, c, q = tables._, tables.comparison, QUANTITIES[QUANTITY[name]]
    one = c.single(scenario).at(tables.step, slice(None), QUANTITY[name])
    order = _largest(np.abs(one.mean), MOST_LINES)
    left, right = one.base[order], one.scenario[order]
    figure = _figure(5.0 + 0.62 * order.size)
    axes: Axes = figure.subplots()
    for k, a, b in zip(order, left, right, strict=True):
        sign = int(one.proven[k])
        colour, style = {1: (VERMILION, "-"), -1: (BLUE, "-"), 0: (GREY, (0, (3, 2)))}[sign]
        axes.plot([0, 1], [a, b], color=colour, linestyle=style, linewidth=1.3, marker="o", markersize=3)
    low, high = min(left.min(), right.min()), max(left.max(), right.max())
    gap = 0.36 * max(high - low, 1.0) / (0.62 * order.size + 1.5)  # a line of text in the height of the chart
    for x, values, align in ((0, left, "right"), (1, right, "left")):
        for k, value, y in zip(order, values, spread_out(values, gap), strict=True):
            shown = grouped(float(tables.rounded(value, q.of_people)))
            change = f"{signed(float(tables.rounded(one.mean[k], q.of_people)))}{'•' if one.proven[k] else ''}"
            text = f"{_short(c.names[k])}  {shown}" if x == 0 else f"{shown}  ({change})  {_short(c.names[k])}"
            axes.plot([x, x + (0.04 if x else -0.04)], [value, y], color="#BBBBBB", linewidth=0.5)
            axes.text(x + (0.05 if x else -0.05), y, text, ha=align, va="center", fontsize=7)
    axes.set_xlim(-0.75, 1.95)
    axes.set_xticks([0, 1], [_wrapped(c.title(c.base), 30), _wrapped(tables.title(scenario), 30)])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    what = _wrapped(f"{c.results.attrs['region']}: {tables.named(q)}, {tables.year}", 72)
    axes.set_title(what, loc="left", weight="bold")
    _slope_notes(figure, tables, order.size)
    return figure, _slope_text(tables, scenario, name, one)


def _slope_notes(figure: Figure, tables: ComparisonTables, shown: int) -> None:
    _, c = tables._, tables.comparison
    notes = [_("Solid with a dot: the interval of the difference excludes zero (orange more, blue fewer); dashed: not "
               "proven. Mean values, each rounded by itself; the axis does not begin at zero.")]
    if shown < len(c.names):
        notes.append(_("Shown are the {n} Quartiere with the greatest differences.").format(n=shown))
    _notes(figure, *_foot(tables, *notes))


def _slope_text(tables: ComparisonTables, scenario: str, name: str, one: Effect) -> str:
    _, c, q = tables._, tables.comparison, QUANTITIES[QUANTITY[name]]
    parts = [
        f"{c.names[k]} {tables.rounded(one.base[k], q.of_people):.0f} → "
        f"{tables.rounded(one.scenario[k], q.of_people):.0f}" for k in range(len(c.names))
    ]
    return f"{c.results.attrs['region']}, {q.text(tables.language)}, {tables.year}, {c.title(c.base)} → " \
           f"{c.title(scenario)}: {'; '.join(parts)}"


def spread_out(values: np.ndarray, gap: float) -> np.ndarray:
    """Heights of labels in the order of the values, at least ``gap`` apart and as near to them as that allows.

    >>> spread_out(np.array([0.0, 0.0, 10.0]), 2.0).tolist()
    [-1.0, 1.0, 10.0]
    """
    order = np.argsort(values, kind="stable")
    groups: list[list[float]] = []  # [sum of wished heights, number]; a group is placed around its mean
    for n, value in enumerate(values[order]):
        groups.append([float(value) - n * gap, 1])
        while len(groups) > 1 and groups[-2][0] / groups[-2][1] > groups[-1][0] / groups[-1][1]:
            total, number = groups.pop()
            groups[-1][0] += total
            groups[-1][1] += number
    flat = np.concatenate([np.full(int(number), total / number) for total, number in groups])
    placed = np.empty(values.size)
    placed[order] = flat + gap * np.arange(values.size)
    return placed
