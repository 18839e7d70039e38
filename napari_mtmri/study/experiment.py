# SPDX-License-Identifier: BSD-3-Clause
"""Runs the unfinished rows of a study; can be stopped at any time and continued."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_mtmri.batch.job import Job, Outcome, Watch
from napari_mtmri.batch.run_jobs import Where, run_jobs
from napari_mtmri.study.plan import Part, Piece, Plan
from napari_mtmri.study.scoring import count_look, read_scores, score_cases
from napari_mtmri.study.state import events_of, is_trained
from napari_mtmri.train.folder.layout import STOP

SHARE_OF_TRAINING = 0.9
Report = Callable[["Progress"], None]


@dataclass(frozen=True)
class Progress:
    """Progress of a row.

    Parameters
    ----------
    share : float
        Finished part of the row, 0 to 1.
    text : str
        Description.
    """

    share: float
    text: str


def run_experiment(
    plan: Plan,
    *,
    where: Where | None = None,
    watch: Watch | None = None,
    stop: threading.Event | None = None,
) -> list[Outcome]:
    """Train and score the unfinished rows; return the outcome of each row.

    A row that fails does not stop the others.

    Parameters
    ----------
    plan : Plan
    where : Where, optional
        Where the cases are scored; by default in this process, like the training.
    watch : Watch, optional
        Receives the progress of the rows, as `Progress`.
    stop : threading.Event, optional
        Set it to stop; finished work is kept, and the same plan continues from there.

    Raises
    ------
    Stopped
        After ``stop``, Ctrl-C or SIGTERM.
    """
    pieces = {piece.job.key: piece for piece in plan.chosen}

    def work(job: Job, report: Callable[[Any], None], stop: threading.Event) -> Path:
        piece = pieces[job.key]
        _train(piece, plan, report, stop)
        count = len(plan.cases)
        if plan.experiment.split == "test":
            count_look(plan, piece)

        def scored(number: int) -> None:
            share = SHARE_OF_TRAINING + (1 - SHARE_OF_TRAINING) * number / count
            report(Progress(share, f"{number} of {count} cases scored"))

        score_cases(piece, plan.cases, scored, stop, where)
        return piece.folder

    def find(job: Job) -> Path | None:
        piece = pieces[job.key]
        done = len(read_scores(piece, plan.cases)) == len(plan.cases)
        return piece.folder if done else None

    jobs = [piece.job for piece in plan.chosen]
    return run_jobs(jobs, work, find=find, watch=watch, stop=stop)


def _train(piece: Piece, plan: Plan, report: Report, stop: threading.Event) -> None:
    for number, part in enumerate(piece.parts):
        if is_trained(events_of(part)):
            continue
        from napari_mtmri.train.loop.training import Training

        follow = _EventRelay(part, number, len(piece.parts), report, stop)
        (part.folder / STOP).unlink(missing_ok=True)
        Training(part.recipe, plan.experiment.data, part.folder).run(follow)


@dataclass
class _EventRelay:
    """Forwards the progress of a training, and the request to stop it."""

    part: Part
    number: int
    count: int
    report: Report
    stop: threading.Event
    total: int = 0

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Receive one event of the training."""
        self.total = int(event.get("total", self.total))
        if event["kind"] == "update" and self.total:
            done = event["updates"]
            share = (self.number + done / self.total) / self.count
            name = "" if self.count == 1 else f"{self.part.recipe.method}, "
            text = f"{name}update {done} of {self.total}"
            self.report(Progress(SHARE_OF_TRAINING * share, text))
        if self.stop.is_set():
            (self.part.folder / STOP).touch()
