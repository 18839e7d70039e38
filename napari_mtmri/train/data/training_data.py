# SPDX-License-Identifier: BSD-3-Clause
"""Training data: recipe, cases and initial network of a training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

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
    if not any(case.labels.any() for case in train):
        remarks.append("no training case has a lesion: a segmentation cannot be learned.")
    if not val:
        remarks.append("no validation case: the last checkpoint is used, and nothing is compared.")
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
    return recipe.changed(training_of(recipe.method).like(architecture))


def start_weights(recipe: Recipe) -> Path:
    """Return the file of the initial weights of a recipe."""
    from napari_mtmri.weights import find_weights

    assert recipe.start_from is not None  # checked by the callers
    if recipe.start_from.endswith(".safetensors"):
        return find_weights(recipe.method, Path(recipe.start_from))
    return find_weights(recipe.start_from)


def n_slices_of(data: TrainingData) -> int:
    """Return the number of slices of all training and validation cases."""
    return sum(len(case.image) for case in chain(data.train, data.val))
