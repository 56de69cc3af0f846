"""Every fault of a region is named with file, line, column and value; all at once; never a traceback."""

from __future__ import annotations

import string

import pytest
from quartier.model.errors import InputError
from quartier.model.region.fault_texts import TEXTS, WARNINGS
from quartier.model.region.read import check_region, embedded_regions, find_region, load_region, read_region

P, Q, F = "population.csv", "quartiere.csv", "facilities.csv"

# file, what stands there, what is written instead; id, line, column, value of the fault
CELLS = [
    (P, "t;0;17;160", "t;0;17;-160", "negative", 6, "persons", "-160"),
    (P, "t;0;17;160", "t;0;17;viele", "not_a_number", 6, "persons", "viele"),
    (P, "t;0;17;160", "t;0;17;160,5", "not_whole", 6, "persons", "160,5"),
    (P, "t;0;17;160", "t;0;17;1,160", "ambiguous_number", 6, "persons", "1,160"),
    (P, "t;0;17;160", "t;0;17;160160160160", "too_large", 6, "persons", "160160160160"),
    (P, "t;0;17;160", "t;0;17;=1+2", "not_a_number", 6, "persons", "=1+2"),
    (P, "01;2022-12-31;t;0;17", "07;2022-12-31;t;0;17", "unknown_quartier", 6, "quartier_id", "07"),
    (P, "01;2022-12-31;t;0;17", "1;2022-12-31;t;0;17", "unknown_quartier", 6, "quartier_id", "1"),
    (P, "01;2022-12-31;t;0;17", "01;31.02.2022;t;0;17", "bad_date", 6, "date", "31.02.2022"),
    (P, "01;2022-12-31;t;0;17", "01;2022-12-31;x;0;17", "unknown_sex", 6, "sex", "x"),
    (P, "t;0;17;160", "t;0;-17;160", "bad_age", 6, "age_to", "-17"),
    (P, "01;2022-12-31;t;18;;840", "01;2022-12-31;t;18;12;840", "band_reversed", 7, "age_to", "12"),
    (P, "01;2022-12-31;t;18;;840", "01;2022-12-31;t;17;;840", "overlapping_bands", 7, "age_from", "17+"),
    (P, "01;2022-12-31;t;18;;840", "01;2022-12-31;t;20;;840", "gapped_bands", 7, "age_from", "20+"),
    (P, "01;2022-12-31;t;0;17", "01;2022-12-31;t;3;17", "gapped_bands", 6, "age_from", "3–17"),
    (P, "01;2022-12-31;t;18;;840", "01;2022-12-31;t;18;99;840", "closed_last_band", 7, "age_to", "18–99"),
    (P, "t;0;17;160", "t;0;17;160;3", "ragged_row", 6, None, "7"),
    (P, "01;2022-12-31;t;0;17;160", "01;2022-12-31;t;0;160", "ragged_row", 6, None, "5"),
    (P, "02;2021-12-31;t;18;;410", "02;2021-12-31;t;18;;9", "unlikely_growth", 8, "persons", "99 → 500"),
    (P, "t;0;17;160", "t;0;17;/", "unreliable_value", 6, "persons", "/"),
    (P, "t;0;17;160", "t;0;17;.", "unknown_count", 6, "persons", None),
    (P, "t;0;17;160", "t;0;17;(160)", "uncertain_value", 6, "persons", "(160)"),
    (Q, "02;Hafen", "01;Hafen", "duplicate_key", 3, "quartier_id", "01"),
    (Q, "02;Hafen", ";Hafen", "empty_key", 3, "quartier_id", ""),
    (Q, "02;Hafen", "02;", "empty_text", 3, "name", ""),
    (Q, "02;Hafen", "02;=SUMME(A1)", "formula_like", 3, "name", "=SUMME(A1)"),
    (Q, "02;Hafen", "02;@hafen", "formula_like", 3, "name", "@hafen"),
    (Q, "9.44;54.80", "54.80;9.44", "exchanged_coordinates", 3, "lon", "54.8, 9.44"),
    (Q, "9.44;54.80", "529000;6072000", "outside_germany", 3, "lon", "529000, 6.072e+06"),
    (Q, "9.44;54.80", "9.44;", "half_a_coordinate", 3, "lat", None),
    (F, "K1;childcare_centre", "K1;childcare_center", "unknown_choice", 2, "kind", "childcare_center"),
    (F, "2021-08-01;2030-07-31", "2031-08-01;2030-07-31", "closes_before_opening", 3, "closes", "2030-07-31"),
    (F, "Kita am Hafen;02", "Kita am Hafen;03", "unknown_quartier", 3, "quartier_id", "03"),
    (F, "K1;childcare", "K2;childcare", "duplicate_key", 3, "facility_id", "K2"),
    (F, "Diakonie;;;40", "Diakonie;;;-40,5", "negative", 4, "staff", "-40,5"),
    (F, "Diakonie;;;40", "Diakonie;;;viele", "not_a_number", 4, "staff", "viele"),
    ("places.csv", "K2;2022", "K9;2022", "unknown_facility", 4, "facility_id", "K9"),
    ("places.csv", "1;6;30", "1;6;-30", "negative", 4, "places", "-30"),
    ("places.csv", "H1;2022-12-31;0;;60", "H1;2022-12-31;0;;60,5", "not_whole", 5, "places", "60,5"),
    ("age_margins.csv", "t;0;6;55", "t;0;6;161", "margin_does_not_fit", 2, "persons", "161"),
    ("age_margins.csv", "t;60;;230", "t;0;;990", "band_sum_differs", 3, "persons", "990"),
    ("age_margins.csv", "02;2022-12-31;f;0;;250", "02;2022-12-31;f;0;;249", "sexes_do_not_add_up", 5, "persons", "499"),
    ("pyramid.csv", "m;65;", "m;66;", "gapped_bands", 3, "age_from", "66+"),
    ("dwellings.csv", "3;;400", "3;2;400", "band_reversed", 3, "rooms_to", "2"),
    ("households.csv", "one_person", "one_persons", "unknown_choice", 2, "household_type", "one_persons"),
    ("flows.csv", "birth;;01", "births;;01", "unknown_choice", 2, "event", "births"),
    ("flows.csv", "move;01;02", "move;01;12", "unknown_quartier", 4, "to_id", "12"),
    ("flows.csv", "birth;;01", "birth;01;", "flow_wrong_end", 2, "from_id", "01"),
    ("flows.csv", "death;01;", "death;;01", "flow_wrong_end", 3, "to_id", "01"),
    ("flows.csv", "birth;;01;11", "birth;;01;1100", "flow_unlikely", None, "persons", "1100"),
    ("indicators.csv", "12.5", "hoch", "not_a_number", 2, "value", "hoch"),
    ("region.toml", '"01999999"', '"1999999"', "bad_ags", 2, "ags", "1999999"),
    ("region.toml", '"01999999"', "1999999", "bad_ags", 2, "ags", "1999999"),
    ("region.toml", '"01999999"', '"77999999"', "bad_ags", 2, "ags", "77999999"),
    ("region.toml", 'state = "01"', 'state = "11"', "ags_of_another_state", 3, "state", "11"),
    ("region.toml", 'state = "01"', "state = 1", "bad_state", 3, "state", "1"),
    ("region.toml", "2022-12-31", '"31.13.2022"', "bad_date", 4, "reference_date", "31.13.2022"),
    ("region.toml", "2022-12-31", "2022-06-30", "not_year_end", 4, "reference_date", "2022-06-30"),
    ("region.toml", "reference_date", "reference_day", "unknown_key", 4, "reference_day", "2022-12-31"),
    ("region.toml", 'name = "Kleinstadt"\n', "", "missing_key", None, "name", None),
    ("region.toml", 'name = "Kleinstadt"', 'name = "=Kleinstadt"', "formula_like", 1, "name", "=Kleinstadt"),
    ("region.toml", "reference_date = 2022-12-31", 'reference_date = 2022-12-31\nformat = "tydi"', "unknown_choice", 5,
     "format", "tydi"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "id", "row", "column", "value"), CELLS)
def test_a_fault_is_named_with_its_place_and_value(town, file, old, new, id, row, column, value):
    town.replace(file, old, new)
    region, faults = load_region(town.folder)
    found = [f for f in faults if f.id == id]
    assert [(f.file, f.row, f.column, f.value) for f in found] == [(file, row, column, value)]
    assert found[0].severity == ("warning" if id in WARNINGS else "error")
    assert found[0].expected and found[0].remedy
    assert (region is None) == (found[0].severity == "error")


def test_a_centre_without_places_is_a_warning(town):
    town.replace("places.csv", "K2;2022-12-31;1;6;30\n", "")
    assert [(f.id, f.severity, f.row, f.value) for f in check_region(town.folder)] == [
        ("facility_without_places", "warning", 3, "K2")
    ]


def test_an_error_brings_no_faults_that_only_follow_from_it(town):
    town.replace(P, "t;0;17;160", "t;0;17;-1")
    town.replace(P, "t;18;;840", "t;18;;viele")
    assert [f.id for f in check_region(town.folder)] == ["negative", "not_a_number"]


def test_a_key_that_lost_its_zero_is_one_fault_per_row_and_nothing_else(town):
    town.write(P, (town.folder / P).read_text().replace("\n02;", "\n2;"))
    town.replace("places.csv", "K2", "K9")
    assert [f.id for f in check_region(town.folder)] == ["unknown_quartier"] * 4 + ["unknown_facility"]


def test_a_town_without_faults_has_none(town):
    assert check_region(town.folder) == []
    region = read_region(town.folder)
    assert region.estimated == frozenset({"single_ages"})
    assert region.start_population["persons"].sum() == 1500


def test_all_faults_of_all_files_come_at_once(town):
    town.replace(P, "t;0;17;160", "t;0;17;-160")
    town.replace(P, "t;18;;400", "t;18;;viele")
    town.replace(Q, "9.44;54.80", "54.80;9.44")
    town.replace("region.toml", '"01999999"', '"1999999"')
    town.replace("places.csv", "K2", "K9")
    with pytest.raises(InputError) as error:
        read_region(town.folder)
    assert {f.id for f in error.value.faults} == {
        "negative", "not_a_number", "exchanged_coordinates", "bad_ags", "unknown_facility",
    }  # fmt: skip
    assert all(f.severity == "error" for f in error.value.faults)


@pytest.mark.parametrize("file", ["region.toml", Q, P])
def test_a_missing_file_is_named(town, file):
    town.remove(file)
    assert [(f.id, f.file) for f in check_region(town.folder)] == [("missing_file", file)]


def test_a_file_in_capital_letters_is_recognised(town):
    (town.folder / P).rename(town.folder / "Population.csv")
    faults = check_region(town.folder)
    assert {f.id for f in faults} == {"missing_file", "unknown_file"}
    assert any("Population.csv" in f.remedy for f in faults)


def test_places_without_facilities_are_one_fault_not_one_per_row(town):
    town.remove(F)
    assert [(f.id, f.file) for f in check_region(town.folder)] == [("missing_file", F)]


def test_a_misspelt_optional_table_is_a_warning(town):
    (town.folder / "dwellings.csv").rename(town.folder / "dwelings.csv")
    region, faults = load_region(town.folder)
    assert [(f.id, f.severity) for f in faults] == [("unknown_file", "warning")] and "dwellings.csv" in faults[0].remedy
    assert region is not None and "dwellings" in region.estimated


@pytest.mark.parametrize("column", ["quartier_id", "date", "sex", "age_from", "age_to", "persons"])
def test_a_missing_column_is_named_and_the_nearest_suggested(town, column):
    town.replace(P, column, column + "_x")
    faults = [f for f in check_region(town.folder) if f.file == P]
    assert [(f.id, f.row, f.column) for f in faults] == [("missing_column", 1, column)]
    assert column + "_x" in faults[0].remedy


def test_a_missing_column_does_not_hide_the_faults_of_the_others(town):
    town.replace(P, "persons", "people")
    town.replace(P, "01;2022-12-31;t;0;17", "07;2022-12-31;t;0;17")
    assert {f.id for f in check_region(town.folder)} == {"missing_column", "unknown_quartier"}


def test_a_repeated_column_is_refused(town):
    town.replace(P, "sex", "date")
    assert "duplicate_column" in {f.id for f in check_region(town.folder)}


@pytest.mark.parametrize(
    ("content", "id"),
    [
        (b"", "empty_file"),
        (b"\xef\xbb\xbf \r\n\r\n", "empty_file"),
        (b"quartier_id;date;sex;age_from;age_to;persons\n", "no_rows"),
        (b"PK\x03\x04\x14\x00\x06\x00", "spreadsheet_renamed"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00\x00", "spreadsheet_renamed"),
        (b"\x00\x01\x02;\x00", "not_a_text"),
        (b"quartier_id\x81;date\n", "wrong_encoding"),
        (b'quartier_id;date;sex;age_from;age_to;persons\n01;"2022-12-31;t;0;;5\n', "broken_quotes"),
    ],
)
def test_what_is_no_table_is_said_to_be_none(town, content, id):
    town.write(P, content)
    faults = [f for f in check_region(town.folder) if f.file == P]
    assert [f.id for f in faults] == [id]


def test_a_real_spreadsheet_renamed_to_csv_is_recognised(town):
    openpyxl = pytest.importorskip("openpyxl")
    openpyxl.Workbook().save(town.folder / P)
    assert [f.id for f in check_region(town.folder) if f.file == P] == ["spreadsheet_renamed"]


def test_a_folder_called_like_a_table_is_a_fault(town):
    town.remove(P)
    (town.folder / P).mkdir()
    assert [f.id for f in check_region(town.folder) if f.file == P] == ["unreadable_file"]


def test_umlauts_that_went_through_a_wrong_encoding_are_found(town):
    town.replace(Q, "Hafen", "MÃ¼hle")
    faults = check_region(town.folder)
    assert [(f.id, f.row, f.column, f.value) for f in faults] == [("mojibake", 3, "name", "MÃ¼hle")]


def test_a_syntax_error_in_region_toml_names_its_line(town):
    town.replace("region.toml", 'ags = "01999999"', "ags = 01999999")
    assert [(f.id, f.row) for f in check_region(town.folder)] == [("bad_toml", 2)]


def test_a_second_entry_for_a_key_names_the_first(town):
    town.append(P, "01;31.12.2022;t;0;17;160")
    (fault,) = check_region(town.folder)
    assert (fault.id, fault.row, fault.value) == ("duplicate_key", 10, "01 / 31.12.2022 / t / 0 / 17")
    assert "Zeile 6" in fault.remedy


def test_bad_dates_are_not_called_duplicates(town):
    town.replace(P, "01;2022-12-31;t;0;17", "01;gestern;t;0;17")
    town.append(P, "01;heute;t;0;17;160")
    assert [f.id for f in check_region(town.folder)].count("bad_date") == 2
    assert "duplicate_key" not in {f.id for f in check_region(town.folder)}


def sexes(town, men: int, women: int) -> None:
    town.append(P, f"01;2022-12-31;m;0;17;{men}", f"01;2022-12-31;f;0;17;{women}",
                "01;2022-12-31;m;18;;400", "01;2022-12-31;f;18;;440")  # fmt: skip


def test_a_split_by_sex_that_adds_up_replaces_the_total(town):
    sexes(town, 80, 80)
    region, faults = load_region(town.folder)
    assert faults == [] and region is not None
    now = region.start_population
    assert set(now.loc[now["quartier_id"] == "01", "sex"]) == {"m", "f"}
    assert now["persons"].sum() == 1500


def test_a_split_by_sex_that_does_not_add_up_is_an_error(town):
    sexes(town, 80, 81)
    assert [(f.id, f.row, f.value) for f in check_region(town.folder)] == [("sexes_do_not_add_up", 6, "160")]


def test_rounded_figures_may_differ_if_region_toml_says_so(town):
    sexes(town, 80, 85)
    town.replace("region.toml", "reference_date", "rounding = 5\nreference_date")
    assert check_region(town.folder) == []


def test_men_without_women_are_an_error(town):
    town.append(P, "01;2022-12-31;m;0;;500")
    assert [(f.id, f.row, f.column) for f in check_region(town.folder)] == [("one_sex_missing", 10, "sex")]


def test_a_quartier_without_residents_at_the_reference_date_is_an_error(town):
    town.append(Q, "03;Neubau;;;")
    assert [(f.id, f.value) for f in check_region(town.folder)] == [("quartier_without_population", "03")]


def test_a_population_without_a_known_figure_is_an_error(town):
    head, *rows = (town.folder / P).read_text().splitlines()
    town.write(P, "\n".join([head, *(row.rsplit(";", 1)[0] + ";." for row in rows)]) + "\n")
    assert "all_unknown" in {f.id for f in check_region(town.folder)}


def test_a_reference_date_after_the_last_figures_is_a_warning_and_before_the_first_an_error(town):
    town.replace("region.toml", "2022-12-31", "2023-12-31")
    region, faults = load_region(town.folder)
    assert [f.id for f in faults] == ["older_population"]
    assert region is not None and region.start_date.isoformat() == "2022-12-31"
    town.replace("region.toml", "2023-12-31", "2020-12-31")
    assert [(f.id, f.severity) for f in check_region(town.folder)] == [("no_population_before", "error")]


SQUARE = '{"type":"Polygon","coordinates":[[[9.42,54.78],[9.435,54.78],[9.435,54.795],[9.42,54.795],[9.42,54.78]]]}'
POINT = '{"type":"Point","coordinates":[9,54]}'


def area(key: str, geometry: str) -> str:
    return f'{{"properties":{{"quartier_id":"{key}"}},"geometry":{geometry}}}'


@pytest.mark.parametrize(
    ("content", "ids"),
    [
        ("{", ["bad_geojson"]),
        ("[]", ["bad_geojson"]),
        ('{"features":[{"properties":{},"geometry":null}]}', ["geometry_without_key"]),
        (f'{{"features":[{area("01", POINT)}]}}', ["bad_polygon"]),
        (f'{{"features":[{area("01", SQUARE)}]}}', ["quartier_without_geometry"]),
        (f'{{"features":[{area("9", SQUARE)}]}}', ["unknown_area"]),
        (f'{{"features":[{area("01", SQUARE)},{area("01", SQUARE)}]}}', ["geometry_twice", "quartier_without_geometry"]),
        (f'{{"features":[{area("01", SQUARE.replace("9.42,54.78", "54.78,9.42"))}]}}', ["outside_germany"]),
    ],
)
def test_a_map_that_cannot_be_used_is_said_to_be_none(town, content, ids):
    town.write("quartiere.geojson", content)
    assert [f.id for f in check_region(town.folder)] == ids


def test_a_facility_far_outside_its_quartier_is_a_warning(town):
    _map(town)
    town.replace(F, "9.431;54.791", "9.431;54.811")
    found = [(f.id, f.row, f.value) for f in check_region(town.folder) if f.file == F]
    assert ("facility_elsewhere", 2, "01") in found


def _map(town):
    north = SQUARE.replace("54.79", "54.82").replace("54.78", "54.80").replace("9.435", "9.45")
    town.write("quartiere.geojson", f'{{"features":[{area("01", SQUARE)},{area("02", north)}]}}')


def test_a_facility_outside_all_quartiere_is_refused_with_the_remedy(town):
    _map(town)
    town.replace(F, "9.431;54.791", "9.931;54.791")
    region, faults = load_region(town.folder)
    (fault,) = [f for f in faults if f.severity == "error"]
    assert region is None
    assert (fault.id, fault.row, fault.column) == ("facility_outside_town", 2, "lon")
    assert "K1" in fault.remedy and "9.931" in str(fault.value)


def test_on_a_map_that_lacks_a_quartier_a_facility_outside_it_is_only_a_warning(town):
    town.write("quartiere.geojson", f'{{"features":[{area("01", SQUARE)}]}}')
    town.replace(F, "9.431;54.791", "9.931;54.791")
    region, faults = load_region(town.folder)
    assert region is not None and "facility_elsewhere" in {f.id for f in faults}


def test_more_places_than_the_quartier_has_residents_are_refused_unless_the_register_does_not_count_them(town):
    town.append(F, "S1;student_residence;Campus;02;;;;;;")
    town.append("places.csv", "S1;2022-12-31;18;30;900")
    (fault,) = [f for f in check_region(town.folder) if f.severity == "error"]
    assert (fault.id, fault.row, fault.value) == ("places_exceed_residents", 5, "S1")
    town.replace(F, ";lat\n", ";lat;in_register\n")
    text = (town.folder / F).read_text(encoding="utf-8").splitlines()
    town.write(F, "\n".join([text[0], *(line + ";" for line in text[1:-1]), text[-1] + ";no"]) + "\n")
    assert [f for f in check_region(town.folder) if f.severity == "error"] == []


def test_faults_of_a_kind_are_listed_up_to_fifty_and_then_counted(town):
    town.append(P, *(f"0{n};2022-12-31;t;0;;5" for n in range(100, 180)))
    faults = [f for f in check_region(town.folder) if f.id == "unknown_quartier"]
    assert len(faults) == 51 and faults[-1].row is None and "30" in faults[-1].remedy


def test_an_unknown_region_suggests_the_nearest():
    with pytest.raises(InputError) as error:
        find_region("flensberg")
    assert "flensburg" in error.value.faults[0].remedy
    assert "flensburg" in embedded_regions() and find_region("flensburg").is_dir()


@pytest.mark.parametrize("name", ["", ".", "\x00", "a" * 5000, "/", "region.toml"])
def test_any_text_as_a_region_gives_a_folder_or_an_input_error(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    try:
        assert find_region(name).is_dir()
    except InputError as error:
        assert error.faults


def test_a_file_is_no_region(town):
    with pytest.raises(InputError) as error:
        find_region(town.folder / P)
    assert error.value.faults[0].id == "not_a_folder"
    assert find_region(town.folder / "region.toml") == town.folder


def test_every_text_is_there_in_both_languages_with_the_same_places():
    for id, texts in TEXTS.items():
        places = [{name for text in texts[language] for _, name, _, _ in string.Formatter().parse(text) if name}
                  for language in ("de", "en")]  # fmt: skip
        assert set(texts) == {"de", "en"}, id
        assert places[0] == places[1], id
    assert set(TEXTS) > WARNINGS


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_language_of_a_fault_is_the_readers(town, language):
    town.replace(P, "t;0;17;160", "t;0;17;viele")
    (fault,) = check_region(town.folder, language)
    assert ("DIN 55301" in fault.expected) and (("Schreiben" in fault.remedy) == (language == "de"))
