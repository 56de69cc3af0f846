"""The short list of grown-up people with a parent by name: complete whoever comes, comes of age or is dropped."""

from __future__ import annotations

import numpy as np
import toy
from quartier.model.grown_children import grown_children
from quartier.model.households import arrive, compact, found, join, remove


def test_the_list_holds_all_who_are_of_age_and_have_a_parent_when_people_come_grow_up_and_are_dropped():
    people = [{"age": 16 + i % 60, "sex": 1, "household": i, "mother": i - 1 if i % 3 else -1} for i in range(200)]
    model = toy.town(people, check=False)
    p, seen = model.people, 0
    for step in range(30):
        model.now += 1
        rows = arrive(model, 3, key=np.arange(3) + 10 * step + 1000, birth=model.now - 4 * 17 - 3, sex=1, mother=step)
        join(model, rows, found(model, np.zeros(3, int)))
        if step == 20:
            remove(model, np.arange(0, 200, 5), died=True)
            compact(model)
        listed = grown_children(model)
        wanted = np.flatnonzero(((p.mother >= 0) | (p.father >= 0)) & (model.ages() >= 18) & (p.present == 1))
        assert np.isin(wanted, listed.row).all()
        assert (np.diff(listed.row) > 0).all()
        assert (listed.mother - 1.0 == p.mother[listed.row]).all()
        assert (listed.father - 1.0 == p.father[listed.row]).all() and (listed.birth == p.birth[listed.row]).all()
        seen += wanted.size
    assert seen > 3000
