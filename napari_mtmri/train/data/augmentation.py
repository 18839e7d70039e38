# SPDX-License-Identifier: BSD-3-Clause
"""Changes of an image and its labels alike, made before k-space is simulated."""

from __future__ import annotations

import numpy as np

SHARE_MOVED = 0.6
MOST_TURN_DEG, MOST_ZOOM, MOST_SHEAR_DEG, MOST_SHIFT = 12.0, 0.12, 5.0, 0.06


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
    kind : {"none", "flip", "affine"}
        "affine" also turns, zooms, shears, shifts and changes the contrast.
    """
    # All draws first, always the same number: what is applied does not move the others.
    mirror, moved, contrast = draw.random(3)
    turn, zoom, shear, down, right = draw.uniform(-1, 1, 5)
    gamma, gain = np.exp(draw.normal(0, (0.3, 0.08)))
    if kind == "none":
        return image, labels, 1.0
    if mirror_axis is not None and mirror < 0.5:
        image, labels = np.flip(image, mirror_axis), np.flip(labels, mirror_axis)
    if kind == "flip":
        return image, labels, 1.0
    if moved < SHARE_MOVED:
        image, labels = _move(image, labels, turn, zoom, shear, (down, right))
    if contrast < 0.5:
        peak = max(float(image.max()), 1e-6)
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
    """Move both by one affine map about the middle; each argument runs from -1 to 1."""
    from scipy.ndimage import affine_transform
    from skimage.transform import AffineTransform

    size = np.array(image.shape)
    middle = AffineTransform(translation=(size - 1) / 2)
    about = AffineTransform(
        rotation=np.deg2rad(turn * MOST_TURN_DEG),
        scale=1 + zoom * MOST_ZOOM,
        shear=np.deg2rad(shear * MOST_SHEAR_DEG),
        translation=np.array(shift) * MOST_SHIFT * size,
    )
    way = (middle.inverse + about + middle).params
    # Cubic for the image: a linear one would take away the outer k-space that the
    # reconstruction has to learn. Labels are never mixed.
    moved = affine_transform(image, way, order=3).clip(0, None)
    return moved.astype(np.float32), affine_transform(labels, way, order=0)
