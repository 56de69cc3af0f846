"""The tables of a run, declared once: dimensions, labels, units and long names in German and English.

Recorder, store, workbook and charts all read these declarations; nothing is named twice. A number that stands in the
store is an integer count; a table holds exactly the dimensions it needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from ..model.columns import MOST_ROOMS, Setting, Sex
from .care_labels import CARE_ENDS, CARE_LOAD, CARE_PLACES, CARE_SERVICES, EMPLOYMENT, GIVERS, HELP, STAFF
from .group_labels import BARRIER_LABELS, EVENT_LABELS, HOUSEHOLD_TYPES, KIN_LABELS, SETTING_LABELS, Label

SCHEMA_VERSION: Final = 2
"""Raised when a table, a dimension or a label changes its meaning."""

RATES: Final = "rates"
"""Basis of what no municipality counts: it follows from rates of the state or the country and is always estimated."""

RANDOM_SPREAD: Final = "Ranges over replicates are random spread only (Zufallsstreuung)"


@dataclass(frozen=True)
class Indicator(Label):
    """A headline number per Quartier and calendar quarter.

    ``basis`` names what it rests on, in the words of ``Region.estimated``; it is estimated where the region lacks one.
    ``of_people`` says that it counts people or their households, so that it is rounded in what is published; places and
    dwellings are not. ``better`` says whether more (1) or fewer (-1) is an aim of planning; 0 where neither is: a town
    with more residents or more need is not a better or a worse one, and places are a means.
    """

    id: str
    unit: str = "persons"
    basis: tuple[str, ...] = (RATES,)
    of_people: bool = True
    better: Literal[-1, 0, 1] = 0

    def estimated(self, missing: Iterable[str]) -> bool:
        """Whether it is marked as estimated, given what the region does not have (``Region.estimated``)."""
        return RATES in self.basis or bool(set(missing) & set(self.basis))


@dataclass(frozen=True)
class Dimension:
    """A dimension with its labels; those of a run (time, year, quartier) are known only when it runs."""

    name: str
    en: str
    de: str
    labels: tuple[Label, ...] = ()
    unit: str = "1"

    @property
    def ids(self) -> list[str | int | float]:
        """The coordinates in order."""
        return [label.id for label in self.labels]


@dataclass(frozen=True)
class ResultTable:
    """One variable of the store: an integer count over its own dimensions.

    ``method`` is ``point`` for a stock at the end of the step and ``sum`` for a flow within the step.
    """

    name: str
    dims: tuple[str, ...]
    unit: str
    en: str
    de: str
    basis: tuple[str, ...] = (RATES,)
    method: Literal["point", "sum"] = "point"
    dtype: str = "int32"

    def shape(self, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """Lengths of its dimensions, those of the run taken from ``sizes``."""
        return tuple(sizes[d] if d in sizes else len(DIMENSION[d].labels) for d in self.dims)

    def estimated(self, missing: Iterable[str]) -> bool:
        """Whether the table is marked as estimated, given what the region does not have."""
        return RATES in self.basis or bool(set(missing) & set(self.basis))


def _labels(texts: Iterable[tuple[str, str, str]]) -> tuple[Label, ...]:
    return tuple(Label(*text) for text in texts)


def _bands(starts: tuple[int, ...]) -> tuple[Label, ...]:
    """Age bands from their lower ends, the last one open: (0, 15) -> 0-14, 15+."""
    closed = (Label(f"{a}-{b - 1}", f"ages {a} to {b - 1}", f"{a} bis {b - 1} Jahre") for a, b in pairwise(starts))
    last = starts[-1]
    return (*closed, Label(f"{last}+", f"ages {last} and over", f"{last} Jahre und älter"))


HALF_YEAR_BINS: Final = 22
"""Ages below 11 are counted by half-years."""

AGE_BIN_STARTS: Final = (*(i / 2 for i in range(HALF_YEAR_BINS)), *(float(a) for a in range(11, 101)))
"""Lower ends of the 112 age bins of `population`, years; the last is open."""

CARE_AGE_STARTS: Final = (0, 15, 60, 65, 70, 75, 80, 85, 90)
MAY_WAIT: Final = (5, 10, 20)
"""Per cent of a year's seekers of a nursing home who may wait longer than one quarter."""
CARER_AGE_STARTS: Final = (0, 30, 45, 55, 65, 75)
DISABILITY_AGE_STARTS: Final = (0, 18, 25, 45, 55, 65, 75, 85)
CARE_GRADES: Final = (1, 2, 3, 4, 5)
ROOMS: Final = tuple(range(1, MOST_ROOMS + 1))
HOUSEHOLD_SIZES: Final = (1, 2, 3, 4, 5)
CHILDCARE_BANDS: Final = ("under_3", "three_to_school")


def _age_bin(start: float) -> Label:
    year, half = int(start), start % 1
    if start >= 100:
        return Label(start, "ages 100 and over", "100 Jahre und älter")
    if start >= HALF_YEAR_BINS / 2:
        return Label(start, f"age {year}", f"{year} Jahre")
    which = ("second half-year", "zweites Halbjahr") if half else ("first half-year", "erstes Halbjahr")
    return Label(start, f"age {year}, {which[0]}", f"{year} Jahre, {which[1]}")


def _childcare(
    key: str,
    en: str,
    de: str,
    unit: str = "children",
    basis: tuple[str, ...] = (RATES,),
    of_people: bool = True,
    better: Literal[-1, 0, 1] = 0,
) -> tuple[Indicator, Indicator]:
    ages = (
        ("under_3", "under 3", "unter 3 Jahren"),
        ("three_to_school", "3 to school entry", "3 Jahre bis Schuleintritt"),
    )
    first, second = (
        Indicator(f"childcare_{key}_{band}", f"{en}, {age}", f"{de}, {alter}", unit, basis, of_people, better)
        for band, age, alter in ages
    )
    return first, second


INDICATORS: Final = (
    Indicator("persons", "residents", "Einwohner", "persons", ()),
    Indicator("households", "private households", "Privathaushalte", "households", ("households",)),
    Indicator("care_recipients", "people in need of care (Pflegegrad 1 to 5)", "Pflegebedürftige (Pflegegrad 1 bis 5)"),
    # § 3 SGB XI: care at home comes before care in a home
    Indicator("care_residential", "people in need of care in nursing homes", "Pflegebedürftige in Heimen", better=-1),
    *_childcare("children", "children", "Kinder", basis=("single_ages",)),
    *_childcare("need", "childcare places needed", "Bedarf an Kita-Plätzen", "places"),
    *_childcare(
        "attending", "children in childcare (places outside the town included)", "betreute Kinder (auch auswärts)", better=1
    ),
    *_childcare("waiting", "children waiting for a place", "Kinder auf der Warteliste", better=-1),
    *_childcare("places", "childcare places", "Kita-Plätze", "places", ("childcare_facilities",), False),
    Indicator("dwellings", "dwellings", "Wohnungen", "dwellings", ("dwellings",), False),
    Indicator("dwellings_vacant", "vacant dwellings", "leerstehende Wohnungen", "dwellings", ("dwellings",)),
    Indicator("dwellings_needed", "dwellings needed", "Bedarf an Wohnungen", "dwellings"),
    Indicator(
        "households_waiting",
        "households without a dwelling, present and intended",
        "Haushalte ohne Wohnung (bestehende und gewünschte)",
        "households",
        better=-1,
    ),
    Indicator("severely_disabled", "severely disabled people", "schwerbehinderte Menschen"),
)
"""Every headline number, in the order in which tables show them."""

INDICATOR: Final = {i.id: i for i in INDICATORS}

EVENT_BASIS: Final = {
    "births": "births",
    "deaths": "deaths",
    "in_migration_germany": "moves",
    "in_migration_abroad": "moves",
    "out_migration_germany": "moves",
    "out_migration_abroad": "moves",
    "in_migration_surroundings": "moves",
    "out_migration_surroundings": "moves",
    "moves_in": "moves",
    "moves_out": "moves",
}
"""What of a region's figures an event rests on; all others rest on rates."""

DIMENSIONS: Final = (
    Dimension("scenario", "scenario", "Szenario"),
    Dimension("replicate", "replicate", "Wiederholung"),
    Dimension("time", "last day of the calendar quarter", "letzter Tag des Kalenderquartals"),
    Dimension("year", "31 December of the year", "31. Dezember des Jahres"),
    Dimension("quartier", "neighbourhood", "Quartier"),
    Dimension("indicator", "indicator", "Kennzahl", INDICATORS),
    Dimension(
        "sex", "sex in the register", "Geschlecht", (Label("m", "male", "männlich"), Label("f", "female", "weiblich"))
    ),
    Dimension(
        "age_bin", "age, lower end of the bin", "Alter, untere Grenze", tuple(map(_age_bin, AGE_BIN_STARTS)), "years"
    ),
    Dimension("care_age_group", "age group", "Altersgruppe", _bands(CARE_AGE_STARTS)),
    Dimension(
        "care_grade",
        "care grade",
        "Pflegegrad",
        tuple(Label(g, f"care grade {g}", f"Pflegegrad {g}") for g in CARE_GRADES),
    ),
    Dimension("setting", "care setting", "Versorgungsart", SETTING_LABELS),
    Dimension("household_type", "type of household", "Haushaltstyp", HOUSEHOLD_TYPES),
    Dimension(
        "size",
        "persons in the household, 5 = five and more",
        "Personen im Haushalt, 5 = fünf und mehr",
        tuple(
            Label(
                n,
                f"{n} person{'s' * (n > 1)}{' and more' * (n == 5)}",
                f"{n} Person{'en' * (n > 1)}{' und mehr' * (n == 5)}",
            )
            for n in HOUSEHOLD_SIZES
        ),
    ),
    Dimension(
        "rooms",
        "rooms, kitchens counted, 7 = seven and more",
        "Räume mit Küche, 7 = sieben und mehr",
        tuple(Label(n, f"{n} room{'s' * (n > 1)}", f"{n} R{'ä' if n > 1 else 'a'}um{'e' * (n > 1)}") for n in ROOMS),
    ),
    Dimension(
        "state",
        "occupied or vacant",
        "bewohnt oder leer",
        (Label("occupied", "occupied", "bewohnt"), Label("vacant", "vacant", "leerstehend")),
    ),
    Dimension("barrier", "barrier-free housing", "barrierefreies Wohnen", BARRIER_LABELS),
    Dimension(
        "service",
        "service",
        "Leistung",
        (
            Label("childcare_under_3", "childcare, under 3", "Kita, unter 3 Jahren"),
            Label("childcare_three_to_school", "childcare, 3 to school entry", "Kita, 3 Jahre bis Schuleintritt"),
            Label("housing", "housing", "Wohnen"),
            *_labels(CARE_SERVICES),
        ),
    ),
    Dimension(
        "measure",
        "measure of the service",
        "Größe",
        (
            Label("need", "needed", "Bedarf"),
            Label("served", "served", "versorgt"),
            Label("waiting", "waiting", "wartend"),
            Label("unserved", "needed and not served", "unversorgt"),
            Label("places", "places", "Plätze"),
            Label("operable", "operable places", "betreibbare Plätze"),
        ),
    ),
    Dimension("giver", "who gives care", "wer pflegt", _labels(GIVERS), "core hours a week"),
    Dimension(
        "may_wait",
        "share of those who want a home that may wait longer than one quarter",
        "Anteil der Heimplatzsuchenden, der länger als ein Quartal warten darf",
        tuple(Label(n, f"at most {n} % wait", f"höchstens {n} % warten") for n in MAY_WAIT),
        "%",
    ),
    Dimension("care_place", "care in the own Quartier", "Pflege im eigenen Stadtteil", _labels(CARE_PLACES)),
    Dimension("staff", "staff of care", "Pflegepersonal", _labels(STAFF)),
    Dimension("carer_age_group", "age group of carers", "Altersgruppe der Pflegenden", _bands(CARER_AGE_STARTS)),
    Dimension("employment", "employment", "Erwerbstätigkeit", _labels(EMPLOYMENT)),
    Dimension("care_load", "carers and people insufficiently cared for", "Pflegende und unzureichend Versorgte", _labels(CARE_LOAD)),
    Dimension("help", "who helps people in need at home", "wer zu Hause hilft", _labels(HELP)),
    Dimension("care_end", "why a main carer's care ended", "warum die Pflege einer Hauptpflegeperson endete", _labels(CARE_ENDS)),
    Dimension("disability_age_group", "age group", "Altersgruppe", _bands(DISABILITY_AGE_STARTS)),
    Dimension("kin_measure", "kin of people aged 65 and over", "Angehörige der Menschen ab 65", KIN_LABELS),
    Dimension("event", "event", "Ereignis", EVENT_LABELS),
)

DIMENSION: Final = {d.name: d for d in DIMENSIONS}

TABLES: Final = (
    ResultTable("indicators", ("time", "quartier", "indicator"), "1", "headline numbers", "Kennzahlen"),
    ResultTable(
        "population",
        ("year", "quartier", "sex", "age_bin"),
        "persons",
        "residents",
        "Einwohner",
        ("sex", "single_ages"),
    ),
    ResultTable(
        "care",
        ("year", "quartier", "sex", "care_age_group", "care_grade", "setting"),
        "persons",
        "people in need of care",
        "Pflegebedürftige",
    ),
    ResultTable(
        "households",
        ("year", "quartier", "household_type"),
        "households",
        "private households by type, and institutions",
        "Privathaushalte nach Typ, und Einrichtungen",
        ("households",),
    ),
    ResultTable(
        "household_size",
        ("year", "quartier", "size"),
        "households",
        "private households by size",
        "Privathaushalte nach Größe",
        ("households",),
    ),
    ResultTable(
        "dwellings", ("year", "quartier", "rooms", "state"), "dwellings", "dwellings", "Wohnungen", ("dwellings",)
    ),
    ResultTable(
        "barrier_free",
        ("year", "quartier", "barrier"),
        "1",
        "barrier-free dwellings; households in need of one; those of them living in one",
        "barrierefreie Wohnungen; Haushalte mit Bedarf; davon in einer barrierefreien Wohnung",
    ),
    ResultTable(
        "services",
        ("time", "quartier", "service", "measure"),
        "1",
        "need and supply of services",
        "Bedarf und Angebot von Leistungen",
    ),
    ResultTable(
        "care_hours",
        ("time", "quartier", "giver"),
        "core hours a week",
        "need of care at home and who meets it",
        "Pflegebedarf zu Hause und wer ihn deckt",
    ),
    ResultTable(
        "care_staff",
        ("year", "staff"),
        "persons or full-time equivalents",
        "staff of care of the town: need and supply",
        "Pflegepersonal der Stadt: Bedarf und Angebot",
    ),
    ResultTable(
        "places_needed",
        ("year", "may_wait"),
        "places",
        "places in nursing homes the town needs, 0 = nobody asked",
        "in der Stadt nötige Heimplätze, 0 = niemand fragte",
    ),
    ResultTable(
        "care_places", ("year", "quartier", "care_place"), "persons",
        "care in the own Quartier, and how far the home is", "Pflege im eigenen Stadtteil, Entfernung zum Heim",
    ),
    ResultTable(
        "carers",
        ("time", "quartier", "sex", "carer_age_group", "employment"),
        "persons",
        "relatives in the town who give care, where they live",
        "pflegende Angehörige in der Stadt am Wohnort",
    ),
    ResultTable(
        "care_strain",
        ("time", "quartier", "care_load"),
        "persons",
        "strain on carers, and insufficient care",
        "Belastung der Pflegenden, unzureichende Versorgung",
    ),
    ResultTable(
        "care_help",
        ("time", "quartier", "help"),
        "persons",
        "who helps people in need at home, where these live",
        "wer Pflegebedürftigen zu Hause hilft, an deren Wohnort",
    ),
    ResultTable(
        "care_ended",
        ("time", "quartier", "care_end"),
        "events",
        "main carers whose care ended within the quarter",
        "im Quartal beendete Pflege durch Hauptpflegepersonen",
        method="sum",
    ),
    ResultTable(
        "disability",
        ("year", "quartier", "sex", "disability_age_group"),
        "persons",
        "severely disabled people",
        "schwerbehinderte Menschen",
    ),
    ResultTable(
        "kin",
        ("year", "quartier", "sex", "kin_measure"),
        "persons",
        "partner and nearest child of people aged 65 and over",
        "Partner und nächstes Kind der Menschen ab 65 Jahren",
    ),
    ResultTable(
        "events",
        ("time", "quartier", "event"),
        "events",
        "events within the quarter",
        "Ereignisse im Quartal",
        ("births", "deaths", "moves"),
        "sum",
    ),
)

TABLE: Final = {t.name: t for t in TABLES}

if [int(s) for s in Setting] != list(range(len(SETTING_LABELS))) or [int(s) for s in Sex] != [0, 1]:
    raise AssertionError("labels of setting and sex must follow the model's numbering")
