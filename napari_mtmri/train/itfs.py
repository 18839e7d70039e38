# SPDX-License-Identifier: BSD-3-Clause
"""Iterative teacher forcing (ITFS): what the segmentation network is shown."""

from __future__ import annotations

import math

from napari_mtmri.rng import keyed_generator
from napari_mtmri.train.recipe import Recipe


def shows_truth(recipe: Recipe, update: int, epoch: int, position: int = 0) -> bool:
    """Return whether a slice is shown as the true image instead of the reconstruction.

    Parameters
    ----------
    recipe : Recipe
    update : int
        Optimiser steps done since the training began, the same on every process.
    epoch : int
    position : int
        Of the slice in its batch; matters for "per_sample" alone.

    References
    ----------
    The paper does not say per what it alternates; per update is our reading, the truth
    first. On a truth update no gradient of the segmentation loss reaches the
    reconstruction. "scheduled" is that of Bengio et al., NeurIPS 2015.
    """
    match recipe.itfs.teacher_forcing:
        case "alternate":
            return update % 2 == 0
        case "per_epoch":
            return epoch % 2 == 0
        case "per_sample":
            return position % 2 == 0
        case "period":
            return update % sum(recipe.itfs.tf_period) < recipe.itfs.tf_period[0]
        case "scheduled":
            share = truth_share(recipe, epoch)
            return bool(keyed_generator(recipe.seed, "teacher", update).random() < share)
        case mode:
            return mode == "always"


def truth_share(recipe: Recipe, epoch: int) -> float:
    """Return the share of truth that "scheduled" has in an epoch, from start to end."""
    done = min(epoch / max(recipe.optimizer.epochs - 1, 1), 1.0)
    start, end = recipe.itfs.tf_start, recipe.itfs.tf_end
    if recipe.itfs.tf_schedule == "linear":
        return start + (end - start) * done
    if recipe.itfs.tf_schedule == "exponential":
        least = 1e-2  # a geometric way never arrives at 0
        low, high = max(start, least), max(end, least)
        return end if done == 1 else float(low * (high / low) ** done)
    steep = 10.0
    risen, first, last = (1 / (1 + math.exp(-steep * (x - 0.5))) for x in (done, 0.0, 1.0))
    return start + (end - start) * (risen - first) / (last - first)
