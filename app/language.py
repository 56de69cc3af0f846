"""The language a planner reads: which one is wanted, and messages of the lower floors said in it.

Messages are English in code. The catalogue `texts/de.po` may hold gaps, written ``{}``: “at least {}” stands for every
message of that form, so that faults which carry names and numbers are translated as well.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from ..outputs.texts import LANGUAGES, read_po, translator

CATALOGUE: Final = Path(__file__).parent / "texts"
VARIABLE: Final = "QUARTIER_LANGUAGE"
Say = Callable[..., str]
"""Says an English text in the planner's language; further arguments fill its gaps."""


def wanted(arguments: Sequence[str]) -> str:
    """The language of a command line, of the variable QUARTIER_LANGUAGE, or German; asked before the help is built."""
    for i, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name == "--language":
            value = value if equals else "".join(arguments[i + 1 : i + 2])
            return value if value in LANGUAGES else LANGUAGES[0]
    given = os.environ.get(VARIABLE, "").lower()[:2]
    return given if given in LANGUAGES else LANGUAGES[0]


@cache
def speaker(language: str) -> Say:
    """A function that says English texts in ``language``."""
    translate = translator(language, CATALOGUE)

    def say(text: str, *values: object) -> str:
        return translate(text).format(*values) if values else translate(text)

    return say


@cache
def retold(text: str, language: str) -> str:
    """A finished English message in ``language``: its form is looked up, what fills it is kept."""
    if (whole := speaker(language)(text)) != text:
        return whole
    for pattern, translation in _forms(language):
        if match := pattern.fullmatch(text):
            return translation.format(*match.groups())
    return text


@cache
def _forms(language: str) -> list[tuple[re.Pattern[str], str]]:
    """Messages with gaps, those with most fixed text first."""
    read = [read_po(path) for path in sorted(CATALOGUE.glob(f"{language}*.po"))]
    messages = {text: said for messages in read for text, said in messages.items() if "{}" in text}
    ordered = sorted(messages.items(), key=lambda item: -len(item[0].replace("{}", "")))
    return [(re.compile("(.*)".join(map(re.escape, text.split("{}"))), re.DOTALL), said) for text, said in ordered]
