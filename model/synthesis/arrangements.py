"""Who lives how: every person of a private household gets one of eight arrangements.

Town totals by age and sex are those of the national table; within the town the fit gives each Quartier as many adult
children as its women's ages suggest, as many families as it has children, and as many men as women in unions. Where the
region counts households by type, these are met instead (`known_households`).
"""

from __future__ import annotations

import numpy as np

from ..rates import RateBook
from .figures import ALONE, CHILD, COUPLES, LONE_PARENT, OTHER, PARENTS, Figures
from .integers import carry_round, diffuse
from .known_households import TYPES, FamilyMix, fit_known

ADULT = 18
FIT_ROUNDS = 25


def birth_density(rates: RateBook, n_ages: int) -> np.ndarray:
    """Chance that the mother of a child of age c is of age a, [c, a]: a normal distribution of her age at the birth.

    Its mean falls with the years since, and it is cut at the youngest and oldest age of mothers.
    """
    child, mother = np.arange(n_ages)[:, None], np.arange(n_ages)[None]
    mean = np.maximum(
        rates.parameter("child_mother_age") - rates.parameter("child_mother_age_decline") * child,
        rates.parameter("child_mother_age_lowest"),
    )
    spread = rates.parameter("child_mother_age_spread")
    gap = mother - child
    density = np.exp(-0.5 * ((gap - mean) / spread) ** 2)
    allowed = (
        (gap > rates.parameter("child_mother_age_first"))
        & (gap < rates.parameter("child_mother_age_last"))
        & (mother >= ADULT)
    )
    density = np.where(allowed, density, 0.0)
    return density / np.maximum(density.sum(axis=1, keepdims=True), 1e-300)


def town_totals(private: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Persons by sex, age and arrangement (float) at the table's shares, as many men as women in each kind of union.

    What one sex has too many of (and the other too few) is split evenly; those alone or `other` make up for it.
    """
    totals = private.sum(axis=0)[..., None] * share
    for kind in COUPLES:
        men, women = totals[0, :, kind].sum(), totals[1, :, kind].sum()
        middle = (men + women) / 2 if min(men, women) > 0 else 0.0
        for sex, now in ((0, men), (1, women)):
            wanted = totals[sex, :, kind] * (middle / now if now > 0 else 0.0)
            rest = totals[sex][:, [ALONE, OTHER]]
            change = wanted - totals[sex, :, kind]
            change = np.minimum(change, rest.sum(axis=1))
            totals[sex, :, kind] += change
            scale = np.where(
                rest.sum(axis=1) > 0, 1 - change / np.where(rest.sum(axis=1) > 0, rest.sum(axis=1), 1.0), 1.0
            )
            totals[sex][:, [ALONE, OTHER]] = rest * scale[:, None]
    return totals


def _ratio(wanted: np.ndarray, now: np.ndarray) -> np.ndarray:
    return np.where((now > 0) & (wanted >= 0), wanted / np.where(now > 0, now, 1.0), 1.0)


def _by_couple(cells: np.ndarray) -> None:
    """As many men as women in each kind of union of each Quartier; none where one sex is missing."""
    for kind in COUPLES:
        sums = cells[..., kind].sum(axis=2)
        wanted = np.where(sums.min(axis=1) > 0, sums.mean(axis=1), 0.0)
        cells[..., kind] *= np.where(sums > 0, wanted[:, None] / np.where(sums > 0, sums, 1.0), 0.0)[:, :, None]


def _families(cells: np.ndarray) -> np.ndarray:
    return cells[:, 1][..., list(PARENTS)].sum(axis=(1, 2)) + cells[:, 0, :, LONE_PARENT].sum(axis=1)


def _by_family(cells: np.ndarray) -> None:
    """Families of a Quartier in proportion to its children."""
    children = cells[..., CHILD].sum(axis=(1, 2))
    families = _families(cells)
    wanted = children * families.sum() / max(children.sum(), 1e-12)
    cells[..., list(PARENTS)] *= _ratio(wanted, families)[:, None, None, None]


def _by_mother(cells: np.ndarray, private: np.ndarray, density: np.ndarray) -> None:
    """Adult children of a Quartier in proportion to what the ages of its women suggest."""
    adult = cells[:, :, ADULT:, CHILD].sum(axis=(1, 2))
    by_mother = np.einsum("c,ca->a", cells[:, :, ADULT:, CHILD].sum(axis=(0, 1)), density[ADULT:])
    women = private[:, 1].sum(axis=0)
    expected = private[:, 1] @ np.where(women > 0, by_mother / np.maximum(women, 1), 0.0)
    wanted = expected * adult.sum() / max(expected.sum(), 1e-12)
    cells[:, :, ADULT:, CHILD] *= _ratio(wanted, adult)[:, None, None]


def fit(private: np.ndarray, totals: np.ndarray, density: np.ndarray) -> np.ndarray:
    """Persons (float [quartier, sex, age, arrangement]); rows (Quartier, sex, age) exact, the other margins close."""
    cells = private[..., None] * (totals / np.maximum(private.sum(axis=0), 1)[..., None])[None]
    for _ in range(FIT_ROUNDS):
        _by_mother(cells, private, density)
        _by_family(cells)
        _by_couple(cells)
        now = cells.sum(axis=0)
        cells *= np.where(now > 0, totals / np.where(now > 0, now, 1.0), 0.0)[None]
        sums = cells.sum(axis=-1)
        cells *= np.where(sums > 0, private / np.where(sums > 0, sums, 1.0), 0.0)[..., None]
        empty = (sums <= 0) & (private > 0)
        cells[empty] = 0.0
        cells[..., ALONE][empty] = private[empty]
    return cells


def grown_up_here(town: np.ndarray, share: np.ndarray, pyramid: np.ndarray, rates: RateBook) -> np.ndarray:
    """The table's shares [sex, age, arrangement], with fewer young adults at their parents' where many have moved in.

    Who came for a university or a first job has no parents in town. A town whose share of people of 22 is twice the
    state's, against its share of children, has gained half of them by migration: the table's share living with parents
    holds for the other half. Those freed live alone or with others, in the table's proportion.

    Parameters
    ----------
    town, pyramid : persons [sex, age] of the town and of the state; ``share`` [sex, age, arrangement].
    """
    kernel = np.ones(3) / 3
    smooth = [np.stack([np.convolve(x, kernel, "same") for x in persons.astype(float)]) for persons in (town, pyramid)]
    ratio = smooth[0] / np.maximum(smooth[1][:, : town.shape[1]], 1e-9)
    childhood = slice(int(rates.parameter("grown_up_from_age")), ADULT)
    here = town[:, childhood].sum() / max(pyramid[:, childhood].sum(), 1e-9)
    oldest = int(rates.parameter("grown_up_to_age"))
    excess = np.ones(town.shape)
    if here > 0:
        excess[:, ADULT : oldest + 1] = np.maximum(ratio[:, ADULT : oldest + 1] / here, 1.0)
    adjusted = share.copy()
    adjusted[..., CHILD] /= excess
    freed = share[..., CHILD] - adjusted[..., CHILD]
    free = share[..., [ALONE, OTHER]]
    total = np.maximum(free.sum(axis=-1, keepdims=True), 1e-12)
    adjusted[..., [ALONE, OTHER]] = free + freed[..., None] * free / total
    return adjusted


def arrangements(
    rates: RateBook, figures: Figures, private: np.ndarray, known: dict[str, np.ndarray], mix: FamilyMix
) -> np.ndarray:
    """Persons (i64 [quartier, sex, age, arrangement]) of private households; ``known`` households by type are met."""
    share = grown_up_here(private.sum(axis=0), figures.arrangement, figures.pyramid, rates)
    totals = town_totals(private, share)
    if counted := any(name in known for name in TYPES):
        cells = fit_known(private, totals, known, mix, rates)
    else:
        cells = fit(private, totals, birth_density(rates, private.shape[2]))
    out = np.zeros(cells.shape, np.int64)
    for sex in range(2):
        columns = carry_round(cells[:, sex].sum(axis=0) if counted else totals[sex], private[:, sex].sum(axis=0))
        out[:, sex] = diffuse(cells[:, sex], private[:, sex], columns)
    return out
