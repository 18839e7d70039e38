# SPDX-License-Identifier: BSD-3-Clause
"""What is chosen in the Reconstruct panel; no Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
)
SHOWN_AT_FIRST = ("zero-filled", "reconstruction", "error", "segmentation")


@dataclass
class Choices:
    """Everything that a reconstruction depends on; says when a part changes."""

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
    shown: tuple[str, ...] = SHOWN_AT_FIRST

    def make_pattern(self) -> Pattern:
        """Return the pattern that is chosen.

        Raises
        ------
        RequestError
            If the numbers do not fit together.
        """
        if self.pattern == "file":
            return Pattern("file", options=self.options)
        acceleration = 1.0 if self.pattern == "full" else self.acceleration
        return Pattern(self.pattern, acceleration, self.center_fraction, self.seed, self.options)

    def axes(self, volume: Volume) -> Axes:
        """Return slice, readout and phase axes, swapped if chosen so."""
        return volume.axes.swapped() if self.swapped else volume.axes

    def simulate(self, volume: Volume, slices: list[int] | None = None) -> Scan:
        """Return the scan of these choices, of the whole volume or of some slices."""
        from napari_mtmri.verbs import simulate

        return simulate(
            volume,
            self.make_pattern(),
            phase=self.phase,
            snr=self.snr,
            n_coils=self.n_coils,
            axes=self.axes(volume),
            slices=slices,
            seed=self.seed,
        )
