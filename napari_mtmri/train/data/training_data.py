# SPDX-License-Identifier: BSD-3-Clause
"""Training data: recipe, cases and initial network of a training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from napari_mtmri.errors import InputError
from napari_mtmri.kspace import ifft2c
from napari_mtmri.train.data.batches import Simulator, plan_epoch
from napari_mtmri.train.data.cases import (
    Case,
    CaseFile,
    find_cases,
    hash_images,
    load_cases,
    with_classes,
)
from napari_mtmri.train.data.split import check_images, image_hash
from napari_mtmri.train.loop.objective import Objective, build_network
from napari_mtmri.train.recipe import Recipe

SLICES_FOR_SCALE = 64


@dataclass(frozen=True)
class TrainingData:
    """The cases of a training, in memory.

    Parameters
    ----------
    recipe : Recipe
        Complete: without "auto" values.
    files : sequence of CaseFile
        All cases, including test cases.
    train, val : sequence of Case
    hashes : mapping of str to str
        `split.image_hash` of all images by case name.
    remarks : sequence of str
        Messages for the user, such as cases that were left out.
    """

    recipe: Recipe
    files: Sequence[CaseFile]
    train: Sequence[Case]
    val: Sequence[Case]
    hashes: Mapping[str, str]
    remarks: Sequence[str]


def read_training_data(recipe: Recipe, data: Path | str, *, is_begun: bool = False) -> TrainingData:
    """Return the cases to train and validate on, and the recipe completed from them.

    Parameters
    ----------
    recipe : Recipe
    data : Path or str
        Folder or table of cases, or the name of a source.
    is_begun : bool
        Whether the training resumes from a checkpoint, so that its initial weights are no
        longer needed.

    Raises
    ------
    InputError
        If a case cannot be used, there is no training case, or two splits share an image
        or a patient.
    """
    remarks: list[str] = []
    recipe = recipe if is_begun else _like_its_start(recipe)
    files = find_cases(data, recipe)
    train, val = (
        load_cases([file for file in files if file.split == split], recipe, remarks.append)
        for split in ("train", "val")
    )
    if not train:
        raise InputError(f"{data}: has no training case; mark some cases as 'train'.")
    recipe = with_classes(recipe, train, val, remarks.append)
    hashes = {case.name: image_hash(case.image) for case in chain(train, val)}
    # Test cases are only read for their hashes: a copy of a training case would inflate scores.
    test = [file for file in files if file.split == "test"]
    hashes |= hash_images(test, recipe, remarks.append)
    check_images(files, hashes)
    return TrainingData(recipe, files, train, val, hashes, remarks)


def _like_its_start(recipe: Recipe) -> Recipe:
    """Return the recipe with the network sizes of its initial weights."""
    if recipe.start_from is None:
        return recipe
    from napari_mtmri.weights import read_card

    architecture = read_card(start_weights(recipe)).architecture
    recon, seg = architecture.get("reconstruction"), architecture.get("segmentation")
    sizes: dict[str, Any] = {}
    if recon:
        sizes |= {
            "recon_cascades": recon["cascades"],
            "recon_convs": recon["convolutions"],
            "recon_features": recon["features"],
        }
    if seg:
        sizes |= {
            "seg_features": seg["features"],
            "seg_depth": seg["depth"],
            "classes": 1 if seg["classes"] == 1 else seg["classes"] - 1,
        }
    return recipe.changed(sizes)


def start_weights(recipe: Recipe) -> Path:
    """Return the file of the initial weights of a recipe."""
    from napari_mtmri.weights import find_weights

    assert recipe.start_from is not None  # checked by the callers
    if recipe.start_from.endswith(".safetensors"):
        return find_weights(recipe.method, Path(recipe.start_from))
    return find_weights(recipe.start_from)


def make_objective(
    material: TrainingData, simulator: Simulator, *, is_begun: bool = False
) -> Objective:
    """Return the network to train with its loss; initial weights are loaded unless resumed."""
    recipe = material.recipe
    network = build_network(recipe)
    if recipe.start_from is not None and not is_begun:
        from napari_mtmri.weights import load_weights

        tensors, _ = load_weights(start_weights(recipe), recipe.method)
        network.load_state_dict(tensors)
    return Objective(network, recipe, recon_scale(recipe, simulator) * recipe.loss.recon_factor)


def recon_scale(recipe: Recipe, simulator: Simulator) -> float:
    """Return the factor of the reconstruction loss: as given, or 1 / mean zero-filled error."""
    if recipe.loss.recon_scale != "zero_filled":
        return float(recipe.loss.recon_scale)
    if recipe.method == "unet-full-sample":
        return 1.0
    errors = []
    for item in plan_epoch(simulator.cases, recipe, 0)[:SLICES_FOR_SCALE]:
        batch = simulator.batch([item], 0)
        difference = np.abs(ifft2c(batch.kspace[:, 0]) - batch.target)
        error = difference**2 if recipe.loss.recon_loss == "l2" else difference
        errors.append(error.sum() if recipe.loss.recon_reduction == "sum" else error.mean())
    return 1.0 / max(float(np.mean(errors)), 1e-12)


def n_slices_of(data: TrainingData) -> int:
    """Return the number of slices of all training and validation cases."""
    return sum(len(case.image) for case in chain(data.train, data.val))
