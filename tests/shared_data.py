"""Where the shared data lie that some tests compare with."""

import os
from pathlib import Path

import pytest


def data_folder() -> Path:
    """The folder named by QUARTIER_DATA (default ``../shared/data``); skips the test only where it does not exist."""
    folder = Path(os.environ.get("QUARTIER_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no shared data at {folder}; set QUARTIER_DATA")
    return folder
