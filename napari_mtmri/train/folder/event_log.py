# SPDX-License-Identifier: BSD-3-Clause
"""What a training writes while it goes: events, heartbeat, a table of epochs, TensorBoard."""

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
from napari_mtmri.files import write_whole
from napari_mtmri.train.folder.layout import BOARD, EVENTS, HEARTBEAT, LOG, PROCESS, read_events

SECONDS_BETWEEN_BEATS = 1.0
CURVES = ("loss", "recon_loss", "seg_loss", "alpha", "beta", "lr", "grad_norm")
COLUMNS = (
    "epoch", "updates", "seconds", "lr", "loss", "recon_loss", "seg_loss", "alpha", "beta",
    "grad_norm", "val_psnr", "val_psnr_gain", "val_dice", "val_dice_truth", "score", "best",
)  # fmt: skip


class Journal:
    """Writes the events of one process that trains.

    Parameters
    ----------
    out : Path
        Run folder.
    updates : int
        Updates done before; what was written of later ones is void.
    epoch : int
        Epochs that were validated before.
    report : callable
        Hears every event.
    """

    def __init__(
        self, out: Path, updates: int, epoch: int, report: Callable[[dict[str, Any]], None]
    ) -> None:
        self._out, self._report, self._updates = out, report, updates
        self._beat = 0.0
        self._sums: dict[str, list[float]] = {}
        try:
            self._file = (out / EVENTS).open("a", encoding="utf-8")
        except OSError as why:
            raise _full(out / EVENTS, why) from why
        me = {"pid": os.getpid(), "host": socket.gethostname(), "started": time.time()}
        text = json.dumps({**me, "command": sys.argv})
        write_whole(out / PROCESS, lambda file: file.write_text(text, encoding="utf-8"))
        self._board = _board(out / BOARD, updates)
        self._keep_rows_before(epoch)
        for event in read_events(out) if updates else ():
            if (
                event["kind"] == "update"
                and event["epoch"] == epoch
                and event["updates"] <= updates
            ):
                self._add(event)  # of the epoch that goes on

    def __enter__(self) -> Journal:
        """Write until the block ends."""
        return self

    def __exit__(self, kind: object, why: BaseException | None, trace: object) -> None:
        """Say why the block ended, if it failed, and close all files."""
        if why is not None and not isinstance(why, Stopped):
            with suppress(ResourceError):  # the disk may be what failed
                self.emit("failed", self._updates, reason=f"{why}" or type(why).__name__)
        with suppress(OSError):  # what a full disk did not take
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
        """Say that the training is alive, at most once a second."""
        if time.monotonic() - self._beat >= SECONDS_BETWEEN_BEATS:
            self._beat = time.monotonic()
            (self._out / HEARTBEAT).touch()

    def _count(self, event: Mapping[str, Any]) -> None:
        for key in CURVES:
            if key in event:
                self._board.add_scalar(key, event[key], event["updates"])
        self._add(event)

    def _add(self, event: Mapping[str, Any]) -> None:
        for key in (*CURVES, "seconds"):
            if key in event:
                self._sums.setdefault(key, []).append(event[key])

    def _end_epoch(self, event: Mapping[str, Any]) -> None:
        row = {key: sum(values) / len(values) for key, values in self._sums.items()}
        row["seconds"] = sum(self._sums.get("seconds", ()))
        row |= {key: value for key, value in event.items() if key in COLUMNS}
        self._sums = {}
        for key, value in event.items():
            if key.startswith("val_"):
                self._board.add_scalar(key, value, event["updates"])
        self._board.flush()
        place = self._out / LOG
        try:
            is_new = not place.exists()
            with place.open("a", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, COLUMNS)
                if is_new:
                    writer.writeheader()
                writer.writerow(row)
        except OSError as why:
            raise _full(place, why) from why

    def _keep_rows_before(self, epoch: int) -> None:
        """Take out the epochs that are going to be done again."""
        place = self._out / LOG
        if not place.exists():
            return
        with place.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if int(row["epoch"] or 0) < epoch]

        def write(beside: Path) -> None:
            with beside.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, COLUMNS)
                writer.writeheader()
                writer.writerows(rows)

        write_whole(place, write)


class Silence:
    """The journal of a process that is not the first: only the first one writes."""

    def __enter__(self) -> Silence:
        """Write nothing."""
        return self

    def __exit__(self, *why: object) -> None:
        """Write nothing."""

    def emit(self, kind: str, updates: int, **facts: Any) -> None:
        """Write nothing."""

    def beat(self) -> None:
        """Write nothing."""


def _full(path: Path, why: OSError) -> ResourceError:
    return ResourceError(
        f"{path}: cannot be written ({why}); make room and go on from the last checkpoint."
    )


def _board(folder: Path, updates: int) -> Any:
    """Return a writer for TensorBoard, where it is installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return _NoBoard()
    return SummaryWriter(str(folder), purge_step=updates + 1)


class _NoBoard:
    def add_scalar(self, key: str, value: float, step: int) -> None:
        pass

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass
