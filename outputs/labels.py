"""The labels of one run: scenarios, replicates, dates and Quartiere, in the order of the arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from ..model.timeline import is_year_end, last_day, year_of

if TYPE_CHECKING:
    from ..model.region.region import Region


@dataclass(frozen=True)
class Labels:
    """What the axes of the results mean.

    Attributes
    ----------
    scenarios, titles : key and readable title of every scenario.
    replicates : how many replicates there are, numbered from 0.
    start_step, until : first and last absolute quarter, both included.
    quartiere, quartier_names : id (text) and name, in the order of the region.
    """

    scenarios: tuple[str, ...]
    titles: tuple[str, ...]
    replicates: int
    start_step: int
    until: int
    quartiere: tuple[str, ...]
    quartier_names: tuple[str, ...]

    @classmethod
    def of(cls, region: Region, scenarios: Mapping[str, str], replicates: int, start_step: int, until: int) -> Labels:
        """Labels of a run of ``region``; ``scenarios`` maps key to title, in the order wanted."""
        q = region.quartiere
        return cls(
            tuple(scenarios),
            tuple(scenarios.values()),
            replicates,
            start_step,
            until,
            tuple(map(str, q["quartier_id"])),
            tuple(map(str, q["name"])),
        )

    @property
    def dates(self) -> list[date]:
        """Last day of every step."""
        return [last_day(s) for s in range(self.start_step, self.until + 1)]

    @property
    def years(self) -> list[int]:
        """Every year whose end lies within the run, the start included."""
        return year_ends(self.start_step, self.until)

    def sizes(self) -> dict[str, int]:
        """Lengths of the run's own dimensions."""
        return run_sizes(self.start_step, self.until, len(self.quartiere)) | {
            "scenario": len(self.scenarios),
            "replicate": self.replicates,
        }


def year_ends(start_step: int, until: int) -> list[int]:
    """Years whose 31 December lies within the steps, both ends included.

    >>> year_ends(8091, 8096)
    [2022, 2023]
    """
    return [year_of(s) for s in range(start_step, until + 1) if is_year_end(s)]


def run_sizes(start_step: int, until: int, quartiere: int) -> dict[str, int]:
    """Lengths of time, year and quartier."""
    return {"time": until - start_step + 1, "year": len(year_ends(start_step, until)), "quartier": quartiere}
