# SPDX-License-Identifier: BSD-3-Clause
"""The process that trains in a training folder, and the lock that excludes all others.

Imports neither torch nor Qt.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from napari_mtmri.errors import RequestError
from napari_mtmri.train.folder.layout import LOCK, PROCESS

MOST_PID = 2**31
CLOCK_S = 5.0  # tolerated difference between the clocks of process and file
# Workers of a killed training hold its lock until they notice that it is gone.
PATIENCE_S = 10.0


@dataclass(frozen=True)
class Process:
    """A process that trains, or has trained, in a training folder.

    Parameters
    ----------
    pid : int
    host : str
    started : float
        Seconds since 1970.
    """

    pid: int
    host: str
    started: float

    @property
    def is_here(self) -> bool:
        """Whether the process runs, or ran, on this machine."""
        return self.host == socket.gethostname()

    def is_gone(self) -> bool:
        """Return whether the process has ended; False if unknown, as on another machine."""
        import psutil

        if not self.is_here:
            return False
        try:
            found = psutil.Process(self.pid)
            # A later process may have got the same number.
            is_other = bool(found.create_time() > self.started + CLOCK_S)
            return is_other or bool(found.status() == psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return True
        except psutil.Error:
            return False


def read_process(run: Path) -> Process | None:
    """Return the last process that trained in a training folder; None if unknown."""
    try:
        found = json.loads((run / PROCESS).read_text(encoding="utf-8"))
        who = Process(int(found["pid"]), str(found["host"]), float(found["started"]))
    except (OSError, ValueError, OverflowError, RecursionError, KeyError, TypeError):
        return None
    return who if 0 < who.pid < MOST_PID else None


@contextmanager
def only_one(run: Path) -> Iterator[None]:
    """Lock a training folder for the duration of the block, against other trainings.

    The operating system releases the lock when the process ends, even after ``kill -9``.
    On a file system without locks, nothing is locked.

    Raises
    ------
    RequestError
        If another process trains in the folder.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(run / LOCK, timeout=PATIENCE_S)
    try:
        lock.acquire()
    except Timeout:
        who = read_process(run)
        name = "another process" if who is None else f"process {who.pid} on {who.host}"
        raise RequestError(
            f"{run}: {name} is training there; stop it first, or choose another folder."
        ) from None
    except (OSError, NotImplementedError):
        pass  # the training itself reports a folder that cannot be written
    try:
        yield
    finally:
        lock.release()
