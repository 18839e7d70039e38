# SPDX-License-Identifier: BSD-3-Clause
"""The paper's two ideas as they will go: weights over epochs, and steps; no Qt."""

from __future__ import annotations

from bisect import bisect_left

import numpy as np

from napari_mtmri.train.itfs import shows_truth
from napari_mtmri.train.recipe import Recipe
from napari_mtmri.train.schedules import loss_weights

MOST_POINTS, N_TICKS, PARTS_OF_EPOCH = 2000, 48, 10

WEIGHT_KEYS = {
    "exponential": ("time_constant", "t_unit", "alpha_offset", "alpha_floor"),
    "linear": ("t_unit", "alpha_offset", "alpha_floor"),
    "fixed": ("fixed_alpha", "fixed_beta"),
    "uncertainty": (),
    "dwa": ("dwa_temperature",),
}
TEACHER_KEYS = {
    "period": ("tf_period",),
    "scheduled": ("tf_schedule", "tf_start", "tf_end"),
}
BEGIN_WITH = ("uncertainty", "dwa")  # the losses themselves move these


def weights_over_epochs(recipe: Recipe) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (epochs, alpha, beta), each (n,); steps where the weights move per epoch."""
    end = recipe.optimizer.epochs
    moments = np.linspace(0, end, min(MOST_POINTS, 20 * end + 1))
    clock = moments if recipe.drlc.t_unit == "iteration" else np.minimum(np.floor(moments), end - 1)
    alpha, beta = np.array([loss_weights(recipe, float(time)) for time in clock]).T
    return moments, alpha, beta


def weights_sentence(recipe: Recipe) -> str:
    """Return in words what the weights do."""
    if "drlc" not in recipe.schedules:
        return f"{recipe.method} has one loss: nothing is weighted."
    if recipe.drlc.weighting in BEGIN_WITH:
        return "Only the first weights are drawn: the losses themselves move them."
    parts = PARTS_OF_EPOCH if recipe.drlc.t_unit == "iteration" else 1
    last = recipe.optimizer.epochs * parts - 1
    first, low = (loss_weights(recipe, number / parts)[0] for number in (0, last))
    if first == low:
        return f"α stays {low:g} throughout."
    reached = bisect_left(
        range(last), True, key=lambda number: loss_weights(recipe, number / parts)[0] <= low + 1e-9
    )
    return (
        f"α falls from {first:g} to {low:.3g}, reached after {reached / parts:g} of "
        f"{recipe.optimizer.epochs} epochs."
    )


def ticks(recipe: Recipe) -> tuple[list[bool], str]:
    """Return which steps show the truth, and in words what a tick is."""
    if "itfs" not in recipe.schedules:
        return [], f"{recipe.method}: no teacher forcing."
    mode = recipe.itfs.teacher_forcing
    if mode == "per_epoch":
        count = min(recipe.optimizer.epochs, N_TICKS)
        return [
            shows_truth(recipe, 0, epoch) for epoch in range(count)
        ], f"the first {count} epochs"
    if mode == "per_sample":
        count = min(recipe.optimizer.batch_size, N_TICKS)
        found = [shows_truth(recipe, 0, 0, position) for position in range(count)]
        return found, f"the {count} slices of a batch"
    if mode == "scheduled":
        at = [
            round(tick * (recipe.optimizer.epochs - 1) / (N_TICKS - 1)) for tick in range(N_TICKS)
        ]
        found = [shows_truth(recipe, number, epoch) for number, epoch in enumerate(at)]
        return found, f"{N_TICKS} updates, spread over the epochs"
    found = [shows_truth(recipe, number, 0) for number in range(N_TICKS)]
    return found, f"the first {N_TICKS} updates"
