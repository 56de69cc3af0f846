"""The recorder: looks at the town after every step and counts it into preallocated tables.

Quarterly tables cost one compiled pass over a few narrow columns; yearly tables a second one. Neither changes the town.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from ..model.care_places_needed import Wishes
from ..model.housing_counts import barrier_counts, dwelling_counts, household_counts, housing_counts
from ..model.kin_counts import kin_counts
from ..model.processes.care_staffing import covered
from ..model.timeline import STEPS_PER_YEAR, is_year_end
from .care_recorder import record_care, record_places, record_places_needed, record_staff
from .counting import count_by_age, count_states, count_types_and_sizes
from .labels import run_sizes, year_ends
from .schema import CHILDCARE_BANDS, DIMENSION, INDICATORS, TABLES

if TYPE_CHECKING:
    from ..model.model import QuartierModel

_INDICATOR: Final = {indicator.id: i for i, indicator in enumerate(INDICATORS)}
_SERVICE: Final = {name: i for i, name in enumerate(DIMENSION["service"].ids)}
_MEASURE: Final = {name: i for i, name in enumerate(DIMENSION["measure"].ids)}


def childcare(model: QuartierModel) -> dict[str, np.ndarray]:
    """Children, need, attendance, waiting and places (i64 [quartiere, 2]: under 3, three to school)."""
    from ..model.processes.childcare import childcare_counts

    return childcare_counts(model)


class Recorder:
    """Fills the tables of one (scenario, replicate) while the model runs.

    Parameters
    ----------
    model : the town at its start; the start is the first date of the tables.
    until : last absolute quarter that will be observed.
    saved : what another recorder had seen (`save`) of the life that the model goes on with.

    Examples
    --------
    >>> recorder = record(model, until=8171)  # doctest: +SKIP
    >>> model.run(until=8171)  # doctest: +SKIP
    >>> recorder.tables()["population"].sum()  # doctest: +SKIP
    """

    def __init__(self, model: QuartierModel, until: int, saved: Mapping[str, np.ndarray] | None = None) -> None:
        self._until = until
        self._start = model.now if saved is None else model.start_step
        self._observed = 0 if saved is None else int(saved["observed"])
        sizes = run_sizes(self._start, until, model.n_quartiere)
        self._tables = {t.name: np.zeros(t.shape(sizes), t.dtype) for t in TABLES}
        if saved is not None:
            for name, table in self._tables.items():
                table[:] = saved[name]
        self._rates, self._staff, self._wishes = model.rates, covered(model), Wishes()
        if saved is not None:
            self._wishes.restore(saved)
        self._first_year = (year_ends(self._start, until) or [0])[0]

    def observe(self, model: QuartierModel) -> None:
        """Count the town as it is now; call once at the start and after every step (as an observer)."""
        t = model.now - self._start
        if t != self._observed or model.now > self._until:
            raise RuntimeError(f"step {model.now} observed out of turn; expected {self._start + self._observed}")
        self._quarterly(model, t)
        if is_year_end(model.now):
            self._yearly(model, model.now // STEPS_PER_YEAR - self._first_year)
        self._observed += 1

    def tables(self) -> dict[str, np.ndarray]:
        """All tables by name (int32), once every step has been observed.

        Raises
        ------
        RuntimeError : steps are missing.
        """
        expected = self._until - self._start + 1
        if self._observed != expected:
            raise RuntimeError(f"only {self._observed} of {expected} steps were observed")
        record_places_needed(self._wishes, self._tables["places_needed"], self._first_year, self._start)
        record_staff(self._rates, self._tables, self._first_year, self._start, self._staff)
        return self._tables

    def save(self) -> dict[str, np.ndarray]:
        """What has been seen so far: copies of all tables, and ``observed``, the number of dates seen."""
        seen = {name: table.copy() for name, table in self._tables.items()} | {"observed": np.array(self._observed)}
        return seen | self._wishes.save()

    def _quarterly(self, model: QuartierModel, t: int) -> None:
        indicators = self._tables["indicators"][t]
        homes = household_counts(model)
        states, wanting = count_states(model)
        shown = states | {name: homes[name] for name in ("persons", "households")}
        for name, values in shown.items():
            indicators[:, _INDICATOR[name]] = values
        self._childcare(model, t)
        self._housing(housing_counts(model, homes), t)
        record_care(model, self._tables, t)
        self._wishes.look(model, wanting)
        if t > 0:  # at the start nothing has happened yet
            for e, name in enumerate(DIMENSION["event"].ids):
                self._tables["events"][t, :, e] = model.events[str(name)]

    def _childcare(self, model: QuartierModel, t: int) -> None:
        counts = childcare(model)
        served = counts["attending"] + counts["attending_outside"]
        shown = {
            "children": counts["children"],
            "need": counts["need"],
            "attending": served,
            "waiting": counts["waiting"],
            "places": counts["places"],
        }
        measures = {
            "need": counts["need"],
            "served": served,
            "waiting": counts["waiting"],
            "unserved": np.maximum(counts["need"] - served, 0),
            "places": counts["places"],
            "operable": counts["operable"],
        }
        for b, band in enumerate(CHILDCARE_BANDS):
            for name, values in shown.items():
                self._tables["indicators"][t, :, _INDICATOR[f"childcare_{name}_{band}"]] = values[:, b]
            for name, values in measures.items():
                self._tables["services"][t, :, _SERVICE[f"childcare_{band}"], _MEASURE[name]] = values[:, b]

    def _housing(self, counts: dict[str, np.ndarray], t: int) -> None:
        shown = {
            "dwellings": counts["dwellings"],
            "dwellings_vacant": counts["vacant"],
            "dwellings_needed": counts["needed"],
            "households_waiting": counts["waiting"],
        }
        for name, values in shown.items():
            self._tables["indicators"][t, :, _INDICATOR[name]] = values
        measures = {
            "need": counts["needed"],
            "served": counts["dwellings"] - counts["vacant"],
            "waiting": counts["waiting"],
            "unserved": counts["waiting"],
            "places": counts["dwellings"],
            "operable": counts["dwellings"],
        }
        for name, values in measures.items():
            self._tables["services"][t, :, _SERVICE["housing"], _MEASURE[name]] = values

    def _yearly(self, model: QuartierModel, y: int) -> None:
        tables = self._tables
        tables["population"][y], tables["care"][y], tables["disability"][y] = count_by_age(model)
        tables["kin"][y] = kin_counts(model)
        record_places(model, tables["care_places"][y])
        tables["households"][y], tables["household_size"][y] = count_types_and_sizes(model)
        tables["dwellings"][y] = dwelling_counts(model)
        tables["barrier_free"][y] = barrier_counts(model)


def record(model: QuartierModel, until: int, saved: Mapping[str, np.ndarray] | None = None) -> Recorder:
    """Make a recorder, let it observe the start and every step to come; or go on with what another one had seen."""
    recorder = Recorder(model, until, saved)
    if saved is None:
        recorder.observe(model)
    model.observers.append(recorder.observe)
    return recorder
