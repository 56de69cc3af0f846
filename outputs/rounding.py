"""Rounding of what is published: small numbers of people pretend an accuracy that a forecast does not have."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

Rounding = Literal["none", "five", "ten"]

STEPS: Final = {"none": 0.1, "five": 5.0, "ten": 10.0}
"""To which multiple people are rounded; without rounding, means keep one decimal."""


def round_people(values: np.ndarray, mode: Rounding) -> np.ndarray:
    """Numbers of people, households or children, rounded to the nearest multiple, halves up.

    >>> round_people(np.array([2.4, 2.5, 7.4, -2.6]), "five")
    array([ 0.,  5.,  5., -5.])

    Raises
    ------
    ValueError : the mode is not one of none, five, ten.
    """
    if mode not in STEPS:
        raise ValueError(f"rounding {mode!r}; choose one of {', '.join(STEPS)}")
    if mode == "none":
        return np.round(np.asarray(values, float), 1) + 0.0
    return np.floor(np.asarray(values, float) / STEPS[mode] + 0.5) * STEPS[mode] + 0.0  # + 0.0 turns -0 into 0


def round_whole(values: np.ndarray, mode: Rounding) -> np.ndarray:
    """Places and dwellings: whole numbers, with one decimal where people are not rounded either."""
    if mode == "none":
        return round_people(values, mode)
    return np.floor(np.asarray(values, float) + 0.5) + 0.0
