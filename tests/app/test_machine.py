"""What is settled before anything heavy is imported."""

from __future__ import annotations

import os

from quartier.app import machine


def test_one_thread_is_settled_and_what_the_user_has_settled_stays(monkeypatch):
    monkeypatch.setattr(os, "environ", {"NUMBA_NUM_THREADS": "3"})
    machine.settle()
    assert os.environ["NUMBA_NUM_THREADS"] == "3"
    assert os.environ["OMP_NUM_THREADS"] == "1"
