# SPDX-License-Identifier: BSD-3-Clause
"""FreeSurfer volumes, plain and gzipped."""

from __future__ import annotations

from pathlib import Path

from napari_mtmri.errors import RequestError
from napari_mtmri.files import write_whole
from napari_mtmri.readers.base import Reader, has_ending
from napari_mtmri.readers.image import read_image
from napari_mtmri.volume import Volume

ENDINGS = (".mgh", ".mgz")


def write_mgh(volume: Volume, path: Path) -> None:
    """Write a volume: float32 images, small integers for labels."""
    import nibabel as nib
    import numpy as np

    if volume.kind == "complex":
        raise RequestError(f"{path}: MGH holds no complex values; write a NIfTI file.")
    small = np.uint8 if volume.data.max() < 256 else np.int32
    data = volume.data.astype(np.float32 if volume.kind == "image" else small)
    image = nib.MGHImage(data, volume.affine.astype(np.float32))
    write_whole(path, lambda file: nib.save(image, file))


MGH = Reader(
    name="mgh",
    title="FreeSurfer MGH",
    patterns=ENDINGS,
    folders=False,
    can_read=lambda path: has_ending(path, ENDINGS),
    read=read_image,
    write=write_mgh,
)
