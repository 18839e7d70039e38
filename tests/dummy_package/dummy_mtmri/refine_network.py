# SPDX-License-Identifier: BSD-3-Clause
"""A small network that corrects the zero-filled image, then segments it; with its losses."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as nnf
from torch import Tensor, nn

from napari_mtmri.kspace import combine, ifft2c
from napari_mtmri.networks.d5c5 import to_channels, to_complex
from napari_mtmri.networks.losses import LossContext, TensorBatch


class Refine(nn.Module):
    """Two convolutions for the image, two for the labels."""

    def __init__(self, filters: int, classes: int) -> None:
        super().__init__()
        self.image = nn.Sequential(
            nn.Conv2d(2, filters, 3, padding=1), nn.ReLU(), nn.Conv2d(filters, 2, 3, padding=1)
        )
        self.labels = nn.Sequential(
            nn.Conv2d(1, filters, 3, padding=1), nn.ReLU(), nn.Dropout(0.2),
            nn.Conv2d(filters, classes, 1),
        )  # fmt: skip

    def forward(
        self,
        kspace: Tensor,
        mask: Tensor,
        coil_maps: Tensor | None = None,
        truth: Tensor | None = None,
        window: object = None,
    ) -> tuple[Tensor, Tensor]:
        zero_filled = to_channels(combine(ifft2c(kspace), coil_maps))
        change = self.image(zero_filled.to(next(self.parameters()).dtype))
        image = to_complex(zero_filled + change)
        magnitude = image.abs()[:, None].to(change.dtype)
        return image, self.labels(magnitude).float()


def image_losses(network: Refine, batch: TensorBatch, context: LossContext) -> Mapping[str, Tensor]:
    image, _ = network(batch.kspace, batch.mask)
    error = image - batch.target
    edges = torch.diff(error, dim=-1).abs()
    weight = context.recipe.options["edge_weight"]
    return {
        "pixel": context.share.mean(error.abs().mean((1, 2))),
        "edge": weight * context.share.mean(edges.mean((1, 2))),
    }


def label_losses(network: Refine, batch: TensorBatch, context: LossContext) -> Mapping[str, Tensor]:
    _, logits = network(batch.kspace, batch.mask)
    wanted = (batch.labels > 0).float()
    entropy = nnf.binary_cross_entropy_with_logits(logits[:, 0], wanted, reduction="none")
    return {"entropy": context.share.mean(entropy.mean((1, 2)))}
