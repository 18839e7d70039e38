# SPDX-License-Identifier: BSD-3-Clause
"""Temperature of the probabilities of a training, from its validation cases."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.methods.base import METHODS, training_of
from napari_mtmri.metrics.calibration import (
    best_temperature,
    expected_calibration_error,
    near_border,
    reliability,
)
from napari_mtmri.train.data.cases import find_cases, load_cases
from napari_mtmri.train.folder.checkpoint import network_of, read_checkpoint
from napari_mtmri.train.folder.layout import read_config
from napari_mtmri.train.loop.validation import Validator


def calibrate(run: Path, checkpoint: Path) -> tuple[float, float, float]:
    """Return the temperature that calibrates a checkpoint on the validation cases.

    Only pixels near the border of a reference lesion are used: elsewhere almost every
    probability is 0 or 1.

    Parameters
    ----------
    run : Path
        Training folder; its data must still be there.
    checkpoint : Path
        One of its checkpoints.

    Returns
    -------
    temperature : float
    before, after : float
        Expected calibration error with temperature 1 and with this temperature.

    Raises
    ------
    InputError
        If the data cannot be read, or no validation case has a lesion.
    RequestError
        If the method gives no segmentation.
    """
    import torch
    from scipy.special import expit, softmax

    from napari_mtmri.networks.base import build

    tensors, position = read_checkpoint(checkpoint)
    recipe, data = position.recipe, read_config(run).data
    method = METHODS.get(recipe.method)
    if "segmentation" not in method.gives:
        raise RequestError(f"{run}: {recipe.method} gives no probabilities to calibrate.")
    files = [file for file in find_cases(data, recipe) if file.split == "val"]
    architecture = training_of(recipe.method).architecture(recipe)
    network = build(architecture).eval()
    network.load_state_dict(network_of(tensors))
    validator = Validator(
        load_cases(files, recipe, lambda text: None),
        recipe,
        architecture.get("window"),
        sees_truth=method.is_full_sample,
    )
    logits, labels = [], []
    for found, drawn in validator.logits(network, torch.device("cpu")):
        near = near_border(drawn > 0)
        logits.append(np.moveaxis(found, 1, -1)[near])
        labels.append(drawn[near])
    scores, wanted = np.concatenate(logits or [np.empty((0, 1))]), np.concatenate(labels or [[]])
    if not len(wanted):
        raise InputError(f"{data}: no validation case has a lesion; nothing to calibrate on.")
    temperature = best_temperature(scores, wanted.astype(int))

    def error(divisor: float) -> float:
        scaled = scores.astype(float) / divisor
        foreground = (
            expit(scaled[:, 0]) if scores.shape[1] == 1 else 1 - softmax(scaled, axis=1)[:, 0]
        )
        return expected_calibration_error(reliability(foreground, wanted > 0))

    return temperature, error(1.0), error(temperature)
