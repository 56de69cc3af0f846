"""Partnership: couples separate, cohabiting couples marry, people without a partner seek and find one."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from ..asking import ask_by_luck
from ..columns import Former, Kind, Plan, Role, Sex, Union
from ..households import end_unions, join, unite, with_children
from ..luck import Decision
from ..marked import rows_marked
from ..process import Process
from ..rates import classes
from ..shortlist import shortlist_with_word
from ..thresholds import AGES, pad_ages
from ..timeline import STEPS_PER_YEAR
from .market_areas import area_distances, market_areas
from .partner_market import age_chances, match, near_areas
from .repair import repair

if TYPE_CHECKING:
    from ..model import QuartierModel


def _couples(
    model: QuartierModel, rows: np.ndarray, luck: np.ndarray, state: Union
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of those on the shortlist who draw for a couple in this state: rows, their partners' rows, their luck."""
    p = model.people
    at = np.flatnonzero(p.union_state[rows] == state)
    at = at[p.leads[rows[at]] == 1]
    first = rows[at]
    return first, model.row_of_id[p.partner[first]], luck[at]


def _mean_hazard(model: QuartierModel, rate: str, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Mean of both partners' hazards at their own ages."""
    p = model.people
    class_of, values = model.rates.resolve(rate, model.now, model.n_quartiere)
    values = pad_ages(values)
    a, b = (values[classes(class_of, values, p.quartier, rows), p.sex[rows], model.ages(rows)] for rows in (first, second))
    return (a + b) / 2


def _mean_bound(model: QuartierModel, rate: str) -> np.ndarray:
    """Bound of a mean of both partners' hazards [leads, sex, age]: one's own and the highest there is, for who leads."""
    values = pad_ages(model.rates.resolve(rate, model.now, model.n_quartiere)[1])
    return _for_leaders((values.max(axis=0) + values.max()) / 2)


def _for_leaders(bound: np.ndarray) -> np.ndarray:
    """A bound [leads, sex, age] of zero for those who draw for no couple."""
    return np.stack((np.zeros_like(bound), bound))


def _separation_bound(model: QuartierModel) -> np.ndarray:
    _, by_duration = model.rates.resolve("separation_married", model.now, model.n_quartiere)
    married = by_duration.max() * model.rates.parameter("separation_married_level")
    cohabiting = _mean_bound(model, "separation_cohabiting")
    return np.maximum(cohabiting, _for_leaders(np.full(cohabiting.shape[1:], married)))


def _marriage_rate(model: QuartierModel) -> str:
    """The marriage hazards that belong to the set of union rates."""
    return "marriage_two_sex" if model.rates.parameter("union_set") == 2 else "marriage_from_cohabitation"


def marry(model: QuartierModel) -> None:
    """Cohabiting couples marry."""
    p = model.people
    first, second, luck = _couples(model, *shortlist_with_word(model, Decision.MARRY), Union.COHABITING)
    yes = ask_by_luck(model, "marry", first, luck, _mean_hazard(model, _marriage_rate(model), first, second))
    for rows in (first[yes], second[yes]):
        p.union_state[rows], p.married_since[rows] = Union.MARRIED, model.now
    model.count("marriages", p.quartier[first[yes]])


def _married_hazard(model: QuartierModel, first: np.ndarray) -> np.ndarray:
    class_of, by_duration = model.rates.resolve("separation_married", model.now, model.n_quartiere)
    years = (model.now - model.people.married_since[first].astype(np.int64)) // STEPS_PER_YEAR
    years = np.minimum(years, by_duration.shape[1] - 1)
    return by_duration[classes(class_of, by_duration, model.people.quartier, first), years] * model.rates.parameter(
        "separation_married_level"
    )


def separate(model: QuartierModel) -> None:
    """Couples separate: cohabiting ones by age, married ones by duration; one of the two has to find another home."""
    p = model.people
    pairs, asked = [], shortlist_with_word(model, Decision.SEPARATE)
    for state in (Union.COHABITING, Union.MARRIED):
        first, second, luck = _couples(model, *asked, state)
        if state is Union.COHABITING:
            hazard = _mean_hazard(model, "separation_cohabiting", first, second)
        else:
            hazard = _married_hazard(model, first)
        yes = ask_by_luck(model, f"separate_{state.name.lower()}", first, luck, hazard)
        pairs.append((first[yes], second[yes]))
    first, second = (np.concatenate(side) for side in zip(*pairs, strict=True))
    model.count("separations", p.quartier[first])
    together = (p.household[first] == p.household[second]) & (p.role[first] != Role.RESIDENT)
    end_unions(model, first, Former.SEPARATED)
    if together.any():
        _part(model, first[together], second[together])


def _part(model: QuartierModel, first: np.ndarray, second: np.ndarray) -> None:
    """Who leaves: the parent with whom the minor children do not stay; without children either, by the leader's luck."""
    p, rates = model.people, model.rates
    leaves_first = model.luck.uniform(Decision.WHO_LEAVES, model.now, p.key[first]) < 0.5
    rows, couple = with_children(model, np.concatenate((first, second)), int(rates.parameter("age_of_majority")))
    couple = couple % first.size
    child = p.role[rows] == Role.CHILD
    youngest = np.full(first.size, AGES)
    np.minimum.at(youngest, couple[child], model.ages(rows[child]))
    _count_shared_residence(model, first, second, rows[child], couple[child])
    with_mother = np.array(
        [rates.parameter(f"custody_mother_{band}") for band in ("0_2", "3_5", "6_9", "10_14", "15_up")]
    )
    share = with_mother[np.searchsorted(np.array([3, 6, 10, 15]), np.minimum(youngest, 17), side="right")]
    mother_keeps = model.luck.uniform(Decision.CUSTODY, model.now, p.key[first]) < share
    parents, mixed = youngest < AGES, p.sex[first] != p.sex[second]
    mother_first = p.sex[first] == Sex.FEMALE
    leaves_first = np.where(parents & mixed, mother_first != mother_keeps, leaves_first)
    leaver = np.where(leaves_first, first, second)
    stayer = np.where(leaves_first, second, first)
    p.role[stayer] = Role.ADULT
    _go_to_parent(model, leaver)


def _count_shared_residence(
    model: QuartierModel, first: np.ndarray, second: np.ndarray, children: np.ndarray, couple: np.ndarray
) -> None:
    """Count the minors in common who will live with either parent in turn; they stay members of one household.

    The brothers and sisters have one lot, that of the youngest.
    """
    p = model.people
    a, b, mother, father = p.id[first[couple]], p.id[second[couple]], p.mother[children], p.father[children]
    common = ((mother == a) & (father == b)) | ((mother == b) & (father == a))
    children, couple = children[common], couple[common]
    order = np.lexsort((p.key[children], -p.birth[children].astype(np.int64), couple))
    children, couple = children[order], couple[order]
    begins = np.flatnonzero(np.diff(couple, prepend=-1))
    lot = model.luck.uniform(Decision.SHARED_RESIDENCE, model.now, p.key[children[begins]])
    shared = np.repeat(lot < model.rates.parameter("shared_residence"), np.diff(np.append(begins, couple.size)))
    model.count("children_in_shared_residence", p.quartier[children[shared]])


def _go_to_parent(model: QuartierModel, leaver: np.ndarray) -> None:
    """A share of the young leavers goes to a parent in town at once; the others look for a dwelling."""
    p, rates = model.people, model.rates
    wants = model.luck.uniform(Decision.HOME_DESTINATION, model.now, p.key[leaver]) < rates.parameter(
        "separated_to_parent_share"
    )
    wants &= model.ages(leaver) < rates.parameter("separated_to_parent_age")
    home = parental_home(model, leaver)
    goes = wants & (home >= 0) & (home != p.household[leaver])
    p.role[leaver] = Role.OTHER
    p.plan[leaver[~goes]], p.plan_since[leaver[~goes]] = Plan.SEPARATED, model.now
    move_in(model, leaver[goes], home[goes], Role.CHILD)


def parental_home(model: QuartierModel, rows: np.ndarray) -> np.ndarray:
    """Private household (i32) of the mother, else of the father, in town; -1 where there is none."""
    p, h = model.people, model.households
    home = np.full(rows.size, -1, np.int32)
    for parent in (model.rows_of(p.father[rows]), model.rows_of(p.mother[rows])):
        there = parent >= 0
        candidate = p.household[parent[there]]
        home[there] = np.where(h.kind[candidate] == Kind.PRIVATE, candidate, home[there])
    return home


def move_in(model: QuartierModel, leaders: np.ndarray, homes: np.ndarray, role: Role) -> None:
    """Let people move into existing households, with the own children who live with them."""
    if not leaders.size:
        return
    p = model.people
    rows, leader = with_children(model, leaders)
    left = p.household[rows]
    join(model, rows, homes[leader])
    p.role[leaders], p.plan[leaders] = role, Plan.NONE
    repair(model, np.concatenate((left, homes)))  # the hosts may have moved out themselves


def _seeking_hazard(model: QuartierModel) -> np.ndarray:
    """Annual hazards of starting to seek a partner [class of Quartier, sex, age], balanced between the sexes."""
    side = model.side["form_union"]
    _, hazard = model.rates.resolve(side["rate"], model.now, model.n_quartiere)
    hazard = pad_ages(hazard) * side["balance"][None, :, None]
    hazard[:, :, : int(model.rates.parameter("youngest_seeker"))] = 0
    return hazard


def _seekers(model: QuartierModel) -> np.ndarray:
    """Rows of all on the market: those who start to seek now and those who started up to three steps ago."""
    p = model.people
    rows, luck = shortlist_with_word(model, Decision.SEEK_PARTNER)
    free = np.flatnonzero((p.partner[rows] < 0) & (p.role[rows] != Role.RESIDENT))
    rows, luck = rows[free], luck[free]
    class_of, _ = model.rates.resolve(model.side["form_union"]["rate"], model.now, model.n_quartiere)
    hazard = _seeking_hazard(model)
    its_class = np.asarray(classes(class_of, hazard, p.quartier, rows), np.int64)
    cell = (len(Sex) * its_class + p.sex[rows]) * AGES + model.ages(rows)
    hazard = hazard.ravel()[cell]  # by one index, which is found faster than by three
    new = rows[ask_by_luck(model, "seek", rows, luck, hazard)]
    p.seek_until[new] = model.now + int(model.rates.parameter("market_steps")) - 1
    on_market = rows_marked((p.seek_until >= model.now).view(np.uint8))
    free = (p.partner[on_market] < 0) & (p.role[on_market] != Role.RESIDENT) & (p.present[on_market] == 1)
    return on_market[free]


def start_unions(model: QuartierModel) -> None:
    """Balance the expected numbers of seeking women and men on the start population, once and for all."""
    p = model.people
    rate = ("union_formation_mid", "union_formation_period", "union_formation_two_sex")[
        int(model.rates.parameter("union_set"))
    ]
    hazard = pad_ages(model.rates[rate].values)
    free = (p.partner < 0) & (p.role != Role.RESIDENT) & (model.ages() >= model.rates.parameter("youngest_seeker"))
    expected = np.array([hazard[s, model.ages(np.flatnonzero(free & (p.sex == s)))].sum() for s in Sex])
    balance = np.sqrt(expected[::-1] / expected) if expected.min() > 0 else np.ones(2)
    area = market_areas(model)
    persons = np.bincount(area[p.quartier], minlength=int(area.max()) + 1)
    near, share = near_areas(area_distances(model, area), persons, model.rates.parameter("pair_distance_weight"))
    ages = [_age_chances(model), _age_chances(model, same_sex=True)]
    model.side["form_union"] = {
        "rate": rate,
        "balance": np.clip(balance, 0.5, 2.0),
        "area": area,
        "areas": (np.concatenate([near + market * len(near) for market in Market]), np.tile(share, (len(Market), 1))),
        "ages": tuple(np.concatenate(tables) for tables in zip(*ages, strict=True)),
    }


def _age_chances(model: QuartierModel, same_sex: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Chances of a partner's ages by the table of age differences; those of the same sex on either side of the own age."""
    band = np.searchsorted(np.arange(20, 80, 5), np.arange(AGES), side="right")
    names = ("mode", "below", "above", "freedom")
    difference = {name: model.rates[f"partner_age_{name}"].values[band] for name in names}
    if same_sex:
        scale = (difference["below"] + difference["above"]) / 2
        difference |= {"mode": np.zeros(AGES), "below": scale, "above": scale}
    widest, youngest = (int(model.rates.parameter(name)) for name in ("partner_age_reach", "youngest_seeker"))
    return age_chances(difference, widest, youngest)


class Market(IntEnum):
    """Three markets that share one line of places: the areas of the second and third follow those of the first."""

    TWO_SEXES = 0
    WOMEN = 1
    MEN = 2


def _side(model: QuartierModel, rows: np.ndarray, market: np.ndarray) -> dict[str, np.ndarray]:
    p, side = model.people, model.side["form_union"]
    kin = np.stack((p.id[rows], p.mother[rows], p.father[rows]), axis=1)
    areas = len(side["areas"][0]) // len(Market)
    return {
        "key": p.key[rows],
        "cell": side["area"][p.quartier[rows]] + market * areas,
        "age": model.ages(rows),
        "kin": kin,
    }


def _match(model: QuartierModel, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Who of those on the market find each other: proposers (women, or by lot among those of one sex) and whom they found."""
    p, side = model.people, model.side["form_union"]
    keys = p.key[rows]
    same = model.luck.uniform(Decision.SAME_SEX, 0, keys) < model.rates.parameter("same_sex_share")
    by_lot = model.luck.uniform(Decision.SAME_SEX_SIDE, 0, keys) < 0.5
    woman = p.sex[rows] == Sex.FEMALE
    market = np.where(same, np.where(woman, Market.WOMEN, Market.MEN), Market.TWO_SEXES)
    proposes = np.where(same, by_lot, woman)
    asks, holds = np.flatnonzero(proposes), np.flatnonzero(~proposes)
    if not (asks.size and holds.size):
        return rows[:0], rows[:0]
    asks = asks[np.argsort(market[asks], kind="stable")]
    proposers = _side(model, rows[asks], market[asks])
    proposers["age"] += AGES * same[asks]  # the second half of the tables is that of couples of one sex
    found = match(model.luck, model.now, proposers, _side(model, rows[holds], market[holds]), side["areas"], side["ages"])
    return rows[asks[found >= 0]], rows[holds[found[found >= 0]]]


def form_union(model: QuartierModel) -> None:
    """Seekers find each other; the couple lives where there is a dwelling of the two, the larger one where there are two."""
    p, rates = model.people, model.rates
    first, second = _match(model, _seekers(model))
    if not first.size:
        return
    married = model.luck.uniform(Decision.DIRECT_MARRIAGE, model.now, p.key[first]) < rates.parameter("direct_marriage")
    unite(model, first, second, married)
    model.count("unions", p.quartier[first])
    model.count("marriages", p.quartier[first[married]])
    _move_together(model, first, second)


def _move_together(model: QuartierModel, first: np.ndarray, second: np.ndarray) -> None:
    p, h, d = model.people, model.households, model.dwellings

    def rooms(rows: np.ndarray) -> np.ndarray:
        dwelling = h.dwelling[p.household[rows]]
        own = (p.role[rows] == Role.ADULT) & (p.plan[rows] == Plan.NONE) & (dwelling >= 0)
        return np.where(own, d.rooms[np.maximum(dwelling, 0)].astype(np.int64), 0)

    a, b = rooms(first), rooms(second)
    first_stays = np.where(a == b, p.key[first] < p.key[second], a > b)
    housed, apart = np.maximum(a, b) > 0, p.household[first] != p.household[second]
    host, guest = np.where(first_stays, first, second), np.where(first_stays, second, first)
    moves = housed & apart
    move_in(model, guest[moves], p.household[host[moves]], Role.ADULT)
    p.role[host[housed]], p.role[guest[housed]] = Role.ADULT, Role.ADULT
    p.plan[guest[housed]] = Plan.NONE
    leads = np.where(p.leads[first] == 1, first, second)[~housed]
    p.plan[first[~housed]] = p.plan[second[~housed]] = Plan.NONE
    p.plan[leads], p.plan_since[leads] = Plan.JOIN_PARTNER, model.now


SEPARATE = Process(
    "separate",
    reads=(
        "people.birth",
        "people.union_state",
        "people.partner",
        "people.leads",
        "people.married_since",
        "people.mother",
        "people.father",
    ),
    writes=("households.end_unions", "households.join", "people.plan", "people.plan_since", "people.role"),
    rates=("separation_cohabiting", "separation_married"),
    step=separate,
    bounds={Decision.SEPARATE: _separation_bound},
)
MARRY = Process(
    "marry",
    reads=("people.birth", "people.union_state", "people.partner", "people.leads"),
    writes=("people.union_state", "people.married_since"),
    rates=("marriage_from_cohabitation", "marriage_two_sex"),
    step=marry,
    bounds={Decision.MARRY: lambda model: _mean_bound(model, _marriage_rate(model))},
)
FORM_UNION = Process(
    "form_union",
    reads=("people.birth", "people.sex", "people.partner", "people.role", "dwellings.rooms"),
    writes=(
        "households.unite",
        "households.join",
        "people.seek_until",
        "people.plan",
        "people.plan_since",
        "people.role",
    ),
    rates=("union_formation_mid", "union_formation_period", "union_formation_two_sex"),
    step=form_union,
    start=start_unions,
    bounds={Decision.SEEK_PARTNER: lambda model: _seeking_hazard(model).max(axis=0)},
)
