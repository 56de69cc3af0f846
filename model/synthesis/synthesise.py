"""The synthetic population, from the register's counts to the start of a run, one step per line."""

from __future__ import annotations

import numpy as np

from ..columns import Role, Union
from ..geography import decay
from ..luck import Decision, Luck
from ..rates import RateBook
from ..region.region import Region
from ..start import Start
from ..tables import NONE
from ..timeline import step_of
from . import arrangements as arrange
from . import balance, children, couples, kin, shared, unions
from .ages import single_ages
from .dwellings import HouseholdView, household_types, make_dwellings
from .figures import CHILD, COUPLES, LONE_PARENT, MARRIED, MARRIED_PARENT, OTHER, Figures, read_figures
from .institutions import residents
from .known_households import REST, family_mix, known_households, report_known
from .persons import RESIDENT, Persons, make_persons, other_keys
from .report import Report
from .targets import report_households
from .youngest import ONLY_GROWN, decide_youngest


def synthesise(region: Region, rates: RateBook, seed: int) -> Start:
    """Make the start population of a region.

    Exactly the register's persons by Quartier, band and (where given) sex; everyone in a household, every private
    household in a dwelling; partners, mothers and fathers linked, also across households. The method is that of
    `model-demography.md` section 4. The same region, rates and seed always give the same columns.

    Parameters
    ----------
    region : the town as read from its folder.
    rates : the rate book of the region's state.
    seed : names the luck of the synthesis (that of replicate 0; all replicates share one start).

    Returns
    -------
    Start : persons in the order of their households, ids 0 .. n - 1; the fit report tells every margin asked for.
    """
    step, luck = step_of(region.reference_date), Luck(seed, 0)
    figures = read_figures(rates, region.state, region.start_date.year)
    report = Report([str(q) for q in region.quartiere["quartier_id"]])
    n = region.n_quartiere
    persons = single_ages(region, figures, int(rates.parameter("spread_passes")), report)
    in_homes = residents(region, rates, figures, persons, report)
    private = persons - in_homes.sum(axis=-1)
    known, mix = known_households(region), family_mix(rates, figures, arrange.birth_density(rates, private.shape[2]))
    p = make_persons(region, luck, step, arrange.arrangements(rates, figures, private, known, mix), in_homes)
    couples.even_out(p, luck, step, figures, n)
    together = couples.pair(p, luck, step, figures, rates, n)
    demoted = balance.too_many(p, luck, step, n)
    made, in_institution = balance.too_few(p, rates, n)
    demoted += decide_youngest(p, known, mix, rates, luck, step, n)
    families, unlinked = children.assign(p, luck, step, rates, figures, n)
    parents = together[children.eldest(p, together) < np.iinfo(np.int32).max]
    unions.older_than_children(p, parents, children.eldest(p, parents), luck, step, rates)
    unions.last_unions(p, luck, step, figures)
    children.fathers(p, luck, step, rates)
    shared.settle_others(p, luck, step, rates, _others_counted(p, known, n))
    borne = kin.children_borne(p, luck, step, figures)
    kin.link(p, borne, luck, step, rates, figures, decay(region, rates))
    kin.last_births(p, borne, luck, step, rates)
    report.add("families without a child left", None, 0, demoted)
    report.add("childless households made families", None, 0, made)
    report.add("minors in a Quartier without adults", None, 0, in_institution)
    report.add("children without a parent of fitting age", None, 0, unlinked)
    report_households(report, p, figures, rates, families)
    report_known(report, p, known, n)
    return _start(region, rates, luck, step, figures, p, report)


def _others_counted(p: Persons, known: dict[str, np.ndarray], n: int) -> np.ndarray:
    """Other households per Quartier that the region counts, less lone parents of only grown-up children; NaN = not counted."""
    lone = p.rows((p.arrangement == LONE_PARENT) & (p.youngest == ONLY_GROWN))
    return known.get(REST, np.full(n, np.nan)) - np.bincount(p.quartier[lone], minlength=n)


def _households(p: Persons) -> np.ndarray:
    """Household (row) of every person; rows ordered by Quartier, kind and the head's position."""
    first_resident = np.full((int(p.quartier.max(initial=0)) + 1, 8), len(p), np.int64)
    inside = p.rows(p.arrangement == RESIDENT)
    np.minimum.at(first_resident, (p.quartier[inside], p.kind[inside]), inside)
    p.head[inside] = first_resident[p.quartier[inside], p.kind[inside]]
    heads = p.rows(p.head == np.arange(len(p)))
    row = np.empty(len(p), np.int64)
    row[heads[np.lexsort((heads, p.kind[heads], p.quartier[heads]))]] = np.arange(heads.size)
    return row[p.head]


def _roles(p: Persons) -> np.ndarray:
    head = p.head == np.arange(len(p))
    role = np.where(
        p.arrangement == CHILD, Role.CHILD, np.where((p.arrangement == OTHER) & ~head, Role.OTHER, Role.ADULT)
    )
    return np.where(p.arrangement == RESIDENT, Role.RESIDENT, role)


def _start(
    region: Region, rates: RateBook, luck: Luck, step: int, figures: Figures, p: Persons, report: Report
) -> Start:
    household, role = _households(p), _roles(p)
    order = np.lexsort((np.arange(len(p)), role, p.head != np.arange(len(p)), household))
    place = np.empty(len(p), np.int32)
    place[order] = np.arange(len(p), dtype=np.int32)

    def ids(column: np.ndarray) -> np.ndarray:
        return np.where(column >= 0, place[np.maximum(column, 0)], NONE)[order].astype(np.int32)

    union = np.where(np.isin(p.arrangement, (MARRIED, MARRIED_PARENT)), Union.MARRIED, Union.COHABITING)
    union = np.where(np.isin(p.arrangement, COUPLES), union, Union.NONE)
    people = {
        "key": p.key[order],
        "id": np.arange(len(p), dtype=np.int32),
        "birth": p.birth[order].astype(np.uint16),
        "sex": p.sex[order].astype(np.uint8),
        "household": household[order].astype(np.int32),
        "quartier": p.quartier[order].astype(np.uint16),
        "role": role[order].astype(np.uint8),
        "partner": ids(p.partner),
        "mother": ids(p.mother),
        "father": ids(p.father),
        "union_state": union[order].astype(np.uint8),
        "union_since": p.union_since[order].astype(np.uint16),
        "married_since": p.married_since[order].astype(np.uint16),
        "former_union": p.former[order].astype(np.uint8),
        "parity": p.parity[order].astype(np.uint8),
        "last_birth": p.last_birth[order].astype(np.uint16),
        "kin_away": p.kin_away[order].astype(np.uint16),
    }
    households, view = _household_columns(p, household, role, rates, luck, step)
    dwellings, dwelling = make_dwellings(region, rates, luck, step, figures, view, report)
    households["dwelling"][view.row] = dwelling
    types = {"quartier": np.uint16, "rooms": np.uint8, "household": np.int32}
    dwellings = {name: column.astype(types.get(name, column.dtype)) for name, column in dwellings.items()}
    return Start(step, people, households, dwellings, report.frame())


def _household_columns(
    p: Persons, household: np.ndarray, role: np.ndarray, rates: RateBook, luck: Luck, step: int
) -> tuple[dict[str, np.ndarray], HouseholdView]:
    """The columns of `households` (without dwellings), and what the occupancy needs of private ones."""
    heads = p.rows(p.head == np.arange(len(p)))
    heads = heads[np.argsort(household[heads], kind="stable")]
    n = heads.size
    size = np.bincount(household, minlength=n)
    n_children = np.bincount(household, role == Role.CHILD, minlength=n).astype(np.int64)
    kind = household_types(size - n_children, n_children, p.partner[heads] >= 0, p.age[heads])
    u = luck.uniform(Decision.START_TENURE, step, other_keys(p.key[heads], 1))
    years = np.minimum(-np.log1p(-u) * rates.parameter("years_in_dwelling"), np.maximum(p.age[heads] - 18, 0))
    private = np.flatnonzero(p.kind[heads] == 0)
    columns = {
        "dwelling": np.full(n, NONE, np.int32),
        "quartier": p.quartier[heads].astype(np.uint16),
        "size": size.astype(np.uint16),
        "kind": p.kind[heads].astype(np.uint8),
        "moved_at": (step - np.floor(4 * years)).astype(np.uint16),
    }
    quartier = p.quartier[heads].astype(np.int64)
    key, age = p.key[heads], p.age[heads]
    return columns, HouseholdView(private, quartier[private], key[private], kind[private], size[private], age[private])
