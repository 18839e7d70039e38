# SPDX-License-Identifier: BSD-3-Clause
"""The paper's network: D5C5 reconstructs, a U-Net segments what it made."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from napari_mtmri.networks.d5c5 import D5C5
from napari_mtmri.networks.unet import UNet

Window = tuple[slice, slice]
BACKGROUND = 20.0  # logit of what is surely background


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
        window: Window | None = None,
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
        window : (slice, slice), optional
            Rows and columns the segmentation network is shown. Its group normalisation
            takes in all it is shown, so that with more air around the head than in
            training it would answer otherwise.
        """
        image = self.reconstruction(kspace, mask, coil_maps) if self.reconstruction else None
        if self.segmentation is None:
            return image, None
        if truth is not None:
            return image, self.segment(truth[:, None], window)
        assert image is not None  # a network without reconstruction is given the truth
        return image, self.segment(magnitude(image), window)

    def segment(self, image: Tensor, window: Window | None = None) -> Tensor:
        """Return the logits of magnitude images (batch, 1, readout, phase).

        Outside the window the answer is background.
        """
        assert self.segmentation is not None
        if window is None:
            logits: Tensor = self.segmentation(image)
            return logits
        inside = self.segmentation(image[..., window[0], window[1]])
        logits = inside.new_full((*inside.shape[:2], *image.shape[-2:]), -BACKGROUND)
        if inside.shape[1] > 1:
            logits[:, 0] = BACKGROUND
        logits[..., window[0], window[1]] = inside
        return logits
