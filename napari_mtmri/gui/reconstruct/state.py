# SPDX-License-Identifier: BSD-3-Clause
"""Choices in the Reconstruct panel, without Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from psygnal import SignalGroupDescriptor

from napari_mtmri.acquisition import Acquisition
from napari_mtmri.batch.method_choice import MethodChoice
from napari_mtmri.geometry import Axes
from napari_mtmri.gui.viewer.result_layers import error_top
from napari_mtmri.methods.base import DEFAULT_METHOD
from napari_mtmri.patterns.base import PATTERNS, Pattern
from napari_mtmri.volume import Volume

LAYERS = (
    "zero-filled",
    "reconstruction",
    "error",
    "segmentation",
    "probability",
    "disagreement",
    "k-space",
)
SHOWN_AT_FIRST = ("zero-filled", "reconstruction", "error", "segmentation")
DISPLAY = ("shown", "error_scale", "error_top")
METHOD = ("method", "weights", "parameters", "device", "precision")


@dataclass
class Choices:
    """All settings of a reconstruction; each change emits a signal.

    Parameters
    ----------
    pattern, acceleration, center_fraction, seed, options
        The parameters of a `Pattern`.
    phase, snr, n_coils
        Realism of the simulation, see `napari_mtmri.simulation.simulate`.
    swapped : bool
        Whether phase encoding and readout are swapped.
    method, weights, parameters, device, precision
        Method with the settings to load it; ``weights`` is a file of the user's own weights,
        or None for the default weights.
    shown : tuple of str
        Layers that a run adds.
    error_scale : str
        "×1", "×5", "×10" or "fixed" (then ``error_top``, in the units of the image).
    """

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    pattern: str = "random"
    acceleration: float = 4.0
    center_fraction: float | None = None
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    phase: bool = False
    snr: float | None = None
    n_coils: int = 1
    swapped: bool = False
    method: str = DEFAULT_METHOD
    weights: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    device: str = "auto"
    precision: str = "auto"
    shown: tuple[str, ...] = SHOWN_AT_FIRST
    error_scale: str = "×5"
    error_top: float | None = None

    def frozen(self) -> Choices:
        """Return a copy for a thread, independent of later changes."""
        return replace(self)

    def axes(self, volume: Volume) -> Axes:
        """Return slice, readout and phase axes, even if the pattern does not fit."""
        return volume.axes.swapped() if self.swapped else volume.axes

    def acquisition(self) -> Acquisition:
        """Return the chosen acquisition.

        Raises
        ------
        RequestError
            If the settings do not fit together.
        """
        uses = PATTERNS.get(self.pattern).uses
        is_random = "seed" in uses or self.phase or self.snr is not None
        pattern = Pattern(
            self.pattern,
            self.acceleration if "acceleration" in uses else 1.0,
            self.center_fraction if "center_fraction" in uses else None,
            self.seed if is_random else 0,
            self.options,
        )
        return Acquisition(pattern, self.phase, self.snr, self.n_coils, swap_phase=self.swapped)

    def method_choice(self) -> MethodChoice:
        """Return the chosen method with the settings to load it."""
        weights = None if self.weights is None else Path(self.weights)
        return MethodChoice(self.method, self.parameters, self.device, self.precision, weights)

    def error_limit(self, volume: Volume) -> float:
        """Return the maximum of the error scale for a reference image."""
        return error_top(volume, self.error_scale, self.error_top)

    @property
    def own_weights(self) -> dict[str, str]:
        """Record entry with the name of the user's own weights, or empty."""
        return {} if self.weights is None else {"weights": Path(self.weights).stem}
