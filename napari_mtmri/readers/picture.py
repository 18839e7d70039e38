# SPDX-License-Identifier: BSD-3-Clause
"""Folders of ``TCGA_*_<k>.tif`` slices with ``…_mask.tif`` beside ("kaggle_3m")."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from napari_mtmri.errors import InputError
from napari_mtmri.readers.base import Kind, Reader, check_size
from napari_mtmri.volume import Volume

SLICE = re.compile(r"(?P<case>TCGA_.+)_(?P<number>\d+)\.tif", re.IGNORECASE)
FLAIR = 1  # of pre-contrast, FLAIR, post-contrast
MOST_SLICE_BYTES = 2**24
# Columns run to the patient's left and rows to posterior, slices upwards: by convention of
# the set; neither spacing nor side can be checked in the pixels.
AFFINE = np.diag([-1.0, -1.0, 1.0, 1.0])


def read_slices(path: Path, kind: Kind | None = None) -> Volume:
    """Return the FLAIR channel of a folder of slices, or with kind "labels" its masks.

    Raises
    ------
    InputError
        If slices are missing, of different size or cannot be read.
    """
    numbers = _numbers(path)
    first, last = min(numbers), max(numbers)
    missing = sorted(set(range(first, last + 1)) - set(numbers))
    if missing:
        raise InputError(f"{path}: slices {missing} are missing; copy the folder again.")
    masks = kind == "labels"
    planes = [_plane(numbers[number], masks) for number in range(first, last + 1)]
    shapes = {plane.shape for plane in planes}
    if len(shapes) > 1:
        raise InputError(f"{path}: slices of shapes {sorted(shapes)}; they must be alike.")
    data = np.stack([plane.T for plane in planes], axis=-1)
    return Volume(
        data=(data > 127).astype(np.uint8) if masks else data,
        affine=AFFINE,
        name=path.name,
        kind="labels" if masks else "image",
        spacing_known=False,
        path=path,
        warnings=("The spacing of these slices is unknown.",),
    )


def _numbers(path: Path) -> dict[int, Path]:
    found = [(SLICE.fullmatch(file.name), file) for file in path.iterdir()]
    return {int(match["number"]): file for match, file in found if match}


def _plane(path: Path, mask: bool) -> np.ndarray:
    from skimage.io import imread

    if mask:
        path = path.with_name(f"{path.stem}_mask{path.suffix}")
    if not path.is_file():
        raise InputError(f"{path}: missing; copy the folder again.")
    if path.stat().st_size > MOST_SLICE_BYTES:
        raise InputError(f"{path}: {path.stat().st_size} bytes are no slice; remove it.")
    try:
        picture = np.asarray(imread(path))
    except Exception as why:
        raise InputError(f"{path}: cannot be read ({why}); copy the folder again.") from why
    check_size(picture.shape, picture.itemsize, path)
    if picture.ndim == 3 and picture.shape[2] == 3:
        picture = picture[..., 0 if mask else FLAIR]
    if picture.ndim != 2:
        raise InputError(f"{path}: shape {picture.shape} is no slice of three channels.")
    return picture


PICTURE = Reader(
    name="picture",
    title="TCGA slices (TIFF)",
    patterns=(),
    folders=True,
    can_read=lambda path: path.is_dir() and bool(_numbers(path)),
    read=read_slices,
)
