# SPDX-License-Identifier: BSD-3-Clause
"""Iterative teacher forcing (ITFS): what the segmentation network is shown."""

from __future__ import annotations

from napari_mtmri.train.recipe import Recipe


def shows_truth(recipe: Recipe, update: int, epoch: int) -> bool:
    """Return whether this update shows the true image instead of the reconstruction.

    Parameters
    ----------
    recipe : Recipe
    update : int
        Optimiser steps done since the training began, the same on every process.
    epoch : int

    Notes
    -----
    The paper does not say per what it alternates; per update is our reading, the
    truth first. On a truth update no gradient of the segmentation loss reaches the
    reconstruction.
    """
    return {
        "alternate": update % 2 == 0,
        "per_epoch": epoch % 2 == 0,
        "always": True,
        "never": False,
    }[recipe.teacher_forcing]
