"""Net migration from register stocks: how the cohorts of a Quartier changed beyond births and deaths.

Two register years by age tell who came or went: survivors of the first against residents of the second. An area's level of
net migration hardly persists, its age profile does, and both are noisy where numbers are small, so they are shrunken
towards the town before they are used (model-demography.md 9, chosen on Berlin 2010-2020).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from . import registers
from .pyramid import death_hazards_of, pyramid_of_year
from .rates import RateBook
from .region.region import Region
from .region.textfile import Frame
from .synthesis.ages import latest, margins, spread
from .thresholds import AGES

EDGES: Final = np.array([0, 5, 10, 15, 18, 21, 25, *range(30, 90, 5)])
"""First ages, at the end of the span, of the groups that cohorts are told apart by; the last is open."""
GROUPS: Final = EDGES.size
FREE_AGES: Final = 75
"""From this age on flows are not told apart from the error of mortality and entries into homes: the group below counts."""
YEARS_OF_A_SPAN: Final = 5
"""The rates' variance per head is given for so many years."""


@dataclass(frozen=True)
class CohortChange:
    """What two register years say of migration.

    Attributes
    ----------
    first, last : the two reference dates. years : between them.
    survivors, residents : float64 [quartier, sex, age] at ``last``; expected without migration, and registered.
    """

    first: date
    last: date
    survivors: np.ndarray
    residents: np.ndarray

    @property
    def years(self) -> int:
        """Length of the span."""
        return self.last.year - self.first.year

    @property
    def net(self) -> np.ndarray:
        """Arrivals less departures over the span, [quartier, sex, age at its end]; nobody loses more than nine tenths."""
        return np.maximum(self.residents - self.survivors, -0.9 * self.survivors)

    def by_group(self) -> tuple[np.ndarray, np.ndarray]:
        """Net and survivors, float64 [quartier, group], both sexes."""
        net, survivors = (np.add.reduceat(x.sum(axis=1), EDGES, axis=1) for x in (self.net, self.survivors))
        return net, survivors


def cohort_change(
    region: Region, rates: RateBook, level: np.ndarray | None = None, apart: np.ndarray | None = None
) -> CohortChange | None:
    """Cohort change over the span nearest to five years that ends at the region's start; None without two usable years.

    Parameters
    ----------
    level : the town's mortality against the table, by sex; 1 where not known.
    apart : residents of special places [quartier, sex, age], taken out of both years: their turnover is not the Quartier's.
    """
    days = usable_days(region, rates)
    if not days or days[-1] != region.start_date:
        return None
    last, least, wanted = days[-1], rates.parameter("cohort_change_years"), rates.parameter("net_migration_years")
    spans = [day for day in days if last.year - day.year >= least]
    if not spans:
        return None
    first = min(spans, key=lambda day: (abs(last.year - day.year - wanted), day))
    before, after = stock(region, rates, first), stock(region, rates, last)
    if apart is not None:
        before, after = np.maximum(before - apart, 0.0), np.maximum(after - apart, 0.0)
    factor = np.ones(2) if level is None else level
    return CohortChange(first, last, _survivors(region, rates, before, after, first.year, last.year, factor), after)


def usable_days(region: Region, rates: RateBook) -> list[date]:
    """Ends of years up to the reference date whose age bands are fine enough to follow cohorts, oldest first."""
    population: Frame = region.population
    widest = rates.parameter("cohort_change_widest_band")
    share = rates.parameter("cohort_change_share_of_quartiere")
    days = []
    for day, rows in population.groupby("date"):
        first, last = rows["age_from"].to_numpy(), rows["age_to"].to_numpy()
        movers = first < 65
        fine = (last[movers] >= 0).all() and (last[movers] - first[movers] < widest).all()
        whole = rows["quartier_id"].nunique() >= share * region.n_quartiere
        if (
            fine
            and whole
            and isinstance(day, date)
            and day <= region.reference_date
            and (day.month, day.day) == (12, 31)
        ):
            days.append(day)
    return sorted(days)


def stock(region: Region, rates: RateBook, day: date) -> np.ndarray:
    """Residents at a reference date by single age, float64 [quartier, sex, age]: the bands, refined by the pyramid's shape."""
    quartier_of = {str(q): i for i, q in enumerate(region.quartiere["quartier_id"])}
    n, passes = region.n_quartiere, int(rates.parameter("spread_passes"))
    shape = pyramid_of_year(rates, region.state, day.year)
    town = latest(region.pyramid, region)
    if len(town):
        shape = spread(shape, margins(town, {"": 0}, 1), passes, 1)[0]
    tables: tuple[Frame, Frame] = (region.population, region.age_margins)
    bands = [margins(t[t["date"] == day], quartier_of, n) for t in tables]
    cells = spread(shape, bands[0] + bands[1], passes, n)
    counted = np.any([m.group >= 0 for m in bands[0]], axis=0)
    return np.concatenate((np.where(counted, cells, 0.0), np.zeros((n, 2, AGES - cells.shape[2]))), axis=2)


def _survivors(
    region: Region, rates: RateBook, before: np.ndarray, after: np.ndarray, first: int, last: int, level: np.ndarray
) -> np.ndarray:
    years, n_ages = last - first, before.shape[2]
    hazard = [death_hazards_of(rates, year, level) for year in range(first + 1, last + 1)]
    alive = before
    for h in hazard:  # from a birthday's middle to the next: half a year at each of the two ages
        stay = np.exp(-(h + np.concatenate((h[:, 1:], h[:, -1:]), axis=1)) / 2)
        alive = np.concatenate((np.zeros((*alive.shape[:2], 1)), (alive * stay)[:, :, :-1]), axis=2)
    assert alive.shape[2] == n_ages
    alive[:, :, :years] = _young_survivors(region, rates, before, after, first, last, hazard)
    return alive


def _young_survivors(
    region: Region, rates: RateBook, before: np.ndarray, after: np.ndarray, first: int, last: int,
    hazard: list[np.ndarray],
) -> np.ndarray:  # fmt: skip
    """Children born in the span who are expected to live, [quartier, sex, age below the span].

    From the registered births where every year has them, by Quartier or else as women of 20 to 39 are spread; without
    births the town's children per woman, so that the town as a whole shows no migration of them.
    """
    years, boys = last - first, rates.parameter("share_of_boys")
    sexes = np.array([boys, 1 - boys])
    found = registers.registered(region, "birth", range(first + 1, last + 1))
    women = (before + after)[:, 1, 20:40].sum(axis=1)
    place = np.divide(women, women.sum(), out=np.zeros_like(women), where=women.sum() > 0)
    if found is None or len(found.years) < years:
        return place[:, None, None] * after[:, :, :years].sum(axis=0)
    if found.quartiere is not None and found.quartier_years == years:
        place = found.quartiere / max(found.quartiere.sum(), 1e-9)
    out = np.zeros((before.shape[0], 2, years))
    for age in range(years):
        stay = np.exp(-0.5 * hazard[-1 - age][:, 0])
        for older in range(age):
            stay = stay * np.exp(-hazard[older - age][:, older])
        out[:, :, age] = place[:, None] * found.by_year[last - age] * sexes * stay
    return out


@dataclass(frozen=True)
class NetRates:
    """Net migration per survivor over the span, from `cohort_change`, shrunken.

    Attributes
    ----------
    town : float64 [group], the town's mean. level : float64 [quartier], deviation of all ages together.
    profile : float64 [quartier, group], deviation of an age beyond the level; zero over a Quartier's ages together.
    """

    town: np.ndarray
    level: np.ndarray
    profile: np.ndarray

    def forecast(self, rates: RateBook, town: np.ndarray | None = None) -> np.ndarray:
        """Rates expected over the next span of the same length, float64 [quartier, group].

        Parameters
        ----------
        town : the town's mean by group in that span; the past one where not given.
        """
        keep_level, keep_profile = rates.parameter("level_persistence"), rates.parameter("profile_persistence")
        mean = self.town if town is None else town
        return mean + keep_level * self.level[:, None] + keep_profile * self.profile


def net_rates(change: CohortChange, rates: RateBook) -> NetRates:
    """Town mean, level and profile of the Quartiere, shrunken by how much of their spread is chance.

    Quartiere whose number of residents changed by more than `cohort_change_event` a year (a building was opened or
    emptied) tell nothing about others and keep the town's mean.
    """
    net, survivors = change.by_group()
    total = survivors.sum(axis=1)
    growth = np.abs(net.sum(axis=1)) / np.maximum(total, 1.0) / change.years
    usual = (growth <= rates.parameter("cohort_change_event")) & (total > 0)
    noise = rates.parameter("net_migration_variance") * change.years / YEARS_OF_A_SPAN
    n, e = net[usual], survivors[usual]
    town = _ratio(n.sum(axis=0), e.sum(axis=0))
    town[EDGES >= FREE_AGES] = town[np.searchsorted(EDGES, FREE_AGES) - 1]
    level, profile = np.zeros(len(net)), np.zeros_like(net)
    gap = n - e * _ratio(n.sum(axis=0), e.sum(axis=0))
    own = _ratio(gap.sum(axis=1), e.sum(axis=1))
    level[usual] = _shrunken(own[:, None], e.sum(axis=1)[:, None], noise)[:, 0]
    profile[usual] = _shrunken(_ratio(gap, e) - own[:, None], e, noise)
    profile[:, EDGES >= FREE_AGES] = 0.0
    profile -= _ratio((survivors * profile).sum(axis=1), total)[:, None] * usual[:, None]
    return NetRates(town, level, profile)


def _shrunken(deviation: np.ndarray, heads: np.ndarray, noise: float) -> np.ndarray:
    """Deviations [quartier, group] drawn to zero: true variance by moments, chance by ``noise`` per head."""
    mean_noise = noise * _ratio((heads > 0).sum(axis=0).astype(float), heads.sum(axis=0))
    spread_of = _ratio((heads * deviation**2).sum(axis=0), heads.sum(axis=0))
    true = np.maximum(spread_of - mean_noise, 0.0)
    return deviation * _ratio(true * heads, true * heads + noise)


def _ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.divide(a, b, out=np.zeros(np.broadcast_shapes(a.shape, b.shape)), where=b > 0)
