# SPDX-License-Identifier: BSD-3-Clause
"""Lock of a reader's folder: one process writes, others read."""

from __future__ import annotations

import getpass
import json
import os
import socket
import time
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from napari_mtmri.errors import MtmriError, ResourceError
from napari_mtmri.files import write_whole
from napari_mtmri.train.folder.process import Process

OWNER, KERNEL = "lock.json", ".lock"
SECONDS_BETWEEN_BEATS = 10.0
STALE_AFTER_S = 120.0


@dataclass(frozen=True)
class Owner:
    """Who holds a lock.

    Parameters
    ----------
    reader, user, host : str
    pid : int
    started : float
        Seconds since 1970.
    token : str
        Unique to the lock.
    """

    reader: str
    user: str
    host: str
    pid: int
    started: float
    token: str

    @property
    def text(self) -> str:
        """Who and where, for a sentence."""
        return f"{self.user} on {self.host} (process {self.pid})"

    def is_gone(self) -> bool:
        """Return whether the process has ended; False if unknown, as on another machine."""
        return Process(self.pid, self.host, self.started).is_gone()


class Locked(MtmriError):
    """Another process writes in the folder.

    Parameters
    ----------
    owner : Owner or None
    is_silent : bool
        Whether it gave no sign for `STALE_AFTER_S`, so that it may be taken over.
    """

    def __init__(self, folder: Path, owner: Owner | None, is_silent: bool) -> None:
        who = "another process" if owner is None else owner.text
        silent = ", but gave no sign for two minutes" if is_silent else ""
        super().__init__(f"{folder}: {who} reviews here{silent}; opened to read only.")
        self.owner, self.is_silent = owner, is_silent


class Lock:
    """A lock that is held; see `acquire_lock`."""

    def __init__(self, folder: Path, owner: Owner, kernel: Any, taken_from: Owner | None) -> None:
        self._folder, self.owner, self._kernel = folder, owner, kernel
        self.taken_from = taken_from
        self._last_beat = time.monotonic()

    def require(self) -> None:
        """Check that the folder is there and the lock is still ours.

        Raises
        ------
        ResourceError
            If the folder has vanished, or another process took the lock over.
        """
        found = read_owner(self._folder)
        if found is None:
            if not any((self._folder / name).exists() for name in (OWNER, KERNEL)):
                raise ResourceError(
                    f"{self._folder}: has vanished; connect its disk again. The last edits are "
                    "kept in memory."
                )
            write_owner(self._folder, self.owner)
        elif found.token != self.owner.token:
            raise ResourceError(
                f"{self._folder}: was taken over by {found.text}; the last edits are in memory "
                "only."
            )
        self.beat()

    def beat(self) -> None:
        """Give a sign of life, at most every `SECONDS_BETWEEN_BEATS`."""
        if time.monotonic() - self._last_beat >= SECONDS_BETWEEN_BEATS:
            self._last_beat = time.monotonic()
            with suppress(OSError):
                os.utime(self._folder / OWNER)

    def release(self) -> None:
        """Give the lock back."""
        found = read_owner(self._folder)
        if found is not None and found.token == self.owner.token:
            with suppress(OSError):
                (self._folder / OWNER).unlink()
        if self._kernel is not None:
            self._kernel.release()


def read_owner(folder: Path) -> Owner | None:
    """Return who holds the lock of a folder; None if nobody does, or it cannot be read."""
    try:
        found = json.loads((folder / OWNER).read_text(encoding="utf-8"))
        return Owner(
            str(found["reader"]), str(found["user"]), str(found["host"]),
            int(found["pid"]), float(found["started"]), str(found["token"]),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_owner(folder: Path, owner: Owner) -> None:
    """Write who holds the lock of a folder."""
    text = json.dumps(asdict(owner))
    write_whole(folder / OWNER, lambda file: file.write_text(text, encoding="utf-8"))


def acquire_lock(folder: Path, reader: str, *, take_over: bool = False) -> Lock:
    """Lock the folder of a reader for this process.

    The operating system releases its part of the lock when the process ends, also after
    ``kill -9``; a lock of a process of this machine that has ended is taken over. A lock held
    on another machine is refused, unless it gave no sign for `STALE_AFTER_S` and
    ``take_over`` is set.

    Parameters
    ----------
    folder : Path
        Made if it does not exist.
    reader : str
    take_over : bool
        Take a lock over from another machine that gives no sign of life.

    Raises
    ------
    Locked
        If another process holds it.
    ResourceError
        If the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as why:
        raise ResourceError(
            f"{folder}: cannot be made ({why.strerror or why}); choose another review folder."
        ) from why
    kernel = _kernel_lock(folder)
    found = read_owner(folder)
    if kernel == "held":
        raise Locked(folder, found, False)
    try:
        taken_from = _check_owner(folder, found, take_over)
        me = Owner(
            reader, _user(), socket.gethostname(), os.getpid(), time.time(), uuid.uuid4().hex
        )
        write_owner(folder, me)
    except BaseException:
        if kernel is not None:
            kernel.release()
        raise
    return Lock(folder, me, kernel, taken_from)


def _check_owner(folder: Path, found: Owner | None, take_over: bool) -> Owner | None:
    """Return the owner of a stale lock; refuse one that may be alive."""
    if found is None or found.is_gone():
        return found
    is_silent = _age(folder) > STALE_AFTER_S
    if not (is_silent and take_over):
        raise Locked(folder, found, is_silent)
    return found


def _kernel_lock(folder: Path) -> Any:
    """Return a lock of the operating system, "held", or None where the disk has none."""
    from filelock import FileLock, Timeout

    lock = FileLock(folder / KERNEL, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        return "held"
    except (OSError, NotImplementedError):
        return None
    return lock


def _age(folder: Path) -> float:
    """Return the seconds since the last sign of life, by the clock of the disk."""
    probe = folder / f".{uuid.uuid4().hex[:8]}.now"
    try:
        probe.touch()
        return probe.stat().st_mtime - (folder / OWNER).stat().st_mtime
    except OSError:
        return 0.0
    finally:
        with suppress(OSError):
            probe.unlink()


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"
