# SPDX-License-Identifier: BSD-3-Clause
"""Trainings on disk, handled in threads: start, stop, list, and follow one of them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from qtpy.QtCore import QObject, QTimer, Signal

from napari_mtmri.gui.jobs import Latest, once
from napari_mtmri.train.folder import launch
from napari_mtmri.train.folder.layout import SLICES
from napari_mtmri.train.folder.process import Process
from napari_mtmri.train.monitor.reader import Follower, Snapshot

OFTEN_MS, SELDOM_MS = 400, 3000
# Share of one core for reading and drawing: where drawing is slow (OpenGL in software) the
# folder is read less often, so that a training on the same machine is hardly slowed down.
SHARE = 0.05
FIXED = {"zero-filled": "zero_filled", "reference": "truth", "labels": "mask"}
MOST_PICTURE_BYTES = 10**7


class Launcher(QObject):
    """Starts and stops trainings and keeps the list of known ones; disks may be slow.

    Signals
    -------
    started : Path, Process
    found : Path of a training that was started earlier and is still running
    listed : list of Path, newest first
    failed : exception
    """

    started = Signal(object, object)
    found = Signal(object)
    listed = Signal(object)
    failed = Signal(object)

    def start(self, words: Sequence[str], run: Path) -> None:
        """Start a shell command that trains in a folder."""
        once(partial(_start, words, run), self._started, self._failed)

    def stop(self, run: Path) -> None:
        """Ask a training to stop."""
        once(partial(launch.ask_to_stop, run), _ignore, self._failed)

    def remember(self, run: Path) -> None:
        """Put a training first in the list."""
        once(partial(_remember, run), self._listed, self._failed)

    def find(self) -> None:
        """List the known trainings, and find the newest running one."""
        once(_find, self._found, self._failed)

    # Methods, not signals, are called by a thread: they are disconnected with this object.

    def _failed(self, why: BaseException) -> None:
        self.failed.emit(why)

    def _listed(self, runs: list[Path]) -> None:
        self.listed.emit(runs)

    def _started(self, found: tuple[Path, Process]) -> None:
        self.started.emit(*found)

    def _found(self, found: tuple[list[Path], Path | None]) -> None:
        runs, running = found
        self.listed.emit(runs)
        if running is not None:
            self.found.emit(running)


def _start(words: Sequence[str], run: Path) -> tuple[Path, Process]:
    return run.resolve(), launch.start(words, run)


def _remember(run: Path) -> list[Path]:
    launch.remember_run(run)
    return [run, *(other for other in launch.recent_runs() if other != run)]


def _find() -> tuple[list[Path], Path | None]:
    runs = launch.recent_runs()
    running = (run for run in runs if Follower(run).poll().status.state == "running")
    return runs, next(running, None)


def _ignore(value: object) -> None:
    """Ignore the result of a request to stop."""


@dataclass(frozen=True, eq=False)
class Sight:
    """State of a training, as read from its folder.

    Parameters
    ----------
    run : Path
    snapshot : Snapshot
    pictures : mapping
        New PNG files by name: zero-filled, now, reference image, reference labels.
    """

    run: Path
    snapshot: Snapshot
    pictures: dict[str, bytes] = field(default_factory=dict)


class Watcher(QObject):
    """Reads the folder of one training a few times per second.

    Signals
    -------
    seen : Sight
    failed : exception
    """

    seen = Signal(object)
    failed = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._follower: Follower | None = None
        self._shown: set[str] = set()  # pictures that were read
        self._reads = Latest(self)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._read)
        self._pause_ms = OFTEN_MS
        self._spent = time.process_time()
        self._last_error = ""
        self._reads.done.connect(self._done)
        self._reads.failed.connect(self._failed)

    @property
    def run(self) -> Path | None:
        """The training folder that is watched."""
        return None if self._follower is None else self._follower.run

    def watch(self, run: Path, launched: Process | None = None) -> None:
        """Watch this folder from now on."""
        if self.run == run and self._follower is not None:
            self._follower.launched = launched or self._follower.launched
        else:
            self._reads.drop()
            self._follower, self._shown = Follower(run, launched), set()
        self._timer.start(0)

    def set_visible(self, is_visible: bool) -> None:
        """Read often while the panel is visible, seldom while it is not."""
        self._pause_ms = OFTEN_MS if is_visible else SELDOM_MS
        if is_visible and self._follower is not None:
            self._timer.start(0)

    def end(self) -> None:
        """Watch no training."""
        self._follower = None
        self._timer.stop()
        self._reads.drop()

    def _read(self) -> None:
        if self._follower is not None and not self._reads.is_busy:
            self._reads.ask(partial(_see, self._follower, frozenset(self._shown)))
        elif self._follower is not None:
            self._timer.start(self._pause_ms)

    def _done(self, sight: Sight) -> None:
        if self._follower is None or sight.run != self._follower.run:
            return
        newest = sight.snapshot.validation.get("picture")
        if sight.pictures:
            self._shown |= {*sight.pictures.keys() - {"now"}, str(newest)}
        snapshot, self._last_error = sight.snapshot, ""
        pause = self._pause() if snapshot.status.is_going_on else SELDOM_MS
        self._timer.start(0 if snapshot.has_more else pause)
        self.seen.emit(sight)

    def _failed(self, why: BaseException) -> None:
        """Report an error once and keep reading: a disk may come back."""
        self._timer.start(SELDOM_MS)
        if str(why) != self._last_error:
            self._last_error = str(why)
            self.failed.emit(why)

    def _pause(self) -> int:
        """Return the milliseconds to the next read, which increase with the duration of the last."""
        before, self._spent = self._spent, time.process_time()
        return min(max(self._pause_ms, round(1000 * (self._spent - before) / SHARE)), SELDOM_MS)


def _see(follower: Follower, known: frozenset[str]) -> Sight:
    """Return the current state of a training, with the pictures that are new."""
    snapshot = follower.poll()
    pictures = {}
    newest = snapshot.validation.get("picture")
    if isinstance(newest, str) and newest not in known and not snapshot.has_more:
        wanted = {name: f"{SLICES}/{file}.png" for name, file in FIXED.items()}
        wanted = {name: file for name, file in wanted.items() if name not in known}
        for name, file in {**wanted, "now": newest}.items():
            found = _picture(follower.run, file)
            if found is not None:
                pictures[name] = found
    return Sight(follower.run, snapshot, pictures)


def _picture(run: Path, file: str) -> bytes | None:
    """Return a picture inside the training folder; an event may name any file."""
    path = (run / file).resolve()
    try:
        is_inside = path.is_relative_to(run.resolve()) and path.suffix == ".png"
        if is_inside and path.stat().st_size <= MOST_PICTURE_BYTES:
            return path.read_bytes()
    except OSError:
        pass
    return None
