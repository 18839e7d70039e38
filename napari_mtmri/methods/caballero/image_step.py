# SPDX-License-Identifier: BSD-3-Clause
"""The image that fits the measured samples, its sparse code and the means of its classes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from napari_mtmri.kspace import combine, expand, fft2c, ifft2c

TOLERANCE, MOST_STEPS = 1e-6, 100
CENTER_SIGMA = 0.25  # of the fully sampled centre; half-width of the window for the phase
MOST_CENTER = 0.08  # of the matrix


@dataclass(frozen=True)
class Measurement:
    """The measured samples of a slice, and how an image with a given phase gives them.

    Parameters
    ----------
    kspace : complex128 array, (coil, readout, phase)
    mask : bool array, (readout, phase)
    coil_maps : complex64 array, (coil, readout, phase), or None
    phase : complex128 array, (readout, phase)
        Phase factor of the object, of magnitude 1.
    """

    kspace: np.ndarray
    mask: np.ndarray
    coil_maps: np.ndarray | None
    phase: np.ndarray

    @property
    def zero_filled(self) -> np.ndarray:
        """Zero-filled image without the phase of the object, complex128."""
        return np.asarray(self.phase.conj() * combine(ifft2c(self.kspace), self.coil_maps))

    def normal(self, image: np.ndarray) -> np.ndarray:
        """Return the zero-filled image of an image: AᴴA."""
        kspace = self.mask * fft2c(expand(self.phase * image, self.coil_maps))
        return np.asarray(self.phase.conj() * combine(ifft2c(kspace), self.coil_maps))

    def filtered(self, image: np.ndarray, factor: np.ndarray) -> np.ndarray:
        """Return an image with its k-space multiplied by a factor."""
        return np.asarray(self.phase.conj() * ifft2c(factor * fft2c(self.phase * image)))


def center_phase(zero_filled: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the phase factor of the image from the centre of k-space.

    The window is Gaussian, so the image of a real, positive object gets the phase 0.

    Parameters
    ----------
    zero_filled : complex array, (readout, phase)
    mask : bool array, (readout, phase)

    Returns
    -------
    complex128 array, (readout, phase)
        Magnitude 1.
    """
    middle = tuple(length // 2 for length in mask.shape)
    lines = (mask[:, middle[1]], mask[middle[0]])
    window = np.ones(())
    for axis, (line, center) in enumerate(zip(lines, middle, strict=True)):
        width = min(_run(line, center), MOST_CENTER * len(line))
        distance = np.arange(len(line)) - center
        part = np.exp(-((distance / max(CENTER_SIGMA * width, 0.5)) ** 2) / 2)
        window = window * (part[:, None] if axis == 0 else part)
    smooth = ifft2c(window * fft2c(zero_filled.astype(np.complex128)))
    size = np.abs(smooth)
    return np.where(size > 1e-6 * size.max(initial=0), smooth / np.maximum(size, 1e-30), 1)


def _run(line: np.ndarray, center: int) -> int:
    """Return the length of the run of measured samples that contains the centre."""
    gaps = np.flatnonzero(~line)
    before, after = gaps[gaps < center], gaps[gaps > center]
    first = before[-1] + 1 if before.size else 0
    last = after[0] if after.size else len(line)
    return int(last - first) if line[center] else 0


def fit_image(
    measured: Measurement,
    coded: np.ndarray,
    strength: float,
    pull: tuple[np.ndarray, np.ndarray] | None = None,
    check_stop: Callable[[], None] = lambda: None,
) -> np.ndarray:
    """Return the minimizer of ‖A x − y‖² + λ‖x − x_D‖² + Σ (w x² − 2 t x).

    Conjugate gradients with a filter as preconditioner, which is the exact inverse for a
    single coil without w.

    Parameters
    ----------
    measured : Measurement
    coded : float array, (readout, phase)
        Sparse code x_D of the image.
    strength : float
        λ.
    pull : (float array, float array), optional
        w and t, (readout, phase): towards the means of the classes.
    check_stop : callable
        Raises if the user has asked to stop.

    Returns
    -------
    complex128 array, (readout, phase)
        Without the phase of the object.
    """
    weight, target = (0.0, 0.0) if pull is None else pull
    wanted = measured.zero_filled + strength * coded + target
    inverse = 1 / (measured.mask + strength + np.mean(weight))

    def system(image: np.ndarray) -> np.ndarray:
        return measured.normal(image) + (strength + weight) * image

    image = measured.filtered(wanted, inverse)
    residual = wanted - system(image)
    limit = TOLERANCE * np.linalg.norm(wanted)
    step = change = measured.filtered(residual, inverse)
    size = np.vdot(residual, change).real
    for _ in range(MOST_STEPS):
        if np.linalg.norm(residual) <= limit:
            break
        check_stop()
        moved = system(step)
        length = size / np.vdot(step, moved).real
        image, residual = image + length * step, residual - length * moved
        change = measured.filtered(residual, inverse)
        before, size = size, np.vdot(residual, change).real
        step = change + size / before * step
    return image
