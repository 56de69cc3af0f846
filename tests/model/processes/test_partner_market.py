"""The partner market: few draws, few disturbed by one more, the same whatever the order of the rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import toy
from quartier.model.luck import Domain, Luck, derive_keys
from quartier.model.processes.partner_market import age_chances, match, near_areas
from quartier.model.processes.partnership import _age_chances
from shared_data import data_folder

AGES = 132


def chances(youngest: int = 18, above: float = 3.0) -> tuple[np.ndarray, np.ndarray]:
    difference = {"mode": 2.3, "below": 3.0, "above": above, "freedom": 4.0}
    return age_chances({name: np.full(AGES, value) for name, value in difference.items()}, 8, youngest)


def seekers(n: int, first: int, ages: np.ndarray | int = 40, cells: int = 1) -> dict[str, np.ndarray]:
    ids = np.arange(first, first + n, dtype=np.int32)
    nobody = np.full(n, -1, np.int32)
    return {
        "key": derive_keys(Domain.START_PERSON, ids),
        "cell": ids.astype(np.int64) % cells,
        "age": np.broadcast_to(ages, n).astype(np.int64),
        "kin": np.stack((ids, nobody, nobody), axis=1),
    }


def areas(cells: int = 1) -> tuple[np.ndarray, np.ndarray]:
    distance = np.abs(np.subtract.outer(np.arange(cells), np.arange(cells))) * 5.0
    return near_areas(distance, np.full(cells, 1000), 0.5)


def crowd(n: int, cells: int = 1) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    ages = 20 + np.arange(n) * 7 % 50
    return seekers(n, 0, ages, cells), seekers(n, n, ages[::-1], cells)


def without(side: dict[str, np.ndarray], row: int) -> dict[str, np.ndarray]:
    return {name: np.delete(values, row, axis=0) for name, values in side.items()}


@pytest.mark.parametrize("cells", [1, 3])
def test_the_order_of_the_rows_decides_nothing(cells: int):
    women, men = crowd(300, cells)
    luck = Luck(1, 0)
    straight = match(luck, 8100, women, men, areas(cells), chances())
    a, b = np.random.default_rng(1).permutation(300), np.random.default_rng(2).permutation(300)
    shuffled = match(
        luck, 8100, {k: v[a] for k, v in women.items()}, {k: v[b] for k, v in men.items()}, areas(cells), chances()
    )
    assert (straight >= 0).sum() > 150
    assert (np.where(shuffled >= 0, b[shuffled], -1) == straight[a]).all()


def test_nobody_is_found_twice():
    women, men = crowd(500)
    found = match(Luck(1, 0), 8100, women, men, areas(), chances())
    taken = found[found >= 0]
    assert np.unique(taken).size == taken.size


@pytest.mark.parametrize("side", ["women", "men"])
def test_one_seeker_less_changes_few_couples(side: str):
    women, men = crowd(400)
    luck = Luck(1, 0)
    before = match(luck, 8100, women, men, areas(), chances())
    partner = np.where(before >= 0, men["key"][before], 0)
    changed = []
    for row in range(0, 400, 8):
        fewer = (without(women, row), men) if side == "women" else (women, without(men, row))
        found = match(luck, 8100, *fewer, areas(), chances())
        now = np.where(found >= 0, fewer[1]["key"][found], 0)
        changed.append(int((now != (np.delete(partner, row) if side == "women" else partner)).sum()))
    assert 0 < np.mean(changed) < 2.5
    assert max(changed) < 20


def test_two_alone_in_town_find_each_other_within_reach_and_not_beyond():
    for age, meets in ((34, True), (50, True), (51, False), (33, False)):
        found = match(Luck(1, 0), 8100, seekers(1, 0, 40), seekers(1, 1, age), areas(), chances())
        assert (found[0] == 0) == meets, age


def test_nobody_seeks_a_partner_who_is_too_young():
    first, chance = chances()
    assert first[20] == 14
    assert chance[20, 17 - 14] == 0
    assert 0 < chance[20, 18 - 14] < 1
    assert (chance[20:, -1] == 1).all()


def test_ages_are_drawn_as_the_table_says():
    first, chance = chances(above=6.0)
    partner = first[40] + np.arange(chance.shape[1])
    share = np.diff(chance[40], prepend=0)
    kernel = (1 + ((partner - 42.3) / np.where(partner < 42.3, 3, 6)) ** 2 / 4) ** -2.5
    kernel[np.abs(partner - 42) > 8] = 0
    np.testing.assert_allclose(share, kernel / kernel.sum(), atol=1e-12)


def test_near_areas_are_looked_in_more_often_than_far_ones():
    near, share = areas(3)
    looks = np.diff(share, prepend=0, axis=1)
    assert near[:, 0].tolist() == [0, 1, 2]
    assert near[0].tolist() == [0, 1, 2]
    np.testing.assert_allclose(looks[0] / looks[0, 0], [1, 6**-0.5, 11**-0.5])
    assert (share[:, -1] == 1).all()


def test_in_an_area_without_anyone_nothing_is_found_but_elsewhere():
    women, men = crowd(200, 2)
    men["cell"][:] = 1
    found = match(Luck(1, 0), 8100, women, men, areas(2), chances())
    assert (found[women["cell"] == 0] >= 0).any()
    assert (found[women["cell"] == 1] >= 0).mean() > 0.6


def test_the_ages_drawn_give_the_registered_marriages_by_class_of_the_age_difference():
    """Husband's less wife's age in groups of five years; wives as registered, every class within one point."""
    table = pd.read_csv(data_folder() / "germany" / "marriages_by_spouse_ages_2025.csv")
    edges = np.array([0, *range(20, 80, 5)])
    group = {name: int(np.searchsorted(edges, int(name.split("-")[0].rstrip("+")))) for name in set(table.spouse1_age)}
    husband, wife = (table[c].map(group).to_numpy() for c in ("spouse1_age", "spouse2_age"))
    wives = np.bincount(wife, table.marriages, minlength=13)
    registered = np.bincount(np.clip(husband - wife, -2, 3) + 2, table.marriages) / wives.sum()
    first, chance = _age_chances(toy.town(toy.singles(np.array([30]), np.array([1])), ()))
    drawn = np.zeros(6)
    for age in range(18, 85):
        band = np.searchsorted(edges, age, side="right") - 1
        of_band = np.searchsorted(edges, np.arange(18, 85), side="right") - 1 == band
        his = np.searchsorted(edges, first[age] + np.arange(chance.shape[1]), side="right") - 1
        share = np.diff(chance[age], prepend=0) * wives[band] / of_band.sum()
        drawn += np.bincount(np.clip(his - band, -2, 3) + 2, share, minlength=6)
    assert np.abs(drawn / drawn.sum() - registered).max() < 0.01
