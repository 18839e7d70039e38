# SPDX-License-Identifier: BSD-3-Clause
"""Run a list of jobs, each once: in this process, in worker processes or on a cluster."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_mtmri.batch.job import Job, Outcome, Watch, Work
from napari_mtmri.batch.local import run_in_processes, run_in_turn
from napari_mtmri.errors import RequestError, Stopped
from napari_mtmri.files import remove_left_folders, remove_leftovers

# The places of a job that it writes.
WRITTEN_FILES, WRITTEN_FOLDERS = ("scores", "found"), ("folder", "result")


@dataclass(frozen=True)
class Where:
    """Where jobs run.

    Parameters
    ----------
    n_processes : int
        Number of worker processes on this machine; 1 runs the jobs in this process.
    dask : str, optional
        Address of a dask scheduler whose workers run the jobs instead.

    Raises
    ------
    RequestError
        If ``n_processes`` is below 1, or both are given.
    """

    n_processes: int = 1
    dask: str | None = None

    def __post_init__(self) -> None:
        """Check that the two fit together."""
        if self.n_processes < 1:
            raise RequestError(f"`n_processes` {self.n_processes} is below 1; give 1 or more.")
        if self.dask is not None and self.n_processes > 1:
            raise RequestError(
                f"`n_processes` {self.n_processes} and `dask` {self.dask!r} are both given; give one."
            )


def run_jobs(
    jobs: Sequence[Job],
    work: Work,
    refused: Sequence[Outcome] = (),
    *,
    find: Callable[[Job], Any] = lambda job: None,
    where: Where | None = None,
    watch: Watch | None = None,
    stop: threading.Event | None = None,
) -> list[Outcome]:
    """Run the jobs that have no result yet; return the outcomes of all jobs in order.

    If a job fails, or its worker process is killed, the others continue.

    Parameters
    ----------
    jobs : sequence of Job
    work : callable
        (job, report, stop) -> value. With several processes or a cluster: a module-level
        function, whose value is small and can be pickled.
    refused : sequence of Outcome
        Failed outcomes of jobs that could not start; they are returned first.
    find : callable
        Job -> its existing value, or None.
    where : Where, optional
        Where the jobs run; by default in this process.
    watch : Watch, optional
        Receives the progress.
    stop : threading.Event, optional
        Set it to stop; finished results are kept.

    Raises
    ------
    Stopped
        After ``stop`` was set or Ctrl-C was pressed.
    WeightsError
        At once, because the other jobs would fail in the same way.
    """
    where, watch, stop = where or Where(), watch or Watch(), stop or threading.Event()
    outcomes: dict[int, Outcome] = {}
    _remove_left(jobs)

    def ended(number: int, outcome: Outcome) -> None:
        outcomes[number] = outcome
        watch.ended(outcome)

    watch.planned(len(refused) + len(jobs))
    for one in refused:
        watch.ended(one)
    try:
        to_do = []
        for number, job in enumerate(jobs):
            value = find(job)
            if value is None:
                to_do.append(number)
            else:
                ended(number, Outcome(job.name, "kept", value))
        if where.dask is not None and to_do:
            from napari_mtmri.batch.dask import run_on_cluster

            run_on_cluster(jobs, to_do, work, where.dask, ended, stop)
        elif where.n_processes > 1 and len(to_do) > 1:
            run_in_processes(jobs, to_do, work, where.n_processes, ended, stop)
        else:
            run_in_turn(jobs, to_do, work, ended, stop, watch)
    except (KeyboardInterrupt, Stopped) as why:
        there = sum(outcome.state != "failed" for outcome in outcomes.values())
        raise Stopped(
            f"stopped with {there} of {len(jobs)} done; the same command continues from there."
        ) from why
    return [*refused, *(outcomes[number] for number in range(len(jobs)))]


def _remove_left(jobs: Sequence[Job]) -> None:
    """Remove what killed processes left where the jobs will write."""

    def parents(names: Sequence[str]) -> set[Path]:
        return {Path(job.places[one]).parent for job in jobs for one in names if one in job.places}

    for folder in parents(WRITTEN_FILES):
        remove_leftovers(folder)
    for folder in parents(WRITTEN_FOLDERS):
        remove_left_folders(folder)
