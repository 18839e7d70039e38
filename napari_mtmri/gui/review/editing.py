# SPDX-License-Identifier: BSD-3-Clause
"""Edits of the open mask: strokes, tools, undo, and the lesions that result."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from qtpy.QtCore import QObject, QTimer, Signal

from napari_mtmri.errors import MtmriError
from napari_mtmri.gui.jobs import Latest
from napari_mtmri.gui.review.case_layers import DIAMETERS, SOURCES
from napari_mtmri.gui.review.desk import Desk
from napari_mtmri.gui.review.strokes import Strokes
from napari_mtmri.gui.review.tool_list import TOOLS, Settings, Task
from napari_mtmri.review.edits import Edit
from napari_mtmri.review.lesions import LesionTable, measure_lesions
from napari_mtmri.review.opened import OpenCase

MEASURE_MS = 120  # after the last edit
NO_SEED = "Point at the lesion with the mouse, then press the key"
NO_LESION = "Choose a lesion in the table first"


@dataclass(frozen=True, eq=False)
class Measured:
    """Lesions of a case, with the probability map that was read for them."""

    case: OpenCase
    lesions: LesionTable
    probability: np.ndarray | None


class Editing(QObject):
    """Passes every edit of the mask to the session, and keeps the lesions up to date.

    Parameters
    ----------
    desk : Desk

    Signals
    -------
    edited : the mask has changed
    measured : LesionTable
    noted : what a tool did
    failed : exception
    working : whether a tool is at work
    """

    edited = Signal()
    measured = Signal(object)
    noted = Signal(str)
    failed = Signal(object)
    working = Signal(bool)

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk, self._layers = desk, desk.layers
        self.strokes = Strokes(self)
        self.lesions: LesionTable | None = None
        self._last: Measured | None = None
        self._chosen = 0
        self._tools, self._measuring = Latest(self), Latest(self)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(MEASURE_MS)
        self._soon.timeout.connect(self._measure)
        self.strokes.made.connect(self._stroked)
        self._tools.done.connect(self._tool_done)
        self._tools.failed.connect(self._tool_failed)
        self._measuring.done.connect(self._measured)
        self._measuring.failed.connect(self.failed)
        desk.settling.connect(self._settle)
        desk.leaving.connect(self._leave)
        desk.shown.connect(self._follow)

    def let_go(self) -> None:
        """Stop timers and jobs."""
        self._leave()
        self._tools.drop()
        self._measuring.drop()

    def _settle(self) -> None:
        """Take what napari has painted but not reported, and note the volume for the list."""
        self.strokes.compare()
        if not (self._soon.isActive() or self._measuring.is_busy):
            self._note_volume()

    def _leave(self) -> None:
        self.strokes.let_go()
        self._soon.stop()
        self.lesions = self._last = None

    def _follow(self, case: OpenCase) -> None:
        assert self._layers.placement is not None  # the case is on screen
        self.strokes.follow(self._layers.mask, case.data, self._layers.placement)
        self.lesions = None
        self._measure()

    # Edits

    def apply(self, edit: Edit) -> None:
        """Make an edit of a tool."""
        session = self._desk.session
        if session is not None and self._desk.can_edit and edit.n_voxels:
            session.apply(edit)
            self.strokes.show(edit)
            self._changed()

    def _stroked(self, edit: Edit) -> None:
        """Take an edit that napari has made already, or take it back if it cannot be kept."""
        session, current = self._desk.session, self._desk.current
        if session is None or current is None:
            return
        try:
            session.apply(edit)
        except MtmriError as why:
            edit.revert(current.data)
            self.strokes.show(edit, reverted=True)
            self.failed.emit(why)
        else:
            self._changed()

    def undo(self) -> None:
        """Undo the last step and go to its slice."""
        self._step_back(is_undo=True)

    def redo(self) -> None:
        """Make the step again that was undone last."""
        self._step_back(is_undo=False)

    def _step_back(self, *, is_undo: bool) -> None:
        session, current = self._desk.session, self._desk.current
        if session is None or current is None or not self._desk.can_edit:
            return
        self.strokes.compare()
        edit = session.undo() if is_undo else session.redo()
        if edit is None:
            return
        self.strokes.show(edit, reverted=is_undo)
        touched = edit.slices(current.data.shape, self._layers.slice_axis())
        if touched and self._layers.slice_number() not in touched:
            self._layers.go_to_slice(touched[len(touched) // 2])
        self._changed()

    def _changed(self) -> None:
        self._soon.start()
        if self._layers.has(SOURCES):
            self.show_sources(True)
        self.edited.emit()

    def show_sources(self, wanted: bool) -> None:
        """Show or hide the source of each voxel."""
        current = self._desk.current
        self._layers.show_labels(SOURCES, current.sources() if wanted and current else None)

    # Tools

    def use_tool(
        self,
        name: str,
        settings: Settings,
        seed: tuple[int, int, int] | None = None,
        lesion: int = 0,
    ) -> None:
        """Run a tool in a thread; meanwhile the mask cannot be changed.

        Parameters
        ----------
        name : str
            One of `TOOLS`.
        settings : Settings
        seed : (i, j, k), optional
            Voxel to grow from.
        lesion : int
            Number of the chosen lesion; 0 for none.
        """
        current, tool, layers = self._desk.current, TOOLS[name], self._layers
        if current is None or not self._desk.can_edit:
            return
        if tool.needs_seed and seed is None:
            self.noted.emit(NO_SEED)
            return
        if tool.needs_lesion and (self.lesions is None or not lesion):
            self.noted.emit(NO_LESION)
            return
        self.strokes.compare()
        region = self.lesions.region(lesion) if tool.needs_lesion and self.lesions else None
        task = Task(
            current.data, current.image, layers.label, layers.slice_axis(),
            layers.slice_number(), seed, region, settings,
        )  # fmt: skip
        self._desk.hold(True)
        self._tools.ask(partial(_use, name, task))
        self.working.emit(True)

    def _tool_done(self, done: tuple[str, Task, Edit]) -> None:
        name, task, edit = done
        self._desk.hold(False)
        if self._desk.current is not None and task.labels is self._desk.current.data:
            self.apply(edit)
            title = TOOLS[name].title or name.capitalize()
            count = edit.n_voxels
            self.noted.emit(f"{title}: {count} voxels" if count else f"{title}: nothing to do")
        self.working.emit(False)

    def _tool_failed(self, why: BaseException) -> None:
        self._desk.hold(False)
        self.failed.emit(why)
        self.working.emit(False)

    # Lesions

    def go_to_lesion(self, number: int) -> None:
        """Go to a lesion of the mask."""
        if self.lesions is not None and 0 < number <= len(self.lesions.lesions):
            lesion, self._chosen = self.lesions.lesions[number - 1], number
            self._layers.go_to(lesion.position)
            self._layers.show_diameters(lesion)

    def _measure(self) -> None:
        current = self._desk.current
        if current is not None:
            known = self._last if self._last is not None and self._last.case is current else None
            self._measuring.ask(partial(_measure, current, current.data.copy(), known))

    def _measured(self, found: Measured) -> None:
        if found.case is not self._desk.current:
            return
        is_first = self.lesions is None
        self._last, self.lesions = found, found.lesions
        if self._layers.has(DIAMETERS):
            all_lesions = found.lesions.lesions
            is_there = self._chosen <= len(all_lesions)
            self._layers.show_diameters(all_lesions[self._chosen - 1] if is_there else None)
        if is_first:
            self._note_volume()
        self.measured.emit(found.lesions)

    def _note_volume(self) -> None:
        """Let the list be sorted by volume; not after each stroke, for the journal's sake."""
        lesions = self.lesions
        if lesions is not None and lesions.spacing_known:
            self._desk.note_volume(sum(lesion.volume for lesion in lesions.lesions))


def _use(name: str, task: Task) -> tuple[str, Task, Edit]:
    return name, task, TOOLS[name].run(task)


def _measure(case: OpenCase, labels: np.ndarray, known: Measured | None) -> Measured:
    """Measure the lesions; the probability map of the mask is read once."""
    probability: Any = None
    if known is not None:
        probability = known.probability
    elif (volume := case.probability(case.status.base)) is not None:
        probability = volume.magnitude()
    image = case.image
    lesions = measure_lesions(
        labels, image.affine, spacing_known=image.spacing_known, image=image.magnitude(),
        probability=probability,
    )  # fmt: skip
    return Measured(case, lesions, probability)
