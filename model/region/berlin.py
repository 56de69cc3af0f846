"""The register matrix of Berlin (`EWR<year>12E_Matrix.csv`, any year from 2001) as a region.

One row per planning area: residents, men, women, and 32 age bands `E_Eaa_bb` (aged aa to under bb). Publisher: Amt für
Statistik Berlin-Brandenburg, CC BY 3.0 DE. The figures are anonymised: cells of 1 or 2 are moved to 0 or at least 3.
"""

from __future__ import annotations

import calendar
import json
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from ..errors import InputError
from .assemble import assemble
from .cells import parse_count, parse_measure
from .checks import check_whole
from .description import BerlinFiles, Description, Source
from .draft import Draft
from .geometry import read_geometry
from .plausibility import check_plausibility
from .region import Region
from .textfile import Frame, RawTable, read_raw_table, read_text
from .texts import Faults, Language

AGS: Final = "11000000"
KEY_DIGITS: Final = 8
_BAND: Final = re.compile("E_E([0-9]{2})_([0-9]{2,3})", re.IGNORECASE)
_ENDLESS: Final = 100
"""An upper age from here on means "and older" (the last band is called 95_110)."""
_KNOWN: Final = frozenset({"zeit", "raumid", "e_e", "e_em", "e_ew"})


@dataclass(frozen=True)
class _Year:
    """One matrix: line, day, key; residents, men, women; persons i64[areas, bands]; the bands as (age_from, age_to)."""

    file: str
    line: np.ndarray
    day: list[date]
    key: list[str]
    total: np.ndarray
    men: np.ndarray
    women: np.ndarray
    persons: np.ndarray
    bands: list[tuple[int, int]]


def read_berlin_register(
    matrix: Path | str,
    areas: Path | str | None = None,
    geometry: Path | str | None = None,
    *,
    language: Language = "de",
) -> Region:
    """Berlin from one register matrix.

    Parameters
    ----------
    matrix : ``EWR<year>12E_Matrix.csv``.
    areas : a table with area_id, area_name, lon, lat (optional).
    geometry : GeoJSON whose features carry area_id or quartier_id (optional).

    Raises
    ------
    InputError : a file cannot be used; all faults at once.
    """
    faults = Faults(language)
    files = BerlinFiles(
        matrix=str(Path(matrix).absolute()),
        areas=str(Path(areas).absolute()) if areas else None,
        geometry=str(Path(geometry).absolute()) if geometry else None,
    )
    source = Source(
        what="Einwohnerregisterstatistik Berlin",
        publisher="Amt für Statistik Berlin-Brandenburg",
        licence="CC BY 3.0 DE",
    )
    description = Description(
        name="Berlin", ags=AGS, state=AGS[:2], format="berlin_register", berlin=files, sources={"population": source}
    )
    draft = read_register_tables(description, Path(), "berlin", faults)
    if draft is not None and not faults.errors():
        check_whole(draft, faults)
        check_plausibility(draft, faults)
    if draft is None or faults.errors():
        raise InputError(faults.errors())
    return assemble(draft)


def read_register_tables(description: Description, folder: Path, key: str, faults: Faults) -> Draft | None:
    """Quartiere, population and totals by sex from the matrices that region.toml names; None if none can be read."""
    files = description.berlin
    if files is None:
        return None
    inputs: dict[str, str] = {}
    years = [y for name in files.matrices if (y := _read_matrix(folder / name, inputs, faults)) is not None]
    if not years:
        return None
    years.sort(key=lambda y: (max(y.day), y.file))
    latest = max(years[-1].day)
    if description.reference_date is None:
        description = description.model_copy(update={"reference_date": latest})
    start = [y for y in years if max(y.day) <= (description.reference_date or latest)] or years
    quartiere = _quartiere(start[-1], folder, files, inputs, faults)
    tables = {
        "quartiere": quartiere,
        "population": _together([_bands(y) for y in years], quartiere),
        "age_margins": _together([_sexes(y) for y in years], quartiere),
    }
    names = dict.fromkeys(tables, years[-1].file)
    draft = Draft(key, description, tables, names, inputs=inputs, checked_by_importer=True)
    if files.geometry is not None:
        path = folder / files.geometry
        content = read_text(path, path.name, faults)
        if content is not None:
            inputs[path.name] = content.sha256
            known = frozenset(tables["quartiere"]["quartier_id"])
            wanted = _only_known(content.text, known)
            draft.geometry = read_geometry(wanted, path.name, known, faults)
    return draft


def _only_known(text: str, known: frozenset[str]) -> str:
    """The polygons of areas the register has: older years have fewer areas than the map."""

    try:
        collection: Any = json.loads(text)
        collection["features"] = [
            f
            for f in collection["features"]
            if str(f["properties"].get("area_id", f["properties"].get("quartier_id"))) in known
        ]
        return json.dumps(collection)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return text


def _read_matrix(path: Path, inputs: dict[str, str], faults: Faults) -> _Year | None:
    raw, sha256 = read_raw_table(path, path.name, _KNOWN, faults)
    if sha256:
        inputs[path.name] = sha256
    if raw is None:
        return None
    band_names = {name: match for name in raw.cells.columns if (match := _BAND.fullmatch(name))}
    missing = sorted(_KNOWN - set(raw.cells.columns))
    for name in missing:
        faults.add(
            "missing_column",
            raw.file,
            1,
            name.upper(),
            hint="",
            columns="ZEIT, RAUMID, E_E, E_EM, E_EW, E_E00_01 … E_E95_110",
        )
    if not band_names:
        faults.add(
            "missing_column",
            raw.file,
            1,
            "E_E00_01",
            hint="",
            columns="ZEIT, RAUMID, E_E, E_EM, E_EW, E_E00_01 … E_E95_110",
        )
    if missing or not band_names:
        return None
    cells = raw.cells[
        raw.cells["raumid"].ne("") | raw.cells["zeit"].ne("")
    ]  # 2009 ends with a row of sums without a key
    if cells.empty:
        faults.add("no_rows", raw.file)
        return None
    return _parse_matrix(RawTable(raw.file, cells), band_names, faults)


def _parse_matrix(raw: RawTable, band_names: dict[str, re.Match[str]], faults: Faults) -> _Year | None:
    bands = sorted((int(m[1]), -1 if int(m[2]) >= _ENDLESS else int(m[2]) - 1, name) for name, m in band_names.items())
    _check_bands([(a, b) for a, b, _ in bands], raw.file, faults)
    before = len(faults.errors())
    days = [_day(raw, line, cell, faults) for line, cell in raw.cells["zeit"].items()]
    keys = _keys(raw, faults)
    columns = {name: _counts(raw, name, faults) for name in ("e_e", "e_em", "e_ew", *(name for *_, name in bands))}
    if len(faults.errors()) > before:
        return None
    year = _Year(
        raw.file,
        raw.cells.index.to_numpy(),
        [d for d in days if d],
        keys,
        columns["e_e"],
        columns["e_em"],
        columns["e_ew"],
        np.stack([columns[name] for *_, name in bands], axis=1),
        [(a, b) for a, b, _ in bands],
    )
    _check_sums(year, faults)
    return year


def _check_bands(bands: list[tuple[int, int]], file: str, faults: Faults) -> None:
    """The bands named in the header follow one another from 0 on and end open."""
    expected = 0
    for first, last in bands:
        if first != expected:
            faults.add("gapped_bands", file, 1, f"E_E{first:02d}_", first=expected, where="E_E…")
        expected = last + 1
    if bands[-1][1] >= 0:
        faults.add("closed_last_band", file, 1, f"E_E{bands[-1][0]:02d}_", where="E_E…")


def _day(raw: RawTable, line: Any, cell: str, faults: Faults) -> date | None:
    """The last day of the month YYYYMM."""
    if re.fullmatch("(19|20|21)[0-9]{2}(0[1-9]|1[0-2])", cell):
        year, month = int(cell[:4]), int(cell[4:])
        return date(year, month, calendar.monthrange(year, month)[1])
    faults.add("bad_date", raw.file, line, "ZEIT", cell)
    return None


def _keys(raw: RawTable, faults: Faults) -> list[str]:
    """Keys of eight digits; the matrix of 2014 has lost the leading zeros."""
    keys: list[str] = []
    first: dict[tuple[str, str], int] = {}
    for line, (cell, day) in raw.cells[["raumid", "zeit"]].iterrows():
        key = cell.zfill(KEY_DIGITS)
        if not re.fullmatch(f"[0-9]{{{KEY_DIGITS}}}", key):
            faults.add("bad_area_key", raw.file, int(str(line)), "RAUMID", cell)
        elif (key, day) in first:
            faults.add(
                "duplicate_key", raw.file, int(str(line)), "RAUMID", cell, first=first[key, day], key="ZEIT, RAUMID"
            )
        first.setdefault((key, day), int(str(line)))
        keys.append(key)
    return keys


def _counts(raw: RawTable, name: str, faults: Faults) -> np.ndarray:
    values = np.zeros(len(raw.cells), np.int64)
    for row, (line, cell) in enumerate(raw.cells[name].items()):
        number = parse_count(cell)
        problem = number.problem or ("missing_value" if np.isnan(number.value) else None)
        if problem is None and number.value < 0:
            problem = "negative"
        elif problem is None and number.value != np.floor(number.value):
            problem = "not_whole"
        elif problem is None and number.value > 1e9:
            problem = "too_large"
        if problem:
            faults.add(problem, raw.file, int(str(line)), name.upper(), cell, hint="")
        else:
            values[row] = int(number.value)
    return values


def _check_sums(year: _Year, faults: Faults) -> None:
    for column, found in (("E_EM", year.men + year.women), ("E_E00_01", year.persons.sum(axis=1))):
        for row in np.flatnonzero(found != year.total):
            faults.add(
                "register_sum",
                year.file,
                int(year.line[row]),
                column,
                found[row],
                total=year.total[row],
                key=year.key[row],
            )


def _together(years: list[Frame], quartiere: Frame) -> Frame:
    """All years, without areas that are no longer there at the start."""
    table: Frame = pd.concat(years, ignore_index=True)
    return table[table["quartier_id"].isin(list(quartiere["quartier_id"]))].set_index("line")


def _quartiere(year: _Year, folder: Path, files: BerlinFiles, inputs: dict[str, str], faults: Faults) -> Frame:
    """The areas of a year; names and centroids from the table of areas, the district region (6 digits) as parent."""
    frame = pd.DataFrame({"quartier_id": year.key}, index=pd.Index(year.line, name="line"), dtype=object)
    frame["name"] = frame["quartier_id"]
    frame["parent_id"] = frame["quartier_id"].str[:6].astype(object)
    frame["lon"] = frame["lat"] = np.nan
    if files.areas is not None and (areas := _read_areas(folder / files.areas, inputs, faults)) is not None:
        for column in ("name", "lon", "lat"):
            known = frame["quartier_id"].map(areas[column])
            frame[column] = known.fillna(frame[column]) if column == "name" else known.astype("float64")
    return frame


def _read_areas(path: Path, inputs: dict[str, str], faults: Faults) -> Frame | None:
    needed = ("area_id", "area_name", "lon", "lat")
    raw, sha256 = read_raw_table(path, path.name, frozenset(needed), faults)
    if sha256:
        inputs[path.name] = sha256
    if raw is None:
        return None
    missing = [name for name in needed if name not in raw.cells]
    for name in missing:
        faults.add(
            "missing_column", raw.file, 1, name, hint=faults.suggestion(name, set(raw.cells)), columns=", ".join(needed)
        )
    if missing:
        return None
    frame = pd.DataFrame({"key": raw.cells["area_id"].str.zfill(KEY_DIGITS), "name": raw.cells["area_name"]})
    for column in ("lon", "lat"):
        numbers = [parse_measure(c, ".") for c in raw.cells[column]]
        for (line, cell), number in zip(raw.cells[column].items(), numbers, strict=True):
            if number.problem:
                faults.add(number.problem, raw.file, int(str(line)), column, cell)
        frame[column] = [n.value for n in numbers]
    return frame.drop_duplicates("key").set_index("key")


def _bands(year: _Year) -> Frame:
    n, k = year.persons.shape
    return pd.DataFrame(
        {
            "line": np.repeat(year.line, k),
            "quartier_id": np.repeat(np.array(year.key, object), k),
            "date": np.repeat(np.array(year.day, object), k),
            "sex": np.full(n * k, "t", object),
            "age_from": np.tile([float(a) for a, _ in year.bands], n),
            "age_to": np.tile([float(b) for _, b in year.bands], n),
            "persons": year.persons.astype(np.float64).ravel(),
        }
    )


def _sexes(year: _Year) -> Frame:
    parts = [
        pd.DataFrame(
            {
                "line": year.line,
                "quartier_id": np.array(year.key, object),
                "date": np.array(year.day, object),
                "sex": sex,
                "age_from": 0.0,
                "age_to": -1.0,
                "persons": persons.astype(np.float64),
            }
        )
        for sex, persons in (("m", year.men), ("f", year.women))
    ]
    return pd.concat(parts, ignore_index=True)
