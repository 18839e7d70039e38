# SPDX-License-Identifier: BSD-3-Clause
"""Lists of independent jobs, named by the hash of their request, each done once.

They run in this process or in some local processes; one that fails is reported and
the others go on.
"""

from __future__ import annotations

import hashlib
import json
import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import connection
from multiprocessing.process import BaseProcess
from typing import Any, Literal

from napari_mtmri.errors import MtmriError, ResourceError, Stopped, WeightsError

log = logging.getLogger(__name__)
FATAL = (Stopped, WeightsError)  # the other jobs would fail in the same way
POLL_S = 0.2
LONGEST_END_S = 10.0  # of a process that removes what it has half written
STOPPED = 130


@dataclass(frozen=True)
class Job:
    """One piece of work.

    Parameters
    ----------
    name : str
        For people.
    request : mapping
        All that the result depends on, as plain data.
    places : mapping
        Where inputs lie and results go; the result does not depend on them.
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
    """What became of a job: done now, kept from before, or failed with an error."""

    name: str
    state: Literal["done", "kept", "failed"]
    value: Any = None
    error: Exception | None = None
    seconds: float = 0.0


Work = Callable[[Job, Callable[[Any], None], threading.Event], Any]


def case_seed(seed: int, case: str) -> int:
    """Return the seed of a case's mask: one mask per volume, whatever the order of cases."""
    digest = hashlib.sha256(f"{seed}:{case}".encode()).digest()
    return int.from_bytes(digest[:4], "little") >> 1


class Watch:
    """Who is told how the jobs go; by default nobody."""

    def started(self, name: str) -> None:
        """A job begins, in this process."""

    def progressed(self, progress: Any) -> None:
        """The job that began last is further on."""

    def ended(self, outcome: Outcome) -> None:
        """A job is done, was done before, or has failed."""


def run_jobs(
    jobs: Sequence[Job],
    work: Work,
    *,
    find: Callable[[Job], Any] = lambda job: None,
    n_processes: int = 1,
    watch: Watch | None = None,
    stop: threading.Event | None = None,
) -> list[Outcome]:
    """Do the jobs that are not done yet; return what became of each, in their order.

    Parameters
    ----------
    jobs : sequence of Job
    work : callable
        (job, report, stop) -> value; a function of a module where several processes
        are used, and its value must be small.
    find : callable
        The value of a job that was done before, or None.
    n_processes : int
        1: in this process.
    watch : Watch, optional
    stop : threading.Event, optional
        Set it to stop; jobs that were done stay done.

    Raises
    ------
    Stopped
        After ``stop`` or Ctrl-C.
    WeightsError
        At once, for it would meet the other jobs too.
    ResourceError
        If a process was killed.
    """
    watch, stop = watch or Watch(), stop or threading.Event()
    outcomes: dict[int, Outcome] = {}

    def ended(number: int, outcome: Outcome) -> None:
        outcomes[number] = outcome
        watch.ended(outcome)

    try:
        to_do = []
        for number, job in enumerate(jobs):
            value = find(job)
            if value is None:
                to_do.append(number)
            else:
                ended(number, Outcome(job.name, "kept", value))
        if n_processes > 1 and len(to_do) > 1:
            _in_processes(jobs, to_do, work, n_processes, ended, stop)
        else:
            _in_turn(jobs, to_do, work, watch, ended, stop)
    except (KeyboardInterrupt, Stopped) as why:
        there = sum(outcome.state != "failed" for outcome in outcomes.values())
        raise Stopped(
            f"stopped with {there} of {len(jobs)} done; the same command goes on from there."
        ) from why
    return [outcomes[number] for number in range(len(jobs))]


def _in_turn(
    jobs: Sequence[Job],
    to_do: Iterable[int],
    work: Work,
    watch: Watch,
    ended: Callable[[int, Outcome], None],
    stop: threading.Event,
) -> None:
    for number in to_do:
        if stop.is_set():
            raise Stopped("stopped")
        watch.started(jobs[number].name)
        ended(number, _attempt(jobs[number], work, watch.progressed, stop))


def _attempt(job: Job, work: Work, report: Callable[[Any], None], stop: threading.Event) -> Outcome:
    began = time.perf_counter()
    try:
        value = work(job, report, stop)
    except FATAL:
        raise
    except Exception as why:
        # A method of another package may fail in any way; the other jobs must survive it.
        log.debug("%s failed", job.name, exc_info=True)
        return Outcome(job.name, "failed", None, why, time.perf_counter() - began)
    return Outcome(job.name, "done", value, None, time.perf_counter() - began)


def _in_processes(
    jobs: Sequence[Job],
    to_do: Sequence[int],
    work: Work,
    n_processes: int,
    ended: Callable[[int, Outcome], None],
    stop: threading.Event,
) -> None:
    n_processes = min(n_processes, len(to_do))
    waiting: dict[Future[Outcome], int] = {}
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(
        n_processes,
        multiprocessing.get_context("spawn"),
        _begin_worker,
        (max(1, (os.cpu_count() or 1) // n_processes),),
    )
    try:
        waiting = {pool.submit(_attempt_in_worker, jobs[i], work): i for i in to_do}
        while waiting:
            if stop.is_set():
                raise Stopped("stopped")
            for future in wait(waiting, POLL_S, FIRST_COMPLETED).done:
                ended(waiting.pop(future), future.result())
    except BrokenProcessPool as why:
        raise ResourceError(
            f"one of {n_processes} processes was killed, most often for its memory; "
            "use fewer --jobs."
        ) from why
    finally:
        if waiting:
            _end(set(multiprocessing.active_children()) - others)
        pool.shutdown(cancel_futures=True)


def _end(children: set[BaseProcess]) -> None:
    """Let processes leave in order, and end for good who does not: a pool waits for ever."""
    for child in children:
        child.terminate()
    left = {child.sentinel: child for child in children}
    end = time.monotonic() + LONGEST_END_S
    while left and (rest := end - time.monotonic()) > 0:
        for gone in connection.wait(list(left), rest):
            del left[gone]  # type: ignore[arg-type]
    for child in left.values():
        child.kill()


_STOP_WORKER = threading.Event()
_is_working = False


def _begin_worker(n_threads: int) -> None:
    """Let the parent decide when to stop, and share the processor among the workers."""
    os.environ.setdefault("OMP_NUM_THREADS", str(n_threads))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)


def _leave(*_: object) -> None:
    _STOP_WORKER.set()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one would cut the tidying short
    if _is_working:
        raise KeyboardInterrupt  # so that what is half written is removed on the way out
    os._exit(STOPPED)


def _attempt_in_worker(job: Job, work: Work) -> Outcome:
    global _is_working
    try:
        _is_working = True
        outcome = _attempt(job, work, lambda progress: None, _STOP_WORKER)
    except KeyboardInterrupt:
        os._exit(STOPPED)
    finally:
        _is_working = False
    if outcome.error is not None and not isinstance(outcome.error, MtmriError):
        # An error of a stranger may not survive the way between two processes.
        text = f"{type(outcome.error).__name__}: {outcome.error}"
        return Outcome(outcome.name, "failed", None, RuntimeError(text), outcome.seconds)
    return outcome
