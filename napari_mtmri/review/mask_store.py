# SPDX-License-Identifier: BSD-3-Clause
"""Masks on the grid of their image: read, with labels and dtype kept, and written whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.files import write_text
from napari_mtmri.readers.base import read_volume
from napari_mtmri.readers.nifti import ENDINGS, stored_dtype, write_labels_like, write_nifti
from napari_mtmri.review.edits import Array
from napari_mtmri.tables import csv_text, read_rows
from napari_mtmri.volume import Volume

LABEL_NAMES = "labels.csv"
COLUMNS = ("label", "name", "color")


@dataclass(frozen=True, eq=False)
class Mask:
    """A mask on the grid of its image.

    Parameters
    ----------
    data : integer array, (i, j, k)
        Labels, C-contiguous and writable, in the voxel axes of the image's file.
    grid : Volume
        The image.
    dtype : dtype
        Of the file; masks stored as floats are written as floats again.
    path : Path, optional
        File it was read from.
    is_resampled : bool
        Whether the file was on another grid.
    sha256 : str
        Hash of the bytes of this file.
    notes : tuple of str
        Sentences for the reader.
    """

    data: Array
    grid: Volume
    dtype: np.dtype[Any]
    path: Path | None = None
    is_resampled: bool = False
    sha256: str = ""
    notes: tuple[str, ...] = ()


def empty_mask(grid: Volume) -> Mask:
    """Return a mask without labels, as uint8, on the grid of an image."""
    return Mask(np.zeros(grid.shape, np.uint8), grid, np.dtype(np.uint8))


def read_mask(path: Path, grid: Volume) -> Mask:
    """Return a mask on the grid of an image.

    A mask on another grid is resampled with nearest neighbour, which a note says.

    Parameters
    ----------
    path : Path
        File of whole numbers of any dtype.
    grid : Volume
        The image.

    Raises
    ------
    InputError
        If it cannot be read, or contains fractions.
    """
    volume = read_volume(path, "labels")
    dtype = stored_dtype(path) if path.name.lower().endswith(ENDINGS) else volume.data.dtype
    notes = volume.warnings
    same = volume.same_grid(grid)
    if same:
        data = np.array(volume.data, order="C")
    else:
        data, outside = resample_nearest(volume, grid)
        lost = f"; {outside} labelled voxels lie outside the image" if outside else ""
        notes = (
            *notes,
            f"{path.name}: resampled from its grid {volume.shape} to that of the image, "
            f"{grid.shape}, with nearest neighbour{lost}.",
        )
    return Mask(data, grid, dtype, path, not same, volume.sha256 or "", tuple(notes))


def resample_nearest(volume: Volume, grid: Volume) -> tuple[Array, int]:
    """Return labels on another grid, and how many labelled voxels lie outside it.

    Parameters
    ----------
    volume : Volume
        Labels.
    grid : Volume

    Returns
    -------
    data : integer array, (i, j, k) of ``grid``
        At each voxel the label of the nearest voxel of ``volume``; 0 outside it.
    outside : int
    """
    from scipy.ndimage import affine_transform

    matrix = np.linalg.solve(volume.affine, grid.affine)
    data = affine_transform(
        volume.data, matrix[:3, :3], matrix[:3, 3], grid.shape, volume.data.dtype, order=0,
        mode="constant", cval=0,
    )  # fmt: skip
    back = np.linalg.solve(grid.affine, volume.affine)
    where = np.argwhere(volume.data) @ back[:3, :3].T + back[:3, 3]
    inside = ((where > -0.5) & (where < np.array(grid.shape) - 0.5)).all(axis=1)
    return np.ascontiguousarray(data), int((~inside).sum())


def write_mask(mask: Mask, data: Array, path: Path) -> None:
    """Write labels on the grid of a mask, whole or not at all.

    Header fields of the original file are kept: those of the mask's own NIfTI file, else of the
    image's. Labels that the dtype of the file cannot hold are written as the smallest integers
    that can.

    Parameters
    ----------
    mask : Mask
    data : integer array, (i, j, k)
    path : Path
        ``*.nii`` or ``*.nii.gz``.

    Raises
    ------
    RequestError
        If the shape differs from that of the grid.
    ResourceError
        If it cannot be written.
    """
    if data.shape != mask.grid.shape:
        raise RequestError(
            f"{path}: shape {data.shape} is not that of the image, {mask.grid.shape}."
        )
    own = None if mask.is_resampled else mask.path
    original = next((p for p in (own, mask.grid.path) if _is_nifti(p)), None)
    if original is None:
        write_nifti(replace(mask.grid, data=data, kind="labels", path=None), path)
    else:
        write_labels_like(data, original, path, mask.dtype)


def _is_nifti(path: Path | None) -> bool:
    return path is not None and path.name.lower().endswith(ENDINGS)


@dataclass(frozen=True)
class LabelName:
    """Name and colour of a label.

    Parameters
    ----------
    name : str
    color : str
        "#rrggbb", or empty for the viewer's own.
    """

    name: str = ""
    color: str = ""


def read_label_names(folder: Path) -> dict[int, LabelName]:
    """Return names and colours in the ``labels.csv`` of a folder; empty if there is none.

    Raises
    ------
    InputError
        If the table cannot be used.
    """
    table = folder / LABEL_NAMES
    if not table.is_file():
        return {}
    found = {}
    for row in read_rows(table):
        try:
            found[int(row["label"])] = LabelName(row.get("name", ""), _color(row.get("color", "")))
        except (KeyError, ValueError) as why:
            raise InputError(
                f"{table}: the line {row} has no label and color like #d95f02; correct it."
            ) from why
    return found


def write_label_names(folder: Path, names: Mapping[int, LabelName]) -> None:
    """Write names and colours of labels to the ``labels.csv`` of a folder."""
    rows = [(label, one.name, _color(one.color)) for label, one in sorted(names.items())]
    write_text(folder / LABEL_NAMES, csv_text(COLUMNS, rows))


def _color(text: str) -> str:
    if text and not (len(text) == 7 and text[0] == "#" and int(text[1:], 16) >= 0):
        raise ValueError(text)
    return text.lower()


def label_volumes_ml(data: NDArray[Any], grid: Volume) -> dict[int, float]:
    """Return the volume of each label in ml; empty where the spacing is unknown."""
    if not grid.spacing_known:
        return {}
    labels, counts = np.unique(data[data != 0], return_counts=True)
    voxel = abs(float(np.linalg.det(grid.affine[:3, :3]))) / 1000
    return {int(label): float(n) * voxel for label, n in zip(labels, counts, strict=True)}
