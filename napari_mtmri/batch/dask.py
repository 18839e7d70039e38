# SPDX-License-Identifier: BSD-3-Clause
"""Jobs on the workers of a dask cluster, whose machines share the files with this one.

Dask's scheduler decides which worker does which job, and gives the jobs of a lost worker to
another. Every start of a job is noted on the scheduler before the work begins, because
the scheduler's own count of losses includes jobs that only waited on the lost worker.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from napari_mtmri import __version__
from napari_mtmri.batch.job import Ended, Job, Outcome, Work, attempt, portable
from napari_mtmri.errors import InputError, MtmriError, RequestError, ResourceError, Stopped

MOST_LOSSES = 2  # of the workers that a job runs on
CONNECT_S = 5.0
NO_WORKER_S = 30.0
POLL_S = 0.1
REST_S = 2.0  # in which a job that is stopped ends, in most cases
LOGGERS = ("distributed", "distributed.client", "distributed.gc", "tornado.application", "asyncio")


@dataclass(frozen=True)
class _Task:
    """A job as it is sent to a worker.

    Parameters
    ----------
    run : str
        Name of this list of jobs on the scheduler.
    number : int
    job : Job
    work : Work
    paths : tuple of str
        Absolute paths that the worker must see.
    folders : tuple of str
        Those of them into which results are written.
    versions : mapping
        Versions on the machine that asks, by package.
    """

    run: str
    number: int
    job: Job
    work: Work
    paths: tuple[str, ...]
    folders: tuple[str, ...]
    versions: Mapping[str, str]


@dataclass(frozen=True)
class _View:
    """What a worker has and sees."""

    worker: str
    versions: Mapping[str, str]
    unseen: frozenset[str]

    def objection(self, task: _Task) -> MtmriError | None:
        """Return why the worker cannot do a task."""
        for name, ours in task.versions.items():
            if self.versions.get(name) != ours:
                return ResourceError(
                    f"worker {self.worker} has {name} {self.versions.get(name)} and this machine "
                    f"has {ours}; install the same version on both."
                )
        unseen = next((path for path in task.paths if path in self.unseen), None)
        if unseen is None:
            return None
        return InputError(
            f"{unseen}: worker {self.worker} does not see this path; use a folder that is shared "
            "by all machines under the same path."
        )


def run_on_cluster(
    jobs: Sequence[Job],
    to_do: Sequence[int],
    work: Work,
    address: str,
    ended: Ended,
    stop: threading.Event,
) -> None:
    """Do the jobs with these numbers on the workers of a dask scheduler.

    Raises
    ------
    RequestError
        If the address is not one of a scheduler.
    ResourceError
        If dask.distributed is missing, no scheduler or worker answers, or a worker has
        other versions than this machine.
    InputError
        If a worker sees the files of none of the jobs.
    """
    with _connection(address) as client:
        _await_worker(client, address, stop)
        tasks = _accepted(client, address, _tasks(jobs, to_do, work), ended)
        waiting: dict[int, Any] = {}
        try:
            waiting = {number: _submit(client, task) for number, task in tasks.items()}
            _collect(client, address, tasks, waiting, ended, stop)
        finally:
            if waiting and client.status == "running":
                _call_off(client, next(iter(tasks.values())).run, list(waiting.values()))


@contextmanager
def _connection(address: str) -> Iterator[Any]:
    """Give a client of the scheduler; distributed's own messages are left out meanwhile."""
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
    """Return if a scheduler answers; a client that fails to connect leaves a thread behind."""
    from distributed import Security
    from distributed.comm import connect

    async def greet() -> None:
        security = Security().get_connection_args("client")
        connecting = connect(address, timeout=CONNECT_S, **security)
        (await asyncio.wait_for(connecting, CONNECT_S)).abort()

    pool = ThreadPoolExecutor(1)  # the caller's thread may have an event loop of its own
    try:
        pool.submit(asyncio.run, greet()).result()
    except (ValueError, TypeError) as why:
        raise RequestError(
            f"{address!r} is not the address of a dask scheduler ({why}); give one such as "
            "tcp://host:8786."
        ) from why
    except OSError as why:
        raise ResourceError(
            f"{address}: no dask scheduler answered within {CONNECT_S:g} s; start one with "
            "`dask scheduler`, or correct the address."
        ) from why
    finally:
        pool.shutdown(wait=False)


def _await_worker(client: Any, address: str, stop: threading.Event) -> None:
    """Return as soon as the scheduler has a worker."""
    end = time.monotonic() + NO_WORKER_S
    while True:
        with _scheduler_answers(address):
            if client.nthreads():
                return
        if stop.wait(POLL_S):
            raise Stopped("stopped")
        if time.monotonic() > end:
            raise ResourceError(
                f"{address}: the dask scheduler has no worker; start one with `dask worker "
                f"{address} --nthreads 1`. The same command continues from what is done."
            )


@contextmanager
def _scheduler_answers(address: str) -> Iterator[None]:
    """Turn what distributed raises without a scheduler into words."""
    try:
        yield
    except (OSError, RuntimeError, CancelledError) as why:
        raise _lost(address) from why


def _lost(address: str) -> ResourceError:
    return ResourceError(
        f"{address}: the dask scheduler was lost; start it and its workers again. Finished results "
        "are kept, and the same command continues from there."
    )


def _tasks(jobs: Sequence[Job], to_do: Sequence[int], work: Work) -> dict[int, _Task]:
    """Return the tasks by number; places that exist here are what a worker must see."""
    run, versions = f"napari-mtmri-{uuid.uuid4().hex[:12]}", _versions()
    tasks = {}
    for number in to_do:
        places = [one for one in jobs[number].places.values() if isinstance(one, (str, Path))]
        paths = tuple(dict.fromkeys(map(_nearest, places)))
        folders = tuple(_nearest(place) for place in places if not os.path.exists(place))
        tasks[number] = _Task(run, number, jobs[number], work, paths, folders, versions)
    return tasks


def _nearest(place: str | Path) -> str:
    """Return a path, or the folder above it that exists: results are not there yet."""
    path = os.path.abspath(place)
    while not os.path.exists(path):
        path = os.path.dirname(path)
    return path


def _versions() -> dict[str, str]:
    """Return the versions that results depend on; torch's suffix names the device only."""
    others = {name: version(name).partition("+")[0] for name in ("numpy", "torch")}
    return {"napari-mtmri": __version__, **others}


def _accepted(
    client: Any, address: str, tasks: Mapping[int, _Task], ended: Ended
) -> dict[int, _Task]:
    """Return the tasks whose files all workers see; the others end as failed."""
    views = _views(client, address, tasks)
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


def _views(client: Any, address: str, tasks: Mapping[int, _Task]) -> list[_View]:
    """Return what each worker sees: in a folder for results, a file that is made for this."""
    paths = {path for task in tasks.values() for path in task.paths}
    folders = {folder for task in tasks.values() for folder in task.folders}
    with ExitStack() as stack:
        folder_of = {
            stack.enter_context(NamedTemporaryFile(prefix=".shared-", dir=folder)).name: folder
            for folder in folders
        }
        with _scheduler_answers(address):
            answers = client.run(_look, [*paths, *folder_of], on_error="return")
    for worker, view in answers.items():
        if not isinstance(view, _View):
            raise ResourceError(
                f"worker {worker} cannot run napari-mtmri ({type(view).__name__}: {view}); "
                f"install napari-mtmri {__version__} there."
            )
    return [
        replace(view, unseen=frozenset(folder_of.get(path, path) for path in view.unseen))
        for view in answers.values()
    ]


def _submit(client: Any, task: _Task) -> Any:
    return client.submit(_do, task, key=f"{task.run}-{task.number}-{uuid.uuid4().hex}", pure=False)


def _collect(
    client: Any,
    address: str,
    tasks: Mapping[int, _Task],
    waiting: dict[int, Any],
    ended: Ended,
    stop: threading.Event,
) -> None:
    """Take the outcomes as they come, until none is waited for."""
    counted = time.monotonic()
    while waiting:
        if stop.is_set():
            raise Stopped("stopped")
        finished = [number for number, future in waiting.items() if future.done()]
        for number in finished:
            future = waiting[number]
            if future.status == "cancelled":
                raise _lost(address)
            outcome = _outcome_of(future, tasks[number].job.name, address)
            if outcome is not None:
                del waiting[number]
                ended(number, outcome)
            elif future.status == "error":
                waiting[number] = _submit(client, tasks[number])
        if not finished:
            stop.wait(POLL_S)
        if time.monotonic() > counted + 1:
            _await_worker(client, address, stop)
            counted = time.monotonic()


def _outcome_of(future: Any, name: str, address: str) -> Outcome | None:
    """Return the outcome of a future that is done, or None if it was lost with its worker."""
    from distributed import KilledWorker

    with _scheduler_answers(address):
        try:
            error = future.exception(timeout=CONNECT_S)
            if error is None:
                return future.result(timeout=CONNECT_S)  # type: ignore[no-any-return]
        except TimeoutError:
            return None  # the worker that held it is gone, and the scheduler has it done again
    if isinstance(error, MtmriError):
        raise error
    if isinstance(error, KilledWorker):
        return None  # perhaps it only waited on the workers; the notes of its starts tell
    return portable(Outcome(name, "failed", error=error))


def _call_off(client: Any, run: str, futures: Sequence[Any]) -> None:
    """Let the workers end what they have in hand, and take back what they have not begun."""

    def tell() -> None:
        with suppress(OSError, RuntimeError, CancelledError):
            client.run(_end_run, run, on_error="ignore")

    thread = threading.Thread(target=tell, daemon=True)  # a worker may not answer
    thread.start()
    thread.join(REST_S + POLL_S)
    with suppress(OSError, RuntimeError):
        client.cancel(futures)


# What follows runs on the workers.

_ONE_JOB = threading.Lock()  # per process: a case in memory, all threads for its network
_STOPS: dict[str, threading.Event] = {}


def _look(paths: Sequence[str], dask_worker: Any = None) -> _View:
    """Return what this worker has, and which of the paths it does not see."""
    name = f"{dask_worker.name} on {socket.gethostname()}"
    return _View(name, _versions(), frozenset(path for path in paths if not os.path.exists(path)))


def _do(task: _Task) -> Outcome:
    """Return the outcome of a task, which fails if it took too many workers with it."""
    from distributed import get_client, get_worker

    stop = _STOPS.setdefault(task.run, threading.Event())
    with _ONE_JOB:
        if stop.is_set():
            raise Stopped("stopped")
        view = _look(task.paths, get_worker())
        objection = view.objection(task)
        if isinstance(objection, ResourceError):
            raise objection
        if objection is not None:
            return Outcome(task.job.name, "failed", error=objection)
        client, place = get_client(), [task.run, str(task.number)]
        starts = list(client.get_metadata(place, default=[]))
        if len(starts) >= MOST_LOSSES:
            return Outcome(task.job.name, "failed", error=_lost_job(task.job.name, starts))
        client.set_metadata(place, [*starts, view.worker])
        outcome = portable(attempt(task.job, task.work, lambda progress: None, stop))
        client.set_metadata(place, starts)  # from here on it is not the job that may be lost
        return outcome


def _lost_job(name: str, workers: Sequence[str]) -> ResourceError:
    return ResourceError(
        f"{name}: each worker that ran it was lost ({', '.join(workers)}), most often for lack of "
        "memory; give the workers more and run the same command again."
    )


async def _end_run(run: str) -> None:
    """Stop the job in hand, and return when it has ended or after a while."""
    _STOPS.setdefault(run, threading.Event()).set()
    end = time.monotonic() + REST_S
    while _ONE_JOB.locked() and time.monotonic() < end:
        await asyncio.sleep(POLL_S)
