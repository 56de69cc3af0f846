"""From rates to thresholds by age, padded so that nobody is too old for the table."""

from __future__ import annotations

from typing import Final

import numpy as np

from .rates import probability, threshold

SLACK: Final = 1.0 + 1e-9
"""Factor on bounds of hazards, so that rounding in the exact hazard cannot lift it above them."""
AGES: Final = 132
"""Length of the age axis of every threshold table: no one in a run gets older (a size of arrays, not a rate)."""


def pad_ages(values: np.ndarray) -> np.ndarray:
    """Lengthen the last axis (ages from 0) to `AGES` with its last value."""
    missing = AGES - values.shape[-1]
    return np.concatenate((values, np.repeat(values[..., -1:], missing, axis=-1)), axis=-1)


def hazard_thresholds(hazard: np.ndarray) -> np.ndarray:
    """Annual hazards by age (last axis) to u32 thresholds of one step, padded to `AGES`."""
    return threshold(probability(pad_ages(hazard)))
