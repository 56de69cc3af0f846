"""The German quick start keeps what it promises: its little town is sound, and its faulty one is told of as shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "schnellstart.md").read_text(encoding="utf-8")


def block(first_line: str) -> str:
    """The indented block that begins with a line."""
    found = re.search(rf"^    {re.escape(first_line)}\n(?:(?:    .*)?\n)*", PAGE, re.MULTILINE)
    assert found, first_line
    return "\n".join(line.removeprefix("    ") for line in found[0].rstrip().splitlines()) + "\n"


@pytest.fixture
def example(tmp_path: Path) -> Path:
    folder = tmp_path / "musterstadt"
    folder.mkdir()
    (folder / "region.toml").write_text(block('name = "Musterstadt"'), encoding="utf-8")
    (folder / "quartiere.csv").write_text(block("quartier_id;name;lon;lat"), encoding="utf-8")
    (folder / "population.csv").write_text(block("quartier_id;date;sex;age_from;age_to;persons"), encoding="utf-8")
    return folder


def words(text: str) -> str:
    return " ".join(text.split())


def test_the_little_town_of_the_quick_start_has_no_fault(quartier, example):
    said = quartier("check", example)
    assert said.code == 0
    assert words(said.out) == words(block("Kein Fehler. Mit diesen Tabellen kann gerechnet werden."))


def test_the_faults_of_the_quick_start_are_told_as_it_shows_them(quartier, example):
    table = (example / "population.csv").read_text(encoding="utf-8")
    table = table.replace("01;2023;t;18;64;2610", "01;2023;t;19;64;2610").replace("02;2023;t;0;5;160", "02;2023;t;0;5;viele")
    (example / "population.csv").write_text(table, encoding="utf-8")
    said = quartier("check", example)
    assert said.code == 2
    assert words(said.out) == words(block("Fehler  population.csv, Zeile 4, Spalte age_from"))


def test_every_command_of_the_quick_start_exists(quartier):
    for command in sorted(set(re.findall(r"`?quartier ([a-z]+)", PAGE))):
        assert quartier(command, "--help").code == 0
