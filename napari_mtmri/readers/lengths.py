# SPDX-License-Identifier: BSD-3-Clause
"""Check file lengths against headers before memory is allocated."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from napari_mtmri.errors import InputError

GZIP_MAGIC = b"\x1f\x8b"
GZIP_ENDINGS = (".gz", ".mgz")
MOST_OFFSET = 2**28  # bytes before the voxels; room for large header extensions


def is_gzip(path: Path) -> bool:
    """Return whether a file starts with the magic bytes of gzip."""
    with path.open("rb") as file:
        return file.read(2) == GZIP_MAGIC


def check_gzip(path: Path) -> None:
    """Check that a file is gzipped if its name ends in .gz or .mgz, and only then.

    Raises
    ------
    InputError
        If name and content disagree.
    """
    packed = is_gzip(path)
    if packed != path.name.lower().endswith(GZIP_ENDINGS):
        found = "gzipped" if packed else "not gzipped"
        raise InputError(f"{path}: is {found}, contrary to its name; rename it.")


def first_bytes(path: Path, n_bytes: int) -> bytes:
    """Return up to ``n_bytes`` from the start of a file, decompressed if it is gzipped."""
    if not is_gzip(path):
        with path.open("rb") as file:
            return file.read(n_bytes)
    with gzip.open(path) as unpacked:
        return unpacked.read(n_bytes)


def check_length(path: Path, image: Any, dtype: np.dtype[Any]) -> None:
    """Check that a file contains all its voxels, decompressing no more than necessary.

    Parameters
    ----------
    path : Path
        File with the voxels.
    image : nibabel image
        Image without its voxels, whose size has passed `check_size`.
    dtype : numpy dtype
        Stored data type.

    Raises
    ------
    InputError
        If the file is too short, or its voxel offset is negative or too large.
    """
    if not hasattr(image.dataobj, "offset"):  # MINC has no single voxel block
        return
    offset = int(image.dataobj.offset)  # nibabel clears the offset in the header
    if not 0 <= offset <= MOST_OFFSET:
        raise InputError(
            f"{path}: its header has the voxel offset {offset}; export the file again."
        )
    needed = offset + int(np.prod(image.shape, dtype=np.int64)) * dtype.itemsize
    found = _unpacked_length(path, needed) if is_gzip(path) else path.stat().st_size
    if found < needed:
        raise InputError(
            f"{path}: has only {found} of {needed} bytes; copy or export the file again."
        )


def _unpacked_length(path: Path, enough: int) -> int:
    """Return the decompressed length of a gzip file, counted in blocks up to ``enough``."""
    total, unpack = 0, zlib.decompressobj(wbits=31)
    with path.open("rb") as file:
        while total < enough and (piece := file.read(2**16)):
            while piece and total < enough:
                total += len(unpack.decompress(piece, 2**20))
                piece = unpack.unconsumed_tail
                if unpack.eof:
                    if not unpack.unused_data:
                        break
                    piece, unpack = unpack.unused_data, zlib.decompressobj(wbits=31)
    return total
