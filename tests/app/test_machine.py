"""Where compiled code is kept."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from quartier.app import machine


@pytest.fixture
def writable(monkeypatch, tmp_path):
    """Only the folders named can be written (root can write everywhere, so permissions would not tell)."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "cache"))

    def only(*folders: Path) -> None:
        monkeypatch.setattr(machine, "_writable", lambda folder: any(f in (folder, *folder.parents) for f in folders))

    return only


def test_compiled_code_lies_beside_the_modules_where_that_can_be_written(writable, tmp_path):
    writable(tmp_path / "package")
    assert machine.cache_folder(tmp_path / "package") is None


def test_an_installation_that_cannot_be_written_uses_the_users_cache(writable, tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "user_cache", lambda: tmp_path / "cache")
    writable(tmp_path / "cache")
    assert machine.cache_folder(tmp_path / "package") == tmp_path / "cache" / "quartier" / "numba"
    assert (tmp_path / "cache" / "quartier" / "numba").is_dir()


def test_where_nothing_can_be_written_a_folder_for_this_run_serves(writable, tmp_path, monkeypatch):
    monkeypatch.setattr(machine.tempfile, "mkdtemp", lambda prefix: str(tmp_path / f"{prefix}1"))
    writable()
    assert machine.cache_folder(tmp_path / "package") == tmp_path / "quartier-numba-1"


def test_what_the_user_has_settled_stays(monkeypatch):
    monkeypatch.setattr(os, "environ", {"NUMBA_NUM_THREADS": "3", "NUMBA_CACHE_DIR": "mine"})
    machine.settle()
    assert os.environ["NUMBA_NUM_THREADS"] == "3" and os.environ["NUMBA_CACHE_DIR"] == "mine"
    assert os.environ["OMP_NUM_THREADS"] == "1"
