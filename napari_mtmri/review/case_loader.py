# SPDX-License-Identifier: BSD-3-Clause
"""Reads the case that is opened, and the next one ahead in a thread, so that it opens at once."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from napari_mtmri.errors import MtmriError
from napari_mtmri.review.case_list import OPEN, CaseStatus
from napari_mtmri.review.case_work import CaseWork
from napari_mtmri.review.cases import ReviewCase
from napari_mtmri.review.opened import OpenCase, load_case
from napari_mtmri.review.reader_store import ReaderStore
from napari_mtmri.review.worklist import Worklist

Key = tuple[str, ...]
MOST_WAITING = 3  # cases left that are not on the disk yet, before the next one waits for it
WAIT_S = 10.0


class CaseLoader:
    """Holds at most one case that was read ahead, and those the disk has refused so far.

    Parameters
    ----------
    store : ReaderStore
    worklist : Worklist
    prefetch : bool
        Whether anything is read ahead.
    """

    def __init__(self, store: ReaderStore, worklist: Worklist, *, prefetch: bool) -> None:
        self._store, self._list, self._is_ahead = store, worklist, prefetch
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="review prefetch")
        self._key: Key = ()
        self._future: Future[OpenCase] | None = None
        self._unwritten: dict[tuple[str, int], CaseWork] = {}

    def load(self, case: ReviewCase, mask: str | None, reading: int | None) -> CaseWork:
        """Return a case to work on.

        Parameters
        ----------
        case : ReviewCase
        mask : str or None
            Title of the mask to begin with, if no version was saved; None: the first.
        reading : int or None
            None: the last one.

        Raises
        ------
        InputError
            If a file cannot be read.
        """
        status = self._status(case, mask, reading)
        self._forget_written()
        waiting = self._unwritten.get((case.name, status.reading))
        if waiting is not None:  # the disk does not have its last version yet
            return waiting
        opened = self._take(_key(status)) or self._read(case, status)
        opened.status = status
        return CaseWork(self._store, opened)

    def _forget_written(self) -> None:
        """Let go of the cases on the disk; a script faster than the disk waits here for it."""
        saver = self._store.saver
        if len(self._unwritten) >= MOST_WAITING and not saver.problem:
            saver.flush(WAIT_S)
        self._unwritten = {k: work for k, work in self._unwritten.items() if not work.is_written}

    def keep(self, work: CaseWork) -> None:
        """Keep a case that was left until its last version is on the disk."""
        self._unwritten[work.opened.name, work.opened.reading] = work

    def prefetch(self, name: str | None) -> None:
        """Begin to read a case in the thread; the one read ahead before is given up."""
        if name is None or not self._is_ahead:
            return
        case = self._store.project.case(name)
        status = self._status(case, None, None)
        key = _key(status)
        if key != self._key and (name, status.reading) not in self._unwritten:
            self.drop()
            self._key, self._future = key, self._pool.submit(self._read, case, status)

    def drop(self) -> None:
        """Give up what was read ahead."""
        if self._future is not None:
            self._future.cancel()
        self._key, self._future = (), None

    def close(self) -> None:
        """End the thread."""
        self.drop()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _take(self, key: Key) -> OpenCase | None:
        """Return what was read ahead, waiting for the rest; None if it is not this, or failed."""
        future = self._future if key == self._key else None
        self._key, self._future = (), None
        try:
            return future.result() if future is not None else None
        except MtmriError:
            return None  # it is read again, so that the error appears where the case is opened

    def _read(self, case: ReviewCase, status: CaseStatus) -> OpenCase:
        folder = self._store.project.mask_folder(case.name, status.reading)
        return load_case(case, status, folder, recover=not self._store.is_read_only)

    def _status(self, case: ReviewCase, mask: str | None, reading: int | None) -> CaseStatus:
        """Return the status of a reading, with the mask it begins with."""
        status = self._list.statuses()[case.name]
        if reading is not None:
            status = replace(self._store.status(case.name, reading), title=status.title)
        if status.version:
            return status
        if mask is None:
            has_begun = status.state != OPEN and (not status.base or status.base in case.masks)
            mask = status.base if has_begun else next(iter(case.masks), "")
        return replace(status, base=mask)


def _key(status: CaseStatus) -> Key:
    return status.name, str(status.reading), status.version, status.base
