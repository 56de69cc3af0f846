"""Residents of homes and other communal accommodation, taken out before households are made."""

from __future__ import annotations

from datetime import date

import numpy as np

from ..rates import RateBook
from ..region.region import Region
from .ages import latest
from .figures import AGES, INSTITUTIONS, Figures
from .integers import carry_round, diffuse
from .report import Report

KINDS = (*INSTITUTIONS, "student_residence")
"""Kinds of institutions, in the order of `columns.Kind` from 1 on; the last only where the region lists it."""


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


def _places(region: Region, kind: str, occupancy: float) -> np.ndarray | None:
    """Residents per Quartier by the places of known facilities of a kind; None where no such facility is known.

    Those that the register does not count have no residents; no more have those that are not open at the start.
    """
    index = {str(q): i for i, q in enumerate(region.quartiere["quartier_id"])}
    start, table = region.reference_date, region.facilities
    counted = table["in_register"] if "in_register" in table else [""] * len(table)
    homes: dict[str, str] = {}
    columns = (table[name] for name in ("facility_id", "kind", "quartier_id", "opens", "closes"))
    for facility, its_kind, quartier, opens, closes, register in zip(*columns, counted, strict=True):
        there = (_none(opens) or opens <= start) and (_none(closes) or closes > start)
        if its_kind == kind:
            homes[facility] = str(quartier) if there and register != "no" else ""
    places = latest(region.places, region)
    known = [(f, n) for f, n in zip(places["facility_id"], places["places"], strict=True) if f in homes]
    if not known:
        return None
    out = np.zeros(region.n_quartiere)
    for facility, number in known:
        if homes[facility] in index:
            out[index[homes[facility]]] += float(number) * occupancy
    return out


def _none(day: object) -> bool:
    return not isinstance(day, date)


def _shares(figures: Figures, rates: RateBook) -> np.ndarray:
    """Share of the population by sex, age and kind [sex, age, kind]; of students the ages that may live in residences."""
    ages = np.arange(AGES)
    fits = (ages >= rates.parameter("student_youngest")) & (ages <= rates.parameter("student_oldest"))
    students = np.broadcast_to(fits, (2, AGES)).astype(float)
    return np.concatenate((np.moveaxis(figures.institution, 0, -1), students[..., None]), axis=-1)


def _wanted(region: Region, rates: RateBook, kind: int, expected: np.ndarray) -> np.ndarray:
    """Residents of a kind per Quartier: by known places, else the country's share, and no student residence unlisted."""
    care = KINDS[kind] == INSTITUTIONS[0]
    occupancy = rates.parameter("nursing_home_occupancy" if care else "special_places_occupancy")
    known = _places(region, KINDS[kind], occupancy)
    if known is not None:
        return known
    if KINDS[kind] not in INSTITUTIONS:
        return np.zeros_like(expected)
    return _without_small(expected, rates.parameter("nursing_home_smallest" if care else "other_institution_smallest"))


def residents(region: Region, rates: RateBook, figures: Figures, persons: np.ndarray, report: Report) -> np.ndarray:
    """Residents (i64 [quartier, sex, age, kind]); kinds as in `KINDS`.

    Expected: share of the population by kind, sex and age (nursing homes: the care statistics, 799,591 in Germany,
    times the state's level). A Quartier's residents are its own very old: the register counts them there. Where homes
    are known their places say how many; else no home is made that is implausibly small. Residents of known facilities are at
    most nine tenths of their Quartier's people of each age.
    """
    n, _, n_ages = persons.shape
    kinds = len(KINDS)
    exact = persons[..., None] * _shares(figures, rates)[None]
    limit = persons * 0.9
    asked = np.zeros((n, kinds))
    for kind in range(kinds):
        expected = exact[..., kind].sum(axis=(1, 2))
        asked[:, kind] = _wanted(region, rates, kind, expected)
        factor = np.where(expected > 0, asked[:, kind] / np.where(expected > 0, expected, 1.0), 0.0)
        exact[..., kind] = np.minimum(exact[..., kind] * factor[:, None, None], limit)
        limit = limit - exact[..., kind]
    with_private = np.concatenate((exact, (persons - exact.sum(axis=-1))[..., None]), axis=-1)
    out = np.zeros((n, 2, n_ages, kinds), np.int64)
    for sex in range(2):
        columns = carry_round(with_private[:, sex].sum(axis=0), persons[:, sex].sum(axis=0))
        out[:, sex] = diffuse(with_private[:, sex], persons[:, sex], columns)[..., :kinds]
    for kind, name in enumerate(KINDS):
        of_kind = exact[..., kind]
        if name in INSTITUTIONS or of_kind.any():
            report.add(f"residents {name}", None, float(asked[:, kind].sum()), out[..., kind].sum())
            report.by_quartier(f"residents {name}", of_kind.sum(axis=(1, 2)), out[..., kind].sum(axis=(1, 2)))
    return out
