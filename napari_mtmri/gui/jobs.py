# SPDX-License-Identifier: BSD-3-Clause
"""Background threads for the panels: short tasks, newest-request-only, and long jobs."""

from __future__ import annotations

import atexit
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import QObject, QThreadPool, Signal
from qtpy.QtWidgets import QApplication
from superqt.utils import create_worker

from napari_mtmri.errors import MtmriError, Stopped

Work = Callable[[Callable[[Any], None], threading.Event], Any]
POOL, MOST_THREADS = "mtmri-threads", 8
LONGEST_END_MS = 10_000
_ALIVE: set[Any] = set()  # keeps workers alive while they run


def sentence(why: BaseException) -> str:
    """Return an error as one sentence for a panel, without backticks around parameters."""
    if isinstance(why, MtmriError):
        return re.sub(r"`(\w+)`", r"\1", str(why))
    return f"Unexpected {type(why).__name__}: {why}; please copy the details and report it."


def halt(timer: Any) -> None:
    """Stop a timer, unless Qt has deleted it with its panel."""
    if isalive(timer):
        timer.stop()


def threads() -> QThreadPool:
    """Return the thread pool of this plugin.

    Qt's global pool has one thread per core: on two cores, a slider would wait for a network.
    """
    app = QApplication.instance()
    pool = app.findChild(QThreadPool, POOL)
    if pool is None:
        pool = QThreadPool(app)
        pool.setObjectName(POOL)
        pool.setMaxThreadCount(MOST_THREADS)
        atexit.register(_wait)
    return pool


def _wait() -> None:
    """Wait for running work before the interpreter shuts down."""
    app = QApplication.instance()
    pool = None if app is None else app.findChild(QThreadPool, POOL)
    if pool is not None:
        pool.clear()
        pool.waitForDone(LONGEST_END_MS)


def _start(work: Callable[[], Any], **slots: Any) -> Any:
    """Start work in a thread; the slots must include ``errored``.

    Otherwise superqt raises an error of the work in the window's thread. Slots are bound
    methods of Qt objects: Qt disconnects them when the object is deleted, while the ``emit``
    of a deleted object's signal would raise in the thread.
    """
    worker = create_worker(work, _start_thread=False, _connect=slots)
    _ALIVE.add(worker)
    worker.finished.connect(partial(_ALIVE.discard, worker))
    threads().start(worker)
    return worker


def once(
    work: Callable[[], Any], done: Callable[[Any], object], failed: Callable[[Any], object]
) -> None:
    """Run a short task in a thread, then call ``done`` or ``failed`` in the window's thread.

    Pass bound methods, which are disconnected when their widget is deleted.
    """
    _start(work, returned=done, errored=failed)


class Latest(QObject):
    """Runs one request at a time; of the waiting requests, only the newest is kept.

    Signals
    -------
    done : value returned by a request
    failed : exception raised by a request, other than `Stopped`
    """

    done = Signal(object)
    failed = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._wanted: Callable[[], Any] | None = None
        self._worker: Any = None
        self._is_wanted = True
        self.n_runs = 0

    @property
    def is_busy(self) -> bool:
        """Whether a request is running or waiting."""
        return self._worker is not None or self._wanted is not None

    def ask(self, request: Callable[[], Any]) -> None:
        """Run the request once the current one has finished; replaces the waiting request."""
        self._wanted = request
        if self._worker is None:
            self._next()

    def drop(self) -> None:
        """Drop the waiting request and ignore the result of the running one."""
        self._wanted = None
        self._is_wanted = False

    def _next(self) -> None:
        request, self._wanted = self._wanted, None
        if request is None:
            return
        self.n_runs += 1
        self._is_wanted = True
        self._worker = _start(
            request,
            returned=self._returned,
            errored=self._errored,
            finished=self._finished,
        )

    def _returned(self, value: Any) -> None:
        if self._is_wanted:
            self.done.emit(value)

    def _errored(self, why: BaseException) -> None:
        if self._is_wanted and not isinstance(why, Stopped):
            self.failed.emit(why)

    def _finished(self) -> None:
        self._worker = None
        self._next()


class Stopper:
    """Stops a job; without Qt objects, so it can be called after the panel is deleted."""

    def __init__(self) -> None:
        self.event = threading.Event()

    def renew(self) -> threading.Event:
        """Return a new stop event, for the next job."""
        self.event = threading.Event()
        return self.event

    def stop(self, *_: object) -> None:
        """Set the stop event."""
        self.event.set()


class Job(QObject):
    """A long job with progress, which can be stopped.

    A stop takes effect at once: later reports from the thread are ignored.

    Signals
    -------
    progressed : progress reported by the work
    done : value returned by the work
    failed : exception raised by the work
    stopped : the job was stopped, and nothing was kept
    ended : emitted after done, failed or stopped
    """

    progressed = Signal(object)
    done = Signal(object)
    failed = Signal(object)
    stopped = Signal()
    ended = Signal()
    _reported = Signal(int, str, object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.stopper = Stopper()
        self._number = 0
        self.is_running = False
        self._reported.connect(self._receive)

    def start(self, work: Work) -> None:
        """Start ``work(report, stop)``, unless a job is running."""
        if self.is_running:
            return
        self._number += 1
        self.is_running = True
        report, stop = partial(self._report, self._number), self.stopper.renew()
        _start(partial(_guarded, work, report, stop), errored=_ignore)

    def stop(self) -> None:
        """Stop the work and ignore its result."""
        self.stopper.stop()
        if self.is_running:
            self._end(self.stopped)

    def _report(self, number: int, what: str, value: Any) -> None:
        """Pass a report from the worker thread to `_receive` in the window's thread."""
        with suppress(RuntimeError):  # Qt has deleted this job with its window
            self._reported.emit(number, what, value)

    def _receive(self, number: int, what: str, value: Any) -> None:
        if number != self._number or not self.is_running:
            return
        if what == "progressed":
            self.progressed.emit(value)
        elif isinstance(value, Stopped):
            self._end(self.stopped)
        else:
            self._end(getattr(self, what), value)

    def _end(self, signal: Any, *values: Any) -> None:
        self.is_running = False
        signal.emit(*values)
        self.ended.emit()


def _ignore(why: BaseException) -> None:
    """Ignore an error that `_guarded` has already reported."""


def _guarded(work: Work, report: Callable[[str, Any], None], stop: threading.Event) -> None:
    """Run the work and report its value or exception."""
    try:
        value = work(partial(report, "progressed"), stop)
    except Exception as why:  # noqa: BLE001 - the panel shows it
        report("failed", why)
    else:
        report("done", value)
