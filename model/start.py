"""The start of a run: column arrays, made once by the synthesis and shared by all replicates and scenarios."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd


@dataclass
class Start:
    """The synthetic population as plain columns.

    Attributes
    ----------
    step : absolute quarter whose end is the reference date.
    people, households, dwellings : columns named as in `quartier.model.columns`; what is missing takes its default.
    fit : the fit report: margin, quartier (id or "town"), asked, reached.
    """

    step: int
    people: dict[str, np.ndarray]
    households: dict[str, np.ndarray]
    dwellings: dict[str, np.ndarray]
    fit: pd.DataFrame = field(default_factory=pd.DataFrame)

    def save(self, path: Path) -> None:
        """Write all columns and the fit report's figures to one ``.npz``."""
        columns = {
            f"{table}.{name}": column
            for table in ("people", "households", "dwellings")
            for name, column in getattr(self, table).items()
        }
        np.savez(path, allow_pickle=False, step=np.int64(self.step), **columns)

    @classmethod
    def load(cls, path: Path) -> Start:
        """Read what `save` wrote (without the fit report, which is written beside the results)."""
        tables: dict[str, dict[str, np.ndarray]] = {"people": {}, "households": {}, "dwellings": {}}
        with np.load(path, allow_pickle=False) as archive:
            for full in archive.files:
                if full != "step":
                    table, name = full.split(".", 1)
                    tables[table][name] = archive[full]
            return cls(int(archive["step"]), tables["people"], tables["households"], tables["dwellings"])
