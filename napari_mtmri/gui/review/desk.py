# SPDX-License-Identifier: BSD-3-Clause
"""The open review: its session and the case on screen; files are read in threads."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from napari.viewer import Viewer
from qtpy.QtCore import QObject, QTimer, Signal

from napari_mtmri.errors import MtmriError, ResourceError
from napari_mtmri.gui.jobs import Latest
from napari_mtmri.gui.review.case_layers import CaseLayers
from napari_mtmri.review.case_rule import CaseRule
from napari_mtmri.review.case_work import Choice
from napari_mtmri.review.mask_store import LabelName, read_label_names
from napari_mtmri.review.opened import OpenCase
from napari_mtmri.review.project import ReviewProject, open_project
from napari_mtmri.review.session import ReviewSession
from napari_mtmri.volume import Volume

BEAT_MS, TICK_S = 250, 1.0
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
    """Opens projects and cases, and gives verdicts.

    Parameters
    ----------
    viewer : Viewer
    parent : QObject

    Signals
    -------
    opened : a project was opened
    settling : the mask on screen will be saved or left now
    leaving : the open case is left
    shown : OpenCase, once its layers are there
    case_opened : OpenCase, to be described in the panel
    case_closed : no case is open
    listed : the list of cases has changed
    beat : several times per second, to show time, saving and problems
    failed : exception
    """

    opened = Signal()
    settling = Signal()
    leaving = Signal()
    shown = Signal(object)
    case_opened = Signal(object)
    case_closed = Signal()
    listed = Signal()
    beat = Signal()
    failed = Signal(object)

    def __init__(self, viewer: Viewer, parent: QObject) -> None:
        super().__init__(parent)
        self.keeper, self.layers = Keeper(), CaseLayers(viewer)
        self.preset = "standard"
        self.label_names: dict[int, LabelName] = {}
        self.is_drawing: Callable[[], bool] = lambda: False  # whether a stroke is being drawn
        self._is_opening = self._is_held = False
        self._projects, self._sessions = Latest(self), Latest(self)
        self._cases, self._sequences = Latest(self), Latest(self)
        self._ticked = 0.0
        self._beat = QTimer(self)
        self._beat.setInterval(BEAT_MS)
        self._beat.timeout.connect(self._on_beat)
        self._projects.done.connect(self._project_found)
        self._sessions.done.connect(self._session_opened)
        self._cases.done.connect(self._show)
        self._cases.failed.connect(self._not_opened)
        self._sequences.done.connect(self._sequence_read)
        for job in (self._projects, self._sessions, self._sequences):
            job.failed.connect(self.failed)

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
        return self._is_opening or self._is_held

    # Projects

    def open_folder(
        self,
        folder: Path,
        reader: str,
        rule: CaseRule | None = None,
        review_folder: Path | None = None,
    ) -> None:
        """Open a folder of cases for a reader, found in a thread."""
        found = partial(open_project, folder, reader, rule=rule, folder=review_folder)
        self._projects.ask(found)

    def _project_found(self, project: ReviewProject) -> None:
        """Close the session before: it may have the same lock."""
        if self.close_project():
            self._sessions.ask(partial(_open_session, project))

    def _session_opened(self, found: tuple[ReviewSession, dict[int, LabelName]]) -> None:
        self.keeper.session, self.label_names = found
        self._beat.start()
        self.opened.emit()
        self.return_to_cases()

    def close_project(self) -> bool:
        """Close the session and remove its layers; return False if the disk refuses its work."""
        if self.session is not None:
            self.settling.emit()
            if not self.session.close(CLOSE_S):
                self.failed.emit(ResourceError(self.session.problem))
                return False
        self.let_go()
        return True

    def let_go(self) -> None:
        """Stop timer and jobs, and remove the layers."""
        self._beat.stop()
        for job in (self._cases, self._sequences):
            job.drop()
        self._is_opening = self._is_held = False
        self.settling.emit()
        self.leaving.emit()
        self.keeper.close()
        self.layers.remove()

    def set_blind(self, seed: int | None) -> None:
        """Hide names and shuffle the cases, or show them again."""
        session, current = self.session, self.current
        if session is None or self.is_busy:
            return
        self.settling.emit()
        try:
            if seed is None:
                session.leave()
                session.unblind()
            else:
                session.blind(seed)
        except MtmriError as why:
            self.failed.emit(why)
        self.leaving.emit()
        self.opened.emit()
        if seed is None and current is not None:
            self.open_case(current.name)
        else:
            self.return_to_cases()

    # Cases

    def return_to_cases(self) -> None:
        """Open the next case without a verdict, or the first."""
        if self.session is not None:
            name = self.session.next_name() or next(iter(self.session.statuses), None)
            if name is not None:
                self.open_case(name)

    def open_case(self, name: str, mask: str | None = None) -> None:
        """Open a case; the mask on screen cannot be changed until it is there."""
        if self.session is not None:
            self._ask_case(partial(self.session.open, name, mask=mask))

    def read_again(self) -> None:
        """Begin a second reading of the case, kept apart."""
        session, current = self.session, self.current
        if session is not None and current is not None and session.status.is_done:
            self._ask_case(partial(session.second_reading, current.name))

    def _ask_case(self, read: Callable[[], OpenCase]) -> None:
        if self.is_busy or self.is_drawing():
            return
        self.layers.set_editable(False)  # ends a stroke that napari has not completed
        self.settling.emit()
        self.leaving.emit()
        self._is_opening = True
        self._cases.ask(read)

    def _not_opened(self, why: BaseException) -> None:
        self._is_opening = False
        self.layers.remove_case()
        self.case_closed.emit()
        self.failed.emit(why)

    def _show(self, case: OpenCase) -> None:
        self._is_opening = False
        if self.session is None or case is not self.session.current:
            return
        title = self.session.status.title
        self.layers.show(case.image, case.data, title, self.preset, self.label_names)
        self.shown.emit(case)
        self.layers.set_editable(self.can_edit)
        self.case_opened.emit(case)
        self.listed.emit()

    def leave_case(self) -> None:
        """Save and close the open case, and remove its layers."""
        self.settling.emit()
        self.leaving.emit()
        if self.session is not None:
            self.session.leave()
        self.layers.remove_case()
        self.case_closed.emit()

    def restore(self, choice: Choice) -> None:
        """Continue with the restored strokes or with what was on disk."""
        if self.session is not None and self.current is not None:
            self.leaving.emit()
            self.session.restore(choice)
            self._show(self.current)

    def look_at_recovery(self, is_restored: bool) -> None:
        """Show the restored mask, or the mask on disk, while nothing is decided."""
        current = self.current
        if current is not None and current.recovery is not None:
            self.leaving.emit()  # what is shown is not the mask of the session
            recovery = current.recovery
            self.layers.show_mask(recovery.restored if is_restored else recovery.on_disk)

    def hold(self, wanted: bool) -> None:
        """Keep the mask from being changed while a tool is at work."""
        self._is_held = wanted
        self.layers.set_editable(self.can_edit)

    # Verdicts

    def verdict(self, verdict: str, difficulty: str, comment: str) -> None:
        """Give a verdict on the open case and open the next."""
        if self.session is None or not self.can_edit or self.is_drawing():
            return
        self.layers.set_editable(False)
        self.settling.emit()
        try:
            following = self.session.verdict(verdict, difficulty=difficulty, comment=comment)
        except MtmriError as why:
            self.layers.set_editable(self.can_edit)
            self.failed.emit(why)
            return
        self.listed.emit()
        if following is not None:
            self.open_case(following)

    def reopen(self) -> None:
        """Work again on a case that has a verdict."""
        session = self.session
        if session is not None and self.current is not None and session.status.is_done:
            try:
                session.reopen()
            except MtmriError as why:
                self.failed.emit(why)
            self.layers.set_editable(self.can_edit)
            self.listed.emit()

    def save(self) -> None:
        """Save a version of the mask now."""
        if self.session is not None and self.can_edit:
            self.settling.emit()
            self.session.save("asked")

    def note_volume(self, volume_ml: float) -> None:
        """Note the volume of the lesions of the open case, by which the list can be sorted."""
        if self.session is not None and self.current is not None:
            self.session.set_facts(self.current.name, volume_ml=round(volume_ml, 6))
            self.listed.emit()

    # Sequences

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

    # Time

    @property
    def active_s(self) -> float:
        """Time in which the reader worked on the open case, in s, all visits together."""
        session = self.session
        if session is None or session.current is None:
            return 0.0
        return float(session.status.active_s + session.active_s)

    def touch(self, *_: object) -> None:
        """Note that the reader is at work, for the active time."""
        if self.session is not None:
            self.session.touch()

    def pause(self) -> None:
        """Stop the timer, so that a script can take a picture of the panel."""
        self._beat.stop()

    def _on_beat(self) -> None:
        if self.session is None:
            return
        now = time.monotonic()
        if now - self._ticked >= TICK_S and not self._is_opening:
            self._ticked = now
            self.session.tick()
        self.beat.emit()


def _open_session(project: ReviewProject) -> tuple[ReviewSession, dict[int, LabelName]]:
    names = read_label_names(project.folder)
    return ReviewSession(project), names


def _sequence(case: OpenCase, title: str) -> tuple[OpenCase, str, Volume]:
    return case, title, case.sequence(title)
