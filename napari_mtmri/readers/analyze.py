# SPDX-License-Identifier: BSD-3-Clause
"""Analyze 7.5 pairs; read only, since the format cannot hold where right and left are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari_mtmri.errors import InputError
from napari_mtmri.readers.base import Kind, Reader, has_ending
from napari_mtmri.readers.image import read_image
from napari_mtmri.readers.lengths import MOST_OFFSET
from napari_mtmri.volume import Volume

ENDINGS = (".hdr", ".img")


def read_analyze(path: Path, kind: Kind | None = None) -> Volume:
    """Return the volume of a pair of files, either of which may be named.

    Raises
    ------
    InputError
        If one is missing, damaged, too large, or they hold something else than one volume.
    """
    return read_image(path, kind, _load)


def _load(path: Path) -> Any:
    """Image of a pair whose voxels are not read yet; nibabel reads headers whole."""
    import nibabel as nib

    beside = {".hdr": ".img", ".img": ".hdr"}[path.suffix.lower()]
    other = path.with_suffix(beside if path.suffix.islower() else beside.upper())
    if not other.is_file():
        raise InputError(f"{path}: {other.name} is not in the same folder; copy both files.")
    size = (path if beside == ".img" else other).stat().st_size
    if size > MOST_OFFSET:
        raise InputError(f"{path}: a header of {size} bytes is no header; export it again.")
    return nib.load(path, mmap=False)


ANALYZE = Reader(
    name="analyze",
    title="Analyze 7.5",
    patterns=ENDINGS,
    folders=False,
    can_read=lambda path: has_ending(path, ENDINGS),
    read=read_analyze,
    write=None,
)
