# SPDX-License-Identifier: BSD-3-Clause
"""Hooks of the training loop: events, checkpoints, validation, requests to stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from napari_mtmri.errors import Stopped
from napari_mtmri.methods.base import METHODS, training_of
from napari_mtmri.train.data.training_data import TrainingData
from napari_mtmri.train.export.slice_pictures import SlicePictures
from napari_mtmri.train.folder.checkpoint import Position, save_checkpoint
from napari_mtmri.train.folder.event_log import EventLog, NoEventLog
from napari_mtmri.train.folder.layout import STOP
from napari_mtmri.train.loop.validation import Validator

Report = Callable[[dict[str, Any]], None]


class Hooks:
    """Calls of the loop around its updates; only the first process writes files.

    Parameters
    ----------
    fabric : Fabric
    out : Path
        Training folder.
    material : TrainingData
    position : Position
        Where the training begins or continues.
    wants_stop : callable
        Returns whether the user has asked to stop.
    checkpoint_every_s : float
        Seconds between checkpoints within an epoch.
    report : callable
        Receives every event.
    """

    def __init__(
        self,
        fabric: Any,
        out: Path,
        material: TrainingData,
        position: Position,
        *,
        wants_stop: Callable[[], bool],
        checkpoint_every_s: float,
        report: Report,
    ) -> None:
        self._fabric, self._out, self._wants_stop = fabric, out, wants_stop
        self._every_s, self._saved = checkpoint_every_s, time.monotonic()
        self._events: EventLog | NoEventLog = NoEventLog()
        if fabric.is_global_zero:
            self._events = EventLog(out, position.updates, position.n_validated, report)
        recipe = material.recipe
        window = training_of(recipe.method).architecture(recipe).get("window")
        sees_truth = METHODS.get(recipe.method).is_full_sample
        self._validator = Validator(material.val, recipe, window, sees_truth=sees_truth)
        self._pictures = SlicePictures(out, material.val)

    def __enter__(self) -> Hooks:
        """Open the event log until the block ends."""
        self._events.__enter__()
        return self

    def __exit__(self, kind: object, why: BaseException | None, trace: object) -> None:
        """Write the reason if the block failed, and close the event log."""
        self._events.__exit__(kind, why, trace)

    def emit(self, kind: str, position: Position, **facts: Any) -> None:
        """Write one event."""
        self._events.emit(kind, position.updates, **facts)

    def beat(self) -> bool:
        """Touch the heartbeat; return whether to stop (several processes ask `is_to_stop`)."""
        self._events.beat()
        return self._fabric.world_size == 1 and self._wants_stop()

    def is_to_stop(self) -> bool:
        """Return whether any process was asked to stop; the same for all of them."""
        asked = torch.tensor(float(self._wants_stop()), device=self._fabric.device)
        return bool(self._fabric.all_reduce(asked, reduce_op="sum") > 0)

    def is_checkpoint_due(self) -> bool:
        """Return whether the next checkpoint is due."""
        return time.monotonic() - self._saved > self._every_s

    def save(
        self, objective: nn.Module, optimizer: Any, position: Position, *, is_best: bool = False
    ) -> None:
        """Write a checkpoint."""
        if self._fabric.is_global_zero:
            save_checkpoint(self._out, objective, optimizer, position, is_best=is_best)
            self.emit("checkpoint", position, best=is_best)
        self._saved = time.monotonic()

    def validate(
        self, network: nn.Module, epoch: int, beat: Callable[[], None]
    ) -> tuple[dict[str, float], str | None]:
        """Return the validation scores of the network, and the picture of one slice."""
        with self._fabric.autocast():
            scores = self._validator.scores(network, self._fabric.device, beat)
            slices = self._validator.pictures(network, self._fabric.device)
        return scores, self._pictures.save(epoch, slices)

    def stopped(self, position: Position) -> Stopped:
        """Log the stop and remove the request; return the exception."""
        if self._fabric.is_global_zero:
            (self._out / STOP).unlink(missing_ok=True)
        self.emit("stopped", position, epoch=position.n_validated)
        return Stopped(f"{self._out}: stopped after update {position.updates}; it can be resumed.")
