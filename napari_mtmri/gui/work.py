# SPDX-License-Identifier: BSD-3-Clause
"""Jobs off the window's thread: newest wins, progress, stop, whole or nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from qtpy.QtCore import QObject, Signal
from superqt.utils import create_worker

from napari_mtmri.errors import MtmriError, Stopped


def sentence(why: BaseException) -> str:
    """Return an error as one sentence for a panel."""
    if isinstance(why, MtmriError):
        return str(why)
    return f"unexpected {type(why).__name__}: {why}; copy the details and report it, please."


def _slots(listeners: dict[str, Any]) -> dict[str, Any]:
    """Return what to call on each signal; a signal of ours is emitted in turn."""
    return {name: getattr(one, "emit", one) for name, one in listeners.items()}


class Latest(QObject):
    """Runs one request at a time; of those that come meanwhile only the newest is kept.

    Signals
    -------
    done : what the newest finished request returned
    failed : the exception of one that failed
    """

    done = Signal(object)
    failed = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._wanted: Callable[[], Any] | None = None
        self._worker: Any = None
        self.n_runs = 0

    @property
    def is_busy(self) -> bool:
        """Whether a request is running or waits."""
        return self._worker is not None or self._wanted is not None

    def ask(self, request: Callable[[], Any]) -> None:
        """Run the request as soon as the running one is finished, instead of any that waits."""
        self._wanted = request
        if self._worker is None:
            self._next()

    def drop(self) -> None:
        """Forget what waits."""
        self._wanted = None

    def _next(self) -> None:
        request, self._wanted = self._wanted, None
        if request is None:
            return
        self.n_runs += 1
        # errored must be connected at once: an error that nobody awaits is raised again.
        listeners = {"returned": self.done, "errored": self.failed, "finished": self._finished}
        self._worker = create_worker(request, _start_thread=False, _connect=_slots(listeners))
        self._worker.start()

    def _finished(self) -> None:
        self._worker = None
        self._next()


class Job(QObject):
    """One long piece of work with progress that can be stopped.

    Signals
    -------
    progressed : what the work reported
    done : what it returned, whole
    failed : its exception
    stopped : nothing was kept
    ended : after any of the three
    """

    progressed = Signal(object)
    done = Signal(object)
    failed = Signal(object)
    stopped = Signal()
    ended = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._stop: threading.Event | None = None
        self._worker: Any = None

    @property
    def is_running(self) -> bool:
        """Whether work is going on."""
        return self._worker is not None

    def start(self, work: Callable[[Callable[[Any], None], threading.Event], Any]) -> None:
        """Start ``work(report, stop)``; only one at a time."""
        if self._worker is not None:
            return
        stop = self._stop = threading.Event()
        listeners = {"returned": self.done, "errored": self._errored, "finished": self._finished}
        job = partial(work, self.progressed.emit, stop)
        self._worker = create_worker(job, _start_thread=False, _connect=_slots(listeners))
        self._worker.start()

    def stop(self) -> None:
        """Ask it to stop; `stopped` follows within some slices."""
        if self._stop is not None:
            self._stop.set()

    def _errored(self, why: BaseException) -> None:
        if isinstance(why, Stopped):
            self.stopped.emit()
        else:
            self.failed.emit(why)

    def _finished(self) -> None:
        self._worker, self._stop = None, None
        self.ended.emit()
