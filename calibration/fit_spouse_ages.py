"""Fit how old the partners are whom women find: `python calibration/fit_spouse_ages.py DATA`.

Husband's less wife's age, by the wife's age, to the 13 x 13 table of the marriages of 2025, by maximum likelihood. The
density is a Student t whose scale differs below and above its mode: the symmetric one of `derived/` gives 36 % of marriages with a
husband one group of five years older where 32 % are registered. Writes `model/data/partner_age_difference.csv`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from quartier.calibration.tables import data_argument, read_csv, write_table
from quartier.model.processes.partner_market import age_weights
from scipy.optimize import minimize

YOUNGEST, OLDEST = 18, 100


def expected(figures: np.ndarray, wives: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Share of husbands in each age group, for wives spread evenly over their ages; figures as `fit` returns them."""
    mode, below, above, freedom = figures
    husbands = np.arange(YOUNGEST, OLDEST + 1)
    weight = age_weights(np.subtract.outer(husbands, wives).T - mode, below, above, freedom)
    share = (weight / weight.sum(axis=1, keepdims=True)).mean(axis=0)
    return np.bincount(np.searchsorted(edges, husbands, side="right") - 1, share, minlength=edges.size)


def fit(wives: np.ndarray, husbands: np.ndarray, edges: np.ndarray, begin: tuple[float, ...]) -> np.ndarray:
    """Mode, scale below, scale above, degrees of freedom."""

    def misfit(x: np.ndarray) -> float:
        share = expected(np.concatenate((x[:1], np.exp(x[1:]))), wives, edges)
        return -float(husbands @ np.log(np.maximum(share, 1e-12))) / husbands.sum() + 1e-4 * (x[3] - 1) ** 2

    location, scale, freedom = begin
    x = np.array([location, np.log(scale), np.log(scale), np.log(freedom)])
    for _ in range(3):
        x = minimize(misfit, x, method="Nelder-Mead", options={"maxiter": 4000, "xatol": 1e-4, "fatol": 1e-9}).x
    return np.array([x[0], *np.exp(x[1:])])


def main() -> None:
    """Fit every age group of wives."""
    data = data_argument()
    table: Any = read_csv(data / "germany" / "marriages_by_spouse_ages_2025.csv")
    names = sorted(table["spouse1_age"].unique())
    edges = np.array([int(name.split("-")[0].rstrip("+")) for name in names])
    counts = (
        table.pivot(index="spouse2_age", columns="spouse1_age", values="marriages").loc[names, names].to_numpy(float)
    )
    begin = read_csv(data / "derived" / "spouse_age_difference_kernel.csv")
    rows = []
    for k, (low, high) in enumerate(zip(edges, [*edges[1:], 85], strict=True)):
        first = begin.iloc[k]
        start = (first["location_years"], first["scale_years"], first["t_degrees_of_freedom"])
        rows.append(fit(np.arange(max(low, YOUNGEST), high), counts[k], edges, start))
    frame = pd.DataFrame(np.round(rows, 2), columns=["mode", "below", "above", "freedom"])
    frame.insert(0, "wife_age_band", begin["wife_age_band"])
    write_table("partner_age_difference.csv", frame)


if __name__ == "__main__":
    main()
