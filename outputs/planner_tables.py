"""The tables a planner pastes into a report, as plain columns: the workbook writes them, nothing here knows Excel.

Rows are scenario x area x year, the whole town first. Town figures are computed from unrounded numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from .care_tables import care_givers, care_help, care_services, care_staff
from .rounding import Rounding, round_people, round_whole
from .schema import AGE_BIN_STARTS, DIMENSION, EVENT_BASIS, INDICATOR, INDICATORS, RATES, TABLE
from .spread import Spread, indicator_spread, replicates_of
from .store import label_text
from .texts import translator

if TYPE_CHECKING:
    import xarray as xr

Style = Literal["text", "year", "count", "decimal", "percent"]

PLANNING_AGES: Final = (
    (0, 1, "0"),
    (1, 2, "1"),
    (2, 3, "2"),
    (3, 6.5, "3–<6,5"),
    (6.5, 10.5, "6,5–<10,5"),
    (10.5, 16, "10,5–15"),
    (16, 18, "16–17"),
    (18, 30, "18–29"),
    (30, 50, "30–49"),
    (50, 65, "50–64"),
    (65, 80, "65–79"),
    (80, 90, "80–89"),
    (90, 999, "90+"),
)
"""Age groups of municipal planning: lower end, upper end (excluded), text."""

SUPPRESSED: Final = "x"
"""Table sign of DIN 55301: a value that would have no meaning."""


@dataclass(frozen=True)
class SheetColumn:
    """One column: texts, or numbers (f64, NaN = suppressed)."""

    header: str
    values: np.ndarray
    style: Style = "count"
    estimated: bool = False


@dataclass(frozen=True)
class SheetTable:
    """One table of a report with its title and the notes below the title."""

    name: str
    title: str
    columns: list[SheetColumn]
    notes: list[str] = field(default_factory=list)


class PlannerTables:
    """Reads results once and builds the tables from them.

    Parameters
    ----------
    results : the open store.
    estimated : what the region does not give.
    language, rounding : of everything shown.
    """

    def __init__(
        self, results: xr.Dataset, estimated: frozenset[str], language: str = "de", rounding: Rounding = "five"
    ) -> None:
        self.results, self.estimated, self.language = results, estimated, language
        self.rounding: Rounding = rounding
        self._ = translator(language)
        self.town, self.single = indicator_spread(results)
        self.titles = [str(t) for t in results["scenario_title"].values]
        self.years = [int(y) for y in results["year"].values]
        self.dates = [date.fromisoformat(str(t)[:10]) for t in results["time"].values]
        self.year_ends = [i for i, d in enumerate(self.dates) if d.month == 12]
        self.quartiere = [str(q) for q in results["quartier"].values]
        self.names = [str(q) for q in results["quartier_name"].values]

    # -- building blocks ---------------------------------------------------------------------------------------------

    @property
    def areas(self) -> list[tuple[str, str]]:
        """Key and name of the whole town, then of every Quartier."""
        return [(self._("total"), self._("whole town")), *zip(self.quartiere, self.names, strict=True)]

    def rows(self, dates: bool = False) -> list[SheetColumn]:
        """The leading columns: scenario, Quartier, name and year (or date)."""
        _, whens = self._, [d.isoformat() for d in self.dates] if dates else self.years
        keys, names = (np.array(v, object) for v in zip(*self.areas, strict=True))
        n_s, n_a, n_t = len(self.titles), len(keys), len(whens)
        return [
            SheetColumn(_("scenario"), np.repeat(np.array(self.titles, object), n_a * n_t), "text"),
            SheetColumn(_("Quartier"), np.tile(np.repeat(keys, n_t), n_s), "text"),
            SheetColumn(_("name"), np.tile(np.repeat(names, n_t), n_s), "text"),
            SheetColumn(
                _("date") if dates else _("year"),
                np.tile(np.array(whens, object), n_s * n_a),
                "text" if dates else "year",
            ),
        ]

    def areas_of(self, town: np.ndarray, single: np.ndarray) -> np.ndarray:
        """Flatten [scenario, time] and [scenario, time, quartier] into the order of `rows`."""
        return np.concatenate((town[:, :, None], single), axis=2).transpose(0, 2, 1).ravel()

    def unrounded(self, indicator: str, quarterly: bool = False) -> Spread:
        """Mean, 10 % and 90 % of one indicator in the order of `rows`."""
        i = INDICATORS.index(INDICATOR[indicator])
        when = slice(None) if quarterly else self.year_ends
        return Spread(
            *(
                self.areas_of(town[:, when, i], single[:, when][..., i])
                for town, single in zip(self.town, self.single, strict=True)
            )
        )

    def rounded(self, values: np.ndarray, of_people: bool = True) -> np.ndarray:
        """Numbers as they are published."""
        return round_people(values, self.rounding) if of_people else round_whole(values, self.rounding)

    def indicator(self, name: str, header: str | None = None, ranged: bool = False) -> list[SheetColumn]:
        """The column of an indicator; with ``ranged`` also its 10-90 % range."""
        indicator = INDICATOR[name]
        values = self.unrounded(name)
        title = header or indicator.text(self.language)
        marked = indicator.estimated(self.estimated)
        columns = [SheetColumn(title, self.rounded(values.mean, indicator.of_people), estimated=marked)]
        if ranged:
            columns += [
                SheetColumn(f"{title}, {which} %", self.rounded(v, indicator.of_people), estimated=marked)
                for which, v in (("10", values.p10), ("90", values.p90))
            ]
        return columns

    def balance(self, places: str, need: str, header: str) -> tuple[list[SheetColumn], list[str]]:
        """Places minus need; suppressed, with a note, where both are estimated."""
        both = INDICATOR[places].estimated(self.estimated) and INDICATOR[need].estimated(self.estimated)
        values = self.unrounded(places).mean - self.unrounded(need).mean
        shown = np.full(values.shape, np.nan) if both else self.rounded(values)
        note = self._("No balance is shown (x): need and stock are both estimated.")
        return [SheetColumn(header, shown, estimated=True)], [note] if both else []

    def means(self, table: str, groups: Callable[[np.ndarray], np.ndarray], whole_year: bool = False) -> np.ndarray:
        """Means over replicates of a table, reduced at once to groups: f64 [scenario, year, quartier, group].

        ``groups`` turns the values of one replicate [time, quartier, …] into [time, quartier, group]; one replicate is
        in memory at a time. ``whole_year`` adds up the quarters of every full calendar year.
        """
        source, means = self.results[table], []
        for s in range(source.shape[0]):
            whole = replicates_of(self.results, s)
            total = sum(groups(source[s, r].values.astype(np.int64)) for r in whole)
            means.append(total / whole.size)
        stacked = np.stack(means)
        return self._by_year(stacked) if whole_year else stacked

    def _by_year(self, values: np.ndarray) -> np.ndarray:
        """Sum the quarters of the years; the start's own year is not simulated and stays NaN."""
        year = np.array([d.year for d in self.dates])
        sums = np.stack([values[:, (year == y)].sum(axis=1) for y in self.years], axis=1)
        if self.years[0] == self.dates[0].year:
            sums[:, 0] = np.nan
        return sums

    def group_columns(self, table: str, values: np.ndarray, headers: list[str]) -> list[SheetColumn]:
        """One column per group of ``values`` [scenario, year, quartier, group]."""
        marked = TABLE[table].estimated(self.estimated)
        return [
            SheetColumn(header, self.rounded(self.areas_of(v.sum(axis=2), v)), estimated=marked)
            for header, v in zip(headers, np.moveaxis(values, -1, 0), strict=True)
        ]

    # -- the tables --------------------------------------------------------------------------------------------------

    def all(self) -> Iterator[SheetTable]:
        """Every table of the workbook, in its order."""
        yield self.overview()
        yield self.headline()
        yield self.population()
        yield self.movements()
        yield self.childcare()
        yield self.care()
        yield care_services(self)
        yield care_givers(self)
        yield care_help(self)
        yield care_staff(self)
        yield self.housing()
        yield self.disability()
        yield self.households()
        yield self.kin()

    def overview(self) -> SheetTable:
        """Headline numbers of the town: one row per scenario, indicator and statistic, one column per year."""
        _, rows, numbers = self._, [], []
        for s, scenario in enumerate(self.titles):
            for i, indicator in enumerate(INDICATORS):
                mark = f" ({_('estimated')})" if indicator.estimated(self.estimated) else ""
                for statistic, values in zip((_("mean"), "10 %", "90 %"), self.town, strict=True):
                    rows.append((scenario, indicator.text(self.language) + mark, _(indicator.unit), statistic))
                    numbers.append(self.rounded(values[s, self.year_ends, i], indicator.of_people))
        texts = [np.array(c, object) for c in zip(*rows, strict=True)]
        headers = (_("scenario"), _("indicator"), _("unit"), _("statistic"))
        years = np.array(numbers).reshape(len(rows), -1)
        columns = [SheetColumn(h, t, "text") for h, t in zip(headers, texts, strict=True)]
        columns += [SheetColumn(str(y), years[:, k]) for k, y in enumerate(self.years)]
        return SheetTable(_("Overview"), _("Headline numbers of the whole town"), columns)

    def headline(self) -> SheetTable:
        """Means of all headline numbers per Quartier."""
        columns = self.rows()
        for indicator in INDICATORS:
            columns += self.indicator(indicator.id)
        notes = [self._("Means; ranges are in the sheets by subject and in forecast.csv.")]
        return SheetTable(self._("Quartiere"), self._("Headline numbers per Quartier"), columns, notes)

    def population(self) -> SheetTable:
        """Residents by planning age group."""
        _, starts = self._, np.array(AGE_BIN_STARTS)
        member = np.array([[(low <= a < high) for low, high, _text in PLANNING_AGES] for a in starts], np.int64)
        values = self.means("population", lambda v: v.sum(axis=2) @ member)
        total = self.unrounded("persons").mean.reshape(-1, len(self.years))
        with np.errstate(divide="ignore", invalid="ignore"):
            change = (100 * (total / total[:, :1] - 1)).ravel()
        ages = [
            f"{_('age')} {text if self.language == 'de' else text.replace(',', '.')}" for *_ends, text in PLANNING_AGES
        ]
        columns = [
            *self.rows(),
            *self.indicator("persons", ranged=True),
            SheetColumn(_("change since the start, %"), change, "decimal"),
            *self.group_columns("population", values, ages),
        ]
        return SheetTable(_("Population"), _("Residents by age"), columns)

    def movements(self) -> SheetTable:
        """Events per calendar year."""
        _ = self._
        values = self.means("events", lambda v: v, whole_year=True)
        columns = self.rows()
        for column, event in zip(
            self.group_columns("events", values, label_text("event", self.language)),
            DIMENSION["event"].ids,
            strict=True,
        ):
            basis = EVENT_BASIS.get(str(event), RATES)
            columns.append(replace(column, estimated=basis == RATES or basis in self.estimated))
        return SheetTable(
            _("Movements"),
            _("Births, deaths, moves and other events per calendar year"),
            columns,
            [_("The year of the start is not simulated (x).")],
        )

    def childcare(self) -> SheetTable:
        """Childcare need against places, by band."""
        _, columns, notes = self._, self.rows(), []
        for band, short in (("under_3", _("under 3")), ("three_to_school", _("3 to school entry"))):
            need, places, children = (
                self.unrounded(f"childcare_{k}_{band}").mean for k in ("need", "places", "children")
            )
            balance, note = self.balance(
                f"childcare_places_{band}", f"childcare_need_{band}", f"{_('balance of places')}, {short}"
            )
            notes += [n for n in note if n not in notes]
            columns += self.indicator(f"childcare_children_{band}")
            columns += self.indicator(f"childcare_need_{band}", ranged=True)
            columns += self.indicator(f"childcare_places_{band}") + balance
            columns += self.indicator(f"childcare_attending_{band}") + self.indicator(f"childcare_waiting_{band}")
            marked = INDICATOR[f"childcare_places_{band}"].estimated(self.estimated)
            columns.append(
                SheetColumn(f"{_('need per 100 children')}, {short}", _ratio(need, children), "decimal", True)
            )
            columns.append(
                SheetColumn(f"{_('places per 100 children')}, {short}", _ratio(places, children), "decimal", marked)
            )
            columns.append(SheetColumn(f"{_('year of highest need')}, {short}", self._peak(need), "text"))
        notes.append(_("Places are those that stand in the Quartier; children may attend elsewhere."))
        return SheetTable(_("Childcare"), _("Childcare places: need and stock"), columns, notes)

    def _peak(self, need: np.ndarray) -> np.ndarray:
        by_area = need.reshape(-1, len(self.years))
        peak = by_area.argmax(axis=1)[:, None] == np.arange(len(self.years))
        return np.where(peak & (by_area > 0), self._("yes"), "–").astype(object).ravel()

    def care(self) -> SheetTable:
        """People in need of care by grade, setting and age."""
        _ = self._
        parts = (("care_grade", 4), ("setting", 5), ("care_age_group", 3))
        columns = [*self.rows(), *self.indicator("care_recipients", ranged=True)]
        for dimension, axis in parts:
            others = tuple(a for a in (2, 3, 4, 5) if a != axis)
            values = self.means("care", lambda v, others=others: v.sum(axis=others))
            columns += self.group_columns("care", values, label_text(dimension, self.language))
        return SheetTable(_("Care"), _("People in need of care by care grade, setting and age"), columns)

    def housing(self) -> SheetTable:
        """Dwellings needed against dwellings there are, and who lives without barriers."""
        _ = self._
        balance, notes = self.balance("dwellings", "dwellings_needed", _("balance of dwellings"))
        columns = [
            *self.rows(),
            *self.indicator("households"),
            *self.indicator("dwellings_needed", ranged=True),
            *self.indicator("dwellings"),
            *balance,
            *self.indicator("dwellings_vacant"),
            *self.indicator("households_waiting"),
            *self.group_columns("barrier_free", self.means("barrier_free", lambda v: v), label_text("barrier", self.language)),
        ]
        need, matched = columns[-2:]
        share = _ratio(matched.values, need.values)
        columns.append(SheetColumn(_("households in need in a barrier-free dwelling, %"), share, "decimal", matched.estimated))
        return SheetTable(_("Housing"), _("Dwellings: need and stock"), columns, notes)

    def disability(self) -> SheetTable:
        """Severely disabled people by sex and age."""
        _ = self._
        columns = [*self.rows(), *self.indicator("severely_disabled", ranged=True)]
        for dimension, axis in (("sex", 3), ("disability_age_group", 2)):
            values = self.means("disability", lambda v, axis=axis: v.sum(axis=axis))
            columns += self.group_columns("disability", values, label_text(dimension, self.language))
        return SheetTable(_("Disability"), _("Severely disabled people by sex and age"), columns)

    def households(self) -> SheetTable:
        """Private households by type and size."""
        _ = self._
        columns = [*self.rows(), *self.indicator("households", ranged=True)]
        for table, dimension in (("households", "household_type"), ("household_size", "size")):
            values = self.means(table, lambda v: v)
            columns += self.group_columns(table, values, label_text(dimension, self.language))
        return SheetTable(_("Households"), _("Households by type and size"), columns)

    def kin(self) -> SheetTable:
        """Partner and nearest child of people aged 65 and over."""
        _ = self._
        values = self.means("kin", lambda v: v.sum(axis=2))
        labels = label_text("kin_measure", self.language)
        groups = dict(zip(DIMENSION["kin_measure"].ids, self.group_columns("kin", values, labels), strict=True))
        columns = [*self.rows(), *groups.values()]
        for name in ("kin_quartier", "kin_town"):
            share = _ratio(groups[name].values, groups["persons"].values)
            columns.append(SheetColumn(f"{groups[name].header}, %", share, "decimal", groups[name].estimated))
        notes = [
            _("Every person is counted once by the nearest living child. Kin are partner, parents, children and siblings."),
            _("Columns that begin with 'their' count relatives, not people of 65 and over."),
        ]
        return SheetTable(_("Kin"), _("Partner and nearest child of people aged 65 and over"), columns, notes)


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Per 100; NaN where there is nothing to divide by."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(whole > 0, 100 * part / whole, np.nan)
