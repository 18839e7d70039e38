# SPDX-License-Identifier: BSD-3-Clause
"""Centred orthonormal Fourier transform, data consistency and coils.

One text for NumPy arrays and torch tensors: whatever comes in, comes out. The
last two axes are always (readout, phase); zero frequency lies at ``n // 2`` of
each, for even and odd sizes.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from napari_mtmri.errors import InputError

Array = Any  # numpy.ndarray or torch.Tensor: the same one comes back
_PLANE = (-2, -1)


def _is_tensor(array: Array) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(array, torch.Tensor)


def fft2c(image: Array) -> Array:
    """Return the k-space of an image.

    Parameters
    ----------
    image : complex64 array, (..., readout, phase)

    Returns
    -------
    complex64 array, same shape
        Orthonormal: the norm is kept. Zero frequency at ``n // 2``.
    """
    fft: Any = sys.modules["torch"].fft if _is_tensor(image) else np.fft
    axes = {"dim" if _is_tensor(image) else "axes": _PLANE}
    return fft.fftshift(fft.fft2(fft.ifftshift(image, **axes), norm="ortho", **axes), **axes)


def ifft2c(kspace: Array) -> Array:
    """Return the image of a k-space; the exact inverse and adjoint of `fft2c`.

    Parameters
    ----------
    kspace : complex64 array, (..., readout, phase)

    Returns
    -------
    complex64 array, same shape
    """
    fft: Any = sys.modules["torch"].fft if _is_tensor(kspace) else np.fft
    axes = {"dim" if _is_tensor(kspace) else "axes": _PLANE}
    return fft.fftshift(fft.ifft2(fft.ifftshift(kspace, **axes), norm="ortho", **axes), **axes)


def combine(coil_images: Array, coil_maps: Array | None, axis: int = -3) -> Array:
    """Return one complex image from the images of all coils.

    Parameters
    ----------
    coil_images : complex64 array, (..., coil, readout, phase)
    coil_maps : complex64 array of the same shape, or None
        Coil sensitivity maps with sum of squares 1 inside the object. Without
        maps one coil is returned as it is, several as their root sum of squares.
    """
    if coil_maps is not None:
        return (coil_maps.conj() * coil_images).sum(axis)
    if coil_images.shape[axis] == 1:
        return coil_images.sum(axis)
    magnitude = (abs(coil_images) ** 2).sum(axis) ** 0.5
    return magnitude + 0j


def expand(image: Array, coil_maps: Array | None) -> Array:
    """Return the image as each coil sees it, (..., coil, readout, phase)."""
    image = image[..., None, :, :]
    return image if coil_maps is None else image * coil_maps


def data_consistency(image: Array, measured: Array, mask: Array) -> Array:
    """Return the image whose k-space has the measured samples, and its own elsewhere.

    Parameters
    ----------
    image : complex64 array, (..., readout, phase)
        Estimate, in the units of the scan.
    measured : complex64 array, same shape
        K-space of the scan; read only where ``mask`` is True.
    mask : bool array, (readout, phase), or broadcastable to ``image``

    Returns
    -------
    complex64 array, shape of ``image``

    Raises
    ------
    InputError
        If the shapes do not agree.

    References
    ----------
    Schlemper et al., IEEE TMI 37(2), 2018, the noiseless case; our transform is
    orthonormal.
    """
    if tuple(image.shape) != tuple(measured.shape) or mask.shape[-2:] != image.shape[-2:]:
        raise InputError(
            f"data consistency: image {tuple(image.shape)}, k-space {tuple(measured.shape)} and "
            f"mask {tuple(mask.shape)} do not fit; all must end in the same (readout, phase)."
        )
    where: Any = sys.modules["torch"].where if _is_tensor(image) else np.where
    return ifft2c(where(mask, measured, fft2c(image)))
