"""Ctrl-C that cannot get lost: compiled code sometimes swallows the exception in which Python turns it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def remembered_interrupt() -> Iterator[Callable[[], None]]:
    """Remember Ctrl-C, besides raising `KeyboardInterrupt` as usual.

    Yields
    ------
    A function that raises `KeyboardInterrupt` if Ctrl-C has been pressed; call it now and then.
    """
    pressed = threading.Event()

    def check() -> None:
        if pressed.is_set():
            raise KeyboardInterrupt

    def handler(number: int, frame: FrameType | None) -> None:
        pressed.set()
        signal.default_int_handler(number, frame)

    listens = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if threading.current_thread() is not threading.main_thread() or not listens:
        yield check  # only the main thread hears signals, and whoever handles them already goes on doing so
        return
    signal.signal(signal.SIGINT, handler)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
