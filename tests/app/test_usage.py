"""A mistyped command is answered in the planner's language, without words of programming, and ends with 2."""

from __future__ import annotations

import pytest

ENGLISH = ("Usage", "Error", "Try ", "No such", "Missing", "Invalid", "required", "<str>", "OPTIONS")


@pytest.mark.parametrize(("arguments", "words"), [
    (("nothing",), ("gefunden nothing", "ein Befehl, wie ihn die Hilfe beschreibt", "quartier --help")),
    (("run",), ("die Stadt: ein Name oder ein Ordner", "`quartier run flensburg`")),
    (("check",), ("die Stadt: ein Name oder ein Ordner", "`quartier check flensburg`")),
    (("run", "x", "y"), ("gefunden y", "quartier run --help")),
    (("run", "x", "--sed", "1"), ("--sed", "Meinten Sie „--seed“?")),
    (("run", "x", "--nowhere"), ("--nowhere", "eine Angabe, die dieser Befehl kennt")),
    (("run", "x", "--seed", "one"), ("--seed", "gefunden one", "eine ganze Zahl schreiben")),
    (("run", "x", "--seed=1,5"), ("--seed", "gefunden 1,5", "eine ganze Zahl schreiben")),
    (("run", "x", "--out"), ("--out", "ein Wert hinter dieser Angabe")),
])
def test_a_mistyped_command_is_answered_in_german(quartier, arguments, words):
    said = quartier(*arguments)
    assert said.code == 2 and "Traceback" not in said.err
    text = " ".join(said.err.split())
    for word in words:
        assert word in text
    for word in ENGLISH:
        assert word not in text


def test_it_is_answered_in_english_on_request(quartier):
    said = quartier("run", "x", "--seed", "one", "--language", "en")
    assert said.code == 2 and "write a whole number" in " ".join(said.err.split())


@pytest.mark.parametrize("command", [(), ("run",), ("check",), ("regions",), ("scenarios",), ("describe",)])
def test_the_german_help_has_no_english_word_of_the_framework(quartier, command):
    said = quartier(*command, "--help")
    assert said.code == 0 and "Aufruf: quartier" in said.out
    for word in ("Usage", "OPTIONS", "required", "<str>", "default"):
        assert word not in said.out
