# SPDX-License-Identifier: BSD-3-Clause
"""What a source of cases promises: list them without reading them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from napari_mtmri.readers.base import read_volume
from napari_mtmri.train.recipe import Recipe
from napari_mtmri.volume import Volume

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")
Pair = tuple[Volume, Volume]


@dataclass(frozen=True)
class CaseFile:
    """Where a case lies, and how it is read.

    Parameters
    ----------
    name, patient : str
    split : {"train", "val", "test"} or ""
        Empty until the split is drawn, where the source names none.
    image, labels : str
        What is read, for people.
    load : callable
        Returns image and labels; it can be pickled.
    """

    name: str
    patient: str
    split: Split | Literal[""]
    image: str
    labels: str
    load: Callable[[], Pair] = field(repr=False, compare=False)

    def open(self) -> Pair:
        """Return image and labels, on one grid.

        Raises
        ------
        InputError
            If a file cannot be read, or the labels lie on another grid.
        """
        image, labels = self.load()
        labels.require_same_grid(image, f"the image {self.image}")
        return image, labels


@dataclass(frozen=True)
class Source:
    """A layout of cases on disk.

    Parameters
    ----------
    title : str
        For messages.
    recognises : callable
        Whether a folder (or table) looks like it.
    list_cases : callable
        Its cases, in a fixed order.
    """

    title: str
    recognises: Callable[[Path, Recipe], bool]
    list_cases: Callable[[Path, Recipe], Sequence[CaseFile]]


def read_pair(image: Path, labels: Path) -> Pair:
    """Return an image and its labels."""
    return read_volume(image, "image"), read_volume(labels, "labels")
