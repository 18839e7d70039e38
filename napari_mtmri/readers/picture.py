# SPDX-License-Identifier: BSD-3-Clause
"""Folders of ``TCGA_*_<k>.tif`` slices with a ``…_mask.tif`` for each ("kaggle_3m")."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np

from napari_mtmri.errors import InputError
from napari_mtmri.files import shown_name
from napari_mtmri.readers.base import Kind, Reader, check_size, reason
from napari_mtmri.volume import Volume

SLICE = re.compile(r"(?P<case>TCGA_.+)_(?P<number>\d+)\.tif", re.IGNORECASE)
FLAIR = 1  # the channels are pre-contrast, FLAIR, post-contrast
MOST_SLICE_BYTES = 2**24
MOST_SEGMENTS = 2**13  # strips or tiles; each costs about 0.1 ms
PACKED_BYTES = 2**16  # largest header of an incompressible slice
INSIDE = 127  # a mask is 0 or 255
MOST_NAMED = 10
# Columns run to the patient's left, rows to posterior and slices upwards: the convention of
# the data set, which cannot be checked in the pixels.
AFFINE = np.diag([-1.0, -1.0, 1.0, 1.0])


def read_slices(path: Path, kind: Kind | None = None) -> Volume:
    """Return the FLAIR channel of a folder of slices, or its masks for kind "labels".

    Raises
    ------
    InputError
        If slices are missing, unreadable, or of several cases or sizes.
    """
    masks = kind == "labels"
    files = [_mask_of(file) if masks else file for file in _in_order(path)]
    data, digest = _stack(files, masks), hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return Volume(
        data=(data > INSIDE).astype(np.uint8) if masks else data,
        affine=AFFINE,
        name=shown_name(path.name),
        kind="labels" if masks else "image",
        spacing_known=False,
        path=path,
        sha256=digest.hexdigest(),
        warnings=("The spacing of these slices is unknown.",),
        directions_known=False,
    )


def _slices(path: Path) -> list[tuple[re.Match[str], Path]]:
    found = ((SLICE.fullmatch(file.name), file) for file in sorted(path.iterdir()))
    return [(match, file) for match, file in found if match]


def _in_order(path: Path) -> list[Path]:
    """Return the slice files 1, 2, 3 … of the only case in a folder."""
    slices = _slices(path)
    cases = sorted({match["case"] for match, _ in slices})
    if len(cases) != 1:
        raise InputError(
            f"{path}: contains slices of {len(cases)} cases {cases[:3]}; use one folder per case."
        )
    numbers = {int(match["number"]): file for match, file in slices}
    if len(numbers) < len(slices) or 0 in numbers:
        raise InputError(f"{path}: slices are not numbered 1, 2, 3 …; rename them.")
    gaps = (k for k in range(1, max(numbers)) if k not in numbers)
    missing = [k for k, _ in zip(gaps, range(MOST_NAMED), strict=False)]
    if missing:
        raise InputError(f"{path}: slices {missing} are missing; copy the folder again.")
    return [numbers[k] for k in sorted(numbers)]


def _stack(files: list[Path], masks: bool) -> np.ndarray:
    """Return the slices as a uint8 array (column, row, slice)."""
    planes: list[np.ndarray] = []
    for file in files:
        plane = _plane(file, masks)
        if planes and plane.shape != planes[0].shape:
            raise InputError(
                f"{file}: has {plane.shape} pixels, other slices {planes[0].shape}; remove it."
            )
        check_size((*plane.shape, len(files)), 1, file)
        planes.append(plane)
    return np.stack([plane.T for plane in planes], axis=-1)


def _mask_of(path: Path) -> Path:
    return path.with_name(f"{path.stem}_mask{path.suffix}")


def _plane(path: Path, mask: bool) -> np.ndarray:
    """Return a mask or FLAIR slice as a uint8 array (row, column)."""
    from tifffile import TiffFile

    if not path.is_file():
        raise InputError(f"{path}: is missing; copy the folder again.")
    try:
        with TiffFile(path) as file:
            page = file.pages[0]
            _check_page(page.shape, str(page.dtype), path, mask)
            if len(page.dataoffsets) > MOST_SEGMENTS:
                raise InputError(
                    f"{path}: is stored in {len(page.dataoffsets)} pieces; save it in rows."
                )
            picture = np.asarray(page.asarray())
    except InputError:
        raise
    except Exception as why:
        # tifffile may raise anything for damaged files.
        raise InputError(f"{path}: cannot be read ({reason(why)}); copy the folder again.") from why
    if picture.ndim == 3:
        picture = picture[..., 0 if mask else FLAIR]
    return picture


def _check_page(shape: tuple[int, ...], dtype: str, path: Path, mask: bool) -> None:
    """Check before decompression that a page is an 8-bit mask or slice of three channels."""
    if dtype != "uint8" or not (shape[2:] == (3,) or (mask and len(shape) == 2)):
        wanted = "mask" if mask else "slice with three channels"
        raise InputError(f"{path}: {dtype} of shape {shape} is not an 8-bit {wanted}; remove it.")
    check_size(shape, 1, path)
    size, packed = int(np.prod(shape, dtype=np.int64)), path.stat().st_size
    if size > MOST_SLICE_BYTES or packed > size + PACKED_BYTES:
        raise InputError(f"{path}: {packed} bytes of shape {shape} are not a slice; remove it.")


PICTURE = Reader(
    name="picture",
    title="TCGA slices (TIFF)",
    patterns=(),
    folders=True,
    can_read=lambda path: path.is_dir() and bool(_slices(path)),
    read=read_slices,
    has_labels=lambda path: any(path.glob("*_mask.tif")),
)
