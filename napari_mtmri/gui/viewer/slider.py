# SPDX-License-Identifier: BSD-3-Clause
"""Let the slider that all layers share reach every slice of each of them; no Qt.

napari's slider begins at the lowest slice of all layers, steps by the smallest spacing, drops the
last part of a step, and draws the slice whose rounded index is even where two are as near. With
two grids, the last slice of one may never be drawn, and of two grids that are half a slice apart,
every second slice.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari.viewer import Viewer

SAME = 1e-6  # relative difference of spacings that are one
TIE = 0.02  # slices whose distances differ by less, in steps, are as near
SHIFTS = [part / 16 for part in range(8)]  # of the first step, in steps


def whole_range(
    slices: Sequence[tuple[float, float, float]],
) -> tuple[float, float, float]:
    """Return start, stop and step of a slider that reaches every slice.

    Parameters
    ----------
    slices : sequence of (first, last, spacing)
        Positions of the lowest and highest slice of each layer along one world axis, and the
        distance of its slices, > 0, in the same unit.
    """
    step = min(spacing for *_, spacing in slices)
    start, stop = min(first for first, *_ in slices), max(last for _, last, _ in slices)
    phases = [
        (first - start) / step % 1 for first, _, spacing in slices if spacing <= step * (1 + SAME)
    ]
    start -= step * max(SHIFTS, key=lambda shift: min(_from_tie(phases, shift), TIE))
    n_steps = math.ceil((stop - start) / step - 0.5 + TIE)
    if n_steps > math.floor((stop - start) / step):
        stop = start + (n_steps + SAME) * step
    return start, stop, step


def _from_tie(phases: Sequence[float], shift: float) -> float:
    """Return how far the steps are from the nearest middle of two slices, in steps."""
    return min((abs((phase + shift) % 1 - 0.5) for phase in phases), default=0.5)


class WholeSlider:
    """Sets the range of a viewer's sliders to `whole_range` whenever napari sets it."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = weakref.ref(viewer)
        viewer.dims.events.range.connect(self._range_changed)
        self._range_changed()

    def _range_changed(self, event: Any = None) -> None:
        viewer = self._viewer()
        if viewer is None or not viewer.layers:
            return
        units = viewer.layers.units  # None: some cannot be converted, and napari converts none
        if units is not None and any(one.units != units[-one.ndim :] for one in viewer.layers):
            return
        ranges = list(viewer.dims.range)
        for axis in range(-min(len(ranges), viewer.layers.ndim), 0):
            ends = [
                (*one.extent.world[:, axis], abs(one.extent.step[axis]))
                for one in viewer.layers
                if one.ndim >= -axis
            ]
            if all(spacing > 0 for *_, spacing in ends):
                ranges[axis] = type(ranges[axis])(*whole_range(ends))
        if ranges != list(viewer.dims.range):
            viewer.dims.range = tuple(ranges)
