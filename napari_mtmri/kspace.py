# SPDX-License-Identifier: BSD-3-Clause
"""Centred orthonormal Fourier transform, data consistency and coils.

Every function takes NumPy arrays or torch tensors and returns the same type. The last two
axes are always (readout, phase). Zero frequency lies at ``n // 2`` of each axis, for even
and odd sizes, except in `data_consistency`.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

Array = Any  # numpy.ndarray or torch.Tensor; the result has the same type
_PLANE = (-2, -1)


def _is_tensor(array: Array) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(array, torch.Tensor)


def fft2c(image: Array) -> Array:
    """Return the k-space of an image: centred, orthonormal 2-D Fourier transform.

    Parameters
    ----------
    image : complex64 array, (..., readout, phase)

    Returns
    -------
    complex64 array, same shape
        Same norm as the image. Zero frequency at ``n // 2``.
    """
    fft: Any = sys.modules["torch"].fft if _is_tensor(image) else np.fft
    axes = {"dim" if _is_tensor(image) else "axes": _PLANE}
    return fft.fftshift(fft.fft2(fft.ifftshift(image, **axes), norm="ortho", **axes), **axes)


def ifft2c(kspace: Array) -> Array:
    """Return the image of a k-space; the inverse and adjoint of `fft2c`.

    Parameters
    ----------
    kspace : complex64 array, (..., readout, phase)
        Zero frequency at ``n // 2``.

    Returns
    -------
    complex64 array, same shape
    """
    fft: Any = sys.modules["torch"].fft if _is_tensor(kspace) else np.fft
    axes = {"dim" if _is_tensor(kspace) else "axes": _PLANE}
    return fft.fftshift(fft.ifft2(fft.ifftshift(kspace, **axes), norm="ortho", **axes), **axes)


def combine(coil_images: Array, coil_maps: Array | None, axis: int = -3) -> Array:
    """Return one complex image combined from the images of all coils.

    Parameters
    ----------
    coil_images : complex64 array, (..., coil, readout, phase)
    coil_maps : complex64 array, same shape, or None
        Coil sensitivity maps with sum of squares 1 inside the object. Without maps a single
        coil image is returned unchanged, several are combined by root sum of squares.
    axis : int
        Coil axis.

    Returns
    -------
    complex64 array, (..., readout, phase)
    """
    if coil_maps is not None:
        return (coil_maps.conj() * coil_images).sum(axis)
    if coil_images.shape[axis] == 1:
        return coil_images.sum(axis)
    magnitude = (abs(coil_images) ** 2).sum(axis) ** 0.5
    return magnitude + 0j


def expand(image: Array, coil_maps: Array | None) -> Array:
    """Return the image as each coil receives it.

    Parameters
    ----------
    image : complex64 array, (..., readout, phase)
    coil_maps : complex64 array, (..., coil, readout, phase), or None
        Coil sensitivity maps; None: a single coil of uniform sensitivity.

    Returns
    -------
    complex64 array, (..., coil, readout, phase)
    """
    image = image[..., None, :, :]
    return image if coil_maps is None else image * coil_maps


def data_consistency(
    image: Array, measured: Array, mask: Array, coil_maps: Array | None = None
) -> Array:
    """Return the image whose k-space has the measured samples, and its own elsewhere.

    Unlike everywhere else, zero frequency lies at index 0. Moving the centre of the image
    only changes the phase of each sample, and consistency acts on each sample by itself, so
    a cascade needs no shifts.

    Parameters
    ----------
    image : complex64 array, (..., readout, phase)
        Estimate, in the units of the scan.
    measured : complex64 array, (..., coil, readout, phase)
        Orthonormal, unshifted transform of the zero-filled coil images; read only where
        ``mask`` is True.
    mask : bool array, broadcastable to ``measured``
        Sampling mask, True where measured.
    coil_maps : complex64 array, shape of ``measured``, optional
        Coil sensitivity maps. Where all of them are 0, outside the object, nothing was
        measured and the estimate is kept. Without maps there is a single coil.

    Returns
    -------
    complex64 array, shape of ``image``

    References
    ----------
    Schlemper et al., IEEE TMI 37(2), 2018, the noiseless case; our transform is
    orthonormal.
    """
    lib: Any = sys.modules["torch"] if _is_tensor(image) else np
    own = lib.fft.fft2(expand(image, coil_maps), norm="ortho")
    consistent = lib.fft.ifft2(lib.where(mask, measured, own), norm="ortho")
    if coil_maps is None:
        return consistent[..., 0, :, :]
    seen = abs(coil_maps).sum(-3) > 0
    return lib.where(seen, combine(consistent, coil_maps), image)
