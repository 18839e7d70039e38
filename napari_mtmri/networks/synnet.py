# SPDX-License-Identifier: BSD-3-Clause
"""SynNet: a U-Net segments the complex zero-filled image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from napari_mtmri.kspace import combine, ifft2c
from napari_mtmri.networks.d5c5 import to_channels
from napari_mtmri.networks.unet import UNet
from napari_mtmri.networks.windows import Window, cut, with_background


class SynNet(nn.Module):
    """A U-Net from the zero-filled image, as real and imaginary part, to the mask.

    Nothing is reconstructed.

    Parameters
    ----------
    segmentation : mapping
        Arguments of `UNet`, without ``channels``.

    References
    ----------
    Schlemper et al., MICCAI 2018: network, input and the expectation over random
    under-sampling are the article's. Our reading: layout and width of the U-Net, complex
    input as two channels, the loss of the recipe (cross-entropy in the article).
    """

    def __init__(self, segmentation: Mapping[str, Any]) -> None:
        super().__init__()
        self.segmentation = UNet(channels=2, **segmentation)

    def forward(
        self,
        kspace: Tensor,
        mask: Tensor,
        coil_maps: Tensor | None = None,
        truth: Tensor | None = None,
        window: Window | None = None,
    ) -> tuple[None, Tensor]:
        """Return no image, and the logits; see `multitask.MultiTask.forward`."""
        zero_filled = to_channels(combine(ifft2c(kspace), coil_maps))
        inside = self.segmentation(cut(zero_filled, window))
        return None, with_background(inside, window, zero_filled.shape[-2:])
