# SPDX-License-Identifier: BSD-3-Clause
"""U-Net for segmentation."""

from __future__ import annotations

from math import gcd

import torch
import torch.nn.functional as nnf
from torch import Tensor, nn


class Block(nn.Sequential):
    """Two 3×3 convolutions, each with GroupNorm and ReLU.

    GroupNorm instead of BatchNorm: the result of a slice must not depend on the other slices
    of the batch, and with teacher forcing running statistics would mix reference images and
    reconstructions.
    """

    def __init__(self, wide_in: int, wide_out: int) -> None:
        layers: list[nn.Module] = []
        for wide in (wide_in, wide_out):
            layers += [
                nn.Conv2d(wide, wide_out, 3, padding=1, bias=False),
                nn.GroupNorm(gcd(8, wide_out), wide_out),
                nn.ReLU(inplace=True),
            ]
        super().__init__(*layers)


class UNet(nn.Module):
    """U-Net: encoder and decoder with skip connections; widths f, 2f, … 2^depth f.

    Parameters
    ----------
    channels : int
        Input channels; 1 for a magnitude image.
    classes : int
        Output channels (logits).
    features : int
        Width f of the first level; 64 gives 31 036 481 parameters for one class.
    depth : int
        Number of pooling steps.
    binning : int
        Factor by which the image is averaged along both axes before the first level; the
        logits are interpolated back to its size. With 2, a slice takes a quarter of the time.
    first_logit : float, optional
        Initial bias of the head, for all classes. With -4 the first masks of one class are
        nearly empty, as lesions are rare; by default the bias is random and near 0, with
        which some trainings with a Dice loss never leave empty masks.

    References
    ----------
    Ronneberger et al., MICCAI 2015; here with same instead of valid padding, and GroupNorm.
    """

    def __init__(
        self,
        channels: int = 1,
        classes: int = 1,
        features: int = 64,
        depth: int = 4,
        *,
        binning: int = 1,
        first_logit: float | None = None,
    ) -> None:
        super().__init__()
        widths = [features * 2**level for level in range(depth + 1)]
        self.down = nn.ModuleList(
            Block(before, after)
            for before, after in zip([channels, *widths[:-1]], widths, strict=True)
        )
        self.lift = nn.ModuleList(
            nn.ConvTranspose2d(deep, shallow, 2, stride=2)
            for deep, shallow in zip(widths[:0:-1], widths[-2::-1], strict=True)
        )
        self.up = nn.ModuleList(Block(2 * wide, wide) for wide in widths[-2::-1])
        self.head = nn.Conv2d(features, classes, 1)
        if first_logit is not None:
            nn.init.constant_(self.head.bias, first_logit)  # type: ignore[arg-type]
        self.depth, self.binning = depth, binning

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits of images of any size.

        The border pixels are repeated on all sides until the size is a multiple of
        ``binning * 2**depth``; the logits are cropped back.

        Parameters
        ----------
        image : any floating dtype, (batch, channels, readout, phase)

        Returns
        -------
        float32 (batch, classes, readout, phase)
        """
        rows, columns = image.shape[-2:]
        step = self.binning * 2**self.depth
        top, left = (-rows % step) // 2, (-columns % step) // 2
        bottom, right = -rows % step - top, -columns % step - left
        image = image.to(self.head.weight.dtype)
        features = nnf.pad(image, (left, right, top, bottom), mode="replicate")
        if self.binning > 1:
            features = nnf.avg_pool2d(features, self.binning)
        skips: list[Tensor] = []
        for level, block in enumerate(self.down):
            features = block(nnf.max_pool2d(features, 2) if level else features)
            skips.append(features)
        skips.pop()
        for lift, block in zip(self.lift, self.up, strict=True):
            features = block(torch.cat([skips.pop(), lift(features)], dim=1))
        logits: Tensor = self.head(features).float()
        if self.binning > 1:
            logits = nnf.interpolate(logits, scale_factor=self.binning, mode="bilinear")
        return logits[..., top : top + rows, left : left + columns]
