# SPDX-License-Identifier: BSD-3-Clause
"""A sweep of the open case in a thread, and one of its points as a cell, without Qt."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from napari_mtmri.batch.job import Outcome, Progress, Watch
from napari_mtmri.compare import (
    Cell,
    Sweep,
    SweepPoint,
    case_of_volume,
    open_point,
    result_cell,
    run_sweep,
)
from napari_mtmri.errors import RequestError
from napari_mtmri.volume import Volume


@dataclass(frozen=True, eq=False)
class SweepRequest:
    """What to sweep.

    Parameters
    ----------
    volume : Volume
        Fully sampled image.
    labels : Volume or None
        Reference segmentation.
    folder : Path
        Where points are kept, so that a stopped sweep can be continued.
    methods, patterns : tuple of str
    accelerations : tuple of float
    n_masks : int
        Number of sampling masks for each R.
    """

    volume: Volume
    labels: Volume | None
    folder: Path
    methods: tuple[str, ...]
    accelerations: tuple[float, ...]
    patterns: tuple[str, ...]
    n_masks: int


@dataclass(frozen=True)
class SweepProgress:
    """How far a sweep is: finished and planned points, seconds left, and the running point."""

    done: int
    total: int
    seconds_left: float | None
    name: str


class _Relay(Watch):
    """Reports the progress of a sweep to the window."""

    def __init__(self, report: Callable[[SweepProgress], None]) -> None:
        self._report, self._began = report, time.monotonic()
        self._total, self._done, self._computed, self._name = 0, 0, 0, ""

    def planned(self, count: int) -> None:
        """Report the number of points."""
        self._total = count
        self._send()

    def started(self, name: str) -> None:
        """Report the running point."""
        self._name = name
        self._send()

    def progressed(self, progress: Progress) -> None:
        """Ignore slices: a point takes seconds."""

    def ended(self, outcome: Outcome) -> None:
        """Report a finished point; those kept from before say nothing about the time to go."""
        self._done += 1
        self._computed += outcome.state != "kept"
        self._send()

    def _send(self) -> None:
        left = None
        if self._computed:
            each = (time.monotonic() - self._began) / self._computed
            left = each * (self._total - self._done)
        self._report(SweepProgress(self._done, self._total, left, self._name))


def sweep_job(
    request: SweepRequest, report: Callable[[SweepProgress], None], stop: threading.Event
) -> Sweep:
    """Return the sweep of a volume; points that were finished before are kept.

    Raises
    ------
    Stopped
        If ``stop`` was set; finished points are kept.
    """
    request.folder.mkdir(parents=True, exist_ok=True)
    row = case_of_volume(request.volume, request.labels, request.folder)
    return run_sweep(
        [row], request.folder, request.methods, request.accelerations, request.patterns,
        request.n_masks, watch=_Relay(report), stop=stop,
    )  # fmt: skip


def point_cell(sweep: Sweep, point: SweepPoint) -> list[Cell]:
    """Return the result of a point of a sweep as a cell, computed again if it was not kept."""
    return [result_cell(open_point(sweep, point), path=point.result)]


def accelerations_of(text: str) -> tuple[float, ...]:
    """Return the R of a list like "2, 3, 4".

    Raises
    ------
    RequestError
        If it is empty, or a word is not a number.
    """
    words = text.replace(",", " ").replace(";", " ").split()
    try:
        found = tuple(float(word) for word in words)
    except ValueError:
        found = ()
    if not found:
        raise RequestError(f"R {text!r} is not a list of numbers; write for example 2, 4, 8.")
    return found
