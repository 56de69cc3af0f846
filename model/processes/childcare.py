"""Childcare: whose parents wish a place, who applies, and who gets one.

Three quotas stay apart (guide "model-family-housing" §4): need = wishing / children, attendance = attending / children,
supply = places / children. Places never enter the need; attendance is a result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..childcare_need import CHILD_QUARTERS, ENTRY_QUARTER, THREE, need_by_half_year
from ..columns import OUTSIDE_PLACE
from ..facility_places import THREE_TO_SCHOOL, UNDER_3
from ..luck import Decision
from ..process import Process
from ..rates import probability, threshold
from ..reach import Reach
from ..school import school_rule
from ..tables import NONE
from ..timeline import STEPS_PER_YEAR, is_year_end, quarter_of
from .childcare_kernels import (
    COUNTED,
    Centres,
    Children,
    Young,
    count_children,
    empty_children,
    empty_young,
    end_places,
    gather,
    in_main_round,
    renew,
    wish_and_apply,
)
from .childcare_market import NEAR, REFUSED, WIDE, Side, matching_round

if TYPE_CHECKING:
    from ..model import QuartierModel

Bands = tuple[tuple[int, np.ndarray], tuple[int, np.ndarray]]
"""Which children (positions, ascending) ask for a place of which band, the upper band first."""


def _young(model: QuartierModel) -> Young:
    """The children who are not at school; among them some who have gone, or to school, since the last fourth quarter.

    Kept in `model.side`, but no state: rows stay where they are until the table is put in another order.
    """
    p, now = model.people, model.now
    found_at, people, known, room = model.side.get("young", (None, 0, 0, empty_young(0)))
    if found_at != (p.reordered, now) or people != len(p):
        if found_at is None or found_at[0] != p.reordered or found_at[1] > now:
            people = known = 0
        born = p.birth[people:] >= max(now - CHILD_QUARTERS + 1, 0)
        added = (np.flatnonzero(born & (p.present[people:] == 1)) + people).astype(np.int32)
        if known + added.size >= room.rows.size:
            room, old = empty_young((known + added.size) * 9 // 8 + 16), room
            for column, before in zip(room, old, strict=True):
                column[:known] = before[:known]
        columns, rule, drop = (p.birth, p.present, p.key), school_rule(model.rates), is_year_end(now)
        known = renew(model.luck.stream, np.int64(now), columns, added, rule, room, known, drop)
        model.side["young"] = ((p.reordered, now), len(p), known, room)
    return Young(*(column[:known] for column in room))


def child_rows(model: QuartierModel) -> np.ndarray:
    """Rows (i32) of the children present who were not at school before this step."""
    young = _young(model)
    return young.rows[(model.people.present[young.rows] == 1) & (young.entry >= model.now)]


def form_need(model: QuartierModel) -> None:
    """Who wishes a place and who has applied: rank below threshold, ranks fixed for life."""
    p, rates = model.people, model.rates
    wishes = need_by_half_year(rates, model.now, model.n_quartiere)
    applies = rates.resolve("childcare_applied", model.now, model.n_quartiere)
    young = _young(model)
    wish_and_apply(np.int64(model.now), young, (p.present, p.quartier, p.childcare), *wishes, *applies)


def _gather(model: QuartierModel, side: Side) -> Children:
    """The children whom places concern; those of them who are at school or away from their centre lose it later."""
    p = model.people
    young = _young(model)
    c = empty_children(young.rows.size + 1)
    columns = (p.present, p.quartier, p.household, p.childcare, p.place, p.place_wait_since)
    n = gather(np.int64(model.now), young, columns, model.households.dwelling, side.spots(), c)
    return Children._make(column[:n] for column in c)


def _end_places(model: QuartierModel, side: Side, c: Children) -> tuple[np.ndarray, np.ndarray]:
    """School, closing, moving away and giving up end a place; those at school also stop waiting.

    Returns who should move up to the band from three on, and who applied and has no place (positions).
    """
    parameter, f, reach = model.rates.parameter, model.facilities, side.reach
    centres = Centres(
        f.open_at(model.now),
        f.quartier.astype(np.int64),
        reach.facility_x,
        reach.facility_y,
        reach.x,
        reach.y,
        float(reach.path_factor),
    )
    limits = float(parameter("childcare_kept_distance")), float(parameter("childcare_acceptable_distance_own"))
    gives_up = threshold(probability(parameter("childcare_give_up")))[()]
    due, without = np.empty((2, c.rows.size + 1), np.int32)
    numbers = end_places(model.luck.stream, np.int64(model.now), c, centres, limits, gives_up, side.taken, due, without)
    return due[: numbers[0]], without[: numbers[1]]


def _change_bands(model: QuartierModel, side: Side, c: Children, due: np.ndarray) -> None:
    """Children of three move up within their centre, the eldest first; without a free place they block the lower.

    In every quarter, not only in August: in Flensburg every twelfth place from three on is free while under-threes
    wait. Moving up in August alone would let 26 % of them attend a centre at the start, moving up when there is a place
    29 %; in Schleswig-Holstein it is 29.5 % (2023: 38.3 % in all less 8.8 % in family day care).
    """
    f = model.facilities
    free = f.operable[:, THREE_TO_SCHOOL] - side.taken[:, THREE_TO_SCHOOL]
    due = due[np.lexsort((c.key[due], -c.age[due], c.place[due]))]
    place = c.place[due]
    first = np.searchsorted(place, place)
    moves = np.arange(due.size) - first < free[place]
    side.give(c, due[moves], c.place[due[moves]], THREE_TO_SCHOOL)


def _score(model: QuartierModel, c: Children, who: np.ndarray) -> np.ndarray:
    parameter = model.rates.parameter
    return (
        parameter("childcare_score_displaced") * c.displaced[who]
        + parameter("childcare_score_entitled") * (c.age[who] >= STEPS_PER_YEAR)
        + parameter("childcare_score_three") * (c.age[who] >= THREE)
    )


def _asking(model: QuartierModel, c: Children) -> tuple[np.ndarray, np.ndarray]:
    """Who asks in the main round (positions), and up to which path (km): seekers, and those who would change."""
    f = model.facilities
    who, within = np.empty(c.rows.size + 1, np.int32), np.empty(c.rows.size + 1)
    acceptable = float(model.rates.parameter("childcare_acceptable_distance"))
    has_upper = f.operable[:, THREE_TO_SCHOOL] > 0
    n = in_main_round(c, acceptable, f.quartier.astype(np.int64), has_upper, who, within)
    return who[:n], within[:n]


def _by_band(c: Children, who: np.ndarray) -> Bands:
    """These children by the band they ask for, the upper band first."""
    upper = c.age[who] >= THREE
    return (THREE_TO_SCHOOL, who[upper]), (UNDER_3, who[~upper])


def _ask_further(model: QuartierModel, side: Side, c: Children, bands: Bands) -> None:
    """Those refused near their home ask farther away, then for what is left over in groups of mixed ages."""
    upper_lower, lower_upper = bands, ((UNDER_3, bands[0][1]), (THREE_TO_SCHOOL, bands[1][1]))
    has_more = len(model.facilities) > NEAR
    for asked, left_over in ((upper_lower, False), (lower_upper, True)):
        for band, seekers in asked:
            who = seekers[c.place[seekers] == NONE]
            if who.size and (model.facilities.mixed.any() if left_over else has_more):
                within = np.full(who.size, np.inf)
                matching_round(model, side, c, band, who, _score(model, c, who), within, WIDE, left_over)


def place_children(model: QuartierModel) -> None:
    """End places, move up at three, fill free places: main round in the third quarter, smaller ones in the others."""
    side: Side = model.side["place_children"]
    model.facilities.update(model.now)
    c = _gather(model, side)
    side.begin(c)
    due, without = _end_places(model, side, c)
    _change_bands(model, side, c, due)
    seekers = without[~c.paused[without]]
    asking, within = seekers, np.full(seekers.size, np.inf)
    if quarter_of(model.now) == ENTRY_QUARTER:
        asking, within = _asking(model, c)
    upper = c.age[asking] >= THREE
    for (band, who), of_band in zip(_by_band(c, asking), (upper, ~upper), strict=True):
        matching_round(model, side, c, band, who, _score(model, c, who), within[of_band])
    _ask_further(model, side, c, _by_band(c, seekers))
    _wait(model, c, without)
    side.end(c)


def _wait(model: QuartierModel, c: Children, without: np.ndarray) -> None:
    """Those of ``without`` who were refused wait on, the others no more; after a year some find a place outside the town."""
    waits = without[c.place[without] == NONE]
    since = np.where(c.since[waits] > 0, c.since[waits], model.now)
    c.since[without] = 0
    c.since[waits] = since
    patience = model.rates.parameter("childcare_wait_before_outside")
    long = waits[model.now - since.astype(np.int64) >= patience]
    luck = model.luck.words(Decision.FOUND_OUTSIDE, model.now, c.key[long])
    found = long[luck < threshold(model.rates.parameter("childcare_found_outside"))]
    c.place[found], c.since[found] = OUTSIDE_PLACE, 0


def start_places(model: QuartierModel) -> None:
    """One round over all children who have applied, the oldest first.

    Who has turned three since August and finds no place for that age holds one for under-threes.
    """
    side = model.side["place_children"] = Side(model, Reach(model))
    model.facilities.update(model.now)
    for band in (THREE_TO_SCHOOL, UNDER_3):
        for near in (NEAR, WIDE):
            side.candidates(band, near)
    c = _gather(model, side)
    c.place[:], c.lower[:] = NONE, False
    side.begin(c)
    upper = c.age >= THREE
    since_entry = (quarter_of(model.now) - ENTRY_QUARTER) % STEPS_PER_YEAR
    just_three = c.applied & upper & (c.age - since_entry < THREE)
    first = 1 + model.rates.parameter("childcare_score_sibling") + 1  # one quarter of age outweighs sibling and lottery
    asking = np.flatnonzero(c.applied)
    c.since[~c.applied] = 0
    bands = _by_band(c, asking)
    for band, seekers in bands:
        again = np.flatnonzero(just_three & (c.place == NONE)) if band == UNDER_3 else seekers[:0]
        who = np.union1d(seekers, again)
        matching_round(model, side, c, band, who, first * c.age[who], np.full(who.size, np.inf))
    _ask_further(model, side, c, bands)
    _wait(model, c, asking)
    side.end(c)


def childcare_counts(model: QuartierModel) -> dict[str, np.ndarray]:
    """Children and places now, i64 [n_quartiere, 2] (under three; three to school).

    By the Quartier where the child lives and its age: ``children`` (not yet at school), ``need``, ``applied``,
    ``attending`` (in the town), ``attending_outside``, ``waiting``. By the Quartier and band of the centre: ``places``
    (approved), ``operable``, ``occupied``.
    """
    p, f, bands = model.people, model.facilities, (UNDER_3, THREE_TO_SCHOOL)
    bits = np.arange(1 << len(COUNTED) - 1)
    states = np.zeros((model.n_quartiere, len(bands), bits.size), np.int64)
    by_centre = np.zeros((2 + len(f), len(bands)), np.int64)
    columns = (p.present, p.quartier, p.childcare, p.place, p.place_wait_since)
    count_children(np.int64(model.now), _young(model), columns, states, by_centre)
    counts = {name: states[..., bits >> bit & 1 == 1].sum(axis=2) for bit, name in enumerate(COUNTED[1:])}
    occupied = np.zeros((model.n_quartiere, len(bands)), np.int64)
    np.add.at(occupied, f.quartier, by_centre[2:])
    return {
        **counts,
        COUNTED[0]: states.sum(axis=2),
        "occupied": occupied,
        "places": np.column_stack([f.places_by_quartier((band,)) for band in bands]),
        "operable": np.column_stack([f.places_by_quartier((band,), operable=True) for band in bands]),
    }


_SCHOOL = (
    "school_age",
    "school_cutoff_month",
    "school_deferral_at_cutoff",
    "school_deferral_decay_months",
    "school_early_entry_share",
)

FORM_NEED = Process(
    "form_need",
    reads=("people.birth", "people.key", "people.quartier", "people.present", "people.childcare"),
    writes=("people.childcare",),
    rates=("childcare_need", "childcare_need_shift_under_3", "childcare_applied", *_SCHOOL),
    step=form_need,
    start=form_need,
)

PLACE_CHILDREN = Process(
    "place_children",
    reads=(
        "people.birth",
        "people.key",
        "people.quartier",
        "people.household",
        "people.present",
        "people.childcare",
        "people.place",
        "people.place_wait_since",
        "households.dwelling",
        "dwellings.key",
        "dwellings.features",
    ),
    writes=("people.place", "people.place_wait_since", "people.childcare"),
    rates=(
        "childcare_distance_scale",
        "childcare_sibling_utility",
        "childcare_taste",
        "childcare_acceptable_distance",
        "childcare_acceptable_distance_own",
        "childcare_kept_distance",
        "childcare_score_displaced",
        "childcare_score_sibling",
        "childcare_score_entitled",
        "childcare_score_three",
        "childcare_give_up",
        "childcare_wait_before_outside",
        "childcare_found_outside",
        "childcare_inoperable_share",
        "path_per_air_line",
        *_SCHOOL,
    ),
    step=place_children,
    start=start_places,
    remembers=REFUSED,
)
