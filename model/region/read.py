"""Reading a region: find it, read all its files, say all that is wrong with them, and put them into canonical shape.

The functions to use are `check_region`, `read_region`, `load_region`, `find_region` and `embedded_regions`.
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Final

from ..errors import Fault, InputError
from .assemble import assemble
from .berlin import read_register_tables
from .checks import check_whole
from .description import FILE as DESCRIPTION_FILE
from .description import Description, read_description
from .draft import Draft
from .forms import FORMS, QUARTIERE, Form
from .geometry import read_geometry
from .parse import References, parse_table
from .plausibility import check_plausibility
from .region import Region
from .textfile import read_raw_table, read_text
from .texts import Faults, Language

EMBEDDED: Final = Path(__file__).resolve().parents[1] / "regions"
GEOMETRY_FILE: Final = "quartiere.geojson"


def embedded_regions() -> list[str]:
    """Names of the regions that come with the package."""
    return sorted(p.name for p in EMBEDDED.iterdir() if (p / DESCRIPTION_FILE).is_file()) if EMBEDDED.is_dir() else []


def find_region(name_or_path: str | Path, language: Language = "de") -> Path:
    """The folder of an embedded region (by name) or of one's own (by path; ``./name`` where the name is also embedded).

    Raises
    ------
    InputError : there is no such region; the message suggests the nearest names.
    """
    text = str(name_or_path)
    path = Path(name_or_path)
    if text in embedded_regions():
        return EMBEDDED / text
    faults = Faults(language)
    try:
        if path.is_dir():
            return path
        if path.name == DESCRIPTION_FILE and path.is_file():
            return path.parent
        exists = path.exists()
    except (OSError, ValueError):
        exists = False
    if exists:
        faults.add("not_a_folder", path.name, value=text)
    else:
        faults.add("unknown_region", "REGION", value=text, hint=faults.suggestion(text, embedded_regions()))
    raise InputError(faults.all())


def check_region(folder: str | Path, language: Language = "de") -> list[Fault]:
    """Every fault of a region's folder, errors and warnings, in the order of the files."""
    return load_region(folder, language)[1]


def read_region(name_or_folder: str | Path, language: Language = "de") -> Region:
    """A region by name or folder.

    Raises
    ------
    InputError : the region is unknown, or its files have errors (`faults` holds all of them; warnings are left out).
    """
    region, faults = load_region(find_region(name_or_folder, language), language)
    if region is None:
        raise InputError([fault for fault in faults if fault.severity == "error"])
    return region


def load_region(folder: str | Path, language: Language = "de") -> tuple[Region | None, list[Fault]]:
    """The region and all faults of its folder in one reading; the region is None if there is any error."""
    faults = Faults(language)
    path = Path(folder)
    if not path.is_dir():
        faults.add(
            "not_a_folder" if path.exists() else "unknown_region",
            path.name,
            value=str(folder),
            hint=faults.suggestion(str(folder), embedded_regions()),
        )
        return None, faults.all()
    draft = _read_folder(path, faults)
    if draft is None:
        return None, faults.all()
    if draft.description.reference_date is None:  # region.toml is faulty: check the tables as of their latest date
        _take_latest_date(draft)
    check_whole(draft, faults)
    check_plausibility(draft, faults)
    if faults.errors():
        return None, faults.all()
    return assemble(draft), faults.all()


def _read_folder(folder: Path, faults: Faults) -> Draft | None:
    """All tables that can be read; without a usable region.toml too, so that every fault is found."""
    description, sha256 = read_description(folder, faults)
    inputs = {DESCRIPTION_FILE: sha256} if sha256 else {}
    key = folder.resolve().name
    if description is not None and description.format == "berlin_register":
        draft = read_register_tables(description, folder, key, faults)
        if draft is None:
            return None
        draft.inputs |= inputs
    else:
        draft = Draft(key, description or Description(name="?", ags="01000000", state="01"), {}, {}, inputs=inputs)
    _warn_of_other_files(folder, faults)
    _read_tables(folder, draft, faults)
    _read_geometry(folder, draft, faults)
    return draft


def _take_latest_date(draft: Draft) -> None:
    population = draft.tables.get("population")
    days = [] if population is None else [d for d in population["date"] if d is not None]
    draft.description.reference_date = max(days, default=date(2200, 12, 31))


def _read_tables(folder: Path, draft: Draft, faults: Faults) -> None:
    """Quartiere first, because the others refer to them; facilities before their places."""
    imported = set(draft.tables)
    for form in FORMS.values():
        if form.name in imported:
            continue
        path = folder / form.file
        if not os.path.lexists(path):
            if form.required or (form.name == "facilities" and os.path.lexists(folder / "places.csv")):
                found = [p.name for p in folder.iterdir() if p.suffix.lower() in (".csv", ".txt", ".xlsx", ".xls")]
                hint = faults.suggestion(form.file, found) if found else ""
                faults.add("missing_file", form.file, hint=hint, folder=folder.name)
            continue
        _read_table(path, form, draft, faults)


def _read_table(path: Path, form: Form, draft: Draft, faults: Faults) -> None:
    raw, sha256 = read_raw_table(path, form.file, frozenset(form.columns), faults)
    if sha256:
        draft.inputs[form.file] = sha256
    if raw is None:
        return
    table = parse_table(raw, form, _references(draft), faults)
    if table is not None:
        draft.tables[form.name], draft.files[form.name] = table, form.file


def _references(draft: Draft) -> References:
    def keys(table: str, column: str) -> frozenset[str] | None:
        return frozenset(draft.tables[table][column]) - {""} if table in draft.tables else None

    return References(keys("quartiere", "quartier_id"), keys("facilities", "facility_id"))


def _read_geometry(folder: Path, draft: Draft, faults: Faults) -> None:
    path = folder / GEOMETRY_FILE
    if draft.geometry is not None or not os.path.lexists(path):
        return
    content = read_text(path, GEOMETRY_FILE, faults)
    known = _references(draft).quartier
    if content is None or known is None:
        return
    draft.inputs[GEOMETRY_FILE] = content.sha256
    draft.geometry = read_geometry(content.text, GEOMETRY_FILE, known, faults)


def _warn_of_other_files(folder: Path, faults: Faults) -> None:
    """A misspelt optional table would silently be replaced by estimates."""
    valid = {form.file for form in FORMS.values()}
    absent = {name for name in valid if not (folder / name).exists()} - {QUARTIERE.file, "population.csv"}
    for path in sorted(folder.glob("*.csv")):
        if path.name not in valid:
            hint = faults.suggestion(path.name, absent) if absent else ""
            faults.add("unknown_file", path.name, hint=hint)
