"""What a household can pay for a dwelling: a lifelong rank in the income distribution of its type, and a limit on the share.

Income by type from the quantile functions of EU-SILC; the rank is the reference person's, fixed for life and equal in all
scenarios. A dwelling is out of reach if it costs more than a share of income and more than the authorities would take over
for a household of that size (model-family-housing.md 8).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from ..luck import Decision
from ..rates import RateBook

if TYPE_CHECKING:
    from ..model import QuartierModel

WITHOUT_CHILDREN: Final = ("alone", "two_adults", "three_adults")
WITH_CHILDREN: Final = ("lone_parent", "two_adults_children", "three_adults_children")


def income_ranks(model: QuartierModel, key: np.ndarray) -> np.ndarray:
    """Rank (float64, 0 to 1) of people's households in the income distribution of their type, fixed for life."""
    return model.luck.uniform(Decision.INCOME_RANK, 0, key)


def household_income(rates: RateBook, rank: np.ndarray, adults: np.ndarray, minors: np.ndarray) -> np.ndarray:
    """Net income of households a year (EUR, float64) by rank, persons of age and minors (whole numbers)."""
    types = rates["household_income_a"].labels[0]
    order = [types.index(name) for name in (*WITHOUT_CHILDREN, *WITH_CHILDREN)]
    kind = np.minimum(np.maximum(adults, 1), 3) - 1 + len(WITHOUT_CHILDREN) * (minors > 0)
    a, b, c = (rates[f"household_income_{name}"].values[order].take(kind) for name in "abc")
    logit = np.log(rank / (1 - rank))
    share = (
        1
        + rates.parameter("weight_other_adults") * np.maximum(adults - 1, 0)
        + rates.parameter("weight_minors") * minors
    )
    return np.exp(a + b * logit + c * (rank - 0.5) * logit) * share


def affordable(
    rates: RateBook, rank: np.ndarray, adults: np.ndarray, minors: np.ndarray, waited: np.ndarray
) -> np.ndarray:
    """The most a dwelling may cost households a year (EUR, float64); no limit for who has ``waited`` (quarters) long."""
    persons = np.maximum(adults + minors, 1)
    area = rates.parameter("rent_adequate_area") + rates.parameter("rent_adequate_area_more") * (persons - 1)
    square_metre = (
        rates.parameter("rent_adequate_level") * rates.parameter("rent_level") * rates.parameter("rent_with_costs")
    )
    own = rates.parameter("rent_burden_limit") * household_income(rates, rank, adults, minors)
    return np.where(waited < rates.parameter("rent_limit_steps"), np.maximum(own, 12 * square_metre * area), np.inf)
