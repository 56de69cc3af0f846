"""What a scenario must not say: named with file, line, key and remedy, all at once, before anything runs."""

from __future__ import annotations

import pytest
from lever_town import RATES
from lever_town import region as town
from quartier.model.measures import PlacesMeasure
from quartier.scenarios.files import read_chain
from quartier.scenarios.resolve import resolve

START, UNTIL = 4 * 2022 + 3, 4 * 2030 + 3
RATE = "[[rate]]\nname='leaving'\nkind='factor'\n"
PLACES = "[[places]]\nfacility='childcare_centre'\nunit='places'\n"
LEVER = "[[lever]]\nname='{}'\n"
HELP = LEVER.format("kita_access_help") + "families_meant=0.2\ngain=0.3\n"
AREA = LEVER.format("new_build_area") + "quartiere=['01']\ndwellings=5\nfrom=2025\n"


@pytest.mark.parametrize(("text", "id", "line", "column", "hint"), [
    (LEVER.format("fertilty") + "percent=1", "unknown_lever", 3, "lever 1 name", "did you mean “fertility”?"),
    ("[[lever]]\npercent=1", "missing_key", 2, "lever 1", "name"),
    (LEVER.format("fertility") + "percnt=1\npercent=1", "unknown_key", 4, "lever 1 percnt", "did you mean “percent”?"),
    (LEVER.format("fertility"), "missing_key", 2, "lever 1 percent", "percent"),
    (LEVER.format("fertility") + "percent=-101", "wrong_value", 4, "lever 1 percent", "correct"),
    (LEVER.format("care_rate") + "variant='dampd'", "wrong_value", 4, "lever 1 variant", "did you mean “damped”?"),
    (LEVER.format("longevity") + "pace=-1", "wrong_value", 4, "lever 1 pace", "correct"),
    (HELP + "reached=1.5", "wrong_value", 6, "lever 1 reached", "correct"),
    (HELP + "reached={min=0.1, mode=0.5, max=1.5}", "wrong_value", 6, "lever 1 reached", "correct"),
    (AREA + "rooms={ 3 = 0.5, 4 = 0.4 }", "wrong_value", 7, "lever 1 rooms", "shares"),
    (AREA + "rooms={ 9 = 1.0 }", "wrong_value", 7, "lever 1 rooms", "shares"),
    (LEVER.format("childcare_conversion") + "percent=120\nplaces_per_place=0.4\nfrom=2025", "wrong_value", 4,
     "lever 1 percent", "number"),
    (LEVER.format("childcare_expansion") + "amount=1\nunit='percent'\nfrom=2025\nbirths_per_point=0.003", "contradictory_keys", 7,
     "lever 1 births_per_point", "age_to = 2"),
    (RATE + "amount={min=1, mode=3, max=2}", "contradictory_keys", 5, "rate 1 amount mode", "exchange"),
    (RATE + "amount={min=1, mode=1}", "missing_key", 5, "rate 1 amount max", "max"),
    (RATE + "amount={min=1, mode=1, max=2, mean=1}", "unknown_key", 5, "rate 1 amount mean", "valid names: max, min, mode"),
    (RATE + "amount=[]", "wrong_value", 5, "rate 1 amount", "fill"),
    (RATE + "amount=[{from='soon', amount=1}]", "not_a_date", 5, "rate 1 amount 1 from", "date"),
    (RATE + "amount=[{form=2025, amount=1}]", "missing_key", 5, "rate 1 amount 1 from", "from"),
    (RATE + "amount=2\nramp_up='2'", "not_a_duration", 6, "rate 1 ramp_up", "duration"),
    (RATE + "amount=2\nramp_up=2", "not_a_duration", 6, "rate 1 ramp_up", "duration"),
    (RATE + "amount=2\nhalf_life='1 year'", "contradictory_keys", 6, "rate 1 half_life", "to"),
    (RATE.replace("factor", "value") + "amount=2\nramp_up='1 year'", "contradictory_keys", 6, "rate 1 ramp_up", "dated"),
    (RATE + "amount=2\nfrom='+2 yers'", "not_a_date", 6, "rate 1 from", "date"),
    (RATE + "amount=2\nid='1 a'", "wrong_value", 6, "rate 1 id", "id"),
    (RATE + "amount=2\nevidence='D'", "wrong_value", 6, "rate 1 evidence", "A"),
    (RATE + "amount=2\ncost={per_unt=1}", "unknown_key", 6, "rate 1 cost per_unt", "did you mean “per_unit”?"),
    (PLACES + "amount=2\nfrom=2025\nfacilities=['a']\nquartiere=['01']", "contradictory_keys", 7, "places 1 facilities", "delete"),
    (PLACES + "amount=2\nfrom=2025\nfacilities=[]", "wrong_value", 7, "places 1 facilities", "fill"),
    ("[[dwellings]]\nquartier='01'\nrooms=3\ndwellings=2.5\ndate=2025-01-01", "wrong_value", 5, "dwellings 1 dwellings", "write"),
    ("[[dwellings]]\nquartier='01'\nrooms=3\ndwellings=0\ndate=2025-01-01", "wrong_value", 5, "dwellings 1 dwellings", "correct"),
    ("[[parameter]]\nname='x'\nvalue='1'", "wrong_value", 4, "parameter 1 value", "quotation"),
    ("[[parameter]]\nname='x'\nvalue=1\nfrom=2025", "unknown_key", 5, "parameter 1 from", "valid names"),
    ("remove=['a b']", "wrong_value", 2, "remove 1", "id"),
    ("override='x'", "wrong_value", 2, "override", "title"),
])
def test_a_faulty_file_is_refused_with_line_key_and_remedy(write, faults_of, text, id, line, column, hint):
    (fault, *more) = faults_of(read_chain, write(text))
    assert (fault.id, fault.file, fault.row, fault.column) == (id, "mine.toml", line, column)
    assert hint in fault.remedy or hint in fault.expected
    assert not more or id == "missing_key"


@pytest.mark.parametrize(("text", "id", "line", "hint"), [
    (RATE + "amount=2\nfrom='+3 years'\nto=2024", "end_before_start", 7, "exchange"),
    (RATE + "amount=2\nquartiere=['@bigest']", "unknown_quartier", 6, "did you mean"),
    (RATE + "amount=[{from=2024, amount=1}, {from=2024, amount=2}]", "dates_not_ascending", 5, "order"),
    (RATE + "amount=[{from=2024, amount=1}]\nfrom=2025", "date_outside_entry", 5, "correct"),
    (PLACES + "amount=2\nfrom=2025\nfacilities=['c']", "unknown_facility", 7, "valid names: a, b"),
    (PLACES + "amount=-50\nfrom=2025\nfacilities=['b']", "below_zero_places", 5, "fewer"),
    (PLACES + "amount=-30\nfrom=2025\nquartiere=['01']\n" + PLACES + "amount=-30\nfrom=2026\nquartiere=['01']",
     "below_zero_places", 11, "fewer"),
    (PLACES + "amount=-30\nfrom=2025\nfacilities=['a']\n" + PLACES + "amount=-30\nfrom=2025\nfacilities=['a']",
     "contradictory_entries", 12, "merge"),
    (PLACES.replace("places'\n", "percent'\n", 2).replace("[[percent]]", "[[places]]") + "amount=-60\nfrom=2025\n"
     + PLACES.replace("unit='places'", "unit='percent'") + "amount=-60\nfrom=2026\n", "below_zero_places", 10, "fewer"),
    (LEVER.format("facility_closing") + "facilities=['a']\nfrom=2025\n" + LEVER.format("facility_closing")
     + "facilities=['a','b']\nfrom=2027", "contradictory_entries", 8, "merge"),
    (LEVER.format("facility_closing") + "facilities=['a']\nfrom=2025\n" + PLACES + "amount=3\nfrom=2026\nfacilities=['a']",
     "contradictory_entries", 4, "merge"),
    (LEVER.format("facility_closing") + "facilities=['x']\nfrom=2025", "unknown_facility", 4, "valid names"),
    ("[[parameter]]\nname='twins'\nvalue=1", "unknown_parameter", 3, "there is no valid name"),
])
def test_what_does_not_fit_the_town_is_refused(write, region, rates, faults_of, text, id, line, hint):
    faults = faults_of(resolve, write(text), region, rates, START, UNTIL)
    assert (faults[0].id, faults[0].file, faults[0].row) == (id, "mine.toml", line)
    assert hint in faults[0].remedy


REAL = 4 * 2023 + 3


@pytest.mark.parametrize(("text", "id", "line", "hint"), [
    ("[[parameter]]\nname='twin_shar'\nvalue=0.02", "unknown_parameter", 3, "did you mean “twin_share”?"),
    ("[[parameter]]\nname='care_trend'\nvalue=1.5", "impossible_parameter", 4, "variants"),
    ("[[parameter]]\nname='care_trend'\nvalue=2\n" + LEVER.format("care_rate") + "variant='full'", "contradictory_entries", 6, "merge"),
    (LEVER.format("fertility") + "percent=5\n" + LEVER.format("fertility") + "percent=-5", "contradictory_entries", 6, "merge"),
    (LEVER.format("fertility") + "percent=5\nage_from=60", "ages_outside_rate", 5, "correct"),
    (LEVER.format("migration") + "direction='in'\npercent=5\nquartiere=['99']", "unknown_quartier", 6, ""),
    (RATE.replace("leaving", "childcare_applied") + "amount=2", "impossible_rate", 5, "cap"),
    (LEVER.format("fertility") + "percent=5\ncost={per_unit=7}", "cost_without_units", 5, "per_year"),
    (PLACES + "amount=-31\nfrom=2025\nage_to=2", "below_zero_places", 5, "fewer"),
    (PLACES.replace("unit='places'", "unit='per_1000_residents'") + "amount=-900\nfrom=2025", "below_zero_places", 5, "fewer"),
])
def test_what_does_not_fit_the_models_own_rates_is_refused(write, faults_of, text, id, line, hint):
    faults = faults_of(resolve, write(text), town(), RATES(), REAL, REAL + 40)
    assert (faults[0].id, faults[0].row) == (id, line) and hint in faults[0].remedy


@pytest.mark.parametrize("text", [
    LEVER.format("fertility") + "percent=5\n" + LEVER.format("fertility") + "percent=-5\nfrom=2027",
    LEVER.format("fertility") + "percent=5\nquartiere=['01']\n" + LEVER.format("fertility") + "percent=-5\nquartiere=['02']",
    LEVER.format("childcare_staff_shortage") + "percent=5\nfrom=2025\n" + PLACES + "amount=5\nfrom=2025",
    PLACES + "amount=5\nfrom=2025\nquartiere=['01']\n" + PLACES + "amount=5\nfrom=2025\nfacilities=['K01']",
    PLACES + "amount=20\nfrom=2025\nquartiere=['01']\n" + PLACES + "amount=-45\nfrom=2027\nquartiere=['01']",
])
def test_entries_that_go_together_are_accepted(write, text):
    resolve(write(text), town(), RATES(), REAL, REAL + 40)


def test_faults_of_several_entries_and_kinds_are_named_at_once(write, faults_of):
    text = (LEVER.format("fertility") + "percent=5\nquartiere=['77']\n" + LEVER.format("mortality") + "percent=5\nfrom=1999\n"
            + "[[parameter]]\nname='twin_shar'\nvalue=1\n" + RATE + "amount=1\n" + PLACES + "amount=-900\nfrom=2025\n")
    ids = {f.id for f in faults_of(resolve, write(text), town(), RATES(), REAL, REAL + 40)}
    assert ids == {"unknown_quartier", "date_outside_run", "unknown_parameter", "unknown_rate", "below_zero_places"}


def test_care_places_have_no_ages(write, faults_of):
    text = "[[places]]\nfacility='nursing_home'\namount=20\nunit='places'\nfrom=2025\n"
    (measure,) = resolve(write(text), town(), RATES(), REAL, REAL + 40).measures
    assert isinstance(measure, PlacesMeasure) and measure.kind == "nursing_home"
    (fault,) = faults_of(read_chain, write(text + "age_from=70\n"))
    assert (fault.id, fault.row) == ("contradictory_keys", 7)
