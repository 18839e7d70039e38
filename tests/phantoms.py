# SPDX-License-Identifier: BSD-3-Clause
"""A head that is the same on no side: a bright block at its right, front and top."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from napari_mtmri.volume import Volume

WORLD = {"L": 0, "R": 0, "P": 1, "A": 1, "I": 2, "S": 2}
SPACING_RAS = (1.0, 1.5, 3.0)
ORIGIN_RAS = (5.0, -7.0, 11.0)
MARKER = 3  # voxels along each side
BRIGHT = 100


def marked_phantom(
    codes: str = "RAS",
    shape: tuple[int, int, int] = (12, 10, 8),
    dtype: DTypeLike = "float32",
    oblique_deg: float = 0,
) -> Volume:
    """Volume whose array axes point to ``codes``, bright at right, anterior and superior.

    Parameters
    ----------
    codes : str
        One of the 48 axis orders, e.g. "RAS" or "LPI" or "SAR".
    shape : tuple of int
        Voxels along right-left, anterior-posterior and superior-inferior, in any axis order.
    dtype : dtype
        Whole-number types stay an image; ask for labels with ``like``.
    oblique_deg : float
        Turn of the grid about the diagonal (1, 1, 1); the letters stay up to 40 degrees.
    """
    world = [WORLD[letter] for letter in codes]
    data = np.zeros([shape[axis] for axis in world], dtype)
    affine = np.zeros((4, 4))
    marker = []
    for axis, letter in enumerate(codes):
        upwards = letter in "RAS"
        affine[world[axis], axis] = SPACING_RAS[world[axis]] * (1 if upwards else -1)
        marker.append(slice(-MARKER, None) if upwards else slice(0, MARKER))
    data[tuple(marker)] = BRIGHT
    affine[:, 3] = (*ORIGIN_RAS, 1)
    return Volume(data, _turn(oblique_deg) @ affine, name="marked")


def _turn(angle_deg: float) -> np.ndarray:
    """Rotation about (1, 1, 1), by Rodrigues' formula."""
    angle, cross = np.deg2rad(angle_deg), np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / 3**0.5
    turn = np.eye(4)
    turn[:3, :3] += np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return turn


def marker_mm(volume: Volume) -> np.ndarray:
    """Centre of the bright block in RAS+ mm, from data and affine alone."""
    centre = np.argwhere(volume.data == BRIGHT).mean(0)
    return np.asarray((volume.affine @ [*centre, 1])[:3])
