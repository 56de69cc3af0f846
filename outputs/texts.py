"""German and English texts: gettext catalogues read from their `.po` files, so that a wheel needs no build step.

Message ids are the English texts. A catalogue is a folder of files named `<language>*.po`.
"""

from __future__ import annotations

import ast
import gettext
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

LANGUAGES: Final = ("de", "en")
"""Languages a planner can choose; German is the default everywhere."""

CATALOGUE: Final = Path(__file__).parent / "texts"


class Catalogue(gettext.NullTranslations):
    """Translations held in a dictionary; what is missing stays English."""

    def __init__(self, messages: dict[str, str]) -> None:
        super().__init__()
        self.messages = messages

    def gettext(self, message: str) -> str:
        """The translation of ``message``, or ``message`` itself."""
        return self.messages.get(message) or message


def read_po(path: Path) -> dict[str, str]:
    """Message id -> translation of one `.po` file (UTF-8; plain entries: no contexts, no plural forms).

    Raises
    ------
    ValueError : a line is none of comment, msgid, msgstr or continued text; names file and line.
    """
    messages: dict[str, str] = {}
    entry = {"msgid": "", "msgstr": ""}
    part = ""
    for number, raw in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        keyword, _, text = line.partition(" ")
        if keyword in entry:
            if keyword == "msgid":
                messages[entry["msgid"]] = entry["msgstr"]
                entry = {"msgid": "", "msgstr": ""}
            part = keyword
        elif line.startswith('"') and part:
            text = line
        else:
            raise ValueError(f"{path.name}, line {number}: expected msgid, msgstr or quoted text, found {line[:40]!r}")
        entry[part] += ast.literal_eval(text)
    messages[entry["msgid"]] = entry["msgstr"]
    messages.pop("", None)  # the header
    return messages


@cache
def translator(language: str = "de", *folders: Path) -> Callable[[str], str]:
    """A function that turns an English text into ``language``.

    Parameters
    ----------
    language : ``de`` or ``en``.
    folders : further folders of catalogues, read after this package's own.

    Raises
    ------
    ValueError : the language is not one of `LANGUAGES`.

    >>> translator("de")("persons")
    'Personen'
    """
    if language not in LANGUAGES:
        raise ValueError(f"language {language!r}; choose one of {', '.join(LANGUAGES)}")
    messages: dict[str, str] = {}
    for folder in (CATALOGUE, *folders):
        for path in sorted(folder.glob(f"{language}*.po")):
            messages.update(read_po(path))
    return Catalogue(messages).gettext
