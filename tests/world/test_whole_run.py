"""The whole run through the real command: the same seed is the same forecast, whatever else differs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from quartier.app.main import commands
from quartier.model.rates import read_rate_book
from quartier.model.region.read import EMBEDDED

COMMAND = "from quartier.app.main import main; main()"
BANDS = [(0, 2), (3, 5), (6, 17), (18, 29), (30, 44), (45, 64), (65, 79), (80, -1)]


def table(folder: Path, name: str, header: str, rows: list[str]) -> None:
    (folder / name).write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small town that gives all its tables: 4 Quartiere, about 1,500 people of two years, centres, dwellings, births."""
    folder = tmp_path_factory.mktemp("whole") / "town"
    folder.mkdir()
    (folder / "region.toml").write_text(
        'name = "Kleinstadt"\nags = "01999999"\nstate = "01"\nreference_date = 2022-12-31\n', encoding="utf-8"
    )
    ids = ["01", "02", "03", "04"]
    table(folder, "quartiere.csv", "quartier_id;name;parent_id;lon;lat", [
        f"{q};Quartier {q};;{9.40 + i / 100:.2f};{54.79 + i / 200:.3f}" for i, q in enumerate(ids)
    ])
    rng = np.random.default_rng(3)
    table(folder, "population.csv", "quartier_id;date;sex;age_from;age_to;persons", [
        f"{q};{year}-12-31;{sex};{low};{high if high >= 0 else ''};{rng.integers(8, 38)}"
        for q in ids for year in (2020, 2022) for sex in "mf" for low, high in BANDS
    ])
    table(folder, "facilities.csv", "facility_id;kind;name;quartier_id;provider;opens;closes;lon;lat", [
        f"K{i};childcare_centre;Kita {i};{q};Stadt;;;{9.40 + i / 100:.2f};{54.79 + i / 200:.3f}" for i, q in enumerate(ids[:3])
    ])
    table(folder, "places.csv", "facility_id;date;age_from;age_to;places", [
        f"K{i};2022-12-31;{low};{high};{places}" for i in range(3) for low, high, places in ((0, 2, 8), (3, 6, 22))
    ])
    table(folder, "dwellings.csv", "quartier_id;date;rooms_from;rooms_to;dwellings", [
        f"{q};2022-12-31;{rooms};{rooms if rooms < 6 else ''};{rng.integers(20, 50)}" for q in ids for rooms in range(1, 7)
    ])
    table(folder, "flows.csv", "date;event;from_id;to_id;persons", [
        f"{year}-12-31;birth;;{q};{rng.integers(2, 9)}" for q in ids for year in range(2018, 2023)
    ])
    return folder


def run_here(region: Path | str, out: Path, *more: object) -> Path:
    """The command in this process."""
    given = ["run", str(region), "--out", str(out), "--until", "2024", "--replicates", "2", "--workers", "1", *map(str, more)]
    with pytest.raises(SystemExit) as end:
        commands(given)(given, prog_name="quartier")
    assert not end.value.code
    return out


def run_apart(region: Path | str, out: Path, *more: object, **environment: str) -> Path:
    """The command in a process of its own."""
    given = [sys.executable, "-c", COMMAND, "run", str(region), "--out", str(out), *map(str, more)]
    subprocess.run(given, check=True, capture_output=True, timeout=300, env={**os.environ, **environment})
    return out


def assert_same(first: Path, second: Path) -> None:
    """Both stores with all labels and attributes of variables, and the table for Excel, byte for byte."""
    for name in ("results.zarr", "summary.zarr"):
        with (
            xr.open_dataset(first / name, engine="zarr", consolidated=False) as a,
            xr.open_dataset(second / name, engine="zarr", consolidated=False) as b,
        ):
            assert a.variables.keys() == b.variables.keys()
            for variable in a.variables:
                assert a[variable].identical(b[variable]), variable
    assert (first / "forecast.csv").read_bytes() == (second / "forecast.csv").read_bytes()


def differ(first: Path, second: Path) -> bool:
    with (
        xr.open_dataset(first / "results.zarr", engine="zarr", consolidated=False) as a,
        xr.open_dataset(second / "results.zarr", engine="zarr", consolidated=False) as b,
    ):
        return not a["events"].equals(b["events"])


def shuffled(folder: Path, to: Path, seed: int) -> Path:
    """A copy of a region's folder with the rows of every table in another order."""
    to.mkdir()
    rng, tables = np.random.default_rng(seed), 0
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        if path.suffix == ".csv":
            header, *rows = path.read_text(encoding="utf-8").splitlines()
            data = "\n".join([header, *(rows[i] for i in rng.permutation(len(rows)))]).encode() + b"\n"
            tables += 1
        (to / path.name).write_bytes(data)
    assert tables >= 5
    return to


@pytest.fixture(scope="module")
def plain(town: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_here(town, tmp_path_factory.mktemp("plain") / "out")


def test_a_second_run_with_the_same_seed_is_the_same_bit_for_bit(town, plain, tmp_path):
    assert_same(plain, run_here(town, tmp_path / "again"))


def test_another_seed_is_another_forecast(town, plain, tmp_path):
    assert differ(plain, run_here(town, tmp_path / "other", "--seed", 2))


def test_the_order_of_the_rows_in_every_table_changes_nothing(town, plain, tmp_path):
    folder = shuffled(town, tmp_path / "town", 5)
    assert_same(plain, run_here(folder, tmp_path / "out"))


def test_scenarios_that_change_nothing_are_the_baseline(town, plain, tmp_path):
    """One that names every rate with a factor of 1, and one that says nothing at all."""
    rates = "".join(
        f'[[rate]]\nname = "{name}"\nkind = "factor"\namount = 1\n' for name in sorted(read_rate_book("01").rates)
    )
    (tmp_path / "ones.toml").write_text(f'title.de = "Eins"\n{rates}', encoding="utf-8")
    (tmp_path / "silent.toml").write_text('title.de = "Nichts"\n', encoding="utf-8")
    scenarios = ("-s", "baseline", "-s", tmp_path / "ones.toml", "-s", tmp_path / "silent.toml")
    out = run_here(town, tmp_path / "out", *scenarios)
    with (
        xr.open_dataset(out / "results.zarr", engine="zarr", consolidated=False) as found,
        xr.open_dataset(plain / "results.zarr", engine="zarr", consolidated=False) as expected,
    ):
        for name, variable in expected.data_vars.items():
            if "scenario" in variable.dims:
                for scenario in range(3):
                    assert np.array_equal(found[name].values[scenario], variable.values[0]), (name, scenario)


@pytest.mark.long
def test_flensburg_does_not_depend_on_workers_threads_or_the_order_of_rows(tmp_path):
    """Two years, two replicates: one process and thread, two of each, all tables of the folder shuffled."""
    more = ("--until", 2024, "--replicates", 2)
    one = run_apart("flensburg", tmp_path / "one", *more, "--workers", 1, NUMBA_NUM_THREADS="1")
    two = run_apart("flensburg", tmp_path / "two", *more, "--workers", 2, NUMBA_NUM_THREADS="2", OMP_NUM_THREADS="2")
    assert_same(one, two)
    folder = shuffled(EMBEDDED / "flensburg", tmp_path / "flensburg", 1)
    assert_same(one, run_here(folder, tmp_path / "three"))


HISTORY = """
import hashlib
import numpy as np, toy
from crowd import crowd
from quartier.model.columns import DWELLING, HOUSEHOLD, PERSON
from quartier.model.model import QuartierModel
from quartier.model.processes import STEP
from quartier.model.rates import read_rate_book
import pandas as pd, datetime
centres = pd.DataFrame({"facility_id": ["a", "b"], "kind": "childcare_centre", "name": ["A", "B"], "quartier_id": ["01", "02"],
    "provider": "", "opens": pd.NaT, "closes": pd.NaT, "lon": [9.4, 9.41], "lat": 54.8})
places = pd.DataFrame({"facility_id": ["a", "a", "b"], "date": datetime.date(2023, 12, 31), "age_from": [0, 3, 1], "age_to": [2, 6, 6],
    "places": [5, 9, 8]})
region = toy.region(3, facilities=centres, places=places)
start = toy.start(crowd(220, 3), [1, 2, 3, 4, 5] * 4, 3)
model = QuartierModel(region, read_rate_book("01"), start, processes=STEP, check_each_step=True)
digest, happened = hashlib.sha256(), 0
for _ in range(4):
    model.step()
    happened += sum(int(n.sum()) for n in model.events.values())
    for table, columns in ((model.people, PERSON), (model.households, HOUSEHOLD), (model.dwellings, DWELLING)):
        for name in columns:
            digest.update(np.ascontiguousarray(getattr(table, name)).tobytes())
print(len(model.people), happened, int((model.people.place >= 0).sum()), digest.hexdigest())
"""


def history(**environment: str) -> str:
    folder = str(Path(__file__).parents[1])
    path = os.pathsep.join(p for p in (folder, os.environ.get("PYTHONPATH", "")) if p)
    said = subprocess.run(
        [sys.executable, "-c", HISTORY], capture_output=True, text=True, timeout=600, cwd=folder,
        env={**os.environ, "PYTHONPATH": path, **environment}, check=True,
    )
    return said.stdout


@pytest.mark.long
def test_a_town_lives_the_same_year_without_the_compiler():
    compiled, interpreted = history(), history(NUMBA_DISABLE_JIT="1")
    people, happened, placed, _ = compiled.split()
    assert int(people) > 300 and int(happened) > 30 and int(placed) > 5
    assert compiled == interpreted
