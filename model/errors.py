"""What can be wrong with the input, said so that it can be mended. Only `quartier.app` prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal


@dataclass(frozen=True)
class Fault:
    """One thing wrong with the input.

    Parameters
    ----------
    id : stable short name of the check, e.g. ``unknown_quartier``.
    severity : ``error`` stops a run, ``warning`` does not.
    file : the file's name inside its folder, or the name of the command's option.
    row : line number in the file, counted as a text editor does (header = 1); None where no line is meant.
    column : column or key; None where none is meant.
    value : the value found, as text.
    expected : what the reader expected.
    remedy : how to mend it, one sentence.
    """

    id: str
    severity: Literal["error", "warning"]
    file: str
    row: int | None
    column: str | None
    value: str | None
    expected: str
    remedy: str

    def place(self) -> str:
        """Where the fault lies, e.g. ``population.csv, line 7, column persons``."""
        parts = [self.file]
        if self.row is not None:
            parts.append(f"line {self.row}")
        if self.column is not None:
            parts.append(f"column {self.column}")
        return ", ".join(parts)


class InputError(Exception):
    """The input cannot be used; carries every fault found, never only the first."""

    def __init__(self, faults: Fault | Sequence[Fault]) -> None:
        self.faults: list[Fault] = [faults] if isinstance(faults, Fault) else list(faults)
        super().__init__("; ".join(f"{f.place()}: expected {f.expected}" for f in self.faults))


def nearest(name: str, names: Iterable[str]) -> str:
    """A remedy for an unknown name: the nearest valid one, or the list of all.

    >>> nearest("mortalty", ["mortality", "births"])
    'did you mean “mortality”?'
    """
    valid = sorted(names)
    if match := get_close_matches(name, valid, n=1, cutoff=0.6):
        return f"did you mean “{match[0]}”?"
    return f"valid names: {', '.join(valid)}" if valid else "there is no valid name here"
