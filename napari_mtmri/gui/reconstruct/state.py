# SPDX-License-Identifier: BSD-3-Clause
"""What is chosen in the Reconstruct panel; no Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from psygnal import SignalGroupDescriptor

from napari_mtmri.geometry import Axes
from napari_mtmri.patterns.base import Pattern
from napari_mtmri.scan import Scan
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
SAMPLING = ("pattern", "acceleration", "center_fraction", "seed", "options", "swapped")
REALISM = ("phase", "snr", "n_coils")
METHOD = ("method", "weights", "parameters", "device", "precision")


@dataclass
class Choices:
    """Everything that a reconstruction depends on; says when a part changes.

    Parameters
    ----------
    pattern, acceleration, center_fraction, seed, options
        Of the `Pattern`.
    phase, snr, n_coils
        Of the simulation.
    swapped : bool
        Phase encoding and readout exchanged.
    method, weights, parameters, device, precision
        Of the run; weights of the user's own by their file, or None for those that ship.
    shown : tuple of str
        Which layers a run adds.
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
    method: str = "mtmri"
    weights: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    device: str = "auto"
    precision: str = "auto"
    shown: tuple[str, ...] = SHOWN_AT_FIRST
    error_scale: str = "×5"
    error_top: float | None = None

    def frozen(self) -> Choices:
        """Return a copy as they are now, for a thread."""
        return replace(self)

    def make_pattern(self) -> Pattern:
        """Return the pattern that is chosen.

        Raises
        ------
        RequestError
            If the numbers do not fit together.
        """
        from napari_mtmri.patterns.base import PATTERNS

        uses = PATTERNS.get(self.pattern).uses
        return Pattern(
            self.pattern,
            self.acceleration if "acceleration" in uses else 1.0,
            self.center_fraction if "center_fraction" in uses else None,
            self.seed if "seed" in uses else 0,
            self.options,
        )

    def axes(self, volume: Volume) -> Axes:
        """Return slice, readout and phase axes, swapped if chosen so."""
        return volume.axes.swapped() if self.swapped else volume.axes

    def simulate(
        self, volume: Volume, slices: list[int] | None = None, pattern: Pattern | None = None
    ) -> Scan:
        """Return the scan of these choices, of the whole volume or of some slices."""
        from napari_mtmri.verbs import simulate

        return simulate(
            volume,
            pattern or self.make_pattern(),
            phase=self.phase,
            snr=self.snr,
            n_coils=self.n_coils,
            axes=self.axes(volume),
            slices=slices,
            seed=self.seed,
        )
