# SPDX-License-Identifier: BSD-3-Clause
"""Multi-task network of the paper: D5C5 reconstructs, a U-Net segments the reconstruction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from napari_mtmri.networks.d5c5 import D5C5
from napari_mtmri.networks.unet import UNet
from napari_mtmri.networks.windows import Window, cut, with_background


def magnitude(image: Tensor) -> Tensor:
    """Return the magnitude as one channel; its gradient is 0 at 0.

    Parameters
    ----------
    image : complex64 (batch, readout, phase)

    Returns
    -------
    float32 (batch, 1, readout, phase)
    """
    return torch.abs(image)[:, None]


def probabilities(logits: Tensor) -> Tensor:
    """Return class probabilities: sigmoid for one class, softmax for several.

    Parameters
    ----------
    logits : float32 (batch, class, readout, phase)

    Returns
    -------
    float32, same shape
        From 0 to 1.
    """
    return torch.sigmoid(logits) if logits.shape[1] == 1 else torch.softmax(logits, dim=1)


class MultiTask(nn.Module):
    """A reconstruction network, a segmentation network, or both.

    Parameters
    ----------
    reconstruction : Module or None
        ``(kspace, mask, coil_maps) -> image``, such as `D5C5`.
    segmentation : UNet or None
    """

    def __init__(self, reconstruction: nn.Module | None, segmentation: UNet | None) -> None:
        super().__init__()
        self.reconstruction = reconstruction
        self.segmentation = segmentation

    def forward(
        self,
        kspace: Tensor,
        mask: Tensor,
        coil_maps: Tensor | None = None,
        truth: Tensor | None = None,
        window: Window | None = None,
    ) -> tuple[Tensor | None, Tensor | None]:
        """Return the reconstruction and the logits of the segmentation.

        Parameters
        ----------
        kspace : complex64 (batch, coil, readout, phase)
            Divided by the intensity scale of the volume; 0 where not measured.
        mask : bool, broadcastable to ``kspace``
            Sampling mask, True where measured.
        coil_maps : complex64, shape of ``kspace``, optional
            Coil sensitivity maps.
        truth : float32 (batch, readout, phase), optional
            Magnitude of the reference, in the same scale. If given, it is the input of the
            segmentation network instead of the reconstruction (teacher forcing, or a method
            for fully sampled images).
        window : (slice, slice), optional
            Rows and columns that the segmentation network processes. Its group normalisation
            depends on all of its input, so more air around the head than in training would
            change its result.

        Returns
        -------
        reconstruction : complex64 (batch, readout, phase), or None
        logits : float32 (batch, class, readout, phase), or None
            None without a segmentation network.
        """
        image = self.reconstruction(kspace, mask, coil_maps) if self.reconstruction else None
        if self.segmentation is None:
            return image, None
        if truth is not None:
            return image, self.segment(truth[:, None], window)
        assert image is not None  # without a reconstruction network, truth is always given
        return image, self.segment(magnitude(image), window)

    def segment(self, image: Tensor, window: Window | None = None) -> Tensor:
        """Return the logits of the segmentation of magnitude images.

        Parameters
        ----------
        image : float32 (batch, 1, readout, phase)
        window : (slice, slice), optional
            Rows and columns to process; all pixels outside are background.

        Returns
        -------
        float32 (batch, class, readout, phase)
        """
        assert self.segmentation is not None
        inside = self.segmentation(cut(image, window))
        return with_background(inside, window, image.shape[-2:])


def build_multitask(
    reconstruction: Mapping[str, Any] | None = None, segmentation: Mapping[str, Any] | None = None
) -> MultiTask:
    """Return an untrained network from the sizes of its parts.

    Parameters
    ----------
    reconstruction, segmentation : mapping or None
        Arguments of `D5C5` and of `UNet`; None for a network without that part.
    """
    network = MultiTask(
        D5C5(**reconstruction) if reconstruction else None,
        UNet(**segmentation) if segmentation else None,
    )
    if network.reconstruction is not None:
        # 1.5 times faster convolutions; not for the U-Net, since the backward pass of
        # GroupNorm is three times slower in this layout on a CPU.
        network.reconstruction.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def join(networks: Sequence[MultiTask]) -> MultiTask:
    """Return one network from the parts of several; of two equal parts the last is used."""
    recon = [one.reconstruction for one in networks if one.reconstruction is not None]
    seg = [one.segmentation for one in networks if one.segmentation is not None]
    return MultiTask(recon[-1], seg[-1])
