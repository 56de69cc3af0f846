"""A process: one plain function of the model, with what it reads, what it writes and which rates it draws from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from .luck import Decision

if TYPE_CHECKING:
    from .model import QuartierModel


@dataclass(frozen=True)
class Process:
    """One entry of the step tuple.

    Parameters
    ----------
    name : a verb in the infinitive.
    reads, writes : columns as ``table.column`` (``people.birth``); structural columns are written through the verbs of
        `households`, named as ``households.verb``.
    rates : names of rates and parameters it draws from.
    step : does one step's work on the model.
    start : fills its columns at the start of a run, None where the synthetic population already did.
    remembers : what it keeps in ``model.side`` from step to step and cannot work out anew, part of the saved state:
        names in its own side table, or ``other.name`` in another.
    bounds : per decision that concerns everybody, an upper bound of its annual hazard [sex, age],
        [leads, sex, age] or [care != 0, leads, sex, age], or of its thresholds (u32), see `shortlist`.
    """

    name: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    rates: tuple[str, ...]
    step: Callable[[QuartierModel], None]
    start: Callable[[QuartierModel], None] | None = None
    remembers: tuple[str, ...] = ()
    bounds: Mapping[Decision, Callable[[QuartierModel], np.ndarray]] = field(default_factory=dict)
