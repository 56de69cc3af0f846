"""Tables of rates that cannot be are refused with table, row and remedy; towns that hardly are still run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import toy
from crowd import CERTAIN, book
from quartier.model.columns import Kind, Role
from quartier.model.errors import Fault, InputError
from quartier.model.invariants import check
from quartier.model.model import QuartierModel
from quartier.model.processes import STEP
from quartier.model.rate_tables import read_table
from quartier.model.rates import Modifier, read_rate_book, read_rates

HAZARD = {"file": "t.csv", "column": "hazard", "dims": ["sex", "age"], "unit": "per year"}
ROWS = ["m,0,0.1", "m,1,0.1", "m,2,0.1", "f,0,0.1", "f,1,0.1", "f,2,0.1"]


def faults(folder: Path, rows: list[str], header: str = "sex,age,hazard", **entry: object) -> list[Fault]:
    """The faults of a table with these rows."""
    (folder / "t.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_table(folder, {**HAZARD, **entry}, {})
    return error.value.faults


def test_a_good_table_is_read(tmp_path):
    (tmp_path / "t.csv").write_text("\n".join(["sex,age,hazard", *ROWS, ""]), encoding="utf-8")
    labels, values = read_table(tmp_path, HAZARD, {})
    assert labels == (("m", "f"), (0, 1, 2))
    assert values == pytest.approx(np.full((2, 3), 0.1))


@pytest.mark.parametrize("value", ["-0.1", "nan", "inf", "-inf", "50.1", "", "many", "0,3"])
def test_a_hazard_that_cannot_be_is_named_with_table_row_and_remedy(tmp_path, value):
    rows = ROWS.copy()
    rows[4] = f'f,1,"{value}"'
    (fault,) = faults(tmp_path, rows)
    assert (fault.id, fault.file, fault.row, fault.column, fault.value) == ("impossible_rate", "t.csv", 6, "hazard", value)
    assert "50" in fault.expected
    assert fault.remedy


@pytest.mark.parametrize("value", ["-0.01", "1.01", "35", "nan"])
def test_a_probability_outside_0_to_1_is_refused(tmp_path, value):
    (fault,) = faults(tmp_path, [f"m,0,{value}", *ROWS[1:]], unit="share")
    assert (fault.row, fault.value) == (2, value)
    assert "percent" in fault.remedy


def test_all_faults_of_a_table_are_told_at_once(tmp_path):
    found = faults(tmp_path, ["m,0,-1", "x,0,0.1", "m,young,0.1", "m,1,99"])
    assert [(f.id, f.row) for f in found] == [
        ("impossible_rate", 2), ("impossible_rate", 5), ("unknown_sex", 3), ("unknown_age", 4),
    ]


def test_a_missing_age_is_named(tmp_path):
    (fault,) = [f for f in faults(tmp_path, [r for r in ROWS if ",1," not in r]) if f.id == "missing_age"]
    assert (fault.column, fault.value) == ("age", "1")


def test_an_age_that_one_sex_lacks_is_named(tmp_path):
    (fault,) = faults(tmp_path, ROWS[:-1])
    assert (fault.id, fault.value) == ("missing_rows", "f, 2")


def test_a_repeated_row_is_named_with_the_first(tmp_path):
    (fault,) = faults(tmp_path, [*ROWS, "m,1,0.2"])
    assert (fault.id, fault.row) == ("repeated_row", 8)
    assert "line 3" in fault.expected


@pytest.mark.parametrize(("age", "id"), [("15-19", "unknown_age"), ("1.5", "unknown_age"), ("-1", "unknown_age"), ("", "unknown_age")])
def test_an_age_that_is_no_age_is_refused(tmp_path, age, id):
    assert [f.id for f in faults(tmp_path, [f"m,{age},0.1", *ROWS[1:]])] == [id]


@pytest.mark.parametrize("band", ["old", "70-65", "65 to 69"])
def test_an_unknown_age_band_is_refused(tmp_path, band):
    (fault,) = faults(tmp_path, [f"{band},0.1", "70+,0.1"], "age_group,hazard", dims=["age_group"])
    assert (fault.id, fault.row, fault.value) == ("unknown_age_band", 2, band)


@pytest.mark.parametrize("bands", [("0-64", "70+"), ("0-69", "65+")], ids=["gap", "overlap"])
def test_age_bands_that_do_not_follow_each_other_are_refused(tmp_path, bands):
    (fault,) = faults(tmp_path, [f"{b},0.1" for b in bands], "age_group,hazard", dims=["age_group"])
    assert fault.id == "missing_age_band"


def test_bands_named_by_their_first_age_need_equal_steps(tmp_path):
    (fault,) = faults(tmp_path, ["0,0.1", "5,0.1", "15,0.1", "20,0.1"], "age_group,hazard", dims=["age_group"])
    assert (fault.id, fault.value) == ("missing_age_band", "5")


def test_a_missing_column_is_answered_with_the_nearest_name_and_a_missing_file_with_its_name(tmp_path):
    (fault,) = faults(tmp_path, ROWS, "sex,age,hazrd")
    assert fault.remedy == "did you mean “hazrd”?"
    with pytest.raises(InputError, match=r"nothing\.csv"):
        read_table(tmp_path, {**HAZARD, "file": "nothing.csv"}, {})


def test_the_faults_of_all_tables_are_told_together_and_each_once(tmp_path):
    text = 'file="{}"\ncolumn="h"\ndims=["age"]\nunit="per year"\nsource="s"\nyear="2023"\nstatus="A"\n'
    declared = "".join(f"[{name}]\n{text.format(file)}" for name, file in (("a", "x.csv"), ("b", "x.csv"), ("c", "y.csv")))
    (tmp_path / "rates_test.toml").write_text(declared, encoding="utf-8")
    for file in ("x.csv", "y.csv"):
        (tmp_path / file).write_text("age,h\n0,-1\n", encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_rates(tmp_path)
    assert [(f.file, f.row) for f in error.value.faults] == [("x.csv", 2), ("y.csv", 2)]


# -- towns that hardly are -----------------------------------------------------------------------------------------------


def family(household: int, first: int, quartier: int = 0) -> list[dict]:
    home = {"household": household, "quartier": quartier}
    union = {"union_state": 2, "union_since": toy.START - 40, "married_since": toy.START - 40}
    return [
        {**home, **union, "age": 36, "sex": 1, "partner": first + 1, "parity": 2, "last_birth": toy.START - 20},
        {**home, **union, "age": 39, "sex": 0, "partner": first},
        {**home, "age": 9, "sex": 0, "role": 1, "mother": first, "father": first + 1},
        {**home, "age": 5, "sex": 1, "role": 1, "mother": first, "father": first + 1},
    ]


def families(n: int) -> list[dict]:
    return [person for i in range(n) for person in family(i, 4 * i)]


def alone(ages: range, sex: int | None = None) -> list[dict]:
    return [{"age": a, "sex": i % 2 if sex is None else sex, "household": i} for i, a in enumerate(ages)]


def lived(people: list[dict], **options) -> QuartierModel:
    model = toy.town(people, STEP, **options)
    model.run(model.now + 20)
    check(model)
    assert int(model.people.present.sum()) == int(model.households.size.sum())
    return model


def test_a_town_without_a_free_dwelling_runs_and_counts_who_looks_in_vain():
    model = toy.town(families(30), STEP)
    unserved = 0
    for _ in range(20):
        model.step()
        unserved += int(model.events["unserved_seekers"].sum())
    assert unserved > 0
    assert (model.dwellings.household < 0).sum() < 30


def test_a_town_without_men_runs():
    model = lived(alone(range(18, 90), sex=1), vacant_rooms=[2] * 10)
    assert len(model.people) > 0


def test_a_town_without_children_runs():
    lived(alone(range(30, 95)), vacant_rooms=[2] * 10)


def test_a_town_of_children_in_one_institution_runs_until_they_are_grown():
    people = [{"age": a, "sex": a % 2, "household": 0, "role": Role.RESIDENT} for a in range(1, 16)]
    start = toy.start(people)
    start.households["kind"][:] = Kind.OTHER_COMMUNAL
    model = QuartierModel(toy.region(), read_rate_book("01"), start, processes=STEP, check_each_step=True)
    model.run(model.now + 20)
    assert model.people.present.sum() > 0


@pytest.mark.parametrize("age", [0, 17, 18, 40, 105])
def test_a_town_of_one_inhabitant_runs(age):
    lived([{"age": age, "sex": 1, "household": 0, "role": 2 if age < 18 else 0}], vacant_rooms=[1, 3])


def test_a_town_whose_only_inhabitant_dies_goes_on_empty():
    soon = Modifier("mortality", "value", CERTAIN / 4, age_from=80)
    rates = book(mortality=soon, in_migration_germany=0.0, in_migration_abroad=0.0)
    model = lived([{"age": 80, "sex": 0, "household": 0}], rates=rates)
    assert model.people.present.sum() == 0
    assert (model.dwellings.household < 0).all()


def test_a_quartier_of_nobody_stays_consistent_and_may_fill():
    model = lived(families(20), quartiere=3, vacant_rooms=[3] * 60)
    assert set(np.unique(model.people.quartier[model.people.present == 1])) <= {0, 1, 2}


def test_a_quartier_without_people_and_without_dwellings_stays_empty():
    model = lived(families(20), quartiere=2)
    here = model.people.present == 1
    assert not (model.people.quartier[here & (model.people.household >= 0)] == 1).any() or (model.dwellings.quartier == 1).any()


def test_a_population_that_outgrows_its_arrays_grows_them():
    rates = book(birth_hazard=3.0, mortality=0.0, out_migration_germany=0.0, out_migration_abroad=0.0)
    model = toy.town(families(40), STEP, rates=rates, vacant_rooms=[5] * 200)
    before, capacity = len(model.people), model.people.capacity
    model.run(model.now + 40)
    check(model)
    assert len(model.people) > 2 * before
    assert model.people.capacity > capacity
    assert model.row_of_id.size >= model.next_id
    assert np.unique(model.people.key).size == len(model.people)
