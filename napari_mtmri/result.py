# SPDX-License-Identifier: BSD-3-Clause
"""Result: what a method made of a scan, on the grid of the input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_mtmri.geometry import Axes
from napari_mtmri.volume import Volume

if TYPE_CHECKING:
    from napari_mtmri.metrics.scores import Scores


@dataclass(frozen=True)
class Result:
    """Images, labels, timings and where they come from.

    Parameters
    ----------
    method, name : str
        Method and case.
    mask : bool (readout, phase)
        What was sampled.
    axes : Axes
    zero_filled : Volume
        Magnitude, float32, in the units of the input.
    reconstruction : Volume or None
        Magnitude, float32.
    probability : Volume or None
        Of the foreground, float32 from 0 to 1.
    labels : Volume or None
        uint8; 0 is background.
    error : Volume or None
        Reconstruction minus reference, float32, where there is a reference.
    request : mapping
        What was asked: method, parameters, pattern, simulation, device, precision.
    provenance : mapping
        Input and weights by SHA-256, versions, date.
    timings : mapping
        Seconds by step.
    warnings : tuple of str
        Lines a user should see.
    scores : mapping
        `Scores` by what was scored: the method and "zero-filled".
    reference : Volume or None
        In memory only; a run folder names it and does not hold it.
    """

    method: str
    name: str
    mask: np.ndarray
    axes: Axes
    zero_filled: Volume
    reconstruction: Volume | None = None
    probability: Volume | None = None
    labels: Volume | None = None
    error: Volume | None = None
    request: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    scores: Mapping[str, Scores] = field(default_factory=dict)
    reference: Volume | None = None

    @property
    def title(self) -> str:
        """Case, method, acceleration and pattern, as layers are named."""
        pattern = self.request.get("pattern") or {}
        name = pattern.get("name", "mask")
        return f"{self.name} · {self.method} R{self.acceleration:g} {name}"

    @property
    def acceleration(self) -> float:
        """Acceleration asked for, or achieved where only a mask is known."""
        pattern = self.request.get("pattern") or {}
        return float(pattern.get("acceleration", self.mask.size / max(self.mask.sum(), 1)))
