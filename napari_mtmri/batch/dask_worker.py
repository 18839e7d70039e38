# SPDX-License-Identifier: BSD-3-Clause
"""Run jobs on a dask worker, one at a time, and count how often each is started.

Each start is recorded on the scheduler before the work begins, because the scheduler's own
count of lost workers includes workers where the job was only queued.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from napari_mtmri import __version__
from napari_mtmri.batch.job import Job, Outcome, Work, attempt, portable
from napari_mtmri.errors import InputError, MtmriError, ResourceError, Stopped

MOST_LOSSES = 2  # workers lost while running the same job
REST_S = 2.0  # most stopped jobs end within this time
POLL_S = 0.1

_ONE_JOB = threading.Lock()  # one case in memory per process, and all threads for its network
_STOPS: dict[str, threading.Event] = {}


@dataclass(frozen=True)
class Task:
    """A job to send to a worker.

    Parameters
    ----------
    run : str
        Name of the list of jobs on the scheduler.
    number : int
    job : Job
    work : Work
    paths : tuple of str
        Absolute paths that the worker must see.
    folders : tuple of str
        The paths among them that are folders for results.
    versions : mapping
        Package versions on the submitting machine.
    """

    run: str
    number: int
    job: Job
    work: Work
    paths: tuple[str, ...]
    folders: tuple[str, ...]
    versions: Mapping[str, str]


@dataclass(frozen=True)
class View:
    """Package versions and visible paths of a worker.

    Parameters
    ----------
    worker : str
        Name and machine of the worker.
    versions : mapping
    unseen : frozenset of str
        Requested paths that do not exist on its machine.
    """

    worker: str
    versions: Mapping[str, str]
    unseen: frozenset[str]

    def objection(self, task: Task) -> MtmriError | None:
        """Return the error that prevents the worker from running a task, or None."""
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


def versions() -> dict[str, str]:
    """Return the package versions that results depend on, without torch's device suffix."""
    others = {name: version(name).partition("+")[0] for name in ("numpy", "torch")}
    return {"napari-mtmri": __version__, **others}


def look(paths: Sequence[str], dask_worker: Any = None) -> View:
    """Return the versions on this worker and the paths that do not exist there."""
    name = f"{dask_worker.name} on {socket.gethostname()}"
    return View(name, versions(), frozenset(path for path in paths if not os.path.exists(path)))


def do_task(task: Task) -> Outcome:
    """Return the outcome of a task; it fails if too many workers were lost while running it.

    Raises
    ------
    Stopped
        After `end_run`.
    ResourceError, WeightsError
        If the other jobs would fail in the same way.
    """
    from distributed import get_client, get_worker

    stop = _STOPS.setdefault(task.run, threading.Event())
    with _ONE_JOB:
        if stop.is_set():
            raise Stopped("stopped")
        view = look(task.paths, get_worker())
        objection = view.objection(task)
        if isinstance(objection, ResourceError):
            raise objection
        if objection is not None:
            return Outcome(task.job.name, "failed", error=objection)
        client, place = get_client(), [task.run, str(task.number)]
        starts = list(client.get_metadata(place, default=[]))
        if len(starts) >= MOST_LOSSES:
            return Outcome(task.job.name, "failed", error=_lost(task.job.name, starts))
        client.set_metadata(place, [*starts, view.worker])
        outcome = portable(attempt(task.job, task.work, lambda progress: None, stop))
        client.set_metadata(place, starts)  # a worker that dies later was not lost to this job
        return outcome


def _lost(name: str, workers: Sequence[str]) -> ResourceError:
    return ResourceError(
        f"{name}: each worker that ran it was lost ({', '.join(workers)}), probably for lack of "
        "memory; give the workers more memory and run the same command again."
    )


async def end_run(run: str) -> None:
    """Stop the running job; return when it has ended, or after ``REST_S``."""
    _STOPS.setdefault(run, threading.Event()).set()
    end = time.monotonic() + REST_S
    while _ONE_JOB.locked() and time.monotonic() < end:
        await asyncio.sleep(POLL_S)
