"""Where compiled kernels are kept."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from quartier.model import kernel_cache


@pytest.fixture
def writable(monkeypatch, tmp_path):
    """Only the folders named can be written (root can write everywhere, so permissions would not tell)."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "cache"))

    def only(*folders: Path) -> None:
        monkeypatch.setattr(
            kernel_cache, "_writable", lambda folder: any(f in (folder, *folder.parents) for f in folders)
        )

    return only


@pytest.fixture
def package(tmp_path):
    for floor in ("model", "outputs", "app"):
        (tmp_path / "package" / floor).mkdir(parents=True)
    (tmp_path / "package" / "model" / "luck.py").write_text("ROUNDS = 10\n")
    return tmp_path / "package"


def test_the_folder_changes_with_any_module_that_kernels_may_take_a_function_from(package):
    before = kernel_cache.fingerprint(package)
    assert kernel_cache.fingerprint(package) == before
    (package / "app" / "main.py").write_text("no kernels here")
    assert kernel_cache.fingerprint(package) == before
    (package / "model" / "luck.py").write_text("ROUNDS = 07\n")
    changed = kernel_cache.fingerprint(package)
    (package / "outputs" / "counting.py").write_text("")
    assert len({before, changed, kernel_cache.fingerprint(package)}) == 3


PROGRAM = """
import sys
from pathlib import Path
from quartier.model import kernel_cache
package = Path(sys.argv[1])
import os
os.environ["NUMBA_CACHE_DIR"] = str(package / "kept")
kernel_cache.PACKAGE = package
kernel_cache.settle()
sys.path.insert(0, str(package / "model"))
from kernel import answer
print(answer())
"""


def test_a_kernel_is_compiled_anew_when_a_function_of_another_module_has_changed(package):
    (package / "model" / "kernel.py").write_text(
        "import numba as nb\nfrom taken import number\n\n@nb.njit(cache=True)\ndef answer():\n    return number()\n"
    )

    def run(number: int) -> str:
        (package / "model" / "taken.py").write_text(
            f"import numba as nb\n\n@nb.njit\ndef number():\n    return {number}\n"
        )
        said = subprocess.run(
            [sys.executable, "-B", "-c", PROGRAM, str(package)], capture_output=True, text=True, check=True
        )
        return said.stdout.strip()

    assert run(1) == "1"
    assert run(2) == "2", "numba alone would say 1: the file of the kernel is the same"


def test_kernels_lie_in_the_package_where_that_can_be_written(writable, tmp_path):
    writable(tmp_path / "package")
    assert kernel_cache.cache_folder(tmp_path / "package") == tmp_path / "package" / "__pycache__" / "kernels"


def test_an_installation_that_cannot_be_written_uses_the_users_cache(writable, tmp_path, monkeypatch):
    monkeypatch.setattr(kernel_cache, "user_cache", lambda: tmp_path / "cache")
    writable(tmp_path / "cache")
    assert kernel_cache.cache_folder(tmp_path / "package") == tmp_path / "cache" / "quartier" / "kernels"
    assert (tmp_path / "cache" / "quartier" / "kernels").is_dir()


def test_where_nothing_can_be_written_a_folder_for_this_run_serves(writable, tmp_path, monkeypatch):
    monkeypatch.setattr(kernel_cache.tempfile, "mkdtemp", lambda prefix: str(tmp_path / f"{prefix}1"))
    writable()
    assert kernel_cache.cache_folder(tmp_path / "package") == tmp_path / "quartier-kernels-1"


def test_the_folder_a_user_names_is_kept_and_divided_once(tmp_path, monkeypatch):
    monkeypatch.setattr(kernel_cache, "PACKAGE", tmp_path)
    monkeypatch.setattr(kernel_cache.sys, "modules", {})
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "mine"))
    for _ in range(2):
        kernel_cache.settle()
        assert Path(os.environ["NUMBA_CACHE_DIR"]) == tmp_path / "mine" / kernel_cache.fingerprint(tmp_path)


def test_only_folders_of_other_sources_that_nobody_has_used_for_long_are_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(kernel_cache, "PACKAGE", tmp_path)
    monkeypatch.setattr(kernel_cache.sys, "modules", {})
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "kept"))
    old, recent, others = (tmp_path / "kept" / name for name in ("0" * 16, "1" * 16, "not_ours"))
    for folder in (old, recent, others):
        folder.mkdir(parents=True)
    for folder in (old, others):
        os.utime(folder, (0, 0))
    kernel_cache.settle()
    assert not old.exists()
    assert recent.exists() and others.exists()
