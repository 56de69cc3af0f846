"""Staff that is missing takes places away: at the end of a year the staff of the next one is worked out (model-care.md 5).

Staff ages, retires, leaves and is joined by entrants, as the trend of 2019-2023 has it or in proportion to the town's
population of 18 to 34. At the start it is what the region lists, else as much as the places there are take; newly opened places
bring theirs. Where it does not suffice, places cannot be filled until the end of the year. Services that grow with demand are
estimates and lose none. Deaths never depend on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from ..care_facilities import ADVICE_HUB, AMBULATORY, DAY_CARE, SERVICED_HOUSING, SHARED_FLAT, CareFacilities
from ..care_staff import BRANCHES, a_year_later, exits, start_ages, trend_entrants, units_lost
from ..measures import CARE_KINDS
from ..process import Process
from ..timeline import STEPS_PER_YEAR, is_year_end

if TYPE_CHECKING:
    from ..model import QuartierModel

SIDE: Final = "staff_services"
_BRANCH_OF_KIND: Final = np.array(
    [
        BRANCHES.index("ambulatory" if kind in ("ambulatory", "shared_flat", "serviced_housing") else "home")
        for kind in CARE_KINDS
    ]
)


def staff_per_unit(model: QuartierModel) -> np.ndarray:
    """Full-time equivalents per unit of each facility's capacity (float64): a place, or an hour of work with clients."""
    f, r = model.side["care_facilities"], model.rates
    per_kind = np.full(len(CARE_KINDS), r.parameter("care_staff_home_fte"))
    per_kind[DAY_CARE] = r.parameter("care_staff_day_care_fte")
    per_kind[AMBULATORY] = r.parameter("care_staff_ambulatory_fte") / r.parameter("care_service_hours")
    per_kind[SHARED_FLAT] = r.parameter("care_staff_shared_flat_fte")
    per_kind[SERVICED_HOUSING], per_kind[ADVICE_HUB] = r.parameter("care_staff_serviced_housing_fte"), 0.0
    return per_kind[f.kind]


def _young(model: QuartierModel) -> float:
    """People of 18 to 34 in the town."""
    p, now = model.people, model.now
    born = (p.birth > now - 35 * STEPS_PER_YEAR) & (p.birth <= now - 18 * STEPS_PER_YEAR)
    return float(np.count_nonzero(born & (p.present == 1)))


def start_staff(model: QuartierModel) -> None:
    """Staff at the start, with the ages of the statistics: what is listed, else as much as the places take; and what it lacks."""
    f: CareFacilities | None = model.side.get("care_facilities")
    if f is None:
        return
    need = f.places(model.now) * staff_per_unit(model)
    own = np.where(np.isfinite(f.staff), f.staff, need)
    branch = _BRANCH_OF_KIND[f.kind]
    heads = [
        own[branch == b].sum()
        / model.rates.parameter(f"care_staff_{name}_fte_per_head")
        * start_ages(model.rates, name)
        for b, name in enumerate(BRANCHES)
    ]
    entrants = [trend_entrants(model.rates, name, h) for name, h in zip(BRANCHES, heads, strict=True)]
    model.side[SIDE] = {
        "heads": np.stack(heads),
        "lost": np.zeros(len(f), np.int64),
        "entrants_at_start": np.array(entrants),
        "young_at_start": _young(model),
        "need_at_start": need,
        "own_at_start": own,
    }
    _lose_places(model)


def covered(model: QuartierModel) -> tuple[float, ...]:
    """Share of the staff needed at the start that there was, by branch; one where a region lists no staff."""
    f: CareFacilities | None = model.side.get("care_facilities")
    if f is None or SIDE not in model.side:
        return (1.0,) * len(BRANCHES)
    branch, side = _BRANCH_OF_KIND[f.kind], model.side[SIDE]
    need, own = (np.bincount(branch, side[name], minlength=len(BRANCHES)) for name in ("need_at_start", "own_at_start"))
    return tuple(np.where(need > 0, own / np.maximum(need, 1e-12), 1.0).tolist())


def staff_services(model: QuartierModel) -> None:
    """At the end of a year: next year's staff, and the places that cannot be filled for want of it."""
    if not is_year_end(model.now) or SIDE not in model.side:
        return
    side, rates = model.side[SIDE], model.rates
    grown = _young(model) / side["young_at_start"] if side["young_at_start"] > 0 else 0.0
    levels = {
        name: rates.resolve(f"care_staff_{name}", model.now, model.n_quartiere)[1][0]
        for name in ("follows_young", "entrants")
    }
    for b, name in enumerate(BRANCHES):
        trend, weight = trend_entrants(rates, name, side["heads"][b]), levels["follows_young"][b]
        entrants = (1 - weight) * trend + weight * side["entrants_at_start"][b] * grown
        side["heads"][b] = a_year_later(side["heads"][b], exits(rates), levels["entrants"][b] * entrants)
    _lose_places(model)


def _lose_places(model: QuartierModel) -> None:
    """Note the places that cannot be filled until the end of the next year, by the staff there is now."""
    side, rates = model.side[SIDE], model.rates
    f: CareFacilities = model.side["care_facilities"]
    limits = rates.resolve("care_staff_limits", model.now, model.n_quartiere)[1][0]
    side["lost"] = np.zeros(len(f), np.int64)
    for b in np.flatnonzero(limits > 0):
        there = side["heads"][b].sum() * rates.parameter(f"care_staff_{BRANCHES[b]}_fte_per_head")
        rows = np.flatnonzero(_BRANCH_OF_KIND[f.kind] == b)
        side["lost"][rows] = _places_lost(model, f, rows, there)


def _places_lost(model: QuartierModel, f: CareFacilities, rows: np.ndarray, there: float) -> np.ndarray:
    """Units (i64) that these facilities of a branch cannot fill with ``there`` full-time equivalents, next year."""
    rates, side = model.rates, model.side[SIDE]
    per_unit = staff_per_unit(model)[rows]
    units = f.places(model.now + 1)[rows]
    needed, start = units * per_unit, side["own_at_start"][rows]
    brought = np.maximum(needed - side["need_at_start"][rows], 0) * rates.parameter("care_staff_new_places_share")
    own = there * start / max(start.sum(), 1e-12) + brought
    counts = ~f.growing(model.now)[rows]  # estimates that grow with demand neither lose places nor staff to others
    lacking = float((needed[counts] - own[counts]).sum())
    lost = np.zeros(rows.size)
    most = 1 - rates.parameter("care_staff_keeps_open")
    lost[counts] = units_lost(lacking, needed[counts], own[counts], most, f.key[rows[counts]])
    return np.minimum(np.ceil(lost / per_unit - 1e-9).astype(np.int64), units)


STAFF_SERVICES = Process(
    "staff_services",
    reads=("people.birth",),
    writes=(),
    rates=(
        "care_staff_limits",
        "care_staff_follows_young",
        "care_staff_entrants",
        "care_staff_home_growth",
        "care_staff_ambulatory_growth",
        "care_staff_leave",
        "care_staff_retire_60",
        "care_staff_retire_65",
        "care_staff_new_places_share",
        "care_staff_keeps_open",
    ),
    step=staff_services,
    start=start_staff,
    remembers=("heads", "lost"),
)
