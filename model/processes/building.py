"""Dwellings that are completed: by a measure, or, where the stock is only estimated, in step with the growth expected.

A region that lists no dwellings has an estimated stock. Were it frozen, a growing town would run into a shortage that
nobody has observed; so building keeps pace with the households expected at the start, a path fixed before the run
(parameter `estimated_building_follows_growth`; 0 switches it off). A region with its own dwellings gets only what its
measures complete.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..columns import MOST_ROOMS, Kind, Tenure
from ..dwelling_features import draw_features, tenure_of, yearly_cost
from ..luck import Domain, derive_keys
from ..measures import DwellingsMeasure
from ..tables import NONE
from ..thresholds import AGES, pad_ages
from ..timeline import STEPS_PER_YEAR
from .attraction import attraction
from .births import birth_hazards, fertile_women
from .conversion import convert_dwellings
from .demolition import lose_dwellings, start_demolition
from .dwelling_search import Search
from .first_occupation import grow_old
from .flats import open_flats
from .local_levels import moves_level
from .out_moves import ORIGINS, expected_out_moves
from .reference import reference_persons
from .templates import Templates

if TYPE_CHECKING:
    from ..model import QuartierModel

HORIZON = 60
"""Years the companion projection looks ahead; later no more is built (a limit of the array, not a rate)."""
FOLLOWING = 1 << 20
"""Number of the building that follows growth among the measures, for the keys of its dwellings."""


def start_building(model: QuartierModel) -> None:
    """Fix what attracts whom, the dwellings that keep pace with growth, and how they are spread, from the start population."""
    d = model.dwellings
    where = np.bincount(d.quartier, minlength=model.n_quartiere).astype(float)
    rooms = np.bincount(d.rooms, minlength=MOST_ROOMS + 1).astype(float)
    drawn_to, flats = attraction(model), open_flats(model)[0].size
    owned = tenure_of(d.features[d.household >= 0]) == Tenure.OWNED  # so that the mean wish does not hang on who owns
    model.side["move"] = {
        "level": moves_level(model),
        "tenure": 1 + (model.rates.parameter("move_owner") - 1) * float(owned.mean() if owned.size else 0.0),
        "due": _dwellings_due(model),
        "quartiere": np.cumsum(where) / max(where.sum(), 1.0),
        "rooms": np.cumsum(rooms) / max(rooms.sum(), 1.0),
        "owned": np.bincount(d.rooms, tenure_of(d.features) == Tenure.OWNED, minlength=MOST_ROOMS + 1)
        / np.maximum(rooms, 1.0),
        "cost": yearly_cost(model.rates, np.arange(256)[:, None], np.arange(MOST_ROOMS + 1)),
        "search": Search.of(model, drawn_to, where, model.rates.parameter("street_dwellings")),
        "flats": Search.of(model, drawn_to, where, max(where.sum(), 1.0) / max(flats, 1)),
    } | start_demolition(model)


def _dwellings_due(model: QuartierModel) -> np.ndarray:
    """Dwellings built in all up to the end of each year after the start, float64; never fewer than the year before."""
    wanted = "dwellings" in model.region.estimated and model.has("in_migrate") and model.has("bear")
    if not (wanted and model.rates.parameter("estimated_building_follows_growth")):
        return np.zeros(HORIZON + 1)
    households = expected_households(model)
    return np.maximum.accumulate(np.maximum(households - households[0], 0.0))


def expected_households(model: QuartierModel) -> np.ndarray:
    """Private households expected at the end of each year, float64 [HORIZON + 1], by a projection of the whole town.

    Yearly cohort-component projection by sex and age with the rates of the start; the share of reference persons by sex
    and age stays that of the start population.
    """
    p, rates = model.people, model.rates
    templates: Templates = model.side["in_migrate"]
    persons = templates.stock.sum(axis=0)
    leads = np.zeros_like(persons)
    heads = reference_persons(
        model, np.flatnonzero((model.households.kind == Kind.PRIVATE) & (model.households.size > 0))
    )
    np.add.at(leads, (p.sex[heads], model.ages(heads)), 1)
    headship = leads / np.maximum(persons, 1)
    arrivals = sum(templates.persons_per_year(model, origin) for origin in range(len(ORIGINS)))
    women = fertile_women(model)
    born = np.bincount(model.ages(women), birth_hazards(model, women), minlength=AGES)
    fertility = born / np.maximum(persons[1], 1)
    leaving = expected_out_moves(model) / np.maximum(persons, 1)
    deaths = pad_ages(rates["mortality"].values) * model.side.get("die", {}).get("level", np.ones(2))[:, None]
    stay = np.exp(-deaths - leaving)
    boys = rates.parameter("share_of_boys")
    path = [float((persons * headship).sum())]
    for _ in range(HORIZON):
        births = float((persons[1] * fertility).sum())
        persons = persons * stay + arrivals
        persons[:, 1:] = persons[:, :-1]
        persons[:, 0] = births * np.array([boys, 1 - boys])
        path.append(float((persons * headship).sum()))
    return np.array(path)


def _complete(model: QuartierModel, number: int, quartiere: np.ndarray, rooms: np.ndarray | int) -> None:
    """Append vacant dwellings that are on the market at once, in their first two quarters as `first_occupation` has it."""
    ordinal = np.arange(quartiere.size)
    home = model.quartier_keys[quartiere]
    key = derive_keys(Domain.DWELLING, home, 1 + model.now, (number << 32) + ordinal)
    owned = np.broadcast_to(model.side["move"]["owned"][rooms], quartiere.size)
    features = draw_features(model.luck, model.rates, key, owned, new=True)
    model.dwellings.append(quartiere.size, key=key, quartier=quartiere, rooms=rooms, household=NONE, features=features)


def complete_dwellings(model: QuartierModel, vacant: np.ndarray) -> np.ndarray:
    """Take away the dwellings that this step loses, make others barrier-free, and complete its new ones.

    Takes the rows in which no household lives, and returns them with the new ones.
    """
    stood = len(model.dwellings)
    grow_old(model)
    lose_dwellings(model, vacant)
    convert_dwellings(model)
    for number, measure in enumerate(model.measures):
        if isinstance(measure, DwellingsMeasure) and measure.step == model.now and measure.dwellings > 0:
            _complete(model, number, np.full(measure.dwellings, measure.quartier), measure.rooms)
    side = model.side["move"]
    elapsed = model.now - model.start_step
    years = np.minimum(np.array([elapsed - 1, elapsed]) / STEPS_PER_YEAR, HORIZON)
    due = np.floor(np.interp(years, np.arange(HORIZON + 1), side["due"]))
    count = int(due[1] - due[0])
    if count:
        # evenly spaced points, shifted every step, so that Quartiere and sizes get their shares over the years
        points = (np.arange(count) + (elapsed * 0.618034) % 1.0) / count
        quartiere = np.searchsorted(side["quartiere"], points, side="right").clip(max=model.n_quartiere - 1)
        sizes = np.searchsorted(side["rooms"], (points * count * 0.618034) % 1.0, side="right").clip(1, MOST_ROOMS)
        _complete(model, FOLLOWING, quartiere, sizes)
    completed = np.bincount(model.dwellings.quartier[side["search"].rows :], minlength=model.n_quartiere)
    for search in ("search", "flats"):
        side[search] = side[search].with_completed(completed)
    return np.concatenate((vacant, np.arange(stood, len(model.dwellings))))
