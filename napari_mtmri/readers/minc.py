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
MOST_OBJECTS = 10_000  # groups linked in a circle have no end


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
    _check_is_closed(path)
    return nib.load(path)


def _check_is_closed(path: Path) -> None:
    """Refuse a MINC 2 file whose voxels lie in other files or in itself.

    Such a file gives bytes that its SHA-256 does not cover; a virtual dataset that refers to
    itself ends the process.
    """
    import h5py

    if not h5py.is_hdf5(path):
        return
    with h5py.File(path, "r") as file:
        pending, seen = [file["/"]], 0
        while pending:
            group = pending.pop()
            for name in group:
                seen += 1
                what = _open_end(group, name)
                if what or seen > MOST_OBJECTS:
                    where = f"{group.name.rstrip('/')}/{name}"
                    raise InputError(
                        f"{path}: {where} is {what or 'one of too many objects'}, not voxels of "
                        "this file; copy the data into one MINC file."
                    )
                if group.get(name, getclass=True) is h5py.Group:
                    pending.append(group[name])


def _open_end(group: Any, name: str) -> str:
    """Return what an entry refers to instead of containing it, or an empty text."""
    import h5py

    link = group.get(name, getlink=True)
    if isinstance(link, h5py.ExternalLink):
        return "a link to another file"
    if isinstance(link, h5py.SoftLink):
        return "a link"
    if group.get(name, getclass=True) is h5py.Dataset:
        dataset = group[name]
        if dataset.is_virtual:
            return "a virtual dataset"
        if dataset.external:
            return "stored in another file"
    return ""


MINC = Reader(
    name="minc",
    title="MINC",
    patterns=ENDINGS,
    folders=False,
    can_read=lambda path: has_ending(path, ENDINGS),
    read=read_minc,
    write=None,
)
