# SPDX-License-Identifier: BSD-3-Clause
"""Training data: recipe, cases and initial network of a training."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from napari_mtmri.errors import InputError
from napari_mtmri.methods.base import training_of
from napari_mtmri.train.data.cases import (
    Case,
    CaseFile,
    find_cases,
    hash_images,
    load_cases,
    with_classes,
)
from napari_mtmri.train.data.split import check_images
from napari_mtmri.train.recipe import Recipe
from napari_mtmri.volume import image_hash


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
    labels_hashes : mapping of str to str
        SHA-256 of the labels of the training and validation cases by case name.
    remarks : sequence of str
        Messages for the user, such as cases that were left out.
    """

    recipe: Recipe
    files: Sequence[CaseFile]
    train: Sequence[Case]
    val: Sequence[Case]
    hashes: Mapping[str, str]
    labels_hashes: Mapping[str, str]
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
    if not any(case.labels.any() for case in train):
        remarks.append("no training case has a lesion: a segmentation cannot be learned.")
    if not val:
        remarks.append("no validation case: the last checkpoint is used, and nothing is compared.")
    hashes = {case.name: image_hash(case.image) for case in chain(train, val)}
    # Test cases are only read for their hashes: a copy of a training case would inflate scores.
    test = [file for file in files if file.split == "test"]
    hashes |= hash_images(test, recipe, remarks.append)
    check_images(files, hashes)
    labels = {case.name: sha256_of(case.labels) for case in chain(train, val)}
    return TrainingData(recipe, files, train, val, hashes, labels, remarks)


def _like_its_start(recipe: Recipe) -> Recipe:
    """Return the recipe with the network sizes of its initial weights."""
    if recipe.start_from is None:
        return recipe
    from napari_mtmri.weights import read_card

    like, keys = training_of(recipe.method).like, dict[str, Any]()
    for path in start_weights(recipe):
        keys |= like(read_card(path).architecture)
    return recipe.changed(keys)


def start_weights(recipe: Recipe) -> list[Path]:
    """Return the files of the initial weights of a recipe, in the order given.

    Raises
    ------
    WeightsError
        If there is no such file.
    """
    from napari_mtmri.weights import find_weights

    return [
        find_weights(recipe.method, Path(part))
        if part.endswith(".safetensors")
        else find_weights(part)
        for part in start_parts(recipe.start_from or "")
    ]


def start_parts(start_from: str) -> list[str]:
    """Return the names and files of weights that ``start_from`` joins by +."""
    return [start_from] if Path(start_from).is_file() else start_from.split("+")


def sha256_of(labels: np.ndarray) -> str:
    """Return the SHA-256 of an array, with its order of voxels."""
    return hashlib.sha256(np.ascontiguousarray(labels).tobytes()).hexdigest()


def n_slices_of(data: TrainingData) -> int:
    """Return the number of slices of all training and validation cases."""
    return sum(len(case.image) for case in chain(data.train, data.val))
