# SPDX-License-Identifier: BSD-3-Clause
"""NIfTI-1 and NIfTI-2, uncompressed and gzipped."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from napari_mtmri import __version__
from napari_mtmri.errors import InputError
from napari_mtmri.files import write_whole
from napari_mtmri.geometry import check_affine
from napari_mtmri.readers.base import Kind, Reader, has_ending
from napari_mtmri.readers.image import FILE_SLOPE, REMARKS, label_type, read_image
from napari_mtmri.readers.lengths import first_bytes
from napari_mtmri.volume import Volume

ENDINGS = (".nii", ".nii.gz")
SCANNER = 1
EXTENSION_FLAG_BYTES = 4  # after the header of a single file, before the voxels
QFORM_DIFFERS_MM = 1e-3
LONGEST_SIDE = 32767  # of NIfTI-1
DESCRIPTION_BYTES = 79
PIECE_BYTES, TRIED_BYTES = 2**20, 2**17  # compressed at once; tried with both strategies
WORTH_SEARCHING = 0.9
MOST_AXES = 7
NEARLY_WHOLE = 1e-2  # bytes
LAST_CODE, ALIGNED = 5, 2  # codes of the place of an sform or qform
MOST_LENGTH = 1.01  # of a quaternion; above, it is not rounding
QUIET = 5e-7  # rounding of float32


def read_nifti(path: Path, kind: Kind | None = None) -> Volume:
    """Return the volume in a NIfTI file.

    Raises
    ------
    InputError
        If it is damaged, too large, or not a single volume.
    """
    return read_image(path, kind, _load)


def _load(path: Path) -> Any:
    """Return a NIfTI image without its voxels and header extensions.

    nibabel reads extensions with the size they declare, and to the end of the file if it is
    negative: 400 kB of gzip can then take a gigabyte. Extensions are not needed here, so only
    the fixed header is read.
    """
    import nibabel as nib

    start = first_bytes(path, 540)
    kinds = {348: (nib.Nifti1Header, nib.Nifti1Image), 540: (nib.Nifti2Header, nib.Nifti2Image)}
    for size in (int.from_bytes(start[:4], "little"), int.from_bytes(start[:4], "big")):
        if size in kinds and len(start) >= size:
            header_type, image_type = kinds[size]
            header = header_type(start[:size], check=False)
            remarks = _repair_rounding(header, path)
            header.check_fix()
            if header.get_data_offset() < size + EXTENSION_FLAG_BYTES:
                raise InputError(
                    f"{path}: its header puts the voxels at byte {header.get_data_offset()}, inside "
                    "the header; export the file again."
                )
            remarks += _repair_sform(header)
            proxy = nib.arrayproxy.ArrayProxy(str(path), header, mmap=False)
            return image_type(
                proxy,
                header.get_best_affine(),
                header,
                extra={FILE_SLOPE: float(header["scl_slope"]), REMARKS: remarks},
                file_map=image_type.make_file_map({"image": str(path)}),
            )
    raise InputError(f"{path}: does not start with a NIfTI header; export it again.")


def _repair_rounding(header: Any, path: Path) -> list[str]:
    """Repair fields that are off by rounding, as NIfTI's own library does; return remarks.

    nibabel refuses some of them, and takes a handedness that is not exactly -1 for 1.
    """
    remarks = []
    header["pixdim"][0] = -1 if header["pixdim"][0] < 0 else 1
    for axis in range(4, int(header["dim"][0]) + 1 if header["dim"][0] <= MOST_AXES else 0):
        header["dim"][axis] = header["dim"][axis] or 1
    offset = float(header["vox_offset"])
    if np.isfinite(offset) and abs(offset - round(offset)) < NEARLY_WHOLE:
        header["vox_offset"] = round(offset)
    if np.isfinite(header["scl_slope"]) and not np.isfinite(header["scl_inter"]):
        header["scl_inter"] = 0
        remarks.append("its intercept is not a number; 0 is used.")
    for code in ("sform_code", "qform_code"):
        if int(header[code]) > LAST_CODE:
            header[code] = ALIGNED  # nibabel would drop the form
    parts = [f"quatern_{one}" for one in "bcd"]
    long = float(np.linalg.norm([float(header[part]) for part in parts]))
    if int(header["qform_code"]) and not int(header["sform_code"]) and long > MOST_LENGTH:
        raise InputError(
            f"{path}: the quaternion in its header has the length {long:.3g}, more than 1; export "
            "the file again."
        )
    if 1 < long <= MOST_LENGTH:
        for part in parts:
            # A little shorter than 1: a square that is still above 1 after rounding is refused.
            header[part] = float(header[part]) / long * (1 - 1e-7)
        if long > 1 + QUIET:
            remarks.append(f"its quaternion is {long - 1:.1g} too long; it is normalised.")
    return remarks


def _repair_sform(header: Any) -> list[str]:
    """Declare an sform that places no voxels as absent if there is a qform; return a remark."""
    if not int(header["sform_code"]) or not int(header["qform_code"]):
        return []
    try:
        check_affine(header.get_sform(), "sform")
    except InputError:
        header["sform_code"] = 0
        return ["its sform places no voxels (zeros or NaN); the qform is used."]
    return []


def write_nifti(volume: Volume, path: Path) -> None:
    """Write a volume: images as float32, labels as small integers, complex64 unchanged.

    Images that are not exact in float32 are written as float64. The affine is written to the
    sform, with the codes of the original file; a differing qform is kept, so that a program
    that prefers the qform places both files alike.

    Raises
    ------
    InputError
        If labels exceed 32 bits.
    ResourceError
        If the file cannot be written; no partial file is left.
    """
    import nibabel as nib

    data = _stored(volume, path)
    long = max(volume.shape) > LONGEST_SIDE
    image = (nib.Nifti2Image if long else nib.Nifti1Image)(data, volume.affine)
    _set_forms(image, volume)
    image.header.set_xyzt_units("mm" if volume.spacing_known else "unknown")
    text = f"napari-mtmri {__version__}: {volume.name}"
    image.header["descrip"] = text.encode("ascii", "replace")[:DESCRIPTION_BYTES]
    packed = path.name.endswith(".gz")
    write_whole(path, partial(_write_gzip, image) if packed else partial(nib.save, image))


def _write_gzip(image: Any, path: Path) -> None:
    """Write an image gzipped, without the search for repeats where there are none.

    The last bits of computed magnitudes are noise: the search takes three quarters of the time and
    saves nothing. A piece from the middle decides.
    """
    raw = memoryview(image.to_bytes())
    middle = raw[len(raw) // 2 :][:TRIED_BYTES]
    size = {
        strategy: sum(map(len, _deflated(middle, strategy)))
        for strategy in (zlib.Z_DEFAULT_STRATEGY, zlib.Z_RLE)
    }
    gains = size[zlib.Z_DEFAULT_STRATEGY] < WORTH_SEARCHING * size[zlib.Z_RLE]
    with path.open("wb") as file:
        file.writelines(_deflated(raw, zlib.Z_DEFAULT_STRATEGY if gains else zlib.Z_RLE))


def _deflated(raw: memoryview, strategy: int) -> Iterator[bytes]:
    packer = zlib.compressobj(1, zlib.DEFLATED, 16 + zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, strategy)
    for start in range(0, len(raw), PIECE_BYTES):
        yield packer.compress(raw[start : start + PIECE_BYTES])
    yield packer.flush()


def stored_dtype(path: Path) -> np.dtype[Any]:
    """Return the dtype of the voxels in a NIfTI file; float32 if integers are scaled.

    Raises
    ------
    InputError
        If it does not start with a NIfTI header.
    """
    header = _load(path).header
    dtype = np.dtype(header.get_data_dtype()).newbyteorder("=")
    slope, inter = header.get_slope_inter()
    is_scaled = (slope, inter) not in ((None, None), (1.0, 0.0))
    return np.dtype(np.float32) if is_scaled and dtype.kind in "iu" else dtype


def write_labels_like(data: np.ndarray, original: Path, path: Path, dtype: np.dtype[Any]) -> None:
    """Write labels with the header of another NIfTI file: same grid, codes, units and window.

    Free text and header extensions are left out: they may contain a patient's name.

    Parameters
    ----------
    data : integer array, (i, j, k)
        In the voxel axes of the original.
    original : Path
        NIfTI file.
    path : Path
    dtype : dtype
        Of the file; where it cannot hold a label, the smallest integers that can.

    Raises
    ------
    InputError
        If labels exceed 32 bits, or the original cannot be read.
    ResourceError
        If the file cannot be written; no partial file is left.
    """
    import nibabel as nib

    stored = data.astype(dtype)
    if not np.array_equal(stored, data):
        stored = data.astype(label_type(data, path))
    source = _load(original)
    header = source.header.copy()
    header["descrip"] = f"napari-mtmri {__version__}: labels".encode("ascii")
    for text in ("aux_file", "intent_name", "db_name"):
        if text in header.keys():  # noqa: SIM118, a NIfTI header is no mapping
            header[text] = b""
    header["cal_min"] = header["cal_max"] = 0
    header.set_data_dtype(stored.dtype)
    header.set_data_shape(stored.shape)
    header.set_slope_inter(1, 0)
    image = type(source)(stored, None, header)
    write_whole(path, lambda file: nib.save(image, file))


def _stored(volume: Volume, path: Path) -> np.ndarray:
    data = volume.data
    if volume.kind == "complex":
        return data.astype(np.complex64)
    if volume.kind == "labels":
        wide = data.dtype == bool or data.dtype.itemsize > 4
        return data.astype(label_type(data, path)) if wide else data
    if data.dtype == np.float32:
        return data
    with np.errstate(over="ignore"):
        single = data.astype(np.float32)
    exact = data.dtype.kind == "b" or np.array_equal(single, data, equal_nan=data.dtype.kind == "f")
    return single if exact else data.astype(np.float64)


def _set_forms(image: Any, volume: Volume) -> None:
    facts = volume.header or {}
    s_code, q_code = facts.get("sform_code", SCANNER), facts.get("qform_code", SCANNER)
    qform = np.array(facts.get("qform", volume.affine))
    image.set_qform(qform, q_code)
    if q_code and np.abs(image.get_qform() - qform).max() > QFORM_DIFFERS_MM:
        # A qform cannot shear; without it, programs that prefer it use the sform.
        q_code, s_code = 0, s_code or q_code
        image.set_qform(None, 0)
    if not s_code and not q_code:
        # The original has neither sform nor qform: with none in the copy, programs guess the
        # same orientation for both.
        image.set_sform(None, 0)
        if np.allclose(image.header.get_base_affine(), volume.affine, atol=1e-4):
            return
    # The qform alone loses digits: at half turns it takes the root of a rounding error.
    image.set_sform(volume.affine, s_code or q_code or SCANNER)


NIFTI = Reader(
    name="nifti",
    title="NIfTI",
    patterns=ENDINGS,
    folders=False,
    can_read=lambda path: has_ending(path, ENDINGS),
    read=read_nifti,
    write=write_nifti,
)
