# SPDX-License-Identifier: BSD-3-Clause
"""Looks at a run folder a few times a second, in a thread."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from qtpy.QtCore import QObject, QTimer, Signal

from napari_mtmri.gui.jobs import Latest
from napari_mtmri.train.folder.layout import SLICES
from napari_mtmri.train.folder.process import Process
from napari_mtmri.train.monitor.reader import Follower, Snapshot

OFTEN_MS, SELDOM_MS = 400, 3000
# Of one core, for looking and drawing: where drawing is slow (OpenGL in software) looks are
# rarer, so that a training on the same machine hardly notices.
SHARE = 0.05
FIXED = {"zero-filled": "zero_filled", "truth": "truth", "mask": "mask"}
MOST_PICTURE_BYTES = 10**7


@dataclass(frozen=True, eq=False)
class Sight:
    """What was seen.

    Parameters
    ----------
    run : Path
    snapshot : Snapshot
    pictures : mapping
        New PNG files by name: zero-filled, now, truth, mask.
    """

    run: Path
    snapshot: Snapshot
    pictures: dict[str, bytes] = field(default_factory=dict)


class Watching(QObject):
    """Follows one training.

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
        self._looks = Latest(self)
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.timeout.connect(self._look)
        self._pause_ms = OFTEN_MS
        self._spent = time.process_time()
        self._said = ""  # of a look that failed
        self._looks.done.connect(self._looked)
        self._looks.failed.connect(self._failed)

    @property
    def run(self) -> Path | None:
        """The folder that is watched."""
        return None if self._follower is None else self._follower.run

    def watch(self, run: Path, launched: Process | None = None) -> None:
        """Watch this folder from now on."""
        if self.run == run and self._follower is not None:
            self._follower.launched = launched or self._follower.launched
        else:
            self._looks.drop()
            self._follower, self._shown = Follower(run, launched), set()
        self._turn.start(0)

    def hurry(self, is_seen: bool) -> None:
        """Look often while somebody sees it, seldom while nobody does."""
        self._pause_ms = OFTEN_MS if is_seen else SELDOM_MS
        if is_seen and self._follower is not None:
            self._turn.start(0)

    def end(self) -> None:
        """Look no more."""
        self._follower = None
        self._turn.stop()
        self._looks.drop()

    def _look(self) -> None:
        if self._follower is not None and not self._looks.is_busy:
            self._looks.ask(partial(_see, self._follower, frozenset(self._shown)))
        elif self._follower is not None:
            self._turn.start(self._pause_ms)

    def _looked(self, sight: Sight) -> None:
        if self._follower is None or sight.run != self._follower.run:
            return
        newest = sight.snapshot.validation.get("picture")
        if sight.pictures:
            self._shown |= {*sight.pictures.keys() - {"now"}, str(newest)}
        snapshot, self._said = sight.snapshot, ""
        pause = self._pause() if snapshot.status.is_going_on else SELDOM_MS
        self._turn.start(0 if snapshot.has_more else pause)
        self.seen.emit(sight)

    def _failed(self, why: BaseException) -> None:
        """Say it once and look on: a disk may come back."""
        self._turn.start(SELDOM_MS)
        if str(why) != self._said:
            self._said = str(why)
            self.failed.emit(why)

    def _pause(self) -> int:
        """Return the milliseconds to the next look: the longer, the more the last one took."""
        before, self._spent = self._spent, time.process_time()
        return min(max(self._pause_ms, round(1000 * (self._spent - before) / SHARE)), SELDOM_MS)


def _see(follower: Follower, known: frozenset[str]) -> Sight:
    """Return what is there now, with the pictures that are not known."""
    snapshot = follower.poll()
    pictures = {}
    newest = snapshot.validation.get("picture")
    if isinstance(newest, str) and newest not in known and not snapshot.has_more:
        wanted = {name: f"{SLICES}/{file}.png" for name, file in FIXED.items()}
        wanted = {name: file for name, file in wanted.items() if name not in known}
        for name, file in {**wanted, "now": newest}.items():
            found = _read(follower.run, file)
            if found is not None:
                pictures[name] = found
    return Sight(follower.run, snapshot, pictures)


def _read(run: Path, file: str) -> bytes | None:
    """Return a picture inside the run folder; an event may name anything."""
    path = (run / file).resolve()
    try:
        is_ours = path.is_relative_to(run.resolve()) and path.suffix == ".png"
        if is_ours and path.stat().st_size <= MOST_PICTURE_BYTES:
            return path.read_bytes()
    except OSError:
        pass
    return None
