"""The figures the synthesis draws on, as plain arrays: one read of the rate book."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ..pyramid import pyramid_of_year
from ..rates import RateBook

AGES: Final = 111
"""Single ages 0 to 110; the oldest cell is open."""
SEXES: Final = ("m", "f")
CHILD, ALONE, OTHER, LONE_PARENT, COHABITING, MARRIED, COHABITING_PARENT, MARRIED_PARENT = range(8)
ARRANGEMENTS: Final = (
    "child",
    "alone",
    "other",
    "lone_parent",
    "cohabiting",
    "married",
    "cohabiting_parent",
    "married_parent",
)
COUPLES: Final = (COHABITING, MARRIED, COHABITING_PARENT, MARRIED_PARENT)
PARENTS: Final = (LONE_PARENT, COHABITING_PARENT, MARRIED_PARENT)
INSTITUTIONS: Final = ("nursing_home", "disability_home", "refugee_accommodation", "other_communal")
HOUSEHOLD_TYPES: Final = (
    "alone_u65",
    "alone_65",
    "couple",
    "adults_3plus",
    "lone_1",
    "lone_2",
    "lone_3plus",
    "couple_1",
    "couple_2",
    "couple_3plus",
    "adults_3plus_children",
)


def table(rates: RateBook, name: str, **orders: tuple[Any, ...]) -> np.ndarray:
    """A rate's values with the labels of some dimensions in a stated order (others as they are)."""
    rate = rates[name]
    values = rate.values
    for dim, wanted in orders.items():
        axis = rate.dims.index(dim)
        values = np.take(values, [rate.labels[axis].index(x) for x in wanted], axis=axis)
    return values


@dataclass(frozen=True)
class Figures:
    """Tables by sex (0 man, 1 woman) and single age 0-110.

    Attributes
    ----------
    arrangement : shares [sex, age, arrangement].
    pyramid : persons of the state [sex, age], of the year that is known.
    single_years : the same as at the end of the town's own year, for the shape of bands of age.
    institution : shares of the population [kind, sex, age].
    mortality : hazard per year [sex, age].
    children : shares of women by children borne [age, 0..4].
    child_alive : share of a woman's children alive [age].
    marriages : per woman and year [age].
    former : shares of the unpartnered [sex, age, never / separated / widowed].
    stock : dwellings by rooms 1..7.
    rooms_effect : by household type, order of `HOUSEHOLD_TYPES`.
    family_size : shares of families with 1..6 children.
    """

    arrangement: np.ndarray
    pyramid: np.ndarray
    single_years: np.ndarray
    institution: np.ndarray
    mortality: np.ndarray
    children: np.ndarray
    child_alive: np.ndarray
    marriages: np.ndarray
    former: np.ndarray
    stock: np.ndarray
    rooms_effect: np.ndarray
    family_size: np.ndarray


def read_figures(rates: RateBook, state: str, year: int) -> Figures:
    """The figures of a state, single years of age as at the end of a year; Germany's where the state has no profile."""
    ages = tuple(range(AGES))
    known = rates["population_pyramid"].labels[0]
    here = (state if state in known else "00",)
    former = table(rates, "former_union", sex=SEXES, former=("never", "separated", "widowed"))
    padded = np.zeros((2, AGES, 3))
    padded[:, :, 0] = 1.0
    padded[:, rates["former_union"].labels[1][0] :] = former
    institution = table(rates, "institution_share", kind=INSTITUTIONS, sex=SEXES, age=ages).copy()
    institution[0] *= rates.parameter("nursing_home_level")
    return Figures(
        arrangement=table(rates, "living_arrangement", sex=SEXES, age=ages, arrangement=ARRANGEMENTS),
        pyramid=table(rates, "population_pyramid", state=here, sex=SEXES, age=ages)[0],
        single_years=pyramid_of_year(rates, state, year),
        institution=institution,
        mortality=table(rates, "mortality", sex=SEXES, age=ages),
        children=_children_borne(rates),
        child_alive=_padded(table(rates, "children_alive"), rates["children_alive"].labels[0][0], 0.985),
        marriages=table(rates, "marriages", age=ages),
        former=padded,
        stock=table(rates, "dwelling_stock", state=here, rooms=tuple(range(1, 8)))[0],
        rooms_effect=table(rates, "rooms_effect", household_type=HOUSEHOLD_TYPES),
        family_size=table(rates, "family_size", children=tuple(range(1, 7))),
    )


def _padded(values: np.ndarray, first: int, young: float) -> np.ndarray:
    out = np.full(AGES, young)
    out[first : first + values.size] = values[: AGES - first]
    return out


def _children_borne(rates: RateBook) -> np.ndarray:
    """Women by children borne [age, 0..4]: the parity table below 50, the cohorts' above."""
    out = np.zeros((AGES, 5))
    out[:, 0] = 1.0
    ages = rates["parity_share"].labels[rates["parity_share"].dims.index("age")]
    parity = table(rates, "parity_share")
    older = table(rates, "children_borne", children=tuple(range(5)))
    first = rates["children_borne"].labels[0][0]
    of_three_plus = older[0, 4] / older[0, 3:].sum()
    out[ages[0] : ages[-1] + 1, :4] = parity.T / parity.sum(axis=0)[:, None]
    out[ages[0] : ages[-1] + 1, 4] = out[ages[0] : ages[-1] + 1, 3] * of_three_plus
    out[ages[0] : ages[-1] + 1, 3] *= 1 - of_three_plus
    out[first:] = older[: AGES - first]
    return out
