# SPDX-License-Identifier: BSD-3-Clause
"""Losses of the two tasks."""

from __future__ import annotations

import torch
import torch.nn.functional as nnf
from torch import Tensor

from napari_mtmri.networks.multitask import probabilities
from napari_mtmri.train.recipe import Recipe


def reconstruction_loss(image: Tensor, target: Tensor, recipe: Recipe) -> Tensor:
    """Return the squared error of complex images, mean over the batch.

    Parameters
    ----------
    image, target : complex64 (batch, readout, phase)

    References
    ----------
    The paper, Eq. 3, its symbols swapped back; printed as a sum over pixels
    (``recon_reduction="sum"``), while "mean" divides by their number.
    """
    squared = torch.view_as_real(image - target).square().sum(-1)
    per_slice = squared.sum((1, 2)) if recipe.recon_reduction == "sum" else squared.mean((1, 2))
    return per_slice.mean()


def soft_dice_loss(logits: Tensor, labels: Tensor, recipe: Recipe) -> Tensor:
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
    over = (0, 2, 3) if recipe.dice_over == "batch" else (2, 3)
    both = (predicted * wanted).sum(over)
    total = predicted.sum(over) + wanted.sum(over)
    dice = (2 * both + recipe.dice_smooth_top) / (total + recipe.dice_smooth)
    return 1 - dice.mean()


def segmentation_loss(logits: Tensor, labels: Tensor, recipe: Recipe) -> Tensor:
    """Return the loss the recipe names: Dice (the paper's equation), cross-entropy or both."""
    loss = logits.new_zeros(())
    parts = recipe.seg_loss.split("+")
    if "dice" in parts:
        loss = loss + soft_dice_loss(logits, labels, recipe)
    if "ce" in parts:
        if logits.shape[1] == 1:
            wanted = _one_hot(labels, 1)
            loss = loss + nnf.binary_cross_entropy_with_logits(logits.float(), wanted)
        else:
            loss = loss + nnf.cross_entropy(logits.float(), labels)
    return loss


def _one_hot(labels: Tensor, channels: int) -> Tensor:
    if channels == 1:
        return (labels > 0).float()[:, None]
    return nnf.one_hot(labels, channels).permute(0, 3, 1, 2).float()
