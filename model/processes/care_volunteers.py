"""Volunteers who visit people in need, where somebody organises them: facilities of the kind `volunteer_network`.

A network has members (its places) and a coordinator; every member gives an hour a week to people of the network's
Quartier: first to those whom no relative helps, then to those with most of their need unmet, by lottery among equals
(model-care.md 3.3). Formal need is not lowered by them: no effect was found (evidence C), a range may be tried.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from ..facility_places import closed_early, opening
from ..luck import Decision
from ..timeline import step_of
from .care_carers import Cases
from .care_kin_hours import Hours

if TYPE_CHECKING:
    from ..model import QuartierModel

KIND: Final = "volunteer_network"
MAJORITY: Final = "age_of_majority"


class Networks:
    """The volunteer networks of a region, in the order of their ids: ``quartier`` u16, members by step."""

    def __init__(self, model: QuartierModel) -> None:
        table = model.region.facilities
        frame = table.loc[(table["kind"] == KIND).to_numpy(bool)].sort_values("facility_id")
        index = {q.quartier_id: q.index for q in model.quartiere}
        self.ids = frame["facility_id"].astype(str).tolist()
        self.quartier = np.array([index[q] for q in frame["quartier_id"]], np.int64)
        self.opening = closed_early(opening(frame), self.ids, model.measures)
        self._usual = _usual_members(model)[self.quartier]
        places = model.region.places
        places = places.loc[places["facility_id"].isin(self.ids).to_numpy(bool)]
        since = [step_of(day.date()) for day in pd.to_datetime(places["date"])]
        numbers = zip(since, places["facility_id"], places["places"], strict=True)
        self._listed = sorted((when, self.ids.index(str(i)), float(n)) for when, i, n in numbers)

    def members(self, step: int) -> np.ndarray:
        """Members (f64 per network): as listed, the earliest figure from the beginning; else a usual share of adults."""
        out, known = self._usual.copy(), np.zeros(len(self.ids), bool)
        for since, i, n in self._listed:
            if since <= step or not known[i]:
                out[i], known[i] = n, True
        return np.where(self.opening.open_at(step), out, 0.0)


def _usual_members(model: QuartierModel) -> np.ndarray:
    """Members (f64 per Quartier) where a network lists none: a share of the adults at the start."""
    p, r = model.people, model.rates
    adults = (p.present == 1) & (p.birth <= model.start_step - 4 * int(r.parameter(MAJORITY)))
    count = np.bincount(p.quartier[adults], minlength=model.n_quartiere)
    return np.floor(count * r.parameter("care_volunteers_of_adults"))


def visit(model: QuartierModel, cases: Cases, at_home: np.ndarray, given: Hours) -> None:
    """Give the hours of volunteers to people in need at home: writes them and what stays unmet into ``given``."""
    if "care_networks" not in model.side:
        model.side["care_networks"] = Networks(model)
    networks: Networks = model.side["care_networks"]
    if not networks.ids:
        return
    r, p = model.rates, model.people
    hours = networks.members(model.now) * r.parameter("care_volunteer_hours")
    offered = np.bincount(networks.quartier, hours, minlength=model.n_quartiere)
    where = p.quartier[cases.rows]
    asks = np.flatnonzero(at_home & (given.unmet > 0) & (offered[where] > 0))
    lottery = model.luck.uniform(Decision.VOLUNTEER_LOTTERY, model.now, p.key[cases.rows[asks]])
    alone, unmet = given.helpers[asks] == 0, given.unmet[asks] / given.need[asks]
    order = asks[np.lexsort((p.key[cases.rows[asks]], lottery, -unmet.round(6), ~alone, where[asks]))]
    wanted = np.minimum(given.unmet[order], r.parameter("care_volunteer_hours_per_person"))
    begin = np.searchsorted(where[order], np.arange(model.n_quartiere))
    before = np.concatenate(([0.0], np.cumsum(wanted)))
    used = before[:-1] - before[begin[where[order]]]
    given.volunteers[order] = np.clip(offered[where[order]] - used, 0.0, wanted)
    given.unmet[order] -= given.volunteers[order]
    replaced = np.minimum(
        r.parameter("care_volunteers_replace_service") * given.volunteers[order], given.service[order]
    )
    given.service[order] -= replaced
    given.unmet[order] += replaced
