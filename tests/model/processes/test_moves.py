"""The dwelling market: who finds what, chains of vacancies, the gravity of distance, and markets without anything to find."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import toy
from crowd import CERTAIN, Ledger, book, crowd, run, z_limit
from quartier.model.columns import BARRIER_FREE_BIT, TENURE_SHIFT, Plan, Reason, Role, Tenure
from quartier.model.housing_counts import housing_counts
from quartier.model.luck import Domain, derive_keys
from quartier.model.measures import DwellingsMeasure
from quartier.model.processes.attraction import GROUPS
from quartier.model.processes.dwelling_market import Places, Seekers, allocate
from quartier.model.processes.dwelling_search import Search
from quartier.model.processes.moves import MOVE, UNSERVED
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
    assert (model.households.moved_at == model.now).sum() == 1


def test_without_a_vacancy_nobody_moves_and_all_are_counted():
    model = run(toy.town(crowd(200), (MOVE,), rates=book(**EAGER)), 1)
    n = int((model.households.size > 0).sum())
    assert (model.households.moved_at < model.now).all()
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
        by_reason = sum(model.events[kind] for kind in UNSERVED.values())
        assert (by_reason == model.events["unserved_seekers"]).all()
    assert moved > 50
    assert model.events["unserved_space"].sum() > 0
    assert model.events["unserved_other"].sum() > 0


def test_the_wish_to_move_is_noise_around_the_rate_the_fit_the_barriers_and_the_tenure_of_the_dwelling():
    n, rng = 40_000, np.random.default_rng(6)
    model = toy.town(toy.singles(rng.integers(18, 90, n), rng.integers(0, 2, n)), (MOVE,), check=False)
    rooms, barrier_free, owned = rng.integers(1, 6, n), rng.integers(0, 2, n), rng.integers(0, 2, n)
    model.dwellings.rooms[:n], model.dwellings.features[:n] = rooms, barrier_free | owned << TENURE_SHIFT
    frame = pd.read_csv(DATA / "migration.csv")
    rate = np.stack([frame[frame.sex == s].sort_values("age").within.to_numpy() for s in ("m", "f")])
    p, value = model.people, model.rates.parameter
    p.care[:] = rng.choice([0, 1, 2, 5], n)
    in_the_way = (p.care >= 2) & (barrier_free == 0)
    age = (model.now + 1 - p.birth.astype(int)) // 4
    fit = value("move_missing_room") * np.maximum(2 - rooms, 0) + value("move_spare_room") * np.maximum(rooms - 2, 0)
    factor = np.where(in_the_way, 1.5, 1.0) * np.where(owned == 1, 0.5, 1.0)
    hazard = rate[p.sex, age] * np.exp(fit) * factor * value("moves_level") * value("move_reference_rate_share")
    model.step()
    ledger = Ledger(2 * 8 * 8)
    wishes = (model.households.reason > 0)[p.household]
    kind = (rooms < 2) * 4 + in_the_way * 2 + owned
    ledger.add((p.sex * 8 + age // 10 - 1).astype(int) * 8 + kind, -np.expm1(-hazard / 4), wishes)
    z, limit = ledger.largest_z(5)
    assert ledger.seen.sum() > 300
    assert z < limit
    why = model.households.reason[p.household]
    assert (
        why[wishes & (rooms >= 2)] == np.where(in_the_way, Reason.BARRIER, Reason.OTHER)[wishes & (rooms >= 2)]
    ).all()


def alike(model, offer: Places, each: float = 2.0) -> Search:
    """Streets of some vacant dwellings ``each``; all Quartiere attract all groups alike."""
    stock = np.bincount(offer.quartier, minlength=model.n_quartiere)
    return Search.of(model, np.ones((GROUPS, model.n_quartiere)), stock, each)


def places(quartier: np.ndarray, rooms: np.ndarray | int) -> Places:
    """Vacant dwellings in these Quartiere, let, with barriers and for nothing."""
    n = quartier.size
    key = derive_keys(Domain.DWELLING, np.arange(n), 7)
    return Places(key, quartier, np.broadcast_to(rooms, n), np.zeros(n, bool), np.zeros(n, np.uint8), np.zeros(n))


def seekers(n: int, **columns: np.ndarray) -> Seekers:
    """People of one group who must move, from Quartier 0, look for two rooms and are told apart by their keys only."""
    plain = {
        "key": derive_keys(Domain.START_PERSON, np.arange(n), 9),
        "group": np.zeros(n, int),
        "quartier": np.zeros(n, int),
        "anywhere": np.zeros(n, bool),
        "rooms": np.full(n, 2),
        "priority": np.ones(n),
        "stay": np.full(n, np.inf),
        "kin": np.full(n, -1),
        "needs": np.zeros(n, bool),
        "entitled": np.zeros(n, bool),
        "budget": np.full(n, np.inf),
    }
    return Seekers(**(plain | columns))


def test_with_equal_vacancies_moves_follow_the_gravity_model():
    """Seekers from every Quartier, plenty of equal dwellings in each: destinations go as distance decay says (chi², 1 %)."""
    n_q, per_quartier, n = 5, 4000, 3000
    model = toy.town(
        [{"age": 40, "sex": 0, "household": q, "quartier": q} for q in range(n_q)], quartiere=n_q, km_apart=1.5
    )
    model.now += 1
    offer = places(np.repeat(np.arange(n_q), per_quartier), 2)
    origin = np.repeat(np.arange(n_q), n // n_q)
    ask = seekers(n, quartier=origin)
    got = allocate(model, ask, offer, alike(model, offer, 8.0))
    assert (got >= 0).all()
    assert np.unique(got).size == n
    km = np.abs(np.subtract.outer(np.arange(n_q), np.arange(n_q))) * 1.5
    np.fill_diagonal(km, 0.5 * np.sqrt(2.0))
    weight = km**-0.86 * np.where(np.eye(n_q) == 1, np.exp(0.83), 1)
    expected = n / n_q * weight / weight.sum(axis=1, keepdims=True)
    seen = np.zeros((n_q, n_q))
    np.add.at(seen, (origin, offer.quartier[got]), 1)
    assert ((seen - expected) ** 2 / expected).sum() < chi2.isf(0.01, n_q * (n_q - 1))


def test_a_parent_in_the_quartier_draws_people_there():
    # so many streets that every seeker sees about as much in one Quartier as in the other
    rates = book({"streets_to_move": 14.0, "kin_look": 0.0, "kin_bonus": 0.5})
    model = toy.town([{"age": 40, "sex": 0, "household": q, "quartier": q} for q in range(2)], quartiere=2, rates=rates)
    model.now += 1
    n = 4000
    where = np.arange(40_000) % 2
    offer = places(where, 2)

    def share_in_first(kin: int) -> float:
        ask = seekers(n, anywhere=np.ones(n, bool), kin=np.full(n, kin))
        return float(np.mean(where[allocate(model, ask, offer, alike(model, offer, 20.0))] == 0))

    assert share_in_first(-1) == pytest.approx(0.5, abs=0.03)
    # of two equal Quartiere with as many candidates each: expit of the bonus
    assert share_in_first(0) == pytest.approx(1 / (1 + np.exp(-model.rates.parameter("kin_bonus"))), abs=0.03)


def test_a_seeker_looks_where_a_parent_lives_even_if_nothing_else_draws_there():
    n, model = 400, toy.town([{"age": 40, "sex": 0, "household": q, "quartier": q} for q in range(2)], quartiere=2)
    model.now += 1
    offer = places(np.arange(4000) % 2, 2)
    draws = np.repeat([[1.0, 0.0]], GROUPS, axis=0)
    search = Search.of(model, draws, np.array([2000.0, 2000.0]), 20.0)
    ask = seekers(n, kin=np.where(np.arange(n) % 2 == 0, 1, -1))
    there = offer.quartier[allocate(model, ask, offer, search)] == 1
    assert there[::2].mean() > 0.25  # one street of four, and the bonus
    assert not there[1::2].any()


def test_newcomers_choose_without_distance():
    n_q, n, lives = 4, 10_000, 5
    share = np.array([0.1, 0.2, 0.3, 0.4])
    where = np.repeat(np.arange(n_q), (share * 20_000).astype(int))
    offer, ask = places(where, 2), seekers(n // lives, anywhere=np.ones(n // lives, bool))
    seen = np.zeros(n_q, np.int64)
    for seed in range(lives):
        households = [{"age": 40, "sex": 0, "household": q, "quartier": q} for q in range(n_q)]
        model = toy.town(households, quartiere=n_q, km_apart=3.0, seed=seed)
        model.now += 1
        seen += np.bincount(where[allocate(model, ask, offer, alike(model, offer))], minlength=n_q)
    assert np.abs((seen - n * share) / np.sqrt(n * share * (1 - share))).max() < z_limit(n_q)


def test_one_more_seeker_displaces_few():
    rng = np.random.default_rng(7)
    model = toy.town([{"age": 40, "sex": 0, "household": q, "quartier": q} for q in range(3)], quartiere=3)
    model.now += 1
    offer = places(rng.integers(0, 3, 300), rng.integers(1, 6, 300))
    changed, streets = [], alike(model, offer)
    for extra in range(20):
        key = derive_keys(Domain.START_PERSON, np.concatenate((np.arange(250), [1000 + extra])), 9)
        one = [seekers(n, key=key[:n], quartier=np.arange(n) % 3, rooms=1 + np.arange(n) % 4) for n in (250, 251)]
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
    ask = seekers(
        n,
        quartier=np.arange(n) % 3,
        anywhere=np.arange(n) % 5 == 0,
        rooms=1 + np.arange(n) % 4,
        priority=(np.arange(n) % 2).astype(float),
        stay=np.where(np.arange(n) % 3, np.inf, 1.0),
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
    ask = seekers(n, quartier=np.arange(n) % 3, rooms=1 + np.arange(n) % 4)
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
    assert grown.more[0, from_anywhere] == pytest.approx(16 / (67 + 100))
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


def market(n: int, **features: np.ndarray) -> tuple[toy.QuartierModel, Places, Search]:
    """As many vacant dwellings as seekers need, all of two rooms, with the columns named."""
    model = toy.town([{"age": 40, "sex": 0, "household": 0}], rates=book({"streets_to_move": 14.0}))
    model.now += 1
    offer = replace(places(np.zeros(n, int), 2), **features)
    return model, offer, alike(model, offer, 40.0)


def test_what_is_too_dear_is_not_taken_and_bound_dwellings_go_to_the_entitled():
    n = np.arange(2000)
    features = np.where(n % 4 == 0, Tenure.BOUND << TENURE_SHIFT, 0).astype(np.uint8)
    model, offer, search = market(n.size, features=features, cost=6000.0 + 1000 * (n % 3))
    budget, entitled = np.array([7500.0, np.inf])[np.arange(200) % 2], np.arange(200) < 60
    got = allocate(model, seekers(200, budget=budget, entitled=entitled), offer, search)
    assert (got >= 0).all()
    assert (offer.cost[got] <= budget).all()
    assert (offer.cost[got[1::2]] == 8000).mean() > 0.2
    assert (features[got[60:]] == 0).all()
    assert (features[got[:60]] > 0).any()


def test_who_needs_a_dwelling_without_barriers_mostly_finds_one():
    n = np.arange(8000)
    model, offer, search = market(n.size, features=(n % 5 == 0).astype(np.uint8) * BARRIER_FREE_BIT)
    needs = np.arange(800) % 2 == 0
    free = offer.features[allocate(model, seekers(800, needs=needs), offer, search)] > 0
    gain = np.exp(model.rates.parameter("barrier_loss"))
    assert free[~needs].mean() == pytest.approx(0.2, abs=0.06)
    assert free[needs].mean() == pytest.approx(0.2 * gain / (0.2 * gain + 0.8), abs=0.08)
