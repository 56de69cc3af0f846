"""Effects: differences between two scenarios under the same luck, with an interval, and how they run in time.

Replicate r of a scenario and replicate r of the base have the same luck, so that their difference is an effect plus
what little chance is left. Over n replicates the mean difference d has the interval d ± t s / √n, with s the standard
deviation of the n differences and t the quantile of Student's distribution with n - 1 degrees of freedom. The interval
is about chance only; that the assumptions may be wrong is not in it.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

CONFIDENCE: Final = 0.95
"""Level of the intervals."""

LASTING: Final = 4
"""Quarters in a row for which the interval must exclude zero before an effect counts as one: a year."""


class Effect(NamedTuple):
    """Arrays of one shape; NaN where a number has no meaning.

    ``base`` and ``scenario`` are means over the paired replicates, ``mean`` their difference, ``low`` and ``high`` its
    interval, ``same_sign`` the share of replicates whose difference has the sign of the mean.
    """

    base: np.ndarray
    scenario: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    same_sign: np.ndarray

    @property
    def proven(self) -> np.ndarray:
        """Sign of the effect (int8) where the interval excludes zero, otherwise 0."""
        return (self.low > 0).astype(np.int8) - (self.high < 0).astype(np.int8)

    def at(self, *index: Any) -> Effect:
        """The same of a part of the arrays."""
        return Effect(*(values[index] for values in self))


def effect(base: np.ndarray, scenario: np.ndarray) -> Effect:
    """Paired differences over the first axis (replicates) of two integer arrays of one shape.

    With one replicate there is no interval; with equal differences in all replicates it shrinks to a point.

    >>> e = effect(np.array([10, 20]), np.array([13, 25]))
    >>> float(e.mean), round(float(e.low), 2), float(e.same_sign)
    (4.0, -8.71, 1.0)
    """
    a, b = np.asarray(base, np.int64), np.asarray(scenario, np.int64)
    n = a.shape[0]
    difference = b - a
    total = difference.sum(axis=0)
    mean = total / n
    # in integers, so that equal differences have no spread at all
    squares = n * (difference**2).sum(axis=0) - total**2
    half = np.full(mean.shape, np.nan)
    if n > 1:
        half = student(n) * np.sqrt(squares / (n * (n - 1))) / np.sqrt(n)
    same = (np.sign(difference) == np.sign(total)).mean(axis=0)
    return Effect(
        a.sum(axis=0) / n, b.sum(axis=0) / n, mean, mean - half, mean + half, np.where(total == 0, np.nan, same)
    )


def student(n: int) -> float:
    """The quantile of Student's distribution with n - 1 degrees of freedom.

    >>> round(student(10), 3)
    2.262
    """
    from scipy.special import stdtrit

    return float(stdtrit(n - 1, (1 + CONFIDENCE) / 2))


class Course(NamedTuple):
    """When an effect appears, is greatest and is gone: indices of dates, None where there is no such date.

    ``peak`` is the date of the greatest proven mean difference; ``fades`` the date after the last proven one, None if
    the effect lasts to the end of the run.
    """

    appears: int | None
    peak: int | None
    fades: int | None


def course(one: Effect) -> Course:
    """How the effect of one number runs in time; all arrays of shape [time].

    It appears at the first of at least `LASTING` dates in a row at which the interval excludes zero on the same side,
    and has faded after the last date of the last such row. Single dates that exclude zero are chance: among twenty
    dates without any effect one does.
    """
    sign = one.proven
    lasting = np.zeros(sign.size, bool)
    for first, end in _rows(sign):
        if end - first >= LASTING:
            lasting[first:end] = True
    found = np.flatnonzero(lasting)
    if found.size == 0:
        return Course(None, None, None)
    peak = found[np.argmax(np.abs(one.mean[found]))]
    last = int(found[-1])
    return Course(int(found[0]), int(peak), last + 1 if last + 1 < sign.size else None)


def _rows(sign: np.ndarray) -> list[tuple[int, int]]:
    """First index and end of every row of equal signs other than 0."""
    changes = np.flatnonzero(np.diff(sign)) + 1
    ends = [*changes.tolist(), sign.size]
    return [(a, b) for a, b in zip([0, *changes.tolist()], ends, strict=True) if b > a and sign[a] != 0]
