# SPDX-License-Identifier: BSD-3-Clause
"""Run jobs on the workers of a dask cluster, whose machines share their files with this one.

The dask scheduler assigns jobs to workers, and reassigns the jobs of a lost worker.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from napari_mtmri.batch.dask_worker import (
    POLL_S,
    REST_S,
    Task,
    View,
    do_task,
    end_run,
    look,
    versions,
)
from napari_mtmri.batch.job import Ended, Job, Outcome, Work, portable
from napari_mtmri.errors import MtmriError, RequestError, ResourceError, Stopped

CONNECT_S = 5.0
NO_WORKER_S = 30.0
COUNT_EVERY_S = 1.0
LOGGERS = ("distributed", "distributed.client", "distributed.gc", "tornado.application", "asyncio")


def run_on_cluster(
    jobs: Sequence[Job],
    to_do: Sequence[int],
    work: Work,
    address: str,
    ended: Ended,
    stop: threading.Event,
) -> None:
    """Run the jobs with these numbers on the workers of a dask scheduler.

    Raises
    ------
    RequestError
        If the address is not a scheduler address.
    ResourceError
        If dask.distributed is missing, no scheduler or worker answers, or a worker has
        package versions that differ from this machine.
    InputError
        If no job has all its files visible to the workers.
    """
    run = f"napari-mtmri-{uuid.uuid4().hex[:12]}"
    waiting: dict[int, Any] = {}
    with _connection(address) as client:
        cluster = _Cluster(client, address)
        cluster.await_worker(stop)
        tasks = _accepted(cluster, _tasks(run, jobs, to_do, work), ended)
        try:
            waiting.update((number, cluster.submit(task)) for number, task in tasks.items())
            _collect(cluster, tasks, waiting, ended, stop)
        finally:
            if waiting and client.status == "running":
                cluster.call_off(run, list(waiting.values()))


def _tasks(run: str, jobs: Sequence[Job], to_do: Sequence[int], work: Work) -> dict[int, Task]:
    """Return the tasks by number; a worker must see every path that exists here."""
    tasks, ours = {}, versions()
    for number in to_do:
        places = [one for one in jobs[number].places.values() if isinstance(one, (str, Path))]
        paths = tuple(dict.fromkeys(map(_nearest, places)))
        folders = tuple(_nearest(place) for place in places if not os.path.exists(place))
        tasks[number] = Task(run, number, jobs[number], work, paths, folders, ours)
    return tasks


def _nearest(place: str | Path) -> str:
    """Return the path, or its nearest existing parent folder: results do not exist yet."""
    path = os.path.abspath(place)
    while not os.path.exists(path) and path != os.path.dirname(path):
        path = os.path.dirname(path)
    return path


def _accepted(cluster: _Cluster, tasks: Mapping[int, Task], ended: Ended) -> dict[int, Task]:
    """Return the tasks whose files are visible to all workers; the others end as failed."""
    views = cluster.views(tasks.values())
    failed = {}
    for number, task in tasks.items():
        objection = next(filter(None, (view.objection(task) for view in views)), None)
        if isinstance(objection, ResourceError):
            raise objection
        if objection is not None:
            failed[number] = objection
    if len(failed) == len(tasks):
        raise next(iter(failed.values()))
    for number, why in failed.items():
        ended(number, Outcome(tasks[number].job.name, "failed", error=why))
    return {number: task for number, task in tasks.items() if number not in failed}


def _collect(
    cluster: _Cluster,
    tasks: Mapping[int, Task],
    waiting: dict[int, Any],
    ended: Ended,
    stop: threading.Event,
) -> None:
    """Collect the outcomes until no task is waiting."""
    counted = time.monotonic()
    while waiting:
        if stop.is_set():
            raise Stopped("stopped")
        finished = [number for number, future in waiting.items() if future.done()]
        for number in finished:
            outcome = cluster.outcome_of(waiting[number], tasks[number].job.name)
            if outcome is not None:
                del waiting[number]
                ended(number, outcome)
            elif waiting[number].status == "error":
                waiting[number] = cluster.submit(tasks[number])
        if not finished:
            stop.wait(POLL_S)
        if time.monotonic() > counted + COUNT_EVERY_S:
            cluster.await_worker(stop)
            counted = time.monotonic()


@dataclass(frozen=True)
class _Cluster:
    """A connected dask scheduler.

    Parameters
    ----------
    client : distributed.Client
    address : str
    """

    client: Any
    address: str

    def await_worker(self, stop: threading.Event) -> None:
        """Return as soon as the scheduler has a worker."""
        end = time.monotonic() + NO_WORKER_S
        while True:
            with self._answers():
                if self.client.nthreads():
                    return
            if stop.wait(POLL_S):
                raise Stopped("stopped")
            if time.monotonic() > end:
                raise ResourceError(
                    f"{self.address}: the dask scheduler has no worker; start one with `dask "
                    f"worker {self.address} --nthreads 1`. The same command then continues."
                )

    def views(self, tasks: Collection[Task]) -> list[View]:
        """Return the paths visible to each worker; folders are probed with a temporary file."""
        paths = {path for task in tasks for path in task.paths}
        folders = {folder for task in tasks for folder in task.folders}
        with ExitStack() as stack:
            folder_of = {
                stack.enter_context(NamedTemporaryFile(prefix=".shared-", dir=folder)).name: folder
                for folder in folders
            }
            with self._answers():
                answers = self.client.run(look, [*paths, *folder_of], on_error="return")
        for worker, view in answers.items():
            if not isinstance(view, View):
                raise ResourceError(
                    f"worker {worker} cannot run napari-mtmri ({type(view).__name__}: {view}); "
                    f"install napari-mtmri {versions()['napari-mtmri']} there."
                )
        return [
            replace(view, unseen=frozenset(folder_of.get(path, path) for path in view.unseen))
            for view in answers.values()
        ]

    def submit(self, task: Task) -> Any:
        """Submit a task and return its future."""
        key = f"{task.run}-{task.number}-{uuid.uuid4().hex}"
        return self.client.submit(do_task, task, key=key, pure=False)

    def outcome_of(self, future: Any, name: str) -> Outcome | None:
        """Return the outcome of a finished future, or None if it was lost with its worker."""
        from distributed import KilledWorker

        if future.status == "cancelled":
            raise self._lost()
        with self._answers():
            try:
                error = future.exception(timeout=CONNECT_S)
                if error is None:
                    return future.result(timeout=CONNECT_S)  # type: ignore[no-any-return]
            except TimeoutError:
                return None  # its worker is gone, and the scheduler reassigns the task
        if isinstance(error, MtmriError):
            raise error
        if isinstance(error, KilledWorker):
            return None  # it may only have been queued there: `do_task` counts its real starts
        return portable(Outcome(name, "failed", error=error))

    def call_off(self, run: str, futures: Sequence[Any]) -> None:
        """Stop the running jobs and cancel those that have not started."""

        def end() -> None:
            with suppress(OSError, RuntimeError, CancelledError, asyncio.CancelledError):
                self.client.run(end_run, run, on_error="ignore")

        thread = threading.Thread(target=end, daemon=True)  # a worker may not answer
        thread.start()
        thread.join(REST_S + POLL_S)
        with suppress(OSError, RuntimeError):
            self.client.cancel(futures)

    @contextmanager
    def _answers(self) -> Iterator[None]:
        """Turn the errors of distributed after the loss of its scheduler into a ResourceError."""
        try:
            yield
        except (OSError, RuntimeError, CancelledError) as why:
            raise self._lost() from why

    def _lost(self) -> ResourceError:
        return ResourceError(
            f"{self.address}: the dask scheduler was lost; restart it and its workers. "
            "Finished results are kept, and the same command continues from there."
        )


@contextmanager
def _connection(address: str) -> Iterator[Any]:
    """Yield a client of the scheduler; log messages of distributed are suppressed meanwhile."""
    try:
        from distributed import Client
    except ImportError as why:
        raise ResourceError(
            "a dask cluster needs dask.distributed, which is not installed; "
            "run: pip install 'napari-mtmri[cluster]'."
        ) from why
    levels = {name: logging.getLogger(name).level for name in LOGGERS}
    for name in levels:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        _greet(address)
        client = Client(address, timeout=CONNECT_S, set_as_default=False)
        try:
            yield client
        finally:
            client.close(timeout=CONNECT_S)
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def _greet(address: str) -> None:
    """Check that a scheduler answers before a client, whose failure leaves a thread, is made."""
    from distributed import Security
    from distributed.comm import connect

    async def greet() -> None:
        security = Security().get_connection_args("client")
        connecting = connect(address, timeout=CONNECT_S, **security)
        (await asyncio.wait_for(connecting, CONNECT_S)).abort()

    pool = ThreadPoolExecutor(1)  # the calling thread may already run an event loop
    try:
        pool.submit(asyncio.run, greet()).result()
    except (ValueError, TypeError) as why:
        raise RequestError(
            f"{address!r} is not a dask scheduler address ({why}); write it like tcp://host:8786."
        ) from why
    except OSError as why:
        raise ResourceError(
            f"{address}: no dask scheduler answered within {CONNECT_S:g} s; start one with "
            "`dask scheduler`, or correct the address."
        ) from why
    finally:
        pool.shutdown(wait=False)
