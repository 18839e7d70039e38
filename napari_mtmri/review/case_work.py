# SPDX-License-Identifier: BSD-3-Clause
"""Work on one opened case: edits, undo, versions, recovery, verdict, active time."""

from __future__ import annotations

from typing import Any, Literal

from napari_mtmri.errors import RequestError
from napari_mtmri.review.case_list import DIFFICULTIES, VERDICTS, CaseStatus
from napari_mtmri.review.case_saver import CaseSaver, used_by
from napari_mtmri.review.clock import ActiveTime
from napari_mtmri.review.edits import Edit
from napari_mtmri.review.opened import OpenCase
from napari_mtmri.review.reader_store import ReaderStore

Choice = Literal["restore", "disk"]


class CaseWork:
    """Changes an opened case and has every change written.

    Parameters
    ----------
    store : ReaderStore
    opened : OpenCase
    """

    def __init__(self, store: ReaderStore, opened: OpenCase) -> None:
        self.opened = opened
        self._store = store
        self._saver = CaseSaver(store, opened)
        self.active = ActiveTime(store.clock)

    @property
    def status(self) -> CaseStatus:
        """Status of the reading, as it is now."""
        return self._store.status(self.opened.name, self.opened.reading)

    @property
    def is_written(self) -> bool:
        """Whether the last state of the mask is a version on the disk."""
        return self._saver.is_written

    def locked_because(self) -> str:
        """Return why the case cannot be edited, for a sentence on it; empty if it can."""
        if self.opened.recovery is not None:
            return "a crash left edits unsaved; choose what to do with them first"
        return f"is {self.status.state}; reopen it to change it" if self.status.is_done else ""

    def begin(self) -> None:
        """Note that the case was opened."""
        self.active = ActiveTime(self._store.clock)
        self.record("opened", mask=self.opened.status.base, used=used_by(self.opened))

    def leave(self) -> None:
        """Save changes as a version, and note the time."""
        if self._saver.has_changes:
            self._saver.save("left")
        self.record("left", active_s=self._take_active())

    def record(self, event: str, **facts: Any) -> None:
        """Write an event on the case."""
        self._store.record(event, case=self.opened.name, reading=self.opened.reading, **facts)

    def apply(self, edit: Edit) -> None:
        """Make an edit."""
        if edit.n_voxels:
            edit = self.opened.history.apply(edit)
            self.active.touch()
            self._saver.edit(edit)

    def undo(self) -> Edit | None:
        """Undo the last edit."""
        edit = self.opened.history.undo()
        if edit is not None:
            self.active.touch()
            self._saver.undo()
        return edit

    def redo(self) -> Edit | None:
        """Make the edit that was undone last again."""
        edit = self.opened.history.redo()
        if edit is not None:
            self.active.touch()
            self._saver.redo()
        return edit

    def save(self, reason: str) -> str:
        """Save a version and return its file name."""
        return self._saver.save(reason)

    def autosave(self, after_s: float) -> None:
        """Write the whole mask if the last time is longer ago than ``after_s``."""
        self._saver.autosave(after_s)

    def restore(self, choice: Choice) -> None:
        """Make the edits that a crash left unsaved again, or leave them in their file."""
        recovery = self.opened.recovery
        if recovery is None:
            raise RequestError("There are no unsaved edits to restore.")
        if choice == "restore":
            self.opened.history = recovery.history
            if recovery.sources is not None:
                self.opened.start_sources = recovery.sources
            self._saver.resume(recovery)
        elif choice == "disk":
            self._saver.discard(recovery)
        else:
            raise RequestError(f"`choice` {choice!r} does not exist; choose restore or disk.")
        self.opened.recovery = None
        self.record("restored" if choice == "restore" else "discarded", edits=recovery.n_edits)

    def verdict(self, verdict: str, difficulty: str, comment: str) -> None:
        """Save a version if there is anything new, and sign off."""
        check_verdict(verdict, difficulty)
        if self._saver.has_changes or not self.status.version:
            self._saver.save(verdict)
        self.record(
            VERDICTS[verdict],
            difficulty=difficulty,
            comment=comment,
            active_s=self._take_active(),
            version=self.status.version,
        )

    def _take_active(self) -> float:
        seconds, self.active = self.active.seconds, ActiveTime(self._store.clock)
        return round(seconds, 1)


def check_verdict(verdict: str, difficulty: str) -> None:
    """Refuse a verdict or difficulty that does not exist."""
    if verdict not in VERDICTS:
        raise RequestError(
            f"`verdict` {verdict!r} does not exist; choose one of {', '.join(VERDICTS)}."
        )
    if difficulty not in ("", *DIFFICULTIES):
        raise RequestError(
            f"`difficulty` {difficulty!r} does not exist; choose one of {', '.join(DIFFICULTIES)}."
        )
