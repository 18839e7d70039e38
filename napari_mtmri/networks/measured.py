# SPDX-License-Identifier: BSD-3-Clause
"""The measured samples of a batch, as the steps of an unrolled network use them."""

from __future__ import annotations

import torch
from torch import Tensor

from napari_mtmri.kspace import combine, data_consistency, expand, ifft2c


class Measured:
    """Measured samples of a batch with their mask and coil sensitivity maps.

    Attributes
    ----------
    zero_filled : complex64 (batch, readout, phase)
        The zero-filled image.

    Parameters
    ----------
    kspace : complex64 (batch, coil, readout, phase)
        0 where not measured; zero frequency at ``n // 2``.
    mask : bool, broadcastable to (batch, 1, readout, phase)
        Sampling mask, True where measured.
    coil_maps : complex64, shape of ``kspace``, optional
        Coil sensitivity maps, with sum of squares 1 inside the object.
    """

    def __init__(self, kspace: Tensor, mask: Tensor, coil_maps: Tensor | None = None) -> None:
        coil_images = ifft2c(kspace)
        self.zero_filled: Tensor = combine(coil_images, coil_maps)
        # For data_consistency zero frequency lies at index 0: no shifts within the steps.
        self._samples = torch.fft.fft2(coil_images, norm="ortho")
        self._mask = torch.fft.ifftshift(mask, dim=(-2, -1))
        self._coil_maps = coil_maps

    def consistent(self, image: Tensor) -> Tensor:
        """Return the image with the measured samples in its k-space (hard data consistency)."""
        found: Tensor = data_consistency(image, self._samples, self._mask, self._coil_maps)
        return found

    def gradient(self, image: Tensor) -> Tensor:
        """Return the gradient of half the squared difference to the measured samples.

        Parameters
        ----------
        image : complex64 (batch, readout, phase)

        Returns
        -------
        complex64 (batch, readout, phase)
            ``A* (A x - k)`` with A: coil sensitivity, Fourier transform, mask.
        """
        own = torch.fft.fft2(expand(image, self._coil_maps), norm="ortho")
        excess = torch.where(self._mask, own - self._samples, 0)
        found: Tensor = combine(torch.fft.ifft2(excess, norm="ortho"), self._coil_maps)
        return found
