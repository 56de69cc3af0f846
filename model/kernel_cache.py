"""Where numba keeps compiled kernels: one folder for each state of the sources.

numba compiles a kernel anew when the file it stands in changes, but not when a function that it takes from another file does: after
an update old and new code would run together, unnoticed. So the folder is named after all sources that kernels come from.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

PACKAGE: Final = Path(__file__).resolve().parents[1]
FLOORS: Final = ("model", "outputs")
"""Floors of the house in which kernels are written (a house rule, tested)."""
_VARIABLE: Final = "NUMBA_CACHE_DIR"
_UNUSED_DAYS: Final = 30
"""After so many days without use a folder of other sources is removed (a matter of disk space, no figure)."""


def settle() -> None:
    """Let numba keep kernels in a folder of these sources; within the folder the user names in NUMBA_CACHE_DIR, if any.

    Called when `quartier.model` is imported. Children of this process find it settled.
    """
    state = fingerprint(PACKAGE)
    named = os.environ.get(_VARIABLE)
    if named and Path(named).name == state:
        return
    folder = (Path(named) if named else cache_folder(PACKAGE)) / state
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
        _forget(folder.parent)
    os.environ[_VARIABLE] = str(folder)
    if "numba" in sys.modules:  # imported by somebody else before us, and has read its settings
        sys.modules["numba"].config.CACHE_DIR = str(folder)


def fingerprint(package: Path) -> str:
    """Name of the state of the sources: 16 hexadecimal digits of a hash of the names and contents of all modules."""
    seen = hashlib.blake2b(digest_size=8)
    for module in sorted(module for floor in FLOORS for module in (package / floor).rglob("*.py")):
        content = module.read_bytes()
        seen.update(f"{module.relative_to(package).as_posix()} {len(content)} ".encode() + content)
    return seen.hexdigest()


def cache_folder(package: Path) -> Path:
    """Where the folders are: in the package, if it can be written; else in the user's cache, or in one for this run alone."""
    if _writable(package):
        return package / "__pycache__" / "kernels"
    folder = user_cache() / "quartier" / "kernels"
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    return folder if _writable(folder) else Path(tempfile.mkdtemp(prefix="quartier-kernels-"))


def user_cache() -> Path:
    """The folder this system keeps a user's caches in."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _forget(folders: Path) -> None:
    """Remove the folders of other sources that nobody has used for long."""
    latest = time.time() - _UNUSED_DAYS * 24 * 3600
    for folder in folders.iterdir():
        if _is_state(folder.name) and folder.stat().st_mtime < latest:
            shutil.rmtree(folder, ignore_errors=True)


def _is_state(name: str) -> bool:
    return len(name) == 16 and set(name) <= set("0123456789abcdef")


def _writable(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK)
