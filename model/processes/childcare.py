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
from ..screen import happens_to
from ..tables import NONE
from ..timeline import STEPS_PER_YEAR, quarter_of
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
    renew,
    wish_and_apply,
)
from .childcare_market import NEAR, REFUSED, WIDE, Side, matching_round

if TYPE_CHECKING:
    from ..model import QuartierModel

Bands = tuple[tuple[int, np.ndarray], tuple[int, np.ndarray]]
"""Which children (bool) ask for a place of which band, the upper band first."""


def _young(model: QuartierModel) -> Young:
    """The children who may still be before school, by age alone; those of the step before and who came since.

    Kept in `model.side`, but no state: rows stay where they are until the table is put in another order.
    """
    p, first = model.people, max(model.now - CHILD_QUARTERS + 1, 0)
    found_at, people, young = model.side.get("young", (None, 0, empty_young(0)))
    if found_at == (p.reordered, model.now) and people == len(p):
        return young
    if found_at is None or found_at[0] != p.reordered or found_at[1] > model.now:
        people, young = 0, empty_young(0)
    room = empty_young(young.rows.size + len(p) - people + 1)
    rule = school_rule(model.rates)
    n = renew(model.luck.stream, p.birth, p.present, p.key, np.uint16(first), people, rule, young, room)
    young = Young._make(column[:n].copy() for column in room)
    model.side["young"] = ((p.reordered, model.now), len(p), young)
    return young


def child_rows(model: QuartierModel) -> np.ndarray:
    """Rows (i32) of the children present who may still be before school, by age alone."""
    rows = _young(model).rows
    return rows[model.people.present[rows] == 1]


def form_need(model: QuartierModel) -> None:
    """Who wishes a place and who has applied: rank below threshold, ranks fixed for life."""
    p, rates = model.people, model.rates
    wishes = need_by_half_year(rates, model.now, model.n_quartiere)
    applies = rates.resolve("childcare_applied", model.now, model.n_quartiere)
    young = _young(model)
    wish_and_apply(model.luck.stream, np.int64(model.now), young, p.quartier, p.childcare, *wishes, *applies)


def _gather(model: QuartierModel) -> Children:
    """The children whom places concern; those of them who are at school or away from their centre lose it later."""
    p, h, d = model.people, model.households, model.dwellings
    young = _young(model)
    c = empty_children(young.rows.size + 1)
    columns = (p.present, p.quartier, p.household, p.childcare, p.place, p.place_wait_since)
    n = gather(np.int64(model.now), young, columns, h.dwelling, d.key, c)
    return Children._make(column[:n] for column in c)


def _end_places(model: QuartierModel, side: Side, c: Children) -> None:
    """School, closing, moving away and giving up end a place; those at school also stop waiting."""
    rates, f, reach = model.rates, model.facilities, side.reach
    centres = Centres(
        f.open_at(model.now),
        f.quartier.astype(np.int64),
        reach.facility_x,
        reach.facility_y,
        reach.x,
        reach.y,
        float(reach.path_factor),
    )
    end_places(
        model.luck.stream,
        np.int64(model.now),
        c,
        centres,
        float(rates.parameter("childcare_kept_distance")),
        float(rates.parameter("childcare_acceptable_distance_own")),
        threshold(probability(rates.parameter("childcare_give_up")))[()],
    )


def _change_bands(model: QuartierModel, side: Side, c: Children) -> None:
    """Children of three move up within their centre, the eldest first; without a free place they block the lower.

    In every quarter, not only in August: in Flensburg every twelfth place from three on is free while under-threes
    wait. Moving up in August alone would let 26 % of them attend a centre at the start, moving up when there is a place
    29 %; in Schleswig-Holstein it is 29.5 % (2023: 38.3 % in all less 8.8 % in family day care).
    """
    f = model.facilities
    free = f.operable[:, THREE_TO_SCHOOL] - side.taken[:, THREE_TO_SCHOOL]
    due = np.flatnonzero(c.lower & (c.place >= 0) & (c.age >= THREE))
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


def _changers(model: QuartierModel, c: Children) -> np.ndarray:
    """Farthest centre (km) that children with a place would change to in the main round; 0 for those who would not.

    Who lives too far from the centre looks for a nearer one; who is three in a centre without places for that age looks
    for any. Both keep their place until they have another.
    """
    within = np.zeros(c.rows.size)
    held = np.flatnonzero((c.place >= 0) & c.applied & ~c.paused)
    path = c.path[held]
    elsewhere = model.facilities.quartier[c.place[held]] != c.quartier[held]
    far = elsewhere & (path > model.rates.parameter("childcare_acceptable_distance"))
    within[held[far]] = path[far]
    no_band = model.facilities.operable[c.place[held], THREE_TO_SCHOOL] == 0
    outgrown = c.lower[held] & (c.age[held] >= THREE) & no_band
    within[held[outgrown]] = np.inf
    return within


def _ask_further(model: QuartierModel, side: Side, c: Children, bands: Bands) -> None:
    """Those refused near their home ask farther away, then for what is left over in groups of mixed ages."""
    upper_lower, lower_upper = bands, ((UNDER_3, bands[0][1]), (THREE_TO_SCHOOL, bands[1][1]))
    has_more = len(model.facilities) > NEAR
    for asked, left_over in ((upper_lower, False), (lower_upper, True)):
        for band, seeks in asked:
            who = np.flatnonzero(seeks & (c.place == NONE))
            if who.size and (model.facilities.mixed.any() if left_over else has_more):
                within = np.full(who.size, np.inf)
                matching_round(model, side, c, band, who, _score(model, c, who), within, WIDE, left_over)


def place_children(model: QuartierModel) -> None:
    """End places, move up at three, fill free places: main round in the third quarter, smaller ones in the others."""
    side: Side = model.side["place_children"]
    model.facilities.update(model.now)
    c = _gather(model)
    _end_places(model, side, c)
    main = quarter_of(model.now) == ENTRY_QUARTER
    within = np.zeros(c.rows.size)
    side.begin(c)
    _change_bands(model, side, c)
    if main:
        within = _changers(model, c)
    seeks = (c.place == NONE) & c.applied & ~c.paused
    within[seeks] = np.inf
    for band, of_age in ((THREE_TO_SCHOOL, c.age >= THREE), (UNDER_3, c.age < THREE)):
        who = np.flatnonzero((within > 0) & of_age)
        matching_round(model, side, c, band, who, _score(model, c, who), within[who])
    _ask_further(model, side, c, ((THREE_TO_SCHOOL, seeks & (c.age >= THREE)), (UNDER_3, seeks & (c.age < THREE))))
    _wait(model, c)
    side.end(c)


def _wait(model: QuartierModel, c: Children) -> None:
    """Those refused wait on; after a year some find a place outside the town."""
    waits = (c.place == NONE) & c.applied
    c.since[~waits] = 0
    c.since[waits & (c.since == 0)] = model.now
    patience = model.rates.parameter("childcare_wait_before_outside")
    long = np.flatnonzero(waits & (model.now - c.since.astype(np.int64) >= patience))
    limit = np.full(long.size, threshold(model.rates.parameter("childcare_found_outside")))
    found = long[happens_to(model.luck, model.now, Decision.FOUND_OUTSIDE, c.key[long], limit)]
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
    c = _gather(model)
    c.place[:], c.lower[:] = NONE, False
    side.begin(c)
    upper = c.age >= THREE
    since_entry = (quarter_of(model.now) - ENTRY_QUARTER) % STEPS_PER_YEAR
    just_three = c.applied & upper & (c.age - since_entry < THREE)
    first = 1 + model.rates.parameter("childcare_score_sibling") + 1  # one quarter of age outweighs sibling and lottery
    bands: Bands = ((THREE_TO_SCHOOL, c.applied & upper), (UNDER_3, c.applied & ~upper))
    for band, seeks in bands:
        who = np.flatnonzero(seeks | (just_three & (c.place == NONE) & (band == UNDER_3)))
        matching_round(model, side, c, band, who, first * c.age[who], np.full(who.size, np.inf))
    _ask_further(model, side, c, bands)
    _wait(model, c)
    side.end(c)


def childcare_counts(model: QuartierModel) -> dict[str, np.ndarray]:
    """Children and places now, i64 [n_quartiere, 2] (under three; three to school).

    By the Quartier where the child lives and its age: ``children`` (not yet at school), ``need``, ``applied``,
    ``attending`` (in the town), ``attending_outside``, ``waiting``. By the Quartier and band of the centre: ``places``
    (approved), ``operable``, ``occupied``.
    """
    p, f = model.people, model.facilities
    counts = np.zeros((model.n_quartiere, 2, len(COUNTED)), np.int64)
    columns = (p.present, p.quartier, p.childcare, p.place, p.place_wait_since)
    count_children(np.int64(model.now), _young(model), columns, f.quartier, counts)
    bands = (UNDER_3, THREE_TO_SCHOOL)
    return dict(zip(COUNTED, np.moveaxis(counts, 2, 0), strict=True)) | {
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
