"""The whole suite from an empty compile cache: what reads files goes first, and meanwhile another process compiles the kernels."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

HERE = Path(__file__).parent
WHOLE_SUITE = 500
"""Who runs fewer tests waits less than another process costs."""
RUN = "from quartier.app.main import main; main()"
COMPILER = pytest.StashKey[tuple[subprocess.Popen, tempfile.TemporaryDirectory]]()


def needs_compiler(item: pytest.Item) -> bool:
    """Whether a test may need compiled kernels: those that read a town's files and those of the repository do not."""
    return HERE / "model" / "region" not in item.path.parents and item.path.parent != HERE


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that need no compiler first; otherwise the order stays."""
    items.sort(key=needs_compiler)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Let a run of Flensburg compile all that a step needs, beside the tests; if it fails, the tests compile and say why."""
    if len(session.items) < WHOLE_SUITE or session.config.option.collectonly:
        return
    if (os.cpu_count() or 1) < 2 or os.environ.get("NUMBA_DISABLE_JIT", "0") != "0":
        return
    folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    run = [
        "run",
        "flensburg",
        "--replicates",
        "1",
        "--until",
        "2024",
        "--workers",
        "1",
        "--out",
        str(Path(folder.name) / "run"),
    ]
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, *run],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    session.stash[COMPILER] = process, folder


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Leave no process and no file behind."""
    if compiler := session.stash.get(COMPILER, None):
        process, folder = compiler
        process.kill()
        process.wait()
        folder.cleanup()
