"""The dwelling market: who finds what, chains of vacancies, the gravity of distance, and markets without anything to find."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import toy
from crowd import CERTAIN, Ledger, book, crowd, run, z_limit
from quartier.model.columns import Plan, Reason, Role
from quartier.model.housing_counts import housing_counts
from quartier.model.luck import Domain, derive_keys
from quartier.model.measures import DwellingsMeasure
from quartier.model.processes.attraction import GROUPS
from quartier.model.processes.dwelling_market import Places, Seekers, allocate
from quartier.model.processes.dwelling_search import Search
from quartier.model.processes.moves import MOVE
from quartier.model.rates import DATA
from scipy.stats import chi2

QUIET = {"moves_within_town": 0.0}
EAGER = {"moves_within_town": CERTAIN}


def test_a_household_without_a_dwelling_takes_the_only_one_that_fits():
    model = toy.town(
        toy.singles([30, 40, 50, 60, 70], [0, 1, 0, 1, 0]), (MOVE,), rates=book(**QUIET), vacant_rooms=[7, 3]
    )
    h, d = model.households, model.dwellings
    d.household[0], h.dwelling[0], h.reason[0] = -1, -1, Reason.ARRIVED
    d.rooms[0] = 7  # too large, like the first vacant one
    model.step()
    assert h.dwelling.tolist() == [6, 1, 2, 3, 4]
    assert h.reason[0] == Reason.NONE
    assert h.moved_at[0] == model.now


def test_a_freed_dwelling_is_taken_in_the_next_step():
    people = [{"age": 40, "sex": 1, "household": 0}, {"age": 50, "sex": 0, "household": 1}]
    model = toy.town(people, (MOVE,), rates=book({"stay_bonus": -50.0}, **EAGER), vacant_rooms=[2])
    first = model.dwellings.household.tolist()
    model.step()
    taken = model.dwellings.household.tolist()
    assert sorted(taken) == [-1, 0, 1]
    assert sum(a != b for a, b in zip(first, taken, strict=True)) == 2  # one household moved, the other found nothing
    model.step()
    assert model.events["moves_in"].sum() == 1


def test_without_a_vacancy_nobody_moves_and_all_are_counted():
    model = run(toy.town(crowd(200), (MOVE,), rates=book(**EAGER)), 1)
    n = int((model.households.size > 0).sum())
    assert model.events["moves_in"].sum() == 0
    assert model.events["unserved_seekers"].sum() == (model.households.reason > 0).sum() > 0.95 * n
    assert housing_counts(model)["vacant"].sum() == 0


def test_a_wish_expires_after_four_steps():
    model = toy.town(toy.singles([40], [0]), (MOVE,), rates=book(**QUIET))
    model.households.reason[0], model.households.wait_since[0] = Reason.SPACE, model.now + 1
    counts = []
    for _ in range(5):
        model.step()
        counts.append(int(model.events["unserved_seekers"].sum()))
    assert counts == [1, 1, 1, 1, 0]


def test_who_is_separated_leaves_the_children_and_the_town_after_eight_steps():
    people = [
        {"age": 40, "sex": 1, "household": 0},
        {"age": 42, "sex": 0, "household": 0, "role": 3, "plan": 2, "plan_since": toy.START},
        {"age": 7, "sex": 1, "household": 0, "role": 1, "mother": 0, "father": 1},
    ]
    model = run(toy.town(people, (MOVE,), rates=book(**QUIET)), 7)
    assert model.people.present.tolist() == [1, 1, 1]
    run(model, 1)
    assert len(model.people) == 2  # left at the year's end, the child stays with its mother
    assert model.events["out_migration_germany"].sum() == 1


def test_who_is_separated_moves_with_the_own_child_only_and_before_others():
    people = [
        {"age": 40, "sex": 1, "household": 0},
        {"age": 42, "sex": 0, "household": 0, "role": 3, "plan": 2, "plan_since": toy.START},
        {"age": 7, "sex": 1, "household": 0, "role": 1, "mother": 0, "father": 1},
        {"age": 9, "sex": 1, "household": 0, "role": 1, "mother": -1, "father": 1},
        *[{"age": 30, "sex": 0, "household": 1 + i} for i in range(20)],
    ]
    model = toy.town(people, (MOVE,), rates=book({"stay_bonus": -50.0}, **EAGER), vacant_rooms=[3])
    model.step()
    p = model.people
    assert p.household[[1, 3]].tolist() == [21, 21]
    assert p.household[[0, 2]].tolist() == [0, 0]
    assert (p.role[1], p.plan[1]) == (Role.ADULT, Plan.NONE)


def test_a_waiting_couple_moves_in_together_with_both_ones_children():
    people = [
        {"age": 25, "sex": 1, "household": 0, "role": 1, "mother": 1, "partner": 2, "union_state": 1, "plan": 3},
        {"age": 60, "sex": 1, "household": 0},
        {"age": 27, "sex": 0, "household": 1, "role": 1, "mother": 3, "partner": 0, "union_state": 1},
        {"age": 61, "sex": 1, "household": 1},
        {"age": 2, "sex": 1, "household": 0, "role": 1, "mother": 0},
    ]
    model = run(toy.town(people, (MOVE,), rates=book(**QUIET), vacant_rooms=[4]), 1)
    p = model.people
    assert p.household.tolist() == [2, 0, 2, 1, 2]
    assert p.role.tolist() == [0, 0, 0, 0, 1]
    assert p.plan.sum() == 0


def test_new_dwellings_are_on_the_market_at_once():
    measure = DwellingsMeasure(quartier=1, rooms=3, dwellings=4, step=toy.START + 2)
    model = toy.town(crowd(50, 2), (MOVE,), rates=book(**QUIET), quartiere=2, measures=[measure])
    n = len(model.dwellings)
    model.households.reason[:] = Reason.OTHER
    model.households.dwelling[:3], model.dwellings.household[:3] = -1, -1
    model.dwellings.rooms[:3] = 7
    run(model, 2)
    assert len(model.dwellings) == n + 4
    assert np.unique(model.dwellings.key).size == n + 4
    assert (model.dwellings.quartier[n:] == 1).all()


@pytest.mark.parametrize(
    "people",
    [
        pytest.param(toy.singles([40], [0]), id="one inhabitant"),
        pytest.param([{"age": 80, "sex": 1, "household": 0, "role": 2}], id="no private household"),
    ],
)
def test_a_strange_town_runs(people: list[dict]):
    run(toy.town(people, (MOVE,), rates=book(**EAGER)), 6)


def test_occupied_and_vacant_dwellings_are_the_stock_at_every_step():
    model = toy.town(crowd(500, 3), (MOVE,), quartiere=3, vacant_rooms=[1, 2, 3, 4, 5, 6] * 10, rates=book(**EAGER))
    stock = np.bincount(model.dwellings.quartier, minlength=3)
    moved = 0
    for _ in range(6):
        model.step()
        counts = housing_counts(model)
        occupied = np.bincount(model.dwellings.quartier[model.dwellings.household >= 0], minlength=3)
        assert (occupied + counts["vacant"] == stock).all()
        assert (counts["households"] == occupied).all()
        assert model.events["moves_in"].sum() == model.events["moves_out"].sum()
        moved += int(model.events["moves_in"].sum())
    assert moved > 50


def test_the_wish_to_move_is_noise_around_the_rate_and_the_fit_of_the_dwelling():
    n, rng = 20_000, np.random.default_rng(6)
    model = toy.town(toy.singles(rng.integers(18, 90, n), rng.integers(0, 2, n)), (MOVE,), check=False)
    rooms = rng.integers(1, 6, n)
    model.dwellings.rooms[:n] = rooms
    frame = pd.read_csv(DATA / "migration.csv")
    rate = np.stack([frame[frame.sex == s].sort_values("age").within.to_numpy() for s in ("m", "f")])
    p, value = model.people, model.rates.parameter
    age = (model.now + 1 - p.birth.astype(int)) // 4
    fit = value("move_missing_room") * np.maximum(2 - rooms, 0) + value("move_spare_room") * np.maximum(rooms - 2, 0)
    hazard = rate[p.sex, age] * np.exp(fit) * value("moves_level") * value("move_reference_rate_share")
    model.step()
    ledger = Ledger(2 * 8 * 2)
    wishes = (model.households.reason > 0)[p.household]
    ledger.add((p.sex * 8 + age // 10 - 1).astype(int) * 2 + (rooms < 2), -np.expm1(-hazard / 4), wishes)
    z, limit = ledger.largest_z(5)
    assert ledger.seen.sum() > 200
    assert z < limit


def alike(model, offer: Places, each: float = 2.0) -> Search:
    """Streets of some vacant dwellings ``each``; all Quartiere attract all groups alike."""
    stock = np.bincount(offer.quartier, minlength=model.n_quartiere)
    return Search.of(model, np.ones((GROUPS, model.n_quartiere)), stock, each)


def places(quartier: np.ndarray, rooms: np.ndarray | int) -> Places:
    """Vacant dwellings in these Quartiere."""
    n = quartier.size
    key = derive_keys(Domain.DWELLING, np.arange(n), 7)
    return Places(key, quartier, np.broadcast_to(rooms, n), np.zeros(n, bool))


def test_with_equal_vacancies_moves_follow_the_gravity_model():
    """Seekers from every Quartier, plenty of equal dwellings in each: destinations go as distance decay says (chi², 1 %)."""
    n_q, per_quartier, seekers = 5, 4000, 3000
    model = toy.town(
        [{"age": 40, "sex": 0, "household": q, "quartier": q} for q in range(n_q)], quartiere=n_q, km_apart=1.5
    )
    model.now += 1
    offer = places(np.repeat(np.arange(n_q), per_quartier), 2)
    origin = np.repeat(np.arange(n_q), seekers // n_q)
    ask = Seekers(
        derive_keys(Domain.START_PERSON, np.arange(seekers), 9),
        np.zeros(seekers, int),
        origin,
        np.zeros(seekers, bool),
        np.full(seekers, 2),
        np.ones(seekers),
        np.full(seekers, np.inf),
        np.full(seekers, -1),
    )
    got = allocate(model, ask, offer, alike(model, offer, 8.0))
    assert (got >= 0).all()
    assert np.unique(got).size == seekers
    km = np.abs(np.subtract.outer(np.arange(n_q), np.arange(n_q))) * 1.5
    np.fill_diagonal(km, 0.5 * np.sqrt(2.0))
    weight = km**-0.86 * np.where(np.eye(n_q) == 1, np.exp(0.83), 1)
    expected = seekers / n_q * weight / weight.sum(axis=1, keepdims=True)
    seen = np.zeros((n_q, n_q))
    np.add.at(seen, (origin, offer.quartier[got]), 1)
    assert ((seen - expected) ** 2 / expected).sum() < chi2.isf(0.01, n_q * (n_q - 1))


def test_a_parent_in_the_quartier_draws_people_there():
    rates = book({"streets_to_move": 14.0})  # so many that every seeker sees about as much in one Quartier as in the other
    model = toy.town([{"age": 40, "sex": 0, "household": q, "quartier": q} for q in range(2)], quartiere=2, rates=rates)
    model.now += 1
    n = 4000
    where = np.arange(40_000) % 2
    offer = places(where, 2)

    def share_in_first(kin: int) -> float:
        ask = Seekers(
            derive_keys(Domain.START_PERSON, np.arange(n), 9),
            np.zeros(n, int),
            np.zeros(n, int),
            np.ones(n, bool),
            np.full(n, 2),
            np.ones(n),
            np.full(n, np.inf),
            np.full(n, kin),
        )
        return float(np.mean(where[allocate(model, ask, offer, alike(model, offer, 20.0))] == 0))

    assert share_in_first(-1) == pytest.approx(0.5, abs=0.03)
    # of two equal Quartiere with as many candidates each: expit of the bonus
    assert share_in_first(0) == pytest.approx(1 / (1 + np.exp(-model.rates.parameter("kin_bonus"))), abs=0.03)


def test_newcomers_choose_without_distance():
    n_q, seekers = 4, 2000
    model = toy.town(
        [{"age": 40, "sex": 0, "household": q, "quartier": q} for q in range(n_q)], quartiere=n_q, km_apart=3.0
    )
    model.now += 1
    share = np.array([0.1, 0.2, 0.3, 0.4])
    where = np.repeat(np.arange(n_q), (share * 20_000).astype(int))
    offer = places(where, 2)
    ask = Seekers(
        derive_keys(Domain.START_PERSON, np.arange(seekers), 9),
        np.zeros(seekers, int),
        np.zeros(seekers, int),
        np.ones(seekers, bool),
        np.full(seekers, 2),
        np.ones(seekers),
        np.full(seekers, np.inf),
        np.full(seekers, -1),
    )
    seen = np.bincount(where[allocate(model, ask, offer, alike(model, offer))], minlength=n_q)
    assert np.abs((seen - seekers * share) / np.sqrt(seekers * share * (1 - share))).max() < z_limit(n_q)


def test_one_more_seeker_displaces_few():
    rng = np.random.default_rng(7)
    model = toy.town([{"age": 40, "sex": 0, "household": q, "quartier": q} for q in range(3)], quartiere=3)
    model.now += 1
    offer = places(rng.integers(0, 3, 300), rng.integers(1, 6, 300))
    changed, streets = [], alike(model, offer)
    for extra in range(20):
        key = derive_keys(Domain.START_PERSON, np.concatenate((np.arange(250), [1000 + extra])), 9)
        one = [
            Seekers(
                key[:n],
                np.zeros(n, int),
                np.arange(n) % 3,
                np.zeros(n, bool),
                1 + np.arange(n) % 4,
                np.ones(n),
                np.full(n, np.inf),
                np.full(n, -1),
            )
            for n in (250, 251)
        ]
        changed.append(
            int((allocate(model, one[0], offer, streets) != allocate(model, one[1], offer, streets)[:250]).sum())
        )
    assert np.median(changed) <= 3


def test_the_order_of_seekers_and_dwellings_does_not_matter():
    rng = np.random.default_rng(8)
    model = toy.town([{"age": 40, "sex": 0, "household": q, "quartier": q} for q in range(3)], quartiere=3)
    model.now += 1
    offer = places(rng.integers(0, 3, 200), rng.integers(1, 6, 200))
    n = 250
    ask = Seekers(
        derive_keys(Domain.START_PERSON, np.arange(n), 9),
        np.zeros(n, int),
        np.arange(n) % 3,
        np.arange(n) % 5 == 0,
        1 + np.arange(n) % 4,
        (np.arange(n) % 2).astype(float),
        np.where(np.arange(n) % 3, np.inf, 1.0),
        np.full(n, -1),
    )
    got = allocate(model, ask, offer, alike(model, offer))
    a, b = rng.permutation(n), rng.permutation(200)
    shuffled = allocate(
        model,
        Seekers(*(x[a] for x in vars(ask).values())),
        Places(*(x[b] for x in vars(offer).values())),
        alike(model, offer),
    )
    assert np.where(shuffled >= 0, b[shuffled], -1).tolist() == got[a].tolist()


def test_one_more_vacancy_is_seen_in_its_street_only_and_changes_no_other_search():
    """Twenty times one more vacant dwelling among 300: few of 250 seekers live elsewhere then."""
    rng = np.random.default_rng(9)
    model = toy.town([{"age": 40, "sex": 0, "household": q, "quartier": q} for q in range(3)], quartiere=3)
    model.now += 1
    offer = places(rng.integers(0, 3, 320), rng.integers(1, 6, 320))
    streets, n = alike(model, offer), 250
    ask = Seekers(
        derive_keys(Domain.START_PERSON, np.arange(n), 9),
        np.zeros(n, int),
        np.arange(n) % 3,
        np.zeros(n, bool),
        1 + np.arange(n) % 4,
        np.ones(n),
        np.full(n, np.inf),
        np.full(n, -1),
    )
    changed = []
    for extra in range(300, 320):
        kept = [np.arange(300), np.append(np.arange(300), extra)]
        one = [allocate(model, ask, Places(*(x[k] for x in vars(offer).values())), streets) for k in kept]
        changed.append(int((one[0] != one[1]).sum()))
    assert np.median(changed) <= 2
    assert max(changed) <= 15


def test_dwellings_of_a_new_quartier_are_looked_for_without_changing_other_draws():
    """Streets of their own as soon as more have been completed than stood there at the start; the old ones stay as they are."""
    model = toy.town([{"age": 40, "sex": 0, "household": q, "quartier": q} for q in range(2)], quartiere=3)
    search = Search.of(model, np.ones((GROUPS, 3)), np.array([4000.0, 6000.0, 0.0]), 60.0)
    assert search.with_completed(np.array([3999, 100, 0])) is search
    grown = search.with_completed(np.array([0, 0, 500]))
    assert grown.early is search.early
    assert grown.later.number.tolist() == [0, 0, 16]  # 500 / 60, rounded up to a power of two
    assert grown.with_completed(np.array([0, 0, 900])) is grown
    from_anywhere = 3
    assert grown.more()[0, from_anywhere] == pytest.approx(16 / (67 + 100))
    key = derive_keys(Domain.DWELLING, np.arange(900), 3)
    later = grown.streets(key, np.full(900, 2), np.ones(900, bool))
    assert np.bincount(later)[167:].min() > 20
    assert np.bincount(later)[:167].sum() == 0


def test_a_new_quartier_fills():
    """400 dwellings completed in a Quartier where nobody lives: households from all over the town move in within a year."""
    measure = DwellingsMeasure(quartier=2, rooms=2, dwellings=400, step=toy.START + 1)
    people = toy.singles([40] * 900, [0] * 900)
    for i, person in enumerate(people):
        person["quartier"] = i % 2
    model = toy.town(people, (MOVE,), rates=book(moves_within_town=0.0), quartiere=3, measures=[measure], check=False)
    h, d = model.households, model.dwellings
    d.rooms[:900], d.household[:300] = 7, -1  # what there is suits nobody
    h.dwelling[:300], h.reason[:300] = -1, Reason.ARRIVED
    run(model, 4)
    assert (h.quartier[:300] == 2).mean() > 0.9
    assert (h.quartier[300:] < 2).all()
