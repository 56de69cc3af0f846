"""What the wheel must hold, and nothing forgotten."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import PurePosixPath

import pytest
from house import FLOORS, ROOT, tracked
from packaging.requirements import Requirement

SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]


def package_folders() -> dict[str, PurePosixPath]:
    """Every folder with an __init__.py on the five floors: dotted name -> folder."""
    return {
        "quartier." + ".".join(folder.parts): folder
        for path in tracked()
        if path.name == "__init__.py" and (folder := path.parent).parts[:1] and folder.parts[0] in FLOORS
    }


def data_files() -> list[PurePosixPath]:
    """All files on the floors that are not modules and not notes for developers."""
    return [p for p in tracked() if p.parts[0] in FLOORS and p.suffix not in (".py", ".md")]


def shipped(path: PurePosixPath) -> bool:
    """Whether a glob of package-data covers the file, read from the package nearest above it."""
    folders = package_folders().values()
    inside = path.relative_to(next(folder for folder in path.parents if folder in folders))
    return any(inside.match(pattern.removeprefix("**/")) for pattern in SETUPTOOLS["package-data"]["*"])


def test_every_folder_that_is_a_package_ships():
    assert set(SETUPTOOLS["packages"]) == set(package_folders())


def test_every_floor_is_mapped_to_its_folder():
    assert SETUPTOOLS["package-dir"] == {f"quartier.{floor}": floor for floor in FLOORS}


def test_every_data_file_is_covered_by_a_glob_of_package_data():
    assert data_files(), "there are no data files; the test looks in the wrong place"
    assert [str(p) for p in data_files() if not shipped(p)] == []


def test_a_file_of_an_unknown_kind_would_be_noticed():
    assert shipped(PurePosixPath("model/data/some.csv"))
    assert not shipped(PurePosixPath("model/data/some.xyz"))


@pytest.mark.long
def test_the_wheel_holds_every_module_and_data_file(tmp_path):
    source = tmp_path / "source"
    for path in tracked():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, source / path)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(source)]
    subprocess.run(pip, check=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        held = set(wheel.namelist())
    modules = [p for p in tracked() if p.parts[0] in FLOORS and p.suffix == ".py"]
    assert [str(p) for p in (*modules, *data_files()) if f"quartier/{p}" not in held] == []
    assert "quartier/__init__.py" not in held


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
GROUPS = (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
DECLARED = [Requirement(text) for group in GROUPS for text in group]


def pinned() -> dict[str, str]:
    """The tested set: name -> version."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def test_the_tested_set_is_plain_versions_and_holds_every_dependency_within_its_bounds():
    for name, version in pinned().items():
        assert Requirement(f"{name}=={version}").url is None
    assert [r.name for r in DECLARED if not r.specifier.contains(pinned().get(r.name, "0"))] == []


def test_every_dependency_has_bounds_and_a_reason():
    reasons = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    assert [r.name for r in DECLARED if not r.specifier] == []
    assert [r.name for r in DECLARED if f"\n| {r.name} | " not in reasons] == []


def fenced_lines(text: str) -> list[str]:
    """What stands in the fenced blocks of a Markdown text."""
    return [line for block in text.split("\n```")[1::2] for line in block.splitlines()[1:]]


def test_the_readme_has_one_fenced_line_for_the_main_job_and_one_for_the_tests():
    lines = fenced_lines((ROOT / "README.md").read_text(encoding="utf-8"))
    assert [line.rsplit("&& ", 1)[1] for line in lines] == [
        ".venv/bin/quartier run flensburg", ".venv/bin/python -m pytest",
    ]
