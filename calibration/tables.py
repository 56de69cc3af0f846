"""Small helpers of the scripts that take figures over from the shared data into the model's own tables."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pandas as pd

read_csv: Any = pd.read_csv
"""The stubs of pandas leave too many types open to check what follows."""

MODEL_DATA = Path(__file__).resolve().parents[1] / "model" / "data"


def data_argument() -> Path:
    """The shared data folder named on the command line.

    Raises
    ------
    SystemExit : none is named, or it does not exist.
    """
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        raise SystemExit(
            f"usage: python {sys.argv[0]} DATA_FOLDER   (the folder that holds germany/, regions/ and derived/)"
        )
    return Path(sys.argv[1])


def write_table(name: str, frame: pd.DataFrame, folder: Path = MODEL_DATA) -> None:
    """Write one of the model's own tables: comma, decimal point, the shortest digits that give the same number back."""
    frame.to_csv(folder / name, index=False, lineterminator="\n")
    print(f"{name}: {len(frame)} rows")
