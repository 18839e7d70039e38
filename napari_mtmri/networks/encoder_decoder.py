# SPDX-License-Identifier: BSD-3-Clause
"""Encoder and decoder as separate modules, for networks that share one of them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as nnf
from torch import Tensor, nn

from napari_mtmri.networks.unet import Block


class Encoder(nn.Module):
    """Blocks of two convolutions, with 2×2 max pooling between them.

    Parameters
    ----------
    channels : int
        Input channels.
    widths : sequence of int
        Output channels of each level, the finest first.
    """

    def __init__(self, channels: int, widths: Sequence[int]) -> None:
        super().__init__()
        self.levels = nn.ModuleList(
            Block(before, after)
            for before, after in zip([channels, *widths[:-1]], widths, strict=True)
        )

    def forward(self, image: Tensor) -> list[Tensor]:
        """Return the features of all levels, the finest first.

        Parameters
        ----------
        image : any floating dtype, (batch, channels, readout, phase)
            Sides are multiples of ``2**(levels - 1)``; see `padded`.
        """
        features: list[Tensor] = []
        for block in self.levels:
            features.append(block(nnf.max_pool2d(features[-1], 2) if features else image))
        return features


class Decoder(nn.Module):
    """Transposed convolutions and blocks, from the coarsest level to the finest.

    Parameters
    ----------
    widths : sequence of int
        Channels of each level of the encoder, the finest first.
    channels : int
        Output channels.
    has_skips : bool
        Whether the features of the finer levels are joined; otherwise the output depends on
        the coarsest level alone.
    first_bias : float, optional
        Initial bias of the last convolution; by default random and near 0.
    """

    def __init__(
        self,
        widths: Sequence[int],
        channels: int,
        *,
        has_skips: bool = True,
        first_bias: float | None = None,
    ) -> None:
        super().__init__()
        self.lift = nn.ModuleList(
            nn.ConvTranspose2d(deep, shallow, 2, stride=2)
            for deep, shallow in zip(widths[:0:-1], widths[-2::-1], strict=True)
        )
        self.up = nn.ModuleList(
            Block(2 * wide if has_skips else wide, wide) for wide in widths[-2::-1]
        )
        self.head = nn.Conv2d(widths[0], channels, 1)
        if first_bias is not None:
            nn.init.constant_(self.head.bias, first_bias)  # type: ignore[arg-type]
        self.has_skips = has_skips

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Return the output in the size of the finest level.

        Parameters
        ----------
        features : sequence of Tensor
            Of all levels, the finest first; only the last is read without skips. They are
            left unchanged, so that several decoders can read them.

        Returns
        -------
        float32 (batch, channels, readout, phase)
        """
        deep = features[-1]
        for level, (lift, block) in enumerate(zip(self.lift, self.up, strict=True)):
            deep = lift(deep)
            deep = block(torch.cat([features[-2 - level], deep], 1) if self.has_skips else deep)
        found: Tensor = self.head(deep)
        return found.float()


def padded(images: Tensor, step: int) -> tuple[Tensor, tuple[slice, slice]]:
    """Return images with their border repeated until the sides are multiples of ``step``.

    Parameters
    ----------
    images : any floating dtype, (batch, channels, readout, phase)
    step : int

    Returns
    -------
    Tensor
    (slice, slice)
        Rows and columns of the images in it.
    """
    rows, columns = images.shape[-2:]
    top, left = (-rows % step) // 2, (-columns % step) // 2
    border = (left, -columns % step - left, top, -rows % step - top)
    inside = (slice(top, top + rows), slice(left, left + columns))
    return nnf.pad(images, border, mode="replicate"), inside


def level(image: Tensor) -> Tensor:
    """Return the root mean square of each complex image, to scale a correction with.

    A block with group normalisation gives the same output for a dark and a bright slice. A
    correction multiplied by the level follows the brightness, and is 0 for an empty slice.

    Parameters
    ----------
    image : complex64 (batch, readout, phase)

    Returns
    -------
    float32 (batch, 1, 1)
    """
    power = torch.view_as_real(image).square().sum(-1).mean((1, 2), keepdim=True)
    return torch.sqrt(power + 1e-12)  # the root has no derivative at 0


def scale_head(head: nn.Conv2d, factor: float) -> None:
    """Scale the initial weights of a last convolution, and start with bias 0.

    An untrained block then changes its input only a little.
    """
    with torch.no_grad():
        head.weight.mul_(factor)
        if head.bias is not None:
            head.bias.zero_()
