"""Scenarios laid over a town: steps and indices by hand, and every contradiction refused."""

from __future__ import annotations

from datetime import date

import pytest
from quartier.model.measures import DwellingsMeasure, PlacesMeasure
from quartier.model.rates import Modifier
from quartier.model.timeline import step_of
from quartier.scenarios.resolve import resolve

START, UNTIL = step_of(date(2022, 12, 31)), step_of(date(2030, 12, 31))
PLACES = "[[places]]\nfacility='childcare_centre'\nunit='places'\n"
Q3_2026, Q1_2028 = 4 * 2026 + 2, 4 * 2028


def test_entries_become_modifiers_and_measures(write, region, rates):
    scenario = resolve(write(
        "[[rate]]\nname='leaving'\nkind='factor'\namount=1.5\nfrom=2026-08-01\nto=2027\nquartiere=['10','01']\nsex='f'\nage_from=25\n"
        + PLACES + "amount=12\nfrom=2026-08-01\nquartiere=['02']\nnote='Haus am Hafen'\n"
        "[[dwellings]]\nquartier='10'\nrooms=3\ndwellings=40\ndate=2028-02-29\n"
    ), region, rates, START, UNTIL)
    assert scenario.name == "mine"
    assert scenario.modifiers == (
        Modifier("leaving", "factor", 1.5, "scenario", Q3_2026, Q1_2028, (0, 2), "f", 25, None),
    )
    assert scenario.measures == (
        PlacesMeasure("childcare_centre", 12, "places", Q3_2026, None, (1,), 0, 6, "Haus am Hafen"),
        DwellingsMeasure(2, 3, 40, Q1_2028),
    )


def test_no_migration_sets_all_four_flows_to_zero(region, rates):
    book = rates.with_modifiers(resolve("no_migration", region, rates, START, UNTIL).modifiers)
    for way in ("in", "out"):
        for where in ("germany", "abroad"):
            assert book.resolve(f"{way}_migration_{where}", START + 1, 3)[1].max() == 0
    assert book.resolve("leaving", START + 1, 3)[1].max() == 0.2


def test_the_entries_of_the_base_apply_first(write, region, rates):
    write("[[rate]]\nname='leaving'\nkind='factor'\namount=2\n", "base.toml")
    path = write("base='base.toml'\n[[rate]]\nname='leaving'\nkind='factor'\namount=3\nfrom=2025\n")
    scenario = resolve(path, region, rates, START, UNTIL)
    assert [m.amount for m in scenario.modifiers] == [2, 3]


RATE = "[[rate]]\nname='leaving'\nkind='factor'\namount=1\n"


@pytest.mark.parametrize(("text", "id", "line", "hint"), [
    ("[[rate]]\nname='leavin'\nkind='factor'\namount=1", "unknown_rate", 3, "did you mean “leaving”?"),
    ("[[rate]]\nname='twins'\nkind='factor'\namount=1\nsex='m'", "unknown_rate", 6, "leave `sex` out"),
    ("[[rate]]\nname='twins'\nkind='factor'\namount=1\nage_to=30", "unknown_rate", 6, "leave ages out"),
    (RATE + "age_from=60", "ages_outside_rate", 6, "correct the ages"),
    (RATE + "quartiere=['1']", "unknown_quartier", 6, "did you mean"),
    (RATE + "quartiere=['neustadt']", "unknown_quartier", 6, "write the id “10”"),
    (RATE + "from=2022", "date_outside_run", 6, "--until"),
    (RATE + "from=2031-01-01", "date_outside_run", 6, "--until"),
    (RATE + "to=2040", "date_outside_run", 6, "delete the line"),
    ("[[dwellings]]\nquartier='01'\nrooms=3\ndwellings=1\ndate=2035-01-01", "date_outside_run", 6, "--until"),
    (RATE + RATE, "contradictory_entries", 7, "merge"),
    ("[[rate]]\nname='wish'\nkind='factor'\namount=2", "impossible_rate", 5, "smaller"),
    ("[[rate]]\nname='leaving'\nkind='value'\namount=51", "impossible_rate", 5, "cap"),
    (PLACES + "amount=5\nfrom=2026\n" + PLACES + "amount=-5\nfrom=2026\nquartiere=['01']",
     "contradictory_entries", 11, "merge"),
    (PLACES + "amount=-51\nfrom=2026\nquartiere=['01']", "below_zero_places", 5, "fewer"),
    (PLACES + "amount=-11\nage_to=2\nfrom=2026", "below_zero_places", 5, "fewer"),
    (PLACES + "amount=-1\nfrom=2026\nquartiere=['10']", "below_zero_places", 5, "fewer"),
])
def test_what_does_not_fit_the_town_or_the_run_is_refused(write, region, rates, faults_of, text, id, line, hint):
    (fault,) = faults_of(resolve, write(text), region, rates, START, UNTIL)
    assert (fault.id, fault.file, fault.row) == (id, "mine.toml", line)
    assert hint in fault.remedy


@pytest.mark.parametrize("text", [
    RATE + RATE + "from=2025",  # a factor on top of another from a later date
    RATE + "sex='m'\n" + RATE + "sex='f'",
    RATE + "quartiere=['01']\n" + RATE + "quartiere=['02']",
    PLACES + "amount=5\nfrom=2026\nage_to=2\n" + PLACES + "amount=-5\nfrom=2026\nage_from=3",
    PLACES + "amount=-50\nfrom=2026\nquartiere=['01']",
    "[[rate]]\nname='wish'\nkind='factor'\namount=9\n[[rate]]\nname='wish'\nkind='cap'\namount=1",
])
def test_entries_that_go_together_are_accepted(write, region, rates, text):
    resolve(write(text), region, rates, START, UNTIL)


def test_all_faults_are_named_at_once(write, region, rates, faults_of):
    text = RATE + "quartiere=['77','78']\nfrom=2050\n" + PLACES + "amount=1\nfrom=2060"
    ids = [f.id for f in faults_of(resolve, write(text), region, rates, START, UNTIL)]
    assert sorted(ids) == ["date_outside_run", "date_outside_run", "unknown_quartier", "unknown_quartier"]


def test_two_values_for_one_rate_contradict_only_while_both_hold(write, region, rates, faults_of):
    value = "[[rate]]\nname='leaving'\nkind='value'\namount={}\nfrom={}\nto={}\n"
    resolve(write(value.format(0.1, 2024, 2025) + value.format(0.3, 2026, 2027)), region, rates, START, UNTIL)
    (fault,) = faults_of(
        resolve, write(value.format(0.1, 2024, 2026) + value.format(0.3, 2026, 2027)), region, rates, START, UNTIL
    )
    assert fault.id == "contradictory_entries" and "rate 1 (mine.toml)" in fault.expected
