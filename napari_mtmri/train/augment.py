# SPDX-License-Identifier: BSD-3-Clause
"""Changes of an image and its labels alike, made before k-space is simulated."""

from __future__ import annotations

import numpy as np

SHARE_MOVED = 0.6
MOST_TURN_DEG, MOST_ZOOM, MOST_SHIFT = 12.0, 0.12, 0.06


def augment(
    image: np.ndarray,
    labels: np.ndarray,
    mirror_axis: int | None,
    kind: str,
    draw: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, float]:
    """Return image, labels and a gain of the scale, all drawn from ``draw``.

    Parameters
    ----------
    image : float32 (readout, phase), at least 0
    labels : uint8, same shape
    mirror_axis : int or None
        Axis along which a head may be mirrored.
    kind : {"flip", "affine"}
        "affine" also turns, zooms, shifts and changes the contrast.
    """
    # All draws first, always the same number: what is applied does not move the others.
    mirror, moved, contrast = draw.random(3)
    turn, zoom, down, right = draw.uniform(-1, 1, 4)
    gamma, gain = np.exp(draw.normal(0, (0.3, 0.08)))
    if mirror_axis is not None and mirror < 0.5:
        image, labels = np.flip(image, mirror_axis), np.flip(labels, mirror_axis)
    if kind != "affine":
        return image, labels, 1.0
    if moved < SHARE_MOVED:
        angle, factor = np.deg2rad(turn * MOST_TURN_DEG), 1 + zoom * MOST_ZOOM
        image, labels = _move(image, labels, angle, factor, (down, right))
    if contrast < 0.5:
        peak = max(float(image.max()), 1e-6)
        image = (image / peak) ** np.float32(gamma) * np.float32(peak)
    return image, labels, float(gain)


def _move(
    image: np.ndarray,
    labels: np.ndarray,
    angle: float,
    factor: float,
    shift: tuple[float, float],
) -> tuple[np.ndarray, np.ndarray]:
    from scipy.ndimage import affine_transform

    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / factor
    middle = (np.array(image.shape) - 1) / 2
    offset = middle - turn @ middle + np.array(shift) * MOST_SHIFT * np.array(image.shape)
    # Cubic for the image: a linear one would take away the outer k-space that the
    # reconstruction has to learn. Labels are never mixed.
    moved = affine_transform(image, turn, offset, order=3).clip(0, None)
    return moved.astype(np.float32), affine_transform(labels, turn, offset, order=0)
