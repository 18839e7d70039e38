# SPDX-License-Identifier: BSD-3-Clause
"""The open review: its session, the case on screen, and work in threads."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

from napari.viewer import Viewer
from qtpy.QtCore import QObject, QTimer, Signal

from napari_mtmri.errors import MtmriError, ResourceError
from napari_mtmri.gui.jobs import Latest
from napari_mtmri.gui.review.case_layers import SOURCES, CaseLayers
from napari_mtmri.gui.review.strokes import Strokes
from napari_mtmri.gui.review.tool_list import TOOLS, Settings, Task
from napari_mtmri.review.case_rule import CaseRule
from napari_mtmri.review.edits import Edit
from napari_mtmri.review.lesions import LesionTable, measure_lesions
from napari_mtmri.review.opened import OpenCase
from napari_mtmri.review.project import ReviewProject, open_project
from napari_mtmri.review.session import Choice, ReviewSession
from napari_mtmri.volume import Volume

BEAT_MS, TICK_S = 250, 1.0
MEASURE_MS = 120  # after the last edit
CLOSE_S = 10.0


class Keeper:
    """Holds the session, without Qt, so that it can be closed after the panel is deleted."""

    def __init__(self) -> None:
        self.session: ReviewSession | None = None

    def close(self, *_: object) -> None:
        """Write what is not on the disk, as far as the disk takes it, and close the session."""
        session, self.session = self.session, None
        if session is not None:
            session.close(CLOSE_S, force=True)


class Desk(QObject):
    """Opens projects and cases, and passes every edit to the session.

    Signals
    -------
    opened : a project was opened
    case_opened : OpenCase
    case_closed : a case could not be opened, and none is
    edited : the mask has changed
    measured : LesionTable
    beat : several times per second, to show time, saving and problems
    listed : the list of cases has changed
    noted : what a tool did
    failed : exception
    working : whether a tool is at work
    """

    opened = Signal()
    case_opened = Signal(object)
    case_closed = Signal()
    edited = Signal()
    measured = Signal(object)
    beat = Signal()
    listed = Signal()
    noted = Signal(str)
    failed = Signal(object)
    working = Signal(bool)

    def __init__(self, viewer: Viewer, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self.keeper = Keeper()
        self.layers, self.strokes = CaseLayers(viewer), Strokes(self)
        self.lesions: LesionTable | None = None
        self.preset = "standard"
        self.probability: Any = None
        self._projects, self._sessions, self._cases = Latest(self), Latest(self), Latest(self)
        self._tools, self._measuring, self._sequences = Latest(self), Latest(self), Latest(self)
        self._ticked = 0.0
        self._is_opening = self._is_working = False
        self._beat, self._measure = QTimer(self), QTimer(self)
        self._beat.setInterval(BEAT_MS)
        self._measure.setSingleShot(True)
        self._measure.setInterval(MEASURE_MS)
        self._connect()

    def _connect(self) -> None:
        self._beat.timeout.connect(self._on_beat)
        self._measure.timeout.connect(self._ask_lesions)
        self.strokes.made.connect(self._stroked)
        self._projects.done.connect(self._project_found)
        self._sessions.done.connect(self._session_opened)
        self._cases.done.connect(self._show)
        self._tools.done.connect(self._tool_done)
        self._measuring.done.connect(self._measured)
        self._sequences.done.connect(self._sequence_read)
        jobs = (self._projects, self._sessions, self._measuring, self._sequences)
        for job in jobs:
            job.failed.connect(self.failed)
        self._tools.failed.connect(self._tool_failed)
        self._cases.failed.connect(self._not_opened)

    @property
    def session(self) -> ReviewSession | None:
        """The open session, or None."""
        return self.keeper.session

    @property
    def current(self) -> OpenCase | None:
        """The open case, or None."""
        return None if self.session is None else self.session.current

    @property
    def can_edit(self) -> bool:
        """Whether the mask of the open case can be changed now."""
        session = self.session
        return session is not None and not self.is_busy and session.is_editable

    @property
    def is_busy(self) -> bool:
        """Whether a case is being opened, or a tool is at work."""
        return self._is_opening or self._is_working

    # Projects

    def open_folder(self, folder: Path, reader: str, rule: CaseRule | None = None) -> None:
        """Open a folder of cases for a reader, found in a thread."""
        self._projects.ask(partial(open_project, folder, reader, rule=rule))

    def _project_found(self, project: ReviewProject) -> None:
        """Close the session before: it may have the same lock."""
        if self.close_project():
            self._sessions.ask(partial(ReviewSession, project))

    def _session_opened(self, session: ReviewSession) -> None:
        self.keeper.session = session
        self._beat.start()
        self.opened.emit()
        first = session.next_name() or next(iter(session.statuses), None)
        if first is not None:
            self.open_case(first)

    def close_project(self) -> bool:
        """Close the session and remove its layers; return False if the disk refuses its work."""
        if self.session is not None:
            self.strokes.compare()
            self._projects.drop()
            if not self.session.close(CLOSE_S):
                self.failed.emit(ResourceError(self.session.problem))
                return False
        self.let_go()
        return True

    def let_go(self) -> None:
        """Stop timers and jobs, and remove the layers."""
        self._beat.stop()
        self._measure.stop()
        for job in (self._cases, self._tools, self._measuring, self._sequences):
            job.drop()
        self._is_opening = self._is_working = False
        self.strokes.let_go()
        self.keeper.close()
        self.layers.remove()
        self.lesions = None

    # Cases

    def open_case(self, name: str, mask: str | None = None, reading: int | None = None) -> None:
        """Open a case; the mask on screen cannot be changed until it is there."""
        if self.session is None or self.is_busy:
            return
        self._is_opening = True
        self.strokes.compare()
        self.strokes.let_go()
        if self.layers.mask is not None:
            self.layers.mask.editable = False
        self._cases.ask(partial(self.session.open, name, mask=mask, reading=reading))

    def _not_opened(self, why: BaseException) -> None:
        self._is_opening = False
        self.layers.remove()
        self.case_closed.emit()
        self.failed.emit(why)

    def _show(self, case: OpenCase) -> None:
        self._is_opening = False
        if self.session is None or case is not self.session.current:
            return
        self.layers.show(case.image, case.data, self.session.status.title, self.preset)
        assert self.layers.placement is not None
        self.strokes.follow(self.layers.mask, case.data, self.layers.placement)
        self.probability = None
        self.lesions = None
        self.update_editable()
        self.case_opened.emit(case)
        self.listed.emit()
        self._ask_lesions()

    def update_editable(self) -> None:
        """Let napari paint only where an edit can be kept."""
        mask = self.layers.mask
        if mask is not None and mask.editable != self.can_edit:
            mode = mask.mode
            mask.editable = self.can_edit
            if self.can_edit and mode != "pan_zoom":
                mask.mode = mode

    def verdict(self, verdict: str, difficulty: str, comment: str) -> None:
        """Give a verdict on the open case and open the next."""
        if self.session is None or not self.can_edit:
            return
        self.strokes.compare()
        try:
            following = self.session.verdict(verdict, difficulty=difficulty, comment=comment)
        except MtmriError as why:
            self.failed.emit(why)
            return
        self.update_editable()
        self.listed.emit()
        if following is not None:
            self.open_case(following)

    def reopen(self) -> None:
        """Work again on a case that has a verdict."""
        if self.session is not None and self.current is not None:
            self.session.reopen(self.current.name)
            self.update_editable()
            self.listed.emit()

    def save(self) -> None:
        """Save a version of the mask now."""
        if self.session is not None and self.can_edit:
            self.strokes.compare()
            self.session.save("asked")

    def set_blind(self, seed: int | None) -> None:
        """Hide names and shuffle the cases, or show them again."""
        session = self.session
        if session is None or self.is_busy:
            return
        name = "" if self.current is None else self.current.name
        self.strokes.compare()
        self.strokes.let_go()
        try:
            if seed is None:
                session.leave()
                session.unblind()
            else:
                session.blind(seed)
        except MtmriError as why:
            self.failed.emit(why)
        self.opened.emit()
        following = name if seed is None and name else session.next_name()
        if following:
            self.open_case(following)

    def leave_case(self) -> None:
        """Save and close the open case, and remove its layers."""
        self.strokes.compare()
        self.strokes.let_go()
        self._measure.stop()
        if self.session is not None:
            self.session.leave()
        self.lesions = None
        self.layers.remove_case()
        self.case_closed.emit()

    def return_to_cases(self) -> None:
        """Open the next case without a verdict."""
        following = None if self.session is None else self.session.next_name()
        if following is not None:
            self.open_case(following)

    def read_again(self) -> None:
        """Begin a second reading of the case, kept apart."""
        if self.session is not None and self.current is not None:
            self._is_opening = True
            self._cases.ask(partial(self.session.second_reading, self.current.name))

    def restore(self, choice: Choice) -> None:
        """Continue with the restored strokes or with what was on disk."""
        if self.session is not None and self.current is not None:
            self.session.restore(choice)
            self._show(self.current)

    def look_at_recovery(self, is_restored: bool) -> None:
        """Show the restored mask, or the mask on disk, while nothing is decided."""
        current = self.current
        if current is not None and current.recovery is not None:
            recovery = current.recovery
            self.layers.show_mask(recovery.restored if is_restored else recovery.on_disk)

    @property
    def active_s(self) -> float:
        """Time in which the reader worked on the open case, in s, all visits together."""
        session = self.session
        if session is None or session.current is None:
            return 0.0
        return float(session.status.active_s + session.active_s)

    def image_on_screen(self) -> Any:
        """Return the layer of the image or sequence on screen, or None."""
        return self.layers.on_screen

    def show_sequence(self, title: str) -> None:
        """Show a further sequence of the case, read in a thread, or the image for ""."""
        current = self.current
        if current is None:
            return
        if not title or title in self.layers.sequences:
            self.layers.show_sequence(title, None)
        else:
            self._sequences.ask(partial(_sequence, current, title))

    def _sequence_read(self, found: tuple[OpenCase, str, Volume]) -> None:
        case, title, volume = found
        if case is self.current:
            self.layers.show_sequence(title, volume)

    def go_to_lesion(self, number: int) -> None:
        """Go to a lesion of the mask."""
        if self.lesions is not None and number <= len(self.lesions.lesions):
            self.layers.go_to(self.lesions.lesions[number - 1].position)

    # Edits

    def apply(self, edit: Edit) -> None:
        """Make an edit of a tool."""
        if self.session is not None and self.can_edit and edit.n_voxels:
            self.session.apply(edit)
            self.strokes.show(edit)
            self._changed()

    def _stroked(self, edit: Edit) -> None:
        if self.session is not None:
            self.session.apply(edit)
            self._changed()

    def undo(self) -> None:
        """Undo the last step and go to its slice."""
        self._step_back(is_undo=True)

    def redo(self) -> None:
        """Make the step again that was undone last."""
        self._step_back(is_undo=False)

    def _step_back(self, *, is_undo: bool) -> None:
        session, current = self.session, self.current
        if session is None or current is None or not self.can_edit:
            return
        self.strokes.compare()
        edit = session.undo() if is_undo else session.redo()
        if edit is None:
            return
        self.strokes.show(edit, reverted=is_undo)
        touched = edit.slices(current.data.shape, self.layers.slice_axis())
        if touched and self.layers.slice_number() not in touched:
            self.layers.go_to_slice(touched[len(touched) // 2])
        self._changed()

    def _changed(self) -> None:
        self._measure.start()
        if self.layers.has(SOURCES):
            self.show_sources(True)
        self.edited.emit()

    def show_sources(self, wanted: bool) -> None:
        """Show or hide the source of each voxel."""
        current = self.current
        self.layers.show_labels(SOURCES, current.sources() if wanted and current else None)

    def use_tool(self, name: str, settings: Settings, seed: Any = None) -> None:
        """Run a tool in a thread; meanwhile the mask cannot be changed."""
        current = self.current
        if current is None or not self.can_edit:
            return
        self.strokes.compare()
        tool, lesion = TOOLS[name], None
        if tool.needs_lesion:
            if self.lesions is None or seed is None:
                return
            lesion, seed = self.lesions.region(seed), None
        task = Task(
            current.data, current.image, self.layers.label,
            self.layers.slice_axis(), self.layers.slice_number(), seed, lesion, settings,
        )  # fmt: skip
        self._is_working = True
        self._tools.ask(partial(_use, name, task))
        self.update_editable()
        self.working.emit(True)

    def _tool_done(self, done: tuple[str, Task, Edit]) -> None:
        name, task, edit = done
        self._tool_ended()
        if self.current is not None and task.labels is self.current.data:
            self.apply(edit)
            title = TOOLS[name].title or name.capitalize()
            count = edit.n_voxels
            self.noted.emit(f"{title}: {count} voxels" if count else f"{title}: nothing to do")

    def _tool_failed(self, why: BaseException) -> None:
        self._tool_ended()
        self.failed.emit(why)

    def _tool_ended(self) -> None:
        self._is_working = False
        self.update_editable()
        self.working.emit(False)

    # Lesions

    def _ask_lesions(self) -> None:
        current = self.current
        if current is not None:
            self._measuring.ask(
                partial(_measure, current.data.copy(), current.image, self.probability)
            )

    def _measured(self, lesions: LesionTable) -> None:
        current = self.current
        if current is None or self.session is None or lesions.shape != current.data.shape:
            return
        self.lesions = lesions
        if lesions.spacing_known:
            total = sum(lesion.volume for lesion in lesions.lesions)
            self.session.set_facts(current.name, volume_ml=total)
        self.measured.emit(lesions)

    def _on_beat(self) -> None:
        if self.session is None:
            return
        now = time.monotonic()
        if now - self._ticked >= TICK_S and not self._is_opening:
            self._ticked = now
            self.session.tick()
        self.beat.emit()

    def pause(self) -> None:
        """Stop the timers, so that a script can take a picture of the panel."""
        self._beat.stop()

    def touch(self, *_: object) -> None:
        """Note that the reader is at work, for the active time."""
        if self.session is not None:
            self.session.touch()


def _sequence(case: OpenCase, title: str) -> tuple[OpenCase, str, Volume]:
    return case, title, case.sequence(title)


def _use(name: str, task: Task) -> tuple[str, Task, Edit]:
    return name, task, TOOLS[name].run(task)


def _measure(labels: Any, image: Any, probability: Any) -> LesionTable:
    return measure_lesions(
        labels, image.affine, spacing_known=image.spacing_known, image=image.magnitude(),
        probability=probability,
    )  # fmt: skip
