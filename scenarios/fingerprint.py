"""Which program computes: equal fingerprints give equal values, bit for bit."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

from ..outputs.run_info import package_version
from ..outputs.schema import SCHEMA_VERSION

FLOORS: Final = Path(__file__).parents[1]
SOURCES: Final = ("model/**/*.py", "outputs/recorder.py", "outputs/schema.py", "scenarios/replicate.py", "scenarios/tree.py")
LIBRARIES: Final = ("numpy", "numba", "scipy", "pandas")
"""Libraries that compute; other versions may round otherwise."""


@cache
def program() -> dict[str, str]:
    """What must be equal: ``quartier`` (version, code, form of the results) and the libraries that compute."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in SOURCES for path in FLOORS.glob(pattern)):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    ours = f"{package_version('quartier')} ({digest.hexdigest()[:12]}), results {SCHEMA_VERSION}"
    return {"quartier": ours} | {name: package_version(name) for name in LIBRARIES}


@cache
def data_hash(folder: Path) -> str:
    """SHA-256 over the model's own tables."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.iterdir() if p.suffix in (".csv", ".toml")):
        digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
