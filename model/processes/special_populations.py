"""Student residences and refugee accommodation: kept apart, so that one building does not make a Quartier's profile.

Their residents neither look for dwellings nor count among the households whose moves, births and groups are estimated. They
leave by a rate of their own; the places that fall free are filled from those who arrive in the same quarter, so that
occupation stays and the town's in-moves are not raised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..asking import ask
from ..columns import Kind, Reason, Role
from ..households import found, join, remove
from ..luck import Decision
from ..process import Process
from ..rates import MAX_HAZARD
from ..thresholds import pad_ages

if TYPE_CHECKING:
    from ..model import QuartierModel

KINDS = (Kind.STUDENT_RESIDENCE, Kind.REFUGEE_ACCOMMODATION)


def start_special(model: QuartierModel) -> None:
    """Remember how many live in each residence at the start: so many places are kept filled; and students' rates of moving."""
    h, rates = model.households, model.rates
    homes = np.flatnonzero(np.isin(h.kind, KINDS) & (h.size > 0))
    out = sum(pad_ages(rates[f"out_migration_{d}"].values) for d in ("germany", "abroad"))
    both = out + pad_ages(rates["moves_within_town"].values)
    model.side["fill_special_places"] = {
        "special": np.isin(np.arange(len(Kind)), KINDS),
        "homes": homes,
        "places": h.size[homes].astype(np.int64),
        "moves": both,
        "elsewhere": out / np.maximum(both, 1e-9),
    }


def fill_special_places(model: QuartierModel) -> None:
    """Let residents leave for a dwelling in town or for elsewhere, and fill the free places from this quarter's arrivals."""
    side, p = model.side["fill_special_places"], model.people
    if not side["homes"].size:
        return
    stay = _leave(model, _residents(model))
    came = _enter(model, side["homes"], side["places"])
    side["residents"] = (model.now, p.id[np.concatenate((stay, came))])


def _residents(model: QuartierModel) -> np.ndarray:
    """Rows (i32, ascending) of those who live in a residence: who stayed or came in the last step, else looked for among all.

    Who they are is no state: after a break (a run continued from a saved state) they are found again.
    """
    p, side = model.people, model.side["fill_special_places"]
    step, ids = side.get("residents", (-1, None))
    if step == model.now - 1:
        rows = np.sort(model.rows_of(ids))
        rows = rows[rows >= 0]
    else:
        rows = np.flatnonzero((p.present == 1) & (p.role == Role.RESIDENT)).astype(np.int32)
    return rows[side["special"][model.households.kind[p.household[rows]]]]


def leaving_hazards(model: QuartierModel, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Annual hazards of leaving a residence (float64), and the share of those who go who leave the town.

    Students leave at the rates of moving of their age, inside the town and across its border, and all of them when they
    are too old; refugees at one rate. Minors stay until they come of age.
    """
    p, rates, ages, side = model.people, model.rates, model.ages(rows), model.side["fill_special_places"]
    student, sex = model.households.kind[p.household[rows]] == Kind.STUDENT_RESIDENCE, p.sex[rows]
    hazard = np.where(student, side["moves"][sex, ages], rates.parameter("refugee_leaving"))
    hazard[student & (ages > rates.parameter("student_oldest"))] = MAX_HAZARD
    hazard[ages < rates.parameter("age_of_majority")] = 0.0
    share = np.where(student, side["elsewhere"][sex, ages], rates.parameter("refugee_leaves_town"))
    return hazard, share


def _leave(model: QuartierModel, residents: np.ndarray) -> np.ndarray:
    """Let residents leave; rows of those who stay."""
    p = model.people
    hazard, share = leaving_hazards(model, residents)
    goes = ask(model, "leave_residence", Decision.INSTITUTION_EXIT, residents, hazard)
    rows, share = residents[goes], share[goes]
    if rows.size:
        away = model.luck.uniform(Decision.RESIDENCE_DESTINATION, model.now, p.key[rows]) < share
        if away.any():
            model.count("out_migration_germany", p.quartier[rows[away]])
            remove(model, rows[away], died=False)
        stays = rows[~away][np.argsort(p.key[rows[~away]])].astype(np.int32)
        homes = found(model, p.quartier[stays])
        p.role[stays] = Role.ADULT
        join(model, stays, homes)
        model.households.reason[homes], model.households.wait_since[homes] = Reason.NEW_HOUSEHOLD, model.now
    return residents[~goes]


def _enter(model: QuartierModel, homes: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Fill free places by a lottery among those who have just come alone: refugees from abroad, students of their ages.

    Free places of a kind are dealt in the order of the residences; the winners in that of their lots. Rows (i32) of who enters.
    """
    p, h, rates, arrived = model.people, model.households, model.rates, model.side.get("arrived", {})
    free, came = np.maximum(places - h.size[homes], 0), np.empty(0, np.int32)
    if not free.any() or arrived.get("step") != model.now:
        return came
    rows, abroad = arrived["rows"].astype(np.int32), arrived["abroad"]
    if not (free[h.kind[homes] == Kind.STUDENT_RESIDENCE] > 0).any():
        rows, abroad = rows[abroad], abroad[abroad]
    ages = model.ages(rows)
    alone = (h.size[p.household[rows]] == 1) & (ages >= rates.parameter("age_of_majority"))
    alone &= h.kind[p.household[rows]] == Kind.PRIVATE
    young = (ages >= rates.parameter("student_youngest")) & (ages <= rates.parameter("student_oldest"))
    for kind, fits in ((Kind.REFUGEE_ACCOMMODATION, abroad), (Kind.STUDENT_RESIDENCE, young)):
        of_kind = h.kind[homes] == kind
        place = np.repeat(homes[of_kind], free[of_kind]).astype(np.int32)
        able = np.flatnonzero(alone & fits)
        key = p.key[rows[able]]
        able = able[_first(model.luck.words(Decision.RESIDENCE_LOTTERY, model.now, key), key, place.size)]
        alone[able] = False
        join(model, rows[able], place[: able.size])
        p.role[rows[able]] = Role.RESIDENT
        came = np.concatenate((came, rows[able]))
    return came


def _first(lots: np.ndarray, keys: np.ndarray, most: int) -> np.ndarray:
    """Positions of the lowest lots in their order, at most so many; of equal lots the lower key comes first."""
    within = np.arange(lots.size)
    if 0 < most < lots.size:
        within = np.flatnonzero(lots <= np.partition(lots, most - 1)[most - 1])
    return within[np.lexsort((keys[within], lots[within]))][:most]


FILL_SPECIAL_PLACES = Process(
    "fill_special_places",
    reads=("people.birth", "people.sex", "people.role", "households.size", "households.kind"),
    writes=("people.role", "households.join", "households.found", "households.remove"),
    rates=("out_migration_germany", "out_migration_abroad", "moves_within_town"),
    step=fill_special_places,
    start=start_special,
)
