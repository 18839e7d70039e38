# SPDX-License-Identifier: BSD-3-Clause
"""Augmentation of an image and its labels, before the scan is simulated."""

from __future__ import annotations

import numpy as np

AFFINE_PROBABILITY = 0.6
MOST_ROTATION_DEG, MOST_ZOOM, MOST_SHEAR_DEG, MOST_SHIFT = 12.0, 0.12, 5.0, 0.06
STRONGER = 1.7  # factor of "strong" on these
BIAS_PROBABILITY, BLUR_PROBABILITY, NOISE_PROBABILITY = 0.5, 0.3, 0.3
MOST_BIAS, MOST_BLUR_PX, MOST_NOISE = 0.4, 1.2, 0.06


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
    kind : {"none", "flip", "affine", "strong"}
        "affine" also rotates, zooms, shears, shifts and changes the contrast. "strong" does
        so by more, and adds a bias field, blur and noise: for segmentation, since a blurred
        and noisy image has other k-space.
    draw : numpy.random.Generator

    Returns
    -------
    image : float32 array, (readout, phase)
    labels : uint8 array, (readout, phase)
    gain : float
        Factor of the intensity scale; 1 for "none" and "flip".
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
    most = STRONGER if kind == "strong" else 1.0
    if moved < AFFINE_PROBABILITY:
        turn, zoom, shear, down, right = (most * part for part in (turn, zoom, shear, down, right))
        image, labels = _move(image, labels, turn, zoom, shear, (down, right))
    if contrast < 0.5:
        peak = float(image.max()) or 1.0
        image = (image / peak) ** np.float32(gamma) * np.float32(peak)
    if kind == "strong":
        image = _degrade(image, draw)
    return image, labels, float(gain**most)


def _degrade(image: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Apply a bias field, a blur and noise, each with its probability."""
    from scipy.ndimage import gaussian_filter

    biased, blurred, noisy = draw.random(3)
    c = draw.uniform(-MOST_BIAS, MOST_BIAS, 5)
    width = draw.uniform(0, MOST_BLUR_PX, 2)
    noise = draw.normal(0, draw.uniform(0, MOST_NOISE), (2, *image.shape))
    if biased < BIAS_PROBABILITY:
        rows, columns = (np.linspace(-1, 1, n) for n in image.shape)
        rows, columns = rows[:, None], columns[None]
        field = c[0] * rows + c[1] * columns + c[2] * rows * columns + c[3] * rows**2
        image = image * np.exp(field + c[4] * columns**2)
    if blurred < BLUR_PROBABILITY:
        image = gaussian_filter(image, width)
    if noisy < NOISE_PROBABILITY:
        peak = float(image.max())
        image = np.hypot(image + peak * noise[0], peak * noise[1])
    return np.asarray(image, np.float32)


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
