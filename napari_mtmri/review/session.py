# SPDX-License-Identifier: BSD-3-Clause
"""Review session: the one object that the panel and scripts drive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Any

from napari_mtmri.errors import RequestError, ResourceError
from napari_mtmri.review.blind import Blinding
from napari_mtmri.review.case_list import CaseFilter, CaseStatus, Progress
from napari_mtmri.review.case_loader import CaseLoader
from napari_mtmri.review.case_work import CaseWork, Choice
from napari_mtmri.review.clock import SYSTEM_CLOCK, Clock
from napari_mtmri.review.edits import Edit
from napari_mtmri.review.journal import Head
from napari_mtmri.review.opened import OpenCase, base_mask
from napari_mtmri.review.project import ReviewProject
from napari_mtmri.review.reader_store import ReaderStore, Saved
from napari_mtmri.review.saver import RETRY_S
from napari_mtmri.review.worklist import Worklist

AUTOSAVE_S = 20.0
CLOSE_S = 30.0
NO_CASE = "No case is open; open one."


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
        self._autosave_s = autosave_s
        self._store = ReaderStore(
            project, clock, take_over=take_over, retry_s=retry_s, on_change=on_change
        )
        self._list = Worklist(self._store)
        self._work: CaseWork | None = None
        self._loader = CaseLoader(self._store, self._list, prefetch=prefetch)
        self._is_closed = False

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
        if not self.close(CLOSE_S) and why is None:
            raise ResourceError(self.problem or "Work could not be written in time.")

    # ---- the list

    @property
    def blinding(self) -> Blinding:
        """What is hidden."""
        return self._list.blinding

    @property
    def statuses(self) -> dict[str, CaseStatus]:
        """Status of the last reading of each case, by name, in the order of reading."""
        return self._list.statuses()

    def readings(self, name: str) -> list[CaseStatus]:
        """Return the readings of a case by this reader, the first one first."""
        return self._list.readings(name)

    def select(self, shown: CaseFilter | None = None, sort: str = "name") -> list[CaseStatus]:
        """Return the cases that pass a filter, in order; the next case follows this order.

        Raises
        ------
        RequestError
            If the order does not exist.
        """
        return self._list.select(shown, sort)

    @property
    def progress(self) -> Progress:
        """How many cases have a verdict."""
        return self._list.progress

    def next_name(self) -> str | None:
        """Return the next case without a verdict after the open one; None if there is none."""
        return self._list.after(self.current.name if self.current is not None else None)

    def previous_name(self) -> str | None:
        """Return the case before the open one in the list, with or without a verdict."""
        return self._list.before(self.current.name if self.current is not None else None)

    def set_facts(self, name: str, **facts: float) -> None:
        """Note numbers of a case by which the list can be sorted.

        Parameters
        ----------
        name : str
        **facts
            volume_ml, disagreement, uncertainty, predicted_quality; finite.
        """
        status = self.statuses[self.project.case(name).name]
        new = {key: float(v) for key, v in facts.items() if status.facts.get(key) != float(v)}
        if new:
            self._store.record("measured", case=name, reading=status.reading, facts=new)

    # ---- the open case

    @property
    def current(self) -> OpenCase | None:
        """The open case."""
        return self._work.opened if self._work is not None else None

    @property
    def status(self) -> CaseStatus:
        """Status of the open reading, as it is now."""
        status = self._opened().status
        return replace(status, title=self.blinding.case_title(status.name))

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
        work = self._work = self._loader.load(case, mask, reading)
        work.begin()
        if mask is not None and work.opened.status.base != mask and self.is_editable:
            other = base_mask(case, mask, work.opened.image)
            work.apply(
                Edit.between(work.opened.data, other.data, f"begin with {mask or 'nothing'}")
            )
        self._loader.prefetch(self.next_name())
        return work.opened

    def leave(self) -> None:
        """Save the open case, if it has changes, and close it."""
        work, self._work = self._work, None
        if work is not None and not self.is_read_only:
            work.leave()
            self._loader.keep(work)

    @property
    def is_editable(self) -> bool:
        """Whether the open case can be edited; `not_editable_reason` says why not."""
        return not self.not_editable_reason

    @property
    def not_editable_reason(self) -> str:
        """Why the open case cannot be edited, in one sentence; empty if it can."""
        if self.is_read_only:
            return self.read_only_reason
        if self._work is None:
            return NO_CASE
        why = self._work.locked_because()
        return f"{self.blinding.case_title(self._work.opened.name)}: {why}." if why else ""

    def apply(self, edit: Edit) -> None:
        """Make an edit, as one step of undo.

        An edit that was already made in ``current.data``, as by a brush of the window, may be
        given too.

        Raises
        ------
        RequestError
            If the case cannot be edited, or the edit does not fit the mask.
        """
        self._editable().apply(edit)

    def undo(self) -> Edit | None:
        """Undo the last edit, in any slice and of any tool; None if there is none.

        Raises
        ------
        RequestError
            If the case cannot be edited.
        """
        return self._editable().undo()

    def redo(self) -> Edit | None:
        """Make the edit that was undone last again; None if there is none.

        Raises
        ------
        RequestError
            If the case cannot be edited.
        """
        return self._editable().redo()

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
        self._require_writable()
        self._opened().restore(choice)

    def save(self, reason: str = "") -> str:
        """Save the open mask as a new version and return its file name.

        Raises
        ------
        RequestError
            If no case is open, it cannot be edited, or the session is read only.
        """
        return self._editable().save(reason)

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
        self._editable().verdict(verdict, difficulty, comment)
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
        """Begin another reading of a case, from the mask the last one began with.

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
        self._loader.drop()
        self._list.blind(seed)
        self._store.record("blinded", seed=seed, order=list(self.blinding.names))

    def unblind(self) -> None:
        """Show all names again; the journal keeps when.

        Raises
        ------
        RequestError
            If the session is read only.
        """
        self._require_writable()
        if self.blinding.is_on:
            self._store.record("unblinded")
            self._list.blind(None)

    # ---- time and disk

    def touch(self) -> None:
        """Note that the reader does something."""
        if self._work is not None:
            self._work.active.touch()

    def tick(self) -> None:
        """Do what is due: autosave, sign of life. To be called about once a second."""
        self._store.beat()
        if self._work is not None and not self.is_read_only:
            self._work.autosave(self._autosave_s)

    @property
    def active_s(self) -> float:
        """Time in which the reader worked on the open case since it was opened."""
        return self._work.active.seconds if self._work is not None else 0.0

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
            self._loader.close()
            self._is_closed = True
        return done

    def _opened(self) -> CaseWork:
        if self._work is None:
            raise RequestError(NO_CASE)
        return self._work

    def _editable(self) -> CaseWork:
        if self.not_editable_reason:
            raise RequestError(self.not_editable_reason)
        return self._opened()

    def _require_writable(self) -> None:
        if self.is_read_only:
            raise RequestError(self.read_only_reason)
