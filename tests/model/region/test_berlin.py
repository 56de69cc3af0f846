"""The register matrix of Berlin, from the original files, with the peculiarities of its years."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from quartier.model.errors import InputError
from quartier.model.region.berlin import read_berlin_register
from quartier.model.region.read import load_region
from shared_data import data_folder

MATRIX = "regions/berlin/raw/ewr_plr/EWR{}12E_Matrix.csv"
HEAD = "ZEIT;RAUMID;E_E;E_EM;E_EW;E_E00_01;E_E01_18;E_E18_110\n"
ROWS = "202012;01011101;100;50;50;10;20;70\n202012;12304314;200;90;110;0;50;150\n"


@pytest.fixture
def matrix(tmp_path: Path) -> Path:
    """A small matrix."""
    path = tmp_path / "EWR202012E_Matrix.csv"
    path.write_text(HEAD + ROWS)
    return path


def test_a_matrix_becomes_a_region(matrix):
    region = read_berlin_register(matrix)
    assert (region.ags, region.state, region.reference_date.isoformat()) == ("11000000", "11", "2020-12-31")
    assert region.quartiere["quartier_id"].tolist() == ["01011101", "12304314"]
    assert region.population[["age_from", "age_to", "persons"]].to_numpy().tolist() == [
        [0, 0, 10], [1, 17, 20], [18, -1, 70], [0, 0, 0], [1, 17, 50], [18, -1, 150],
    ]  # fmt: skip
    assert region.age_margins["persons"].tolist() == [50, 50, 110, 90]


@pytest.mark.parametrize(
    ("old", "new", "id", "row"),
    [
        ("100;50;50", "100;50;51", "register_sum", 2),
        ("10;20;70", "10;20;71", "register_sum", 2),
        ("10;20;70", "10;-20;110", "negative", 2),
        ("10;20;70", "10;viele;70", "not_a_number", 2),
        ("10;20;70", "10;.;70", "missing_value", 2),
        ("12304314", "01011101", "duplicate_key", 3),
        ("12304314", "Mitte", "bad_area_key", 3),
        ("202012;12304314", "202013;12304314", "bad_date", 3),
        ("E_EW", "E_EV", "missing_column", 1),
        ("E_E01_18", "E_E02_18", "gapped_bands", 1),
    ],
)
def test_faults_of_a_matrix_are_named(matrix, old, new, id, row):
    matrix.write_text((HEAD + ROWS).replace(old, new))
    with pytest.raises(InputError) as error:
        read_berlin_register(matrix)
    assert (id, row) in [(f.id, f.row) for f in error.value.faults]


def test_a_folder_may_name_a_matrix_and_add_tables(matrix):
    folder = matrix.parent
    (folder / "region.toml").write_text(
        'name = "Berlin"\nags = "11000000"\nstate = "11"\nformat = "berlin_register"\n\n'
        '[berlin]\nmatrix = "EWR202012E_Matrix.csv"\nareas = "areas.csv"\n'
    )
    (folder / "areas.csv").write_text("area_id,area_name,lon,lat\n01011101,Stülerstraße,13.347,52.506\n", encoding="utf-8")
    (folder / "dwellings.csv").write_text("quartier_id;date;rooms_from;rooms_to;dwellings\n01011101;2020;1;;60\n")
    region, faults = load_region(folder)
    assert [f.id for f in faults if f.severity == "error"] == [] and region is not None
    assert region.quartiere["name"].tolist() == ["Stülerstraße", "12304314"]
    assert region.dwellings["dwellings"].tolist() == [60]
    assert set(region.inputs) == {"region.toml", "EWR202012E_Matrix.csv", "areas.csv", "dwellings.csv"}


def test_a_folder_that_names_no_matrix_or_a_missing_one_is_a_fault(matrix):
    toml = matrix.parent / "region.toml"
    toml.write_text('name = "B"\nags = "11000000"\nstate = "11"\nformat = "berlin_register"\n')
    assert ("missing_key", "berlin") in [(f.id, f.column) for f in load_region(matrix.parent)[1]]
    toml.write_text(toml.read_text() + '[berlin]\nmatrix = "none.csv"\n')
    assert [(f.id, f.file) for f in load_region(matrix.parent)[1]] == [("unreadable_file", "none.csv")]


def test_several_years_are_read_together(matrix):
    folder = matrix.parent
    (folder / "EWR201912E_Matrix.csv").write_text(HEAD + ROWS.replace("202012", "201912").replace("01011101", "1011101"))
    (folder / "region.toml").write_text(
        'name = "B"\nags = "11000000"\nstate = "11"\nreference_date = 2019-12-31\nformat = "berlin_register"\n'
        '[berlin]\nmatrix = ["EWR202012E_Matrix.csv", "EWR201912E_Matrix.csv"]\n'
    )
    region, faults = load_region(folder)
    assert region is not None, faults
    assert region.start_date.isoformat() == "2019-12-31" and len(region.population) == 12


def test_berlin_2020_is_read_whole_from_the_original_matrix():
    data = data_folder()
    region = read_berlin_register(data / MATRIX.format(2020), data / "regions/berlin/tidy/areas_plr.csv",
                                  data / "regions/berlin/tidy/plr.geojson")  # fmt: skip
    assert region.n_quartiere == 448
    assert region.start_population["persons"].sum() == 3_769_962
    assert region.age_margins["persons"].sum() == 3_769_962
    assert len(region.population) == 448 * 32 and set(region.population["sex"]) == {"t"}
    assert region.quartiere["area_km2"].sum() == pytest.approx(890.7, rel=0.003)
    assert region.quartiere["lon"].notna().all() and "Stülerstraße" in set(region.quartiere["name"])
    assert "sex" not in region.estimated and "single_ages" in region.estimated


@pytest.mark.parametrize(
    ("year", "areas", "persons"), [(2001, 447, 3_337_233), (2010, 447, 3_387_562), (2015, 447, 3_610_156)]
)
def test_published_totals_of_other_years_are_met(year, areas, persons):
    region = read_berlin_register(data_folder() / MATRIX.format(year))
    assert (region.n_quartiere, region.population["persons"].sum()) == (areas, persons)


def test_2009_with_its_empty_last_row_and_2014_without_leading_zeros_have_the_same_areas():
    found = [read_berlin_register(data_folder() / MATRIX.format(year)) for year in (2009, 2014)]
    keys = [region.quartiere["quartier_id"].tolist() for region in found]
    assert keys[0] == keys[1] and keys[0][0] == "01011101"
    assert found[1].population["persons"].sum() == 3_562_166


def test_the_matrix_agrees_with_the_tidy_table_cell_by_cell():
    import pandas as pd

    data = data_folder()
    tidy = pd.read_csv(data / "regions/berlin/tidy/population_plr_age.csv", dtype={"area_id": str})
    tidy = tidy[tidy["year"] == 2020].sort_values(["area_id", "age_from"])
    region = read_berlin_register(data / MATRIX.format(2020))
    assert np.array_equal(region.population["persons"], tidy["persons"])
    assert np.array_equal(region.population["quartier_id"], tidy["area_id"])
