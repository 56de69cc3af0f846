"""Services of care, hours by giver and carers: from the side table that the processes of care fill in every step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from ..model.care_places_needed import Wishes, places_needed
from ..model.care_staff import MEASURES as STAFF
from ..model.care_staff import balance
from ..model.measures import CARE_KINDS
from ..model.processes.care_carer_states import ENDS, TIES, Counts
from ..model.processes.care_counts import CARER_AGE_STARTS, MEASURES
from ..model.processes.care_giving import GIVERS
from ..model.processes.care_origin import place_counts
from ..model.timeline import STEPS_PER_YEAR
from .schema import AGE_BIN_STARTS, DIMENSION, MAY_WAIT
from .schema import CARER_AGE_STARTS as SHOWN_AGE_STARTS

if TYPE_CHECKING:
    from ..model.model import QuartierModel
    from ..model.rates import RateBook

_SERVICES: Final = [DIMENSION["service"].ids.index(kind) for kind in CARE_KINDS]

_OF_THE_MODEL = {"measure": MEASURES, "staff": STAFF, "giver": GIVERS, "care_end": ENDS}
if any(DIMENSION[name].ids != list(ids) for name, ids in _OF_THE_MODEL.items()) or SHOWN_AGE_STARTS != CARER_AGE_STARTS:
    raise AssertionError("labels of measures, staff, givers, ends of care and carers' ages must follow the model's")
if DIMENSION["help"].ids[: len(TIES)] != list(TIES):
    raise AssertionError("labels of who helps must begin with the model's ties")


def record_care(model: QuartierModel, tables: dict[str, np.ndarray], t: int) -> None:
    """Copy one step's results into the tables; without the processes of care they stay 0."""
    result = model.side.get("care_result")
    if result is None or "counts" not in result:
        return
    tables["services"][t][:, _SERVICES] = np.moveaxis(result["counts"], 2, 0)
    tables["care_hours"][t] = np.rint(result["hours"].T)
    counts: Counts = result["carers"]
    tables["carers"][t] = counts.carers
    tables["care_strain"][t] = np.concatenate((counts.main, counts.bands, counts.short, counts.work), axis=1)
    tables["care_help"][t] = np.concatenate((counts.ties, counts.away, counts.other, counts.homes), axis=1)
    tables["care_ended"][t] = counts.ended


def record_places(model: QuartierModel, table: np.ndarray) -> None:
    """Fill one year of ``care_places``: who lives in the own Quartier still, and entries by distance."""
    if (places := place_counts(model)) is not None:
        table[:] = places


def record_places_needed(wishes: Wishes, table: np.ndarray, first_year: int, start: int) -> None:
    """Fill ``table`` [year, may_wait]: places with which at most a share of the year's seekers wait over one quarter.

    The year of the start has none: its wishes have begun before.
    """
    begin, end = wishes.spells()
    for y in range(table.shape[0]):
        first = STEPS_PER_YEAR * (first_year + y)
        if first > start:
            table[y] = [places_needed(begin, end, first, first + 3, percent / 100) for percent in MAY_WAIT]


def record_staff(
    rates: RateBook, tables: dict[str, np.ndarray], first_year: int, start: int, covered: Sequence[float]
) -> None:
    """Fill ``care_staff`` from need and population at the ends of the years; ``covered``: share of the first need with staff."""
    years = tables["care_staff"].shape[0]
    if years == 0:
        return
    ends = STEPS_PER_YEAR * (first_year + np.arange(years)) + STEPS_PER_YEAR - 1 - start
    need = tables["services"][ends][:, :, :, MEASURES.index("need")].sum(axis=1).astype(float)
    ages = np.array(AGE_BIN_STARTS)
    young = tables["population"][..., (ages >= 18) & (ages < 35)].sum(axis=(1, 2, 3)).astype(float)
    homes, services = (need[:, DIMENSION["service"].ids.index(kind)] for kind in ("nursing_home", "ambulatory"))
    tables["care_staff"][:] = np.rint(balance(rates, homes, services, young, covered))
