# SPDX-License-Identifier: BSD-3-Clause
"""Independent jobs, identified by the hash of their request, and their outcomes."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

from napari_mtmri.errors import MtmriError, Stopped, WeightsError

log = logging.getLogger(__name__)
FATAL = (Stopped, WeightsError)  # the other jobs would fail in the same way


@dataclass(frozen=True)
class Job:
    """A request with its files; can be pickled and sent to another process or machine.

    Parameters
    ----------
    name : str
        Shown to the user.
    request : mapping
        Everything the result depends on, as plain data.
    places : mapping
        Absolute paths of inputs and results; the result does not depend on them.
    """

    name: str
    request: Mapping[str, Any]
    places: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """SHA-256 of the request."""
        text = json.dumps(self.request, sort_keys=True, separators=(",", ":"), default=str)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Outcome:
    """Outcome of a job: done now, kept from an earlier run, or failed with an error."""

    name: str
    state: Literal["done", "kept", "failed"]
    value: Any = None
    error: Exception | None = None
    seconds: float = 0.0


class Progress(Protocol):
    """Progress of a job: slices of a volume, or updates of a training."""

    @property
    def share(self) -> float:
        """Completed fraction, 0 to 1."""

    @property
    def text(self) -> str:
        """Description for the user."""


Report = Callable[[Any], None]  # called with the `Progress` of the running job
Work = Callable[[Job, Report, threading.Event], Any]
Ended = Callable[[int, Outcome], None]  # called with the number of a job and its outcome


class Watch:
    """Receives the progress of a list of jobs; the default ignores it."""

    def planned(self, count: int) -> None:
        """``count`` jobs are planned; `ended` will be called for each."""

    def started(self, name: str) -> None:
        """A job has started; called only for jobs that run in this process."""

    def progressed(self, progress: Progress) -> None:
        """The job that started last has made progress."""

    def ended(self, outcome: Outcome) -> None:
        """A job is done, was done before, or has failed."""


def attempt(job: Job, work: Work, report: Report, stop: threading.Event) -> Outcome:
    """Run one job and return its outcome, including an error that concerns only this job.

    Raises
    ------
    Stopped, WeightsError
        If the other jobs would fail in the same way.
    """
    began = time.perf_counter()
    try:
        value = work(job, report, stop)
    except FATAL:
        raise
    except Exception as why:
        # A method of another package may raise anything; the other jobs must continue.
        log.debug("%s failed", job.name, exc_info=True)
        return Outcome(job.name, "failed", None, why, time.perf_counter() - began)
    return Outcome(job.name, "done", value, None, time.perf_counter() - began)


def portable(outcome: Outcome) -> Outcome:
    """Return an outcome that can be pickled: errors of other packages become text."""
    error = outcome.error
    if error is None or isinstance(error, MtmriError):
        return outcome
    return replace(outcome, error=RuntimeError(f"{type(error).__name__}: {error}"))
