"""The sheets on services of care and on those who give care: need, supply, ratios of planning, hours, carers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..model.processes.care_origin import KILOMETRES
from .schema import AGE_BIN_STARTS, DIMENSION
from .spread import replicates_of
from .store import label_text

CERTAINTY = 0.8
"""Share of the replicates in which the places suffice (model-care.md 4.5)."""

if TYPE_CHECKING:
    from .planner_tables import PlannerTables, SheetColumn, SheetTable


def care_services(t: PlannerTables) -> SheetTable:
    """Need and supply of nursing homes, home care, day care, short-term care on 31 December, and ratios."""
    from .planner_tables import SheetColumn, SheetTable

    _, columns = t._, t.rows()
    measures = DIMENSION["measure"].ids
    values = t.means("services", lambda v: v.reshape(*v.shape[:2], -1))[:, t.year_ends]
    services = dict(zip(DIMENSION["service"].ids, np.moveaxis(_split(values), -2, 0), strict=True))
    named = dict(zip(DIMENSION["service"].ids, label_text("service", t.language), strict=True))
    titles = dict(zip(measures, label_text("measure", t.language), strict=True))
    for service in ("nursing_home", "ambulatory", "day_care", "short_term", "shared_flat", "serviced_housing", "advice_hub"):
        if service == "advice_hub" and not services[service].any():
            continue  # never estimated: a region that lists none is told nothing about it
        for measure in ("need", "served", "waiting", "places", "operable"):
            number = services[service][..., measures.index(measure)]
            shown = t.rounded(t.areas_of(number.sum(axis=2), number), measure not in ("places", "operable"))
            columns.append(SheetColumn(f"{named[service]}: {titles[measure]}", shown, estimated=True))
    columns += _places_needed(t) + _ratios(t, services, measures) + _own_quartier(t)
    moves = t.means("events", lambda v: v, whole_year=True)
    events = DIMENSION["event"].ids
    for event in (
        "entries_into_residential_care", "entries_in_own_quartier", "entries_into_shared_flats", "left_for_home_outside",
        "admitted_from_outside",
    ):  # fmt: skip
        number = moves[..., events.index(event)]
        header = label_text("event", t.language)[events.index(event)]
        columns.append(SheetColumn(header, t.rounded(t.areas_of(number.sum(axis=2), number)), estimated=True))
    notes = [
        _("Persons where they live (residents: where the home is), places where the facility is."),
        _("Where need began: without those who were in a home at the start, came from outside or have left the town."),
        _("Places needed: for the whole town, enough in 80 % of the replicates, from the wishes of this scenario."),
        _(
            "Where the region lists no services of a kind, places are estimated and grow with demand: no shortage shows."
        ),
    ]
    return SheetTable(_("Care services"), _("Services of care: need, supply and ratios"), columns, notes)


def _places_needed(t: PlannerTables) -> list[SheetColumn]:
    """Places in nursing homes the whole town needs, enough in 80 % of the replicates; nothing for single Quartiere."""
    from .planner_tables import SheetColumn

    source, columns = t.results["places_needed"], []
    for k, text in enumerate(label_text("may_wait", t.language)):
        town = np.stack(
            [
                np.quantile(source[s, replicates_of(t.results, s)].values[..., k], CERTAINTY, axis=0, method="higher")
                for s in range(source.shape[0])
            ]
        ).astype(float)
        town[town == 0] = np.nan
        single = np.full((*town.shape, len(t.quartiere)), np.nan)
        header = f"{t._('places needed in nursing homes')}: {text}"
        columns.append(SheetColumn(header, t.rounded(t.areas_of(town, single), False), estimated=True))
    return columns


def _split(values: np.ndarray) -> np.ndarray:
    services, measures = len(DIMENSION["service"].labels), len(DIMENSION["measure"].labels)
    return values.reshape(*values.shape[:-1], services, measures)


def _own_quartier(t: PlannerTables) -> list[SheetColumn]:
    """Share of people of Pflegegrad 2 and over who live in the Quartier where their need began; distance to the home."""
    from .planner_tables import SheetColumn

    _, values = t._, t.means("care_places", lambda v: v)
    both = np.concatenate((values.sum(axis=2, keepdims=True), values), axis=2)  # the town, then the Quartiere
    cells = [t.areas_of(v[:, :, 0], v[:, :, 1:]) for v in np.moveaxis(both, -1, 0)]
    known, there, entered = cells[0], cells[1], np.stack(cells[2:], axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(known > 0, 100 * there / known, np.nan)
    return [
        SheetColumn(_("% of people with Pflegegrad 2+ who live where their need began"), share, "decimal", estimated=True),
        SheetColumn(_("distance to the home found, median in km"), median_distance(entered), "decimal", estimated=True),
    ]


def median_distance(entered: np.ndarray, least: float = 1.0) -> np.ndarray:
    """Median (km, f64 [row]) of entries by band of `KILOMETRES` [row, band], even within a band; NaN below ``least`` entries.

    >>> float(median_distance(np.array([[0, 4, 4] + [0] * 9]))[0])
    1.0
    """
    lower = np.array(KILOMETRES)
    width = np.diff(np.append(lower, 2 * lower[-1] - lower[-2]))
    above = np.cumsum(entered, axis=1)
    half = above[:, -1:] / 2
    band = np.minimum((above < half).sum(axis=1), lower.size - 1)
    at = np.arange(band.size)
    inside = entered[at, band]
    share = (half[:, 0] - above[at, band] + inside) / np.where(inside > 0, inside, 1)
    return np.where(above[:, -1] >= least, lower[band] + width[band] * share, np.nan)


def _ratios(t: PlannerTables, services: dict[str | int | float, np.ndarray], measures: list) -> list[SheetColumn]:
    """Residents and places over the population that the statistics relate them to."""
    from .planner_tables import SheetColumn

    _, starts = t._, np.array(AGE_BIN_STARTS)
    ages = np.array([[a >= 65, a >= 80, a >= 85, a >= 0] for a in starts], np.int64)
    people = t.means("population", lambda v: v.sum(axis=2) @ ages)
    people = [t.areas_of(v.sum(axis=2), v) for v in np.moveaxis(people, -1, 0)]
    in_need = t.unrounded("care_recipients").mean

    def number(service: str, measure: str) -> np.ndarray:
        v = services[service][..., measures.index(measure)]
        return t.areas_of(v.sum(axis=2), v)

    residents, places = number("nursing_home", "served"), number("nursing_home", "places")
    day = number("day_care", "places")
    wanted = (
        (_("residents of nursing homes per 100 aged 80 and over"), residents, people[1], 100),
        (_("places in nursing homes per 100 aged 80 and over"), places, people[1], 100),
        (_("places in nursing homes per 1,000 aged 65 and over"), places, people[0], 1000),
        (_("places in nursing homes per 1,000 aged 85 and over"), places, people[2], 1000),
        (_("places in nursing homes per 1,000 in need of care"), places, in_need, 1000),
        (_("places in nursing homes per 10,000 residents of the area"), places, people[3], 10000),
        (_("day-care places per 1,000 aged 65 and over"), day, people[0], 1000),
        (_("day-care places per 1,000 in need of care"), day, in_need, 1000),
    )
    out = []
    for header, part, whole, per in wanted:
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(whole > 0, per * part / whole, np.nan)
        out.append(SheetColumn(header, ratio, "decimal", estimated=True))
    return out


def care_givers(t: PlannerTables) -> SheetTable:
    """Core hours a week by giver, carers by sex, age and employment, strain, on 31 December."""
    from .planner_tables import SheetTable

    _, columns = t._, t.rows()
    tables = (
        ("care_hours", label_text("giver", t.language), lambda v: v),
        ("care_strain", label_text("care_load", t.language), lambda v: v),
        ("carers", _of_carers(t, "sex"), lambda v: v.sum(axis=(3, 4))),
        ("carers", _of_carers(t, "carer_age_group"), lambda v: v.sum(axis=(2, 4))),
        ("carers", _of_carers(t, "employment"), lambda v: v.sum(axis=(2, 3))),
    )
    for table, headers, groups in tables:
        if table == "care_hours":
            headers = [f"{_('core hours a week')}: {header}" for header in headers]
        columns += t.group_columns(table, t.means(table, groups)[:, t.year_ends], headers)
    notes = [
        _("Core hours: care and supervision that somebody must give; assumed by grade, 2.7 reported hours each."),
        _("Carers: relatives who live in the town, where they live; work changed: of these at least ten hours a week."),
        _("Capacities of relatives are assumed; unmet need is therefore an upper bound."),
    ]
    return SheetTable(_("Carers"), _("Who gives care at home"), columns, notes)


def care_help(t: PlannerTables) -> SheetTable:
    """Helpers of people in need at home by tie, homes by the number of helpers, on 31 December; why care ended in the year."""
    from .planner_tables import SheetTable

    _, columns = t._, t.rows()
    help_now = t.means("care_help", lambda v: v)[:, t.year_ends]
    columns += t.group_columns("care_help", help_now, label_text("help", t.language))
    headers = [f"{_('care ended')}: {text}" for text in label_text("care_end", t.language)]
    columns += t.group_columns("care_ended", t.means("care_ended", lambda v: v, whole_year=True), headers)
    notes = [
        _("Where the person in need lives. Helpers outside the town and neighbours are counted, but are no persons of the model."),
        _("Care ended: of main carers who live in the town, in the calendar year. Who gave up rests and may begin again."),
    ]
    return SheetTable(_("Help at home"), _("Who helps people in need at home, and why care ends"), columns, notes)


def _of_carers(t: PlannerTables, dimension: str) -> list[str]:
    return [f"{t._('carers')}: {text}" for text in label_text(dimension, t.language)]


def care_staff(t: PlannerTables) -> SheetTable:
    """Staff of care of the whole town: full-time equivalents and people needed, people there are, what is lacking."""
    from .planner_tables import SheetColumn, SheetTable

    _, years = t._, len(t.years)
    ids, labels = DIMENSION["staff"].ids, label_text("staff", t.language)
    source = t.results["care_staff"]
    means = np.stack(
        [source[s, replicates_of(t.results, s)].values.mean(axis=0) for s in range(source.shape[0])]
    )  # [scenario, year, staff]
    columns = [
        SheetColumn(_("scenario"), np.repeat(np.array(t.titles, object), years), "text"),
        SheetColumn(_("year"), np.tile(np.array(t.years, object), len(t.titles)), "year"),
    ]
    columns += [SheetColumn(x, t.rounded(means[..., k].ravel()), estimated=True) for k, x in enumerate(labels)]
    for branch in ("home", "ambulatory"):
        needed, trend, same = (means[..., ids.index(f"{branch}_heads_{n}")] for n in ("needed", "trend", "status_quo"))
        for variant, there in ((_("trend"), trend), (_("status quo"), same)):
            name = f"{_('nursing homes') if branch == 'home' else _('home care services')}: "
            lacking = np.maximum(needed - there, 0)
            columns.append(
                SheetColumn(f"{name}{_('people lacking')}, {variant}", t.rounded(lacking.ravel()), estimated=True)
            )
            first = first_year_short(needed, there)
            shown = np.where(first[:, None] == np.arange(years), _("yes"), "–").astype(object)
            header = f"{name}{_('first year with staff for less than 95 % of the need')}, {variant}"
            columns.append(SheetColumn(header, shown.ravel(), "text", estimated=True))
    columns += _places_lost(t)
    notes = [
        _("Where no staff is listed, supply is taken to equal need at the start. Wages are not modelled."),
        _("Of places beyond the staff of the run's variant none can be filled."),
        _("Trend: staff grows as in 2019 to 2023. Status quo: entrants follow the population of 18 to 34."),
        _("Newly opened services bring their staff; services that the region does not list lose no places."),
    ]
    return SheetTable(_("Care staff"), _("Staff of care: need and supply"), columns, notes)


def _places_lost(t: PlannerTables) -> list[SheetColumn]:
    """Places of the town that cannot be filled on 31 December, and the first year in which they are more than 5 %."""
    from .planner_tables import SheetColumn

    measures, services = DIMENSION["measure"].ids, DIMENSION["service"].ids
    names = dict(zip(services, label_text("service", t.language), strict=True))
    town = _split(t.means("services", lambda v: v.reshape(*v.shape[:2], -1))[:, t.year_ends]).sum(axis=2)
    columns = []
    for service in ("nursing_home", "ambulatory", "day_care", "short_term", "shared_flat"):
        places, operable = (town[..., services.index(service), measures.index(m)] for m in ("places", "operable"))
        lost = t.rounded((places - operable).ravel(), False)
        columns.append(SheetColumn(f"{names[service]}: {t._('places that cannot be filled')}", lost, estimated=True))
        first = first_year_short(places, operable)
        shown = np.where(first[:, None] == np.arange(len(t.years)), t._("yes"), "–").astype(object)
        header = f"{names[service]}: {t._('first year with less than 95 % of the places operable')}"
        columns.append(SheetColumn(header, shown.ravel(), "text", estimated=True))
    return columns


def first_year_short(needed: np.ndarray, there: np.ndarray, enough: float = 0.95) -> np.ndarray:
    """Index (i64 per scenario) of the first year in which less than ``enough`` of the need has staff, -1 if none."""
    short = there < enough * needed
    return np.where(short.any(axis=1), short.argmax(axis=1), -1)
