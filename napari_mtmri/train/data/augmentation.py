# SPDX-License-Identifier: BSD-3-Clause
"""Augmentation of an image and its labels, before the scan is simulated."""

from __future__ import annotations

import numpy as np

AFFINE_PROBABILITY = 0.6
MOST_ROTATION_DEG, MOST_ZOOM, MOST_SHEAR_DEG, MOST_SHIFT = 12.0, 0.12, 5.0, 0.06


def augment(
    image: np.ndarray,
    labels: np.ndarray,
    mirror_axis: int | None,
    kind: str,
    draw: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the augmented image and labels, and a gain of the intensity scale.

    Parameters
    ----------
    image : float32 array, (readout, phase)
        Magnitude.
    labels : uint8 array, (readout, phase)
    mirror_axis : int or None
        Axis from left to right, along which the head may be mirrored.
    kind : {"none", "flip", "affine"}
        "affine" also rotates, zooms, shears, shifts and changes the contrast.
    draw : numpy.random.Generator

    Returns
    -------
    image : float32 array, (readout, phase)
    labels : uint8 array, (readout, phase)
    gain : float
        Factor of the intensity scale; 1 unless ``kind`` is "affine".
    """
    # All numbers are drawn first, so that one choice does not change the next random number.
    mirror, moved, contrast = draw.random(3)
    turn, zoom, shear, down, right = draw.uniform(-1, 1, 5)
    gamma, gain = np.exp(draw.normal(0, (0.3, 0.08)))
    if kind == "none":
        return image, labels, 1.0
    if mirror_axis is not None and mirror < 0.5:
        image, labels = np.flip(image, mirror_axis), np.flip(labels, mirror_axis)
    if kind == "flip":
        return image, labels, 1.0
    if moved < AFFINE_PROBABILITY:
        image, labels = _move(image, labels, turn, zoom, shear, (down, right))
    if contrast < 0.5:
        peak = float(image.max()) or 1.0
        image = (image / peak) ** np.float32(gamma) * np.float32(peak)
    return image, labels, float(gain)


def _move(
    image: np.ndarray,
    labels: np.ndarray,
    turn: float,
    zoom: float,
    shear: float,
    shift: tuple[float, float],
) -> tuple[np.ndarray, np.ndarray]:
    """Apply one affine map about the centre to both; each argument is between -1 and 1."""
    from scipy.ndimage import affine_transform
    from skimage.transform import AffineTransform

    size = np.array(image.shape)
    middle = AffineTransform(translation=(size - 1) / 2)
    about = AffineTransform(
        rotation=np.deg2rad(turn * MOST_ROTATION_DEG),
        scale=1 + zoom * MOST_ZOOM,
        shear=np.deg2rad(shear * MOST_SHEAR_DEG),
        translation=np.array(shift) * MOST_SHIFT * size,
    )
    matrix = (middle.inverse + about + middle).params
    # Linear interpolation would suppress the outer k-space, which the reconstruction has to
    # learn; hence cubic. Labels are not interpolated.
    moved = affine_transform(image, matrix, order=3).clip(0, None)
    return moved.astype(np.float32), affine_transform(labels, matrix, order=0)
