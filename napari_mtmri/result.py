# SPDX-License-Identifier: BSD-3-Clause
"""Result: images and labels that a method computed from a scan, on the grid of the input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_mtmri.geometry import Axes
from napari_mtmri.volume import Volume

if TYPE_CHECKING:
    from napari_mtmri.metrics.scores import Scores

ZERO_FILLED = "zero-filled"  # name of the baseline in the scores


@dataclass(frozen=True)
class Result:
    """Images, labels, scores and provenance of one method on one case.

    Parameters
    ----------
    method, name : str
        Name of the method and of the case.
    mask : bool array, (readout, phase)
        Sampling mask, True where measured.
    axes : Axes
        Slice, readout and phase-encoding axes of the volumes.
    zero_filled : Volume
        Magnitude, float32, in the unit of the input.
    reconstruction : Volume or None
        Magnitude, float32, in the unit of the input.
    probability : Volume or None
        Probability of the foreground, float32, 0 to 1.
    labels : Volume or None
        Segmentation, uint8; 0 is background.
    error : Volume or None
        Reconstruction minus reference, float32; None without a reference.
    residual : Volume or None
        Data-consistency residual of a scan without a reference, float32: root sum of squares
        over the coils of the part of the reconstruction that contradicts the measured samples.
    request : mapping
        Method, parameters, pattern, simulation, device and precision.
    provenance : mapping
        SHA-256 of input and weights, versions, date.
    timings : mapping
        Duration of each step in seconds.
    warnings : tuple of str
        Remarks for the user.
    scores : mapping
        `Scores` of the method and of "zero-filled".
    complex_reconstruction, complex_zero_filled : Volume or None
        With their phase, complex64, if they were asked for: their Fourier transforms show that
        measured samples were kept. With several coils: combined.
    reference : Volume or None
        In memory only; a result folder stores its name, not its voxels.
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
    residual: Volume | None = None
    request: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    scores: Mapping[str, Scores] = field(default_factory=dict)
    complex_reconstruction: Volume | None = None
    complex_zero_filled: Volume | None = None
    reference: Volume | None = None

    @property
    def n_classes(self) -> int:
        """Number of classes that the method segments; 1 if the request does not name them."""
        found = 0 if self.labels is None else int(self.labels.data.max(initial=0))
        return max(len(self.request.get("classes") or ()), found, 1)

    @property
    def title(self) -> str:
        """Case, method, acceleration and pattern, for the names of layers."""
        pattern = self.request.get("pattern") or {}
        name = pattern.get("name", "mask")
        return f"{self.name} · {self.method} R{self.acceleration:g} {name}"

    @property
    def acceleration(self) -> float:
        """Requested acceleration, or the achieved one if only the mask is known."""
        pattern = self.request.get("pattern") or {}
        return float(pattern.get("acceleration", self.mask.size / max(self.mask.sum(), 1)))
