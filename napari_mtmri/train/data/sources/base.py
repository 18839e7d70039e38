# SPDX-License-Identifier: BSD-3-Clause
"""Source of cases: a layout of folders whose cases can be listed without reading images."""

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
    """A case that has not been read yet.

    Parameters
    ----------
    name, patient : str
    split : {"train", "val", "test"} or ""
        Empty until drawn, if the source defines no split.
    image, labels : str
        Names of the files, for messages.
    load : callable
        Returns image and labels; can be pickled.
    """

    name: str
    patient: str
    split: Split | Literal[""]
    image: str
    labels: str
    load: Callable[[], Pair] = field(repr=False, compare=False)

    def open(self) -> Pair:
        """Return image and labels, on the same grid.

        Raises
        ------
        InputError
            If a file cannot be read, or the grids differ.
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
        Name of the layout, for messages.
    recognises : callable
        Returns whether a folder or table has this layout.
    list_cases : callable
        Returns the cases, in a fixed order.
    """

    title: str
    recognises: Callable[[Path, Recipe], bool]
    list_cases: Callable[[Path, Recipe], Sequence[CaseFile]]


def read_pair(image: Path, labels: Path) -> Pair:
    """Return an image and its labels."""
    return read_volume(image, "image"), read_volume(labels, "labels")
