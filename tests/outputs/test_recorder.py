"""The recorder counts what a brute-force look at every person counts."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from quartier.model import households as verbs
from quartier.model.model import EVENTS
from quartier.outputs import recorder as recording
from quartier.outputs.recorder import Recorder, record
from quartier.outputs.schema import (
    AGE_BIN_STARTS,
    CARE_AGE_STARTS,
    DIMENSION,
    DISABILITY_AGE_STARTS,
    INDICATORS,
    TABLES,
)
from toy import START, town

INDICATOR = {indicator.id: i for i, indicator in enumerate(INDICATORS)}


def people() -> list[dict]:
    """A village in which every type of household lives, some in need of care, some with a disability card."""
    couple = [
        {"age": 35, "sex": 0, "household": 0, "partner": 1, "union_state": 1, "disability": 1},
        {"age": 33, "sex": 1, "household": 0, "partner": 0, "union_state": 1},
        {"age": 4, "sex": 1, "household": 0, "role": 1, "mother": 1, "father": 0, "quarter": 3},
        {
            "age": 0,
            "sex": 0,
            "household": 0,
            "role": 1,
            "mother": 1,
            "father": 0,
            "quarter": 2,
            "care": 2,
            "setting": 1,
        },
    ]
    pair = [
        {"age": 70, "sex": 0, "household": 1, "partner": 5, "union_state": 2, "care": 3, "setting": 2, "disability": 1},
        {"age": 64, "sex": 1, "household": 1, "partner": 4, "union_state": 2},
    ]
    lone = [
        {"age": 44, "sex": 1, "household": 2, "quartier": 1},
        {"age": 19, "sex": 0, "household": 2, "role": 1, "mother": 6, "quartier": 1},
    ]
    shared = [{"age": 25, "sex": s, "household": 3, "quartier": 1} for s in (0, 1, 1)]
    alone = [
        {"age": 64, "sex": 0, "household": 4, "quarter": 3},
        {"age": 65, "sex": 1, "household": 5, "quarter": 0},
        {"age": 101, "sex": 1, "household": 6, "quartier": 1, "care": 5 | 8, "setting": 1, "disability": 1},
    ]
    home = [
        {"age": 88 + i, "sex": 1, "household": 7, "role": 2, "quartier": 1, "care": 3 + i, "setting": 4}
        for i in range(3)
    ]
    large = [{"age": 40 + i, "sex": 0, "household": 8, "role": 3 if i else 0} for i in range(6)]
    return couple + pair + lone + shared + alone + home + large


@pytest.fixture
def model(monkeypatch):
    """The village, with childcare and housing replaced by numbers that are easy to know again."""
    one, two = np.array([3, 5]), np.array([[1, 2], [3, 4]])
    monkeypatch.setattr(
        recording,
        "childcare",
        lambda _model: {
            "children": 9 * two,
            "need": 5 * two,
            "attending": 2 * two,
            "attending_outside": two,
            "waiting": 7 * two,
            "places": 4 * two,
            "operable": 4 * two - 1,
        },
    )
    monkeypatch.setattr(
        recording,
        "housing_counts",
        lambda *_: {
            "households": one,
            "dwellings": 10 * one,
            "vacant": 2 * one,
            "waiting": 6 * one,
            "needed": 11 * one,
        },
    )
    return town(people(), quartiere=2, vacant_rooms=(1, 2, 7))


def present(model):
    """One plain object per person present."""
    p = model.people
    names = ("quartier", "sex", "birth", "care", "setting", "disability", "household", "role", "partner", "id")
    return [
        SimpleNamespace(**{name: int(getattr(p, name)[i]) for name in names}, quarters=model.now - int(p.birth[i]))
        for i in range(len(p))
        if p.present[i]
    ]


def group(starts, years: float) -> int:
    """Index of the last group that begins at or below an age."""
    return max(i for i, start in enumerate(starts) if years >= start)


def counted(table: np.ndarray) -> Counter:
    """The non-zero cells of a table."""
    return Counter({tuple(int(i) for i in where): int(table[tuple(where)]) for where in np.argwhere(table)})


def test_population_by_age_sex_and_quartier_is_what_a_look_at_everybody_counts(model):
    table = record(model, START).tables()["population"][0]
    bins = np.array(AGE_BIN_STARTS)
    expected = Counter((p.quartier, p.sex, group(bins, p.quarters / 4)) for p in present(model))
    assert counted(table) == expected
    assert table.shape == (2, 2, 112)


def test_care_and_disability_are_what_a_look_at_everybody_counts(model):
    tables = record(model, START).tables()
    care = Counter(
        (p.quartier, p.sex, group(CARE_AGE_STARTS, p.quarters / 4), (p.care & 7) - 1, p.setting)
        for p in present(model)
        if p.care & 7
    )
    cards = Counter(
        (p.quartier, p.sex, group(DISABILITY_AGE_STARTS, p.quarters / 4)) for p in present(model) if p.disability & 1
    )
    assert counted(tables["care"][0]) == care
    assert counted(tables["disability"][0]) == cards


def test_headline_numbers_are_what_a_look_at_everybody_counts(model):
    headline = record(model, START).tables()["indicators"][0]
    everybody = present(model)
    for q in range(2):
        here = [p for p in everybody if p.quartier == q]
        assert headline[q, INDICATOR["persons"]] == len(here)
        assert headline[q, INDICATOR["care_recipients"]] == sum(p.care & 7 > 0 for p in here)
        assert headline[q, INDICATOR["care_residential"]] == sum(p.care & 7 > 0 and p.setting == 4 for p in here)
        assert headline[q, INDICATOR["severely_disabled"]] == sum(p.disability & 1 for p in here)
    assert headline[:, INDICATOR["households"]].tolist() == [5, 3]


def test_every_type_of_household_is_known_again(model):
    tables = record(model, START).tables()
    types = dict(zip(DIMENSION["household_type"].ids, tables["households"][0].T.tolist(), strict=True))
    assert types == {
        "alone_under_65": [1, 0],
        "alone_65_plus": [1, 1],
        "couple_without_children": [1, 0],
        "couple_with_children": [1, 0],
        "lone_parent": [0, 1],
        "other": [1, 1],
        "institution": [0, 1],
    }
    assert tables["household_size"][0].tolist() == [[2, 1, 0, 1, 1], [1, 1, 1, 0, 0]]


def test_a_partner_who_lives_elsewhere_makes_no_couple(model):
    verbs.join(model, np.array([5]), verbs.found(model, np.array([0])))
    types = record(model, START).tables()["households"][0]
    assert types[0].tolist() == [2, 2, 0, 1, 0, 1, 0]


def test_dwellings_are_counted_by_rooms_and_vacancy(model):
    table = record(model, START).tables()["dwellings"][0]
    d = model.dwellings
    expected = Counter((int(d.quartier[i]), int(d.rooms[i]) - 1, int(d.household[i] < 0)) for i in range(len(d)))
    assert counted(table) == expected


def test_a_dwelling_that_is_gone_is_counted_no_more(model):
    d = model.dwellings
    gone = int(np.flatnonzero(d.household < 0)[0])
    cell = (int(d.quartier[gone]), int(d.rooms[gone]) - 1, 1)
    before = counted(record(model, START).tables()["dwellings"][0])
    d.rooms[gone] = 0
    assert before - counted(record(model, START).tables()["dwellings"][0]) == Counter({cell: 1})


def test_childcare_and_housing_counts_reach_indicators_and_services(model):
    tables = record(model, START).tables()
    headline, services = tables["indicators"][0], tables["services"][0]
    assert headline[:, INDICATOR["childcare_attending_under_3"]].tolist() == [3, 9]  # outside included
    assert headline[:, INDICATOR["childcare_need_three_to_school"]].tolist() == [10, 20]
    assert headline[:, INDICATOR["dwellings_needed"]].tolist() == [33, 55]
    assert services[0, 1].tolist() == [10, 6, 14, 4, 8, 7]  # need, served, waiting, unserved, places, operable
    assert services[1, 2].tolist() == [55, 40, 30, 30, 50, 50]


def test_the_tables_agree_with_the_headline_numbers_whenever_people_come_and_go(model):
    def someone_dies(town):
        verbs.remove(town, np.array([town.now - START + 10]), died=True)

    recorder = record(model, START + 4)
    model.observers.insert(0, someone_dies)
    model.run(START + 4)
    tables = recorder.tables()
    headline = tables["indicators"][[0, 4]]
    assert headline[:, :, INDICATOR["persons"]].sum(axis=1).tolist() == [len(people()), len(people()) - 4]
    assert (tables["population"].sum(axis=(2, 3)) == headline[:, :, INDICATOR["persons"]]).all()
    assert (tables["care"].sum(axis=(2, 3, 4, 5)) == headline[:, :, INDICATOR["care_recipients"]]).all()
    assert (tables["care"][..., 4].sum(axis=(2, 3, 4)) == headline[:, :, INDICATOR["care_residential"]]).all()
    assert (tables["disability"].sum(axis=(2, 3)) == headline[:, :, INDICATOR["severely_disabled"]]).all()
    assert (tables["households"][..., :-1].sum(axis=2) == headline[:, :, INDICATOR["households"]]).all()
    assert (tables["household_size"].sum(axis=2) == headline[:, :, INDICATOR["households"]]).all()


def test_events_of_every_step_are_kept_and_the_start_has_none(model):
    def count(town):
        town.count("births", np.array([1, 1]))

    model.events["deaths"][:] = 99  # left over from before the start
    recorder = record(model, START + 2)
    model.observers.insert(0, count)
    model.run(START + 2)
    events = recorder.tables()["events"]
    births = DIMENSION["event"].ids.index("births")
    assert events[:, :, births].tolist() == [[0, 0], [0, 2], [0, 2]]
    assert events.sum() == 4


def test_the_events_of_the_schema_are_those_of_the_model():
    assert tuple(DIMENSION["event"].ids) == EVENTS


def test_every_table_is_int32_and_has_the_declared_shape(model):
    tables = record(model, START).tables()
    sizes = {"time": 1, "year": 1, "quartier": 2}
    assert {n: (t.shape, str(t.dtype)) for n, t in tables.items()} == {
        t.name: (t.shape(sizes), "int32") for t in TABLES
    }


def test_recording_does_not_change_the_town(model):
    before = [t.copy_columns() for t in (model.people, model.households, model.dwellings)]
    record(model, START)
    after = [t.copy_columns() for t in (model.people, model.households, model.dwellings)]
    for old, new in zip(before, after, strict=True):
        assert all((old[name] == new[name]).all() for name in old)


def test_a_recorder_refuses_to_look_twice_or_to_give_half_a_run(model):
    recorder = Recorder(model, START + 1)
    with pytest.raises(RuntimeError, match="only 0 of 2"):
        recorder.tables()
    recorder.observe(model)
    with pytest.raises(RuntimeError, match="out of turn"):
        recorder.observe(model)
