# SPDX-License-Identifier: BSD-3-Clause
"""From a recipe and data to all that a training loop needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from napari_mtmri.errors import InputError
from napari_mtmri.methods.base import training_of
from napari_mtmri.train.data.batches import Batch, Item, Simulator, plan_epoch
from napari_mtmri.train.data.cases import (
    Case,
    CaseFile,
    find_cases,
    hash_images,
    load_cases,
    with_classes,
)
from napari_mtmri.train.data.split import check_images, image_hash
from napari_mtmri.train.recipe import Recipe


@dataclass(frozen=True)
class Material:
    """What is trained and validated on.

    Parameters
    ----------
    recipe : Recipe
        With nothing left to be found.
    files : sequence of CaseFile
        All of them, those of the test cases too.
    train, val : sequence of Case
    hashes : mapping of str to str
        Of the images that were read, by the names of their cases.
    remarks : sequence of str
        What a user should hear: cases left out.
    """

    recipe: Recipe
    files: Sequence[CaseFile]
    train: Sequence[Case]
    val: Sequence[Case]
    hashes: Mapping[str, str]
    remarks: Sequence[str]


def read_material(recipe: Recipe, data: Path | str, *, is_begun: bool = False) -> Material:
    """Return the cases to train and validate on, and the recipe made whole by them.

    Parameters
    ----------
    recipe : Recipe
    data : Path or str
        Folder or table of cases, or the name of a source.
    is_begun : bool
        Whether the training goes on from a checkpoint: the weights it started from
        need not be there any more.

    Raises
    ------
    InputError
        If a case cannot be used, there is none to train on, or the same image or patient
        is on both sides.
    """
    remarks: list[str] = []
    recipe = recipe if is_begun else _like_its_start(recipe)
    files = find_cases(data, recipe)
    train, val = (
        load_cases([file for file in files if file.split == split], recipe, remarks.append)
        for split in ("train", "val")
    )
    if not train:
        raise InputError(f"{data}: no case to train on; mark some as 'train'.")
    recipe = with_classes(recipe, train, val, remarks.append)
    hashes = {case.name: image_hash(case.image) for case in chain(train, val)}
    # The test cases are read for this alone: a copy among them would flatter every score.
    test = [file for file in files if file.split == "test"]
    hashes |= hash_images(test, recipe, remarks.append)
    check_images(files, hashes)
    return Material(recipe, files, train, val, hashes, remarks)


def _like_its_start(recipe: Recipe) -> Recipe:
    """Return the recipe with the sizes of the weights it starts from."""
    if recipe.start_from is None:
        return recipe
    from napari_mtmri.weights import read_card

    architecture = read_card(start_weights(recipe)).architecture
    return recipe.changed(training_of(recipe.method).like(architecture))


def start_weights(recipe: Recipe) -> Path:
    """Return the file of the weights a recipe starts from."""
    from napari_mtmri.weights import find_weights

    assert recipe.start_from is not None  # asked by the callers
    if recipe.start_from.endswith(".safetensors"):
        return find_weights(recipe.method, Path(recipe.start_from))
    return find_weights(recipe.start_from)


class _Batches(Dataset[Batch]):
    """The batches of an epoch, each made when asked for."""

    def __init__(self, parts: Sequence[Sequence[Item]], make: Callable[..., Batch]) -> None:
        self._parts, self._make = parts, make

    def __len__(self) -> int:
        return len(self._parts)

    def __getitem__(self, index: int) -> Batch:
        return self._make(self._parts[index])


@dataclass(frozen=True)
class Feed:
    """Makes the batches of one process.

    Parameters
    ----------
    simulator : Simulator
    rank, world : int
        Which process of how many.
    n_workers : int
        Processes that work ahead; 0: the training's own.
    """

    simulator: Simulator
    rank: int = 0
    world: int = 1
    n_workers: int = 0

    def plan(self, epoch: int) -> list[Sequence[Item]]:
        """Return the slices of each update of an epoch."""
        recipe = self.simulator.recipe
        items = plan_epoch(self.simulator.cases, recipe, epoch)
        size = recipe.optimizer.batch_size
        return [items[first : first + size] for first in range(0, len(items), size)]

    def batches(self, epoch: int, first: int) -> Iterator[tuple[Batch, int]]:
        """Yield the batches of an epoch from the ``first`` on, each with all its slices' count."""
        parts = self.plan(epoch)[first:]
        make = partial(self.simulator.batch, epoch=epoch, rank=self.rank, world=self.world)
        loader = DataLoader(
            _Batches(parts, make),
            batch_size=None,
            num_workers=self.n_workers,
            collate_fn=_as_it_is,
        )
        # Nothing is drawn from torch's own generator, whose state a loader would move.
        with torch.random.fork_rng(devices=[]):
            made = iter(loader)
        return zip(made, map(len, parts), strict=True)


def _as_it_is(batch: Any) -> Any:
    return batch


def n_slices_of(material: Material) -> int:
    """Return the number of slices of all training and validation cases."""
    return sum(len(case.image) for case in chain(material.train, material.val))
