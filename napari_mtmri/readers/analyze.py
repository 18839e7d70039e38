# SPDX-License-Identifier: BSD-3-Clause
"""Analyze 7.5 pairs; read only, because the format does not distinguish left and right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari_mtmri.errors import InputError
from napari_mtmri.readers.base import Kind, Reader, has_ending
from napari_mtmri.readers.image import read_image
from napari_mtmri.readers.lengths import MOST_OFFSET
from napari_mtmri.volume import Volume

ENDINGS = (".hdr", ".img")
TEXT = frozenset(b"0123456789+-.eE \t\r\n")


def read_analyze(path: Path, kind: Kind | None = None) -> Volume:
    """Return the volume in a pair of files, given the path of either.

    Raises
    ------
    InputError
        If a file is missing, damaged or too large, or the pair is not a single volume.
    """
    return read_image(path, kind, _load)


def _load(path: Path) -> Any:
    """Return the image of a pair without its voxels; nibabel reads whole header files."""
    import nibabel as nib

    suffix = {".hdr": ".img", ".img": ".hdr"}[path.suffix.lower()]
    other = path.with_suffix(suffix if path.suffix.islower() else suffix.upper())
    if not other.is_file():
        raise InputError(f"{path}: {other.name} is not in the same folder; copy both files.")
    size = (path if suffix == ".img" else other).stat().st_size
    if size > MOST_OFFSET:
        raise InputError(f"{path}: {size} bytes are too large for a header; export it again.")
    mat = path.with_suffix(".mat")
    try:
        return nib.load(path, mmap=False)
    except Exception:
        # nibabel reads a file of this name as SPM's affine; FLIRT writes text with this name.
        if not mat.is_file() or not _is_text(mat):
            raise
    file_map = nib.Spm2AnalyzeImage.filespec_to_file_map(str(path))
    file_map["mat"] = nib.FileHolder(filename=str(mat.with_name(f"{mat.name}.absent")))
    return nib.Spm2AnalyzeImage.from_file_map(file_map, mmap=False)


def _is_text(path: Path) -> bool:
    """Return whether a file contains a matrix as text."""
    with path.open("rb") as file:
        return all(byte in TEXT for byte in file.read(4096))


ANALYZE = Reader(
    name="analyze",
    title="Analyze 7.5",
    patterns=ENDINGS,
    folders=False,
    can_read=lambda path: has_ending(path, ENDINGS),
    read=read_analyze,
    write=None,
)
