"""How many replicates are enough: the Monte Carlo error of the headline figures, and what a wished precision needs.

The mean of n replicates has the standard error ``s / sqrt(n)``; its 95 % interval reaches ``t * s / sqrt(n)`` to either
side, with Student's t of n - 1 degrees of freedom. This is the error of the mean that more replicates make smaller; the spread of
single replicates stays, and so does what nobody knows about the rates.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

CONFIDENCE: Final = 0.95
MOST: Final = 10**7
"""Above this no number of replicates is named."""


@dataclass(frozen=True)
class Figure:
    """One headline figure of the whole town at the end of a run, over the replicates of one scenario.

    Attributes
    ----------
    error : standard error of the mean; NaN with a single replicate.
    half_width : half the 95 % interval of the mean, relative to the mean (0.01 = 1 %).
    needed : replicates with which the wished precision can be expected; None if it cannot be said.
    """

    scenario: str
    indicator: str
    mean: float
    error: float
    half_width: float
    needed: int | None


@dataclass(frozen=True)
class Precision:
    """What ``replicates`` replicates have reached of a ``wished`` relative precision.

    Attributes
    ----------
    figures : every headline figure of every scenario.
    """

    replicates: int
    wished: float
    figures: tuple[Figure, ...]

    @property
    def reached(self) -> bool:
        """Whether every figure is as precise as wished."""
        return all(figure.half_width <= self.wished for figure in self.figures)

    @property
    def needed(self) -> int | None:
        """Replicates that the least precise figure needs."""
        numbers = [figure.needed for figure in self.figures]
        return None if None in numbers else max((n for n in numbers if n is not None), default=1)

    def worst(self) -> tuple[Figure, ...]:
        """Of every indicator the scenario with the least precise figure."""
        found: dict[str, Figure] = {}
        for figure in self.figures:
            if figure.indicator not in found or _width(found[figure.indicator]) < _width(figure):
                found[figure.indicator] = figure
        return tuple(found.values())


def _width(figure: Figure) -> float:
    return math.inf if math.isnan(figure.half_width) else figure.half_width


def precision_of(values: Mapping[str, Mapping[str, np.ndarray]], wished: float) -> Precision:
    """Judge figures.

    Parameters
    ----------
    values : scenario -> indicator -> one value per replicate, in their order.
    wished : relative half width, e.g. 0.01.
    """
    figures = [
        _figure(scenario, indicator, np.asarray(each, float), wished)
        for scenario, indicators in values.items()
        for indicator, each in indicators.items()
    ]
    replicates = max((np.size(each) for i in values.values() for each in i.values()), default=0)
    return Precision(replicates, wished, tuple(figures))


def _figure(scenario: str, indicator: str, values: np.ndarray, wished: float) -> Figure:
    mean = float(values.mean())
    if values.size < 2:
        return Figure(scenario, indicator, mean, math.nan, math.nan, None)
    s = float(values.std(ddof=1))
    error = s / math.sqrt(values.size)
    if s == 0:
        return Figure(scenario, indicator, mean, 0.0, 0.0, 2)
    half = student(values.size) * error / abs(mean) if mean else math.inf
    return Figure(scenario, indicator, mean, error, half, needed(s / abs(mean), wished) if mean else None)


def student(n: int) -> float:
    """Student's t for the two-sided 95 % interval of the mean of ``n`` values.

    >>> round(student(10), 3)
    2.262
    """
    from scipy.special import stdtrit

    return float(stdtrit(n - 1, (1 + CONFIDENCE) / 2))


def needed(variation: float, wished: float) -> int | None:
    """The smallest number of replicates whose 95 % interval of the mean is as narrow as wished.

    Parameters
    ----------
    variation : standard deviation over the replicates, relative to the mean.

    >>> needed(0.02, 0.01)
    18
    """
    low, high = 1, 2
    while student(high) * variation / math.sqrt(high) > wished:
        low, high = high, 2 * high
        if high > MOST:
            return None
    while high - low > 1:  # the width falls with every replicate
        middle = (low + high) // 2
        if student(middle) * variation / math.sqrt(middle) > wished:
            low = middle
        else:
            high = middle
    return high
