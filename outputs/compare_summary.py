"""The comparison for the screen, as plain texts that fit 80 columns: `quartier.app` prints them."""

from __future__ import annotations

from dataclasses import dataclass

from ..model.timeline import step_of
from .compare import QUANTITIES, QUANTITY, quarter_text
from .compare_effects import CONFIDENCE, Course, Effect, course
from .compare_groups import Aim, trade_offs, verdict
from .compare_tables import ComparisonTables
from .schema import Indicator
from .summary import grouped, short_labels, signed
from .texts import translator


@dataclass(frozen=True)
class ComparedRow:
    """One number; texts ready to show."""

    label: str
    base: str
    difference: str
    interval: str
    same_sign: str
    meaning: str
    appears: str


@dataclass(frozen=True)
class ComparedScenario:
    """One scenario: its title, the rows that differ, and sentences below them."""

    title: str
    rows: tuple[ComparedRow, ...]
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class ComparisonSummary:
    """What is shown at the end of a comparison."""

    headers: tuple[str, ...]
    scenarios: tuple[ComparedScenario, ...]
    notes: tuple[str, ...]


def labels(language: str) -> dict[str, str]:
    """Names short enough for a column of 24 characters, by quantity."""
    _ = translator(language)
    more = {
        "childcare_children_under_3": _("Children < 3"),
        "childcare_children_three_to_school": _("Children 3+"),
        "childcare_attending_under_3": _("In childcare < 3"),
        "childcare_attending_three_to_school": _("In childcare 3+"),
        "childcare_waiting_under_3": _("Waiting for childcare < 3"),
        "childcare_waiting_three_to_school": _("Waiting for childcare 3+"),
        "childcare_unserved_under_3": _("Without place < 3"),
        "childcare_unserved_three_to_school": _("Without place 3+"),
        "dwellings_vacant": _("Vacant dwellings"),
        "households_waiting": _("Without a dwelling"),
        "care_home_waiting": _("Waiting for a home"),
        "care_strained": _("Strained carers"),
        "care_insufficient": _("Care insufficient"),
    }
    return {q.id: q.text(language) for q in QUANTITIES} | short_labels(language) | more


def summarise_comparison(tables: ComparisonTables) -> ComparisonSummary:
    """The town at the end of the chosen year: what differs, with interval, sign and date of appearance."""
    _, c = tables._, tables.comparison
    scenarios = []
    for name in c.against:
        both, rows, same = c.town(name), [], []
        for q in QUANTITIES:
            one = both.at(slice(None), QUANTITY[q.id])
            if verdict(one.at(tables.step), q.better) == "unchanged":
                same.append(labels(tables.language)[q.id])
            else:
                rows.append(_row(tables, q, one))
        sentences = [_("Unchanged in every replicate: {names}.").format(names=", ".join(same))] if same else []
        sentences += _conflicts(tables, trade_offs(c, name, tables.year))
        scenarios.append(ComparedScenario(
            _("{scenario} against {base}, 31 December {year}").format(
                scenario=tables.title(name), base=c.title(c.base), year=tables.year),
            tuple(rows), tuple(sentences)))
    headers = ("", _("base"), _("difference"), _("interval"), _("sign"), _("meaning"), _("appears"))
    return ComparisonSummary(headers, tuple(scenarios), tuple(_notes(tables)))


def _row(tables: ComparisonTables, q: Indicator, one: Effect) -> ComparedRow:
    c = tables.comparison
    here = one.at(tables.step)
    base, _scenario, mean, low, high, _percent, same = tables.numbers(here, q.of_people)
    mark = " *" if q.estimated(c.estimated) else ""
    when = _when(tables, course(one))
    interval = "x" if low != low else signed(low) if low == high else f"{signed(low)}…{signed(high)}"
    sign = "–" if same != same else f"{same:.0f} %"
    return ComparedRow(labels(tables.language)[q.id] + mark, grouped(base), signed(mean), interval, sign,
                       tables._(verdict(here, q.better)), when)


def _when(tables: ComparisonTables, found: Course) -> str:
    """Year and quarter in which an effect appears, in brackets where it fades again, a dash for none."""
    if found.appears is None:
        return quarter_text(None)
    text = quarter_text(step_of(tables.comparison.dates[found.appears]))
    return text if found.fades is None else f"({text})"


def by_chance(quartiere: int) -> int:
    """Quartiere whose interval excludes zero on one side by chance, at most, in 19 of 20 scenarios without effect.

    >>> by_chance(13), by_chance(150)
    (1, 7)
    """
    from scipy.special import bdtr

    one_side = (1 - CONFIDENCE) / 2
    return next(n for n in range(quartiere + 1) if bdtr(n, quartiere, one_side) >= CONFIDENCE)


def _conflicts(tables: ComparisonTables, found: list[Aim]) -> list[str]:
    """Aims that move against each other in the town, and aims that gain in some Quartiere and lose in others.

    The second only where more Quartiere gain, and lose, than chance would have it.
    """
    _, short = tables._, labels(tables.language)
    chance = by_chance(len(tables.comparison.names))
    sentences = []
    if any(aim.rivals for aim in found):
        better = ", ".join(short[a.quantity.id] for a in found if a.verdict == "better")
        worse = ", ".join(short[a.quantity.id] for a in found if a.verdict == "worse")
        sentences.append(_("Conflicting aims: better {better}; worse {worse}.").format(better=better, worse=worse))
    for aim in found:
        if min(aim.better_in, aim.worse_in) > chance:
            sentences.append(_("{name}: better in {better} Quartiere, worse in {worse}.").format(
                name=short[aim.quantity.id], better=aim.better_in, worse=aim.worse_in))
    return sentences


def _notes(tables: ComparisonTables) -> list[str]:
    _, n = tables._, tables.comparison.replicates.size
    notes = [
        _("Interval: {level} % interval of the mean difference over {n} replicates with the same luck: random spread "
          "only, no forecast uncertainty.").format(level=round(100 * CONFIDENCE), n=n),
        _("Sign: share of replicates with the same sign. Appears: year/quarter from which the interval excludes zero "
          "for a year; in brackets: it fades again, which may be chance, since quarters depend on each other."),
        _("* estimated: not from figures of the region, but from rates of the state or the country."),
        *tables.soft_notes(),
    ]
    if n == 1:
        notes.insert(0, _("One replicate gives no interval (x): compute at least two."))
    return notes
