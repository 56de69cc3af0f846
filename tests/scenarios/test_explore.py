"""Exploration: what is sampled, which scenarios the samples make, and what is refused."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from quartier.model.errors import InputError
from quartier.outputs.sensitivity import Factor
from quartier.scenarios import explore as module
from quartier.scenarios.entries import Uncertain
from quartier.scenarios.explore import (
    KEY_PARAMETERS,
    ExploreRequest,
    at_rank,
    design_of,
    factors_of,
    jobs_of,
    latin_hypercube,
)
from quartier.scenarios.request import RunRequest
from scipy.stats import triang

TRIANGLE = Factor("x", 1.0, 2.0, 5.0)


@dataclass(frozen=True)
class Fake:
    """A scenario as far as exploring needs one."""

    name: str
    uncertain: tuple[Uncertain, ...] = ()
    parameters: dict[str, float] = field(default_factory=dict)
    values: dict[str, float] = field(default_factory=dict)


@pytest.fixture
def fake(monkeypatch):
    """Scenarios whose values are written down instead of laid over a town."""
    monkeypatch.setattr(module, "with_values", lambda scenario, values: replace(scenario, values=dict(values)))
    return Fake("more", (Uncertain("places.amount", 1.0, 2.0, 5.0),))


def request(**options) -> ExploreRequest:
    return ExploreRequest(RunRequest("toy", ("more",), seed=4), **options)


def plan(**parameters: float):
    """A plan with two parameters that have a range, and one without."""
    table = pd.DataFrame({"parameter": ["a", "b", "fixed"], "value": [1.0, 1.0, 3.0], "low": [0.0, 0.0, 3.0],
                          "high": [2.0, 2.0, 3.0], "unit": ["share", "variant", "years"], "meaning": "m"})
    values = {"a": 1.0, "b": 1.0, "fixed": 3.0} | parameters
    return SimpleNamespace(rates=SimpleNamespace(parameter_table=table, parameter=values.__getitem__))


def test_every_factor_has_one_value_in_every_stratum():
    ranks = latin_hypercube(20, 3, seed=1)
    assert np.array_equal(np.sort(np.floor(ranks * 20), axis=0), np.tile(np.arange(20)[:, None], 3))
    assert np.array_equal(ranks, latin_hypercube(20, 3, seed=1))
    assert not np.array_equal(ranks, latin_hypercube(20, 3, seed=2))


def test_values_follow_a_triangle_around_the_mode():
    u = np.linspace(0, 1, 101)
    assert np.allclose(at_rank(TRIANGLE, u), triang.ppf(u, 0.25, loc=1, scale=4))
    for mode in (1.0, 5.0):
        assert np.isfinite(at_rank(replace(TRIANGLE, mode=mode), u)).all()


def test_variants_are_whole_and_equally_frequent():
    variant = Factor("v", 0, 1, 2, whole=True)
    values = at_rank(variant, (np.arange(30) + 0.5) / 30)
    assert np.bincount(values.astype(int)).tolist() == [10, 10, 10]
    assert at_rank(variant, np.array([0.0, 1.0])).tolist() == [0, 2]


def test_ranges_of_the_scenario_come_first_and_parameters_only_when_named(fake):
    found, faults = factors_of(fake, plan(), [])
    assert [f.name for f in found] == ["places.amount"] and faults == []
    found, faults = factors_of(fake, plan(), ["b", "a", "b"])
    assert [(f.name, f.whole) for f in found] == [("places.amount", False), ("b", True), ("a", False)]


def test_without_any_range_the_key_parameters_are_explored():
    _, faults = factors_of(Fake("plain"), plan(), [])
    assert [f.value for f in faults] == list(KEY_PARAMETERS)  # the toy knows none of them: all are asked for


def test_the_key_parameters_all_have_a_range():
    from quartier.model.rates import read_rate_book

    book = read_rate_book("01")
    found, faults = factors_of(Fake("plain"), SimpleNamespace(rates=book), ["key"])
    assert faults == [] and [f.name for f in found] == list(KEY_PARAMETERS)
    assert all(f.low <= f.mode <= f.high and f.low < f.high for f in found)


def test_the_values_of_the_state_lie_within_the_range():
    (found,), _ = factors_of(Fake("plain"), plan(a=2.5), ["a"])
    assert (found.low, found.mode, found.high) == (0.0, 2.5, 2.5)


def test_parameters_without_range_unknown_ones_and_those_the_scenario_sets_are_refused():
    _, faults = factors_of(Fake("plain", parameters={"a": 9.0}), plan(), ["fixed", "aa", "a"])
    assert [(f.id, f.value) for f in faults] == [
        ("unknown_parameter", "fixed"), ("unknown_parameter", "aa"), ("fixed_parameter", "a"),
    ]


def test_a_sample_lays_its_values_over_the_scenario_and_its_parameters_over_both(fake):
    factors = (Factor("places.amount", 1, 2, 5), Factor("a", 0, 1, 2))
    design = design_of(replace(fake, parameters={"kept": 7.0}), Fake("baseline"), factors, request(samples=20))
    assert len(design.samples) == 20 and len(design.scenarios) == 40
    bases, samples = design.scenarios[:20], design.scenarios[20:]
    for base, sample, row in zip(bases, samples, design.values, strict=True):
        assert sample.values == {"places.amount": row[0]}
        assert sample.parameters == {"kept": 7.0, "a": row[1]}
        assert base.parameters == {"a": row[1]} and base.values == {}
    assert design.base == tuple(b.name for b in bases)


def test_one_base_serves_all_samples_where_only_the_scenario_is_uncertain(fake):
    design = design_of(fake, Fake("baseline"), (Factor("places.amount", 1, 2, 5),), request(samples=20))
    assert len(design.scenarios) == 21 and set(design.base or ()) == {"base-0000"}
    assert len(design.base or ()) == 20


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_every_sample_and_base_is_simulated_once_per_replicate(fake, workers):
    for factors in ((Factor("places.amount", 1, 2, 5),), (Factor("a", 0, 1, 2),)):
        for base in (None, Fake("baseline")):
            design = design_of(fake, base, factors, request(samples=16))
            done = [(job.replicate, name) for job in jobs_of(design, 3, workers) for name in job.scenarios]
            wanted = [(r, s.name) for r in range(3) for s in design.scenarios]
            assert sorted(done) == sorted(wanted)


@pytest.mark.long
def test_an_exploration_of_a_small_town_repeats_bit_for_bit_on_one_or_two_processes(tmp_path):
    town = small_town(tmp_path)
    folders = []
    for workers in (1, 2):
        run = RunRequest(str(town), ("no_migration",), 2023, 1, 3, workers, tmp_path / f"out{workers}")
        folder, found = module.explore(ExploreRequest(run, parameters=("childcare_inoperable_share", "out_migration_level"),
                                                      samples=16, indicators=("persons", "childcare_waiting_under_3")))
        folders.append(folder)
        assert len(found.results) == 2
    for name in ("explore.csv", "sensitivity.csv", "tornado.png", "tornado.svg"):
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes(), name
    assert sorted(p.name for p in folders[0].iterdir()) == [
        "explore.csv", "explore.json", "sensitivity.csv", "tornado.png", "tornado.svg",
    ]
    with (folders[0] / "explore.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    assert len(rows) == 16 and len({row["out_migration_level"] for row in rows}) == 16


def small_town(folder):
    """1,200 people in three Quartiere, with one childcare centre."""
    town = folder / "town"
    town.mkdir()
    (town / "region.toml").write_text(
        'name = "Kleinstadt"\nags = "01999999"\nstate = "01"\nreference_date = 2022-12-31\n', encoding="utf-8")
    (town / "quartiere.csv").write_text(
        "quartier_id;name;parent_id;lon;lat\n01;Altstadt;;9.43;54.79\n02;Hafen;;9.44;54.80\n", encoding="utf-8")
    bands = [(0, 5, 40), (6, 17, 96), (18, 29, 120), (30, 44, 160), (45, 64, 220), (65, 79, 120), (80, -1, 44)]
    rows = [f"{q};2022-12-31;t;{low};{high};{n}" for q in ("01", "02") for low, high, n in bands]
    (town / "population.csv").write_text(
        "quartier_id;date;sex;age_from;age_to;persons\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return town


def test_bad_requests_are_refused_before_anything_is_simulated(tmp_path):
    run = RunRequest(str(small_town(tmp_path)), ("more_childcare",), 2030, 2, 1, 1, tmp_path / "out")
    with pytest.raises(InputError) as error:
        module.planned(ExploreRequest(run, parameters=("nonsense",), samples=3, indicators=("persns",)))
    assert [f.file for f in error.value.faults] == ["--samples", "--indicator", "--parameters"]
    assert [p.name for p in tmp_path.iterdir()] == ["town"]


def test_the_example_of_the_handbook_can_be_read_and_begins_when_it_says():
    from pathlib import Path

    from quartier.scenarios.entries import merged
    from quartier.scenarios.files import read_chain

    file = Path(__file__).parents[2] / "docs" / "beispiel-kita-ausbau.toml"
    (entry,) = merged(read_chain(str(file)))
    assert entry.name == "places" and str(getattr(entry.change, "start", None)) == "2026-08-01"
