# SPDX-License-Identifier: BSD-3-Clause
"""Is a file as long as its header says? Seen before memory is taken, in small pieces."""

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
    """Whether a file's first bytes are those of gzip."""
    with path.open("rb") as file:
        return file.read(2) == GZIP_MAGIC


def check_gzip(path: Path) -> None:
    """Refuse a file that is gzipped and not called so, or the other way round.

    Raises
    ------
    InputError
        If name and bytes disagree.
    """
    packed = is_gzip(path)
    if packed != path.name.lower().endswith(GZIP_ENDINGS):
        found = "gzipped" if packed else "not gzipped"
        raise InputError(f"{path}: is {found}, unlike its name; rename it.")


def first_bytes(path: Path, n_bytes: int) -> bytes:
    """Return the first bytes of a file, unpacked where it is gzipped; maybe fewer."""
    if not is_gzip(path):
        with path.open("rb") as file:
            return file.read(n_bytes)
    with gzip.open(path) as unpacked:
        return unpacked.read(n_bytes)


def check_length(path: Path, image: Any, dtype: np.dtype[Any]) -> None:
    """Refuse a file that ends before its voxels do; a gzipped one is unpacked only so far.

    Parameters
    ----------
    path : Path
        File of the voxels.
    image : nibabel image
        Its header was read; its size is known to be sane.
    dtype : numpy dtype
        As stored.

    Raises
    ------
    InputError
        If the file is shorter, or its voxels begin nowhere near its beginning.
    """
    if not hasattr(image.dataobj, "offset"):  # MINC is no flat file
        return
    offset = int(image.dataobj.offset)  # nibabel blanks that of the header
    if not 0 <= offset <= MOST_OFFSET:
        raise InputError(
            f"{path}: its header says that voxels begin at byte {offset}; export the file again."
        )
    needed = offset + int(np.prod(image.shape, dtype=np.int64)) * dtype.itemsize
    found = _unpacked_length(path, needed) if is_gzip(path) else path.stat().st_size
    if found < needed:
        raise InputError(
            f"{path}: ends after {found} of {needed} bytes; copy or export the file again."
        )


def _unpacked_length(path: Path, enough: int) -> int:
    """Bytes in a gzipped file, counted in small pieces and only up to ``enough``."""
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
