# SPDX-License-Identifier: BSD-3-Clause
"""SERANet: reconstruction, segmentation, attention and recurrence, trained for the mask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from napari_mtmri.networks.d5c5 import to_channels, to_complex
from napari_mtmri.networks.encoder_decoder import level, scale_head
from napari_mtmri.networks.measured import Measured
from napari_mtmri.networks.multitask import probabilities
from napari_mtmri.networks.unet import UNet
from napari_mtmri.networks.windows import Window, cut, put_back, with_background

BLOCK_DEPTH = 2


class Correction(nn.Module):
    """Residual U-Net of two poolings on complex images.

    Parameters
    ----------
    features : int
        Width of its first level.
    last_scale : float
        Factor on the initial weights of the last convolution.
    """

    def __init__(self, features: int, last_scale: float) -> None:
        super().__init__()
        self.network = UNet(channels=2, classes=2, features=features, depth=BLOCK_DEPTH)
        scale_head(self.network.head, last_scale)

    def forward(self, image: Tensor, window: Window | None = None) -> Tensor:
        """Return the corrected image; outside the window it is unchanged.

        Parameters
        ----------
        image : complex64 (batch, readout, phase)
        window : (slice, slice), optional
        """
        inside = cut(image, window)
        change = to_complex(self.network(to_channels(inside)))
        return put_back(inside + level(inside) * change, window, image)


class SERANet(nn.Module):
    """Reconstruction blocks, then segmentation and attended reconstruction in turn.

    Three residual U-Nets, each followed by hard data consistency, give an image; a U-Net
    segments it. In each recurrence the class probabilities become an attention map, which
    weights the image; a further block and data consistency follow, and the same U-Net
    segments the result. No image is given: without a reconstruction loss it is arbitrary
    outside the measured samples.

    Parameters
    ----------
    segmentation : mapping
        Arguments of the segmenting `UNet`, without ``channels``.
    blocks : int
        Number of reconstruction blocks, each with its own weights.
    features : int
        Width of the reconstruction blocks.
    recurrences : int
        Number of attended reconstructions, all with the same weights.
    last_scale : float
        See `Correction`.

    References
    ----------
    Huang et al., MICCAI 2019, arXiv 1812.02068: the four modules, their order and the
    training for the mask alone are the article's. Our reading: three blocks, the form of
    the attention ``x (1 + a)``, shared weights of the recurrences, corrections scaled with
    the level of the slice, and a loss on every mask.
    """

    def __init__(
        self,
        segmentation: Mapping[str, Any],
        blocks: int = 3,
        features: int = 32,
        recurrences: int = 2,
        last_scale: float = 0.1,
    ) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Correction(features, last_scale) for _ in range(blocks))
        self.segmentation = UNet(channels=2, **segmentation)
        classes = self.segmentation.head.out_channels
        self.attention = nn.Conv2d(max(classes, 2), 2, 1)
        self.attended = Correction(features, last_scale)
        self.recurrences = recurrences

    def forward(
        self,
        kspace: Tensor,
        mask: Tensor,
        coil_maps: Tensor | None = None,
        truth: Tensor | None = None,
        window: Window | None = None,
    ) -> tuple[None, Tensor]:
        """Return no image, and the last logits; see `multitask.MultiTask.forward`."""
        _, masks = self.outputs(kspace, mask, coil_maps, window)
        return None, masks[-1]

    def outputs(
        self,
        kspace: Tensor,
        mask: Tensor,
        coil_maps: Tensor | None = None,
        window: Window | None = None,
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Return images and logits before the first and after each recurrence.

        Parameters
        ----------
        kspace, mask, coil_maps, window
            As in `multitask.MultiTask.forward`.

        Returns
        -------
        images : list of complex64 (batch, readout, phase)
            All have the measured samples.
        masks : list of float32 (batch, class, readout, phase)
        """
        measured = Measured(kspace, mask, coil_maps)
        image = measured.zero_filled
        for block in self.blocks:
            image = measured.consistent(block(image, window))
        images, masks = [image], [self._segment(image, window)]
        for _ in range(self.recurrences):
            attended = self._attend(image, cut(masks[-1], window), window)
            images.append(measured.consistent(self.attended(attended, window)))
            masks.append(self._segment(images[-1], window))
        return images, masks

    def _segment(self, image: Tensor, window: Window | None) -> Tensor:
        inside = self.segmentation(to_channels(cut(image, window)))
        return with_background(inside, window, image.shape[-2:])

    def _attend(self, image: Tensor, logits: Tensor, window: Window | None) -> Tensor:
        found = probabilities(logits)
        if found.shape[1] == 1:
            found = torch.cat([1 - found, found], dim=1)
        weight = torch.sigmoid(self.attention(found.to(self.attention.weight.dtype)).float())
        inside = to_channels(cut(image, window))
        # 1 + a: while the mask is wrong, the image is not erased.
        return put_back(to_complex(inside * (1 + weight)), window, image)
