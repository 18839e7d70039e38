# SPDX-License-Identifier: BSD-3-Clause
"""Thread that writes a session's work in order, and tries again until the disk takes it."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from napari_mtmri.errors import MtmriError, ResourceError

log = logging.getLogger(__name__)
RETRY_S = 1.0
Step = Callable[[], object]


@dataclass
class _Job:
    """Steps that are done in order; a step that is done is not repeated."""

    steps: deque[Step]
    key: str


class Saver:
    """Does jobs one after the other in a thread of its own.

    A job that the disk refuses (full, read-only, disconnected) stays first and is tried again
    every ``retry_s``: nothing overtakes it and nothing is dropped. A job that fails for another
    reason is dropped, with `problem` saying why, so that those behind it are done.

    Parameters
    ----------
    on_change : callable
        Called without arguments, from the thread, when `problem` or `is_idle` changes.
    retry_s : float
    """

    def __init__(self, on_change: Step = lambda: None, retry_s: float = RETRY_S) -> None:
        self._on_change, self._retry_s = on_change, retry_s
        self._jobs: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._waits, self._failure = "", ""
        self._thread = threading.Thread(target=self._work, name="review saver", daemon=True)
        self._thread.start()

    @property
    def problem(self) -> str:
        """Why work is not on the disk, in one sentence; empty if nothing is wrong."""
        return self._waits or self._failure

    @property
    def is_idle(self) -> bool:
        """Whether all jobs are done."""
        with self._changed:
            return not self._jobs

    def submit(self, *steps: Step, key: str = "") -> None:
        """Add a job.

        Parameters
        ----------
        *steps : callable
            Done in order. A `ResourceError` or OSError means: try again later.
        key : str
            A waiting job with this key that has not begun is replaced by the new one.
        """
        with self._changed:
            if key:
                waiting = [job for job in list(self._jobs)[1:] if job.key == key]
                for job in waiting:
                    self._jobs.remove(job)
            self._jobs.append(_Job(deque(steps), key))
            self._changed.notify_all()

    def retry(self) -> None:
        """Try a refused job again at once."""
        with self._changed:
            self._changed.notify_all()

    def flush(self, timeout_s: float) -> bool:
        """Wait until all jobs are done; return whether they are."""
        end = time.monotonic() + timeout_s
        with self._changed:
            while self._jobs:
                left = end - time.monotonic()
                if left <= 0 or not self._thread.is_alive():
                    return False
                self._changed.wait(left)
            return True

    def close(self, timeout_s: float) -> bool:
        """Wait for all jobs and end the thread; return whether all were done."""
        done = self.flush(timeout_s)
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(timeout_s)
        return done

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._jobs and not self._closing:
                    self._changed.wait()
                if self._closing:
                    return
                job = self._jobs[0]
            refused = self._do(job)
            with self._changed:
                if refused != self._waits:
                    self._waits = refused
                    changed = True
                else:
                    changed = False
                if refused:
                    self._changed.wait(self._retry_s)
                else:
                    self._jobs.popleft()
                    self._changed.notify_all()
                    changed = changed or not self._jobs
            if changed:
                self._on_change()

    def _do(self, job: _Job) -> str:
        """Do the steps of a job that are left; return why the disk refuses one, if it does."""
        try:
            while job.steps:
                job.steps[0]()
                job.steps.popleft()
        except (ResourceError, OSError) as why:
            return str(why)
        except MtmriError as why:
            self._failure = str(why)
        except Exception as why:
            log.exception("a job of the review failed")
            self._failure = f"Saving failed ({type(why).__name__}: {why}); save again."
        else:
            return ""
        job.steps.clear()
        return ""
