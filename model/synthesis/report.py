"""The fit report: every margin asked for, and what was reached."""

from __future__ import annotations

import numpy as np
import pandas as pd


class Report:
    """Collects margins; `frame` gives them as a table.

    Parameters
    ----------
    quartier_ids : the Quartiere's ids, by index.
    """

    def __init__(self, quartier_ids: list[str]) -> None:
        self._ids = quartier_ids
        self._rows: list[tuple[str, str, float, float]] = []

    def add(self, margin: str, quartier: int | None, asked: float, reached: float) -> None:
        """One margin of a Quartier (by index), or of the town (None)."""
        where = "town" if quartier is None else self._ids[quartier]
        self._rows.append((margin, where, float(asked), float(reached)))

    def by_quartier(self, margin: str, asked: np.ndarray, reached: np.ndarray) -> None:
        """One margin of every Quartier."""
        for q in range(len(self._ids)):
            self.add(margin, q, asked[q], reached[q])

    def frame(self) -> pd.DataFrame:
        """Columns margin, quartier ("town" or id), asked, reached, deviation (reached - asked)."""
        frame = pd.DataFrame(self._rows, columns=["margin", "quartier", "asked", "reached"])
        frame["deviation"] = frame["reached"] - frame["asked"]
        return frame
