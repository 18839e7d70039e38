# SPDX-License-Identifier: BSD-3-Clause
"""Follow a training by reading its folder, on any machine. Imports neither torch nor Qt."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from napari_mtmri.train.folder.checkpoint import Position, has_checkpoint, read_position
from napari_mtmri.train.folder.launch import console_of
from napari_mtmri.train.folder.layout import (
    EVENTS,
    HEARTBEAT,
    LAST,
    PREVIOUS,
    STOP,
    is_file,
    parse_events,
)
from napari_mtmri.train.folder.process import Process, read_process
from napari_mtmri.train.monitor.aggregate import History, count_of, number_of
from napari_mtmri.train.monitor.decimate import Curve
from napari_mtmri.train.monitor.status import ENDS, Status, is_stalled

MOST_BYTES = 4 * 2**20  # largest block read at once
# A thread that computes gives the interpreter to the window's thread only every 5 ms. Sleeping
# now and then keeps the window responsive while millions of events are read.
EVENTS_AT_ONCE, REST_S = 100, 0.0005
HEAD_BYTES = 128  # first bytes of the event file; they change if the file is replaced
MOST_LINE_BYTES = 2**16
TAIL_BYTES, TAIL_LINES = 2**14, 60


@dataclass(frozen=True, eq=False)
class Snapshot:
    """State of a training at one time, of bounded size.

    Parameters
    ----------
    number : int
        Increases with each new event.
    status : Status
    curves : mapping of Curve
        By the keys of the events; the segmentation loss is split into updates with the
        reference image and with the reconstruction.
    recent : ((int, bool), ...)
        The latest updates, and whether the input of the U-Net was the reference image.
    facts : mapping
        The last "start" or "resume" event.
    validation, best : mapping
        The latest and the best "validation" event; empty if there is none.
    lines : (str, ...)
        The last lines of the console output, or else messages from the events.
    has_more : bool
        Whether more events can be read at once.
    """

    number: int = 0
    status: Status = field(default_factory=Status)
    curves: Mapping[str, Curve] = field(default_factory=dict)
    recent: tuple[tuple[int, bool], ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    validation: Mapping[str, Any] = field(default_factory=dict)
    best: Mapping[str, Any] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    has_more: bool = False


class Follower:
    """Reads new events of a training folder; call `poll` in a thread.

    Parameters
    ----------
    run : Path
        Training folder.
    launched : Process, optional
        Process that was started to train there and may not have written anything yet.
    """

    def __init__(self, run: Path, launched: Process | None = None) -> None:
        self.run, self.launched = Path(run), launched
        self._restart()

    def _restart(self) -> None:
        self._place, self._head, self._number = 0, b"", 0
        self._history = History()
        self._checkpoint: tuple[tuple[float, float], Position | None] | None = None
        self._curves: tuple[int, dict[str, Curve]] = (0, {})

    def poll(self, now: float | None = None) -> Snapshot:
        """Read new events and return the state of the training; never waits, never raises."""
        has_more = self._read()
        history = self._history
        return Snapshot(
            number=self._number,
            status=self._status(time.time() if now is None else now),
            curves=self._drawn(),
            recent=tuple(history.recent),
            facts=history.facts,
            validation=history.validation,
            best=history.bests[-1] if history.bests else {},
            lines=_tail(console_of(self.run)) or tuple(history.messages),
            has_more=has_more,
        )

    def _drawn(self) -> dict[str, Curve]:
        if self._curves[0] != self._number:
            self._curves = self._number, self._history.curves()
        return self._curves[1]

    def _read(self) -> bool:
        """Read the complete lines that were added; return whether there are more."""
        try:
            with (self.run / EVENTS).open("rb") as file:
                head = file.read(HEAD_BYTES)
                size = file.seek(0, 2)
                if size < self._place or not head.startswith(self._head):
                    self._restart()
                self._head = head
                file.seek(self._place)
                block = file.read(MOST_BYTES)
        except OSError:
            if self._place:
                self._restart()
            return False
        whole = block.rfind(b"\n") + 1
        if not whole and len(block) > MOST_LINE_BYTES:
            whole = len(block)  # too long for an event: skipped
        self._place += whole
        for number, event in enumerate(parse_events(block[:whole].splitlines())):
            self._history.add(event)
            if number % EVENTS_AT_ONCE == EVENTS_AT_ONCE - 1:
                time.sleep(REST_S)
        self._number += whole
        return whole > 0 and self._place < size

    def _status(self, now: float) -> Status:
        found = self._by_events(now)
        if found.state == "finished" or (not self._history.last and found.state != "starting"):
            return self._by_checkpoint(found)
        return found

    def _by_checkpoint(self, found: Status) -> Status:
        """Return the state by the checkpoint, where events are missing or promise too much."""
        if not has_checkpoint(self.run):
            return found
        seen = _modified(self.run / LAST), _modified(self.run / PREVIOUS)
        if self._checkpoint is None or self._checkpoint[0] != seen:
            self._checkpoint = seen, read_position(self.run)
        position = self._checkpoint[1]
        if position is None:
            return replace(found, state="failed", reason="its checkpoints are damaged.")
        epoch, epochs = position.n_validated, position.recipe.optimizer.epochs
        total = None if not epoch else round(position.updates / epoch * epochs)
        return replace(
            found,
            state="finished" if epoch >= epochs else "killed",
            reason="",
            updates=position.updates,
            total=found.total or total,
            epoch=epoch,
            epochs=epochs,
        )

    def _by_events(self, now: float) -> Status:
        history, last = self._history, self._history.last
        last_time = number_of(last, "time") or 0.0
        who = self._who()
        pace = history.seconds_per_update
        facts: dict[str, Any] = {}
        if history.facts:
            total = count_of(history.facts, "total")
            left = None if total is None or pace is None else max(total - history.updates, 0) * pace
            facts = {
                "updates": history.updates,
                "total": total,
                "epoch": _epochs_done(history),
                "epochs": count_of(history.facts, "epochs"),
                "seconds_per_update": pace,
                "seconds_left": left,
                "checkpoint_at": number_of(history.checkpoint, "time"),
                "checkpoint_updates": count_of(history.checkpoint, "updates"),
            }
        if who is not None and who.started > last_time:  # it has not written an event yet
            if not who.is_gone():
                return Status("starting", is_stopping=self._is_stopping(), **facts)
            return Status("failed", self._last_words(), **facts)
        if not last:
            return Status()
        if last["kind"] in ENDS:
            return Status(ENDS[last["kind"]], str(last.get("reason", "")), **facts)
        silent = max(now - max(last_time, _modified(self.run / HEARTBEAT)), 0.0)
        if who is not None and who.is_gone():
            return Status("killed", **facts)
        state = "stalled" if is_stalled(silent, pace) else "running"
        return Status(state, "", self._is_stopping(), silent_s=silent, **facts)  # type: ignore[arg-type]

    def _who(self) -> Process | None:
        known = [one for one in (self.launched, read_process(self.run)) if one is not None]
        return max(known, key=lambda one: one.started, default=None)

    def _is_stopping(self) -> bool:
        return is_file(self.run / STOP)

    def _last_words(self) -> str:
        lines = [line for line in _tail(console_of(self.run)) if not line.startswith("note: ")]
        return lines[-1] if lines else "its process ended before the training began."


def _epochs_done(history: History) -> int:
    per_epoch = count_of(history.facts, "per_epoch")
    return 0 if not per_epoch else history.updates // per_epoch


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _tail(path: Path) -> tuple[str, ...]:
    """Return the last lines of a growing text file."""
    try:
        with path.open("rb") as file:
            file.seek(max(file.seek(0, 2) - TAIL_BYTES, 0))
            text = file.read(TAIL_BYTES).decode("utf-8", "replace")
    except OSError:
        return ()
    lines = [line.rstrip() for line in text.replace("\r", "\n").split("\n")]
    return tuple(line for line in lines if line)[-TAIL_LINES:]
