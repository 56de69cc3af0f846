"""The tables of a comparison, as plain columns for the workbook, and as rows for the screen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from .compare import QUANTITIES, Comparison, final_day, quarter_text
from .compare_effects import CONFIDENCE, LASTING, Effect, course
from .compare_groups import Aim, group_effects, trade_offs, verdict
from .planner_tables import SheetColumn, SheetTable
from .rounding import Rounding, round_people, round_whole
from .schema import Indicator
from .texts import translator

MOST_ROWS: Final = 100_000
"""More rows than this nobody reads: the sheet per Quartier then holds the chosen year only."""

LEAST_BASE: Final = 10
"""Per cent of a smaller base say nothing and are not shown."""

Row = tuple[Any, ...]


class ComparisonTables:
    """Builds the tables of a comparison.

    Parameters
    ----------
    comparison : the paired scenarios.
    year : whose 31 December the tables by group show; None = the last.
    language, rounding : of everything shown.

    Raises
    ------
    ValueError : the year is not one of the run.
    """

    def __init__(
        self, comparison: Comparison, year: int | None = None, language: str = "de", rounding: Rounding = "five"
    ) -> None:
        self.comparison, self.language = comparison, language
        self.rounding: Rounding = rounding
        self.year = comparison.years[-1] if year is None else year
        if self.year not in comparison.years:
            raise ValueError(f"year {self.year} is not one of {comparison.years[0]} to {comparison.years[-1]}")
        self.step = comparison.year_ends[comparison.years.index(self.year)]
        self._ = translator(language)

    # -- building blocks ---------------------------------------------------------------------------------------------

    def rounded(self, values: float | np.ndarray, of_people: bool) -> np.ndarray:
        """Numbers as they are published; NaN stays NaN."""
        given = np.asarray(values, float)
        return round_people(given, self.rounding) if of_people else round_whole(given, self.rounding)

    def named(self, quantity: Indicator) -> str:
        """The name of a quantity, marked where it is estimated."""
        marked = quantity.estimated(self.comparison.estimated)
        return quantity.text(self.language) + (f" ({self._('estimated')})" if marked else "")

    def title(self, scenario: str) -> str:
        """The title of a scenario, marked where no effect size is proven."""
        soft = self.comparison.about(scenario).soft
        return self.comparison.title(scenario) + (f" ({self._('effect not proven')})" if soft else "")

    def numbers(self, one: Effect, of_people: bool) -> tuple[float, ...]:
        """Base, scenario, difference, interval, per cent of the base, share of the same sign in per cent; rounded."""
        percent = 100 * float(one.mean) / float(one.base) if one.base >= LEAST_BASE else np.nan
        shown = [float(self.rounded(v, of_people)) for v in (one.base, one.scenario, one.mean, one.low, one.high)]
        return (*shown, percent, 100 * float(one.same_sign))

    @property
    def number_headers(self) -> list[tuple[str, Any]]:
        """Headers and styles of `numbers`."""
        _, level = self._, round(100 * CONFIDENCE)
        return [
            (self.comparison.title(self.comparison.base), "count"),
            (_("scenario, value"), "count"),
            (_("difference"), "count"),
            (_("{level} % interval, from").format(level=level), "count"),
            (_("{level} % interval, to").format(level=level), "count"),
            (_("difference, % of the base"), "decimal"),
            (_("same sign, % of replicates"), "decimal"),
        ]

    def notes(self) -> list[str]:
        """What must be known to read any of the tables; stands above every one of them."""
        _, c = self._, self.comparison
        attributes = c.results.attrs
        notes = [
            f"{attributes['region']}, {_('reference day 31 December')}",
            f"{_('source')}: {_('own projection with')} Quartier {attributes['quartier_version']}, "
            f"{_('seed')} {attributes['seed']}",
            _("interval: mean of the paired differences ± t·s/√n over n = {n} replicates with the same luck; random "
              "spread only, no forecast uncertainty").format(n=c.replicates.size),
            _("where nothing changes, about one interval in twenty excludes zero by chance"),
            _("scenarios are assumptions; their differences are never part of an interval"),
            _("(estimated): not from figures of the region, but from rates of the state or the country"),
        ]
        if self.rounding != "none":
            notes.append(_("people and households rounded to {n}, differences too, each from unrounded numbers")
                         .format(n={"five": 5, "ten": 10}[self.rounding]))
        return notes + self.soft_notes()

    def soft_notes(self) -> list[str]:
        """The sentence for scenarios of soft evidence; empty without such."""
        soft = [self.comparison.title(s) for s in self.comparison.against if self.comparison.about(s).soft]
        sentence = self._("{titles}: no size of this effect is proven (evidence grade C); the numbers show what follows "
                          "from the assumption, not what is to be expected.")
        return [sentence.format(titles=", ".join(soft))] if soft else []

    def sheet(self, name: str, title: str, headers: Sequence[tuple[str, Any]], rows: Sequence[Row],
              notes: Sequence[str] = ()) -> SheetTable:
        """A sheet from rows."""
        columns = []
        for k, (header, style) in enumerate(headers):
            values = [row[k] for row in rows]
            columns.append(SheetColumn(header, np.array(values, object if style == "text" else float), style))
        return SheetTable(name, title, columns, list(notes))

    # -- the tables --------------------------------------------------------------------------------------------------

    def all(self) -> Iterator[SheetTable]:
        """Every table of the workbook, in its order."""
        yield self.town()
        yield self.quartiere()
        yield self.groups()
        yield self.courses()
        yield self.conflicts()
        if any(self.comparison.about(s).costs for s in self.comparison.against):
            yield self.money()
        yield self.method()

    def town(self) -> SheetTable:
        """Every number of the whole town at the end of every year."""
        _, c, rows = self._, self.comparison, []
        for scenario in c.against:
            both = c.town(scenario)
            for i, q in enumerate(QUANTITIES):
                for year, step in zip(c.years, c.year_ends, strict=True):
                    one = both.at(step, i)
                    rows.append((self.title(scenario), self.named(q), _(q.unit), year,
                                 *self.numbers(one, q.of_people), _(verdict(one, q.better))))
        headers = [(_("scenario"), "text"), (_("indicator"), "text"), (_("unit"), "text"), (_("year"), "year")]
        headers += [*self.number_headers, (_("meaning"), "text")]
        return self.sheet(_("Differences town"), _("Differences of the whole town"), headers, rows)

    def quartiere(self) -> SheetTable:
        """Every number per Quartier; every year where that stays readable, else the chosen one."""
        _, c, rows = self._, self.comparison, []
        every = len(c.against) * len(QUANTITIES) * len(c.years) * len(c.names) <= MOST_ROWS
        chosen = list(zip(c.years, c.year_ends, strict=True)) if every else [(self.year, self.step)]
        for scenario in c.against:
            both = c.single(scenario)
            for i, q in enumerate(QUANTITIES):
                for k, (key, name) in enumerate(zip(c.quartiere, c.names, strict=True)):
                    for year, step in chosen:
                        one = both.at(step, k, i)
                        rows.append((self.title(scenario), self.named(q), key, name, year,
                                     *self.numbers(one, q.of_people), _(verdict(one, q.better))))
        headers = [(_("scenario"), "text"), (_("indicator"), "text"), (_("Quartier"), "text"), (_("name"), "text")]
        headers += [(_("year"), "year"), *self.number_headers, (_("meaning"), "text")]
        return self.sheet(_("per Quartier"), _("Differences per Quartier"), headers, rows)

    def groups(self) -> SheetTable:
        """Who gains and who loses."""
        _, c, rows = self._, self.comparison, []
        for scenario in c.against:
            for g in group_effects(c, scenario, self.year, self.language):
                mark = f" ({_('estimated')})" if g.estimated else ""
                rows.append((self.title(scenario), _(g.kind), g.group, g.what + mark,
                             *self.numbers(g.effect, g.of_people), _(g.verdict)))
        headers = [(_("scenario"), "text"), (_("kind of group"), "text"), (_("group"), "text"), (_("indicator"), "text")]
        headers += [*self.number_headers, (_("meaning"), "text")]
        notes = [_("gains and loses only where more or fewer is an aim of planning; income is not simulated")]
        return self.sheet(_("Who gains, who loses"), f"{_('Who gains and who loses')}, {self.year}", headers, rows,
                          notes)

    def courses(self) -> SheetTable:
        """When every effect of the town appears, is greatest and fades."""
        _, c, rows = self._, self.comparison, []
        for scenario in c.against:
            both, told = c.town(scenario), c.about(scenario)
            for i, q in enumerate(QUANTITIES):
                one = both.at(slice(None), i)
                when = course(one)
                at_end = self._at_end_of(told.end)
                rows.append((
                    self.title(scenario), self.named(q), quarter_text(told.start),
                    quarter_text(None if told.end is None else told.end - 1),
                    self.date(when.appears), self.date(when.peak),
                    np.nan if when.peak is None else self.rounded(one.mean[when.peak], q.of_people),
                    self._faded(when.appears, when.fades),
                    np.nan if at_end is None else self.rounded(one.mean[at_end], q.of_people),
                    self.rounded(one.mean[-1], q.of_people),
                ))
        headers = [
            (_("scenario"), "text"), (_("indicator"), "text"), (_("first quarter of the measure"), "text"),
            (_("last quarter of the measure"), "text"), (_("effect appears"), "text"), (_("greatest on"), "text"),
            (_("greatest difference"), "count"), (_("effect has faded"), "text"),
            (_("difference at the end of the measure"), "count"), (_("difference at the end of the run"), "count"),
        ]
        notes = [_("an effect appears when the interval excludes zero for {n} quarters in a row; whole town")
                 .format(n=LASTING)]
        return self.sheet(_("Course in time"), _("When effects appear, peak and fade"), headers, rows, notes)

    def _at_end_of(self, end: int | None) -> int | None:
        """Index of the last quarter of a measure, if it ends within the run."""
        if end is None:
            return None
        ends = [i for i, day in enumerate(self.comparison.dates) if day == final_day(end)]
        return ends[0] if ends else None

    def date(self, index: int | None) -> str:
        """A date of the run as ISO text; a dash for none."""
        return "–" if index is None else self.comparison.dates[index].isoformat()

    def _faded(self, appears: int | None, fades: int | None) -> str:
        if appears is None:
            return "–"
        return self._("lasts to the end") if fades is None else self.date(fades)

    def conflicts(self) -> SheetTable:
        """Every aim under every scenario, and which aims move against each other."""
        _, c, rows = self._, self.comparison, []
        for scenario in c.against:
            rows += [(self.title(scenario), *self._aim(aim)) for aim in trade_offs(c, scenario, self.year)]
        headers = [
            (_("scenario"), "text"), (_("aim"), "text"), (_("better is"), "text"), *self.number_headers,
            (_("meaning"), "text"), (_("better in Quartiere"), "count"), (_("worse in Quartiere"), "count"),
            (_("in conflict with"), "text"),
        ]
        notes = [_("aims are the indicators of which more or fewer is better; all others are neither"),
                 _("counts, not shares: where fewer people live, fewer wait as well")]
        return self.sheet(_("Conflicting aims"), f"{_('Aims and conflicts')}, {self.year}", headers, rows, notes)

    def _aim(self, aim: Aim) -> Row:
        _, q = self._, aim.quantity
        rivals = "; ".join(r.text(self.language) for r in aim.rivals) or "–"
        return (self.named(q), _("more") if q.better > 0 else _("fewer"), *self.numbers(aim.effect, q.of_people),
                _(aim.verdict), aim.better_in, aim.worse_in, rivals)

    def money(self) -> SheetTable:
        """Costs of the scenarios that give some, per person-year of every proven effect on an aim."""
        _, c, rows = self._, self.comparison, []
        for scenario in c.against:
            costs = c.about(scenario).costs
            more = sum(costs.values()) - sum(c.about(c.base).costs.values())
            for aim in trade_offs(c, scenario, self.year) if costs else []:
                i = QUANTITIES.index(aim.quantity)
                years = float(c.town(scenario).mean[:, i].sum() / 4)
                each = abs(more / years) if aim.verdict == "better" and years else np.nan
                rows.append((self.title(scenario), self.named(aim.quantity), more,
                             self.rounded(years, aim.quantity.of_people), each))
        headers = [(_("scenario"), "text"), (_("aim"), "text"), (_("costs, euros"), "count"),
                   (_("effect, person-years"), "count"), (_("euros per person-year"), "count")]
        notes = [_("costs as given in the scenario file, neither checked nor discounted; x where no gain is proven")]
        return self.sheet(_("Money"), _("Money per effect"), headers, rows, notes)

    def method(self) -> SheetTable:
        """What was compared, and how to read it."""
        _, c = self._, self.comparison
        attributes = c.results.attrs
        rows: list[Row] = [
            (_("purpose"), _("plans structures"),
             _("The model forecasts needs of Quartiere; it never judges single persons.")),
            (_("region"), _("name"), attributes["region"]), (_("run"), _("program"),
                                                             f"Quartier {attributes['quartier_version']}"),
            (_("run"), _("seed"), str(attributes["seed"])),
            (_("run"), _("replicates"), str(c.replicates.size)),
            (_("run"), _("rounding"), _(self.rounding)),
        ]
        for scenario in c.scenarios:
            told = c.about(scenario)
            kind = _("base") if scenario == c.base else _("scenario")
            rows.append((kind, scenario, c.title(scenario)))
            rows.append((_("evidence"), scenario, ", ".join(told.evidence) or _("none given")))
        rows += [(_("how to read it"), str(n), note) for n, note in enumerate(self.notes(), 1)]
        headers = [(_("subject"), "text"), (_("item"), "text"), (_("content"), "text")]
        return self.sheet(_("Method"), _("Method"), headers, rows)
