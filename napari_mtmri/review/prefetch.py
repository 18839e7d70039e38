# SPDX-License-Identifier: BSD-3-Clause
"""Read the next case in a thread, so that it opens at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from napari_mtmri.errors import MtmriError
from napari_mtmri.review.opened import OpenCase

Key = tuple[str, ...]


class Prefetch:
    """Holds at most one case that was read ahead.

    Parameters
    ----------
    is_on : bool
        Whether anything is read ahead.
    """

    def __init__(self, is_on: bool = True) -> None:
        self._is_on = is_on
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="review prefetch")
        self._key: Key = ()
        self._future: Future[OpenCase] | None = None

    def start(self, key: Key, load: Callable[[], OpenCase]) -> None:
        """Begin to read a case; the one read before is given up."""
        if self._is_on and key != self._key:
            self.drop()
            self._key, self._future = key, self._pool.submit(load)

    def take(self, key: Key) -> OpenCase | None:
        """Return the case if it was read ahead, waiting for the rest; None if not, or unreadable.

        Parameters
        ----------
        key : tuple of str
            What was asked for: a case whose state has changed since is not returned.
        """
        future = self._future if key == self._key else None
        self._key, self._future = (), None
        if future is None:
            return None
        try:
            return future.result()
        except MtmriError:
            return None  # it is read again, so that the error appears where it is opened

    def drop(self) -> None:
        """Give up what was read ahead."""
        if self._future is not None:
            self._future.cancel()
        self._key, self._future = (), None

    def close(self) -> None:
        """End the thread."""
        self.drop()
        self._pool.shutdown(wait=True, cancel_futures=True)
