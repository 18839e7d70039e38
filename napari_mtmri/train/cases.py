# SPDX-License-Identifier: BSD-3-Clause
"""Cases to train on: a folder with ``cases.csv``, one line a patient."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from napari_mtmri.errors import InputError
from napari_mtmri.geometry import to_stack
from napari_mtmri.readers.base import read
from napari_mtmri.scan import frame_of
from napari_mtmri.train.recipe import Recipe
from napari_mtmri.volume import Volume

Split = Literal["train", "val", "test"]


@dataclass(frozen=True)
class Case:
    """One patient's study in memory.

    Parameters
    ----------
    name : str
    image : array (slice, readout, phase)
        Magnitude, in the file's own number type.
    labels : uint8 array, same shape
    mirror_axis : int or None
        Stack axis (1 or 2) that runs from left to right, along which a head may be
        mirrored; None where slices are sagittal.
    """

    name: str
    image: np.ndarray
    labels: np.ndarray
    mirror_axis: int | None = None

    def center(self) -> tuple[int, int]:
        """Return the middle of the head, (readout, phase)."""
        rows, columns = frame_of(self.image).box
        return (rows.start + rows.stop) // 2, (columns.start + columns.stop) // 2


@dataclass(frozen=True)
class CaseFile:
    """Where a case lies.

    Parameters
    ----------
    name, patient : str
    split : {"train", "val", "test"}
    image, labels : str
        Paths of the files.
    """

    name: str
    patient: str
    split: Split
    image: str
    labels: str

    def open(self) -> tuple[Volume, Volume]:
        """Return image and labels, on one grid."""
        image, labels = read(Path(self.image)), read(Path(self.labels))
        if not isinstance(image, Volume) or not isinstance(labels, Volume):
            raise InputError(f"{self.image}: a run folder is not a case; name a volume.")
        if image.shape != labels.shape:
            raise InputError(
                f"{self.labels}: shape {labels.shape} is not that of its image, {image.shape}; "
                "draw the mask on the image's grid."
            )
        return image, labels


def find_cases(data: Path | str, recipe: Recipe) -> list[CaseFile]:
    """Return the cases of a folder, as its ``cases.csv`` lists them.

    Raises
    ------
    InputError
        If the table or a column is missing, or no case is to be trained on.
    """
    folder = Path(data)
    table = folder / "cases.csv"
    if not table.is_file():
        raise InputError(f"{table}: no such file; a folder of cases needs a table cases.csv.")
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    missing = {"case", "image", "mask", "split"} - set(rows[0] if rows else ())
    if missing:
        raise InputError(f"{table}: no column {', '.join(sorted(missing))}; add it.")
    return [
        CaseFile(
            row["case"],
            row.get("patient") or row["case"],
            row["split"],  # type: ignore[arg-type]
            str(folder / row["image"]),
            str(folder / row["mask"]),
        )
        for row in rows
    ]


def load_case(file: CaseFile, recipe: Recipe) -> Case:
    """Return a case, read whole.

    Raises
    ------
    InputError
        If a file cannot be read, or labels lie on another grid than their image.
    """
    image, labels = file.open()
    axes = image.axes
    sideways = [
        axis for axis in (1, 2) if image.codes[(axes.readout, axes.phase)[axis - 1]] in "LR"
    ]
    return Case(
        file.name,
        np.ascontiguousarray(to_stack(image.data, axes)),
        np.ascontiguousarray(to_stack(labels.data, axes)).astype(np.uint8),
        sideways[0] if sideways else None,
    )


def load_cases(
    files: Sequence[CaseFile], recipe: Recipe, report: Callable[[str], None]
) -> list[Case]:
    """Return the cases, read whole."""
    return [load_case(file, recipe) for file in files]
