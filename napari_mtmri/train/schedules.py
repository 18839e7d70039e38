# SPDX-License-Identifier: BSD-3-Clause
"""Dynamic re-weighted loss constraint (DRLC): who leads, reconstruction or segmentation."""

from __future__ import annotations

import math

from napari_mtmri.train.recipe import Recipe


def loss_weights(recipe: Recipe, time: float) -> tuple[float, float]:
    """Return (alpha, beta), the weights of reconstruction and segmentation.

    Where the weights are learned ("uncertainty") or follow the losses ("dwa"), these
    are the ones to begin with.

    Parameters
    ----------
    recipe : Recipe
    time : float
        Epochs done: whole, or with a fraction where ``t_unit`` is "iteration".

    References
    ----------
    The paper, Eqs. 5 and 6: alpha = max(exp(-t) - 0.2, 0.05), beta = 1 - alpha. Its
    text says that alpha increases; the equation, followed here, says that it falls.
    ``time_constant`` stretches t, since t in epochs reaches the floor after 1.4.
    """
    if recipe.drlc.weighting == "fixed":
        return recipe.drlc.fixed_alpha, recipe.drlc.fixed_beta
    if recipe.drlc.weighting == "uncertainty":
        return 0.5, 1.0
    if recipe.drlc.weighting == "dwa":
        return 1.0, 1.0
    start = 1.0 - recipe.drlc.alpha_offset
    if recipe.drlc.weighting == "linear":
        share = min(time / max(recipe.optimizer.epochs - 1, 1), 1.0)
        alpha = start + (recipe.drlc.alpha_floor - start) * share
    else:
        alpha = max(
            math.exp(-time / recipe.tau) - recipe.drlc.alpha_offset, recipe.drlc.alpha_floor
        )
    return alpha, 1.0 - alpha
