"""The repository as the house tests see it: which files belong to it, and which floor stands on which."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = ("model", "outputs", "scenarios", "calibration", "app")
"""From the lowest to the highest; each imports only from itself and from those before it."""


@cache
def tracked() -> tuple[PurePosixPath, ...]:
    """Files of the repository, tracked or about to be (not ignored), relative to its root."""
    if not (ROOT / ".git").exists():
        pytest.skip("the rules of the house are kept in a git clone; this is a copy without one")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout
    names = sorted({name for name in listed.split("\0") if name})
    return tuple(PurePosixPath(name) for name in names if (ROOT / name).is_file())


@cache
def tree(path: PurePosixPath) -> ast.Module:
    """The syntax tree of a module of the repository."""
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), filename=str(path))


def modules(*floors: str) -> list[PurePosixPath]:
    """All Python files, or those of some floors."""
    return [p for p in tracked() if p.suffix == ".py" and (not floors or p.parts[0] in floors)]


def imported(path: PurePosixPath, module: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and dotted name (``quartier.…`` for our own) of everything a module imports."""
    package = ("quartier", *path.parent.parts)
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            start = ".".join(filter(None, (base, node.module or "")))
            yield from ((node.lineno, f"{start}.{alias.name}") for alias in node.names)
