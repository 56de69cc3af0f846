"""From the bytes of an office's file to cells of text: encoding, separator, quotes, and what is no table at all."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import pandas as pd

from .cells import clean
from .texts import Faults

Frame: TypeAlias = Any
"""A pandas DataFrame or Series: pandas brings types that are too wide to check row and cell access with."""
SEPARATORS: Final = ";,\t|"
_SPREADSHEETS: Final = (b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
_MOJIBAKE: Final = re.compile("Ã[\u0080-\u00bfŒœŠšŸŽžƒˆ˜–—‘’‚“”„†‡•…‰‹›€™]|Â[\u00a0-\u00bf]|â€|ï»¿|\ufffd")


@dataclass(frozen=True)
class RawTable:
    """A table of text: its file's name and the cells, indexed by the line of the file."""

    file: str
    cells: Frame


@dataclass(frozen=True)
class FileText:
    """The decoded text of a file and the SHA-256 of its bytes."""

    text: str
    sha256: str


def read_text(path: Path, file: str, faults: Faults) -> FileText | None:
    """Decode a file: UTF-8 with or without BOM, UTF-16 with BOM, else cp1252; None (and a fault) if it is no text."""
    try:
        data = path.read_bytes()
    except OSError as error:
        faults.add("unreadable_file", file, value=error.strerror)
        return None
    if data.startswith(_SPREADSHEETS):
        faults.add("spreadsheet_renamed", file)
        return None
    text = _decode(data, file, faults)
    if text is None:
        return None
    if not clean(text):
        faults.add("empty_file", file)
        return None
    if "\x00" in text:
        faults.add("not_a_text", file, row=text.count("\n", 0, text.index("\x00")) + 1)
        return None
    return FileText(text, hashlib.sha256(data).hexdigest())


def _decode(data: bytes, file: str, faults: Faults) -> str | None:
    encodings = ["utf-16"] if data.startswith((b"\xff\xfe", b"\xfe\xff")) else ["utf-8-sig", "cp1252"]
    position = 0
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError as error:
            position = error.start
    faults.add(
        "wrong_encoding", file, row=data.count(b"\n", 0, position) + 1, value=repr(data[position : position + 4])[2:-1]
    )
    return None


def read_raw_table(path: Path, file: str, known: frozenset[str], faults: Faults) -> tuple[RawTable | None, str | None]:
    """Read a table as text.

    Parameters
    ----------
    path, file : where it lies and how it is called in messages.
    known : the column names the reader knows; they tell the separator.

    Returns
    -------
    The table with cleaned cells and lower-case column names (None if there is none) and the SHA-256 of the file.
    """
    content = read_text(path, file, faults)
    if content is None:
        return None, None
    rows = _rows(content.text, known, file, faults)
    if rows is None:
        return None, content.sha256
    (header_line, header), *body = rows
    names = [clean(name).lower() for name in header]
    doubled = sorted({name for name in names if name and names.count(name) > 1})
    for name in doubled:
        faults.add("duplicate_column", file, row=header_line, column=name)
    if doubled:
        return None, content.sha256
    table = RawTable(file, _frame(names, body, file, faults))
    if _MOJIBAKE.search(content.text):
        _find_mojibake(table, header_line, faults)
    return table, content.sha256


def _rows(text: str, known: frozenset[str], file: str, faults: Faults) -> list[tuple[int, list[str]]] | None:
    """Line number and cells of every line that is not blank; the first is the header."""
    separator, skip = None, 0
    first_line = text.split("\n", 1)[0].strip("\r\ufeff ")
    if re.fullmatch("sep=.", first_line):  # Excel's own hint
        separator, skip = first_line[4], 1
    rows: list[tuple[int, list[str]]] = []
    line = 0
    try:
        separator = separator or _separator(text, known)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        for cells in reader:
            line, end = line + 1, reader.line_num
            if line > skip and any(cell.strip() for cell in cells):
                rows.append((line, cells))
            line = end
    except (csv.Error, TypeError, ValueError) as error:
        faults.add("broken_quotes", file, row=line + 1, value=str(error))
        return None
    if not rows:
        faults.add("empty_file", file)
        return None
    return rows


def _separator(text: str, known: frozenset[str]) -> str:
    """The separator under which the first line has most known names, then most names."""
    header = next((line for line in io.StringIO(text, newline="") if line.strip()), "")

    def score(separator: str) -> tuple[int, int]:
        names = next(csv.reader([header], delimiter=separator), [])
        return sum(clean(name).lower() in known for name in names), len(names)

    return max(SEPARATORS, key=score)


def _frame(names: list[str], body: list[tuple[int, list[str]]], file: str, faults: Faults) -> Frame:
    """Cells by line; a row with too many or too few cells is a fault and is left out."""
    width = len(names)
    lines, kept = [], []
    for line, cells in body:
        surplus = [c for c in cells[width:] if c.strip()]
        if surplus or len(cells) < width:
            faults.add("ragged_row", file, row=line, value=len(cells), columns=width)
            continue
        lines.append(line)
        kept.append(cells[:width])
    columns = list(zip(*kept, strict=True)) if kept else [()] * width
    cleaned: dict[str, str] = {}
    data = {}
    for name, column in zip(names, columns, strict=True):
        if name:
            data[name] = [cleaned[c] if c in cleaned else cleaned.setdefault(c, clean(c)) for c in column]
    return pd.DataFrame(data, index=pd.Index(lines, dtype="int64", name="line"), dtype=object)


def _find_mojibake(table: RawTable, header_line: int, faults: Faults) -> None:
    for name in table.cells.columns:
        if _MOJIBAKE.search(name):
            faults.add("mojibake", table.file, row=header_line, column=name, value=name)
        column = table.cells[name]
        for line, cell in column[[bool(_MOJIBAKE.search(c)) for c in column]].items():
            faults.add("mojibake", table.file, row=line, column=name, value=cell)
