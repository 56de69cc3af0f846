"""German and English on the screen."""

from __future__ import annotations

import pytest
from quartier.app import help
from quartier.app.language import retold, speaker, wanted


@pytest.mark.parametrize(("arguments", "variable", "language"), [
    ([], None, "de"),
    (["run", "x", "--language", "en"], None, "en"),
    (["--language=en"], None, "en"),
    (["--language"], "en", "de"),
    (["run"], "en", "en"),
    (["run"], "en_GB.UTF-8", "en"),
    (["run"], "fr", "de"),
    (["run", "--language", "de"], "en", "de"),
])
def test_the_language_is_asked_for_on_the_command_line_or_by_a_variable(monkeypatch, arguments, variable, language):
    monkeypatch.delenv("QUARTIER_LANGUAGE", raising=False)
    if variable:
        monkeypatch.setenv("QUARTIER_LANGUAGE", variable)
    assert wanted(arguments) == language


def test_every_help_text_is_there_in_german():
    say = speaker("de")
    for text in (help.QUARTIER, help.REGION, help.RUNS, *help.COMMANDS.values(), *help.OPTIONS.values()):
        assert say(text) != text


def test_a_message_with_names_in_it_is_told_in_german():
    assert retold("did you mean “mortality”?", "de") == "Meinten Sie „mortality“?"
    assert retold("did you mean “mortality”?", "en") == "did you mean “mortality”?"


def test_what_fills_a_message_is_kept_as_it_is():
    assert retold("name another folder; /tmp/a file is a file", "de").endswith("/tmp/a file ist eine Datei")
    assert retold("at least {x}", "de") == "mindestens {x}"


def test_an_unknown_message_stays_as_it_is():
    assert retold("quite another thing", "de") == "quite another thing"
