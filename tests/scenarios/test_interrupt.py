"""Ctrl-C is not lost where the exception is swallowed."""

from __future__ import annotations

import os
import signal
import sys
import threading

import pytest
from quartier.scenarios.interrupt import remembered_interrupt

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends itself a signal")


def test_a_swallowed_interrupt_is_raised_at_the_next_check():
    with remembered_interrupt() as check:
        check()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
            threading.Event().wait(5)
        with pytest.raises(KeyboardInterrupt):
            check()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_somebody_elses_handler_stays_in_place():
    heard = []
    before = signal.signal(signal.SIGINT, lambda *_: heard.append("heard"))
    try:
        with remembered_interrupt() as check:
            os.kill(os.getpid(), signal.SIGINT)
            check()
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == ["heard"]
