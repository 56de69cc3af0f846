"""What has been read of a region before it is checked as a whole and put into its final shape."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from .description import Description
from .textfile import Frame


@dataclass
class Draft:
    """Parsed tables with the lines they came from.

    Attributes
    ----------
    key : the region's short name.
    description : region.toml, its reference date filled in.
    tables : by name; parsed columns, index = line in the file. What was not given is missing.
    files : the file each table came from.
    geometry : the feature collection in canonical order, or None.
    inputs : SHA-256 by file.
    checked_by_importer : the importer has compared totals, bands and sexes of the population itself.
    """

    key: str
    description: Description
    tables: dict[str, Frame]
    files: dict[str, str]
    geometry: dict[str, Any] | None = None
    inputs: dict[str, str] = field(default_factory=dict)
    checked_by_importer: bool = False

    @property
    def reference_date(self) -> date:
        """The day the simulation starts from."""
        assert self.description.reference_date is not None
        return self.description.reference_date

    def start_date(self) -> date | None:
        """The latest date of the population at or before the reference date; None where there is none."""
        population = self.tables.get("population")
        days = (
            []
            if population is None
            else [d for d in set(population["date"]) if d is not None and d <= self.reference_date]
        )
        return max(days, default=None)

    def tolerance(self, cells: int) -> float:
        """By how much sums over so many cells may differ: nothing, unless the figures are rounded."""
        rounding = self.description.rounding
        return 0.0 if rounding == 1 else rounding / 2 * (cells + 1)


def exclusive(population: Frame) -> tuple[Frame, Frame]:
    """Rows that count every resident once, and the rest.

    Where a Quartier has rows both by sex and of both together, the finer age bands count (equally fine: those by sex).
    """
    split = population["sex"] != "t"
    where = [population["quartier_id"], population["date"]]
    bands = population["age_from"].astype(str) + "-" + population["age_to"].astype(str)
    n_total = bands.where(~split).groupby(where).transform("nunique")
    n_split = bands.where(split).groupby(where).transform("nunique")
    counts = (n_split >= n_total) == split
    return population[counts], population[~counts]
