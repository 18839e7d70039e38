# SPDX-License-Identifier: BSD-3-Clause
"""Losses of the two tasks, over the batch of all processes.

Each process has some slices of the batch. A mean is a sum over its slices, divided by
the number of slices of all and multiplied by the number of processes, since Lightning
averages gradients over the processes; a ratio of sums (Eq. 4) needs the sums of all.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as nnf
from torch import Tensor

from napari_mtmri.networks.multitask import probabilities
from napari_mtmri.train.recipe import Recipe


@dataclass(frozen=True)
class Share:
    """Which part of the batch this process has.

    Parameters
    ----------
    counts : float32 (batch,)
        1 for each slice, 0 for one that only fills up.
    n_slices : int
        Slices of all processes.
    n_processes : int
    """

    counts: Tensor
    n_slices: int
    n_processes: int = 1

    @classmethod
    def whole(cls, images: Tensor) -> Share:
        """Return the share of a process that is alone."""
        return cls(torch.ones(len(images), device=images.device), len(images))

    def mean(self, per_slice: Tensor) -> Tensor:
        """Return the mean over all slices, as far as it is known here."""
        return (per_slice * self.counts).sum() * (self.n_processes / self.n_slices)

    def total(self, per_slice: Tensor) -> Tensor:
        """Return the sum over the slices (axis 0) of all processes, with its gradient."""
        own = (per_slice * self.counts[:, None]).sum(0)
        if self.n_processes == 1:
            return own
        from torch.distributed.nn.functional import all_reduce

        return torch.as_tensor(all_reduce(own))  # type: ignore[no-untyped-call]


def reconstruction_loss(image: Tensor, target: Tensor, recipe: Recipe, share: Share) -> Tensor:
    """Return the error of the image, mean over the batch.

    Parameters
    ----------
    image : complex64 (batch, readout, phase)
    target : complex64, same shape
        The true image with the phase it was given, without noise.

    References
    ----------
    The paper, Eq. 3, its symbols swapped back; printed as a sum over pixels
    (``recon_reduction="sum"``), while "mean" divides by their number.
    """
    parts = torch.view_as_real(image - target)
    if recipe.loss.recon_domain == "magnitude":
        parts = (torch.abs(image) - torch.abs(target))[..., None]
    error = parts.square() if recipe.loss.recon_loss == "l2" else parts.abs()
    per_pixel = error.sum(-1)
    is_sum = recipe.loss.recon_reduction == "sum"
    return share.mean(per_pixel.sum((1, 2)) if is_sum else per_pixel.mean((1, 2)))


def soft_dice_loss(logits: Tensor, labels: Tensor, recipe: Recipe, share: Share) -> Tensor:
    """Return 1 - soft Dice, mean over the foreground classes.

    Parameters
    ----------
    logits : float32 (batch, classes, readout, phase)
    labels : int64 (batch, readout, phase)

    References
    ----------
    The paper, Eq. 4: the smoothing of 0.1 stands below only, so that a batch without
    lesion costs 1 and teaches nothing unless ``dice_smooth_top`` is set.
    """
    predicted = probabilities(logits.float())
    wanted = _one_hot(labels, logits.shape[1])
    if logits.shape[1] > 1:
        predicted, wanted = predicted[:, 1:], wanted[:, 1:]
    both = (predicted * wanted).sum((2, 3))
    either = predicted.sum((2, 3)) + wanted.sum((2, 3))
    if recipe.loss.dice_over == "batch":
        both, either = share.total(both), share.total(either)
    dice = (2 * both + recipe.loss.dice_smooth_top) / (either + recipe.loss.dice_smooth)
    return 1 - dice.mean() if recipe.loss.dice_over == "batch" else share.mean(1 - dice.mean(1))


def segmentation_loss(logits: Tensor, labels: Tensor, recipe: Recipe, share: Share) -> Tensor:
    """Return the loss the recipe names: Dice (the paper's equation), cross-entropy or both."""
    loss = logits.new_zeros(())
    parts = recipe.loss.seg_loss.split("+")
    if "dice" in parts:
        loss = loss + soft_dice_loss(logits, labels, recipe, share)
    if "ce" in parts:
        if logits.shape[1] == 1:
            wanted = _one_hot(labels, 1)
            entropy = nnf.binary_cross_entropy_with_logits(logits.float(), wanted, reduction="none")
        else:
            entropy = nnf.cross_entropy(logits.float(), labels, reduction="none")[:, None]
        loss = loss + share.mean(entropy.mean((1, 2, 3)))
    return loss


def _one_hot(labels: Tensor, channels: int) -> Tensor:
    if channels == 1:
        return (labels > 0).float()[:, None]
    return nnf.one_hot(labels, channels).permute(0, 3, 1, 2).float()
