# SPDX-License-Identifier: BSD-3-Clause
"""The network of a recipe with the loss of a stage, which an update differentiates."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from napari_mtmri.errors import InputError
from napari_mtmri.kspace import ifft2c
from napari_mtmri.methods.base import METHODS, training_of
from napari_mtmri.methods.training import StageSpan
from napari_mtmri.networks.base import build
from napari_mtmri.networks.losses import BatchShare, BatchSums, LossContext, TensorBatch
from napari_mtmri.train.data.batches import Simulator, plan_epoch
from napari_mtmri.train.data.training_data import start_weights
from napari_mtmri.train.recipe import Recipe
from napari_mtmri.train.schedules import shows_truth

SLICES_FOR_SCALE = 64
WEIGHTED = ("recon", "seg")  # losses that DRLC weights


class StepContext(NamedTuple):
    """Position of an update in its stage.

    Parameters
    ----------
    update : int
        Updates done in the stage; decides the input of the U-Net (`schedules.shows_truth`).
    epoch : int
        Epoch of the stage.
    alpha, beta : float
        Weights of reconstruction and segmentation (`schedules.weights_now`).
    n_slices : int
        Number of slices in this batch, over all processes and parts.
    n_processes : int
    n_parts : int
        Parts in which each process computes its slices.
    sums : BatchSums, optional
        If there are several parts.
    is_first : bool
        Whether a loss may update running statistics: in one part of a batch.
    """

    update: int
    epoch: int
    alpha: float
    beta: float
    n_slices: int
    n_processes: int = 1
    n_parts: int = 1
    sums: BatchSums | None = None
    is_first: bool = True


class Objective(nn.Module):
    """The network with the loss of a stage; parameters that the stage does not train are frozen.

    Parameters
    ----------
    network : Module
    span : StageSpan
    scale : float
        Factor of the reconstruction loss.
    """

    def __init__(self, network: nn.Module, span: StageSpan, scale: float) -> None:
        super().__init__()
        self.network, self.stage, self.recipe, self.scale = network, span.stage, span.recipe, scale
        for name, parameter in network.named_parameters():
            parameter.grad = None
            parameter.requires_grad_(self.stage.is_trained(name))
        decay = self.recipe.optimizer.ema_decay
        ema = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        self.averaged = AveragedModel(network, multi_avg_fn=ema) if decay else None
        self.is_weighted = "drlc" in self.stage.schedules
        self.has_teacher = "itfs" in self.stage.schedules
        if self.is_weighted and self.recipe.drlc.weighting == "uncertainty":
            self.log_variances = nn.Parameter(torch.zeros(2))

    @property
    def result(self) -> nn.Module:
        """The network to validate, to export and for the next stage: averaged if asked for."""
        return self.network if self.averaged is None else self.averaged.module

    def average(self) -> None:
        """Include the weights after an update in their average."""
        if self.averaged is not None:
            self.averaged.update_parameters(self.network)

    def forward(self, batch: TensorBatch, step: StepContext) -> dict[str, Tensor]:
        """Return ``total``, which has the gradient, the losses in it and their weights."""
        share = BatchShare(
            (batch.position >= 0).float(),
            step.n_slices,
            step.n_processes,
            step.n_parts,
            step.sums,
            step.is_first,
        )
        context = LossContext(self.recipe, share, self._teacher(batch, step), self.scale)
        losses = dict(self.stage.loss(self.network, batch, context))
        # DRLC: the weights change over the epochs.
        weights, extra = self._weights(step, share.counts) if self.is_weighted else ({}, None)
        parts = [weights[name] * loss if name in weights else loss for name, loss in losses.items()]
        total = sum(parts[1:], start=parts[0])
        shown = dict(zip(("alpha", "beta"), weights.values(), strict=False))
        return {"total": total if extra is None else total + extra, **losses, **shown}

    def _teacher(self, batch: TensorBatch, step: StepContext) -> tuple[bool, ...]:
        if not self.has_teacher:
            return ()
        return tuple(
            shows_truth(self.recipe, step.update, step.epoch, position)
            for position in batch.position.tolist()
        )

    def _weights(self, step: StepContext, like: Tensor) -> tuple[dict[str, Tensor], Tensor | None]:
        if self.recipe.drlc.weighting == "uncertainty":
            # Kendall, Gal and Cipolla, CVPR 2018: s = log variance, learned.
            s = self.log_variances
            pair = (0.5 * torch.exp(-s[0]), torch.exp(-s[1]))
            return dict(zip(WEIGHTED, pair, strict=True)), 0.5 * s.sum()
        pair = (like.new_tensor(step.alpha), like.new_tensor(step.beta))
        return dict(zip(WEIGHTED, pair, strict=True)), None


def make_network(recipe: Recipe, *, is_begun: bool = False) -> nn.Module:
    """Return the network of a recipe with its initial weights, the same for the same seed.

    Parameters
    ----------
    recipe : Recipe
    is_begun : bool
        Whether a checkpoint contains the weights, so that the initial ones are not read.
    """
    network = build(training_of(recipe.method).architecture(recipe), recipe.seed)
    if recipe.start_from is not None and not is_begun:
        _load_parts(network, recipe)
    return network


def _load_parts(network: nn.Module, recipe: Recipe) -> None:
    """Load the initial weights of a recipe; of a parameter in several files, the last is used."""
    from napari_mtmri.weights import load_weights, read_card

    tensors: dict[str, Tensor] = {}
    for path in start_weights(recipe):
        tensors |= load_weights(path, read_card(path).method)[0]
    try:
        network.load_state_dict(tensors)
    except RuntimeError as why:
        raise InputError(
            f"start_from = {recipe.start_from!r}: these weights are not all of the network of "
            f"{recipe.method}; name weights of {recipe.method}, or of its parts joined by +."
        ) from why


def recon_scale(recipe: Recipe, simulator: Simulator) -> float:
    """Return the factor of the reconstruction loss: given, or 1 / mean zero-filled error."""
    factor = recipe.loss.recon_factor
    if recipe.loss.recon_scale != "zero_filled":
        return float(recipe.loss.recon_scale) * factor
    if "image" not in METHODS.get(recipe.method).gives:
        return factor
    errors = []
    for item in plan_epoch(simulator.cases, recipe, 0)[:SLICES_FOR_SCALE]:
        batch = simulator.batch([item], 0)
        difference = np.abs(ifft2c(batch.kspace[:, 0]) - batch.target)
        error = difference**2 if recipe.loss.recon_loss == "l2" else difference
        errors.append(error.sum() if recipe.loss.recon_reduction == "sum" else error.mean())
    return 1.0 / max(float(np.mean(errors)), 1e-12) * factor
