# SPDX-License-Identifier: BSD-3-Clause
"""State of one command call: the stop event, and whether tracebacks are shown."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
IMPATIENCE_S = 1.0


@dataclass(frozen=True)
class Session:
    """State of one command call, which typer passes to every command.

    Parameters
    ----------
    stop : threading.Event
        Set by Ctrl-C and SIGTERM.
    debug : bool
        Show tracebacks.
    """

    stop: threading.Event = field(default_factory=threading.Event)
    debug: bool = False


@contextmanager
def interruptible(stop: threading.Event) -> Iterator[None]:
    """While the block runs, Ctrl-C and SIGTERM set ``stop`` and raise KeyboardInterrupt.

    The exception interrupts the work at once; the event also stops it where a library
    swallows exceptions. Further signals within a second are ignored, so that a second
    Ctrl-C does not interrupt the cleanup.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    last = 0.0

    def leave(number: int, frame: FrameType | None) -> None:
        nonlocal last
        now = time.monotonic()
        if stop.is_set() and now - last < IMPATIENCE_S:
            return
        last = now
        stop.set()
        raise KeyboardInterrupt

    before = {number: signal.signal(number, leave) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
