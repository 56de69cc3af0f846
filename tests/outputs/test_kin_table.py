"""The table of kin in the results: its labels are the model's measures, its numbers the model's counts."""

from __future__ import annotations

import numpy as np
import toy
from crowd import crowd
from quartier.model.kin_counts import MEASURES, kin_counts
from quartier.model.processes import STEP
from quartier.outputs.recorder import record
from quartier.outputs.schema import DIMENSION, TABLE


def test_the_labels_of_the_table_are_the_measures_in_their_order():
    assert tuple(DIMENSION["kin_measure"].ids) == MEASURES
    assert TABLE["kin"].dims == ("year", "quartier", "sex", "kin_measure")


def test_the_recorder_keeps_the_counts_of_every_year_end():
    model = toy.town(crowd(200, 2), STEP, quartiere=2, vacant_rooms=[3] * 20)
    recorder = record(model, model.now + 4)
    first = kin_counts(model)
    model.run(model.now + 4)
    kin = recorder.tables()["kin"]
    assert np.array_equal(kin[0], first)
    assert np.array_equal(kin[1], kin_counts(model))
    place = {name: kin[..., i] for i, name in enumerate(MEASURES)}
    nearest = sum(place[name] for name in MEASURES if name.startswith("child_") or name == "no_child")
    assert np.array_equal(nearest, place["persons"])
    assert place["persons"].sum() > 0
