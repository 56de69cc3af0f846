"""The town's own level of deaths, out-moves, moves inside and leaving home, from its registers; fixed before the run.

A level is what is registered against what the national rates expect of the town's people by sex and age. Where nothing is
registered it is exactly 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from .. import registers
from ..cohort_change import CohortChange, cohort_change, stock
from ..columns import Kind
from ..geography import decay
from ..pyramid import death_hazards_of
from ..registers import Registered
from ..synthesis.known_households import WITH_GROWN, WITH_MINOR, known_households
from ..thresholds import AGES, pad_ages

if TYPE_CHECKING:
    from ..model import QuartierModel


def flows_before_start(model: QuartierModel, event: str) -> Registered | None:
    """What is registered of an event in the years up to the start (parameter `flow_years`)."""
    last = model.region.reference_date.year
    return registers.registered(
        model.region, event, range(last - int(model.rates.parameter("flow_years")) + 1, last + 1)
    )


def residents(model: QuartierModel, chosen: np.ndarray | None = None) -> np.ndarray:
    """Persons present (those ``chosen`` by a bool per row, else all), float64 [quartier, sex, age]."""
    p, persons = model.people, np.zeros((model.n_quartiere, 2, AGES))
    rows = np.flatnonzero(p.present == 1 if chosen is None else (p.present == 1) & chosen)
    np.add.at(persons, (p.quartier[rows], p.sex[rows], model.ages(rows)), 1)
    return persons


def town_cohort_change(model: QuartierModel) -> CohortChange | None:
    """What two register years say of migration, worked out once per model; None where the region has not two."""
    if "cohort_change" not in model.side:
        level = model.side.get("die", {}).get("level")
        model.side["cohort_change"] = cohort_change(model.region, model.rates, level, special_residents(model))
    return model.side["cohort_change"]


def special_residents(model: QuartierModel) -> np.ndarray:
    """Residents of student residences and refugee accommodation, float64 [quartier, sex, age]."""
    kind = model.households.kind[np.maximum(model.people.household, 0)]
    return residents(model, np.isin(kind, (Kind.STUDENT_RESIDENCE, Kind.REFUGEE_ACCOMMODATION)))


def mortality_level(model: QuartierModel) -> np.ndarray:
    """The town's deaths against the life table's, float64 [sex], shrunken: ``(deaths + k) / (expected + k)``.

    Expected of the people registered around each of the years, with that year's rates. Deaths that are not told by sex give one level
    for both (model-demography.md 5).
    """
    found = flows_before_start(model, "death")
    if found is None:
        return np.ones(2)
    expected = np.sum([_expected_deaths(model, year) for year in found.years], axis=0)
    k, years = model.rates.parameter("mortality_shrinkage"), len(found.years)
    by_sex = {sex: sum(persons for s, _, _, persons in found.bands if s == sex) for sex in "mf"}
    if min(by_sex.values()) > 0:
        return (np.array([by_sex["m"], by_sex["f"]]) * years + k) / (expected + k)
    return np.full(2, (found.total * years + k) / (expected.sum() + k))


def _expected_deaths(model: QuartierModel, year: int) -> np.ndarray:
    """Deaths of a year by the life table, [sex], of the mean of the stocks at its two ends as far as they are known."""
    region, rates = model.region, model.rates
    known = list(registers.totals(region))
    start = known[-1] if known else region.reference_date
    days = [day for day in known if day.year in (year - 1, year) and day != start]
    stocks = [stock(region, rates, day).sum(axis=0) for day in days]
    if start.year in (year - 1, year) or not stocks:
        stocks.append(residents(model).sum(axis=0))
    return (death_hazards_of(rates, year, np.ones(2)) * np.mean(stocks, axis=0)).sum(axis=1)


def leaving_home_level(model: QuartierModel) -> float:
    """How much sooner (above 1) children leave home in this town, from the households it counts; 1 where it counts none.

    As many children a year come of age as leave, so the number of couples with only grown-up children per couple with a
    minor is as the mean time until the last child leaves. It is the town's against Germany's, shrunken:
    ``(expected + k) / (counted + k)``.
    """
    known, rates = known_households(model.region), model.rates
    young, grown = (known.get(name) for name in (WITH_MINOR, WITH_GROWN))
    if young is None or grown is None:
        return 1.0
    both = ~np.isnan(young) & ~np.isnan(grown)
    k, expected = rates.parameter("leaving_home_shrinkage"), rates.parameter("grown_up_couples_usual") * young[both].sum()
    return float((expected + k) / (grown[both].sum() + k))


def out_moves_level(model: QuartierModel, expected: Callable[[], np.ndarray]) -> np.ndarray:
    """The town's out-moves against the national rates', float64 [destination, sex, age], destinations Germany and abroad.

    One level for all; where out-moves are told by destination, one for each; where they are told by sex or age, each
    band's own, shrunken towards the town's (model-demography.md 9).

    Parameters
    ----------
    expected : works out the persons expected to leave in a year by the national rates [destination, sex, age]; asked only
        if needed.
    """
    found = flows_before_start(model, "out_move")
    level = np.ones((2, 2, AGES))
    if found is None or found.total <= 0:
        return level
    moves = expected()
    level *= found.total / max(moves.sum(), 1e-9)
    if found.origins:
        abroad = found.origins.get("abroad", 0.0)
        told = np.array([sum(found.origins.values()) - abroad, abroad])
        level = level * (told / told.sum() * moves.sum() / np.maximum(moves.sum(axis=(1, 2)), 1e-9))[:, None, None]
    k, of_town = model.rates.parameter("out_moves_shrinkage"), (level * moves).sum(axis=0)
    for sex, first, last, persons in found.bands:
        cells = np.s_[band_rows(sex), first : AGES if last < 0 else last + 1]
        level[(slice(None), *cells)] *= (persons + k) / (of_town[cells].sum() + k)
    return level


def band_rows(sex: str) -> slice:
    """Rows of a table [sex, …] that a band of this sex covers."""
    return slice(None) if sex == "t" else slice(int(sex == "f"), int(sex == "f") + 1)


def moves_level(model: QuartierModel) -> float:
    """Factor on the wish to move that brings all moves inside the town to what is registered.

    Structural moves (new households, separations, arrivals) do not depend on the wish; the rest of the moves does
    (parameter `move_reference_rate_share`). Moves told from Quartier to Quartier only, without those inside a
    Quartier, are first raised by the share that distance decay lets stay (model-demography.md 11).
    """
    found = flows_before_start(model, "move")
    if found is None or found.total <= 0:
        return 1.0
    rates, persons = model.rates, residents(model)
    per_person = (pad_ages(rates["moves_within_town"].values) * persons).sum(axis=(1, 2))
    total = found.total / (1.0 if _tells_moves_inside(model) else 1 - _share_inside(model, per_person))
    wished = rates.parameter("move_reference_rate_share")
    ratio = total / max(per_person.sum(), 1e-9)
    return max((ratio - (1 - wished)) / wished, rates.parameter("moves_level_least"))


def _tells_moves_inside(model: QuartierModel) -> bool:
    """Whether moves inside a Quartier are among the registered: a total without Quartiere, or a table with a diagonal."""
    moves = model.region.flows[model.region.flows["event"] == "move"]
    told = moves[(moves["from_id"] != "") & (moves["to_id"] != "")]
    return len(told) < len(moves) or bool((told["from_id"] == told["to_id"]).any())


def _share_inside(model: QuartierModel, moves: np.ndarray) -> float:
    """Share of moves that stay in their Quartier when dwellings fall vacant where people leave them."""
    weight = decay(model.region, model.rates) * moves
    chance = weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-12)
    return float((np.diag(chance) * moves).sum() / max(moves.sum(), 1e-9))
