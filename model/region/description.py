"""`region.toml`: the region's name, official key, reference date and sources, and how its files are to be read."""

from __future__ import annotations

import re
import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictInt, StrictStr, ValidationError

from .cells import clean, parse_date
from .parse import FORMULA_SIGNS
from .textfile import read_text
from .texts import Faults

FILE: Final = "region.toml"


def _day(value: object) -> object:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, str):
        found = parse_date(value.strip())
        if found is None:
            raise ValueError(value)
        return found
    if not isinstance(value, date):
        raise ValueError(value)
    return value


Text = Annotated[StrictStr, BeforeValidator(lambda v: clean(v) if isinstance(v, str) else v)]
Filled = Annotated[Text, Field(min_length=1)]
Day = Annotated[date, BeforeValidator(_day)]


class Source(BaseModel):
    """Where a table comes from. Further keys (url, note …) are kept as they are."""

    model_config = ConfigDict(extra="allow")
    what: Text = ""
    year: StrictStr | StrictInt = ""
    publisher: Text = ""
    licence: Text = ""


class BerlinFiles(BaseModel):
    """Files of the Berlin register; paths relative to the folder of region.toml, or absolute."""

    model_config = ConfigDict(extra="forbid")
    matrix: Filled | list[Filled]
    areas: Filled | None = None
    geometry: Filled | None = None

    @property
    def matrices(self) -> list[str]:
        """One or more matrices, one per year."""
        return [self.matrix] if isinstance(self.matrix, str) else list(self.matrix)


class Description(BaseModel):
    """The content of region.toml.

    Attributes
    ----------
    name, ags, state : name; official key (8 digits, text); its first two digits.
    reference_date : 31 December the simulation starts from; may be left out with the Berlin register (latest matrix).
    format : ``tidy`` (our own tables) or ``berlin_register``.
    rounding : figures are rounded to multiples of this; sums may then differ by half of it per cell.
    sources : per table what, year, publisher, licence.
    berlin : files of the Berlin register.
    """

    model_config = ConfigDict(extra="forbid")
    name: Filled
    ags: Annotated[StrictStr, Field(pattern=r"^(?:0[1-9]|1[0-6])[0-9]{6}$")]
    state: Annotated[StrictStr, Field(pattern=r"^(?:0[1-9]|1[0-6])$")]
    reference_date: Day | None = None
    format: Literal["tidy", "berlin_register"] = "tidy"
    rounding: Annotated[StrictInt, Field(ge=1, le=100)] = 1
    sources: dict[str, Source] = {}
    berlin: BerlinFiles | None = None


_FAULT_OF_KEY: Final = {"ags": "bad_ags", "state": "bad_state", "reference_date": "bad_date"}
_CLASSES: Final[dict[str, type[BaseModel]]] = {"berlin": BerlinFiles}


def read_description(folder: Path, faults: Faults) -> tuple[Description | None, str | None]:
    """region.toml of a folder and its SHA-256; None (and faults) where it cannot be used."""
    path = folder / FILE
    if not path.is_file():
        faults.add(
            "missing_file",
            FILE,
            hint=faults.suggestion(FILE, [p.name for p in folder.glob("*.toml")]),
            folder=folder.name,
        )
        return None, None
    content = read_text(path, FILE, faults)
    if content is None:
        return None, None
    return parse_description(content.text, faults), content.sha256


def parse_description(text: str, faults: Faults) -> Description | None:
    """The description, or None and a fault for everything that is wrong with it."""
    try:
        values = tomllib.loads(text.replace("\r\n", "\n").replace("\r", "\n"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        line = re.search(r"line ([0-9]+)", str(error))
        faults.add("bad_toml", FILE, row=int(line[1]) if line else text.count("\n") + 1, value=str(error))
        return None
    before = len(faults.all())
    found: Description | None = None
    try:
        found = Description.model_validate(values)
    except ValidationError as errors:
        for error in errors.errors():
            _note(error, text, faults)
    else:
        if found.ags[:2] != found.state:
            faults.add(
                "ags_of_another_state",
                FILE,
                _line_of("state", text),
                "state",
                found.state,
                ags=found.ags,
                right=found.ags[:2],
            )
        if found.format == "tidy" and found.reference_date is None:
            faults.add("missing_key", FILE, None, "reference_date")
        if found.format == "berlin_register" and found.berlin is None:
            faults.add("missing_key", FILE, None, "berlin")
        if (day := found.reference_date) is not None and (day.month, day.day) != (12, 31):
            faults.add(
                "not_year_end",
                FILE,
                _line_of("reference_date", text),
                "reference_date",
                day,
                before=date(day.year - 1, 12, 31),
            )
        if found.name.startswith(FORMULA_SIGNS):
            faults.add("formula_like", FILE, _line_of("name", text), "name", found.name)
    return found if all(f.severity == "warning" for f in faults.all()[before:]) else None


def _note(error: Any, text: str, faults: Faults) -> None:
    where = [
        str(part) for part in error["loc"] if not (isinstance(part, str) and part.startswith(("str", "list[", "int")))
    ]
    key = where[-1] if where else ""
    value = error.get("input")
    shown = None if isinstance(value, dict) else str(value)
    row, column = _line_of(key, text), ".".join(where)
    if error["type"] == "missing":
        faults.add("missing_key", FILE, None, column)
    elif error["type"] == "extra_forbidden":
        model = _CLASSES.get(where[0], Description) if len(where) > 1 else Description
        faults.add("unknown_key", FILE, row, column, shown, hint=faults.suggestion(key, model.model_fields))
    elif len(where) == 1 and key in _FAULT_OF_KEY:
        faults.add(_FAULT_OF_KEY[key], FILE, row, column, shown)
    elif key == "format":
        faults.add(
            "unknown_choice", FILE, row, column, shown, hint=faults.suggestion(shown or "", ["tidy", "berlin_register"])
        )
    else:
        faults.add("bad_value", FILE, row, column, shown, problem=error["msg"])


def _line_of(key: str, text: str) -> int | None:
    """The line on which a key is set, if it is set on a line of its own."""
    found = re.search(rf"^[ \t]*(?:\[[^\n]*\b)?[\"']?{re.escape(key)}[\"']?[ \t]*[=\]]", text, re.MULTILINE)
    return text.count("\n", 0, found.end()) + 1 if found and key else None
