# SPDX-License-Identifier: BSD-3-Clause
"""MINC 1 and 2 volumes; read only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari_mtmri.errors import InputError
from napari_mtmri.readers.base import MOST_BYTES, Kind, Reader, has_ending
from napari_mtmri.readers.image import read_image
from napari_mtmri.volume import Volume

ENDINGS = (".mnc",)


def read_minc(path: Path, kind: Kind | None = None) -> Volume:
    """Return the volume in a MINC file, with its scaling applied, as float32.

    Raises
    ------
    InputError
        If it is damaged, too large, or not a single volume.
    """
    return read_image(path, kind, _load)


def _load(path: Path) -> Any:
    """Return a MINC image; nibabel reads MINC 1 files whole, so their size is checked first."""
    import nibabel as nib

    size = path.stat().st_size
    if size > MOST_BYTES:
        raise InputError(f"{path}: {size / 2**30:.1f} GiB are too large; split the file.")
    return nib.load(path)


MINC = Reader(
    name="minc",
    title="MINC",
    patterns=ENDINGS,
    folders=False,
    can_read=lambda path: has_ending(path, ENDINGS),
    read=read_minc,
    write=None,
)
