"""What every check of a region says, in German and English, and the list that collects the faults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final, Literal, NamedTuple

from ..errors import Fault
from .fault_texts import TEXTS, WARNINGS

Language = Literal["de", "en"]
MOST_OF_A_KIND: Final = 50
"""So many faults of one kind are listed for one column; the rest is counted in one line."""


class _Kind(NamedTuple):
    id: str
    file: str
    column: str | None


class Faults:
    """Collects faults while a region is read, each with its text in the reader's language.

    Parameters
    ----------
    language : ``de`` or ``en``.
    """

    def __init__(self, language: Language = "de") -> None:
        self.language: Language = language
        self._faults: list[Fault] = []
        self._seen: Counter[_Kind] = Counter()
        self._wrong_lines: dict[str, set[int]] = {}

    def add(
        self,
        id: str,
        file: str,
        row: int | None = None,
        column: str | None = None,
        value: object = None,
        **fields: object,
    ) -> None:
        """Note one fault; ``fields`` fill the places in its text (see `fault_texts`)."""
        kind = _Kind(id, file, column)
        self._seen[kind] += 1
        if row is not None and id not in WARNINGS:
            self._wrong_lines.setdefault(file, set()).add(row)
        if self._seen[kind] <= MOST_OF_A_KIND:
            self._faults.append(self._fault(kind, row, value, fields))

    def _fault(self, kind: _Kind, row: int | None, value: object, fields: dict[str, object]) -> Fault:
        text = None if value is None else shorten(str(value))
        words = {"file": kind.file, "column": kind.column, "value": text, **fields}
        expected, remedy = (part.format(**words).strip() for part in TEXTS[kind.id][self.language])
        severity: Literal["error", "warning"] = "warning" if kind.id in WARNINGS else "error"
        return Fault(kind.id, severity, kind.file, row, kind.column, text, expected, remedy)

    def all(self) -> list[Fault]:
        """Every fault: by file in the order of reading, then by line; what was too much of a kind is counted."""
        files: dict[str, int] = {}
        for fault in self._faults:
            files.setdefault(fault.file, len(files))
        faults = sorted(self._faults, key=lambda f: (files[f.file], f.row or 0))
        for kind, n in self._seen.items():
            if n > MOST_OF_A_KIND:
                expected, remedy = TEXTS["more_of_a_kind"][self.language]
                words = {"more": n - MOST_OF_A_KIND, "listed": MOST_OF_A_KIND}
                severity = "warning" if kind.id in WARNINGS else "error"
                faults.append(
                    Fault(
                        kind.id,
                        severity,
                        kind.file,
                        None,
                        kind.column,
                        None,
                        expected.format(**words),
                        remedy.format(**words),
                    )
                )
        return faults

    def wrong_lines(self, file: str) -> set[int]:
        """Lines of a file that have an error: what follows from them is not worth a second fault."""
        return set(self._wrong_lines.get(file, ()))

    def errors(self) -> list[Fault]:
        """The faults that stop a run."""
        return [fault for fault in self.all() if fault.severity == "error"]

    def suggestion(self, name: str, names: Iterable[str]) -> str:
        """Which valid name was probably meant, as a sentence; a key that lost its leading zeros is recognised."""
        valid = sorted({str(n) for n in names if n})
        found = [n for n in valid if n.lstrip("0") == name.lstrip("0") and name.strip("0")]
        found = found or get_close_matches(name, valid, n=1, cutoff=0.6)
        german = self.language == "de"
        if found:
            return f"Meinten Sie „{found[0]}“?" if german else f"Did you mean “{found[0]}”?"
        if not valid:
            return "Hier gibt es keinen gültigen Namen." if german else "There is no valid name here."
        listed = ", ".join(valid[:12]) + (", …" if len(valid) > 12 else "")
        return f"Gültig: {listed}." if german else f"Valid: {listed}."


def shorten(text: str, longest: int = 60) -> str:
    """A value as it is shown: on one line, not longer than a message can bear."""
    text = " ".join("".join(c if c.isprintable() else "\ufffd" if c not in "\r\n\t" else " " for c in text).split())
    return text if len(text) <= longest else text[: longest - 1] + "…"
