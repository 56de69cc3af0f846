"""Kiel: given the households by type and Stadtteil of 2015, those of 2017 are predicted, and the error is reported.

`python benchmarks/kiel.py` (needs the shared data, QUARTIER_DATA; half a minute). The prediction is the mean of the replicates.
Beside its error stand that of expecting no change and the error that luck alone would leave: what the mean of the other
replicates misses of one replicate, as if that one were the truth. Below that no forecast can be expected to come.
"""

from __future__ import annotations

import dataclasses
import os
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from quartier.model import QuartierModel
from quartier.model.columns import Kind, Role
from quartier.model.rates import read_rate_book
from quartier.model.region.region import Region
from quartier.model.synthesis import synthesise
from quartier.model.synthesis.ages import single_ages
from quartier.model.synthesis.figures import read_figures
from quartier.model.synthesis.institutions import residents
from quartier.model.synthesis.report import Report

DATA = Path(os.environ.get("QUARTIER_DATA", "../shared/data")) / "regions" / "kiel" / "tidy"
TYPES = {
    "Einpersonen": "one_person",
    "Paar ohne Kind": "couple_without_children",
    "Paar mit Kindern": "couple_with_children",
    "Paar mit Nachkommen": "couple_with_grown_up_children",
    "Alleinerziehende": "lone_parent",
    "Sonst. Mehrpersonenhaushalte": "other",
}
REPLICATES = 20


def households(year: int) -> pd.DataFrame:
    """Households by Stadtteil (text id) and type."""
    frame = pd.read_csv(DATA / "households.csv", dtype={"area_id": str})
    frame = frame[(frame["year"] == year) & (frame["unit"] == "households")]
    unknown = set(frame["household_type"]) - set(TYPES)
    if unknown:
        raise ValueError(f"unknown types of household: {sorted(unknown)}")
    frame = frame.assign(kind=frame["household_type"].map(TYPES), quartier=frame["area_id"].str.zfill(2))
    return frame.pivot_table(index="quartier", columns="kind", values="value", aggfunc="sum", fill_value=0)


def _of_years(frame: pd.DataFrame, years: tuple[int, ...]) -> pd.DataFrame:
    kept = frame[frame["year"].isin(years)]
    return kept.assign(
        quartier_id=kept["area_id"].str.zfill(2),
        date=[date(int(year), 12, 31) for year in kept["year"]],
        age_to=kept["age_to"].fillna(-1).astype(int),
    )


def region() -> Region:
    """Kiel at the end of 2015: the register's residents by age and sex, and the households by type as margins.

    Until 2018 the table by age counts second homes too, the one by sex and the households' members do not: the ages are scaled
    to it. The households hold all residents, so those of institutions are in them, as one person each (the households'
    persons leave no room for anything else): they are taken off.
    """
    day = date(2015, 12, 31)
    ages = pd.read_csv(DATA / "population_age.csv", dtype={"area_id": str})
    sexes = pd.read_csv(DATA / "population_sex.csv", dtype={"area_id": str})
    ages, sexes = (_of_years(frame, (2014, 2015)) for frame in (ages, sexes))
    columns = ["quartier_id", "date", "sex", "age_from", "age_to", "persons"]
    place = ["quartier_id", "date"]
    scale = sexes.groupby(place)["persons"].sum() / ages.groupby(place)["persons"].sum()
    exact = ages["persons"] * scale.reindex(pd.MultiIndex.from_frame(ages[place])).to_numpy()
    ages = ages.assign(persons=exact).sort_values([*place, "age_from"])
    running = ages.groupby(place)["persons"].cumsum().round()
    ages["persons"] = running.groupby([ages["quartier_id"], ages["date"]]).diff().fillna(running).astype(int)
    names = ages.drop_duplicates("quartier_id").sort_values("quartier_id")
    town = Region.empty("kiel", "Kiel", "01002000", day, names["quartier_id"].tolist(), names["area_name"].tolist())
    town = dataclasses.replace(town, population=ages[columns], age_margins=sexes[sexes["date"] == day][columns])
    rates = read_rate_book("01")
    figures, report = read_figures(rates, "01", day.year), Report(names["quartier_id"].tolist())
    homes = residents(town, rates, figures, single_ages(town, figures, 3, report), report).sum(axis=(1, 2, 3))
    given = households(2015)
    given["one_person"] = np.maximum(given["one_person"] - homes, 0)
    given = given.stack().rename("households").reset_index()
    given = given.rename(columns={"quartier": "quartier_id", "kind": "household_type"}).assign(date=day)
    return dataclasses.replace(town, households=given)


def by_type(model: QuartierModel) -> pd.DataFrame:
    """Households of the model by Quartier and type, in the register's terms (a resident of an institution is a household)."""
    p, h = model.people, model.households
    here = np.flatnonzero(p.present == 1)
    home, n = p.household[here], len(h)
    partner = model.rows_of(p.partner[here])
    couple = np.bincount(home, (partner >= 0) & (p.household[np.maximum(partner, 0)] == home), minlength=n) > 0
    child = p.role[here] == Role.CHILD
    minor = np.bincount(home, child & (model.ages(here) < 18), minlength=n) > 0
    any_child = np.bincount(home, child, minlength=n) > 0
    kind = np.select(
        [h.size == 1, couple & minor, couple & any_child, couple & (h.size == 2), ~couple & minor],
        [
            "one_person",
            "couple_with_children",
            "couple_with_grown_up_children",
            "couple_without_children",
            "lone_parent",
        ],
        "other",
    )
    private = (h.kind == Kind.PRIVATE) & (h.size > 0)
    names = np.array([q.quartier_id for q in model.quartiere])
    frame = pd.DataFrame({"quartier": names[h.quartier[private]], "kind": kind[private]})
    table = frame.value_counts().unstack(fill_value=0)
    residents = p.quartier[here[p.role[here] == Role.RESIDENT]]
    return table.assign(one_person=table["one_person"] + np.bincount(residents, minlength=len(names)))


def by_luck(ends: list[pd.DataFrame], kind: str) -> float:
    """What the mean of the other replicates misses of one, households of all Stadtteile together, mean over the replicates."""
    runs = np.stack([end[kind].to_numpy(float) for end in ends])
    others = (runs.sum(axis=0) - runs) / (len(runs) - 1)
    return float(np.abs(runs - others).sum(axis=1).mean())


def persons_by_age(year: int) -> pd.Series:
    """Residents of the register by the first age of the band, scaled as in `region`."""
    ages, sexes = (pd.read_csv(DATA / f"population_{name}.csv") for name in ("age", "sex"))
    bands = ages[ages["year"] == year].groupby("age_from")["persons"].sum()
    return bands * sexes[sexes["year"] == year]["persons"].sum() / bands.sum()


def tell_ages(ends: list[np.ndarray]) -> None:
    """Print residents by age: what the model and what no change misses."""
    given, truth, end = persons_by_age(2015), persons_by_age(2017), np.mean(ends, axis=0)
    print(f"\n{'age':>5s}{'2015':>9s}{'2017':>9s}{'model':>9s}{'error':>8s}{'no change':>11s}")
    for first, before, after, model in zip(given.index, given, truth, end, strict=True):
        print(
            f"{first:5d}{before:9.0f}{after:9.0f}{model:9.0f}{100 * (model / after - 1):7.1f}%{100 * (before / after - 1):10.1f}%"
        )
    level = end * truth.sum() / end.sum()
    missed, at_level, still = (np.abs(x - truth.to_numpy()).sum() / truth.sum() for x in (end, level, given.to_numpy()))
    print(f"sum of errors: model {missed:.1%}, with the right total {at_level:.1%}, no change {still:.1%}")


def main() -> None:
    """Print start, prediction and the register of 2017 for the town, and the errors by Stadtteil and by age."""
    town, rates = region(), read_rate_book("01")
    start = synthesise(town, rates, 1)
    begin = by_type(QuartierModel(town, rates, start, processes=()))
    edges = [*persons_by_age(2015).index, 200]
    ends, ages = [], []
    for replicate in range(REPLICATES):
        model = QuartierModel(town, rates, start, replicate=replicate)
        model.run(model.now + 8)
        ends.append(by_type(model).reindex_like(begin).fillna(0))
        ages.append(np.histogram(model.ages(np.flatnonzero(model.people.present == 1)), edges)[0])
    end = sum(ends) / REPLICATES
    given, truth = households(2015), households(2017)
    print(
        f"{'':30s}{'2015':>8s}{'start':>8s}{'2017':>8s}{'model':>8s}{'total':>8s}{'error':>8s}{'luck':>8s}{'no change':>11s}"
    )
    for kind in TYPES.values():
        change, there = end[kind] - begin[kind], truth[kind].sum()
        predicted = given[kind] + change  # the register's own level, moved by the model's change
        missed, still = (float((x - truth[kind]).abs().sum()) for x in (predicted, given[kind]))
        error, luck, naive = (100 * x / there for x in (missed, by_luck(ends, kind), still))
        print(
            f"{kind:30s}{given[kind].sum():8.0f}{begin[kind].sum():8.0f}{there:8.0f}{predicted.sum():8.0f}"
            f"{100 * (predicted.sum() / there - 1):7.1f}%{error:7.1f}%{luck:7.1f}%{naive:10.1f}%"
        )
    tell_ages(ages)


if __name__ == "__main__":
    main()
