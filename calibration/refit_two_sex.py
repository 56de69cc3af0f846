"""Refit the union rates `two_sex` in the full model: `python calibration/refit_two_sex.py DATA` (a few minutes).

A test device: rates under which a two-sex town holds the shares in union and married of 2025. Each round runs a national town
for 20 years with all processes and moves the logarithms of the rates against the drift that is left, 0.05 per point, by
five-year age, smoothed (model-demography.md 7). What moves a rate is the drift of all persons of the age, not of one sex:
every union takes one of each, and in an ageing town women of an age lie above the table when men lie below
(model-demography.md 7); corrected one by one, both would fall. Writes `model/data/unions_two_sex.csv`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd
from quartier.calibration.sample import national_pyramid, sample_region
from quartier.calibration.tables import data_argument, read_csv, write_table
from quartier.model.columns import Role, Sex, Union
from quartier.model.model import QuartierModel
from quartier.model.rates import RateBook, read_rate_book
from quartier.model.synthesis.synthesise import synthesise

PERSONS, PERSONS_PER_QUARTIER, YEARS, ROUNDS = 200_000, 8_000, 20, 9
STEP_PER_POINT: Final = 0.05
FIRST, LAST, WIDTH = 18, 95, 5
IN_UNION: Final = ("cohabiting", "married", "cohabiting_parent", "married_parent")
MARRIED: Final = ("married", "married_parent")
GROUPS: Final = (LAST - FIRST) // WIDTH


def drift(model: QuartierModel) -> tuple[np.ndarray, np.ndarray]:
    """Points above the table of 2025 [in union | married, sex, five-year age]; the persons outside institutions."""
    p, arrangement = model.people, model.rates["living_arrangement"]
    here = np.flatnonzero((p.present == 1) & (p.role != Role.RESIDENT) & (model.ages() >= FIRST))
    age = model.ages(here)
    cell = p.sex[here] * GROUPS + np.minimum((age - FIRST) // WIDTH, GROUPS - 1)
    everyone = np.maximum(np.bincount(cell, minlength=2 * GROUPS), 1)
    points = []
    for names, state in ((IN_UNION, Union.COHABITING), (MARRIED, Union.MARRIED)):
        table = np.sum([arrangement.values[..., arrangement.labels[2].index(name)] for name in names], axis=0)
        expected = table[p.sex[here], np.minimum(age, table.shape[1] - 1)]
        surplus = (p.union_state[here] >= state) - expected
        points.append(100 * np.bincount(cell, surplus, minlength=2 * GROUPS) / everyone)
    return np.stack(points).reshape(2, 2, GROUPS), everyone.reshape(2, GROUPS)


def smooth(values: np.ndarray) -> np.ndarray:
    """Weights 1, 2, 1 over neighbouring ages; the ends repeat."""
    wide = np.concatenate((values[..., :1], values, values[..., -1:]), axis=-1)
    return (wide[..., :-2] + 2 * wide[..., 1:-1] + wide[..., 2:]) / 4


def by_age(values: np.ndarray, ages: int) -> np.ndarray:
    """Five-year values to single ages, linear between the middles of the groups."""
    middle = FIRST + WIDTH * np.arange(GROUPS) + WIDTH / 2
    flat = [np.interp(np.arange(ages) + 0.5, middle, row) for row in values.reshape(-1, GROUPS)]
    return np.array(flat).reshape(*values.shape[:-1], ages)


def refit(rates: RateBook, start: np.ndarray, rounds: int = ROUNDS) -> np.ndarray:
    """Formation and marriage hazards [formation | marriage, sex, age] after some rounds, each with other luck."""
    region = sample_region(national_pyramid(rates), PERSONS, PERSONS // PERSONS_PER_QUARTIER, "town")
    town = synthesise(region, rates, 1)
    log_factor = np.zeros((2, 2, GROUPS))
    names = ("union_formation_two_sex", "marriage_two_sex")
    for number in range(rounds):
        values = start * np.exp(by_age(log_factor, start.shape[-1]))
        changed = {name: replace(rates[name], values=v) for name, v in zip(names, values, strict=True)}
        book = replace(rates, rates={**rates.rates, **changed}, _cache={}).with_parameters({"union_set": 2})
        model = QuartierModel(region, book, town, replicate=number)
        model.run(model.start_step + 4 * YEARS)
        (union, married), persons = drift(model)
        tell(number, union)
        both = (np.stack((union, married - union)) * persons).sum(axis=1, keepdims=True) / persons.sum(axis=0)
        log_factor -= STEP_PER_POINT * smooth(np.broadcast_to(both, log_factor.shape))
    return start * np.exp(by_age(log_factor, start.shape[-1]))


def tell(number: int, points: np.ndarray) -> None:
    """One round's drift in the share in union."""
    print(f"round {number}, points in union, from {FIRST} by {WIDTH} years")
    for sex in Sex:
        print(f"  {sex.name.lower():7s}" + "".join(f"{v:6.1f}" for v in points[sex]), flush=True)


def main() -> None:
    """Refit from the derived table and write the model's own."""
    columns = {"union_formation_two_sex": "formation", "marriage_two_sex": "marriage"}
    derived = read_csv(data_argument() / "derived" / "union_hazards.csv").rename(columns=columns)
    rates = read_rate_book("00")
    start = np.zeros((2, 2, rates["union_formation_two_sex"].values.shape[-1]))
    for s, letter in enumerate(("m", "f")):
        own = derived[derived.sex == letter].set_index("age")
        for k, name in enumerate(columns.values()):
            start[k, s] = own[name].reindex(range(start.shape[-1])).ffill().fillna(0.0)
    values = refit(rates, start).round(6)
    frames = [
        pd.DataFrame(
            {"sex": letter, "age": range(start.shape[-1]), "formation": values[0, s], "marriage": values[1, s]}
        )
        for s, letter in enumerate(("m", "f"))
    ]
    write_table("unions_two_sex.csv", pd.concat(frames))


if __name__ == "__main__":
    main()
