"""A small town as a folder, and the command line called as a user would call it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from quartier.app.main import commands


class Said(NamedTuple):
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


@pytest.fixture
def quartier(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Said]:
    """Call the command in this process, in an empty folder and on a screen of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERMINAL_WIDTH", "80")
    monkeypatch.delenv("QUARTIER_LANGUAGE", raising=False)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def quartier(*arguments: object) -> Said:
        given = [str(a) for a in arguments]
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            commands(given)(given, prog_name="quartier")
        return Said(int(end.value.code or 0), *capsys.readouterr())

    return quartier


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """A folder with the two tables that are required: 3 Quartiere, 1,200 people."""
    return write_town(tmp_path / "town")


@pytest.fixture(scope="module")
def lasting_town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same town for all tests of a file, which leave it as it is."""
    return write_town(tmp_path_factory.mktemp("lasting") / "town")


def write_town(folder: Path) -> Path:
    """Write the town and return its folder."""
    folder.mkdir()
    (folder / "region.toml").write_text(
        'name = "Kleinstadt"\nags = "01999999"\nstate = "01"\nreference_date = 2022-12-31\n', encoding="utf-8"
    )
    (folder / "quartiere.csv").write_text(
        "quartier_id;name;parent_id;lon;lat\n01;Altstadt;;9.43;54.79\n02;Hafen;;9.44;54.80\n03;Neustadt;;9.42;54.81\n",
        encoding="utf-8",
    )
    bands = [(0, 5, 20), (6, 17, 48), (18, 29, 60), (30, 44, 80), (45, 64, 110), (65, 79, 60), (80, -1, 22)]
    rows = [f"{q};2022-12-31;t;{low};{high};{n}" for q in ("01", "02", "03") for low, high, n in bands]
    (folder / "population.csv").write_text(
        "quartier_id;date;sex;age_from;age_to;persons\n" + "\n".join(rows) + "\n", encoding="utf-8"
    )
    return folder
