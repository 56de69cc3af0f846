"""Rates are modified by date, place, sex and age, in layers, and refused where they cannot be right."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quartier.model.errors import InputError
from quartier.model.luck import TWO32
from quartier.model.rates import (
    LAYERS,
    Modifier,
    Rate,
    RateBook,
    probability,
    read_rate_book,
    read_rates,
    threshold,
)

NOW = 8092


def book(*modifiers: Modifier) -> RateBook:
    """Two rates: by sex and age 0 to 4, all 0.1 a year; and one without dimensions of age or sex."""
    mortality = Rate(
        "mortality", "per year", ("sex", "age"), (("m", "f"), (0, 1, 2, 3, 4)), np.full((2, 5), 0.1),
        "made up", "2023", "A",
    )
    wish = Rate("wish", "share", ("band",), (("u3", "3-6"),), np.array([0.4, 0.9]), "made up", "2023", "A")
    return RateBook({"mortality": mortality, "wish": wish}, {"boys": 0.51}, pd.DataFrame()).with_modifiers(modifiers)


def values(*modifiers: Modifier, step: int = NOW) -> np.ndarray:
    """Mortality in the only class of one Quartier."""
    return book(*modifiers).resolve("mortality", step, 1)[1][0]


def test_without_modifiers_a_rate_is_itself_and_all_quartiere_share_a_class():
    classes, resolved = book().resolve("mortality", NOW, 4)
    assert classes.dtype == np.uint8
    assert classes.tolist() == [0, 0, 0, 0]
    assert np.array_equal(resolved, np.full((1, 2, 5), 0.1))


@pytest.mark.parametrize(
    ("kind", "amount", "result"),
    [("factor", 2.0, 0.2), ("add", 0.05, 0.15), ("add", -0.3, 0.0), ("value", 0.7, 0.7), ("cap", 0.04, 0.04)],
)
def test_each_kind_of_modifier_does_what_its_name_says(kind, amount, result):
    assert values(Modifier("mortality", kind, amount)) == pytest.approx(result)


def test_a_cap_leaves_lower_values_alone():
    assert values(Modifier("mortality", "cap", 0.5)) == pytest.approx(0.1)


def test_layers_apply_in_their_order_whatever_the_order_of_writing():
    halve, replace = Modifier("mortality", "factor", 0.5, "scenario"), Modifier("mortality", "value", 0.8, "trend")
    assert values(halve, replace) == pytest.approx(0.4)
    assert values(replace, halve) == pytest.approx(0.4)
    one_by_one = book().with_modifiers([halve]).with_modifiers([replace])
    assert one_by_one.resolve("mortality", NOW, 1)[1] == pytest.approx(0.4)
    assert LAYERS == ("base", "trend", "calibration", "scenario")


def test_within_a_layer_modifiers_apply_in_the_order_written():
    add, double = Modifier("mortality", "add", 0.1), Modifier("mortality", "factor", 2.0)
    assert values(add, double) == pytest.approx(0.4)
    assert values(double, add) == pytest.approx(0.3)


def test_a_modifier_applies_from_its_start_until_before_its_end():
    m = Modifier("mortality", "factor", 3.0, start=NOW, end=NOW + 4)
    active = [values(m, step=step)[0, 0] > 0.2 for step in (NOW - 1, NOW, NOW + 3, NOW + 4)]
    assert active == [False, True, True, False]


def test_selectors_limit_a_modifier_to_sex_and_ages():
    changed = values(Modifier("mortality", "value", 0.9, sex="f", age_from=1, age_to=2)) > 0.5
    assert changed.tolist() == [[False] * 5, [False, True, True, False, False]]
    old, young = (Modifier("mortality", "value", 0.9, **ages) for ages in ({"age_from": 3}, {"age_to": 0}))
    assert (values(old) > 0.5).tolist() == [[False, False, False, True, True]] * 2
    assert (values(young) > 0.5).tolist() == [[True, False, False, False, False]] * 2


def test_ages_beyond_the_table_change_nothing():
    assert values(Modifier("mortality", "value", 0.9, age_from=50, age_to=60)) == pytest.approx(0.1)


def test_quartiere_with_equal_modifiers_share_a_class():
    classes, resolved = book(
        Modifier("mortality", "factor", 2.0, quartiere=(1, 3)), Modifier("mortality", "add", 0.1, quartiere=(3,))
    ).resolve("mortality", NOW, 5)
    assert len(resolved) == 3
    assert resolved[classes][:, 0, 0] == pytest.approx([0.1, 0.2, 0.1, 0.3, 0.1])
    assert classes[0] == classes[2] == classes[4]


def test_a_modifier_leaves_other_rates_and_the_rate_itself_alone():
    modified = book(Modifier("mortality", "factor", 2.0))
    assert modified.resolve("wish", NOW, 1)[1][0].tolist() == [0.4, 0.9]
    assert (modified["mortality"].values == 0.1).all()


def test_the_version_changes_exactly_when_a_modifier_begins_or_ends():
    b = book(Modifier("mortality", "factor", 2.0, start=NOW + 2, end=NOW + 3))
    versions = [b.version(["mortality"], NOW + k) for k in range(5)]
    assert [versions[k] != versions[k - 1] for k in range(1, 5)] == [False, True, True, False]
    assert b.version(["wish"], NOW) == b.version(["wish"], NOW + 2)


@pytest.mark.parametrize(
    ("modifier", "expected"),
    [
        (Modifier("mortalty", "factor", 2.0), "name of a rate"),
        (Modifier("mortality", "factor", 2.0, layer="szenario"), "layer"),
        (Modifier("wish", "factor", 2.0, sex="f"), "does not depend on it"),
        (Modifier("wish", "factor", 2.0, age_from=3), "does not depend on it"),
        (Modifier("wish", "factor", -1.0), "not negative"),
        (Modifier("wish", "value", float("nan")), "finite"),
    ],
)
def test_a_modifier_that_cannot_be_meant_is_refused(modifier, expected):
    with pytest.raises(InputError, match=expected):
        book(modifier)


def test_all_wrong_modifiers_are_named_at_once_with_the_nearest_name():
    with pytest.raises(InputError) as error:
        book(Modifier("mortalty", "factor", 2.0), Modifier("whish", "factor", 2.0))
    assert [f.remedy for f in error.value.faults] == ["did you mean “mortality”?", "did you mean “wish”?"]


def test_an_unknown_rate_or_parameter_is_answered_with_the_nearest_name():
    with pytest.raises(KeyError, match="mortality"):
        _ = book()["mortalty"]
    with pytest.raises(KeyError, match="boys"):
        book().parameter("boy")


def test_a_hazard_becomes_the_probability_of_an_event_within_the_quarter():
    assert probability(0.0) == 0
    assert float(probability(1.0)) == pytest.approx(1 - np.exp(-0.25), rel=1e-15)
    assert float(probability(1e-9)) == pytest.approx(2.5e-10, rel=1e-9)
    assert float(probability(0.3, years=1.0)) == pytest.approx(1 - np.exp(-0.3))


@given(st.floats(0, 50))
def test_four_quarters_of_a_hazard_are_a_year_of_it(hazard):
    assert 1 - (1 - float(probability(hazard))) ** 4 == pytest.approx(float(probability(hazard, 1.0)), abs=1e-12)


@pytest.mark.parametrize("hazard", [-0.1, np.nan, np.inf, 51.0])
def test_a_hazard_that_cannot_be_is_refused(hazard):
    with pytest.raises(ValueError, match="hazards"):
        probability(np.array([0.1, hazard]))


@pytest.mark.parametrize("p", [-1e-9, 1.0000001, np.nan])
def test_a_probability_that_cannot_be_is_refused(p):
    with pytest.raises(ValueError, match="between 0 and 1"):
        threshold(np.array([0.5, p]))


@given(st.floats(0, 1))
def test_a_threshold_is_the_probability_in_parts_of_two_to_the_32(p):
    t = int(threshold(p))
    assert 0 <= t < 2**32
    assert abs(t / TWO32 - p) <= 1 / TWO32


def _write(folder, declaration: str, table: str) -> None:
    (folder / "rates_test.toml").write_text(declaration, encoding="utf-8")
    (folder / "test.csv").write_text(table, encoding="utf-8")


DECLARATION = """
[mortality]
file = "test.csv"
column = "hazard"
dims = ["sex", "age"]
where = { year = 2023 }
unit = "per year"
source = "made up"
year = "2023"
status = "A"
"""


def test_a_rate_is_read_whatever_the_order_of_its_rows(tmp_path):
    _write(tmp_path, DECLARATION, "year,sex,age,hazard\n2023,m,0,1\n2023,f,1,4\n2023,m,1,2\n2023,f,0,3\n2024,m,0,9\n")
    rate = read_rates(tmp_path)["mortality"]
    assert rate.labels == (("m", "f"), (0, 1))
    assert rate.values.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize("last", ["", "2023,f,0,4\n"], ids=["gap", "repeated"])
def test_a_table_with_gaps_or_repeated_rows_is_refused(tmp_path, last):
    _write(tmp_path, DECLARATION, "year,sex,age,hazard\n2023,m,0,1\n2023,m,1,2\n2023,f,0,3\n" + last)
    with pytest.raises(InputError, match=r"test\.csv"):
        read_rates(tmp_path)


def _parameters(folder, profile: str) -> None:
    (folder / "parameters_test.csv").write_text("parameter,value\nboys,0.51\nrooms,4\n", encoding="utf-8")
    (folder / "profiles_test.csv").write_text("state,parameter,value\n" + profile, encoding="utf-8")


def test_a_state_profile_replaces_only_its_own_states_figures(tmp_path):
    _parameters(tmp_path, "01,rooms,5\n11,rooms,3\n")
    by_state = {state: read_rate_book(state, tmp_path) for state in ("00", "01", "11")}
    assert {state: b.parameter("rooms") for state, b in by_state.items()} == {"00": 4, "01": 5, "11": 3}
    assert {b.parameter("boys") for b in by_state.values()} == {0.51}


def test_a_profile_that_names_no_parameter_is_refused(tmp_path):
    _parameters(tmp_path, "01,room,5\n")
    with pytest.raises(ValueError, match="rooms"):
        read_rate_book("01", tmp_path)


def test_a_parameter_given_in_two_files_is_refused(tmp_path):
    _parameters(tmp_path, "")
    (tmp_path / "parameters_other.csv").write_text("parameter,value\nboys,0.52\n", encoding="utf-8")
    with pytest.raises(ValueError, match="boys"):
        read_rate_book("00", tmp_path)
