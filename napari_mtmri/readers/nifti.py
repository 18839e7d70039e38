# SPDX-License-Identifier: BSD-3-Clause
"""NIfTI-1 and -2, plain and gzipped."""

from __future__ import annotations

from pathlib import Path

from napari_mtmri.files import write_whole
from napari_mtmri.readers.base import Kind, Reader, has_ending
from napari_mtmri.readers.image import grid_of, read_image
from napari_mtmri.volume import Volume

ENDINGS = (".nii", ".nii.gz")
MM = 2
SCANNER = 1
VERSION_NOTE = "napari-mtmri"


def read_nifti(path: Path, kind: Kind | None = None) -> Volume:
    """Return the volume of a NIfTI file.

    Raises
    ------
    InputError
        If it is damaged, too large, or holds something else than one volume.
    """
    return read_image(path, kind)


def write_nifti(volume: Volume, path: Path) -> None:
    """Write a volume: float32 images, small integers for labels, complex64.

    The affine goes into sform and qform with the codes of the file it came from.
    """
    import nibabel as nib
    import numpy as np

    dtype = {"image": np.float32, "complex": np.complex64}.get(volume.kind)
    data = volume.data if dtype is None else volume.data.astype(dtype)
    if data.dtype == bool or data.dtype == np.int64:
        data = data.astype(np.uint8 if data.max() < 256 else np.int32)
    image = nib.Nifti1Image(data, volume.affine)
    codes = grid_of(volume)
    image.set_sform(volume.affine, int(codes.get("sform_code") or SCANNER))
    image.set_qform(volume.affine, int(codes.get("qform_code") or SCANNER))
    image.header.set_xyzt_units("mm" if volume.spacing_known else "unknown")
    image.header["descrip"] = f"{VERSION_NOTE}: {volume.name}".encode("ascii", "replace")[:79]
    write_whole(path, lambda file: nib.save(image, file))


NIFTI = Reader(
    name="nifti",
    title="NIfTI",
    patterns=ENDINGS,
    folders=False,
    can_read=lambda path: has_ending(path, ENDINGS),
    read=read_nifti,
    write=write_nifti,
)
