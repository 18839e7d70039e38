# SPDX-License-Identifier: BSD-3-Clause
"""What one reader has on disk: lock, journal, and the states that follow from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from napari_mtmri.errors import InputError, ResourceError
from napari_mtmri.review.case_files import reader_readings
from napari_mtmri.review.case_list import CaseStatus, after_event
from napari_mtmri.review.clock import Clock
from napari_mtmri.review.journal import Event, Head, Journal, read_head, repair, verify
from napari_mtmri.review.lock import Lock, Locked, acquire_lock
from napari_mtmri.review.project import ReviewProject
from napari_mtmri.review.saver import Saver, Step


@dataclass(frozen=True)
class Saved:
    """When and where work was written last.

    Parameters
    ----------
    time : datetime
    path : Path
    folder : Path
        Folder of the reader.
    """

    time: datetime
    path: Path
    folder: Path

    @property
    def text(self) -> str:
        """For example "Saved 12:03:04 to …/review/Anna"."""
        return f"Saved {self.time:%H:%M:%S} to {self.folder}"


class ReaderStore:
    """Writes for one reader, or only reads if another process already writes.

    Parameters
    ----------
    project : ReviewProject
    clock : Clock
    take_over : bool
        Take over the lock of another machine that gives no sign of life.
    retry_s : float
        Time between two attempts at what the disk refuses.
    on_change : callable
        Called from the saving thread when something was saved or refused.
    """

    def __init__(
        self,
        project: ReviewProject,
        clock: Clock,
        *,
        take_over: bool = False,
        retry_s: float = 1.0,
        on_change: Callable[[], object] = lambda: None,
    ) -> None:
        self.project, self.clock = project, clock
        self.read_only_reason, self.notes = "", []  # type: tuple[str, list[str]]
        self.saved: Saved | None = None
        self.saver = Saver(on_change, retry_s)
        self._on_change = on_change
        self._lock: Lock | None = None
        self._journal: Journal | None = None
        try:
            self._lock = acquire_lock(project.reader_folder, project.reader, take_over=take_over)
            self._journal = self._open_journal()
        except (Locked, ResourceError, InputError) as why:
            self.read_only_reason = str(why)
            self._release()
        self.readings: dict[tuple[str, int], CaseStatus] = reader_readings(project)
        if self._lock is not None and self._lock.taken_from is not None:
            self.record("lock taken over", taken_from=self._lock.taken_from.text)

    def _open_journal(self) -> Journal:
        path = self.project.journal
        check = verify(path)
        if check.problems:
            self.notes.append(check.text)
        cut = repair(path)
        journal = Journal(path, self.project.reader, self.clock)
        if cut:
            self.submit(lambda: journal.append("repaired", bytes_cut=cut))
        return journal

    @property
    def is_read_only(self) -> bool:
        """Whether nothing is written."""
        return bool(self.read_only_reason)

    @property
    def head(self) -> Head:
        """Head of the journal on disk."""
        return read_head(self.project.journal) or Head()

    def record(self, event: str, **facts: Any) -> None:
        """Write an event into the journal, and into the states at once."""
        if self.is_read_only:
            return
        when = self.clock.now()
        self.learn({"event": event, "who": self.project.reader, **facts})
        self.submit(lambda: self._append(event, when, facts))

    def learn(self, event: Event) -> None:
        """Let the state of a reading follow an event."""
        if "case" in event:
            key = (str(event["case"]), int(event.get("reading", 1)))
            self.readings[key] = after_event(self.status(*key), event)

    def status(self, case: str, reading: int) -> CaseStatus:
        """Return the status of a reading, also of one that has not begun."""
        new = CaseStatus(case, case, reader=self.project.reader, reading=reading)
        return self.readings.get((case, reading), new)

    def append(self, event: str, when: datetime, **facts: Any) -> None:
        """Write an event into the journal now; a step of a job."""
        self._append(event, when, facts)

    def _append(self, event: str, when: datetime, facts: dict[str, Any]) -> None:
        self.require_lock()
        if self._journal is not None:
            self._journal.append(event, when, **facts)
            self.wrote(self.project.journal)

    def submit(self, *steps: Step, key: str = "") -> None:
        """Do steps in the saving thread, in order."""
        self.saver.submit(*steps, key=key)

    def wrote(self, path: Path) -> None:
        """Note that a file was written."""
        self.saved = Saved(self.clock.now(), path, self.project.reader_folder)
        self._on_change()

    def require_lock(self) -> None:
        """Refuse to write after another process took the lock over.

        Raises
        ------
        ResourceError
        """
        if self._lock is not None and not self._lock.is_held():
            raise ResourceError(
                f"{self.project.reader_folder}: was taken over by another process; the last edits "
                "are in memory only."
            )

    def beat(self) -> None:
        """Give a sign of life."""
        if self._lock is not None:
            self._lock.beat()

    def close(self, timeout_s: float, *, force: bool) -> bool:
        """Wait for the disk and release the lock; return whether all work was written.

        If it was not, nothing is closed, unless ``force`` is set.
        """
        done = self.saver.flush(timeout_s)
        if done or force:
            self.saver.close(1.0)
            self._release()
        return done

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None
