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
        """Write all columns and the fit report to one ``.npz``, which appears whole."""
        columns = {
            f"{table}.{name}": column
            for table in ("people", "households", "dwellings")
            for name, column in getattr(self, table).items()
        }
        for name, column in self.fit.items():
            text = not pd.api.types.is_numeric_dtype(column.dtype)
            columns[f"fit.{name}"] = column.to_numpy(np.str_) if text else column.to_numpy()
        temporary = path.with_name(f"{path.name}.tmp.npz")
        np.savez(temporary, allow_pickle=False, step=np.int64(self.step), **columns)
        temporary.replace(path)

    @classmethod
    def load(cls, path: Path) -> Start:
        """Read what `save` wrote."""
        tables: dict[str, dict[str, np.ndarray]] = {"people": {}, "households": {}, "dwellings": {}, "fit": {}}
        with np.load(path, allow_pickle=False) as archive:
            for full in archive.files:
                if full != "step":
                    table, name = full.split(".", 1)
                    tables[table][name] = archive[full]
            step = int(archive["step"])
        return cls(step, tables["people"], tables["households"], tables["dwellings"], pd.DataFrame(tables["fit"]))
