# SPDX-License-Identifier: BSD-3-Clause
"""Review session: the one object that the panel and scripts drive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from napari_mtmri.errors import InputError, RequestError, ResourceError
from napari_mtmri.review.blind import Blinding, blind_project
from napari_mtmri.review.case_files import reader_readings
from napari_mtmri.review.case_list import (
    DIFFICULTIES,
    OPEN,
    VERDICTS,
    CaseFilter,
    CaseStatus,
    Progress,
    progress_of,
    select,
)
from napari_mtmri.review.case_saver import CaseSaver, used_by
from napari_mtmri.review.cases import ReviewCase
from napari_mtmri.review.clock import SYSTEM_CLOCK, ActiveTime, Clock
from napari_mtmri.review.edits import Edit
from napari_mtmri.review.journal import Head, read_journal
from napari_mtmri.review.opened import OpenCase, base_mask, load_case
from napari_mtmri.review.prefetch import Prefetch
from napari_mtmri.review.project import ReviewProject
from napari_mtmri.review.reader_store import ReaderStore, Saved
from napari_mtmri.review.saver import RETRY_S

AUTOSAVE_S = 20.0
CLOSE_S = 30.0
Choice = Literal["restore", "disk"]


class ReviewSession:
    """Cases of a project, read and corrected by one reader.

    All writing is done in a thread, in order; `problem` says if the disk refuses it, and
    `flush` waits for it. If another process writes for the same reader, the session is read
    only.

    Parameters
    ----------
    project : ReviewProject
    clock : Clock
    take_over : bool
        Take over the lock of another machine that has given no sign of life for two minutes.
    prefetch : bool
        Read the next case ahead.
    autosave_s : float
        Time between two whole masks on disk while a case is edited.
    retry_s : float
        Time between two attempts at what the disk refuses.
    on_change : callable
        Called without arguments, from the saving thread, when something was saved or refused.

    Examples
    --------
    ::

        with ReviewSession(open_project("study", "Anna")) as session:
            name = session.next_name()
            while name is not None:
                opened = session.open(name)
                after = fill_holes(opened.data)
                session.apply(Edit.between(opened.data, after, "fill holes"))
                name = session.verdict("approve", difficulty="easy")
    """

    def __init__(
        self,
        project: ReviewProject,
        *,
        clock: Clock = SYSTEM_CLOCK,
        take_over: bool = False,
        prefetch: bool = True,
        autosave_s: float = AUTOSAVE_S,
        retry_s: float = RETRY_S,
        on_change: Callable[[], object] = lambda: None,
    ) -> None:
        self.project = project
        self.current: OpenCase | None = None
        self._clock, self._autosave_s = clock, autosave_s
        self._store = ReaderStore(
            project, clock, take_over=take_over, retry_s=retry_s, on_change=on_change
        )
        self._prefetch = Prefetch(prefetch)
        self._active = ActiveTime(clock)
        self._saver: CaseSaver | None = None
        self._unwritten: dict[tuple[str, int], CaseSaver] = {}
        self._others: dict[Path, tuple[int, frozenset[str]]] = {}
        self._is_closed = False
        self.blinding = earlier_blinding(project)
        self._order = self.blinding.names

    def __enter__(self) -> ReviewSession:
        """Return the session; it is closed when the block ends."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        why: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write everything and release the lock."""
        if not self.close() and why is None:
            raise ResourceError(self.problem or "Work could not be written in time.")

    # ---- the list

    @property
    def statuses(self) -> dict[str, CaseStatus]:
        """Status of the last reading of each case, in the order of reading."""
        last = dict.fromkeys(self.blinding.names, 1)
        for name, reading in list(self._store.readings):
            if name in last:
                last[name] = max(last[name], reading)
        readers = self._readers_by_case()
        return {
            name: replace(
                self._store.status(name, reading),
                title=self.blinding.case_title(name),
                readers=tuple(sorted(readers.get(name, ()))),
            )
            for name, reading in last.items()
        }

    def readings(self, name: str) -> list[CaseStatus]:
        """Return the readings of a case by this reader, the first one first."""
        found = [status for key, status in self._store.readings.items() if key[0] == name]
        return sorted(found, key=lambda status: status.reading)

    def select(self, shown: CaseFilter | None = None, sort: str = "name") -> list[CaseStatus]:
        """Return the cases that pass a filter, in order; the next case follows this order.

        Raises
        ------
        RequestError
            If the order does not exist.
        """
        found = select(list(self.statuses.values()), shown, sort)
        self._order = tuple(status.name for status in found)
        return found

    @property
    def progress(self) -> Progress:
        """How many cases have a verdict."""
        return progress_of(list(self.statuses.values()))

    def next_name(self) -> str | None:
        """Return the next case without a verdict after the open one; None if there is none."""
        return self._ahead()

    def previous_name(self) -> str | None:
        """Return the case before the open one in the list, with or without a verdict."""
        if self.current is None or self.current.name not in self._order:
            return None
        place = self._order.index(self.current.name)
        return self._order[place - 1] if place else None

    def _ahead(self) -> str | None:
        names, statuses = self._order, self.statuses
        here = self.current.name if self.current is not None else None
        place = names.index(here) if here in names else -1
        ahead = [*names[place + 1 :], *names[: max(place, 0)]]
        return next((name for name in ahead if not statuses[name].is_done), None)

    def _readers_by_case(self) -> dict[str, set[str]]:
        """Return which readers have given a verdict on each case; in blind mode only this one."""
        found: dict[str, set[str]] = {}
        for status in list(self._store.readings.values()):
            if status.is_done:
                found.setdefault(status.name, set()).add(self.project.reader)
        if not self.blinding.hides("reader"):
            for reader in self.project.readers():
                if reader != self.project.reader:
                    for name in self._done_by(reader):
                        found.setdefault(name, set()).add(reader)
        return found

    def _done_by(self, reader: str) -> frozenset[str]:
        other = self.project.of(reader)
        try:
            size = other.journal.stat().st_size
            if self._others.get(other.journal, (-1,))[0] != size:
                done = {s.name for s in reader_readings(other).values() if s.is_done}
                self._others[other.journal] = size, frozenset(done)
        except (OSError, InputError):
            return frozenset()
        return self._others[other.journal][1]

    # ---- the open case

    def open(self, name: str, *, mask: str | None = None, reading: int | None = None) -> OpenCase:
        """Open a case; the one open before is saved first.

        Parameters
        ----------
        name : str
        mask : str, optional
            Title of the mask to begin with; "" for an empty one. Default: the last version,
            or the first of the masks. If a version exists, the mask replaces it as one edit.
        reading : int, optional
            Default: the last one.

        Raises
        ------
        InputError
            If a file cannot be read; no case is then open.
        RequestError
            If the case or mask does not exist.
        """
        case = self.project.case(name)
        if mask and mask not in case.masks:
            raise RequestError(
                f"{name}: has no mask {mask!r}; choose one of {', '.join(case.masks) or 'none'}."
            )
        self.leave()
        status = self.statuses[name]
        if reading is not None:
            status = replace(self._store.status(name, reading), title=status.title)
        if not status.version:
            status = replace(status, base=self._base(case, status, mask))
        opened, saver = self._load(case, status)
        self.current, self._saver = opened, saver
        self._active = ActiveTime(self._clock)
        self._record("opened", mask=opened.status.base, used=used_by(opened))
        if mask is not None and opened.status.base != mask and self.is_editable:
            other = base_mask(case, mask, opened.image)
            self.apply(Edit.between(opened.data, other.data, f"begin with {mask or 'nothing'}"))
        self.prefetch_next()
        return opened

    def _base(self, case: ReviewCase, status: CaseStatus, mask: str | None) -> str:
        if mask is not None:
            return mask
        if status.state != OPEN and (not status.base or status.base in case.masks):
            return status.base
        return next(iter(case.masks), "")

    def _load(self, case: ReviewCase, status: CaseStatus) -> tuple[OpenCase, CaseSaver]:
        for key, saver in list(self._unwritten.items()):
            if saver.is_written:
                del self._unwritten[key]
        waiting = self._unwritten.get((case.name, status.reading))
        if waiting is not None:  # the disk does not have its last version yet
            waiting.opened.status = replace(status, base=waiting.opened.status.base)
            return waiting.opened, waiting
        opened = self._prefetch.take(_key(status)) or self._read(case, status)
        opened.status = status
        return opened, CaseSaver(self._store, opened)

    def _read(self, case: ReviewCase, status: CaseStatus) -> OpenCase:
        folder = self.project.mask_folder(case.name, status.reading)
        return load_case(case, status, folder, recover=not self.is_read_only)

    def prefetch_next(self) -> None:
        """Begin to read the next case in a thread."""
        name = self.next_name()
        if name is None:
            return
        case, status = self.project.case(name), self.statuses[name]
        if (name, status.reading) in self._unwritten:
            return
        if not status.version:
            status = replace(status, base=self._base(case, status, None))
        self._prefetch.start(_key(status), lambda: self._read(case, status))

    def leave(self) -> None:
        """Save the open case, if it has changes, and close it."""
        if self.current is None or self._saver is None:
            return
        if self._saver.has_changes and not self.is_read_only:
            self.save("left")
        if not self.is_read_only:
            self._record("left", active_s=self._take_active())
            self._unwritten[(self.current.name, self.current.reading)] = self._saver
        self.current = self._saver = None

    @property
    def is_editable(self) -> bool:
        """Whether the open case can be edited; `not_editable_reason` says why not."""
        return not self.not_editable_reason

    @property
    def not_editable_reason(self) -> str:
        """Why the open case cannot be edited, in one sentence; empty if it can."""
        if self.is_read_only:
            return self.read_only_reason
        if self.current is None:
            return "No case is open; open one."
        title, state = self.blinding.case_title(self.current.name), self.status.state
        if self.current.recovery is not None:
            return f"{title}: a crash left edits unsaved; choose what to do with them first."
        if self.status.is_done:
            return f"{title}: is {state}; reopen it to change it."
        return ""

    @property
    def status(self) -> CaseStatus:
        """Status of the open reading, as it is now."""
        opened = self._opened()
        status = self._store.status(opened.name, opened.reading)
        return replace(status, title=self.blinding.case_title(opened.name))

    def apply(self, edit: Edit) -> None:
        """Make an edit, as one step of undo.

        An edit that was already made in ``current.data``, as by a brush of the window, may be
        given too.

        Raises
        ------
        RequestError
            If the case cannot be edited, or the edit does not fit the mask.
        """
        opened, saver = self._editable()
        if edit.n_voxels == 0:
            return
        opened.history.apply(edit)
        self.touch()
        saver.edit(edit)

    def undo(self) -> Edit | None:
        """Undo the last edit, whatever slice or tool it was made with; None if there is none."""
        opened, saver = self._editable()
        edit = opened.history.undo()
        if edit is not None:
            self.touch()
            saver.undo()
        return edit

    def redo(self) -> Edit | None:
        """Make the edit that was undone last again; None if there is none."""
        opened, saver = self._editable()
        edit = opened.history.redo()
        if edit is not None:
            self.touch()
            saver.redo()
        return edit

    def restore(self, choice: Choice) -> None:
        """Decide what becomes of edits that a crash left unsaved.

        Parameters
        ----------
        choice : {"restore", "disk"}
            Make them again, with their history; or keep the mask as it was last saved. Edits
            that are not wanted stay in their file.

        Raises
        ------
        RequestError
            If there are none, or the choice does not exist.
        """
        opened = self._opened()
        recovery, saver = opened.recovery, self._saver
        if recovery is None or saver is None:
            raise RequestError("There are no unsaved edits to restore.")
        if choice == "restore":
            opened.history = recovery.history
            if recovery.sources is not None:
                opened.start_sources = recovery.sources
            saver.resume(recovery.strokes, recovery.size)
        elif choice == "disk":
            saver.discard(recovery.strokes, recovery.size)
        else:
            raise RequestError(f"`choice` {choice!r} does not exist; choose restore or disk.")
        opened.recovery = None
        self._record("restored" if choice == "restore" else "discarded", edits=recovery.n_edits)

    def save(self, reason: str = "") -> str:
        """Save the open mask as a new version and return its file name.

        Raises
        ------
        RequestError
            If no case is open, or the session is read only.
        """
        self._opened()
        if self.is_read_only or self._saver is None:
            raise RequestError(self.read_only_reason)
        return self._saver.save(reason)

    # ---- verdicts

    def verdict(self, verdict: str, difficulty: str = "", comment: str = "") -> str | None:
        """Sign the open case off and return the name of the next one.

        The mask is saved as a version if it has changes, or none was saved yet.

        Parameters
        ----------
        verdict : {"approve", "flag", "reject"}
        difficulty : {"", "easy", "medium", "hard"}
        comment : str

        Raises
        ------
        RequestError
            If the case cannot be edited, or a choice does not exist.
        """
        if verdict not in VERDICTS:
            raise RequestError(
                f"`verdict` {verdict!r} does not exist; choose one of {', '.join(VERDICTS)}."
            )
        if difficulty not in ("", *DIFFICULTIES):
            raise RequestError(
                f"`difficulty` {difficulty!r} does not exist; choose one of "
                f"{', '.join(DIFFICULTIES)}."
            )
        _, saver = self._editable()
        if saver.has_changes or not self.status.version:
            saver.save(verdict)
        self._record(
            VERDICTS[verdict],
            difficulty=difficulty,
            comment=comment,
            active_s=self._take_active(),
            version=self.status.version,
        )
        return self.next_name()

    def reopen(self, name: str | None = None) -> None:
        """Take back the verdict on a case, the open one by default.

        Raises
        ------
        RequestError
            If it has none, or the session is read only.
        """
        self._require_writable()
        status = self.status if name is None else self.statuses[self.project.case(name).name]
        if not status.is_done:
            raise RequestError(f"{status.title}: is {status.state}, not signed off.")
        self._store.record("reopened", case=status.name, reading=status.reading)

    def second_reading(self, name: str) -> OpenCase:
        """Begin another reading of a case, from the mask the first one began with.

        Raises
        ------
        RequestError
            If the last reading has no verdict, or the session is read only.
        """
        self._require_writable()
        status = self.statuses[self.project.case(name).name]
        if not status.is_done:
            raise RequestError(
                f"{status.title}: reading {status.reading} is {status.state}; sign it off first."
            )
        return self.open(name, mask=status.base, reading=status.reading + 1)

    def set_facts(self, name: str, **facts: float) -> None:
        """Note numbers of a case by which the list can be sorted.

        Parameters
        ----------
        name : str
        **facts
            volume_ml, disagreement, uncertainty, predicted_quality.
        """
        status = self.statuses[name]
        new = {key: float(v) for key, v in facts.items() if status.facts.get(key) != float(v)}
        if new:
            self._store.record("measured", case=name, reading=status.reading, facts=new)

    def record(self, event: str, **facts: Any) -> None:
        """Write any other event into the journal: a tool run, an export, ..."""
        self._store.record(event, **facts)

    # ---- blind mode

    def blind(self, seed: int) -> None:
        """Hide names, methods and other readers from now on, and shuffle the cases.

        Raises
        ------
        RequestError
            If the session is read only or already blind.
        """
        self._require_writable()
        if self.blinding.is_on:
            raise RequestError("The session is already blind; unblind it first.")
        self.leave()
        self._prefetch.drop()
        self.blinding = blind_project(self.project, seed)
        self._order = self.blinding.names
        self._store.record("blinded", seed=seed, order=list(self.blinding.names))

    def unblind(self) -> None:
        """Show all names again; the journal keeps when."""
        self._require_writable()
        if self.blinding.is_on:
            self._store.record("unblinded")
            self.blinding = blind_project(self.project, None)
            self._order = self.blinding.names

    # ---- time and disk

    def touch(self) -> None:
        """Note that the reader does something."""
        self._active.touch()

    def tick(self) -> None:
        """Do what is due: autosave, sign of life. To be called about once a second."""
        self._store.beat()
        if self._saver is not None and not self.is_read_only:
            self._saver.autosave(self._autosave_s)

    @property
    def active_s(self) -> float:
        """Time in which the reader worked on the open case since it was opened."""
        return self._active.seconds

    @property
    def is_read_only(self) -> bool:
        """Whether nothing can be changed."""
        return self._store.is_read_only

    @property
    def read_only_reason(self) -> str:
        """Why nothing can be changed, in one sentence."""
        return self._store.read_only_reason

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on how the cases were found and on the journal."""
        return (*self.project.found.notes, *self._store.notes)

    @property
    def problem(self) -> str:
        """Why work is not on the disk, in one sentence; empty if nothing is wrong."""
        return self._store.saver.problem

    @property
    def saved(self) -> Saved | None:
        """When and where work was written last."""
        return self._store.saved

    @property
    def has_unsaved(self) -> bool:
        """Whether work is in memory only."""
        return not self._store.saver.is_idle

    @property
    def head(self) -> Head:
        """Head of the journal on disk, to quote in exports."""
        return self._store.head

    def flush(self, timeout_s: float = CLOSE_S) -> bool:
        """Wait until all work is on the disk; return whether it is."""
        self._store.saver.retry()
        return self._store.saver.flush(timeout_s)

    def close(self, timeout_s: float = CLOSE_S, *, force: bool = False) -> bool:
        """Save the open case, write everything and release the lock.

        Returns
        -------
        bool
            Whether all work was written. If not, the session stays open, unless ``force``.
        """
        if self._is_closed:
            return True
        self.leave()
        self._store.saver.retry()
        done = self._store.close(timeout_s, force=force)
        if done or force:
            self._prefetch.close()
            self._is_closed = True
        return done

    # ---- helpers

    def _record(self, event: str, **facts: Any) -> None:
        """Write an event on the open case."""
        opened = self._opened()
        self._store.record(event, case=opened.name, reading=opened.reading, **facts)

    def _opened(self) -> OpenCase:
        if self.current is None:
            raise RequestError("No case is open; open one.")
        return self.current

    def _editable(self) -> tuple[OpenCase, CaseSaver]:
        reason = self.not_editable_reason
        if reason or self.current is None or self._saver is None:
            raise RequestError(reason or "No case is open; open one.")
        return self.current, self._saver

    def _require_writable(self) -> None:
        if self.is_read_only:
            raise RequestError(self.read_only_reason)

    def _take_active(self) -> float:
        seconds, self._active = self._active.seconds, ActiveTime(self._clock)
        return round(seconds, 1)


def _key(status: CaseStatus) -> tuple[str, ...]:
    return status.name, str(status.reading), status.version, status.base


def earlier_blinding(project: ReviewProject) -> Blinding:
    """Return the blinding of a reader's last session."""
    seed, order = None, []  # type: tuple[int | None, list[str]]
    for event in read_journal(project.journal, skip_damaged=True):
        if event["event"] == "blinded":
            seed, order = int(event["seed"]), [str(name) for name in event["order"]]
        elif event["event"] == "unblinded":
            seed, order = None, []
    return blind_project(project, seed, order)
