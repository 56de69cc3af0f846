"""Residents of homes and other communal accommodation, taken out before households are made."""

from __future__ import annotations

import numpy as np

from ..rates import RateBook
from ..region.region import Region
from .ages import latest
from .figures import INSTITUTIONS, Figures
from .integers import carry_round, diffuse
from .report import Report

CARE_HOME = "nursing_home"
"""The kind of facility whose places are places of a nursing home."""


def _without_small(expected: np.ndarray, smallest: float) -> np.ndarray:
    """Residents per Quartier, no home smaller than ``smallest``: the larger of the small ones take the rest in."""
    small = np.flatnonzero((expected < smallest) & (expected > 0))
    out = expected.copy()
    out[small] = 0.0
    if homes := int(expected[small].sum() // smallest):
        out[small[np.lexsort((small, -expected[small]))][:homes]] = expected[small].sum() / homes
    elif out.sum() > 0:
        out *= expected.sum() / out.sum()
    elif small.size:
        out[np.argmax(expected)] = expected.sum()
    return out


def _places(region: Region, occupancy: float) -> np.ndarray | None:
    """Residents per Quartier by the places of known nursing homes; None where no such facility is known."""
    index = {str(q): i for i, q in enumerate(region.quartiere["quartier_id"])}
    kinds = zip(
        region.facilities["facility_id"], region.facilities["kind"], region.facilities["quartier_id"], strict=True
    )
    homes = {facility: str(quartier) for facility, kind, quartier in kinds if kind == CARE_HOME}
    places = latest(region.places, region)
    known = [(f, n) for f, n in zip(places["facility_id"], places["places"], strict=True) if f in homes]
    if not known:
        return None
    out = np.zeros(region.n_quartiere)
    for facility, number in known:
        if homes[facility] in index:
            out[index[homes[facility]]] += float(number) * occupancy
    return out


def residents(region: Region, rates: RateBook, figures: Figures, persons: np.ndarray, report: Report) -> np.ndarray:
    """Residents (i64 [quartier, sex, age, kind]); kinds as in `INSTITUTIONS`.

    Expected: share of the population by kind, sex and age (nursing homes: the care statistics, 799,591 in Germany,
    times the state's level). A Quartier's residents are its own very old: the register counts them there. Where homes
    are known their places say how many; else no home is made that is implausibly small.
    """
    n, _, n_ages = persons.shape
    kinds = len(INSTITUTIONS)
    share = np.moveaxis(figures.institution, 0, -1)
    exact = persons[..., None] * share[None]
    limit = persons * 0.9
    for kind in range(kinds):
        expected = exact[..., kind].sum(axis=(1, 2))
        known = _places(region, rates.parameter("nursing_home_occupancy")) if kind == 0 else None
        name = "nursing_home_smallest" if kind == 0 else "other_institution_smallest"
        wanted = known if known is not None else _without_small(expected, rates.parameter(name))
        factor = np.where(expected > 0, wanted / np.where(expected > 0, expected, 1.0), 0.0)
        exact[..., kind] = np.minimum(exact[..., kind] * factor[:, None, None], limit)
        limit = limit - exact[..., kind]
    with_private = np.concatenate((exact, (persons - exact.sum(axis=-1))[..., None]), axis=-1)
    out = np.zeros((n, 2, n_ages, kinds), np.int64)
    for sex in range(2):
        columns = carry_round(with_private[:, sex].sum(axis=0), persons[:, sex].sum(axis=0))
        out[:, sex] = diffuse(with_private[:, sex], persons[:, sex], columns)[..., :kinds]
    for kind, name in enumerate(INSTITUTIONS):
        report.add(
            f"residents {name}", None, float((persons[..., None] * share[None])[..., kind].sum()), out[..., kind].sum()
        )
        report.by_quartier(f"residents {name}", exact[..., kind].sum(axis=(1, 2)), out[..., kind].sum(axis=(1, 2)))
    return out
