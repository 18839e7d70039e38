# SPDX-License-Identifier: BSD-3-Clause
"""History of a training, collected from its events in bounded memory.

Imports neither torch nor Qt.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np

from napari_mtmri.train.monitor.decimate import Curve, DecimatedSeries

N_RECENT, N_PACE, N_MESSAGES = 60, 200, 60
MOST_UPDATES = 2**53  # largest range of integers that a float counts exactly
PER_UPDATE = ("loss", "recon_loss", "alpha", "beta", "lr", "grad_norm")
LOSS, MOST_LOSSES = "_loss", 8  # end of the names of a method's own losses
PER_EPOCH = ("val_psnr", "val_psnr_gain", "val_dice", "val_dice_truth", "val_dice_ceiling")
SEG, SEG_TRUTH, SEG_OWN = "seg_loss", "seg_loss truth", "seg_loss own"


class History:
    """Curves, scores and speed of a training, collected from its events."""

    def __init__(self) -> None:
        self._curves: dict[str, DecimatedSeries] = {}
        self._fresh: dict[str, tuple[list[int], list[float]]] = {}  # not yet decimated
        self._losses: set[str] = set()
        self.recent: deque[tuple[int, bool]] = deque(maxlen=N_RECENT)
        self.pace: deque[tuple[float, int]] = deque(maxlen=N_PACE)
        self.bests: list[dict[str, Any]] = []
        self.messages: deque[str] = deque(maxlen=N_MESSAGES)
        self.facts: dict[str, Any] = {}
        self.validation: dict[str, Any] = {}
        self.checkpoint: dict[str, Any] = {}
        self.last: dict[str, Any] = {}
        self.updates = 0

    def add(self, event: dict[str, Any]) -> None:
        """Add one event."""
        kind = event["kind"]
        if not isinstance(kind, str) or not 0 <= event["updates"] <= MOST_UPDATES:
            return
        self.last, self.updates = event, event["updates"]
        if kind in ("start", "resume"):
            self._begin(event)
        elif kind == "update":
            self._update(event)
        elif kind == "validation":
            self._validate(event)
        elif kind == "checkpoint":
            self.checkpoint = event
        elif kind in ("warning", "failed"):
            self.messages.append(str(event.get("text", event.get("reason", ""))))

    def _begin(self, event: dict[str, Any]) -> None:
        """Remove the values that a resumed training repeats."""
        self.facts = event
        self.pace.clear()
        self._decimate()
        validated = (count_of(event, "epoch") or 0) * (count_of(event, "per_epoch") or 0)
        for name, curve in self._curves.items():
            curve.cut(validated if name in PER_EPOCH else event["updates"])
        self.bests = [best for best in self.bests if best["updates"] <= validated]
        kept = [mark for mark in self.recent if mark[0] <= event["updates"]]
        self.recent = deque(kept, maxlen=N_RECENT)
        if self.checkpoint.get("updates", 0) > event["updates"]:
            self.checkpoint = {}

    def _update(self, event: dict[str, Any]) -> None:
        at = event["updates"]
        self.pace.append((number_of(event, "time") or 0.0, at))
        if event.get("stage") != self.facts.get("stage"):
            self.facts = {**self.facts, "stage": event.get("stage")}
        for name in event:
            if name.endswith(LOSS) and name != SEG and len(self._losses) < MOST_LOSSES:
                self._losses.add(name)
        for name in {*PER_UPDATE, *self._losses}:
            self._put(name, at, number_of(event, name))
        teacher = event.get("teacher")
        if isinstance(teacher, bool):
            self.recent.append((at, teacher))
            self._put(SEG_TRUTH if teacher else SEG_OWN, at, number_of(event, SEG))
        else:
            self._put(SEG, at, number_of(event, SEG))

    def _validate(self, event: dict[str, Any]) -> None:
        self.validation = event
        if event.get("best") is True:
            self.bests.append(event)
        for name in PER_EPOCH:
            self._put(name, event["updates"], number_of(event, name))
        epoch = (count_of(event, "epoch") or 0) + 1
        scores = ", ".join(
            f"{n} {event[n]:.4g}" for n in PER_EPOCH if number_of(event, n) is not None
        )
        self.messages.append(f"epoch {epoch}: {scores}")

    def _put(self, name: str, at: int, value: float | None) -> None:
        if value is not None:
            places, values = self._fresh.setdefault(name, ([], []))
            places.append(at)
            values.append(value)

    def curves(self) -> dict[str, Curve]:
        """Return the current curves by name."""
        self._decimate()
        return {name: series.curve() for name, series in self._curves.items()}

    def _decimate(self) -> None:
        for name, (places, values) in self._fresh.items():
            x, y = np.array(places, float), np.array(values)
            self._curves.setdefault(name, DecimatedSeries()).extend(x, y)
        self._fresh = {}

    @property
    def seconds_per_update(self) -> float | None:
        """Clock time per update, including validation; None before the second update."""
        if len(self.pace) < 2:
            return None
        (first, start), (last, end) = self.pace[0], self.pace[-1]
        return max(last - first, 0.0) / max(end - start, 1)


def number_of(event: Mapping[str, Any], name: str) -> float | None:
    """Return a finite number from an event; None if it has none."""
    value = event.get(name)
    if type(value) is not float and type(value) is not int:
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:  # an integer of hundreds of digits
        return None


def count_of(event: Mapping[str, Any], name: str) -> int | None:
    """Return an integer from an event; None if it has none."""
    value = number_of(event, name)
    return None if value is None else int(value)
