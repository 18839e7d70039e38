# SPDX-License-Identifier: BSD-3-Clause
"""The paper's training step, on one screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from napari_mtmri.networks.build import build
from napari_mtmri.networks.multitask import MultiTask
from napari_mtmri.train.batches import Batch
from napari_mtmri.train.drlc import loss_weights
from napari_mtmri.train.itfs import shows_truth
from napari_mtmri.train.losses import reconstruction_loss, segmentation_loss
from napari_mtmri.train.recipe import Recipe

Network = Callable[..., tuple[Tensor | None, Tensor | None]]


@dataclass(frozen=True)
class TensorBatch:
    """A `Batch` on its device."""

    kspace: Tensor
    mask: Tensor
    truth: Tensor
    labels: Tensor

    @classmethod
    def of(cls, batch: Batch, device: torch.device) -> TensorBatch:
        """Move the arrays of ``batch`` to ``device``."""
        parts = (batch.kspace, batch.mask, batch.truth, batch.labels)
        return cls(*(torch.from_numpy(part).to(device) for part in parts))


def build_network(recipe: Recipe) -> MultiTask:
    """Return the untrained network of a recipe; the same for the same seed."""
    return build(recipe.architecture, recipe.seed)


def training_loss(
    network: Network, batch: TensorBatch, recipe: Recipe, update: int, time: float, scale: float
) -> tuple[Tensor, dict[str, float | bool]]:
    """Return the weighted loss of one update and what went into it.

    Parameters
    ----------
    update : int
        Updates done; decides between truth and own output (`itfs.shows_truth`).
    time : float
        Epochs done; decides the weights (`drlc.loss_weights`).
    scale : float
        Factor on the reconstruction loss (``recon_scale``).
    """
    alpha, beta = loss_weights(recipe, time)
    teacher = recipe.method == "unet-full-sample" or shows_truth(recipe, update, int(time))
    image, logits = network(batch.kspace, batch.mask, truth=batch.truth if teacher else None)
    loss = batch.truth.new_zeros(())
    parts: dict[str, float | bool] = {}
    if image is not None:
        recon = reconstruction_loss(image, batch.truth.to(image.dtype), recipe) * scale
        loss = loss + (alpha if logits is not None else 1.0) * recon
        parts["recon_loss"] = float(recon.detach())
    if logits is not None:
        seg = segmentation_loss(logits, batch.labels, recipe)
        loss = loss + (beta if image is not None else 1.0) * seg
        parts["seg_loss"] = float(seg.detach())
    if image is not None and logits is not None:
        parts |= {"alpha": alpha, "beta": beta, "teacher": teacher}
    return loss, parts
