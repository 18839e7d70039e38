# SPDX-License-Identifier: BSD-3-Clause
"""The paper's network: D5C5 reconstructs, a U-Net segments what it made."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from napari_mtmri.networks.d5c5 import D5C5
from napari_mtmri.networks.unet import UNet


def magnitude(image: Tensor) -> Tensor:
    """Return |image| as one real channel, with a gradient that is 0 at 0."""
    return torch.abs(image)[:, None]


def probabilities(logits: Tensor) -> Tensor:
    """Return class probabilities: sigmoid for one class, else softmax over all channels."""
    return torch.sigmoid(logits) if logits.shape[1] == 1 else torch.softmax(logits, dim=1)


class MultiTask(nn.Module):
    """A reconstruction network and a segmentation network, either of which may be absent.

    Parameters
    ----------
    reconstruction : D5C5 or None
    segmentation : UNet or None
    """

    def __init__(self, reconstruction: D5C5 | None, segmentation: UNet | None) -> None:
        super().__init__()
        self.reconstruction = reconstruction
        self.segmentation = segmentation

    def forward(
        self,
        kspace: Tensor,
        mask: Tensor,
        coil_maps: Tensor | None = None,
        truth: Tensor | None = None,
    ) -> tuple[Tensor | None, Tensor | None]:
        """Return (reconstruction, logits); None for the part that is absent.

        Parameters
        ----------
        kspace : complex64 (batch, coil, readout, phase), divided by the scan's scale
        mask : bool, broadcastable to it
        coil_maps : complex64, shape of ``kspace``, optional
        truth : float32 (batch, readout, phase), same scale, optional
            Given, the segmentation network sees it instead of the reconstruction
            (teacher forcing, or a full-sample method).
        """
        image = self.reconstruction(kspace, mask, coil_maps) if self.reconstruction else None
        if self.segmentation is None:
            return image, None
        if truth is not None:
            return image, self.segmentation(truth[:, None])
        assert image is not None  # a network without reconstruction is given the truth
        return image, self.segmentation(magnitude(image))
