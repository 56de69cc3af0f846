"""Births: who may bear, what a birth changes, births against the table, children per cohort and per year."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
import toy
from crowd import Ledger, book, crowd, row, run, z_limit, z_of
from quartier.model.columns import Role, Sex
from quartier.model.luck import Domain, derive_keys
from quartier.model.processes.births import BEAR, birth_hazards
from quartier.model.rates import DATA, Modifier

ALIKE = {f"spacing_{name}": 1.0 for name in ("under_2_years", "under_4_years", "under_6_years", "over_6_years")}
LIKELY = 20.0


def table() -> np.ndarray:
    """Hazards [union, parity, age 15-49] straight from the file."""
    frame = pd.read_csv(DATA / "births.csv").set_index(["union", "parity", "age"]).hazard
    unions = ("unpartnered", "cohabiting", "married")
    return np.array([[[frame[u, k, a] for a in range(15, 50)] for k in range(4)] for u in unions])


def test_who_bears_and_what_it_changes():
    people = [
        {"age": 30, "sex": 1, "household": 0, "partner": 1, "union_state": 1},
        {"age": 33, "sex": 0, "household": 0, "partner": 0, "union_state": 1},
        {"age": 50, "sex": 1, "household": 1}, {"age": 30, "sex": 0, "household": 2}, {"age": 25, "sex": 1, "household": 3, "role": 2},
    ]
    model = toy.town(people, (BEAR,), rates=book({**ALIKE, "twin_share": 0.0}, birth_hazard=LIKELY))
    keys = model.people.key.copy()
    model.step()
    p = model.people
    assert model.events["births"].sum() == 1
    child = int(np.flatnonzero(p.birth == model.now)[0])
    assert (p.mother[child], p.father[child], p.role[child]) == (0, 1, Role.CHILD)
    assert p.household[child] == p.household[0]
    assert p.key[child] == derive_keys(Domain.NEWBORN, keys[:1], model.now, 0)[0]
    assert (p.parity[0], p.last_birth[0]) == (1, model.now)
    run(model, 2)
    assert model.events["births"].sum() == 0  # too soon
    run(model, 2)
    assert p.parity[0] >= 2


def test_twins_are_two_people_and_count_twice():
    people = [{"age": 30, "sex": 1, "household": i} for i in range(40)]
    model = run(toy.town(people, (BEAR,), rates=book({**ALIKE, "twin_share": 1.0, "share_of_boys": 0.5}, birth_hazard=LIKELY)), 1)
    p = model.people
    assert model.events["births"].sum() == 2 * (p.parity[:40] == 2).sum() > 60
    assert np.unique(p.key).size == len(p)
    pairs = p.sex[p.birth == model.now].reshape(2, -1)
    assert 0 < (pairs[0] != pairs[1]).mean() < 1
    assert (p.father[p.birth == model.now] == -1).all()


def test_parity_ends_at_three_and_more():
    people = [{"age": 30, "sex": 1, "household": i, "parity": 3, "last_birth": toy.START - 30} for i in range(20)]
    model = run(toy.town(people, (BEAR,), rates=book({**ALIKE, "twin_share": 1.0}, birth_hazard=LIKELY)), 1)
    assert (model.people.parity[:20] == 3).all()


def test_a_child_of_two_mothers_has_both():
    couple = [{"age": 30, "sex": 1, "household": 0, "partner": 1 - i, "union_state": 2} for i in range(2)]
    model = run(toy.town(couple, (BEAR,), rates=book({**ALIKE, "twin_share": 0.0}, birth_hazard=LIKELY)), 1)
    p = model.people
    for child in np.flatnonzero(p.birth == model.now):
        assert {int(p.mother[child]), int(p.father[child])} == {0, 1}


@pytest.mark.parametrize("people", [toy.singles([30], [0]), toy.singles([60], [1])])
def test_without_fertile_women_nobody_is_born(people: list[dict]):
    model = run(toy.town(people, (BEAR,)), 4)
    assert len(model.people) == 1


def test_births_by_age_parity_and_union_are_noise_around_the_table():
    rates = book(ALIKE)
    model = toy.town(crowd(12_000, 2), (BEAR,), quartiere=2, rates=rates)
    model.people.last_birth[:] = 0
    model.side["bear"]["spacing"][2:] = 1.0
    hazard, ledger, births = table(), Ledger(3 * 4 * 7), 0
    for _ in range(8):
        p, step = model.people, model.now + 1
        age = (step - p.birth.astype(int)) // 4
        women = np.flatnonzero((p.present == 1) & (p.sex == Sex.FEMALE) & (age >= 15) & (age < 50))
        ids, age, parity, union = p.id[women], age[women], p.parity[women].astype(int), p.union_state[women].astype(int)
        chance = -np.expm1(-hazard[union, parity, age - 15] / 1.0168 / 4)
        chance[step - p.last_birth[women].astype(int) < 3] = 0
        model.step()
        here = model.rows_of(ids)
        ledger.add((union * 4 + parity) * 7 + (age - 15) // 5, chance, model.people.last_birth[here] == model.now)
        births += int(model.events["births"].sum())
    confinements = int(ledger.seen.sum())
    twins = births - confinements
    z, limit = ledger.largest_z()
    assert confinements > 300
    assert z < limit
    assert abs(z_of(twins, 0.0165 * confinements, 0.0165 * confinements)) < z_limit(1)
    children = model.people.sex[model.people.birth > toy.START]
    assert abs(z_of((children == 0).sum(), 0.5127 * children.size, 0.25 * children.size)) < z_limit(1)


def test_spacing_moves_births_in_time_but_keeps_the_yearly_rate():
    rng = np.random.default_rng(2)
    n = 20_000
    people = toy.singles(rng.integers(22, 44, n), np.ones(n, int))
    model = toy.town(people, (BEAR,), check=False)
    p = model.people
    p.parity[:], p.last_birth[:] = rng.integers(1, 4, n), toy.START - rng.integers(0, 40, n)
    model.side["bear"].clear()
    BEAR.start(model)  # type: ignore[misc]
    rows = np.arange(n)
    seen = birth_hazards(model, rows)
    plain = table()[0, p.parity, model.ages() - 15]
    for parity in (1, 2, 3):
        of = p.parity == parity
        assert seen[of].sum() == pytest.approx(plain[of].sum(), rel=0.02)
    since = model.now - p.last_birth.astype(int)
    assert (seen[since < 3] == 0).all()
    ratio = seen / plain
    assert ratio[(since >= 8) & (since < 16)].mean() == pytest.approx(ratio[since >= 24].mean() * 1.4 / 0.5, rel=0.05)


def test_a_quartier_with_many_births_keeps_a_part_of_its_level():
    n = 400
    people = [{"age": 30, "sex": 1, "household": i, "quartier": i % 2} for i in range(n)]
    expected = 3 * n / 2 * table()[0, 0, 15]
    flows = pd.DataFrame([
        {"date": date(year, 12, 31), "event": "birth", "from_id": "", "to_id": q, "sex": "t", "age_from": 0, "age_to": -1, "persons": b}
        for year in (2021, 2022, 2023) for q, b in (("01", expected / 3), ("02", expected))
    ])
    model = toy.town(people, (BEAR,), quartiere=2, flows=flows)
    level = model.side["bear"]["level"]
    assert level[0] == pytest.approx(1.0)
    assert level[1] == pytest.approx((3 * expected + 60) / (expected + 60))


def test_births_told_for_the_town_only_give_all_quartiere_one_level():
    n = 400
    people = [{"age": 30, "sex": 1, "household": i, "quartier": i % 2} for i in range(n)]
    expected = n * table()[0, 0, 15]
    row = {"date": date(2023, 12, 31), "event": "birth", "from_id": "", "to_id": "", "sex": "t", "age_from": 0, "age_to": -1}
    model = toy.town(people, (BEAR,), quartiere=2, flows=pd.DataFrame([{**row, "persons": 3 * expected}]))
    assert model.side["bear"]["level"] == pytest.approx([(3 * expected + 60) / (expected + 60)] * 2)


def national_women() -> tuple[np.ndarray, int]:
    """Women of Germany at the end of 2023 [union, parity, age 15-49], and the births registered in that year."""
    pyramid = pd.read_csv(DATA / "population_pyramid.csv", dtype={"state": str})
    women = pyramid[(pyramid.state == "00") & (pyramid.sex == "f")].set_index("age").persons.loc[15:49].to_numpy()
    parity = pd.read_csv(DATA / "parity.csv").pivot(index="parity", columns="age", values="share").to_numpy()
    homes = pd.read_csv(DATA / "living_arrangement.csv")
    share = homes[homes.sex == "f"].pivot(index="arrangement", columns="age", values="share").loc[:, 15:49]
    childless = np.stack([share.loc[["child", "alone", "other"]].sum(), share.loc["cohabiting"], share.loc["married"]])
    mothers = np.stack([share.loc["lone_parent"], share.loc["cohabiting_parent"], share.loc["married_parent"]])
    by_union = np.stack([childless / childless.sum(0)] + [mothers / np.maximum(mothers.sum(0), 1e-9)] * 3, axis=1)
    return women * parity[None] * by_union, 692_989


def test_the_women_of_2023_bear_the_children_of_that_year_by_order():
    weight, published = national_women()
    people, cell = [], []
    for union in range(3):
        for parity in range(4):
            for age in range(18, 50):
                woman = {"age": age, "sex": 1, "household": len(cell), "parity": parity, "union_state": union}
                woman["last_birth"] = toy.START - 20
                cell.append((union, parity, age - 15))
                if union:
                    woman["partner"] = len(people) + 1
                    people += [woman, {"age": 40, "sex": 0, "household": len(cell) - 1, "partner": len(people), "union_state": union}]
                else:
                    people.append(woman)
    model = toy.town(people, (BEAR,), rates=book(ALIKE))
    rows = np.flatnonzero(model.people.sex == 1)
    u, k, a = np.array(cell).T
    births = weight[u, k, a] * birth_hazards(model, rows)
    assert births.sum() == pytest.approx(published, rel=0.015)  # women of year's end, 18 and over
    for order, mean_age in enumerate((30.3, 32.5, 33.5, 34.5)):
        of = k == order
        assert (births[of] * (a[of] + 15.5)).sum() / births[of].sum() == pytest.approx(mean_age, abs=0.2)
    assert births[u == 0].sum() / births.sum() == pytest.approx(0.07, abs=0.01)


def completed_parity(hazard: np.ndarray, first_step: int, level: np.ndarray) -> np.ndarray:
    """Shares of parities 0-3 of a cohort that is never in a union, at its 50th birthday: a chain in quarters.

    ``level`` : of fertility in each year of the run, of which the last holds for all that follow.
    """
    state = np.zeros((4, 3))  # parity, quarters still closed after the last confinement
    state[0, 0] = 1
    for quarter in range(first_step, 200):
        of_year = level[min((quarter - first_step) // 4, level.size - 1)]
        p = -np.expm1(-of_year * hazard[0, :, quarter // 4 - 15] / 1.0168 / 4)
        open_, new = state[:, 0].copy(), np.zeros_like(state)
        new[:, 0], new[:, 1] = state[:, 1], state[:, 2]
        new[:, 0] += open_ * (1 - p)
        for k in range(4):
            new[min(k + 1, 3), 2] += open_[k] * p[k] * (1 - 0.0165)
            new[min(k + 2, 3), 2] += open_[k] * p[k] * 0.0165
        state = new
    return state.sum(axis=1)


def test_a_cohort_ends_with_the_parities_of_the_chain():
    n = 3000
    rates = book(ALIKE).with_modifiers([Modifier("birth_hazard", "factor", 4.0)])
    model = toy.town(toy.singles(np.full(n, 18), np.ones(n, int)), (BEAR,), rates=rates, check=False)
    women = model.people.id[:n].copy()
    run(model, 4 * 32)
    seen = np.bincount(model.people.parity[model.rows_of(women)], minlength=4)
    share = completed_parity(4 * table(), 4 * 18 + 2, rates["birth_level"].values)
    assert share.sum() == pytest.approx(1)
    z = np.abs(z_of(seen, n * share, n * share * (1 - share)))
    assert (z < z_limit(4)).all()
    assert row(model, 0) >= 0
