"""Scenario files: what is read, and that everything else is refused with its line and a remedy."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from quartier.scenarios.files import chain_hash, library, read_chain, read_scenario
from quartier.scenarios.levers import NAMED
from quartier.scenarios.schema import ScenarioFile, json_schema


def test_the_library_can_be_read_and_begins_with_the_baseline():
    assert library()[0] == "baseline"
    assert {"more_childcare", "no_migration"} <= set(library())
    for name in library():
        content = read_scenario(name)
        assert content.title.de and content.title.en and content.question and content.question.en and content.source


def test_the_baseline_changes_nothing():
    content = read_scenario("baseline")
    assert not content.rate and not content.places and not content.dwellings


def test_a_year_stands_for_its_first_or_its_last_day(write):
    change = read_scenario(write('[[rate]]\nname="leaving"\nkind="factor"\namount=2\nfrom=2025\nto=2026')).rate[0]
    assert (change.start, change.end) == (date(2025, 1, 1), date(2026, 12, 31))


def test_a_text_is_said_in_german_where_english_is_missing(write):
    title = read_scenario(write("")).title
    assert title.say("en") == title.say("de") == "Meins"


RATE = "[[rate]]\nname='a'\nkind='factor'\n"
PLACES = "[[places]]\nfacility='childcare_centre'\n"
DWELLINGS = "[[dwellings]]\nrooms={}\ndwellings=3\ndate=2026-01-01\nquartier={}\n"


@pytest.mark.parametrize(("text", "id", "line", "column", "hint"), [
    ("fact = 1", "unknown_key", 2, "fact", "valid names"),
    ("author2 = 'x'", "unknown_key", 2, "author2", "did you mean “author”?"),
    (RATE + "amount=1\nform=2025", "unknown_key", 6, "rate 1 form", "did you mean “from”?"),
    ("[[rate]]\nname='a'\nkind='faktor'\namount=1", "wrong_value", 4, "rate 1 kind", "did you mean “factor”?"),
    (RATE, "missing_key", 2, "rate 1 amount", "add a line amount"),
    (RATE + "amount='1'", "wrong_value", 5, "rate 1 amount", "without quotation marks"),
    (RATE + "amount=-1", "contradictory_keys", 5, "rate 1 amount", "kind"),
    (RATE + "amount=nan", "wrong_value", 5, "rate 1 amount", "number"),
    (RATE + "amount=1\nage_from=30\nage_to=20", "contradictory_keys", 7, "rate 1 age_to", "ages"),
    (RATE + "amount=1\nquartiere=[]", "wrong_value", 6, "rate 1 quartiere", "fill"),
    (PLACES + "amount=5\nunit='places'\nfrom='01.08.2026'", "not_a_date", 6, "places 1 from", "date"),
    (PLACES + "amount=5\nunit='places'\nfrom=2026\nto=2025", "contradictory_keys", 7, "places 1 to", "date"),
    (PLACES + "amount=5.5\nunit='places'\nfrom=2026", "contradictory_keys", 4, "places 1 amount", "round"),
    (PLACES + "amount=-101\nunit='percent'\nfrom=2026", "contradictory_keys", 4, "places 1 amount", "all"),
    (PLACES + "amount=5\nunit='places'", "missing_key", 2, "places 1 from", "from"),
    (DWELLINGS.format(8, "'01'"), "wrong_value", 3, "dwellings 1 rooms", "number"),
    (DWELLINGS.format(3, 1), "wrong_value", 6, "dwellings 1 quartier", "quotation"),
    ("[[rate]]\namount = 0,9", "not_toml", 3, None, "decimal point"),
    ("base = 'baselin'", "unknown_scenario", 2, "base", "did you mean “baseline”?"),
    ("base = 'mine.toml'", "base_cycle", 2, "base", "another base"),
])
def test_a_faulty_file_is_refused_with_line_key_and_remedy(write, faults_of, text, id, line, column, hint):
    (fault,) = faults_of(read_chain, write(text))
    assert (fault.id, fault.file, fault.row, fault.column) == (id, "mine.toml", line, column)
    assert hint in fault.remedy and fault.expected and fault.severity == "error"


def test_all_faults_of_a_file_are_named_at_once(write, faults_of):
    text = "wrong = 1\n" + RATE + "[[dwellings]]\nquartier='01'\nrooms=0\ndwellings=0\ndate='soon'"
    assert [f.row for f in faults_of(read_scenario, write(text))] == [2, 3, 8, 9, 10]


def test_a_file_in_another_encoding_is_refused_with_its_line(tmp_path: Path, faults_of):
    (tmp_path / "x.toml").write_bytes('title.de = "gut"\nauthor = "Müller"'.encode("cp1252"))
    (fault,) = faults_of(read_scenario, tmp_path / "x.toml")
    assert (fault.id, fault.row) == ("wrong_encoding", 2)


def test_a_byte_order_mark_and_windows_lines_do_no_harm(tmp_path: Path):
    (tmp_path / "x.toml").write_bytes(b"\xef\xbb\xbf" + 'title.de = "Größe"\r\nauthor = "M"\r\n'.encode())
    assert read_scenario(tmp_path / "x.toml").title.de == "Größe"


@pytest.mark.parametrize(("name", "id", "hint"), [
    ("more_childcar", "unknown_scenario", "did you mean “more_childcare”?"),
    ("./nothing.toml", "missing_file", "correct the path"),
])
def test_an_unknown_scenario_is_refused(faults_of, name, id, hint):
    (fault,) = faults_of(read_scenario, name)
    assert fault.id == id and hint in fault.remedy and fault.value == name


def test_bases_are_read_from_beside_the_file_and_a_circle_is_refused(write, faults_of):
    write("base = 'b.toml'", "a.toml")
    assert [s.name for s in read_chain(write("base = 'baseline'", "b.toml"))] == ["baseline", "b"]
    write("base = './c.toml'", "b.toml")
    (fault,) = faults_of(read_chain, write("base = 'a.toml'", "c.toml"))
    assert fault.value == "c → a → b → c"


def test_the_hash_changes_with_the_file_and_with_its_base(write):
    path = write("base = 'b.toml'", "a.toml")
    write("", "b.toml")
    before = chain_hash(read_chain(path))
    assert chain_hash(read_chain(path)) == before
    write("author = 'x'", "b.toml")
    assert chain_hash(read_chain(path)) != before


def test_the_json_schema_knows_every_key_and_refuses_others():
    schema = json.loads(json.dumps(json_schema()))
    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) == set(ScenarioFile.model_fields)
    places = schema["$defs"]["PlacesChange"]
    assert {"from", "to"} <= set(places["properties"]) and "from" in places["required"]
    assert len(schema["properties"]["lever"]["items"]["oneOf"]) == len(NAMED)
    assert {"min", "mode", "max"} == set(schema["$defs"]["Range"]["required"])
    assert schema["$defs"]["Fertility"]["properties"]["name"]["const"] == "fertility"
