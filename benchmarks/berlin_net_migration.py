"""Berlin: net migration by area and age of 2010-2015 predicts that of 2015-2020, in the model's own code.

`python benchmarks/berlin_net_migration.py` (needs the shared data, QUARTIER_DATA; half a minute): errors of the shrunken and
damped rates, of the raw ones, and of one mean of the city for all.

`python benchmarks/berlin_net_migration.py --run` (five minutes, 2 GB): the model runs from 2015 to 2020 with what attracts whom
taken from the cohorts, from the shares at the start, and alike everywhere; its residents by area and age against the
register's of 2020.
"""

from __future__ import annotations

import os
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
from quartier.model import QuartierModel
from quartier.model.cohort_change import EDGES, cohort_change, net_rates
from quartier.model.processes import building
from quartier.model.processes.attraction import GROUPS, attraction, attraction_from_shares
from quartier.model.processes.local_levels import residents
from quartier.model.rates import read_rate_book
from quartier.model.region.read import read_region
from quartier.model.region.region import Region
from quartier.model.synthesis import synthesise

DATA = Path(os.environ.get("QUARTIER_DATA", "../shared/data")) / "regions" / "berlin"
CLASSES = (0, 2000, 5000, 8000, 12000, 10**9)
SPLIT_2019 = ("09041301", "09041403")
"""The one change of borders: the second area was cut out of the first."""


def region(*years: int) -> Region:
    """Berlin with the register matrices of some years; it starts from the last."""
    with tempfile.TemporaryDirectory() as folder:
        files = ", ".join(f'"{(DATA / "raw" / "ewr_plr").absolute()}/EWR{year}12E_Matrix.csv"' for year in years)
        areas, geometry = (f'"{(DATA / "tidy" / name).absolute()}"' for name in ("areas_plr.csv", "plr.geojson"))
        text = f'name = "Berlin"\nags = "11000000"\nstate = "11"\nformat = "berlin_register"\n[berlin]\nmatrix = [{files}]\n'
        (Path(folder) / "region.toml").write_text(f"{text}areas = {areas}\ngeometry = {geometry}\n", encoding="utf-8")
        return read_region(folder)


def errors(difference: np.ndarray, size: np.ndarray) -> tuple[float, float]:
    """Sum of absolute errors by cell and by area, in per cent of the people."""
    return 100 * np.abs(difference).sum() / size.sum(), 100 * np.abs(difference.sum(axis=1)).sum() / size.sum()


def report(title: str, ways: dict[str, tuple[np.ndarray, np.ndarray]], residents_then: np.ndarray) -> None:
    """One line per class of area: error by age cell / by area total of every way."""
    print(f"{title}: error by age cell / by area, % of the people\n| residents | areas | " + " | ".join(ways) + " |")
    for low, high in (*pairwise(CLASSES), (0, 10**9)):
        chosen = (residents_then >= max(low, 100)) & (residents_then < high)
        cells = (errors(gap[chosen], size[chosen]) for gap, size in ways.values())
        print(f"| {low}+ | {chosen.sum()} | " + " | ".join(f"{a:.1f} / {b:.1f}" for a, b in cells) + " |")


def rates_of_the_next_span() -> None:
    """The forecast of the rates, given the city's own mean of the second span."""
    book = read_rate_book("11")
    first, second = (cohort_change(r, book) for r in (region(2010, 2015), region(2015, 2020)))
    assert first is not None and second is not None
    ids = [q for q in region(2015).quartiere["quartier_id"] if q not in SPLIT_2019]
    where = [[list(r.quartiere["quartier_id"]).index(q) for q in ids] for r in (region(2015), region(2020))]
    (n0, e0), (n1, e1) = (tuple(x[rows] for x in c.by_group()) for c, rows in zip((first, second), where, strict=True))
    used = EDGES >= 5
    city = n1.sum(axis=0) / np.maximum(e1.sum(axis=0), 1)
    ways = {
        "city mean for all": np.broadcast_to(city, n1.shape),
        "raw residuals": city + n0 / np.maximum(e0, 1) - n0.sum(axis=0) / np.maximum(e0.sum(axis=0), 1),
        "shrunken and damped": net_rates(first, book).forecast(book, city)[where[0]],
    }
    gaps = {name: ((r * e1 - n1)[:, used], e1[:, used]) for name, r in ways.items()}
    report("2015-2020 from 2010-2015", gaps, first.residents.sum(axis=(1, 2))[where[0]])


def run() -> None:
    """The model from 2015 to 2020 against the register of 2020."""
    town, book = region(2010, 2015), read_rate_book("11")
    then, later = cohort_change(town, book), cohort_change(region(2015, 2020), book)
    assert then is not None and later is not None
    start = synthesise(town, book, 1)
    edges = [0, 6, 18, 25, 30, 45, 65, 75]
    index = list(region(2020).quartiere["quartier_id"])
    rows = [index.index(q) for q in town.quartiere["quartier_id"]]
    register = np.add.reduceat(later.residents[rows].sum(axis=1), edges, axis=1)
    gaps = {"no change": np.add.reduceat(then.residents.sum(axis=1), edges, axis=1) - register}
    ways = {
        "from cohorts": attraction,
        "from shares": attraction_from_shares,
        "alike": lambda model: np.ones((GROUPS, model.n_quartiere)),
    }
    for name, weights in ways.items():
        building.attraction = weights
        model = QuartierModel(town, book, start)
        model.run(model.now + 20)
        gaps[name] = np.add.reduceat(residents(model).sum(axis=1), edges, axis=1) - register
        total = gaps[name].sum(axis=0) / register.sum(axis=0)
        print(name, "city by age from", edges, np.round(100 * total, 1), flush=True)
        del model
    keep = np.array([q not in SPLIT_2019 for q in town.quartiere["quartier_id"]])
    scaled = {n: (g[keep] - g[keep].sum(axis=0) / register[keep].sum(axis=0) * register[keep]) for n, g in gaps.items()}
    report("residents of 2020 by area and age, the city's own ages taken out",
           {n: (g, register[keep]) for n, g in scaled.items()}, then.residents.sum(axis=(1, 2))[keep])  # fmt: skip


if __name__ == "__main__":
    if "--run" in sys.argv:
        run()
    else:
        rates_of_the_next_span()
