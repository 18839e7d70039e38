# SPDX-License-Identifier: BSD-3-Clause
"""What one reader has on disk: lock, journal, and the states that follow from it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from napari_mtmri.errors import InputError, RequestError, ResourceError
from napari_mtmri.files import remove_leftovers
from napari_mtmri.review.case_files import reader_readings
from napari_mtmri.review.case_list import CaseStatus, after_event
from napari_mtmri.review.clock import Clock
from napari_mtmri.review.journal import Event, Head, Journal, read_head
from napari_mtmri.review.journal_check import repair, verify
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
        self.read_only_reason = ""
        self.notes: list[str] = []
        self.saved: Saved | None = None
        self.saver = Saver(on_change, retry_s)
        self._on_change = on_change
        self._lock: Lock | None = None
        self._journal: Journal | None = None
        self._cut = 0  # bytes of a torn line
        self._changing = threading.Lock()  # of the states, by the window and the saving thread
        try:
            self._lock = acquire_lock(project.reader_folder, project.reader, take_over=take_over)
            self._journal = self._open_journal()
        except (Locked, ResourceError, InputError) as why:
            self.read_only_reason = str(why)
            self._release()
        self.readings: dict[tuple[str, int], CaseStatus] = reader_readings(project)
        if self._lock is not None and self._lock.taken_from is not None:
            self.record("lock taken over", taken_from=self._lock.taken_from.text)
        if self._cut:
            self.record("repaired", bytes_cut=self._cut)

    def _open_journal(self) -> Journal:
        path = self.project.journal
        remove_leftovers(path.parent)
        check = verify(path)
        if check.problems:
            self.notes.append(check.text)
        self._cut = repair(path)
        return Journal(path, self.project.reader, self.clock)

    @property
    def is_read_only(self) -> bool:
        """Whether nothing is written."""
        return bool(self.read_only_reason)

    @property
    def head(self) -> Head:
        """Head of the journal on disk."""
        return read_head(self.project.journal) or Head()

    def record(self, event: str, **facts: Any) -> None:
        """Write an event into the journal, and into the states at once.

        Raises
        ------
        RequestError
            If a fact is not plain data: text, finite numbers, lists, mappings.
        """
        facts = _plain(facts)
        if self.is_read_only:
            return
        self.learn({"event": event, "who": self.project.reader, **facts})
        self.submit(*self.journal_steps(event, self.clock.now(), facts))

    def journal_steps(self, event: str, when: datetime, facts: Mapping[str, Any]) -> list[Step]:
        """Return the steps of a job that write an event; ``facts`` are read in the first."""

        def add() -> None:
            self.require_lock()
            if self._journal is not None:
                self._journal.add(event, when, **facts)

        def write_head() -> None:
            self.require_lock()
            if self._journal is not None:
                self._journal.write_head()
                self.wrote(self.project.journal)

        return [add, write_head]

    def learn(self, event: Event) -> None:
        """Let the state of a reading follow an event."""
        if "case" in event:
            key = (str(event["case"]), int(event.get("reading", 1)))
            with self._changing:
                self.readings[key] = after_event(self.status(*key), event)

    def complete(self, event: Event) -> None:
        """Add to a state what is known of its last version only after it was written."""
        with self._changing:
            if self.status(event["case"], event["reading"]).version == event["version"]:
                self.readings[event["case"], event["reading"]] = after_event(
                    self.status(event["case"], event["reading"]), {**event, "event": "saved"}
                )

    def status(self, case: str, reading: int) -> CaseStatus:
        """Return the status of a reading, also of one that has not begun."""
        new = CaseStatus(case, case, reader=self.project.reader, reading=reading)
        return self.readings.get((case, reading), new)

    def submit(self, *steps: Step, key: str = "") -> None:
        """Do steps in the saving thread, in order."""
        self.saver.submit(*steps, key=key)

    def wrote(self, path: Path) -> None:
        """Note that a file was written."""
        self.saved = Saved(self.clock.now(), path, self.project.reader_folder)
        self._on_change()

    def require_lock(self) -> None:
        """Check that the folder is there and the lock is still ours; before each write.

        Raises
        ------
        ResourceError
            If the folder has vanished, or another process took the lock over.
        """
        if self._lock is not None:
            self._lock.require()

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


def _plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts as JSON gives them back; numbers of numpy become plain."""
    try:
        text = json.dumps(facts, allow_nan=False, default=lambda value: value.item())
    except (TypeError, ValueError, AttributeError) as why:
        raise RequestError(f"The event {facts!r} is not plain data ({why}); correct it.") from why
    return dict(json.loads(text))
