# SPDX-License-Identifier: BSD-3-Clause
"""Starts and stops a sweep from the panel, and opens its points as cells."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from qtpy.QtCore import QObject, Signal

from napari_mtmri.compare import Comparison, Sweep, SweepPoint
from napari_mtmri.errors import RequestError
from napari_mtmri.gui.compare.parts.sweep import STOPPED, SweepPart
from napari_mtmri.gui.compare.sweep_job import (
    SweepRequest,
    accelerations_of,
    point_cell,
    sweep_job,
)
from napari_mtmri.gui.jobs import Job, Latest


class Sweeping(QObject):
    """Sweeps the reference image of a comparison.

    Signals
    -------
    opened : list with the cell of a point
    """

    opened = Signal(object)

    def __init__(self, part: SweepPart, parent: QObject) -> None:
        super().__init__(parent)
        self._part = part
        self._comparison: Comparison | None = None
        self._sweep: Sweep | None = None
        self.job, self._opening = Job(self), Latest(self)
        part.start_asked.connect(self.start)
        part.stop_asked.connect(self.job.stop)
        part.point_asked.connect(self._open)
        self.job.progressed.connect(part.show_progress)
        self.job.done.connect(self._done)
        self.job.failed.connect(part.problem.show_error)
        self.job.stopped.connect(self._stopped)
        self.job.ended.connect(self._show_running)
        self._opening.done.connect(self.opened)
        self._opening.failed.connect(part.problem.show_error)

    def use(self, comparison: Comparison | None) -> None:
        """Use the reference of a comparison for the next sweep."""
        self._comparison = comparison
        if comparison is not None and comparison.reference is not None:
            results = (cell.result for cell in comparison.cells)
            names = (result.name for result in results if result is not None)
            self._part.suggest_folder(next(names, comparison.reference.name))
        self._show_running()

    def start(self) -> None:
        """Sweep the reference image, or continue the sweep in the chosen folder."""
        comparison, part = self._comparison, self._part
        if comparison is None or comparison.reference is None or self.job.is_running:
            return
        part.problem.clear()
        try:
            accelerations = accelerations_of(part.accelerations.text())
        except RequestError as why:
            part.problem.show_error(why)
            return
        request = SweepRequest(
            volume=comparison.reference,
            labels=None if comparison.base is None else comparison.base.labels,
            folder=Path(part.folder.text()).expanduser(),
            methods=part.methods.ticked,
            accelerations=accelerations,
            patterns=part.patterns.ticked,
            n_masks=part.masks.value(),
        )
        self.job.start(partial(sweep_job, request))
        self._show_running()

    def _show_running(self) -> None:
        can_start = self._comparison is not None and self._comparison.reference is not None
        self._part.show_running(self.job.is_running, can_start=can_start)

    def _done(self, sweep: Sweep) -> None:
        self._sweep = sweep
        self._part.show_sweep(sweep)

    def _stopped(self) -> None:
        self._part.note.setText(STOPPED)

    def _open(self, point: SweepPoint) -> None:
        if self._sweep is not None:
            self._part.problem.clear()
            self._opening.ask(partial(point_cell, self._sweep, point))
