# SPDX-License-Identifier: BSD-3-Clause
"""Schedules of a training: loss weights (DRLC), teacher forcing (ITFS), learning rate."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence

import numpy as np

from napari_mtmri.rng import keyed_generator
from napari_mtmri.train.recipe import Recipe

Means = tuple[float, float]  # mean losses of reconstruction and segmentation in an epoch
LEARNED = ("uncertainty", "dwa")  # weightings that depend on the losses, not only on the time
SMALLEST_SHARE = 1e-2  # an exponential never reaches 0
SIGMOID_STEEPNESS = 10.0
MOST_POINTS, POINTS_PER_EPOCH, N_TICKS = 2000, 20, 48

# The recipe keys that each kind of weighting and of teacher forcing uses.
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


def learning_rate(recipe: Recipe, update: int, per_epoch: int) -> float:
    """Return the learning rate of an update.

    It rises linearly over ``warmup_updates`` and decreases in steps of ``lr_decay``, or as a
    cosine to 0 at the end of the training.

    Parameters
    ----------
    recipe : Recipe
    update : int
        Number of updates done before.
    per_epoch : int
        Number of updates per epoch.
    """
    optimizer = recipe.optimizer
    warmup = min((update + 1) / max(optimizer.warmup_updates, 1), 1.0)
    if optimizer.schedule == "cosine":
        n_updates = optimizer.epochs * per_epoch
        falling = 0.5 * (1 + math.cos(math.pi * update / n_updates))
        return optimizer.learning_rate * warmup * falling
    n_steps = update // per_epoch // optimizer.lr_decay_every
    return optimizer.learning_rate * warmup * float(optimizer.lr_decay**n_steps)


def weights_now(recipe: Recipe, time: float, history: Sequence[Means]) -> tuple[float, float]:
    """Return (alpha, beta) for an update; with "uncertainty", the network learns its own.

    Parameters
    ----------
    recipe : Recipe
    time : float
        Number of epochs done (`loss_weights`).
    history : sequence of (float, float)
        Mean losses of reconstruction and segmentation in each finished epoch.
    """
    if recipe.drlc.weighting == "dwa" and len(history) >= 2:
        return dynamic_average(history[-2], history[-1], recipe.drlc.dwa_temperature)
    return loss_weights(recipe, time)


def loss_weights(recipe: Recipe, time: float) -> tuple[float, float]:
    """Return (alpha, beta), the weights of reconstruction and segmentation loss.

    If the weights are learned ("uncertainty") or depend on the losses ("dwa"), these are
    the initial ones.

    Parameters
    ----------
    recipe : Recipe
    time : float
        Number of epochs done; with a fraction if ``t_unit`` is "iteration".

    References
    ----------
    Dynamic re-weighted loss constraint (DRLC), the paper, Eqs. 5 and 6:
    alpha = max(exp(-t) - 0.2, 0.05), beta = 1 - alpha. According to the text of the paper
    alpha increases; in the equation, used here, it decreases. ``time_constant`` stretches t,
    since with t in epochs alpha reaches its minimum after 1.4 epochs.
    """
    if recipe.drlc.weighting == "fixed":
        return recipe.drlc.fixed_alpha, recipe.drlc.fixed_beta
    if recipe.drlc.weighting == "uncertainty":
        return 0.5, 1.0
    if recipe.drlc.weighting == "dwa":
        return 1.0, 1.0
    start = 1.0 - recipe.drlc.alpha_offset
    if recipe.drlc.weighting == "linear":
        done = min(time / max(recipe.optimizer.epochs - 1, 1), 1.0)
        alpha = start + (recipe.drlc.alpha_floor - start) * done
    else:
        alpha = max(
            math.exp(-time / recipe.tau) - recipe.drlc.alpha_offset, recipe.drlc.alpha_floor
        )
    return alpha, 1.0 - alpha


def dynamic_average(before: Means, last: Means, temperature: float) -> tuple[float, float]:
    """Return two weights with sum 2; the larger one for the loss that decreases more slowly.

    References
    ----------
    Liu, Johns and Davison, CVPR 2019, Eq. 7: a softmax of the ratios of the mean losses of
    the last two epochs.
    """
    ratios = [now / max(then, 1e-12) for now, then in zip(last, before, strict=True)]
    powers = [math.exp(min(ratio / temperature, 50.0)) for ratio in ratios]
    return 2 * powers[0] / sum(powers), 2 * powers[1] / sum(powers)


def weights_over_epochs(recipe: Recipe) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the loss weights over the training, for a plot.

    Returns
    -------
    epochs, alpha, beta : float64 arrays, (point,)
        With steps if the weights change once per epoch.
    """
    end = recipe.optimizer.epochs
    n_points = min(MOST_POINTS, POINTS_PER_EPOCH * end + 1)
    times = np.arange(n_points) * end / (n_points - 1)  # whole epochs are whole numbers
    clock = times if recipe.drlc.t_unit == "iteration" else np.minimum(np.floor(times), end - 1)
    alpha, beta = np.array([loss_weights(recipe, float(time)) for time in clock]).T
    return times, alpha, beta


def weights_sentence(recipe: Recipe) -> str:
    """Return one sentence that describes the course of the loss weights."""
    if "drlc" not in recipe.schedules:
        return f"{recipe.method} has only one loss, so no loss weights."
    if recipe.drlc.weighting in LEARNED:
        return "Only the initial weights are drawn; later ones depend on the losses."
    parts = 10 if recipe.drlc.t_unit == "iteration" else 1
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


def shows_truth(recipe: Recipe, update: int, epoch: int, position: int = 0) -> bool:
    """Return whether the input of the U-Net is the reference image, not the reconstruction.

    Parameters
    ----------
    recipe : Recipe
    update : int
        Number of updates done since the training began; the same on every process.
    epoch : int
    position : int
        Position of the slice in its batch; used by "per_sample" only.

    References
    ----------
    Iterative teacher forcing (ITFS): the paper does not define how often the input
    alternates; with each update, beginning with the reference image, is our reading. In an
    update with the reference image, no gradient of the segmentation loss reaches the
    reconstruction. "scheduled": Bengio et al., NeurIPS 2015.
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
            probability = truth_share(recipe, epoch)
            return bool(keyed_generator(recipe.seed, "teacher", update).random() < probability)
        case mode:
            return mode == "always"


def truth_share(recipe: Recipe, epoch: int) -> float:
    """Return the probability of the reference image in an epoch, for "scheduled"."""
    done = min(epoch / max(recipe.optimizer.epochs - 1, 1), 1.0)
    start, end = recipe.itfs.tf_start, recipe.itfs.tf_end
    if recipe.itfs.tf_schedule == "linear":
        return start + (end - start) * done
    if recipe.itfs.tf_schedule == "exponential":
        low, high = max(start, SMALLEST_SHARE), max(end, SMALLEST_SHARE)
        return end if done == 1 else float(low * (high / low) ** done)
    risen, first, last = (
        1 / (1 + math.exp(-SIGMOID_STEEPNESS * (x - 0.5))) for x in (done, 0.0, 1.0)
    )
    return start + (end - start) * (risen - first) / (last - first)


def ticks(recipe: Recipe) -> tuple[list[bool], str]:
    """Return which updates use the reference image, for a plot, and the meaning of a tick."""
    if "itfs" not in recipe.schedules:
        return [], f"{recipe.method}: no teacher forcing."
    mode = recipe.itfs.teacher_forcing
    if mode == "per_epoch":
        count = min(recipe.optimizer.epochs, N_TICKS)
        shown = [shows_truth(recipe, 0, epoch) for epoch in range(count)]
        return shown, f"the first {count} epochs"
    if mode == "per_sample":
        count = min(recipe.optimizer.batch_size, N_TICKS)
        shown = [shows_truth(recipe, 0, 0, position) for position in range(count)]
        return shown, f"the {count} slices of a batch"
    if mode == "scheduled":
        epochs = np.linspace(0, recipe.optimizer.epochs - 1, N_TICKS).round().astype(int)
        shown = [shows_truth(recipe, number, int(epoch)) for number, epoch in enumerate(epochs)]
        return shown, f"{N_TICKS} updates, evenly spaced over the epochs"
    return [shows_truth(recipe, number, 0) for number in range(N_TICKS)], (
        f"the first {N_TICKS} updates"
    )
