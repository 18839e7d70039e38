# SPDX-License-Identifier: BSD-3-Clause
"""One training in a run folder at a time. Knows no torch and no Qt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from napari_mtmri.errors import RequestError
from napari_mtmri.train.folder.layout import LOCK
from napari_mtmri.train.folder.process import read_process

# Processes that made batches for a killed training hold its lock until they notice.
PATIENCE_S = 10.0


@contextmanager
def only_one(run: Path) -> Iterator[None]:
    """Keep all others from training in this folder while the block lasts.

    The lock is the system's: it goes with the process, also after ``kill -9``. A file
    system without locks is trusted.

    Raises
    ------
    RequestError
        If another training runs there.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(run / LOCK, timeout=PATIENCE_S)
    try:
        lock.acquire()
    except Timeout:
        who = read_process(run)
        name = "another process" if who is None else f"process {who.pid} on {who.host}"
        raise RequestError(
            f"{run}: {name} trains there already; stop it first, or choose another folder."
        ) from None
    except (OSError, NotImplementedError):
        pass  # what cannot be written is said where the training writes
    try:
        yield
    finally:
        lock.release()
