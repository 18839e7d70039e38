# SPDX-License-Identifier: BSD-3-Clause
"""What runs on a worker of a dask cluster: one job at a time, whose starts are counted.

Every start of a job is noted on the scheduler before the work begins, because the scheduler's
own count of losses includes jobs that only waited on the lost worker.
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

MOST_LOSSES = 2  # of the workers that a job runs on
REST_S = 2.0  # in which a job that is stopped ends, in most cases
POLL_S = 0.1

_ONE_JOB = threading.Lock()  # per process: one case in memory, all threads for its network
_STOPS: dict[str, threading.Event] = {}


@dataclass(frozen=True)
class Task:
    """A job as it is sent to a worker.

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
class View:
    """What a worker has and sees.

    Parameters
    ----------
    worker : str
        Its name and machine.
    versions : mapping
    unseen : frozenset of str
        Paths that were asked for and do not exist where it runs.
    """

    worker: str
    versions: Mapping[str, str]
    unseen: frozenset[str]

    def objection(self, task: Task) -> MtmriError | None:
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


def versions() -> dict[str, str]:
    """Return the versions that results depend on; torch's suffix names the device only."""
    others = {name: version(name).partition("+")[0] for name in ("numpy", "torch")}
    return {"napari-mtmri": __version__, **others}


def look(paths: Sequence[str], dask_worker: Any = None) -> View:
    """Return what this worker has, and which of the paths it does not see."""
    name = f"{dask_worker.name} on {socket.gethostname()}"
    return View(name, versions(), frozenset(path for path in paths if not os.path.exists(path)))


def do_task(task: Task) -> Outcome:
    """Return the outcome of a task, which fails if it took too many workers with it.

    Raises
    ------
    Stopped
        After `end_run`.
    ResourceError, WeightsError
        What would meet the other jobs too.
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
        client.set_metadata(place, starts)  # a worker that dies from here on is not its fault
        return outcome


def _lost(name: str, workers: Sequence[str]) -> ResourceError:
    return ResourceError(
        f"{name}: each worker that ran it was lost ({', '.join(workers)}), most often for lack of "
        "memory; give the workers more and run the same command again."
    )


async def end_run(run: str) -> None:
    """Stop the job in hand, and return when it has ended or after a while."""
    _STOPS.setdefault(run, threading.Event()).set()
    end = time.monotonic() + REST_S
    while _ONE_JOB.locked() and time.monotonic() < end:
        await asyncio.sleep(POLL_S)
