"""Scenarios that build on others: what is taken over, overridden and removed; and amounts that are uncertain."""

from __future__ import annotations

import pytest
from quartier.model.timeline import step_of
from quartier.scenarios.entries import Uncertain
from quartier.scenarios.files import read_scenario
from quartier.scenarios.resolve import ranges, resolve, with_values

START, UNTIL = 4 * 2022 + 3, 4 * 2030 + 3
RATE = "[[rate]]\nid='more'\nname='leaving'\nkind='factor'\namount=2\nfrom=2025\n"
PLACES = "[[places]]\nid='open'\nfacility='childcare_centre'\namount={}\nunit='places'\nfrom=2026\nage_to=2\n"


@pytest.fixture
def laid(write, region, rates):
    return lambda text, name="mine.toml": resolve(write(text, name), region, rates, START, UNTIL)


def test_an_override_changes_the_keys_it_names_and_keeps_the_others(laid, write):
    write(RATE, "base.toml")
    (m,) = laid("base='base.toml'\n[override.more]\namount=3\nquartiere=['02']\n").modifiers
    assert (m.rate, m.amount, m.start, m.quartiere) == ("leaving", 3, 4 * 2025, (1,))


def test_an_override_of_an_override_counts_last(laid, write):
    write(RATE, "a.toml")
    write("base='a.toml'\n[override.more]\namount=3\n", "b.toml")
    (m,) = laid("base='b.toml'\noverride.more.from=2027\n").modifiers
    assert (m.amount, m.start) == (3, 4 * 2027)


def test_an_entry_of_the_base_can_be_removed(laid, write):
    write(RATE + PLACES.format(5), "base.toml")
    scenario = laid("base='base.toml'\nremove=['more']\n")
    assert not scenario.modifiers and len(scenario.measures) == 1


@pytest.mark.parametrize(("text", "id", "line", "hint"), [
    ("remove=['mor']\n", "unknown_entry", 3, "did you mean “more”?"),
    ("[override.mor]\namount=1\n", "unknown_entry", 3, "did you mean “more”?"),
    ("[override.more]\namont=1\n", "unknown_key", 4, "did you mean “amount”?"),
    ("[override.more]\namount=-1\n", "contradictory_keys", 4, "kind"),
    ("[override.more]\nid='less'\n", "wrong_value", 4, "delete"),
    ("[override.more]\nquartiere=['77']\n", "unknown_quartier", 4, ""),
    (RATE, "same_id", 4, "override"),
])
def test_what_a_base_cannot_take_is_refused_with_its_line(write, region, rates, faults_of, text, id, line, hint):
    write(RATE, "base.toml")
    (fault,) = faults_of(resolve, write("base='base.toml'\n" + text), region, rates, START, UNTIL)
    assert (fault.id, fault.file, fault.row) == (id, "mine.toml", line) and hint in fault.remedy


RANGE = "{min=1, mode=2, max=4}"


def test_a_run_takes_the_modes_of_uncertain_amounts(laid):
    text = RATE.replace("amount=2", f"amount={RANGE}") + PLACES.format(f"[{{from=2026, amount={RANGE}}}, {{from=2028, amount=9}}]")
    scenario = laid(text)
    assert [m.amount for m in scenario.modifiers] == [2] and [m.amount for m in scenario.measures] == [2, 9]
    assert ranges(scenario) == [Uncertain("more.amount", 1, 2, 4), Uncertain("open.amount.1", 1, 2, 4)]


def test_other_values_of_uncertain_amounts_make_another_scenario_with_another_hash(laid):
    text = RATE.replace("amount=2", f"amount={RANGE}") + PLACES.format(f"[{{from=2026, amount={RANGE}}}]")
    plain = laid(text)
    other = with_values(plain, {"more.amount": 3.5, "open.amount.1": 3.4})
    assert [m.amount for m in other.modifiers] == [3.5] and [m.amount for m in other.measures] == [3]
    assert other.name == plain.name and other.hash != plain.hash
    assert with_values(plain, {}) == plain and ranges(other) == ranges(plain)


def test_an_entry_without_id_names_its_uncertain_amount_by_file_section_and_number(laid):
    scenario = laid(RATE.replace("id='more'\n", "").replace("amount=2", f"amount={RANGE}"))
    assert [u.name for u in ranges(scenario)] == ["mine.rate1.amount"]


def test_values_of_no_uncertain_amount_and_impossible_ones_are_refused(laid, faults_of):
    scenario = laid(RATE.replace("amount=2", f"amount={RANGE}"))
    (fault,) = faults_of(with_values, scenario, {"more.amont": 1})
    assert fault.id == "unknown_range" and "more.amount" in fault.remedy
    (fault,) = faults_of(with_values, scenario, {"more.amount": 1e6})
    assert fault.id == "impossible_rate"


def test_costs_follow_units_and_years(laid):
    text = PLACES.format(10) + "cost={per_unit=1000, per_unit_year=400, per_year=50}\nto=2027\n"
    assert laid(text).costs == {"open": 10 * 1000 + 10 * 400 * 2 + 50 * 2}
    text = "[[dwellings]]\nquartier='01'\nrooms=3\ndwellings=4\ndate=2029-01-01\ncost={per_unit=5}\n"
    assert laid(text).costs == {"dwellings 1 (mine.toml)": 20}
    assert laid(text.replace("=4", "=-4")).costs == {"dwellings 1 (mine.toml)": 20}


def test_grades_of_evidence_are_those_of_the_entries_or_else_of_the_file(laid):
    assert laid("evidence='B'\n" + RATE + "evidence='C'\n" + PLACES.format(1)).evidence == ("B", "C")
    about = laid("evidence='B'\n" + RATE).about()
    assert about["evidence"] == ["B"] and about["costs"] == {}


def test_what_begins_after_a_short_run_by_a_relative_date_does_nothing_and_is_warned_of(laid):
    scenario = laid(RATE.replace("from=2025", "from='+9 years'"))
    assert not scenario.modifiers and [w.id for w in scenario.warnings] == ["begins_after_run"]
    (m,) = laid(RATE.replace("from=2025", "from='+1 year'\nto='+99 years'")).modifiers
    assert (m.start, m.end) == (START + 5, None)
    (m,) = laid(RATE.replace("from=2025", "from='+1 year'\nto='+3 years'")).modifiers
    assert (m.start, m.end) == (START + 5, START + 13)


def test_every_part_of_the_file_is_frozen_and_dates_are_quarters():
    assert read_scenario("kita_expansion").lever[0].ramp_up == 8
    assert step_of(read_scenario("baseline").date) == 4 * 2026 + 3


def test_only_the_places_of_the_ages_meant_count_as_there(region):
    from dataclasses import replace

    import pandas as pd
    from quartier.scenarios.town import Town

    hort = pd.DataFrame({"facility_id": ["a"], "date": [region.reference_date], "age_from": [6], "age_to": [13], "places": [70]})
    mixed = hort.assign(facility_id="b", age_from=1, age_to=6, places=8)
    town = Town(replace(region, places=pd.concat([region.places, hort, mixed])), None, START, UNTIL)  # type: ignore[arg-type]
    assert [town.places("childcare_centre", *ages) for ages in ((0, 2), (3, 6), (0, 6), (7, 12))] == [18, 73, 83, 70]
    assert town.places_under_3() == 10


def test_warnings_are_said_in_german_too(laid):
    from quartier.app.language import retold

    day_care = "[[places]]\nfacility='day_care'\namount=1\nunit='places'\nfrom='+20 years'\n"
    for text in (RATE.replace("from=2025", "from='+9 years'"), day_care):
        for warning in laid(text).warnings:
            assert all(retold(said, "de") != said for said in (warning.expected, warning.remedy))
