"""Scenarios that share a past live it once, and each ends as if it had lived all of it alone."""

from __future__ import annotations

import gc
import weakref
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
import toy
from crowd import crowd
from quartier.model.measures import DwellingsMeasure, PlacesMeasure
from quartier.model.model import QuartierModel
from quartier.model.processes import STEP
from quartier.model.rates import Modifier, read_rate_book
from quartier.outputs.recorder import record
from quartier.scenarios.executor import Job
from quartier.scenarios.replicate import Replicates
from quartier.scenarios.tree import first_difference, forks, steps_to_simulate

S = toy.START
UNTIL = S + 10


@dataclass(frozen=True)
class Plain:
    """A scenario as the runner sees it."""

    name: str = "plain"
    modifiers: tuple[Modifier, ...] = ()
    measures: tuple[Any, ...] = ()
    parameters: dict[str, float] = field(default_factory=dict)


def rate(start: int | None, amount: float = 2.0, end: int | None = None, name: str = "birth_hazard") -> Modifier:
    return Modifier(name, "factor", amount, start=start, end=end)


def places(start: int, amount: float = 5, end: int | None = None, kind: str = "childcare_centre") -> PlacesMeasure:
    return PlacesMeasure(kind, amount, "places", start, end, (1,))


@pytest.mark.parametrize(("a", "b", "first"), [
    (Plain(), Plain(), None),
    (Plain(), Plain(modifiers=(rate(S + 5),)), S + 5),
    (Plain(), Plain(modifiers=(rate(None),)), S),
    (Plain(), Plain(parameters={"moves_level": 2.0}), S),
    (Plain(modifiers=(rate(S + 2),)), Plain(modifiers=(rate(S + 2), rate(S + 7))), S + 7),
    (Plain(modifiers=(rate(S + 2, 2.0),)), Plain(modifiers=(rate(S + 2, 3.0),)), S + 2),
    (Plain(modifiers=(rate(S + 2, end=S + 6),)), Plain(modifiers=(rate(S + 2),)), S + 6),
    (Plain(modifiers=(rate(S + 2, end=S + 6),)), Plain(modifiers=(rate(S + 2, end=S + 4),)), S + 4),
    (Plain(modifiers=(rate(None, end=S + 4),)), Plain(modifiers=(rate(None),)), S + 4),
    (Plain(measures=(places(S + 3),)), Plain(measures=(places(S + 3), DwellingsMeasure(0, 3, 9, S + 6))), S + 6),
    (Plain(measures=(places(S + 3),)), Plain(measures=(DwellingsMeasure(0, 3, 9, S + 6), places(S + 3))), S + 3),
    (Plain(measures=(places(S + 3),)), Plain(measures=(places(S + 3, end=S + 9),)), S + 9),
    (Plain(), Plain(measures=(places(S + 8, kind="nursing_home"),)), S),
])
def test_scenarios_part_when_the_first_thing_differs(a, b, first):
    assert first_difference(a, b, S) == first_difference(b, a, S) == first


def test_a_group_parts_date_by_date_and_every_common_past_counts_once():
    group = [Plain(), Plain(modifiers=(rate(S + 6),)), Plain(modifiers=(rate(S + 6), rate(S + 9))), Plain(),
             Plain(modifiers=(rate(None),)), Plain(modifiers=(rate(S + 99),))]
    found = forks(group, S, UNTIL)
    assert [(fork.step, fork.members) for fork in found] == [(S, (4,)), (S + 6, (1, 2)), (UNTIL + 1, (3, 5))]
    # the leader's 10, all 10 of the one that differs from the start, 5 from S + 6 on, and 2 from S + 9 on
    assert steps_to_simulate(group, S, UNTIL) == 10 + 10 + 5 + 2


SCENARIOS = (
    Plain("base"),
    Plain("early", (rate(S + 3),)),
    Plain("early_and_late", (rate(S + 3), rate(S + 8, name="mortality")), (places(S + 7),)),
    Plain("places", (), (places(S + 5), DwellingsMeasure(0, 4, 12, S + 6))),
    Plain("places_end", (), (places(S + 5, end=S + 9), DwellingsMeasure(0, 4, 12, S + 6))),
    Plain("at_once", (rate(None, 0.5),)),
    Plain("twin"),
)


@pytest.fixture(scope="module")
def work(tmp_path_factory) -> Replicates:
    rooms = list(np.random.default_rng(5).integers(1, 7, 30))
    start = toy.start(crowd(150, 3), rooms, 3)
    scenarios: Any = SCENARIOS
    parts = tmp_path_factory.mktemp("parts")
    return Replicates(toy.region(3), read_rate_book("01"), scenarios, start, parts, S, UNTIL, seed=1)


def test_compiling_ahead_takes_every_process_of_a_step_from_the_last_to_the_first_and_keeps_nothing(work, monkeypatch):
    taken, tables, built = [], [], Replicates.life

    def watched(self: Replicates, scenario: Any, replicate: int) -> QuartierModel:
        model = built(self, scenario, replicate)

        def noted(process):
            def step(m: QuartierModel) -> None:
                process.step(m)
                taken.append(process.name)  # only if nothing went wrong

            return replace(process, step=step)

        model.processes = tuple(map(noted, model.processes))
        tables.append(weakref.ref(model.people))
        return model

    monkeypatch.setattr(Replicates, "life", watched)
    work.compile_ahead()
    assert taken == [process.name for process in reversed(STEP)]
    gc.collect()
    assert [table() for table in tables] == [None]
    assert not any(work.parts.iterdir())


def test_what_goes_wrong_in_compiling_ahead_is_left_to_those_who_need_it(work, monkeypatch):
    tables, built = [], Replicates.life

    def broken(self: Replicates, scenario: Any, replicate: int) -> QuartierModel:
        model = built(self, scenario, replicate)
        model.processes = (replace(model.processes[0], step=lambda m: 1 / 0),)
        tables.append(weakref.ref(model.people))
        return model

    monkeypatch.setattr(Replicates, "life", broken)
    work.compile_ahead()
    gc.collect()
    assert [table() for table in tables] == [None]


def alone(work: Replicates, scenario: Plain, replicate: int = 0) -> dict[str, np.ndarray]:
    """What a scenario records when it is run from the start by itself, without the runner."""
    assert not isinstance(work.start, str)
    rates = work.rates.with_parameters(scenario.parameters).with_modifiers(scenario.modifiers)
    start: Any = work.start
    model = QuartierModel(work.region, rates, start, seed=1, replicate=replicate, measures=scenario.measures)
    recorder = record(model, UNTIL)
    model.run(UNTIL)
    return recorder.tables()


def grown(work: Replicates, *names: str) -> tuple[dict[str, dict[str, np.ndarray]], int, list]:
    """Tables of every scenario of one tree, the steps it took, and what failed."""
    found: dict[str, Any] = {}
    steps = []

    def keep(replicate: int, name: str, tables: Any) -> None:
        found[name] = {table: values.copy() for table, values in tables.items()}

    failures = work.simulate(Job(0, names), lambda: steps.append(1), keep)
    return found, len(steps), failures


def test_every_branch_is_bit_for_bit_the_life_lived_from_the_start(work):
    names = [scenario.name for scenario in SCENARIOS]
    found, steps, failures = grown(work, *names)
    assert failures == []
    assert steps == work.steps(Job(0, tuple(names))) < len(SCENARIOS) * 10
    different = set()
    for scenario in SCENARIOS:
        expected = alone(work, scenario)
        assert [t for t in expected if not np.array_equal(expected[t], found[scenario.name][t])] == []
        different.add(expected["indicators"].tobytes() + expected["events"].tobytes())
    assert len(different) == len(SCENARIOS) - 1  # all differ but the twin


def test_the_order_in_which_scenarios_are_named_does_not_matter(work):
    some = ("early_and_late", "early", "base")
    one, _, _ = grown(work, *some)
    other, _, _ = grown(work, *reversed(some))
    assert all(np.array_equal(one[name][t], other[name][t]) for name in some for t in one[name])


def test_a_branch_that_fails_takes_no_other_with_it(work, monkeypatch):
    plain = QuartierModel.step

    def step(self):
        if any(m.rate == "mortality" for m in self.rates.modifiers) and self.now == S + 8:
            raise ValueError("no such luck")
        plain(self)

    monkeypatch.setattr(QuartierModel, "step", step)
    found, _, failures = grown(work, "base", "early", "early_and_late", "places")
    assert [(f.scenario, f.replicate) for f in failures] == [("early_and_late", 0)]
    assert "no such luck" in failures[0].reason
    assert set(found) == {"base", "early", "places"}


def test_a_common_past_that_fails_fails_all_who_share_it(work, monkeypatch):
    plain = QuartierModel.step

    def step(self):
        if self.now == S + 4:
            raise ValueError("no such luck")
        plain(self)

    monkeypatch.setattr(QuartierModel, "step", step)
    found, _, failures = grown(work, "base", "early", "places")
    assert found == {} and {f.scenario for f in failures} == {"base", "early", "places"}


def test_what_is_done_already_is_not_done_again(work):
    work.keep(0, "base", alone(work, SCENARIOS[0]))
    before = work.part(0, "base").stat().st_mtime_ns
    assert work.do(Job(0, ("base", "early")), lambda: None) == []
    assert work.part(0, "base").stat().st_mtime_ns == before
    assert work.done(0, "early")


def test_the_memory_of_a_life_is_given_back_when_it_is_over(work, monkeypatch):
    seen = []
    plain = QuartierModel._fill

    def fill(self, start):
        plain(self, start)
        seen.append(weakref.ref(self.people))

    monkeypatch.setattr(QuartierModel, "_fill", fill)
    _, _, failures = grown(work, "base", "early", "places")
    assert failures == [] and len(seen) == 3
    gc.collect()
    assert [life() for life in seen] == [None] * 3
