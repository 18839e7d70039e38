# SPDX-License-Identifier: BSD-3-Clause
"""Run jobs on this machine: sequentially in this process, or in worker processes.

Each worker process receives one job at a time through its own pipe, so that the job of a
killed process is known.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import connection
from multiprocessing.process import BaseProcess
from typing import Any

from napari_mtmri.batch.job import FATAL, Ended, Job, Outcome, Watch, Work, attempt, portable
from napari_mtmri.errors import ResourceError, Stopped

POLL_S = 0.2
LONGEST_END_S = 10.0  # time for a process to remove its incomplete files


def run_in_turn(
    jobs: Sequence[Job],
    to_do: Sequence[int],
    work: Work,
    ended: Ended,
    stop: threading.Event,
    watch: Watch,
) -> None:
    """Run the jobs with these numbers sequentially in this process."""
    for number in to_do:
        if stop.is_set():
            raise Stopped("stopped")
        watch.started(jobs[number].name)
        ended(number, attempt(jobs[number], work, watch.progressed, stop))


def run_in_processes(
    jobs: Sequence[Job],
    to_do: Sequence[int],
    work: Work,
    n_processes: int,
    ended: Ended,
    stop: threading.Event,
) -> None:
    """Run the jobs with these numbers in worker processes, which all end before the return."""
    n_processes = min(n_processes, len(to_do))
    n_threads = max(1, (os.cpu_count() or 1) // n_processes)
    waiting = list(reversed(to_do))
    workers: dict[Any, _Worker] = {}  # busy workers by pipe
    started: list[BaseProcess] = []
    try:
        while waiting or workers:
            while waiting and len(workers) < n_processes:
                worker = _start_worker(work, n_threads)
                workers[worker.pipe] = worker
                started.append(worker.process)
                worker.give(waiting.pop(), jobs)
            if stop.is_set():
                raise Stopped("stopped")
            for pipe in connection.wait(list(workers), POLL_S):
                worker = workers[pipe]
                outcome = worker.answer(jobs)
                ended(worker.number, outcome)
                if waiting and worker.is_alive:
                    worker.give(waiting.pop(), jobs)
                else:
                    workers.pop(pipe).pipe.close()  # which ends the process
    finally:
        for worker in workers.values():
            worker.process.terminate()
        _await_end(started)


@dataclass
class _Worker:
    """A worker process, the parent's end of its pipe, and the number of its job."""

    process: BaseProcess
    pipe: Any
    number: int = -1
    is_alive: bool = True

    def give(self, number: int, jobs: Sequence[Job]) -> None:
        self.number = number
        with suppress(OSError):  # the process has died; `answer` reports it
            self.pipe.send(jobs[number])

    def answer(self, jobs: Sequence[Job]) -> Outcome:
        try:
            answer = self.pipe.recv()
        except (EOFError, OSError):
            self.is_alive = False
            self.process.join(LONGEST_END_S)
            why = ResourceError(
                f"{jobs[self.number].name}: its process was killed or crashed (exit code "
                f"{self.process.exitcode}), probably for lack of memory; use a smaller "
                "`n_processes`."
            )
            return Outcome(jobs[self.number].name, "failed", error=why)
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]


def _start_worker(work: Work, n_threads: int) -> _Worker:
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(theirs, work, n_threads))
    process.start()
    theirs.close()
    return _Worker(process, ours)


def _await_end(processes: Sequence[BaseProcess]) -> None:
    """Wait until the processes have removed incomplete files; kill those that take too long."""
    end = time.monotonic() + LONGEST_END_S
    for process in processes:
        process.join(max(0.0, end - time.monotonic()))
        if process.is_alive():
            process.kill()
            process.join()


def _serve(pipe: Any, work: Work, n_threads: int) -> None:
    """Run jobs sequentially in a worker process until the pipe is closed or SIGTERM arrives."""
    stop = threading.Event()

    def leave(*_: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one would interrupt the cleanup
        stop.set()
        raise KeyboardInterrupt  # incomplete files are removed while it propagates

    os.environ.setdefault("OMP_NUM_THREADS", str(n_threads))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    signal.signal(signal.SIGTERM, leave)
    try:
        while not stop.is_set():
            try:
                answer: Any = portable(attempt(pipe.recv(), work, lambda progress: None, stop))
            except FATAL as why:
                answer = why
            pipe.send(answer)
    except (EOFError, OSError, KeyboardInterrupt):
        os._exit(0)  # unloading torch would delay the stop noticeably
