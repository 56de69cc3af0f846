"""What must be settled on this computer before numba and numpy are imported."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from .. import model


def settle() -> None:
    """One thread per process (replicates run side by side instead), and a place where numba may keep compiled code."""
    for variable in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    if "NUMBA_CACHE_DIR" not in os.environ and (folder := cache_folder(Path(model.__path__[0]))) is not None:
        os.environ["NUMBA_CACHE_DIR"] = str(folder)


def cache_folder(package: Path) -> Path | None:
    """Where compiled code goes: None = beside the modules; else the user's cache folder, or one for this run alone."""
    if _writable(package / "__pycache__") or _writable(package):
        return None
    folder = user_cache() / "quartier" / "numba"
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    return folder if _writable(folder) else Path(tempfile.mkdtemp(prefix="quartier-numba-"))


def user_cache() -> Path:
    """The folder this system keeps a user's caches in."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def processors() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _writable(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK)
