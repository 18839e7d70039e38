# SPDX-License-Identifier: BSD-3-Clause
"""The paper's training step, on one screen."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from napari_mtmri.networks.build import build
from napari_mtmri.networks.multitask import MultiTask, magnitude
from napari_mtmri.train.data.batches import Batch
from napari_mtmri.train.loop.losses import Share, reconstruction_loss, segmentation_loss
from napari_mtmri.train.recipe import Recipe
from napari_mtmri.train.schedules import shows_truth


class TensorBatch(NamedTuple):
    """A `Batch`, or a part of one, on its device."""

    kspace: Tensor
    mask: Tensor
    target: Tensor
    truth: Tensor
    labels: Tensor
    position: Tensor

    @classmethod
    def of(cls, batch: Batch, device: torch.device) -> TensorBatch:
        """Move the arrays of ``batch`` to ``device``."""
        parts = (torch.from_numpy(getattr(batch, name)) for name in cls._fields)
        return cls(*(part.to(device, non_blocking=True) for part in parts))

    def part(self, first: int, last: int) -> TensorBatch:
        """Return some of the slices."""
        return TensorBatch(*(tensor[first:last] for tensor in self))


class Moment(NamedTuple):
    """Where in the training an update stands.

    Parameters
    ----------
    update : int
        Updates done; decides what the U-Net is shown (`schedules.shows_truth`).
    epoch : int
    alpha, beta : float
        Weights of reconstruction and segmentation (`schedules.weights_now`).
    n_slices : int
        In this batch, over all processes.
    n_processes : int
    """

    update: int
    epoch: int
    alpha: float
    beta: float
    n_slices: int
    n_processes: int = 1


class Losses(NamedTuple):
    """What an update costs; ``total`` has the gradient."""

    total: Tensor
    recon: Tensor
    seg: Tensor
    alpha: Tensor
    beta: Tensor


class Objective(nn.Module):
    """The network with the loss it is trained by.

    Parameters
    ----------
    network : MultiTask
    recipe : Recipe
    scale : float
        Factor of the reconstruction loss.
    """

    def __init__(self, network: MultiTask, recipe: Recipe, scale: float) -> None:
        super().__init__()
        self.network, self.recipe, self.scale = network, recipe, scale
        if recipe.is_joint and recipe.drlc.weighting == "uncertainty":
            self.log_variances = nn.Parameter(torch.zeros(2))

    def forward(self, batch: TensorBatch, moment: Moment) -> Losses:
        """Return the weighted loss of a batch and what went into it."""
        recipe, network = self.recipe, self.network
        counts = (batch.position >= 0).float()
        share = Share(counts, moment.n_slices, moment.n_processes)
        recon = seg = counts.new_zeros(())
        image = None
        if network.reconstruction is not None:
            image = network.reconstruction(batch.kspace, batch.mask)
            recon = self.scale * reconstruction_loss(image, batch.target, recipe, share)
        if network.segmentation is not None:
            # ITFS: the true image or the network's own, which then feels the gradient.
            shown = batch.truth[:, None] if image is None else self._shown(image, batch, moment)
            seg = segmentation_loss(network.segment(shown), batch.labels, recipe, share)
        # DRLC: the weights move over the epochs.
        alpha, beta, extra = self._weights(moment, counts)
        return Losses(alpha * recon + beta * seg + extra, recon, seg, alpha, beta)

    def _shown(self, image: Tensor, batch: TensorBatch, moment: Moment) -> Tensor:
        teacher = [
            shows_truth(self.recipe, moment.update, moment.epoch, position)
            for position in batch.position.tolist()
        ]
        if all(teacher):
            return batch.truth[:, None]
        if not any(teacher):
            return magnitude(image)
        chosen = torch.tensor(teacher, device=image.device)[:, None, None, None]
        return torch.where(chosen, batch.truth[:, None], magnitude(image))

    def _weights(self, moment: Moment, like: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        if not self.recipe.is_joint:
            return like.new_ones(()), like.new_ones(()), like.new_zeros(())
        if self.recipe.drlc.weighting == "uncertainty":
            # Kendall, Gal and Cipolla, CVPR 2018: s = log variance, learned.
            s = self.log_variances
            return 0.5 * torch.exp(-s[0]), torch.exp(-s[1]), 0.5 * s.sum()
        return like.new_tensor(moment.alpha), like.new_tensor(moment.beta), like.new_zeros(())


def build_network(recipe: Recipe) -> MultiTask:
    """Return the untrained network of a recipe; the same for the same seed."""
    return build(recipe.architecture, recipe.seed)
