# SPDX-License-Identifier: BSD-3-Clause
"""Normalization: intensity scale and object box of a volume, from its zero-filled images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SCALE_PERCENTILE = 99.0
OBJECT_SHARE = 0.1
EDGE_SHARE, MARGIN = 0.35, 0.08


@dataclass(frozen=True)
class Normalization:
    """Intensity scale and object box of a volume, the same for each of its slices.

    Computed from measured data only: the reference has no influence, and a slice processed
    alone gets the same values as within its volume. Simulation, training and inference all
    use this rule.

    Parameters
    ----------
    scale : float
        Divisor of every network input: the 99th percentile of the zero-filled magnitude
        inside the object. Always above 0.
    box : (slice, slice)
        Rows (readout) and columns (phase) that contain the object.
    """

    scale: float
    box: tuple[slice, slice]

    def window(self, least: tuple[int, int], plane: tuple[int, int]) -> tuple[slice, slice]:
        """Return the box, enlarged about its centre to at least ``least`` pixels.

        Parameters
        ----------
        least : (int, int)
            Minimum size in pixels, (readout, phase).
        plane : (int, int)
            Size of the plane, (readout, phase); the box stays inside it.

        Returns
        -------
        (slice, slice)
            Rows (readout) and columns (phase).
        """
        found = []
        for part, wanted, length in zip(self.box, least, plane, strict=True):
            size = min(max(part.stop - part.start, wanted), length)
            start = min(max((part.start + part.stop - size) // 2, 0), length - size)
            found.append(slice(start, start + size))
        return found[0], found[1]


def representative_slices(count: int) -> list[int]:
    """Return the numbers of at most eight evenly spaced slices out of ``count``."""
    return sorted({round(i) for i in np.linspace(0, count - 1, min(count, 8))})


def normalization_of(zero_filled: np.ndarray) -> Normalization:
    """Return the intensity scale and object box of a volume.

    Parameters
    ----------
    zero_filled : complex64 or float32 array, (slice, readout, phase)
        Zero-filled images, complex or magnitude; a few slices spread over the volume are
        enough.

    Returns
    -------
    Normalization
        ``scale`` in the unit of ``zero_filled``.
    """
    magnitude = np.abs(zero_filled)
    bright = object_voxels(magnitude)
    scale = float(np.percentile(bright, SCALE_PERCENTILE)) if bright.size else 0.0
    return Normalization(scale or 1.0, (_extent(magnitude, 1), _extent(magnitude, 2)))


def object_voxels(magnitude: np.ndarray) -> np.ndarray:
    """Return the magnitudes of the voxels inside the object.

    These are the voxels above a tenth of the 99.5th percentile. Statistics over them do not
    depend on how much air surrounds the object.

    Parameters
    ----------
    magnitude : float array, any shape

    Returns
    -------
    float array, (voxel,)
    """
    return np.asarray(magnitude[magnitude > OBJECT_SHARE * np.percentile(magnitude, 99.5)])


def object_mean(stack: np.ndarray) -> float:
    """Return the mean magnitude inside the object (`object_voxels`).

    Parameters
    ----------
    stack : float32 array, (slice, readout, phase)

    Returns
    -------
    float
        In the unit of ``stack``; 0 for an empty stack.
    """
    bright = object_voxels(stack)
    return float(bright.mean()) if bright.size else 0.0


def _extent(magnitude: np.ndarray, axis: int) -> slice:
    """Extent of the object along an axis, from the mean profile; excludes aliasing ghosts."""
    profile = magnitude.mean(axis=(0, 3 - axis))
    inside = np.flatnonzero(profile > EDGE_SHARE * profile.max())
    if not inside.size:
        return slice(0, len(profile))
    margin = round(MARGIN * (inside[-1] + 1 - inside[0]))
    return slice(max(int(inside[0]) - margin, 0), min(int(inside[-1]) + 1 + margin, len(profile)))
