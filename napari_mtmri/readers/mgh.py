# SPDX-License-Identifier: BSD-3-Clause
"""FreeSurfer volumes, uncompressed and gzipped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.files import write_whole
from napari_mtmri.readers.base import Kind, Reader, has_ending
from napari_mtmri.readers.image import label_type, read_image
from napari_mtmri.readers.lengths import first_bytes
from napari_mtmri.volume import Volume

ENDINGS = (".mgh", ".mgz")
HEADER_BYTES = 284
LABEL_TYPES = ("uint8", "int16", "int32")


def read_mgh(path: Path, kind: Kind | None = None) -> Volume:
    """Return the volume in a FreeSurfer file.

    Raises
    ------
    InputError
        If it is damaged, too large, or not a single volume.
    """
    return read_image(path, kind, _load)


def _load(path: Path) -> Any:
    """Return an MGH image without its voxels.

    nibabel would skip the voxels, however many the header declares, to read scan parameters
    that are not needed here, and leave the file open if that fails.
    """
    import nibabel as nib

    start = first_bytes(path, HEADER_BYTES)
    if len(start) < HEADER_BYTES:
        raise InputError(f"{path}: has only {len(start)} bytes; copy or export it again.")
    header = nib.freesurfer.mghformat.MGHHeader(start)
    proxy = nib.MGHImage.ImageArrayProxy(str(path), header, mmap=False)
    file_map = nib.MGHImage.make_file_map({"image": str(path)})
    return nib.MGHImage(proxy, header.get_affine(), header, file_map=file_map)


def write_mgh(volume: Volume, path: Path) -> None:
    """Write a volume: images rounded to float32, labels as small integers.

    Raises
    ------
    RequestError, InputError
        If it has complex values, or labels beyond 32 bits.
    ResourceError
        If the file cannot be written; no partial file is left.
    """
    import nibabel as nib

    if volume.kind == "complex":
        raise RequestError(f"{path}: MGH cannot store complex values; write a NIfTI file.")
    data = volume.data
    if volume.kind == "image":
        data = data.astype(np.float32)
    elif data.dtype.name not in LABEL_TYPES:
        data = data.astype(label_type(data, path))
    image = nib.MGHImage(data, volume.affine.astype(np.float32))
    write_whole(path, lambda file: nib.save(image, file))


MGH = Reader(
    name="mgh",
    title="FreeSurfer MGH",
    patterns=ENDINGS,
    folders=False,
    can_read=lambda path: has_ending(path, ENDINGS),
    read=read_mgh,
    write=write_mgh,
)
