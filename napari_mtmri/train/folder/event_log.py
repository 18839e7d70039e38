# SPDX-License-Identifier: BSD-3-Clause
"""Event log: records of the progress of a training."""

from __future__ import annotations

import csv
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from napari_mtmri.errors import ResourceError, Stopped
from napari_mtmri.files import write_text
from napari_mtmri.tables import csv_text
from napari_mtmri.train.folder.layout import BOARD, EVENTS, HEARTBEAT, LOG, PROCESS, read_events

SECONDS_BETWEEN_BEATS = 1.0
CURVES = ("loss", "recon_loss", "seg_loss", "alpha", "beta", "lr", "grad_norm")
COLUMNS = (
    "epoch", "updates", "seconds", "lr", "loss", "recon_loss", "seg_loss", "alpha", "beta",
    "grad_norm", "val_psnr", "val_psnr_gain", "val_dice", "val_dice_truth",
    "val_dice_ceiling", "score", "best",
)  # fmt: skip


class EventLog:
    """Writes the events of a training: event file, heartbeat, table of epochs, TensorBoard.

    Parameters
    ----------
    out : Path
        Training folder.
    updates : int
        Number of updates done before; events of later updates are discarded.
    epoch : int
        Number of epochs validated before.
    report : callable
        Called with each event.
    """

    def __init__(
        self, out: Path, updates: int, epoch: int, report: Callable[[dict[str, Any]], None]
    ) -> None:
        self._out, self._report, self._updates = out, report, updates
        self._last_beat = 0.0
        self._values: dict[str, list[float]] = {}  # of the updates of the current epoch
        try:
            self._file = (out / EVENTS).open("a", encoding="utf-8")
        except OSError as why:
            raise _full(out / EVENTS, why) from why
        me = {"pid": os.getpid(), "host": socket.gethostname(), "started": time.time()}
        write_text(out / PROCESS, json.dumps({**me, "command": sys.argv}))
        self._board = _board(out / BOARD, updates)
        self._rows = _rows_before(out / LOG, epoch)
        if (out / LOG).exists():
            self._write_rows()
        for event in read_events(out) if updates else ():
            is_current = event["kind"] == "update" and event["epoch"] == epoch
            if is_current and event["updates"] <= updates:
                self._add(event)

    def __enter__(self) -> EventLog:
        """Return the event log; its files are closed when the block ends."""
        return self

    def __exit__(self, kind: object, why: BaseException | None, trace: object) -> None:
        """Write the reason if the block failed, and close all files."""
        if why is not None and not isinstance(why, Stopped):
            with suppress(ResourceError):  # the disk may be full
                self.emit("failed", self._updates, reason=f"{why}" or type(why).__name__)
        with suppress(OSError):  # buffered text that a full disk refuses
            self._file.close()
        self._board.close()

    def emit(self, kind: str, updates: int, **facts: Any) -> None:
        """Write one event.

        Raises
        ------
        ResourceError
            If the disk is full.
        """
        self._updates = updates
        event = {"time": time.time(), "kind": kind, "updates": updates, **facts}
        try:
            self._file.write(json.dumps(event) + "\n")
            self._file.flush()
        except OSError as why:
            raise _full(self._out / EVENTS, why) from why
        self.beat()
        if kind == "update":
            self._count(event)
        elif kind == "validation":
            self._end_epoch(event)
        self._report(event)

    def beat(self) -> None:
        """Touch the heartbeat file, at most once per second: the training is alive."""
        if time.monotonic() - self._last_beat >= SECONDS_BETWEEN_BEATS:
            self._last_beat = time.monotonic()
            (self._out / HEARTBEAT).touch()

    def _count(self, event: Mapping[str, Any]) -> None:
        for key in _curves_of(event):
            self._board.add_scalar(key, event[key], event["updates"])
        self._add(event)

    def _add(self, event: Mapping[str, Any]) -> None:
        for key in (*_curves_of(event), "seconds"):
            if key in event:
                self._values.setdefault(key, []).append(event[key])

    def _end_epoch(self, event: Mapping[str, Any]) -> None:
        row = {key: sum(values) / len(values) for key, values in self._values.items()}
        row["seconds"] = sum(self._values.get("seconds", ()))
        row |= {key: value for key, value in event.items() if key in COLUMNS}
        self._values = {}
        for key, value in event.items():
            if key.startswith("val_"):
                self._board.add_scalar(key, value, event["updates"])
        self._board.flush()
        self._rows.append(row)
        self._write_rows()

    def _write_rows(self) -> None:
        others = dict.fromkeys(key for row in self._rows for key in row if key not in COLUMNS)
        write_text(self._out / LOG, csv_text((*COLUMNS, *others), self._rows))


class NoEventLog:
    """The event log of all processes except the first: it writes nothing."""

    def __enter__(self) -> NoEventLog:
        """Write nothing."""
        return self

    def __exit__(self, *why: object) -> None:
        """Write nothing."""

    def emit(self, kind: str, updates: int, **facts: Any) -> None:
        """Write nothing."""

    def beat(self) -> None:
        """Write nothing."""


def _curves_of(event: Mapping[str, Any]) -> list[str]:
    """Return the names of the numbers of an update, including the losses of any method."""
    return [key for key in event if key in CURVES or key.endswith("_loss")]


def _rows_before(table: Path, epoch: int) -> list[Mapping[str, Any]]:
    """Return the rows of the table of epochs, without those that are repeated."""
    if not table.exists():
        return []
    with table.open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if int(row["epoch"] or 0) < epoch]


def _full(path: Path, why: OSError) -> ResourceError:
    return ResourceError(
        f"{path}: cannot be written ({why}); free some space and resume from the last checkpoint."
    )


def _board(folder: Path, updates: int) -> Any:
    """Return a TensorBoard writer; one that writes nothing if TensorBoard is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return _NoBoard()
    return SummaryWriter(str(folder), purge_step=updates + 1)


class _NoBoard:
    """Accepts every call of a TensorBoard writer and does nothing."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *values: None
