"""The town: a Mesa model whose people are columns and whose step is a visible tuple of processes."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Any, Final

import mesa
import numpy as np

from . import households as verbs
from .agents import Quartier
from .asking import Audit
from .columns import dwelling_table, household_table, people_table
from .facilities import Facilities
from .invariants import check
from .luck import Domain, Luck, derive_keys, text_key
from .measures import Measure
from .process import Process
from .processes import STEP
from .processes.repair import start_repair
from .rates import RateBook
from .region.region import Region
from .shortlist import Shortlists
from .start import Start
from .tables import NONE, Table
from .timeline import STEPS_PER_YEAR, is_year_end

EVENTS: Final = (
    "births",
    "deaths",
    "unions",
    "marriages",
    "separations",
    "leaving_home",
    "returning_home",
    "in_migration_germany",
    "in_migration_abroad",
    "out_migration_germany",
    "out_migration_abroad",
    "moves_in",
    "moves_out",
    "orphans",
    "unserved_seekers",
    "unserved_arrived",
    "unserved_new_household",
    "unserved_separated",
    "unserved_space",
    "unserved_barrier",
    "unserved_other",
    "care_onset",
    "entries_into_residential_care",
    "entries_in_own_quartier",
    "entries_into_shared_flats",
    "left_for_home_outside",
    "admitted_from_outside",
    "in_migration_surroundings",
    "out_migration_surroundings",
    "children_in_shared_residence",
)
"""What is counted per Quartier in every step."""


class QuartierModel(mesa.Model):
    """One replicate of one scenario of a town.

    Parameters
    ----------
    region : the town as read from its folder.
    rates : rates and parameters, with the scenario's modifiers already laid over them.
    start : the synthetic population.
    seed, replicate : together they name the luck.
    measures : dated measures.
    processes : the step; leave some out to study the others.
    check_each_step : whether all invariants are checked after every step.

    Examples
    --------
    >>> model = QuartierModel(region, rates, start, seed=1)  # doctest: +SKIP
    >>> model.run(until=8171)  # doctest: +SKIP
    """

    def __init__(
        self,
        region: Region,
        rates: RateBook,
        start: Start,
        *,
        seed: int = 1,
        replicate: int = 0,
        measures: Sequence[Measure] = (),
        processes: Sequence[Process] = STEP,
        check_each_step: bool = False,
    ) -> None:
        super().__init__()
        self.region, self.rates, self.measures = region, rates, tuple(measures)
        self.luck = Luck(seed, replicate)
        self.processes, self.check_each_step = tuple(processes), check_each_step
        self.now = start.step
        self.start_step = start.step
        self.observers: list[Callable[[QuartierModel], None]] = []
        self.side: dict[str, Any] = {}
        self.audit: Audit | None = None
        self.shortlists = Shortlists()
        self.united: tuple[int, list[np.ndarray]] = (-1, [])
        self._fill(start)
        columns = (region.quartiere[name].tolist() for name in ("quartier_id", "name", "lon", "lat"))
        self.quartiere = [Quartier(self, i, *values) for i, values in enumerate(zip(*columns, strict=True))]
        self.quartier_keys = derive_keys(
            Domain.QUARTIER, np.array([text_key(f"{region.ags}/{q.quartier_id}") for q in self.quartiere], np.uint64)
        )
        self.events = {kind: np.zeros(region.n_quartiere, np.int64) for kind in EVENTS}
        self.facilities = Facilities(self)
        self.side["repair"] = start_repair(self)
        for process in self.processes:
            if process.start is not None:
                process.start(self)

    def _fill(self, start: Start) -> None:
        def filled(table: Table, columns: dict[str, np.ndarray]) -> Table:
            table.append(len(next(iter(columns.values()))), **columns)
            return table

        n, n_households, n_dwellings = (
            len(next(iter(c.values()))) for c in (start.people, start.households, start.dwellings)
        )
        self.people = filled(people_table(n + n // 4), start.people)
        self.households = filled(household_table(n_households + n_households // 8), start.households)
        self.dwellings = filled(dwelling_table(n_dwellings + n_dwellings // 16), start.dwellings)
        self.next_id = int(self.people.id.max(initial=-1)) + 1
        self.row_of_id = np.full(self.next_id + self.next_id // 2 + 16, NONE, np.int32)
        self.row_of_id[self.people.id] = np.arange(n, dtype=np.int32)
        partner = self.rows_of(self.people.partner)
        coupled = np.flatnonzero(partner >= 0)
        verbs.name_leaders(self.people, coupled, partner[coupled])
        empty = (self.households.size == 0) & (self.households.kind == 0)
        self.empty_households = array("i", np.flatnonzero(empty).astype(np.int32).tobytes())
        verbs.chain_members(self)

    @property
    def n_quartiere(self) -> int:
        """Number of Quartiere."""
        return self.region.n_quartiere

    def step(self) -> None:
        """Advance by one calendar quarter."""
        self.now += 1
        for counts in self.events.values():
            counts[:] = 0
        for process in self.processes:
            process.step(self)
        if is_year_end(self.now) and verbs.many_gone(self):
            verbs.compact(self)
        if self.check_each_step:
            check(self)
        for observe in self.observers:
            observe(self)

    def run(self, until: int) -> None:
        """Step until the absolute quarter ``until`` has been simulated."""
        while self.now < until:
            self.step()

    def has(self, process: str) -> bool:
        """Whether a process of that name is part of the step."""
        return any(p.name == process for p in self.processes)

    def ages(self, rows: np.ndarray | None = None) -> np.ndarray:
        """Completed years (i64) of all people, or of some rows."""
        birth = self.people.birth if rows is None else self.people.birth[rows]
        return (self.now - birth.astype(np.int64)) // 4

    @property
    def latest_adult_birth(self) -> int:
        """Quarter of birth of the youngest who are of age now."""
        return self.now - STEPS_PER_YEAR * int(self.rates.parameter("age_of_majority"))

    def rows_of(self, ids: np.ndarray) -> np.ndarray:
        """Rows (i32) of ids; -1 for nobody, for the dead and for those who left the town."""
        rows = np.where(ids >= 0, self.row_of_id[np.maximum(ids, 0)], NONE)
        return np.where((rows >= 0) & (self.people.present[np.maximum(rows, 0)] == 1), rows, NONE).astype(np.int32)

    def count(self, kind: str, quartiere: np.ndarray) -> None:
        """Count events of this step by the Quartier (one entry per event)."""
        self.events[kind] += np.bincount(quartiere, minlength=self.n_quartiere)

    def plan(self) -> str:
        """The step as a readable table: process, reads, writes, rates."""
        rows = [(p.name, ", ".join(p.reads), ", ".join(p.writes), ", ".join(p.rates)) for p in self.processes]
        return "\n".join(" | ".join(row) for row in [("process", "reads", "writes", "rates"), *rows])
