# SPDX-License-Identifier: BSD-3-Clause
"""Cases to train on: a folder with ``cases.csv``, one line a patient."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from napari_mtmri.errors import InputError
from napari_mtmri.geometry import to_stack
from napari_mtmri.readers.base import read
from napari_mtmri.scan import frame_of
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


def case_files(folder: Path, split: Split) -> list[tuple[str, Path, Path]]:
    """Return (case, image file, labels file) of one split, as ``cases.csv`` lists them.

    Raises
    ------
    InputError
        If the table or a column is missing, or the split is empty.
    """
    table = folder / "cases.csv"
    if not table.is_file():
        raise InputError(f"{table}: no such file; a folder of cases needs a table cases.csv.")
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    missing = {"case", "image", "mask", "split"} - set(rows[0] if rows else ())
    if missing:
        raise InputError(f"{table}: no column {', '.join(sorted(missing))}; add it.")
    found = [
        (row["case"], folder / row["image"], folder / row["mask"])
        for row in rows
        if row["split"] == split
    ]
    if not found:
        raise InputError(f"{table}: no case has split {split!r}; mark some.")
    return found


def load_cases(folder: Path, split: Split) -> list[Case]:
    """Return all cases of one split, read whole.

    Raises
    ------
    InputError
        If a file cannot be read, or labels lie on another grid than their image.
    """
    cases = []
    for name, image_file, labels_file in case_files(folder, split):
        image, labels = read(image_file), read(labels_file)
        if not isinstance(image, Volume) or not isinstance(labels, Volume):
            raise InputError(f"{image_file}: a run folder is not a case; name a volume.")
        if image.shape != labels.shape:
            raise InputError(
                f"{labels_file}: shape {labels.shape} is not that of its image, {image.shape}; "
                "draw the mask on the image's grid."
            )
        axes = image.axes
        sideways = [
            axis for axis in (1, 2) if image.codes[(axes.readout, axes.phase)[axis - 1]] in "LR"
        ]
        cases.append(
            Case(
                name,
                np.ascontiguousarray(to_stack(image.data, axes)),
                np.ascontiguousarray(to_stack(labels.data, axes)).astype(np.uint8),
                sideways[0] if sideways else None,
            )
        )
    return cases
