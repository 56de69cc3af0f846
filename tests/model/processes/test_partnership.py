"""Unions: who parts and who stays, who marries, who finds whom, at which ages; against the tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import toy
from crowd import CERTAIN, Ledger, book, crowd, run, z_limit, z_of
from quartier.model import households as verbs
from quartier.model.columns import Former, Kind, Plan, Role, Union
from quartier.model.luck import Decision
from quartier.model.processes.partnership import FORM_UNION, MARRY, SEPARATE
from quartier.model.rates import DATA, Modifier
from scipy.stats import t as student

PARTING = {"separation_cohabiting": CERTAIN, "separation_married": CERTAIN}
SEEKING = {"union_formation_mid": 24.0}  # doubled at most by the balance of the sexes
ALL_MIXED = {"same_sex_share": 0.0, "direct_marriage": 0.0}
CUSTODY = ("0_2", "3_5", "6_9", "10_14", "15_up")


def couple(household: int, first: int, ages: tuple[int, int] = (40, 42), sexes: tuple[int, int] = (1, 0), **same: int) -> list[dict]:
    both = {"household": household, "union_state": Union.COHABITING, **same}
    return [{"age": ages[i], "sex": sexes[i], "partner": first + 1 - i, **both} for i in range(2)]


def to_mother(share: float, **more: float) -> dict[str, float]:
    return {**{f"custody_mother_{band}": share for band in CUSTODY}, "separated_to_parent_share": 0.0, **more}


def columns(name: str, *values: str) -> np.ndarray:
    """A table of the model's data [sex, age, column] straight from the file."""
    frame = pd.read_csv(DATA / name)
    return np.stack([frame[frame.sex == s].sort_values("age")[list(values)].to_numpy() for s in ("m", "f")])


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_parent_with_the_minor_children_stays_and_stepchildren_follow(share: float):
    people = [
        *couple(0, 0),
        {"age": 7, "sex": 1, "household": 0, "role": 1, "mother": 0, "father": 1},
        {"age": 9, "sex": 1, "household": 0, "role": 1, "mother": 0, "father": -1},
        {"age": 12, "sex": 0, "household": 0, "role": 1, "mother": -1, "father": 1},
    ]
    model = run(toy.town(people, (SEPARATE,), rates=book(to_mother(share), **PARTING)), 1)
    p = model.people
    leaver, stayer = (1, 0) if share else (0, 1)
    assert p.former_union[:2].tolist() == [Former.SEPARATED] * 2
    assert (p.role[leaver], p.plan[leaver]) == (Role.OTHER, Plan.SEPARATED)
    assert (p.role[stayer], p.plan[stayer]) == (Role.ADULT, Plan.NONE)
    goes, _ = verbs.with_children(model, np.array([leaver]))
    assert set(goes.tolist()) == ({1, 4} if share else {0, 3})
    assert model.events["separations"].sum() == 1


@pytest.mark.parametrize(("share", "noted"), [(0.0, 0), (1.0, 2)])
def test_shared_residence_is_noted_for_the_minors_in_common_who_live_with_one_parent(share: float, noted: int):
    common = {"household": 0, "role": 1, "mother": 0, "father": 1}
    people = [
        *couple(0, 0),
        {"age": 7, "sex": 1, **common},
        {"age": 12, "sex": 0, **common},
        {"age": 19, "sex": 0, **common},
        {"age": 9, "sex": 1, "household": 0, "role": 1, "mother": 0},
        {"age": 8, "sex": 1, "household": 0, "role": 1, "father": 1},
    ]
    model = run(toy.town(people, (SEPARATE,), rates=book(to_mother(1.0, shared_residence=share), **PARTING)), 1)
    assert model.events["children_in_shared_residence"].tolist() == [noted]
    assert (model.people.household[:5] == 0).all()


def test_brothers_and_sisters_have_one_lot_of_shared_residence_that_of_the_youngest():
    n, people = 400, []
    for i in range(n):
        common = {"household": i, "role": 1, "mother": 4 * i, "father": 4 * i + 1}
        people += [*couple(i, 4 * i), {"age": 5, "sex": 0, **common}, {"age": 8, "sex": 1, **common}]
    rates = book(to_mother(1.0, shared_residence=0.3), **PARTING)
    model = run(toy.town(people, (SEPARATE,), rates=rates), 1)
    youngest = model.people.key[np.flatnonzero(model.ages() == 5)]
    noted = np.count_nonzero(model.luck.uniform(Decision.SHARED_RESIDENCE, model.now, youngest) < 0.3)
    assert model.events["separations"].sum() == n
    assert model.events["children_in_shared_residence"].sum() == 2 * noted
    assert abs(z_of(noted, 0.3 * n, 0.21 * n)) < z_limit(1)


def test_a_young_leaver_may_go_to_a_parent_and_takes_no_common_child():
    people = [
        *couple(0, 0, ages=(28, 30)),
        {"age": 3, "sex": 1, "household": 0, "role": 1, "mother": 0, "father": 1},
        {"age": 60, "sex": 1, "household": 1},
    ]
    people[1]["mother"] = 3
    model = run(toy.town(people, (SEPARATE,), rates=book(to_mother(1.0, separated_to_parent_share=1.0), **PARTING)), 1)
    p = model.people
    assert p.household[:4].tolist() == [0, 1, 0, 1]
    assert (p.role[1], p.plan[1]) == (Role.CHILD, Plan.NONE)


def test_a_couple_who_separates_before_it_has_a_dwelling_gives_up_looking():
    people = [{**person, "household": i} for i, person in enumerate(couple(0, 0))]
    model = toy.town(people, (SEPARATE,), rates=book(**PARTING))
    model.people.plan[0] = Plan.JOIN_PARTNER
    model.step()
    p = model.people
    assert p.plan.tolist() == [0, 0]
    assert p.role.tolist() == [Role.ADULT, Role.ADULT]
    assert p.household.tolist() == [0, 1]


def test_a_couple_in_a_home_separates_without_moving():
    people = couple(0, 0, ages=(80, 82), role=Role.RESIDENT)
    model = run(toy.town(people, (SEPARATE,), rates=book(**PARTING)), 1)
    assert model.households.kind[0] == Kind.NURSING_HOME
    assert model.people.role.tolist() == [Role.RESIDENT] * 2
    assert model.people.plan.tolist() == [0, 0]


def test_who_marries_keeps_the_start_of_the_union():
    people = [*couple(0, 0, union_since=toy.START - 9), *couple(1, 2, sexes=(1, 1)), {"age": 30, "sex": 0, "household": 2}]
    model = run(toy.town(people, (MARRY,), rates=book(marriage_from_cohabitation=CERTAIN)), 1)
    p = model.people
    assert p.union_state.tolist() == [2, 2, 2, 2, 0]
    assert p.married_since.tolist() == [model.now] * 4 + [0]
    assert p.union_since[0] == toy.START - 9
    assert model.events["marriages"].sum() == 2


def test_two_who_seek_find_each_other_and_live_in_the_larger_dwelling():
    people = [
        {"age": 30, "sex": 1, "household": 0}, {"age": 6, "sex": 0, "household": 0, "role": 1, "mother": 0},
        {"age": 32, "sex": 0, "household": 1}, {"age": 17, "sex": 0, "household": 2, "role": 1, "mother": 4},
        {"age": 58, "sex": 1, "household": 2, "role": 0},
    ]
    rates = book({**ALL_MIXED, "direct_marriage": 1.0}, **SEEKING)
    model = run(toy.town(people, (FORM_UNION,), rates=rates), 1)
    p = model.people
    assert (p.partner[0], p.partner[2]) == (2, 0)
    assert p.household.tolist() == [0, 0, 0, 2, 2]
    assert model.dwellings.household[1] == -1
    assert (p.union_state[0], p.married_since[2]) == (Union.MARRIED, model.now)
    assert p.partner[3] == p.partner[4] == -1


@pytest.mark.parametrize("kin", [{"mother": 1}, {"father": 1}])
def test_relatives_do_not_pair(kin: dict[str, int]):
    people = [{"age": 30, "sex": 0, "household": 0, **kin}, {"age": 33, "sex": 1, "household": 1}]
    if "father" in kin:
        people[0]["sex"], people[1]["sex"] = 1, 0
    model = run(toy.town(people, (FORM_UNION,), rates=book(ALL_MIXED, **SEEKING)), 4)
    assert model.people.union_state.tolist() == [0, 0]


def test_siblings_do_not_pair():
    people = [{"age": 30, "sex": s, "household": s, "mother": 2} for s in (0, 1)] + [{"age": 70, "sex": 1, "household": 2}]
    model = run(toy.town(people, (FORM_UNION,), rates=book(ALL_MIXED, **SEEKING)), 4)
    assert model.people.union_state.sum() == 0


@pytest.mark.parametrize("sex", [0, 1])
def test_a_town_of_one_sex_forms_only_same_sex_couples(sex: int):
    model = toy.town(toy.singles(np.full(400, 35), np.full(400, sex)), (FORM_UNION,), rates=book(**SEEKING))
    run(model, 4)
    p = model.people
    same = model.luck.uniform(Decision.SAME_SEX, 0, p.key) < model.rates.parameter("same_sex_share")
    assert 0 < (p.partner >= 0).sum() <= same.sum()
    assert (p.union_state[~same] == 0).all()


def test_minors_and_residents_of_homes_do_not_seek():
    people = [
        {"age": 16, "sex": 1, "household": 0, "role": 1, "mother": 1}, {"age": 45, "sex": 1, "household": 0, "union_state": 0},
        {"age": 17, "sex": 0, "household": 1, "role": 1, "mother": 3}, {"age": 46, "sex": 1, "household": 1},
        {"age": 50, "sex": 0, "household": 2, "role": 2},
    ]
    model = run(toy.town(people, (FORM_UNION,), rates=book(ALL_MIXED, **SEEKING)), 2)
    assert (model.people.partner == -1).all()


def test_a_lone_parent_and_her_grown_child_form_unions_in_the_same_step():
    people = [
        {"age": 45, "sex": 1, "household": 0}, {"age": 20, "sex": 1, "household": 0, "role": 1, "mother": 0},
        {"age": 12, "sex": 1, "household": 0, "role": 1, "mother": 0},
        {"age": 48, "sex": 0, "household": 1}, {"age": 23, "sex": 0, "household": 2},
    ]
    model = toy.town(people, (FORM_UNION,), rates=book(ALL_MIXED, **SEEKING), vacant_rooms=[3])
    model.dwellings.rooms[:3] = [2, 5, 3]  # mother and child both move in with their partners
    model.step()
    p = model.people
    assert p.partner[:2].tolist() == [3, 4]
    assert p.household.tolist() == [1, 2, 1, 1, 2]
    assert p.role.tolist() == [0, 0, 1, 0, 0]
    assert model.dwellings.household.tolist() == [-1, 1, 2, -1]


def test_two_who_live_with_their_parents_wait_as_a_couple():
    people = [
        {"age": 22, "sex": 1, "household": 0, "role": 1, "mother": 1}, {"age": 75, "sex": 1, "household": 0},
        {"age": 24, "sex": 0, "household": 1, "role": 1, "mother": 3}, {"age": 77, "sex": 1, "household": 1},
    ]
    model = run(toy.town(people, (FORM_UNION,), rates=book(ALL_MIXED, **SEEKING)), 1)
    p = model.people
    assert p.plan[[0, 2]].tolist() == [Plan.JOIN_PARTNER, Plan.NONE]
    assert p.role[[0, 2]].tolist() == [Role.CHILD, Role.CHILD]


def test_separations_and_marriages_are_noise_around_the_tables():
    model = toy.town(crowd(12_000), (SEPARATE, MARRY))
    by_age = columns("unions.csv", "separation_cohabiting", "marriage_observed")
    by_duration = pd.read_csv(DATA / "separation_by_duration.csv").sort_values("duration").hazard.to_numpy() * 0.80
    parts, weds = Ledger(2 * 8), Ledger(8)
    for _ in range(8):
        p, step = model.people, model.now + 1
        women = np.flatnonzero((p.union_state > 0) & (p.sex == 1) & (p.present == 1))
        men = model.row_of_id[p.partner[women]]
        age_w, age_m = ((step - p.birth[r].astype(int)) // 4 for r in (women, men))
        mean = (by_age[1, age_w] + by_age[0, age_m]) / 2
        cohabiting = p.union_state[women] == Union.COHABITING
        years = np.minimum((step - p.married_since[women].astype(int)) // 4, 60)
        hazard = np.where(cohabiting, mean[:, 0], by_duration[years])
        ids, group = p.id[women], np.minimum(age_w // 10 - 2, 7)
        model.step()
        now = model.rows_of(ids)
        ended = model.people.union_state[now] == 0
        parts.add(group * 2 + cohabiting, -np.expm1(-hazard / 4), ended)
        still = cohabiting & ~ended
        weds.add(group[still], -np.expm1(-mean[still, 1] / 4), model.people.union_state[now[still]] == Union.MARRIED)
    for ledger in (parts, weds):
        z, limit = ledger.largest_z(5)
        assert ledger.seen.sum() > 150
        assert z < limit


def test_seekers_are_noise_around_the_table():
    n = 20_000
    rng = np.random.default_rng(3)
    model = toy.town(toy.singles(rng.integers(18, 80, n), rng.integers(0, 2, n)), (FORM_UNION,), check=False)
    p, step, table = model.people, model.now + 1, columns("unions.csv", "formation_mid")[..., 0]
    age = (step - p.birth.astype(int)) // 4
    free = table[p.sex, (model.now - p.birth.astype(int)) // 4]
    expected = np.array([free[p.sex == s].sum() for s in (0, 1)])
    balance = np.sqrt(expected[::-1] / expected)
    model.step()
    ledger = Ledger(2 * 7)
    started = (p.seek_until == step + 3) | (p.partner >= 0)
    ledger.add(p.sex * 7 + np.minimum(age // 10 - 1, 6), -np.expm1(-(table * balance[:, None])[p.sex, age] / 4), started)
    z, limit = ledger.largest_z()
    assert z < limit


def test_couples_last_as_long_as_a_constant_hazard_lets_them():
    n, hazard, steps = 3000, 0.3, 12
    people = [person for i in range(n) for person in couple(i, 2 * i, ages=(30 + i % 40, 33 + i % 40))]
    rates = book(separation_cohabiting=hazard)
    model = run(toy.town(people, (SEPARATE,), rates=rates, check=False), steps)
    together = int((model.people.partner >= 0).sum()) // 2
    share = np.exp(-hazard * steps / 4)
    assert abs(z_of(together, n * share, n * share * (1 - share))) < z_limit(1)


def test_custody_falls_to_the_mother_as_often_as_it_should():
    n = 2000
    people = []
    for i in range(n):
        people += [*couple(i, 3 * i), {"age": 7, "sex": 1, "household": i, "role": 1, "mother": 3 * i, "father": 3 * i + 1}]
    model = run(toy.town(people, (SEPARATE,), rates=book({"separated_to_parent_share": 0.0}, **PARTING), check=False), 1)
    fathers = int((model.people.plan[1::3] == Plan.SEPARATED).sum())
    assert abs(z_of(fathers, 0.85 * n, 0.85 * 0.15 * n)) < z_limit(1)


@pytest.mark.parametrize("woman_age", [28, 43])
def test_age_differences_follow_the_kernel(woman_age: int):
    """Men of all ages in plenty: their ages are those of the kernel, cut at the widest difference (Kolmogorov, 1 %)."""
    men, wives, gaps = np.repeat(np.arange(18, 75), 40), 120, []
    people = toy.singles(np.concatenate((np.full(wives, woman_age), men)), np.repeat([1, 0], [wives, men.size]))
    for replicate in range(6):
        model = toy.town(people, (FORM_UNION,), rates=book(ALL_MIXED, **SEEKING), check=False, replicate=replicate)
        model.step()
        wife = np.flatnonzero((model.people.sex == 1) & (model.people.partner >= 0))
        gaps.append(model.ages(model.row_of_id[model.people.partner[wife]]) - model.ages(wife))
    gap = np.concatenate(gaps)
    band = f"{woman_age // 5 * 5}-{woman_age // 5 * 5 + 4}"
    kernel = pd.read_csv(DATA / "partner_age_difference.csv").set_index("wife_age_band").loc[band]
    reach = np.arange(-25, 26) + int(np.rint(kernel["mode"]))
    reach = reach[(reach + woman_age >= 18) & (reach + woman_age < 75)]
    scale = np.where(reach < kernel["mode"], kernel.below, kernel.above)
    share = student.pdf((reach - kernel["mode"]) / scale, kernel.freedom)
    seen = np.bincount(np.searchsorted(reach, gap), minlength=reach.size) / gap.size
    assert gap.size > 0.95 * 6 * wives
    assert np.abs(np.cumsum(seen - share / share.sum())).max() < 1.63 / np.sqrt(gap.size)


def test_more_seeking_means_more_unions():
    unions = []
    for factor in (0.5, 1.0, 2.0):
        rates = book().with_modifiers([Modifier("union_formation_mid", "factor", factor)])
        model = toy.town(crowd(2000), (FORM_UNION,), rates=rates)
        total = 0
        for _ in range(6):
            model.step()
            total += int(model.events["unions"].sum())
        unions.append(total)
    assert unions[0] < unions[1] < unions[2]


