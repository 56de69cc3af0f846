"""Which assumption moves which result: importance of every sampled factor, and the direction in which it pushes.

Importance is the PAWN index of Pianosi and Wagener (SALib; needs no special design, so a Latin hypercube serves): the
mean, over slices of the factor's values, of the greatest distance between the distribution of the result in the slice
and in all samples; 0 nothing, 1 everything. It is set against what chance gives: the level that the greatest index of
so many factors without any connection with the result exceeds in one of twenty explorations. Direction is the mean of
the result in the lowest and in the highest third of the factor's values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from .charts import BLUE, CENTIMETRE, GREY, ORANGE, STYLE, WIDTH, _notes, _save, _wrapped
from .compare_charts import tick
from .summary import grouped, signed
from .texts import translator

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CHANCE: Final = 2000
"""Factors without connection that are drawn to know what chance gives."""
SLICE: Final = 25
"""Samples that a slice should hold; with few samples, few slices tell factors from chance best."""
MOST_BARS: Final = 6


@dataclass(frozen=True)
class Factor:
    """An uncertain assumption: its name, what it means, and the values thought possible.

    ``whole`` says that only whole numbers make sense (variants, switches).
    """

    name: str
    low: float
    mode: float
    high: float
    unit: str = ""
    meaning: str = ""
    whole: bool = False


@dataclass(frozen=True)
class Result:
    """One sampled result: its name, readable title, and a value per sample (f64 [sample])."""

    name: str
    title: str
    values: np.ndarray


@dataclass(frozen=True)
class Sensitivity:
    """How one factor moves one result.

    ``low_third`` and ``high_third`` are means of the result where the factor is small and where it is large; ``clear``
    says that the importance is greater than ``chance``, the level of `chance_level`.
    """

    factor: Factor
    low_third: float
    high_third: float
    importance: float
    chance: float

    @property
    def clear(self) -> bool:
        """Whether the factor can be told from chance."""
        return self.importance > self.chance

    @property
    def swing(self) -> float:
        """From the low to the high third."""
        return self.high_third - self.low_third


def sensitivities(factors: Sequence[Factor], ranks: np.ndarray, result: Result) -> list[Sensitivity]:
    """The factors by falling importance for one result.

    Parameters
    ----------
    ranks : f64 [sample, factor]; the position of each sample within its factor's distribution, 0 to 1, without ties.

    Raises
    ------
    ValueError : the shapes do not fit together.
    """
    n, k = ranks.shape
    if k != len(factors) or result.values.shape != (n,):
        raise ValueError(f"ranks {ranks.shape}, {len(factors)} factors, results {result.values.shape}")
    varies = np.ptp(result.values) > 0
    importance = pawn(ranks, result.values) if varies else np.zeros(k)
    chance, third = chance_level(n, k), max(n // 3, 1)
    found = []
    for j, factor in enumerate(factors):
        order = np.argsort(ranks[:, j], kind="stable")
        low, high = result.values[order[:third]].mean(), result.values[order[-third:]].mean()
        found.append(Sensitivity(factor, float(low), float(high), float(importance[j]), chance))
    return sorted(found, key=lambda s: (-s.importance, s.factor.name))


def slices(n: int) -> int:
    """Number of slices for so many samples: at least three, at most ten."""
    return min(max(n // SLICE, 3), 10)


def pawn(ranks: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The PAWN index (mean over slices) of every column."""
    from SALib.analyze import pawn as method

    k = ranks.shape[1]
    problem = {"num_vars": k, "names": [f"x{j}" for j in range(k)], "bounds": [[0.0, 1.0]] * k}
    return np.asarray(method.analyze(problem, ranks, values.astype(float), S=slices(len(values)))["mean"])


@cache
def chance_level(n: int, k: int) -> float:
    """What the greatest index of ``k`` factors without connection exceeds with 5 %, for ``n`` samples."""
    draw = np.random.default_rng([n, k])
    x = np.stack([draw.permutation(n) for _ in range(CHANCE)], axis=1)  # rows in the order of the result
    return float(np.quantile(pawn_of_order(x), 0.95 ** (1 / k)))


def pawn_of_order(x: np.ndarray) -> np.ndarray:
    """`pawn` of many columns whose rows stand in ascending order of the result; quick, and the same numbers (tested)."""
    n, edges = len(x), np.quantile(x, np.linspace(0, 1, slices(len(x)) + 1), axis=0)
    everywhere = np.arange(1, n + 1)[:, None] / n
    inside = [(x >= low) & (x < high) for low, high in pairwise(edges)]
    return np.mean([np.abs(m.cumsum(axis=0) / m.sum(axis=0) - everywhere).max(axis=0) for m in inside], axis=0)


def write_tornado(
    stem: Path, title: str, results: Sequence[Result], found: Sequence[Sequence[Sensitivity]], notes: Sequence[str],
    language: str = "de",
) -> list[Path]:
    """Write the tornado chart as PNG and SVG and return their paths; one panel per result."""
    import matplotlib as mpl

    style: dict[Any, Any] = {**mpl.rcParamsDefault, **STYLE}
    with mpl.rc_context(style):
        return _save(stem, *tornado(title, results, found, notes, language))


def tornado(
    title: str, results: Sequence[Result], found: Sequence[Sequence[Sensitivity]], notes: Sequence[str],
    language: str = "de",
) -> tuple[Figure, str]:
    """The tornado chart and its alternative text."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    _, texts = translator(language), []
    rows = [min(len(f), MOST_BARS) for f in found]
    height = 3.8 + sum(2.0 + 0.6 * n for n in rows)
    figure = Figure(figsize=(WIDTH, height * CENTIMETRE), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(results), 1, squeeze=False, gridspec_kw={"height_ratios": rows})[:, 0]
    for axes, result, factors in zip(panels, results, found, strict=True):
        texts.append(_panel(axes, result, factors[:MOST_BARS], language))
    _legend(figure, title, language)
    _notes(figure, *notes)
    return figure, f"{title}. " + ". ".join(texts)


def _panel(axes: Axes, result: Result, factors: Sequence[Sensitivity], language: str) -> str:
    """Bars from the mean to the means of the two thirds; pale where the factor cannot be told from chance."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    _, mean, y = translator(language), float(result.values.mean()), np.arange(len(factors))
    for side, shift, colour, hatch in (("low_third", -0.18, ORANGE, "////"), ("high_third", 0.18, BLUE, "")):
        for k, s in enumerate(factors):
            axes.barh(k + shift, getattr(s, side) - mean, 0.36, color=colour, edgecolor="black", linewidth=0.4, hatch=hatch,
                      alpha=1.0 if s.clear else 0.25)
    axes.axvline(0, color="black", linewidth=0.7)
    reach = 1.25 * max((abs(v - mean) for s in factors for v in (s.low_third, s.high_third)), default=1.0) or 1.0
    axes.set_xlim(-reach, reach)
    axes.set_yticks(y, [_name(s.factor, language) for s in factors], fontsize=6.5)
    axes.set_ylim(len(factors) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=reach > 4))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _p: tick(v, language)))
    axes.grid(axis="x", color="#DDDDDD", linewidth=0.5)
    for k, s in enumerate(factors):
        axes.text(reach, k, decimal(f"{s.importance:.2f}", language), ha="right", va="center", fontsize=6, color=GREY)
    middle = f"{_('mean of all samples')} {grouped(mean).replace('-', '−')}"
    axes.set_title(f"{_wrapped(result.title, 66)}\n{middle}", loc="left", fontsize=8)
    first = "; ".join(f"{factor_title(s.factor, language)} {signed(s.low_third - mean)} … {signed(s.high_third - mean)}"
                      for s in factors[:3])
    return f"{result.title}: {first}"


def decimal(text: str, language: str) -> str:
    """A number's text with the language's decimal sign."""
    return text.replace(".", ",") if language == "de" else text


def factor_title(factor: Factor, language: str) -> str:
    """A readable name for the parameters explored most often; the name itself for all others."""
    _ = translator(language)
    titles = {
        "care_trend": _("trend of the care rate"),
        "care_downgrade": _("care grade falls"),
        "care_recovery": _("recovery from care grade 1"),
        "care_home_carer_in_household": _("carer at home instead of nursing home"),
        "in_migration_level": _("level of in-moves"),
        "out_migration_level": _("level of out-moves"),
        "childcare_need_shift_under_3": _("childcare need under 3"),
        "childcare_inoperable_share": _("childcare places without staff"),
        "childcare_acceptable_distance": _("acceptable way to childcare"),
        "childcare_found_outside": _("places found outside the town"),
        "move_missing_room": _("moves for lack of rooms"),
        "stay_bonus": _("attachment to the dwelling"),
    }
    return titles.get(factor.name, factor.name)


def _name(factor: Factor, language: str) -> str:
    return f"{factor_title(factor, language)}\n{span(factor, language)}"


def span(factor: Factor, language: str) -> str:
    """The range of a factor as text, with a true minus."""
    return decimal(f"{factor.low:g} … {factor.high:g}".replace("-", "−"), language)


def _legend(figure: Figure, title: str, language: str) -> None:
    from matplotlib.patches import Patch

    _ = translator(language)
    handles = [
        Patch(facecolor=ORANGE, edgecolor="black", linewidth=0.4, hatch="////"),
        Patch(facecolor=BLUE, edgecolor="black", linewidth=0.4),
        Patch(facecolor=BLUE, edgecolor="black", linewidth=0.4, alpha=0.25),
    ]
    texts = [_("factor in its lowest third"), _("factor in its highest third"), _("pale: not told from chance")]
    figure.legend(handles, texts, title=title, loc="outside upper left", alignment="left", ncols=2, borderaxespad=0.0,
                  title_fontproperties={"weight": "bold", "size": 9})
