"""The store: what is written is what is read, for any number of workers and by plain xarray."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from quartier.outputs.schema import INDICATORS, TABLES
from quartier.outputs.spread import spread
from quartier.outputs.store import assemble, open_results, read_part, write_part


def digest(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder."""
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*") if p.is_file()
    }


def test_a_part_is_read_as_it_was_written_and_leaves_no_temporary_file(tmp_path):
    tables = {"population": np.arange(6, dtype=np.int32).reshape(2, 3), "events": np.zeros(0, np.int32)}
    write_part(tmp_path / "parts" / "baseline-0.npz", tables)
    again = read_part(tmp_path / "parts" / "baseline-0.npz")
    assert again.keys() == tables.keys()
    assert all((again[name] == tables[name]).all() and again[name].dtype == np.int32 for name in tables)
    assert [p.name for p in (tmp_path / "parts").iterdir()] == ["baseline-0.npz"]


def test_a_part_that_fails_to_be_written_leaves_nothing(tmp_path):
    with pytest.raises(ValueError):
        write_part(tmp_path / "part.npz", {"bad": np.array([object()], object)})
    assert list(tmp_path.iterdir()) == []


def test_plain_xarray_opens_the_results_without_a_warning_and_integers_stay_integers(written):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with xr.open_zarr(written.folder / "results.zarr", chunks=None) as results:
            results.load()
    assert {name: str(results[name].dtype) for name in (t.name for t in TABLES)} == {t.name: "int32" for t in TABLES}
    assert not any("_FillValue" in v.encoding | v.attrs for v in results.variables.values())
    for (scenario, replicate), part in written.parts.items():
        for name, values in read_part(part).items():
            assert (results[name].sel(scenario=scenario, replicate=replicate).values == values).all()


def test_labels_of_the_store_can_be_selected_by_name(written):
    with open_results(written.folder / "results.zarr") as results:
        assert results["quartier"].values.tolist() == ["01", "02", "03", "04"]
        assert results["quartier_name"].values.tolist() == ["Altstadt", "=1+1", "@x", "Jürgensby"]
        assert str(results["time"].dtype) == "datetime64[ns]"
        assert [str(t)[:10] for t in results["time"].values[:3]] == ["2023-12-31", "2024-03-31", "2024-06-30"]
        assert results["year"].values.tolist() == [2023, 2024, 2025, 2026]
        assert results["complete"].values.all()
        chosen = results["indicators"].sel(scenario="baseline", quartier="03", indicator="persons", time="2024-12-31")
        assert chosen.values.tolist() == [
            int(read_part(written.parts["baseline", r])["indicators"][4, 2, 0]) for r in range(3)
        ]
        ages = results["population"].sel(age_bin=slice(65, None)).sizes["age_bin"]
        assert ages == 36


def test_variables_say_what_they_are_in_two_languages(written):
    with open_results(written.folder / "results.zarr") as results:
        for table in TABLES:
            assert {"long_name", "long_name_de", "units", "cell_methods"} <= results[table.name].attrs.keys()
        for name in results.dims:
            assert {"long_name", "long_name_de"} <= results[name].attrs.keys()
        assert results["events"].attrs["cell_methods"] == "time: sum"
        assert results["indicator"].attrs["labels_de"] == [i.de for i in INDICATORS]
        assert "estimated" in results["dwellings"].attrs["comment"]
        assert "comment" not in results["population"].attrs
        marked = dict(
            zip(results["indicator"].values.tolist(), results["indicator_estimated"].values.tolist(), strict=True)
        )
        assert (marked["persons"], marked["dwellings"], marked["childcare_places_under_3"]) == (0, 1, 0)
        assert results.attrs["seed"] == 7
        assert "Zufallsstreuung" in results.attrs["comment"]


def test_one_chunk_holds_one_replicate_of_one_scenario(written):
    with open_results(written.folder / "results.zarr") as results:
        for table in TABLES:
            assert results[table.name].encoding["chunks"] == (1, 1, *results[table.name].shape[2:])


def test_parts_handed_over_in_another_order_give_the_same_bits(make_run, tmp_path):
    parts, labels, region, run = make_run(scenarios={"a": "A", "b": "B"})
    backwards = dict(reversed(parts.items()))
    one, two = (assemble(tmp_path / str(n), p, labels, region, run) for n, p in enumerate((parts, backwards)))
    assert digest(one) == digest(two)
    assert len(digest(one)) > 50


def test_a_missing_replicate_is_marked_and_left_out_of_the_mean(make_run, tmp_path):
    from quartier.outputs.spread import indicator_spread

    parts, labels, region, run = make_run()
    whole = {key: part for key, part in parts.items() if key[1] != 1}
    with open_results(assemble(tmp_path, whole, labels, region, run)) as results:
        assert results["complete"].values.tolist() == [[1, 0, 1]]
        town, _ = indicator_spread(results)
        values = [read_part(p)["indicators"].sum(axis=1) for p in whole.values()]
    assert np.array_equal(town.mean[0], (values[0] + values[1]) / 2)


def test_a_part_of_the_wrong_shape_is_refused_by_name(make_run, tmp_path):
    parts, labels, region, run = make_run(replicates=1)
    tables = read_part(parts["baseline", 0])
    write_part(parts["baseline", 0], tables | {"care": tables["care"][:1]})
    with pytest.raises(ValueError, match=r"baseline-0\.npz: table care"):
        assemble(tmp_path, parts, labels, region, run)


def test_the_spread_is_that_of_numpy():
    values = np.random.default_rng(1).integers(0, 1000, (7, 5, 3))
    result = spread(values)
    assert np.allclose(result.mean, values.mean(axis=0))
    assert np.allclose(result.p10, np.quantile(values, 0.1, axis=0))
    assert np.allclose(result.p90, np.quantile(values, 0.9, axis=0))


def test_the_range_over_a_single_replicate_is_its_value():
    result = spread(np.array([[4, 9]]))
    assert [r.tolist() for r in result] == [[4, 9]] * 3


def test_the_summary_holds_mean_and_quantiles_of_every_table(written):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with (
            open_results(written.folder / "results.zarr") as results,
            open_results(written.folder / "summary.zarr") as short,
        ):
            assert short["statistic"].values.tolist() == ["mean", "p10", "p90"]
            for table in TABLES:
                raw = results[table.name].values
                for name, expected in (("mean", raw.mean(axis=1)), ("p90", np.quantile(raw, 0.9, axis=1))):
                    assert np.allclose(short[table.name].sel(statistic=name).values, expected, rtol=1e-6)
            town = results["indicators"].sum("quartier").quantile(0.1, "replicate").values
            assert np.allclose(short["indicators_town"].sel(statistic="p10").values, town, rtol=1e-6)


@pytest.mark.parametrize("shape", [(4, 6, 100), (1, 1), (5, 3), (3, 7, 2, 2)])
@pytest.mark.parametrize("most", [1, 300, 5_000, 10**9])
def test_blocks_cover_a_table_once_and_are_as_small_as_they_can_be(shape, most):
    from quartier.outputs.spread import blocks

    seen = np.zeros(shape, int)
    for where in blocks(10, shape, 4, most):
        seen[where] += 1
        block = np.empty(shape)[where]
        assert block.size * 40 <= most or block.shape[:2] == (1, 1)
    assert (seen == 1).all()


def test_the_summary_is_the_same_whatever_the_size_of_the_blocks(written, monkeypatch):
    from quartier.outputs import spread as module

    small = module.blocks
    with open_results(written.folder / "results.zarr") as results:
        whole = [module.spread_of(results, table.name, 0) for table in TABLES]
        monkeypatch.setattr(module, "blocks", lambda n, shape, size: small(n, shape, size, 64))
        parts = [module.spread_of(results, table.name, 0) for table in TABLES]
    for first, second in zip(whole, parts, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
