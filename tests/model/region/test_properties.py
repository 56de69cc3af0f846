"""Property-based tests of the readers: every valid town reads back equal, and nothing at all brings a traceback."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from quartier.model.errors import InputError
from quartier.model.region.berlin import read_berlin_register
from quartier.model.region.cells import parse_age_to, parse_count, parse_date, parse_measure
from quartier.model.region.read import load_region, read_region

TOML = 'name = "X"\nags = "01999999"\nstate = "01"\nreference_date = 2022-12-31\n'
quick = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))

THOUSANDS = ["", ".", " ", "\u00a0", "\u202f"]
NAMES = st.text("abcäöüßÄÖÜé -,;'\"()1", min_size=1, max_size=12).map(str.strip).filter(
    lambda s: s and s[0] not in "-" and s not in ("x", "X")
)


@st.composite
def towns(draw: st.DrawFn) -> tuple[dict[str, str], dict[tuple[str, int], int]]:
    """Names of some Quartiere and their residents by first age of the band."""
    ids = draw(st.lists(st.text("0123456789", min_size=1, max_size=4), min_size=1, max_size=4, unique_by=lambda s: s))
    starts = [0, *sorted(draw(st.sets(st.integers(1, 100), max_size=4)))]
    people = {(q, a): draw(st.integers(0, 2_000_000)) for q in ids for a in starts}
    people[ids[0], 0] += 1  # somebody lives there
    return {q: draw(NAMES) for q in ids}, people


def quoted(text: str, separator: str) -> str:
    return '"' + text.replace('"', '""') + '"' if separator in text or '"' in text else text


def number(value: int, thousands: str, decimals: str, zero: str) -> str:
    if value == 0:
        return zero
    return f"{value:,}".replace(",", thousands) + decimals


def encoded(text: str, encoding: str) -> bytes:
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:  # cp1252 has no narrow space
        return text.encode("utf-8")


@st.composite
def writings(draw: st.DrawFn) -> dict[str, str]:
    """One way an office may write its files."""
    thousands = draw(st.sampled_from(THOUSANDS))
    return {
        "separator": draw(st.sampled_from(";,\t|")),
        "encoding": draw(st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"])),
        "ending": draw(st.sampled_from(["\n", "\r\n"])),
        "thousands": thousands,
        "decimals": draw(st.sampled_from(["", ",0", ",00"] + ([] if thousands == "." else [".0", ".00"]))),
        "zero": draw(st.sampled_from(["0", "-", "–"])),
        "date": draw(st.sampled_from(["2022-12-31", "31.12.2022", "2022"])),
    }


@quick
@given(towns(), writings(), st.randoms(use_true_random=False))
def test_any_small_town_in_any_writing_reads_back_equal(made, writing, shuffler):
    names, people = made
    separator = writing["separator"]
    if separator == "\t":
        names = {q: name.replace("\t", " ") for q, name in names.items()}
    starts = sorted({a for _, a in people})
    ends = dict(zip(starts, [*(a - 1 for a in starts[1:]), None], strict=True))
    quartiere = [[q, quoted(name, separator)] for q, name in names.items()]
    population = [
        [q, writing["date"], "t", str(a), "" if ends[a] is None else str(ends[a]),
         quoted(number(n, writing["thousands"], writing["decimals"], writing["zero"]), separator)]
        for (q, a), n in people.items()
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "region.toml").write_text(TOML)
        for file, head, rows in (
            ("quartiere.csv", ["quartier_id", "name"], quartiere),
            ("population.csv", ["quartier_id", "date", "sex", "age_from", "age_to", "persons"], population),
        ):
            shuffler.shuffle(rows)
            text = writing["ending"].join(separator.join(row) for row in [head, *rows]) + writing["ending"]
            (folder / file).write_bytes(encoded(text, writing["encoding"]))
        region = read_region(folder)
    assert dict(zip(region.quartiere["quartier_id"], region.quartiere["name"], strict=True)) == {
        q: " ".join(name.split(" ")) for q, name in names.items()
    }
    read = region.start_population
    assert dict(zip(zip(read["quartier_id"], read["age_from"], strict=True), read["persons"], strict=True)) == people
    assert isinstance(region.population, pd.DataFrame) and region.n_quartiere == len(names)


GARBAGE = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=120).map(lambda s: s.encode("utf-8", "replace")),
    st.lists(st.lists(st.sampled_from(["", "01", "-", "/", ".", "x", "=1", '"', "2022", "t", "m", "-1", "9" * 30, "nan", "ä"]),
                      max_size=7), max_size=8).map(lambda rows: "\n".join(map(";".join, rows)).encode()),
)  # fmt: skip
HEADS = {
    "quartiere.csv": b"quartier_id;name;lon;lat\n",
    "population.csv": b"quartier_id;date;sex;age_from;age_to;persons\n",
    "facilities.csv": b"facility_id;kind;name;quartier_id;opens;closes;lon;lat\n",
    "flows.csv": b"date;event;from_id;to_id;sex;age_from;age_to;persons\n",
}
GOOD = {
    "region.toml": TOML.encode(),
    "quartiere.csv": HEADS["quartiere.csv"] + b"01;A;;\n02;B;;\n",
    "population.csv": HEADS["population.csv"] + b"01;2022;t;0;;5\n02;2022;t;0;;7\n",
}


@settings(quick, max_examples=80)
@given(st.sampled_from(["region.toml", "quartiere.geojson", "places.csv", *HEADS]), st.booleans(), GARBAGE)
def test_garbage_in_any_file_brings_faults_and_never_a_traceback(file, with_head, garbage):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for good, content in GOOD.items():
            (folder / good).write_bytes(content)
        (folder / file).write_bytes((HEADS.get(file, b"") if with_head else b"") + garbage)
        for language in ("de", "en"):
            region, faults = load_region(folder, language)
            assert (region is None) == any(f.severity == "error" for f in faults)
            assert all(f.expected for f in faults)
            assert b"{" in garbage or not any("{" in f.expected + f.remedy for f in faults)


@settings(quick, max_examples=30)
@given(st.booleans(), GARBAGE)
def test_garbage_for_a_register_matrix_is_an_input_error(with_head, garbage):
    head = b"ZEIT;RAUMID;E_E;E_EM;E_EW;E_E00_01;E_E01_110\n" if with_head else b""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "EWR202012E_Matrix.csv"
        path.write_bytes(head + garbage)
        try:
            assert read_berlin_register(path).n_quartiere > 0
        except InputError as error:
            assert error.faults


@given(st.text(max_size=20))
def test_any_text_as_a_cell_is_a_value_or_a_named_problem(text):
    for number in (parse_count(text), parse_age_to(text), parse_measure(text, ","), parse_measure(text, ".")):
        assert number.problem is None or number.problem.islower()
    parse_date(text)
