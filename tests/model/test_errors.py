"""A fault says where it is and how to mend it; an error carries all of them."""

from __future__ import annotations

from quartier.model.errors import Fault, InputError, nearest


def fault(row: int | None = 7, column: str | None = "persons") -> Fault:
    return Fault(
        "not_a_number", "error", "population.csv", row, column, "zwölf", "a whole number", "write the number in digits"
    )


def test_a_fault_names_its_place_as_far_as_it_has_one():
    assert fault().place() == "population.csv, line 7, column persons"
    assert fault(row=None).place() == "population.csv, column persons"
    assert fault(row=None, column=None).place() == "population.csv"


def test_an_error_carries_every_fault_and_names_each():
    error = InputError([fault(row=2), fault(row=9)])
    assert [f.row for f in error.faults] == [2, 9]
    assert "line 2" in str(error)
    assert "line 9" in str(error)


def test_one_fault_alone_makes_an_error_too():
    assert InputError(fault()).faults == [fault()]


def test_a_misspelt_name_is_answered_with_the_nearest_valid_one():
    assert "“mortality”" in nearest("mortalty", ["fertility", "mortality"])


def test_a_name_like_no_other_is_answered_with_all_valid_ones_in_order():
    assert nearest("xyz", ["mortality", "fertility"]) == "valid names: fertility, mortality"
    assert nearest("xyz", []) == "there is no valid name here"
