"""Reading scenario files: from the library by name, or from a path; with every fault named at once."""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel, ValidationError

from ..model.errors import Fault, InputError, nearest
from .levers import NAMED
from .parts import MARK, DatedAmount, Part, Range
from .schema import ScenarioFile

LIBRARY: Final = Path(__file__).parent / "library"
KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Source:
    """A scenario file as read: its name (of the library, or the file's without ending), where it lies, its text, and what
    it says, as plain values and as checked ones."""

    name: str
    path: Path
    text: str
    table: dict[str, Any]
    content: ScenarioFile

    def line(self, path: KeyPath) -> int | None:
        """Line number of a key path, e.g. ``("places", 1, "from")``; None where the key does not stand in the file."""
        return line_of(self.text, path)

    def fault(self, id: str, path: KeyPath, value: object, expected: str, remedy: str) -> Fault:
        """A fault of this file at a key path."""
        return fault_at(self.path.name, self.text, id, path, value, expected, remedy)


def library() -> list[str]:
    """Names of the scenarios that come with Quartier; the baseline first."""
    return sorted((path.stem for path in LIBRARY.glob("*.toml")), key=lambda name: (name != "baseline", name))


def read_scenario(name_or_path: str | Path) -> ScenarioFile:
    """One scenario file, without those it builds on.

    Raises
    ------
    InputError : the file is missing, is not TOML, or says something that a scenario cannot say.
    """
    return _read(_locate(name_or_path, None)).content


def read_chain(name_or_path: str | Path) -> tuple[Source, ...]:
    """A scenario and the scenarios it builds on, the deepest base first.

    Raises
    ------
    InputError : a file of the chain cannot be used, or the chain bites its own tail.
    """
    chain = [_read(_locate(name_or_path, None))]
    while (base := chain[-1].content.base) is not None:
        last = chain[-1]
        try:
            path = _locate(base, last.path)
        except InputError as error:
            at_base = [last.fault(f.id, ("base",), f.value, f.expected, f.remedy) for f in error.faults]
            raise InputError(at_base) from None
        if path in [source.path for source in chain]:
            names = " → ".join([*(source.name for source in chain), path.stem])
            expected = "a base that does not lead back to this scenario"
            remedy = "choose another base or delete the line"
            raise InputError(last.fault("base_cycle", ("base",), names, expected, remedy))
        chain.append(_read(path))
    return tuple(reversed(chain))


def chain_hash(chain: tuple[Source, ...]) -> str:
    """SHA-256 of the texts of a scenario and of those it builds on."""
    digest = hashlib.sha256()
    for source in chain:
        digest.update(hashlib.sha256(source.text.encode()).digest())
    return digest.hexdigest()


def _locate(name_or_path: str | Path, beside: Path | None) -> Path:
    """The file meant by a library name or a path; paths inside a file count from that file's folder."""
    text = str(name_or_path)
    if not text.endswith(".toml") and not re.search(r"[/\\]", text):
        if text in library():
            return (LIBRARY / f"{text}.toml").resolve()
        raise InputError(Fault("unknown_scenario", "error", "--scenario", None, None, text,
                               "the name of a scenario, or a file that ends in .toml", nearest(text, library())))
    path = (beside.parent / text if beside else Path(text).expanduser()).resolve()
    if not path.is_file():
        raise InputError(Fault("missing_file", "error", "--scenario", None, None, text, "a scenario file that exists",
                               "correct the path; `quartier scenarios` lists the scenarios that come with Quartier"))
    return path


def _read(path: Path) -> Source:
    def unreadable(id: str, row: int | None, value: str | None, expected: str, remedy: str) -> InputError:
        return InputError(Fault(id, "error", path.name, row, None, value, expected, remedy))

    try:
        raw = path.read_bytes()
    except OSError as error:
        remedy = f"the system says: {error.strerror}"
        raise unreadable("unreadable_file", None, None, "a file that can be read", remedy) from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = raw[: error.start].count(b"\n") + 1
        raise unreadable("wrong_encoding", row, None, "a text file in UTF-8", "save the file again as UTF-8") from None
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        row = int(found[1]) if (found := re.search(r"at line (\d+)", str(error))) else None
        value = text.splitlines()[row - 1].strip() if row and row <= len(text.splitlines()) else None
        remedy = "write numbers with a decimal point, dates as 2027-08-01 and texts in quotation marks"
        raise unreadable("not_toml", row, value, "a file in the format TOML", remedy) from None
    try:
        content = ScenarioFile.model_validate(table)
    except ValidationError as error:
        raise InputError(faults_of(error, path.name, text)) from None
    return Source(path.stem, path, text, table, content)


def faults_of(error: ValidationError, file: str, text: str, at: KeyPath | None = None) -> list[Fault]:
    """What pydantic found, in words for planners and in the order of the file.

    Parameters
    ----------
    at : the key path at which the file says what was checked as the first entry of a section; None: where it stands.
    """
    faults = [_fault(file, text, dict(e), at) for e in error.errors()]
    return sorted(faults, key=lambda fault: fault.row or 0)


def _fault(file: str, text: str, error: dict[str, Any], at: KeyPath | None) -> Fault:
    raw, kind = tuple(error["loc"]), error["type"]
    path = tuple(p for p in raw if not str(p).startswith(MARK) and p != "[key]")
    path = path if at is None else (*at, *path[2:])
    value = error["input"]
    if kind == "union_tag_invalid":
        name = value.get("name") if isinstance(value, dict) else None
        if name is None:
            return fault_at(file, text, "missing_key", path, None, "the key “name”", "add a line name = …")
        remedy = nearest(str(name), NAMED)
        return fault_at(file, text, "unknown_lever", (*path, "name"), name, "the name of a lever", remedy)
    if kind == "extra_forbidden":
        return fault_at(file, text, "unknown_key", path, None, "a key that scenarios know",
                        nearest(str(path[-1]), _keys(raw[:-1])))
    if kind == "missing":
        line = "title.de" if path == ("title",) else path[-1]
        return fault_at(file, text, "missing_key", path, None, f"the key “{path[-1]}”", f"add a line {line} = …")
    said = str(error.get("ctx", {}).get("error", ""))
    if said.count("|") == 2:  # one of the checks that compare two keys
        key, expected, remedy = said.split("|")
        shown = value.get(key) if isinstance(value, dict) else value
        return fault_at(file, text, "contradictory_keys", (*path, key), shown, expected, remedy)
    if said.count("|") == 1:  # one of the checks of a single key
        return fault_at(file, text, "wrong_value", path, value, *said.split("|"))
    if kind.startswith("date") or (kind == "value_error" and path[-1] in ("from", "to", "date")):
        expected = "a date such as 2027-08-01, a year, or “+2 years” after the start"
        return fault_at(file, text, "not_a_date", path, value, expected, "correct the date")
    if kind == "value_error":
        return fault_at(file, text, "not_a_duration", path, value, "a duration such as “2 years”", "correct the duration")
    expected, remedy = _wording(kind, error.get("ctx", {}), str(error["msg"]), value)
    return fault_at(file, text, "wrong_value", path, value, expected, remedy)


_WORDING: Final = {
    "float_type": ("a number", "write it without quotation marks, with a decimal point"),
    "finite_number": ("a finite number", "correct the number"),
    "int_type": ("a whole number", "write it without quotation marks"),
    "bool_type": ("true or false", "write it without quotation marks"),
    "bool_parsing": ("true or false", "write it without quotation marks"),
    "string_type": ("a text", "put it in quotation marks"),
    "string_too_short": ("a text that is not empty", "write the text or delete the line"),
    "string_pattern_mismatch": ("letters, digits, - and _, beginning with a letter", "correct the id"),
    "too_short": ("at least one entry", "fill the list or delete the line"),
    "list_type": ("a list", "put the entries in square brackets, or head the entry with double ones"),
    "model_type": ("a part with keys of its own", "write, for instance, title.de = …"),
    "dict_type": ("a part with keys of its own", "write, for instance, title.de = …"),
}


def _wording(kind: str, context: dict[str, Any], message: str, value: object) -> tuple[str, str]:
    """What was expected and the remedy, for the error types of pydantic that a scenario file can meet."""
    if kind == "literal_error":
        options = re.findall(r"'([^']*)'", context["expected"])
        return f"one of: {', '.join(options)}", nearest(str(value), options)
    if kind in ("greater_than_equal", "less_than_equal"):
        least = kind == "greater_than_equal"
        return f"{'at least' if least else 'at most'} {context['ge' if least else 'le']}", "correct the number"
    return _WORDING.get(kind, (message.removeprefix("Input should be "), "correct the value"))


def fault_at(file: str, text: str, id: str, path: KeyPath, value: object, expected: str, remedy: str) -> Fault:
    """A fault at a key path of a file's text; entries of lists are counted from 1, as people do."""
    key = " ".join(str(p + 1) if isinstance(p, int) else p for p in path)
    shown = None if value is None or isinstance(value, dict) else str(value)
    return Fault(id, "error", file, line_of(text, path), key, shown, expected, remedy)


FORMS: Final[dict[str, type[Part]]] = {"range": Range, "dated": DatedAmount, **NAMED}
"""Parts by the marked names that pydantic gives to the forms of a value."""


def _keys(path: KeyPath) -> list[str]:
    """The keys valid at a path of the schema, with the marked forms in it."""
    part: type[BaseModel] = ScenarioFile
    for step in path:
        if isinstance(step, str) and step.startswith(MARK):
            part = FORMS[step.removeprefix(MARK)]
        elif isinstance(step, str):
            field = next(f for name, f in part.model_fields.items() if (f.alias or name) == step)
            parts = [p for p in _classes(field.annotation) if issubclass(p, Part)]
            part = parts[0] if parts else part
    return [field.alias or name for name, field in part.model_fields.items()]


def _classes(annotation: Any) -> list[type]:
    if get_origin(annotation) is None and not isinstance(annotation, UnionType):
        return [annotation] if isinstance(annotation, type) else []
    return [c for argument in get_args(annotation) for c in _classes(argument)]


def line_of(text: str, path: KeyPath) -> int | None:
    """Line of a key path in a TOML text, found by its headers and keys; the nearest thing where the key is missing."""
    section, *rest = [str(p) for p in path if isinstance(p, str)]
    if section == "override" and rest:
        section, rest = f"override.{rest[0]}", rest[1:]
    number = next((p for p in path if isinstance(p, int)), 0)
    if (row := _key_line(text, 1, ".".join((section, *rest)))) is not None:
        return row
    header = re.compile(rf"\s*\[+\s*{re.escape(section)}\s*\]")
    headers = [i for i, line in enumerate(text.splitlines(), 1) if header.match(line)]
    if number < len(headers):
        return (_key_line(text, headers[number] + 1, rest[0]) if rest else None) or headers[number]
    return _key_line(text, 1, section)


def _key_line(text: str, first: int, key: str) -> int | None:
    """The line that sets a key, between a line and the next header."""
    for row, line in enumerate(text.splitlines()[first - 1 :], first):
        if re.match(r"\s*\[", line):
            return None
        if re.match(rf"\s*{re.escape(key)}\s*[=.]", line):
            return row
    return None
