# SPDX-License-Identifier: BSD-3-Clause
"""Weights of the two losses that follow the losses themselves: compared with DRLC."""

from __future__ import annotations

import math
from collections.abc import Sequence

from napari_mtmri.train.recipe import Recipe
from napari_mtmri.train.schedules import loss_weights

Means = tuple[float, float]


def weights_now(recipe: Recipe, time: float, history: Sequence[Means]) -> tuple[float, float]:
    """Return (alpha, beta) for an update; those of "uncertainty" are the network's own.

    Parameters
    ----------
    recipe : Recipe
    time : float
        Epochs done (`schedules.loss_weights`).
    history : sequence of (float, float)
        Mean losses of reconstruction and segmentation in each epoch that is over.
    """
    if recipe.drlc.weighting == "dwa" and len(history) >= 2:
        return dynamic_average(history[-2], history[-1], recipe.drlc.dwa_temperature)
    return loss_weights(recipe, time)


def dynamic_average(before: Means, last: Means, temperature: float) -> tuple[float, float]:
    """Return weights that sum to 2, larger for the task whose loss falls more slowly.

    References
    ----------
    Liu, Johns and Davison, CVPR 2019, Eq. 7: a softmax of the ratios of the last two
    epochs' mean losses.
    """
    ratios = [now / max(then, 1e-12) for now, then in zip(last, before, strict=True)]
    powers = [math.exp(min(ratio / temperature, 50.0)) for ratio in ratios]
    return 2 * powers[0] / sum(powers), 2 * powers[1] / sum(powers)
