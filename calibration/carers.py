"""Constants of those who give care, solved so that the means over a start population are those of surveys (model-care.md 3).

`python -m quartier.calibration.carers flensburg` prints what the data give in a town at its start and ten years on;
`python -m quartier.calibration.carers [persons]` prints the parameters to be written into
`model/data/parameters_care_services.csv`: the constants of the decision of partners, parents and children, that of high
strain, and how many carers had changed their work before. The town is a sample of Germany at the end of 2023. A run
never solves anything: its constants are data, whatever town it simulates.
"""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np

from ..model import QuartierModel
from ..model.kin_distance import away_total
from ..model.processes.care_carers import Tie
from ..model.processes.care_giving import GIVERS, by_pair
from ..model.processes.care_kin_choice import WORK_BITS
from ..model.processes.care_kin_rules import rules_of
from ..model.rates import RateBook, read_rate_book
from ..model.region.read import find_region, load_region
from ..model.start import Start
from ..model.synthesis import synthesise
from .sample import sample_region

AIMS = {
    "care_kin_partner": 0.90,
    "care_kin_parent": 0.98,
    "care_kin_child": 0.50,
    "care_strain": 0.26,
    "care_work_changed_at_start": 0.23,
}
"""Parameter and the mean it is solved for: able partners, parents and children who give care; main carers under high
strain; main carers of working age (18 to 64) who have reduced or given up work."""
ROUNDS = 6


def start_means(model: QuartierModel) -> dict[str, float]:
    """The same means in a model at its start (or in any step)."""
    ids, at_home, given, who, _ = model.side["care_result"]["detail"]
    rows = model.row_of_id[ids]
    rules, age = rules_of(model), model.ages(rows)
    gives, own, tie = who.capacity > 0, who.kin["in_law"] == 0, who.kin["tie"]
    child = age - rules.generation
    grown = at_home & (child >= rules.of_age) & (child <= rules.child_oldest)
    elsewhere = int(away_total(model.people.kin_away[rows[grown]]).sum())
    child_pairs = own & (tie >= Tie.CHILD_IN_HOUSEHOLD)
    pair = by_pair(model)
    changed = model.side["give_care"]["carer"][pair["carer"]] & WORK_BITS > 0
    of_age = pair["main"] & (pair["age"] >= 18) & (pair["age"] < 65)
    return {
        "care_kin_partner": float(gives[tie == Tie.PARTNER].mean()),
        "care_kin_parent": float(gives[tie == Tie.PARENT].mean()),
        "care_kin_child": (gives[child_pairs].sum() + given.away[:, grown].sum()) / (child_pairs.sum() + elsewhere),
        "care_strain": float(given.strained[given.main >= 0].mean()),
        "care_work_changed_at_start": float(changed[of_age].mean()),
    }


def solve(start: Start, region: object, rates: RateBook) -> dict[str, float]:
    """Parameters with which the start means meet the aims; logits move by the difference of logits, a share in proportion."""
    parameters = {name: rates.parameter(name) for name in AIMS}
    for _ in range(ROUNDS):
        book = replace(rates, parameters={**rates.parameters, **parameters}, _cache={})
        seen = start_means(QuartierModel(region, book, start, seed=1))  # pyright: ignore[reportArgumentType]
        for name, aim in AIMS.items():
            if name == "care_work_changed_at_start":
                parameters[name] *= aim / seen[name]
            else:
                parameters[name] += float(np.log(aim / (1 - aim)) - np.log(seen[name] / (1 - seen[name])))
        print({name: (round(parameters[name], 3), round(seen[name], 4)) for name in AIMS}, flush=True)
    return parameters


def figures(model: QuartierModel) -> dict[str, float]:
    """Shares that were not solved for: women, people at home by number of helpers, core hours by giver, work changed."""
    result = model.side["care_result"]
    counts = result["carers"]
    women, away = counts.carers.sum(axis=(0, 2, 3)), counts.away.sum(axis=0)
    helped = counts.homes.sum(axis=0)
    hours = dict(zip(GIVERS, result["hours"].sum(axis=1), strict=True))
    out = {"women among carers in town": women[1] / women.sum()}
    out["women, with children outside"] = (women[1] + away[1]) / (women.sum() + away.sum())
    out |= {f"helpers {n}": helped[n] / helped[1:].sum() for n in (1, 2, 3)}
    out |= {f"hours {giver}": hours[giver] / hours["need"] for giver in GIVERS[1:]}
    return {name: float(value) for name, value in out.items()}


def show(town: str) -> None:
    """Means and figures of a town of the model at its start and ten years on."""
    region, _ = load_region(find_region(town, "en"), "en")
    assert region is not None, town
    rates = read_rate_book(region.state)
    model = QuartierModel(region, rates, synthesise(region, rates, 1), seed=1)
    for _year in range(2):
        seen = start_means(model) | figures(model)
        print(model.now / 4, ", ".join(f"{name} {100 * value:.1f} %" for name, value in seen.items()), flush=True)
        model.run(model.now + (39 if model.now == model.start_step else 0))  # not the end of a year: rows may move then


def main(persons: int) -> None:
    """Solve on a sample of Germany."""
    rates = read_rate_book("00")
    pyramid = rates["population_pyramid"]
    region = sample_region(pyramid.values[pyramid.labels[0].index("00")], persons, max(persons // 8_000, 2))
    region = replace(region, state="00")
    for name, value in solve(synthesise(region, rates, 1), region, rates).items():
        print(f"{name},{value:.3f}")


if __name__ == "__main__":
    asked = sys.argv[1] if len(sys.argv) > 1 else "1000000"
    if asked.isdigit():
        main(int(asked))
    else:
        show(asked)
